"""ReasoningSplitter: thinking aloud between tags is kept apart from the answer, wherever the text is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.model_backends.reasoning import ReasoningSplitter

TAGGED = "<think>\nAdd 2 < 3.\n</think>\n\nIt is <b>5</b>."


def split(*pieces: str) -> tuple[str, str]:
    """What comes out of the pieces: reasoning and answer."""
    splitter = ReasoningSplitter()
    tokens = [token for piece in pieces for token in splitter.feed(piece)] + splitter.finish()
    assert all(token.text or token.reasoning for token in tokens)
    return "".join(token.reasoning for token in tokens), "".join(token.text for token in tokens)


@pytest.mark.parametrize("cut", range(len(TAGGED) + 1))
def test_tags_are_found_wherever_they_are_cut(cut: int) -> None:
    """A tag may come in two chunks, cut at any letter."""
    assert split(TAGGED[:cut], TAGGED[cut:]) == ("\nAdd 2 < 3.\n", "It is <b>5</b>.")


def test_tags_are_found_letter_by_letter() -> None:
    """The smallest chunks there are change nothing."""
    assert split(*TAGGED) == ("\nAdd 2 < 3.\n", "It is <b>5</b>.")


def test_an_answer_without_tags_is_passed_on_at_once() -> None:
    """Nothing is held back once the first letters cannot become a tag."""
    (token,) = ReasoningSplitter().feed("Hello")
    assert token.text == "Hello"


def test_tags_further_down_belong_to_the_answer() -> None:
    """A model may explain <think> tags."""
    text = "Write `<think>` and `</think>`."
    assert split(text) == ("", text)


def test_blank_space_before_the_tag_is_no_answer() -> None:
    """Some templates begin with a line break."""
    assert split("\n\n<think>x</think>y") == ("x", "y")


def test_reasoning_without_an_end_stays_reasoning() -> None:
    """An answer that was cut at its token limit while the model thought has no text."""
    assert split("<think>so far </thi") == ("so far </thi", "")


def test_the_beginning_of_a_tag_alone_is_text() -> None:
    """What was held back comes out at the end."""
    assert split("<thi") == ("", "<thi")


def test_the_longer_tag_is_known_too() -> None:
    assert split("<thinking>a</think>b</thinking>c") == ("a</think>b", "c")


@given(st.lists(st.sampled_from(["<think>", "</think>", "<", "th", "ink>", " ", "\n", "a", "é"])))
def test_cutting_never_changes_what_comes_out(pieces: list[str]) -> None:
    """The same text in one piece, in these pieces and in letters gives the same."""
    text = "".join(pieces)
    assert split(*pieces) == split(text) == split(*text)
