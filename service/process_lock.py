"""The process lock: one running bot a database, held by the system, so that no crash leaves it behind."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from service.errors import AlreadyRunning, LockRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

log = logging.getLogger(__name__)

# `holder` takes the lock for an instant to see whether it is free; whoever starts in that instant tries again.
TRIES = 5
RETRY_SECONDS = 0.1
_PID_BYTES = 20
# A full disk or one that knows no locks keeps no bot from its work: Telegram refuses a second poller all the same.
_NO_LOCKS_HERE = {errno.ENOSPC, errno.EDQUOT, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


def lock_path(database_path: Path) -> Path:
    """Name the lock file: beside the database itself, whichever link leads to it."""
    resolved = database_path.resolve()
    return resolved.with_name(f"{resolved.name}.lock")


@contextmanager
def held(database_path: Path, *, sleep: Callable[[float], object] = time.sleep) -> Generator[None]:
    """Hold the database's lock. Raises AlreadyRunning with the pid of who has it, LockRefused."""
    path = lock_path(database_path)
    with _opened(path) as descriptor:
        if descriptor is None:
            yield
            return
        _take(descriptor, path, sleep)
        try:
            yield
        finally:
            with suppress(OSError):
                os.ftruncate(descriptor, 0)  # not deleted: two could then hold two files of one name


def holder(database_path: Path) -> int | None:
    """Tell the pid of the bot that runs on this database, 0 if that is not known yet; None when none runs."""
    path = lock_path(database_path)
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:  # there is none, or it belongs to somebody else, who is asked by taking it
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid_in(path)
    except OSError:  # this disk knows no locks
        return None
    finally:
        os.close(descriptor)  # gives back a lock that was taken
    return None


@contextmanager
def _opened(path: Path) -> Generator[int | None]:
    """Open the file, or say why not; None where locks cannot be had."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)  # the database's own folder may not be there yet either
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        if error.errno not in _NO_LOCKS_HERE:
            raise LockRefused(
                f"The lock file {path} cannot be opened: {error.strerror}. Give this user the right to write to its "
                "folder, or set DATABASE_PATH to another place."
            ) from error
        log.warning("the bot runs without its lock, as %s cannot be made: %s", path, error.strerror)
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path, sleep: Callable[[float], object]) -> None:
    for _ in range(TRIES - 1):
        if _took(descriptor, path):
            return
        sleep(RETRY_SECONDS)
    if not _took(descriptor, path):
        raise AlreadyRunning(_pid_in(path))


def _took(descriptor: int, path: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS_HERE:
            raise LockRefused(f"The lock file {path} cannot be locked: {error.strerror}.") from error
        log.warning("the bot runs without its lock, as the disk of %s has none: %s", path, error.strerror)
        return True
    with suppress(OSError):  # on a full disk the lock holds, and only the number is missing
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return True


def _pid_in(path: Path) -> int:
    with suppress(OSError, ValueError), path.open("rb") as file:
        return int(file.read(_PID_BYTES))
    return 0
