"""The contestants of bench.mlx that are not ours: raw stream_generate in a child, and mlx_lm.server over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import re
import sys
import tempfile
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.engines import free_port

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator

    from bench.mlx_answers import Answer, Contestant

_ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 600.0
_LINE_BYTES = 1 << 24
_LOG_LETTERS = 3000


# --- raw --------------------------------------------------------------------------------------------------------------


class Raw:
    """stream_generate in a child that passes each piece of text on, as whoever uses it has to.

    Its times are taken here, where they are taken of the others.
    """

    name = "raw"
    several = False

    def __init__(self, process: Process) -> None:
        self.device: dict[str, Any] = {}
        self._process = process
        self._peak_bytes: int | None = None

    async def ask(self, answer: Answer) -> None:
        """Have one answer made."""
        assert self._process.stdin is not None
        request = {"messages": answer.messages, "max_tokens": answer.max_tokens}
        answer.asked = time.monotonic()
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        while "tokens" not in (said := await self.hear()):
            answer.times.append(time.monotonic())
        answer.ended = time.monotonic()
        answer.tokens, answer.prompt_tokens = said["tokens"], said["prompt_tokens"]
        self._peak_bytes = said["peak_bytes"]

    async def hear(self) -> dict[str, Any]:
        """Read one line. Raises RuntimeError when the child has ended."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the child that runs stream_generate has ended; its words stand above")
        said: dict[str, Any] = json.loads(line)
        return said

    async def peak_memory(self) -> tuple[int | None, int | None]:
        """Give the child's, by the kernel and by its own last answer."""
        return await peak_resident_bytes(self._process.pid), self._peak_bytes


@asynccontextmanager
async def raw(model: str) -> AsyncIterator[Raw]:
    """Start the child, with the model loaded, until the end of the block."""
    async with _child("bench.mlx_raw", model, stdin=asyncio.subprocess.PIPE) as process:
        contestant = Raw(process)
        contestant.device = (await contestant.hear())["device"]
        yield contestant


# --- mlx_lm.server ----------------------------------------------------------------------------------------------------


class Server:
    """mlx_lm.server with its own defaults, read over HTTP."""

    name = "server"
    several = True

    def __init__(self, process: Process, session: aiohttp.ClientSession, model: str) -> None:
        self._process = process
        self._session = session
        self._model = model
        self._peak: tuple[int | None, int | None] | None = None

    async def ask(self, answer: Answer) -> None:
        """Stream one answer."""
        body = {
            "model": self._model,
            "messages": [{"role": role, "content": text} for role, text in answer.messages],
            "max_tokens": answer.max_tokens,
            "temperature": 0.0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        answer.asked = time.monotonic()
        async with self._session.post("/v1/chat/completions", json=body) as reply:
            reply.raise_for_status()
            async for line in reply.content:
                if line.startswith(b"data: {"):
                    _take_chunk(answer, json.loads(line[6:]))
        answer.ended = time.monotonic()

    async def peak_memory(self) -> tuple[int | None, int | None]:
        """Give the server's; it says what MLX has held when it is ended, so ask last."""
        if self._peak is None:
            resident = await peak_resident_bytes(self._process.pid)
            self._process.terminate()
            assert self._process.stdout is not None
            said = re.search(rb"^peak (\d+)$", await self._process.stdout.read(), re.MULTILINE)
            self._peak = resident, int(said[1]) if said else None
        return self._peak


def _take_chunk(answer: Answer, chunk: dict[str, Any]) -> None:
    deltas = [choice.get("delta") or {} for choice in chunk.get("choices") or ()]
    if any(delta.get("content") or delta.get("reasoning") for delta in deltas):
        answer.times.append(time.monotonic())
    if usage := chunk.get("usage"):
        answer.tokens = usage["completion_tokens"]
        answer.prompt_tokens = usage["prompt_tokens"]
        answer.cached_tokens = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0


@asynccontextmanager
async def server(model: str) -> AsyncIterator[Contestant]:
    """Start the server, with the model loaded, until the end of the block."""
    port = free_port()
    command = ("bench.mlx_served", "--model", model, "--port", str(port), "--log-level", "ERROR")
    timeout = aiohttp.ClientTimeout(total=None)
    async with (
        _child(*command) as process,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", timeout=timeout) as session,
    ):
        await _answers(session, process)
        yield Server(process, session, model)


async def _answers(session: aiohttp.ClientSession, process: Process) -> None:
    """Wait until the server answers; it has loaded its model by its first answer to a question."""
    async with asyncio.timeout(_START_SECONDS):
        while process.returncode is None:
            with suppress(aiohttp.ClientError):
                async with session.get("/health") as reply:
                    if reply.ok:
                        return
            await asyncio.sleep(0.1)
    raise RuntimeError("mlx_lm.server has ended; its words stand above")


# --- processes --------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _child(module: str, *arguments: str, stdin: int = asyncio.subprocess.DEVNULL) -> AsyncIterator[Process]:
    """Run a module until the end of the block. What it wrote to its standard error is shown if that end is an error."""
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *arguments),
            cwd=_ROOT,
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            limit=_LINE_BYTES,
            env={**os.environ, "TOKENIZERS_PARALLELISM": "false"},
            start_new_session=True,  # as our worker: Linux shares the processors out among sessions
        )
        try:
            yield process
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace")[-_LOG_LETTERS:])
            raise
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def peak_resident_bytes(pid: int) -> int | None:
    """What a process has held at the most, on Linux; elsewhere what it holds now. None if that cannot be read."""
    if platform.system() == "Linux":
        return await asyncio.to_thread(_high_water_bytes, pid)
    command = ("ps", "-o", "rss=", "-p", str(pid))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    return int(said) * 1024 if said.strip() else None


def _high_water_bytes(pid: int) -> int | None:
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else None
