"""Whoever waits sees that they do, soon and with few calls, and nothing ever waits for that."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest
from telegram.error import Forbidden
from telegram.ext import BaseRateLimiter, ExtBot

from handlers.lanes import Lanes
from handlers.limiter import Limiter, Manner, PreviewDropped, Urgency
from handlers.transport import Transport
from handlers.waiting import MOST_AT_A_TIME, SAID, TRIES, Waiting
from storage.database import Database
from storage.inbox import Inbox
from tests.bot_in_process import SMALL, endless, running
from tests.telegram_server import TOKEN, TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

    from telegram import Message, Update

    from tests.telegram_world import Chat

pytest_plugins = ("tests.telegram_fixtures",)

EYES = [{"type": "emoji", "emoji": "👀"}]
NO_REACTIONS = "Bad Request: REACTION_INVALID"


class Gate(BaseRateLimiter[Manner]):
    """Lets every preview pass but those that it is told to drop, and nothing else."""

    def __init__(self) -> None:
        self.drops = 0

    async def initialize(self) -> None:
        """Nothing is opened."""

    async def shutdown(self) -> None:
        """Nothing is held."""

    async def process_request(  # noqa: PLR0917  # python-telegram-bot's signature
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: Manner | None,
    ) -> Any:
        """Make a call, or raise PreviewDropped."""
        if endpoint not in {"getMe", "getUpdates"}:
            assert rate_limit_args is Urgency.PREVIEW
            if self.drops:
                self.drops -= 1
                raise PreviewDropped
        return await callback(*args, **kwargs)


class Stage:
    """A Telegram, a bot in it, and a busy period in which messages wait until the test gives them their turn."""

    def __init__(self, server: TelegramServer, bot: ExtBot[Manner], gate: Gate) -> None:
        self.server = server
        self.bot = bot
        self.gate = gate
        self.concerned: list[Message] = []
        self.concerns = True
        self.waits: dict[int, float] = {}
        self.waiting = Waiting(self._concerns, self._wait_seconds, after_seconds=0.01)
        self.period = self.waiting.busy_period()
        self.turns: list[asyncio.Future[bool]] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def _concerns(self, message: Message) -> bool:
        self.concerned.append(message)
        return self.concerns

    def _wait_seconds(self, chat_id: int) -> float:
        return self.waits.get(chat_id, 0.0)

    async def messages(self, count: int = 1, chat: Chat | None = None, **more: Any) -> list[Message]:
        """Have Ada write, and the bot receive it."""
        for number in range(count):
            await self.server.user(42).say(f"Question {number}", chat, **more)
        updates = await self.bot.get_updates()
        return [update.message for update in updates[-count:] if update.message]

    def wait_with(self, *messages: Message) -> None:
        """Have messages begin to wait."""
        for message in messages:
            self.turns.append(asyncio.get_running_loop().create_future())
            self.tasks.append(self.period.show(message, self.turns[-1]))

    async def turn(self, place: int = 0) -> None:
        """Have the turn of a message come, and wait until nothing shows it any more."""
        self.turns[place].set_result(True)
        await asyncio.wait_for(self.tasks[place], 5)

    def reactions(self, chat_id: int = 42) -> list[list[dict[str, Any]]]:
        """The reactions under each message in a chat."""
        return [message.reactions for message in self.server.chat(chat_id).messages.values() if not message.from_bot]

    @property
    def calls(self) -> list[str]:
        """The calls that were made to show something."""
        return [call.method for call in self.server.calls if call.method in {"setMessageReaction", "sendMessage"}]


def bot_at(server: TelegramServer, limiter: BaseRateLimiter[Manner]) -> ExtBot[Manner]:
    base, requests = f"{server.url}/bot", (Transport(8), Transport())
    return ExtBot(TOKEN, base, request=requests[0], get_updates_request=requests[1], rate_limiter=limiter)


@pytest.fixture
async def stage(server: TelegramServer) -> AsyncIterator[Stage]:
    gate = Gate()
    async with bot_at(server, gate) as bot:
        stage = Stage(server, bot, gate)
        yield stage
        await stage.waiting.close()


# --- what is seen -----------------------------------------------------------------------------------------------------


async def test_a_waiting_message_gets_a_reaction_until_its_turn(stage: Stage) -> None:
    """Two calls, of the kind that gives way to answers."""
    stage.wait_with(*await stage.messages())
    await stage.server.wait_for(lambda: stage.reactions() == [EYES])
    await stage.turn()
    assert stage.reactions() == [[]]
    assert stage.calls == ["setMessageReaction"] * 2


async def test_what_has_its_turn_soon_gets_none(stage: Stage) -> None:
    """An answer that takes a moment leaves no trace, and costs no call."""
    stage.waiting.after_seconds = 60.0
    stage.wait_with(*await stage.messages())
    await asyncio.sleep(0)
    await stage.turn()
    assert (stage.calls, stage.concerned) == ([], [])


async def test_a_message_that_will_not_be_answered_gets_none(stage: Stage) -> None:
    """A stranger's, or one in a group that is not meant for the bot: nothing says that the bot has read it."""
    stage.concerns = False
    stage.wait_with(*await stage.messages())
    await asyncio.wait_for(stage.tasks[0], 5)
    assert len(stage.concerned) == 1
    assert stage.calls == []


async def test_of_fifty_that_wait_five_get_one(stage: Stage) -> None:
    """And a later one gets its own, once there are fewer again."""
    stage.wait_with(*await stage.messages(50))
    await asyncio.wait(stage.tasks[MOST_AT_A_TIME:])
    await stage.server.wait_for(lambda: stage.reactions() == [EYES] * 5 + [[]] * 45)
    for place in range(50):
        await stage.turn(place)
    assert stage.calls == ["setMessageReaction"] * 10
    stage.wait_with(*await stage.messages())
    await stage.server.wait_for(lambda: stage.reactions()[-1] == EYES)


# --- what goes wrong --------------------------------------------------------------------------------------------------


async def test_where_reactions_are_forbidden_it_is_said_once(stage: Stage) -> None:
    """In a group, as a reply to one message in its topic, without a sound; then no reaction is tried any more."""
    forum = stage.server.group(-100, forum=True)
    topic = forum.topic("Songs")
    stage.server.faults.refuse(NO_REACTIONS, 99, method="setMessageReaction")
    first, second, third = await stage.messages(3, forum, thread_id=topic)
    stage.wait_with(first, second)
    await asyncio.wait(stage.tasks)
    (said,) = forum.sent
    assert (said.text, said.thread_id) == (SAID, topic)
    assert said.reply_to
    assert said.reply_to.text in {"Question 0", "Question 1"}
    (call,) = stage.server.called("sendMessage")
    assert call.given["disable_notification"] is True
    stage.wait_with(third)
    await asyncio.wait(stage.tasks)
    assert sorted(stage.calls) == ["sendMessage", "setMessageReaction", "setMessageReaction"]


async def test_in_the_next_busy_period_it_is_said_again(stage: Stage) -> None:
    """Somebody else may wait then."""
    stage.server.faults.refuse(NO_REACTIONS, 99, method="setMessageReaction")
    messages = await stage.messages(2, stage.server.group(-100))
    for message in messages:
        stage.period = stage.waiting.busy_period()
        stage.wait_with(message)
        await asyncio.wait(stage.tasks)
    assert stage.server.chat(-100).texts == [SAID, SAID]


async def test_a_reaction_comes_when_there_is_budget_for_it(stage: Stage) -> None:
    """What was dropped for an answer's sake is tried again, also when it is to be taken back."""
    stage.gate.drops = 3
    stage.wait_with(*await stage.messages())
    await stage.server.wait_for(lambda: stage.reactions() == [EYES])
    stage.gate.drops = 3
    await stage.turn()
    assert stage.reactions() == [[]]
    assert stage.calls == ["setMessageReaction"] * 2


async def test_without_budget_nothing_is_shown(stage: Stage) -> None:
    """When there never is any, it is given up."""
    stage.gate.drops = TRIES
    stage.wait_with(*await stage.messages())
    await asyncio.wait_for(stage.tasks[0], 5)
    assert (stage.gate.drops, stage.calls) == (0, [])


async def test_a_budget_that_comes_too_late_is_left_alone(stage: Stage) -> None:
    """Nothing is tried before the time, and nothing after the message had its turn."""
    stage.waits[42] = 60.0
    stage.wait_with(*await stage.messages())
    await asyncio.wait(stage.tasks, timeout=0.05)
    assert stage.concerned
    await stage.turn()
    assert stage.calls == []


async def test_a_reaction_that_may_stand_there_is_taken_back(stage: Stage) -> None:
    """When the answer of Telegram was lost, nobody knows."""
    stage.server.faults.lose_answer(method="setMessageReaction", seconds=0.05)
    stage.wait_with(*await stage.messages())
    await stage.server.wait_for(lambda: stage.reactions() == [EYES])
    await stage.turn()
    assert stage.reactions() == [[]]


async def test_somebody_who_blocks_the_bot_sees_nothing(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Which is not worth a line in the log, and no further call."""
    caplog.set_level(logging.DEBUG, "handlers.waiting")
    messages = await stage.messages()
    await stage.server.user(42).block()
    stage.wait_with(*messages)
    await asyncio.wait_for(stage.tasks[0], 5)
    assert stage.calls == ["setMessageReaction"]
    assert [(record.levelname, Forbidden.__name__ in record.getMessage()) for record in caplog.records] == [
        ("DEBUG", True)
    ]


async def test_closing_breaks_off_what_is_shown(stage: Stage) -> None:
    """Nothing goes on in the background of a program that ends."""
    stage.wait_with(*await stage.messages())
    await stage.server.wait_for(lambda: stage.reactions() == [EYES])
    await stage.waiting.close()
    assert stage.tasks[0].cancelled()


# --- in lanes ---------------------------------------------------------------------------------------------------------


async def test_lanes_show_who_waits_and_take_it_back_when_they_close(server: TelegramServer, tmp_path: Path) -> None:
    """With the limiter that the bot has: whoever closes the lanes may wait for the last reaction to go."""

    async def answer(_: Update) -> None:
        await asyncio.Event().wait()

    async def everything(_: Message) -> bool:
        return True

    ada = server.user(42)
    await ada.say("one")
    two = await ada.say("two")
    limiter = Limiter()
    async with await Database.open(tmp_path / "switchboard.db") as database, bot_at(server, limiter) as bot:
        lanes = Lanes(Inbox(database), Waiting(everything, limiter.preview_wait_seconds, after_seconds=0.01))
        lanes.process = answer
        first, second = [
            asyncio.create_task(lanes.process_update(update, answer(update))) for update in await bot.get_updates()
        ]
        await server.wait_for(lambda: two.reactions == EYES)
        lanes.close()
        await asyncio.wait_for(second, 5)
        assert two.reactions == []
        assert not first.done()
        first.cancel()
        await asyncio.wait([first])
        await lanes.shutdown()


async def test_the_bot_shows_who_waits(tmp_path: Path) -> None:
    """While an answer grows, the next question gets its sign within seconds, and loses it when its turn comes."""
    async with running(tmp_path, {SMALL: endless()}) as bot:
        await bot.admin.say("Tell me a story.")
        await bot.telegram.wait_for(lambda: any(message.growing for message in bot.admin.chat.sent))
        waiting = await bot.admin.say("And then?")
        await bot.telegram.wait_for(lambda: waiting.reactions == EYES, 8)
        await bot.admin.say("/stop")
        await bot.telegram.wait_for(lambda: not waiting.reactions, 8)
        assert len(bot.telegram.called("setMessageReaction")) == 2
