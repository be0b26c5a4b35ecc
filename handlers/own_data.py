"""What people may do with what is kept about them: have it sent as a file, and have it deleted."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from telegram import InlineKeyboardButton
from telegram.error import BadRequest, NetworkError

from handlers.backoff import outlast
from handlers.dispatch import OldButton
from handlers.front import Screen
from handlers.transport import NotSent
from routing.errors import RoutingError
from storage.personal_data import PersonalData

if TYPE_CHECKING:
    from telegram import Message

    from dialogue.services import Services
    from handlers.dispatch import Press, Request
    from storage.personal_data import Kept

log = logging.getLogger(__name__)

FORGET_ME = "forget"
"""What the data of the button begins with that confirms."""

ASK_IN_PRIVATE = "What I keep about you is between you and me: please ask me in our private chat."
FILE_NAME = "switchboard-data.json"
CAPTION = "Everything I keep about you, as of now. /forget deletes it."
ABOUT = (
    "Everything that the bot @{bot} keeps about you, in the form in which it is kept; times are in UTC. Not in it: "
    "what was said in groups before the bot noted who asks, copies in backups, and what Telegram itself keeps."
)
TOO_LARGE = (
    "What I keep about you is larger than Telegram lets me send. Please ask the owner of this bot for it; "
    "/forget deletes it all the same."
)
MAY_HAVE_ARRIVED = (
    "The file may have arrived although Telegram did not say so: if you do not see it, send /export again."
)
NOTHING_KEPT = "I keep nothing about you but that you may talk to me."
BUSY = "I am still writing you an answer. Stop it or wait for its end, then press again."
FORGOTTEN = "Everything I kept about you is deleted."
KEPT_PROMPTS = "what MLX models keep of conversations, of everybody's, so that they need not read them anew"
PROMPTS_STAY = (
    "But what MLX models keep of conversations could not be dropped. What is in memory goes when the bot is started "
    "anew, what is on disk with the folder that MLX_PROMPT_CACHE_FOLDER names."
)
# Telegram takes no larger file from a bot.
LARGEST_FILE_BYTES = 50_000_000
# A slow line may need as long to take it.
SENDING_SECONDS = 300.0
# Who finds the button later is shown anew what it would delete.
CONFIRM_WITHIN = timedelta(minutes=10)


async def export(request: Request) -> str | None:
    """Send somebody all that is kept about them, as a file."""
    if not _is_private(request.message):
        return ASK_IN_PRIVATE
    services, user_id = request.services, request.user.id
    role = await request.front.access.role(user_id)
    person = await services.people.find(user_id)
    data = await _personal_data(services).export(user_id, role or "none", person)
    about = ABOUT.format(bot=request.front.bot.username)
    file = await asyncio.to_thread(_written, {"about": about, **data})
    if len(file) > LARGEST_FILE_BYTES:
        return TOO_LARGE
    try:
        await outlast(lambda: _send(request, file), NotSent)
    except BadRequest:  # is a NetworkError to python-telegram-bot
        raise
    except NetworkError as error:
        log.warning("a file may have been sent, or not: %s", type(error).__name__)
        return MAY_HAVE_ARRIVED
    return None


async def forget(request: Request) -> Screen | str:
    """Show somebody what would be deleted, with a button that does it."""
    if not _is_private(request.message):
        return ASK_IN_PRIVATE
    kept = await _personal_data(request.services).count(request.user.id)
    if kept.is_nothing:
        return NOTHING_KEPT
    kept_prompts = [KEPT_PROMPTS] if _keeps_prompts(request.services) else []
    lines = "\n".join(f"- {line}" for line in (*_described(kept), *kept_prompts))
    text = "\n\n".join(
        (f"**This deletes for good what I keep about you:**\n\n{lines}", _what_stays(request.services, kept))
    )
    return Screen(text, ((InlineKeyboardButton("Delete all of it", callback_data=FORGET_ME),),))


async def forget_now(press: Press) -> tuple[str, Screen | None]:
    """Delete all that is kept about whoever presses the button."""
    is_late = datetime.now(UTC) - press.message.date > CONFIRM_WITHIN
    if is_late or not _is_private(press.message):
        raise OldButton
    front, services, user_id = press.front, press.services, press.user.id
    if front.runs.is_busy(user_id):
        return BUSY, None
    data = _personal_data(services)
    kept = await data.count(user_id)
    await data.forget(user_id)
    front.recent.forget_person(user_id)
    told = f"{FORGOTTEN} {'' if await _prompts_dropped(services) else PROMPTS_STAY}".rstrip()
    return FORGOTTEN, Screen("\n\n".join((told, _what_stays(services, kept))))


async def _prompts_dropped(services: Services) -> bool:
    """Drop what models keep of conversations, which nobody can tell apart by person; whether that is so now."""
    try:
        await services.forget_prompts()
    except RoutingError as error:
        log.warning("kept prompts were not dropped: %s", error, exc_info=error)
        return False
    return True


def _keeps_prompts(services: Services) -> bool:
    return bool(services.settings.mlx_model_paths)


async def _send(request: Request, file: bytes) -> None:
    await request.front.bot.send_document(
        request.message.chat.id,
        file,
        filename=FILE_NAME,
        caption=CAPTION,
        message_thread_id=request.key.thread_id or None,
        read_timeout=SENDING_SECONDS,
    )


def _is_private(message: Message) -> bool:
    return message.chat.type == message.chat.PRIVATE


def _personal_data(services: Services) -> PersonalData:
    return PersonalData(services.database, services.conversations, services.preferences)


def _written(data: dict[str, object]) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=2).encode("utf-8", "replace")


def _described(kept: Kept) -> list[str]:
    counted = (
        (kept.turns, "question and answer in this chat", "questions and answers in this chat"),
        (
            kept.group_turns,
            "question of yours in groups, with its answer",
            "questions of yours in groups, with their answers",
        ),
        (kept.decisions, "entry of the statistics", "entries of the statistics"),
        (kept.chosen_models, "choice of a model", "choices of a model"),
        (kept.unsent, "answer that is not sent yet", "answers that are not sent yet"),
        (kept.unanswered, "message that I could not answer", "messages that I could not answer"),
    )
    return [f"{count:,} {one if count == 1 else many}" for count, one, many in counted if count]


def _what_stays(services: Services, kept: Kept) -> str:
    stays = [
        "that you may talk to me, which an admin can end",
        "what is in backups made before, until the owner of this bot deletes them",
        "what stands in our chat, which is Telegram's and yours to delete",
    ]
    if kept.unattributed:
        days = services.settings.retention_days
        until = f"until it is {days} days old" if days else "for good"
        stays.insert(1, f"what was said in groups before I noted who asks, {until}")
    return f"What stays: {'; '.join(stays)}."
