"""What the doubles of launchctl and systemctl share: their state, what they start, the executables."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.tools import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).parent.parent
PRETENDED_PID = 4242
# Runs a program and writes down how it ended, as whoever started it has gone by then.
_WATCH = """
import json, signal, subprocess, sys
program = subprocess.Popen(json.loads(sys.argv[1]), cwd=sys.argv[2])
signal.signal(signal.SIGTERM, lambda *_: program.terminate())
ended = program.wait()
open(sys.argv[3], "w").write(str(ended))
"""


class FakeSupervisor:
    """One user's system. `calls` are the commands given to it; its state lies in `folder`, so that processes share it.

    Programs only seem to run, until `end` says how they end; with `spawns` they do run.
    """

    def __init__(self, folder: Path, *, spawns: bool = False, clock: Callable[[], float] = time.time) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.spawns = spawns
        self.clock = clock
        self.calls: list[tuple[str, ...]] = []

    def run(self, *command: str) -> Outcome:
        """Do what a command does. `ps` is the system's own."""
        self.calls.append(command)
        if command[0] == "ps":
            return Outcome(0, "   01:00\n")
        return self.answer(command[0], command[1:])

    def answer(self, tool: str, arguments: Sequence[str]) -> Outcome:
        """Answer one command."""
        raise NotImplementedError

    def end(self, status: int) -> None:
        """Have the program end: a status, or a signal as a negative number."""
        self.change(pid=None, ended=status)

    @property
    def state(self) -> dict[str, Any]:
        """What is known: `definition`, `pid`, `ended`, `leaves_at` and others."""
        path = self.folder / "state.json"
        state: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        ended = self.folder / "ended"
        if state.get("pid") and ended.exists():
            state |= {"pid": None, "ended": int(ended.read_text())}
        return state

    def change(self, **values: Any) -> None:
        """Change some of it."""
        (self.folder / "state.json").write_text(json.dumps(self.state | values))

    def start(self, arguments: Sequence[str], folder: str, console: str, environ: Mapping[str, str]) -> None:
        """Start the program, with nothing but this environment."""
        self.change(pid=PRETENDED_PID, ended=None, program=list(arguments))
        if not self.spawns:
            return
        (self.folder / "ended").unlink(missing_ok=True)
        watch = [sys.executable, "-c", _WATCH, json.dumps(list(arguments)), folder]
        with Path(console).open("ab") as output:
            process = subprocess.Popen(
                [*watch, str(self.folder / "ended")],
                env={"HOME": os.environ["HOME"], **environ},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.change(pid=process.pid)

    def terminate(self) -> None:
        """Send the program SIGTERM and wait for its end."""
        pid = self.state.get("pid")
        if not self.spawns or not pid:
            self.change(pid=None, ended=0 if pid else self.state.get("ended"))
            return
        os.kill(pid, signal.SIGTERM)
        while not (self.folder / "ended").exists():
            time.sleep(0.02)

    def install_executable(self, name: str, folder: Path) -> None:
        """Put a program of this name into a folder for the PATH; it shares this state."""
        folder.mkdir(exist_ok=True)
        path = folder / name
        kind = type(self)
        path.write_text(
            f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
            f"from pathlib import Path\nfrom {kind.__module__} import {kind.__name__}\n"
            f"done = {kind.__name__}(Path({str(self.folder)!r}), spawns={self.spawns}).answer({name!r}, sys.argv[1:])\n"
            "sys.stdout.write(done.out)\nsys.stderr.write(done.err)\nsys.exit(done.status)\n"
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
