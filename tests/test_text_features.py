"""The features of a text: bounded, the same on every machine, and alike for texts that mean the same."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from routing.lexical_figures import LEXICAL_NAMES
from routing.text_features import HEAD_CHARACTERS, MARKS, TAIL_CHARACTERS, joined_features, read_features


def lexical(text):
    return dict(zip(LEXICAL_NAMES, read_features(text).lexical, strict=True))


@pytest.mark.parametrize("text", ["", " ", "a", "Hi there", "\ud800", "नमस्ते दोस्त", "天气怎么样", "1+1=2\n" * 2000])
def test_marks_are_numbers_of_their_table_each_once(text):
    """Whatever the text, nothing points outside the weights."""
    read = read_features(text)
    assert list(read.marks) == sorted(set(read.marks))
    assert all(0 <= mark < MARKS for mark in read.marks)
    assert len(read.lexical) == len(LEXICAL_NAMES)
    assert np.isfinite(read.lexical).all()


def test_a_long_text_is_read_at_both_ends():
    """The first 1,500 and the last 500 characters count, and nothing between them."""
    begin, end = "compare these two " * 84, " in one short table" * 30
    read = read_features(begin + "x" * 5000 + end)
    assert len(read.sample) == HEAD_CHARACTERS + 1 + TAIL_CHARACTERS
    assert read.sample.startswith("compare these two")
    assert read.sample.endswith("in one short table")
    assert read.chunks == read_features(begin + "x" * 50_000 + end).chunks


def test_the_features_are_the_same_in_every_process():
    """Nothing depends on Python's own hashes, which differ from run to run."""
    program = (
        "from routing.text_features import read_features; from routing.hashed_rows import hashed, text_rows;"
        "f = read_features('Wie wird das Wetter in Kiel?');"
        "print(text_rows(f.chunks).tolist(), f.marks, hashed(f.chunks).word_hashes.tolist())"
    )
    runs = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30).stdout
        for _ in range(2)
    }
    assert len(runs) == 1


@pytest.mark.parametrize(
    ("earlier", "later"),
    [("write a haiku", "and in French?"), ("", "why"), ("x " * 900, "shorter please"), ("a. b", "```c```")],
)
def test_joined_texts_are_read_as_one(earlier, later):
    """A follow-up behind its message has the features of both as two lines, however long they are."""
    joined = joined_features(read_features(earlier), read_features(later))
    whole = read_features(f"{read_features(earlier).sample}\n{later}")
    assert (joined.chunks, joined.words, joined.marks) == (whole.chunks, whole.words, whole.marks)
    if earlier:
        assert (joined.sample, joined.lexical) == (whole.sample, whole.lexical)


@pytest.mark.parametrize(
    ("name", "text", "other"),
    [
        ("fence", "```py\nx\n```", "no code"),
        ("code_lines", "def f(x):\n    return x", "he returned it"),
        ("formulas", "solve x^2 = 9", "solve my problem"),
        ("choices", "Which? A. one\nB. two\nC. three", "Which one of three"),
        ("list_items", "1. wash\n2. dry\n3. fold", "wash, dry, fold"),
        ("address", "see https://example.com", "see example"),
        ("question_end", "is it so?", "it is so"),
        ("foreign_share", "почему", "why"),
        ("constraint_words", "it must have exactly two", "give me some"),
    ],
)
def test_each_figure_tells_what_it_is_named_after(name, text, other):
    """A figure is larger where the text has what it counts."""
    assert lexical(text)[name] > lexical(other)[name]


def test_who_shouts_asks_for_the_same():
    """A text in capitals alone has the figures of the same in small letters; a name in capitals is still seen."""
    text = "write a poem about my cat, please!"
    shouted, quiet = read_features(text.upper()), read_features(text)
    assert (shouted.lexical, shouted.marks) == (quiet.lexical, quiet.marks)
    assert lexical("what is NASA")["capital_share"] > 0
