"""Whether what came from Telegram has the shape that Telegram gives it: handlers rely on it without looking again."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from telegram import (
    CallbackQuery,
    Chat,
    Document,
    InaccessibleMessage,
    Message,
    MessageEntity,
    PhotoSize,
    TextQuote,
    User,
)

if TYPE_CHECKING:
    from telegram import Update

Kinds = tuple[type, ...]

_NOTHING = type(None)
_PERHAPS_TEXT: Kinds = (str, _NOTHING)
_PERHAPS_NUMBER: Kinds = (int, _NOTHING)
_MESSAGE: dict[str, Kinds] = {"message_id": (int,), "date": (dt.datetime,), "chat": (Chat,)}

# python-telegram-bot takes over whatever a field holds. Here is what the fields that we read must hold.
_FIELDS: dict[type, dict[str, Kinds]] = {
    User: {
        "id": (int,),
        "is_bot": (bool,),
        "first_name": (str,),
        "last_name": _PERHAPS_TEXT,
        "username": _PERHAPS_TEXT,
    },
    Chat: {"id": (int,), "type": (str,)},
    MessageEntity: {"type": (str,), "offset": (int,), "length": (int,), "user": (User, _NOTHING)},
    PhotoSize: {"file_id": (str,), "width": (int,), "height": (int,), "file_size": _PERHAPS_NUMBER},
    Document: {
        "file_id": (str,),
        "file_name": _PERHAPS_TEXT,
        "mime_type": _PERHAPS_TEXT,
        "file_size": _PERHAPS_NUMBER,
    },
    TextQuote: {"text": (str,)},
    InaccessibleMessage: _MESSAGE,
    Message: {
        **_MESSAGE,
        "edit_date": (dt.datetime, _NOTHING),
        "from_user": (User, _NOTHING),
        "sender_chat": (Chat, _NOTHING),
        "message_thread_id": _PERHAPS_NUMBER,
        "is_topic_message": (bool, _NOTHING),
        "text": _PERHAPS_TEXT,
        "caption": _PERHAPS_TEXT,
        "entities": (tuple,),
        "caption_entities": (tuple,),
        "photo": (tuple,),
        "document": (Document, _NOTHING),
        "quote": (TextQuote, _NOTHING),
        "reply_to_message": (Message, _NOTHING),
        "migrate_to_chat_id": _PERHAPS_NUMBER,
        "migrate_from_chat_id": _PERHAPS_NUMBER,
    },
    CallbackQuery: {
        "id": (str,),
        "from_user": (User,),
        "data": _PERHAPS_TEXT,
        "message": (Message, InaccessibleMessage, _NOTHING),
    },
}


def is_well_formed(update: Update) -> bool:
    """Whether an update names people and chats as Telegram does, and its message or press is what it should be.

    All the way down, and in whatever kind of update: what is not should not come near any handler, nor near the
    library's own bookkeeping.
    """
    return (
        _fits(update.effective_user, (User, _NOTHING))
        and _fits(update.effective_chat, (Chat, _NOTHING))
        and _fits(update.effective_message, (Message, InaccessibleMessage, _NOTHING))
        and _fits(update.callback_query, (CallbackQuery, _NOTHING))
    )


def _fits(value: object, kinds: Kinds) -> bool:
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        return False
    if isinstance(value, int):
        return -(2**63) <= value < 2**63  # what a database can keep
    if isinstance(value, tuple):
        return all(_fits(item, (MessageEntity, PhotoSize)) for item in value)
    return all(_fits(getattr(value, name), inner) for name, inner in _FIELDS.get(type(value), {}).items())
