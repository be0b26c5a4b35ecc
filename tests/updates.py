"""Updates as Telegram sends them, made without a Telegram."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from telegram import Update
from telegram.ext import ExtBot

from handlers.transport import Transport
from tests.telegram_server import TOKEN
from tests.telegram_world import entities_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telegram import Message

NOW = 1_800_000_000  # epoch seconds


class Sender:
    """Makes the updates of a chat, numbered as they come; a bot is bound to them that is connected to nothing."""

    def __init__(self, first_id: int = 1) -> None:
        self.bot: ExtBot[None] = ExtBot(TOKEN, request=Transport(), get_updates_request=Transport())
        self._ids = itertools.count(first_id)

    def json(
        self,
        text: str = "x",
        chat_id: int = 42,
        *,
        user_id: int = 42,
        thread_id: int | None = None,
        date: int = NOW,
        kind: str = "message",
        **fields: Any,
    ) -> dict[str, Any]:
        """One message as an update in JSON. `fields` are more fields of the message, or take the place of others."""
        update_id = next(self._ids)
        topic = {"message_thread_id": thread_id, "is_topic_message": True} if thread_id else {}
        message = {
            "message_id": update_id,
            "date": date,
            "chat": {"id": chat_id, "type": "private" if chat_id > 0 else "supergroup"},
            "from": {"id": user_id, "is_bot": False, "first_name": "Ada"},
            "text": text,
            "entities": entities_of(text),
            **topic,
            **fields,
        }
        return {"update_id": update_id, kind: message}

    def update(self, text: str = "x", chat_id: int = 42, **more: Any) -> Update:
        """The same as python-telegram-bot hands it over."""
        return self.read(self.json(text, chat_id, **more))

    def read(self, given: Mapping[str, Any]) -> Update:
        """What python-telegram-bot makes of an update in JSON."""
        return Update.de_json(dict(given), self.bot)


def message_of(update: Update) -> Message:
    """The new message that an update brings."""
    assert update.message
    return update.message
