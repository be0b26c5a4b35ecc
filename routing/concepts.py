"""The concepts that a message's words speak of, in forty languages: what its hashed n-grams cannot share."""

from __future__ import annotations

import re
import zlib
from array import array
from bisect import bisect_left
from functools import cache, cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from routing.remembered import Remembered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHIPPED = Path(__file__).with_name("concepts.txt")

# Where a request stands: the words looked at from the beginning and from the end.
EDGE_WORDS = 60
# Of a run of letters without spaces, as Chinese and Thai write, so many characters from each end.
_EDGE_CHARACTERS = 120
_STEM = 3
_LONGEST_UNSPACED = 6
_LONGEST_PHRASE = 40
_SHORTEST_CORRECTED = 5
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")
_FIRST_UNSPACED = "\u0e00"
# From here on scripts carry case endings that this table leaves out: their words are looked up by their beginning.
_FIRST_SUFFIXED = "\u0370"


class Concepts:
    """The table of concepts, read once: which concepts a list of words speaks of. Immutable."""

    def __init__(self, table: str) -> None:
        rows = [row.split(":", 1) for row in table.splitlines() if row and not row.startswith("#")]
        self.names = tuple(name for name, _ in rows)
        self._whole: dict[str, int] = {}
        self._stems: dict[str, int] = {}
        # A word that stands under two concepts is the first one's, which is therefore put in last.
        for concept, (_, terms) in reversed([*enumerate(rows)]):
            self._whole |= dict.fromkeys(terms.replace("*", "").split(), concept)
            self._stems |= dict.fromkeys(_stems(terms), concept)
        self._longest_stem = max(map(len, self._stems), default=0)
        self._phrase_starts = {term.partition("_")[0] for term in self._whole if "_" in term}
        # People use the same words again and again.
        self._notes = Remembered(self._note)
        self._phrases = Remembered(self._concept, longest=_LONGEST_PHRASE)

    def found_in(self, words: Sequence[str]) -> list[int]:
        """The concepts of the first and the last words, in their order; a phrase counts for its words."""
        if len(words) > 2 * EDGE_WORDS:
            words = [*words[:EDGE_WORDS], "", *words[-EDGE_WORDS:]]
        noted = [*map(self._notes.__getitem__, words)]
        found: list[int] = []
        begun = ""
        for word, note in zip(words, noted, strict=True):
            if note is None and not begun:
                continue
            phrase = self._phrases[f"{begun}_{word}"] if begun else None
            concept, begins, unspaced = note or (None, False, False)
            if phrase is not None:
                found.append(phrase)
            elif concept is not None:
                found.append(concept)
            elif unspaced:
                found.extend(self._within(word))
            begun = word if begins else ""
        return found

    def _note(self, word: str) -> tuple[int | None, bool, bool] | None:
        """The concept of a word, whether it begins a phrase, whether it may hold several; None for nothing."""
        concept = self._look_up(word)
        unspaced = word[:1] >= _FIRST_UNSPACED and _UNSPACED.match(word) is not None
        begins = word in self._phrase_starts
        return (concept, begins, unspaced) if concept is not None or begins or unspaced else None

    def _look_up(self, word: str) -> int | None:
        concept = self._concept(word)
        return self._misspelt(word) if concept is None and _is_corrected(word) else concept

    def _concept(self, word: str) -> int | None:
        concept = self._whole.get(word)
        if concept is not None:
            return concept
        lengths = range(min(len(word), self._longest_stem), _STEM - 1, -1)
        return next((self._stems[word[:length]] for length in lengths if word[:length] in self._stems), None)

    def _misspelt(self, word: str) -> int | None:
        """The concept of the word that this one is with a letter missing, added or doubled, or two swapped.

        Letters that were replaced are not looked for: "white" is no misspelt "write". The first letter is left alone,
        which people rarely get wrong.
        """
        hashes, concepts = self._shortened
        wanted = zlib.crc32(word.encode())
        place = bisect_left(hashes, wanted)
        if place < len(hashes) and hashes[place] == wanted:
            return concepts[place]
        near = chain(_without_one_letter(word), _with_two_swapped(word))
        return next((self._whole[other] for other in near if other in self._whole and _is_corrected(other)), None)

    @cached_property
    def _shortened(self) -> tuple[array[int], bytes]:
        """The hashes of all words with one letter left out, sorted, and the concept of each: 0.6 MB, not 20."""
        found = {
            zlib.crc32(short.encode()): concept
            for word, concept in self._whole.items()
            if _is_corrected(word)
            for short in _without_one_letter(word)
        }
        hashes = sorted(found)
        return array("I", hashes), bytes(found[one] for one in hashes)

    def _within(self, run: str) -> Iterator[int]:
        """The concepts within letters that no space parts, the longest term at each place."""
        if len(run) > 2 * _EDGE_CHARACTERS:
            run = run[:_EDGE_CHARACTERS] + " " + run[-_EDGE_CHARACTERS:]
        at = 0
        while at < len(run):
            for length in range(_LONGEST_UNSPACED, 0, -1):
                concept = self._whole.get(run[at : at + length])
                if concept is not None:
                    yield concept
                    at += length - 1
                    break
            at += 1


def _stems(terms: str) -> Iterator[str]:
    """The terms that stand for all words that begin so: those with a star, and those of scripts that carry endings."""
    for term in terms.split():
        stem = term.rstrip("*")
        if len(stem) >= _STEM and (stem is not term or stem[0] >= _FIRST_SUFFIXED):
            yield stem


def _is_corrected(word: str) -> bool:
    return len(word) >= _SHORTEST_CORRECTED and word.isascii() and word.isalpha()


def _without_one_letter(word: str) -> Iterator[str]:
    return (word[:at] + word[at + 1 :] for at in range(1, len(word)))


def _with_two_swapped(word: str) -> Iterator[str]:
    return (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(1, len(word) - 1))


@cache
def shipped_concepts() -> Concepts:
    """The table that is shipped, read at the first call."""
    return Concepts(SHIPPED.read_text(encoding="utf-8"))
