"""TaskHeads: linear heads over a text's features that say what is asked, how hard it is and how long the answer is."""

from __future__ import annotations

import math
from bisect import bisect
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from routing.benefit import BenefitHead, with_constant
from routing.chunk_sums import ChunkSums
from routing.logistic import sigmoid
from routing.stored_weights import WEIGHTS, stored_weights
from routing.types import AVERAGE_BENEFIT, TaskCategory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from routing.text_features import TextFeatures

    Floats = NDArray[np.float32]

CATEGORIES = tuple(TaskCategory)
NEEDS = ("live_data", "url", "file", "reminder", "shell")
OUTPUTS = (*CATEGORIES, *NEEDS, "follows", "level", "tokens")
"""The heads, one column of the weights each."""

_FIRST_NEED, _FOLLOWS = len(CATEGORIES), len(CATEGORIES) + len(NEEDS)
_LEVEL, _TOKENS = _FOLLOWS + 1, _FOLLOWS + 2
# Behind the heads' own sums over the rows of a text.
_SQUARED_LENGTH = len(OUTPUTS)
_KNOWN_WORDS, _WORDS = -2, -1

_BENEFIT = "benefit/"

# What a block of features weighs beside the others; training and judging use the same figures.
ROWS_WEIGHT, MARKS_WEIGHT, LEXICAL_WEIGHT = 4.0, 1.0, 2.0


class Judgement(NamedTuple):
    """What the heads say of a text.

    `categories` has a probability for each; `score` is the effort in [0, 1], on the scale of `complexity.LEVELS`;
    `benefit` is the probability that a strong model is right where a weak one is wrong; `answer_tokens` the length of a
    good answer. `needs` has the probability that each of NEEDS is really needed, `follows` that the text goes on with
    the message before it. `familiarity` is the share of the words that the training messages hold.
    """

    category: TaskCategory
    categories: Mapping[TaskCategory, float]
    score: float
    benefit: float
    answer_tokens: float
    familiarity: float
    outputs: Sequence[float]

    @property
    def needs(self) -> Mapping[str, float]:
        """By need."""
        return dict(zip(NEEDS, map(sigmoid, self.outputs[_FIRST_NEED:_FOLLOWS]), strict=True))

    @property
    def follows(self) -> float:
        """A probability too."""
        return sigmoid(self.outputs[_FOLLOWS])


class TaskHeads:
    """The trained weights. One instance serves every thread: it remembers what words come to, and nothing else."""

    def __init__(self, weights: Mapping[str, NDArray[np.generic]]) -> None:
        self._benefit = _benefit_head(weights)
        marks = weights["category/marks"].astype(np.float32) * np.float32(MARKS_WEIGHT)
        self._sums = ChunkSums(_table(weights, self._benefit), weights["category/known"].astype(np.uint8), marks)
        # The bias as the weight of a figure that is always one.
        bias = weights["category/bias"].astype(np.float32)
        lexical = weights["category/lexical"].astype(np.float32) * np.float32(LEXICAL_WEIGHT)
        self._lexical: Floats = np.vstack([lexical, bias])
        self._temperature = float(weights["category/temperature"].item())
        self._knots = weights["category/level_knots"].astype(np.float64).tolist()
        self._prior = weights["category/prior"].astype(np.float64).tolist()
        self._trust = weights["category/trust"].astype(np.float64).tolist()

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> TaskHeads:
        """Read the weights that `python -m scripts.train_router` wrote. Raises InvalidConfiguration."""
        with stored_weights(path) as stored:
            return cls(stored)

    def judge(self, features: TextFeatures) -> Judgement:
        """Judge a text: one look-up and one sum for all heads."""
        sums, marked = self._sums.of(features.chunks, features.marks)
        lexical = with_constant(features.lexical)
        outputs = self._outputs(lexical, sums, marked, len(features.marks))
        familiarity = sums[_KNOWN_WORDS] / sums[_WORDS] if sums[_WORDS] else 0.0
        chances = self._probabilities(outputs[: len(CATEGORIES)], familiarity)
        categories = dict(zip(CATEGORIES, chances, strict=True))
        beside = sums[_SQUARED_LENGTH + 1 : _KNOWN_WORDS]
        category = CATEGORIES[chances.index(max(chances))]
        score = self._score(outputs[_LEVEL])
        benefit = self._benefit.benefit(features, categories, beside, lexical) if self._benefit else AVERAGE_BENEFIT
        answer_tokens = math.exp(min(8.0, max(3.0, outputs[_TOKENS])))
        return Judgement(category, categories, score, benefit, answer_tokens, familiarity, outputs)

    def follows(self, features: TextFeatures) -> float:
        """The probability that a text goes on with the message before it."""
        sums, marked = self._sums.of(features.chunks, features.marks)
        return sigmoid(self._outputs(with_constant(features.lexical), sums, marked, len(features.marks))[_FOLLOWS])

    def _outputs(self, lexical: Floats, sums: Sequence[float], marked: Sequence[float], marks: int) -> list[float]:
        words = ROWS_WEIGHT / math.sqrt(sums[_SQUARED_LENGTH] or 1.0)
        concepts = 1 / math.sqrt(marks or 1)
        figures = zip(lexical.dot(self._lexical).tolist(), sums, marked, strict=False)
        return [figure + words * summed + concepts * mark for figure, summed, mark in figures]

    def _probabilities(self, logits: Sequence[float], familiarity: float) -> list[float]:
        """The calibrated probabilities, mixed with the prior the more, the fewer words are familiar."""
        top = max(logits)
        sharpness = 1 / self._temperature
        powers = [math.exp((logit - top) * sharpness) for logit in logits]
        trust = min(1.0, self._trust[0] + self._trust[1] * familiarity)
        share, rest = trust / sum(powers), 1 - trust
        if not rest:
            return [share * power for power in powers]
        return [share * power + rest * prior for power, prior in zip(powers, self._prior, strict=True)]

    def _score(self, output: float) -> float:
        """The level head's figure, on the scale of the levels: straight lines between the knots."""
        read, meant = self._knots
        place = bisect(read, output)
        if not 0 < place < len(read):
            return float(meant[min(place, len(read) - 1)])
        share = (output - read[place - 1]) / (read[place] - read[place - 1])
        return float(meant[place - 1] + share * (meant[place] - meant[place - 1]))


def _table(weights: Mapping[str, NDArray[np.generic]], benefit: BenefitHead | None) -> Floats:
    """What a text's sums are made of: a row for each hashed n-gram."""
    rarity = weights["category/rarity"].astype(np.float32)[:, None]
    heads = weights["category/rows"].shape[1]
    beside = benefit.columns() if benefit else np.zeros((len(rarity), 0), np.float32)
    table = np.empty((len(rarity), heads + 1 + beside.shape[1]), np.float32)
    # In place: copies of so much are seen in the memory that the process takes.
    np.multiply(weights["category/rows"], rarity, out=table[:, :heads])
    table[:, :heads] *= weights["category/rows_scale"]
    np.square(rarity, out=table[:, heads : heads + 1])
    table[:, heads + 1 :] = beside
    return table


def _benefit_head(weights: Mapping[str, NDArray[np.generic]]) -> BenefitHead | None:
    arrays = {name.removeprefix(_BENEFIT): array for name, array in weights.items() if name.startswith(_BENEFIT)}
    return BenefitHead.from_arrays(arrays) if arrays else None


def row_values(rows: NDArray[np.intp], rarity: Floats) -> Floats:
    """What each of a text's rows counts in training: its rarity, over the length that the sums have."""
    values = rarity[rows]
    length = math.sqrt(float(values @ values)) if len(values) else 1.0
    weighted: Floats = values * np.float32(ROWS_WEIGHT / length)
    return weighted
