"""TaskHeads: linear heads over a text's features that say what is asked, how hard it is and how long the answer is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from routing.benefit import BenefitHead
from routing.text_features import ROWS
from routing.types import TaskCategory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from routing.text_features import TextFeatures

    Floats = NDArray[np.float32]

WEIGHTS = Path(__file__).with_name("router_weights.npz")

CATEGORIES = tuple(TaskCategory)
NEEDS = ("live_data", "url", "file", "reminder", "shell")
OUTPUTS = (*CATEGORIES, *NEEDS, "follows", "level", "tokens")
"""The heads, one column of the weights each."""

_FIRST_NEED, _FOLLOWS = len(CATEGORIES), len(CATEGORIES) + len(NEEDS)
_LEVEL, _TOKENS = _FOLLOWS + 1, _FOLLOWS + 2

KNOWN_BITS = 18
"""The bits of a word's hash that say whether the training messages hold it."""
_KNOWN_SHIFT = np.uint32(32 - KNOWN_BITS)

_BENEFIT = "benefit/"
UNKNOWN_BENEFIT = 0.5

# What a block of features weighs beside the others; training and judging use the same figures.
ROWS_WEIGHT, MARKS_WEIGHT = 4.0, 3.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the heads say of a text.

    `categories` has a probability for each; `score` is the effort in [0, 1], on the scale of `complexity.LEVELS`;
    `benefit` is what a strong model is worth over a weak one, in [0, 1]; `answer_tokens` the length of a good answer.
    `needs` has the probability that each of NEEDS is really needed, `follows` that the text goes on with the message
    before it. `familiarity` is the share of the words that the training messages hold.
    """

    categories: Mapping[TaskCategory, float]
    score: float
    benefit: float
    answer_tokens: float
    needs: Mapping[str, float]
    follows: float
    familiarity: float


class TaskHeads:
    """The trained weights. Immutable: one instance serves every thread."""

    def __init__(self, weights: Mapping[str, NDArray[np.generic]]) -> None:
        table = weights["category/rows"].astype(np.float32) * weights["category/rows_scale"].astype(np.float32)
        rarity = weights["category/rarity"].astype(np.float32)[:, None]
        # The last column adds up to the squared length of a text's vector of rows.
        self._rows: Floats = np.ascontiguousarray(np.hstack([table * rarity * np.float32(ROWS_WEIGHT), rarity**2]))
        # A product with ones sums faster than a sum does.
        self._ones: Floats = np.ones(ROWS, np.float32)
        self._marks: Floats = weights["category/marks"].astype(np.float32, order="C") * np.float32(MARKS_WEIGHT)
        self._lexical: Floats = weights["category/lexical"].astype(np.float32, order="C")
        self._bias: Floats = weights["category/bias"].astype(np.float32)
        self._known: NDArray[np.bool_] = np.unpackbits(weights["category/known"].astype(np.uint8)).astype(np.bool_)
        self._temperature = float(weights["category/temperature"].item())
        self._knots = weights["category/level_knots"].astype(np.float64).tolist()
        self._prior = weights["category/prior"].astype(np.float64).tolist()
        self._trust = weights["category/trust"].astype(np.float64).tolist()
        self._benefit = _benefit_head(weights)

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> TaskHeads:
        """Read the weights that `python -m scripts.train_router` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls({name: stored[name] for name in stored.files if name.startswith(("category/", _BENEFIT))})

    def judge(self, features: TextFeatures) -> Judgement:
        """Judge a text: one look-up and one sum for all heads."""
        outputs = self._outputs(features)
        familiarity = self._familiarity(features)
        categories = dict(zip(CATEGORIES, self._probabilities(outputs[: len(CATEGORIES)], familiarity), strict=True))
        return Judgement(
            categories=categories,
            score=self._score(outputs[_LEVEL]),
            benefit=self._benefit.benefit(features, categories) if self._benefit else UNKNOWN_BENEFIT,
            answer_tokens=math.exp(min(8.0, max(3.0, outputs[_TOKENS]))),
            needs=dict(zip(NEEDS, map(_sigmoid, outputs[_FIRST_NEED:_FOLLOWS]), strict=True)),
            follows=_sigmoid(outputs[_FOLLOWS]),
            familiarity=familiarity,
        )

    def follows(self, features: TextFeatures) -> float:
        """The probability that a text goes on with the message before it."""
        return _sigmoid(self._outputs(features)[_FOLLOWS])

    def _outputs(self, features: TextFeatures) -> list[float]:
        total = np.asarray(features.lexical, np.float32) @ self._lexical
        total += self._bias
        if len(features.rows):
            summed = self._ones[: len(features.rows)] @ self._rows.take(features.rows, axis=0)
            total += summed[:-1] / math.sqrt(summed[-1])
        if features.marks:
            marked = self._ones[: len(features.marks)] @ self._marks.take(features.marks, axis=0)
            total += marked / math.sqrt(len(features.marks))
        found: list[float] = total.tolist()
        return found

    def _familiarity(self, features: TextFeatures) -> float:
        hashes = features.word_hashes
        if not len(hashes):
            return 0.0
        return float(np.count_nonzero(self._known.take(hashes >> _KNOWN_SHIFT))) / len(hashes)

    def _probabilities(self, logits: list[float], familiarity: float) -> list[float]:
        """The calibrated probabilities, mixed with the prior the more, the fewer words are familiar."""
        top = max(logits)
        powers = [math.exp((logit - top) / self._temperature) for logit in logits]
        total = sum(powers)
        trust = min(1.0, self._trust[0] + self._trust[1] * familiarity)
        return [trust * power / total + (1 - trust) * prior for power, prior in zip(powers, self._prior, strict=True)]

    def _score(self, output: float) -> float:
        """The level head's figure, on the scale of the levels: straight lines between the knots."""
        read, meant = self._knots
        return float(np.interp(output, read, meant))


def _benefit_head(weights: Mapping[str, NDArray[np.generic]]) -> BenefitHead | None:
    arrays = {name.removeprefix(_BENEFIT): array for name, array in weights.items() if name.startswith(_BENEFIT)}
    return BenefitHead.from_arrays(arrays) if arrays else None


def _sigmoid(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))


def row_values(features: TextFeatures, rarity: Floats) -> Floats:
    """What each of a text's rows counts in training: its rarity, in a vector of length ROWS_WEIGHT."""
    values = rarity[features.rows]
    length = math.sqrt(float(values @ values)) if len(values) else 1.0
    weighted: Floats = values * np.float32(ROWS_WEIGHT / length)
    return weighted


def known_words(hashes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """A set of words as bits: what `familiarity` is measured against."""
    bits = np.zeros(1 << KNOWN_BITS, np.uint8)
    bits[hashes >> _KNOWN_SHIFT] = 1
    return np.packbits(bits)
