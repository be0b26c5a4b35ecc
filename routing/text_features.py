"""What can be counted in a text in microseconds: its words, its lexical figures, and the concepts it speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations, pairwise
from typing import TYPE_CHECKING

from routing.concepts import shipped_concepts
from routing.lexical_figures import lexical_figures
from routing.words import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

# What is read of a long text: its request stands at the beginning or at the end.
HEAD_CHARACTERS = 1500
TAIL_CHARACTERS = 500
_LONGEST_SAMPLE = HEAD_CHARACTERS + 1 + TAIL_CHARACTERS

# The marks: each concept, each as the first, each as the last, and from there on pairs, hashed.
MARKS = 4096
_OPENING, _CLOSING, _FIRST_PAIR = 128, 256, 512
_PAIRED = 6
_REMEMBERED_CHUNKS, _LONGEST_REMEMBERED = 1 << 13, 24


@dataclass(frozen=True, slots=True, eq=False)
class TextFeatures:
    """A text as read.

    `sample` is what was read of it, `chunks` what white space parts in it, and `words` its words, both in lower case.
    `lexical` has the figures that LEXICAL_NAMES names, and `marks` the concepts that the words speak of, alone, first,
    last and in pairs: numbers below MARKS, each once.
    """

    sample: str
    chunks: Sequence[str]
    words: Sequence[str]
    lexical: tuple[float, ...]
    marks: Sequence[int]


def read_features(text: str) -> TextFeatures:
    """Read a text once: at most its first 1,500 and its last 500 characters."""
    sample = text.strip() if len(text) <= _LONGEST_SAMPLE else _ends(text)
    lowered = sample.lower()
    chunks = lowered.split()
    words = list(chain.from_iterable(map(_words_of_chunk, chunks)))
    return TextFeatures(sample, chunks, words, lexical_figures(sample, lowered, words), _marks(words))


def joined_features(earlier: TextFeatures, later: TextFeatures) -> TextFeatures:
    """What reading two texts as two lines of one would give, without reading them again."""
    sample = f"{earlier.sample}\n{later.sample}"
    if len(sample) > _LONGEST_SAMPLE:
        return read_features(sample)
    words = [*earlier.words, *later.words]
    lexical = lexical_figures(sample, sample.lower(), words)
    return TextFeatures(sample, [*earlier.chunks, *later.chunks], words, lexical, _marks(words))


# People use the same words again and again; long ones they do not.
_remembered_words = lru_cache(maxsize=_REMEMBERED_CHUNKS)(words_of)


def _words_of_chunk(chunk: str) -> Sequence[str]:
    return _remembered_words(chunk) if len(chunk) <= _LONGEST_REMEMBERED else words_of(chunk)


def _ends(text: str) -> str:
    """The beginning and the end of a long text; its margins may be blank."""
    sample = text.strip()
    if len(sample) <= _LONGEST_SAMPLE:
        return sample
    return sample[:HEAD_CHARACTERS] + "\n" + sample[-TAIL_CHARACTERS:]


def _marks(words: Sequence[str]) -> list[int]:
    """The concepts, the first and the last one, and the pairs of those that stand side by side or early."""
    concepts = shipped_concepts().found_in(words)
    if not concepts:
        return []
    unique = list(dict.fromkeys(concepts))
    early = unique[:_PAIRED]
    pairs = {*pairwise(unique), *combinations(early, 2)}
    hashed = {_FIRST_PAIR + ((a * 131 + b * 7919) * 2654435769 >> 7) % (MARKS - _FIRST_PAIR) for a, b in pairs}
    return sorted({*unique, _OPENING + concepts[0], _CLOSING + concepts[-1], *hashed})
