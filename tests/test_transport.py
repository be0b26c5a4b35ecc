"""Calls to Telegram over aiohttp: what goes out, and what every failure on the way becomes."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest
from aiohttp import BodyPartReader, web
from telegram import Bot
from telegram.error import BadRequest, NetworkError, TimedOut

from handlers.transport import Transport
from tests.telegram_server import TOKEN, TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@pytest.fixture
async def transport() -> AsyncGenerator[Transport]:
    async with Transport(connections=2) as opened:
        yield opened


@pytest.fixture
async def telegram() -> AsyncGenerator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


def bot_of(url: str, transport: Transport) -> Bot:
    return Bot(TOKEN, base_url=f"{url}/bot", request=transport, get_updates_request=Transport())


async def test_a_call_is_made_and_answered(telegram, transport):
    """What python-telegram-bot sends arrives, and what Telegram says comes back."""
    telegram.user(42)
    message = await bot_of(telegram.url, transport).send_message(42, "*Hello*, wörld", parse_mode="MarkdownV2")
    assert message.text == "Hello, wörld"
    assert telegram.chat(42).texts == ["Hello, wörld"]


async def test_a_refusal_keeps_telegrams_words(telegram, transport):
    """400 is no failure of the transport."""
    telegram.user(42)
    with pytest.raises(BadRequest, match="parse entities"):
        await bot_of(telegram.url, transport).send_message(42, "*Hello", parse_mode="MarkdownV2")


async def test_more_calls_than_connections_take_turns(telegram, transport):
    """Two connections carry twenty calls at once."""
    bot = bot_of(telegram.url, transport)
    names = await asyncio.gather(*(bot.get_me() for _ in range(20)))
    assert {name.username for name in names} == {"switchboard_bot"}


async def test_a_file_goes_out_in_parts(transport):
    """With a file the parameters and the file are parts of one form."""
    parts = {}

    async def take(request: web.Request) -> web.Response:
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            parts[part.name] = (part.filename, bytes(await part.read()))
        return web.json_response(
            {"ok": True, "result": {"message_id": 1, "date": 0, "chat": {"id": 42, "type": "private"}}}
        )

    app = web.Application()
    app.router.add_post("/{path:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        await bot_of(url, transport).send_document(42, b"all I said", filename="export.txt", caption="Yours")
    finally:
        await runner.cleanup()
    assert ("export.txt", b"all I said") in parts.values()
    assert parts["caption"] == (None, b"Yours")


async def test_a_late_answer_is_a_time_out(telegram, transport):
    """The call may have been carried out: that is for whoever made it to think about."""
    telegram.faults.slow(5, method="getMe")
    with pytest.raises(TimedOut):
        await bot_of(telegram.url, transport).get_me(read_timeout=0.2)


async def test_a_dropped_connection_is_a_network_error(telegram, transport):
    """And no time-out, which would be retried at once."""
    telegram.faults.drop(method="getMe")
    with pytest.raises(NetworkError) as caught:
        await bot_of(telegram.url, transport).get_me()
    assert not isinstance(caught.value, TimedOut)


async def test_nobody_there_is_a_network_error_without_the_token(transport):
    """Neither the error nor its text holds the address, of which the token is a part."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(NetworkError) as caught:
            await bot_of(url, transport).get_me()
    assert TOKEN not in repr(caught.value)


async def test_it_may_be_closed_twice_and_opened_again(telegram):
    """python-telegram-bot opens and closes it as it sees fit."""
    transport = Transport()
    for _ in range(2):
        await transport.initialize()
        assert (await bot_of(telegram.url, transport).get_me()).username == "switchboard_bot"
        await transport.shutdown()
        await transport.shutdown()


async def test_it_says_so_when_it_is_not_open(telegram):
    """A call before `initialize` is a bug of ours, and no network error."""
    with pytest.raises(RuntimeError, match="not initialized"):
        await Transport().do_request(telegram.url, "POST")
