"""ModelSpeeds: what was measured counts, and says what to expect of the others."""

from __future__ import annotations

import pytest

from routing.model_speeds import ModelSpeeds
from routing.types import SpeedClass
from tests.answers import a_model


def test_the_median_of_the_last_answers_counts() -> None:
    """One that met a busy machine does not; an old one does not for ever."""
    speeds, model = ModelSpeeds(), a_model("any")
    for speed in (50.0, 52.0, 3.0):
        speeds.learn(model, speed)
    assert speeds.measured(model.model_id) == 50.0
    for _ in range(9):
        speeds.learn(model, 20.0)
    assert speeds.tokens_per_second(model) == 20.0


def test_models_of_one_class_are_equals_until_one_is_measured() -> None:
    """The catalog's figures are another machine's; then the measured one stands by itself."""
    speeds = ModelSpeeds()
    one, other = (a_model(name, model_id=name, tokens_per_second=speed) for name, speed in (("a", 85.0), ("b", 110.0)))
    assert speeds.answer_seconds(one, 300) == speeds.answer_seconds(other, 300)
    speeds.learn(one, 85.0)
    assert speeds.answer_seconds(one, 300)[1] == pytest.approx(300 / 85)


def test_a_slower_machine_is_slower_with_all_models() -> None:
    """What one model shows holds for those that nobody has asked yet, its first token included."""
    speeds = ModelSpeeds()
    asked, other = (a_model(name, model_id=name, tokens_per_second=80.0) for name in ("asked", "other"))
    before = speeds.answer_seconds(other, 100)
    speeds.learn(asked, 40.0)
    assert speeds.tokens_per_second(other) == 40.0
    assert speeds.answer_seconds(other, 100) == pytest.approx([2 * seconds for seconds in before])


@pytest.mark.parametrize("speed", [None, 0.0, -3.0, 1e9, float("inf"), float("nan")])
def test_what_cannot_be_is_passed_over(speed: float | None) -> None:
    """Servers say such things."""
    speeds, model = ModelSpeeds(), a_model("any")
    speeds.learn(model, speed)
    assert (speeds.measured(model.model_id), speeds.version) == (None, 0)


def test_only_what_a_decision_would_feel_is_a_new_version() -> None:
    """Or every answer would have all rankings made anew."""
    speeds, model = ModelSpeeds(), a_model("any")
    speeds.learn(model, 50.0)
    version = speeds.version
    for speed in (50.5, 49.0, 51.0):
        speeds.learn(model, speed)
    assert speeds.version == version
    for _ in range(9):
        speeds.learn(model, 25.0)
    assert speeds.version > version


def test_models_that_come_and_go_do_not_pile_up() -> None:
    """The oldest are forgotten."""
    speeds = ModelSpeeds()
    for number in range(2000):
        speeds.learn(a_model("m", model_id=f"m{number}"), 50.0)
    assert len(speeds._measured) == len(speeds._ratios) == 512
    assert speeds.measured("m0") is None


def test_a_faster_class_is_a_prompter_answer() -> None:
    """Both to the first token and to the last."""
    speeds = ModelSpeeds()
    seconds = [speeds.answer_seconds(a_model("any", speed_class=speed), 100) for speed in SpeedClass]
    assert seconds == sorted(seconds)
