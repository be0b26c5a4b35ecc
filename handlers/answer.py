"""Answer: a question is run, shown while its answer grows, written down once it is whole, and sent."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING

from telegram import InlineKeyboardButton

from dialogue.receipts import is_stopped, receipt
from dialogue.turn import Turn
from handlers.draft import Draft
from handlers.front import key_of, target_of
from handlers.outgoing import parcels_of
from log_context import log_context

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram import Message

    from handlers.front import Front
    from handlers.incoming import Question
    from routing.types import ExecutionResult
    from storage.transaction import Statement

STOP_BUTTON = "stop"
RESTARTING = "⏸ I am being restarted, and go on with this in a moment."
TRYING_AGAIN = "⚠ Something went wrong here. I try again."
NOTHING_SAID = "The model had nothing to say. Another one may: /retry asks it."


async def answer(  # noqa: PLR0913  # what is asked, where, and on whose account
    front: Front,
    message: Message,
    question: Question,
    update_id: int,
    *,
    avoid_model_ids: frozenset[str] = frozenset(),
    replaces_last: bool = False,
) -> None:
    """Run a question, and deliver what comes of it as the answer to a message.

    `update_id` names the update that asks for it: it ends with the answer. Where the program is stopped before, the
    question is kept for its next start.
    """
    turn = Turn(
        front.services,
        key_of(message),
        message.from_user.id if message.from_user else 0,
        question.text,
        attachments=question.attachments,
        avoid_model_ids=avoid_model_ids,
        replaces_last=replaces_last,
    )
    with log_context(request=turn.request_id):
        await _run(front, message, turn, update_id)


async def _run(front: Front, message: Message, turn: Turn, update_id: int) -> None:
    draft = _draft(front, message, turn, update_id)
    error = await _follow(front, turn, draft)
    if front.runs.closing and not _is_complete(turn):
        front.inbox.interrupt(update_id, await draft.interrupt(RESTARTING), draft.text)
    elif error:
        front.inbox.standing(update_id, await draft.interrupt(TRYING_AGAIN))
        raise error
    else:
        await _post(front, turn, draft, update_id)


def _draft(front: Front, message: Message, turn: Turn, update_id: int) -> Draft:
    target = target_of(message)
    stop = InlineKeyboardButton("⏹ Stop", callback_data=f"{STOP_BUTTON}:{turn.request_id}")
    return Draft(
        front.delivery(target),
        front.limiter,
        front.answers,
        stop_keyboard=front.keyboard(target, [[stop]]),
        standing=front.inbox.remains(update_id).message_ids,
        on_standing=partial(front.inbox.standing, update_id),
    )


def _is_complete(turn: Turn) -> bool:
    return turn.result is not None and not is_stopped(turn.result)


async def _post(front: Front, turn: Turn, draft: Draft, update_id: int) -> None:
    """Write the finished answer down, with the turn and the end of its update in one transaction; then send it."""
    parts = await draft.parts(_text(turn.result, front.inbox.remains(update_id).text), await _footer(front, turn))
    parcels = parcels_of(turn.request_id, turn.user_id, draft.target, parts, await draft.settled())
    await front.post(parcels, update_id, partial(_keep, front, turn))


async def _keep(front: Front, turn: Turn, along: Sequence[Statement]) -> int:
    ticket = await turn.keep(along)
    if asked := front.recent.last(turn.key):
        asked.result, asked.kept = turn.result, asked.kept or turn.kept
    return ticket


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


def _text(result: ExecutionResult | None, before: str) -> str:
    """The answer in Markdown; `before` is what a life before had of it, which is better than none."""
    if result is None:  # stopped before it had begun
        return ""
    if result.success:
        return result.response if result.response.strip() else NOTHING_SAID
    return result.partial or result.response or ("" if is_stopped(result) else before or result.error or "")


async def _footer(front: Front, turn: Turn) -> str:
    """The receipt, or what broke the answer off; and once in a conversation that its oldest turns are left out."""
    services, result = front.services, turn.result
    if result is None:
        return ""
    what_happened = (result.response or result.error or "") if result.partial else ""
    lines = [what_happened, receipt(result, services.registry, services.settings.receipts)]
    if result.turns_dropped and await services.conversations.say_once(turn.key, "turns dropped"):
        lines.append(
            "ⓘ this conversation is longer than the model's context: "
            f"its oldest {result.turns_dropped} turns are left out; /new begins a new one"
        )
    return "\n".join(filter(None, lines))
