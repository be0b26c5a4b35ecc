"""What a contestant of bench.mlx is asked, and when the pieces of its answers came."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

Messages = list[tuple[str, str]]
"""Pairs of role and text."""

# Each is one token, both of the random models and of every common tokenizer.
WORDS = (
    *("the", "a", "one", "two", "of", "to", "and", "in", "it", "is", "we", "you", "day", "year", "way", "man", "tree"),
    *("sun", "sea", "salt", "stone", "wind", "rain", "light", "road", "river", "house", "bread", "green", "blue"),
    *("old", "new", "soon", "never", "always", "again"),
)


@dataclass(slots=True)
class Answer:
    """One answer, filled in while it comes. Times are in seconds on one clock for all processes of this machine.

    `times` holds a moment for each piece of text, which is as a rule a token.
    """

    messages: Messages
    max_tokens: int
    asked: float = 0.0
    ended: float = 0.0
    times: list[float] = field(default_factory=list)
    tokens: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0

    @property
    def first_seconds(self) -> float:
        """Seconds from the question to the first text."""
        return self.times[0] - self.asked

    @property
    def decode_tokens_per_second(self) -> float:
        """How fast tokens came after the first text."""
        pieces, seconds = len(self.times), self.times[-1] - self.times[0]
        return self.tokens / pieces * (pieces - 1) / seconds if seconds > 0 else 0.0

    def worst_gap_seconds(self, since: float, until: float) -> float:
        """The longest pause between two pieces that lies in this span of time, or reaches into it."""
        pairs = pairwise(self.times)
        return max((later - earlier for earlier, later in pairs if later > since and earlier < until), default=0.0)


class Contestant(Protocol):
    """One way to run the model, in a process of its own."""

    name: str
    several: bool
    """Whether it can answer several requests at once."""

    async def ask(self, answer: Answer) -> None:
        """Fill in an answer. Cancelling the task stops the model."""

    async def peak_memory(self) -> tuple[int | None, int | None]:
        """The most bytes that its process and that MLX in it have held; None where nobody knows."""


class Prompts:
    """Conversations of random words, no two with the same beginning.

    `wish` ends each question: what a model that understands something is asked for.
    """

    def __init__(self, seed: int, wish: str = "") -> None:
        self._random = random.Random(seed)
        self._wish = wish

    def one(self, tokens: int) -> Messages:
        """One question of about so many tokens."""
        return [("user", self._words(tokens) + self._wish)]

    def history(self, tokens: int) -> Messages:
        """A conversation of about so many tokens whose last message is a short question."""
        return [("user", self._words(tokens - 16)), ("assistant", self._words(8)), *self.one(8)]

    def following(self, messages: Messages) -> Messages:
        """The same conversation, one turn later."""
        return [*messages, ("assistant", self._words(8)), *self.one(8)]

    def _words(self, tokens: int) -> str:
        return "".join(f" {self._random.choice(WORDS)}" for _ in range(max(1, tokens)))
