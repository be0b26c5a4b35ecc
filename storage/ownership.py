"""Tells whose a file is: a database of this version or a newer one, a backup, or somebody else's."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from storage.errors import DatabaseForeign, DatabaseNewer
from storage.migrations import MIGRATIONS

if TYPE_CHECKING:
    from pathlib import Path

BACKUP_ID = 0x53574255
"""The application id (a field of SQLite's header that is there for such marks) of a backup: "SWBU"."""

_MAGIC = b"SQLite format 3\x00"
_APPLICATION_ID = slice(68, 72)
_HEAD_BYTES = 1_000_000
# The record of migrations, made first of all, and its first entry stand near the beginning of every database of ours.
_TRACES = (b"CREATE TABLE migrations", MIGRATIONS[0].__name__.encode())
_ANY_SCHEMA = b"CREATE "


def reading(path: Path, *, immutable: bool = False, timeout_seconds: float = 5.0) -> sqlite3.Connection:
    """Open a file that must be there for reading alone: closing it writes nothing. Raises sqlite3.Error."""
    address = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' * immutable}"
    return sqlite3.connect(address, uri=True, isolation_level=None, timeout=timeout_seconds)


def tables_of(connection: sqlite3.Connection) -> set[str]:
    """The names in a database's schema. Raises sqlite3.Error."""
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}


def check_ours(connection: sqlite3.Connection, path: Path) -> None:
    """Raise DatabaseForeign or DatabaseNewer where this version has no business; sqlite3.Error where it cannot see."""
    if "migrations" not in tables_of(connection):
        raise DatabaseForeign(path)
    known = {migration.__name__ for migration in MIGRATIONS}
    if {name for (name,) in connection.execute("SELECT name FROM migrations")} - known:
        raise DatabaseNewer(path)


def refuse_foreign(path: Path) -> None:
    """Raise DatabaseForeign for another program's database, before anything in it is changed."""
    with suppress(sqlite3.Error), closing(reading(path, timeout_seconds=0.0)) as connection:  # whoever opens it is told
        tables = tables_of(connection)
        if tables and "migrations" not in tables:
            raise DatabaseForeign(path)


def may_be_ours(path: Path) -> bool:
    """Whether a file, damaged or not, may be moved out of a database's place: another's, or a newer one, may not.

    Where its tables cannot be read, a trace of ours will do; without one it must be nothing that anybody could miss,
    such as a database that broke off at once or zeroes that a power cut left. Raises OSError.
    """
    try:
        with closing(reading(path)) as connection:
            if tables_of(connection):
                check_ours(connection, path)
    except (DatabaseForeign, DatabaseNewer):
        return False
    except sqlite3.Error:
        return _has_trace_of_ours(_head(path))
    return True


def is_backup(path: Path) -> bool:
    """Whether a file was made as a backup. Raises OSError."""
    head = _head(path, 100)
    return head.startswith(_MAGIC) and head[_APPLICATION_ID] == BACKUP_ID.to_bytes(4, "big")


def _has_trace_of_ours(head: bytes) -> bool:
    if any(trace in head for trace in _TRACES):
        return True
    return _ANY_SCHEMA not in head and (head.startswith(_MAGIC) or not head.strip(b"\x00"))


def _head(path: Path, length: int = _HEAD_BYTES) -> bytes:
    with path.open("rb") as file:
        return file.read(length)
