"""Fits what to expect of models by category: from nine models' answers to public questions, and WildBench's scores."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from routing.hashed_rows import COARSE_SHIFT
from routing.priors import billions_of, expected_quality
from routing.success import CATEGORIES, SuccessModel, model_key
from routing.types import TaskCategory
from scripts import training_messages
from scripts.training_rows import Rows, commonness, read, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from routing.task_heads import Judgement, TaskHeads
    from routing.text_features import TextFeatures

    Floats = NDArray[np.float64]

# A data set counts fully from several times so many rows of a category on; fewer than the least say nothing.
_SET_ROWS, _LEAST_ROWS = 40, 5
# What a category shows of a model is shrunk as if one more data set had shown nothing: models differ between data sets
# of one category as much as between categories.
_CATEGORY_PRIOR_SETS = 1.0
# Quantiles of how common a category's own texts find their n-grams, between which familiarity rises from 0 to 1.
_FAMILIAR = (0.1, 0.4)
_FAMILIAR_ROWS = 50
# How much of what was measured of one model is believed of the same name elsewhere.
_PUBLISHED_SHARE = 0.5
_CLIP = 0.02
# WildBench's five kinds of tasks.
_WILDBENCH: Mapping[TaskCategory, str] = {
    TaskCategory.CODE: "Coding & Debugging",
    TaskCategory.MATH: "Math & Data Analysis",
    TaskCategory.ANALYSIS: "Math & Data Analysis",
    TaskCategory.REASONING: "Planning & Reasoning",
    TaskCategory.TOOL_USE: "Planning & Reasoning",
    TaskCategory.CREATIVE: "Creative Tasks",
    TaskCategory.QUESTION: "Information/Advice seeking",
    TaskCategory.GREETING: "Information/Advice seeking",
}


class Graded(NamedTuple):
    """A prompt, its data set ("" where unknown), and each model's score in [0, 1]."""

    prompt: str
    data_set: str
    scores: Mapping[str, float]


class Familiar(NamedTuple):
    """How common each n-gram is in a category, and from where to where a text is like it."""

    commonness: Floats
    start: float
    end: float

    def share(self, features: TextFeatures) -> float:
        """Say how far a text is like those of the category."""
        rows = rows_of(features) >> COARSE_SHIFT
        if not len(rows):
            return 0.0
        mean = float(self.commonness[rows].mean())
        return float(np.clip((mean - self.start) / max(self.end - self.start, 1e-9), 0, 1))


@dataclass(frozen=True, slots=True)
class Abilities:
    """Chances of a good answer at average difficulty: over all, and what each category adds, by model."""

    models: Sequence[str]
    overall: Floats
    added: Mapping[TaskCategory, Floats]
    familiar: Mapping[TaskCategory, Familiar]

    def chances(self, features: TextFeatures, judgement: Judgement) -> dict[str, float]:
        """Give each model's chance; where the text is unlike its category's, that over all."""
        total = self.overall.copy()
        for category, probability in judgement.categories.items():
            if category in self.familiar:
                total += probability * self.familiar[category].share(features) * self.added[category]
        return dict(zip(self.models, np.clip(total, _CLIP, 1 - _CLIP).tolist(), strict=True))


def fit_abilities(rows: Sequence[Graded], heads: TaskHeads) -> Abilities:
    """Fit nine models, or any that answered the same prompts. The best over all is the best single one."""
    texts = [read(row.prompt) for row in rows]
    judged = [heads.judge(features) for features in texts]
    likeliest = [max(one.categories, key=one.categories.__getitem__) for one in judged]
    models = sorted(rows[0].scores)
    scores = np.array([[row.scores[model] for model in models] for row in rows])
    places = {category: [place for place, at in enumerate(likeliest) if at == category] for category in CATEGORIES}
    data_sets = [row.data_set for row in rows]
    added = {category: _added(scores, data_sets, inside) for category, inside in places.items()}
    familiar = {
        category: _familiar([texts[place] for place in inside])
        for category, inside in places.items()
        if len(inside) >= _FAMILIAR_ROWS
    }
    return Abilities(models, scores.mean(axis=0), added, familiar)


def _added(scores: Floats, data_sets: Sequence[str], inside: Sequence[int]) -> Floats:
    """Average what the data sets within a category show of each model, beyond what it shows everywhere."""
    places: dict[str, list[int]] = defaultdict(list)
    for place in inside:
        places[data_sets[place]].append(place)
    usual = scores.mean(axis=0) - scores.mean()
    total, weights = np.zeros(scores.shape[1]), 0.0
    for found in places.values():
        if len(found) >= _LEAST_ROWS:
            weight = len(found) / (len(found) + _SET_ROWS)
            means = scores[found].mean(axis=0)
            total += weight * (means - means.mean() - usual)
            weights += weight
    added: Floats = total / (weights + _CATEGORY_PRIOR_SETS)
    return added


def _familiar(texts: Sequence[TextFeatures]) -> Familiar:
    common, (start, end) = commonness(Rows.coarse(texts), _FAMILIAR)
    return Familiar(common, float(start), float(end))


def fit_success(rows: Sequence[Graded], wildbench: Mapping[str, Mapping[str, float]], heads: TaskHeads) -> SuccessModel:
    """Fit the prior of any model, and what was measured of some.

    `wildbench` has, by model, a score from 0 to 10 for each of its five kinds of tasks. It gives the lines: people's
    own requests, and 35 models whose names tell their size.
    """
    lines = np.array([_line(category, wildbench) for category in CATEGORIES])
    published = _wildbench_offsets(lines, wildbench)
    abilities = fit_abilities(rows, heads)
    for place, model in enumerate(abilities.models):
        # These came out of exams: only how a model's categories differ is comparable with the lines.
        offsets = [_PUBLISHED_SHARE * 4 * abilities.added[category][place] for category in CATEGORIES]
        published.setdefault(model_key(model), np.array(offsets, np.float32))
    return SuccessModel(lines.astype(np.float32), published)


def success_weights(folder: Path, heads: TaskHeads) -> dict[str, NDArray[np.generic]]:
    """Fit all from a folder of public sets; give the weights as they are stored, named "success/..."."""
    named = {row["prompt"]: row["task"] for row in training_messages.rows_of(folder / "task_prompts_train.jsonl")}
    rows = [
        Graded(row["prompt"], named.get(row["prompt"], ""), row["scores"])
        for row in training_messages.rows_of(folder / "nine_models_train.jsonl")
    ]
    table = json.loads((folder / "wildbench_scores.json").read_text("utf-8"))
    wildbench = {name: entry["task_categorized_scores"] for name, entry in table.items()}
    fitted = fit_success(rows, wildbench, heads)
    return {f"success/{name}": array for name, array in fitted.arrays().items()}


def _figure(model: str, category: TaskCategory) -> float | None:
    """The quality figure that a model of its size and family would have; None where its name tells no size."""
    billions = billions_of(model)
    if billions is None:
        return None
    return expected_quality(billions, model).of(category)


def _line(category: TaskCategory, wildbench: Mapping[str, Mapping[str, float]]) -> tuple[float, float]:
    """Fit the logit of a score over the quality figure."""
    pairs = [
        (figure, _logit(scores[_WILDBENCH[category]] / 10))
        for model, scores in wildbench.items()
        if (figure := _figure(model, category)) is not None
    ]
    figures, logits = np.array(pairs).T
    slope, intercept = np.polyfit(figures, logits, 1)
    return float(intercept), max(0.0, float(slope))


def _wildbench_offsets(lines: Floats, wildbench: Mapping[str, Mapping[str, float]]) -> dict[str, NDArray[np.float32]]:
    """Measure how far each model lies from its line; one without a size has no line to lie off."""
    found = {}
    for model, scores in wildbench.items():
        offsets = []
        for (intercept, slope), category in zip(lines, CATEGORIES, strict=True):
            figure = _figure(model, category)
            expected = intercept + slope * figure if figure is not None else np.nan
            offsets.append(_PUBLISHED_SHARE * (_logit(scores[_WILDBENCH[category]] / 10) - expected))
        if not np.isnan(offsets).any():
            found[model_key(model)] = np.array(offsets, np.float32)
    return found


def _logit(share: float) -> float:
    clipped = min(1 - _CLIP, max(_CLIP, share))
    return float(np.log(clipped / (1 - clipped)))
