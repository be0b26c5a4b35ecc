"""One bot a database: a second one is refused by name, and what a crash leaves behind is no obstacle."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from service.errors import AlreadyRunning, LockRefused
from service.process_lock import RETRY_SECONDS, TRIES, held, holder, lock_path
from tests.bot_process import BotProcess
from tests.command_line import CommandLine
from tests.telegram_server import TOKEN, TelegramServer

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
FULL = Path("/dev/full")
HOLD = """
import sys
from contextlib import contextmanager
from pathlib import Path
from service.process_lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "switchboard.db"


@contextmanager
def holding(database: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until it is ended."""
    command = [sys.executable, "-c", HOLD, str(database)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@pytest.fixture
def other(database: Path) -> Iterator[subprocess.Popen[str]]:
    with holding(database) as process:
        yield process


def test_the_lock_says_who_has_it(database: Path) -> None:
    """Nobody before, this process while it is held, nobody after; the file holds the number and nothing else."""
    assert holder(database) is None
    with held(database):
        assert holder(database) == os.getpid()
        assert lock_path(database).read_text() == f"{os.getpid()}\n"
        assert lock_path(database).stat().st_mode & 0o777 == 0o600
    assert holder(database) is None
    assert lock_path(database).name == "switchboard.db.lock"
    assert lock_path(database).read_text() == ""


def test_a_second_process_is_refused_by_name(database: Path, other: subprocess.Popen[str]) -> None:
    """It is told the first one's number, after some tries, and the first one keeps lock and number."""
    slept: list[float] = []
    for _ in range(2):
        sentence = rf"\(process {other.pid}\): stop that one first"
        with pytest.raises(AlreadyRunning, match=sentence) as refused, held(database, sleep=slept.append):
            pytest.fail("two hold one lock")
        assert refused.value.pid == other.pid
    assert holder(database) == other.pid
    assert slept == [RETRY_SECONDS] * (TRIES - 1) * 2


def test_a_killed_process_leaves_no_obstacle(database: Path, other: subprocess.Popen[str]) -> None:
    """After kill -9 the file is still there with the old number, and the lock is free at once."""
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert lock_path(database).read_text() == f"{other.pid}\n"
    assert holder(database) is None
    with held(database):
        assert holder(database) == os.getpid()


def test_a_look_at_the_lock_turns_nobody_away(database: Path) -> None:
    """Who starts in the instant in which another program looks at the lock tries again, and gets it."""
    with lock_path(database).open("w") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        with held(database, sleep=lambda _: fcntl.flock(looking, fcntl.LOCK_UN)):
            assert holder(database) == os.getpid()


def test_two_names_of_one_database_are_one_lock(database: Path, tmp_path: Path) -> None:
    """A link to the database does not open a second door."""
    database.touch()
    link = tmp_path / "link.db"
    link.symlink_to(database)
    with held(link):
        assert holder(database) == os.getpid()


def test_two_databases_are_two_bots(database: Path, tmp_path: Path) -> None:
    """Each has its lock."""
    with held(database), held(tmp_path / "other.db"):
        assert (holder(database), holder(tmp_path / "other.db")) == (os.getpid(), os.getpid())
        assert holder(tmp_path / "third.db") is None


def test_a_lock_without_a_number_is_held_all_the_same(database: Path) -> None:
    """Where the number is missing, as on a full disk, it is another process."""
    with held(database):
        os.truncate(lock_path(database), 0)
        assert holder(database) == 0
        with pytest.raises(AlreadyRunning, match="another process"), held(database, sleep=lambda _: None):
            pytest.fail("two hold one lock")


def test_a_lock_file_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """The file, the reason and what to do are named."""
    (tmp_path / "no").write_text("a file where the folder should be")
    sentence = r"no/switchboard\.db\.lock cannot be opened: File exists\. .* set DATABASE_PATH to another place\."
    with pytest.raises(LockRefused, match=sentence), held(tmp_path / "no" / "switchboard.db"):
        pytest.fail("held nothing")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no disk that is always full")
def test_a_full_disk_takes_no_lock_away(database: Path) -> None:
    """The number cannot be written there; the bot starts all the same, and keeps others away."""
    (database.parent / "switchboard.db.lock").symlink_to(FULL)
    with held(database):
        assert holder(database) == 0


async def test_a_second_bot_on_one_database_ends_at_once(tmp_path: Path) -> None:
    """It says which process is in its way, asks Telegram nothing, and leaves the first one polling."""
    async with TelegramServer() as telegram, BotProcess(telegram, tmp_path) as first:
        asked = len(telegram.called("getMe"))
        line = CommandLine(tmp_path, TELEGRAM_BOT_TOKEN=TOKEN, TELEGRAM_API_URL=telegram.url)
        second = await line.run("run")
        assert (second.status, second.out) == (1, "")
        assert f"(process {first.process.pid})" in second.err
        assert len(telegram.called("getMe")) == asked
        assert (await line.run("ask", "2+2")).status == 0
        assert holder(tmp_path / "switchboard.db") == first.process.pid


def test_the_folder_is_made(tmp_path: Path) -> None:
    """The first start need not find the database's folder: the lock comes before the database."""
    database = tmp_path / "not" / "there" / "yet.db"
    with held(database):
        assert lock_path(database).exists()
