"""What people are promised: rounded up, never 0, and never less than what has been shown to be untrue."""

from __future__ import annotations

import random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.types import LoadProgress, LoadStage
from routing.wait_estimates import loading_seconds, queued_seconds, remaining_seconds, spoken

SECONDS = st.floats(0, 10_000, allow_nan=False)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, 1), (0.2, 1), (1.1, 2), (10, 10), (10.1, 15), (58, 60), (61, 70), (100, 100)]
)
def test_seconds_are_rounded_up_as_one_speaks(seconds: float, said: float) -> None:
    """Nobody is told of a wait of 0."""
    assert spoken(seconds) == said


def test_what_is_overdue_takes_longer_and_longer() -> None:
    """The estimate falls to where it is as good as over, and grows from there."""
    left = [remaining_seconds(10.0, elapsed) for elapsed in range(0, 41, 2)]
    lowest = left.index(min(left))
    assert left[:3] == [10, 8, 6]
    assert left[: lowest + 1] == sorted(left[: lowest + 1], reverse=True)
    assert left[lowest:] == sorted(left[lowest:])
    assert remaining_seconds(10.0, 40.0) == 10.0


@given(SECONDS, SECONDS)
def test_a_load_is_never_promised_for_now(usual: float, elapsed: float) -> None:
    """However long it has been going on."""
    said = loading_seconds(usual, elapsed)
    assert said is not None
    assert said >= max(1.0, usual - elapsed)


def test_of_a_load_that_was_never_seen_nothing_is_promised() -> None:
    """Nor after some time without a word of how far it is."""
    assert loading_seconds(None, 5.0) is None
    assert loading_seconds(None, 5.0, LoadProgress(LoadStage.LOADING)) is None


def test_bytes_say_more_than_what_it_took_before() -> None:
    """A quarter in 2 seconds is 6 more, whatever it usually takes."""
    quarter = LoadProgress(LoadStage.DOWNLOADING, 250, 1000)
    assert loading_seconds(90.0, 2.0, quarter) == 6.0
    assert loading_seconds(None, 2.0, quarter) == 6.0


@pytest.mark.parametrize(("done", "elapsed"), [(0, 5.0), (10, 5.0), (500, 0.1), (1000, 5.0)])
def test_bytes_that_say_nothing_yet_are_passed_over(done: int, elapsed: float) -> None:
    """The first few, those of the first moment, and all of them: the model is not ready yet then."""
    assert loading_seconds(None, elapsed, LoadProgress(LoadStage.LOADING, done, 1000)) is None


def test_the_line_is_served_by_whoever_is_done_first() -> None:
    """Two places, of which one is free in 4 and one in 8 seconds; an answer takes 10."""
    waits = [queued_seconds(position, [6.0, 2.0], 2, [8.0, 12.0]) for position in (1, 2, 3, 4)]
    assert waits == [4, 8, 15, 20]  # 14 and 18, as one speaks


def test_without_a_measurement_nothing_is_promised_in_line() -> None:
    """The first answers of an endpoint are not guessed at."""
    assert queued_seconds(1, [3.0], 1, []) is None


def test_a_place_that_is_free_is_taken_next() -> None:
    """A wait that is nearly over is still one."""
    assert queued_seconds(1, [3.0], 2, [10.0]) == 1.0


def test_the_line_promises_what_a_simulation_gives() -> None:
    """Over many lines with answers of every length the promises are kept on average, and at most a quarter above."""
    chance, promised, waited = random.Random(5), list[float](), list[float]()
    for _ in range(3000):
        limit, position = chance.choice([2, 4]), chance.randint(1, 12)
        lengths = [chance.uniform(20, 60) for _ in range(40)]
        running = [chance.uniform(0, length) for length in lengths[:limit]]
        free = sorted(length - ran for length, ran in zip(lengths, running, strict=False))
        for length in lengths[limit : limit + position - 1]:
            free = sorted([free[0] + length, *free[1:]])
        said = queued_seconds(position, running, limit, [40.0])
        assert said is not None
        promised.append(said)
        waited.append(free[0])
    assert fmean(waited) <= fmean(promised) <= 1.25 * fmean(waited)
