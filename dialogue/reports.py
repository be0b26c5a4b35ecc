"""Reports: why a model was chosen, and what was used, as Markdown for Telegram and the terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dialogue.figures import figures
from dialogue.receipts import display_name, failure, is_stopped
from routing.explanation import grouped_by_reason
from routing.model_backends.builtin import BUILTIN
from routing.types import ExecutionResult, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from routing.model_registry import ModelRegistry
    from routing.types import Candidate, RoutingDecision
    from storage.analytics import Report, StoredAttempt, StoredDecision, Tally, Timing, Usage

PERIODS = {"24h": 86_400.0, "7d": 7 * 86_400.0, "30d": 30 * 86_400.0}
"""The periods that reports are made for, in seconds, by the names that people give."""
_PERIOD_NAMES = {86_400.0: "24 hours", 7 * 86_400.0: "7 days", 30 * 86_400.0: "30 days"}

NOTHING_DECIDED = "Nothing has been asked here yet."
NOTHING_ASKED = "Nothing was asked in the last {period}."

_OTHERS_NAMED = 5
# Not the closing bracket: between \[ and \] stands a formula.
_MARKUP = re.compile(r"([\\`*_\[|~<>])")


# --- one decision -----------------------------------------------------------------------------------------------------


def why(told: ExecutionResult | StoredDecision | None, registry: ModelRegistry) -> str:
    """Say in words how the last answer came about: from memory in full, or as it was recorded."""
    if told is None:
        return NOTHING_DECIDED
    if isinstance(told, ExecutionResult):
        return _why_result(told, registry)
    return _why_stored(told, registry)


def _why_result(result: ExecutionResult, registry: ModelRegistry) -> str:
    made = result.decision
    if made is None:
        return plain(result.error or NOTHING_DECIDED)
    return paragraphs(
        plain(made.explain(left_out=False)),
        _then(made.candidates[1:]),
        _left_out(made),
        _how_it_went(result, registry),
        figures(result) if result.success else "",
    )


def _then(candidates: Sequence[Candidate]) -> str:
    """Name those that would have been next; the built-in one stands behind every chain and goes without saying."""
    names = [plain(candidate.model.display_name) for candidate in candidates if candidate.model is not BUILTIN]
    if not names:
        return ""
    more = len(names) - _OTHERS_NAMED
    return f"After it: {', '.join(names[:_OTHERS_NAMED])}{f' and {more} more' if more > 0 else ''}."


def _left_out(made: RoutingDecision) -> str:
    """Group what was left out by the reason: ten models may be missing for one and the same."""
    groups = []
    for reason, names in grouped_by_reason(made).items():
        more = len(names) - _OTHERS_NAMED
        shown = ", ".join(names[:_OTHERS_NAMED])
        groups.append(plain(f"- {reason}: {shown}{f' and {more} more' if more > 0 else ''}"))
    return "Left out:\n\n" + "\n".join(groups) if groups else ""


def _how_it_went(result: ExecutionResult, registry: ModelRegistry) -> str:
    failures = [
        f"{plain(display_name(attempt.model_id, registry))} failed: {failure(attempt)}."
        for attempt in result.attempts
        if attempt.outcome is Outcome.FAILED
    ]
    name = plain(display_name(result.model_id, registry))
    if is_stopped(result):
        end = f"It was stopped after {result.execution_time:.1f} s."
    elif result.success:
        end = f"{name} answered in {result.execution_time:.1f} s."
    else:
        end = "No model answered."
    return " ".join((*failures, end))


def _why_stored(told: StoredDecision, registry: ModelRegistry) -> str:
    chosen = f"**{plain(display_name(told.selected_model, registry))}**"
    task = ", ".join(_words(fact) for fact in (told.category, told.strategy and f"strategy {told.strategy}") if fact)
    reasons = f" ({plain(told.reasoning)})" if told.reasoning else ""
    return paragraphs(
        f"First choice: {chosen}{reasons}.",
        f"The task: {task}." if task else "",
        " ".join((*_stored_failures(told.attempts, registry), _stored_end(told, registry))),
    )


def _stored_failures(attempts: Iterable[StoredAttempt], registry: ModelRegistry) -> Iterator[str]:
    for attempt in attempts:
        if attempt.outcome is Outcome.FAILED:
            yield f"{plain(display_name(attempt.model_id, registry))} failed ({attempt.error_class or 'unknown'})."


def _stored_end(told: StoredDecision, registry: ModelRegistry) -> str:
    if told.outcome is Outcome.CANCELLED:
        return f"It was stopped after {told.execution_time:.1f} s."
    if told.outcome is Outcome.FAILED:
        return "No model answered."
    return f"{plain(display_name(told.answer_model, registry))} answered in {told.execution_time:.1f} s."


# --- figures ----------------------------------------------------------------------------------------------------------


def stats(report: Report, registry: ModelRegistry) -> str:
    """Show what the bot did: counts, rates, times, speed and tokens, then the same by model and by category."""
    everything, period = report.everything, _period(report.period_seconds)
    if not everything.count:
        return NOTHING_ASKED.format(period=period)
    models = [(display_name(tally.name, registry), tally) for tally in report.by_model]
    categories = [(_words(tally.name), tally) for tally in report.by_category]
    return paragraphs(
        f"## The last {period}",
        "\n".join(f"- {line}" for line in _summary(everything)),
        "### By model",
        _counts("Model", models),
        _times("Model", models),
        "### By category",
        _counts("Category", categories),
        _times("Category", categories),
    )


def usage(used: Usage, registry: ModelRegistry) -> str:
    """Show what one person asked for."""
    period = _period(used.period_seconds)
    if not used.everything.count:
        return NOTHING_ASKED.format(period=period)
    models = [(display_name(tally.name, registry), tally) for tally in used.by_model]
    return paragraphs(
        f"## You, in the last {period}",
        "\n".join(f"- {line}" for line in _summary(used.everything)),
        _counts("Model", models),
    )


def _summary(tally: Tally) -> Iterator[str]:
    yield f"questions: **{tally.count:,}**, of them {tally.failed:,} failed and {tally.cancelled:,} stopped"
    yield f"success: **{_percent(tally.success_rate)}**"
    yield f"fallbacks: **{_percent(tally.fallback_rate)}** ({tally.fallbacks:,})"
    yield f"first token: {_spread(tally.first_token_seconds)}"
    yield f"whole answer: {_spread(tally.total_seconds)}"
    if tally.tokens_per_second is not None:
        yield f"speed: **{tally.tokens_per_second:.0f} tok/s**"
    yield f"tokens: **{tally.tokens_in:,}** in, **{tally.tokens_out:,}** out"


def _counts(title: str, tallies: Sequence[tuple[str, Tally]]) -> str:
    rows = [
        (plain(name), f"{tally.count:,}", _percent(tally.success_rate), f"{tally.fallbacks:,}", _tokens(tally))
        for name, tally in tallies
    ]
    return table((title, "n", "ok", "fell back", "tokens"), rows)


def _times(title: str, tallies: Sequence[tuple[str, Tally]]) -> str:
    rows = [
        (plain(name), _pair(tally.first_token_seconds), _pair(tally.total_seconds), _speed(tally.tokens_per_second))
        for name, tally in tallies
        if tally.total_seconds.p50 is not None
    ]
    return table((title, "first s", "total s", "tok/s"), rows) if rows else ""


def _tokens(tally: Tally) -> str:
    return f"{tally.tokens_in + tally.tokens_out:,}"


def _percent(rate: float | None) -> str:
    return "–" if rate is None else f"{rate:.0%}"


def _spread(timing: Timing) -> str:
    if timing.p50 is None or timing.p95 is None:
        return "–"
    return f"**{timing.p50:.1f} s** (p50), {timing.p95:.1f} s (p95)"


def _pair(timing: Timing) -> str:
    return "–" if timing.p50 is None or timing.p95 is None else f"{timing.p50:.1f} / {timing.p95:.1f}"


def _speed(tokens_per_second: float | None) -> str:
    return "–" if tokens_per_second is None else f"{tokens_per_second:.0f}"


def _period(seconds: float) -> str:
    return _PERIOD_NAMES.get(seconds, f"{seconds / 3600:g} hours")


# --- Markdown ---------------------------------------------------------------------------------------------------------


def paragraphs(*texts: str) -> str:
    """Join what is not empty."""
    return "\n\n".join(filter(None, texts))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; names in its cells must be `plain`."""
    return "\n".join(_row(cells) for cells in (header, ("---",) * len(header), *rows))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _words(name: str) -> str:
    return name.replace("_", " ")


def plain(text: str) -> str:
    """Write text so that nothing in it is read as Markdown."""
    return _MARKUP.sub(r"\\\1", text)
