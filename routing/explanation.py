"""What a RoutingDecision says of itself: one short paragraph for people, and the same as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from routing.types import Candidate, RoutingDecision, TaskClassification

# This module is what types.py builds on: of the words of the domain it knows the values alone.
_BUILTIN = "builtin"
_COMPLEXITY = {"light": "low", "standard": "medium", "heavy": "high"}
_QUALITY = {"light": "basic", "standard": "good", "heavy": "best"}
# The upper ends of the speed classes (specification S1.1) that suit each level (S1.7).
_LATENCY_SECONDS: Mapping[str, float | None] = {
    "trivial": 0.5,
    "simple": 1.5,
    "moderate": 3.0,
    "complex": 5.0,
    "very_complex": None,
}
_REASONS_TOLD = 3
_LEFT_OUT_TOLD = 2


def in_words(decision: RoutingDecision, *, left_out: bool = True) -> str:
    """Write the paragraph: the task, the first model and why, its time and cost, rules, and what was left out."""
    out = _left_out(decision) if left_out else ""
    sentences = (_task(decision), _choice(decision), *_rules(decision), out, *_notes(decision))
    return " ".join(filter(None, sentences))


def as_data(decision: RoutingDecision) -> dict[str, Any]:
    """Give the task, every candidate in order with its reasons, who was left out and why, rules and estimates."""
    return {
        "strategy": str(decision.strategy),
        "explanation": in_words(decision),
        "task": _task_data(decision.classification),
        "requirements": requirements(decision),
        "candidates": [_candidate_data(candidate) for candidate in decision.candidates],
        "budget": budget.model.model_id if (budget := budget_option(decision)) else None,
        "excluded": [{"model": out.model.model_id, "reason": out.reason} for out in decision.exclusions],
        "rules": [
            {"rule": rule.rule, "place": rule.place, "effect": rule.effect, "followed": rule.followed}
            for rule in decision.rules
        ],
        "local_only": decision.local_only,
        "estimated_tokens": decision.estimated_tokens,
        "estimated_seconds": round(decision.estimated_seconds, 3),
        "estimated_cost": decision.estimated_cost,
        "race": decision.race,
        "notes": list(decision.notes),
    }


def requirements(decision: RoutingDecision) -> dict[str, Any]:
    """Say what a model should bring (specification S3).

    `complexity` is low, medium or high; `context_tokens` is the window for the prompt and the answer; `quality` is
    basic, good or best; `latency_seconds` is when an answer should be there, None where nobody is in a hurry.
    """
    task = decision.classification
    return {
        "complexity": _COMPLEXITY[str(task.tier)],
        "context_tokens": task.prompt_tokens + decision.estimated_tokens,
        "quality": _QUALITY[str(task.tier)],
        "latency_seconds": _LATENCY_SECONDS[str(task.complexity)],
        "capabilities": sorted(map(str, task.required_capabilities)),
        "needs": sorted(task.needs),
        "tools": task.requires_tools,
    }


def budget_option(decision: RoutingDecision) -> Candidate | None:
    """Find the candidate that takes least of the machine; the better one of two; None where only the last is left."""
    models = [candidate for candidate in decision.candidates if candidate.model.backend != _BUILTIN]
    return min(models, key=lambda one: (one.model.cost, -one.model.quality.general), default=None)


def grouped_by_reason(decision: RoutingDecision) -> dict[str, list[str]]:
    """Put the names of those that were left out together that were for the same reason."""
    names: dict[str, list[str]] = {}
    for exclusion in decision.exclusions:
        names.setdefault(exclusion.reason, []).append(exclusion.model.display_name)
    return names


# --- sentences --------------------------------------------------------------------------------------------------------


def _task(decision: RoutingDecision) -> str:
    task = decision.classification
    kind = f"{_spaced(task.category)}, {_spaced(task.complexity)} ({task.level} of 10)"
    medium = f", with {task.modality}" if str(task.modality) != "text" else ""
    language = f", language {task.language}" if task.language != "en" else ""
    unsure = ", though I am not sure" if task.confidence < 0.5 else ""
    return f"I took this for {kind}{medium}{language}{unsure}."


def _choice(decision: RoutingDecision) -> str:
    if not decision.candidates:
        return "No model may answer it."
    first = decision.candidates[0]
    if first.model.backend == _BUILTIN:
        return "No model can take it now, so the built-in answers are all there is."
    why = ", ".join(first.reasons[:_REASONS_TOLD])
    reason = f": {why}" if why else ""
    by = f"by the strategy {_spaced(decision.strategy)}"
    return f"{first.model.display_name} goes first {by}{reason}. {_effort(decision)}"


def _effort(decision: RoutingDecision) -> str:
    seconds = decision.estimated_seconds
    time = f"about {seconds:.0f} s" if seconds >= 9.5 else f"about {max(seconds, 0.1):.1f} s"
    length = f"about {decision.estimated_tokens:,} tokens"
    return f"It should take {time} for {length}, at a cost of {decision.estimated_cost:g} (of 1, the whole machine)."


def _rules(decision: RoutingDecision) -> list[str]:
    return [f"Your rule “{rule.rule}” ({rule.place}): {rule.effect}." for rule in decision.rules]


def _left_out(decision: RoutingDecision) -> str:
    """Name those first that a person can do something about or wants to know of: the rare reasons."""
    groups = sorted(grouped_by_reason(decision).items(), key=lambda group: len(group[1]))
    if not groups:
        return ""
    told = "; ".join(f"{_some(names)}: {reason}" for reason, names in groups[:_LEFT_OUT_TOLD])
    more = sum(len(names) for _, names in groups[_LEFT_OUT_TOLD:])
    return f"Left out: {told}{f'; and {more} more' if more else ''}."


def _notes(decision: RoutingDecision) -> list[str]:
    return [f"{note[:1].upper()}{note[1:]}." for note in decision.notes]


def _some(names: Sequence[str]) -> str:
    more = len(names) - _LEFT_OUT_TOLD
    return f"{', '.join(names[:_LEFT_OUT_TOLD])}{f' and {more} more' if more > 0 else ''}"


def _spaced(name: str) -> str:
    return str(name).replace("_", " ")


# --- data -------------------------------------------------------------------------------------------------------------


def _candidate_data(candidate: Candidate) -> dict[str, Any]:
    model = candidate.model
    return {
        "model": model.model_id,
        "name": model.display_name,
        "backend": model.backend,
        "score": candidate.score,
        "success": round(candidate.success, 4),
        "cost": model.cost,
        "reasons": list(candidate.reasons),
    }


def _task_data(task: TaskClassification) -> dict[str, Any]:
    return {
        "category": str(task.category),
        "complexity": str(task.complexity),
        "score": round(task.score, 4),
        "level": task.level,
        "tier": str(task.tier),
        "confidence": round(task.confidence, 4),
        "probabilities": {str(name): round(value, 4) for name, value in task.probabilities.items()},
        "benefit": round(task.benefit, 4),
        "familiarity": round(task.familiarity, 4),
        "language": task.language,
        "modality": str(task.modality),
        "required_capabilities": sorted(map(str, task.required_capabilities)),
        "requires_tools": task.requires_tools,
        "needs": sorted(task.needs),
        "prompt_tokens": task.prompt_tokens,
        "factors": {name: round(value, 4) for name, value in task.factors.items()},
    }
