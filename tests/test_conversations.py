"""Conversations: what was said is kept in order, over restarts, and through a disk that refuses it."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3

import pytest

from routing.types import Message
from storage.conversations import ConversationKey, Conversations
from storage.database import Database

pytestmark = pytest.mark.timeout(30)

HERE = ConversationKey(1)
TOPIC = ConversationKey(1, 7)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "switchboard.db"


@pytest.fixture
async def database(path):
    async with await Database.open(path, busy_timeout_seconds=0.1, retry_seconds=0.05) as opened:
        yield opened


@pytest.fixture
def conversations(database):
    return Conversations(database)


async def stored(database):
    await database.flush()
    return [row["question"] for row in await database.read("SELECT question FROM turns ORDER BY id")]


async def test_history_is_told_in_turns_oldest_first(conversations):
    """A question is the user's, its answer the assistant's."""
    await conversations.append(HERE, "one?", "1", "a")
    await conversations.append(HERE, "two?", "2", "b")
    assert await conversations.history(HERE) == (
        Message("user", "one?"),
        Message("assistant", "1"),
        Message("user", "two?"),
        Message("assistant", "2"),
    )
    assert await conversations.current_model(HERE) == "b"


async def test_a_conversation_that_has_not_begun_is_empty(conversations):
    """Nothing was said, nobody answered."""
    assert await conversations.history(HERE) == ()
    assert await conversations.last_turn(HERE) is None
    assert await conversations.current_model(HERE) is None


async def test_topics_are_conversations_of_their_own(conversations):
    """What is said in one topic is not known in another."""
    await conversations.append(HERE, "here?", "yes", "a")
    await conversations.append(TOPIC, "there?", "yes", "b")
    assert (await conversations.history(TOPIC))[0].content == "there?"
    assert len(await conversations.history(HERE)) == 2


async def test_a_conversation_survives_a_restart(path):
    """Every part of a turn comes back, text of any kind included."""
    text = "a\0b \x1b[31m 🦊 \u202e '); DROP TABLE turns; --"
    async with await Database.open(path) as database:
        before = Conversations(database, clock=lambda: 1000.0)
        await before.append(TOPIC, text, text * 2, "model", "[photo]")
        turn = await before.last_turn(TOPIC)
    async with await Database.open(path) as database:
        after = Conversations(database)
        assert await after.last_turn(TOPIC) == turn
        assert (await after.history(TOPIC))[0].content == f"[photo]\n{text}"


async def test_a_lone_surrogate_does_not_stop_a_conversation(conversations, database):
    """It is kept in memory as it came and on disk as a replacement character."""
    await conversations.append(HERE, "x\ud800", "y", "a")
    assert (await conversations.history(HERE))[0].content == "x\ud800"
    assert await stored(database) == ["x\ufffd"]


async def test_the_last_turn_can_be_taken_back(conversations, database):
    """/retry asks the same question again, and the first answer is forgotten on disk too."""
    await conversations.append(HERE, "one?", "1", "a")
    await conversations.append(HERE, "two?", "2", "b")
    await conversations.append(HERE, "three?", "3", "c", replaces_last=True)
    assert [message.content for message in await conversations.history(HERE)] == ["one?", "1", "three?", "3"]
    assert await stored(database) == ["one?", "three?"]


ALONG = ("INSERT INTO preferences VALUES ('along', ?)", ("x",))


async def along(database):
    await database.flush()
    return [row["value"] for row in await database.read("SELECT value FROM preferences")]


async def test_a_turn_says_who_asked(conversations, database):
    """Each person's part of a group's conversation can be found again."""
    await conversations.append(HERE, "one?", "1", "a", user_id=42)
    await conversations.append(HERE, "two?", "2", "a")
    await database.flush()
    assert [row["user_id"] for row in await database.read("SELECT user_id FROM turns ORDER BY id")] == [42, 0]


async def test_what_goes_along_is_committed_with_the_turn(conversations, database):
    """Either both are there or neither is; the ticket says when."""
    ticket = await conversations.append(HERE, "one?", "1", "a", along=[ALONG])
    assert await database.settle(ticket, 5)
    assert await along(database) == ["x"]
    await conversations.append(HERE, "two?", "2", "a", along=[ALONG])  # refused, as it is there already
    assert await stored(database) == ["one?"]


async def test_a_turn_takes_the_place_of_the_last_in_one_transaction(conversations, database):
    """/retry never leaves a conversation with two answers to a question, or with none."""
    await conversations.append(HERE, "one?", "1", "a")
    await conversations.append(HERE, "two?", "2", "a")
    await database.flush()
    refused = ("INSERT INTO no_such_table VALUES (1)", ())
    await conversations.append(HERE, "two?", "3", "b", replaces_last=True, along=[refused])
    assert await stored(database) == ["one?", "two?"]
    again = Conversations(database)
    await again.append(HERE, "two?", "4", "b", replaces_last=True)
    assert [message.content for message in await again.history(HERE)] == ["one?", "1", "two?", "4"]
    assert await stored(database) == ["one?", "two?"]
    assert await contents(Conversations(database), HERE) == ["one?", "1", "two?", "4"]


async def test_a_turn_that_has_nothing_to_replace_is_added(conversations, database):
    """/retry after a restart without conversations on disk finds none to take back."""
    await conversations.append(HERE, "one?", "1", "a", replaces_last=True)
    assert await stored(database) == ["one?"]


@pytest.mark.parametrize("store_prompts", ["hash", "off"])
async def test_what_goes_along_is_committed_where_conversations_are_not(database, store_prompts):
    """An answer has to be sent, and its update has to end, whatever is kept of what was said."""
    conversations = Conversations(database, store_prompts)
    ticket = await conversations.append(HERE, "one?", "1", "a", along=[ALONG])
    assert await database.settle(ticket, 5)
    assert await along(database) == ["x"]
    assert await stored(database) == []
    assert await database.settle(await conversations.append(HERE, "two?", "2", "a"), 5)


async def test_what_goes_along_is_kept_where_memory_has_no_room_for_turns(database):
    """Ten thousand entries wait for a disk: turns are dropped then, the ends of updates are not."""
    conversations = Conversations(database)
    ((pages,),) = await database.read("PRAGMA page_count")
    await database._writing.execute_fetchall(f"PRAGMA max_page_count = {pages}")
    database.put(("INSERT INTO preferences VALUES ('big', ?)", ("x" * 100_000,)))
    for number in range(9_999):
        database.put(("INSERT INTO disabled_models VALUES (?)", (str(number),)))
    await conversations.append(HERE, "one?", "1", "a", along=[ALONG])
    await database._writing.execute_fetchall("PRAGMA max_page_count = 100000")
    assert (await along(database))[0] == "x"
    assert await stored(database) == []


async def test_a_group_that_becomes_a_supergroup_keeps_its_conversations(path):
    """Telegram gives it a new id; each topic goes on, and what was said under the new id meanwhile comes last."""
    new, new_topic = ConversationKey(-100), ConversationKey(-100, 7)
    expected = {new: ["old?", "", "new?", ""], new_topic: ["topic?", ""], HERE: [], TOPIC: []}
    async with await Database.open(path) as database:
        before = Conversations(database)
        await before.append(HERE, "old?", "", "a")
        await before.append(TOPIC, "topic?", "", "a")
        await before.say_once(HERE, "trimmed")
        await before.say_once(TOPIC, "trimmed")
        await before.say_once(ConversationKey(1, 9), "trimmed")
    async with await Database.open(path) as database:
        conversations = Conversations(database, in_memory=1)
        await conversations.append(new, "new?", "", "a")
        await conversations.say_once(new, "trimmed")
        await conversations.move_chat(1, -100)
        assert {key: await contents(conversations, key) for key in expected} == expected
        assert not await conversations.say_once(new_topic, "trimmed")
        assert not await conversations.say_once(ConversationKey(-100, 9), "trimmed")
    async with await Database.open(path) as database:
        conversations = Conversations(database)
        assert {key: await contents(conversations, key) for key in expected} == expected
        assert not await conversations.say_once(new, "trimmed")
        assert not await conversations.say_once(new_topic, "trimmed")
        assert await conversations.say_once(HERE, "trimmed")


async def contents(conversations, key):
    return [message.content for message in await conversations.history(key)]


async def test_a_group_is_moved_while_the_database_is_locked(database, path):
    """Memory has it at once, the disk later."""
    conversations = Conversations(database)
    await conversations.append(HERE, "old?", "", "a")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await conversations.append(HERE, "older?", "", "a")
        await conversations.move_chat(1, -100)
        assert await contents(conversations, ConversationKey(-100)) == ["old?", "", "older?", ""]
        assert await contents(conversations, HERE) == []
        other.execute("ROLLBACK")
    await database.flush()
    assert await contents(Conversations(database), ConversationKey(-100)) == ["old?", "", "older?", ""]


@pytest.mark.parametrize("store_prompts", ["full", "off"])
async def test_a_group_that_cannot_be_read_is_moved_in_memory(database, caplog, store_prompts):
    """A damaged table costs history, not the move of what is known."""
    conversations = Conversations(database, store_prompts)
    await conversations.append(HERE, "old?", "", "a")
    await database.flush()
    await database._writing.execute_fetchall("DROP TABLE turns")
    await conversations.move_chat(1, -100)
    assert await contents(conversations, ConversationKey(-100)) == ["old?", ""]
    assert ("A chat is moved on disk alone" in caplog.text) == (store_prompts == "full")


async def test_a_cleared_conversation_is_forgotten_on_disk_too(conversations, database):
    """/new leaves other topics alone."""
    await conversations.append(HERE, "here?", "yes", "a")
    await conversations.append(TOPIC, "there?", "yes", "a")
    await conversations.clear(HERE)
    await conversations.append(HERE, "again?", "yes", "a")
    assert await stored(database) == ["there?", "again?"]
    assert len(await conversations.history(HERE)) == 2


async def test_a_thing_is_said_once_in_a_conversation(path):
    """Until it is cleared, over restarts too."""
    async with await Database.open(path) as database:
        conversations = Conversations(database)
        assert await conversations.say_once(HERE, "trimmed")
        assert not await conversations.say_once(HERE, "trimmed")
        assert await conversations.say_once(HERE, "another thing")
        assert await conversations.say_once(TOPIC, "trimmed")
    async with await Database.open(path) as database:
        conversations = Conversations(database)
        assert not await conversations.say_once(HERE, "trimmed")
        await conversations.clear(HERE)
        assert await conversations.say_once(HERE, "trimmed")


async def test_history_is_bounded_and_begins_alike_for_many_turns(conversations, database):
    """The last 200 turns at least are handed on, before a restart and after it; what came before fits no model."""
    beginnings = set()
    for number in range(360):
        await conversations.append(HERE, str(number), "", "a")
        if number in (100, 249, 250, 299, 300, 359):
            await database.flush()
            histories = [await reader.history(HERE) for reader in (conversations, Conversations(database))]
            assert histories[0] == histories[1]
            assert histories[0][-2].content == str(number)
            assert min(number + 1, 201) <= len(histories[0]) // 2 <= 250
        beginnings.add((await conversations.history(HERE))[0].content)
    assert beginnings == {"0", "50", "100", "150"}


async def test_conversations_leave_memory_only_when_they_are_on_disk(database):
    """Memory is bounded, and whoever returns finds everything."""
    conversations = Conversations(database, in_memory=3)
    for chat_id in range(10):
        await conversations.append(ConversationKey(chat_id), f"{chat_id}?", "", "a")
    await database.flush()
    for chat_id in range(10):
        assert (await conversations.history(ConversationKey(chat_id)))[0].content == f"{chat_id}?"
    assert len(conversations._conversations) == 3


async def test_a_chat_goes_on_while_the_database_is_locked(database, path):
    """Nothing is lost while the process lives, whatever leaves memory, and all is written when the lock is gone."""
    conversations = Conversations(database, in_memory=2)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for chat_id in range(5):
            await conversations.append(ConversationKey(chat_id), f"{chat_id}?", "", "a")
        turn = await conversations.last_turn(ConversationKey(0))
        assert turn
        assert turn.question == "0?"
        other.execute("ROLLBACK")
    assert await stored(database) == ["0?", "1?", "2?", "3?", "4?"]


async def test_a_chat_goes_on_while_the_disk_is_full(database):
    """The conversation lives in memory and reaches the disk when there is room."""
    conversations = Conversations(database)
    ((pages,),) = await database.read("PRAGMA page_count")
    await database._writing.execute_fetchall(f"PRAGMA max_page_count = {pages}")
    for number in range(20):
        await conversations.append(HERE, f"{number} {'x' * 10_000}", "", "a")
    assert len(await conversations.history(HERE)) == 40
    await database._writing.execute_fetchall("PRAGMA max_page_count = 100000")
    assert [question.split()[0] for question in await stored(database)] == [str(number) for number in range(20)]


async def test_a_conversation_that_cannot_be_read_begins_anew(database, caplog):
    """A damaged page costs the history, not the answer."""
    conversations = Conversations(database)
    await database._writing.execute_fetchall("DROP TABLE turns")
    assert await conversations.history(HERE) == ()
    await conversations.append(HERE, "one?", "1", "a")
    assert len(await conversations.history(HERE)) == 2
    assert "A conversation begins anew" in caplog.text


async def test_two_that_come_at_once_share_one_conversation(conversations):
    """Loading the same conversation twice at the same time loses no turn."""
    await asyncio.gather(*(conversations.append(HERE, str(number), "", "a") for number in range(20)))
    assert len(await conversations.history(HERE)) == 40


@pytest.mark.parametrize("store_prompts", ["hash", "off"])
async def test_nothing_is_stored_where_prompts_are_not(database, store_prompts):
    """The conversation lives in memory alone, and what was stored before the setting changed is erased."""
    await Conversations(database).append(HERE, "old?", "", "a")
    assert await stored(database) == ["old?"]
    conversations = Conversations(database, store_prompts)
    assert await conversations.history(HERE) == ()
    await conversations.append(HERE, "one?", "1", "a")
    assert len(await conversations.history(HERE)) == 2
    await conversations.purge(0)
    assert await stored(database) == []


async def test_a_cleared_conversation_is_in_no_file_after_the_next_purge(database):
    """What was deleted is overwritten, in the write-ahead log too, while the bot goes on running."""
    conversations = Conversations(database)
    await conversations.append(HERE, "a planted secret", "and its answer", "a")
    await conversations.clear(HERE)
    await database.flush()
    await conversations.purge(0)
    files = b"".join(file.read_bytes() for file in database.path.parent.iterdir())
    assert b"a planted secret" not in files
    assert b"and its answer" not in files


async def test_old_turns_are_purged(database):
    """Retention reaches memory and disk alike; 0 days keep everything."""
    now = 0.0
    conversations = Conversations(database, clock=lambda: now)
    await conversations.append(HERE, "old?", "", "a")
    now = 10 * 86_400.0
    await conversations.append(HERE, "new?", "", "a")
    await conversations.purge(0)
    assert await stored(database) == ["old?", "new?"]
    await conversations.purge(9)
    assert await stored(database) == ["new?"]
    assert [message.content for message in await conversations.history(HERE)] == ["new?", ""]
