"""TaskClassifier: what a query asks for, by rules over its words, its form and the conversation before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.answer_length import estimate_answer_tokens
from routing.complexity import complexity_factors, level_of, weighted
from routing.greetings import GREETINGS, is_greeting
from routing.language import detect_language
from routing.lexicon import (
    CONTINUATIONS,
    CONTINUING_PHRASES,
    CONTINUING_REPLIES,
    CRITICAL_WORDS,
    DEFINING,
    DEFINITION_WEIGHT,
    DEFINITION_WORDS,
    DEICTICS,
    DEMAND,
    FILLERS,
    OPENERS,
    QUESTION_PRIOR,
    REQUIRED_CAPABILITIES,
    TOPICS,
    UNSPACED_LANGUAGES,
    UNSPACED_TERMS,
    words_of,
)
from routing.modality_words import modality_of
from routing.terms import Spelling, TermIndex
from routing.text_form import code_weight, has_address, math_weight
from routing.tokens import estimate_tokens
from routing.types import Message, Modality, ModelCapability, Query, TaskCategory, TaskClassification

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# What is read of a long text: its request stands at the beginning or at the end.
HEAD_CHARACTERS = 600
TAIL_CHARACTERS = 300
EDGE_CHARACTERS = 300
EDGE_WORDS = 40
MIDDLE_SHARE = 0.25

# A misspelt word is looked for where the request stands.
SPELLED_WORDS = 12
FOLLOW_UP_WORDS = 8
# A question of no more weight than this names no subject of its own.
_VAGUE = 2.5
ADDRESS_WEIGHT = 7.0

# LLaVA 1.5 makes 576 tokens of an image; newer models make 256 to 1,500 of a photo.
IMAGE_TOKENS = 600
# Role markers of a chat template.
MESSAGE_TOKENS = 4


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text as read: what was sampled of it, its words, and the weights found in them."""

    sample: str
    words: Sequence[str]
    scores: Mapping[TaskCategory, float]
    demand: float
    language: str

    @property
    def edges(self) -> Sequence[str]:
        """The words where the request stands; all of them in a short text."""
        if len(self.words) <= 2 * EDGE_WORDS:
            return self.words
        return [*self.words[:EDGE_WORDS], "", *self.words[-EDGE_WORDS:]]

    @property
    def category(self) -> TaskCategory:
        """The category with most weight; a plain question only where nothing equals it."""
        return max(self.scores, key=lambda category: (self.scores[category], category is not TaskCategory.QUESTION))

    @property
    def follows(self) -> bool:
        """Whether the text, short and about nothing in particular, goes on with what was said before."""
        words = self.words
        if not 0 < len(words) <= FOLLOW_UP_WORDS:
            return False
        if CONTINUING_REPLIES.issuperset(words):
            return True
        if self.category is not TaskCategory.QUESTION:
            return False
        if not DEICTICS.isdisjoint(words) or tuple(words[:2]) in CONTINUING_PHRASES:
            return True
        return words[0] in CONTINUATIONS and self.scores[TaskCategory.QUESTION] <= _VAGUE

    @property
    def confidence(self) -> float:
        """0.5 where two categories are level, toward 1 the farther the first is ahead."""
        second, first = sorted(self.scores.values())[-2:]
        return round(0.5 + 0.5 * (first - second) / (first + 1.0), 2)


class TaskClassifier:
    """Classifies queries. Pure and without state between calls: one instance serves every chat."""

    def __init__(self) -> None:
        self._terms = TermIndex[str](
            {"demand": DEMAND} | {str(category): weights for category, weights in TOPICS.items()}
        )
        self._openers = {
            word: tuple(
                (category, weight)
                for category, weights in OPENERS.items()
                for weight, listed in weights.items()
                if word in listed
            )
            for weights in OPENERS.values()
            for listed in weights.values()
            for word in listed
        }
        self._spelling = Spelling(self._terms.words | self._openers.keys() | GREETINGS)

    def classify(self, query: str | Query) -> TaskClassification:
        """Say what is asked. Never fails, whatever the text."""
        if isinstance(query, str):
            query = Query(query)
        earlier = (message.content for message in reversed(query.history) if message.role == "user")
        reading = self._read(query.text, earlier)
        if is_greeting(reading.words) and not query.attachments:
            return self._classification(query, reading, TaskCategory.GREETING, 0.95)
        continued = self._continued(reading, query)
        if continued is not None:
            return self._classification(query, reading, continued.category, 0.6, follows=True)
        return self._classification(query, reading, reading.category, reading.confidence if reading.words else 0.3)

    def _read(self, text: str, earlier: Iterable[str] = ()) -> _Reading:
        sample = text.strip()
        if len(sample) > HEAD_CHARACTERS + TAIL_CHARACTERS:
            sample = sample[:HEAD_CHARACTERS] + "\n" + sample[-TAIL_CHARACTERS:]
        words = words_of(sample)
        language = detect_language(text, words, earlier)
        words[:SPELLED_WORDS] = map(self._spelling.correct, words[:SPELLED_WORDS])
        totals = self._totals(words)
        demand = totals.pop("demand", 0.0)
        scores = {category: totals.get(category, 0.0) for category in TaskCategory}
        self._add_form(scores, sample, words, language)
        return _Reading(sample, words, scores, demand, language)

    def _totals(self, words: Sequence[str]) -> dict[str, float]:
        """The weights of the words; the middle of a long text says little about what is asked."""
        if len(words) <= 2 * EDGE_WORDS:
            return self._terms.totals(words)
        totals = self._terms.totals([*words[:EDGE_WORDS], "", *words[-EDGE_WORDS:]])
        for key, weight in self._terms.totals(words[EDGE_WORDS:-EDGE_WORDS]).items():
            totals[key] += MIDDLE_SHARE * weight
        return totals

    def _add_form(self, scores: dict[TaskCategory, float], sample: str, words: Sequence[str], language: str) -> None:
        scores[TaskCategory.QUESTION] += QUESTION_PRIOR
        scores[TaskCategory.CODE] += code_weight(sample)
        scores[TaskCategory.MATH] += math_weight(_edges(sample))
        if len(words) <= EDGE_WORDS and has_address(sample):
            scores[TaskCategory.TOOL_USE] += ADDRESS_WEIGHT
        opener = next((word for word in words[:EDGE_WORDS] if word not in FILLERS), "")
        for category, weight in self._openers.get(opener, ()):
            scores[category] += weight
        if len(words) <= DEFINITION_WORDS and opener in DEFINING and not any(map(str.isdigit, sample)):
            scores[TaskCategory.QUESTION] += DEFINITION_WEIGHT
        if language in UNSPACED_LANGUAGES:
            for term, category, weight in UNSPACED_TERMS:
                if term in sample:
                    scores[category] += weight

    def _continued(self, reading: _Reading, query: Query) -> _Reading | None:
        """The earlier message that a short one such as "and in Rust?" goes on with."""
        if not query.history or not reading.follows:
            return None
        asked = [message.content for message in query.history[-12:] if message.role == "user"]
        readings = map(self._read, reversed(asked))
        return next((earlier for earlier in readings if not (earlier.follows or is_greeting(earlier.words))), None)

    def _classification(
        self, query: Query, reading: _Reading, category: TaskCategory, confidence: float, *, follows: bool = False
    ) -> TaskClassification:
        capabilities = _capabilities(query, reading, category, follows=follows)
        factors = _factors(query, reading, category, capabilities, follows=follows)
        score = weighted(factors)
        complexity = level_of(score)
        return TaskClassification(
            complexity=complexity,
            category=category,
            required_capabilities=capabilities,
            estimated_tokens=estimate_answer_tokens(category, complexity, reading.edges),
            requires_tools=category is TaskCategory.TOOL_USE,
            confidence=confidence,
            score=score,
            modality=modality_of(query, reading.words),
            language=reading.language,
            prompt_tokens=prompt_tokens(query),
            factors=factors,
        )


def _edges(sample: str) -> str:
    """The beginning and the end of a text, where its request stands."""
    if len(sample) <= 2 * EDGE_CHARACTERS:
        return sample
    return sample[:EDGE_CHARACTERS] + "\n" + sample[-EDGE_CHARACTERS:]


def _capabilities(
    query: Query, reading: _Reading, category: TaskCategory, *, follows: bool
) -> frozenset[ModelCapability]:
    shown = any(attachment.modality is Modality.IMAGE for attachment in query.attachments)
    pointed_at = follows or not DEICTICS.isdisjoint(reading.words)
    if shown or (pointed_at and _was_shown(query.history)):
        return REQUIRED_CAPABILITIES[category] | {ModelCapability.VISION}
    return REQUIRED_CAPABILITIES[category]


def _was_shown(history: Sequence[Message]) -> bool:
    """Whether the last message of the person came with an image."""
    last = next((message for message in reversed(history) if message.role == "user"), None)
    return last is not None and any(attachment.modality is Modality.IMAGE for attachment in last.attachments)


def _factors(
    query: Query, reading: _Reading, category: TaskCategory, capabilities: frozenset[ModelCapability], *, follows: bool
) -> Mapping[str, float]:
    """The factors of the score. What came before makes a message harder only where the message draws on it.

    A greeting is trivial, however many words it takes (specification S1.3).
    """
    if category is TaskCategory.GREETING:
        return complexity_factors("", (), demand=0.0, context_tokens=0, capabilities=(), history_length=0)
    names = {*map(str, capabilities)}
    if not CRITICAL_WORDS.isdisjoint(reading.words) and category in (
        TaskCategory.ANALYSIS,
        TaskCategory.CODE,
        TaskCategory.REASONING,
    ):
        names |= CRITICAL_WORDS.intersection(reading.words)
    return complexity_factors(
        reading.sample,
        reading.words,
        demand=reading.demand,
        context_tokens=prompt_tokens(query) if follows else estimate_tokens(query.text),
        capabilities=names,
        history_length=len(query.history),
    )


def prompt_tokens(query: Query) -> int:
    """Everything a model will read: text, images, system prompt and history."""
    texts = [query.text, query.system_prompt or "", *(message.content for message in query.history)]
    images = len(query.attachments) + sum(len(message.attachments) for message in query.history if message.attachments)
    return sum(map(estimate_tokens, texts)) + IMAGE_TOKENS * images + MESSAGE_TOKENS * (1 + len(query.history))
