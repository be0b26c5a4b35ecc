"""The database: opened and brought up to date, one writer and a reader beside it (WAL), closed."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import sys
import time
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Self

import aiosqlite

from storage.errors import DatabaseClosed, DatabaseCorrupt, storage_errors
from storage.migrations import migrate
from storage.ownership import refuse_foreign
from storage.suspicion import storage_errors_remembered
from storage.transaction import execute, transaction
from storage.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path

    from storage.transaction import Statement

logger = logging.getLogger(__name__)

# secure_delete: what somebody asked to forget is overwritten, not only unlinked.
_WRITER_PRAGMAS = ("foreign_keys = ON", "secure_delete = ON")
# With a write-ahead log, NORMAL syncs before each checkpoint and FULL after each commit as well. On a Mac, a sync alone
# leaves the rest to the drive, which may lose it: fullfsync makes the drive finish too. Elsewhere it does nothing.
_SYNC_PRAGMAS = {
    "normal": ("synchronous = NORMAL",),
    "full": ("synchronous = FULL", "fullfsync = ON", "checkpoint_fullfsync = ON"),
}
_NEVER = sys.maxsize  # the ticket of what is not written


class Database:
    """One SQLite file. Made by `open`; an async context manager that closes on exit.

    Each of its two connections is owned by a thread, so nothing here blocks the event loop.
    """

    def __init__(  # noqa: PLR0913 - `open` alone calls it, with what it has opened
        self,
        path: Path,
        *,
        held: AsyncExitStack,
        writing: aiosqlite.Connection,
        reading: aiosqlite.Connection,
        prompt_key: bytes,
        retry_seconds: float,
    ) -> None:
        self.path = path
        self.prompt_key = prompt_key
        self._held = held
        self._writing = writing
        self._reading = reading
        self._closed = False
        self._writer = Writer(self._commit, retry_seconds=retry_seconds)

    @classmethod
    async def open(
        cls, path: Path, sync: str = "normal", *, busy_timeout_seconds: float = 5.0, retry_seconds: float = 5.0
    ) -> Self:
        """Open or create the file, and the folders above it. Raises StorageError with a sentence that says what to do.

        `sync`: with "normal" what is committed outlives a crash of the program, with "full" a power cut too.
        `busy_timeout_seconds` is how long to wait for another program's lock, `retry_seconds` how often the disk is
        tried again with what it refused.
        """
        async with AsyncExitStack() as held:
            with storage_errors(path), _schema_errors(path):
                await asyncio.to_thread(_create, path)
                await asyncio.to_thread(refuse_foreign, path)
                writing = await held.enter_async_context(_connection(path, busy_timeout_seconds))
                await _use_write_ahead_log(writing, busy_timeout_seconds)
                await _configure(writing, *_WRITER_PRAGMAS, *_SYNC_PRAGMAS[sync])
                await migrate(writing, path)
                reading = await held.enter_async_context(_connection(path, busy_timeout_seconds))
                await _configure(reading, "query_only = ON")
                reading.row_factory = sqlite3.Row
                prompt_key = await _prompt_key(reading)
            return cls(
                path,
                held=held.pop_all(),
                writing=writing,
                reading=reading,
                prompt_key=prompt_key,
                retry_seconds=retry_seconds,
            )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def read(self, sql: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[sqlite3.Row]:
        """Every row of a query, by place and by name, as committed until now. Raises StorageError."""
        self._check_open()
        async with storage_errors_remembered(self.path):
            return list(await self._reading.execute_fetchall(sql, values))

    async def write(self, *statements: Statement) -> None:
        """Commit the statements as one transaction, ahead of what waits in line. Raises StorageError: then none is."""
        self._check_open()
        await self._writer.write(statements)

    def put(self, *statements: Statement, limit: int | None = None) -> int:
        """Have the statements committed soon, as one transaction, after all that were put before. Returns a ticket.

        Never waits and never fails: while the disk refuses, transactions wait in memory, in order. Where `limit` of
        them already wait, this one is dropped, which the log says once. So it is after `close`.
        """
        if self._closed:
            logger.error("The database is closed: an entry is dropped")
            return _NEVER
        return self._writer.put(statements, limit=limit)

    @property
    def pending(self) -> int:
        """How many transactions wait to be committed."""
        return self._writer.pending

    def settled(self, ticket: int) -> bool:
        """Whether what was put for this ticket is committed (or refused for good): a read will see it."""
        return self._writer.settled(ticket)

    async def settle(self, ticket: int, timeout_seconds: float) -> bool:
        """Wait until what was put for this ticket is committed. False: the disk refuses it, or the time is over.

        It stays in line then, and is committed when the disk takes it again.
        """
        return await self._writer.settle(ticket, timeout_seconds)

    async def flush(self) -> None:
        """Commit now all that was put. Raises StorageError when the disk refuses; what waits is kept."""
        self._check_open()
        await self._writer.flush()

    async def erase_traces(self) -> None:
        """Bring the files up to what was committed: what was deleted stands in none of them any more.

        Until then it is still in the file, or in the write-ahead log. Raises StorageError.
        """
        # The reader may do so: it writes nothing of its own, and the writer's transactions go on meanwhile.
        await self.read("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        """Commit what waits, then close; the log counts what the disk refuses even now. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        await self._writer.close()
        with storage_errors(self.path):
            await self._held.aclose()

    def _check_open(self) -> None:
        if self._closed:
            raise DatabaseClosed(self.path)

    async def _commit(self, statements: Sequence[Statement]) -> None:
        async with storage_errors_remembered(self.path), transaction(self._writing):
            for statement in statements:
                await execute(self._writing, statement)


@contextmanager
def _schema_errors(path: Path) -> Generator[None]:
    """Only our own statements run at opening: where SQLite finds fault with one, the tables are damaged."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
            raise DatabaseCorrupt(path) from error
        raise


def _create(path: Path) -> None:
    """Make the file with the owner's rights alone, as SQLite would not; its journal files inherit them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _connection(path: Path, busy_timeout_seconds: float) -> aiosqlite.Connection:
    # isolation_level None: transactions begin and end where `transaction` says, and nowhere else.
    return aiosqlite.connect(path, isolation_level=None, timeout=busy_timeout_seconds)


async def _configure(connection: aiosqlite.Connection, *pragmas: str) -> None:
    for pragma in pragmas:
        await connection.execute_fetchall(f"PRAGMA {pragma}")


async def _use_write_ahead_log(connection: aiosqlite.Connection, patience_seconds: float) -> None:
    # For this change SQLite does not always wait for a lock: two that open a new file would get into each other's way.
    give_up_at = time.monotonic() + patience_seconds
    while True:
        try:
            return await _configure(connection, "journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= give_up_at:
                raise
        await asyncio.sleep(0.01)


async def _prompt_key(connection: aiosqlite.Connection) -> bytes:
    ((key,),) = await connection.execute_fetchall("SELECT value FROM secrets WHERE name = 'prompt_key'")
    return bytes(key)
