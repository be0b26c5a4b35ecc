"""Words and phrases with weights, found in a list of words by one pass, misspelt ones too."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Key = TypeVar("Key")

_SHORTEST_CORRECTED = 5


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


class Spelling:
    """Brings a misspelt word back to a known one: a letter missing, doubled, added or two swapped.

    Letters that were replaced are not looked for: "white" is no misspelt "write". Words under five letters are left
    alone, and so is the first letter, which people rarely get wrong.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._known = frozenset(word for word in words if word.isascii() and len(word) >= _SHORTEST_CORRECTED)
        self._shortened = {shortened: word for word in sorted(self._known) for shortened in _without_one_letter(word)}

    def correct(self, word: str) -> str:
        """The known word that `word` most likely is, or `word` itself."""
        if len(word) < _SHORTEST_CORRECTED or word in self._known or not word.isascii():
            return word
        if word in self._shortened and len(word) + 1 > _SHORTEST_CORRECTED:
            return self._shortened[word]
        return next((near for near in self._neighbours(word) if near in self._known), word)

    @staticmethod
    def _neighbours(word: str) -> Iterable[str]:
        yield from _without_one_letter(word)
        for at in range(1, len(word) - 1):
            yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _without_one_letter(word: str) -> Iterable[str]:
    return (word[:at] + word[at + 1 :] for at in range(1, len(word)))
