"""What bench.routing measures on: the public sets from a folder, our own messages and the probe, as rows."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from routing.types import Attachment, Message, Modality, Query, TaskCategory, TaskComplexity
from scripts.training_messages import HELD_OUT_FOLD, fold_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
PROBE = Path(__file__).with_name("routing_probe.jsonl")
MESSAGES = ROOT / "training" / "messages"
VARIABLE = "ROUTING_DATA"
FILES = ("mmlu_train.jsonl", "gsm8k_train.jsonl", "nine_models_train.jsonl", "task_prompts_train.jsonl")

_QUESTION = (TaskCategory.QUESTION,)
_PUZZLE = (TaskCategory.REASONING, TaskCategory.QUESTION)
# What the prompts of each data set ask for, the first being what most of them do. School and science questions are
# partly exercises with numbers, and the sets do not say which.
ACCEPTED: Mapping[str, tuple[TaskCategory, ...]] = {
    "agentverse-logicgrid": (TaskCategory.REASONING,),
    "agentverse-mgsm": (TaskCategory.MATH,),
    "arc_challenge": (TaskCategory.QUESTION, TaskCategory.REASONING),
    "commongen": (TaskCategory.CREATIVE,),
    "commonsense_qa": _PUZZLE,
    "gpqa": (TaskCategory.QUESTION, TaskCategory.REASONING, TaskCategory.MATH),
    "gsm8k": (TaskCategory.MATH,),
    "human_eval": (TaskCategory.CODE,),
    "math": (TaskCategory.MATH,),
    "mbpp": (TaskCategory.CODE,),
    "mmlu": (TaskCategory.QUESTION, TaskCategory.REASONING, TaskCategory.MATH),
    "natural_qa": _QUESTION,
    "openbook_qa": (TaskCategory.QUESTION, TaskCategory.REASONING),
    "trivia_qa": _QUESTION,
}


class DataMissing(Exception):
    """The public sets are not in the folder; people read the sentence."""


class Exam(NamedTuple):
    """A question, its subject, and which of two models answered it right."""

    prompt: str
    subject: str
    weak_right: bool
    strong_right: bool


class TaskPrompt(NamedTuple):
    """A prompt and its data set."""

    prompt: str
    data_set: str


class Scored(NamedTuple):
    """A prompt, its data set, and what each of nine models scored on it, in [0, 1]."""

    prompt: str
    data_set: str
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A message as somebody sends it, and what it is: one line of our own messages or of the probe."""

    text: str
    category: TaskCategory
    level: TaskComplexity
    language: str
    topic: str
    after: str
    modality: Modality
    tags: frozenset[str]

    @property
    def query(self) -> Query:
        """The message as the bot would get it: a follow-up after its conversation, a caption with its attachment."""
        history = (Message("user", self.after), Message("assistant", "…")) if self.after else ()
        attachments = (Attachment(self.modality),) if "caption" in self.tags else ()
        return Query(self.text, attachments=attachments, history=history)

    @property
    def held_out(self) -> bool:
        """Whether nothing of its topic is trained on."""
        return fold_of(self.topic) == HELD_OUT_FOLD


@dataclass(frozen=True, slots=True)
class PublicSets:
    """Everything that the folder holds, as rows; what was scored by nine models has its data set's name, or ""."""

    exams: Mapping[str, Sequence[Exam]]
    prompts: Sequence[TaskPrompt]
    scored: Sequence[Scored]


def default_folder() -> Path:
    """Name the folder that holds the public sets unless one is given."""
    return Path(os.environ.get(VARIABLE) or ROOT.parent / "shared" / "data" / "routing")


def read_sets(folder: Path, keep: int | None = None) -> PublicSets:
    """Read the folder, of each set at most so many rows, evenly spread. Raises DataMissing with what to do."""
    absent = [name for name in FILES if not (folder / name).is_file()]
    if absent:
        raise DataMissing(
            f"{', '.join(absent)} not found in {folder}: name the folder that holds the public sets with --data "
            f"or {VARIABLE} (scripts/train_router.py says where they come from)."
        )
    mmlu, gsm8k, nine, prompts = (_spread(list(rows_of(folder / name)), keep) for name in FILES)
    tasks = [TaskPrompt(line["prompt"], line["task"]) for line in prompts]
    set_of = {line["prompt"]: line["task"] for line in rows_of(folder / FILES[-1])}
    return PublicSets(
        {"MMLU": _exams(mmlu), "GSM8K": _exams(gsm8k)},
        tasks,
        [Scored(line["prompt"], set_of.get(line["prompt"], ""), line["scores"]) for line in nine],
    )


def read_messages(*paths: Path) -> list[Labelled]:
    """Read labelled messages."""
    return [_labelled(line) for path in paths for line in rows_of(path)]


def our_messages() -> list[Labelled]:
    """Read our own messages, those of the held-out topics too."""
    return read_messages(*sorted(MESSAGES.glob("*.jsonl")))


def unseen_probe(messages: Sequence[Labelled]) -> list[Labelled]:
    """Read the probe without what also stands, by chance, among our own messages: a bare thumb, a bare why."""
    known = {(message.text, message.after) for message in messages}
    return [message for message in read_messages(PROBE) if (message.text, message.after) not in known]


def _spread(rows: list[Mapping[str, Any]], keep: int | None) -> list[Mapping[str, Any]]:
    """Take so many rows at even distances: the sets are sorted by subject."""
    if keep is None or len(rows) <= keep:
        return rows
    return [rows[place * len(rows) // keep] for place in range(keep)]


def _exams(lines: Sequence[Mapping[str, Any]]) -> list[Exam]:
    return [Exam(line["prompt"], line["subject"], line["weak_right"], line["strong_right"]) for line in lines]


def _labelled(line: Mapping[str, Any]) -> Labelled:
    return Labelled(
        line["text"],
        TaskCategory(line["category"]),
        TaskComplexity(line["level"]),
        line["language"],
        line["topic"],
        line.get("after", ""),
        Modality(line.get("modality", "text")),
        frozenset(line.get("tags", ())),
    )
