"""A semantic router's way, as a contestant of bench.routing: the category of the utterances that are nearest.

Embeddings are hashed words and letter n-grams, not a model's: that is the cheap end of such routers, and needs no
download. The utterances are our own messages, without the topics that are held out.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from routing.types import TaskCategory, TaskComplexity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from bench.routing_data import Labelled

DIMENSIONS = 512
NEIGHBOURS = 5
# An open sentence model reads 256 to 512 tokens.
READ_CHARACTERS = 2000
_LETTERS = (3, 4)
_WORD = re.compile(r"\w+")
_EFFORT = {level: float(rank) for rank, level in enumerate(TaskComplexity)}


class NearestUtterance:
    """Knows labelled utterances; a text is what most of its nearest are, weighted by the cosine."""

    def __init__(self, utterances: Sequence[Labelled]) -> None:
        self._categories = [utterance.category for utterance in utterances]
        self._efforts = np.array([_EFFORT[utterance.level] for utterance in utterances])
        self._vectors = np.stack([embedded(utterance.text) for utterance in utterances])

    def category(self, text: str) -> TaskCategory:
        """Say what is asked."""
        votes: Counter[TaskCategory] = Counter()
        for place, cosine in self._nearest(text):
            votes[self._categories[place]] += cosine  # type: ignore[assignment]  # weights need not be whole
        return max(votes, key=lambda category: votes[category])

    def effort(self, text: str) -> float:
        """Say how much effort its neighbours take, 0 to 4: more is worth a stronger model."""
        found = list(self._nearest(text))
        weights = np.array([max(cosine, 1e-6) for _, cosine in found])
        return float(weights @ self._efforts[[place for place, _ in found]] / weights.sum())

    def _nearest(self, text: str) -> Iterator[tuple[int, float]]:
        cosines = self._vectors @ embedded(text)
        for place in np.argpartition(-cosines, NEIGHBOURS)[:NEIGHBOURS]:
            yield int(place), float(cosines[place])


def embedded(text: str) -> NDArray[np.float32]:
    """Embed the beginning of a text, as a vector of length 1; all zeros for a text without words."""
    vector = np.zeros(DIMENSIONS, np.float32)
    for piece in _pieces(text[:READ_CHARACTERS].lower()):
        code = zlib.crc32(piece.encode(errors="replace"))
        vector[code % DIMENSIONS] += 1.0 if code & 0x80000000 else -1.0
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector


def _pieces(text: str) -> Iterator[str]:
    for word in _WORD.findall(text):
        yield word
        edged = f"<{word}>"
        for size in _LETTERS:
            yield from (edged[start : start + size] for start in range(len(edged) - size + 1))
