"""RouteLLM's metrics: areas that can be computed by hand, ties, and the folds."""

from __future__ import annotations

import numpy as np
import pytest

from bench.routing_metrics import apgr, curve, folds

# Ten questions; the strong model is right about all, the weak one about the first five.
WEAK = [1.0] * 5 + [0.0] * 5
STRONG = [1.0] * 10


def test_a_perfect_score_recovers_the_gap_with_the_first_half_of_the_calls() -> None:
    """Up to 1 over half of the calls, then level: an area of 0.75."""
    routed = curve(range(10), WEAK, STRONG)
    assert routed.strong_calls[0] == 0
    assert routed.strong_calls[-1] == 1
    assert routed.apgr == pytest.approx(0.75, abs=0.01)
    assert routed.calls_for(0.5) == pytest.approx(0.25, abs=0.03)
    assert routed.calls_for(1.0) == pytest.approx(0.5)


def test_the_worst_score_is_the_mirror_of_the_best() -> None:
    """Their areas add up to one."""
    assert apgr(range(9, -1, -1), WEAK, STRONG) + apgr(range(10), WEAK, STRONG) == pytest.approx(1.0, abs=0.01)


def test_a_random_score_recovers_half() -> None:
    """On average over many draws."""
    draws = np.random.default_rng(1)
    weak, strong = draws.random(2000) < 0.6, draws.random(2000) < 0.85
    areas = [apgr(draws.random(2000), weak, strong) for _ in range(30)]
    assert np.mean(areas) == pytest.approx(0.5, abs=0.02)


def test_a_constant_score_has_two_points_and_recovers_half() -> None:
    """Nothing or everything goes to the strong model; between the two lies a straight line."""
    routed = curve([0.3] * 10, WEAK, STRONG)
    assert routed.strong_calls.tolist() == [0, 1]
    assert routed.apgr == 0.5
    assert routed.calls_for(0.8) == pytest.approx(0.8)


def test_equal_scores_go_the_same_way() -> None:
    """A threshold never parts them."""
    routed = curve([0.0] * 5 + [1.0] * 5, WEAK, STRONG)
    assert set(routed.strong_calls.tolist()) <= {0.0, 0.5, 1.0}


def test_every_row_is_held_out_once_and_the_seed_decides_where() -> None:
    """Folds differ by one row at most."""
    dealt = folds(103, 5, seed=3)
    assert np.bincount(dealt).tolist() == [21, 21, 21, 20, 20]
    assert (dealt == folds(103, 5, seed=3)).all()
    assert (dealt != folds(103, 5, seed=4)).any()
