"""Work: what is under way, so that it can be waited for at the end, and then broken off."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from handlers.failures import in_background

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

# How long what was broken off may take to notice.
NOTICING_SECONDS = 0.5


class Work:
    """Lives as long as the application. What fails is logged, and ends nothing else."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Callable[[], Awaitable[None]], what: str) -> None:
        """Begin a piece of work; a failure is logged as "could not {what}"."""
        task = in_background(work, what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self, grace_seconds: float) -> None:
        """Give what is under way so long to end by itself, then break it off."""
        if not self._tasks:
            return
        _, unfinished = await asyncio.wait(self._tasks, timeout=grace_seconds)
        for task in unfinished:
            task.cancel()
        if unfinished:
            log.info("%d pieces of work are broken off, and taken up at the next start", len(unfinished))
            await asyncio.wait(unfinished, timeout=NOTICING_SECONDS)


async def until_first(*works: Awaitable[object]) -> None:
    """Do all of this side by side until one of it has ended, then break off the rest. Raises what that one raises."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=NOTICING_SECONDS)
    for task in ended:
        task.result()
