"""A damaged database is set aside at the start, and what can be read of it goes on in a new one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import sys
import time
from typing import TYPE_CHECKING

import pytest

from storage.conversations import ConversationKey, Conversations
from storage.damage import CHECK_SECONDS, is_damaged, open_sound
from storage.database import Database
from storage.errors import DatabaseCorrupt, DatabaseForeign, DatabaseNewer
from storage.inbox import Inbox
from storage.outbox import Outbox
from storage.people import People, Role
from storage.preferences import Preferences
from storage.suspicion import is_suspect, mark_of
from tests.bot_process import OWNER_ID, BotProcess
from tests.command_line import CommandLine
from tests.telegram_server import TelegramServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY = ConversationKey(-100, 5)
PAGE_BYTES = 4096
A_TIME = 1_763_720_581.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database of a test is."""
    return tmp_path / "switchboard.db"


async def fill(path: Path, turns: int = 300) -> None:
    """Make a database of many pages in which there is one of everything."""
    async with await Database.open(path) as database:
        await People(database).allow(7, "Ada", Role.ADMIN)
        preferences = Preferences(database)
        await preferences.set("strategy", "quality")
        await preferences.choose_model(KEY, "a_model")
        await preferences.set_disabled("another_model", disabled=True)
        conversations = Conversations(database)
        for number in range(turns):
            await conversations.append(ConversationKey(number % 7), f"question {number}", "a" * 3_000, "a_model")
        database.put(("INSERT INTO inbox (update_id, received_at, body) VALUES (11, 1.0, '{}')", ()))
        database.put(("INSERT INTO inbox (update_id, received_at, body, state) VALUES (10, 1.0, '', 'ended')", ()))
        parcel = ("an answer", 0, 1.0, 7, 7, 0, 0, "{}")
        columns = "answer_id, part, created_at, user_id, chat_id, thread_id, is_group, body"
        database.put((f"INSERT INTO outbox ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", parcel))


def content_of(path: Path) -> bytes:
    """All that is in a file."""
    return path.read_bytes()


def smash(path: Path, start: int, length: int) -> None:
    """Write rubbish into a file."""
    with path.open("r+b") as file:
        file.seek(start)
        file.write(os.urandom(length))


def smash_table(path: Path, table: str) -> None:
    """Write rubbish over the page at which a table begins."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchall()
    smash(path, (page - 1) * PAGE_BYTES, PAGE_BYTES)


def beside(path: Path, word: str = "damaged") -> list[Path]:
    """The databases that were set aside, oldest first, without the files that belong to them."""
    return sorted(path.parent.glob(f"{path.name}.{word}-*[0-9]"))


@contextlib.contextmanager
def opened_by_another(path: Path) -> Iterator[None]:
    """Have another process keep the database open, as the bot does, without a transaction."""
    program = (
        "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM migrations').fetchall()"
    )
    reading, writing = os.pipe()
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-c", f"{program}; print(flush=True); time.sleep(60)", str(path)],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, writing, 1)],
    )
    try:
        assert os.read(reading, 1)
        yield
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(reading)
        os.close(writing)


async def open_and_close(path: Path) -> tuple[str, ...]:
    """Open a database as the bot does at its start; what was told."""
    database, told = await open_sound(path)
    await database.close()
    return told


# --- what is sound, and what is not ours ------------------------------------------------------------------------------


async def test_a_sound_database_is_opened_as_it_is(path: Path) -> None:
    """Nothing is told, and nothing stands beside it; a new one and an empty file are sound too."""
    for prepare in (lambda: None, path.unlink, lambda: path.write_bytes(b"")):
        prepare()
        database, told = await open_sound(path)
        await database.close()
        assert (told, list(path.parent.iterdir())) == ((), [path])


async def test_what_lies_in_the_log_is_looked_at_too(path: Path) -> None:
    """After a crash the newest pages are in the write-ahead log: they are neither damage nor lost."""
    async with await Database.open(path) as database:
        await database.write(("INSERT INTO preferences VALUES ('a', ?)", ("b" * 50_000,)))
        for suffix in ("", "-wal"):
            copy = path.with_name(f"copy.db{suffix}")
            copy.write_bytes(path.with_name(path.name + suffix).read_bytes())
    database, told = await open_sound(path.with_name("copy.db"))
    async with database:
        assert told == ()
        assert [tuple(row) for row in await database.read("SELECT length(value) FROM preferences")] == [(50_000,)]


def a_text(path: Path) -> None:
    path.write_text("TELEGRAM_BOT_TOKEN=123:ABC\n" * 500)


def a_picture(path: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(50_000))


def another_programs(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE photos (name TEXT)")
        other.executemany("INSERT INTO photos VALUES (?)", [("x" * 1000,) for _ in range(100)])
        other.commit()


def another_programs_damaged(path: Path) -> None:
    another_programs(path)
    smash(path, 2 * PAGE_BYTES, 10 * PAGE_BYTES)


def another_programs_broken(path: Path) -> None:
    another_programs(path)
    smash(path, 100, 50)


def newer_and_damaged(path: Path) -> None:
    asyncio.run(fill(path))
    with contextlib.closing(sqlite3.connect(path)) as newer:
        newer.execute("INSERT INTO migrations (name) VALUES ('m999_from_the_future')")
        newer.commit()
    smash_table(path, "turns")


@pytest.mark.parametrize(
    ("make", "refusal"),
    [
        (a_text, DatabaseCorrupt),
        (a_picture, DatabaseCorrupt),
        (another_programs, DatabaseForeign),
        (another_programs_damaged, DatabaseForeign),
        (another_programs_broken, DatabaseCorrupt),
        (newer_and_damaged, DatabaseNewer),
    ],
)
def test_what_is_not_ours_stays_where_it_is(path: Path, make: Callable[[Path], None], refusal: type[Exception]) -> None:
    """A wrong DATABASE_PATH moves nobody's files about, whatever state they are in: it is refused."""
    make(path)
    before = path.read_bytes()
    with pytest.raises(refusal):
        asyncio.run(open_and_close(path))
    assert path.read_bytes() == before
    assert beside(path) == []


# --- setting aside ----------------------------------------------------------------------------------------------------


def smashed_header(path: Path) -> None:
    smash(path, 0, 100)


def smashed_schema(path: Path) -> None:
    smash(path, 100, 3_000)


def smashed_first_page(path: Path) -> None:
    smash(path, 0, PAGE_BYTES)


def smashed_middle(path: Path) -> None:
    smash(path, 300_000, 200_000)


def cut_in_the_middle(path: Path) -> None:
    os.truncate(path, 200_000)


def cut_at_once(path: Path) -> None:
    os.truncate(path, 50)


def all_zeroes(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def only_a_header(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\x00" + b"garbage " * 2000)


DAMAGE = [
    smashed_header,
    smashed_schema,
    smashed_first_page,
    smashed_middle,
    cut_in_the_middle,
    cut_at_once,
    all_zeroes,
    only_a_header,
]


@pytest.mark.parametrize("damage", DAMAGE)
async def test_a_damaged_database_is_set_aside_and_a_new_one_begun(
    path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Byte for byte, under a dated name, which the log and whoever started it are told with what to do."""
    await fill(path)
    damage(path)
    before = content_of(path)
    database, told = await open_sound(path, clock=lambda: A_TIME)
    async with database:
        await database.write(("INSERT INTO preferences VALUES ('new', '1')", ()))
    (kept,) = beside(path)
    assert kept.name == f"{path.name}.damaged-{time.strftime('%Y-%m-%d-%H%M%S', time.localtime(A_TIME))}"
    assert kept.read_bytes() == before
    assert len(told) == 1
    for part in (str(path), "was damaged", kept.name, "scripts/run restore"):
        assert part in told[0]
    assert told[0] in [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert {file.name for file in path.parent.iterdir()} == {path.name, kept.name}
    assert not is_damaged(path)


async def test_what_was_set_aside_before_is_never_overwritten(path: Path) -> None:
    """Twice in a second makes two names."""
    contents = []
    for _ in range(3):
        await fill(path, turns=100)
        smashed_header(path)
        contents.append(content_of(path))
        database, _ = await open_sound(path, clock=lambda: A_TIME)
        await database.close()
    assert sorted(file.read_bytes() for file in beside(path)) == sorted(contents)


async def test_the_log_of_a_damaged_database_goes_along(path: Path) -> None:
    """It belongs to the old one: beside the new one it would spoil it, and what is in it may be wanted."""
    await fill(path)
    names = [f"{path.name}{suffix}" for suffix in ("", "-wal", "-shm")]
    async with await Database.open(path) as database:
        await database.write(("INSERT INTO preferences VALUES ('a', 'in the log')", ()))
        crashed = {name: path.with_name(name).read_bytes() for name in names}
    for name, content in crashed.items():
        path.with_name(name).write_bytes(content)
    smashed_middle(path)
    database, _ = await open_sound(path)
    async with database:
        assert await Preferences(database).get("a") == "in the log"
    (kept,) = beside(path)
    assert kept.with_name(f"{kept.name}-wal").read_bytes() == crashed[names[1]]
    assert kept.with_name(f"{kept.name}-shm").exists()
    assert len(list(path.parent.iterdir())) == 4


async def test_a_database_that_another_process_has_open_stays(path: Path) -> None:
    """Moved away, it would take along all that the other one writes from then on."""
    await fill(path)
    smashed_middle(path)
    with opened_by_another(path):
        assert await open_and_close(path) == ()
    assert beside(path) == []


async def test_half_a_new_database_of_an_earlier_try_is_no_obstacle(path: Path) -> None:
    """A start that was killed while it built one is made up for by the next."""
    await fill(path)
    smashed_middle(path)
    path.with_name(f"{path.name}.fresh").write_bytes(os.urandom(10_000))
    path.with_name(f"{path.name}.fresh-wal").write_bytes(os.urandom(10_000))
    database, told = await open_sound(path)
    async with database:
        assert len(told) == 1
        assert (await People(database).everyone())[0].name == "Ada"
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name, beside(path)[0].name]


# --- carrying over ----------------------------------------------------------------------------------------------------


async def test_what_can_be_read_is_carried_over(path: Path) -> None:
    """Who may talk, what was chosen, what waits, and the newest turns: only what lies on spoilt pages is missing."""
    await fill(path)
    smash_table(path, "routing_decisions")
    database, told = await open_sound(path)
    async with database:
        (ada,) = await People(database).everyone()
        assert (ada.user_id, ada.name, ada.role) == (7, "Ada", Role.ADMIN)
        preferences = Preferences(database)
        assert await preferences.get("strategy") == "quality"
        assert await preferences.model_choice(KEY) == "a_model"
        assert await preferences.disabled_models() == {"another_model"}
        inbox = await database.read("SELECT update_id, state, body FROM inbox ORDER BY place")
        assert [tuple(row) for row in inbox] == [(11, "waiting", "{}"), (10, "ended", "")]
        assert [tuple(row) for row in await database.read("SELECT answer_id, state FROM outbox")] == [
            ("an answer", "waiting")
        ]
        last = await Conversations(database).last_turn(ConversationKey(299 % 7))
        assert last
        assert last.question == "question 299"
    assert "who may talk (1)" in told[0]
    assert "not all could be read" not in told[0]


@pytest.mark.parametrize("lost", ["people", "preferences", "model_choices", "disabled_models", "inbox", "outbox"])
async def test_each_table_is_carried_over_on_its_own(path: Path, lost: str, caplog: pytest.LogCaptureFixture) -> None:
    """One that cannot be read costs no other; which it is stands in the log."""
    await fill(path)
    smash_table(path, lost)
    database, told = await open_sound(path)
    async with database:
        for table in ("people", "preferences", "model_choices", "disabled_models", "inbox", "outbox", "turns"):
            ((count,),) = await database.read(f"SELECT count(*) FROM {table}")
            assert (count > 0) == (table != lost), table
    assert "not all could be read of" in told[0]
    assert f"of the table {lost} not all could be read" in caplog.text


async def test_turns_on_both_sides_of_a_spoilt_page_are_carried_over(path: Path) -> None:
    """A table is read from both ends."""
    await fill(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        pages = connection.execute(
            "SELECT pageno FROM dbstat WHERE name = 'turns' AND pagetype = 'leaf' ORDER BY pageno"
        ).fetchall()
    (middle,) = pages[len(pages) // 2]
    smash(path, (middle - 1) * PAGE_BYTES, PAGE_BYTES)
    database, _ = await open_sound(path)
    async with database:
        questions = {question for (question,) in await database.read("SELECT question FROM turns")}
    assert {"question 0", "question 299"} <= questions
    assert 280 < len(questions) < 300


async def test_a_database_of_an_older_version_is_carried_over(path: Path) -> None:
    """It lacks tables and columns that came later, and may have some that were given up."""
    await fill(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for sql in (
            "DROP TABLE inbox",
            "DROP TABLE outbox",
            "ALTER TABLE turns DROP COLUMN user_id",
            "ALTER TABLE disabled_models ADD COLUMN given_up TEXT",
            "DELETE FROM migrations WHERE name = 'm002_inbox_and_outbox'",
        ):
            connection.execute(sql)
        connection.commit()
    smash_table(path, "attempts")
    database, told = await open_sound(path)
    async with database:
        assert [tuple(row) for row in await database.read("SELECT count(*), max(user_id) FROM turns")] == [(300, 0)]
        assert await People(database).has_admin()
        assert await Preferences(database).disabled_models() == {"another_model"}
    assert len(told) == 1


async def test_a_role_that_is_none_lets_nobody_in(path: Path) -> None:
    """Rights are not guessed from what a damaged database says."""
    await fill(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO people VALUES (8, 'Eve', 'adm\u0131n', 0.0)")
        connection.commit()
    smash_table(path, "attempts")
    database, _ = await open_sound(path)
    async with database:
        assert [person.user_id for person in await People(database).everyone()] == [7]


async def test_what_would_not_be_understood_is_not_carried_over(path: Path) -> None:
    """Half a list of messages would keep the bot from starting, and half an answer cannot be sent."""
    await fill(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO inbox (update_id, received_at, body, standing) VALUES (12, 1.0, '{}', '[1,')")
        connection.execute("UPDATE outbox SET body = '{\"part'")
        connection.commit()
    smash_table(path, "attempts")
    database, _ = await open_sound(path)
    async with database:
        assert [entry.update_id for entry in await Inbox(database).load()] == [11]
        assert await Outbox(database).load() == ()


# --- looking for it ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A sound database with so many turns that it takes a while to look at all of them."""
    path = tmp_path_factory.mktemp("large") / "switchboard.db"
    asyncio.run(fill(path))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) INSERT INTO turns "
            "SELECT NULL, 'large' || i, 1, 0, 0, 'a question', '', 'an answer', 'a_model', 0 FROM n"
        )
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = path.read_bytes()
    path.unlink()
    return content


def seconds_to_look_at(path: Path) -> float:
    """How long it takes here to look at all of a sound database."""
    began = time.monotonic()
    assert not is_damaged(path, 60)
    return time.monotonic() - began


def test_looking_ends_in_time(path: Path, large: bytes) -> None:
    """However large a database is, the start is not held up by it."""
    path.write_bytes(large)
    began = time.monotonic()
    assert not is_damaged(path, 0.001)
    assert time.monotonic() - began < seconds_to_look_at(path) / 2
    assert CHECK_SECONDS <= 0.3


def test_the_precious_tables_are_looked_at_first(path: Path, large: bytes) -> None:
    """Damage of who may talk is found in a database for all of which the time does not suffice."""
    path.write_bytes(large)
    seconds = seconds_to_look_at(path) / 10
    smash_table(path, "inbox")
    assert is_damaged(path, seconds)


def test_where_damage_showed_before_all_is_looked_at(path: Path, large: bytes) -> None:
    """What the short look misses, the mark of the life before has found."""
    path.write_bytes(large)
    smash_table(path, "attempts")  # SQLite looks at it after the turns
    assert not is_damaged(path, 0.001)
    mark_of(path).touch()
    assert is_damaged(path, 0.001)


async def test_a_mark_beside_a_sound_database_is_taken_away(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It was the disk, or the damaged page is gone: later starts are quick again."""
    await fill(path)
    mark_of(path).touch()
    database, told = await open_sound(path)
    await database.close()
    assert told == ()
    assert not is_suspect(path)
    assert "is sound" in caplog.text


# --- while it runs ----------------------------------------------------------------------------------------------------


async def test_damage_that_shows_while_it_runs_is_remembered(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever reads is told, the log says what to do, once; the next start looks at all of it and sets it aside."""
    await fill(path)
    async with await Database.open(path) as database:
        smash(path, 100_000, len(content_of(path)) - 100_000)
        for _ in range(2):
            with pytest.raises(DatabaseCorrupt):
                await database.read("SELECT sum(length(answer)) FROM turns")
        assert caplog.text.count("Start Switchboard anew") == 1
        conversations = Conversations(database)
        await conversations.append(KEY, "and now?", "from memory", "a_model")
        assert (await conversations.history(KEY))[-1].content == "from memory"
    assert is_suspect(path)
    database, told = await open_sound(path)
    await database.close()
    assert len(told) == 1
    assert not is_suspect(path)


# --- the program ------------------------------------------------------------------------------------------------------


async def test_the_bot_talks_on_after_damage(tmp_path: Path) -> None:
    """It starts, tells terminal and admin what happened, and answers whoever was let in."""
    path = tmp_path / "switchboard.db"
    await fill(path)
    smashed_middle(path)
    async with TelegramServer() as telegram:
        owner = telegram.user(OWNER_ID)
        async with BotProcess(telegram, tmp_path) as bot:
            await telegram.wait_for(lambda: any("was damaged" in text for text in owner.chat.texts))
            (answer,) = await owner.ask("what is 2 + 2?")
        assert "4" in answer.text
        assert "was damaged" in bot.output
    assert len(beside(path)) == 1


@pytest.mark.parametrize("arguments", [("stats",), ("ask", "2+2"), ("doctor",)], ids=" ".join)
async def test_a_look_sets_nothing_aside(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Only what goes on for longer begins a new database: whoever just looks is told of the damage."""
    path = tmp_path / "switchboard.db"
    await fill(path)
    smashed_schema(path)
    ran = await CommandLine(tmp_path).run(*arguments)
    assert ran.status == 1
    assert "is damaged" in ran.out + ran.err
    assert beside(path) == []


async def test_the_terminal_chat_talks_on_too(tmp_path: Path) -> None:
    """It says so on the screen."""
    path = tmp_path / "switchboard.db"
    await fill(path)
    smashed_schema(path)
    ran = await CommandLine(tmp_path).run("chat", given="2+2\n")
    assert ran.status == 0
    assert "4" in ran.out
    assert "was damaged" in ran.err
    assert len(beside(path)) == 1
