"""Chat: a message becomes a turn, and the turn's events one growing answer."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING

from telegram import InlineKeyboardButton
from telegram.error import Forbidden

from dialogue.receipts import is_stopped, receipt
from dialogue.turn import Turn
from handlers.draft import Draft
from handlers.failures import apology, record
from handlers.front import key_of, target_of
from handlers.incoming import Unreadable, mentions, read, replied_to, written

if TYPE_CHECKING:
    from telegram import Message

    from handlers.front import Front
    from handlers.incoming import Question
    from routing.types import ExecutionResult

log = logging.getLogger(__name__)

STOP_BUTTON = "stop"
RESTARTING = "I am being restarted. Please send this again in a minute."
NOTHING_SAID = "The model had nothing to say. /retry asks another one."
EDITED = "I answered the first version of this. /retry answers the new one."


async def on_message(front: Front, message: Message) -> None:
    """Answer a message, if it is meant for the bot."""
    if not is_addressed(message) or not (message.text or message.effective_attachment):
        return
    try:
        question = await read(message)
    except Unreadable as reason:
        await front.say(message, str(reason))
        return
    front.recent.note(key_of(message), message)
    await ask(front, message, question)


async def on_edit(front: Front, message: Message) -> None:
    """Keep the new version of the last question for /retry, and say so; older ones are past."""
    asked = front.recent.last(key_of(message))
    if asked is None or asked.message.message_id != message.message_id:
        return
    changed = written(asked.message) != written(message)
    asked.message = message
    if changed:
        await front.say(message, EDITED)


async def ask(
    front: Front,
    message: Message,
    question: Question,
    *,
    avoid_model_ids: frozenset[str] = frozenset(),
    replaces_last: bool = False,
) -> None:
    """Run a question, and deliver what comes of it as the answer to a message."""
    if front.runs.closing:
        await front.say(message, RESTARTING)
        return
    turn = Turn(
        front.services,
        key_of(message),
        message.from_user.id if message.from_user else 0,
        question.text,
        attachments=question.attachments,
        avoid_model_ids=avoid_model_ids,
        replaces_last=replaces_last,
    )
    try:
        await _deliver(front, message, turn)
    except Forbidden:
        log.info("chat %s takes no answers any more", message.chat.id)


def is_addressed(message: Message) -> bool:
    """Whether a message is meant for the bot: in private all are, in groups those that name it or reply to it."""
    if message.chat.type == message.chat.PRIVATE or mentions(message):
        return True
    reply = replied_to(message)
    return bool(reply and reply.from_user and reply.from_user.id == message.get_bot().id)


async def _deliver(front: Front, message: Message, turn: Turn) -> None:
    target = target_of(message)
    button = InlineKeyboardButton("⏹ Stop", callback_data=f"{STOP_BUTTON}:{turn.request_id}")
    draft = Draft(front.bot, target, front.formatter, stop_button=button, pace=front.pace(target))
    error = await _follow(front, turn, draft)
    if error:
        await draft.finish(draft.text, footer=apology(record(error, f"answer {turn.request_id}")))
        return
    if turn.result is None:  # stopped before it had begun
        return
    if asked := front.recent.last(turn.key):
        asked.result, asked.kept = turn.result, asked.kept or turn.kept
    await draft.finish(_text(turn.result), footer=await _footer(front, turn, turn.result))


async def _follow(front: Front, turn: Turn, draft: Draft) -> BaseException | None:
    """Show the answer while it is written, until it is done or stopped; the error that ended it, if one did."""
    task = asyncio.create_task(_show(turn, draft), name=f"answer {turn.request_id}")
    with front.runs.entered(turn.request_id, turn.key, task):
        try:
            await asyncio.wait([task])
        finally:
            task.cancel()
    return None if task.cancelled() else task.exception()


async def _show(turn: Turn, draft: Draft) -> None:
    async with aclosing(turn.events()) as events:
        await draft.follow(events)


def _text(result: ExecutionResult) -> str:
    if result.success:
        return result.response if result.response.strip() else NOTHING_SAID
    return result.partial or result.response or ("" if is_stopped(result) else result.error or "")


async def _footer(front: Front, turn: Turn, result: ExecutionResult) -> str:
    """The receipt, or what broke the answer off; and once in a conversation that its oldest turns are left out."""
    services = front.services
    what_happened = (result.response or result.error or "") if result.partial else ""
    lines = [what_happened, receipt(result, services.registry, services.settings.receipts)]
    if result.turns_dropped and await services.conversations.say_once(turn.key, "turns dropped"):
        lines.append(
            "ⓘ this conversation is longer than the model's context: "
            f"its oldest {result.turns_dropped} turns are left out; /new begins a new one"
        )
    return "\n".join(filter(None, lines))
