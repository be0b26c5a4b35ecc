"""Explanations: a decision tells in a paragraph what a person wants to know, and the same as data."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from routing.explanation import budget_option, requirements
from routing.types import RuleEffect
from terminal.decision_view import decision_view
from tests.runs import decided

CODE = "Write a function to calculate fibonacci numbers"


def test_a_paragraph_tells_what_a_person_wants_to_know() -> None:
    """What was understood, who answers and why, the time and cost, and who was left out for which reason."""
    decision = decided(CODE)
    level = decision.classification.level
    assert decision.explain() == (
        f"I took this for code, complex ({level} of 10). DeepSeek Coder 6.7B goes first by the strategy auto: code "
        "specialist, 0.85 code quality, fast. It should take about 11 s for about 800 tokens, at a cost of 0.3 (of 1, "
        "the whole machine). Left out: Qwen2.5 32B, Qwen2.5 32B (MLX): over max_cost (0.8 > 0.7)."
    )


def test_a_paragraph_tells_rules_and_notes() -> None:
    """With the rule in its own words and where it stands."""
    effect = RuleEffect("if chat is 42, stay on this machine", "models.toml:9", "Far left out")
    told = replace(decided(), rules=(effect,), notes=("no model can call tools",)).explain(left_out=False)
    assert "Your rule “if chat is 42, stay on this machine” (models.toml:9): Far left out." in told
    assert told.endswith(" No model can call tools.")


def test_a_paragraph_is_honest_about_what_is_not_there() -> None:
    """No model at all, only the built-in one, or a task that was hardly understood."""
    made = decided()
    assert "No model may answer it." in replace(made, candidates=()).explain()
    assert "the built-in answers are all there is" in replace(made, candidates=made.candidates[-1:]).explain()
    unsure = replace(made, classification=replace(made.classification, confidence=0.3))
    assert "though I am not sure" in unsure.explain()


def test_the_data_are_the_same_and_ready_for_json() -> None:
    """Nothing but plain values; the paragraph is among them."""
    made = decided(CODE)
    told = made.explanation()
    assert json.loads(json.dumps(told)) == told
    assert told["explanation"] == made.explain()
    assert told["candidates"][0]["model"] == "ollama_deepseek_coder"
    assert told["budget"] == "ollama_smallthinker"
    assert (told["local_only"], told["rules"]) == (False, [])


@pytest.mark.parametrize(
    ("text", "complexity", "latency"), [("Hi", "low", 0.5), ("What is Python?", "low", 1.5), (CODE, "medium", 5.0)]
)
def test_requirements_follow_from_the_task(text: str, complexity: str, latency: float) -> None:
    """Low, medium or high; a window for prompt and answer; a time that suits the level."""
    made = decided(text)
    wanted = requirements(made)
    assert (wanted["complexity"], wanted["latency_seconds"]) == (complexity, latency)
    assert wanted["context_tokens"] == made.classification.prompt_tokens + made.estimated_tokens


def test_the_budget_option_is_never_the_builtin() -> None:
    """It is what takes least of the machine among models."""
    made = decided()
    option = budget_option(made)
    assert option
    assert option.model.cost == min(each.model.cost for each in made.candidates[:-1])
    assert budget_option(replace(made, candidates=made.candidates[-1:])) is None


@pytest.mark.parametrize("width", [32, 40, 80, 200])
def test_a_drawing_fits_its_terminal(width: int) -> None:
    """No line is wider than the terminal, and nothing is cut off."""
    written = io.StringIO()
    console = Console(file=written, width=width, force_terminal=True, markup=False, no_color=True)
    console.print(decision_view(decided(CODE), f"{CODE} \x1b]0;title\x07 [bold]", 0.0001))
    assert "\x1b]0" not in written.getvalue()
    assert "[bold]" in written.getvalue()
    plain = Console(file=(shown := io.StringIO()), width=width, markup=False)
    plain.print(decision_view(decided(CODE), CODE, 0.0001, ["a warning"]))
    assert max(map(len, shown.getvalue().splitlines())) <= width
    assert "…" not in shown.getvalue()
    for part in ("primary", "fallback", "budget", "0.85", "Built-in", "a warning"):
        assert part in shown.getvalue(), part
