"""The outbox: a finished answer is sent whole, in order, and no part of it again once it is marked."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from storage.conversations import ConversationKey, Conversations
from storage.database import Database
from storage.inbox import Inbox
from storage.outbox import Outbox, Parcel

pytestmark = pytest.mark.timeout(60)

HOUR = 3_600.0
HERE = ConversationKey(1)
FIRST = Parcel("a1", 0, 42, -100, 7, 3, is_group=True, body='{"text": "🦊 \\u0000"}', message_id=9)
SECOND = Parcel("a1", 1, 42, -100, None, None, is_group=False, body='{"text": "more"}')
DELETED = Parcel("a1", 2, 42, -100, None, None, is_group=False, body="", message_id=10)
ANSWER = (FIRST, SECOND, DELETED)


class _Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
async def database(tmp_path):
    async with await opened(tmp_path / "switchboard.db") as database:
        yield database


@pytest.fixture
def clock():
    return _Clock()


@pytest.fixture
def outbox(database, clock):
    return Outbox(database, clock=clock)


async def opened(path):
    return await Database.open(path, busy_timeout_seconds=0.02, retry_seconds=0.02)


def left_by_a_crash(path):
    """The files as they stand at this moment, which is what a process that is killed now leaves."""
    copy = Path(tempfile.mkdtemp(dir=path.parent)) / path.name
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
    return copy


@contextlib.asynccontextmanager
async def crashed(database):
    """What the next process finds: the database, as a killed one leaves it now."""
    async with await opened(left_by_a_crash(database.path)) as after:
        yield after


async def rows(database, columns):
    await database.flush()
    return [tuple(row) for row in await database.read(f"SELECT {columns} FROM outbox ORDER BY place")]


async def test_what_was_posted_is_found_by_the_next_process(outbox, database):
    """Every part of it comes back as it was, answer by answer, in the order of its messages."""
    other = replace(SECOND, answer_id="a0", chat_id=5)
    await database.write(*outbox.posting(ANSWER), *outbox.posting([other]))
    async with crashed(database) as after:
        parcels = await Outbox(after).load()
    assert parcels == (*ANSWER, other)
    assert {type(parcel.is_group) for parcel in parcels} == {bool}


async def test_only_the_rest_is_sent_after_a_crash(outbox, database):
    """What is marked is not sent again; it is erased, and its message known."""
    await database.write(*outbox.posting(ANSWER))
    outbox.sent(FIRST, 9)
    outbox.sent(SECOND, 11)
    assert await rows(database, "state, body, message_id") == [("sent", "", 9), ("sent", "", 11), ("waiting", "", 10)]
    async with crashed(database) as after:
        assert await Outbox(after).load() == (DELETED,)


async def test_marks_follow_what_they_mark(outbox, database):
    """An answer that is sent before the disk has it is marked all the same."""
    with lock(database.path):
        database.put(*outbox.posting(ANSWER))
        outbox.sent(FIRST, 9)
        outbox.refused(SECOND)
    await database.flush()
    assert await outbox.load() == (DELETED,)


@contextlib.contextmanager
def lock(path):
    """Hold the write lock as another program would."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_what_a_chat_refuses_is_given_up(outbox, database):
    """That message alone; what else waits is kept."""
    other = replace(SECOND, answer_id="a2", chat_id=5)
    await database.write(*outbox.posting([*ANSWER, other]))
    outbox.sent(FIRST, 9)
    outbox.refused(SECOND)
    assert await rows(database, "state, body") == [
        ("sent", ""),
        ("refused", ""),
        ("waiting", ""),
        ("waiting", other.body),
    ]
    assert await outbox.load() == (DELETED, other)


async def test_a_late_mark_changes_nothing(outbox, database):
    """What was sent stays sent, under its first message; what was refused stays refused."""
    await database.write(*outbox.posting([FIRST, SECOND]))
    outbox.sent(FIRST, 9)
    outbox.refused(FIRST)
    outbox.sent(FIRST, 99)
    outbox.refused(SECOND)
    outbox.sent(SECOND, 99)
    assert await rows(database, "state, message_id") == [("sent", 9), ("refused", None)]


async def test_an_answer_is_posted_once(outbox, database):
    """Posting it again neither sends it again nor spoils what is committed with it."""
    await database.write(*outbox.posting(ANSWER))
    outbox.sent(FIRST, 9)
    database.put(*outbox.posting(ANSWER), ("INSERT INTO preferences VALUES ('a', 'x')", ()))
    await database.flush()
    assert await outbox.load() == (SECOND, DELETED)
    assert len(await database.read("SELECT * FROM preferences")) == 1


async def test_what_is_done_is_forgotten_after_two_days(outbox, database, clock):
    """What waits is kept, however long the chat cannot be reached."""
    await database.write(*outbox.posting(ANSWER))
    outbox.sent(FIRST, 9)
    outbox.refused(SECOND)
    await database.flush()
    clock.now += 47 * HOUR
    await outbox.purge()
    assert len(await rows(database, "1")) == 3
    clock.now += 2 * HOUR
    await outbox.purge()
    assert await rows(database, "state") == [("waiting",)]


@pytest.mark.parametrize("statements", [0, 1, 2, 3, 4, 5, 6])
async def test_turn_messages_and_end_are_there_together_or_not_at_all(outbox, database, clock, statements):
    """Whoever dies before the commit answers again, whoever dies after it only sends; there is no third case."""
    inbox, conversations = Inbox(database, clock=clock), Conversations(database)
    await inbox.accept([(1, "question")])
    along = [*outbox.posting(ANSWER), *inbox.ending(1)]
    left = []
    count = 0

    def look(sql):
        nonlocal count
        if sql.lstrip().startswith(("BEGIN", "INSERT", "COMMIT")):
            if count == statements:
                left.append(left_by_a_crash(database.path))
            count += 1

    await database._writing.set_trace_callback(look)
    ticket = await conversations.append(HERE, "question", "answer", "model", user_id=42, along=along)
    inbox.ended(1)
    assert await database.settle(ticket, 5)
    await database._writing.set_trace_callback(None)
    assert count == 7
    async with await opened(left[0]) as after:
        assert [entry.update_id for entry in await Inbox(after, clock=clock).load()] == [1]
        assert await Outbox(after).load() == ()
        assert await Conversations(after).history(HERE) == ()
    async with crashed(database) as after:
        assert await Inbox(after, clock=clock).load() == ()
        assert await Outbox(after).load() == ANSWER
        assert len(await Conversations(after).history(HERE)) == 2


async def test_what_was_sent_lately_is_known_by_its_ids(database, outbox):
    """The newest come first, and what is not sent yet is not among them."""
    third = replace(SECOND, part=3)
    database.put(*outbox.posting([FIRST, SECOND, third]))
    outbox.sent(FIRST, 11)
    outbox.sent(SECOND, 12)
    await database.flush()
    assert await outbox.sent_lately() == [(-100, 12), (-100, 11)]
    assert await outbox.sent_lately(1) == [(-100, 12)]
