"""What differs for a bot that no person started: where it logs, and how it ends when only a person can help."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from service.job import LOG, MARK, log_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONSOLE_BYTES = 1_000_000
# EX_CONFIG of sysexits.h: the unit names it as the one status after which systemd starts nothing again.
_ONLY_A_PERSON_HELPS = 78


def final_status(platform: str = sys.platform) -> int:
    """Choose the exit status of a bot that would only fail again: launchd leaves none but a success alone."""
    return 0 if platform == "darwin" else _ONLY_A_PERSON_HELPS


def default_log_file() -> Path:
    """Name the log of a service whose settings name none, in a folder that is made if it can be."""
    folder = log_folder()
    with suppress(OSError):  # opening the log says it
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / LOG


def begin_console(now: Callable[[], datetime] = datetime.now) -> None:
    """Mark the start in what this process says outside its log; a file of it that has grown is emptied first.

    No system ever empties it, and a start that fails is repeated every ten seconds.
    """
    for descriptor in (1, 2):
        with suppress(OSError):
            found = os.fstat(descriptor)
            if stat.S_ISREG(found.st_mode) and found.st_size > CONSOLE_BYTES:
                os.ftruncate(descriptor, 0)
    with suppress(OSError):
        sys.stdout.write(f"{MARK}{now():%Y-%m-%d %H:%M:%S} start of process {os.getpid()}\n")
        sys.stdout.flush()
