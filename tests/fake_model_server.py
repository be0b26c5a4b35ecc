"""A model server on loopback that answers by script: the part that the doubles of Ollama and LM Studio share."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from tests.fake_memory import FakeMemory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping


BODY = web.RequestKey("body", dict[str, Any])


@dataclass(frozen=True, slots=True)
class Script:
    """How a model answers. Numbers named `..._after` count pieces of text (reasoning first) that still go out.

    `load_seconds` pass without a byte if the model is not in memory. `split_bytes` is how many bytes go out at a time.
    `raw` replaces the whole body. `cut_after` breaks the connection, `end_after` ends the body politely but early.
    """

    pieces: tuple[str, ...] = ("Hello", " from", " here.")
    reasoning: tuple[str, ...] = ()
    load_seconds: float = 0.0
    token_seconds: float = 0.0
    stall_after: int | None = None
    cut_after: int | None = None
    end_after: int | None = None
    error_after: int | None = None
    garbage_after: int | None = None
    garbage: bytes = b"\x00\xff{garbage}\n\n"
    error: Any = "an error was encountered while running the model"
    status: int = 200
    answers_as: str = ""
    split_bytes: int = 0
    raw: bytes | None = None
    content_type: str = ""
    finish_reason: str = "stop"
    prompt_tokens: int = 26
    refuses_fields: tuple[str, ...] = ()


@dataclass(slots=True)
class FakeModel:
    """A model that the server has, as its listings tell of it.

    A load takes `load_seconds`, or its script's if those are more, and fails with `load_error` where one is given.
    `busy`, `last_used` and `expires_at` (None: never) are kept by the server's memory, by its clock.
    """

    script: Script = field(default_factory=Script)
    context_tokens: int = 32768
    loaded_context_tokens: int | None = None
    parameters: str = "7.6B"
    quantization: str = "Q4_K_M"
    size_bytes: int = 4_683_087_332
    family: str = "qwen2"
    vision: bool = False
    tools: bool = True
    thinking: bool = False
    embeds_only: bool = False
    loaded: bool = True
    loaded_bytes: int | None = None  # None: as on the disk
    load_seconds: float = 0.0
    load_error: Any = None
    file_format: str = "gguf"
    busy: int = 0
    last_used: float = 0.0
    expires_at: float | None = None
    remote_host: str = ""
    replies: Callable[[Any], Script] | None = None  # makes the script of each request from its body

    @property
    def memory_bytes(self) -> int:
        """What it takes in memory."""
        return self.size_bytes if self.loaded_bytes is None else self.loaded_bytes


@dataclass(slots=True)
class Recorded:
    """One request. Times are of time.monotonic(); `disconnected_at` is when the client hung up before the end."""

    method: str
    path: str
    body: Any
    headers: dict[str, str]
    at: float
    disconnected_at: float | None = None
    finished_at: float | None = None


class FakeModelServer:
    """A server on a free port of loopback, from `start` to `stop` or as a context manager."""

    def __init__(
        self,
        models: Mapping[str, FakeModel] | None = None,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        limit_bytes: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.models = dict(models or {})
        self.clock = clock
        self.memory = FakeMemory(self.models, limit_bytes=limit_bytes, clock=clock)
        self.requests: list[Recorded] = []
        self.app = web.Application(middlewares=[self._record], client_max_size=256 * 1024 * 1024)
        self._address = (host, port)
        self._runner: web.AppRunner | None = None
        self._scripts: dict[str, list[Script]] = {}
        self._changed = asyncio.Condition()

    @property
    def root(self) -> str:
        """The address without a path."""
        assert self._runner is not None, "not started"
        host, port = self._runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def start(self) -> Self:
        """Listen; port 0 takes a free one."""
        self._runner = web.AppRunner(self.app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, *self._address).start()
        return self

    async def stop(self) -> None:
        """End every answer and listen no more."""
        assert self._runner is not None, "not started"
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()

    def play(self, model: str, *scripts: Script) -> None:
        """Answer with these, one after the other; the last one goes on for ever."""
        self._scripts[model] = list(scripts)

    def asked(self, path: str) -> list[Recorded]:
        """The requests for a path, oldest first."""
        return [request for request in self.requests if request.path == path]

    async def until_disconnected(self, request: Recorded, timeout_seconds: float = 10.0) -> float:
        """Wait until the client has hung up; when that was."""
        async with asyncio.timeout(timeout_seconds):
            async with self._changed:
                await self._changed.wait_for(lambda: request.disconnected_at is not None)
        assert request.disconnected_at is not None
        return request.disconnected_at

    async def until_asked(self, path: str, timeout_seconds: float = 10.0) -> Recorded:
        """Wait for the first request for a path."""
        async with asyncio.timeout(timeout_seconds):
            async with self._changed:
                await self._changed.wait_for(lambda: self.asked(path))
        return self.asked(path)[0]

    # --- for the doubles ----------------------------------------------------------------------------------------------

    def next_script(self, model: str, body: Any = None) -> Script:
        """The script for this request."""
        replies = self.models[model].replies
        if replies is not None:
            return replies(body)
        waiting = self._scripts.get(model)
        if not waiting:
            return self.models[model].script
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def next_load_seconds(self, model: str) -> float:
        """How long a load takes that nobody asks anything with: as long as by the script that is next."""
        waiting = self._scripts.get(model) or [self.models[model].script]
        return max(self.models[model].load_seconds, waiting[0].load_seconds)

    async def send(
        self, request: web.Request, script: Script, content_type: str, chunks: Iterable[bytes]
    ) -> web.StreamResponse:
        """Send the chunks of a scripted answer, one a piece and then the end, disturbed as the script says."""
        response = web.StreamResponse(headers={"Content-Type": script.content_type or content_type})
        await response.prepare(request)
        if script.raw is not None:
            await self._write(response, script.raw, script)
            return response
        async for chunk in self._disturbed(request, script, chunks):
            await self._write(response, chunk, script)
        return response

    async def _disturbed(self, request: web.Request, script: Script, chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
        for sent, chunk in enumerate(chunks):
            if sent == script.stall_after:
                await asyncio.Event().wait()
            if sent == script.cut_after:
                assert request.transport is not None
                request.transport.abort()
                return
            if sent == script.garbage_after:
                yield script.garbage
            if sent == script.end_after:
                return
            if sent:
                await asyncio.sleep(script.token_seconds)
            yield chunk

    async def _write(self, response: web.StreamResponse, data: bytes, script: Script) -> None:
        if not script.split_bytes:
            await response.write(data)
            return
        for start in range(0, len(data), script.split_bytes):
            await response.write(data[start : start + script.split_bytes])
            await asyncio.sleep(0)

    @web.middleware
    async def _record(self, request: web.Request, handler: Any) -> web.StreamResponse:
        text = await request.text()
        recorded = Recorded(
            request.method, request.path, json.loads(text) if text else None, dict(request.headers), time.monotonic()
        )
        self.requests.append(recorded)
        request[BODY] = recorded.body
        await self._tell()
        try:
            response: web.StreamResponse = await handler(request)
        except (asyncio.CancelledError, ConnectionError):
            recorded.disconnected_at = time.monotonic()
            await asyncio.shield(self._tell())
            raise
        recorded.finished_at = time.monotonic()
        return response

    async def _tell(self) -> None:
        """Wake whoever waits for something to happen here."""
        async with self._changed:
            self._changed.notify_all()


def serve_from_command_line(server_class: type[FakeModelServer], default_model: str) -> None:
    """Run a double as a process of its own: print its address, then answer until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--text", default="Hello from here.")
    parser.add_argument("--token-seconds", type=float, default=0.0)
    parser.add_argument("--load-seconds", type=float, default=0.0)
    given = parser.parse_args()
    pieces = tuple(f"{word} " for word in given.text.split())
    script = Script(pieces=pieces, token_seconds=given.token_seconds, load_seconds=given.load_seconds)
    models = {name: FakeModel(script, loaded=not given.load_seconds) for name in given.model or [default_model]}
    asyncio.run(_serve(server_class(models, port=given.port)))


async def _serve(server: FakeModelServer) -> None:
    async with server:
        print(server.root, flush=True)  # noqa: T201 - whoever started the process waits for it
        await asyncio.Event().wait()
