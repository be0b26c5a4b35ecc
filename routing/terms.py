"""Words and phrases with weights, found in a list of words by one pass."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Key = TypeVar("Key")


class TermIndex(Generic[Key]):
    """Tables of terms, keyed by what they speak for: `{key: {weight: terms}}`. Immutable once built."""

    def __init__(self, tables: Mapping[Key, Mapping[float, Iterable[str]]]) -> None:
        singles: dict[str, list[tuple[Key, float]]] = defaultdict(list)
        phrases: dict[tuple[str, str], list[tuple[list[str], Key, float]]] = defaultdict(list)
        for key, weights in tables.items():
            for weight, terms in weights.items():
                for first, *rest in map(str.split, terms):
                    if rest:
                        phrases[first, rest[0]].append((rest[1:], key, weight))
                    else:
                        singles[first].append((key, weight))
        # Phrases go by their first two words: "in" alone begins dozens of them.
        self._singles, self._phrases = dict(singles), dict(phrases)
        followers = (word for pair, entries in phrases.items() for rest, _, _ in entries for word in (*pair, *rest))
        self.words = frozenset((*singles, *followers))

    def totals(self, words: Sequence[str]) -> dict[Key, float]:
        """The sum of the weights of the terms in `words` by key; each term counts once however often it stands."""
        totals: dict[Key, float] = defaultdict(float)
        for word in dict.fromkeys(words):
            for key, weight in self._singles.get(word, ()):
                totals[key] += weight
        seen = set()
        for position, pair in enumerate(pairwise(words)):
            for entry in self._phrases.get(pair, ()):
                rest, key, weight = entry
                if id(entry) not in seen and (not rest or words[position + 2 : position + 2 + len(rest)] == rest):
                    seen.add(id(entry))
                    totals[key] += weight
        return totals
