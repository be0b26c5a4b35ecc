"""What a stronger model is worth for a text: by its n-grams where they are familiar, by lexical figures elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from routing.hashed_rows import COARSE_ROWS, COARSE_SHIFT, ROWS, text_rows
from routing.lexical_figures import LEXICAL_NAMES
from routing.logistic import sigmoid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from routing.text_features import TextFeatures
    from routing.types import TaskCategory

    Floats = NDArray[np.float32]
    Array = NDArray[np.floating]

# Which lexical figures say how a set is printed, and in whose voice, instead of how hard its questions are: what they
# teach on one set is wrong on another.
_LAYOUT = {"lines_log", "newline_share", "choices", "question_end", "self_words", "list_items", "fence", "address"}
PORTABLE = tuple(place for place, name in enumerate(LEXICAL_NAMES) if name not in _LAYOUT)
"""Places in `TextFeatures.lexical` of the figures that mean the same on every kind of text."""
_CHOICES = LEXICAL_NAMES.index("choices")
# Two options and more, as `choices` counts them.
_MULTIPLE_CHOICE = math.log1p(2) / 2

# How far the scores of a strong model and of a chat model of 2023 lie apart by kind of task, of ten points, in
# MT-Bench's 72 questions: coding 2.6, maths 1.8, reasoning 0.9, stem and humanities 0.2 together, writing 0.1; analysis
# as extraction, 1.5. Tool use was not asked: it is set beside analysis.
CATEGORY_GAPS: Mapping[str, float] = {
    "greeting": 0.0,
    "question": 0.2,
    "creative": 0.1,
    "reasoning": 0.9,
    "analysis": 1.5,
    "tool_use": 1.5,
    "math": 1.8,
    "code": 2.6,
}
_MIDDLE_GAP, _GAP_SPREAD = 1.0, 4.0
_FURTHEST = 3.0
# The cube of less is nothing.
_UNLIKELY = 0.05
# The lexical figures move the score by at most this much: somewhat more than the category, which 72 questions show. The
# two together follow the levels of our own messages better than with the category foremost.
_LEXICAL_SHARE = 1.25


def layout_of(lexical: Sequence[float]) -> int:
    """1 for a question with options to choose from, 0 for all other texts."""
    return int(lexical[_CHOICES] >= _MULTIPLE_CHOICE)


@dataclass(frozen=True, slots=True)
class BenefitHead:
    """Fitted weights; scores are in standard deviations from the mean of the questions that it was fitted on.

    All but the last three have one entry for each layout (`layout_of`). `grams` has a weight a coarse row of n-grams,
    `figures` three lines over LEXICAL_NAMES: mean and 1/deviation of each figure, and its weight beside the n-grams.
    `levels` are what is added and what it is all multiplied by. `commonness` has the logarithm of the share of training
    texts with a row; `familiar` the mean of it from which a text begins to be like the training texts, and that from
    which it is wholly. `portable` is like `figures`, for these alone on any text, and `portable_levels` like `levels`.
    `calibration` is the line over the score whose logistic is the probability that the strong model alone is right.
    """

    grams: Floats
    figures: Floats
    levels: Floats
    commonness: Floats
    familiar: Floats
    portable: Floats
    portable_levels: Floats
    calibration: Floats
    _lines: tuple[_Line, ...] = field(init=False, repr=False)
    _bounds: list[list[float]] = field(init=False, repr=False)
    _calibration: list[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        lines = [*map(_Line.of, self.figures, self.levels), _Line.of(self.portable, self.portable_levels)]
        object.__setattr__(self, "_lines", tuple(lines))
        object.__setattr__(self, "_bounds", self.familiar.tolist())
        object.__setattr__(self, "_calibration", self.calibration.tolist())

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> BenefitHead:
        """Read what `arrays` wrote. Raises KeyError where one is missing."""
        return cls(**{name: np.asarray(arrays[name], np.float32) for name in _ARRAYS})

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Give the weights by name, in half precision where there are many: 260 KB."""
        small = {"grams", "commonness"}
        return {name: getattr(self, name).astype(np.float16 if name in small else np.float32) for name in _ARRAYS}

    def columns(self) -> Floats:
        """Give what is summed over the rows of a text, one column each: n-grams and commonness by layout, and one."""
        coarse = np.vstack([self.grams, self.commonness, np.ones_like(self.grams[:1])])
        return np.repeat(coarse, ROWS // COARSE_ROWS, axis=1).T

    def score(self, features: TextFeatures) -> float:
        """Say how much more than the average question of the training texts this one gains by a stronger model."""
        layout, sums, lexical = layout_of(features.lexical), self._sums(features), with_constant(features.lexical)
        share = self._share(layout, sums)
        return share * self._familiar_score(layout, sums, lexical) + (1 - share) * self._lines[-1].score(lexical)

    def benefit(
        self,
        features: TextFeatures,
        categories: Mapping[TaskCategory, float],
        sums: Sequence[float] | None = None,
        lexical: Floats | None = None,
    ) -> float:
        """Give the probability that a strong model answers right what a weak one answers wrong.

        It is what such questions as the head was calibrated on show of GPT-4 and Mixtral 8x7B; other pairs of models
        lie further apart or nearer, and keep the order. `categories` are probabilities.

        `sums` are those of `columns` over the text's rows, and `lexical` its figures `with_constant`, where the caller
        has them. Where the text is unlike the training texts, the category and the lexical figures say it. Who has
        options to choose from writes no code and no proof, whatever the subject: there the category says nothing.
        """
        sums = sums or self._sums(features)
        lexical = with_constant(features.lexical) if lexical is None else lexical
        layout = layout_of(features.lexical)
        share = self._share(layout, sums)
        score = share * self._familiar_score(layout, sums, lexical) if share else 0.0
        if share < 1:
            by_category = (_expected_gap(categories) - _MIDDLE_GAP) / _GAP_SPREAD if layout == 0 else 0.0
            score += (1 - share) * (by_category + _LEXICAL_SHARE * math.tanh(self._lines[-1].score(lexical)))
        level, slope = self._calibration
        return sigmoid(level + slope * score)

    def familiarity(self, features: TextFeatures) -> float:
        """Say how far a text is like the training texts of its layout, in [0, 1]."""
        return self._share(layout_of(features.lexical), self._sums(features))

    def _sums(self, features: TextFeatures) -> list[float]:
        rows = text_rows(features.chunks) >> COARSE_SHIFT
        return [*(float(line.take(rows).sum()) for line in (*self.grams, *self.commonness)), float(len(rows))]

    def _share(self, layout: int, sums: Sequence[float]) -> float:
        start, end = self._bounds[layout]
        rows = sums[-1]
        if not rows or end <= start:
            return 0.0
        return min(1.0, max(0.0, (sums[len(self._bounds) + layout] / rows - start) / (end - start)))

    def _familiar_score(self, layout: int, sums: Sequence[float], lexical: Floats) -> float:
        line = self._lines[layout]
        return line.score(lexical) + sums[layout] * line.factor


_ARRAYS = tuple(name for name in BenefitHead.__slots__ if not name.startswith("_"))


class _Line(NamedTuple):
    """What `standardized` figures weigh, by the figures as they are: their limits and their weights, a constant last.

    `factor` is what n-grams beside them are multiplied by.
    """

    least: Floats
    most: Floats
    weights: Floats
    factor: float

    @classmethod
    def of(cls, line: Floats, level: Floats) -> _Line:
        means, factors, weights = line.astype(np.float64)
        added, factor = map(float, level)
        reach = np.divide(_FURTHEST, factors, out=np.zeros_like(factors), where=factors > 0)
        constant = (added - float((means * factors * weights).sum())) * factor
        least, most = np.append(means - reach, 1.0), np.append(means + reach, 1.0)
        every = np.append(factors * weights * factor, constant)
        return cls(least.astype(np.float32), most.astype(np.float32), every.astype(np.float32), factor)

    def score(self, lexical: Floats) -> float:
        """Weigh the figures, which none of them may outweigh."""
        within = np.minimum(lexical, self.most)
        np.maximum(within, self.least, out=within)  # twice as fast as np.clip on so few
        return float(within.dot(self.weights))


def with_constant(lexical: Sequence[float]) -> Floats:
    """Give lexical figures as an array, behind them a one for what is added to all."""
    return np.array((*lexical, 1.0), np.float32)


def _expected_gap(categories: Mapping[TaskCategory, float]) -> float:
    """Weigh the gaps by the cubes of the probabilities: a likely category is not to be diluted by the unlikely ones."""
    total = weighed = 0.0
    for category, chance in categories.items():
        if chance > _UNLIKELY:
            cube = chance * chance * chance
            total += cube
            weighed += cube * CATEGORY_GAPS[category]
    return weighed / (total or 1.0)


def standardized(figures: Array, means: Array, factors: Array) -> Array:
    """Put figures on one scale; none counts for more than _FURTHEST deviations, since texts elsewhere go far beyond."""
    scaled: Array = (figures - means) * factors
    np.minimum(scaled, _FURTHEST, out=scaled)  # twice as fast as np.clip on so few
    np.maximum(scaled, -_FURTHEST, out=scaled)
    return scaled
