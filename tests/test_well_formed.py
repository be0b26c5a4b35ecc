"""Only updates of the shape that Telegram gives them are worked on, whatever the library makes of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from telegram import Update

from handlers.well_formed import is_well_formed
from tests.update_kinds import KINDS, a_chat, a_message, a_user, raw_update

if TYPE_CHECKING:
    from tests.telegram_world import Json

ADA, CHAT = a_user(42), a_chat(42)
DOCUMENT = {"file_id": "f", "file_unique_id": "u", "file_name": "a.txt", "mime_type": "text/plain", "file_size": 3}
PHOTO = {"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9, "file_size": 3}
MENTION = {"type": "text_mention", "offset": 0, "length": 1, "user": ADA}


def fits(body: Json, kind: str = "message") -> bool:
    """Whether an update with this in it is well-formed."""
    return is_well_formed(Update.de_json({"update_id": 1, kind: body}, None))


@pytest.mark.parametrize("kind", KINDS)
def test_what_telegram_sends_is_well_formed(kind: str) -> None:
    """Every kind, as its documentation shows it."""
    assert is_well_formed(Update.de_json(raw_update(kind, ADA, a_chat(-100)), None))


@pytest.mark.parametrize(
    "more",
    [
        {"document": DOCUMENT},
        {"photo": [PHOTO]},
        {"text": "x", "entities": [MENTION]},
        {"quote": {"text": "x", "position": 0}},
        {"reply_to_message": a_message(ADA, CHAT, document=DOCUMENT)},
        {"message_thread_id": 3, "is_topic_message": True},
        {"sender_chat": a_chat(-100)},
        {"from": None},
        {"group_chat_created": True},
        {"migrate_to_chat_id": -1001234567890123},
    ],
)
def test_what_messages_can_hold_is_well_formed(more: Json) -> None:
    """Files, mentions, replies, topics and service messages."""
    assert fits(a_message(ADA, CHAT, **more))


@pytest.mark.parametrize("wrong", [None, 4.2, "x", {}, [], True, 2**63, -(2**70)])
@pytest.mark.parametrize("name", ["message_id", "chat.id", "from.id"])
def test_an_id_is_a_number_that_can_be_kept(name: str, wrong: Any) -> None:
    """A database could not take the others."""
    body = a_message(dict(ADA), dict(CHAT))
    assert fits(body)
    *path, last = name.split(".")
    (body[path[0]] if path else body)[last] = wrong
    assert not fits(body)


@pytest.mark.parametrize(
    "more",
    [
        {"text": 5},
        {"text": ["x"]},
        {"caption": True},
        {"message_thread_id": "3"},
        {"is_topic_message": 1},
        {"entities": [{**MENTION, "offset": "0"}]},
        {"entities": [{**MENTION, "user": {**ADA, "id": "42"}}]},
        {"document": {**DOCUMENT, "file_size": "big"}},
        {"document": {**DOCUMENT, "file_name": 5}},
        {"photo": [{**PHOTO, "width": None}]},
        {"quote": {"text": 5, "position": 0}},
        {"reply_to_message": {**a_message(ADA, CHAT), "text": 5}},
        {"from": {**ADA, "is_bot": "no"}},
        {"from": {**ADA, "first_name": None}},
        {"from": {**ADA, "username": 5}},
        {"chat": None},
        {"chat": {**CHAT, "type": None}},
        {"date": None},
    ],
)
def test_what_is_wrong_anywhere_is_found(more: Json) -> None:
    """In the message itself, and in what is in it."""
    body = {**a_message(ADA, CHAT), **more}
    assert not fits(body)
    assert not fits(body, "edited_message")
    press = {"id": "7", "from": ADA, "chat_instance": "1", "data": "x"}
    assert fits(press, "callback_query")
    assert not fits({**press, "message": body}, "callback_query")


@pytest.mark.parametrize("more", [{"id": 7}, {"data": 5}, {"from": None}])
def test_a_press_has_an_id_a_presser_and_text(more: Json) -> None:
    """What it lacks nothing can be answered to."""
    press = {"id": "7", "from": ADA, "chat_instance": "1", "data": "x", "message": a_message(ADA, CHAT)}
    assert fits(press, "callback_query")
    assert not fits({**press, **more}, "callback_query")
