"""The database: opening, writing in order, and everything a disk can do to it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import stat
import tempfile
import time
from pathlib import Path

import pytest

from storage.database import Database
from storage.errors import (
    DatabaseClosed,
    DatabaseCorrupt,
    DatabaseForeign,
    DatabaseLocked,
    DatabaseReadOnly,
    DatabaseUnreachable,
    DiskFull,
    RowRefused,
    storage_errors,
)

pytestmark = pytest.mark.timeout(30)

INSERT = "INSERT INTO preferences (name, value) VALUES (?, ?)"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "switchboard.db"


@pytest.fixture
async def database(path):
    async with await Database.open(path, busy_timeout_seconds=0.1, retry_seconds=0.05) as opened:
        yield opened


@pytest.fixture
def unprivileged_folder():
    """A folder of somebody who is not root, to whom permission bits apply; this process is that somebody meanwhile."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if os.geteuid() != 0:
            yield folder
            folder.chmod(0o700)
            return
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(0)


@contextlib.contextmanager
def lock(path):
    """Hold the write lock as another program would."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def set_page_limit(database, pages):
    """Make the disk full, as SQLite sees it, or roomy again."""
    await database._writing.execute_fetchall(f"PRAGMA max_page_count = {pages}")


async def fill_disk(database):
    ((pages,),) = await database.read("PRAGMA page_count")
    await set_page_limit(database, pages)


async def names(database):
    return [name for (name,) in await database.read("SELECT name FROM preferences ORDER BY name")]


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


# --- opening ----------------------------------------------------------------------------------------------------------


async def test_open_makes_the_folders_above_the_file(tmp_path):
    """Nobody has to make folders before the first start."""
    path = tmp_path / "not" / "there" / "yet.db"
    async with await Database.open(path):
        assert path.is_file()


async def test_the_files_are_for_their_owner_alone(path):
    """Conversations are private: neither the database nor its journal can be read by others."""
    async with await Database.open(path) as database:
        await database.write((INSERT, ("a", "1")))
        modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        assert modes == {0o600}


async def test_the_connections_are_set_up(database):
    """Readers beside the writer, foreign keys checked, no sync for each commit, deleted text overwritten."""
    pragmas = ("journal_mode", "foreign_keys", "synchronous", "secure_delete")
    answers = [(await database._writing.execute_fetchall(f"PRAGMA {pragma}"))[0][0] for pragma in pragmas]
    assert answers == ["wal", 1, 1, 1]
    with pytest.raises(DatabaseReadOnly):
        await database.read("DELETE FROM preferences")


@pytest.mark.parametrize(("sync", "expected"), [("normal", [1, 0, 0]), ("full", [2, 1, 1])])
async def test_the_sync_policy_is_the_owners(path, sync, expected):
    """Whoever fears power cuts has each commit synced, and on a Mac finished by the drive too."""
    async with await Database.open(path, sync) as database:
        pragmas = ("synchronous", "fullfsync", "checkpoint_fullfsync")
        answers = [list(await database._writing.execute_fetchall(f"PRAGMA {pragma}")) for pragma in pragmas]
        assert answers == [[(value,)] for value in expected]


async def test_two_that_open_a_new_file_at_once_both_get_it(path):
    """The bot and the terminal chat may start together."""
    for number in range(10):
        file = path.with_suffix(f".{number}")
        first, second = await asyncio.gather(Database.open(file), Database.open(file))
        async with first, second:
            await first.write((INSERT, ("a", "1")))
            assert await names(second) == ["a"]
            assert first.prompt_key == second.prompt_key


async def test_an_empty_file_is_a_new_database(path):
    """A file made by `touch` is no reason to complain."""
    path.touch()
    async with await Database.open(path) as database:
        assert await names(database) == []


# --- writing ----------------------------------------------------------------------------------------------------------


async def test_puts_are_committed_in_order(database):
    """A later entry never overtakes an earlier one."""
    for number in range(200):
        database.put(("INSERT OR REPLACE INTO preferences VALUES ('last', ?)", (str(number),)))
        database.put(("INSERT INTO disabled_models VALUES (?)", (f"{number:03}",)))
    await database.flush()
    assert [tuple(row) for row in await database.read("SELECT value FROM preferences")] == [("199",)]
    assert len(await database.read("SELECT * FROM disabled_models")) == 200


@contextlib.asynccontextmanager
async def commits_counted(database):
    commits = []
    await database._writing.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    yield commits
    await database._writing.set_trace_callback(None)


async def test_what_waits_together_is_committed_together(database):
    """A commit costs more than what is in it; a hundred at most, so that urgent writes do not wait long."""
    async with commits_counted(database) as commits:
        for number in range(250):
            database.put((INSERT, (str(number), "x")), (INSERT, (f"{number} too", "y")))
        await database.flush()
    assert len(commits) == 3
    assert len(await names(database)) == 500


async def test_one_that_is_refused_does_not_drop_its_neighbours(database, caplog):
    """Those that wait together are committed together, but refused one by one, and each of them whole."""
    tickets = []
    for number in range(9):
        second = (INSERT, (f"{number} too", None if number in {3, 7} else "x"))
        tickets.append(database.put((INSERT, (f"{number}", "x")), second))
    await database.flush()
    taken = [number for number in range(9) if number not in {3, 7}]
    assert await names(database) == [name for number in taken for name in (f"{number}", f"{number} too")]
    assert [record.message for record in caplog.records] == ["An entry was refused and is dropped"] * 2
    assert all(map(database.settled, tickets))


async def test_order_is_kept_around_one_that_is_refused(database):
    """The same row is written by the neighbours of a refused one: the last of them counts."""
    replace = "INSERT OR REPLACE INTO preferences VALUES ('last', ?)"
    for value in ("1", None, "2", None, "3"):
        database.put((replace, (value,)))
    await database.flush()
    assert [row["value"] for row in await database.read("SELECT value FROM preferences")] == ["3"]


async def test_put_writes_without_being_asked_to_flush(database):
    """The line is worked off in the background."""
    ticket = database.put((INSERT, ("a", "1")))
    assert not database.settled(ticket)
    await until(lambda: database.settled(ticket))
    assert await names(database) == ["a"]
    assert database.pending == 0


async def test_settle_returns_once_the_entry_can_be_read(database):
    """Whoever waits for a ticket waits for its transaction, not for all that came after it."""
    tickets = [database.put((INSERT, (f"{number:03}", "x"))) for number in range(300)]
    assert await database.settle(tickets[0], 5)
    assert "000" in await names(database)
    assert database.pending
    assert await database.settle(tickets[-1], 5)
    assert len(await names(database)) == 300
    assert await database.settle(tickets[0], 5)
    assert await database.settle(0, 5)


async def test_settle_waits_no_longer_than_it_is_told(path):
    """A database that another program has locked holds nobody up."""
    async with await Database.open(path, busy_timeout_seconds=0.4) as database:
        with lock(path):
            ticket = database.put((INSERT, ("a", "1")))
            began = time.monotonic()
            assert not await database.settle(ticket, 0.1)
            assert time.monotonic() - began < 0.3
        assert await database.settle(ticket, 5)
        assert await names(database) == ["a"]


async def test_settle_says_at_once_that_the_disk_refuses(database):
    """There is nothing to wait for; the entry stays in line."""
    await fill_disk(database)
    ticket = database.put((INSERT, ("a", "x" * 100_000)))
    async with asyncio.timeout(5):
        assert not await database.settle(ticket, 60)
        assert not await database.settle(ticket, 60)
    await set_page_limit(database, 1_000_000)
    assert await database.settle(ticket, 5)
    assert await names(database) == ["a"]


async def test_who_waits_for_a_ticket_may_be_cancelled(database):
    """The entry is written all the same, and others who wait for it are told."""
    ticket = database.put((INSERT, ("a", "1")))
    waiting = [asyncio.create_task(database.settle(ticket, 5)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    assert [await waiting[0], await waiting[2]] == [True, True]
    assert await names(database) == ["a"]


async def test_nobody_waits_for_a_database_that_is_closed(path):
    """Whoever waits while it closes is told how it ended; what comes later is never settled."""
    database = await Database.open(path, busy_timeout_seconds=0.2)
    with lock(path):
        ticket = database.put((INSERT, ("a", "1")))
        assert not await database.settle(ticket, 60)
        async with asyncio.timeout(5):
            closing = asyncio.create_task(database.close())
            await asyncio.sleep(0.1)  # it is trying a last time now
            assert not await database.settle(ticket, 60)
            await closing
            assert not await database.settle(ticket, 60)
    late_ticket = database.put((INSERT, ("b", "1")))
    async with asyncio.timeout(5):
        assert not await database.settle(late_ticket, 60)


async def test_close_commits_what_waits(path):
    """A restart loses nothing."""
    async with await Database.open(path) as database:
        for number in range(50):
            database.put((INSERT, (f"{number:02}", "x")))
    async with await Database.open(path) as database:
        assert await names(database) == [f"{number:02}" for number in range(50)]


async def test_a_transaction_is_whole_or_not_at_all(database):
    """A refused statement takes the others of its transaction with it, and the next one finds nothing open."""
    with pytest.raises(RowRefused):
        await database.write((INSERT, ("a", "1")), (INSERT, ("a", "2")))
    assert await names(database) == []
    await database.write((INSERT, ("b", "1")))
    assert await names(database) == ["b"]


@pytest.mark.parametrize("values", [("a", None), ("a",), ("a", 2**70), ("a", object())])
async def test_a_refused_entry_does_not_hold_up_the_line(database, caplog, values):
    """What SQLite will never take is logged and dropped; what comes after it is written."""
    database.put((INSERT, values))
    database.put((INSERT, ("b", "1")))
    await database.flush()
    assert await names(database) == ["b"]
    assert [record.message for record in caplog.records] == ["An entry was refused and is dropped"]


async def test_a_cancelled_writer_leaves_no_transaction_open(database):
    """Who stops waiting for a write does not stop the writes of others."""
    for number in range(20):
        writing = asyncio.create_task(database.write((INSERT, (f"{number:02}", "x"))))
        await asyncio.sleep(0)
        writing.cancel()
    await database.write((INSERT, ("z", "1")))
    assert (await names(database))[-1] == "z"


@pytest.mark.parametrize("text", ["a\0b", "\0", "\x1b[2J\u202e", "🦊" * 1000, "'); DROP TABLE preferences; --", ""])
async def test_text_comes_back_as_it_was(database, text):
    """Control characters, NUL among them, are text like any other."""
    await database.write((INSERT, ("a", text)))
    assert (await database.read("SELECT value FROM preferences"))[0]["value"] == text


async def test_a_lone_surrogate_is_replaced(database):
    """SQLite's UTF-8 cannot hold one, so the replacement character stands for it."""
    await database.write((INSERT, ("a", "x\ud83dy\udc00")))
    assert (await database.read("SELECT value FROM preferences"))[0]["value"] == "x\ufffdy\ufffd"


async def test_a_closed_database_says_so(path, caplog):
    """Late users get a sentence, late entries a line in the log, and closing twice does nothing."""
    database = await Database.open(path)
    await database.close()
    await database.close()
    for late in (database.read("SELECT 1"), database.write((INSERT, ("a", "1"))), database.flush()):
        with pytest.raises(DatabaseClosed, match="is closed because Switchboard is stopping"):
            await late
    database.put((INSERT, ("a", "1")))
    assert "an entry is dropped" in caplog.text


# --- locked -----------------------------------------------------------------------------------------------------------


async def test_a_locked_database_cannot_be_opened(database, path):
    """The sentence names the file and says what to do."""
    with lock(path), pytest.raises(DatabaseLocked, match="close the other program that uses it"):
        await Database.open(path, busy_timeout_seconds=0.1)


async def test_entries_wait_while_the_database_is_locked(database, path, caplog):
    """Nothing is lost to another program's lock, reading goes on, and the log says so once, not for every try."""
    await database.write((INSERT, ("a", "1")))
    with lock(path):
        database.put((INSERT, ("b", "1")))
        database.put((INSERT, ("c", "1")))
        for _ in range(3):
            with pytest.raises(DatabaseLocked):
                await database.flush()
        with pytest.raises(DatabaseLocked):
            await database.write((INSERT, ("never", "1")))
        assert await names(database) == ["a"]
        assert database.pending == 2
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
    await until(lambda: database.pending == 0)
    assert await names(database) == ["a", "b", "c"]


async def test_a_flush_is_not_answered_by_an_older_try(path):
    """Who flushes after the lock is gone is not told that it was there before."""
    async with await Database.open(path, busy_timeout_seconds=0.1, retry_seconds=0.01) as database:
        for number in range(10):
            with lock(path):
                database.put((INSERT, (str(number), "x")))
                await asyncio.sleep(0.08 + number / 200)
            await database.flush()
            assert database.pending == 0


async def test_the_event_loop_runs_while_the_disk_makes_wait(path):
    """Waiting for a lock is done in the connection's thread."""
    async with await Database.open(path, busy_timeout_seconds=1) as database:
        turns = 0
        with lock(path):
            writing = asyncio.create_task(database.write((INSERT, ("a", "1"))))
            while not writing.done():
                await asyncio.sleep(0.01)
                turns += 1
        with pytest.raises(DatabaseLocked):
            await writing
        assert turns > 5


async def test_closing_tries_a_locked_database_once(path):
    """A program that is told to end has seconds to do so."""
    database = await Database.open(path, busy_timeout_seconds=0.1)
    tries = []
    await database._writing.set_trace_callback(lambda sql: tries.append(sql) if sql.startswith("BEGIN") else None)
    with lock(path):
        ticket = database.put((INSERT, ("a", "1")))
        assert not await database.settle(ticket, 60)
        tries.clear()
        await database.close()
    assert len(tries) == 1


async def test_closing_tries_again_what_was_being_refused(path):
    """A try that was under way when the end came is not the last one."""
    database = await Database.open(path, busy_timeout_seconds=0.3)
    with lock(path):
        ticket = database.put((INSERT, ("a", "1")))
        await asyncio.sleep(0.05)
        closing = asyncio.create_task(database.close())
        assert not await database.settle(ticket, 0.4)
    await closing
    assert database.settled(ticket)


async def test_what_is_still_refused_at_the_end_is_counted(path, caplog):
    """Closing does not hang on a locked database; the log says how much was lost."""
    database = await Database.open(path, busy_timeout_seconds=0.1)
    with lock(path):
        database.put((INSERT, ("a", "1")))
        database.put((INSERT, ("b", "1")))
        await database.close()
    assert caplog.records[-1].message == "2 entries could not be written before the database was closed"


# --- full -------------------------------------------------------------------------------------------------------------


async def test_entries_wait_while_the_disk_is_full(database):
    """A full disk is told to those who wait for a write; what may happen later happens when there is room again."""
    await fill_disk(database)
    database.put((INSERT, ("a", "x" * 100_000)))
    database.put((INSERT, ("b", "small")))
    with pytest.raises(DiskFull, match="free some space"):
        await database.flush()
    with pytest.raises(DiskFull):
        await database.write((INSERT, ("never", "x" * 100_000)))
    assert await names(database) == []
    await set_page_limit(database, 1_000_000)
    await until(lambda: database.pending == 0)
    assert await names(database) == ["a", "b"]


async def test_what_fits_on_a_full_disk_is_written(database):
    """Small entries that wait beside a large one need not wait for its room, unless they come after it."""
    await fill_disk(database)
    for name, text in (("a", "small"), ("b", "x" * 100_000), ("c", "small")):
        database.put((INSERT, (name, text)))
    with pytest.raises(DiskFull):
        await database.flush()
    assert await names(database) == ["a"]
    assert database.pending == 2
    await set_page_limit(database, 1_000_000)
    await database.flush()
    assert await names(database) == ["a", "b", "c"]


async def test_what_exceeds_the_limit_is_dropped(database, caplog):
    """Memory is not filled in place of the disk; the log says it once, and counts when the disk is back."""
    await fill_disk(database)
    database.put((INSERT, ("0", "x" * 100_000)), limit=3)
    for number in range(1, 10):
        database.put((INSERT, (str(number), "x")), limit=3)
    assert database.pending == 3
    with pytest.raises(DiskFull):
        await database.flush()
    await set_page_limit(database, 1_000_000)
    await database.flush()
    assert await names(database) == ["0", "1", "2"]
    messages = [record.message for record in caplog.records]
    assert messages[0] == "3 entries wait in memory: the next ones are not kept on disk"
    assert messages[-1] == "The database takes entries again; none wait, 7 were dropped"
    assert len(messages) == 3


# --- not writable, not readable, not there ----------------------------------------------------------------------------


async def test_entries_wait_while_the_database_is_read_only(database):
    """A disk that turns read-only under the running bot does not stop it."""
    await database._writing.execute_fetchall("PRAGMA query_only = ON")
    database.put((INSERT, ("a", "1")))
    with pytest.raises(DatabaseReadOnly):
        await database.flush()
    await database._writing.execute_fetchall("PRAGMA query_only = OFF")
    await until(lambda: database.pending == 0)
    assert await names(database) == ["a"]


async def test_a_read_only_file_cannot_be_opened(unprivileged_folder):
    """It is noticed at start, not at the first answer."""
    path = unprivileged_folder / "switchboard.db"
    await (await Database.open(path)).close()
    path.chmod(0o400)
    with pytest.raises(DatabaseReadOnly, match="may not be written: give this user the right"):
        await Database.open(path)


def test_a_disk_that_is_read_only_is_said_to_be(unprivileged_folder):
    """There SQLite only says that it cannot open something."""
    path = unprivileged_folder / "switchboard.db"
    path.touch(0o400)
    error = sqlite3.OperationalError("unable to open database file")
    error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
    with pytest.raises(DatabaseReadOnly), storage_errors(path):
        raise error
    path.chmod(0o600)
    with pytest.raises(DatabaseUnreachable), storage_errors(path):
        raise error


async def test_a_file_in_a_read_only_folder_cannot_be_opened(unprivileged_folder):
    """The journal beside the file needs the folder."""
    path = unprivileged_folder / "switchboard.db"
    await (await Database.open(path)).close()
    unprivileged_folder.chmod(0o500)
    with pytest.raises(DatabaseReadOnly, match="may not be written: give this user the right"):
        await Database.open(path)


async def test_a_new_file_in_a_read_only_folder_cannot_be_made(unprivileged_folder):
    """The sentence is the same as for the file."""
    unprivileged_folder.chmod(0o500)
    with pytest.raises(DatabaseReadOnly):
        await Database.open(unprivileged_folder / "switchboard.db")


async def test_a_folder_is_no_database(tmp_path):
    """DATABASE_PATH must name a file."""
    with pytest.raises(DatabaseUnreachable, match="check that DATABASE_PATH names a file"):
        await Database.open(tmp_path)


async def test_a_file_is_no_folder(tmp_path):
    """A path through a file leads nowhere."""
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseUnreachable):
        await Database.open(tmp_path / "file" / "switchboard.db")


# --- corrupt, foreign -------------------------------------------------------------------------------------------------


@pytest.fixture
async def filled(path):
    """A closed database of many pages."""
    async with await Database.open(path) as database:
        for number in range(100):
            database.put((INSERT, (f"{number:03}", "x" * 2_000)))
    return path


def smash(path, start, length):
    with path.open("r+b") as file:
        file.seek(start)
        file.write(os.urandom(length))


async def test_random_bytes_are_no_database(path):
    """The sentence says how to go on, and the file is left as it was."""
    rubbish = os.urandom(20_000)
    path.write_bytes(rubbish)
    with pytest.raises(DatabaseCorrupt, match="put back a backup, or move the file away"):
        await Database.open(path)
    assert path.read_bytes() == rubbish


@pytest.mark.parametrize("kept", [50, 1_000, 4_096, 20_000, 150_000])
async def test_a_truncated_file_is_corrupt(filled, kept):
    """A copy that broke off is noticed at start."""
    os.truncate(filled, kept)
    with pytest.raises(DatabaseCorrupt):
        await Database.open(filled)


@pytest.mark.parametrize(("start", "length"), [(0, 16), (0, 100), (0, 4_096), (100, 3_000)])
async def test_a_smashed_beginning_is_corrupt(filled, start, length):
    """The header and the schema are read at start."""
    smash(filled, start, length)
    with pytest.raises(DatabaseCorrupt):
        await Database.open(filled)


async def test_a_smashed_page_is_noticed_when_it_is_read(filled):
    """Damage in the middle does not keep the bot from starting; who reads it is told."""
    smash(filled, 100_000, filled.stat().st_size - 100_000)
    with pytest.raises(DatabaseCorrupt):
        async with await Database.open(filled) as database:
            await database.read("SELECT sum(length(value)) FROM preferences")


async def test_another_programs_database_is_left_alone(path):
    """A wrong DATABASE_PATH does not put tables into somebody's photo library."""
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE photos (id INTEGER)")
    with pytest.raises(DatabaseForeign, match="belongs to another program"):
        await Database.open(path)
    with contextlib.closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT name FROM sqlite_schema").fetchall() == [("photos",)]
