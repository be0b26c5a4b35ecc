"""The doctor finds what is wrong, says what to do, and shows no secret."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from service.errors import NoServiceHere
from service.job import Job
from service.process_lock import held
from service.systemd import Systemd
from settings import Settings
from storage.database import Database
from terminal.findings import Verdict
from terminal.installation_checks import check_catalog, check_log, check_packages, check_secrecy
from terminal.service_checks import check_admins, check_room, check_running, check_service, check_storage
from tests.command_line import CommandLine
from tests.fake_model_server import FakeModel
from tests.fake_ollama import FakeOllama
from tests.fake_systemd import FakeSystemd
from tests.telegram_server import TOKEN, TelegramServer


async def test_a_healthy_installation_passes(tmp_path: Path) -> None:
    """With a token, a server and a model, every line is a ✓ but for the admin who is still missing."""
    async with FakeOllama({"qwen2.5:7b-instruct-q4_K_M": FakeModel()}) as ollama, TelegramServer() as telegram:
        (tmp_path / ".env").write_text(f"TELEGRAM_BOT_TOKEN={TOKEN}\n")
        (tmp_path / ".env").chmod(0o600)
        line = CommandLine(tmp_path, OLLAMA_BASE_URL=ollama.root, TELEGRAM_API_URL=telegram.url, HOME=tmp_path)
        ran = await line.run("doctor")
        found = f"✓ Ollama at {ollama.root}, version 0.33.0: 1 model"
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert found in lines
    assert "✓ Telegram: the token is that of @switchboard_bot" in lines
    assert "✓ 1 model can answer" in lines
    assert "✓ the bot does not run now" in lines
    assert [line for line in lines if line.startswith("✓ no service: ")]
    assert [line for line in lines if line[0] in "!✗"] == ["! nobody is the bot's admin yet"]
    assert TOKEN not in ran.out
    assert not (tmp_path / "switchboard.db").exists()


async def test_every_failure_says_what_to_do(tmp_path: Path) -> None:
    """A refused token, an open .env, a spoilt database, a dead server: each has its line and its remedy, status 1."""
    wrong = "98765:AAwrong-token-nobody-should-read"
    (tmp_path / ".env").write_text(f"TELEGRAM_BOT_TOKEN={wrong}\n")
    (tmp_path / ".env").chmod(0o644)
    (tmp_path / "switchboard.db").write_bytes(b"SQLite format 3\x00" + b"garbage " * 2000)
    async with TelegramServer() as telegram:
        line = CommandLine(
            tmp_path,
            OLLAMA_BASE_URL="http://127.0.0.1:9",
            TELEGRAM_API_URL=telegram.url,
            LOG_FILE=tmp_path / "missing" / "bot.log",
        )
        ran = await line.run("doctor")
    assert ran.status == 1
    assert "wrong-token" not in ran.out + ran.err
    for part in (
        "can be read by others",
        "chmod 600",
        "✗ the database cannot be used",
        "put back a backup",
        "Telegram does not know this token: copy it again from @BotFather.",
        "! Ollama at http://127.0.0.1:9 is not reachable",
        "✗ no model can answer",
        "start it with `ollama serve`",
        "cannot be written",
    ):
        assert part in ran.out, part


async def test_a_database_that_opens_but_is_damaged_is_found(tmp_path: Path) -> None:
    """The start would find the damage, so the doctor does; it says what the start will do, and changes nothing."""
    path = tmp_path / "switchboard.db"
    async with await Database.open(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'people'").fetchall()
        ((size,),) = connection.execute("PRAGMA page_size").fetchall()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)
    before = path.read_bytes()
    (finding,) = [found async for found in check_storage(Settings(database_path=path))]
    assert finding.verdict is Verdict.FAILED
    assert "At its next start the bot sets it aside" in finding.remedy
    assert path.read_bytes() == before


async def test_no_network_is_told_from_a_wrong_token(tmp_path: Path) -> None:
    """A Telegram that cannot be reached says nothing about the token."""
    line = CommandLine(tmp_path, TELEGRAM_BOT_TOKEN=TOKEN, TELEGRAM_API_URL="http://127.0.0.1:9")
    assert "http://127.0.0.1:9 cannot be reached: check the network" in (await line.run("doctor")).out


async def test_bad_settings_and_entries_are_listed(tmp_path: Path) -> None:
    """Every problem of .env, and of models.toml, is a line of its own."""
    (tmp_path / ".env").write_text("MAX_COST=lots\nLOG_LEVEL=loud\n")
    ran = await CommandLine(tmp_path).run("doctor")
    assert ran.status == 1
    assert {"✗ MAX_COST must be a number from 0 to 1.", "✗ LOG_LEVEL must be debug, info, warning or error."} <= set(
        ran.out.splitlines()
    )
    (tmp_path / ".env").unlink()
    (tmp_path / "models.toml").write_text("[models.mine]\ncost = 7\n")
    ran = await CommandLine(tmp_path).run("doctor")
    assert ran.status == 1
    assert "✗ models.toml:" in ran.out


async def test_a_rule_for_a_model_that_is_not_there_is_warned_about(tmp_path: Path) -> None:
    """Models come and go; the name may be misspelt as well."""
    (tmp_path / "models.toml").write_text('[[rule]]\nuse = ["gone:1b", "qwen2.5:7b*"]\n')
    shown = (await CommandLine(tmp_path).run("doctor")).out
    assert "models.toml:1: no model goes by gone:1b now" in shown
    assert "no model goes by qwen2.5" not in shown


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_models_file_that_is_none_is_warned_about(tmp_path: Path, name: str) -> None:
    """The bot runs without it; whoever named it expects more. The usual name need not be there."""
    (finding,) = check_catalog(Settings(models_file=tmp_path / name))
    assert finding.verdict is Verdict.WARNING
    assert "is no file" in finding.text
    (usual,) = check_catalog(Settings(models_file=tmp_path / "models.toml"))
    assert usual.verdict is Verdict.WELL


async def test_a_misspelt_name_is_warned_about(tmp_path: Path) -> None:
    """With the setting that was likely meant, also where a value is wrong; names of other programs may stand there."""
    (tmp_path / ".env").write_text("OLAMA_BASE_URL=http://127.0.0.1:9\nOPENAI_API_KEY=sk-secret\nMAX_COST=lots\n")
    ran = await CommandLine(tmp_path).run("doctor")
    lines = ran.out.splitlines()
    warned = lines.index(f"! OLAMA_BASE_URL in {tmp_path}/.env is no setting, so it changes nothing")
    assert lines[warned + 1] == "  → Write OLLAMA_BASE_URL, if that is meant."
    assert "✗ MAX_COST must be a number from 0 to 1." in lines
    assert "OPENAI" not in ran.out


async def test_a_locked_database_is_found(tmp_path: Path) -> None:
    """Whoever holds the lock is to be closed."""
    line = CommandLine(tmp_path)
    await line.run("stats")
    other = sqlite3.connect(tmp_path / "switchboard.db")
    other.execute("BEGIN IMMEDIATE")
    ran = await line.run("doctor")
    other.close()
    assert "is locked: close the other program" in ran.out


def test_what_is_installed_is_compared_with_the_list(tmp_path: Path) -> None:
    """A missing or a different version is named; packages for other machines are not asked for."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("rich==0.0.1  # old\nno-such-package==1.0\nmlx-lm==0.0 ; sys_platform == 'none'\n")
    found = check_packages(requirements)
    assert found.verdict is Verdict.FAILED
    assert "rich" in found.text
    assert "no-such-package missing" in found.text
    assert "mlx-lm" not in found.text
    assert check_packages().verdict is Verdict.WELL


def test_who_else_can_read_the_settings_matters(tmp_path: Path) -> None:
    """Rights for others are warned about, none at all are well."""
    dotenv = tmp_path / ".env"
    assert check_secrecy(dotenv).verdict is Verdict.WELL
    dotenv.touch()
    for mode, verdict in ((0o600, Verdict.WELL), (0o640, Verdict.WARNING), (0o604, Verdict.WARNING)):
        dotenv.chmod(mode)
        assert check_secrecy(dotenv).verdict is verdict


def test_the_log_may_be_a_new_file(tmp_path: Path) -> None:
    """What counts is whether it can be written."""
    assert check_log(Settings()).verdict is Verdict.WELL
    assert check_log(Settings(log_file=tmp_path / "new.log")).verdict is Verdict.WELL
    assert check_log(Settings(log_file=tmp_path)).verdict is Verdict.FAILED
    assert check_log(Settings(log_file=tmp_path / "no" / "new.log")).verdict is Verdict.FAILED


def test_an_admin_is_needed_for_telegram_alone() -> None:
    """The terminal's owner needs no admin."""
    connected = Settings(telegram_bot_token=TOKEN)
    assert check_admins(Settings(), has_admin=False).verdict is Verdict.WELL
    assert check_admins(connected, has_admin=False).verdict is Verdict.WARNING
    assert check_admins(connected, has_admin=True).verdict is Verdict.WELL


def test_room_on_the_disk_is_measured(tmp_path: Path) -> None:
    """The figure is that of the disk the folder is on."""
    assert "GB free" in check_room(tmp_path).text


# --- the service ------------------------------------------------------------------------------------------------------


class Installed:
    """A service that is installed and runs, until something happens to it."""

    def __init__(self, folder: Path) -> None:
        self.fake = FakeSystemd(folder / "system")
        self.systemd = Systemd(1000, run=self.fake.run)
        self.job = Job(folder / "home", folder / "python", folder / "logs")
        self.job.logs.mkdir()
        self.systemd.definition_path.parent.mkdir(parents=True)
        self.systemd.definition_path.write_bytes(self.systemd.definition(self.job))
        self.systemd.replace()

    def found(self, **other: Path) -> tuple[Verdict, str, str]:
        """What the doctor says of it, as it looks from a job that may be another one."""
        found = check_service(replace(self.job, **other), lambda: self.systemd)
        return found.verdict, found.text, found.remedy


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return Installed(tmp_path)


def test_a_service_that_runs_is_well(installed: Installed) -> None:
    """With its process."""
    verdict, text, _ = installed.found()
    assert verdict is Verdict.WELL
    assert text.startswith("The service runs")


def test_no_service_is_well_and_the_way_to_one_is_said(installed: Installed) -> None:
    """The system is not asked, as it may know of no services at all."""
    installed.systemd.definition_path.unlink()
    installed.fake.calls.clear()
    verdict, text, _ = installed.found()
    assert (verdict, "`scripts/run service install`" in text) == (Verdict.WELL, True)
    assert installed.fake.calls == []

    def no_service() -> Systemd:
        raise NoServiceHere("This system has none.")

    found = check_service(installed.job, no_service)
    assert (found.verdict, found.text) == (Verdict.WELL, "no service: This system has none.")


def test_a_service_that_ended_is_warned_about(installed: Installed) -> None:
    """With how it ended and where the reason is."""
    installed.fake.end(78)
    verdict, text, remedy = installed.found()
    assert verdict is Verdict.WARNING
    assert "exit status 78" in text
    assert "`scripts/run service logs` says why" in remedy


def test_a_service_of_another_copy_is_warned_about(installed: Installed, tmp_path: Path) -> None:
    """Or of another version, or one whose folders were moved away: to install it anew is the remedy."""
    verdict, text, remedy = installed.found(home=tmp_path / "other")
    assert (verdict, text) == (Verdict.WARNING, f"the service runs in {tmp_path}/home, not in {tmp_path}/other")
    assert "`scripts/run service install`" in remedy
    assert "another version" in installed.found(python=tmp_path / "other python")[1]
    installed.job.logs.rmdir()
    assert f"log, {installed.job.logs}, is gone" in installed.found()[1]


def test_a_service_that_cannot_be_asked_about_is_no_failure(installed: Installed) -> None:
    """As from another login."""
    installed.fake.change(bus=False)
    for remedy, found in (
        ("Failed to connect to bus", installed.found()),
        ("rename the folder", installed.found(home=Path("/line\nbreak"))),
    ):
        assert found[:2] == (Verdict.WARNING, "the service cannot be looked at")
        assert remedy in found[2]


def test_a_bot_that_runs_is_seen(tmp_path: Path) -> None:
    """As a service or by hand, it holds the lock."""
    settings = Settings(database_path=tmp_path / "switchboard.db")
    assert check_running(settings).text == "the bot does not run now"
    with held(settings.database_path):
        assert check_running(settings).text == f"the bot runs now, as process {os.getpid()}"
