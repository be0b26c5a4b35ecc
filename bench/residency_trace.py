"""The messages of bench.residency: some people's days, drawn from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.types import ModelCapability, TaskCategory, TaskClassification, TaskComplexity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routing.types import Query

HOUR_SECONDS, DAY_SECONDS = 3600.0, 86400.0

_C, _L = TaskCategory, TaskComplexity
# How often each level comes, by category: trivial, simple, moderate, complex, very complex.
LEVELS: Mapping[TaskCategory, tuple[float, ...]] = {
    _C.GREETING: (1.0, 0.0, 0.0, 0.0, 0.0),
    _C.QUESTION: (0.2, 0.5, 0.25, 0.05, 0.0),
    _C.CODE: (0.05, 0.25, 0.4, 0.25, 0.05),
    _C.MATH: (0.1, 0.35, 0.35, 0.2, 0.0),
    _C.REASONING: (0.0, 0.2, 0.45, 0.25, 0.1),
    _C.CREATIVE: (0.05, 0.35, 0.45, 0.15, 0.0),
    _C.ANALYSIS: (0.0, 0.15, 0.45, 0.3, 0.1),
}
_SCORES = {_L.TRIVIAL: 0.02, _L.SIMPLE: 0.14, _L.MODERATE: 0.29, _L.COMPLEX: 0.46, _L.VERY_COMPLEX: 0.66}
_ANSWER_TOKENS = {_L.TRIVIAL: 60, _L.SIMPLE: 150, _L.MODERATE: 400, _L.COMPLEX: 800, _L.VERY_COMPLEX: 1200}
_NEEDS = {
    _C.CODE: frozenset({ModelCapability.CODE}),
    _C.MATH: frozenset({ModelCapability.MATH}),
    _C.REASONING: frozenset({ModelCapability.REASONING}),
}

# A conversation keeps its subject from one message to the next, mostly.
_SAME_SUBJECT = 0.8
_MESSAGES_MORE = 0.78  # the chance of one more message: 4.5 a conversation
_PAUSE_SECONDS = 75.0  # the median time from one message of a conversation to the next


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody's habits. `hours` are conversations begun in an hour, from-to; `subjects` are weights."""

    name: str
    hours: tuple[tuple[int, int, float], ...]
    subjects: Mapping[TaskCategory, float]


PEOPLE = (
    Person("engineer", ((9, 12, 1.2), (13, 18, 1.2), (21, 22, 0.3)), {_C.CODE: 6, _C.QUESTION: 2, _C.ANALYSIS: 1}),
    Person("second engineer", ((10, 13, 0.9), (14, 19, 0.9)), {_C.CODE: 7, _C.REASONING: 1, _C.QUESTION: 1}),
    Person("pupil", ((15, 20, 0.9),), {_C.MATH: 5, _C.QUESTION: 3, _C.REASONING: 1}),
    Person("writer", ((8, 11, 0.8), (20, 23, 0.8)), {_C.CREATIVE: 5, _C.ANALYSIS: 2, _C.QUESTION: 2}),
    Person("family", ((7, 9, 0.9), (12, 13, 0.6), (17, 22, 0.9)), {_C.QUESTION: 6, _C.GREETING: 2, _C.CREATIVE: 1}),
    Person("night owl", ((22, 24, 1.0), (0, 2, 1.0)), {_C.REASONING: 3, _C.ANALYSIS: 3, _C.QUESTION: 3}),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One message. `at` is in seconds from the first midnight."""

    at: float
    chat_id: str
    category: TaskCategory
    level: TaskComplexity

    @property
    def text(self) -> str:
        """What stands for the message; `TableClassifier` reads it."""
        return f"{self.category} {self.level}"


def draw_days(seed: int, days: int) -> list[Asked]:
    """Draw so many days of everybody's messages, in the order of time."""
    drawn = random.Random(seed)
    asked = [one for person in PEOPLE for day in range(days) for one in _day_of(person, day * DAY_SECONDS, drawn)]
    return sorted((one for one in asked if one.at < days * DAY_SECONDS), key=lambda one: one.at)


def _day_of(person: Person, midnight: float, drawn: random.Random) -> list[Asked]:
    asked: list[Asked] = []
    for begin, end, per_hour in person.hours:
        at = midnight + begin * HOUR_SECONDS + drawn.expovariate(per_hour) * HOUR_SECONDS
        while at < midnight + end * HOUR_SECONDS:
            conversation = _conversation(person, at, drawn)
            asked += conversation
            at = conversation[-1].at + drawn.expovariate(per_hour) * HOUR_SECONDS
    return asked


def _conversation(person: Person, at: float, drawn: random.Random) -> list[Asked]:
    subject = _subject(person, drawn)
    asked = [_message(person, at, subject, drawn)]
    while drawn.random() < _MESSAGES_MORE:
        at += 15.0 + drawn.lognormvariate(0.0, 0.8) * (_PAUSE_SECONDS - 15.0)
        subject = subject if drawn.random() < _SAME_SUBJECT else _subject(person, drawn)
        asked.append(_message(person, at, subject, drawn))
    return asked


def _subject(person: Person, drawn: random.Random) -> TaskCategory:
    return drawn.choices(list(person.subjects), list(person.subjects.values()))[0]


def _message(person: Person, at: float, subject: TaskCategory, drawn: random.Random) -> Asked:
    return Asked(at, person.name, subject, drawn.choices(list(_L), LEVELS[subject])[0])


class TableClassifier:
    """Reads a message's category and level out of its text, in place of a classifier of texts."""

    def classify(self, query: Query) -> TaskClassification:
        """Say what a message is, as it was drawn."""
        category, level = query.text.split()
        complexity = TaskComplexity(level)
        return TaskClassification(
            complexity=complexity,
            category=TaskCategory(category),
            required_capabilities=_NEEDS.get(TaskCategory(category), frozenset()),
            estimated_tokens=_ANSWER_TOKENS[complexity],
            requires_tools=False,
            confidence=1.0,
            score=_SCORES[complexity],
            prompt_tokens=200,
        )
