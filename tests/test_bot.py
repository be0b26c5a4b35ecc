"""The command line: exit statuses, clear sentences for what is wrong, and a start in time."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

import bot
from dialogue.reports import PERIODS
from routing.types import RoutingStrategy
from tests.bot_process import BotProcess
from tests.command_line import CommandLine
from tests.telegram_server import TOKEN, TelegramServer

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(bot.__file__).parent
FULL = Path("/dev/full")


async def test_help_names_every_command(tmp_path: Path) -> None:
    """--help lists the commands."""
    ran = await CommandLine(tmp_path).run("--help")
    assert ran.status == 0
    commands = re.findall(r"^    (\w+)  ", ran.out, re.MULTILINE)
    assert commands == [
        *("run", "chat", "ask", "route", "models", "stats", "doctor", "setup"),
        *("service", "backup", "restore"),
    ]


async def test_the_version_is_the_projects(tmp_path: Path) -> None:
    """--version says what pyproject.toml says."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (await CommandLine(tmp_path).run("--version")).out == f"Switchboard {project['version']}\n"


def test_what_the_parser_offers_is_what_there_is() -> None:
    """The names that the light parser repeats are those of the parts it does not load."""
    assert list(RoutingStrategy) == list(bot.STRATEGIES)
    assert tuple(PERIODS) == bot.PERIODS


def test_the_parser_is_light() -> None:
    """Help and usage errors come at once: nothing heavy is loaded for them."""
    program = "import sys, bot; print(sorted({'routing', 'telegram', 'rich', 'aiohttp', 'dotenv'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("sing",),
        ("ask",),
        ("ask", " "),
        ("route", "x", "--strategy", "wild"),
        ("stats", "--period", "1y"),
        ("chat", "--json"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_status_two(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be understood is said, with the usage, and nothing is done."""
    with pytest.raises(SystemExit) as ended:
        bot.main(arguments)
    assert ended.value.code == 2
    assert "usage: bot.py" in capsys.readouterr().err


async def test_every_wrong_setting_is_said_at_once(tmp_path: Path) -> None:
    """All problems of .env stand on standard error, without what was written there and without a traceback."""
    (tmp_path / ".env").write_text("MAX_COST=lots\nLOG_LEVEL=loud\nADMIN_USER_IDS=me\n")
    ran = await CommandLine(tmp_path).run("ask", "2+2")
    assert (ran.status, ran.out) == (1, "")
    assert [line.split()[0] for line in ran.err.splitlines()] == ["ADMIN_USER_IDS", "MAX_COST", "LOG_LEVEL"]
    assert "lots" not in ran.err


async def test_every_wrong_entry_of_models_toml_is_said_at_once(tmp_path: Path) -> None:
    """Each has its line and its reason."""
    (tmp_path / "models.toml").write_text('[models.mine]\nbackend = "ollama"\ncost = 7\n\n[models.other]\nspeed = 1\n')
    ran = await CommandLine(tmp_path).run("chat", given="hello\n")
    assert (ran.status, ran.out) == (1, "")
    assert len(ran.err.splitlines()) >= 3
    assert all(re.match(r"models\.toml:\d+: ", line) for line in ran.err.splitlines())


def a_folder(path: Path) -> None:
    path.mkdir()


def foreign(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")


def newer(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE migrations (name TEXT PRIMARY KEY)")
        connection.execute("INSERT INTO migrations (name) VALUES ('m999_from_the_future')")
        connection.commit()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (a_folder, "cannot be opened"),
        (foreign, "belongs to another program"),
        (newer, "written by a newer version"),
    ],
)
@pytest.mark.parametrize("command", ["chat", "stats", "run"])
async def test_a_database_that_cannot_be_used_is_said(
    tmp_path: Path, command: str, spoil: Callable[[Path], None], sentence: str
) -> None:
    """One sentence that says what to do, and status 1; a damaged one has tests of its own."""
    spoil(tmp_path / "switchboard.db")
    ran = await CommandLine(tmp_path, TELEGRAM_BOT_TOKEN=TOKEN).run(command, given="hello\n")
    assert (ran.status, ran.out) == (1, "")
    assert sentence in ran.err
    assert "Traceback" not in ran.err


async def test_a_locked_database_is_said(tmp_path: Path) -> None:
    """After some seconds of waiting, the other program is named as the reason."""
    line = CommandLine(tmp_path)
    await line.run("stats")
    with contextlib.closing(sqlite3.connect(tmp_path / "switchboard.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        ran = await line.run("ask", "2+2")
    assert (ran.status, ran.out) == (1, "")
    assert "is locked: close the other program" in ran.err


async def test_a_place_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    """Whoever may not write there, as not even root may here, is told which rights are missing."""
    place = Path("/System" if sys.platform == "darwin" else "/sys") / "switchboard.db"
    ran = await CommandLine(tmp_path, DATABASE_PATH=place).run("ask", "2+2")
    assert (ran.status, ran.out) == (1, "")
    assert "may not be written" in ran.err


async def test_a_wrong_token_ends_the_bot_with_a_sentence(tmp_path: Path) -> None:
    """Telegram's refusal is said plainly; the token is not repeated."""
    async with TelegramServer() as telegram:
        wrong = "987654:AAwrong-token-that-nobody-should-read"
        line = CommandLine(tmp_path, TELEGRAM_BOT_TOKEN=wrong, TELEGRAM_API_URL=telegram.url)
        ran = await line.run("run")
    assert ran.status == 1
    assert "TELEGRAM_BOT_TOKEN" in ran.err
    assert "Traceback" not in ran.err
    assert "wrong-token" not in ran.out + ran.err


async def test_the_bot_is_there_in_time_and_small(tmp_path: Path) -> None:
    """It polls within seconds (a second, on a machine with nothing else to do), small, and ends when told to."""
    async with TelegramServer() as telegram:
        bot_process = await BotProcess(telegram, tmp_path).start()
        if sys.platform == "linux":
            assert bot_process.resident_megabytes < 120
        assert await bot_process.end() == 0
    assert bot_process.poll_seconds < 10


async def test_rich_is_not_in_the_bots_process(tmp_path: Path) -> None:
    """What draws in a terminal is not loaded by the bot."""
    async with TelegramServer() as telegram:
        bot_process = await BotProcess(telegram, tmp_path, PYTHONPROFILEIMPORTTIME=1).start()
        assert await bot_process.end() == 0
    loaded = set(re.findall(r"\| +([\w.]+)$", bot_process.output, re.MULTILINE))
    assert "telegram" in loaded
    assert loaded & {"rich", "pint", "terminal", "readline"} == set()


def test_a_closed_pipe_is_no_fault(tmp_path: Path) -> None:
    """Whoever reads only the first line of the output is shown no error."""
    line = CommandLine(tmp_path)
    command = f"'{sys.executable}' '{line.bot}' route hello --json | head -n 1"
    ran = subprocess.run(
        ["sh", "-c", command], env=line.environment, capture_output=True, text=True, timeout=20, check=False
    )
    assert (ran.stdout, ran.stderr) == ("{\n", "")


def written_to(output: IO[bytes], home: Path, arguments: str, **settings: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command that writes nothing but its output, there."""
    line = CommandLine(home, RECEIPTS="off", **settings)
    return subprocess.run(
        [sys.executable, line.bot, *arguments.split()],
        env=line.environment,
        input=b"hello\n",
        stdout=output,
        stderr=subprocess.PIPE,
        timeout=20,
        check=False,
    )


AT_ONCE_OR_LATE = pytest.mark.parametrize("buffered", [{"PYTHONUNBUFFERED": "1"}, {}], ids=["at once", "late"])


@pytest.mark.skipif(not FULL.exists(), reason="this system has no disk that is always full")
@AT_ONCE_OR_LATE
@pytest.mark.parametrize("arguments", ["ask 2+2", "route hello", "models", "stats --json", "doctor", "setup", "chat"])
def test_a_full_disk_is_said(tmp_path: Path, arguments: str, buffered: dict[str, str]) -> None:
    """What could not be written is one sentence, whenever it is noticed."""
    with FULL.open("wb") as full:
        ran = written_to(full, tmp_path, arguments, **buffered)
    assert (ran.returncode, ran.stderr) == (1, b"The output could not be written: No space left on device.\n")


@AT_ONCE_OR_LATE
@pytest.mark.parametrize("arguments", ["ask 2+2", "models", "chat"])
def test_a_pipe_that_nobody_reads_is_no_fault(tmp_path: Path, arguments: str, buffered: dict[str, str]) -> None:
    """Whoever has seen enough is told nothing, whenever it is noticed."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        ran = written_to(pipe, tmp_path, arguments, **buffered)
    assert (ran.returncode, ran.stderr) == (1, b"")


@pytest.mark.parametrize("arguments", ["chat <&- >&- 2>&-", "ask 2+2 >&-", "models >&-"])
def test_a_stream_that_is_not_there_is_no_fault(tmp_path: Path, arguments: str) -> None:
    """Nothing is read, and what is written is lost."""
    line = CommandLine(tmp_path, RECEIPTS="off")
    command = f"'{sys.executable}' '{line.bot}' {arguments}"
    ran = subprocess.run(
        ["sh", "-c", command], env=line.environment, capture_output=True, text=True, timeout=20, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_a_bug_is_said_and_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """An error that nobody foresaw is one sentence for people and a traceback for the log."""
    assert bot._failed(ZeroDivisionError("x")) == 1
    assert capsys.readouterr().err == "Something went wrong that should not have; the log has the details.\n"
