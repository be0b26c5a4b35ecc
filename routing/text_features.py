"""What can be counted in a text in microseconds: its words, its lexical figures, and the concepts it speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.concepts import shipped_concepts
from routing.lexical_figures import LONGEST_SAMPLE, lexical_figures
from routing.words import words_of_chunks

if TYPE_CHECKING:
    from collections.abc import Sequence

# What is read of a long text: its request stands at the beginning or at the end.
HEAD_CHARACTERS = 1500
TAIL_CHARACTERS = LONGEST_SAMPLE - 1 - HEAD_CHARACTERS

# The marks: each concept, each as the first, each as the last.
MARKS = 384
_OPENING, _CLOSING = 128, 256


@dataclass(frozen=True, slots=True, eq=False)
class TextFeatures:
    """A text as read.

    `sample` is what was read of it, `chunks` what white space parts in it, each once where it first stands, and `words`
    all its words, both in lower case.
    `lexical` has the figures that LEXICAL_NAMES names, and `marks` the concepts that the words speak of, anywhere,
    first and last: numbers below MARKS, each once.
    """

    sample: str
    chunks: Sequence[str]
    words: Sequence[str]
    lexical: tuple[float, ...]
    marks: Sequence[int]


def read_features(text: str) -> TextFeatures:
    """Read a text once: at most its first 1,500 and its last 500 characters."""
    sample = text.strip() if len(text) <= LONGEST_SAMPLE else _ends(text)
    lowered = sample.lower()
    chunks = lowered.split()
    words = words_of_chunks(chunks)
    return TextFeatures(sample, [*dict.fromkeys(chunks)], words, lexical_figures(sample, lowered, words), _marks(words))


def joined_features(earlier: TextFeatures, later: TextFeatures) -> TextFeatures:
    """What reading two texts as two lines of one would give, without reading them again."""
    sample = f"{earlier.sample}\n{later.sample}"
    if len(sample) > LONGEST_SAMPLE:
        return read_features(sample)
    words = [*earlier.words, *later.words]
    lexical = lexical_figures(sample, sample.lower(), words)
    return TextFeatures(sample, [*dict.fromkeys((*earlier.chunks, *later.chunks))], words, lexical, _marks(words))


def _ends(text: str) -> str:
    """The beginning and the end of a long text; its margins may be blank."""
    sample = text.strip()
    if len(sample) <= LONGEST_SAMPLE:
        return sample
    return sample[:HEAD_CHARACTERS] + "\n" + sample[-TAIL_CHARACTERS:]


def _marks(words: Sequence[str]) -> list[int]:
    """The concepts, and the first and the last one."""
    concepts = shipped_concepts().found_in(words)
    if not concepts:
        return []
    return sorted({*concepts, _OPENING + concepts[0], _CLOSING + concepts[-1]})
