"""Inspection: whether a service is installed, for which folder, how it stands, and that in plain words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from service import tools
from service.errors import ServiceError
from service.job import CONSOLE, MARK
from service.log_view import last_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from service.job import Job, State
    from service.supervisor import Supervisor
    from service.tools import Runner

_ELAPSED = re.compile(r"\s*(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+)\s*")


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is installed. `home` is the folder it runs in, `current` whether it is what would be installed now."""

    installed: bool
    home: Path | None
    current: bool
    state: State | None

    @property
    def runs(self) -> bool:
        """Whether it runs now."""
        return self.state is not None and self.state.pid is not None


def inspect(supervisor: Supervisor, job: Job) -> Inspection:
    """Look at the definition, and, where there is one, ask the system. Raises ServiceError."""
    definition = definition_in(supervisor)
    return Inspection(
        installed=bool(definition),
        home=supervisor.home_of(definition) if definition else None,
        current=definition == supervisor.definition(job),
        state=supervisor.state() if definition else None,
    )


def definition_in(supervisor: Supervisor) -> bytes:
    """Read the definition that is installed; nothing where there is none."""
    try:
        return supervisor.definition_path.read_bytes()
    except OSError:
        return b""


def described(state: State | None, *, run: Runner = tools.run, now: Callable[[], datetime] = datetime.now) -> str:
    """Say how an installed service stands."""
    if state is None or state.stopped:
        return "The service is stopped: `scripts/run service start` starts it, and so does your next login."
    if state.pid is not None:
        since = _since(state.pid, run, now)
        began = f" since {since:%Y-%m-%d %H:%M}" if since else ""
        return f"The service runs{began} (process {state.pid})."
    if state.misplaced:
        return (
            f"The system could not start the service (status {state.exit_status}): its Python, its folder or that of "
            "its log is not where it was. `scripts/run service install` puts that right."
        )
    if state.waits:
        return f"The service failed ({_end(state)}) and is started again within seconds."
    if state.exit_status is None and state.signal is None:
        return "The service has not run yet: `scripts/run service start` starts it."
    return f"The service ended ({_end(state)}) and is not started again before `scripts/run service start`."


def last_words(job: Job) -> str:
    """Find what the bot said last since its last start, outside its log: why it ended, if it did."""
    last = next((line for line in reversed(last_lines(job.logs / CONSOLE, 20)) if line.strip()), "")
    return "" if last.startswith(MARK) else last


def _end(state: State) -> str:
    return f"signal {state.signal}" if state.signal is not None else f"exit status {state.exit_status}"


def _since(pid: int, run: Runner, now: Callable[[], datetime]) -> datetime | None:
    """When a process began: `ps` says how long ago, in the same form on every system."""
    try:
        found = _ELAPSED.fullmatch(run("ps", "-o", "etime=", "-p", str(pid)).out)
    except ServiceError:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0, 0)
    return now() - timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds) if found else None
