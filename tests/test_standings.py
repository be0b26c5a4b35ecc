"""Standings: what evidence changes, how far, and for how long."""

from __future__ import annotations

import numpy as np
import pytest

from routing.logistic import sigmoid
from routing.standings import HALF_LIFE_SECONDS, LARGEST_STEP, Evidence, Standing, Standings
from routing.types import TaskCategory

CODE, MATH = TaskCategory.CODE, TaskCategory.MATH


@pytest.mark.parametrize("evidence", list(Evidence))
@pytest.mark.parametrize("expected", [0.001, 0.5, 0.999])
def test_no_piece_of_evidence_moves_more_than_a_step(evidence: Evidence, expected: float) -> None:
    """However surprising it is."""
    moved = Standing().after(evidence, expected, 0.0).offset
    assert 0 < abs(moved) <= LARGEST_STEP
    assert (moved > 0) == (evidence.outcome > expected)


def test_what_was_expected_teaches_little() -> None:
    """And a thumb teaches more than a retry, which teaches more than silence."""
    surprise, usual = (abs(Standing().after(Evidence.THUMB_UP, chance, 0.0).offset) for chance in (0.6, 0.95))
    assert surprise > 3 * usual
    moved = [
        abs(Standing().after(one, 0.5, 0.0).offset) for one in (Evidence.KEPT, Evidence.RETRIED, Evidence.THUMB_DOWN)
    ]
    assert moved == sorted(moved)
    assert moved[0] < moved[1] < moved[2]


def test_much_evidence_finds_the_real_ability() -> None:
    """A model that is right nine times of ten where half was expected, after 400 thumbs."""
    draws, standing = np.random.default_rng(5), Standing()
    for right in draws.random(400) < 0.9:
        evidence = Evidence.THUMB_UP if right else Evidence.THUMB_DOWN
        standing = standing.after(evidence, sigmoid(standing.offset), 0.0)
    assert sigmoid(standing.offset) == pytest.approx(0.9, abs=0.05)
    assert abs(standing.after(Evidence.THUMB_DOWN, 0.5, 0.0).offset - standing.offset) < LARGEST_STEP / 4


def test_what_was_learnt_fades_back_to_the_prior() -> None:
    """Half of it in a half-life; a clock that was put back changes nothing."""
    standing = Standing(0.8, 6.0, at_seconds=1000.0)
    later = standing.decayed(1000.0 + HALF_LIFE_SECONDS)
    assert later.offset == pytest.approx(0.4)
    assert later.information == pytest.approx(3.0)
    assert later.at_seconds == 1000.0 + HALF_LIFE_SECONDS
    assert standing.decayed(0.0) == standing
    assert abs(standing.decayed(1000.0 + 40 * HALF_LIFE_SECONDS).offset) < 1e-9


# --- of all models ----------------------------------------------------------------------------------------------------


def test_a_lesson_counts_for_its_model_and_category() -> None:
    """And for no other; every lesson is a new version."""
    standings = Standings(lambda: 0.0)
    learnt = standings.learn("a", CODE, Evidence.THUMB_DOWN, 0.8)
    assert learnt.offset < 0
    assert standings.of("a", CODE) == learnt
    assert standings.of("a", MATH) == standings.of("b", CODE) == Standing()
    assert standings.version == 1


def test_lessons_add_up_and_fade() -> None:
    """By the clock that is given."""
    now = [0.0]
    standings = Standings(lambda: now[0])
    first = standings.learn("a", CODE, Evidence.THUMB_UP, 0.5)
    second = standings.learn("a", CODE, Evidence.THUMB_UP, 0.5)
    assert second.offset > first.offset > 0
    now[0] = HALF_LIFE_SECONDS
    assert standings.of("a", CODE).offset == pytest.approx(second.offset / 2)


def test_what_was_learnt_in_an_earlier_run_can_be_put_back() -> None:
    """With its time, so that it goes on fading."""
    standings = Standings(lambda: HALF_LIFE_SECONDS)
    standings.restore("a", CODE, Standing(0.8, 6.0, at_seconds=0.0))
    assert standings.of("a", CODE).offset == pytest.approx(0.4)
    assert standings.version == 1
