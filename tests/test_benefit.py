"""The benefit head: what it learns, where it does not trust what it learnt, and that it is the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from routing.benefit import CATEGORY_GAPS, BenefitHead
from routing.hashed_rows import COARSE_ROWS, COARSE_SHIFT
from routing.text_features import read_features
from routing.types import TaskCategory
from scripts.train_benefit import benefit_scores, calibrated, conjugate_gradient, fit_benefit, smoothed
from scripts.training_rows import Rows, rows_of

HARD = ["the integral of a function over a closed contour", "eigenvalues of a matrix over a ring", "a limit of sums"]
EASY = ["the colour of a ripe tomato", "the animal that says meow", "the day after a Monday"]
ASIDE = ["in the morning", "with your friends", "at the market", "for a small boy", "on a long journey", "by the river"]
OPTIONS = "\nA. one\nB. two\nC. three\nD. four"


def exam(options: str = "") -> tuple[list[str], list[float], list[float]]:
    """Questions where only the strong model knows mathematics, and both know the rest; each comes in many forms."""
    prompts, gains = [], []
    for number in range(120):
        for hard, topics in ((1.0, HARD), (0.0, EASY)):
            aside = ASIDE[number % 6]
            prompts.append(f"Think about {topics[number % 3]} {aside}, question {number}: what is it?{options}")
            gains.append(hard)
    return prompts, [1 - gain for gain in gains], [1.0] * len(gains)


@pytest.fixture(scope="module")
def head() -> BenefitHead:
    return fit_benefit(*exam())


def test_what_only_the_strong_model_knows_scores_higher(head: BenefitHead) -> None:
    """In words that were not put together so before, too."""
    hard, easy = benefit_scores(
        head,
        [
            "Think about eigenvalues of a function over a contour at the market, question 7: what is it?",
            "Think about the colour of a ripe animal at the market, question 7: what is it?",
        ],
    )
    assert hard > 0.5
    assert easy < 0


def test_scores_are_centred_on_the_training_texts(head: BenefitHead) -> None:
    """Zero is the average question, one a standard deviation."""
    scores = benefit_scores(head, exam()[0])
    assert abs(scores.mean()) < 0.1
    assert scores.std() == pytest.approx(1, abs=0.1)


def test_a_text_unlike_the_training_texts_is_judged_by_its_category(head: BenefitHead) -> None:
    """Here in another language; a category that is as good as certain counts as if it were."""
    features = read_features("Запишите все свойства этой функции")
    assert head.familiarity(features) == 0
    code = head.benefit(features, {TaskCategory.CODE: 1.0})
    greeting = head.benefit(features, {TaskCategory.GREETING: 1.0})
    assert 0 < greeting < code - 0.1
    assert 0.5 < code < 1
    doubtful = head.benefit(features, {TaskCategory.CODE: 0.9, TaskCategory.GREETING: 0.1})
    assert doubtful == pytest.approx(code, abs=0.01)


def test_with_options_to_choose_from_the_category_says_nothing(head: BenefitHead) -> None:
    """Nobody writes code there."""
    features = read_features("Think about a limit of sums: what is it?" + OPTIONS)
    assert head.familiarity(features) == 0
    assert head.benefit(features, {TaskCategory.CODE: 1.0}) == head.benefit(features, {TaskCategory.GREETING: 1.0})


def test_a_familiar_text_is_judged_by_its_words(head: BenefitHead) -> None:
    """Whatever its category is taken for."""
    features, easier = map(read_features, exam()[0][:2])
    assert head.familiarity(features) == 1
    assert head.benefit(features, {TaskCategory.MATH: 1.0}) > 0.5 > head.benefit(easier, {TaskCategory.MATH: 1.0})
    assert head.benefit(features, {TaskCategory.CODE: 1.0}) == head.benefit(features, {TaskCategory.GREETING: 1.0})


def test_each_layout_learns_for_itself() -> None:
    """Questions with options teach nothing about those without, and do not disturb what these teach."""
    (asked, weak, strong), (plain, weak_plain, strong_plain) = exam(OPTIONS), exam()
    turned = [1 - right for right in weak]
    both = fit_benefit(asked + plain, turned + weak_plain, strong + strong_plain)
    hard, easy = plain[:2]
    assert np.diff(benefit_scores(both, [easy, hard]))[0] > 1
    assert np.diff(benefit_scores(both, [easy + OPTIONS, hard + OPTIONS]))[0] < -1


def test_every_category_has_a_gap() -> None:
    """Or a judgement would fail on it."""
    assert set(CATEGORY_GAPS) == {category.value for category in TaskCategory}


def test_the_weights_survive_being_written(head: BenefitHead) -> None:
    """To half precision, and under a quarter of a megabyte or so."""
    arrays = head.arrays()
    again = BenefitHead.from_arrays(arrays)
    prompts = exam()[0][:20]
    assert benefit_scores(again, prompts) == pytest.approx(benefit_scores(head, prompts), abs=0.01)
    assert sum(array.nbytes for array in arrays.values()) < 300_000


def test_training_twice_gives_the_same_bytes(head: BenefitHead) -> None:
    """Nothing is drawn."""
    again = fit_benefit(*exam()).arrays()
    assert all(array.tobytes() == again[name].tobytes() for name, array in head.arrays().items())


def test_an_empty_text_has_a_benefit(head: BenefitHead) -> None:
    """Nothing in it is familiar."""
    assert 0 < head.benefit(read_features(""), {TaskCategory.QUESTION: 1.0}) < 0.5


def test_targets_move_towards_their_subjects_mean() -> None:
    """A subject's mean is itself held near the mean of all; without subjects nothing is moved."""
    gain = np.array([1.0] * 60 + [0.0] * 60)
    target = smoothed(gain, ["law"] * 60 + ["art"] * 60)
    assert 0.5 < target[0] < 1.0
    assert target[0] + target[-1] == pytest.approx(1.0)
    assert smoothed(gain, None) is gain


def test_rows_multiply_like_a_matrix() -> None:
    """Both ways."""
    read = [read_features(text) for text in ("one two", "two three four", "one")]
    rows, dense = Rows.coarse(read), np.zeros((3, COARSE_ROWS))
    for place, one in enumerate(read):
        np.add.at(dense[place], rows_of(one) >> COARSE_SHIFT, 1)
    draws = np.random.default_rng(0)
    columns, texts = draws.random(COARSE_ROWS), draws.random(3)
    assert rows.times(columns) == pytest.approx(dense @ columns)
    assert rows.transposed_times(texts) == pytest.approx(texts @ dense)


def test_conjugate_gradients_solve_what_elimination_solves() -> None:
    """To a ten thousandth."""
    draws = np.random.default_rng(1).random((30, 20))
    matrix, right = draws.T @ draws + np.eye(20), np.arange(20.0)
    assert conjugate_gradient(lambda vector: matrix @ vector, right) == pytest.approx(
        np.linalg.solve(matrix, right), abs=1e-3
    )


def test_the_benefit_is_a_probability_once_calibrated(head: BenefitHead) -> None:
    """The mean over such texts is how often the strong model alone is right, and the order stays."""
    scores = np.random.default_rng(2).normal(size=2000)
    right = (np.random.default_rng(3).random(2000) < 1 / (1 + np.exp(1.5 - 0.7 * scores))).astype(float)
    level, slope = calibrated(head, scores, np.zeros(2000), right).calibration
    assert (level, slope) == (pytest.approx(-1.5, abs=0.15), pytest.approx(0.7, abs=0.15))
    assert calibrated(head, scores, right, 1 - right).calibration[1] > 0
