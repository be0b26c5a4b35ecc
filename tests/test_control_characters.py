"""What a terminal would obey is gone, what it shows stays."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from terminal.control_characters import printable


def test_text_stays_as_it_is() -> None:
    """Letters of every script, emoji with joiners, tabs and line feeds are no control characters."""
    text = "Grüße\t中文 हिन्दी עברית\n👩\u200d💻 ½ €"
    assert printable(text) == text


@given(st.text(st.characters(), max_size=200))
def test_nothing_that_is_obeyed_is_left(text: str) -> None:
    """Of the control characters only tab and line feed remain, and what remains can be written."""
    left = printable(text)
    assert {character for character in left if unicodedata.category(character) in {"Cc", "Cs"}} <= {"\t", "\n"}
    assert left.encode().decode() == left


@given(st.text(st.characters()), st.text(st.characters()))
def test_pieces_are_cleaned_as_the_whole(one: str, other: str) -> None:
    """A stream may be cut anywhere: no code can be put together from two harmless halves."""
    assert printable(one) + printable(other) == printable(one + other)
