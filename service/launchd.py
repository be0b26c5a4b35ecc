"""Launchd: the bot as a LaunchAgent of macOS, written, loaded, watched and unloaded with launchctl.

What its statuses mean, seen on macOS 13 to 26: `bootstrap` 5 (also for 37) while an agent of that label is loaded or
still leaving, which takes up to 5 seconds after `bootout` has returned; `bootout` 3 and `print` 113 when there is none;
112 and 125 where nobody is logged in at the screen.
"""

from __future__ import annotations

import plistlib
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service import tools
from service.errors import NoServiceHere, ToolFailed
from service.job import TEMPLATES, State
from service.tools import Outcome, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from service.job import Job
    from service.tools import Runner

LABEL = "local.switchboard"
POLL_SECONDS = 0.5
LEAVING_SECONDS = 20.0
FIRST_START_SECONDS = 3.0

_NOT_LOADED = {3, 113}
_NO_SCREEN = {112, 125}
_STILL_THERE = {5, 37}
_LEAVING = 36
# launchd's own status when it cannot open a log, a folder or the program.
_MISPLACED = 78
_ADVICE = "if Switchboard is switched off in System Settings, General, Login Items, switch it on there and try again"
_KEPT_FROM_SERVICES = ("Desktop", "Documents", "Downloads", "Library/Mobile Documents")
_LINE = re.compile(r"^\t(pid|last exit code|last terminating signal) = (.*)$", re.MULTILINE)
_NUMBER = re.compile(r"\d+")


class Launchd:
    """The LaunchAgent of one user, between `install` and `uninstall`."""

    def __init__(self, uid: int, *, run: Runner = tools.run, sleep: Callable[[float], object] = time.sleep) -> None:
        self.definition_path = Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist"
        self._domain = f"gui/{uid}"
        self._target = f"{self._domain}/{LABEL}"
        self._run = run
        self._sleep = sleep

    def definition(self, job: Job) -> bytes:
        """Fill in the template. Raises FolderUnusable."""
        template = plistlib.loads((TEMPLATES / "launchd.plist").read_bytes())
        return plistlib.dumps(_filled(template, job.values()), sort_keys=False)

    def home_of(self, definition: bytes) -> Path | None:
        """Tell which folder a definition that is installed belongs to."""
        try:
            return Path(plistlib.loads(definition)["WorkingDirectory"])
        except (plistlib.InvalidFileException, ValueError, KeyError, TypeError):
            return None  # not one of ours, or damaged: it is replaced

    def replace(self) -> None:
        """Start what the definition says, in place of what runs, now and with each login. Raises ToolFailed."""
        self.stop()
        self._expect("enable", self._target)  # it may have been disabled by hand, which outlives the file
        self._bootstrap()
        self._start_if_forgotten()

    def remove(self) -> None:
        """End it for good. Raises ToolFailed."""
        self.stop()
        self.definition_path.unlink(missing_ok=True)

    def start(self) -> None:
        """Start it, loaded or not. Raises ToolFailed."""
        if self.state() is None:
            self.replace()
        else:
            self._expect("kickstart", self._target)

    def stop(self) -> None:
        """End it, until the next login. Raises ToolFailed."""
        self._expect("bootout", self._target, well={0, _LEAVING, *_NOT_LOADED})
        for _ in range(int(LEAVING_SECONDS / POLL_SECONDS)):
            if self.state() is None:
                return
            self._sleep(POLL_SECONDS)
        raise ToolFailed("The service does not end: look at `scripts/run service logs`, then try again.")

    def state(self) -> State | None:
        """How the service stands; None while launchd has none. Raises ToolFailed, NoServiceHere."""
        printed = self._expect("print", self._target, well={0, *_NOT_LOADED})
        return _state(dict(_LINE.findall(printed.out))) if printed.status == 0 else None

    def remark(self, job: Job) -> str:
        """Warn of folders that macOS keeps background programs out of."""
        kept = [Path.home() / name for name in _KEPT_FROM_SERVICES if job.home.is_relative_to(Path.home() / name)]
        if not kept:
            return ""
        return (
            f"macOS keeps services out of {kept[0]} until you allow them in: if it does not start, move Switchboard to "
            "another folder, such as one beside it, and install it there."
        )

    def _bootstrap(self) -> None:
        """Load the definition; right after an agent of that label has left, launchd refuses for some seconds."""
        command = ("bootstrap", self._domain, str(self.definition_path))
        for _ in range(int(LEAVING_SECONDS / POLL_SECONDS)):
            if self._expect(*command, well={0, *_STILL_THERE}).status == 0:
                return
            self._sleep(POLL_SECONDS)
        self._expect(*command, advice=_ADVICE)

    def _start_if_forgotten(self) -> None:
        """Launchd at times loads an agent without starting it, right after another one was unloaded."""
        for _ in range(int(FIRST_START_SECONDS / POLL_SECONDS)):
            if self.state() != State():
                return
            self._sleep(POLL_SECONDS)
        self._expect("kickstart", self._target)

    def _expect(self, *arguments: str, well: set[int] | None = None, advice: str = "") -> Outcome:
        command = ("launchctl", *arguments)
        outcome = self._run(*command)
        if outcome.status in _NO_SCREEN:
            raise NoServiceHere(
                "Nobody is logged in at this Mac's screen, and a service belongs to such a login: "
                "log in there, or have it log in by itself, then try again."
            )
        if outcome.status not in (well or {0}):
            raise refusal(command, outcome, advice)
        return outcome


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    """Put values into the strings of a property list, which does its own escaping."""
    if isinstance(value, dict):
        return {key: _filled(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], value) if isinstance(value, str) else value


def _state(said: Mapping[str, str]) -> State:
    """Read what `launchctl print` says of an agent; Apple promises no form of it, so whatever is missing is unknown."""
    status, killed_by = _number(said.get("last exit code", "")), _number(said.get("last terminating signal", ""))
    if pid := _number(said.get("pid", "")):
        return State(pid=pid)
    waits = bool(status) or bool(killed_by)
    return State(waits=waits, exit_status=status, signal=killed_by, misplaced=status == _MISPLACED)


def _number(text: str) -> int | None:
    found = _NUMBER.search(text)
    return int(found[0]) if found else None
