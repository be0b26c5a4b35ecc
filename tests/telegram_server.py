"""A local Bot API server that answers, refuses and fails as Telegram does."""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import re
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar

from aiohttp import web

from tests.telegram_control import add_control
from tests.telegram_faults import Fault, Faults, Limits, Rule
from tests.telegram_methods import Methods, Refused
from tests.telegram_world import Chat, Json, Person, World

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from types import TracebackType

TOKEN = "123:ABC"
# The fields that stay as they were sent; all others may be JSON inside a form.
_PLAIN_FIELDS = frozenset({"text", "caption", "parse_mode", "callback_query_id", "file_id", "action", "language_code"})
_T = TypeVar("_T")


@dataclass(frozen=True)
class Call:
    """One call as it came in and went out. `at` is monotonic time; `status` 0 means that no answer was given."""

    method: str
    given: Json
    status: int
    description: str
    at: float
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it was done and said so."""
        return self.status == 200


@dataclass
class _Outcome:
    status: int
    body: Json = field(default_factory=dict)


class TelegramServer:
    """Telegram for one bot, on loopback, between `async with` and its end; `url` is what TELEGRAM_API_URL wants."""

    def __init__(
        self,
        token: str = TOKEN,
        *,
        port: int = 0,
        limits: Limits | None = None,
        bot_name: str = "Switchboard",
        bot_username: str = "switchboard_bot",
        control: bool = False,
    ) -> None:
        self.token = token
        self.port = port
        self.world = World(bot_name, bot_username)
        self.faults = Faults(limits)
        self.calls: list[Call] = []
        self.polls = 0
        self._control = control
        self._methods = Methods(self.world)
        self._poller: asyncio.Event | None = None
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None

    # --- what tests use -----------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The address, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    def user(self, user_id: int, name: str = "", **more: Any) -> Person:
        """The person with this id; their private chat with the bot is open."""
        return self.world.user(user_id, name, **more)

    def group(self, chat_id: int, title: str = "Group", *, forum: bool = False) -> Chat:
        """The group with this (negative) id."""
        return self.world.group(chat_id, title, forum=forum)

    def chat(self, chat_id: int) -> Chat:
        """A chat that has been opened before."""
        return self.world.chats[chat_id]

    def called(self, method: str, chat_id: int | None = None) -> list[Call]:
        """The calls of a method so far, to a chat or to all."""
        return [call for call in self.calls if call.method == method and chat_id in (None, call.given.get("chat_id"))]

    async def wait_for(self, condition: Callable[[], _T | None], timeout_seconds: float = 10) -> _T:
        """Wait until `condition` returns something true, and return it. Raises TimeoutError."""
        return await self.world.wait_for(condition, timeout_seconds)

    # --- life ---------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/file/bot{token}/{path:.+}", self._serve_file)
        app.router.add_route("*", "/bot{token}/{method}", self._serve_call)
        if self._control:
            add_control(app, self)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await self._listen()
        self.port = self._runner.addresses[0][1]
        return self

    async def _listen(self) -> None:
        assert self._runner is not None, "not started"
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await self._site.start()

    @asynccontextmanager
    async def outage(self) -> AsyncGenerator[None]:
        """Be out of reach: connections break, and new ones are refused. What people write waits, as ever."""
        assert self._site is not None, "not started"
        await self._site.stop()
        self.break_connections()
        yield
        await self._listen()

    def break_connections(self) -> None:
        """Break every connection, as a network does that changes."""
        assert self._runner is not None, "not started"
        assert self._runner.server is not None, "not started"
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing.set()
        self.world.arrived.set()
        if self._runner:
            await self._runner.cleanup()

    # --- one request --------------------------------------------------------------------------------------------------

    async def _serve_file(self, request: web.Request) -> web.Response:
        for path, data in self.world.files.values():
            if request.match_info["token"] == self.token and request.match_info["path"] == path:
                return web.Response(body=data)
        return _answer(_refusal(404, "Not Found"))

    async def _serve_call(self, request: web.Request) -> web.Response:
        if refusal := self._wrong_token(request.match_info["token"]):
            return _answer(refusal)
        method, given, started = request.match_info["method"], await _read(request), time.monotonic()
        outcome = _Outcome(0)
        try:
            outcome = await self._outcome(request, method, given)
            return _answer(outcome)
        finally:
            description = str(outcome.body.get("description", ""))
            self.calls.append(Call(method, given, outcome.status, description, started, time.monotonic() - started))

    def _wrong_token(self, token: str) -> _Outcome | None:
        if token == self.token:
            return None
        return _refusal(401, "Unauthorized") if re.fullmatch(r"\d+:[\w-]+", token) else _refusal(404, "Not Found")

    async def _outcome(self, request: web.Request, method: str, given: Json) -> _Outcome:
        rule = self.faults.next_for(method, given.get("chat_id"), str(given.get("text", "")))
        if rule is None:
            return await self._do(method, given)
        return await self._go_wrong(rule, request, method, given)

    async def _go_wrong(self, rule: Rule, request: web.Request, method: str, given: Json) -> _Outcome:
        if rule.fault is Fault.FLOOD:
            seconds = int(rule.seconds)
            return _refusal(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})
        if rule.fault is Fault.STATUS:
            return _Outcome(rule.status)
        if rule.fault is Fault.REFUSE:
            return _refusal(400, f"Bad Request: {rule.description}")
        outcome = _Outcome(0) if rule.fault is Fault.DROP else await self._do(method, given)
        await self._wait_unless_closing(rule.seconds)
        if rule.fault is Fault.GATEWAY:
            return _Outcome(rule.status)
        if rule.fault is not Fault.SLOW and request.transport is not None:
            request.transport.abort()
        return outcome

    async def _do(self, method: str, given: Json) -> _Outcome:
        try:
            result = await self._get_updates(given) if method == "getUpdates" else self._methods.call(method, given)
        except Refused as refused:
            return _refusal(refused.code, str(refused), refused.parameters)
        return _Outcome(200, {"ok": True, "result": result})

    # --- polling ------------------------------------------------------------------------------------------------------

    async def _get_updates(self, given: Json) -> list[Json]:
        """Long polling: a second poller ends the first with 409; an offset acknowledges everything below it."""
        self.polls += 1
        if self._poller is not None:
            self._poller.set()
        replaced = self._poller = asyncio.Event()
        if given.get("offset"):
            self.world.acknowledge(int(given["offset"]))
        if "allowed_updates" in given:
            self.world.allowed_updates = frozenset(given["allowed_updates"]) or None
        try:
            await self._await_updates(replaced, float(given.get("timeout", 0)))
        finally:
            self._poller = None if self._poller is replaced else self._poller
        return self.world.updates[: int(given.get("limit", 100))]

    async def _await_updates(self, replaced: asyncio.Event, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while not self.world.updates and not self._closing.is_set() and (left := deadline - time.monotonic()) > 0:
            self.world.arrived.clear()
            waits = [asyncio.ensure_future(event.wait()) for event in (self.world.arrived, replaced)]
            try:
                await asyncio.wait(waits, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
            if replaced.is_set():
                raise Refused(
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                    409,
                )

    async def _wait_unless_closing(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return


def _refusal(code: int, description: str, parameters: Json | None = None) -> _Outcome:
    more = {"parameters": parameters} if parameters else {}
    return _Outcome(code, {"ok": False, "error_code": code, "description": description, **more})


def _answer(outcome: _Outcome) -> web.Response:
    if not outcome.body:
        page = f"<html><body>{outcome.status}</body></html>"
        return web.Response(status=outcome.status or 500, text=page, content_type="text/html")
    return web.json_response(outcome.body, status=outcome.status)


async def _read(request: web.Request) -> Json:
    """The parameters of a call from its address and its body, whichever way they were sent."""
    given: Json = {name: _value(name, value) for name, value in request.query.items()}
    if request.content_type == "application/json":
        body = await request.read()
        return given | (json.loads(body) if body else {})
    form = await request.post()
    return given | {name: _value(name, value) for name, value in form.items()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, web.FileField):
        data = base64.b64encode(value.file.read()).decode()
        return {"file_name": value.filename, "mime_type": value.content_type, "base64": data}
    if name in _PLAIN_FIELDS or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


async def _serve(arguments: argparse.Namespace) -> None:
    limits = Limits() if arguments.limits else None
    server = TelegramServer(arguments.token, port=arguments.port, limits=limits, control=arguments.control)
    async with server:
        print(json.dumps({"url": server.url}), flush=True)  # noqa: T201 -- whoever started us reads the port here
        await asyncio.Event().wait()


def main() -> None:
    """Serve until interrupted; the first line of output is {"url": ...}."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--control", action="store_true", help="serve /control/... for whoever drives the test")
    parser.add_argument("--limits", action="store_true", help="enforce Telegram's flood limits")
    try:
        asyncio.run(_serve(parser.parse_args()))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
