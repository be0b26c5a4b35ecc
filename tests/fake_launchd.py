"""A double of launchctl: agents of one user, with the statuses and the words of macOS."""

from __future__ import annotations

import plistlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.tools import Outcome
from tests.fake_supervisor import FakeSupervisor

if TYPE_CHECKING:
    from collections.abc import Sequence

UID = 501


class FakeLaunchd(FakeSupervisor):
    """Loads one agent.

    The state's `leaving_seconds` is how long an agent stays known after its bootout, `screen` whether somebody is
    logged in there, `forgets` whether the next bootstrap loads without starting, as launchd at times does.
    """

    def answer(self, tool: str, arguments: Sequence[str]) -> Outcome:
        """Answer one command."""
        assert tool == "launchctl"
        verb, *targets = arguments
        domain = f"gui/{UID}"
        assert targets[0].startswith(domain), targets
        if not self.state.get("screen", True):
            return Outcome(125, "", f"{verb.capitalize()} failed: 125: Domain does not support specified action\n")
        return {
            "bootstrap": self._bootstrap,
            "bootout": self._bootout,
            "kickstart": self._kickstart,
            "print": self._print,
            "enable": lambda _targets: Outcome(0),
        }[verb](targets)

    def _known(self) -> bool:
        leaves_at = self.state.get("leaves_at")
        if leaves_at is not None and self.clock() >= leaves_at:
            self.change(definition=None, leaves_at=None, ended=None)
        return bool(self.state.get("definition"))

    def _bootstrap(self, targets: Sequence[str]) -> Outcome:
        if self._known() or self.state.get("switched_off"):
            return Outcome(
                5,
                "",
                "Bootstrap failed: 5: Input/output error\nTry re-running the command as root for richer errors.\n",
            )
        definition = plistlib.loads(Path(targets[1]).read_bytes())
        self.change(definition=targets[1], ended=None, pid=None)
        if not self.state.get("forgets"):
            self._begin(definition)
        return Outcome(0)

    def _begin(self, definition: dict[str, Any]) -> None:
        environ = definition["EnvironmentVariables"]
        self.start(
            definition["ProgramArguments"], definition["WorkingDirectory"], definition["StandardOutPath"], environ
        )

    def _bootout(self, _targets: Sequence[str]) -> Outcome:
        if not self._known():
            return Outcome(3, "", "Boot-out failed: 3: No such process\n")
        self.terminate()
        seconds = self.state.get("leaving_seconds", 0)
        self.change(leaves_at=self.clock() + seconds)
        return Outcome(36, "", "Boot-out failed: 36: Operation now in progress\n") if seconds > 10 else Outcome(0)

    def _kickstart(self, targets: Sequence[str]) -> Outcome:
        if not self._known():
            return Outcome(113, "", f'Could not find service "{targets[0]}" in domain for user gui: {UID}\n')
        if not self.state.get("pid"):
            self._begin(plistlib.loads(Path(self.state["definition"]).read_bytes()))
        return Outcome(0)

    def _print(self, targets: Sequence[str]) -> Outcome:
        if not self._known():
            words = f'Bad request.\nCould not find service "{targets[0]}" in domain for user gui: {UID}\n'
            return Outcome(113, "", words)
        state = self.state
        lines = [f"{targets[0]} = {{", "\tactive count = 1", f"\tpath = {state['definition']}", "\ttype = LaunchAgent"]
        word = "running" if state.get("pid") else state.get("word", "not running")
        lines += [f"\tstate = {word}", "", "\targuments = {", "\t\tpid = 1", "\t}", "\truns = 1"]
        lines += [f"\tpid = {state['pid']}"] if state.get("pid") else []
        return Outcome(0, "\n".join([*lines, *_ended(state.get("ended")), "}", ""]))


def _ended(status: int | None) -> list[str]:
    if status is not None and status < 0:
        return ["\tlast exit code = (never exited)", f"\tlast terminating signal = Killed: {-status}"]
    words = {None: "(never exited)", 78: "78: EX_CONFIG"}
    return [f"\tlast exit code = {words.get(status, status)}"]
