"""Puts a finished database in the place of another, which is kept beside it under a dated name."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

SIDE_FILES = ("-wal", "-shm", "-journal")
"""What SQLite puts behind a database's name for the files beside it; one that stays behind would spoil the next."""

# The bytes that every connection to a database in WAL mode keeps a read lock on ("The Lock-Byte Page", fileformat2.html
# of SQLite: 510 shared bytes behind the pending and the reserved one).
_SHARED_FIRST, _SHARED_COUNT = 0x40000002, 510


def behind_links(path: Path) -> Path:
    """The file that a path leads to: what SQLite keeps beside a database is beside that one."""
    return Path(os.path.realpath(path))


def in_use(path: Path) -> bool:
    """Whether another process has the database open, whatever state it is in.

    Ask only while this process has not: looking gives its own locks away. Raises OSError.
    """
    if not path.exists():
        return False
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, _SHARED_COUNT, _SHARED_FIRST)
    except (BlockingIOError, PermissionError):
        return True
    finally:
        os.close(descriptor)
    return False


def dated(path: Path, word: str, now: float) -> Path:
    """A name beside the file that nothing has yet, such as switchboard.db.damaged-2025-11-21-122301."""
    name = f"{path.name}.{word}-{time.strftime('%Y-%m-%d-%H%M%S', time.localtime(now))}"
    names = (f"{name}-{number}" if number > 1 else name for number in count(1))
    return next(free for free in map(path.with_name, names) if not os.path.lexists(free))


def put_in_place(new: Path, path: Path, kept: Path) -> None:
    """Give `new`, which has no files beside it, the name `path`; what had it is called `kept` from then on.

    Whoever looks finds one of the two at any moment, also after a crash. Raises OSError.
    """
    _drop_empty_log(path)
    for suffix in SIDE_FILES:
        with suppress(FileNotFoundError):
            _beside(path, suffix).rename(_beside(kept, suffix))
    with suppress(FileNotFoundError):
        _name_too(path, kept)
    new.replace(path)
    sync_folder(path.parent)


def remove(path: Path) -> None:
    """Delete a database and the files beside it, as far as they are there. Raises OSError."""
    for file in (path, *(_beside(path, suffix) for suffix in SIDE_FILES)):
        file.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Have new names outlive a power cut, where the disk can promise that."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _drop_empty_log(path: Path) -> None:
    """Delete what merely looking at a database leaves beside it: a log without entries, and the index of it."""
    log = _beside(path, "-wal")
    if log.exists() and not log.stat().st_size:
        log.unlink()
        _beside(path, "-shm").unlink(missing_ok=True)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _name_too(path: Path, second: Path) -> None:
    """Give a file a second name; where the disk knows but one a file, that one."""
    try:
        os.link(path, second, follow_symlinks=True)
    except FileNotFoundError:
        raise
    except OSError:
        path.rename(second)
