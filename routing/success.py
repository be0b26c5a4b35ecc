"""How likely a model answers a task well: ability by category against difficulty, moved by what happens later."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from routing.logistic import sigmoid
from routing.types import TaskCategory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from routing.types import ModelMetadata

CATEGORIES = tuple(TaskCategory)
QUALITY_FIGURE: Mapping[TaskCategory, str] = {
    TaskCategory.CODE: "code",
    TaskCategory.MATH: "reasoning",
    TaskCategory.REASONING: "reasoning",
    TaskCategory.ANALYSIS: "reasoning",
}
"""Which of a model's quality figures counts for a category; "general" for the others."""

_STORED = "success/"

DIFFICULTY_STEP = 0.5
"""Difficulties come in such steps, so that tasks which differ by a hair share what was computed for them."""

# The complexity score of a task of average difficulty: abilities come from WildBench, whose tasks are long ones. The
# slope is judgement: a model of 7B then answers a basic question well in five of six cases, and a task of several steps
# in every other. Over exam questions complexity says little: one logit from the least to the most.
_AVERAGE_SCORE, _DIFFICULTY_SLOPE = 0.6, 6.0

# Parts of a model's name that do not say which model it is: the maker's prefix, the tuning, the file's format.
_IGNORED = re.compile(
    r"^meta[-_ ]|@.*$|[-_ :](?:instruct|chat|it|hf|latest|greedy|gguf|mlx|preview)(?=[-_ :.]|$)"
    r"|[-_ :](?:i?q\d\w*|fp?\d+|bf16|\d+bit|awq|gptq)(?=[-_ :.]|$)|[-_ :]v0\.\d(?=[-_ :]|$)",
    re.IGNORECASE,
)
_NOT_NAME = re.compile(r"[^a-z0-9]+")


def model_key(name: str) -> str:
    """Reduce a model's name to what the same model is called elsewhere: "gemma2:9b", "google/gemma-2-9b-it"."""
    bare = name.rsplit("/", 1)[-1]
    while (shorter := _IGNORED.sub("", bare)) != bare:
        bare = shorter
    return _NOT_NAME.sub("", bare.lower())


def task_difficulty(score: float) -> float:
    """Say how hard a task of a complexity score is, in logits, to the nearest step."""
    return DIFFICULTY_STEP * round(_DIFFICULTY_SLOPE * (score - _AVERAGE_SCORE) / DIFFICULTY_STEP)


@dataclass(frozen=True, slots=True)
class SuccessModel:
    """Item response theory in its one-parameter form: P(good answer) = sigmoid(ability - difficulty).

    An ability is in logits: 0 is even odds on a task of average difficulty. A model's prior is a line over its quality
    figure, `lines` (intercept and slope by category), and `published` adds what was measured of it by its key.
    """

    lines: NDArray[np.float32]
    published: Mapping[str, NDArray[np.float32]]

    @classmethod
    def load(cls, path: Path) -> SuccessModel:
        """Read what `python -m scripts.train_router` wrote to a file."""
        with np.load(path, allow_pickle=False) as stored:
            return cls.from_arrays({name: stored[_STORED + name] for name in ("lines", "names", "offsets")})

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> SuccessModel:
        """Read what `arrays` wrote. Raises KeyError where one is missing."""
        offsets = np.asarray(arrays["offsets"], np.float32)
        return cls(
            np.asarray(arrays["lines"], np.float32),
            dict(zip((str(name) for name in arrays["names"]), offsets, strict=True)),
        )

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Give the weights by name."""
        names = sorted(self.published)
        offsets = np.array([self.published[name] for name in names], np.float32).reshape(len(names), len(CATEGORIES))
        return {"lines": self.lines, "names": np.array(names, "U"), "offsets": offsets}

    def ability(self, model: ModelMetadata, category: TaskCategory) -> float:
        """Say what to expect of a model before anything was seen of it here."""
        place = CATEGORIES.index(category)
        quality: float = getattr(model.quality, QUALITY_FIGURE.get(category, "general"))
        offsets = self.published.get(model_key(model.backend_name))
        intercept, slope = map(float, self.lines[place])
        return intercept + slope * quality + (float(offsets[place]) if offsets is not None else 0.0)

    def chance(
        self, model: ModelMetadata, category: TaskCategory, difficulty: float, standing: Standing | None = None
    ) -> float:
        """Give the probability of a good answer; `standing` is what was learnt of the model in this category."""
        learnt = standing.offset if standing else 0.0
        return sigmoid(self.ability(model, category) + learnt - difficulty)


class Evidence(Enum):
    """What happened to an answer: how good that makes it, in [0, 1], and how far it is believed.

    A thumb is somebody's own word. A retry may only mean that another answer is wanted as well. A failure says nothing
    of how well a model answers, but that it did not.
    """

    THUMB_UP = (1.0, 1.0)
    THUMB_DOWN = (0.0, 1.0)
    RETRIED = (0.0, 0.4)
    FAILED = (0.0, 0.5)
    KEPT = (1.0, 0.1)

    @property
    def outcome(self) -> float:
        """1 for a good answer, 0 for a bad one."""
        return self.value[0]

    @property
    def weight(self) -> float:
        """How far it is believed; a thumb counts 1."""
        return self.value[1]


PRIOR_DEVIATION = 0.7
"""How far a model's real ability lies from its prior, in logits: the spread of the nine models' own offsets."""
LARGEST_STEP = 0.25
"""The most logits that one piece of evidence may move an ability: nobody's single click turns a ranking round."""
HALF_LIFE_SECONDS = 60 * 86_400.0
"""What was learnt counts half after so long: models are replaced under the same name, and people change."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What was learnt of a model in a category: how far its ability is from the prior, and how sure that is.

    `offset` is in logits, `information` in 1/logits squared, beyond that of the prior; `at_seconds` is any clock's.
    """

    offset: float = 0.0
    information: float = 0.0
    at_seconds: float = 0.0

    def decayed(self, now_seconds: float) -> Standing:
        """Go back towards the prior for the time that has passed; a clock that was put back changes nothing."""
        share = 0.5 ** (max(0.0, now_seconds - self.at_seconds) / HALF_LIFE_SECONDS)
        at_seconds = max(self.at_seconds, now_seconds)
        return Standing(self.offset * share, self.information * share, at_seconds)

    def after(self, evidence: Evidence, expected: float, now_seconds: float) -> Standing:
        """Learn from one piece of evidence, where `expected` was the chance of a good answer.

        One step of Bayesian logistic regression (Glickman's rating update has the same form): the surprise, times the
        variance that is left. What was expected teaches little, what is well known moves little, and no step is larger
        than LARGEST_STEP.
        """
        here = self.decayed(now_seconds)
        information = here.information + evidence.weight * expected * (1 - expected)
        variance = 1 / (information + PRIOR_DEVIATION**-2)
        step = variance * evidence.weight * (evidence.outcome - expected)
        bounded = max(-LARGEST_STEP, min(LARGEST_STEP, step))
        return replace(here, offset=here.offset + bounded, information=information)
