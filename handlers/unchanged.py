"""Unchanged: what our messages look like, so that no edit is sent that would change nothing."""

from __future__ import annotations

import json
from collections import OrderedDict
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from telegram import TelegramObject

if TYPE_CHECKING:
    from collections.abc import Mapping

MESSAGES_REMEMBERED = 1000
_BODY = ("text", "parse_mode", "entities", "link_preview_options")
_BUTTONS = ("reply_markup",)

MessageKey = tuple[int, int]  # chat id, message id


class Look(NamedTuple):
    """Digests of a message's text and of its buttons; None where that is not known."""

    body: bytes | None
    buttons: bytes | None


class Unchanged:
    """Remembers how the latest messages look since our last call about them that Telegram took."""

    def __init__(self) -> None:
        self._looks: OrderedDict[MessageKey, Look] = OrderedDict()

    def is_known(self, endpoint: str, data: Mapping[str, Any]) -> bool:
        """Whether this call would leave its message as it is."""
        look = self._looks.get(_key(data))
        if endpoint == "editMessageText":
            return look == _look(data)
        return endpoint == "editMessageReplyMarkup" and look is not None and look.buttons == _digest(data, _BUTTONS)

    def began(self, data: Mapping[str, Any]) -> Look:
        """Note that a call may change a message from now on; how it looked before."""
        return self._looks.pop(_key(data), Look(None, None))

    def ended(self, endpoint: str, data: Mapping[str, Any], result: object, before: Look) -> None:
        """Note how a message looks after Telegram took a call."""
        if endpoint == "sendMessage" and isinstance(result, dict):
            self._remember((data["chat_id"], result["message_id"]), _look(data))
        elif endpoint == "editMessageText":
            self._remember(_key(data), _look(data))
        elif endpoint == "editMessageReplyMarkup":
            self._remember(_key(data), before._replace(buttons=_digest(data, _BUTTONS)))

    def _remember(self, key: MessageKey, look: Look) -> None:
        self._looks[key] = look
        if len(self._looks) > MESSAGES_REMEMBERED:
            self._looks.popitem(last=False)


def _key(data: Mapping[str, Any]) -> MessageKey:
    return data["chat_id"], data.get("message_id", 0)


def _look(data: Mapping[str, Any]) -> Look:
    return Look(_digest(data, _BODY), _digest(data, _BUTTONS))


def _digest(data: Mapping[str, Any], names: tuple[str, ...]) -> bytes:
    """A digest and no text: what people are told lies around in as few places as possible."""
    written = json.dumps([data.get(name) for name in names], default=_plain)
    return sha256(written.encode()).digest()


def _plain(value: object) -> object:
    # Compared as it is sent: to python-telegram-bot, links to different places are equal entities.
    return value.to_dict() if isinstance(value, TelegramObject) else str(value)
