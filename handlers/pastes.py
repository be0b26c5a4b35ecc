"""Pastes: the messages into which Telegram's clients cut a long text become one message again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from telegram import Message, MessageEntity, Update

from handlers.incoming import replied_to
from routing.rich_text import utf16_length

if TYPE_CHECKING:
    from collections.abc import Sequence

# In UTF-16 units, in which Telegram counts. Its clients cut at 4,096: in the middle of a text that gives no occasion,
# otherwise at the end of a line or a word before that, whose white space is lost.
CUT_UNITS = 4096
LONG_UNITS = 4000
MOST_APART = timedelta(seconds=2)
# What is too long should be refused as one, not be answered by its last tenth. Beyond this it becomes several.
MOST_TIMES_TOO_LONG = 10


class Paste:
    """The pieces of one text, as far as they have come; most often it is one, and a whole message by itself.

    `most_characters` is how long a message may be: of what is longer, somebody else says so.
    """

    def __init__(self, first: Update, most_characters: int) -> None:
        self._first = first
        self._most_characters = most_characters
        self._pieces = [first.message] if first.message and is_plain(first.message) else []
        self._later_ids: list[int] = []
        self._characters = sum(len(piece.text or "") for piece in self._pieces)

    @property
    def is_open(self) -> bool:
        """Whether another piece may follow: the last one is about as long as a message can be."""
        is_cut = bool(self._pieces) and utf16_length(self._pieces[-1].text or "") >= LONG_UNITS
        return is_cut and self._characters <= MOST_TIMES_TOO_LONG * self._most_characters

    @property
    def later_ids(self) -> tuple[int, ...]:
        """The ids of the updates that brought the pieces after the first."""
        return tuple(self._later_ids)

    def take(self, update: Update | None) -> bool:
        """Add the next piece; False: it is none, and the paste is over."""
        following = update.message if update else None
        if update is None or following is None or not self.is_open or not follows(self._pieces[-1], following):
            return False
        self._pieces.append(following)
        self._later_ids.append(update.update_id)
        self._characters += len(following.text or "")
        return True

    def whole(self) -> Update:
        """The update that came, where it was one; otherwise the first with the text of all."""
        if not self._later_ids:
            return self._first
        text, entities = _joined(self._pieces, self._most_characters)
        data = self._first.to_dict()
        data["message"] |= {"text": text, "entities": entities}
        return Update.de_json(data, self._pieces[0].get_bot())


def is_plain(message: Message) -> bool:
    """Whether a message is text, and no command: only of such a client makes several."""
    return bool(message.text) and not any(
        entity.type == MessageEntity.BOT_COMMAND and entity.offset == 0 for entity in message.entities
    )


def follows(piece: Message, following: Message) -> bool:
    """Whether a message can be the next piece of the same text."""
    return (
        is_plain(following)
        and not (replied_to(following) or following.quote or following.external_reply)
        and piece.from_user == following.from_user
        and bool(piece.forward_origin) == bool(following.forward_origin)
        and abs(following.date - piece.date) <= MOST_APART
    )


def _joined(pieces: Sequence[Message], most_characters: int) -> tuple[str, list[dict[str, Any]]]:
    """The text of all pieces, and its entities: their places are counted from where their piece begins."""
    text, entities, at = "", list[dict[str, Any]](), 0
    for piece in pieces:
        if at <= 2 * most_characters:  # what lies beyond is refused: nothing in it need be looked for
            entities += [{**entity.to_dict(), "offset": entity.offset + at} for entity in piece.entities]
        units = utf16_length(piece.text or "")
        end = "" if units == CUT_UNITS or piece is pieces[-1] else "\n"
        text += f"{piece.text}{end}"
        at += units + len(end)
    return text, entities
