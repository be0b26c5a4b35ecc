"""Calls to Telegram over aiohttp: what goes out, and what every failure on the way becomes."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import BodyPartReader, web
from telegram import Bot
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, TimedOut

from handlers.transport import NotSent, Transport
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


# --- what answers in Telegram's place ---------------------------------------------------------------------------------


@asynccontextmanager
async def answering(status: int, body: bytes, **headers: str) -> AsyncGenerator[str]:
    """Somebody who answers every call like this; the address."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


LOG_IN = b"<html>Room 101: please log in to our wireless network</html>"


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 407, 409, 429, 500, 502, 511])
@pytest.mark.parametrize(
    "body", [LOG_IN, b"", b'{"message": "Not Found"}', b"[]", b'{"ok": tr', b"\xff\xfe", b"[" * 100_000]
)
async def test_what_is_not_telegrams_answer_is_a_network_error(transport, caplog, status, body):
    """Whatever its status says: the token is not wrong, the chat not closed; and none of it is written into the log."""
    async with answering(status, body, Location="http://127.0.0.1:1/login") as url:
        with caplog.at_level("DEBUG"), pytest.raises(NetworkError) as caught:
            await bot_of(url, transport).send_message(42, "hello")
    assert type(caught.value) is NetworkError
    assert "Room 101" not in caplog.text + str(caught.value)
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, BadRequest), (401, InvalidToken), (403, Forbidden), (404, InvalidToken), (409, Conflict)],
)
async def test_what_is_telegrams_answer_is_taken_at_its_word(transport, status, error):
    """Its refusals are its own."""
    body = json.dumps({"ok": False, "error_code": status, "description": "because"}).encode()
    async with answering(status, body) as url:
        with pytest.raises(error) as caught:
            await bot_of(url, transport).send_message(42, "hello")
    assert type(caught.value) is error


async def test_broken_characters_do_not_spoil_an_answer(transport):
    """One that Telegram passes on as it got it must not stop the updates behind it."""
    user = b'{"ok": true, "result": {"id": 1, "is_bot": true, "first_name": "\xff", "username": "a"}}'
    async with answering(200, user) as url:
        assert (await bot_of(url, transport).get_me()).first_name == "\ufffd"


async def test_a_redirection_is_not_followed(telegram, transport):
    """What we say is for Telegram, and nobody else is told."""
    async with answering(307, b"", Location=f"{telegram.url}/bot{TOKEN}/getMe") as url:
        with pytest.raises(NetworkError):
            await bot_of(url, transport).get_me()
    assert telegram.calls == []


async def test_a_file_need_not_be_json(telegram, transport):
    """What is downloaded comes as it is."""
    telegram.user(42)
    kept = telegram.world.keep_file(LOG_IN, "documents/page.html")
    bot = Bot(
        TOKEN, base_url=f"{telegram.url}/bot", base_file_url=f"{telegram.url}/file/bot", request=transport,
        get_updates_request=Transport(),
    )  # fmt: skip
    file = await bot.get_file(kept["file_id"])
    assert bytes(await file.download_as_bytearray()) == LOG_IN


# --- what was certainly not sent --------------------------------------------------------------------------------------


async def test_where_nobody_listens_nothing_was_sent(transport):
    """Whoever sent a message need not look for it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(NotSent):
            await bot_of(f"http://127.0.0.1:{taken.getsockname()[1]}", transport).get_me()


async def test_where_no_connection_is_free_in_time_nothing_was_sent(telegram):
    """A call that never left the queue is no time-out of Telegram's."""
    telegram.faults.slow(1, method="getMe")
    async with Transport(connections=1, connect_seconds=0.1) as transport:
        bot = bot_of(telegram.url, transport)
        slow = asyncio.create_task(bot.get_me())
        await asyncio.sleep(0.1)
        with pytest.raises(NotSent):
            await bot.get_me(pool_timeout=0.1)
        await slow


async def test_a_name_that_nobody_knows_is_not_sent_to(transport):
    """No address, no connection."""
    with pytest.raises(NotSent):
        await bot_of("http://no-such-host.invalid", transport).get_me()


@pytest.mark.parametrize("trouble", ["late", "lost", "dropped"])
async def test_what_telegram_may_have_done_is_not_called_unsent(telegram, transport, trouble):
    """A connection was made, and what came of it nobody knows."""
    telegram.user(42)
    if trouble == "late":
        telegram.faults.slow(5, method="sendMessage")
    elif trouble == "lost":
        telegram.faults.lose_answer(method="sendMessage", seconds=0)
    else:
        telegram.faults.drop(method="sendMessage")
    with pytest.raises(NetworkError) as caught:
        await bot_of(telegram.url, transport).send_message(42, "hello", read_timeout=0.2)
    assert not isinstance(caught.value, NotSent)
