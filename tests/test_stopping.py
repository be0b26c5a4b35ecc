"""The bot ends within five seconds of being told to, whatever is running, and its next life goes on where it was."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from handlers.answer import RESTARTING
from handlers.runs import Runs
from storage.conversations import ConversationKey
from tests.bot_in_process import ADMIN_ID, QUESTION, SMALL, chat_requests, endless, running, says
from tests.bot_process import BotProcess
from tests.fake_model_server import FakeModel, Script
from tests.fake_ollama import FakeOllama
from tests.telegram_server import TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aiohttp import web

    from tests.bot_in_process import Running

ROOT = Path(__file__).parent.parent
LONGEST_SECONDS = 5.0
MANY = range(1000, 1050)
EVERYBODY = ",".join(map(str, [ADMIN_ID, *MANY]))


class SlowFiles(TelegramServer):
    """A Telegram that begins to hand over files, and never ends."""

    downloads = 0

    async def _serve_file(self, request: web.Request) -> web.Response:
        self.downloads += 1
        await asyncio.Event().wait()
        return await super()._serve_file(request)


@asynccontextmanager
async def a_process(
    folder: Path, model: FakeModel, *, telegram: TelegramServer | None = None, **settings: object
) -> AsyncGenerator[tuple[TelegramServer, BotProcess, FakeOllama]]:
    """The real process, not yet started, between its doubles."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(telegram or TelegramServer())
        ollama = await stack.enter_async_context(FakeOllama({SMALL: model}))
        bot = BotProcess(server, folder, OLLAMA_BASE_URL=ollama.root, **settings)
        yield server, bot, ollama
        if bot.process.returncode is None:
            await bot.kill()


async def assert_ends(bot: BotProcess, number: signal.Signals = signal.SIGTERM) -> None:
    """It ends in time and well, without a fault in its log."""
    began = time.monotonic()
    assert await bot.end(signal_number=number) == 0, bot.output
    assert time.monotonic() - began < LONGEST_SECONDS
    assert "Traceback" not in bot.output


async def assert_stops(bot: Running) -> None:
    """The same of a bot in this process."""
    began = time.monotonic()
    await bot.end()
    assert time.monotonic() - began < LONGEST_SECONDS - 1  # the process has yet to end


def unfinished(folder: Path) -> int:
    """How many updates the next life has to answer."""
    return waiting(folder, "inbox")


def unsent(folder: Path) -> int:
    """How many messages it has to send before."""
    return waiting(folder, "outbox")


def waiting(folder: Path, table: str) -> int:
    """How many rows of a table are not done."""
    ((count,),) = rows(folder, f"SELECT count(*) FROM {table} WHERE state = 'waiting'")
    return int(count)


def standing(folder: Path) -> bool:
    """Whether the next life knows where an answer grew."""
    return any(json.loads(ids) for (ids,) in rows(folder, "SELECT standing FROM inbox"))


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """What is on disk, whatever becomes of the process."""
    with contextlib.closing(sqlite3.connect(folder / "switchboard.db")) as connection:
        return connection.execute(sql).fetchall()


def is_written(bot: Running | TelegramServer, user_id: int = ADMIN_ID) -> bool:
    """Whether somebody sees an answer grow."""
    telegram = bot if isinstance(bot, TelegramServer) else bot.telegram
    return any("more" in text for text in telegram.chat(user_id).texts)


# --- whatever is running ----------------------------------------------------------------------------------------------


async def test_it_ends_with_everything_under_way_at_once(tmp_path: Path) -> None:
    """Answers grow in fifty chats, a model hangs, a flood is waited out, a file never comes, and Telegram is gone."""
    model = endless()
    settings = {"ALLOWED_USER_IDS": EVERYBODY, "GENERATIONS_PER_ENDPOINT": 100}
    async with a_process(tmp_path, model, telegram=SlowFiles(), **settings) as (telegram, bot, ollama):
        await bot.start()
        for user_id in MANY:
            await telegram.user(user_id).say(QUESTION)
        await telegram.wait_for(lambda: sum(is_written(telegram, user_id) for user_id in MANY) > 5, 30)
        ollama.play(SMALL, Script(pieces=("Done at once.",)), Script(stall_after=0))
        flooded, hanging, reading = (telegram.user(user_id) for user_id in (ADMIN_ID, 1000, 1001))
        telegram.faults.ban(flooded.user_id, 100)
        await flooded.say(QUESTION)
        await telegram.wait_for(lambda: telegram.called("sendMessage", flooded.user_id))
        await hanging.say(QUESTION)
        await reading.send_document(b"text", "notes.txt", "text/plain")
        await telegram.wait_for(lambda: not telegram.world.updates)
        telegram.faults.lose_answer(100_000)
        telegram.faults.lose_answer(100_000, method="getUpdates")
        await assert_ends(bot)
        assert (unfinished(tmp_path), unsent(tmp_path)) == (len(MANY) + 2, 1)
        for request in ollama.asked("/api/chat"):
            assert request.finished_at or request.disconnected_at


async def test_it_ends_while_a_flood_is_waited_out(tmp_path: Path) -> None:
    """The answer waits for the next life, and is not to be written again."""
    async with running(tmp_path) as bot:
        bot.telegram.faults.ban(ADMIN_ID, 100)
        await bot.admin.say(QUESTION)
        await bot.telegram.wait_for(lambda: bot.telegram.called("sendMessage", ADMIN_ID))
        await assert_stops(bot)
        assert bot.admin.chat.texts == []
    assert (unfinished(tmp_path), unsent(tmp_path)) == (0, 1)


async def test_it_ends_while_a_model_hangs(tmp_path: Path) -> None:
    """The server is let go, and asked again in the next life."""
    async with TelegramServer() as telegram:
        async with running(tmp_path, {SMALL: FakeModel(Script(stall_after=0))}, telegram=telegram) as bot:
            await bot.admin.say(QUESTION)
            request = await bot.ollama.until_asked("/api/chat")
            await assert_stops(bot)
            await bot.ollama.until_disconnected(request)
        async with running(tmp_path, telegram=telegram) as bot:
            (answer,) = await bot.admin.chat.reply()
            assert answer.text.startswith("Hello you.")


async def test_it_ends_while_a_file_is_downloaded(tmp_path: Path) -> None:
    """The message with the file is read in the next life."""
    async with SlowFiles() as telegram, running(tmp_path, telegram=telegram) as bot:
        await bot.admin.send_document(b"text", "notes.txt", "text/plain", "What is this?")
        await telegram.wait_for(lambda: telegram.downloads)
        await assert_stops(bot)
        assert bot.admin.chat.texts == []
        assert unfinished(tmp_path) == 1


@pytest.mark.parametrize("answers", ["nothing", "with a gateway's page"])
async def test_it_ends_while_telegram_is_gone(tmp_path: Path, answers: str) -> None:
    """Neither a call that hangs nor one that fails again and again is waited for."""
    async with running(tmp_path, {SMALL: endless()}) as bot:
        await bot.admin.say(QUESTION)
        await bot.telegram.wait_for(lambda: is_written(bot))
        faults = bot.telegram.faults
        for method in (None, "getUpdates"):
            if answers == "nothing":
                faults.lose_answer(10_000, method=method)
            else:
                faults.fail(10_000, method=method)
        bot.telegram.break_connections()
        await assert_stops(bot)
        assert unfinished(tmp_path) == 1


async def test_it_ends_while_the_database_is_locked(tmp_path: Path) -> None:
    """What is on disk is enough for the next life: the rest is not waited for."""
    async with a_process(tmp_path, endless()) as (telegram, bot, ollama):
        await bot.start()
        ada = telegram.user(ADMIN_ID)
        await ada.say(QUESTION)
        await telegram.wait_for(lambda: is_written(telegram) and standing(tmp_path))
        with contextlib.closing(sqlite3.connect(tmp_path / "switchboard.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            await assert_ends(bot)
        ollama.play(SMALL, Script(pieces=("Hello again.",)))
        await bot.start()
        await telegram.wait_for(lambda: any(text.startswith("Hello again.") for text in ada.chat.texts))
        assert len(ada.chat.texts) == 1
        await assert_ends(bot)


# --- at the start -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
async def test_it_ends_while_it_asks_who_it_is(tmp_path: Path, number: signal.Signals) -> None:
    """The first call of all may hang as well as any other."""
    async with a_process(tmp_path, says("Hello.")) as (telegram, bot, _):
        asked = telegram.faults.lose_answer(1000, method="getMe")
        await bot.spawn()
        await telegram.wait_for(lambda: asked.times < 1000)
        await assert_ends(bot, number)


async def test_it_ends_while_it_waits_for_the_network(tmp_path: Path) -> None:
    """The pause before the next try is no reason to stay."""
    async with TelegramServer() as telegram:
        telegram.faults.drop(1000, method="getMe")
        async with running(tmp_path, telegram=telegram) as bot:
            assert any("cannot be reached" in line for line in bot.lines)
            began = time.monotonic()
            await bot.end()
            assert time.monotonic() - began < 0.5
            assert telegram.polls == 0


# --- what the next life makes of it -----------------------------------------------------------------------------------


async def test_an_answer_that_grows_says_that_it_waits(tmp_path: Path) -> None:
    """The model is stopped, what it wrote stays, and the next life puts the whole answer in the same place."""
    async with TelegramServer() as telegram:
        async with running(tmp_path, {SMALL: endless()}, telegram=telegram) as bot:
            await bot.admin.say(QUESTION)
            await telegram.wait_for(lambda: is_written(bot))
            await assert_stops(bot)
            await bot.ollama.until_disconnected(bot.ollama.asked("/api/chat")[0])
            (answer,) = bot.admin.chat.sent
            assert answer.text.startswith("more")
            assert answer.text.endswith(RESTARTING)
            assert not answer.growing
        async with running(tmp_path, telegram=telegram) as bot:
            await telegram.wait_for(lambda: bot.admin.chat.texts[0].startswith("Hello you."))
            assert [message.message_id for message in bot.admin.chat.sent] == [answer.message_id]


async def test_a_message_in_line_is_not_begun(tmp_path: Path) -> None:
    """It waits for the next life, which answers both in their order."""
    async with TelegramServer() as telegram:
        async with running(tmp_path, {SMALL: endless()}, telegram=telegram) as bot:
            await bot.admin.say(QUESTION)
            await telegram.wait_for(lambda: is_written(bot))
            await bot.admin.say("What is Perl?")
            await telegram.wait_for(lambda: not telegram.world.updates)
            await assert_stops(bot)
            assert len(chat_requests(bot.ollama)) == 1
        async with running(tmp_path, telegram=telegram) as bot:
            await telegram.wait_for(lambda: len(chat_requests(bot.ollama)) == 2)
            assert [request[-1]["content"] for request in chat_requests(bot.ollama)] == [QUESTION, "What is Perl?"]


async def test_an_answer_that_comes_too_late_is_not_begun() -> None:
    """Its message was still being read when everything was stopped."""
    runs = Runs()
    runs.close()
    task = asyncio.create_task(asyncio.sleep(60))
    with runs.entered("request", ConversationKey(ADMIN_ID), task):
        await asyncio.wait([task])
    assert task.cancelled()


# --- a second signal, and ends that hang ------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
async def test_a_second_signal_ends_it_at_once(tmp_path: Path, number: signal.Signals) -> None:
    """Whoever does not want to wait loses nothing by it."""
    async with a_process(tmp_path, says("Hello.")) as (telegram, bot, _):
        await bot.start()
        telegram.faults.ban(ADMIN_ID, 100)
        await telegram.user(ADMIN_ID).say(QUESTION)
        await telegram.wait_for(lambda: telegram.called("sendMessage", ADMIN_ID))
        bot.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.2)
        assert bot.process.returncode is None
        began = time.monotonic()
        assert await bot.end(signal_number=number) == 128 + number
        assert time.monotonic() - began < 1
        assert (unfinished(tmp_path), unsent(tmp_path)) == (0, 1)


HANGS = """
import asyncio, sys, time
from handlers.stopping import stop_asked

async def main():
    stop = stop_asked(0.3)
    print("ready", flush=True)
    {hang}

asyncio.run(main())
"""


@pytest.mark.parametrize(
    "hang",
    [
        "time.sleep(20)",
        "await stop.wait(); asyncio.get_running_loop().run_in_executor(None, time.sleep, 20)",
        "await stop.wait(); await asyncio.Event().wait()",
    ],
    ids=["the loop", "a thread", "the closing"],
)
def test_what_hangs_does_not_keep_the_process(hang: str) -> None:
    """Some tenths of a second here, 4.3 s in the bot: then it ends without what hangs, and says so."""
    program = HANGS.format(hang=hang)
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=10)
    assert 0.25 < time.monotonic() - began < 2
    assert process.returncode == 0
    assert "not everything could be closed in time" in errors
