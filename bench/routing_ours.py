"""Our router as bench.routing trains it without the rows it is measured on: benefit, category, success by model."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from routing.task_classifier import TaskClassifier
from routing.task_heads import TaskHeads
from routing.text_features import read_features
from scripts.train_benefit import benefit_scores
from scripts.train_benefit import fit_benefit as fit_head
from scripts.train_categories import train
from scripts.training_messages import HELD_OUT_FOLD, corpus, extras, public

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from bench.routing_data import Exam, Scored, TaskPrompt
    from routing.types import TaskCategory
    from scripts.training_messages import Labelled

    Scores = Callable[[Sequence[str]], NDArray[np.float64]]
    Category = Callable[[str], TaskCategory]
    Chances = Callable[[str], Mapping[str, float]]

# A category of fewer rows gets the means of all.
_ROWS_THAT_SHOW = 30
# Where the options of a multiple-choice question begin.
_OPTIONS = "\nA."


def fit_benefit(train_on: Sequence[Exam]) -> Scores:
    """Learn what a stronger model is worth; higher = more."""
    head = fit_head(
        [row.prompt for row in train_on],
        [row.weak_right for row in train_on],
        [row.strong_right for row in train_on],
        [row.subject for row in train_on],
    )
    return lambda texts: benefit_scores(head, texts)


@dataclass(frozen=True, slots=True)
class CategoryFit:
    """Learns what is asked from all that train_router learns from, but for prompts that are to be asked about."""

    ours: Sequence[Labelled]
    sets: Sequence[Labelled]
    prompts: frozenset[str]

    @classmethod
    def of(cls, folder: Path, prompts: Sequence[TaskPrompt]) -> CategoryFit:
        """Read our messages of the topics that are trained on, and the public sets; `prompts` are all to be told."""
        ours = [message for message in corpus() if message.fold != HELD_OUT_FOLD]
        return cls([*ours, *extras()], public(folder), frozenset(row.prompt for row in prompts))

    def __call__(self, train_on: Sequence[TaskPrompt]) -> Category:
        """Train without the prompts that are not named."""
        heads = TaskHeads(train(self.messages(train_on), ()))
        return lambda text: likeliest(heads, text)

    def messages(self, train_on: Sequence[TaskPrompt]) -> list[Labelled]:
        """List what is trained on; a question with options is known by the question alone."""
        unseen = self.prompts - {row.prompt for row in train_on}
        sets = (row for row in self.sets if not unseen & {row.text, row.text.partition(_OPTIONS)[0]})
        return [*self.ours, *sets]


def likeliest(heads: TaskHeads, text: str) -> TaskCategory:
    """Name the category with the highest probability."""
    categories = heads.judge(read_features(text)).categories
    return max(categories, key=lambda category: categories[category])


def fit_chances(train_on: Sequence[Scored]) -> Chances:
    """Learn how likely each model answers well."""
    return category_table(train_on)


def category_table(train_on: Sequence[Scored]) -> Chances:
    """Give each model its mean score by category, where enough rows show it: what a simple router would do."""
    classify = TaskClassifier().classify
    rows: dict[TaskCategory | None, list[Mapping[str, float]]] = defaultdict(list)
    for row in train_on:
        rows[None].append(row.scores)
        rows[classify(row.prompt).category].append(row.scores)
    means = {
        category: {model: float(np.mean([score[model] for score in scores])) for model in train_on[0].scores}
        for category, scores in rows.items()
        if category is None or len(scores) >= _ROWS_THAT_SHOW
    }
    return lambda text: means.get(classify(text).category, means[None])
