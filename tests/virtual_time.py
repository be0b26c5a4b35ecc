"""VirtualTime: a clock that jumps to the next moment at which somebody wants to wake, as soon as nobody is busy."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable


class VirtualTime:
    """Time for whatever takes its `clock` and its `sleep`; only for work that waits for nothing outside the process."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def clock(self) -> float:
        """Seconds since the beginning."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Wait until it is so much later."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._numbers), woken))
        await woken

    async def run(self, *work: Awaitable[Any]) -> list[Any]:
        """Let time pass until the work is done; its results, or the errors that ended it."""
        done = asyncio.gather(*work, return_exceptions=True)
        await self._settle()
        while not done.done():
            if not self._sleepers:
                done.cancel()
                raise AssertionError("somebody waits for what never comes")
            self._wake_next()
            await self._settle()
        return list(await done)

    async def pass_by(self, seconds: float) -> None:
        """Let so much time pass."""
        await self.run(self.sleep(seconds))

    def _wake_next(self) -> None:
        self.now, _, woken = heapq.heappop(self._sleepers)
        if not woken.done():  # whoever slept was cancelled
            woken.set_result(None)

    async def _settle(self) -> None:
        """Wait until nobody is busy."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0)
        while loop._ready:  # type: ignore[attr-defined]  # noqa: ASYNC110  # what the loop would do next
            await asyncio.sleep(0)
