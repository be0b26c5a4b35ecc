"""The hashed rows of a text: within their table, the same however the text is typed, and alike where it is alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.hashed_rows import ROWS, hashed, text_rows
from routing.text_features import read_features


def rows(text):
    return sorted(text_rows(read_features(text).chunks).tolist())


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_all_rows_are_numbers_of_the_table(text):
    """Whatever the text, nothing points outside the weights."""
    found = rows(text)
    assert all(0 <= row < ROWS for row in found)
    assert bool(found) == bool(text.split())


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.text(min_size=1, max_size=12).map(str.lower).filter(lambda chunk: chunk.split() == [chunk]),
        min_size=2,
        max_size=6,
    )
)
def test_what_a_chunk_comes_to_depends_on_no_other(chunks):
    """Hashed together and one by one the rows are the same."""
    together, alone = hashed(chunks), [hashed([chunk]) for chunk in chunks]
    for name in ("grams", "units", "word_hashes", "join_rows", "before", "after", "opening", "closing"):
        assert getattr(together, name).tolist() == np.concatenate([getattr(one, name) for one in alone]).tolist()


@pytest.mark.parametrize(
    "typed",
    [
        "  WRITE a   poem\n about AUTUMN! ",
        "write a poem about autumn!!!!",
        "wriiiite a poem about autuuuuumn!".replace("iiii", "i").replace("uuuuu", "u"),
        "write a poem about ａｕｔｕｍｎ!",
    ],
)
def test_case_padding_and_emphasis_change_no_row(typed):
    """Capitals, blank space, wide letters and repeated signs are read over."""
    assert rows(typed) == rows("write a poem about autumn!")


def test_drawn_out_letters_are_doubled():
    """However long they are drawn out."""
    assert rows("sooooo nice") == rows("sooo nice") == rows("soo nice")


def test_numbers_of_the_same_length_are_the_same():
    """In the digits of any script."""
    assert rows("what is 15 + 27") == rows("what is 48 + 91") == rows("what is १५ + २७")


def test_a_typing_error_leaves_most_rows():
    """Two letters swapped in one of six words leave over half of the rows."""
    right, wrong = (
        set(rows("write a function that reverses a string")),
        set(rows("write a fucntion that reverses a string")),
    )
    assert len(right & wrong) / len(right) > 0.5


def test_a_word_counts_once():
    """Said twice it adds nothing."""
    assert rows("very very cold") == rows("very cold")


def test_the_order_of_words_shows():
    """In the rows of pairs and edges alone."""
    one, other = rows("dog bites man"), rows("man bites dog")
    assert 0 < len(set(one) ^ set(other)) < len(set(one)) / 2


def test_writing_without_spaces_is_read_by_short_runs():
    """A word within a Chinese sentence is found in another one."""
    assert set(rows("天气")) & set(rows("明天天气怎么样")) != set()
    assert len(set(rows("明天天气怎么样")) & set(rows("今天天气好不好"))) > 4


def test_a_text_without_words_has_no_rows():
    """Nothing is counted in nothing."""
    assert text_rows([]).tolist() == []
