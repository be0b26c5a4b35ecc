"""When something may next be sent to a chat: the safe interval between edits, and the bans that Telegram puts on it."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from telegram.error import RetryAfter

# Telegram takes about one message or edit a second in a private chat and twenty a minute in a group.
PRIVATE_INTERVAL_SECONDS = 1.0
GROUP_INTERVAL_SECONDS = 3.0
LONGEST_INTERVAL_SECONDS = 60.0


class Pace:
    """The pace of one chat. Lives as long as an answer; a chat with several growing answers may share one.

    `clock` and `sleep` are in seconds; `sleep` is the one way in which an answer waits.
    """

    def __init__(
        self,
        *,
        is_group: bool,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.sleep = sleep
        self.interval_seconds = GROUP_INTERVAL_SECONDS if is_group else PRIVATE_INTERVAL_SECONDS
        self._clock = clock
        self._next_preview_at = clock()
        self._banned_until = clock()

    @property
    def preview_wait_seconds(self) -> float:
        """How long the next preview must wait; 0 when it may go now."""
        return max(self._next_preview_at - self._clock(), self.ban_seconds, 0.0)

    @property
    def ban_seconds(self) -> float:
        """How long Telegram takes nothing at all for this chat: trying before then lengthens it."""
        return max(self._banned_until - self._clock(), 0.0)

    def previewed(self) -> None:
        """Note that a preview went out just now."""
        self._next_preview_at = self._clock() + self.interval_seconds

    def banned(self, error: RetryAfter) -> None:
        """Note a 429: nothing until it is over, and previews at half the pace from now on."""
        self._banned_until = max(self._banned_until, self._clock() + retry_seconds(error))
        self.interval_seconds = min(self.interval_seconds * 2, LONGEST_INTERVAL_SECONDS)


def retry_seconds(error: RetryAfter) -> float:
    """Seconds that Telegram asks to wait; python-telegram-bot gives a number or a timedelta."""
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
