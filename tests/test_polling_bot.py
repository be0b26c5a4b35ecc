"""Polls come back as they were sent, and connections can be changed under a bot that is at work."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from telegram.error import NetworkError

from handlers.limiter import Limiter
from handlers.polling_bot import PollingBot
from tests.telegram_server import TOKEN, TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

KINDS = ("message",)


@pytest.fixture
async def telegram() -> AsyncGenerator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
async def bot(telegram: TelegramServer) -> AsyncGenerator[PollingBot]:
    async with PollingBot(TOKEN, telegram.url, Limiter()) as opened:
        yield opened


async def test_a_poll_gives_what_was_sent(bot, telegram):
    """Nothing is read, and nothing that cannot be read is an error."""
    await telegram.user(42, "Ada").say("hello")
    telegram.world.updates += ["no update"]
    found = await bot.poll(None, KINDS)
    assert found == telegram.world.updates


async def test_a_hanging_poll_breaks_with_its_connection(bot, telegram):
    """Whoever waits for a network that is gone is told so at once."""
    telegram.faults.lose_answer(1, method="getUpdates")
    poll = asyncio.create_task(bot.poll(None, KINDS))
    await telegram.wait_for(lambda: not telegram.faults.rules[0].times)
    await bot.renew_connections()
    with pytest.raises(NetworkError):
        await asyncio.wait_for(poll, 1)


async def test_a_message_on_its_way_is_not_broken_off(bot, telegram):
    """It ends on the connection on which it began, while new calls take new ones."""
    telegram.user(42)
    telegram.faults.slow(0.3, method="sendMessage")
    message = asyncio.create_task(bot.send_message(42, "hello"))
    await telegram.wait_for(lambda: telegram.chat(42).texts)
    await bot.renew_connections()
    assert (await bot.get_me()).username == "switchboard_bot"
    assert not message.done()
    assert (await message).text == "hello"
    assert telegram.chat(42).texts == ["hello"]


async def test_the_old_connections_are_not_used_again(bot, telegram):
    """However alive they look: after a sleep, or in another network, nobody answers there."""
    await bot.get_me()
    assert telegram._runner
    assert telegram._runner.server
    old = set(telegram._runner.server.connections)
    await bot.renew_connections()
    await bot.get_me()
    new = set(telegram._runner.server.connections) - old
    assert len(new) == 1


async def test_closing_does_not_wait_for_old_connections(bot, telegram):
    """Neither for calls that hang there, and none of them is left open."""
    telegram.user(42)
    telegram.faults.lose_answer(1, method="sendMessage")
    message = asyncio.create_task(bot.send_message(42, "hello"))
    await telegram.wait_for(lambda: telegram.chat(42).texts)
    await bot.renew_connections()
    began = time.monotonic()
    await bot.shutdown()
    with pytest.raises(NetworkError):
        await message
    assert time.monotonic() - began < 1
    assert telegram._runner
    assert telegram._runner.server
    server = telegram._runner.server
    await telegram.wait_for(lambda: not server.connections, 2)
