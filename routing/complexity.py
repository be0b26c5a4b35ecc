"""How hard a task is: one score in [0, 1], made of five named factors, and the levels cut from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from routing.lexicon import CRITICALITY, DEMAND, PLAIN_WORDS
from routing.terms import TermIndex
from routing.types import TaskComplexity, Tier
from routing.words import words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

# What each factor weighs (specification S4).
WEIGHTS = {
    "message": 0.30,
    "context": 0.15,
    "capability": 0.25,
    "depth": 0.10,
    "keywords": 0.20,
}

# Each level begins at its score. The two lowest bounds hold greetings and single words apart from questions.
LEVELS = (
    (0.58, TaskComplexity.VERY_COMPLEX),
    (0.36, TaskComplexity.COMPLEX),
    (0.22, TaskComplexity.MODERATE),
    (0.06, TaskComplexity.SIMPLE),
    (0.00, TaskComplexity.TRIVIAL),
)

# What the message's own factor is made of.
_LENGTH_SHARE, _VOCABULARY_SHARE, _STRUCTURE_SHARE = 0.4, 0.4, 0.2
_WORDS_OF_A_LONG_MESSAGE = 60
# Context and conversation count 0.63 at these lengths, and toward 1 beyond.
_CONTEXT_TOKENS = 2048
_CONVERSATION_MESSAGES = 20

_ASCII_CLAUSES = (".", ",", ";", ":", "?", "\n")
_CLAUSES = (*_ASCII_CLAUSES, "।", "。", "，", "？")


def level_of(score: float) -> TaskComplexity:
    """The level a score falls in."""
    for least, level in LEVELS:
        if score >= least:
            return level
    return TaskComplexity.TRIVIAL


def weighted(factors: Mapping[str, float]) -> float:
    """The score that five factors make."""
    return sum([weight * factors[name] for name, weight in WEIGHTS.items()])


def message_factor(text: str, words: Sequence[str]) -> float:
    """How much a message says: its length, the richness of its words, and the number of its clauses."""
    if not words:
        return 0.0
    length = min(1.0, math.log(len(words)) / math.log(_WORDS_OF_A_LONG_MESSAGE))
    clauses = sum(map(text.count, _ASCII_CLAUSES if text.isascii() else _CLAUSES))
    return _LENGTH_SHARE * length + _VOCABULARY_SHARE * _richness(words) + _STRUCTURE_SHARE * min(1.0, clauses / 5)


def _richness(words: Sequence[str]) -> float:
    """0 for plain short words, 1 for four or more different words of eight letters on average."""
    content = set(words) - PLAIN_WORDS
    if not content:
        return 0.0
    mean_letters = sum(map(len, content)) / len(content)
    return min(1.0, max(0.0, (mean_letters - 3) / 5)) * min(1.0, len(content) / 4)


def capability_factor(capabilities: Collection[str]) -> float:
    """The most critical capability's figure; "security_analysis" counts as the most critical of its words."""
    return max(map(_criticality, capabilities), default=0.0)


@lru_cache(maxsize=256)
def _criticality(capability: str) -> float:
    return max(CRITICALITY.get(word, 0.0) for word in str(capability).lower().split("_"))


_DEMAND = TermIndex({"demand": DEMAND})


def complexity_factors(  # noqa: PLR0913  the four figures are the factors of the specification
    text: str,
    words: Sequence[str],
    *,
    demand: float,
    context_tokens: int,
    capabilities: Collection[str],
    history_length: int,
) -> Mapping[str, float]:
    """The five factors, each in [0, 1] before its weight. `demand` is the sum of the weights of the demanding words."""
    return {
        "message": message_factor(text, words),
        "context": _context_factor(context_tokens),
        "capability": capability_factor(capabilities),
        "depth": _depth_factor(history_length),
        "keywords": min(1.0, max(0.0, demand)),
    }


def split_effort(  # noqa: PLR0913  the figures are those of the factors
    effort: float,
    text: str,
    words: Sequence[str],
    *,
    own_tokens: int,
    drawn_tokens: int,
    drawn_messages: int,
    capabilities: Collection[str],
) -> Mapping[str, float]:
    """The five factors of a message that takes `effort`, the score of the message by itself.

    How much it says, its context and how critical its capability is are measured, and count as far as the effort
    goes; the keywords' factor is what is missing then. What a follow-up draws on comes on top.
    """
    context = _context_factor(own_tokens)
    message, capability = message_factor(text, words), capability_factor(capabilities)
    # What pays for what, in order: as it is measured, then the keywords, then what the other two had left.
    rest = max(0.0, effort - WEIGHTS["context"] * context)
    shares: list[float] = []
    for most, weight in (
        (message, WEIGHTS["message"]),
        (capability, WEIGHTS["capability"]),
        (1.0, WEIGHTS["keywords"]),
        (1.0 - capability, WEIGHTS["capability"]),
        (1.0 - message, WEIGHTS["message"]),
    ):
        paid = weight * most
        if paid >= rest:
            shares.append(rest / weight)
            break
        shares.append(most)
        rest -= paid
    shares += [0.0] * (5 - len(shares))
    return {
        "message": shares[0] + shares[4],
        "context": max(min(context, max(0.0, effort) / WEIGHTS["context"]), _context_factor(drawn_tokens)),
        "capability": shares[1] + shares[3],
        "depth": _depth_factor(drawn_messages),
        "keywords": shares[2],
    }


def _context_factor(tokens: int) -> float:
    return 1.0 - math.exp(-tokens / _CONTEXT_TOKENS)


def _depth_factor(messages: int) -> float:
    return 1.0 - math.exp(-messages / _CONVERSATION_MESSAGES)


@dataclass(frozen=True)
class ComplexityEstimator:
    """The complexity of one message in its surroundings (specification S4).

    `context_length` is in tokens, `history_length` in messages; `agent_capabilities` are names such as "code" or
    "security_analysis".
    """

    message: str
    context_length: int = 0
    agent_capabilities: Collection[str] = ()
    history_length: int = 0

    @cached_property
    def factors(self) -> Mapping[str, float]:
        """The five factors, each in [0, 1] before its weight."""
        words = words_of(self.message)
        return complexity_factors(
            self.message,
            words,
            demand=_DEMAND.totals(words)["demand"],
            context_tokens=self.context_length,
            capabilities=self.agent_capabilities,
            history_length=self.history_length,
        )

    @property
    def score(self) -> float:
        """The weighted sum of the factors, in [0, 1]."""
        return weighted(self.factors)

    @property
    def complexity(self) -> TaskComplexity:
        """The level of the score."""
        return level_of(self.score)

    @property
    def recommended_tier(self) -> Tier:
        """The tier of the score."""
        return Tier.of(self.score)
