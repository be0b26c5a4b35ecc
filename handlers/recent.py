"""The last question of each conversation, as its message and its result, for as long as the process remembers."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telegram import Message

    from routing.types import ExecutionResult
    from storage.conversations import ConversationKey

CONVERSATIONS_REMEMBERED = 200


@dataclass(slots=True)
class Asked:
    """A question. The message is kept rather than its files, which Telegram hands out again.

    `result` is there once it was run; `kept`: it is the last turn of its conversation.
    """

    message: Message
    result: ExecutionResult | None = None
    kept: bool = False


class Recent:
    """Remembers one question a conversation; those of the conversations unused for longest are forgotten."""

    def __init__(self, limit: int = CONVERSATIONS_REMEMBERED) -> None:
        self._limit = limit
        self._asked: OrderedDict[ConversationKey, Asked] = OrderedDict()

    def note(self, key: ConversationKey, message: Message) -> Asked:
        """Remember a question instead of the one before."""
        asked = self._asked[key] = Asked(message)
        self._asked.move_to_end(key)
        if len(self._asked) > self._limit:
            self._asked.popitem(last=False)
        return asked

    def last(self, key: ConversationKey) -> Asked | None:
        """Find the last question of a conversation."""
        return self._asked.get(key)

    def forget(self, key: ConversationKey) -> None:
        """Forget a conversation's question."""
        self._asked.pop(key, None)

    def forget_person(self, user_id: int) -> None:
        """Forget what somebody asked, wherever that was."""
        for key, asked in list(self._asked.items()):
            if asked.message.from_user and asked.message.from_user.id == user_id:
                del self._asked[key]
