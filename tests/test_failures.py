"""An unexpected error is logged whole, told in one plain sentence, and ends nothing but what it happened in."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import Application, CallbackQueryHandler, MessageHandler, filters

from handlers.failures import guard, in_background, on_error
from tests.telegram_server import TOKEN, TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECRET = "postgres://user:hunter2@10.0.0.1"


async def break_down(*_: object) -> None:
    raise ValueError(SECRET)


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
async def application(server: TelegramServer) -> AsyncIterator[Application]:  # type: ignore[type-arg]
    application = Application.builder().token(TOKEN).base_url(f"{server.url}/bot").updater(None).build()
    application.add_handler(MessageHandler(filters.ALL, break_down))
    application.add_handler(CallbackQueryHandler(break_down))
    application.add_error_handler(on_error)
    async with application:
        yield application


async def received(bot: Bot) -> Update:
    return (await bot.get_updates())[-1]


async def test_a_person_is_told_plainly_and_the_log_has_it_all(
    server: TelegramServer,
    application: Application,  # type: ignore[type-arg]
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The sentence holds the reference under which the log has the traceback, and nothing of the error."""
    await server.user(42).say("hello")
    await application.process_update(await received(application.bot))
    (told,) = server.chat(42).texts
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    reference = told.rstrip(".").split()[-1]
    assert f"reference {reference}" in record.getMessage()
    assert record.exc_info
    assert SECRET in caplog.text
    assert SECRET not in told
    assert "ValueError" not in told


async def test_a_button_that_fails_is_answered(
    server: TelegramServer,
    application: Application,  # type: ignore[type-arg]
) -> None:
    """The person sees a notice instead of a button that spins for ever."""
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Go", callback_data="go")]])
    ada = server.user(42)
    await application.bot.send_message(42, "Go?", reply_markup=keyboard)
    await ada.press(ada.chat.sent[0], "Go")
    await application.process_update(await received(application.bot))
    assert ada.notices[0]["text"].startswith("Something went wrong on my side.")


async def test_an_apology_that_cannot_be_sent_is_no_second_failure(
    server: TelegramServer,
    application: Application,  # type: ignore[type-arg]
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With the person gone only the log is told."""
    ada = server.user(42)
    await ada.say("hello")
    update = await received(application.bot)
    await ada.block()
    await application.process_update(update)
    assert "the apology could not be sent: Forbidden" in caplog.text


async def test_background_work_never_dies_silently(caplog: pytest.LogCaptureFixture) -> None:
    """An error in a task is logged with what the task was for."""
    task = in_background(break_down, "count the beans")
    await task
    assert task.exception() is None
    assert "could not count the beans" in caplog.text
    assert "Traceback" in caplog.text


async def test_guarded_work_gives_its_result() -> None:
    """What succeeds is not touched."""

    async def count() -> int:
        return 7

    assert await guard(count, "count") == 7


async def test_background_work_can_be_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    """Cancelling is no failure."""
    task = in_background(asyncio.Event().wait, "wait")
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert caplog.records == []
