"""Fits the benefit head: how much more often a strong model is right than a weak one, from the text alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from routing.benefit import PORTABLE, BenefitHead, layout_of, standardized
from routing.hashed_rows import COARSE_ROWS
from routing.lexical_figures import LEXICAL_NAMES
from scripts.training_rows import Rows, commonness, read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from routing.text_features import TextFeatures

    Floats = NDArray[np.float64]

# How much of a row's target is its subject's mean: one answer right or wrong is mostly chance, a subject's mean is not.
# With no subjects there is nothing to smooth.
SUBJECT_SHARE = 0.7
_SUBJECT_PRIOR_ROWS = 20
# The penalties: absolute beside the n-grams; a multiple of the rows alone, where little more than the sign and the
# size of each figure's correlation is kept, which is what holds on other sets.
_PENALTY, _PORTABLE_PENALTY = 6.0, 4.0
# What a lexical figure counts beside a text's n-grams, which have a length of one together.
_LEXICAL_WEIGHT = 0.04
# A figure that hardly varies in training must not become large elsewhere.
_LEAST_DEVIATION = 0.005
# A layout that fewer rows than this have is unknown.
_LAYOUT_ROWS = 50
# Quantiles of the training texts' own commonness between which familiarity rises from 0 to 1.
_FAMILIAR = (0.0, 0.02)
_ITERATIONS, _TOLERANCE = 300, 1e-4
_NEWTON_STEPS, _LEAST_SLOPE = 20, 0.05


def fit_benefit(
    prompts: Sequence[str], weak: Sequence[float], strong: Sequence[float], subjects: Sequence[str] | None = None
) -> BenefitHead:
    """Fit the head to which of two models was right; `subjects` (names of topics) make the targets less noisy."""
    texts = [read(prompt) for prompt in prompts]
    gain = np.asarray(strong, np.float64) - np.asarray(weak, np.float64)
    layouts = np.array([layout_of(one.lexical) for one in texts])
    heads = []
    for layout in (0, 1):
        places = np.flatnonzero(layouts == layout)
        topics = [subjects[int(place)] for place in places] if subjects is not None else None
        heads.append(_fit_layout([texts[place] for place in places], smoothed(gain[places], topics)))
    scores = np.concatenate([head.scores for head in heads])
    levels = [[head.level - scores.mean(), 1 / max(scores.std(), _LEAST_DEVIATION)] for head in heads]
    portable, alone = _fit_portable(np.array([one.lexical for one in texts]), gain)
    portable_levels = [-alone.mean(), 1 / max(alone.std(), _LEAST_DEVIATION)]
    arrays = (
        [head.grams for head in heads],
        [head.figures for head in heads],
        levels,
        [head.commonness for head in heads],
        [head.familiar for head in heads],
        portable,
        portable_levels,
        [0.0, 1.0],
    )
    return BenefitHead(*(np.asarray(array, np.float32) for array in arrays))


def calibrated(head: BenefitHead, scores: Floats, weak: ArrayLike, strong: ArrayLike) -> BenefitHead:
    """Give the head the line by which scores of texts that it had not seen say when the strong one alone is right."""
    right = (np.asarray(strong) > np.asarray(weak)).astype(np.float64)
    line = np.zeros(2)
    figures = np.stack([np.ones_like(scores), scores])
    for _ in range(_NEWTON_STEPS):
        chances = 1 / (1 + np.exp(-(line @ figures)))
        curvature = (figures * (chances * (1 - chances))) @ figures.T
        line += np.linalg.solve(curvature, figures @ (right - chances))
    # The order stays what it is, whatever was measured.
    return replace(head, calibration=np.array([line[0], max(line[1], _LEAST_SLOPE)], np.float32))


def benefit_scores(head: BenefitHead, prompts: Sequence[str]) -> Floats:
    """Score texts; higher = a stronger model is more worth it."""
    return np.array([head.score(read(prompt)) for prompt in prompts])


def smoothed(gain: Floats, subjects: Sequence[str] | None) -> Floats:
    """Move each row's target towards its subject's mean, which itself is shrunk to the mean of all.

    With one subject, or none named, there is nothing to tell apart.
    """
    names, subject = np.unique(np.asarray(subjects or []), return_inverse=True)
    if len(names) < 2:
        return gain
    sums, counts = np.bincount(subject, gain), np.bincount(subject)
    means = (sums + _SUBJECT_PRIOR_ROWS * gain.mean()) / (counts + _SUBJECT_PRIOR_ROWS)
    target: Floats = SUBJECT_SHARE * means[subject] + (1 - SUBJECT_SHARE) * gain
    return target


class LayoutHead(NamedTuple):
    """What is fitted on the texts of one layout; `scores` are its own texts' with `level`."""

    grams: Floats
    figures: Floats
    level: float
    scores: Floats
    commonness: Floats
    familiar: Floats


def _fit_layout(texts: Sequence[TextFeatures], target: Floats) -> LayoutHead:
    """Fit one layout by itself: what rare and common mean differs between sets. Too few texts teach nothing."""
    if len(texts) < _LAYOUT_ROWS:
        return LayoutHead(
            np.zeros(COARSE_ROWS),
            np.zeros((3, len(LEXICAL_NAMES))),
            0.0,
            np.zeros(0),
            np.zeros(COARSE_ROWS),
            np.zeros(2),
        )
    rows = Rows.coarse(texts)
    means, factors, figures = _standardize(np.array([one.lexical for one in texts]))
    grams, weights, scores = _fit_grams(rows, figures, target)
    level = float(target.mean() - scores.mean())
    lines = np.array([means, factors, weights])
    return LayoutHead(grams, lines, level, scores + level, *commonness(rows, _FAMILIAR))


def _standardize(figures: Floats) -> tuple[Floats, Floats, Floats]:
    means, factors = figures.mean(axis=0), 1 / np.maximum(figures.std(axis=0), _LEAST_DEVIATION)
    return means, factors, np.asarray(standardized(figures, means, factors), np.float64)


def _fit_grams(rows: Rows, figures: Floats, target: Floats) -> tuple[Floats, Floats, Floats]:
    """Fit n-grams and figures together by ridge regression: rare n-grams may weigh more than common ones."""
    found = rows.texts_with()
    rarity = np.log((1 + len(target)) / (1 + found)) + 1
    rarity /= np.sqrt((rarity**2 * found).sum() / len(target))

    def forwards(weights: Floats) -> Floats:
        product: Floats = rows.times(rarity * weights[:COARSE_ROWS]) + _LEXICAL_WEIGHT * (
            figures @ weights[COARSE_ROWS:]
        )
        return product

    def backwards(errors: Floats) -> Floats:
        return np.concatenate([rarity * rows.transposed_times(errors), _LEXICAL_WEIGHT * (errors @ figures)])

    centred = backwards(np.ones(len(target))) / len(target)
    weights = conjugate_gradient(
        lambda vector: backwards(forwards(vector)) - len(target) * centred * (centred @ vector) + _PENALTY * vector,
        backwards(target - target.mean()),
    )
    return rarity * weights[:COARSE_ROWS], _LEXICAL_WEIGHT * weights[COARSE_ROWS:], forwards(weights)


def _fit_portable(lexical: Floats, gain: Floats) -> tuple[Floats, Floats]:
    """Fit the figures that mean the same everywhere, strongly penalized; give their lines and the texts' scores."""
    means, factors, figures = _standardize(lexical)
    weights = np.zeros(len(LEXICAL_NAMES))
    kept = figures[:, PORTABLE] - figures[:, PORTABLE].mean(axis=0)
    penalty = _PORTABLE_PENALTY * len(gain) * np.eye(len(PORTABLE))
    weights[list(PORTABLE)] = np.linalg.solve(kept.T @ kept + penalty, kept.T @ (gain - gain.mean()))
    return np.array([means, factors, weights]), figures @ weights


def conjugate_gradient(matrix: Callable[[Floats], Floats], right: Floats) -> Floats:
    """Solve matrix(x) = right for a symmetric positive definite matrix, to a ten thousandth."""
    solution, residual = np.zeros_like(right), right.copy()
    direction, squared = residual.copy(), residual @ residual
    goal = squared * _TOLERANCE**2
    for _ in range(_ITERATIONS):
        if squared <= goal:
            break
        image = matrix(direction)
        step = squared / (direction @ image)
        solution += step * direction
        residual -= step * image
        squared, before = residual @ residual, squared
        direction = residual + squared / before * direction
    return solution
