"""The sums over a text's chunks: those of its rows, the same cold and warm, bounded, and in every thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import chunk_sums
from routing.chunk_sums import REMEMBERED, ChunkSums, known_words
from routing.hashed_rows import ROWS, hashed, text_rows
from routing.text_features import read_features

DRAWS = np.random.default_rng(0)
TABLE = DRAWS.random((ROWS, 6), np.float32)
MARKS = DRAWS.random((64, 4), np.float32)
KNOWN = known_words(hashed(["write", "a", "poem"]).word_hashes)
TEXTS = (
    "write a poem",
    "write a poem about the sea",
    "明天天气怎么样？",
    "f(x) = x^2; f(3)",
    "a a a",
    "e\u0301 नमस्ते",
    "x" * 90,
)


def fresh():
    return ChunkSums(TABLE, KNOWN, MARKS)


@pytest.fixture(scope="module")
def warm():
    return fresh()


def chunks_of(text):
    return read_features(text).chunks


@pytest.mark.parametrize("text", TEXTS)
def test_the_sums_are_those_of_the_rows(text):
    """What training counts is what is summed."""
    sums, _ = fresh().of(chunks_of(text), ())
    assert sums[:-2] == pytest.approx(TABLE[text_rows(chunks_of(text))].sum(0).tolist(), rel=1e-4)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120))
def test_cold_and_warm_give_the_same_to_the_bit(warm, text):
    """Also where half of the words were known before."""
    chunks = chunks_of(text)
    first = warm.of(chunks, (1, 5))
    assert warm.of(chunks, (1, 5)) == first
    if len(chunks) == 4:
        cold = fresh()
        cold.of(chunks[::2], ())
        assert cold.of(chunks, (1, 5)) == first


def test_marks_are_summed_by_themselves():
    """They add nothing to the sums of the words, nor the words to theirs."""
    with_marks, without = fresh().of(["poem"], (3, 7)), fresh().of(["poem"], ())
    assert with_marks[0] == without[0]
    assert with_marks[1][:4] == pytest.approx((MARKS[3] + MARKS[7]).tolist())
    assert without[1] == [0.0] * 8


def test_known_words_are_counted_and_signs_are_none():
    """Two of three words are known here."""
    sums, _ = fresh().of(["write", "poem!", "qwrtzp", "?"], ())
    assert sums[-2:] == [2.0, 3.0]


def test_only_so_many_chunks_are_remembered():
    """The memory does not grow, and what was forgotten comes out as before."""
    sums = fresh()
    before = sums.of(["first", "words"], ())
    for start in range(0, 2 * REMEMBERED, 800):
        sums.of([f"w{number:x}q" for number in range(start, start + 800)], ())
    assert len(sums._slots) <= REMEMBERED
    assert "first" not in sums._slots
    assert sums.of(["first", "words"], ()) == before


@pytest.mark.parametrize("chunk", ["x" * (chunk_sums.LONGEST_REMEMBERED + 1), "明天天气怎么样"])
def test_what_hardly_comes_again_is_not_remembered(chunk):
    """Long chunks, and runs of letters without spaces."""
    sums = fresh()
    sums.of([chunk, "hello"], ())
    assert list(sums._slots) == ["hello"]


def test_threads_get_what_one_alone_gets():
    """While all of them fill the memory and forget in it."""
    texts = [[f"k{(7 * number + place) % 3000}" for place in range(40)] for number in range(400)]
    alone = [fresh_sums for sums in [fresh()] for fresh_sums in [sums.of(text, ()) for text in texts]]
    shared = fresh()
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda text: shared.of(text, ()), texts)) == alone


def test_no_text_has_more_rows_than_there_is_room_for():
    """The longest sample in the shortest chunks."""
    chunks = chunks_of(" ".join(map(chr, range(0x4E00, 0x4E00 + 1000))))
    assert len(chunks) > 900
    assert fresh().of(chunks, tuple(range(60)))[0][-1] == len(chunks)
