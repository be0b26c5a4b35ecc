"""Preferences: choices count at once and are kept over restarts."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from storage.conversations import ConversationKey
from storage.database import Database
from storage.preferences import Preferences

pytestmark = pytest.mark.timeout(30)

HERE, TOPIC = ConversationKey(1), ConversationKey(1, 2)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "switchboard.db"


@pytest.fixture
async def database(path):
    async with await Database.open(path, busy_timeout_seconds=0.1, retry_seconds=0.05) as opened:
        yield opened


async def test_nothing_is_chosen_at_first(database):
    """The router chooses, with every model."""
    preferences = Preferences(database)
    assert await preferences.model_choice(HERE) is None
    assert await preferences.get("strategy") is None
    assert await preferences.disabled_models() == frozenset()


async def test_choices_survive_a_restart(path):
    """The last choice of each kind is the one that is found again."""
    async with await Database.open(path) as database:
        preferences = Preferences(database)
        await preferences.choose_model(HERE, "first")
        await preferences.choose_model(HERE, "second")
        await preferences.choose_model(TOPIC, "third")
        await preferences.choose_model(TOPIC, None)
        await preferences.set("strategy", "speed")
        await preferences.set("strategy", "quality")
        await preferences.set_disabled("a", disabled=True)
        await preferences.set_disabled("b", disabled=True)
        await preferences.set_disabled("b", disabled=False)
    async with await Database.open(path) as database:
        preferences = Preferences(database)
        assert await preferences.model_choice(HERE) == "second"
        assert await preferences.model_choice(TOPIC) is None
        assert await preferences.get("strategy") == "quality"
        assert await preferences.disabled_models() == {"a"}


async def test_one_chats_choice_is_not_anothers(database):
    """A model is chosen for a conversation, not for the bot."""
    preferences = Preferences(database)
    await preferences.choose_model(HERE, "mine")
    assert await preferences.model_choice(TOPIC) is None


async def test_a_group_that_becomes_a_supergroup_keeps_its_choices(path):
    """A choice that was made under the new id already counts; others' choices stay theirs."""
    async with await Database.open(path) as database:
        preferences = Preferences(database)
        await preferences.choose_model(HERE, "old")
        await preferences.choose_model(TOPIC, "topic's")
        await preferences.choose_model(ConversationKey(-100), "new")
        await preferences.choose_model(ConversationKey(5), "another's")
        await preferences.move_chat(1, -100)
        assert await choices(preferences) == ["new", "topic's", None, None, "another's"]
    async with await Database.open(path) as database:
        assert await choices(Preferences(database)) == ["new", "topic's", None, None, "another's"]


async def choices(preferences):
    keys = (ConversationKey(-100), ConversationKey(-100, 2), HERE, TOPIC, ConversationKey(5))
    return [await preferences.model_choice(key) for key in keys]


async def test_a_choice_counts_while_the_database_is_locked(database, path):
    """It is written when the lock is gone."""
    preferences = Preferences(database)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await preferences.choose_model(HERE, "mine")
        assert await preferences.model_choice(HERE) == "mine"
        other.execute("ROLLBACK")
    await database.flush()
    assert await Preferences(database).model_choice(HERE) == "mine"
