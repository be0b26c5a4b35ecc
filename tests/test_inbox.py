"""The inbox: what came is not lost and not done twice, whatever the disk does and whenever the program dies."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.database import Database
from storage.errors import DatabaseLocked
from storage.inbox import Entry, Inbox, Remains

pytestmark = pytest.mark.timeout(60)

HOUR = 3_600.0
DAY = 24 * HOUR


class _Clock:
    """A clock that is set by hand."""

    def __init__(self, now=1_000_000.0):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def path(tmp_path):
    return tmp_path / "switchboard.db"


@pytest.fixture
def clock():
    return _Clock()


@pytest.fixture
async def database(path):
    async with await opened(path) as database:
        yield database


@pytest.fixture
async def inbox(database, clock):
    inbox = Inbox(database, clock=clock)
    await inbox.load()
    return inbox


async def opened(path):
    return await Database.open(path, busy_timeout_seconds=0.02, retry_seconds=0.02)


@contextlib.contextmanager
def lock(path):
    """Hold the write lock as another program would."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextlib.asynccontextmanager
async def locked(database):
    with lock(database.path):
        yield


@contextlib.asynccontextmanager
async def full_disk(database):
    """Make the disk full, as SQLite sees it."""
    ((pages,),) = await database.read("PRAGMA page_count")
    await database._writing.execute_fetchall(f"PRAGMA max_page_count = {pages}")
    yield
    await database._writing.execute_fetchall("PRAGMA max_page_count = 1000000")


@contextlib.asynccontextmanager
async def read_only(database):
    await database._writing.execute_fetchall("PRAGMA query_only = ON")
    yield
    await database._writing.execute_fetchall("PRAGMA query_only = OFF")


def left_by_a_crash(path):
    """The files as they stand at this moment, which is what a process that is killed now leaves."""
    copy = Path(tempfile.mkdtemp(dir=path.parent)) / path.name
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
    return copy


@contextlib.asynccontextmanager
async def next_life(path, clock):
    """The inbox that a new process makes of these files, and what it finds in it."""
    async with await opened(path) as database:
        inbox = Inbox(database, clock=clock)
        yield inbox, await inbox.load()


async def found_after_crash(database, clock):
    async with next_life(left_by_a_crash(database.path), clock) as (_, entries):
        return entries


def ids(entries):
    return [entry.update_id for entry in entries]


async def states(database):
    await database.flush()
    return {row["update_id"]: row["state"] for row in await database.read("SELECT update_id, state FROM inbox")}


# --- written down before anything else --------------------------------------------------------------------------------


async def test_what_was_accepted_outlives_a_crash(inbox, database, clock):
    """As soon as `accept` returns, a killed process loses nothing; order and text are those of Telegram."""
    text = '{"text": "a\\u0000 🦊 \' \\" \u202e"}'
    assert await inbox.accept([(12, text), (10, "b"), (11, "c")]) == [12, 10, 11]
    assert await found_after_crash(database, clock) == (Entry(12, text), Entry(10, "b"), Entry(11, "c"))
    assert not inbox.unsafe
    assert inbox.offset_after(12) == 13


async def test_a_batch_is_written_in_one_transaction(inbox, database):
    """There is no moment at which half of it is on disk."""
    commits = []
    await database._writing.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    await inbox.accept([(number, "x") for number in range(100)])
    assert commits == ["COMMIT"]


async def test_an_update_is_new_once(inbox, clock):
    """Telegram may offer it again, in the same batch and in later ones, while it is in work and when it is done."""
    assert await inbox.accept([(1, "a"), (2, "b"), (1, "a")]) == [1, 2]
    assert await inbox.accept([(2, "b"), (3, "c")]) == [3]
    inbox.end(2)
    clock.now += 47 * HOUR
    assert await inbox.accept([(1, "a"), (2, "b"), (3, "c")]) == []


async def test_an_update_is_new_once_over_restarts(path, clock):
    """A process that died before Telegram was told gets the same updates again."""
    async with next_life(path, clock) as (inbox, _):
        await inbox.accept([(1, "a"), (2, "b"), (3, "c")])
        inbox.end(1)
        inbox.set_aside(2)
    clock.now += 47 * HOUR
    async with next_life(path, clock) as (inbox, entries):
        assert ids(entries) == [3]
        assert await inbox.accept([(1, "a"), (2, "b"), (3, "c"), (4, "d")]) == [4]


async def test_ids_that_start_anew_are_new(inbox, database, clock):
    """After a quiet week Telegram's ids begin at a random number, often a lower one."""
    await inbox.accept([(900_000_000, "old")])
    inbox.end(900_000_000)
    clock.now += 8 * DAY
    assert await inbox.accept([(5, "new"), (6, "newer")]) == [5, 6]
    assert inbox.offset_after(6) == 7
    assert ids(await found_after_crash(database, clock)) == [5, 6]


@pytest.mark.parametrize("is_purged", [True, False])
@pytest.mark.parametrize("is_set_aside", [True, False])
async def test_an_id_that_comes_again_after_days_is_another_update(inbox, database, clock, is_purged, is_set_aside):
    """It takes its place behind those that came before it, as any new one does."""
    await inbox.accept([(5, "old")])
    (inbox.set_aside if is_set_aside else inbox.end)(5)
    await inbox.accept([(7, "between")])
    clock.now += 3 * DAY
    if is_purged:
        await inbox.purge()
    assert await inbox.accept([(5, "new")]) == [5]
    assert await found_after_crash(database, clock) == (Entry(7, "between"), Entry(5, "new"))
    inbox.end(5)
    await database.flush()
    await inbox.purge()
    assert (await states(database))[5] == "ended"


async def test_what_a_cancelled_call_accepted_is_new_to_the_next(inbox, database, clock):
    """Whoever polls may be stopped at any moment, and be offered the same again: it must be handed out then."""
    for number in range(20):
        accepting = asyncio.create_task(inbox.accept([(number, "x"), (number + 1, "y")]))
        for _ in range(number):
            await asyncio.sleep(0)
        accepting.cancel()
        outcome = (await asyncio.gather(accepting, return_exceptions=True))[0]
        handed_out = [] if isinstance(outcome, asyncio.CancelledError) else outcome
        handed_out += await inbox.accept([(number, "x"), (number + 1, "y")])
        assert handed_out == [number, number + 1][number > 0 :]
    assert ids(await found_after_crash(database, clock)) == list(range(21))


# --- the life of an update --------------------------------------------------------------------------------------------


async def test_what_is_done_does_not_come_back(inbox, database, clock):
    """Its text is erased; its id alone is kept."""
    await inbox.accept([(1, "a secret"), (2, "b")])
    inbox.begin(1)
    inbox.standing(1, [7])
    inbox.end(1)
    assert await states(database) == {1: "ended", 2: "waiting"}
    ((everything,),) = await database.read(
        "SELECT group_concat(body || standing || partial) FROM inbox WHERE update_id = 1"
    )
    assert everything == "[]"
    assert ids(await found_after_crash(database, clock)) == [2]


async def test_the_end_is_committed_with_the_answer(inbox, database, clock):
    """Either both are there after a crash, or neither is."""
    await inbox.accept([(1, "a")])
    refused = ("INSERT INTO no_such_table VALUES (1)", ())
    database.put(*inbox.ending(1), refused)
    assert await states(database) == {1: "waiting"}
    database.put(*inbox.ending(1), ("INSERT INTO preferences VALUES ('answer', 'x')", ()))
    inbox.ended(1)
    await database.flush()
    assert await found_after_crash(database, clock) == ()
    assert len(await database.read("SELECT * FROM preferences")) == 1


async def test_starts_and_errors_are_counted_over_restarts(path, clock):
    """Whoever starts the program sees what an update has done to the lives before."""
    for life in range(3):
        async with next_life(path, clock) as (inbox, entries):
            assert entries == ((Entry(1, "a", starts=life, errors=2 * life),) if life else ())
            await inbox.accept([(1, "a")])
            inbox.begin(1)
            assert [inbox.failed(1), inbox.failed(1)] == [2 * life + 1, 2 * life + 2]


async def test_an_interrupted_answer_is_found_at_the_next_start(path, clock):
    """With the messages in which it stands, and its text; nobody ends it in the life that interrupted it."""
    async with next_life(path, clock) as (inbox, _):
        await inbox.accept([(1, "a")])
        assert inbox.remains(1) == Remains()
        inbox.begin(1)
        inbox.standing(1, [7])
        inbox.interrupt(1, [7, 8], "half an ans")
        inbox.end(1)
        assert inbox.ending(1) == []
        inbox.ended(1)
        inbox.set_aside(1)
        inbox.standing(1, [])
    async with next_life(path, clock) as (inbox, entries):
        remains = Remains((7, 8), "half an ans")
        assert entries == (Entry(1, "a", starts=1, remains=remains),)
        assert inbox.remains(1) == remains
        inbox.interrupt(1, [8], "")
    async with next_life(path, clock) as (inbox, entries):
        assert entries[0].remains == Remains((8,), "half an ans")
        inbox.end(1)
    async with next_life(path, clock) as (_, entries):
        assert entries == ()


async def test_a_killed_process_leaves_the_ids_of_what_stands(inbox, database, clock):
    """The next one can go on in the same messages."""
    await inbox.accept([(1, "a")])
    inbox.begin(1)
    inbox.standing(1, [7])
    inbox.standing(1, [7, 8])
    assert inbox.remains(1) == Remains((7, 8))
    await database.flush()
    assert (await found_after_crash(database, clock))[0].remains == Remains((7, 8))


async def test_poison_is_set_aside_for_a_week(inbox, database, clock):
    """It is not tried again, but can be looked at."""
    await inbox.accept([(1, "poison"), (2, "b")])
    inbox.failed(1)
    inbox.set_aside(1)
    inbox.end(1)
    assert await states(database) == {1: "set aside", 2: "waiting"}
    assert ids(await found_after_crash(database, clock)) == [2]
    clock.now += 6 * DAY
    await inbox.purge()
    rows = await database.read("SELECT body, errors FROM inbox WHERE state = 'set aside'")
    assert [tuple(row) for row in rows] == [("poison", 1)]
    clock.now += 2 * DAY
    await inbox.purge()
    assert await states(database) == {2: "waiting"}


async def test_ids_are_forgotten_after_two_days(inbox, database, clock):
    """On disk and in memory; what is not done is kept however old it is."""
    await inbox.accept([(1, "a"), (2, "b")])
    inbox.end(1)
    clock.now += 47 * HOUR
    await inbox.accept([(3, "c")])
    inbox.end(3)
    await inbox.purge()
    assert await states(database) == {1: "ended", 2: "waiting", 3: "ended"}
    clock.now += 2 * HOUR
    await inbox.purge()
    assert await states(database) == {2: "waiting", 3: "ended"}
    assert set(inbox._seen) == {3}
    assert await inbox.accept([(2, "b"), (3, "c")]) == []
    assert ids(await found_after_crash(database, clock)) == [2]


async def test_a_clock_that_is_put_back_lets_nothing_in_twice(inbox, clock):
    """What came in the future, as it looks now, has come."""
    await inbox.accept([(1, "a")])
    inbox.end(1)
    clock.now -= 30 * DAY
    await inbox.purge()
    assert await inbox.accept([(1, "a")]) == []


async def test_what_is_not_known_can_be_told_anything(inbox, database):
    """Work on an update that never passed the inbox, or has ended, does no harm."""
    await inbox.accept([(1, "a")])
    inbox.end(1)
    for update_id in (1, 99):
        inbox.begin(update_id)
        inbox.standing(update_id, [7])
        inbox.interrupt(update_id, [7], "x")
        inbox.join(update_id, [99])
        inbox.set_aside(update_id)
        inbox.end(update_id)
        inbox.ended(update_id)
        assert inbox.ending(update_id) == []
        assert inbox.failed(update_id) == 0
        assert inbox.remains(update_id) == Remains()
    assert await states(database) == {1: "ended"}


# --- joined -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["end", "ending", "set_aside"])
async def test_joined_updates_end_together(inbox, database, clock, how):
    """The pieces of one pasted text have one answer; none of them ends before it."""
    await inbox.accept([(number, "x") for number in range(1, 6)])
    inbox.join(1, [2])
    inbox.join(1, [3])
    inbox.join(3, [4])
    for later in (2, 3, 4):
        inbox.end(later)
        inbox.ended(later)
        inbox.set_aside(later)
        assert inbox.ending(later) == []
    assert ids(await found_after_crash(database, clock)) == [1, 2, 3, 4, 5]
    if how == "ending":
        database.put(*inbox.ending(1))
        inbox.ended(1)
    else:
        getattr(inbox, how)(1)
    state = "set aside" if how == "set_aside" else "ended"
    assert await states(database) == {**dict.fromkeys((1, 2, 3, 4), state), 5: "waiting"}


async def test_joined_updates_are_interrupted_together(path, clock):
    """All come back, in order; the first has what there was of the answer."""
    async with next_life(path, clock) as (inbox, _):
        await inbox.accept([(1, "a"), (2, "b"), (3, "c")])
        inbox.join(1, [2])
        inbox.interrupt(1, [7], "half")
        inbox.join(1, [3])
        for update_id in (1, 2, 3):
            inbox.end(update_id)
    async with next_life(path, clock) as (inbox, entries):
        assert [entry.remains for entry in entries] == [Remains((7,), "half"), Remains(), Remains()]
        inbox.end(2)
    async with next_life(path, clock) as (_, entries):
        assert ids(entries) == [1, 3]


async def test_what_is_joined_to_what_has_ended_ends(inbox, database):
    """Nothing is left behind that nobody would ever end."""
    await inbox.accept([(1, "a"), (2, "b")])
    inbox.end(1)
    inbox.join(1, [2])
    assert await states(database) == {1: "ended", 2: "ended"}


async def test_updates_cannot_be_joined_in_a_circle(inbox, database):
    """The second wish of two that exclude each other is ignored."""
    await inbox.accept([(1, "a"), (2, "b")])
    inbox.join(1, [1, 2])
    inbox.join(2, [1])
    inbox.end(1)
    assert await states(database) == {1: "ended", 2: "ended"}


# --- a disk that refuses ----------------------------------------------------------------------------------------------

TROUBLES = {"locked": locked, "full": full_disk, "read-only": read_only}
BIG = "x" * 20_000  # no room for that in the pages that are there


@pytest.mark.parametrize("kind", TROUBLES)
async def test_what_the_disk_refuses_is_worked_on_and_not_acknowledged(inbox, database, clock, kind):
    """Telegram keeps it until the disk has it; then all is written, in order, without being asked again."""
    await inbox.accept([(1, BIG)])
    async with TROUBLES[kind](database):
        assert await inbox.accept([(2, BIG), (3, BIG)]) == [2, 3]
        assert await inbox.accept([(2, BIG), (3, BIG), (4, BIG)]) == [4]
        assert inbox.unsafe
        assert inbox.offset_after(4) == 2
        inbox.begin(2)
        assert ids(await found_after_crash(database, clock)) == [1]
    assert await inbox.accept([]) == []
    await database.flush()
    assert not inbox.unsafe
    assert inbox.offset_after(4) == 5
    assert await found_after_crash(database, clock) == (
        Entry(1, BIG),
        Entry(2, BIG, starts=1),
        Entry(3, BIG),
        Entry(4, BIG),
    )


@pytest.mark.parametrize("kind", TROUBLES)
async def test_what_ends_while_the_disk_refuses_does_not_come_back(inbox, database, clock, kind):
    """It may be acknowledged, and its id is remembered over a restart as soon as the disk takes it."""
    async with TROUBLES[kind](database):
        await inbox.accept([(1, BIG), (2, BIG), (3, BIG)])
        for update_id in (1, 2):
            inbox.begin(update_id)
            inbox.standing(update_id, [7])
            inbox.failed(update_id)
            inbox.end(update_id)
        assert inbox.offset_after(3) == 3
        inbox.set_aside(3)
        assert inbox.offset_after(3) == 4
        assert not inbox.unsafe
        assert await inbox.accept([(1, BIG), (2, BIG), (3, BIG)]) == []
    await database.flush()
    async with next_life(left_by_a_crash(database.path), clock) as (later, entries):
        assert entries == ()
        assert await later.accept([(1, BIG), (2, BIG), (3, BIG)]) == []


async def test_nobody_waits_long_for_a_disk_that_hangs(path, clock):
    """Who polls goes on after a second, with the updates in hand."""
    async with await Database.open(path, busy_timeout_seconds=30) as database:
        inbox = Inbox(database, clock=clock)
        await inbox.load()
        with lock(path):
            async with asyncio.timeout(3):
                assert await inbox.accept([(1, "a")]) == [1]
            assert inbox.unsafe
        await database.flush()
        assert not inbox.unsafe


async def test_what_the_inbox_says_of_itself_never_waits(inbox, database):
    """Everything but `load`, `accept` and `purge` is done at once, and reaches the disk when that is back."""
    await inbox.accept([(number, "x") for number in range(4)])
    with lock(database.path):
        inbox.begin(0)
        inbox.standing(0, [1])
        inbox.join(0, [1])
        inbox.end(0)
        inbox.failed(2)
        inbox.set_aside(2)
        inbox.interrupt(3, [5], "half")
        with pytest.raises(DatabaseLocked):
            await inbox.purge()
    assert await states(database) == {0: "ended", 1: "ended", 2: "set aside", 3: "waiting"}


async def test_a_closed_database_makes_updates_unsafe(path, clock, caplog):
    """What comes while the program ends is left to Telegram."""
    async with next_life(path, clock) as (inbox, _):
        pass
    assert await inbox.accept([(1, "a")]) == [1]
    assert inbox.unsafe
    assert inbox.offset_after(1) == 1
    assert "an entry is dropped" in caplog.text


# --- against a plain model --------------------------------------------------------------------------------------------


@dataclass
class _World:
    """Telegram, the work that was done, and one program after the other on the same disk."""

    path: Path
    offered: list[int] = field(default_factory=list)  # by Telegram, in order, until they are acknowledged
    sent: int = 0
    offset: int = 0
    done: dict[int, int] = field(default_factory=dict)  # how often each update was done
    arrived: list[int] = field(default_factory=list)  # the unfinished ones, in the order of arrival
    ends: dict[int, int] = field(default_factory=dict)  # in this life: the tickets of the ends
    kept: set[int] = field(default_factory=set)
    forgiven: set[int] = field(default_factory=set)  # a crash came before their end was on disk
    locked: sqlite3.Connection | None = None

    async def start(self):
        self.database = await Database.open(self.path, busy_timeout_seconds=0.005, retry_seconds=0.005)
        self.inbox = Inbox(self.database)
        found = ids(await self.inbox.load())
        assert sorted(found) == sorted(set(found))
        assert set(self.arrived) - set(self.offered) <= set(found) <= set(self.arrived) | self.forgiven
        in_order = [update_id for update_id in self.arrived if update_id in found]
        assert [update_id for update_id in found if update_id not in self.forgiven] == [
            update_id for update_id in in_order if update_id not in self.forgiven
        ]
        self.arrived, self.kept, self.ends = found, set(), {}

    def send(self, count):
        self.offered += range(self.sent, self.sent + count)
        self.sent += count

    async def poll(self, _):
        self.offered = [update_id for update_id in self.offered if update_id >= self.offset]
        batch = self.offered[:3]
        new = await self.inbox.accept([(update_id, f"{update_id}") for update_id in [*batch, *batch[:1]]])
        assert new == [update_id for update_id in batch if update_id in new]
        for update_id in new:
            assert update_id not in self.arrived
            assert update_id in self.forgiven or not self.done.get(update_id)
        self.arrived += new
        if batch:
            self.offset = self.inbox.offset_after(batch[-1])
            assert self.locked or not self.inbox.unsafe

    def one(self, number):
        workable = [update_id for update_id in self.arrived if update_id not in self.kept]
        return workable[number % len(workable)] if workable else None

    def begin(self, number):
        if (update_id := self.one(number)) is not None:
            self.inbox.begin(update_id)
            self.inbox.standing(update_id, [number])

    def end(self, number):
        if (update_id := self.one(number)) is not None:
            self.ends[update_id] = self.database.put(*self.inbox.ending(update_id))
            self.inbox.ended(update_id)
            self.done[update_id] = self.done.get(update_id, 0) + 1
            self.arrived.remove(update_id)
        assert number >= 0

    def interrupt(self, number):
        if (update_id := self.one(number)) is not None:
            self.inbox.interrupt(update_id, [number], "half")
            self.inbox.end(update_id)
            self.kept.add(update_id)

    def lock(self, _):
        self.locked = self.locked or sqlite3.connect(self.path, isolation_level=None)
        if not self.locked.in_transaction:
            self.locked.execute("BEGIN IMMEDIATE")

    def unlock(self, _=None):
        if self.locked:
            self.locked.close()
        self.locked = None

    async def restart(self, _):
        self.unlock()
        await self.database.close()
        await self.start()

    async def crash(self, _):
        self.unlock()
        self.forgiven |= {update_id for update_id, ticket in self.ends.items() if not self.database.settled(ticket)}
        left = left_by_a_crash(self.path)
        await self.database.close()
        self.path = left
        self.offset = 0
        await self.start()


STEPS = ("send", "poll", "begin", "end", "interrupt", "lock", "unlock", "restart", "crash")


async def live(path, steps):
    world = _World(path)
    await world.start()
    try:
        for name, number in steps:
            outcome = getattr(world, name)(number)
            if asyncio.iscoroutine(outcome):
                await outcome
        await world.restart(None)
        while world.offered:
            await world.poll(None)
        while world.arrived:
            world.end(0)
    finally:
        world.unlock()
        await world.database.close()
    return world


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 5)), max_size=40))
def test_nothing_is_lost_and_nothing_done_twice(steps):
    """Whatever happens, in whatever order, each update is done once; twice only if a crash came before its end did."""
    with tempfile.TemporaryDirectory() as folder:
        world = asyncio.run(live(Path(folder) / "switchboard.db", steps))
    assert set(world.done) == set(range(world.sent))
    assert {update_id for update_id, times in world.done.items() if times > 1} <= world.forgiven
