"""A double of systemctl and loginctl: the units of one user, with the statuses and the words of systemd 252."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from service.tools import Outcome
from tests.fake_supervisor import FakeSupervisor

if TYPE_CHECKING:
    from collections.abc import Sequence

UNIT = "switchboard.service"


class FakeSystemd(FakeSupervisor):
    """Knows one unit, once a daemon-reload has read it from `folder`/units, where the real one looks in ~/.config.

    The state's `bus` is whether the user's systemd can be reached, `linger` what loginctl says.
    """

    @property
    def unit_path(self) -> Path:
        """Where the unit is looked for."""
        return Path(os.environ["HOME"]) / ".config" / "systemd" / "user" / UNIT

    def answer(self, tool: str, arguments: Sequence[str]) -> Outcome:
        """Answer one command."""
        if tool == "loginctl":
            assert list(arguments) == ["show-user", arguments[1], "--property=Linger"]
            return self._show_user()
        assert (tool, arguments[0]) == ("systemctl", "--user")
        if not self.state.get("bus", True):
            return Outcome(1, "", "Failed to connect to bus: No medium found\n")
        verb = arguments[1].replace("-", "_")
        given = [argument for argument in arguments[2:] if argument not in {UNIT, "--no-block"}]
        outcome: Outcome = getattr(self, f"_{verb}")(given)
        return outcome

    def _show_user(self) -> Outcome:
        linger = self.state.get("linger")
        return Outcome(0, f"Linger={linger}\n") if linger else Outcome(1, "", "Failed to get user: No such process\n")

    def _daemon_reload(self, _given: Sequence[str]) -> Outcome:
        self.change(unit=self.unit_path.read_text() if self.unit_path.exists() else None)
        return Outcome(0)

    def _enable(self, _given: Sequence[str]) -> Outcome:
        if not self.unit_path.exists():
            return Outcome(1, "", f"Failed to enable unit: Unit file {UNIT} does not exist.\n")
        self.change(enabled=True)
        return Outcome(0, "", "Created symlink default.target.wants.\n")

    def _disable(self, given: Sequence[str]) -> Outcome:
        assert list(given) == ["--now"]
        if not self.unit_path.exists():
            return Outcome(1, "", f"Failed to disable unit: Unit file {UNIT} does not exist.\n")
        self.change(enabled=False)
        return self._stop([])

    def _stop(self, _given: Sequence[str]) -> Outcome:
        if not self.state.get("unit"):
            return Outcome(5, "", f"Failed to stop {UNIT}: Unit {UNIT} not loaded.\n")
        self.terminate()
        self.change(waits=False)
        return Outcome(0)

    def _restart(self, _given: Sequence[str]) -> Outcome:
        unit = self.state.get("unit")
        if not unit:
            return Outcome(5, "", f"Failed to restart {UNIT}: Unit {UNIT} not found.\n")
        self.terminate()
        lines = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line)
        words = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', lines["ExecStart"].removeprefix(":"))
        arguments = [_plain(re.sub(r"\\(.)", r"\1", quoted) or bare) for quoted, bare in words]
        console = _plain(lines["StandardOutput"].removeprefix("append:"))
        self.start(arguments, _plain(lines["WorkingDirectory"]), console, {"PATH": "/usr/bin:/bin"})
        return Outcome(0)

    def _reset_failed(self, _given: Sequence[str]) -> Outcome:
        return Outcome(1, "", f"Failed to reset failed state of unit {UNIT}: Unit {UNIT} not loaded.\n")

    def _show(self, given: Sequence[str]) -> Outcome:
        assert given[0].startswith("--property=")
        state = self.state
        pid, ended = state.get("pid") or 0, state.get("ended")
        active, substate = ("failed", "failed") if ended else ("inactive", "dead")
        active, substate = ("activating", "auto-restart") if state.get("waits") else (active, substate)
        active, substate = ("active", "running") if pid else (active, substate)
        values = {
            "LoadState": "loaded" if state.get("unit") else "not-found",
            "ActiveState": active,
            "SubState": substate,
            "MainPID": pid,
            "ExecMainCode": 0 if ended is None else 2 if ended < 0 else 1,
            "ExecMainStatus": abs(ended or 0),
        }
        return Outcome(0, "".join(f"{name}={value}\n" for name, value in values.items()))


def _plain(text: str) -> str:
    return text.replace("%%", "%")
