"""What a rule can ask of a query: its category, complexity, language, chat, words, the hour, and so on."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Protocol

from routing.bounded_pattern import TEXT_CHARACTERS
from routing.task_views import task_type
from routing.words import LETTERS, UNSPACED

if TYPE_CHECKING:
    from routing.types import Query, TaskClassification

Clock = Callable[[], time.struct_time]
"""Gives the local time."""

_MINUTES_PER_DAY = 24 * 60
# How far a conversation is read back for the words that forbid something, in characters.
_HISTORY_CHARACTERS = 200_000


class Situation:
    """A query as rules look at it; what only some rules ask for is worked out when the first of them does."""

    def __init__(self, query: Query, task: TaskClassification, clock: Clock | None = None) -> None:
        self.query = query
        self.task = task
        self._clock = clock or time.localtime

    @cached_property
    def chat(self) -> str:
        """The chat's number, without its topic."""
        return self.query.chat_id.partition("/")[0]

    @cached_property
    def needs(self) -> frozenset[str]:
        """What a model must be able to do."""
        return self.task.required_capabilities | self.task.needs | ({"tools"} if self.task.requires_tools else set())

    @cached_property
    def text(self) -> str:
        """What is asked, in lower case."""
        return self.query.text.casefold()

    @cached_property
    def conversation(self) -> str:
        """What is asked and what went before, in lower case: all of it goes to the model."""
        earlier = "\n".join(message.content for message in self.query.history)
        return f"{self.text}\n{earlier[-_HISTORY_CHARACTERS:].casefold()}"

    @cached_property
    def now(self) -> time.struct_time:
        """The local time."""
        return self._clock()


class Condition(Protocol):
    """One thing that must hold."""

    def holds(self, situation: Situation) -> bool:
        """Whether it does."""

    def covers(self, other: Condition) -> bool:
        """Whether it holds wherever the other one, of the same key, does."""

    def told(self) -> str:
        """Say it in words."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """A value is one of these."""

    READERS: ClassVar[dict[str, Callable[[Situation], str]]] = {
        "category": lambda situation: situation.task.category.value,
        "task_type": lambda situation: task_type(situation.task).value,
        "level": lambda situation: situation.task.complexity.value,
        "language": lambda situation: situation.task.language,
        "modality": lambda situation: situation.task.modality.value,
        "chat": lambda situation: situation.chat,
    }
    key: str
    values: frozenset[str]

    def holds(self, situation: Situation) -> bool:
        """Look at the query."""
        return self.READERS[self.key](situation) in self.values

    def covers(self, other: Condition) -> bool:
        """Compare with another condition."""
        return isinstance(other, OneOf) and self.key == other.key and self.values >= other.values

    def told(self) -> str:
        """Write it out."""
        return f"{self.key} is {_alternatives(self.values)}"


@dataclass(frozen=True, slots=True)
class Needs:
    """One of these is needed, at least."""

    values: frozenset[str]

    def holds(self, situation: Situation) -> bool:
        """Look at the query."""
        return not self.values.isdisjoint(situation.needs)

    def covers(self, other: Condition) -> bool:
        """Compare with another condition."""
        return isinstance(other, Needs) and self.values >= other.values

    def told(self) -> str:
        """Write it out."""
        return f"it needs {_alternatives(self.values)}"


@dataclass(frozen=True, slots=True)
class Within:
    """A figure is from `low` to `high`, both of them included. `words` are as they were written (">= 0.6")."""

    READERS: ClassVar[dict[str, Callable[[Situation], float]]] = {
        "complexity": lambda situation: situation.task.score,
        "tokens": lambda situation: situation.task.prompt_tokens,
        "answer_tokens": lambda situation: situation.task.estimated_tokens,
    }
    key: str
    low: float
    high: float
    words: str = field(compare=False)

    def holds(self, situation: Situation) -> bool:
        """Look at the query."""
        return self.low <= self.READERS[self.key](situation) <= self.high

    def covers(self, other: Condition) -> bool:
        """Compare with another condition."""
        return isinstance(other, Within) and self.key == other.key and self.low <= other.low and other.high <= self.high

    def told(self) -> str:
        """Write it out."""
        return f"{self.key.replace('_', ' ')} {self.words}"


@dataclass(frozen=True, slots=True)
class Words:
    """One of these words or phrases stands in the text; * at a word's end stands for any ending.

    `everywhere`: in what went before, too, since that is sent along.
    """

    words: frozenset[str]
    pattern: re.Pattern[str] = field(compare=False)
    everywhere: bool = False

    @classmethod
    def of(cls, words: frozenset[str], *, everywhere: bool) -> Words:
        """Compile words that were checked. One pass over the text finds any of them, each at a word's beginning."""
        alternatives = "|".join(map(_spelled, sorted(words)))
        return cls(words, re.compile(alternatives), everywhere)

    def holds(self, situation: Situation) -> bool:
        """Look at the query."""
        text = situation.conversation if self.everywhere else situation.text
        # Most texts have none of them, and looking for a piece of text is ten times faster than a pattern.
        if not any(word.rstrip("*").split(" ", 1)[0] in text for word in self.words):
            return False
        return self.pattern.search(text) is not None

    def covers(self, other: Condition) -> bool:
        """Compare with another condition."""
        return isinstance(other, Words) and self.words >= other.words

    def told(self) -> str:
        """Write it out."""
        return f"the text has {_alternatives(self.words, quote='“{}”')}"


@dataclass(frozen=True, slots=True)
class Matches:
    """A bounded pattern is found in the beginning of the text, or of what went before as well with `everywhere`."""

    pattern: re.Pattern[str]
    everywhere: bool = False

    def holds(self, situation: Situation) -> bool:
        """Look at the query."""
        if self.pattern.search(situation.query.text[:TEXT_CHARACTERS]):
            return True
        earlier = reversed(situation.query.history[-_LAST_MESSAGES:]) if self.everywhere else ()
        return any(self.pattern.search(message.content[:TEXT_CHARACTERS]) for message in earlier)

    def covers(self, other: Condition) -> bool:
        """Compare with another condition."""
        return self == other

    def told(self) -> str:
        """Write it out."""
        return f"the text matches /{self.pattern.pattern}/"


# Messages before the last one that a pattern is tried on.
_LAST_MESSAGES = 20


@dataclass(frozen=True, slots=True)
class Hours:
    """It is from `begin` to before `end`, in minutes of the local day; over midnight if `end` is not the later one."""

    begin: int
    end: int

    def holds(self, situation: Situation) -> bool:
        """Look at the query."""
        now = situation.now.tm_hour * 60 + situation.now.tm_min
        return (now - self.begin) % _MINUTES_PER_DAY < self.length

    def covers(self, other: Condition) -> bool:
        """Compare with another condition."""
        if not isinstance(other, Hours):
            return False
        return (other.begin - self.begin) % _MINUTES_PER_DAY + other.length <= self.length

    @property
    def length(self) -> int:
        """How long that is, in minutes."""
        return (self.end - self.begin) % _MINUTES_PER_DAY

    def told(self) -> str:
        """Write it out."""
        return f"it is between {_clock_time(self.begin)} and {_clock_time(self.end)}"


def _clock_time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _alternatives(values: frozenset[str], quote: str = "{}") -> str:
    return " or ".join(quote.format(value) for value in sorted(values))


def _spelled(word: str) -> str:
    """Write a word as a pattern: whole, or with any ending where * is; a space stands for any white space.

    Scripts that write without spaces have it wherever its letters are.
    """
    stem = r"\s+".join(re.escape(part) for part in word.removesuffix("*").split())
    begin = "" if UNSPACED.match(word[0]) else f"(?<![{LETTERS}])"
    end = "" if word.endswith("*") or UNSPACED.match(word[-1]) else f"(?![{LETTERS}])"
    return begin + stem + end
