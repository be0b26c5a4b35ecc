"""Raw updates of every kind that Telegram has, as its documentation shows them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.telegram_world import Json, entities_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[[Json, Json], Json]

BOT: Json = {"id": 123, "is_bot": True, "first_name": "Switchboard", "username": "switchboard_bot"}
# Kinds that the library in use does not know, or that nobody knows yet.
UNKNOWN_KINDS = frozenset({"stopped_message_generation", "something_of_tomorrow"})


def a_user(user_id: int, name: str = "Eve") -> Json:
    """A User."""
    return {"id": user_id, "is_bot": False, "first_name": name, "language_code": "en"}


def a_chat(chat_id: int) -> Json:
    """A Chat: a private one where the id is positive."""
    if chat_id > 0:
        return {"id": chat_id, "type": "private", "first_name": "Eve"}
    return {"id": chat_id, "type": "supergroup", "title": "Group"}


def a_message(sender: Json, chat: Json, text: str = "/help What is Python?", **more: object) -> Json:
    """A Message."""
    body = {"message_id": 5, "date": int(time.time()), "chat": chat, "from": sender, "text": text}
    return {**body, "entities": entities_of(text), **more}


def raw_update(kind: str, sender: Json, chat: Json, update_id: int = 1) -> Json:
    """An Update of this kind by somebody, in some chat."""
    make = KINDS.get(kind, lambda sender, chat: {"chat": chat, "user": sender, "draft_id": "1"})
    return {"update_id": update_id, kind: make(sender, chat)}


def _member_change(sender: Json, chat: Json) -> Json:
    old, new = {"status": "left", "user": BOT}, {"status": "member", "user": BOT}
    return {"chat": chat, "from": sender, "date": int(time.time()), "old_chat_member": old, "new_chat_member": new}


def _poll(_: Json, __: Json) -> Json:
    options = [{"text": "Yes", "voter_count": 1, "persistent_id": "1"}]
    flags = {"is_closed": False, "is_anonymous": True, "type": "regular", "allows_multiple_answers": False}
    return {
        "id": "1",
        "question": "Is it?",
        "options": options,
        "total_voter_count": 1,
        "allows_revoting": False,
        "members_only": False,
        **flags,
    }


def _boost(sender: Json, chat: Json) -> Json:
    source = {"source": "premium", "user": sender}
    boost = {"boost_id": "1", "add_date": 1, "expiration_date": 2, "source": source}
    return {"chat": chat, "boost": boost, "boost_id": "1", "remove_date": 1, "source": source}


def _query(sender: Json, _: Json) -> Json:
    return {"id": "1", "from": sender, "query": "What is Python?", "offset": "", "chat_type": "sender"}


def _press(sender: Json, chat: Json) -> Json:
    message = a_message(BOT, chat, text="Pick one")
    return {"id": "77", "from": sender, "chat_instance": "1", "data": "model:auto", "message": message}


def _payment(sender: Json, _: Json) -> Json:
    address = dict.fromkeys(("country_code", "state", "city", "street_line1", "street_line2", "post_code"), "X")
    order = {"currency": "XTR", "total_amount": 1, "shipping_address": address}
    return {"id": "1", "from": sender, "invoice_payload": "x", **order}


def _reaction(sender: Json, chat: Json) -> Json:
    reactions: Json = {"old_reaction": [], "new_reaction": [{"type": "emoji", "emoji": "👍"}]}
    return {"chat": chat, "message_id": 1, "user": sender, "date": int(time.time()), **reactions}


def _reaction_count(_: Json, chat: Json) -> Json:
    counts = [{"type": {"type": "emoji", "emoji": "👍"}, "total_count": 1}]
    return {"chat": chat, "message_id": 1, "date": int(time.time()), "reactions": counts}


def _join_request(sender: Json, chat: Json) -> Json:
    return {"chat": chat, "from": sender, "user_chat_id": sender["id"], "date": int(time.time())}


def _business(sender: Json, _: Json) -> Json:
    return {"id": "b", "user": sender, "user_chat_id": sender["id"], "date": int(time.time()), "is_enabled": True}


def _deleted(_: Json, chat: Json) -> Json:
    return {"business_connection_id": "b", "chat": chat, "message_ids": [1]}


def _post(sender: Json, chat: Json) -> Json:
    return a_message(sender, {**chat, "type": "channel"}, sender_chat=chat)


def _business_message(sender: Json, chat: Json) -> Json:
    return a_message(sender, chat, business_connection_id="b")


KINDS: dict[str, Make] = {
    "message": a_message,
    "edited_message": lambda sender, chat: a_message(sender, chat, edit_date=int(time.time())),
    "channel_post": _post,
    "edited_channel_post": _post,
    "business_connection": _business,
    "business_message": _business_message,
    "edited_business_message": _business_message,
    "deleted_business_messages": _deleted,
    "guest_message": _business_message,
    "message_reaction": _reaction,
    "message_reaction_count": _reaction_count,
    "inline_query": _query,
    "chosen_inline_result": lambda sender, chat: {"result_id": "1", **_query(sender, chat)},
    "callback_query": _press,
    "shipping_query": _payment,
    "pre_checkout_query": _payment,
    "purchased_paid_media": lambda sender, _: {"from": sender, "paid_media_payload": "x"},
    "poll": _poll,
    "poll_answer": lambda sender, _: {
        "poll_id": "1",
        "user": sender,
        "option_ids": [0],
        "option_persistent_ids": ["1"],
    },
    "my_chat_member": _member_change,
    "chat_member": _member_change,
    "chat_join_request": _join_request,
    "chat_boost": _boost,
    "removed_chat_boost": _boost,
    "managed_bot": lambda sender, _: {"user": sender, "bot": BOT},
}
