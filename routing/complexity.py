"""How hard a task is: one score in [0, 1], made of five named factors, and the levels cut from it."""

from __future__ import annotations

import math
from collections.abc import ItemsView, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from routing.lexicon import CRITICALITY, DEMAND, PLAIN_WORDS
from routing.terms import TermIndex
from routing.types import TaskComplexity, Tier
from routing.words import words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

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

DIFFICULTY_STEP = 0.5
"""Difficulties come in such steps, so that tasks which differ by a hair share what was computed for them."""

# The complexity score of a task of average difficulty: abilities come from WildBench, whose tasks are long ones. The
# slope is judgement: a model of 7B then answers a basic question well in five of six cases, and a task of several steps
# in every other. Over exam questions complexity says little: one logit from the least to the most.
_AVERAGE_SCORE, _DIFFICULTY_SLOPE = 0.6, 6.0

# What the message's own factor is made of.
_LENGTH_SHARE, _VOCABULARY_SHARE, _STRUCTURE_SHARE = 0.4, 0.4, 0.2
_WORDS_OF_A_LONG_MESSAGE = 60
# Context and conversation count 0.63 at these lengths, and toward 1 beyond.
_CONTEXT_TOKENS = 2048
_CONVERSATION_MESSAGES = 20

# What the message's own effort may come to beside the context.
_BESIDE_CONTEXT = WEIGHTS["message"] + WEIGHTS["capability"] + WEIGHTS["keywords"]

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


def score_of(difficulty: float) -> float:
    """Give the complexity score in the middle of a step of difficulty."""
    return min(1.0, max(0.0, _AVERAGE_SCORE + difficulty / _DIFFICULTY_SLOPE))


def task_difficulty(score: float) -> float:
    """Say how hard a task of a complexity score is, in logits, to the nearest step."""
    return DIFFICULTY_STEP * round(_DIFFICULTY_SLOPE * (score - _AVERAGE_SCORE) / DIFFICULTY_STEP)


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


class Effort(NamedTuple):
    """What a message takes: the effort of the message by itself, and what a follow-up draws on, which comes on top."""

    alone: float
    own_tokens: int
    drawn_tokens: int = 0
    drawn_messages: int = 0

    @property
    def score(self) -> float:
        """The weighted sum of `EffortFactors`, which need not be told apart for it."""
        own = _context_factor(self.own_tokens)
        paid = min(self._beyond(own), _BESIDE_CONTEXT) + WEIGHTS["context"] * self._context(own)
        return paid + WEIGHTS["depth"] * self.depth_factor if self.drawn_messages else paid

    @property
    def context_factor(self) -> float:
        """The message's own length as far as the effort goes, or what it draws on."""
        return self._context(_context_factor(self.own_tokens))

    @property
    def depth_factor(self) -> float:
        """How long a conversation it draws on."""
        return _depth_factor(self.drawn_messages) if self.drawn_messages else 0.0

    def _context(self, own: float) -> float:
        paid = min(own, max(0.0, self.alone) / WEIGHTS["context"])
        return max(paid, _context_factor(self.drawn_tokens)) if self.drawn_tokens else paid

    def _beyond(self, own: float) -> float:
        return max(0.0, self.alone - WEIGHTS["context"] * own)

    def shares(self, message: float, capability: float) -> Mapping[str, float]:
        """Split it into the five factors.

        How much the message says, its context and how critical its capability is are measured, and count as far as the
        effort goes; the keywords' factor is what is missing then, and then what the other two had left.
        """
        rest = self._beyond(_context_factor(self.own_tokens))
        paid = dict.fromkeys(("message", "capability", "keywords"), 0.0)
        for name, most in (
            ("message", message),
            ("capability", capability),
            ("keywords", 1.0),
            ("capability", 1.0 - capability),
            ("message", 1.0 - message),
        ):
            share = min(most, rest / WEIGHTS[name])
            paid[name] += share
            rest = max(0.0, rest - WEIGHTS[name] * share)
        return paid | {"context": self.context_factor, "depth": self.depth_factor}


class EffortFactors(Mapping[str, float]):
    """The five factors of a message that takes an effort, told apart when somebody asks: to decide nobody does."""

    __slots__ = ("_capabilities", "_effort", "_text", "_words")

    def __init__(self, effort: Effort, text: str, words: Sequence[str], capabilities: Collection[str]) -> None:
        self._effort, self._text, self._words, self._capabilities = effort, text, words, capabilities

    def __getitem__(self, name: str) -> float:
        return self._factors()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(WEIGHTS)

    def __len__(self) -> int:
        return len(WEIGHTS)

    def items(self) -> ItemsView[str, float]:
        """All of them at once."""
        factors = self._factors()
        return {name: factors[name] for name in WEIGHTS}.items()

    def __repr__(self) -> str:
        return repr(dict(self.items()))

    def _factors(self) -> Mapping[str, float]:
        return self._effort.shares(message_factor(self._text, self._words), capability_factor(self._capabilities))


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
