"""What words, endings and letters say for each of the languages that share a script, added up in a few microseconds."""

from __future__ import annotations

import unicodedata
from math import log
from typing import TYPE_CHECKING

from routing.remembered import Remembered
from routing.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# What one word says for its language; less where others have it. A single letter says little, being as often a
# variable, a list's or a drive's.
WORD_WEIGHT = 24
_SINGLE_LETTER_WEIGHT, _ENDING_WEIGHT, _MARK_WEIGHT = 8, 8, 12
# Less than this is chance.
_LEAST_WEIGHT = 8
# What speaks for a language before a word is read: little for the first of a script, which is the most frequent one,
# and about a word for that of the conversation.
_FIRST_WEIGHT, _EXPECTED_WEIGHT = 6, 20
_WORDS_READ = 48
_ENDED_LETTERS = 5
# Without its marks a word of two letters is as often one of another language, or "ok".
_SHORTEST_BARE = 2
# The scores of all languages stand side by side in one integer, so that one addition counts a word for every language.
_SCORE_BITS = 16


class LanguageEvidence:
    """The languages of one script, the most frequent first. Words and letters are looked up as they are, in lower case.

    `words`, `endings` and `letters` are listed by language; a language need not have endings or letters.
    """

    def __init__(self, words: Mapping[str, str], endings: Mapping[str, str], letters: Mapping[str, str]) -> None:
        self._languages = tuple(words)
        self._bytes = len(words) * _SCORE_BITS // 8
        self._words = self._weights({language: _spellings(words[language]) for language in words}, WORD_WEIGHT)
        self._endings = self._weights(
            {language: set(endings.get(language, "").split()) for language in words}, _ENDING_WEIGHT
        )
        self._letters = self._weights({language: set(letters.get(language, "")) for language in words}, _MARK_WEIGHT)

        # People use the same words again and again.
        self._scores = Remembered(self._look_up)

    def best(self, words: Sequence[str], sample: str, expected: str = "") -> tuple[str, int]:
        """The language most speaks for, and how much that is: `expected`, or "", and 0 where nothing does."""
        total = sum(map(self._scores.__getitem__, words[:_WORDS_READ]))
        if not sample.isascii():
            total += sum([self._letters[letter] for letter in self._letters.keys() & sample])
        if not total:
            return expected, 0
        scores = memoryview(total.to_bytes(self._bytes, "little")).cast("H").tolist()
        most = max(scores)
        if most < _LEAST_WEIGHT:
            return expected, 0
        scores[0] += _FIRST_WEIGHT
        if scores[0] >= most and not expected:
            return self._languages[0], most
        if expected in self._languages:
            scores[self._languages.index(expected)] += _EXPECTED_WEIGHT
        return self._languages[scores.index(max(scores))], most

    def leads(self, words: Sequence[str], least: int, share: float) -> bool:
        """Whether at least so much speaks for the first language, and less than that share of it for any other."""
        total = sum(map(self._scores.__getitem__, words)) if len(words) <= _WORDS_READ else 0
        first, *others = memoryview(total.to_bytes(self._bytes, "little")).cast("H").tolist()
        return first >= least and max(others) < share * first

    def _look_up(self, word: str) -> int:
        """The weights of a word, or of the words in what white space parts."""
        if word in self._words:
            return self._words[word]
        words = words_of(word)
        if words != [word]:
            return sum(map(self._look_up, words))
        if len(word) < _ENDED_LETTERS:
            return 0
        return self._endings.get(word[-3:]) or self._endings.get(word[-2:], 0)

    def _weights(self, listed: Mapping[str, Iterable[str]], weight: int) -> dict[str, int]:
        speakers: dict[str, list[int]] = {}
        for number, terms in enumerate(listed.values()):
            for term in terms:
                speakers.setdefault(term, []).append(number)
        return {
            term: sum(self._share(term, weight, len(languages)) << _SCORE_BITS * language for language in languages)
            for term, languages in speakers.items()
        }

    def _share(self, term: str, weight: int, count: int) -> int:
        """What a term says that `count` of the languages have: inverse document frequency, 1 for a single one."""
        if weight == WORD_WEIGHT and len(term) == 1:
            weight = _SINGLE_LETTER_WEIGHT
        return round(weight * log((1 + len(self._languages)) / count) / log(1 + len(self._languages)))


def _spellings(listed: str) -> set[str]:
    """The words, and those in Latin letters also without their marks, as people write them on a phone."""
    plain = (letter for letter in unicodedata.normalize("NFD", listed) if not "\u0300" <= letter <= "\u036f")
    bare = "".join(plain).translate({ord("ı"): "i", ord("ł"): "l", ord("đ"): "d", ord("ø"): "o"}).split()
    return {*listed.split(), *(word for word in bare if word.isascii() and len(word) > _SHORTEST_BARE)}
