"""Lost: a message that may have been sent, of which nobody knows the id, and how it is told from others."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from handlers.known import MOST_CANDIDATES

if TYPE_CHECKING:
    from telegram import Message

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lost:
    """A message with this text that stands, if at all, after another one; without a text it may be any of ours.

    `left`: how many more ids it may have. Somebody who found it under none of the first begins behind those.
    """

    after_message_id: int
    text: str | None = None
    left: int = MOST_CANDIDATES

    def not_at(self, message_id: int) -> Lost:
        """What is left to look for where it was not found under an id."""
        return replace(self, after_message_id=message_id, left=self.left - 1)

    def is_it(self, message: Message, chat_id: int, thread_id: int | None) -> bool:
        """Whether a message of ours is the one that was lost: it is in this chat and topic, and reads alike."""
        topic = message.message_thread_id if message.is_topic_message else None
        reads_alike = self.text is None or _essence(message.text or "") == _essence(self.text)
        return (message.chat.id, topic) == (chat_id, thread_id) and reads_alike

    def as_json(self) -> Json:
        """All of it as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, written: Json) -> Self:
        """Read what `as_json` wrote. Raises KeyError."""
        return cls(written["after_message_id"], written["text"], written["left"])


def _essence(text: str) -> str:
    """The letters and digits: Telegram trims white space, and drops characters that nobody sees."""
    return "".join(filter(str.isalnum, text))
