"""The service's commands: what they do, what they say, and how the bot behaves that a system started."""

from __future__ import annotations

import asyncio
import importlib.util
import io
import os
import sys
import time
from contextlib import redirect_stdout
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any

import pytest

from dialogue.errors import TokenUnusable
from routing.errors import InvalidConfiguration
from service import tools
from service.command import WATCHED_SECONDS, Service, logs_of, show_logs
from service.errors import FolderUnusable, NoServiceHere, NotInstalled, ToolFailed
from service.inspection import described, inspect
from service.job import Job, State, job_in, log_folder
from service.launchd import Launchd
from service.process_lock import holder
from service.supervisor import draft, supervisor_of
from service.systemd import Systemd
from service.tools import Outcome
from service.unattended import CONSOLE_BYTES, begin_console, default_log_file, final_status
from tests.bot_process import BOT
from tests.command_line import CommandLine
from tests.fake_launchd import UID, FakeLaunchd
from tests.fake_supervisor import PRETENDED_PID
from tests.fake_systemd import FakeSystemd
from tests.telegram_server import TOKEN, TelegramServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tests.fake_supervisor import FakeSupervisor

STOPPED = "The service is stopped: `scripts/run service start` starts it, and so does your next login."
MISPLACED = (
    "its Python, its folder or that of its log is not where it was. `scripts/run service install` puts that right."
)
INSTALL = "`scripts/run service install`"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)


class World:
    """One user's system with the service's commands; `said` is what they said since the last look."""

    def __init__(self, fake: FakeSupervisor, folder: Path) -> None:
        self.fake = fake
        kind = Launchd if isinstance(fake, FakeLaunchd) else Systemd
        self.supervisor = kind(UID, run=fake.run)
        self.job = Job(folder / "home", Path("/venv/bin/python"), folder / "logs")
        self.slept: list[float] = []
        self._said: list[str] = []
        self.service = self.in_folder(folder / "home")
        self.while_it_sleeps: Callable[[], object] = lambda: None

    def in_folder(self, home: Path) -> Service:
        """The commands as they are given in a folder."""
        job = Job(home, self.job.python, self.job.logs)
        return Service(self.supervisor, job, self._said.append, self.sleep, self._describe)

    def _describe(self, state: State | None) -> str:
        return described(state, run=self.fake.run, now=lambda: datetime(2026, 3, 1, 12))  # noqa: DTZ001

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.while_it_sleeps()

    @property
    def said(self) -> list[str]:
        """What was said since the last look."""
        said, self._said[:] = self._said[:], []
        return said

    def console(self, text: str) -> None:
        """Say something as the bot."""
        self.job.logs.mkdir(exist_ok=True)
        (self.job.logs / "console.log").write_text(text)


@pytest.fixture(params=[FakeLaunchd, FakeSystemd])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World(request.param(tmp_path / "system"), tmp_path)


# --- the commands -----------------------------------------------------------------------------------------------------


def test_an_installation_is_said(world: World) -> None:
    """Where the file is, that it runs, and when it starts; the log's folder is for its owner alone."""
    assert world.service.install() == 0
    path = world.supervisor.definition_path
    installed, runs, starts = world.said
    assert installed == f"Installed: {path}"
    assert runs == f"The service runs since 2026-03-01 11:59 (process {PRETENDED_PID})."
    assert starts == "It starts with your login, and again after a failure."
    assert path.read_bytes() == world.supervisor.definition(world.job)
    assert path.stat().st_mode & 0o777 == 0o644
    assert world.job.logs.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in path.parent.iterdir()] == [path.name]
    assert world.slept[-1] == WATCHED_SECONDS


def test_an_installation_over_an_older_one_replaces_it(world: World, tmp_path: Path) -> None:
    """The same again changes nothing but that it starts anew; one of another folder is said."""
    world.service.install()
    first = world.supervisor.definition_path.read_bytes()
    assert world.said
    world.service.install()
    assert world.said[0] == f"Installed anew: {world.supervisor.definition_path}"
    assert world.supervisor.definition_path.read_bytes() == first
    world.in_folder(tmp_path / "other").install()
    assert f"The service before it ran in {tmp_path}/home; this one runs in {tmp_path}/other." in world.said
    assert world.fake.state["program"][1] == f"{tmp_path}/other/bot.py"


def test_a_bot_that_ends_at_once_is_said(world: World) -> None:
    """With how it ended and what it said last, and status 1."""
    world.console("--- start of process 1\nold words\n--- start of process 2\nTelegram refuses the token.\n")
    world.while_it_sleeps = lambda: world.fake.end(78 if isinstance(world.fake, FakeSystemd) else 0)
    assert world.service.install() == 1
    assert "is not started again before `scripts/run service start`" in "\n".join(world.said)
    assert world.service.status() == 1
    assert "The last it said: Telegram refuses the token." in world.said
    world.console("--- start of process 1\nold words\n--- start of process 3\n")
    world.service.status()
    assert not [line for line in world.said if line.startswith("The last it said")]


def test_an_uninstallation_leaves_nothing(world: World) -> None:
    """The second time there is nothing to do, which is said and no failure."""
    world.service.install()
    assert world.said
    assert world.service.uninstall() == 0
    assert "no longer installed" in world.said[0]
    assert not world.supervisor.definition_path.exists()
    assert world.supervisor.state() is None
    assert world.service.uninstall() == 0
    assert world.said == ["No service is installed."]


def test_start_and_stop_are_said(world: World) -> None:
    """Each of them may be given twice."""
    world.service.install()
    assert world.said
    world.console("words\n")
    assert world.service.stop() == 0
    assert world.said == ["Stopped. `scripts/run service start`, or your next login, starts it again."]
    assert world.service.stop() == 0
    assert world.said == ["The service does not run."]
    assert world.service.status() == 1
    assert world.said == [STOPPED, f"Installed: {world.supervisor.definition_path}"]
    rmtree(world.job.logs)
    assert world.service.start() == 0
    assert world.job.logs.is_dir()
    assert world.said[0].startswith("The service runs")
    world.fake.calls.clear()
    assert world.service.start() == 0
    assert not [call for call in world.fake.calls if {"kickstart", "bootstrap", "restart"} & set(call)]


@pytest.mark.parametrize("action", ["start", "stop", "status"])
def test_what_is_not_installed_is_said(world: World, action: str) -> None:
    """With what to do; the system is not even asked."""
    with pytest.raises(NotInstalled, match="No service is installed: `scripts/run service install`"):
        getattr(world.service, action)()
    assert world.fake.calls == []


def test_the_status_tells_which_copy_runs(world: World, tmp_path: Path) -> None:
    """One that another folder installed, or another version, is said."""
    world.service.install()
    assert world.said
    assert world.service.status() == 0
    assert world.said[1:] == [f"Installed: {world.supervisor.definition_path}"]
    world.in_folder(tmp_path / "other").status()
    assert world.said[-1].startswith(f"It runs in {tmp_path}/home, not here: {INSTALL}")
    older = world.supervisor.definition(world.job).replace(b"--as-service", b"--older")
    world.supervisor.definition_path.write_bytes(older)
    world.service.status()
    assert world.said[-1].startswith("It was installed by another version")
    world.supervisor.definition_path.write_bytes(b"garbage")
    world.service.status()
    assert world.said[-1].startswith("It was installed by another version")


def test_a_folder_that_may_not_be_written_is_said(world: World) -> None:
    """A file in the place of a folder is such a one, even for root; nothing is started."""
    folder = world.supervisor.definition_path.parent
    folder.parent.mkdir(parents=True)
    folder.touch()
    with pytest.raises(FolderUnusable, match=rf"The folder {folder} cannot be made: "):
        world.service.install()
    assert not [call for call in world.fake.calls if {"bootstrap", "enable"} & set(call)]
    folder.unlink()
    world.supervisor.definition_path.mkdir(parents=True)
    with pytest.raises(FolderUnusable, match="cannot be written: Is a directory"):
        world.service.install()
    assert [path.name for path in folder.iterdir()] == [world.supervisor.definition_path.name]


@pytest.mark.parametrize("kind", [FakeLaunchd, FakeSystemd])
def test_a_system_that_takes_no_service_is_left_as_it_was(tmp_path: Path, kind: type[FakeSupervisor]) -> None:
    """Nobody finds a file at the next login that was refused at this one."""
    fake = kind(tmp_path / "system")
    fake.change(screen=False, bus=False)
    world = World(fake, tmp_path)
    with pytest.raises(NoServiceHere):
        world.service.install()
    assert not world.supervisor.definition_path.parent.exists()
    assert not world.job.logs.exists()


def test_remarks_are_passed_on(tmp_path: Path) -> None:
    """What a system has to say of its own."""
    fake = FakeSystemd(tmp_path / "system")
    fake.change(linger="no")
    world = World(fake, tmp_path)
    world.service.install()
    assert "`loginctl enable-linger`" in world.said[-1]


# --- how it stands ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (None, STOPPED),
        (State(stopped=True), STOPPED),
        (State(), "The service has not run yet: `scripts/run service start` starts it."),
        (State(exit_status=1, waits=True), "The service failed (exit status 1) and is started again within seconds."),
        (State(signal=9, waits=True), "The service failed (signal 9) and is started again within seconds."),
        (
            State(exit_status=78),
            "The service ended (exit status 78) and is not started again before `scripts/run service start`.",
        ),
        (
            State(exit_status=209, waits=True, misplaced=True),
            f"The system could not start the service (status 209): {MISPLACED}",
        ),
    ],
)
def test_how_it_stands_is_said_in_plain_words(state: State | None, sentence: str) -> None:
    """What happened, and what will happen or is to be done."""
    assert described(state) == sentence


@pytest.mark.parametrize(
    ("elapsed", "since"),
    [
        ("      00:05\n", "since 2026-03-01 11:59 "),
        ("   01:00:00\n", "since 2026-03-01 11:00 "),
        ("02-12:00:00\n", "since 2026-02-27 00:00 "),
        ("", ""),
        ("ELAPSED\n", ""),
    ],
)
def test_since_when_it_runs_is_what_ps_says(elapsed: str, since: str) -> None:
    """In the one form that is the same on every system; without it the process alone is named."""
    asked: list[tuple[str, ...]] = []

    def run(*command: str) -> Outcome:
        asked.append(command)
        return Outcome(0, elapsed)

    sentence = described(State(pid=7), run=run, now=lambda: datetime(2026, 3, 1, 12, 0))  # noqa: DTZ001
    assert sentence == f"The service runs {since}(process 7)."
    assert asked == [("ps", "-o", "etime=", "-p", "7")]


def test_the_systems_own_ps_is_understood() -> None:
    """This very process began before now, and today or yesterday."""
    assert f"The service runs since {datetime.now():%Y-%m}" in described(State(pid=os.getpid()))  # noqa: DTZ005


def test_a_system_that_does_not_answer_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that is not there and one that cannot be run."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoServiceHere, match="A service needs `launchctl`, and there is none here"):
        tools.run("launchctl", "print")
    (tmp_path / "systemctl").write_text("no program")
    (tmp_path / "systemctl").chmod(0o700)
    with pytest.raises(ToolFailed, match="`systemctl` does not answer"):
        tools.run("systemctl")


def test_nobody_runs_a_service_as_root() -> None:
    """It is refused with what to do, as is a system that has none."""
    for platform in ("darwin", "linux"):
        with pytest.raises(NoServiceHere, match="not to root: run this as yourself, without sudo"):
            supervisor_of(platform, 0)
    with pytest.raises(NoServiceHere, match="neither: `scripts/run` runs the bot"):
        supervisor_of("win32", 501)
    assert isinstance(supervisor_of("darwin", 501), Launchd)
    assert isinstance(supervisor_of("linux", 501), Systemd)


def test_the_program_is_run_by_its_own_python(tmp_path: Path) -> None:
    """That of .venv where there is one, as a link and not what it leads to."""
    assert job_in(tmp_path).python == Path(sys.executable)
    own = tmp_path / ".venv" / "bin" / "python"
    own.parent.mkdir(parents=True)
    own.symlink_to(sys.executable)
    assert job_in(tmp_path).python == own


def test_logs_lie_where_the_system_has_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the user's own folders."""
    assert log_folder("darwin") == tmp_path / "user" / "Library" / "Logs" / "Switchboard"
    assert log_folder("linux") == tmp_path / "user" / ".local" / "state" / "switchboard"
    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")
    assert log_folder("linux") == Path("/var/state/switchboard")


# --- logs -------------------------------------------------------------------------------------------------------------


def test_logs_are_shown_and_followed_until_interrupted(tmp_path: Path) -> None:
    """The console's file and the log; Ctrl-C is no failure."""
    job = Job(tmp_path, Path("/python"), tmp_path)
    said: list[str] = []
    assert show_logs(logs_of(job, None, said.append), 5) == 0
    assert said == ["Nothing has been logged yet."]
    (tmp_path / "console.log").write_text("started\n")
    (tmp_path / "switchboard.log").write_text("one\ntwo\n")

    def sleep(_seconds: float) -> None:
        if "three" in said:
            raise KeyboardInterrupt
        (tmp_path / "switchboard.log").write_text("one\ntwo\nthree\n")

    del said[:]
    assert show_logs(logs_of(job, None, said.append), 1, follow=True, sleep=sleep) == 0
    assert [line for line in said if not line.startswith("==>")] == ["started", "two", "three"]
    (tmp_path / "own.log").write_text("own\n")
    del said[:]
    show_logs(logs_of(job, tmp_path / "own.log", said.append), 5)
    assert said[-1] == "own"


# --- a bot that nobody watches ----------------------------------------------------------------------------------------


def test_an_end_for_good_is_what_the_system_leaves_alone() -> None:
    """Launchd starts whatever failed again; systemd leaves the one status alone that the unit names."""
    assert final_status("darwin") == 0
    assert f"RestartPreventExitStatus={final_status('linux')}" in draft("systemd", Path("/home"))


def test_the_consoles_file_is_kept_small(tmp_path: Path) -> None:
    """It is emptied at a start when it has grown, and each start is marked in it."""
    path = tmp_path / "console.log"
    program = (
        "from datetime import datetime; from service.unattended import begin_console; "
        "begin_console(lambda: datetime(2026, 3, 1, 12)); print('words')"
    )
    for size, kept in ((100, 100), (CONSOLE_BYTES + 1, 0)):
        path.write_bytes(b"x" * size)
        with path.open("ab") as console:
            process = asyncio.run(_run(program, console))
        text = path.read_text()
        assert text[:kept] == "x" * kept
        assert text[kept:] == f"--- 2026-03-01 12:00:00 start of process {process}\nwords\n"


async def _run(program: str, console: Any) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=BOT.parent, stdout=console, stderr=console
    )
    assert await process.wait() == 0
    return process.pid


def test_a_console_that_is_no_file_is_no_fault() -> None:
    """As at a terminal or in a pipe."""
    with redirect_stdout(io.StringIO()) as console:
        begin_console()
    assert console.getvalue().startswith("--- 2")


def test_the_services_log_has_its_folder(tmp_path: Path) -> None:
    """It is made when it is missing; that it cannot be is for whoever opens the log."""
    log_file = default_log_file()
    assert log_file.name == "switchboard.log"
    assert log_file.parent.stat().st_mode & 0o777 == 0o700
    log_file.parent.rmdir()
    log_file.parent.touch()
    assert default_log_file() == log_file


@pytest.mark.parametrize(
    ("dotenv", "words"),
    [
        (f"TELEGRAM_BOT_TOKEN={TOKEN}\nMAX_COST=lots\n", "MAX_COST must be a number"),
        ("", "Telegram is not connected yet"),
        ("TELEGRAM_BOT_TOKEN=1:wrong-token-that-nobody-should-read\n", "Telegram refuses the token"),
    ],
    ids=["a wrong setting", "no token", "a wrong token"],
)
async def test_what_only_a_person_can_mend_is_not_tried_again(tmp_path: Path, dotenv: str, words: str) -> None:
    """The sentence is said, and the status is the one that the system leaves alone; no chat begins."""
    async with TelegramServer() as telegram:
        (tmp_path / ".env").write_text(dotenv)
        line = CommandLine(tmp_path, TELEGRAM_API_URL=telegram.url, HOME=tmp_path)
        ran = await line.run("run", "--as-service")
    assert ran.status == final_status()
    assert words in ran.err
    assert "nobody-should-read" not in ran.out + ran.err


async def test_what_may_mend_itself_is_tried_again(tmp_path: Path) -> None:
    """A disk that cannot be used yet is status 1, which the system starts again."""
    (tmp_path / "not mounted").write_text("a file where the folder should be")
    missing = tmp_path / "not mounted" / "switchboard.db"
    line = CommandLine(tmp_path, TELEGRAM_BOT_TOKEN=TOKEN, DATABASE_PATH=missing, HOME=tmp_path)
    ran = await line.run("run", "--as-service")
    assert (ran.status, str(missing.parent) in ran.err) == (1, True)


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["launchd", "systemd"])
async def test_a_dry_run_shows_the_file_and_does_nothing(tmp_path: Path, kind: str) -> None:
    """On any system, for either, and as root, too."""
    line = CommandLine(tmp_path, HOME=tmp_path / "user")
    ran = await line.run("service", "install", "--dry-run", kind)
    assert (ran.status, ran.out, ran.err) == (0, draft(kind, tmp_path), "")
    assert not (tmp_path / "user").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused")
@pytest.mark.parametrize("action", ["install", "uninstall", "start", "stop", "status"])
async def test_root_is_refused_by_every_command(tmp_path: Path, action: str) -> None:
    """One sentence, status 1, and nothing is written."""
    ran = await CommandLine(tmp_path, HOME=tmp_path / "user", TELEGRAM_BOT_TOKEN=TOKEN).run("service", action)
    assert (ran.status, ran.out) == (1, "")
    assert "without sudo" in ran.err
    assert not (tmp_path / "user").exists()


def bot_in(home: Path) -> ModuleType:
    """bot.py as it is when it is linked into this folder."""
    (home / "bot.py").symlink_to(BOT)
    spec = importlib.util.spec_from_file_location("bot_elsewhere", home / "bot.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_no_service_could_start_with_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A token that only this terminal has is none for the service; other settings of that kind are named."""
    elsewhere = bot_in(tmp_path)
    for name, value in (("TELEGRAM_BOT_TOKEN", TOKEN), ("OLLAMA_BASE_URL", "http://here:1"), ("MAX_COST", "0.5")):
        monkeypatch.setenv(name, value)
    with pytest.raises(TokenUnusable, match="Telegram is not connected yet"):
        elsewhere._check_settings_of_service()
    (tmp_path / ".env").write_text(f"TELEGRAM_BOT_TOKEN={TOKEN}\nMAX_COST=0.5\nRECEIPTS=none\n")
    with pytest.raises(InvalidConfiguration, match="RECEIPTS must be"):
        elsewhere._check_settings_of_service()
    (tmp_path / ".env").write_text(f"TELEGRAM_BOT_TOKEN={TOKEN}\nMAX_COST=0.5\n")
    elsewhere._check_settings_of_service()
    said = capsys.readouterr().out
    assert "where no service sees it: OLLAMA_BASE_URL. Put it into .env." in said
    assert "MAX_COST" not in said


async def test_the_whole_way_with_a_real_bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed by the system's tools, it polls with nothing but .env; stopped, it ends well and frees its lock."""
    home = tmp_path / "Ünï & co"
    home.mkdir()
    CommandLine(home)
    database = home / "switchboard.db"
    fake = (FakeLaunchd if sys.platform == "darwin" else FakeSystemd)(tmp_path / "system", spawns=True)
    for tool in ("launchctl", "systemctl", "loginctl"):
        fake.install_executable(tool, tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    async with TelegramServer() as telegram:
        (home / ".env").write_text(
            f"TELEGRAM_BOT_TOKEN={TOKEN}\nTELEGRAM_API_URL={telegram.url}\nOLLAMA_BASE_URL=\nLMSTUDIO_BASE_URL=\n"
        )

        def until_it_polls(_seconds: float) -> None:
            for _ in range(1000):
                if telegram.polls:
                    return
                time.sleep(0.02)

        said: list[str] = []
        service = Service(supervisor_of(uid=UID), job_in(home), said.append, until_it_polls)
        try:
            assert await asyncio.to_thread(service.install) == 0, said
            assert telegram.polls
            assert holder(database)
            assert inspect(service.supervisor, service.job).runs
        finally:
            await asyncio.to_thread(fake.terminate)
        assert fake.state["ended"] == 0
        assert holder(database) is None
        assert "is listening" in (service.job.logs / "console.log").read_text()
        assert (service.job.logs / "switchboard.log").exists()
        assert await asyncio.to_thread(service.uninstall) == 0
