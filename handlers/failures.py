"""What happens to an error nobody expected: the log gets all of it, the person one plain sentence."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING, TypeVar

from telegram import Update
from telegram.error import TelegramError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from telegram.ext import ContextTypes

log = logging.getLogger(__name__)
_T = TypeVar("_T")


async def on_error(update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Handle what a handler let through: register with `Application.add_error_handler`."""
    if context.error is None:
        return
    reference = record(context.error, "handle an update")
    if isinstance(update, Update):
        await _tell(update, apology(reference))


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


async def _tell(update: Update, sentence: str) -> None:
    try:
        if update.callback_query:
            await update.callback_query.answer(sentence[:200])
        elif update.effective_message:
            await update.effective_message.reply_text(sentence)
    except TelegramError as error:
        log.warning("the apology could not be sent: %s", type(error).__name__)
