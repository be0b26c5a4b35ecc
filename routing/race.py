"""Race: several attempts at once; the first to say something goes on alone."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from routing.types import Loading, Queued

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from routing.attempt import AttemptRun
    from routing.types import Event

    Entry = tuple[AttemptRun, Event | None]


class Race:
    """Runs attempts side by side until one has its first token, then cancels the others.

    Read `events` to their end; then `runs` holds the attempts in the order in which they count: those that failed or
    lost, and last the one that answered.
    """

    def __init__(self, runs: Sequence[AttemptRun]) -> None:
        self.runs = list(runs)

    async def events(self) -> AsyncGenerator[Event]:
        """Yield the winner's events; before there is one, what the first to wait waits for, be it in line or a load."""
        inbox: asyncio.Queue[Entry] = asyncio.Queue()
        tasks = {run: asyncio.create_task(_pump(run, inbox), name=f"race {run.model.model_id}") for run in self.runs}
        winner: AttemptRun | None = None
        waits: AttemptRun | None = None  # who is heard waiting: two at once would talk across each other
        running = len(tasks)
        try:
            while running:
                run, event = await inbox.get()
                if event is None:
                    running -= 1
                    waits = None if waits is run else waits
                elif winner is None and isinstance(event, Queued | Loading):
                    waits = waits or run
                elif winner is None:
                    winner = run
                    await _cancel([task for other, task in tasks.items() if other is not run])
                if run is winner and event is None:
                    break
                if event is not None and run is (winner or waits):
                    yield event
        finally:
            await _cancel(list(tasks.values()))
            self.runs.sort(key=lambda run: run is winner)


async def _pump(run: AttemptRun, inbox: asyncio.Queue[Entry]) -> None:
    try:
        async with aclosing(run.events()) as events:
            async for event in events:
                inbox.put_nowait((run, event))
    finally:
        inbox.put_nowait((run, None))


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    # A bug in an attempt must not vanish with its task.
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome
