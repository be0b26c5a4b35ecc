"""The HTTP edge: lines and events survive any cut, and whatever goes wrong is one of our errors."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from routing.errors import BackendError, BackendTimeout, BackendUnreachable, BadReply
from routing.model_backends import http
from routing.model_backends.failures import Subject
from routing.model_backends.http import HttpClient
from tests.fake_model_server import FakeModelServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable

SUBJECT = Subject("Ollama", "ollama", "the_model", "The Model")


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def read(reader: Callable[..., AsyncGenerator[Any]], *parts: bytes) -> list[Any]:
    """Everything a reader makes of these chunks."""

    async def everything() -> list[Any]:
        return [item async for item in reader(chunks(*parts), SUBJECT)]

    return asyncio.run(everything())


def cuts(data: bytes) -> Iterable[tuple[bytes, bytes]]:
    return ((data[:at], data[at:]) for at in range(len(data) + 1))


# --- lines and events -------------------------------------------------------------------------------------------------


def test_lines_come_whole_wherever_the_bytes_are_cut() -> None:
    """LF and CRLF end a line; letters of several bytes and a last line without end survive."""
    data = "één\r\n\nzwei 🙂\ndrei".encode()
    for parts in cuts(data):
        assert [line.decode() for line in read(http.lines, *parts)] == ["één", "", "zwei 🙂", "drei"]


@given(st.binary(), st.integers(1, 7))
def test_lines_lose_no_byte(data: bytes, size: int) -> None:
    """Whatever the bytes and the size of the chunks: only line ends go."""
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    wanted = [line.removesuffix(b"\r") for line in data.split(b"\n")]
    assert read(http.lines, *parts) == (wanted if wanted[-1] or data.endswith(b"\r") else wanted[:-1])


def test_a_long_line_is_read_and_an_endless_one_is_refused() -> None:
    """Lines far longer than aiohttp's own limit pass; one without end does not fill the memory."""
    megabyte = b"x" * 1024 * 1024
    (line,) = read(http.lines, *[megabyte] * 3, b"\n")
    assert len(line) == 3 * len(megabyte)
    with pytest.raises(BadReply):
        read(http.lines, *[megabyte] * 17)


def test_json_lines_come_whole_wherever_the_bytes_are_cut() -> None:
    """Blank lines do not count."""
    data = '{"a": "é🙂"}\n\r\n{"b": [1, 2]}\r\n'.encode()
    for parts in cuts(data):
        assert read(http.json_lines, *parts) == [{"a": "é🙂"}, {"b": [1, 2]}]


@pytest.mark.parametrize(
    "garbage",
    [b"<html>", b'{"a": ', b"[1]", b'"text"', b"\xff\xfe{}", b"\x00", b"[" * 100_000, b"9" * 5_000, b'{"a": "\xc3"}'],
)
def test_garbage_between_json_lines_is_a_bad_reply(garbage: bytes) -> None:
    """Whatever it is, a decoder's own error does not leak."""
    with pytest.raises(BadReply):
        read(http.json_lines, b'{"a": 1}\n', garbage + b"\n")


def test_events_come_whole_wherever_the_bytes_are_cut() -> None:
    """Comments, names, ids and unknown fields go; several data lines are one event; a space after the colon goes."""
    data = (
        "\ufeff: ping\r\n\r\nevent: message\nid: 7\ndata: één\n\ndata:zwei\ndata:  drei\n\n: keepalive 1/2\n\n"
        "retry: 5\n\ndata\n\ndata: [DONE]\n\n"
    ).encode()
    for parts in cuts(data):
        assert [event.decode() for event in read(http.events, *parts)] == ["één", "zwei\n drei", "", "[DONE]"]


def test_an_event_without_its_blank_line_counts_at_the_end() -> None:
    """Some servers end with a bare `data: [DONE]`."""
    assert read(http.events, b"data: a\n\ndata: [DONE]") == [b"a", b"[DONE]"]


@given(st.binary())
def test_no_bytes_break_the_reader_of_events(data: bytes) -> None:
    """Garbage gives no event, or one that does not parse; it raises nothing."""
    assert all(isinstance(event, bytes) for event in read(http.events, data))


# --- what can go wrong ------------------------------------------------------------------------------------------------


@asynccontextmanager
async def serving(answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]) -> AsyncIterator[str]:
    """A bare TCP server, for what no HTTP server would send."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    async with server:
        yield f"http://{host}:{port}"


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient(connect_timeout_seconds=5.0, api_key="")
    yield client
    await client.close()


async def stream(client: HttpClient, url: str) -> bytes:
    async with client.streaming(url, {"a": 1}, SUBJECT) as response:
        return b"".join([chunk async for chunk in response.content.iter_any()])


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def test_a_refused_connection_means_unreachable(client: HttpClient) -> None:
    """Nobody listens there; the sentence is fit for people and the cause is kept for the log."""
    with pytest.raises(BackendUnreachable, match=r"^Ollama is not reachable\.$") as caught:
        await client.get(f"http://127.0.0.1:{closed_port()}/api/tags", SUBJECT)
    assert isinstance(caught.value.__cause__, OSError)
    assert (caught.value.backend, caught.value.model) == ("ollama", "the_model")


@pytest.mark.parametrize("url", ["http://no-such-host.invalid/x", "http://", "http://[::1", "http://localhost:99999/"])
async def test_an_address_that_leads_nowhere_means_unreachable(client: HttpClient, url: str) -> None:
    """A wrong name or a malformed address in the settings is no crash."""
    with pytest.raises(BackendUnreachable):
        await client.get(url, SUBJECT)


async def test_a_host_that_does_not_take_the_connection_means_unreachable() -> None:
    """The connection time-out is short and has nothing to do with how long a model may think."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]  # they fill the queue, so that the next one is left hanging
        for caller in waiting:
            caller.setblocking(False)  # noqa: FBT003 - a positional-only argument
            caller.connect_ex(listener.getsockname())
        client = HttpClient(connect_timeout_seconds=0.2, api_key="")
        try:
            with pytest.raises(BackendUnreachable):
                await asyncio.wait_for(client.get(f"http://127.0.0.1:{listener.getsockname()[1]}/", SUBJECT), 5)
        finally:
            await client.close()
            for caller in waiting:
                caller.close()


async def test_a_server_that_hangs_up_is_a_bad_reply(client: HttpClient) -> None:
    """Before its status line, and amid a body that promised more."""

    async def before(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    async def amid(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        writer.close()

    for answer in (before, amid):
        async with serving(answer) as url:
            with pytest.raises(BadReply, match="broke off"):
                await stream(client, url)


@pytest.mark.parametrize(
    "reply",
    [
        b"220 smtp.example ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"\x00\x01\x02\x03\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_a_bad_reply(client: HttpClient, reply: bytes) -> None:
    """Another program's port, or a broken proxy, is no crash."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(reply)
        await writer.drain()
        writer.close()

    async with serving(answer) as url:
        with pytest.raises(BadReply):
            await stream(client, url)


async def test_a_redirect_is_not_followed(client: HttpClient) -> None:
    """What people write goes to the server that was named."""

    async def redirect(request: web.Request) -> web.Response:
        raise web.HTTPFound("/elsewhere")

    server = FakeModelServer()
    server.app.router.add_route("*", "/", redirect)
    async with server:
        with pytest.raises(BadReply):
            await client.get(f"{server.root}/", SUBJECT)
        assert not server.asked("/elsewhere")


async def test_a_listing_that_is_not_json_is_a_bad_reply(client: HttpClient) -> None:
    """A web page where a server should be."""

    async def page(request: web.Request) -> web.Response:
        return web.Response(text="<html>Welcome to nginx!</html>", content_type="text/html")

    server = FakeModelServer()
    server.app.router.add_get("/", page)
    async with server:
        with pytest.raises(BadReply):
            await client.get(f"{server.root}/", SUBJECT)


async def test_a_time_out_is_told_as_one() -> None:
    """Whatever raises it within the edge."""
    with pytest.raises(BackendTimeout), http.translated(SUBJECT):
        async with asyncio.timeout(0):
            await asyncio.sleep(1)


def test_bugs_and_our_own_errors_pass_through() -> None:
    """Only what aiohttp and the network raise is translated."""
    for error in (KeyError("bug"), ValueError("bug"), BadReply("x", backend="ollama")):
        with pytest.raises(type(error)) as caught, http.translated(SUBJECT):
            raise error
        assert caught.value is error


async def test_closing_the_client_ends_its_streams_as_a_backend_error() -> None:
    """A stream that is read while the bot shuts down fails like any other."""
    arrived = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        arrived.set()
        await reader.read()
        writer.close()

    client = HttpClient(connect_timeout_seconds=5.0, api_key="")
    async with serving(answer) as url:
        reading = asyncio.create_task(stream(client, url))
        await asyncio.wait_for(arrived.wait(), 10)
        await asyncio.sleep(0.05)  # so that the stream waits for more, not for its head
        await client.close()
        with pytest.raises(BackendError):
            await asyncio.wait_for(reading, 10)


# --- addresses --------------------------------------------------------------------------------------------------------


async def fine(request: web.Request) -> web.Response:
    return web.json_response({"fine": True})


def _cannot(host: str, family: socket.AddressFamily) -> bool:
    """Whether this machine has no such address, or does not find it under the name."""
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
        with socket.socket(family) as probe:
            probe.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
    except OSError:
        return True
    return family not in {info[0] for info in found}


_NO_IPV6 = pytest.mark.skipif(_cannot("::1", socket.AF_INET6), reason="this machine has no IPv6")
_NO_IPV6_NAME = pytest.mark.skipif(_cannot("localhost", socket.AF_INET6), reason="localhost has no IPv6 address here")


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "localhost"),
        pytest.param("::1", "[::1]", marks=_NO_IPV6),
        pytest.param("::1", "localhost", marks=_NO_IPV6_NAME),
    ],
)
async def test_a_server_is_found_on_either_loopback_address(client: HttpClient, host: str, name: str) -> None:
    """Ollama listens on one of them, and `localhost` means both."""
    server = FakeModelServer(host=host)
    server.app.router.add_get("/", fine)
    async with server:
        port = server.root.rpartition(":")[2]
        assert await client.get(f"http://{name}:{port}/", SUBJECT) == {"fine": True}


async def test_proxies_of_the_environment_are_not_used(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy for the web must not see what is asked on the own machine."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    server = FakeModelServer()
    server.app.router.add_get("/", fine)
    async with server:
        assert await client.get(f"{server.root}/", SUBJECT) == {"fine": True}


async def test_the_api_key_travels_as_a_bearer_token() -> None:
    """And compression, which would hold tokens back, is not asked for."""
    server = FakeModelServer()

    async def fine(request: web.Request) -> web.Response:
        return web.json_response(json.loads(await request.text()))

    server.app.router.add_post("/", fine)
    client = HttpClient(connect_timeout_seconds=5.0, api_key="s3cret")
    async with server:
        assert await client.post(f"{server.root}/", {"é": 1}, SUBJECT) == {"é": 1}
        headers = server.requests[0].headers
    await client.close()
    assert headers["Authorization"] == "Bearer s3cret"
    assert headers["Accept-Encoding"] == "identity"
