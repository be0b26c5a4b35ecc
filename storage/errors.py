"""The error tree of storage, drawn here, and the one place where SQLite's and the system's errors enter it.

StorageError
├── DatabaseReadOnly      the file or its folder may not be written
├── DatabaseLocked        another program holds the write lock
├── DatabaseNewer         a newer version of Switchboard wrote the file
├── DatabaseCorrupt       the file is damaged, or no SQLite database at all
├── DatabaseForeign       the file is another program's database
├── DatabaseUnreachable   the file cannot be opened or its disk cannot be read
├── DatabaseClosed        it was closed, the process is ending
├── DiskFull              there is no room for another page
├── BackupRefused         a backup cannot be made or put back as it was asked for
└── RowRefused            SQLite refused a statement or a value: a bug of ours, not the disk's

The text of each is one plain sentence that is shown to people.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


class StorageError(Exception):
    """Anything that storage raises on purpose."""

    sentence = "The database {path} failed."

    def __init__(self, path: Path) -> None:
        super().__init__(self.sentence.format(path=path))
        self.path = path


class DatabaseReadOnly(StorageError):
    """Raised when the file or its folder may not be written; background writes are kept and tried again."""

    sentence = (
        "The database {path} may not be written: give this user the right to write to the file and its folder, "
        "or set DATABASE_PATH to another place."
    )


class DatabaseLocked(StorageError):
    """Raised when another program held the write lock for too long; background writes are kept and tried again."""

    sentence = "The database {path} is locked: close the other program that uses it, or a second Switchboard."


class DatabaseNewer(StorageError):
    """Raised at start when the file holds migrations that this version does not know."""

    sentence = (
        "The database {path} was written by a newer version of Switchboard: update Switchboard, "
        "or set DATABASE_PATH to another file."
    )


class DatabaseCorrupt(StorageError):
    """Raised when the file is damaged, or no SQLite database at all."""

    sentence = "The database {path} is damaged: put back a backup, or move the file away to begin a new one."


class DatabaseForeign(StorageError):
    """Raised at start when the file is another program's database; nothing in it is touched."""

    sentence = "The database {path} belongs to another program: set DATABASE_PATH to another file."


class DatabaseUnreachable(StorageError):
    """Raised when the file cannot be opened or its disk cannot be read; background writes are tried again."""

    sentence = "The database {path} cannot be opened: check that DATABASE_PATH names a file and that its disk is there."


class DatabaseClosed(StorageError):
    """Raised when the database is used after it was closed."""

    sentence = "The database {path} is closed because Switchboard is stopping: try again when it runs."


class DiskFull(StorageError):
    """Raised when there is no room for another page; background writes are kept and tried again."""

    sentence = "The disk that holds the database {path} is full: free some space, then go on."


class BackupRefused(StorageError):
    """Raised when a backup cannot be made or put back as it was asked for; nothing was changed."""

    def __init__(self, path: Path, sentence: str) -> None:
        super().__init__(path)
        self.args = (sentence,)


class RowRefused(StorageError):
    """Raised when SQLite refuses a statement or a value; trying again would not help."""

    sentence = "The database {path} refused an entry, which is a fault of Switchboard: the log has the details."


_BY_RESULT_CODE: dict[int, type[StorageError]] = {
    sqlite3.SQLITE_READONLY: DatabaseReadOnly,
    sqlite3.SQLITE_PERM: DatabaseReadOnly,
    sqlite3.SQLITE_AUTH: DatabaseReadOnly,
    sqlite3.SQLITE_BUSY: DatabaseLocked,
    sqlite3.SQLITE_LOCKED: DatabaseLocked,
    sqlite3.SQLITE_CORRUPT: DatabaseCorrupt,
    sqlite3.SQLITE_NOTADB: DatabaseCorrupt,
    sqlite3.SQLITE_CANTOPEN: DatabaseUnreachable,
    sqlite3.SQLITE_IOERR: DatabaseUnreachable,
    sqlite3.SQLITE_FULL: DiskFull,
    # SQLite says so when a full disk has no room for the index of the write-ahead log.
    sqlite3.SQLITE_IOERR_SHMSIZE: DiskFull,
}

_BY_ERRNO: dict[int | None, type[StorageError]] = {
    errno.EACCES: DatabaseReadOnly,
    errno.EPERM: DatabaseReadOnly,
    errno.EROFS: DatabaseReadOnly,
    errno.ENOSPC: DiskFull,
    errno.EDQUOT: DiskFull,
}


@contextmanager
def storage_errors(path: Path) -> Generator[None]:
    """Translate what SQLite, its Python module and the file system raise."""
    try:
        yield
    except sqlite3.Error as error:
        raise _class_of(error, path)(path) from error
    except OSError as error:
        raise _BY_ERRNO.get(error.errno, DatabaseUnreachable)(path) from error
    except (OverflowError, UnicodeError) as error:  # a value that cannot be bound
        raise RowRefused(path) from error


def _class_of(error: sqlite3.Error, path: Path) -> type[StorageError]:
    # The Python module's own errors, such as one for a wrong number of values, carry no result code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    # The low byte is the primary result code, the rest says more of it.
    found = _BY_RESULT_CODE.get(code) or _BY_RESULT_CODE.get(code & 0xFF, RowRefused)
    # On a disk that is mounted read-only SQLite merely cannot open its log beside the file.
    return DatabaseReadOnly if found is DatabaseUnreachable and _is_read_only(path) else found


def _is_read_only(path: Path) -> bool:
    effective = os.access in os.supports_effective_ids
    return path.is_file() and not os.access(path, os.W_OK, effective_ids=effective)
