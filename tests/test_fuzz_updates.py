"""Whatever an update holds, the bot lives on, answers those whom it knows, and says nothing to those it does not."""

from __future__ import annotations

import asyncio
import copy
import itertools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telegram.error import TelegramError

from tests.bot_in_process import ADMIN_ID, SMALL, running, says
from tests.telegram_world import entities_of
from tests.update_kinds import KINDS, UNKNOWN_KINDS, a_chat, a_user, raw_update

if TYPE_CHECKING:
    import pytest

    from tests.bot_in_process import Running
    from tests.telegram_world import Json

# An update is one person's, in one chat, of which there are many: else the limits of what a chat takes would be waited
# for, and nobody may send so much.
STRANGERS, MEMBERS, ADMINS = range(1000, 1200), range(2000, 2200), range(3000, 3200)
GROUPS = range(-100_200, -100_000)
UPDATES_AT_ONCE = 100

HOSTILE = (
    "\ud800",
    "half \udfff of a pair",
    "\x00",
    "a\x00b\x1b[2J\r\n",
    "\u202e right to left \u2066\u2067",
    "\u200b\u200d\ufeff" * 20,
    "\u0301" * 300,
    "👩‍👩‍👧‍👦" * 50,
    "x" * 20_000,
    "*_[]()~`>#+-=|{}.!\\" * 50,
    "```" * 100,
    "<b>&amp;</b>",
    "%s %d {0} {user_id}",
    "'; DROP TABLE people; --",
    "../../etc/passwd",
    " ",
    "",
)
WORDS = (
    "What is Python?",
    "@switchboard_bot What is Python?",
    *(f"/{name}" for name in ("start", "help", "new", "stop", "retry", "model", "why", "usage", "stats", "strategy")),
    *(f"/{name}@switchboard_bot" for name in ("models", "people", "nonsense")),
    *(f"/people {rest}" for rest in ("allow", "allow 99 \ud800", "allow 99 \x00", "remove 99", f"allow {2**60}")),
    *(f"/models {rest}" for rest in ("load \ud800", "unload \x00", "load *_[]()~`>#", "load", f"load {'x' * 3000}")),
    *(
        f"/{rest}"
        for rest in ("model \ud800", "model auto", "stats \u202e", "strategy \ud800", "start \ud800", "\ud800")
    ),
)
DATA = (
    "none",
    "model:auto",
    "stop:1",
    "switch:off:x",
    "strategy:speed",
    "load:x",
    "A" * 64,
    "",
    "\ud800" * 30,
    ":" * 64,
)

hostile_texts = st.sampled_from(HOSTILE) | st.text(st.characters(), max_size=40)
leaves = st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats() | hostile_texts
junk = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hostile_texts, inner, max_size=4),
    max_leaves=8,
) | st.sampled_from([[[[[[]]]]], [None], {"": {}}, {"id": 1}, 10**300, float("nan"), float("inf"), "9" * 5000])


def paths_of(body: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything that is in an update but its id, which tells the updates apart."""
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    found = [(*path, name) for name, _ in inner if name != "update_id"]
    return found + [deep for name, value in inner if name != "update_id" for deep in paths_of(value, (*path, name))]


def change(body: Json, path: tuple[Any, ...], value: Any) -> None:
    """Put something else in one place; nothing: take away what is there."""
    *way, last = path
    for name in way:
        body = body[name]
    if value is GONE:
        del body[last]
    else:
        body[last] = copy.deepcopy(value)


GONE = object()


@dataclass(frozen=True)
class Damaged:
    """An update of some kind: its text or data, and what is changed in it then, by places between 0 and 1."""

    kind: str
    text: str
    data: str
    changes: list[tuple[float, Any]]

    def __repr__(self) -> str:
        shown = f"{self.kind} text={self.text!a} data={self.data!a} changes={self.changes!a}"
        return f"<{shown[:200]}>"

    def update(self, user_id: int, chat_id: int) -> Json:
        """The update, by somebody in some chat."""
        update = copy.deepcopy(raw_update(self.kind, a_user(user_id), a_chat(chat_id)))
        body = update[self.kind]
        body |= {name: value for name, value in (("text", self.text), ("data", self.data)) if name in body}
        if "entities" in body:
            body["entities"] = entities_of(self.text)
        for place, value in self.changes:
            if paths := paths_of(update):
                change(update, paths[int(place * len(paths))], value)
        return update


def batches() -> st.SearchStrategy[list[Damaged]]:
    """Updates of all kinds, to be sent at once; most of them are of those that the bot answers."""
    kinds = st.sampled_from(["message", "edited_message", "callback_query"]) | st.sampled_from(
        [*KINDS, *sorted(UNKNOWN_KINDS)]
    )
    changes = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), junk | st.just(GONE)), max_size=3)
    texts, data = st.sampled_from(WORDS) | hostile_texts, st.sampled_from(DATA) | hostile_texts
    return st.lists(st.builds(Damaged, kinds, texts, data, changes), min_size=20, max_size=UPDATES_AT_ONCE)


async def sent(bot: Running, updates: list[Json]) -> None:
    """Send all at once, and wait until the bot has dealt with them and has answered somebody who wrote after them."""
    world = bot.telegram.world
    world.updates += [{**update, "update_id": next(world._update_ids)} for update in updates]
    world.arrived.set()
    (answer,) = await bot.admin.ask("/help", timeout_seconds=20)
    assert answer.text.startswith("Just write")
    async with asyncio.timeout(20):
        waiting = "SELECT 1 FROM inbox WHERE state = 'waiting' LIMIT 1"
        while await bot.services.database.read(waiting):  # noqa: ASYNC110 -- the database calls nobody
            await asyncio.sleep(0.02)


def mistakes(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log tells of errors, but for updates that are set aside unread, and for calls that Telegram refuses.

    It knows no chat and no file that is made up.
    """
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    refused = [record for record in errors if record.exc_info and isinstance(record.exc_info[1], TelegramError)]
    unread = [record for record in errors if "cannot be read" in record.msg]
    return [record.getMessage() for record in errors if record not in refused + unread]


FUZZ = settings(
    max_examples=8,
    deadline=None,
    # The log is cleared before each example.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def access() -> dict[str, Any]:
    """Who has access."""
    return {
        "ADMIN_USER_IDS": ",".join(map(str, [ADMIN_ID, *ADMINS])),
        "ALLOWED_USER_IDS": ",".join(map(str, MEMBERS)),
    }


@FUZZ
@given(drawn=batches())
async def test_strangers_get_no_more_than_the_refusal(
    tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture, drawn: list[Damaged]
) -> None:
    """Whatever their updates hold: no other call is made, no press answered, no model asked."""
    caplog.clear()
    async with running(tmp_path_factory.mktemp("bot"), **access()) as bot:
        for chat_id in GROUPS:
            bot.telegram.group(chat_id)
        for user_id in STRANGERS:
            bot.telegram.user(user_id)
        updates = [
            one.update(user_id, chat_id)
            for number, (one, user_id, group) in enumerate(zip(drawn, STRANGERS, GROUPS, strict=False))
            for chat_id in [user_id if number % 2 else group]
        ]
        before = len(bot.telegram.calls)
        await sent(bot, updates)
        calls = [call for call in bot.telegram.calls[before:] if call.given.get("chat_id") != ADMIN_ID]
        calls = [call for call in calls if call.method not in {"getUpdates", "setMyCommands"}]
        assert {call.method for call in calls} <= {"sendMessage"}
        for chat_id, told in itertools.groupby(sorted(calls, key=chat_of), key=chat_of):
            assert [call.given["text"].startswith("This bot is private.") for call in told] == [True]
            assert chat_id in STRANGERS
        assert bot.ollama.asked("/api/chat") == []
        assert mistakes(caplog) == []


def chat_of(call: Any) -> int:
    return int(call.given["chat_id"])


@FUZZ
@given(drawn=batches())
async def test_the_bot_outlives_what_members_and_admins_send(
    tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture, drawn: list[Damaged]
) -> None:
    """Whatever their updates hold: nothing fails that the log would tell of, and the next message is answered."""
    caplog.clear()
    async with running(tmp_path_factory.mktemp("bot"), {SMALL: says("Yes.")}, **access()) as bot:
        for chat_id in GROUPS:
            bot.telegram.group(chat_id)
        for user_id in (*MEMBERS, *ADMINS):
            bot.telegram.user(user_id)
        people = [person for pair in zip(MEMBERS, ADMINS, strict=True) for person in pair]
        updates = [
            one.update(user_id, chat_id)
            for number, (one, user_id, group) in enumerate(zip(drawn, people, GROUPS, strict=False))
            for chat_id in [group if number % 3 == 0 else user_id]
        ]
        await sent(bot, updates)
        assert mistakes(caplog) == []
