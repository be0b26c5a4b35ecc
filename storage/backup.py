"""Backups: a database copied while it is in use, checked, and put back in the place of another."""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from storage.errors import (
    BackupRefused,
    DatabaseCorrupt,
    DatabaseForeign,
    DatabaseLocked,
    DatabaseNewer,
    DatabaseReadOnly,
    DiskFull,
    StorageError,
    storage_errors,
)
from storage.exchange import SIDE_FILES, behind_links, dated, in_use, put_in_place, remove, sync_folder
from storage.ownership import BACKUP_ID, check_ours, is_backup, may_be_ours, reading, tables_of
from storage.suspicion import clear

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

# Between two steps Ctrl-C is noticed. The copy is of one moment all the same, as one transaction reads all of it.
_PAGES_A_STEP = 4_096

# Our own statements are sound: where SQLite finds fault with one, the tables are damaged.
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}

# What was under way when the copy was made was done since, or is not wanted any more.
_RETIRE = {
    "inbox": "UPDATE inbox SET state = 'ended', body = '', standing = '[]', partial = '' WHERE state = 'waiting'",
    "outbox": "UPDATE outbox SET state = 'refused', body = '' WHERE state = 'waiting'",
}


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a database: turns of conversations, people with access, the time of the oldest turn (epoch)."""

    turns: int
    people: int
    since: float | None


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made; `replaces`: an older one that had its name is gone."""

    path: Path
    size_bytes: int
    contents: Contents
    replaces: bool


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, and where that is kept which was there before, if anything was."""

    contents: Contents
    kept: Path | None


def back_up(database_path: Path, target: Path, *, clock: Callable[[], float] = time.time) -> Made:
    """Copy a database, which may be in use, to a file, or to a dated one in a folder.

    Only a backup is overwritten, and only by one that is complete and sound. For its owner's eyes alone. Raises
    StorageError.
    """
    if not database_path.is_file():
        raise BackupRefused(database_path, f"There is no database {database_path}, so there is nothing to back up.")
    with _target_errors(target):
        path = _named(database_path, target, clock())
        replaces = path.exists()
    damaged = DatabaseCorrupt(database_path)
    with _unfinished(path) as copy:
        with storage_errors(database_path), closing(reading(database_path)) as source:
            check_ours(source, database_path)
            with _target_errors(path), _damage_is(damaged):
                _copy(source, copy)
        with _target_errors(path), _damage_is(damaged):
            contents = _finish(copy, BACKUP_ID, "quick_check", damaged)
            copy.replace(path)
            sync_folder(path.parent)
            return Made(path, path.stat().st_size, contents, replaces)


def restore(database_path: Path, backup: Path, *, clock: Callable[[], float] = time.time) -> Restored:
    """Put a backup in the place of a database that nobody uses, which is kept under a dated name.

    Nothing is changed unless all of it is done. Raises StorageError.
    """
    _check_source(database_path, backup)
    with storage_errors(database_path):
        path = behind_links(database_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        _check_replaceable(database_path, path)
        kept, was_there = dated(path, "before-restore", clock()), path.exists()
        with _unfinished(path) as copy:
            contents = _copied_back(backup, copy)
            _bring_together(path)
            put_in_place(copy, path, kept)
        clear(path)
    return Restored(contents, kept if was_there else None)


# --- copying ----------------------------------------------------------------------------------------------------------


def _copy(source: sqlite3.Connection, path: Path) -> None:
    source.execute("BEGIN")
    source.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()  # from here on it is of this moment
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        source.backup(copy, pages=_PAGES_A_STEP, progress=lambda *_: None)
    source.execute("COMMIT")


def _finish(path: Path, application_id: int, check: str, damaged: StorageError) -> Contents:
    """Make a copy whole in itself, look at it, and end what was under way in it. Raises `damaged`, sqlite3.Error."""
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()
        copy.execute("PRAGMA secure_delete = ON").fetchall()
        if copy.execute(f"PRAGMA {check}(1)").fetchall() != [("ok",)]:
            raise damaged
        copy.execute("BEGIN")
        copy.execute(f"PRAGMA application_id = {application_id}")
        for table in _RETIRE.keys() & tables_of(copy):
            copy.execute(_RETIRE[table])
        copy.execute("COMMIT")
        return _contents(copy)


def _contents(copy: sqlite3.Connection) -> Contents:
    ((turns, since),) = copy.execute("SELECT count(*), min(asked_at) FROM turns").fetchall()
    ((people,),) = copy.execute("SELECT count(*) FROM people").fetchall()
    return Contents(turns, people, since)


@contextmanager
def _damage_is(damaged: StorageError) -> Generator[None]:
    """Raise that for damage, of whichever of the two files SQLite speaks."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF not in _DAMAGED:
            raise
        raise damaged from error


@contextmanager
def _unfinished(path: Path) -> Generator[Path]:
    """A file beside the one it is to become, for its owner's eyes alone; gone at the end, unless it was renamed."""
    with _target_errors(path):
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".unfinished", dir=path.parent)
        os.close(descriptor)
    try:
        yield Path(name)
    finally:
        with suppress(OSError):
            remove(Path(name))


# --- where a backup goes ----------------------------------------------------------------------------------------------


def _named(database_path: Path, target: Path, now: float) -> Path:
    """The file to be written. Raises BackupRefused, OSError."""
    path = behind_links(target)
    if path.is_dir():
        return _dated_in(path, database_path, now)
    if not path.parent.is_dir():
        _refuse(target, f"There is no folder {path.parent} for the backup: make it, or name another place.")
    live = behind_links(database_path)
    if path in {live, *(live.with_name(live.name + suffix) for suffix in SIDE_FILES)}:
        _refuse(target, f"{target} is the database itself: name another file for the backup.")
    if path.exists() and not (path.is_file() and is_backup(path)):
        _refuse(target, f"{target} is there already and no backup of Switchboard's: name another file, or delete it.")
    return path


def _dated_in(folder: Path, database_path: Path, now: float) -> Path:
    name = f"{database_path.stem}-{time.strftime('%Y-%m-%d-%H%M%S', time.localtime(now))}"
    path, number = folder / f"{name}.db", 1
    while os.path.lexists(path):
        path, number = folder / f"{name}-{number + 1}.db", number + 1
    return path


@contextmanager
def _target_errors(path: Path) -> Generator[None]:
    """Say of a backup that cannot be written why."""
    try:
        with storage_errors(path):
            yield
    except DiskFull as error:
        raise BackupRefused(
            path, f"The disk of {path.parent} is full: free some space there, or name another place for the backup."
        ) from error
    except DatabaseReadOnly as error:
        raise BackupRefused(
            path, f"{path} may not be written: give this user the right to, or name another place for the backup."
        ) from error
    except (BackupRefused, DatabaseCorrupt):
        raise
    except StorageError as error:
        sentence = f"The backup {path} could not be written: check its disk, or name another place."
        raise BackupRefused(path, sentence) from error


# --- what is put back, and where --------------------------------------------------------------------------------------


def _check_source(database_path: Path, backup: Path) -> None:
    try:
        mode = backup.stat().st_mode
    except FileNotFoundError:
        _refuse(backup, f"There is no file {backup}.")
    except OSError as error:
        _refuse(backup, f"{backup} cannot be read: {error.strerror}.", error)
    if stat.S_ISDIR(mode):
        _refuse(backup, f"{backup} is a folder: name the backup that is to be restored.")
    if not stat.S_ISREG(mode):
        _refuse(backup, f"{backup} is no file, so it cannot be restored.")
    if behind_links(backup) == behind_links(database_path):
        _refuse(backup, f"{backup} is the database itself: name the backup that is to be restored.")


def _copied_back(backup: Path, copy: Path) -> Contents:
    """Copy a backup, whatever made it, and look at all of it. Raises StorageError, sqlite3.Error."""
    damaged = BackupRefused(backup, f"{backup} is damaged, so nothing was restored: take another backup.")
    with ExitStack() as held:
        with _source_errors(backup, damaged):
            source = held.enter_context(closing(_opened(backup)))
            check_ours(source, backup)
        with _damage_is(damaged):
            _copy(source, copy)
    with _damage_is(damaged):
        return _finish(copy, 0, "integrity_check", damaged)


@contextmanager
def _source_errors(backup: Path, damaged: BackupRefused) -> Generator[None]:
    """Say of a file that is no backup, or cannot be read, why."""
    try:
        with storage_errors(backup):
            yield
    except DatabaseForeign as error:
        _refuse(backup, f"{backup} is no backup of Switchboard's, so nothing was restored.", error)
    except DatabaseNewer as error:
        _refuse(
            backup, f"{backup} was written by a newer version of Switchboard: update it first, then restore.", error
        )
    except DatabaseCorrupt as error:
        if may_be_ours(backup):
            raise damaged from error
        _refuse(backup, f"{backup} is no database, so nothing was restored.", error)
    except StorageError as error:
        _refuse(backup, f"{backup} cannot be read: give this user the right to, or copy it to another place.", error)


def _opened(backup: Path) -> sqlite3.Connection:
    """Open it where it is; what has no log beside it needs none, not even on a disk that cannot be written."""
    has_log = any(backup.with_name(backup.name + suffix).exists() for suffix in ("-wal", "-journal"))
    return reading(backup, immutable=not has_log)


def _check_replaceable(database_path: Path, path: Path) -> None:
    """Refuse to take another program's file out of its place, or one that somebody uses."""
    if not path.exists():
        return
    if not may_be_ours(path):
        with closing(reading(path)) as connection:
            check_ours(connection, database_path)
    if in_use(path):
        raise DatabaseLocked(database_path)


def _bring_together(path: Path) -> None:
    """Take what a crash left in the log into the file, so that it is one again; of a damaged one, what can be."""
    if path.exists():
        with suppress(sqlite3.Error), closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE").fetchall()


def _refuse(path: Path, sentence: str, reason: BaseException | None = None) -> NoReturn:
    raise BackupRefused(path, sentence) from reason
