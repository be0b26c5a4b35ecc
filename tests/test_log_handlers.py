"""A log that cannot be written takes nobody down: it says so once, and goes on when it can."""

from __future__ import annotations

import errno
import io
import logging
from contextlib import redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from log_handlers import ToFile, ToStandardError

if TYPE_CHECKING:
    from collections.abc import Iterator

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no disk that is always full")


class FullDisk(io.StringIO):
    """A stream onto a disk without room."""

    def write(self, text: str, /) -> int:
        """Refuse it."""
        raise OSError(errno.ENOSPC, "No space left on device")


class Log:
    """A log file in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.path = folder / "bot.log"
        self.handler = ToFile(self.path, full_bytes=200, kept=2)
        self.handler.setFormatter(logging.Formatter("%(message)s"))

    def say(self, *lines: str) -> None:
        """Log these lines."""
        for line in lines:
            self.handler.handle(logging.makeLogRecord({"msg": line}))

    @property
    def lines(self) -> list[str]:
        """What stands in the file now."""
        return self.path.read_text().splitlines()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path / "logs")
    yield made
    made.handler.close()


def test_a_full_file_makes_room_for_a_new_one(log: Log) -> None:
    """The newest lines are in the file, older ones beside it, the oldest gone; all are for their owner alone."""
    log.say(*(f"{number:099}" for number in range(20)))
    names = sorted(path.name for path in log.path.parent.iterdir())
    assert names == ["bot.log", "bot.log.1", "bot.log.2"]
    assert log.lines[-1] == f"{19:099}"
    assert {path.stat().st_mode & 0o777 for path in log.path.parent.iterdir()} == {0o600}


def test_a_folder_that_vanished_is_made_anew(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    """The next line is in a new file of the same name, and nobody is told of any trouble."""
    log.say("before")
    log.path.unlink()
    log.path.parent.rmdir()
    log.say("after")
    assert log.lines == ["after"]
    assert capsys.readouterr().err == ""


def test_a_file_that_was_moved_away_is_begun_anew(log: Log) -> None:
    """Whoever moves old lines away does not take the new ones along."""
    log.say("before")
    moved = log.path.rename(log.path.with_name("moved"))
    log.say("after")
    assert (moved.read_text(), log.lines) == ("before\n", ["after"])


@needs_full
def test_a_full_disk_is_said_once(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines are counted while it lasts; afterwards the file says how many are missing."""
    log.say("before")
    kept = log.path.rename(log.path.with_name("kept"))
    log.path.symlink_to(FULL)
    log.say("one", "two", "three")
    assert log.handler.stream is None  # one that stayed open would write its lines at some later time
    log.path.unlink()
    kept.rename(log.path)
    log.say("after")
    assert capsys.readouterr().err == f"The log {log.path} cannot be written: No space left on device.\n"
    assert log.lines == ["before", "after", "before this line 3 are missing: they could not be written"]
    log.say("more")
    assert log.lines[-1] == "more"


@needs_full
def test_nobody_to_tell_is_no_fault_either(log: Log) -> None:
    """Without a standard error the program goes on without a word."""
    log.path.unlink()
    log.path.symlink_to(FULL)
    nowhere = io.StringIO()
    nowhere.close()
    with redirect_stderr(nowhere):
        log.say("one", "two")
    log.path.unlink()
    log.say("after")
    assert log.lines[-1].startswith("before this line 2 are missing")


def test_a_standard_error_that_takes_nothing_is_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    """A line that cannot be shown is dropped, whether the disk is full or the stream closed."""
    closed = io.StringIO()
    closed.close()
    for stream in (FullDisk(), closed):
        ToStandardError(stream).handle(logging.makeLogRecord({"msg": "hello"}))
    assert capsys.readouterr().err == ""


def test_a_full_file_that_cannot_be_moved_grows_on(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    """Where old files may not be renamed, no line is lost for it."""
    log.path.with_name("bot.log.1").mkdir()
    (log.path.with_name("bot.log.1") / "in the way").touch()
    log.path.with_name("bot.log.2").mkdir()
    (log.path.with_name("bot.log.2") / "in the way").touch()
    lines = [f"{number:099}" for number in range(5)]
    log.say(*lines)
    assert log.lines == lines
    assert capsys.readouterr().err == ""


def test_a_missing_folder_at_the_start_is_a_mistake(tmp_path: Path) -> None:
    """It is not made: who named it meant another one."""
    with pytest.raises(FileNotFoundError):
        ToFile(tmp_path / "no" / "bot.log", full_bytes=1, kept=1)
    assert not (tmp_path / "no").exists()


def test_a_line_that_cannot_be_formatted_is_said_without_its_values(
    log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its place and the error are logged; its values, in which a secret may be, are nowhere."""
    record = logging.makeLogRecord({"msg": "%d", "args": ("planted",), "pathname": "a/b.py", "lineno": 3})
    log.handler.handle(record)
    assert log.lines == ["the line of b.py:3 cannot be written: TypeError"]
    screen = io.StringIO()
    ToStandardError(screen).handle(record)
    assert screen.getvalue() == "the line of b.py:3 cannot be written: TypeError\n"
    assert capsys.readouterr().err == ""


def test_a_formatter_that_fails_does_not_fail_for_ever(log: Log) -> None:
    """Even the line about it may fail."""

    class Broken(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            raise TypeError

    log.handler.setFormatter(Broken())
    log.say("one")
    assert log.lines == []
