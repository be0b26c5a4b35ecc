"""Supervisor: what the service's commands need of a system, and which system this is."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Protocol

from service import tools
from service.errors import NoServiceHere
from service.job import job_in
from service.launchd import Launchd
from service.systemd import Systemd

if TYPE_CHECKING:
    from pathlib import Path

    from service.job import Job, State
    from service.tools import Runner


class Supervisor(Protocol):
    """The part of a system that starts programs with a login, watches them and starts them again.

    Every method raises ToolFailed when the system refuses, and NoServiceHere when it cannot be reached.
    """

    definition_path: Path

    def definition(self, job: Job) -> bytes:
        """Build the file that describes the job. Raises FolderUnusable."""

    def home_of(self, definition: bytes) -> Path | None:
        """Tell which folder a file found at `definition_path` belongs to."""

    def replace(self) -> None:
        """Start what the file describes, in place of what runs."""

    def remove(self) -> None:
        """End the service, and delete the file."""

    def start(self) -> None:
        """Start the service."""

    def stop(self) -> None:
        """End the service, until the next login."""

    def state(self) -> State | None:
        """How the service stands; None where the system knows of none."""

    def remark(self, job: Job) -> str:
        """Say what else there is to know after an installation; nothing, mostly."""


# What each system has, by the name of its platform.
_BY_PLATFORM: dict[str, type[Launchd | Systemd]] = {"darwin": Launchd, "linux": Systemd}
_PLATFORMS = {"launchd": "darwin", "systemd": "linux"}


def supervisor_of(platform: str = sys.platform, uid: int | None = None, run: Runner = tools.run) -> Supervisor:
    """Choose what this system has for this user. Raises NoServiceHere."""
    user = os.geteuid() if uid is None else uid
    if platform not in _BY_PLATFORM:
        raise NoServiceHere(
            "A service needs launchd or systemd, and this system has neither: `scripts/run` runs the bot."
        )
    if user == 0:
        raise NoServiceHere("A service belongs to a person, not to root: run this as yourself, without sudo.")
    return _BY_PLATFORM[platform](user, run=run)


def draft(kind: str, home: Path) -> str:
    """Build the definition that "launchd" or "systemd" would be given, on any system. Raises FolderUnusable."""
    platform = _PLATFORMS[kind]
    return _BY_PLATFORM[platform](os.geteuid()).definition(job_in(home, platform)).decode()
