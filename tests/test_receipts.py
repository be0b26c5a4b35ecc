"""A receipt says in one line who answered, and whatever else a reader must know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dialogue.receipts import display_name, is_stopped, receipt, speed
from routing.intelligent_router import TURNS_LEFT_OUT
from routing.types import Attempt, Completion, Outcome
from tests.runs import FOURTEEN, REGISTRY, SEVEN, a_result, answered, decided, failed


@pytest.mark.parametrize(
    ("style", "line"), [("full", "Qwen2.5 7B · question · 1.2 s · 43 tok/s"), ("short", "Qwen2.5 7B"), ("off", "")]
)
def test_the_style_says_how_much_is_shown(style: str, line: str) -> None:
    """Everything, the name alone, or nothing."""
    assert receipt(a_result(), REGISTRY, style) == line


@pytest.mark.parametrize(("seconds", "word"), [(9.2, " · loaded in 9 s"), (0.1, ""), (None, "")])
def test_a_load_that_took_its_time_is_told(seconds: float | None, word: str) -> None:
    """It says why a short answer came late; a server's milliseconds say nothing."""
    loaded = answered(completion=Completion(tokens_per_second=43.2, load_seconds=seconds))
    assert receipt(a_result(attempts=(loaded,)), REGISTRY) == f"Qwen2.5 7B · question · 1.2 s{word} · 43 tok/s"
    assert receipt(a_result(attempts=(loaded,)), REGISTRY, "short") == "Qwen2.5 7B"


@pytest.mark.parametrize("style", ["full", "short", "off"])
def test_a_fallback_is_never_left_out(style: str) -> None:
    """Each model that failed is named, with why and whether text of it was seen."""
    attempts = (failed(), failed(FOURTEEN, reason="connection lost", first_token_seconds=0.3), answered())
    lines = receipt(a_result(attempts=attempts), REGISTRY, style).splitlines()
    assert lines[-2:] == [
        "⚠ after DeepSeek Coder 6.7B failed: timed out",
        "⚠ after Qwen2.5 14B failed: connection lost in mid-answer",
    ]


@pytest.mark.parametrize(("cut", "word"), [("repetition", "repeat"), ("length", "longest"), ("timeout", "time")])
def test_a_cut_answer_says_why(cut: str, word: str) -> None:
    """A reader must know that there was more."""
    line = receipt(a_result(cut=cut), REGISTRY, "off")
    assert line.startswith("✂ cut")
    assert word in line


def test_a_note_of_the_decision_is_passed_on() -> None:
    """Such as a chosen model that was not taken."""
    noted = replace(decided(), notes=("the chosen model m is offered by no server now",))
    assert receipt(a_result(decision=noted), REGISTRY, "off") == "ⓘ the chosen model m is offered by no server now"


def test_servers_that_fail_alike_are_told_once() -> None:
    """One model may fail at two servers, and a third may answer with it."""
    attempts = (failed(SEVEN), failed(SEVEN), answered(SEVEN))
    told = receipt(a_result(attempts=attempts), REGISTRY, "off")
    assert told == "⚠ after Qwen2.5 7B on another server failed: timed out"


def test_that_turns_are_left_out_does_not_stand_under_every_answer() -> None:
    """It is said once in a conversation, by whoever shows it."""
    noted = replace(decided(), notes=(TURNS_LEFT_OUT,))
    assert receipt(a_result(decision=noted), REGISTRY, "off") == ""


def test_a_stopped_answer_is_marked() -> None:
    """With who was answering, if anybody had been chosen."""
    cancelled = Attempt(SEVEN, None, Outcome.CANCELLED, 0.8)
    stopped = a_result(success=False, attempts=(cancelled,), completion=None, execution_time=0.8)
    assert is_stopped(stopped)
    assert receipt(stopped, REGISTRY) == "⏹ stopped · Qwen2.5 7B · question · 0.8 s"
    assert receipt(stopped, REGISTRY, "off") == "⏹ stopped"
    nobody = replace(stopped, model_id="", decision=None)
    assert receipt(nobody, REGISTRY) == "⏹ stopped"


def test_what_is_no_answer_has_no_receipt() -> None:
    """The sentence that stands there says it all."""
    assert receipt(a_result(success=False, attempts=(failed(),), error="No model."), REGISTRY) == ""


def test_the_built_in_answers_without_figures() -> None:
    """Its speed says nothing of any model."""
    assert receipt(a_result(model_id="builtin", attempts=(answered("builtin"),)), REGISTRY) == "Built-in · question"


def test_a_model_that_is_gone_goes_by_its_id() -> None:
    """Whoever answered was there then."""
    assert display_name("ollama_gone", REGISTRY) == "ollama_gone"


def test_speed_is_the_servers_or_measured() -> None:
    """Tokens over the time since the first one, where the server says nothing; None where nothing is known."""
    counted = answered(total_seconds=3.0, first_token_seconds=1.0, completion=Completion(output_tokens=50))
    assert speed(a_result()) == pytest.approx(43.2)
    assert speed(a_result(attempts=(counted,))) == pytest.approx(25.0)
    assert speed(a_result(attempts=(answered(completion=Completion()),))) is None
    assert speed(a_result(attempts=(answered(completion=None),))) is None
    at_once = answered(total_seconds=1.0, first_token_seconds=1.0, completion=Completion(output_tokens=5))
    assert speed(a_result(attempts=(at_once,))) is None
