"""The LaunchAgent: its file is what launchd takes, and launchctl is spoken to as macOS answers."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from service.errors import FolderUnusable, NoServiceHere, ToolFailed
from service.job import Job, State, job_in
from service.launchd import LABEL, LEAVING_SECONDS, Launchd
from service.tools import Outcome
from tests.fake_launchd import UID, FakeLaunchd
from tests.fake_supervisor import PRETENDED_PID

TARGET = f"gui/{UID}/{LABEL}"
ODD = "Ünïcode & 100% 'odd' \"folder\" <no. 1> {home}"

# What launchd.plist(5) allows: the type of each key that is used here. A key it does not know is ignored in silence.
TYPES: dict[str, type | dict[str, type]] = {
    "Label": str,
    "ProgramArguments": list,
    "WorkingDirectory": str,
    "EnvironmentVariables": {"LANG": str, "PATH": str},
    "RunAtLoad": bool,
    "KeepAlive": {"SuccessfulExit": bool},
    "ThrottleInterval": int,
    "ExitTimeOut": int,
    "ProcessType": str,
    "Umask": int,
    "StandardOutPath": str,
    "StandardErrorPath": str,
}


class World:
    """A Mac with one user, whose clock goes on while somebody sleeps."""

    def __init__(self, folder: Path, **state: Any) -> None:
        self.seconds = 0.0
        self.fake = FakeLaunchd(folder / "launchd", clock=lambda: self.seconds)
        self.fake.change(**state)
        self.launchd = Launchd(UID, run=self.fake.run, sleep=self.sleep)
        self.job = Job(folder / "home", Path("/venv/bin/python"), folder / "logs")

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds

    def write(self) -> None:
        """Put the definition where it belongs."""
        self.launchd.definition_path.parent.mkdir(parents=True, exist_ok=True)
        self.launchd.definition_path.write_bytes(self.launchd.definition(self.job))

    def install(self) -> None:
        """Write the definition and have it take effect."""
        self.write()
        self.launchd.replace()

    @property
    def verbs(self) -> list[str]:
        """What launchctl was asked to do, apart from how things stand."""
        return [call[1] for call in self.fake.calls if call[1] != "print"]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))


def check_plist(data: bytes) -> dict[str, Any]:
    """Hold a file to what plutil and launchd ask for; its content."""
    assert data.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0')
    found: dict[str, Any] = plistlib.loads(data, fmt=plistlib.FMT_XML)
    assert found.keys() == TYPES.keys()
    for key, kind in TYPES.items():
        if isinstance(kind, dict):
            assert {name: type(value) for name, value in found[key].items()} == kind, key
        else:
            assert type(found[key]) is kind, key
    assert all(type(argument) is str for argument in found["ProgramArguments"])
    paths = [*found["ProgramArguments"][:2], *(found[key] for key in TYPES if key.endswith(("Path", "Directory")))]
    assert all(path.startswith("/") for path in paths)
    assert found["ProcessType"] in {"Background", "Standard", "Adaptive", "Interactive"}
    return found


# --- the file ---------------------------------------------------------------------------------------------------------


def test_the_agent_is_what_the_bot_needs(tmp_path: Path) -> None:
    """Started with the login and after a failure, not faster than every ten seconds, and given ten to end."""
    world = World(tmp_path)
    found = check_plist(world.launchd.definition(world.job))
    assert found["Label"] == LABEL
    assert world.launchd.definition_path == tmp_path / "user" / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    assert found["ProgramArguments"] == ["/venv/bin/python", f"{tmp_path}/home/bot.py", "run", "--as-service"]
    assert found["WorkingDirectory"] == f"{tmp_path}/home"
    assert (found["RunAtLoad"], found["KeepAlive"]) == (True, {"SuccessfulExit": False})
    assert (found["ThrottleInterval"], found["ExitTimeOut"], found["Umask"]) == (10, 10, 0o077)
    assert found["ProcessType"] == "Interactive"
    assert found["StandardOutPath"] == found["StandardErrorPath"] == f"{tmp_path}/logs/console.log"


def test_odd_folders_are_spelt_out(tmp_path: Path) -> None:
    """Spaces, umlauts, ampersands, quotes, angle brackets and even braces of a template arrive as they are."""
    job = Job(tmp_path / ODD, tmp_path / ODD / "python", tmp_path / ODD / "logs")
    found = check_plist(Launchd(UID).definition(job))
    assert found["WorkingDirectory"] == f"{tmp_path}/{ODD}"
    assert found["ProgramArguments"][:2] == [f"{tmp_path}/{ODD}/python", f"{tmp_path}/{ODD}/bot.py"]
    assert Launchd(UID).home_of(Launchd(UID).definition(job)) == job.home


@pytest.mark.parametrize("name", ["line\nbreak", "bell\a", "undecodable\udcff", "space at the end ", "backslash\\"])
def test_a_folder_that_no_definition_can_name_is_said(tmp_path: Path, name: str) -> None:
    """Its name is shown, readable, with what to do."""
    with pytest.raises(FolderUnusable, match="rename the folder") as refused:
        Launchd(UID).definition(Job(tmp_path / name, Path("/p"), Path("/l")))
    assert str(refused.value).isprintable()


def test_no_secret_gets_into_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment and .env hold, the file names folders only."""
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "7654321:planted")
    monkeypatch.setenv("LMSTUDIO_API_KEY", "planted")
    (tmp_path / ".env").write_text("TELEGRAM_BOT_TOKEN=7654321:planted\n")
    monkeypatch.setenv("PATH", "/planted")
    assert b"planted" not in Launchd(UID).definition(Job(tmp_path / "home", Path("/p"), Path("/l")))


@pytest.mark.skipif(shutil.which("plutil") is None, reason="plutil is a part of macOS")
def test_plutil_finds_no_fault(tmp_path: Path) -> None:
    """Apple's own check of the file."""
    path = tmp_path / "agent.plist"
    path.write_bytes(Launchd(UID).definition(job_in(tmp_path / ODD, "darwin")))
    ran = subprocess.run(["plutil", "-lint", str(path)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


def test_a_file_of_another_kind_belongs_to_nobody() -> None:
    """One that is damaged, or not ours, is no reason to fail: it is replaced."""
    for definition in (b"", b"garbage", b"<plist><dict/></plist>", plistlib.dumps([1])):
        assert Launchd(UID).home_of(definition) is None


# --- launchctl --------------------------------------------------------------------------------------------------------


def test_the_first_installation(tmp_path: Path) -> None:
    """Every command, in order, in the modern form."""
    world = World(tmp_path)
    world.install()
    look = ("launchctl", "print", TARGET)
    assert world.fake.calls == [
        ("launchctl", "bootout", TARGET),
        look,
        ("launchctl", "enable", TARGET),
        ("launchctl", "bootstrap", f"gui/{UID}", str(world.launchd.definition_path)),
        look,
    ]
    assert world.launchd.state() == State(pid=PRETENDED_PID)
    assert world.fake.state["program"] == ["/venv/bin/python", f"{tmp_path}/home/bot.py", "run", "--as-service"]


@pytest.mark.parametrize("leaving_seconds", [0, 5, 12])
def test_an_older_agent_is_replaced(tmp_path: Path, leaving_seconds: float) -> None:
    """It is waited for, as launchd forgets it only seconds after `bootout` has returned."""
    world = World(tmp_path, leaving_seconds=leaving_seconds)
    world.install()
    world.fake.calls.clear()
    world.install()
    assert world.verbs == ["bootout", "enable", "bootstrap"]
    assert world.seconds >= leaving_seconds
    assert world.launchd.state() == State(pid=PRETENDED_PID)


@pytest.mark.parametrize("status", [5, 37])
def test_a_refusal_right_after_the_old_agent_left_is_waited_out(tmp_path: Path, status: int) -> None:
    """Launchd refuses for some seconds even when it no longer shows the old agent."""
    world = World(tmp_path)
    refused: list[str] = []

    def run(*command: str) -> Outcome:
        if command[1] == "bootstrap" and len(refused) < 11:
            refused.append(command[1])
            return Outcome(status, "", f"Bootstrap failed: {status}\n")
        return world.fake.run(*command)

    world.write()
    Launchd(UID, run=run, sleep=world.sleep).replace()
    assert (len(refused), world.launchd.state()) == (11, State(pid=PRETENDED_PID))


def test_a_refusal_that_lasts_is_said(tmp_path: Path) -> None:
    """With launchctl's own words, and where macOS hides the switch."""
    world = World(tmp_path, switched_off=True)
    with pytest.raises(ToolFailed, match=r"`launchctl bootstrap gui/501` failed: Bootstrap failed: 5.*Login Items"):
        world.install()
    assert world.seconds <= LEAVING_SECONDS


def test_an_agent_that_is_loaded_but_not_started_is_started(tmp_path: Path) -> None:
    """As launchd at times forgets to."""
    world = World(tmp_path, forgets=True)
    world.install()
    assert world.verbs[-1] == "kickstart"
    assert world.launchd.state() == State(pid=PRETENDED_PID)


def test_an_agent_that_does_not_leave_is_said(tmp_path: Path) -> None:
    """Nothing is loaded beside it."""
    world = World(tmp_path, leaving_seconds=1000)
    world.install()
    with pytest.raises(ToolFailed, match="does not end"):
        world.install()
    assert world.verbs.count("bootstrap") == 1


def test_nobody_at_the_screen_is_said(tmp_path: Path) -> None:
    """As over ssh to a Mac where nobody is logged in: 125, and 112 from `print` on older ones."""
    world = World(tmp_path, screen=False)
    with pytest.raises(NoServiceHere, match="log in there"):
        world.install()
    with pytest.raises(NoServiceHere, match="log in there"):
        Launchd(UID, run=lambda *_: Outcome(112, "", "Could not find domain for\n")).state()


def test_start_and_stop(tmp_path: Path) -> None:
    """An agent that ended is started where it is; one that was stopped is loaded again; both are harmless twice."""
    world = World(tmp_path)
    world.install()
    world.fake.end(1)
    world.fake.calls.clear()
    world.launchd.start()
    assert world.verbs == ["kickstart"]
    world.launchd.stop()
    world.launchd.stop()
    assert world.launchd.state() is None
    world.launchd.start()
    assert world.launchd.state() == State(pid=PRETENDED_PID)
    world.launchd.remove()
    assert not world.launchd.definition_path.exists()
    assert world.launchd.state() is None


@pytest.mark.parametrize(
    ("status", "word", "state"),
    [
        (0, "not running", State(exit_status=0)),
        (None, "spawn scheduled", State()),
        (1, "spawn scheduled", State(waits=True, exit_status=1)),
        (1, "not running", State(waits=True, exit_status=1)),
        (-9, "not running", State(waits=True, signal=9)),
        (78, "spawn scheduled", State(waits=True, exit_status=78, misplaced=True)),
        (None, "not running", State()),
    ],
)
def test_what_launchd_says_is_understood(tmp_path: Path, status: int | None, word: str, state: State) -> None:
    """How it ended, and whether it is started again."""
    world = World(tmp_path)
    world.install()
    world.fake.change(pid=None, ended=status, word=word)
    assert world.launchd.state() == state


def test_a_form_that_is_not_known_is_no_fault() -> None:
    """Apple promises no form of `print`: what cannot be read is unknown."""
    assert Launchd(UID, run=lambda *_: Outcome(0, "something = else\n")).state() == State()


def test_folders_that_macos_guards_are_warned_of(tmp_path: Path) -> None:
    """Services may not read there, and end at once without a word."""
    launchd = Launchd(UID)
    for name, warned in (("Documents/bot", True), ("Desktop", True), ("Documentsbot", False), ("code/bot", False)):
        job = Job(tmp_path / "user" / name, Path("/p"), Path("/l"))
        assert ("keeps services out of" in launchd.remark(job)) is warned, name
