"""A damaged database is set aside at the start, and a new one begun with what can still be read of it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from storage.database import Database
from storage.errors import DatabaseCorrupt, StorageError, storage_errors
from storage.exchange import behind_links, dated, in_use, put_in_place, remove
from storage.ownership import check_ours, may_be_ours, reading, tables_of
from storage.salvage import PRECIOUS, carry_over
from storage.suspicion import clear, is_suspect

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from storage.salvage import Salvage

log = logging.getLogger(__name__)

CHECK_SECONDS = 0.3
"""How long the start looks for damage, unless it showed before; a gigabyte that is in memory takes twice as long."""

_INTERRUPTS_EVERY_SECONDS = 0.01
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


async def open_sound(
    path: Path, sync: str = "normal", *, check_seconds: float = CHECK_SECONDS, clock: Callable[[], float] = time.time
) -> tuple[Database, tuple[str, ...]]:
    """Open a database; where it is damaged, a new one instead. What was done is told in sentences, for whoever runs it.

    `sync` is as for `Database.open`; `check_seconds` is how long to look at it, unless damage showed before.
    Raises StorageError, for a damaged one too: where another process has it open, or where it may be another program's.
    """
    told: tuple[str, ...] = ()
    if await asyncio.to_thread(is_damaged, path, check_seconds):
        told = await _set_aside(path, clock())
    try:
        return await Database.open(path, sync), told
    except DatabaseCorrupt:  # which the check had no time to find
        if told or not (told := await _set_aside(path, clock())):
            raise
    return await Database.open(path, sync), told


def is_damaged(path: Path, check_seconds: float = CHECK_SECONDS) -> bool:
    """Whether damage can be found in that time; in all the time it takes, where it showed before.

    What keeps it from being looked at is not damage, and is said by `Database.open`.
    """
    if not path.is_file():
        return False
    thoroughly = is_suspect(path)
    if thoroughly:
        log.warning("Damage showed in the database %s before: all of it is looked at now", path)
    try:
        with closing(reading(path, timeout_seconds=0.1)) as connection:
            is_sound = _is_sound(connection, path, None if thoroughly else check_seconds)
    except sqlite3.Error as error:
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED
    if is_sound and thoroughly:
        log.warning("The database %s is sound", path)
        with storage_errors(path):
            clear(path)
    return not is_sound


def _is_sound(connection: sqlite3.Connection, path: Path, limit_seconds: float | None) -> bool:
    tables = tables_of(connection)
    if not tables:
        return True
    try:
        check_ours(connection, path)
    except StorageError:  # it will be refused, whatever state it is in
        return True
    small = [table.name for table in PRECIOUS if table.is_small and table.name in tables]
    everything = "quick_check(1)" if limit_seconds else "integrity_check(1)"
    # What must not be lost is looked at first: of a large database the time does not suffice for more than a part.
    checks = (*(f"quick_check({name})" for name in ("migrations", *small)), everything)
    with _limited(connection, limit_seconds):
        return all(_answers_ok(connection, check) for check in checks)


def _answers_ok(connection: sqlite3.Connection, check: str) -> bool:
    try:
        return connection.execute(f"PRAGMA {check}").fetchall() == [("ok",)]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return True  # as far as could be seen


@contextmanager
def _limited(connection: sqlite3.Connection, seconds: float | None) -> Generator[None]:
    """Interrupt what the connection does after so long, and what it begins after that.

    A progress handler would not do: while SQLite walks through the pages of a table it asks none, which with a gigabyte
    on a disk takes half a minute (measured with 3.40).
    """
    done = threading.Event()

    def interrupt() -> None:
        patience_seconds = seconds
        while not done.wait(patience_seconds):
            connection.interrupt()  # which is lost between two statements, hence again
            patience_seconds = _INTERRUPTS_EVERY_SECONDS

    watching = threading.Thread(target=interrupt, name="limit of the look for damage")
    watching.start()
    try:
        yield
    finally:
        done.set()
        watching.join()


async def _set_aside(path: Path, now: float) -> tuple[str, ...]:
    """Put a new database in the place of a damaged one; say so, or nothing where it must stay where it is."""
    try:
        with storage_errors(path):
            file = await asyncio.to_thread(behind_links, path)
            if not await asyncio.to_thread(may_be_ours, file) or await asyncio.to_thread(in_use, file):
                log.error("The database %s is damaged, but another program's or in use: it stays as it is", path)
                return ()
            kept, salvage = await _replaced(file, now)
    except StorageError as error:
        log.error("The damaged database could not be set aside: %s", error, exc_info=error)  # noqa: TRY400 - it goes on
        return ()
    told = (
        f"The database {path} was damaged. It is kept as {kept}, and a new one was begun with "
        f"{salvage.described()}. To put back a backup, stop Switchboard and run `scripts/run restore PATH`."
    )
    log.error("%s", told)
    return (told,)


async def _replaced(path: Path, now: float) -> tuple[Path, Salvage]:
    """Build the new one whole before anything is moved, so that a failure, or a crash, costs nothing."""
    fresh = path.with_name(f"{path.name}.fresh")
    await asyncio.to_thread(remove, fresh)
    async with await Database.open(fresh) as database:
        salvage = await carry_over(path, database)
        await database.erase_traces()
    kept = dated(path, "damaged", now)
    await asyncio.to_thread(put_in_place, fresh, path, kept)
    await asyncio.to_thread(clear, path)
    return kept, salvage
