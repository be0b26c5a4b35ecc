"""The one writer: transactions in order, off the answer's path, tried again while the disk refuses them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from itertools import chain, islice
from typing import TYPE_CHECKING

from storage.errors import DiskFull, RowRefused, StorageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from storage.transaction import Statement

    Transaction = Sequence[Statement]

logger = logging.getLogger(__name__)

# A commit costs more than the statements in it. So many are done in tens of milliseconds, which others may wait for.
_GROUPED_AT_MOST = 100


class Writer:
    """Runs transactions one after the other in a task of its own. Lives from its making to `close`.

    `put` is for what may happen later: it never waits and never fails, and what the disk refuses stays in line, in
    order, until the disk takes it. What waits together is committed together. `write` is for what somebody waits for:
    tried once, ahead of the line.
    """

    def __init__(self, commit: Callable[[Transaction], Awaitable[None]], *, retry_seconds: float) -> None:
        self._commit = commit
        self._retry_seconds = retry_seconds
        self._line: deque[Transaction] = deque()
        self._urgent: deque[tuple[Transaction, asyncio.Future[None]]] = deque()
        self._flushes: list[asyncio.Future[None]] = []
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []  # tickets, and who waits for them
        self._settled = 0
        self._dropped = 0
        self._trouble: StorageError | None = None
        self._closing = False
        self._awake = asyncio.Event()
        self._task = asyncio.create_task(self._work(), name="database writer")

    @property
    def pending(self) -> int:
        """How many transactions wait in line."""
        return len(self._line)

    def put(self, transaction: Transaction, *, limit: int | None = None) -> int:
        """Get in line, unless `limit` transactions already wait. Returns a ticket for `settled`."""
        if limit is None or len(self._line) < limit:
            self._line.append(transaction)
            self._awake.set()
        else:
            self._drop()
        return self._settled + len(self._line)

    def settled(self, ticket: int) -> bool:
        """Whether the transaction of this ticket has left the line."""
        return self._settled >= ticket

    async def settle(self, ticket: int, timeout_seconds: float) -> bool:
        """Wait until the transaction of this ticket has left the line. False: it has not, by the end of the time or of
        the first try that was begun after the call.
        """
        if not self.settled(ticket) and not self._task.done():
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append((ticket, done))
            self._awake.set()
            await asyncio.wait([done], timeout=timeout_seconds)
            done.cancel()
        return self.settled(ticket)

    async def write(self, transaction: Transaction) -> None:
        """Return when the transaction is committed; raise StorageError when it is not, and never will be."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._urgent.append((transaction, done))
        self._awake.set()
        await done

    async def flush(self) -> None:
        """Try the whole line now. Raises StorageError when the disk refuses; the line is kept."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._flushes.append(done)
        self._awake.set()
        await done

    async def close(self) -> None:
        """Try the line a last time, then stop; what the disk still refuses is lost, and counted in the log."""
        self._closing = True
        self._awake.set()
        await self._task
        self._answer_waiters({done for _, done in self._waiters})
        if self._line:
            logger.error("%d entries could not be written before the database was closed", len(self._line))

    async def _work(self) -> None:
        is_last = False
        while not is_last:
            await self._sleep()
            is_last = self._closing
            await self._serve_urgent()
            await self._shorten_line()

    async def _sleep(self) -> None:
        # Whatever joins the line is also a reason to try again, so a lively chat notices a freed disk at once.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._retry_seconds if self._line else None):
                await self._awake.wait()
        self._awake.clear()

    async def _serve_urgent(self) -> None:
        while self._urgent:
            transaction, done = self._urgent.popleft()
            try:
                await self._commit(transaction)
            except StorageError as error:
                _settle(done, error)
            else:
                _settle(done, None)

    async def _shorten_line(self) -> None:
        # Who asks for a flush during this try is answered by the next one: this one may be failing already.
        flushes, self._flushes = self._flushes, []
        impatient = {done for _, done in self._waiters}
        try:
            while self._line:
                await self._commit_group()
                await self._serve_urgent()
        except StorageError as error:
            self._notice(error)
            self._answer_waiters(impatient)
        else:
            self._notice(None)
        for done in flushes:
            _settle(done, self._trouble)

    async def _commit_group(self) -> None:
        """Commit the first ones of the line together, or as many of them as are taken one by one."""
        group = list(islice(self._line, _GROUPED_AT_MOST))
        try:
            await self._commit(list(chain.from_iterable(group)))
        except (RowRefused, DiskFull):  # which one it was is not known, and the others may be taken
            for _ in group:
                await self._commit_first()
        else:
            self._advance(len(group))

    async def _commit_first(self) -> None:
        try:
            await self._commit(self._line[0])
        except RowRefused:  # it would be refused for ever, and hold up all that come after it
            logger.exception("An entry was refused and is dropped")
        self._advance(1)

    def _advance(self, count: int) -> None:
        for _ in range(count):
            self._line.popleft()
        self._settled += count
        self._answer_waiters()

    def _answer_waiters(self, impatient: Collection[asyncio.Future[None]] = ()) -> None:
        """Tell those whose transaction has left the line, and those who do not wait for another try."""
        waiting = []
        for ticket, done in self._waiters:
            if self.settled(ticket) or done in impatient:
                _settle(done, None)
            else:
                waiting.append((ticket, done))
        self._waiters = waiting

    def _drop(self) -> None:
        if not self._dropped:
            logger.error("%d entries wait in memory: the next ones are not kept on disk", len(self._line))
        self._dropped += 1

    def _notice(self, error: StorageError | None) -> None:
        """Log the first of a run of failures, and its end."""
        if error and type(error) is not type(self._trouble):
            logger.error("%s %d entries wait in memory", error, len(self._line), exc_info=error)
        elif self._trouble and not error:
            logger.warning("The database takes entries again; none wait, %d were dropped", self._dropped)
            self._dropped = 0
        self._trouble = error


def _settle(done: asyncio.Future[None], error: StorageError | None) -> None:
    if done.done():  # whoever waited was cancelled
        return
    if error:
        done.set_exception(error)
    else:
        done.set_result(None)
