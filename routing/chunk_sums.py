"""What each chunk of a text adds to the heads' outputs, remembered: people use the same words again and again."""

from __future__ import annotations

from itertools import compress
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from routing.hashed_rows import EDGE_CHUNKS, ROW_SHIFT, ROWS, WHOLE_WEIGHT, hashed
from routing.words import UNSPACED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

REMEMBERED = 1 << 14
"""So many chunks are remembered; then the oldest is forgotten for each new one."""
LONGEST_REMEMBERED = 24
# A text that is read has at most 2,001 characters: at most half as many chunks, none of which need be remembered.
_PASSING = 1024
_FIRST_PASSING = ROWS + REMEMBERED
_FIRST_MARK = _FIRST_PASSING + _PASSING
# Of chunks and pairs there are at most as many together, and at most a tenth of them marks.
_MOST_ROWS = 2 * _PASSING + 2 * EDGE_CHUNKS

KNOWN_BITS = 20
"""The bits of a word's hash that say whether the training messages hold it."""
_KNOWN_SHIFT = np.uint32(32 - KNOWN_BITS)


class ChunkSums:
    """Sums of the rows of a table over the rows of a text. One instance serves every thread.

    The table has a row for each of `hashed_rows.ROWS` and any columns, the first of which the marks have too. The sums
    have two columns more: how many of a text's words are among those known, and how many words it has. Bounded: 16 MB.
    """

    def __init__(self, table: Floats, known: NDArray[np.uint8], marks: Floats) -> None:
        self._known: NDArray[np.bool_] = np.unpackbits(known).astype(np.bool_)
        slots = REMEMBERED + _PASSING
        # One table for all, so that one look-up finds everything: hashed rows, chunks remembered and passing, marks.
        self._rows: Floats = np.zeros((ROWS + slots + len(marks), table.shape[1] + 2), np.float32)
        np.multiply(table, np.float32(WHOLE_WEIGHT), out=self._rows[:ROWS, :-2])
        self._rows[_FIRST_MARK:, : marks.shape[1]] = marks
        # What `Hashed` has of each chunk: before, after, opening, closing; the places of hashed rows stay empty.
        self._hashes: NDArray[np.uint32] = np.empty((ROWS + slots, 4), np.uint32)
        # A product with ones sums faster than a sum does: what comes behind the middle, and before it.
        self._ones: Floats = np.repeat(np.eye(2, dtype=np.float32)[::-1], _MOST_ROWS, axis=1)
        self._slots: dict[str, int] = {}
        self._chunk_in = [""] * REMEMBERED
        self._oldest = 0
        self._lock = Lock()

    def of(self, chunks: Sequence[str], marks: Sequence[int]) -> tuple[list[float], list[float]]:
        """Sum over the rows of `hashed_rows.text_rows`; and over the marks."""
        if not chunks:
            return [0.0] * self._rows.shape[1], [0.0] * self._rows.shape[1]
        with self._lock:
            places = [*map(self._slots.get, chunks)]
            new = self._computed(chunks, places) if None in places else None
            if new:
                pairs = zip(chunks, places, strict=True)
                places = [new[chunk] if place is None else place for chunk, place in pairs]
            taken = self._taken(np.array([*[_FIRST_MARK + mark for mark in marks], *places], np.intp), len(marks))
            if new:
                self._remember(new)
        begin = _MOST_ROWS - len(marks)
        sums, marked = self._ones[:, begin : begin + len(taken)].dot(taken).tolist()
        return sums, marked

    def _taken(self, places: NDArray[np.intp], marks: int) -> Floats:
        """The rows of so many marks, of the chunks behind them, and of the pairs and edges of these."""
        hashes = self._hashes.take(places[marks:], axis=0)
        pairs = hashes[:-1, 0] + hashes[1:, 1]
        pairs >>= ROW_SHIFT
        rows = np.concatenate((places, pairs, hashes[:EDGE_CHUNKS, 2], hashes[-EDGE_CHUNKS:, 3]))
        return self._rows.take(rows, axis=0)

    def _computed(self, chunks: Sequence[str], places: Sequence[int | None]) -> dict[str, int]:
        """Compute what is new in one pass, and give its places among those that pass."""
        new = [*dict.fromkeys(compress(chunks, [place is None for place in places]))]
        what = hashed(new)
        units = np.add.reduceat(self._rows.take(what.grams, axis=0), what.gram_starts, axis=0)
        units /= WHOLE_WEIGHT
        units += self._rows.take(what.units, axis=0)
        if len(what.joins):
            units[what.joins] += self._rows.take(what.join_rows, axis=0)
        units[what.word_units, -2] += self._known.take(what.word_hashes >> _KNOWN_SHIFT)
        units[what.word_units, -1] += 1
        passing = slice(_FIRST_PASSING, _FIRST_PASSING + len(new))
        self._rows[passing] = np.add.reduceat(units, what.unit_starts, axis=0)
        self._hashes[passing] = np.array((what.before, what.after, what.opening, what.closing)).T
        return dict(zip(new, range(passing.start, passing.stop), strict=True))

    def _remember(self, new: dict[str, int]) -> None:
        """Keep what is new in place of the oldest; runs of letters without spaces hardly ever come again."""
        kept = [chunk for chunk in new if len(chunk) <= LONGEST_REMEMBERED and (chunk.isascii() or _is_spaced(chunk))]
        if not kept:
            return
        ring = [(self._oldest + place) % REMEMBERED for place in range(len(kept))]
        self._oldest = (ring[-1] + 1) % REMEMBERED
        passing, places = [new[chunk] for chunk in kept], [ROWS + place for place in ring]
        self._rows[places] = self._rows[passing]
        self._hashes[places] = self._hashes[passing]
        for chunk, place in zip(kept, ring, strict=True):
            self._slots.pop(self._chunk_in[place], None)
            self._chunk_in[place], self._slots[chunk] = chunk, ROWS + place


def _is_spaced(chunk: str) -> bool:
    return UNSPACED.search(chunk) is None


def known_words(hashes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """A set of words as bits: what `ChunkSums` tells the known words by."""
    bits = np.zeros(1 << KNOWN_BITS, np.uint8)
    bits[hashes >> _KNOWN_SHIFT] = 1
    return np.packbits(bits)
