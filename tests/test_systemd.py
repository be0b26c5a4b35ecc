"""The user unit: systemd itself takes its file, and systemctl is spoken to as it answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from service.errors import FolderUnusable, NoServiceHere, ToolFailed
from service.job import Job, State
from service.systemd import UNIT, Systemd
from tests.fake_supervisor import PRETENDED_PID
from tests.fake_systemd import FakeSystemd

if TYPE_CHECKING:
    from service.tools import Outcome

ODD = "Ünïcode & 100% 'odd' \"folder\" $HOME \\x <no. 1> {home}"
VERIFY = shutil.which("systemd-analyze")


class World:
    """A Linux with one user."""

    def __init__(self, folder: Path, **state: Any) -> None:
        self.fake = FakeSystemd(folder / "systemd")
        self.fake.change(**state)
        self.systemd = Systemd(1000, run=self.fake.run)
        self.job = Job(folder / "home", Path("/venv/bin/python"), folder / "logs")

    def install(self) -> None:
        """Write the definition and have it take effect."""
        self.systemd.definition_path.parent.mkdir(parents=True, exist_ok=True)
        self.systemd.definition_path.write_bytes(self.systemd.definition(self.job))
        self.systemd.replace()

    @property
    def commands(self) -> list[str]:
        """What systemctl was asked to do."""
        return [" ".join(call[2:]) for call in self.fake.calls]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


# --- the file ---------------------------------------------------------------------------------------------------------


def test_the_unit_is_what_the_bot_needs(tmp_path: Path) -> None:
    """Started with the login and after a failure, as long as it takes, but not after what only a person can mend."""
    world = World(tmp_path)
    unit = world.systemd.definition(world.job).decode()
    assert unit.startswith("[Unit]\n")
    assert f'ExecStart=:"/venv/bin/python" "{tmp_path}/home/bot.py" run --as-service\n' in unit
    assert f"WorkingDirectory={tmp_path}/home\n" in unit
    assert f"StandardError=append:{tmp_path}/logs/console.log\n" in unit
    lines = ("Restart=on-failure", "RestartSec=10", "RestartPreventExitStatus=78", "TimeoutStopSec=10", "UMask=0077")
    assert set(lines) <= set(unit.splitlines())
    assert world.systemd.definition_path == tmp_path / "user" / ".config" / "systemd" / "user" / UNIT
    assert world.systemd.home_of(unit.encode()) == world.job.home


@pytest.mark.parametrize("configured", ["/somewhere/else", "relative", ""])
def test_the_folder_for_units_is_the_users_own(configured: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_CONFIG_HOME is obeyed where it names a folder in full, as systemd does."""
    monkeypatch.setenv("XDG_CONFIG_HOME", configured)
    expected = Path("/somewhere/else") if configured.startswith("/") else Path.home() / ".config"
    assert Systemd(1000).definition_path == expected / "systemd" / "user" / UNIT


def verified(tmp_path: Path, unit: bytes) -> str:
    """What systemd says of a unit."""
    assert VERIFY is not None
    (tmp_path / "runtime").mkdir(mode=0o700, exist_ok=True)
    path = tmp_path / UNIT
    path.write_bytes(unit)
    ran = subprocess.run(
        [VERIFY, "--user", "verify", str(path)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path / "runtime")},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stderr + (f"status {ran.returncode}" if ran.returncode else "")


@pytest.mark.skipif(VERIFY is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("name", ["plain", ODD])
def test_systemd_finds_no_fault(tmp_path: Path, name: str) -> None:
    """Its own check: every line is known, and the program and the folder are found, however odd their names."""
    home = tmp_path / name
    home.mkdir()
    python = tmp_path / "Ä $x 100%h & co" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    unit = Systemd(1000).definition(Job(home, python, home))
    assert verified(tmp_path, unit) == ""
    assert "status 1" in verified(tmp_path, unit.replace(b"/python", b"/cobra"))
    assert Systemd(1000).home_of(unit) == home


@pytest.mark.parametrize("name", ["Ada's", 'the "bot"', "back\\slash"])
def test_a_python_that_systemd_cannot_start_is_said(name: str) -> None:
    """No quoting helps there."""
    with pytest.raises(FolderUnusable, match="rename the folder"):
        Systemd(1000).definition(Job(Path("/home"), Path("/") / name / "python", Path("/logs")))


def test_a_file_of_another_kind_belongs_to_nobody() -> None:
    """One that is damaged, or not ours, is no reason to fail: it is replaced."""
    assert Systemd(1000).home_of(b"\xff garbage") is None


# --- systemctl --------------------------------------------------------------------------------------------------------


def test_an_installation_and_one_over_it(tmp_path: Path) -> None:
    """Every command, in order; the second time is no different, and leaves one that runs."""
    world = World(tmp_path)
    for _ in range(2):
        world.fake.calls.clear()
        world.install()
        assert world.commands == [
            "daemon-reload",
            f"enable {UNIT}",
            f"stop {UNIT}",
            f"restart --no-block {UNIT}",
        ]
        assert {call[:2] for call in world.fake.calls} == {("systemctl", "--user")}
        assert world.systemd.state() == State(pid=PRETENDED_PID)
    assert world.fake.state["program"] == ["/venv/bin/python", f"{tmp_path}/home/bot.py", "run", "--as-service"]
    assert world.fake.state["enabled"]


def test_start_stop_and_remove(tmp_path: Path) -> None:
    """A unit that waits for its next try is started at once; one that is removed is known no more."""
    world = World(tmp_path)
    world.install()
    world.fake.change(pid=None, ended=1, waits=True)
    world.systemd.start()
    assert world.systemd.state() == State(pid=PRETENDED_PID)
    world.systemd.stop()
    assert world.systemd.state() == State(stopped=True)
    world.systemd.remove()
    assert not world.systemd.definition_path.exists()
    assert world.systemd.state() is None
    assert not world.fake.state["enabled"]


def test_a_unit_whose_file_is_gone_can_be_removed(tmp_path: Path) -> None:
    """It may still run."""
    world = World(tmp_path)
    world.install()
    world.systemd.definition_path.unlink()
    world.systemd.remove()
    assert world.systemd.state() is None
    assert not world.fake.state["pid"]


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"ended": 0}, State(stopped=True)),
        ({"ended": 1, "waits": True}, State(waits=True, exit_status=1)),
        ({"ended": -9, "waits": True}, State(waits=True, signal=9)),
        ({"ended": 78}, State(exit_status=78)),
        ({"ended": 203, "waits": True}, State(waits=True, exit_status=203, misplaced=True)),
        ({"ended": 209, "waits": True}, State(waits=True, exit_status=209, misplaced=True)),
        ({}, State()),
    ],
)
def test_what_systemd_says_is_understood(tmp_path: Path, values: dict[str, Any], state: State) -> None:
    """How it ended, and whether it is started again."""
    world = World(tmp_path)
    world.install()
    world.fake.change(**{"pid": None, "ended": None, **values})
    assert world.systemd.state() == state


def test_a_refusal_is_said_in_systemds_words(tmp_path: Path) -> None:
    """With the command that was refused."""
    world = World(tmp_path)
    with pytest.raises(ToolFailed, match=rf"`systemctl --user restart` failed: .*Unit {UNIT} not found"):
        world.systemd.start()


def test_a_systemd_that_cannot_be_reached_is_said(tmp_path: Path) -> None:
    """As after su or sudo, where there is no login that systemd knows of."""
    with pytest.raises(NoServiceHere, match=r"Failed to connect to bus: No medium found\): log in as yourself"):
        World(tmp_path, bus=False).systemd.state()


def test_advice_that_cannot_be_had_is_left_out(tmp_path: Path) -> None:
    """The service has been installed by then."""

    def run(*command: str) -> Outcome:
        raise NoServiceHere(f"There is no {command[0]}.")

    assert Systemd(1000, run=run).remark(World(tmp_path).job) == ""


@pytest.mark.parametrize(("linger", "said"), [("no", "`loginctl enable-linger`"), ("yes", ""), (None, "")])
def test_lingering_is_mentioned_where_it_is_off(tmp_path: Path, linger: str | None, said: str) -> None:
    """Without it the service ends with the login."""
    world = World(tmp_path, linger=linger)
    remark = world.systemd.remark(world.job)
    assert said in remark
    assert bool(said) is bool(remark)
