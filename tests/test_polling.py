"""Every update is written down before Telegram is told so, and nothing that comes or fails stops the polling."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sqlite3
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from telegram.error import NetworkError

from dialogue.errors import TokenUnusable
from handlers.limiter import Limiter
from handlers.polling import (
    CONFLICT,
    MOST_STARTS,
    SECONDS_BETWEEN_CONFLICTS_SAID,
    STUCK_SECONDS,
    WANTED_UPDATES,
    Poller,
)
from handlers.polling_bot import PollingBot
from handlers.tries import TRIES
from storage.database import Database
from storage.inbox import Inbox
from tests.telegram_methods import Refused
from tests.telegram_server import TOKEN, TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from telegram import Update

    from tests.telegram_world import Json

WEBHOOK_IS_SET = "Conflict: can't use getUpdates method while webhook is active"
OTHER_POLLS = "Conflict: terminated by other getUpdates request"


class Telegram(TelegramServer):
    """A Telegram whose polls can be refused, once for each of `refusals`, and mixed with what are no updates."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals: list[Refused] = []
        self.garbage: list[Any] = []
        self.webhook = ""
        self.asked: list[Json] = []
        self._methods._table["getwebhookinfo"] = lambda _: {
            "url": self.webhook,
            "has_custom_certificate": False,
            "pending_update_count": 0,
        }
        self._methods._table["deletewebhook"] = self._delete_webhook

    async def _get_updates(self, given: Json) -> list[Json]:
        self.asked.append(given)
        if self.refusals:
            raise self.refusals.pop(0)
        if self.webhook:
            raise Refused(WEBHOOK_IS_SET, 409)
        if self.garbage and not self.world.updates:
            return self.garbage
        return [*self.garbage, *(await super()._get_updates(given))]

    def _delete_webhook(self, given: Json) -> bool:
        self.webhook = ""
        return True


@dataclass
class Polling:
    """One poller, and all that it was given and did. Its pauses take no time, unless `pausing` is set to wait for."""

    telegram: Telegram
    database: Database
    inbox: Inbox
    bot: PollingBot
    taken: list[Update] = field(default_factory=list)
    given_up: list[Update] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    heard_before: list[int] = field(default_factory=list)
    pausing: asyncio.Event | None = None
    now: float = 1000.0

    def __post_init__(self) -> None:
        self.poller = Poller(
            self.bot,
            self.inbox,
            take=self.taken.append,
            give_up=self.given_up.append,
            heard=self.heard.append,
            announce=self.lines.append,
            clock=lambda: self.now,
            sleep=self._sleep,
            jitter=lambda _, longest: longest,
        )

    @property
    def texts(self) -> list[str | None]:
        """What the updates that were taken say."""
        return [update.message.text if update.message else None for update in self.taken]

    @property
    def backoffs(self) -> list[float]:
        """Its pauses, but for those that a slow disk is responsible for."""
        return [seconds for seconds in self.pauses if seconds != STUCK_SECONDS]

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.heard_before.append(len(self.heard))
        await (self.pausing.wait() if self.pausing else asyncio.sleep(0.001))

    async def poll_until(self, condition: Callable[[], object]) -> None:
        """Poll until something is so, or until polling ends by an error of its own."""
        task = asyncio.create_task(self.poller.run())
        try:
            await self.telegram.wait_for(lambda: condition() or task.done(), 10)
        finally:
            task.cancel()
            await asyncio.wait([task])
        if not task.cancelled():
            task.result()


@pytest.fixture
async def telegram() -> AsyncGenerator[Telegram]:
    async with Telegram() as server:
        yield server


@asynccontextmanager
async def a_life(telegram: Telegram, folder: Path) -> AsyncGenerator[Polling]:
    """One life of the program, as far as polling is concerned; the inbox of the one before is loaded."""
    path = folder / "switchboard.db"
    async with (
        await Database.open(path, busy_timeout_seconds=0.05, retry_seconds=0.05) as database,
        PollingBot(TOKEN, telegram.url, Limiter()) as bot,
    ):
        polling = Polling(telegram, database, Inbox(database), bot)
        await polling.poller.take_up()
        yield polling


@pytest.fixture
async def polling(telegram: Telegram, tmp_path: Path) -> AsyncGenerator[Polling]:
    async with a_life(telegram, tmp_path) as life:
        yield life


def written_ids(folder: Path) -> set[int]:
    """The updates that are on disk, whatever becomes of this process."""
    with contextlib.closing(sqlite3.connect(folder / "switchboard.db")) as connection:
        return {update_id for (update_id,) in connection.execute("SELECT update_id FROM inbox")}


# --- what comes -------------------------------------------------------------------------------------------------------


async def test_telegram_is_told_only_of_what_is_on_disk(polling, telegram, tmp_path):
    """Whenever it is allowed to forget updates, another process can read them in the database."""
    forgotten, unwritten = set[int](), set[int]()
    forget = telegram.world.acknowledge

    def acknowledge(before_id: int) -> None:
        ids = {update["update_id"] for update in telegram.world.updates if update["update_id"] < before_id}
        forgotten.update(ids)
        unwritten.update(ids - written_ids(tmp_path))
        forget(before_id)

    telegram.world.acknowledge = acknowledge
    for number in range(130):  # more than Telegram gives at once
        await telegram.user(number).say(f"question {number}")
    await polling.poll_until(lambda: len(forgotten) == 130)
    assert unwritten == set()
    assert polling.texts == [f"question {number}" for number in range(130)]


async def test_it_asks_for_what_is_handled_and_waits_for_it(polling, telegram):
    """The list of kinds is told each time, as Telegram would keep another one; an empty answer takes ten seconds."""
    await telegram.user(42).say("hello")
    await polling.poll_until(lambda: len(telegram.asked) >= 2)
    first, second = telegram.asked[:2]
    assert first == {"limit": 100, "timeout": 10, "allowed_updates": list(WANTED_UPDATES)}
    assert second["allowed_updates"] == list(WANTED_UPDATES)
    assert second["offset"] == polling.taken[0].update_id + 1


async def test_what_a_life_has_not_done_the_next_one_takes_once(telegram, tmp_path):
    """In its order, before anything new; that Telegram sends it again, as it was never told, changes nothing."""
    for text in ("one", "two", "three"):
        await telegram.user(42).say(text)
    forget, telegram.world.acknowledge = telegram.world.acknowledge, lambda _: None
    async with a_life(telegram, tmp_path) as first:
        await first.poll_until(lambda: first.taken)
        first.inbox.end(first.taken[1].update_id)
    telegram.world.acknowledge = forget  # as if that life had ended before it told Telegram anything
    await telegram.user(42).say("four")
    async with a_life(telegram, tmp_path) as second:
        assert second.texts == ["one", "three"]
        await second.poll_until(lambda: not telegram.world.updates)
        assert second.texts == ["one", "three", "four"]


async def test_a_disk_that_refuses_loses_nothing(polling, telegram, tmp_path):
    """What comes is worked on all the same; Telegram keeps it until the disk takes it, and is asked after a pause."""
    with contextlib.closing(sqlite3.connect(tmp_path / "switchboard.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        await telegram.user(42).say("one")
        await telegram.user(42).say("two")
        await polling.poll_until(lambda: len(telegram.asked) >= 3)
        assert polling.texts == ["one", "two"]
        assert len(telegram.world.updates) == 2
        assert set(polling.pauses) == {STUCK_SECONDS}
    await polling.poll_until(lambda: not telegram.world.updates)
    assert polling.texts == ["one", "two"]
    assert len(written_ids(tmp_path)) == 2


UNREADABLE = [
    {"update_id": 600_000_000, "message": "secret"},
    {"update_id": 600_000_000, "message": {"text": "secret"}},
    {"update_id": 600_000_000, "message": {"message_id": 1, "date": "secret", "chat": {"id": 1, "type": "private"}}},
    {"update_id": 600_000_000, "message": {"message_id": 1, "date": 1e300, "chat": {"id": 1, "type": "secret"}}},
    {
        "update_id": 600_000_000,
        "message": {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, "text": ["secret"]},
    },
    {"update_id": 600_000_000, "callback_query": ["secret"]},
]


@pytest.mark.parametrize("raw", UNREADABLE, ids=json.dumps)
async def test_an_update_that_cannot_be_read_is_set_aside(polling, telegram, tmp_path, caplog, raw):
    """It stops none of the others, is kept for whoever looks for it, and none of it is in the log."""
    await telegram.user(42).say("before")
    telegram.world.updates.append(raw)
    await telegram.user(42).say("after")
    await polling.poll_until(lambda: not any(update == raw for update in telegram.world.updates))
    assert polling.texts == ["before", "after"]
    await polling.database.flush()
    ((state, body),) = await polling.database.read("SELECT state, body FROM inbox WHERE update_id = 600000000")
    assert (state, json.loads(body)) == ("set aside", raw)
    assert "update 600000000 cannot be read" in caplog.text
    assert "secret" not in caplog.text


async def test_what_cannot_be_read_is_not_taken_up(telegram, tmp_path):
    """A start is not the place to fail for it: neither for what is no JSON, nor for what is no update."""
    async with a_life(telegram, tmp_path) as first:
        await first.inbox.accept([(1, "{"), (2, "[]"), (3, '{"update_id": 3, "message": 5}'), (4, '{"update_id": 4}')])
    async with a_life(telegram, tmp_path) as second:
        assert [update.update_id for update in second.taken] == [4]
    async with a_life(telegram, tmp_path) as third:
        assert [entry.update_id for entry in await third.inbox.load()] == [4]


GARBAGE: list[Any] = [
    None,
    7,
    "secret",
    [],
    {},
    {"update_id": None},
    {"update_id": "5"},
    {"update_id": True},
    {"update_id": -1},
]


async def test_what_is_no_update_is_left_out(polling, telegram, caplog):
    """Between things that have no id, or no id that could be one, updates come through."""
    telegram.garbage = [*GARBAGE, {"update_id": 1.5}, {"update_id": 2**63}, {"message": {"text": "secret"}}]
    await telegram.user(42).say("hello")
    await polling.poll_until(lambda: not telegram.world.updates)
    assert polling.texts == ["hello"]
    assert "secret" not in caplog.text


async def test_what_comes_again_and_again_is_asked_for_with_pauses(polling, telegram):
    """What has no id cannot be acknowledged: it must not keep the bot and the line busy."""
    telegram.garbage = ["not an update"]
    await polling.poll_until(lambda: len(telegram.asked) >= 4)
    assert set(polling.pauses) == {STUCK_SECONDS}
    assert len(polling.pauses) >= 3


async def test_an_answer_that_is_no_list_is_a_failure(polling, telegram):
    """It is tried again after a pause."""
    telegram.garbage, ask = ["x"], telegram._get_updates

    async def answer_once(given: Json) -> Any:
        telegram._get_updates = ask
        return {"update_id": 5}

    telegram._get_updates = answer_once
    with pytest.raises(NetworkError):
        await polling.bot.poll(None, WANTED_UPDATES)
    telegram._get_updates = answer_once
    await polling.poll_until(lambda: polling.heard)
    assert polling.pauses[0] > STUCK_SECONDS


# --- what earlier lives have tried ------------------------------------------------------------------------------------


async def test_what_no_life_can_do_is_set_aside_at_the_start(telegram, tmp_path):
    """After too many errors or starts: its sender is to be told, and it is not tried again. Others are taken."""
    for text in ("fails", "kills", "good"):
        await telegram.user(42).say(text)
    async with a_life(telegram, tmp_path) as first:
        await first.poll_until(lambda: not telegram.world.updates)
        fails, kills, good = (update.update_id for update in first.taken)
        for _ in range(TRIES):
            first.inbox.failed(fails)
        for _ in range(MOST_STARTS):
            first.inbox.begin(kills)
        for _ in range(MOST_STARTS - 1):
            first.inbox.begin(good)
    async with a_life(telegram, tmp_path) as second:
        assert second.texts == ["good"]
        assert [update.update_id for update in second.given_up] == [fails, kills]
    async with a_life(telegram, tmp_path) as third:
        assert third.texts == ["good"]
        assert third.given_up == []


# --- what goes wrong --------------------------------------------------------------------------------------------------


async def test_failures_are_followed_by_longer_and_longer_pauses(polling, telegram):
    """From a second to half a minute, at random up to a bound; one success begins anew. None of them feeds the dog."""
    telegram.faults.drop(5, method="getUpdates")
    telegram.faults.fail(3, method="getUpdates")
    await telegram.user(42).say("hello")
    await polling.poll_until(lambda: polling.taken)
    assert polling.backoffs == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0]
    assert polling.heard_before[:8] == [0] * 8
    telegram.faults.fail(1, method="getUpdates")
    await telegram.user(42).say("hello again")
    await polling.poll_until(lambda: len(polling.taken) == 2)
    assert polling.backoffs[8:] == [2.0]


async def test_a_failure_is_said_once(polling, telegram, caplog):
    """An outage does not fill the log with warnings, and its end is said."""
    with caplog.at_level(logging.WARNING):
        telegram.faults.fail(6, method="getUpdates")
        await telegram.user(42).say("hello")
        await polling.poll_until(lambda: polling.taken)
    assert caplog.messages == [
        "polling failed (NetworkError), trying again in 2.0 s",
        "polling works again, after 6 failures",
    ]


async def test_a_flood_is_waited_out(polling, telegram):
    """For as long as Telegram asks, and the watchdog knows of it; not even a machine that wakes up polls before."""
    telegram.faults.flood(1, 77, method="getUpdates")
    polling.pausing = asyncio.Event()
    waiting = asyncio.create_task(polling.poll_until(lambda: len(telegram.asked) >= 1))
    await telegram.wait_for(lambda: polling.pauses)
    for _ in range(3):
        polling.poller.abandon()
        await asyncio.sleep(0.01)
    assert (polling.pauses, polling.heard, telegram.asked) == ([77.0], [77.0], [])
    polling.pausing.set()
    await waiting


async def test_another_program_is_told_of_once_in_a_while(polling, telegram, caplog):
    """In the terminal once, in the log every few minutes, and polling goes on. The watchdog hears Telegram."""
    telegram.refusals = [Refused(OTHER_POLLS, 409) for _ in range(5)]
    await telegram.user(42).say("hello")
    await polling.poll_until(lambda: polling.taken)
    assert polling.lines == [
        "Another program polls with this token: stop it, or give this bot a token of its own. I keep trying."
    ]
    assert caplog.messages.count(CONFLICT) == 1
    assert polling.heard_before[:5] == [1, 2, 3, 4, 5]
    telegram.refusals = [Refused(OTHER_POLLS, 409) for _ in range(3)]
    polling.now += SECONDS_BETWEEN_CONFLICTS_SAID
    await telegram.user(42).say("hello again")
    await polling.poll_until(lambda: len(polling.taken) == 2)
    assert caplog.messages.count(CONFLICT) == 2
    assert len(polling.lines) == 1


async def test_a_webhook_is_removed(polling, telegram, caplog):
    """What a webhook of earlier times has not got comes by polling, none of it dropped; it is no other program."""
    telegram.webhook = "https://example.org/hook"
    await telegram.user(42).say("hello")
    await polling.poll_until(lambda: polling.taken)
    (removed,) = telegram.called("deleteWebhook")
    assert removed.given == {"drop_pending_updates": False}
    assert (polling.lines, CONFLICT in caplog.text) == ([], False)


async def test_a_webhook_that_comes_back_is_not_fought_over(polling, telegram):
    """Whoever sets it at once again is another program, and told of as one."""
    telegram._methods._table["deletewebhook"] = lambda _: True
    telegram.webhook = "https://example.org/hook"
    await polling.poll_until(lambda: polling.lines)
    assert len(telegram.called("deleteWebhook")) == 1


async def test_a_webhook_that_cannot_be_asked_for_is_asked_for_again(polling, telegram):
    """A line that breaks just then does not leave the bot deaf."""
    telegram.webhook = "https://example.org/hook"
    telegram.faults.drop(2, method="getWebhookInfo")
    await telegram.user(42).say("hello")
    await polling.poll_until(lambda: polling.taken)
    assert telegram.webhook == ""


async def test_a_token_that_was_revoked_ends_the_polling(polling, telegram):
    """Two calls in a row are refused; the sentence says what to do and does not hold the token."""
    telegram.token = "123:NEW"
    with pytest.raises(TokenUnusable, match="BotFather") as refused:
        await polling.poll_until(lambda: False)
    assert TOKEN not in str(refused.value)
    assert len(polling.pauses) == 1


@pytest.mark.parametrize("status", [401, 404])
async def test_one_odd_answer_does_not_end_the_polling(polling, telegram, status):
    """The token is tried in another call before it is given up."""
    telegram.refusals = [Refused("Unauthorized", status)]
    await telegram.user(42).say("hello")
    await polling.poll_until(lambda: polling.taken)
    assert len(telegram.called("getMe")) == 2  # the first one at the start


@pytest.mark.parametrize("status", [401, 404])
async def test_a_refusal_by_somebody_else_is_a_failure_of_the_line(polling, telegram, status):
    """The log-in page of a hotel says nothing of the token."""
    telegram.faults.fail(3, status=status, method="getUpdates")
    telegram.faults.fail(3, status=status, method="getMe")
    await telegram.user(42).say("hello")
    await polling.poll_until(lambda: polling.taken)
    assert len(polling.backoffs) == 3


async def test_a_poll_that_hangs_can_be_abandoned(polling, telegram):
    """The next one comes at once, and gets what the first one was answered with."""
    telegram.faults.lose_answer(1, method="getUpdates")
    waiting = asyncio.create_task(polling.poll_until(lambda: polling.taken))
    await telegram.wait_for(lambda: telegram.asked)
    await telegram.user(42).say("hello")
    await asyncio.sleep(0.05)
    assert polling.taken == []
    polling.poller.abandon()
    await waiting
    assert (polling.texts, polling.backoffs) == (["hello"], [])


async def test_a_pause_can_be_abandoned(polling, telegram):
    """A machine that wakes up does not wait for what it waited for before it slept."""
    polling.pausing = asyncio.Event()
    telegram.faults.fail(1, method="getUpdates")
    await telegram.user(42).say("hello")
    waiting = asyncio.create_task(polling.poll_until(lambda: polling.taken))
    await telegram.wait_for(lambda: polling.pauses)
    assert polling.taken == []
    polling.poller.abandon()
    await waiting
    assert polling.texts == ["hello"]
