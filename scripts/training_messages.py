"""The messages that the router learns from: our corpus under training/, and the public sets with a category each."""

from __future__ import annotations

import json
import random
import re
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TRAINING = Path(__file__).resolve().parent.parent / "training"
FOLDS = 5
HELD_OUT_FOLD = 0

# What a message of each source weighs beside one of our corpus.
TERM_WEIGHT, PUBLIC_WEIGHT, TYPO_WEIGHT, SPECIFICATION_WEIGHT = 0.3, 1.0, 0.4, 40.0
TYPO_SHARE = 0.07

# The category of each public set, by our labelling guide. gpqa is left out: its texts are of three categories.
PUBLIC_CATEGORIES = {
    "gsm8k": "math",
    "math": "math",
    "agentverse-mgsm": "math",
    "mbpp": "code",
    "human_eval": "code",
    "trivia_qa": "question",
    "natural_qa": "question",
    "openbook_qa": "question",
    "mmlu": "question",
    "arc_challenge": "question",
    "commonsense_qa": "reasoning",
    "agentverse-logicgrid": "reasoning",
    "commongen": "creative",
}
_MULTIPLE_CHOICE_CATEGORIES = {
    "abstract_algebra": "math",
    "college_mathematics": "math",
    "elementary_mathematics": "math",
    "high_school_mathematics": "math",
    "high_school_statistics": "math",
    "formal_logic": "reasoning",
}
_MULTIPLE_CHOICE_STEP = 7


@dataclass(frozen=True, slots=True)
class Labelled:
    """One message with its labels; None where the source does not say. `before` is the person's message before it.

    `fold` is the topic's: fold 0 of our corpus is held out of training.
    """

    text: str
    category: str
    level: str | None = None
    tokens: int | None = None
    language: str = "en"
    topic: str = ""
    before: str = ""
    needs: tuple[str, ...] | None = None
    tags: tuple[str, ...] = ()
    weight: float = 1.0
    source: str = "corpus"

    @property
    def fold(self) -> int:
        """The fold of its topic."""
        return fold_of(self.topic)

    @property
    def whole(self) -> str:
        """The message with the one that it goes on with, as the classifier reads both."""
        return joined(self.before, self.text)


def fold_of(topic: str) -> int:
    """The fold of a topic, the same on every machine."""
    return zlib.crc32(topic.encode()) % FOLDS


def joined(before: str, text: str) -> str:
    """A follow-up behind the message that it goes on with."""
    return f"{before}\n{text}" if before else text


def corpus() -> list[Labelled]:
    """Every message of training/messages, in the order of the files' names."""
    return [_labelled(row) for path in sorted((TRAINING / "messages").glob("*.jsonl")) for row in rows_of(path)]


def labelled_file(path: Path) -> list[Labelled]:
    """The messages of one file in the corpus's format."""
    return list(map(_labelled, rows_of(path)))


def extras() -> list[Labelled]:
    """The terms that speak for a category, and the specification's own four queries."""
    terms = [
        Labelled(row["text"], row["category"], weight=TERM_WEIGHT, source="terms", topic=row["text"])
        for row in rows_of(TRAINING / "terms.jsonl")
    ]
    specification = [
        replace(message, weight=SPECIFICATION_WEIGHT, source="specification")
        for message in labelled_file(TRAINING / "specification.jsonl")
    ]
    return terms + specification


def public(data: Path) -> list[Labelled]:
    """The public sets whose texts have one category; a fold by text."""
    prompts = [
        (row["prompt"], PUBLIC_CATEGORIES[row["task"]], row["task"])
        for row in rows_of(data / "task_prompts_train.jsonl")
        if row["task"] in PUBLIC_CATEGORIES
    ]
    choices = [
        (row["prompt"], _MULTIPLE_CHOICE_CATEGORIES.get(row["subject"], "question"), "mmlu choices")
        for row in [*rows_of(data / "mmlu_train.jsonl")][::_MULTIPLE_CHOICE_STEP]
    ]
    return [
        Labelled(text, category, weight=PUBLIC_WEIGHT, source=source, topic=text)
        for text, category, source in prompts + choices
    ]


def misspelt(messages: list[Labelled]) -> list[Labelled]:
    """The same messages with letters missing, doubled, swapped or replaced; a message decides its own errors."""
    return list(map(_misspelt, messages))


def _misspelt(message: Labelled) -> Labelled:
    chance = random.Random(message.whole)  # noqa: S311  misspells, protects nothing
    return replace(
        message,
        text=with_typos(message.text, chance, TYPO_SHARE),
        before=with_typos(message.before, chance, TYPO_SHARE),
        weight=TYPO_WEIGHT * message.weight,
        source="typos",
    )


def with_typos(text: str, chance: random.Random, share: float) -> str:
    """The text with about `share` of its letters mistyped."""
    return re.sub(r"\w\w", lambda pair: _mistyped(pair[0], chance) if chance.random() < 2 * share else pair[0], text)


def _mistyped(pair: str, chance: random.Random) -> str:
    first, second = pair[0], pair[1]
    neighbour = chance.choice("abcdefghijklmnopqrstuvwxyz") if second.isascii() else ""
    return chance.choice((first, second + first, pair + second, first + neighbour))


def rows_of(path: Path) -> Iterator[Mapping[str, Any]]:
    """The objects of a file of JSON Lines."""
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _labelled(row: Mapping[str, Any]) -> Labelled:
    return Labelled(
        text=str(row["text"]),
        category=str(row["category"]),
        level=str(row["level"]),
        tokens=int(row["tokens"]),
        language=str(row["language"]),
        topic=str(row["topic"]),
        before=str(row.get("after", "")),
        needs=tuple(map(str, row.get("needs", ()))),
        tags=tuple(map(str, row.get("tags", ()))),
    )
