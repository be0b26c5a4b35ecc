"""The HTTP edge that every model server is reached by: connections, lines and events, and what can go wrong there."""

from __future__ import annotations

import asyncio
import io
import json
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import aiohttp

from routing.errors import BackendTimeout, BackendUnreachable, BadReply
from routing.model_backends import fields
from routing.model_backends.failures import Refusal, Subject

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterator

# A question about models is answered at once, even while a model loads; a server that needs longer hangs.
LISTING_TIMEOUT_SECONDS = 10.0
# Far above any real line or listing: what is longer is no model's answer.
MAX_LINE_BYTES = 16 * 1024 * 1024

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@contextmanager
def translated(subject: Subject) -> Iterator[None]:
    """Turn what aiohttp and the network raise into BackendErrors about `subject`."""
    try:
        yield
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
        raise subject.error(BackendUnreachable) from error
    except TimeoutError as error:
        raise subject.error(BackendTimeout) from error
    except (aiohttp.ClientError, OSError) as error:
        raise subject.broke_off() from error


def decode(data: bytes, subject: Subject) -> Any:
    """Decode JSON. Raises BadReply."""
    try:
        return fields.parse(data)
    except ValueError as error:
        raise subject.error(BadReply, "{server} sent something that cannot be understood.") from error


async def lines(chunks: AsyncIterable[bytes], subject: Subject) -> AsyncGenerator[bytes]:
    """Yield each line without its end, LF or CRLF, wherever the chunks are cut.

    Raises BadReply for a line of more than MAX_LINE_BYTES.
    """
    buffer, searched = bytearray(), 0
    async for chunk in chunks:
        buffer += chunk
        while (end := buffer.find(b"\n", searched)) >= 0:
            line = bytes(buffer[:end])
            del buffer[: end + 1]
            searched = 0
            yield line.removesuffix(b"\r")
        searched = len(buffer)
        if searched > MAX_LINE_BYTES:
            raise subject.error(BadReply, "{server} sent something that cannot be understood.")
    if buffer:
        yield bytes(buffer).removesuffix(b"\r")


async def json_lines(chunks: AsyncIterable[bytes], subject: Subject) -> AsyncGenerator[dict[str, Any]]:
    """Yield each object of a stream of newline-delimited JSON. Raises BadReply for anything else in it."""
    async with aclosing(lines(chunks, subject)) as texts:
        async for line in texts:
            if line.strip():
                yield _object(line, subject)


async def events(chunks: AsyncIterable[bytes], subject: Subject) -> AsyncGenerator[bytes]:
    """Yield the data of each server-sent event; comments, names and ids are dropped.

    An event whose closing blank line is missing at the end counts: some servers end with a bare `data: [DONE]`.
    """
    data: list[bytes] = []
    async with aclosing(lines(chunks, subject)) as texts:
        async for line in texts:
            name, _, value = line.removeprefix(_BYTE_ORDER_MARK).partition(b":")
            if name == b"data":
                data.append(value.removeprefix(b" "))
            elif not line and data:
                yield b"\n".join(data)
                data = []
    if data:
        yield b"\n".join(data)


def _object(data: bytes, subject: Subject) -> dict[str, Any]:
    found = decode(data, subject)
    if not isinstance(found, dict):
        raise subject.error(BadReply, "{server} sent something that cannot be understood.")
    return found


class HttpClient:
    """The connections to one server. Lives from `open` to `close`; every request has a connection of its own.

    Connections are not reused: a server that closes an idle one at the moment it is taken would fail an answer for
    nothing, and a new one costs a fraction of a millisecond on the own machine. Proxies of the environment are not
    used: what people write goes to the server that was named and nowhere else.
    """

    def __init__(self, *, connect_timeout_seconds: float, api_key: str) -> None:
        self._timeout = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=connect_timeout_seconds)
        self._headers = {"Accept-Encoding": "identity"}  # compression would hold tokens back
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._session: aiohttp.ClientSession | None = None
        self._responses: set[aiohttp.ClientResponse] = set()

    def open(self) -> aiohttp.ClientSession:
        """Open the session, once; no request is made."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, force_close=True)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=self._timeout, headers=self._headers, trust_env=False
            )
        return self._session

    async def close(self) -> None:
        """Close every connection; whoever reads from one gets a BackendError.

        Each response is told, for the session forgets those that wait for more, and they would wait for ever.
        """
        for response in tuple(self._responses):
            response.close()
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def get(self, url: str, subject: Subject) -> Any:
        """Fetch JSON."""
        return await self._ask("GET", url, None, subject)

    async def post(self, url: str, body: object, subject: Subject) -> Any:
        """Send JSON and fetch JSON."""
        return await self._ask("POST", url, body, subject)

    @asynccontextmanager
    async def streaming(self, url: str, body: object, subject: Subject) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send JSON; the reply is read as it comes. Leaving closes the connection at once.

        Raises the error that goes with a status other than 200, or with a connection that is lost.
        """
        with translated(subject):
            async with self._answered("POST", url, body, subject) as response:
                yield response

    async def _ask(self, method: str, url: str, body: object, subject: Subject) -> Any:
        with translated(subject):
            async with asyncio.timeout(LISTING_TIMEOUT_SECONDS), self._answered(method, url, body, subject) as response:
                return decode(await read_bounded(response), subject)

    @asynccontextmanager
    async def _answered(
        self, method: str, url: str, body: object, subject: Subject
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        data = None if body is None else _payload(body)
        response = await self.open().request(method, url, data=data, allow_redirects=False)
        self._responses.add(response)
        try:
            if response.status != 200:
                raise (await _refusal(response)).error(subject)
            yield response
        finally:
            self._responses.discard(response)
            response.close()


def _payload(body: object) -> aiohttp.BytesIOPayload:
    """JSON that is written in pieces, for photos make it megabytes long."""
    return aiohttp.BytesIOPayload(io.BytesIO(json.dumps(body).encode()), content_type="application/json")


async def read_bounded(response: aiohttp.ClientResponse) -> bytes:
    """Read a reply, MAX_LINE_BYTES of it at most: what is cut is no JSON any more."""
    data = bytearray()
    async for chunk in response.content.iter_any():
        data += chunk
        if len(data) > MAX_LINE_BYTES:
            break
    return bytes(data)


async def _refusal(response: aiohttp.ClientResponse) -> Refusal:
    """Read what a server says of its failure; a server that does not say it in time is believed by its status."""
    try:
        async with asyncio.timeout(LISTING_TIMEOUT_SECONDS):
            data = await read_bounded(response)
    except (aiohttp.ClientError, TimeoutError):
        return Refusal(response.status)
    try:
        return Refusal.read(response.status, fields.parse(data))
    except ValueError:
        return Refusal(response.status, words=data[:500].decode("utf-8", "replace"))
