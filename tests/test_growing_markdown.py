"""Blocks that are finished are told from the one that grows, and nothing is lost or said twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from terminal.growing_markdown import GrowingMarkdown


def taken(pieces: list[str]) -> list[str]:
    growing, blocks = GrowingMarkdown(), []
    for piece in pieces:
        growing.add(piece)
        blocks.append(growing.take_finished())
    return [*filter(None, blocks), growing.take_rest()]


def test_a_paragraph_is_finished_when_the_next_begins() -> None:
    """A blank line alone finishes nothing: what follows may belong to a list."""
    assert taken(["One\n", "\n", "Two"]) == ["One", "Two"]
    growing = GrowingMarkdown()
    growing.add("One\n\n")
    assert growing.take_finished() == ""


def test_what_is_indented_belongs_to_what_is_above() -> None:
    """A list item with two paragraphs is not torn apart."""
    assert taken(["- one\n\n", "  more of one\n\n", "After"]) == ["- one\n\n  more of one", "After"]


def test_an_open_fence_is_one_block() -> None:
    """Blank lines in code end nothing; only a fence as long as the first one does."""
    code = "````python\na = 1\n\n```\n\nb = 2\n````"
    assert taken([f"{code}\n\nAfter"]) == [code, "After"]
    assert taken(["```\na\n\nb"]) == ["```\na\n\nb"]


@given(st.lists(st.text("ab -#*`~\n", max_size=12)))
def test_nothing_is_lost(pieces: list[str]) -> None:
    """Wherever the pieces are cut, all but line feeds around the blocks is there, once and in order."""
    assert "".join(taken(pieces)).replace("\n", "") == "".join(pieces).replace("\n", "")
