"""What is kept about a person can be counted, written out and deleted, without touching what is others'."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from routing.types import Query
from storage.analytics import Analytics
from storage.conversations import ConversationKey, Conversations
from storage.database import Database
from storage.errors import DatabaseLocked, StorageError
from storage.people import Person, Role
from storage.personal_data import PersonalData
from storage.preferences import Preferences
from tests.runs import a_result, answered, failed
from tests.test_damage import content_of
from tests.test_database import lock

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

ADA, BOB, GROUP = 4_200_001, 4_300_001, -100
HER_CHAT, HIS_CHAT, TOGETHER = ConversationKey(ADA), ConversationKey(BOB), ConversationKey(GROUP, 5)
A_TIME = 1_763_720_581.0


class World:
    """A database in which Ada and Bob have talked to the bot, each alone and together."""

    def __init__(self, database: Database, store_prompts: str = "full") -> None:
        self.database = database
        self.conversations = Conversations(database, store_prompts, clock=lambda: A_TIME)
        self.preferences = Preferences(database)
        self.analytics = Analytics(database, store_prompts, clock=lambda: A_TIME)
        self.data = PersonalData(database, self.conversations, self.preferences)

    async def talk(self) -> None:
        """Have both say something everywhere."""
        for user_id, key, who in (
            (ADA, HER_CHAT, "ada"),
            (BOB, HIS_CHAT, "bob"),
            (ADA, TOGETHER, "ada among others"),
            (BOB, TOGETHER, "bob among others"),
        ):
            await self.conversations.append(key, f"question of {who}", f"answer to {who}", "a_model", user_id=user_id)
            result = a_result(attempts=(failed(), answered()))
            self.analytics.record(f"by {who}", Query(f"question of {who}"), result, user_id=user_id, key=key)
            await self.conversations.say_once(key, "turns dropped")
        for key in (HER_CHAT, HIS_CHAT, TOGETHER):
            await self.preferences.choose_model(key, "a_model")
        for user_id in (ADA, BOB):
            columns = "answer_id, part, created_at, user_id, chat_id, thread_id, is_group, body"
            for part in (0, 1):
                parcel = (f"for {user_id}", part, A_TIME, user_id, GROUP, 5, 1, json.dumps({"part": f"for {user_id}"}))
                self.database.put((f"INSERT INTO outbox ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", parcel))
            for kind in ("message", "callback_query"):
                body = json.dumps({kind: {"from": {"id": user_id}, "text": f"poison of {user_id}"}})
                update_id = user_id * 10 + len(kind)
                columns, marks = "update_id, received_at, body, state, partial", "?, ?, ?, 'set aside', 'half'"
                self.database.put((f"INSERT INTO inbox ({columns}) VALUES ({marks})", (update_id, A_TIME, body)))
        self.database.put(
            ("INSERT INTO inbox (update_id, received_at, state, body) VALUES (1, 1, 'set aside', '{')", ())
        )

    async def everything(self) -> str:
        """All rows of all tables."""
        tables = await self.database.read("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 's%'")
        names = [*(name for (name,) in tables), "said"]
        found = [(name, await self.database.read(f"SELECT * FROM {name}")) for name in names]
        return "\n".join(f"{name}: {[tuple(row) for row in rows]}" for name, rows in found)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    """Both have talked; not all of it need be on disk yet."""
    async with await Database.open(tmp_path / "switchboard.db", busy_timeout_seconds=0.1) as database:
        made = World(database)
        await made.talk()
        yield made


async def exported(world: World, user_id: int = ADA) -> dict[str, Any]:
    """What somebody would read in their file."""
    found: dict[str, Any] = json.loads(json.dumps(await world.data.export(user_id, "member", None)))
    return found


# --- counting ---------------------------------------------------------------------------------------------------------


async def test_what_is_kept_is_counted(world: World) -> None:
    """Also what was said a moment ago; of others nothing."""
    kept = await world.data.count(ADA)
    assert (kept.turns, kept.group_turns, kept.decisions, kept.chosen_models) == (1, 1, 2, 1)
    assert (kept.unsent, kept.unanswered, kept.unattributed, kept.is_nothing) == (1, 2, False, False)


async def test_who_has_said_nothing_is_told_so(world: World) -> None:
    """Somebody new has nothing to delete."""
    assert (await world.data.count(99)).is_nothing


async def test_what_nobody_can_attribute_is_said(world: World) -> None:
    """Turns in groups from before it was noted who asks; those of the terminal are nobody's business here."""
    await world.conversations.append(ConversationKey(0), "q", "a", "m")
    assert not (await world.data.count(ADA)).unattributed
    await world.conversations.append(TOGETHER, "q", "a", "m")
    assert (await world.data.count(ADA)).unattributed


# --- writing out ------------------------------------------------------------------------------------------------------


async def test_everything_of_a_person_is_written_out(world: World) -> None:
    """With names and times that can be read, and each decision with its attempts."""
    ada = Person(ADA, "Ada", Role.ADMIN, A_TIME)
    found = json.loads(json.dumps(await world.data.export(ADA, "admin", ada)))
    assert found["user_id"] == ADA
    assert found["access"] == {"role": "admin", "name": "Ada", "since": "2025-11-21T10:23:01+00:00"}
    assert found["turns"] == [
        {
            "chat_id": key.chat_id,
            "thread_id": key.thread_id,
            "asked_at": "2025-11-21T10:23:01+00:00",
            "question": f"question of {who}",
            "attachments_note": "",
            "answer": f"answer to {who}",
            "model_id": "a_model",
        }
        for key, who in ((HER_CHAT, "ada"), (TOGETHER, "ada among others"))
    ]
    assert [decision["request_id"] for decision in found["decisions"]] == ["by ada", "by ada among others"]
    assert found["decisions"][0]["objective"] == "question of ada"
    assert found["decisions"][0]["timestamp"] == "2025-11-21T10:23:01+00:00"
    assert [attempt["outcome"] for attempt in found["decisions"][1]["attempts"]] == ["failed", "answered"]
    assert found["chosen_models"] == [{"chat_id": ADA, "thread_id": 0, "model_id": "a_model"}]
    assert [answer["body"] for answer in found["answers_not_sent"]] == [{"part": f"for {ADA}"}] * 2
    assert [message["body"]["message"]["text"] for message in found["messages_not_answered"][:1]] == [
        f"poison of {ADA}"
    ]


async def test_nothing_of_others_is_written_out(world: World) -> None:
    """Neither what they said, nor the addresses of the owner's servers."""
    text = json.dumps(await exported(world))
    for others in ("bob", str(BOB), "localhost", "endpoint"):
        assert others not in text
    assert await exported(world, 99) == {
        "user_id": 99,
        "access": {"role": "member", "name": None, "since": None},
        "turns": [],
        "decisions": [],
        "chosen_models": [],
        "answers_not_sent": [],
        "messages_not_answered": [],
    }


async def test_old_turns_of_a_private_chat_are_its_persons(world: World) -> None:
    """From before it was noted who asks."""
    await world.conversations.append(HER_CHAT, "long ago", "an answer", "a_model")
    assert (await exported(world))["turns"][-1]["question"] == "long ago"
    await world.data.forget(ADA)
    assert "long ago" not in await world.everything()


async def test_what_is_only_in_memory_is_written_out_too(tmp_path: Path) -> None:
    """Where prompts are not kept, the conversation of this life is all there is."""
    async with await Database.open(tmp_path / "switchboard.db") as database:
        world = World(database, "off")
        await world.talk()
        assert (await world.data.count(ADA)).turns == 1
        assert (await exported(world))["turns"] == [{"user": "question of ada"}, {"assistant": "answer to ada"}]
        await world.data.forget(ADA)
        assert (await world.data.count(ADA)).is_nothing
        assert [message.content for message in await world.conversations.history(TOGETHER)] == [
            "question of bob among others",
            "answer to bob among others",
        ]


# --- deleting ---------------------------------------------------------------------------------------------------------


async def test_everything_of_a_person_is_deleted_and_nothing_of_others(world: World) -> None:
    """Text, figures, choices and what waits; what Bob said in the same group stays in its place."""
    await world.database.flush()
    his = await exported(world, BOB)
    await world.data.forget(ADA)
    assert (await world.data.count(ADA)).is_nothing
    left = await world.everything()
    for hers in ("ada", f"({ADA}", f" {ADA},", f"for {ADA}", f"poison of {ADA}"):
        assert hers not in left, hers
    assert await exported(world, BOB) == his
    assert (
        await world.database.read("SELECT 1 FROM attempts WHERE decision_id NOT IN (SELECT id FROM routing_decisions)")
        == []
    )


async def test_memory_forgets_too(world: World) -> None:
    """The next question is not answered with what was deleted."""
    await world.data.forget(ADA)
    assert await world.conversations.history(HER_CHAT) == ()
    assert await world.conversations.last_turn(HER_CHAT) is None
    assert [message.content for message in await world.conversations.history(TOGETHER)] == [
        "question of bob among others",
        "answer to bob among others",
    ]
    assert await world.preferences.model_choice(HER_CHAT) is None
    assert await world.preferences.model_choice(TOGETHER) == "a_model"
    assert await world.conversations.say_once(HER_CHAT, "turns dropped")
    again = World(world.database)
    assert await again.conversations.history(HER_CHAT) == ()


async def test_no_trace_is_left_in_the_files(world: World, tmp_path: Path) -> None:
    """What was deleted is overwritten, in the write-ahead log too."""

    def on_disk() -> bytes:
        return b"".join(content_of(file) for file in tmp_path.iterdir())

    await world.database.flush()
    assert b"question of ada" in on_disk()
    await world.data.forget(ADA)
    for hers in ("question of ada", "answer to ada", f"for {ADA}", f"poison of {ADA}"):
        assert hers.encode() not in on_disk()
    assert b"question of bob" in on_disk()


async def test_what_waits_to_be_written_is_deleted_as_well(world: World) -> None:
    """It would come after the deletion, and stay."""
    for number in range(50):
        await world.conversations.append(HER_CHAT, f"late {number}", "an answer", "a_model", user_id=ADA)
    await world.data.forget(ADA)
    await world.database.flush()
    assert "late" not in await world.everything()


async def test_a_disk_that_refuses_deletes_nothing(world: World, tmp_path: Path) -> None:
    """All of it or nothing: who asked is told, and can ask again."""
    await world.database.flush()
    before = await exported(world)
    with lock(tmp_path / "switchboard.db"), pytest.raises(DatabaseLocked):
        await world.data.forget(ADA)
    assert await exported(world) == before
    assert len(await world.conversations.history(HER_CHAT)) == 2


async def test_deleting_is_one_transaction(world: World) -> None:
    """Where the last of it cannot be deleted, the first is still there."""
    await world.database.write(
        ("CREATE TRIGGER no BEFORE DELETE ON outbox BEGIN SELECT raise(ABORT, 'not this one'); END", ())
    )
    with pytest.raises(StorageError):
        await world.data.forget(ADA)
    assert len((await exported(world))["turns"]) == 2
    assert len(await world.conversations.history(HER_CHAT)) == 2
