"""The error tree of the service room, drawn here.

ServiceError
├── AlreadyRunning        another process runs the bot on this database
├── LockRefused           the lock file beside the database cannot be opened
├── NoServiceHere         this system, or this user, can have no service
├── NotInstalled          there is no service yet
├── FolderUnusable        a folder's name, or what may be done in it, allows no service there
└── ToolFailed            launchctl or systemctl refused

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


class NoServiceHere(ServiceError):
    """Raised for root, and on a system that has neither launchd nor systemd."""


class NotInstalled(ServiceError):
    """Raised when a service that is not installed should do something."""

    def __init__(self) -> None:
        super().__init__("No service is installed: `scripts/run service install` does it.")


class FolderUnusable(ServiceError):
    """Raised when a definition cannot name a folder, or cannot be written."""


class ToolFailed(ServiceError):
    """Raised when launchctl or systemctl refuses; the text holds its own words."""
