"""What the MLX worker has said of each request and nobody has read yet."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from routing.model_backends.mlx_protocol import (
    Done,
    Failed,
    Forgotten,
    Heartbeat,
    Loaded,
    LoadProgressed,
    Piece,
    Queued,
    Unloaded,
    WorkerFailure,
)

if TYPE_CHECKING:
    from routing.model_backends.mlx_protocol import Report

_LAST_WORDS = (Loaded, Unloaded, Forgotten, Done)
# Of these only the newest one counts.
_REPLACED = (Heartbeat, LoadProgressed, Queued)


class WorkerSaid(Exception):
    """The worker's details of a failure, kept as the cause of our error: for the log, never for people."""


class Reports:
    """One request's reports, in their order. An iteration ends after the last word, or raises WorkerFailure.

    What waits to be read is joined, so that a slow reader holds no more than the answer itself.
    """

    def __init__(self) -> None:
        self.ended = False
        """The worker has nothing more to say of this request."""
        self._waiting: deque[Report] = deque()
        self._failure: WorkerFailure | None = None
        self._arrived = asyncio.Event()

    def put(self, report: Report) -> None:
        """Take in what the worker says; what follows a last word is dropped."""
        if self.ended:
            return
        if isinstance(report, Failed):
            failure = WorkerFailure(report.kind, report.sentence)
            failure.__cause__ = WorkerSaid(report.detail) if report.detail else None
            self.fail(failure)
            return
        last = self._waiting.pop() if self._waiting else None
        self._waiting += _joined(last, report) if last else (report,)
        self.ended = isinstance(report, _LAST_WORDS)
        self._arrived.set()

    def fail(self, failure: WorkerFailure) -> None:
        """End the request with a failure, which follows what is still unread."""
        if not self.ended:
            self.ended, self._failure = True, failure
            self._arrived.set()

    def __aiter__(self) -> Reports:
        return self

    async def __anext__(self) -> Report:
        while not self._waiting:
            if self._failure:
                raise self._failure
            if self.ended:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.popleft()


def _joined(last: Report, report: Report) -> tuple[Report, ...]:
    """Make one of two that follow each other, where nothing is lost by it: within a piece reasoning comes first."""
    if isinstance(last, Piece) and isinstance(report, Piece) and not (last.text and report.reasoning):
        return (Piece(last.id, last.text + report.text, last.reasoning + report.reasoning),)
    if isinstance(report, _REPLACED) and type(last) is type(report):
        return (report,)
    return (last, report)
