"""How the process is told to end: the first signal asks for it and sees that it comes, the second one is the end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

log = logging.getLogger(__name__)

# Service managers and people wait longer than this; nothing that is written down is lost by ending sooner.
LONGEST_ENDING_SECONDS = 4.3


def stop_asked(longest_seconds: float = LONGEST_ENDING_SECONDS) -> asyncio.Event:
    """Return what SIGINT or SIGTERM sets, for the running loop of the main thread.

    From then on the process has `longest_seconds`, whatever hangs; a second signal ends it at once.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    asked: list[int] = []

    def on_signal(number: int, _: FrameType | None) -> None:
        if asked:
            os._exit(128 + number)
        asked.append(number)
        # Alarms reach a process whose loop hangs, or has ended while threads are waited for.
        signal.signal(signal.SIGALRM, _end_late)
        signal.setitimer(signal.ITIMER_REAL, longest_seconds)
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)

    # Not by the loop, which would only pass a signal on when it gets round to it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    return stop


def _end_late(_: int, __: FrameType | None) -> None:
    log.warning("not everything could be closed in time: the process ends without")
    os._exit(0)
