"""The commands that everybody may give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialogue import reports
from dialogue.choices import choose_model
from handlers import screens
from handlers.access import answered_code
from handlers.answer import answer
from handlers.incoming import Question, Unreadable, read
from handlers.lanes import command_of
from storage.people import Role

if TYPE_CHECKING:
    from telegram import Message

    from handlers.dispatch import Request
    from handlers.front import Front, Screen

GREETING = (
    "Hello! Ask me anything: each message goes to the model that suits it best, on your own machine. "
    "I also read pictures and text files. /help lists what else I can do."
)
IN_GROUPS = "In a group I answer when I am named, replied to or given a command."
NOTHING_TO_RETRY = "There is nothing to answer again yet."
PICTURE_GONE = "I was restarted and no longer have the picture. Please send it again."
USAGE_PERIOD = "30d"


async def start(request: Request) -> str | None:
    """Greet; while nobody is admin, take the terminal's code."""
    if await answered_code(request.front, request.message, request.user):
        return None
    return GREETING


async def help_(request: Request) -> str:
    """List the commands that somebody may give."""
    is_admin = await request.front.access.role(request.user.id) is Role.ADMIN
    lines = [
        f"/{command.name} {command.description}"
        for command in request.front.commands
        if is_admin or not command.for_admins
    ]
    return "\n\n".join(("Just write, or send a picture or a text file.", "  \n".join(lines), IN_GROUPS))


async def new(request: Request) -> str:
    """Forget the conversation."""
    await request.services.conversations.clear(request.key)
    request.front.recent.forget(request.key)
    return "A new conversation; I have forgotten the one before."


async def stop(request: Request) -> str | None:
    """Stop what is being written here; the answer itself says that it was stopped."""
    return None if request.front.runs.stop(request.key) else "Nothing is being written here."


async def retry(request: Request) -> str | None:
    """Ask the last question again, another model first."""
    asked = request.front.recent.last(request.key)
    if asked is None:
        return await _retry_from_storage(request)
    try:
        question = await read(asked.message, request.services.settings.max_message_characters)
    except Unreadable as reason:
        return str(reason)
    answered_by = frozenset({asked.result.model_id}) if asked.result else frozenset[str]()
    await answer(
        request.front,
        request.message,
        question,
        request.update_id,
        avoid_model_ids=answered_by,
        replaces_last=asked.kept,
    )
    return None


async def _retry_from_storage(request: Request) -> str | None:
    """Ask again what was asked before the program was last started."""
    last = await request.services.conversations.last_turn(request.key)
    if last is None:
        return NOTHING_TO_RETRY
    if last.attachments_note:
        return PICTURE_GONE
    question = Question(last.question)
    await answer(
        request.front,
        request.message,
        question,
        request.update_id,
        avoid_model_ids=frozenset({last.model_id}),
        replaces_last=True,
    )
    return None


async def model(request: Request) -> Screen | str:
    """Have the model that is named answer in this chat; without a name, offer them to pick one."""
    if request.arguments:
        return reports.plain(await choose_model(request.services, request.key, " ".join(request.arguments)))
    return await screens.model_choice(request.services, request.key)


async def why(request: Request) -> str:
    """Say how the last answer came about."""
    asked = request.front.recent.last(request.key)
    told = (asked.result if asked else None) or await request.services.analytics.last_decision(request.key)
    return reports.why(told, request.services.registry)


async def usage(request: Request) -> str:
    """Show what somebody has used."""
    used = await request.services.analytics.usage(request.user.id, reports.PERIODS[USAGE_PERIOD])
    return reports.usage(used, request.services.registry)


async def unknown(front: Front, message: Message, update_id: int) -> None:
    """Answer a command that there is not; in a group it may be another bot's."""
    named = f"@{front.bot.username.lower()}" in "".join((message.text or "").split()[:1]).lower()
    if named or message.chat.type == message.chat.PRIVATE:
        sentence = f"I know no command /{command_of(message)}. /help lists those I know."
        await front.reply(message, sentence, update_id)
