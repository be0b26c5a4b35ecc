"""How many tokens an answer will take, from what the heads expect and the length that was asked for."""

from __future__ import annotations

import math
from bisect import bisect
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SHORTEST_TOKENS, LONGEST_TOKENS = 50, 2000

# The lengths that answers are told apart by: those of specification S1.7 and steps of about a half between them.
SCALE_TOKENS = (50, 100, 150, 200, 300, 400, 600, 800, 1200, 1600, 2000)

# Halfway by proportion.
_MIDDLES = tuple(math.sqrt(shorter * longer) for shorter, longer in pairwise(SCALE_TOKENS))

# English words are 0.75 tokens each (OpenAI's tokenizer page); the others are usual lengths of such units.
_UNIT_TOKENS = {
    unit + plural: tokens
    for unit, tokens in {
        "word": 1.35,
        "sentence": 30,
        "line": 15,
        "bullet": 35,
        "paragraph": 130,
        "page": 650,
        "tweet": 80,
        "character": 0.25,
    }.items()
    for plural in ("", "s")
}
_NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "single": 1,
    "few": 3,
    "couple": 2,
}
_BRIEF = frozenset(
    {
        "briefly",
        "brief",
        "concise",
        "concisely",
        "tldr",
        "kurz",
        "brevemente",
        "brièvement",
        "кратко",
        "kısaca",
        "krótko",
    }
)
_BRIEF_SHARE = 0.4
_SAYING_LENGTH = _BRIEF.union(_UNIT_TOKENS)
# A length is asked for where the request stands.
_EDGE_WORDS = 40


def estimate_answer_tokens(words: Sequence[str], expected_tokens: float) -> int:
    """The tokens of the answer, 50 to 2,000: as asked for, or else as expected, on the scale.

    `words` are those of the message.
    """
    if _SAYING_LENGTH.isdisjoint(words):
        return _on_scale(expected_tokens)
    asked = _asked_tokens(words)
    if asked is not None:
        return max(SHORTEST_TOKENS, min(LONGEST_TOKENS, round(asked)))
    return _on_scale(expected_tokens if _BRIEF.isdisjoint(words) else expected_tokens * _BRIEF_SHARE)


def _on_scale(tokens: float) -> int:
    """The length of the scale that is nearest by proportion."""
    return SCALE_TOKENS[bisect(_MIDDLES, tokens)]


def _asked_tokens(words: Sequence[str]) -> float | None:
    """What "500 words" or "in one sentence" comes to; None where no length is asked for."""
    for number, unit in pairwise([*words[:_EDGE_WORDS], "", *words[-_EDGE_WORDS:]]):
        count = _count(number) if unit in _UNIT_TOKENS else None
        if count is not None:
            return count * _UNIT_TOKENS[unit]
    return None


def _count(word: str) -> int | None:
    return int(word) if word.isdecimal() and len(word) < 6 else _NUMBERS.get(word)
