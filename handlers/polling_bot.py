"""PollingBot: a bot whose polls give updates as Telegram sent them, and that can change to new connections."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from telegram.error import NetworkError
from telegram.ext import ExtBot

from handlers.failures import in_background
from handlers.limiter import Manner
from handlers.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram.request import BaseRequest

    from handlers.limiter import Limiter

# More than carry the 30 messages a second that Telegram takes.
CONNECTIONS = 32
MOST_UPDATES = 100
# How long Telegram waits for somebody to write before it answers that nobody did, and how much later that may arrive.
POLL_SECONDS = 10
LATE_SECONDS = 5.0
# What is under way when connections are changed may end on the old ones: as long as a message may take.
GRACE_SECONDS = 30.0


class PollingBot(ExtBot[Manner]):
    """python-telegram-bot's bot on our own transport. Lives from `initialize` to `shutdown`.

    Its own `get_updates` reads all that came as one, and writes it into the log where it cannot.
    """

    def __init__(self, token: str, api_url: str, limiter: Limiter) -> None:
        super().__init__(
            token,
            base_url=f"{api_url}/bot",
            base_file_url=f"{api_url}/file/bot",
            request=Transport(CONNECTIONS),
            get_updates_request=Transport(),
            rate_limiter=limiter,
        )
        self._retired: dict[BaseRequest, asyncio.Task[None]] = {}

    async def poll(self, offset: int | None, kinds: Sequence[str]) -> list[object]:
        """Wait for updates of these kinds, for some seconds; what came is not looked at. Raises TelegramError.

        `offset` tells Telegram that we have everything with a lower id.
        """
        asked = {"offset": offset, "limit": MOST_UPDATES, "timeout": POLL_SECONDS, "allowed_updates": list(kinds)}
        found: object = await self._post("getUpdates", asked, read_timeout=POLL_SECONDS + LATE_SECONDS)
        if not isinstance(found, list):
            raise NetworkError("what came is no list of updates")
        return found

    async def renew_connections(self) -> None:
        """Make new connections for the calls to come: those of a network that is gone look as alive as others."""
        new = Transport(), Transport(CONNECTIONS)
        for transport in new:
            await transport.initialize()
        (polling, calling), self._request = self._request, new
        self._retired[calling] = in_background(partial(self._retire, calling), "close old connections")
        await polling.shutdown()

    async def shutdown(self) -> None:
        """Close every connection."""
        for transport, closing in list(self._retired.items()):
            closing.cancel()
            await transport.shutdown()
        await super().shutdown()

    async def _retire(self, transport: BaseRequest) -> None:
        await asyncio.sleep(GRACE_SECONDS)
        del self._retired[transport]
        await transport.shutdown()
