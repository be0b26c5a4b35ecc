"""Our router as bench.routing trains it without the rows it is measured on: benefit, category, success by model."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from routing.task_classifier import TaskClassifier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from bench.routing_data import Exam, Scored, TaskPrompt
    from routing.types import Query, TaskCategory

    Scores = Callable[[Sequence[str]], NDArray[np.float64]]
    Category = Callable[[str | Query], TaskCategory]
    Chances = Callable[[str], Mapping[str, float]]


# A category of fewer rows gets the means of all.
_ROWS_THAT_SHOW = 30


def fit_benefit(train: Sequence[Exam]) -> Scores:
    """Learn what a stronger model is worth; higher = more."""
    del train
    classifier = TaskClassifier()
    return lambda texts: np.array([classifier.classify(text).score for text in texts])


def fit_category(train: Sequence[TaskPrompt]) -> Category:
    """Learn what is asked."""
    del train
    classifier = TaskClassifier()
    return lambda text: classifier.classify(text).category


def fit_chances(train: Sequence[Scored]) -> Chances:
    """Learn how likely each model answers well."""
    return category_table(train)


def category_table(train: Sequence[Scored]) -> Chances:
    """Give each model its mean score by category, where enough rows show it: what a simple router would do."""
    classify = TaskClassifier().classify
    rows: dict[TaskCategory | None, list[Mapping[str, float]]] = defaultdict(list)
    for row in train:
        rows[None].append(row.scores)
        rows[classify(row.prompt).category].append(row.scores)
    means = {
        category: {model: float(np.mean([score[model] for score in scores])) for model in train[0].scores}
        for category, scores in rows.items()
        if category is None or len(scores) >= _ROWS_THAT_SHOW
    }
    return lambda text: means.get(classify(text).category, means[None])
