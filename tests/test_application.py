"""The Telegram part starts whatever the network does, hears when it is deaf, and goes on where its last life ended."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dialogue.errors import DeafToTelegram, TokenUnusable
from dialogue.services import open_services
from handlers.application import GIVEN_UP, run_bot
from handlers.polling import CONFLICT, MOST_STARTS, WANTED_UPDATES
from handlers.watchdog import Limits, Watchdog
from routing.types import Token
from tests.bot_in_process import (
    ADMIN_ID,
    MEMBER_ID,
    QUESTION,
    SMALL,
    STRANGER_ID,
    chat_requests,
    running,
    says,
    the_settings,
)
from tests.telegram_methods import Refused
from tests.telegram_server import TelegramServer, _Outcome, _refusal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from dialogue.services import Services
    from routing.execution_engine import ExecutionEngine
    from routing.types import Event, Query
    from tests.telegram_world import Json, Person


async def test_it_asks_for_the_updates_it_handles_and_drops_none(tmp_path: Path) -> None:
    """What was sent while it was off is answered; the list of kinds is always told."""
    async with TelegramServer() as telegram:
        await telegram.user(ADMIN_ID).say("what is 2 + 2?")
        async with running(tmp_path, telegram=telegram, OLLAMA_BASE_URL="") as bot:
            (answer,) = await bot.admin.chat.reply()
            assert "4" in answer.text
            assert telegram.world.allowed_updates == frozenset(WANTED_UPDATES)


async def test_nothing_but_the_necessary_comes_before_the_first_poll(tmp_path: Path) -> None:
    """Telegram is asked who the bot is, then polled; menus are offered beside that."""
    async with running(tmp_path) as bot:
        await bot.telegram.wait_for(lambda: bot.telegram.world.commands)
        await bot.admin.ask("/help")
        first, second, *_ = [call.method for call in bot.telegram.calls]
        assert (first, second) == ("getMe", "setMyCommands")


async def test_a_wrong_token_is_a_sentence(tmp_path: Path) -> None:
    """It says what to do, and does not hold the token."""
    async with TelegramServer() as telegram:
        settings = the_settings(tmp_path, telegram, "", TELEGRAM_BOT_TOKEN="999:WRONG")
        async with open_services(settings) as services:
            with pytest.raises(TokenUnusable, match="BotFather") as refused:
                await run_bot(services, list[str]().append, asyncio.Event())
            assert "WRONG" not in str(refused.value)


async def test_it_waits_for_the_network(tmp_path: Path) -> None:
    """It says that it waits, once, and begins as soon as Telegram can be reached."""
    async with TelegramServer() as telegram:
        telegram.faults.drop(2, method="getMe")
        async with running(tmp_path, telegram=telegram) as bot:
            await telegram.wait_for(lambda: any("listening" in line for line in bot.lines), 30)
            assert [line for line in bot.lines if "cannot be reached" in line] == bot.lines[:1]
            (answer,) = await bot.admin.ask(QUESTION)
            assert answer.text.startswith("Hello you.")


class Odd(TelegramServer):
    """A Telegram that refuses the first question who the bot is, once for each of `refusals`."""

    refusals: list[Refused]

    async def _do(self, method: str, given: Json) -> _Outcome:
        if method == "getMe" and self.refusals:
            refused = self.refusals.pop(0)
            return _refusal(refused.code, str(refused), refused.parameters)
        return await super()._do(method, given)


@pytest.mark.parametrize(
    "refusal", [Refused("Unauthorized", 401), Refused("Too Many Requests: retry after 1", 429, {"retry_after": 1})]
)
async def test_one_odd_answer_at_the_start_is_not_the_end(tmp_path: Path, refusal: Refused) -> None:
    """It asks again before it says that the token is wrong, and waits as long as Telegram wants."""
    async with Odd() as telegram:
        telegram.refusals = [refusal]
        async with running(tmp_path, telegram=telegram) as bot:
            (answer,) = await bot.admin.ask(QUESTION)
            assert answer.text.startswith("Hello you.")


async def test_a_poll_that_fails_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An outage in the middle is not the end."""
    async with running(tmp_path) as bot:
        bot.telegram.faults.fail(1, method="getUpdates")
        await bot.admin.say(QUESTION)
        (answer,) = await bot.admin.chat.reply(20)
        assert answer.text.startswith("Hello you.")


async def test_another_program_with_this_token_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Telegram ends the poll of the first of two: whoever looks at the terminal or the log learns why."""
    async with running(tmp_path) as bot:
        await bot.telegram.wait_for(lambda: bot.telegram._poller)
        assert bot.telegram._poller
        bot.telegram._poller.set()
        await bot.telegram.wait_for(lambda: CONFLICT in caplog.text)
        assert any("Another program polls" in line for line in bot.lines)


# --- when nothing is heard --------------------------------------------------------------------------------------------


@asynccontextmanager
async def watched(
    folder: Path, telegram: TelegramServer, watchdog: Watchdog
) -> AsyncGenerator[tuple[asyncio.Task[None], asyncio.Event]]:
    """A bot without a model server under this watchdog, until the end of the context."""
    async with open_services(the_settings(folder, telegram, "")) as services:
        stop = asyncio.Event()
        task = asyncio.create_task(run_bot(services, list[str]().append, stop, watchdog))
        try:
            yield task, stop
        finally:
            stop.set()
            await asyncio.wait([task])


async def test_a_poll_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    """After a while without an answer the connections are new ones, and what waited at Telegram comes."""
    async with TelegramServer() as telegram:
        telegram.faults.lose_answer(1, method="getUpdates")
        await telegram.user(ADMIN_ID).say("what is 2 + 2?")
        watchdog = Watchdog(limits=Limits(look=0.05, renew=0.4, deaf=20))
        async with watched(tmp_path, telegram, watchdog) as (task, _):
            (answer,) = await telegram.user(ADMIN_ID).chat.reply(5)
            assert "4" in answer.text
            assert not task.done()


async def test_a_machine_that_wakes_up_polls_anew_at_once(tmp_path: Path) -> None:
    """The poll of before its sleep is not waited for, though no clock of ours has counted a second of silence."""
    slept_seconds = 0.0
    async with TelegramServer() as telegram:
        telegram.faults.lose_answer(1, method="getUpdates")
        watchdog = Watchdog(wall_clock=lambda: time.time() + slept_seconds, limits=Limits(look=0.05))
        async with watched(tmp_path, telegram, watchdog):
            await telegram.user(ADMIN_ID).say("what is 2 + 2?")
            await telegram.wait_for(lambda: telegram.polls)
            await asyncio.sleep(0.2)
            assert telegram.polls == 1
            slept_seconds = 8 * 3600.0
            (answer,) = await telegram.user(ADMIN_ID).chat.reply(5)
            assert "4" in answer.text


async def test_a_bot_that_stays_deaf_ends(tmp_path: Path) -> None:
    """By a sentence for its log; the service starts it anew. That it can still talk changes nothing."""
    async with TelegramServer() as telegram:
        telegram.faults.lose_answer(1000, method="getUpdates")
        watchdog = Watchdog(limits=Limits(look=0.05, renew=0.2, deaf=0.5))
        async with watched(tmp_path, telegram, watchdog) as (task, _):
            with pytest.raises(DeafToTelegram, match="not been heard"):
                await asyncio.wait_for(task, 10)
        assert telegram.polls == 3  # at first, and over new connections twice


# --- what the last life has left --------------------------------------------------------------------------------------


async def test_what_was_not_sent_goes_before_what_is_new(tmp_path: Path) -> None:
    """The answer that a flood kept back takes the place of its preview, and then the next message gets its own."""
    slow = says("It is coming, but rather slowly. ", "Here it is.", token_seconds=1.2)
    async with TelegramServer() as telegram:
        ada = telegram.user(ADMIN_ID)
        async with running(tmp_path, {SMALL: slow}, telegram=telegram) as bot:
            await ada.say(QUESTION)
            await telegram.wait_for(lambda: any("slowly" in text for text in ada.chat.texts))
            telegram.faults.ban(ADMIN_ID, 100)
            while not await bot.services.outbox.load():  # noqa: ASYNC110  a table has no event
                await asyncio.sleep(0.01)
            await bot.end()
        telegram.faults.clear()
        assert not any("Here it is" in text for text in ada.chat.texts)
        await ada.say("What is next?")
        async with running(tmp_path, telegram=telegram) as bot:
            (next_answer,) = await ada.chat.reply()
            assert next_answer.text.startswith("Hello you.")
            first_answer = ada.chat.sent[0]
            assert first_answer.text.startswith("It is coming, but rather slowly. Here it is.")
            assert first_answer.changed_at < next_answer.sent_at
            assert [request[-1]["content"] for request in chat_requests(bot.ollama)] == ["What is next?"]


async def give_to(services: Services, person: Person, update_id: int) -> None:
    """Have a message in the inbox with which many lives were begun."""
    message = (await person.say(f"kills {update_id}")).as_json()
    await services.inbox.accept([(update_id, json.dumps({"update_id": update_id, "message": message}))])
    for _ in range(MOST_STARTS):
        services.inbox.begin(update_id)


async def test_whose_message_is_given_up_is_told(tmp_path: Path) -> None:
    """A stranger is not."""
    async with TelegramServer() as telegram:
        people = [telegram.user(user_id) for user_id in (MEMBER_ID, STRANGER_ID)]
        async with open_services(the_settings(tmp_path, telegram, "")) as services:
            for number, person in enumerate(people):
                await give_to(services, person, 1 + number)
        telegram.world.updates.clear()
        async with running(tmp_path, telegram=telegram) as bot:
            (answer,) = await bot.member.chat.reply()
            assert answer.text == GIVEN_UP
            assert bot.stranger.chat.texts == []


# --- side by side -----------------------------------------------------------------------------------------------------


async def test_fifty_chats_are_answered_side_by_side(tmp_path: Path) -> None:
    """Nobody waits for anybody else."""
    ids = range(1000, 1050)
    model = says("It is ", "done.", token_seconds=1.0)
    async with running(tmp_path, {SMALL: model}, ALLOWED_USER_IDS=",".join(map(str, ids))) as bot:
        people = [bot.telegram.user(user_id) for user_id in ids]
        began = time.monotonic()
        answers = await asyncio.gather(*(person.ask(QUESTION, timeout_seconds=60) for person in people))
        assert time.monotonic() - began < 40  # one after the other would take 50 s and more
        assert all(answer[0].text.startswith("It is done.") for answer in answers)


class BrokenEngine:
    """An engine with a bug that shows after the first words."""

    def __init__(self, engine: ExecutionEngine) -> None:
        self.registry, self.router, self.discovery = engine.registry, engine.router, engine.discovery

    async def stream(self, query: Query) -> AsyncGenerator[Event]:
        """Break."""
        yield Token("The first words of the answer. ")
        raise ZeroDivisionError


async def test_a_bug_ends_one_answer_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is tried again, then its sender is told where the log has the details; commands go on."""
    async with TelegramServer() as telegram, open_services(the_settings(tmp_path, telegram, "")) as services:
        stop, ada = asyncio.Event(), telegram.user(ADMIN_ID)
        broken = replace(services, engine=BrokenEngine(services.engine))  # type: ignore[arg-type]  # with a bug
        task = asyncio.create_task(run_bot(broken, list[str]().append, stop))
        await ada.say(QUESTION)
        await telegram.wait_for(lambda: any("Something went wrong on my side." in text for text in ada.chat.texts))
        assert not any(message.buttons for message in ada.chat.sent)
        assert "ZeroDivisionError" in caplog.text
        (answer,) = await ada.ask("/help")
        assert "/retry" in answer.text
        stop.set()
        await task
