"""The order of updates: first in, first out within a chat or forum topic, chats side by side, urgent ones at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from telegram import Message, MessageEntity, Update
from telegram.ext import BaseUpdateProcessor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Collection

# python-telegram-bot counts an update that waits in its lane as one in work: there must be room for all of them.
MOST_UPDATES_AT_ONCE = 100_000

Lane = tuple[int, int | None]  # chat id, thread id


class Lanes(BaseUpdateProcessor):
    """Keeps each chat and forum topic in order. Lives as long as the application it is given to.

    `urgent_commands` ("stop", without the slash) are worked on at once, as are buttons and everything else that is not
    a message: waiting behind the answer that they are meant to stop would make them useless.
    """

    def __init__(self, urgent_commands: Collection[str] = ("stop",)) -> None:
        super().__init__(MOST_UPDATES_AT_ONCE)
        self._urgent_commands = frozenset(urgent_commands)
        # A lock goes when the last update that holds it or waits for it does.
        self._locks: WeakValueDictionary[Lane, asyncio.Lock] = WeakValueDictionary()

    async def initialize(self) -> None:
        """Nothing is opened."""

    async def shutdown(self) -> None:
        """Nothing is held."""

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Await the work on an update when it is its turn."""
        try:
            lane = self._lane(update)
            if lane is None:
                await coroutine
                return
            async with self._locks.setdefault(lane, asyncio.Lock()):
                await coroutine
        finally:
            if isinstance(coroutine, Coroutine):
                coroutine.close()  # it was never started when this task was cancelled while it waited

    def _lane(self, update: object) -> Lane | None:
        message = update.effective_message if isinstance(update, Update) and not update.callback_query else None
        if message is None or command_of(message) in self._urgent_commands:
            return None
        return message.chat.id, message.message_thread_id if message.is_topic_message else None


def command_of(message: Message) -> str:
    """The command with which a message begins, without slash and bot name, in lower case; empty when it has none."""
    entity = message.entities[0] if message.entities else None
    if not message.text or entity is None or entity.type != MessageEntity.BOT_COMMAND or entity.offset != 0:
        return ""
    return message.text[1 : entity.length].partition("@")[0].lower()
