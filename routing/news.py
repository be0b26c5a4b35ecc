"""News: wakes whoever waits for memory, when somebody has ended an answer or a load, or after a moment."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# An estimate is looked at again so often, and so is the memory where there was no room in it.
LOOK_AGAIN_SECONDS = 1.0


class News:
    """Lives in one event loop; `sleep` is its time."""

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._event = asyncio.Event()

    def tell(self) -> None:
        """Wake all who wait."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self) -> None:
        """Wait until there are news, or for a moment."""
        news = asyncio.ensure_future(self._event.wait())
        try:
            await self.wait_for(news)
        finally:
            news.cancel()

    async def wait_for(self, other: asyncio.Future[Any]) -> None:
        """Wait until something is done, or for a moment. What comes of it is not looked at."""
        timer = asyncio.ensure_future(self._sleep(LOOK_AGAIN_SECONDS))
        try:
            await asyncio.wait([other, timer], return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
