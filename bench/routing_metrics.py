"""RouteLLM's metrics of a two-model router: the gap it recovers (APGR) and the calls it takes for it (CPT)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

THRESHOLDS = 10


@dataclass(frozen=True, slots=True)
class Curve:
    """The share of calls that go to the strong model against the share answered right, by rising share of calls."""

    strong_calls: Floats
    right: Floats
    weak_right: float
    strong_right: float

    @property
    def gap_recovered(self) -> Floats:
        """The share of the way from the weak model's figure to the strong one's, at each point."""
        shares: Floats = (self.right - self.weak_right) / (self.strong_right - self.weak_right)
        return shares

    @property
    def apgr(self) -> float:
        """The average performance gap recovered: the area under `gap_recovered`, by trapezoid. Random has 0.5."""
        return float(np.trapezoid(self.gap_recovered, self.strong_calls))

    def calls_for(self, share: float) -> float:
        """Find the least share of strong calls that recovers a share of the gap: CPT50 is `calls_for(0.5)`."""
        gap, calls = self.gap_recovered, self.strong_calls
        reached = int(np.argmax(gap >= share))
        if gap[reached] < share:
            return 1.0
        if reached == 0:
            return float(calls[0])
        before = reached - 1
        part = (share - gap[before]) / (gap[reached] - gap[before])
        return float(calls[before] + part * (calls[reached] - calls[before]))


def curve(scores: ArrayLike, weak_right: ArrayLike, strong_right: ArrayLike, thresholds: int = THRESHOLDS) -> Curve:
    """Route by thresholds at the quantiles of the scores (higher = to the strong model), as RouteLLM's evaluation does.

    The thresholds part the scores into `thresholds` bins of one size; equal scores go the same way.
    """
    score, weak, strong = (np.asarray(values, dtype=np.float64) for values in (scores, weak_right, strong_right))
    edges = np.unique(np.quantile(score, np.linspace(0, 1, thresholds + 1)))
    # At the largest score RouteLLM sends nothing to the strong model.
    masks = [score > edges[-1], *(score >= edge for edge in edges[: max(1, len(edges) - 1)][::-1])]
    calls = np.array([mask.mean() for mask in masks])
    right = np.array([np.where(mask, strong, weak).mean() for mask in masks])
    return Curve(calls, right, float(weak.mean()), float(strong.mean()))


def apgr(scores: ArrayLike, weak_right: ArrayLike, strong_right: ArrayLike) -> float:
    """Compute the average performance gap recovered by sending the highest scores to the strong model."""
    return curve(scores, weak_right, strong_right).apgr


def folds(rows: int, count: int = 5, seed: int = 0) -> NDArray[np.int64]:
    """Give each row the number of the fold in which it is held out: folds of one size, dealt by the seed."""
    dealt: NDArray[np.int64] = np.random.default_rng(seed).permutation(rows) % count
    return dealt
