"""The data of buttons: sealed for its chat where a button is made, and opened where it is pressed.

What a button carries comes back from outside, and anybody could send anything. A seal shows that it was made here, for
this chat, with this database: what carries none is worth nothing.
"""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BYTES = 64  # Telegram's limit
TAG_BYTES = 8
TAG_CHARACTERS = 11  # eight bytes in base64 without padding
MOST_DATA_BYTES = MOST_BYTES - TAG_CHARACTERS

# The same secret also hashes what people wrote. No text that they write begins so: none can have this key for its hash.
_PURPOSE = b"\x00the data of buttons"


class Seal:
    """Seals and opens with a key of its own, derived from `secret`."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, _PURPOSE, "sha256")

    def keyboard(self, chat_id: int, rows: Sequence[Sequence[InlineKeyboardButton]]) -> InlineKeyboardMarkup | None:
        """The buttons as Telegram takes them for this chat; None where there are none."""
        sealed = [[self.button(chat_id, button) for button in row] for row in rows]
        return InlineKeyboardMarkup(sealed) if sealed else None

    def button(self, chat_id: int, button: InlineKeyboardButton) -> InlineKeyboardButton:
        """The same button, good in this chat alone."""
        data = button.callback_data
        if not isinstance(data, str):  # it opens a link, say: nothing of it comes back
            return button
        sealed = {**button.to_dict(), "callback_data": self.close(chat_id, data)}
        return InlineKeyboardButton.de_json(sealed, None)

    def close(self, chat_id: int, data: str) -> str:
        """Seal what a button is to carry: at most `MOST_DATA_BYTES` in UTF-8."""
        if len(data.encode()) > MOST_DATA_BYTES:
            raise ValueError(f"a button carries at most {MOST_DATA_BYTES} bytes of data: {data}")
        return self._tag(chat_id, data) + data

    def open(self, chat_id: int, sealed: str) -> str | None:
        """What a button carries; None when it was not sealed here, for this chat. How long that takes says nothing."""
        tag, data = sealed[:TAG_CHARACTERS], sealed[TAG_CHARACTERS:]
        is_ours = hmac.compare_digest(_bytes(tag), _bytes(self._tag(chat_id, data)))
        return data if is_ours else None

    def _tag(self, chat_id: int, data: str) -> str:
        digest = hmac.digest(self._key, _bytes(f"{chat_id}:{data}"), "sha256")
        return base64.urlsafe_b64encode(digest[:TAG_BYTES]).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    """What comes from outside may hold halves of characters."""
    return text.encode("utf-8", "surrogatepass")
