"""An unexpected error is logged whole, told in one plain sentence, and ends nothing but what it happened in."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update
from telegram.ext import Application, CallbackQueryHandler, MessageHandler, filters

from handlers.delivery import Delivery
from handlers.failures import guard, in_background, on_error
from handlers.front import target_of
from handlers.lanes import Lanes
from handlers.limiter import Limiter
from handlers.parts import formatted
from handlers.waiting import Waiting
from routing.response_formatter import ResponseFormatter
from storage.database import Database
from storage.inbox import Inbox
from tests.telegram_server import TOKEN, TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytest_plugins = ("tests.telegram_fixtures",)

SECRET = "postgres://user:hunter2@10.0.0.1"


async def break_down(*_: object) -> None:
    raise ValueError(SECRET)


async def nobody(_: object) -> bool:
    return False


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with await Database.open(tmp_path / "switchboard.db") as database:
        yield database


@pytest.fixture
def inbox(database: Database) -> Inbox:
    return Inbox(database)


@pytest.fixture
async def application(server: TelegramServer, inbox: Inbox) -> AsyncIterator[Application]:  # type: ignore[type-arg]
    limiter = Limiter()
    lanes = Lanes(inbox, Waiting(nobody, limiter.preview_wait_seconds), pauses_seconds=[0.01])
    builder = Application.builder().token(TOKEN).base_url(f"{server.url}/bot").updater(None)
    application = builder.concurrent_updates(lanes).rate_limiter(limiter).build()
    lanes.process = application.process_update
    application.add_handler(MessageHandler(filters.ALL, break_down))
    application.add_handler(CallbackQueryHandler(break_down))

    async def say(message: Message, sentence: str) -> None:
        (part,) = await formatted(ResponseFormatter().format, sentence)
        await Delivery(application.bot, target_of(message), limiter).send(part)

    application.add_error_handler(partial(on_error, lanes=lanes, say=say))
    async with application:
        yield application


async def work_on(application: Application, inbox: Inbox, update: Update) -> None:  # type: ignore[type-arg]
    """Have an update worked on as a running application does."""
    await inbox.accept([(update.update_id, update.to_json())])
    work = application.process_update(update)
    await application.update_processor.process_update(update, work)


async def received(bot: Bot) -> Update:
    return (await bot.get_updates())[-1]


async def test_a_person_is_told_plainly_and_the_log_has_it_all(
    server: TelegramServer,
    application: Application,  # type: ignore[type-arg]
    inbox: Inbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The sentence holds the reference under which the log has the traceback, and nothing of the error."""
    await server.user(42).say("hello")
    await work_on(application, inbox, await received(application.bot))
    (told,) = server.chat(42).texts
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    reference = told.rstrip(".").split()[-1]
    assert f"reference {reference}" in record.getMessage()
    assert record.exc_info
    assert SECRET in caplog.text
    assert SECRET not in told
    assert "ValueError" not in told


async def test_each_try_is_logged_and_the_last_is_the_error(
    server: TelegramServer,
    application: Application,  # type: ignore[type-arg]
    inbox: Inbox,
    database: Database,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Three tracebacks that name the update, under which the inbox keeps it set aside; one sentence for its sender."""
    await server.user(42).say("hello")
    update = await received(application.bot)
    await work_on(application, inbox, update)
    records = [record for record in caplog.records if record.name == "handlers.failures"]
    assert [record.levelno for record in records] == [logging.WARNING, logging.WARNING, logging.ERROR]
    assert all(record.exc_info and f"update {update.update_id}" in record.getMessage() for record in records)
    assert len(server.chat(42).texts) == 1
    await database.flush()
    assert await inbox.load() == ()


async def test_a_person_is_not_told_of_a_try_that_failed_alone(
    server: TelegramServer,
    application: Application,  # type: ignore[type-arg]
    inbox: Inbox,
) -> None:
    """The second try answers: there is nothing to be sorry for."""
    tries: list[object] = []

    async def fail_once(update: Update, _: object) -> None:
        tries.append(update)
        if len(tries) == 1:
            raise ValueError(SECRET)
        await application.bot.send_message(42, "Hello.")

    application.add_handler(MessageHandler(filters.ALL, fail_once), group=-2)
    application.remove_handler(application.handlers[0][0])
    await server.user(42).say("hello")
    await work_on(application, inbox, await received(application.bot))
    assert server.chat(42).texts == ["Hello."]


async def test_behind_a_handler_that_failed_no_other_is_asked(
    server: TelegramServer,
    application: Application,  # type: ignore[type-arg]
    inbox: Inbox,
) -> None:
    """The first one is the gate: when it cannot say who may pass, nobody does."""
    passed: list[object] = []

    async def note(update: Update, _: object) -> None:
        passed.append(update)

    application.add_handler(MessageHandler(filters.ALL, note), group=1)
    await server.user(42).say("hello")
    await work_on(application, inbox, await received(application.bot))
    assert passed == []


async def test_a_button_that_fails_is_answered(
    server: TelegramServer,
    application: Application,  # type: ignore[type-arg]
    inbox: Inbox,
) -> None:
    """The person sees a notice instead of a button that spins for ever."""
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Go", callback_data="go")]])
    ada = server.user(42)
    await application.bot.send_message(42, "Go?", reply_markup=keyboard)
    await ada.press(ada.chat.sent[0], "Go")
    await work_on(application, inbox, await received(application.bot))
    (notice,) = ada.notices
    assert notice["text"].startswith("Something went wrong on my side.")


async def test_an_apology_that_cannot_be_sent_is_no_second_failure(
    server: TelegramServer,
    application: Application,  # type: ignore[type-arg]
    inbox: Inbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With the person gone only the log is told."""
    ada = server.user(42)
    await ada.say("hello")
    update = await received(application.bot)
    await ada.block()
    await work_on(application, inbox, update)
    assert "the apology could not be sent: Forbidden" in caplog.text


async def test_an_apology_outlives_an_outage(
    server: TelegramServer,
    application: Application,  # type: ignore[type-arg]
    inbox: Inbox,
) -> None:
    """What went wrong is not tried again after it: nobody else would tell the person."""
    await server.user(42).say("hello")
    update = await received(application.bot)
    server.faults.fail(2, method="sendMessage")
    await work_on(application, inbox, update)
    (told,) = server.chat(42).texts
    assert told.startswith("Something went wrong on my side.")


async def test_whoever_blocks_the_bot_before_a_reply_is_no_failure(
    server: TelegramServer,
    application: Application,  # type: ignore[type-arg]
    database: Database,
    inbox: Inbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nothing is tried again, nothing is left to be done, and nobody has to look into it."""
    application.add_handler(MessageHandler(filters.ALL, greet), group=-1)
    ada = server.user(42)
    await ada.say("hello")
    update = await received(application.bot)
    await ada.block()
    await work_on(application, inbox, update)
    assert len(server.called("sendMessage")) == 1
    await database.flush()
    assert await inbox.load() == ()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def greet(update: Update, _: object) -> None:
    await update.get_bot().send_message(42, "Hello.")


async def test_an_error_without_an_update_is_logged(
    application: Application,  # type: ignore[type-arg]
    caplog: pytest.LogCaptureFixture,
) -> None:
    """There is nobody to be told, and nothing to be tried again."""
    await application.process_error(None, ValueError(SECRET))
    assert "could not do what was to be done (reference" in caplog.text


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
