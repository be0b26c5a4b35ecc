"""Receipts: the line under each answer that says which model gave it, and what went wrong on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routing.intelligent_router import TURNS_LEFT_OUT
from routing.model_backends.builtin import BUILTIN
from routing.types import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routing.model_registry import ModelRegistry
    from routing.types import Attempt, ExecutionResult

STOPPED = "⏹ stopped"
# Servers measure a load where the model was in memory too; one that nobody noticed needs no word.
_LONG_LOAD_SECONDS = 3.0
_CUT = {
    "repetition": "✂ cut: the model had begun to repeat itself",
    "length": "✂ cut at the longest answer allowed: say “go on” for the rest",
    "timeout": "✂ cut: the time for one answer was over",
}


def receipt(result: ExecutionResult, registry: ModelRegistry, style: str = "full") -> str:
    """Write the receipt of an answer, such as "Qwen2.5 7B · code · 1.2 s · 43 tok/s".

    `style`: "full"; "short" leaves out category and figures; "off" keeps only warnings, which are never left out: a
    fallback, a cut, a chosen model that was not taken, an answer that was stopped. What is no answer has no receipt.
    """
    if not (result.success or is_stopped(result)):
        return ""
    facts = [] if style == "off" else list(_facts(result, registry, full=style == "full"))
    first = " · ".join([STOPPED] * is_stopped(result) + facts)
    return "\n".join(([first] if first else []) + warnings(result, registry))


def is_stopped(result: ExecutionResult) -> bool:
    """Tell a run that its reader ended from one that failed."""
    return not result.success and bool(result.attempts) and result.attempts[-1].outcome is Outcome.CANCELLED


def warnings(result: ExecutionResult, registry: ModelRegistry) -> list[str]:
    """List what a reader must know: each model that failed and why, and why an answer is cut."""
    failures = (attempt for attempt in result.attempts if attempt.outcome is Outcome.FAILED)
    # Two servers may fail alike with one model, and one may stand in for the other.
    lines = list(dict.fromkeys(_fallback(attempt, result, registry) for attempt in failures))
    notes = result.decision.notes if result.decision else ()
    # That turns are left out is said once in a conversation, by whoever shows it, and not under every answer.
    lines += [f"ⓘ {note}" for note in notes if note != TURNS_LEFT_OUT]
    return [*lines, _CUT[result.cut]] if result.cut in _CUT else lines


def _fallback(failed: Attempt, result: ExecutionResult, registry: ModelRegistry) -> str:
    where = " on another server" if failed.model_id == result.model_id else ""
    return f"⚠ after {display_name(failed.model_id, registry)}{where} failed: {failure(failed)}"


def speed(result: ExecutionResult) -> float | None:
    """Give the decode speed in tokens/s: the server's figure, or tokens over the time since the first one."""
    completion = result.completion
    if completion is None:
        return None
    if completion.tokens_per_second:
        return completion.tokens_per_second
    last = result.attempts[-1] if result.attempts else None
    if not (last and completion.output_tokens and last.first_token_seconds):
        return None
    seconds = last.total_seconds - last.first_token_seconds
    return completion.output_tokens / seconds if seconds > 0 else None


def _facts(result: ExecutionResult, registry: ModelRegistry, *, full: bool) -> Iterator[str]:
    if not result.model_id:  # stopped before any model had begun
        return
    yield display_name(result.model_id, registry)
    if not full:
        return
    if result.decision:
        yield result.decision.classification.category.replace("_", " ")
    if result.model_id == BUILTIN.model_id:  # its speed says nothing
        return
    yield f"{result.execution_time:.1f} s"
    load_seconds = result.completion.load_seconds if result.completion else None
    if load_seconds and load_seconds >= _LONG_LOAD_SECONDS:
        yield f"loaded in {load_seconds:.0f} s"
    if tokens_per_second := speed(result):
        yield f"{tokens_per_second:.0f} tok/s"


def failure(attempt: Attempt) -> str:
    """Say in a word or two how an attempt failed, and whether text of it had been shown."""
    reason = attempt.reason or "failed"
    return f"{reason} in mid-answer" if attempt.first_token_seconds is not None else reason


def display_name(model_id: str, registry: ModelRegistry) -> str:
    """Call a model by the name that people know; one that is gone by its id."""
    if model_id == BUILTIN.model_id:
        return BUILTIN.display_name
    model = registry.get_model(model_id)
    return model.display_name if model else model_id
