"""The hashed n-grams of a text: they lie within its words, so that a text is the sum of its chunks and their pairs."""

from __future__ import annotations

import re
import unicodedata
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from routing.words import LETTERS, UNSPACED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Hashes = NDArray[np.uint32]
    Places = NDArray[np.intp]

# The hashed n-grams share a table of so many rows.
ROW_BITS = 17
ROWS = 1 << ROW_BITS
COARSE_SHIFT = 2
COARSE_ROWS = ROWS >> COARSE_SHIFT
"""Heads that few texts teach share four rows each: a row shifted right by COARSE_SHIFT."""
_SHORTEST_GRAM, _LONGEST_GRAM = 3, 5
# Where no spaces part the words, words are one to four characters.
_SHORTEST_UNSPACED, _LONGEST_UNSPACED = 1, 4
WHOLE_WEIGHT = 2
"""What a whole word, a pair and an edge count beside one run of characters."""
EDGE_CHUNKS = 4
"""The first and the last chunks count as such too: requests begin and end alike."""

# FNV's prime rolls the hash on; Knuth's multiplicative constant spreads it over the rows.
_ROLL, _SPREAD = np.uint32(0x01000193), np.uint32(2654435769)
_ROLL_AND_SPREAD = np.uint32(0x01000193 * 2654435769 % (1 << 32))
ROW_SHIFT = np.uint32(32 - ROW_BITS)
"""A sum of `Hashed.before` and `Hashed.after` shifted right by it is the row of that pair."""
# Other hashes for other kinds of rows, so that a word is told apart from the same letters within one.
_WORD_SALT, _PAIR_SALT = np.uint32(0x51ED270B), np.uint32(0x2C1B3C6D)
_OPENING_SALT, _CLOSING_SALT = np.uint32(0x165667B1), np.uint32(0x27D4EB2F)

_UNIT = re.compile(rf"[{LETTERS}]+(?:['+#]+[{LETTERS}]*)?|[^{LETTERS}\s]+|\s")
_LETTER = re.compile(f"[{LETTERS}]")
_DIGIT = re.compile(r"\d")
# "sooo" is "soo", and "!!!" is "!"; in code repeated signs mean something else than single ones.
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")
_REPEATED = re.compile(r"([!?.,…~])\1+")


class Hashed(NamedTuple):
    """Chunks, which are what white space parts, as rows below ROWS: in units, which are their words and signs.

    `grams` are the runs of characters within each unit, those of a unit from its place in `gram_starts` on. `units` has
    the row of each whole unit, and `word_hashes` the hashes of those that are words, `word_units` their places. `joins`
    are the places of the units that another of the same chunk follows, and `join_rows` the rows of these pairs. A
    chunk's units are those from its place in `unit_starts` on. `before`, `after`, `opening` and `closing` have one
    number a chunk: what it adds to the hash of a pair, and its rows at the edges of a text.
    """

    grams: Places
    gram_starts: Places
    units: Hashes
    word_hashes: Hashes
    word_units: Places
    joins: Places
    join_rows: Hashes
    unit_starts: Places
    before: Hashes
    after: Hashes
    opening: Hashes
    closing: Hashes


def hashed(chunks: Sequence[str]) -> Hashed:
    """Hash chunks in lower case, of which there must be one; what one comes to depends on no other."""
    units, starts = _units(chunks)
    hashes = np.array([zlib.crc32(unit.encode("utf-8", "surrogatepass")) for unit in units], np.uint32)
    words = np.array([place for place, unit in enumerate(units) if is_word(unit)], np.intp)
    first, last = _outer_words(units, [*starts, len(units)])
    inner = np.ones(len(units), np.bool_)
    inner[[*(start - 1 for start in starts[1:]), len(units) - 1]] = False
    joins = np.flatnonzero(inner)
    before, after = hashes * _ROLL_AND_SPREAD, (hashes ^ _PAIR_SALT) * _SPREAD
    grams, gram_starts = _grams(units)
    return Hashed(
        grams,
        gram_starts,
        _row(hashes ^ _WORD_SALT),
        hashes[words],
        words,
        joins,
        before[joins] + after[joins + 1] >> ROW_SHIFT,
        np.array(starts, np.intp),
        before[last],
        after[first],
        _row(hashes[first] ^ _OPENING_SALT),
        _row(hashes[last] ^ _CLOSING_SALT),
    )


def text_rows(chunks: Sequence[str]) -> Places:
    """All rows of a text, in no order, as often as they count: those of its chunks, of neighbours, and of the edges."""
    if not chunks:
        return np.zeros(0, np.intp)
    found = hashed(chunks)
    pairs = found.before[:-1] + found.after[1:] >> ROW_SHIFT
    edges = found.opening[:EDGE_CHUNKS], found.closing[-EDGE_CHUNKS:]
    whole = [found.units, found.join_rows, pairs, *edges] * WHOLE_WEIGHT
    return np.concatenate([found.grams, *whole], dtype=np.intp, casting="unsafe")


def is_word(unit: str) -> bool:
    """Whether a unit is a word or a number; what is not is signs."""
    return _LETTER.match(unit) is not None


def _row(hashes: Hashes) -> Hashes:
    rows: Hashes = hashes * _SPREAD >> ROW_SHIFT
    return rows


def _units(chunks: Sequence[str]) -> tuple[list[str], list[int]]:
    """The units of all chunks, and where those of each begin."""
    units: list[str] = []
    starts = [0]
    for unit in _UNIT.findall(_folded(chunks)):
        if unit == " ":
            starts.append(len(units))
        else:
            units.append(unit)
    return units, starts


def _folded(chunks: Sequence[str]) -> str:
    """The chunks with what does not count taken out, one space between them."""
    text = " ".join(chunks)
    if not text.isascii():
        # Compatibility characters may turn into white space.
        whole = ("".join(unicodedata.normalize("NFKC", chunk).casefold().split()) or chunk for chunk in chunks)
        text = " ".join(whole).replace("’", "'")
    text = _DIGIT.sub("0", text)
    return _REPEATED.sub(r"\1", _DRAWN_OUT.sub(r"\1\1", text))


def _outer_words(units: Sequence[str], bounds: Sequence[int]) -> tuple[list[int], list[int]]:
    """The place of each chunk's first word and of its last; of its signs where it has none."""
    first, last = [], []
    for start, end in pairwise(bounds):
        if end - start == 1:
            first.append(start)
            last.append(start)
            continue
        words = [place for place in range(start, end) if is_word(units[place])] or [start, end - 1]
        first.append(words[0])
        last.append(words[-1])
    return first, last


def _grams(units: Sequence[str]) -> tuple[Places, Places]:
    """The rows of the runs of characters of each unit, edges among them, unit by unit; and where each one's begin."""
    text = "<" + "><".join(units) + ">"
    lengths = np.array([*map(len, units)], np.intp) + 2
    ends = np.cumsum(lengths)
    left = np.repeat(ends, lengths)
    left -= np.arange(len(left))
    rows, valid = np.empty((_LONGEST_GRAM, len(left)), np.intp), np.zeros((_LONGEST_GRAM, len(left)), np.bool_)
    unspaced = None if text.isascii() else np.repeat([bool(UNSPACED.search(unit)) for unit in units], lengths)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    rolled = codes
    for length in range(1, _LONGEST_GRAM + 1):
        if length > 1:
            rolled = rolled[:-1] * _ROLL
            rolled += codes[length - 1 :]
        wanted = _wanted(length, unspaced)
        if wanted is not None:
            rows[length - 1, : len(rolled)] = _row(rolled)
            valid[length - 1] = (left >= length) & wanted
    found = valid.T
    counts = np.add.reduceat(np.add.reduce(valid, axis=0, dtype=np.intp), ends - lengths)
    return rows.T[found], np.cumsum(counts) - counts


def _wanted(length: int, unspaced: NDArray[np.bool_] | None) -> NDArray[np.bool_] | bool | None:
    """Where a run of this length counts; None for nowhere."""
    spaced_too = _SHORTEST_GRAM <= length <= _LONGEST_GRAM
    if unspaced is None:
        return spaced_too or None
    unspaced_too = _SHORTEST_UNSPACED <= length <= _LONGEST_UNSPACED
    if spaced_too and unspaced_too:
        return True
    return ~unspaced if spaced_too else unspaced
