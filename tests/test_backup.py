"""Backups are whole, made while the bot runs, and put back without losing what was there."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from itertools import count
from typing import TYPE_CHECKING

import pytest

from storage.backup import back_up, restore
from storage.conversations import ConversationKey, Conversations
from storage.database import Database
from storage.errors import BackupRefused, DatabaseCorrupt, DatabaseForeign, DatabaseLocked, DatabaseNewer
from storage.people import People
from storage.suspicion import is_suspect, mark_of
from tests.bot_process import OWNER_ID, BotProcess
from tests.command_line import CommandLine
from tests.telegram_server import TelegramServer
from tests.test_damage import content_of, fill, opened_by_another, smash, smash_table, smashed_middle
from tests.test_database import unprivileged_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["unprivileged_folder"]  # a fixture

A_TIME = 1_763_720_581.0
DATE = r"\d{4}-\d{2}-\d{2}-\d{6}"
DEFAULT_MASK = 0o022


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database of a test is."""
    return tmp_path / "switchboard.db"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Where its backup goes."""
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder / "copy.db"


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    """What a query of a closed database says."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def run_sql(path: Path, *statements: str) -> None:
    """Change a closed database behind the program's back."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def make_older(path: Path) -> None:
    """Take back what later versions added."""
    run_sql(
        path,
        "DROP TABLE inbox",
        "DROP TABLE outbox",
        "ALTER TABLE turns DROP COLUMN user_id",
        "DELETE FROM migrations WHERE name = 'm002_inbox_and_outbox'",
    )


def make_newer(path: Path) -> None:
    """Have a version of the future have written it."""
    run_sql(path, "INSERT INTO migrations (name) VALUES ('m999_from_the_future')")


def files(folder: Path) -> set[str]:
    """The names in a folder."""
    return {file.name for file in folder.iterdir()}


def mode_of(path: Path) -> int:
    """The rights to a file."""
    return stat.S_IMODE(path.stat().st_mode)


def put(path: Path, content: bytes) -> None:
    """Write a file."""
    path.write_bytes(content)


def delete(path: Path) -> None:
    """Delete a file."""
    path.unlink()


def is_link(path: Path) -> bool:
    """Whether a path leads to another one."""
    return path.is_symlink()


def link(path: Path, target: Path) -> None:
    """Have a path lead to another one."""
    path.symlink_to(target)


def exists(path: Path) -> bool:
    """Whether a file is there."""
    return path.exists()


# --- making -----------------------------------------------------------------------------------------------------------


async def test_a_backup_holds_what_was_committed_while_the_database_is_in_use(path: Path, copy: Path) -> None:
    """What is still in the write-ahead log too; the copy needs no file beside it, and the database goes on."""
    await fill(path)
    async with await Database.open(path) as database:
        await database.write(("INSERT INTO preferences VALUES ('last', 'word')", ()))
        made = back_up(path, copy)
        await database.write(("INSERT INTO preferences VALUES ('later', 'word')", ()))
    assert (made.contents.turns, made.contents.people, made.replaces) == (300, 1, False)
    assert made.contents.since
    assert made.size_bytes == len(content_of(copy))
    assert rows(copy, "SELECT name FROM preferences WHERE value = 'word'") == [("last",)]
    assert files(copy.parent) == {copy.name}
    assert content_of(copy)[18:20] == b"\1\1"  # no write-ahead log, which a disk that cannot be written does not take


async def test_a_backup_is_of_one_moment(path: Path, copy: Path) -> None:
    """However much is written while it is made, all of it or nothing of each transaction is in it."""
    async with await Database.open(path) as database:

        async def write() -> None:
            for number in count():
                await database.write(
                    ("INSERT INTO preferences VALUES (?, ?)", (f"{number:03}", "x" * 5_000)),
                    ("INSERT INTO disabled_models VALUES (?)", (f"{number:03}",)),
                )
                await asyncio.sleep(0.002)

        writing, found = asyncio.create_task(write()), []
        for _ in range(10):
            await asyncio.to_thread(back_up, path, copy)
            found += rows(copy, "SELECT (SELECT count(*) FROM preferences), (SELECT count(*) FROM disabled_models)")
        writing.cancel()
    assert len(set(found)) > 1
    assert [pair for pair in found if pair[0] != pair[1]] == []


def test_a_backup_is_for_its_owner_alone(path: Path, copy: Path) -> None:
    """Also the one that takes the place of a copy that others could read."""
    asyncio.run(fill(path, 1))
    before = os.umask(DEFAULT_MASK)
    try:
        back_up(path, copy)
        assert mode_of(copy) == 0o600
        copy.chmod(0o644)
        assert back_up(path, copy).replaces
        assert mode_of(copy) == 0o600
    finally:
        os.umask(before)


async def test_a_folder_gets_a_dated_file(path: Path, copy: Path) -> None:
    """Two in a second are two files."""
    await fill(path, 1)
    made = [back_up(path, copy.parent, clock=lambda: A_TIME).path.name for _ in range(3)]
    date = time.strftime("%Y-%m-%d-%H%M%S", time.localtime(A_TIME))
    assert made == [f"switchboard-{date}.db", f"switchboard-{date}-2.db", f"switchboard-{date}-3.db"]
    assert files(copy.parent) == set(made)


async def test_a_database_of_an_older_version_can_be_backed_up_and_restored(path: Path, copy: Path) -> None:
    """The next start brings it up to date."""
    await fill(path)
    make_older(path)
    assert back_up(path, copy).contents.turns == 300
    assert restore(path, copy).contents.turns == 300
    async with await Database.open(path) as database:
        assert len(await database.read("SELECT user_id FROM turns")) == 300


def a_letter(path: Path) -> None:
    path.write_text("Dear Ada, ...")


def another_database_of_ours(path: Path) -> None:
    asyncio.run(fill(path, 1))


def a_folder_named_so(path: Path) -> None:
    path.mkdir()
    (path / "file").touch()


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [a_letter, another_database_of_ours, a_pipe])
def test_only_a_backup_is_overwritten(path: Path, copy: Path, make: Callable[[Path], None]) -> None:
    """Neither somebody's letter nor a database that is in use somewhere: the sentence says what to do."""
    asyncio.run(fill(path, 1))
    make(copy)
    before = copy.stat()
    with pytest.raises(BackupRefused, match="no backup of Switchboard's: name another file, or delete it"):
        back_up(path, copy)
    assert (copy.stat().st_ino, copy.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert files(copy.parent) == {copy.name}


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
async def test_the_database_is_no_place_for_its_backup(path: Path, copy: Path, suffix: str) -> None:
    """Nor are the files beside it, whichever link leads there."""
    await fill(path, 1)
    link(copy, path.with_name(path.name + suffix))
    with pytest.raises(BackupRefused, match="is the database itself"):
        back_up(path, copy)


async def test_a_damaged_database_does_not_cost_the_last_backup(path: Path, copy: Path) -> None:
    """What was sound is not replaced by what is not."""
    await fill(path)
    back_up(path, copy)
    before = content_of(copy)
    smashed_middle(path)
    with pytest.raises(DatabaseCorrupt, match=str(path)):
        back_up(path, copy)
    assert content_of(copy) == before
    assert files(copy.parent) == {copy.name}


@pytest.mark.parametrize(("spoil", "refusal"), [(make_newer, DatabaseNewer), (a_letter, DatabaseCorrupt)])
def test_what_is_no_database_of_this_version_is_not_backed_up(
    path: Path, copy: Path, spoil: Callable[[Path], None], refusal: type[Exception]
) -> None:
    """Nothing is left where the backup would have been."""
    asyncio.run(fill(path, 1))
    spoil(path)
    with pytest.raises(refusal):
        back_up(path, copy)
    assert files(copy.parent) == set()


def test_another_programs_database_is_not_backed_up(path: Path, copy: Path) -> None:
    """DATABASE_PATH names the wrong file."""
    photos(path)
    with pytest.raises(DatabaseForeign):
        back_up(path, copy)


async def test_an_interrupted_backup_leaves_nothing(tmp_path: Path, path: Path, copy: Path) -> None:
    """Ctrl-C in the middle: no half file, and the older backup as it was."""
    await fill(path, 1)
    back_up(path, copy)
    before = content_of(copy)
    run_sql(path, "INSERT INTO preferences VALUES ('large', hex(zeroblob(60000000)))")
    line = CommandLine(tmp_path)
    process = await asyncio.create_subprocess_exec(  # not so fast that its end comes before the signal
        "nice",
        "-n",
        "19",
        sys.executable,
        str(line.bot),
        "backup",
        str(copy),
        env=line.environment,
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        while not any(name.endswith(".unfinished") for name in files(copy.parent)):
            assert process.returncode is None
            await asyncio.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert (process.returncode, b"Traceback" in err) == (130, False)
    assert content_of(copy) == before
    assert files(copy.parent) == {copy.name}


# --- putting back -----------------------------------------------------------------------------------------------------


async def test_a_backup_is_put_back_and_what_was_there_is_kept(path: Path, copy: Path) -> None:
    """With what a crash had left in its log; nothing of it stands beside the new one."""
    await fill(path, 5)
    back_up(path, copy)
    async with await Database.open(path) as database:
        await database.write(("INSERT INTO preferences VALUES ('last', 'word')", ()))
        crashed = {file.name: content_of(file) for file in path.parent.glob("switchboard.db*")}
    for name, content in crashed.items():
        path.with_name(name).write_bytes(content)
    restored = restore(path, copy, clock=lambda: A_TIME)
    date = time.strftime("%Y-%m-%d-%H%M%S", time.localtime(A_TIME))
    assert restored.kept == path.with_name(f"switchboard.db.before-restore-{date}")
    assert (restored.contents.turns, restored.contents.people) == (5, 1)
    assert files(path.parent) == {"backups", path.name, restored.kept.name}
    assert rows(restored.kept, "SELECT value FROM preferences WHERE name = 'last'") == [("word",)]
    assert rows(path, "SELECT value FROM preferences WHERE name = 'last'") == []
    assert mode_of(path) == 0o600
    async with await Database.open(path) as database:
        assert (await People(database).everyone())[0].name == "Ada"


async def test_nothing_old_is_sent_or_answered_after_a_restore(path: Path, copy: Path) -> None:
    """What waited is ended, and its text is gone; also where the copy was made by other means."""
    await fill(path, 1)
    back_up(path, copy)
    raw = copy.with_name("raw.db")
    raw.write_bytes(content_of(path))
    assert rows(raw, "SELECT count(*) FROM inbox WHERE state = 'waiting'") == [(1,)]
    for source in (copy, raw):
        restore(path, source)
        assert rows(path, "SELECT update_id, state, body FROM inbox ORDER BY place") == [
            (11, "ended", ""),
            (10, "ended", ""),
        ]
        assert rows(path, "SELECT answer_id, state, body FROM outbox") == [("an answer", "refused", "")]


async def test_a_backup_that_is_copied_by_hand_sends_nothing_old_either(path: Path, copy: Path) -> None:
    """Whoever does not know the command is safe as well."""
    await fill(path, 1)
    back_up(path, copy)
    put(path, content_of(copy))
    async with await Database.open(path) as database:
        for table in ("inbox", "outbox"):
            assert await database.read(f"SELECT * FROM {table} WHERE state = 'waiting'") == []


async def test_a_copy_with_its_log_is_restored_whole(path: Path, copy: Path) -> None:
    """Somebody copied all files of the running bot instead of making a backup."""
    async with await Database.open(path) as database:
        await database.write(("INSERT INTO preferences VALUES ('last', 'word')", ()))
        for suffix in ("", "-wal"):
            copy.with_name(copy.name + suffix).write_bytes(content_of(path.with_name(path.name + suffix)))
    restore(path, copy)
    assert rows(path, "SELECT value FROM preferences WHERE name = 'last'") == [("word",)]


async def test_what_lies_beside_no_database_does_not_spoil_the_restored_one(path: Path, copy: Path) -> None:
    """A log whose database was deleted is moved away."""
    await fill(path, 5)
    back_up(path, copy)
    async with await Database.open(path) as database:
        await database.write(("DELETE FROM people", ()))
        log = content_of(path.with_name(f"{path.name}-wal"))
    delete(path)
    put(path.with_name(f"{path.name}-wal"), log)
    assert restore(path, copy).kept is None
    assert not exists(path.with_name(f"{path.name}-wal"))
    assert rows(path, "SELECT name FROM people") == [("Ada",)]


async def test_a_damaged_database_can_be_replaced(path: Path, copy: Path) -> None:
    """That is what backups are for; that damage showed is forgotten."""
    await fill(path)
    back_up(path, copy)
    smash(path, 0, 3_000)
    mark_of(path).touch()
    before = content_of(path)
    restored = restore(path, copy)
    assert restored.kept
    assert content_of(restored.kept) == before
    assert rows(path, "SELECT count(*) FROM turns") == [(300,)]
    assert not is_suspect(path)


async def test_a_backup_is_restored_where_there_is_nothing_yet(tmp_path: Path, path: Path, copy: Path) -> None:
    """On another machine, into a folder that has to be made."""
    await fill(path, 2)
    back_up(path, copy)
    new = tmp_path / "new" / "folder" / "switchboard.db"
    ran = await CommandLine(tmp_path, DATABASE_PATH=new).run("restore", str(copy))
    assert (ran.status, ran.err) == (0, "")
    assert "is kept as" not in ran.out
    assert rows(new, "SELECT count(*) FROM turns") == [(2,)]
    assert files(new.parent) == {new.name, f"{new.name}.lock"}


async def test_what_is_in_use_is_not_replaced(path: Path, copy: Path) -> None:
    """A terminal chat has the file open, say: it would go on writing into the old one."""
    await fill(path, 1)
    back_up(path, copy)
    before = content_of(path)
    with opened_by_another(path), pytest.raises(DatabaseLocked, match="close the other program"):
        restore(path, copy)
    assert content_of(path) == before
    assert not list(path.parent.glob("*before-restore*"))


def broken_off(path: Path) -> None:
    os.truncate(path, 20_000)


def spoilt_index(path: Path) -> None:
    smash_table(path, "decisions_by_time")


def smashed_beginning(path: Path) -> None:
    smash(path, 0, 3_000)


def nothing_in_it(path: Path) -> None:
    put(path, b"")


def instead(make: Callable[[Path], None]) -> Callable[[Path], None]:
    """Make something else where the backup was."""

    def made(path: Path) -> None:
        delete(path)
        make(path)

    return made


def photos(path: Path) -> None:
    run_sql(path, "CREATE TABLE photos (name TEXT)")


WRONG = [
    (delete, "There is no file"),
    (instead(a_folder_named_so), "is a folder"),
    (instead(a_pipe), "is no file"),
    (a_letter, "is no database"),
    (nothing_in_it, "no backup of Switchboard's"),
    (instead(photos), "no backup of Switchboard's"),
    (broken_off, "is damaged"),
    (smashed_middle, "is damaged"),
    (smashed_beginning, "is damaged"),
    (spoilt_index, "is damaged"),
    (make_newer, "newer version of Switchboard: update it first"),
]


@pytest.mark.parametrize(("spoil", "sentence"), WRONG, ids=[sentence for _, sentence in WRONG])
async def test_what_is_no_sound_backup_is_refused_in_a_sentence(
    tmp_path: Path, path: Path, copy: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    """Status 1, the database as it was, and nothing left beside it."""
    await fill(path)
    back_up(path, copy)
    spoil(copy)
    before, line = content_of(path), CommandLine(tmp_path)
    ran = await line.run("restore", str(copy))
    assert (ran.status, ran.out) == (1, "")
    assert sentence in ran.err
    assert str(copy) in ran.err
    assert len(ran.err.splitlines()) == 1
    assert content_of(path) == before
    assert files(path.parent) - {f"{path.name}{suffix}" for suffix in ("", "-wal", "-shm", ".lock")} == {
        "backups",
        "bot.py",
    }


@pytest.mark.parametrize("make", [a_letter, photos])
def test_another_programs_file_is_not_replaced(path: Path, copy: Path, make: Callable[[Path], None]) -> None:
    """DATABASE_PATH names the wrong file."""
    ours = path.with_name("ours.db")
    asyncio.run(fill(ours, 1))
    back_up(ours, copy)
    make(path)
    before = content_of(path)
    with pytest.raises((DatabaseForeign, DatabaseCorrupt)):
        restore(path, copy)
    assert content_of(path) == before


@pytest.fixture
def database_bytes(path: Path, copy: Path) -> bytes:
    """A whole database; all code that makes and copies one has been loaded, which not everybody could do."""
    asyncio.run(fill(path, 1))
    back_up(path, copy)
    return content_of(path)


def test_who_may_not_read_or_write_is_told_so(database_bytes: bytes, unprivileged_folder: Path) -> None:
    """A backup of somebody else's, a folder of somebody else's: each in a sentence, and nothing changed."""
    path, folder = unprivileged_folder / "switchboard.db", unprivileged_folder / "backups"
    put(path, database_bytes)
    folder.mkdir()
    copy = folder / "copy.db"
    back_up(path, copy)
    copy.chmod(0)
    with pytest.raises(BackupRefused, match="cannot be read: give this user the right to"):
        restore(path, copy)
    folder.chmod(0o500)
    with pytest.raises(BackupRefused, match="may not be written: give this user the right to"):
        back_up(path, folder)
    assert files(folder) == {copy.name}


async def test_a_link_to_the_database_stays_a_link(tmp_path: Path, path: Path, copy: Path) -> None:
    """What is kept stands beside the file that it leads to."""
    await fill(path, 2)
    back_up(path, copy)
    there = tmp_path / "elsewhere.db"
    link(there, path)
    restored = restore(there, copy)
    assert restored.kept
    assert restored.kept.parent == path.parent
    assert restored.kept.name.startswith("switchboard.db.before-restore-")
    assert is_link(there)
    assert rows(there, "SELECT count(*) FROM turns") == [(2,)]


# --- the command line -------------------------------------------------------------------------------------------------


async def test_a_running_bot_is_backed_up_and_must_be_stopped_for_a_restore(tmp_path: Path, copy: Path) -> None:
    """The whole way: backed up while it answers, refused while it runs, restored once it is stopped."""
    async with TelegramServer() as telegram:
        line = CommandLine(tmp_path)
        async with BotProcess(telegram, tmp_path) as bot:
            await telegram.user(OWNER_ID).ask("what is 2 + 2?")
            made = await line.run("backup", str(copy))
            assert (made.status, made.err) == (0, "")
            assert re.fullmatch(
                rf"Backed up to {copy}: \d+\.\d MB, 1 turn of conversation since \S+, and 0 people who may talk\.\n",
                made.out,
            )
            refused = await line.run("restore", str(copy))
            assert (refused.status, refused.out) == (1, "")
            assert f"process {bot.process.pid}" in refused.err
            await telegram.user(OWNER_ID).ask("what is 3 + 3?")
        restored = await line.run("restore", "backups/copy.db")  # seen from the home, like every path
        assert (restored.status, restored.err) == (0, "")
        assert "1 turn of conversation since" in restored.out
        assert re.search(rf"is kept as \S+/switchboard.db.before-restore-{DATE}\.\n", restored.out)
        async with BotProcess(telegram, tmp_path):
            (answer,) = await telegram.user(OWNER_ID).ask("what is 4 + 4?")
            assert "8" in answer.text
    async with await Database.open(tmp_path / "switchboard.db") as database:
        history = await Conversations(database).history(ConversationKey(OWNER_ID))
    assert [message.content for message in history if message.role == "user"] == ["what is 2 + 2?", "what is 4 + 4?"]


async def test_a_backup_of_nothing_is_a_sentence(tmp_path: Path, copy: Path) -> None:
    """And makes no database."""
    ran = await CommandLine(tmp_path).run("backup", str(copy))
    assert (ran.status, ran.out) == (1, "")
    assert "There is no database switchboard.db" in ran.err
    assert not exists(tmp_path / "switchboard.db")


async def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path, path: Path) -> None:
    """A disk that is not mounted, say: its folder is not made up."""
    await fill(path, 1)
    ran = await CommandLine(tmp_path).run("backup", str(tmp_path / "disk" / "copy.db"))
    assert (ran.status, ran.out) == (1, "")
    assert f"There is no folder {tmp_path / 'disk'}" in ran.err
    assert not exists(tmp_path / "disk")


async def test_a_place_that_may_not_be_written_is_a_sentence(tmp_path: Path, path: Path) -> None:
    """Whoever may not write there, as not even root may here, is told so."""
    await fill(path, 1)
    place = "/System" if sys.platform == "darwin" else "/sys"
    ran = await CommandLine(tmp_path).run("backup", f"{place}/copy.db")
    assert (ran.status, ran.out) == (1, "")
    assert "may not be written" in ran.err


def on_a_small_disk(home: Path, disk: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command that has a disk of 200 KB for itself; what is on it in the end stands behind its output."""
    disk.mkdir()
    script = 'mount -t tmpfs -o size=200k none "$DISK" || exit 77; "$@"; status=$?; ls -A "$DISK"; exit $status'
    line = CommandLine(home, **settings)
    ran = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", sys.executable, str(line.bot), *arguments],
        env={**line.environment, "DISK": str(disk)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    if ran.returncode == 77 or "unshare:" in ran.stderr:
        pytest.skip("this machine lends no small disk")
    return ran


needs_a_small_disk = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lends a small disk to anybody")


@needs_a_small_disk
def test_a_full_disk_leaves_no_half_backup(tmp_path: Path, path: Path) -> None:
    """One sentence, and nothing on the disk."""
    asyncio.run(fill(path))
    disk = tmp_path / "disk"
    ran = on_a_small_disk(tmp_path, disk, "backup", str(disk / "copy.db"))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == f"The disk of {disk} is full: free some space there, or name another place for the backup.\n"


@needs_a_small_disk
def test_a_full_disk_lets_no_backup_be_restored(tmp_path: Path, path: Path, copy: Path) -> None:
    """One sentence that names the database, and nothing changed."""
    asyncio.run(fill(path))
    back_up(path, copy)
    disk = tmp_path / "disk"
    ran = on_a_small_disk(tmp_path, disk, "restore", str(copy), DATABASE_PATH=str(disk / "switchboard.db"))
    assert (ran.returncode, ran.stdout) == (1, "switchboard.db.lock\n")
    assert (
        ran.stderr
        == f"The disk that holds the database {disk / 'switchboard.db'} is full: free some space, then go on.\n"
    )
