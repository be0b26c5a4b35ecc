"""Notices that the bot hears nothing from Telegram any more: new connections first, then a new process."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from dialogue.errors import DeafToTelegram

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long it may be silent, in seconds. A poll that nobody writes to is answered within about ten.

    `look`: between two looks at the clocks. `jump`: by how much one of them may be ahead of that before the machine, or
    the process, is taken to have slept. `reviving`: what new connections may take.
    """

    look: float = 5.0
    jump: float = 10.0
    renew: float = 120.0
    deaf: float = 300.0
    reviving: float = 10.0


class Watchdog:
    """Watches the time since Telegram last answered a poll. Nothing else feeds it: a bot that is deaf can still talk.

    `clock` counts the seconds that the machine is awake, `wall_clock` all of them: on a Mac the first stands still in
    sleep, and the connections of before are dead after it, though nobody has told us.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        limits: Limits | None = None,
    ) -> None:
        self._clock = clock
        self._wall_clock = wall_clock
        self._sleep = sleep
        self._limits = limits or Limits()
        self._heard_at = self._revived_at = clock()

    def heard(self, silence_seconds: float = 0.0) -> None:
        """Telegram has answered a poll, and wants none for so long."""
        self._heard_at = self._clock() + silence_seconds

    async def watch(self, revive: Callable[[], Awaitable[None]]) -> NoReturn:
        """Have the line revived when it is dead, or has outlived a sleep. Raises DeafToTelegram when that is no use."""
        self.heard()
        while True:
            before = self._clock(), self._wall_clock()
            await self._sleep(self._limits.look)
            if self._has_slept(*before):
                log.info("the clock has jumped, as it does when the machine wakes up: Telegram is called anew")
                self._heard_at = max(self._heard_at, self._clock())  # silence counts from now on
                await self._revive(revive)
            else:
                await self._listen(revive)

    def _has_slept(self, clock_before: float, wall_clock_before: float) -> bool:
        """Whether a clock went on for longer than we slept. One that was set back says nothing."""
        passed = max(self._clock() - clock_before, self._wall_clock() - wall_clock_before)
        return passed > self._limits.look + self._limits.jump

    async def _listen(self, revive: Callable[[], Awaitable[None]]) -> None:
        silence_seconds = self._clock() - self._heard_at
        if silence_seconds >= self._limits.deaf:
            raise DeafToTelegram(
                f"Telegram has not been heard for {silence_seconds:.0f} s, over new connections neither: check the "
                "network. As a service the bot starts anew by itself; otherwise start it again."
            )
        if silence_seconds >= self._limits.renew <= self._clock() - self._revived_at:
            log.warning("Telegram has not been heard for %.0f s: it is called over new connections", silence_seconds)
            await self._revive(revive)

    async def _revive(self, revive: Callable[[], Awaitable[None]]) -> None:
        self._revived_at = self._clock()
        try:
            async with asyncio.timeout(self._limits.reviving):
                await revive()
        except TimeoutError:
            log.warning("the old connections could not be closed in time")
