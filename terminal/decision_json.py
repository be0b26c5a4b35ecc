"""A routing decision and its attempts as data for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from routing.types import Attempt, RoutingDecision, TaskClassification


def decision_as_json(decision: RoutingDecision) -> dict[str, Any]:
    """Give the task, every candidate in order with its reasons, who was left out and why, and the estimates."""
    candidates = [
        {
            "model": candidate.model.model_id,
            "name": candidate.model.display_name,
            "backend": candidate.model.backend,
            "score": candidate.score,
            "cost": candidate.model.cost,
            "reasons": list(candidate.reasons),
        }
        for candidate in decision.candidates
    ]
    return {
        "strategy": decision.strategy,
        "task": _task(decision.classification),
        "candidates": candidates,
        "excluded": [{"model": out.model.model_id, "reason": out.reason} for out in decision.exclusions],
        "estimated_tokens": decision.estimated_tokens,
        "estimated_seconds": round(decision.estimated_seconds, 3),
        "estimated_cost": decision.estimated_cost,
        "race": decision.race,
        "notes": list(decision.notes),
    }


def attempt_as_json(attempt: Attempt) -> dict[str, Any]:
    """Give one try of one model. Times are in seconds."""
    return {
        "model": attempt.model_id,
        "endpoint": attempt.endpoint.url if attempt.endpoint else None,
        "outcome": attempt.outcome,
        "first_token_seconds": attempt.first_token_seconds,
        "total_seconds": attempt.total_seconds,
        "error": attempt.error,
        "error_class": attempt.error_class,
    }


def _task(task: TaskClassification) -> dict[str, Any]:
    return {
        "category": task.category,
        "complexity": task.complexity,
        "score": round(task.score, 4),
        "level": task.level,
        "tier": task.tier,
        "confidence": round(task.confidence, 4),
        "language": task.language,
        "modality": task.modality,
        "required_capabilities": sorted(task.required_capabilities),
        "requires_tools": task.requires_tools,
        "prompt_tokens": task.prompt_tokens,
        "factors": {name: round(value, 4) for name, value in task.factors.items()},
    }
