"""What is to be run as a service, and in which state it is."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from service.errors import FolderUnusable

TEMPLATES = Path(__file__).parent.parent / "deploy"
CONSOLE = "console.log"
LOG = "switchboard.log"
MARK = "--- "  # before each start in the console's file


@dataclass(frozen=True, slots=True)
class Job:
    """The program: `home` is its folder, `python` what runs it, `logs` the folder for what it writes."""

    home: Path
    python: Path
    logs: Path

    def values(self) -> dict[str, str]:
        """What a template asks for. Raises FolderUnusable for a name that no definition can hold."""
        values = {"home": str(self.home), "python": str(self.python), "logs": str(self.logs)}
        for path in values.values():
            if not path.isprintable() or path != path.strip() or path.endswith("\\"):
                raise unusable(path)
        return values


def unusable(path: str) -> FolderUnusable:
    """Word why a definition cannot name a folder."""
    return FolderUnusable(f"No service can run in {path!r}: rename the folder to plain letters, then try again.")


def job_in(home: Path, platform: str = sys.platform) -> Job:
    """Describe the program in this folder: its own Python where it has one, else the one that runs now."""
    own = home / ".venv" / "bin" / "python"
    return Job(home, own if own.exists() else Path(sys.executable), log_folder(platform))


def log_folder(platform: str = sys.platform) -> Path:
    """Name the folder for the service's log: where people and tools of each system look for one."""
    if platform == "darwin":
        return Path.home() / "Library" / "Logs" / "Switchboard"
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    return (state if state.is_absolute() else Path.home() / ".local" / "state") / "switchboard"


@dataclass(frozen=True, slots=True)
class State:
    """How the service stands: `pid` while it runs, else how it ended last, where that is known.

    `stopped`: somebody wanted that. `waits`: it failed, and is started again in some seconds. `misplaced`: the system
    could not start it, as a file or a folder is not where it was.
    """

    pid: int | None = None
    stopped: bool = False
    waits: bool = False
    exit_status: int | None = None
    signal: int | None = None
    misplaced: bool = False
