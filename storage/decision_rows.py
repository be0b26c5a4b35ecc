"""How one run becomes rows: a decision and its attempts, as statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routing.task_views import objective_type
from routing.types import Outcome

if TYPE_CHECKING:
    from routing.types import Attempt, ExecutionResult, RoutingDecision
    from storage.conversations import ConversationKey
    from storage.transaction import Statement

# Within its transaction the decision just inserted has the highest id.
_INSERT_ATTEMPT = (
    "INSERT INTO attempts (decision_id, ordinal, model_id, endpoint, outcome, first_token_seconds, total_seconds, "
    "tokens_in, tokens_out, tokens_per_second, error_class) "
    "VALUES ((SELECT max(id) FROM routing_decisions), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def insert_decision(
    result: ExecutionResult,
    key: ConversationKey,
    **given: object,  # timestamp, request_id, user_id, objective, objective_form
) -> Statement:
    """The row of a decision. Attempts follow it in the same transaction."""
    row = {
        "chat_id": key.chat_id,
        "thread_id": key.thread_id,
        "selected_model": result.model_id,
        **given,
        **_of_decision(result.decision),
        **_of_result(result),
    }
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    return f"INSERT INTO routing_decisions ({columns}) VALUES ({marks})", tuple(row.values())  # noqa: S608 - our names


def tried(result: ExecutionResult) -> tuple[Attempt, ...]:
    """The attempts at answering: the sentence that stands in where no model could is no answer of the built-in one."""
    return result.attempts[:-1] if _apologizes(result) else result.attempts


def insert_attempt(ordinal: int, attempt: Attempt) -> Statement:
    """The row of an attempt at the decision that was inserted just before; `ordinal` counts from 1."""
    completion = attempt.completion
    return _INSERT_ATTEMPT, (
        ordinal,
        attempt.model_id,
        attempt.endpoint.label if attempt.endpoint else None,
        attempt.outcome.value,
        attempt.first_token_seconds,
        attempt.total_seconds,
        completion.prompt_tokens if completion else None,
        completion.output_tokens if completion else None,
        completion.tokens_per_second if completion else None,
        attempt.error_class,
    )


def _of_decision(decision: RoutingDecision | None) -> dict[str, object]:
    if decision is None:
        return {}
    classification = decision.classification
    row: dict[str, object] = {
        "task_type": objective_type(classification).value,
        "category": classification.category.value,
        "complexity": classification.level,
        "score": classification.score,
        "modality": classification.modality.value,
        "language": classification.language,
        "strategy": decision.strategy.value,
        "estimated_cost": decision.estimated_cost,
        "estimated_time": decision.estimated_seconds,
        "reasoning": ", ".join(decision.notes),
    }
    if decision.candidates:
        chosen = decision.candidates[0]
        row["selected_model"] = chosen.model.model_id
        row["reasoning"] = ", ".join((*chosen.reasons, *decision.notes))
    return row


def _apologizes(result: ExecutionResult) -> bool:
    """Tell whether what was said in the end only says that no model could answer."""
    return not result.success and bool(result.attempts) and result.attempts[-1].outcome is Outcome.ANSWERED


def _of_result(result: ExecutionResult) -> dict[str, object]:
    completion = None if _apologizes(result) else result.completion  # an apology is written, not generated
    tokens_in = completion.prompt_tokens if completion else None
    tokens_out = completion.output_tokens if completion else None
    return {
        "actual_cost": _actual_cost(result),
        "execution_time": result.execution_time,
        "success": result.success,
        "outcome": _outcome(result).value,
        "answer_model": result.model_id,
        "fallback_used": result.fallback_used,
        "first_token_seconds": result.first_token_seconds,
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "tokens_used": None if tokens_in is None and tokens_out is None else (tokens_in or 0) + (tokens_out or 0),
        "tokens_per_second": completion.tokens_per_second if completion else None,
    }


def _actual_cost(result: ExecutionResult) -> float | None:
    candidates = result.decision.candidates if result.decision else ()
    costs = (candidate.model.cost for candidate in candidates if candidate.model.model_id == result.model_id)
    return next(costs, None)


def _outcome(result: ExecutionResult) -> Outcome:
    if result.success:
        return Outcome.ANSWERED
    stopped = bool(result.attempts) and result.attempts[-1].outcome is Outcome.CANCELLED
    return Outcome.CANCELLED if stopped else Outcome.FAILED
