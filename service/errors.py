"""The error tree of the service room, drawn here.

ServiceError
├── AlreadyRunning        another process runs the bot on this database
└── LockRefused           the lock file beside the database cannot be opened

The text of each is one plain sentence that is shown to people.
"""

from __future__ import annotations


class ServiceError(Exception):
    """Anything that this room raises on purpose."""


class AlreadyRunning(ServiceError):
    """Raised when another process holds the lock; `pid` is its number, 0 where it cannot be told."""

    def __init__(self, pid: int) -> None:
        which = f"process {pid}" if pid else "another process"
        super().__init__(
            f"Switchboard already runs on this database ({which}): stop that one first, with Ctrl-C or "
            "`scripts/run service stop`, or set DATABASE_PATH to another file."
        )
        self.pid = pid


class LockRefused(ServiceError):
    """Raised when the file that keeps a second bot away cannot be opened."""
