"""What the people of the chaos bench say, and a model whose answers name the message that they answer."""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tests.fake_model_server import Script

# Answers consist of these, each in a paragraph of its own: what is missing, cut or there twice can be seen in the chat.
# None of the characters has a meaning in Markdown, so they stand in a call's text as they do in the chat.
MARKS = re.compile(r"\b(Begin|Line \d+|End) of (q\d+n\d+)\b")
TOKEN = re.compile(r"\bq\d+n\d+\b")
_ORDER = re.compile(r"Say (q\d+n\d+) in (\d+) lines over (\d+) ms")
_WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "larch", "maple", "quartz")
_PIECES = 12
PASTED_CHARACTERS = 4096  # what a client of Telegram puts into one message
PICTURE = b"\x89PNG\r\n\x1a\n" + b"picture" * 20


class Kind(Enum):
    """What somebody sends."""

    QUESTION = "question"
    LONG = "question with an answer of several messages"
    PASTE = "part of a split paste"
    PHOTO = "photo"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to hear: an answer with this token, of so many lines."""

    token: str
    kind: Kind
    lines: int = 0
    milliseconds: int = 0

    @property
    def words(self) -> str:
        """How to say so."""
        if self.kind is Kind.COMMAND:
            return f"/model {self.token}"
        return f"Say {self.token} in {self.lines} lines over {self.milliseconds} ms"

    @property
    def marks(self) -> list[str]:
        """What must stand in the chat in the end, each once."""
        return ["Begin", *(f"Line {number}" for number in range(1, self.lines + 1)), "End"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One message as somebody sent it; `at` is of time.monotonic()."""

    wanted: Wanted
    chat_id: int
    message_id: int
    at: float = field(default_factory=time.monotonic)


def wanted(rng: random.Random, token: str, kind: Kind) -> Wanted:
    """Make up what somebody wants."""
    if kind is Kind.COMMAND:
        return Wanted(token, kind)
    if kind is Kind.LONG:
        return Wanted(token, kind, lines=rng.randint(100, 160), milliseconds=rng.randint(300, 1500))
    slow = rng.random() < 0.8
    return Wanted(token, kind, lines=rng.randint(1, 4), milliseconds=rng.randint(300, 1500) if slow else 0)


def pasted(first: Wanted, second: Wanted) -> tuple[str, str]:
    """One text as a client splits it: both of its messages want something."""
    head = f"{first.words}. "
    words = " ".join(_filler(first.token, number) for number in range(PASTED_CHARACTERS // 30))
    return (head + words)[:PASTED_CHARACTERS].rstrip().ljust(PASTED_CHARACTERS, "x"), f"And {second.words}."


class Echo:
    """Answers what it is told to. `asked_at` are the times, of time.monotonic(), at which it was asked for a token."""

    def __init__(self) -> None:
        self.asked_at: dict[str, list[float]] = {}

    def script(self, body: Any) -> Script:
        """How the answer to a request goes: every order in its last message is followed."""
        orders = _ORDER.findall(body["messages"][-1]["content"])
        for token, _, _ in orders:
            self.asked_at.setdefault(token, []).append(time.monotonic())
        text = "\n\n".join(answer(token, int(lines)) for token, lines, _ in orders) or "I was told nothing to say."
        size = max(1, -(-len(text) // _PIECES))
        pieces = tuple(text[start : start + size] for start in range(0, len(text), size))
        seconds = max((int(milliseconds) / 1000 for _, _, milliseconds in orders), default=0.0)
        return Script(pieces=pieces, token_seconds=seconds / len(pieces))


def answer(token: str, lines: int) -> str:
    """The whole answer."""
    said = [f"Line {number} of {token}: {_filler(token, number)}." for number in range(1, lines + 1)]
    return "\n\n".join([f"Begin of {token}.", *said, f"End of {token}."])


def _filler(token: str, number: int) -> str:
    """Words that differ from line to line, lest they be taken for a model that loops."""
    rng = random.Random(f"{token} {number}")
    return " ".join(rng.choice(_WORDS) for _ in range(10))
