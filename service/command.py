"""The service command: installs the bot as a service, starts and stops it, says how it stands and what it logged."""

from __future__ import annotations

import os
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from service.errors import FolderUnusable, NotInstalled
from service.inspection import definition_in, described, inspect, last_words
from service.job import CONSOLE, LOG
from service.log_view import POLL_SECONDS, LogView

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from service.job import Job, State
    from service.supervisor import Supervisor

# So long a bot is watched that was just started: a wrong token is known by then.
WATCHED_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Service:
    """The service of one user. Each command says what it did and returns the exit status. All raise ServiceError."""

    supervisor: Supervisor
    job: Job
    say: Callable[[str], None]
    sleep: Callable[[float], object] = time.sleep
    describe: Callable[[State | None], str] = described

    def install(self) -> int:
        """Install the service, in place of an older one, and start it."""
        before = definition_in(self.supervisor)
        ran_in = self.supervisor.home_of(before) if before else None
        self.supervisor.state()  # whether there is anybody to install it with
        _make_folder(self.job.logs)
        _write(self.supervisor.definition_path, self.supervisor.definition(self.job))
        self.supervisor.replace()
        self.say(f"Installed{' anew' if before else ''}: {self.supervisor.definition_path}")
        if ran_in not in {None, self.job.home}:
            self.say(f"The service before it ran in {ran_in}; this one runs in {self.job.home}.")
        status = self._report(self._settled())
        self.say("It starts with your login, and again after a failure.")
        if remark := self.supervisor.remark(self.job):
            self.say(remark)
        return status

    def uninstall(self) -> int:
        """End the service and forget it; what the bot has written stays."""
        if not definition_in(self.supervisor) and self.supervisor.state() is None:
            self.say("No service is installed.")
            return 0
        self.supervisor.remove()
        self.say("The service has ended and is no longer installed. Settings, conversations and logs are still there.")
        return 0

    def start(self) -> int:
        """Start the service, if it does not run yet."""
        self._must_be_installed()
        state = self.supervisor.state()
        if state is None or state.pid is None:
            _make_folder(self.job.logs)
            self.supervisor.start()
            state = self._settled()
        return self._report(state)

    def stop(self) -> int:
        """Stop the service until the next login."""
        self._must_be_installed()
        state = self.supervisor.state()
        if state is None or (state.pid is None and not state.waits):
            self.say("The service does not run.")
            return 0
        self.supervisor.stop()
        self.say("Stopped. `scripts/run service start`, or your next login, starts it again.")
        return 0

    def status(self) -> int:
        """Say how the service stands; 0 if it runs."""
        self._must_be_installed()
        found = inspect(self.supervisor, self.job)
        status = self._report(found.state)
        self.say(f"Installed: {self.supervisor.definition_path}")
        if found.home not in {None, self.job.home}:
            self.say(f"It runs in {found.home}, not here: `scripts/run service install` has it run here.")
        elif not found.current:
            self.say("It was installed by another version: `scripts/run service install` brings it up to date.")
        return status

    def _must_be_installed(self) -> None:
        if not definition_in(self.supervisor):
            raise NotInstalled

    def _settled(self) -> State | None:
        """See what has become of a bot that was just started."""
        self.sleep(WATCHED_SECONDS)
        return self.supervisor.state()

    def _report(self, state: State | None) -> int:
        self.say(self.describe(state))
        if state is None or state.stopped:
            return 1
        if state.pid is not None:
            return 0
        if words := last_words(self.job):
            self.say(f"The last it said: {words}")
        return 1


def show_logs(view: LogView, lines: int, *, follow: bool = False, sleep: Callable[[float], object] = time.sleep) -> int:
    """Show the last lines of what the service wrote, and with `follow` what it writes, until Ctrl-C."""
    with closing(view), suppress(KeyboardInterrupt):
        if not view.show_last(lines) and not follow:
            view.say("Nothing has been logged yet.")
        while follow:
            sleep(POLL_SECONDS)
            view.show_new()
    return 0


def logs_of(job: Job, log_file: Path | None, say: Callable[[str], None]) -> LogView:
    """Open what the bot writes: its log, where the settings say, and beside it what it said outside of it."""
    return LogView([job.logs / CONSOLE, log_file or job.logs / LOG], say)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise FolderUnusable(f"The folder {folder} cannot be made: {error.strerror}.") from error


def _write(path: Path, definition: bytes) -> None:
    """Write a file wholly or not at all; launchd takes none that others may write."""
    _make_folder(path.parent)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(definition)
        unfinished.chmod(0o644)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise FolderUnusable(f"{path} cannot be written: {error.strerror}.") from error
