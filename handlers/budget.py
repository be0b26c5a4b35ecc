"""Budget: how many calls were made of late, and how long the next one must wait for Telegram to take it."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence


@dataclass(frozen=True, slots=True)
class Window:
    """At most `count` calls in any `seconds`; the last `spare` of them are kept for calls that cannot be dropped."""

    count: int
    seconds: float
    spare: int = 0


class Budget:
    """Calls that share some windows, and a ban. Keeps the times of as many as the largest window counts.

    A call counts from its beginning until a window's length after its *end*: it reaches Telegram somewhere in between,
    so however slow the network is, Telegram never sees more calls in a window than were counted here.
    """

    def __init__(self, windows: Sequence[Window], clock: Callable[[], float]) -> None:
        self._windows = windows
        self._clock = clock
        self._under_way = 0
        self._ended_at: deque[float] = deque(maxlen=max(window.count for window in windows))
        self._ended = asyncio.Event()
        self._banned_until = -math.inf

    def wait_seconds(self, *, droppable: bool = False) -> float:
        """How long the next call must wait; 0 when it may be made now, infinite when another one must end first."""
        windows = max(self._wait(window, droppable=droppable) for window in self._windows)
        return max(windows, self.ban_seconds, 0.0)

    @property
    def ban_seconds(self) -> float:
        """How long Telegram takes nothing at all: trying before then lengthens it."""
        return max(self._banned_until - self._clock(), 0.0)

    def ban(self, seconds: float) -> None:
        """Note that Telegram wants nothing for so long."""
        self._banned_until = max(self._banned_until, self._clock() + seconds)

    @contextmanager
    def call(self) -> Generator[None]:
        """Count a call while it is under way, and from its end on."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            self._ended_at.append(self._clock())
            self._ended.set()  # wakes those who wait now, and nobody after them
            self._ended.clear()

    async def next_end(self) -> None:
        """Wait until some call ends."""
        await self._ended.wait()

    @property
    def is_unused(self) -> bool:
        """Whether it is as if it were new."""
        longest = max(window.seconds for window in self._windows)
        ended_at = self._ended_at[-1] if self._ended_at else -math.inf
        return not self._under_way and not self.ban_seconds and ended_at + longest <= self._clock()

    def _wait(self, window: Window, *, droppable: bool) -> float:
        left = window.count - self._under_way - (window.spare if droppable else 0)
        if left <= 0:
            return math.inf
        if len(self._ended_at) < left:
            return 0.0
        return self._ended_at[-left] + window.seconds - self._clock()
