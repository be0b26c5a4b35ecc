"""Reports say in words and tables what was decided, what was used and how the models stand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dialogue import reports
from routing.model_registry import ModelRegistry
from routing.response_formatter import ResponseFormatter
from routing.types import Attempt, Completion, ModelOffer, Outcome
from storage.analytics import Report, StoredAttempt, StoredDecision, Tally, Timing, Usage
from tests.runs import CODER, OLLAMA, REGISTRY, SEVEN, a_result, answered, decided, failed

DAY = reports.PERIODS["24h"]
TALLY = Tally(
    "",
    count=12,
    answered=9,
    failed=1,
    cancelled=2,
    fallbacks=3,
    tokens_in=1200,
    tokens_out=3400,
    first_token_seconds=Timing(0.42, 1.26),
    total_seconds=Timing(2.0, 8.1),
    tokens_per_second=43.2,
)
STORED = StoredDecision(
    request_id="0a1b2c3d",
    timestamp=0.0,
    selected_model=CODER,
    answer_model=SEVEN,
    reasoning="code specialist, loaded",
    strategy="cost_optimized",
    category="tool_use",
    complexity=3,
    execution_time=2.5,
    outcome=Outcome.ANSWERED,
    fallback_used=True,
    attempts=(StoredAttempt(CODER, OLLAMA.url, Outcome.FAILED, None, 1.0, "BackendTimeout"),),
)


def shown(markdown: str) -> str:
    """What somebody reads in Telegram."""
    return ResponseFormatter().format(markdown).plain_text


# --- why --------------------------------------------------------------------------------------------------------------


def test_why_without_a_question_says_so() -> None:
    """There is nothing to explain yet."""
    assert reports.why(None, REGISTRY) == reports.NOTHING_DECIDED


def test_why_explains_a_run_in_words() -> None:
    """The task, the choice with its reasons, who came after it, who was left out, and how it went."""
    text = shown(reports.why(a_result(), REGISTRY))
    assert "I took this for question, simple (" in text
    assert "Qwen2.5 7B goes first by the strategy auto: " in text
    assert "After it: Qwen2.5 7B (MLX), " in text
    assert " more." in text
    assert "Built-in" not in text
    assert text.endswith("Qwen2.5 7B answered in 1.2 s.\n\n10 tokens read; 50 tokens written at 43 tok/s.")


def test_why_names_what_failed_on_the_way() -> None:
    """With the reason, before who answered in the end."""
    text = shown(reports.why(a_result(attempts=(failed(), answered())), REGISTRY))
    assert "DeepSeek Coder 6.7B failed: timed out. Qwen2.5 7B answered" in text


def test_why_tells_what_the_server_measured() -> None:
    """The load, the part of the prompt that was still known, the speeds, the memory."""
    measured = Completion(
        prompt_tokens=2064,
        output_tokens=1,
        tokens_per_second=43.2,
        load_seconds=9.24,
        cached_tokens=1980,
        prompt_tokens_per_second=412.4,
        peak_memory_bytes=19_240_000_000,
    )
    text = shown(reports.why(a_result(attempts=(answered(completion=measured),)), REGISTRY))
    assert text.endswith(
        "The model was loaded in 9.2 s; 2,064 tokens read, 1,980 of them still known, the rest at 412 tok/s; "
        "1 token written at 43 tok/s; 19 GB of memory at the most."
    )


def test_why_makes_up_no_figures() -> None:
    """A server that measures nothing, and the built-in answers, have none."""
    silent = answered(completion=Completion(load_seconds=0.03))
    assert shown(reports.why(a_result(attempts=(silent,)), REGISTRY)).endswith("answered in 1.2 s.")
    exact = answered("builtin")
    assert shown(reports.why(a_result(model_id="builtin", attempts=(exact,)), REGISTRY)).endswith("answered in 1.2 s.")


def test_why_groups_what_was_left_out() -> None:
    """Ten models may be missing for one reason."""
    registry = ModelRegistry()
    registry.apply_offers(OLLAMA, [ModelOffer(OLLAMA, "qwen2.5:7b-instruct-q4_K_M")])
    from routing.intelligent_router import IntelligentRouter  # noqa: PLC0415 - only here

    text = shown(reports.why(a_result(decision=IntelligentRouter(registry).decide("What is Python?")), registry))
    assert "not installed: SmallThinker 270M, Qwen2.5 14B, " in text
    assert text.count("not installed") == 1


def test_why_says_that_a_run_was_stopped_or_failed() -> None:
    """Neither was answered."""
    cancelled = Attempt(SEVEN, None, Outcome.CANCELLED, 0.8)
    stopped = a_result(success=False, attempts=(cancelled,), completion=None, execution_time=0.8)
    assert shown(reports.why(stopped, REGISTRY)).endswith("It was stopped after 0.8 s.")
    nobody = a_result(success=False, attempts=(failed(),), error="No model.")
    assert shown(reports.why(nobody, REGISTRY)).endswith("DeepSeek Coder 6.7B failed: timed out. No model answered.")
    undecided = a_result(success=False, attempts=(), decision=None, error="There is no such model.")
    assert reports.why(undecided, REGISTRY) == "There is no such model."


def test_why_passes_on_the_notes() -> None:
    """Such as that the conversation was too long."""
    noted = replace(decided(), notes=("its oldest turns are left out",))
    assert " Its oldest turns are left out." in shown(reports.why(a_result(decision=noted), REGISTRY))


def test_why_tells_from_the_record_what_was_recorded() -> None:
    """The choice, its reasons, the task, the failure and who answered."""
    text = shown(reports.why(STORED, REGISTRY))
    assert "First choice: DeepSeek Coder 6.7B (code specialist, loaded)." in text
    assert "The task: tool use, strategy cost optimized." in text
    assert text.endswith("DeepSeek Coder 6.7B failed (BackendTimeout). Qwen2.5 7B answered in 2.5 s.")


@pytest.mark.parametrize(
    ("outcome", "end"), [(Outcome.CANCELLED, "It was stopped after 2.5 s."), (Outcome.FAILED, "No model answered.")]
)
def test_why_tells_every_end_from_the_record(outcome: Outcome, end: str) -> None:
    """Also of what was recorded with little."""
    bare = replace(STORED, outcome=outcome, attempts=(), reasoning="", category=None, strategy=None)
    assert shown(reports.why(bare, REGISTRY)) == f"First choice: DeepSeek Coder 6.7B.\n\n{end}"


# --- stats and usage --------------------------------------------------------------------------------------------------


def test_stats_show_counts_rates_times_and_tokens() -> None:
    """For all, by model under its name, and by category in words."""
    report = Report(DAY, TALLY, (replace(TALLY, name=SEVEN),), (replace(TALLY, name="tool_use"),))
    text = reports.stats(report, REGISTRY)
    for fact in (
        "## The last 24 hours",
        "- questions: **12**, of them 1 failed and 2 stopped",
        "- success: **90%**",
        "- fallbacks: **25%** (3)",
        "- first token: **0.4 s** (p50), 1.3 s (p95)",
        "- whole answer: **2.0 s** (p50), 8.1 s (p95)",
        "- speed: **43 tok/s**",
        "- tokens: **1,200** in, **3,400** out",
        "| Qwen2.5 7B | 12 | 90% | 3 | 4,600 |",
        "| Qwen2.5 7B | 0.4 / 1.3 | 2.0 / 8.1 | 43 |",
        "| tool use | 12 | 90% | 3 | 4,600 |",
    ):
        assert fact in text


def test_stats_of_failures_alone_have_no_times() -> None:
    """What was not measured is not shown as nought."""
    failures = Tally("", count=2, failed=2)
    text = reports.stats(Report(DAY, failures, (replace(failures, name=SEVEN),), ()), REGISTRY)
    assert "success: **0%**" in text
    assert "first token: –" in text
    assert "first s" not in text


def test_stats_of_nothing_are_a_sentence() -> None:
    """Also for a period that has no name."""
    assert reports.stats(Report(7200.0, Tally(""), (), ()), REGISTRY) == "Nothing was asked in the last 2 hours."


def test_usage_is_ones_own() -> None:
    """Counts, times and tokens, by model."""
    text = reports.usage(Usage(reports.PERIODS["30d"], TALLY, (replace(TALLY, name=SEVEN),)), REGISTRY)
    assert text.startswith("## You, in the last 30 days")
    assert "| Qwen2.5 7B | 12 |" in text
    assert reports.usage(Usage(DAY, Tally(""), ()), REGISTRY) == "Nothing was asked in the last 24 hours."


# --- Markdown ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["*bold*", "a|b", "_x_", "`code`", "[a](b)", "~~no~~", "<b>", "back\\slash"])
def test_a_name_is_never_read_as_markdown(name: str) -> None:
    """Whatever a server calls its models."""
    assert shown(reports.plain(name)) == name
