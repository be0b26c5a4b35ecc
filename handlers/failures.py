"""What happens to an error nobody expected: the log gets all of it, the person one plain sentence."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING, TypeVar

from telegram import Update
from telegram.error import Forbidden, TelegramError
from telegram.ext import ApplicationHandlerStop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from telegram import Message
    from telegram.ext import ContextTypes

    from handlers.lanes import Lanes

    Say = Callable[[Message, str], Awaitable[None]]

log = logging.getLogger(__name__)
_T = TypeVar("_T")


async def on_error(update: object, context: ContextTypes.DEFAULT_TYPE, *, lanes: Lanes, say: Say) -> None:
    """Handle what a handler let through: with the rest, register it with `Application.add_error_handler`.

    `say` answers a message, however long that takes.
    Raises ApplicationHandlerStop: no further handler gets the update, as it may be the gate before them that failed.
    """
    if context.error is None:
        return
    what = f"handle update {update.update_id}" if isinstance(update, Update) else "do what was to be done"
    if isinstance(context.error, Forbidden):
        log.info("could not %s: the chat takes nothing from the bot any more", what)
    elif lanes.failed(update):
        reference = record(context.error, what)
        if isinstance(update, Update):
            await _tell(update, apology(reference), say)
    else:
        log.warning("could not %s, and try again", what, exc_info=context.error)
    raise ApplicationHandlerStop


def record(error: BaseException, what: str) -> str:
    """Log an error with its traceback; the reference under which it can be found."""
    reference = secrets.token_hex(3)
    log.error("could not %s (reference %s)", what, reference, exc_info=error)
    return reference


def apology(reference: str) -> str:
    """What a person is told: never the error itself, which may hold addresses and secrets."""
    return f"Something went wrong on my side. Please try again; the log has the details under {reference}."


async def guard(work: Callable[[], Awaitable[_T]], what: str) -> _T | None:
    """Do background work; an error is logged as "could not {what}" and the result is None."""
    try:
        return await work()
    except Exception as error:  # noqa: BLE001 - the one place where background work may fail
        record(error, what)
        return None


def in_background(work: Callable[[], Awaitable[_T]], what: str) -> asyncio.Task[_T | None]:
    """Start work that never dies silently. The caller keeps the task: the event loop holds tasks only weakly."""
    return asyncio.create_task(guard(work, what), name=what)


async def _tell(update: Update, sentence: str, say: Say) -> None:
    try:
        if update.callback_query:
            await update.callback_query.answer(sentence[:200])
        elif update.effective_message:
            await say(update.effective_message, sentence)
    except TelegramError as error:
        log.warning("the apology could not be sent: %s", type(error).__name__)
