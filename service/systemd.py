"""Systemd: the bot as a unit of a user's own systemd, written, started, watched and stopped with systemctl."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from service import tools
from service.errors import NoServiceHere, ServiceError
from service.job import TEMPLATES, State, unusable
from service.tools import Outcome, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from service.job import Job
    from service.tools import Runner

UNIT = "switchboard.service"

_PROPERTIES = ("LoadState", "ActiveState", "SubState", "MainPID", "ExecMainCode", "ExecMainStatus")
# How the last process ended, in the words of waitid(2): exited; killed by a signal, with or without a core.
_EXITED, _KILLED = "1", {"2", "3"}
# systemd's own statuses when it cannot enter the folder, start the program, or open the log.
_MISPLACED = {200, 203, 209}
# However they are escaped.
_NOT_IN_A_PROGRAMS_NAME = set("\"'\\")
_WORKING_DIRECTORY = re.compile(r"^WorkingDirectory=(.*)$", re.MULTILINE)


class Systemd:
    """The unit of one user, between `install` and `uninstall`."""

    def __init__(self, uid: int, *, run: Runner = tools.run) -> None:
        configured = Path(os.environ.get("XDG_CONFIG_HOME", ""))
        folder = configured if configured.is_absolute() else Path.home() / ".config"
        self.definition_path = folder / "systemd" / "user" / UNIT
        self._uid = uid
        self._run = run

    def definition(self, job: Job) -> bytes:
        """Fill in the template. Raises FolderUnusable."""
        template = (TEMPLATES / "systemd.service").read_text(encoding="utf-8")
        values = job.values()
        if set(values["python"]) & _NOT_IN_A_PROGRAMS_NAME:
            raise unusable(values["python"])
        lines = (line for line in template.splitlines() if not line.startswith("#"))
        return ("\n".join(_filled(line, values) for line in lines).strip() + "\n").encode()

    def home_of(self, definition: bytes) -> Path | None:
        """Tell which folder a definition that is installed belongs to."""
        found = _WORKING_DIRECTORY.search(definition.decode("utf-8", "replace"))
        return Path(found[1].replace("%%", "%")) if found else None

    def replace(self) -> None:
        """Start what the definition says, in place of what runs, now and with each login. Raises ToolFailed."""
        self._expect("daemon-reload")
        self._expect("enable", UNIT)
        self.stop()
        self.start()

    def remove(self) -> None:
        """End it for good. Raises ToolFailed."""
        if self.definition_path.exists():
            self._expect("disable", "--now", UNIT)
        else:
            self._expect("stop", UNIT)
        self.definition_path.unlink(missing_ok=True)
        self._expect("daemon-reload")
        self._systemctl("reset-failed", UNIT)  # which fails where there is nothing to forget

    def start(self) -> None:
        """Start it now, even where the next try after a failure is near. Raises ToolFailed."""
        self._expect("restart", "--no-block", UNIT)  # how it fares is for `state` to tell

    def stop(self) -> None:
        """End it, until the next login. Raises ToolFailed."""
        self._expect("stop", UNIT)

    def state(self) -> State | None:
        """How the service stands; None where systemd knows of none. Raises NoServiceHere."""
        shown = self._systemctl("show", UNIT, f"--property={','.join(_PROPERTIES)}")
        if shown.status:
            raise NoServiceHere(
                f"Your systemd cannot be reached from here ({shown.words}): log in as yourself, not through su or "
                "sudo, then try again."
            )
        said = dict(line.partition("=")[::2] for line in shown.out.splitlines())
        known = said.get("LoadState") != "not-found" or said.get("MainPID", "0") != "0"
        return _state(said) if known else None

    def remark(self, _job: Job) -> str:
        """Say what is missing for a service that runs without a login."""
        with suppress(ServiceError):  # the service runs already; this is only advice
            if self._run("loginctl", "show-user", str(self._uid), "--property=Linger").out.strip() == "Linger=no":
                return "It ends when you log out. `loginctl enable-linger` has it run without a login, too."
        return ""

    def _expect(self, *arguments: str) -> None:
        outcome = self._systemctl(*arguments)
        if outcome.status:
            raise refusal(("systemctl", "--user", *arguments), outcome)

    def _systemctl(self, *arguments: str) -> Outcome:
        return self._run("systemctl", "--user", *arguments)


def _filled(line: str, values: Mapping[str, str]) -> str:
    """Put values into a line of a unit, where % begins a specifier and a quoted word has escapes."""

    def value(found: re.Match[str]) -> str:
        text = values[found[1]].replace("%", "%%")
        return text.replace("\\", "\\\\").replace('"', '\\"') if line.startswith("Exec") else text

    return re.sub(r"\{(\w+)\}", value, line)


def _state(said: Mapping[str, str]) -> State:
    pid = int(said.get("MainPID", "0"))
    if pid and said.get("ActiveState") in {"active", "activating", "reloading"}:
        return State(pid=pid)
    if said.get("ActiveState") == "inactive" and said.get("ExecMainCode", "0") != "0":
        return State(stopped=True)
    code, status = said.get("ExecMainCode"), int(said.get("ExecMainStatus", "0"))
    return State(
        waits=said.get("SubState") == "auto-restart",
        exit_status=status if code == _EXITED else None,
        signal=status if code in _KILLED else None,
        misplaced=code == _EXITED and status in _MISPLACED,
    )
