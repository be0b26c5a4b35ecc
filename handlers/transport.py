"""Transport: carries python-telegram-bot's calls over aiohttp, at half the cost of its own transport."""

from __future__ import annotations

import json
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp
import certifi
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest

if TYPE_CHECKING:
    from telegram._utils.defaultvalue import DefaultValue
    from telegram.request import RequestData

    Seconds = DefaultValue[float] | DefaultValue[None] | float | None

# Seconds. The first two are python-telegram-bot's own; a call may wait longer for a free connection.
_READ, _CONNECT, _POOL = 5.0, 5.0, 30.0


# What fails before anything was sent. A time-out that is none of these may come after Telegram did what it was told.
_NO_CONNECTION = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)


class NotSent(NetworkError):
    """Raised when no connection was made: Telegram has certainly not done what it was to be told."""


class Transport(BaseRequest):
    """One pool of connections to the Bot API. Lives from `initialize` to `shutdown`, and may be opened again.

    Proxies are taken from the environment. Errors name neither the address nor the token in it. What answers in
    Telegram's place, as a gateway or the log-in page of a hotel does, is a NetworkError whatever its status says.
    """

    def __init__(self, connections: int = 1, *, read_seconds: float = _READ, connect_seconds: float = _CONNECT) -> None:
        self._connections = connections
        self._read_seconds = read_seconds
        self._connect_seconds = connect_seconds
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """Seconds that an answer may take unless a call says otherwise; long polling adds its own to it."""
        return self._read_seconds

    async def initialize(self) -> None:
        """Open the pool; no connection is made yet."""
        if self._session is None:
            # A Python of one's own on a Mac may know no certificates: those of certifi come with python-telegram-bot.
            context = ssl.create_default_context(cafile=certifi.where())
            connector = aiohttp.TCPConnector(limit=self._connections, ssl=context)
            headers = {"User-Agent": self.USER_AGENT}
            self._session = aiohttp.ClientSession(connector=connector, headers=headers, trust_env=True)

    async def shutdown(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(  # noqa: PLR0913, PLR0917  python-telegram-bot's signature
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Seconds = BaseRequest.DEFAULT_NONE,
        write_timeout: Seconds = BaseRequest.DEFAULT_NONE,  # noqa: ARG002  aiohttp has none; what we send is small
        connect_timeout: Seconds = BaseRequest.DEFAULT_NONE,
        pool_timeout: Seconds = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make one call; its status and body.

        Raises NotSent when no connection was made, TimedOut, or NetworkError for any other failure on the way.
        """
        if self._session is None:
            raise RuntimeError("the transport is not initialized")
        connecting = _seconds(connect_timeout, self._connect_seconds)
        limits = aiohttp.ClientTimeout(
            connect=_sum(_seconds(pool_timeout, _POOL), connecting),
            sock_connect=connecting,
            sock_read=_seconds(read_timeout, self._read_seconds),
        )
        try:
            async with self._session.request(
                method, url, data=_body(request_data), timeout=limits, allow_redirects=False
            ) as response:
                return _checked(response.status, await response.read())
        except _NO_CONNECTION as error:
            raise NotSent(type(error).__name__) from error
        except TimeoutError as error:
            raise TimedOut from error
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError(type(error).__name__) from error

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read Telegram's answer. Raises NetworkError when it is not Telegram's."""
        answer = _read(payload)
        if answer is None:
            raise NetworkError("the answer is not Telegram's")
        return answer


def _checked(status: int, body: bytes) -> tuple[int, bytes]:
    """Let a refusal pass that is Telegram's own; files and other successes are for whoever asked for them."""
    if status >= HTTPStatus.MULTIPLE_CHOICES and _read(body) is None:
        raise NetworkError(f"status {status}, and not by Telegram")
    return status, body


def _read(body: bytes) -> dict[str, Any] | None:
    """Telegram's JSON: an object that says whether the call is ok."""
    try:
        answer = json.loads(body.decode(errors="replace"))
    except (ValueError, RecursionError):
        return None
    is_whole = isinstance(answer, dict) and ("result" if answer.get("ok") else "description") in answer
    return answer if is_whole else None


def _seconds(given: Seconds, otherwise: float) -> float | None:
    return given if given is None or isinstance(given, int | float) else otherwise


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _body(data: RequestData | None) -> aiohttp.FormData | dict[str, str] | None:
    """Write the parameters as a form; with files, as one of several parts."""
    if data is None or not data.multipart_data:
        return data.json_parameters if data else None
    form = aiohttp.FormData(data.json_parameters)
    for name, (file_name, content, media_type) in data.multipart_data.items():
        form.add_field(name, content, filename=file_name, content_type=media_type)
    return form
