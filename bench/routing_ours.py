"""Our router as bench.routing trains it without the rows it is measured on: benefit, category, success by model."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from routing.stored_weights import WEIGHTS
from routing.task_classifier import TaskClassifier
from routing.task_heads import TaskHeads
from routing.text_features import read_features
from scripts.train_benefit import benefit_scores
from scripts.train_benefit import fit_benefit as fit_head
from scripts.train_categories import train
from scripts.train_success import Graded, fit_abilities
from scripts.training_messages import HELD_OUT_FOLD, corpus, extras, public

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from bench.routing_data import Exam, Scored, TaskPrompt
    from routing.benefit import BenefitHead
    from routing.types import TaskCategory
    from scripts.training_messages import Labelled

    Scores = Callable[[Sequence[str]], NDArray[np.float64]]
    Category = Callable[[str], TaskCategory]
    Chances = Callable[[str], Mapping[str, float]]

# A category of fewer rows gets the means of all.
_ROWS_THAT_SHOW = 30
# Multiple-choice questions are trained on as another set than the same questions without their options.
_OPTIONS, _CHOICES_SET, _QUESTIONS_SET = "\nA.", "mmlu choices", "mmlu"


def fit_benefit(train_on: Sequence[Exam]) -> Scores:
    """Learn what a stronger model is worth, and give it as a classification does, with the shipped categories."""
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        shipped = {name: stored[name] for name in stored.files if name.startswith("category/")}
    fitted = {f"benefit/{name}": array for name, array in benefit_head(train_on).arrays().items()}
    classify = TaskClassifier(TaskHeads({**shipped, **fitted})).classify
    return lambda texts: np.array([classify(text).benefit for text in texts])


def fit_exam_score(train_on: Sequence[Exam]) -> Scores:
    """Learn the same, and give the head's score alone, into which no category goes."""
    head = benefit_head(train_on)
    return lambda texts: benefit_scores(head, texts)


def benefit_head(train_on: Sequence[Exam]) -> BenefitHead:
    """Fit the head as train_router does."""
    prompts, subjects, weak, strong = zip(*train_on, strict=True)
    return fit_head(prompts, weak, strong, subjects)


@dataclass(frozen=True, slots=True)
class HeadsFit:
    """Trains the heads on all that train_router learns from, but for prompts that are to be asked about."""

    ours: Sequence[Labelled]
    sets: Sequence[Labelled]
    prompts: frozenset[str]

    @classmethod
    def of(cls, folder: Path, prompts: Sequence[TaskPrompt]) -> HeadsFit:
        """Read our messages of the topics that are trained on, and the public sets; `prompts` are all to be told."""
        ours = [message for message in corpus() if message.fold != HELD_OUT_FOLD]
        return cls([*ours, *extras()], public(folder), frozenset(row.prompt for row in prompts))

    def __call__(self, train_on: Sequence[TaskPrompt] | Sequence[Scored]) -> TaskHeads:
        """Train without the prompts that are not named."""
        return TaskHeads(train(self.messages(train_on), ()))

    def messages(self, train_on: Sequence[TaskPrompt] | Sequence[Scored]) -> list[Labelled]:
        """List what is trained on; a question with options is known by the question, or by its whole set."""
        unseen = self.prompts - {row.prompt for row in train_on}
        sets = [row for row in self.sets if not unseen & {row.text, row.text.partition(_OPTIONS)[0]}]
        if _QUESTIONS_SET not in {row.data_set for row in train_on}:
            sets = [row for row in sets if row.source != _CHOICES_SET]
        return [*self.ours, *sets]


def category_of(heads: TaskHeads) -> Category:
    """Say what is asked, as a classification does."""
    classify = TaskClassifier(heads).classify
    return lambda text: classify(text).category


def success_of(train_on: Sequence[Scored], heads: TaskHeads) -> Chances:
    """Learn how likely each model answers well."""
    abilities = fit_abilities([Graded(row.prompt, row.data_set, row.scores) for row in train_on], heads)

    def chances(text: str) -> Mapping[str, float]:
        features = read_features(text)
        return abilities.chances(features, heads.judge(features))

    return chances


def category_table(train_on: Sequence[Scored], category: Category) -> Chances:
    """Give each model its mean score by category, where enough rows show it: what a simple router would do."""
    rows: dict[TaskCategory | None, list[Mapping[str, float]]] = defaultdict(list)
    for row in train_on:
        rows[None].append(row.scores)
        rows[category(row.prompt)].append(row.scores)
    means = {
        name: {model: float(np.mean([score[model] for score in scores])) for model in train_on[0].scores}
        for name, scores in rows.items()
        if name is None or len(scores) >= _ROWS_THAT_SHOW
    }
    return lambda text: means.get(category(text), means[None])
