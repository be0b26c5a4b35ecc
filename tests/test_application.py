"""The Telegram part starts whatever the network does, and closes within seconds keeping what was written."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dialogue.errors import TokenUnusable
from dialogue.services import open_services
from handlers.application import WANTED_UPDATES, run_bot
from handlers.chat import RESTARTING
from routing.types import Token
from storage.conversations import ConversationKey
from tests.bot_in_process import ADMIN_ID, QUESTION, SMALL, endless, running, says, the_settings
from tests.telegram_server import TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from routing.execution_engine import ExecutionEngine
    from routing.types import Event, Query

CLOSING_SECONDS = 5.0


async def test_it_asks_for_the_updates_it_handles_and_drops_none(tmp_path: Path) -> None:
    """What was sent while it was off is answered; the list of kinds is always told."""
    async with TelegramServer() as telegram:
        await telegram.user(ADMIN_ID).say("what is 2 + 2?")
        async with running(tmp_path, telegram=telegram, OLLAMA_BASE_URL="") as bot:
            (answer,) = await bot.admin.chat.reply()
            assert "4" in answer.text
            assert telegram.world.allowed_updates == frozenset(WANTED_UPDATES)


async def test_nothing_but_the_necessary_comes_before_the_first_poll(tmp_path: Path) -> None:
    """Telegram is asked who the bot is, then polled: menus wait."""
    async with running(tmp_path) as bot:
        await bot.telegram.wait_for(lambda: bot.telegram.world.commands)
        await bot.admin.ask("/help")
        before_menus = [call.method for call in bot.telegram.calls[:2]]
        assert before_menus == ["getMe", "deleteWebhook"]


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


async def test_waiting_for_the_network_can_be_stopped(tmp_path: Path) -> None:
    """A signal ends it at once."""
    async with TelegramServer() as telegram:
        telegram.faults.drop(1000, method="getMe")
        async with running(tmp_path, telegram=telegram) as bot:
            assert any("cannot be reached" in line for line in bot.lines)
            began = time.monotonic()
            await bot.end()
            assert time.monotonic() - began < CLOSING_SECONDS
            assert telegram.polls == 0


async def test_a_poll_that_fails_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An outage in the middle is not the end."""
    async with running(tmp_path) as bot:
        bot.telegram.faults.fail(1, method="getUpdates")
        await bot.admin.say(QUESTION)
        (answer,) = await bot.admin.chat.reply(20)
        assert answer.text.startswith("Hello you.")


async def test_another_program_with_this_token_is_said_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Telegram ends the poll of the first of two."""
    async with running(tmp_path) as bot:
        await bot.telegram.wait_for(lambda: bot.telegram._poller)
        assert bot.telegram._poller
        bot.telegram._poller.set()
        await bot.telegram.wait_for(lambda: "another program polls with this token" in caplog.text)


async def test_closing_stops_the_model_and_keeps_what_it_wrote(tmp_path: Path) -> None:
    """The part that was written is delivered, marked, and in the conversation after the restart."""
    async with running(tmp_path, {SMALL: endless()}) as bot:
        await bot.admin.say(QUESTION)
        await bot.telegram.wait_for(lambda: any("more" in text for text in bot.admin.chat.texts))
        began = time.monotonic()
        await bot.end()
        assert time.monotonic() - began < CLOSING_SECONDS
        await bot.ollama.until_disconnected(bot.ollama.asked("/api/chat")[0])
        (answer,) = bot.admin.chat.sent
        assert "⏹ stopped" in answer.text
        assert not answer.growing
    async with running(tmp_path) as bot:
        turn = await bot.services.conversations.last_turn(ConversationKey(ADMIN_ID))
        assert turn
        assert "more" in turn.answer


async def test_closing_does_not_wait_for_a_dead_telegram(tmp_path: Path) -> None:
    """What cannot be delivered in time stays in the conversation."""
    async with running(tmp_path, {SMALL: endless()}) as bot:
        await bot.admin.say(QUESTION)
        await bot.telegram.wait_for(lambda: any("more" in text for text in bot.admin.chat.texts))
        bot.telegram.faults.fail(10_000)
        began = time.monotonic()
        await bot.end()
        assert time.monotonic() - began < CLOSING_SECONDS
        turn = await bot.services.conversations.last_turn(ConversationKey(ADMIN_ID))
        assert turn


async def test_a_question_in_line_at_the_end_is_told_to_come_back(tmp_path: Path) -> None:
    """It is not lost without a word, and not begun either."""
    async with running(tmp_path, {SMALL: endless()}) as bot:
        await bot.admin.say(QUESTION)
        await bot.telegram.wait_for(lambda: any("more" in text for text in bot.admin.chat.texts))
        await bot.admin.say("What is next?")
        await bot.telegram.wait_for(lambda: not bot.telegram.world.updates)
        await bot.end()
        assert bot.admin.chat.texts[-1] == RESTARTING
        assert len(bot.ollama.asked("/api/chat")) == 1


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
    """What was written stays, with where the log has the details and without a Stop button; commands go on."""
    async with TelegramServer() as telegram, open_services(the_settings(tmp_path, telegram, "")) as services:
        stop, ada = asyncio.Event(), telegram.user(ADMIN_ID)
        broken = replace(services, engine=BrokenEngine(services.engine))  # type: ignore[arg-type]  # with a bug
        task = asyncio.create_task(run_bot(broken, list[str]().append, stop))
        (answer,) = await ada.ask(QUESTION)
        assert answer.text.startswith("The first words of the answer.\n\nSomething went wrong on my side.")
        assert answer.buttons == []
        assert "ZeroDivisionError" in caplog.text
        (answer,) = await ada.ask("/help")
        assert "/retry" in answer.text
        stop.set()
        await task
