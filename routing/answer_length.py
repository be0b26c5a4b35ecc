"""How many tokens an answer will take, from what is asked, how hard it is and the length that was asked for."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from routing.types import TaskCategory, TaskComplexity

if TYPE_CHECKING:
    from collections.abc import Sequence

SHORTEST_TOKENS, LONGEST_TOKENS = 50, 2000

_LEVELS = (
    TaskComplexity.TRIVIAL,
    TaskComplexity.SIMPLE,
    TaskComplexity.MODERATE,
    TaskComplexity.COMPLEX,
    TaskComplexity.VERY_COMPLEX,
)
# Tokens by category, from trivial to very complex; the four of specification S1.7 are binding, the rest are priors.
_TOKENS = {
    category: dict(zip(_LEVELS, figures, strict=True))
    for category, figures in {
        TaskCategory.GREETING: (50, 50, 80, 100, 100),
        TaskCategory.QUESTION: (50, 100, 400, 1200, 1800),
        TaskCategory.CODE: (100, 300, 500, 800, 1600),
        TaskCategory.MATH: (50, 120, 300, 700, 1200),
        TaskCategory.REASONING: (100, 250, 500, 1000, 1600),
        TaskCategory.TOOL_USE: (50, 150, 250, 500, 800),
        TaskCategory.CREATIVE: (100, 250, 500, 1000, 1800),
        TaskCategory.ANALYSIS: (100, 250, 500, 1000, 1600),
    }.items()
}

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


def estimate_answer_tokens(category: TaskCategory, complexity: TaskComplexity, words: Sequence[str]) -> int:
    """The tokens of the answer, 50 to 2,000. `words` are those of the beginning and the end of the message."""
    tokens = _asked_tokens(words)
    if tokens is None:
        tokens = _TOKENS[category][complexity] * (1.0 if _BRIEF.isdisjoint(words) else _BRIEF_SHARE)
    return max(SHORTEST_TOKENS, min(LONGEST_TOKENS, round(tokens)))


def _asked_tokens(words: Sequence[str]) -> float | None:
    """What "500 words" or "in one sentence" comes to; None where no length is asked for."""
    if _UNIT_TOKENS.keys().isdisjoint(words):
        return None
    for number, unit in pairwise(words):
        count = _count(number) if unit in _UNIT_TOKENS else None
        if count is not None:
            return count * _UNIT_TOKENS[unit]
    return None


def _count(word: str) -> int | None:
    return int(word) if word.isdecimal() and len(word) < 6 else _NUMBERS.get(word)
