"""What a button carries is sealed for one chat, with a key of its own, and fits into Telegram's limit."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram import InlineKeyboardButton

from dialogue.choices import AUTO
from handlers import BUTTONS
from handlers.callback_data import MOST_BYTES, MOST_DATA_BYTES, TAG_BYTES, TAG_CHARACTERS, Seal
from handlers.model_list import tag_of
from handlers.screens import load_name
from routing.types import RoutingStrategy
from tests.answers import a_model

SECRET = b"\x07" * 32
CHAT, OTHER_CHAT = 42, -1001234567890

ANYTHING = st.text(st.characters(), max_size=80)  # halves of characters too


@given(data=st.text(st.characters(exclude_categories=["Cs"]), max_size=MOST_DATA_BYTES // 4), chat_id=st.integers())
def test_what_is_sealed_can_be_opened_in_its_chat(data: str, chat_id: int) -> None:
    """And in no other; a button of at most 64 bytes carries it."""
    seal = Seal(SECRET)
    sealed = seal.close(chat_id, data)
    assert seal.open(chat_id, sealed) == data
    assert seal.open(chat_id + 1, sealed) is None
    assert len(sealed.encode()) <= MOST_BYTES


@given(sealed=ANYTHING, chat_id=st.integers())
def test_what_was_not_sealed_here_is_nothing(sealed: str, chat_id: int) -> None:
    """Whatever its letters, and without an error."""
    assert Seal(SECRET).open(chat_id, sealed) is None


@settings(max_examples=50)
@given(place=st.integers(0, TAG_CHARACTERS + len("model:auto") - 1), letter=st.characters(codec="ascii"))
def test_no_letter_of_it_can_be_changed(place: int, letter: str) -> None:
    """Neither of the tag nor of what it seals; the last letter of a tag has bits to spare, which count too."""
    sealed = Seal(SECRET).close(CHAT, "model:auto")
    changed = sealed[:place] + letter + sealed[place + 1 :]
    assert (Seal(SECRET).open(CHAT, changed) is None) == (changed != sealed)


def test_an_id_and_data_cannot_be_divided_in_another_way() -> None:
    """Chat 4 with "2:x" is not chat 42 with "x", nor anything alike."""
    tags = {Seal(SECRET).close(chat, data)[:TAG_CHARACTERS] for chat, data in ((4, "2:x"), (42, ":x"), (42, "x"))}
    assert len(tags) == 3


def test_the_seal_is_of_its_own_key() -> None:
    """The secret also hashes what people ask: a question must not be hashed into a seal, nor the other way round."""
    asked = hmac.digest(SECRET, f"{CHAT}:x".encode(), hashlib.sha256)[:TAG_BYTES]
    sealed = Seal(SECRET).close(CHAT, "x")
    assert base64.urlsafe_b64decode(sealed[:TAG_CHARACTERS] + "=") != asked
    assert sealed != Seal(b"\x08" * 32).close(CHAT, "x")


def test_what_is_too_long_for_a_button_is_a_bug_and_not_cut() -> None:
    """Telegram would refuse the whole message."""
    with pytest.raises(ValueError, match="at most 53 bytes"):
        Seal(SECRET).close(CHAT, "ü" * (MOST_DATA_BYTES // 2 + 1))


def test_what_our_buttons_carry_leaves_room() -> None:
    """The longest of each kind: models are named by tags of one length, strategies and pages by what they are."""
    tag, page, request_id = tag_of("x" * 1000), "999999", "0123abcd" * 4
    arguments: dict[str, list[str]] = {
        "stop": [request_id],
        "model": [tag, AUTO],
        "models": [page],
        "switch": [f"off:{tag}"],
        "switches": [page],
        "strategy": list(RoutingStrategy),
        "forget": [""],
        "load": [tag],
        "unload": [tag],
        "noload": [f"u{2**31}", load_name(2**31, a_model("x", model_id="x" * 1000))],
    }
    assert set(BUTTONS) <= set(arguments)
    every = [f"{name}:{argument}" for name, those in arguments.items() for argument in those]
    assert max(len(Seal(SECRET).close(OTHER_CHAT, data)) for data in every) <= MOST_BYTES


def test_a_keyboard_is_sealed_button_by_button() -> None:
    """The labels stay; a link carries nothing, and stays as it is."""
    link = InlineKeyboardButton("docs", url="https://example.org/")
    rows = ((InlineKeyboardButton("auto", callback_data="model:auto"), link),)
    markup = Seal(SECRET).keyboard(CHAT, rows)
    assert markup
    ((first, second),) = markup.inline_keyboard
    assert (first.text, first.callback_data) == ("auto", Seal(SECRET).close(CHAT, "model:auto"))
    assert second == link
    assert Seal(SECRET).keyboard(CHAT, ()) is None
