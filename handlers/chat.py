"""Chat: a message, or its new version, becomes a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.answer import answer
from handlers.front import key_of
from handlers.incoming import Unreadable, mentions, read, replied_to, written

if TYPE_CHECKING:
    from telegram import Message

    from handlers.front import Front

EDITED = "I answered the first version of this. /retry answers the new one."


async def on_message(front: Front, message: Message, update_id: int) -> None:
    """Answer a message, if it is meant for the bot."""
    if not is_addressed(message) or not (message.text or message.effective_attachment):
        return
    try:
        question = await read(message, front.services.settings.max_message_characters)
    except Unreadable as reason:
        await front.reply(message, str(reason), update_id)
        return
    front.recent.note(key_of(message), message)
    await answer(front, message, question, update_id)


async def on_edit(front: Front, message: Message) -> None:
    """Keep the new version of the last question for /retry, and say so; older ones are past."""
    asked = front.recent.last(key_of(message))
    if asked is None or asked.message.message_id != message.message_id:
        return
    changed = written(asked.message) != written(message)
    asked.message = message
    if changed:
        await front.say(message, EDITED)


def is_addressed(message: Message) -> bool:
    """Whether a message is meant for the bot: in private all are, in groups those that name it or reply to it."""
    if message.chat.type == message.chat.PRIVATE or mentions(message):
        return True
    reply = replied_to(message)
    return bool(reply and reply.from_user and reply.from_user.id == message.get_bot().id)
