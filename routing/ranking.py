"""Ranks every model for a kind of task: hard gates first, then the score, each with its reasons in words."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from routing.context_window import served_context_tokens
from routing.strategies import SPEED_VALUE
from routing.types import Candidate, Exclusion, Modality, ModelCapability, TaskCategory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from routing.model_registry import ModelRegistry, ModelStatus
    from routing.model_residency import ModelResidency, Outlook
    from routing.strategies import Weights
    from routing.types import ModelMetadata

    Gap = Callable[[ModelMetadata, "TaskKind"], str]

_QUALITY_FIGURE = {
    TaskCategory.CODE: "code",
    TaskCategory.MATH: "reasoning",
    TaskCategory.REASONING: "reasoning",
    TaskCategory.ANALYSIS: "reasoning",
}
# What a model that lacks a capability that the task wants keeps of its quality.
_WITHOUT_CAPABILITY = 0.9
_UNTAGGED = frozenset({ModelCapability.GENERAL, ModelCapability.SPEED})


@dataclass(frozen=True, slots=True)
class TaskKind:
    """All of a query that a ranking depends on; two queries of one kind share it."""

    category: TaskCategory
    required: frozenset[ModelCapability]
    modality: Modality
    requires_tools: bool
    weights: Weights
    max_cost: float
    preferred_backend: str | None


class Fitting(NamedTuple):
    """Candidates whose context takes a query, best first, and the others."""

    candidates: tuple[Candidate, ...]
    too_small: tuple[Exclusion, ...]


class Ranking:
    """All candidates for one kind of task, best first, what was left out, and notes on the whole.

    `load_seconds` is what each takes to be loaded, by its id; those that are in memory, or unknown, are not in it.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        exclusions: Sequence[Exclusion],
        notes: Sequence[str],
        load_seconds: Mapping[str, float],
    ) -> None:
        self.candidates = tuple(candidates)
        self.load_seconds = load_seconds
        self.exclusions = tuple(exclusions)
        self.notes = tuple(notes)
        self._contexts = [served_context_tokens(candidate.model) for candidate in candidates]
        self._levels = sorted(set(self._contexts))
        self._fittings: dict[int, Fitting] = {}

    @property
    def largest_context_tokens(self) -> int:
        """The most tokens that any candidate takes; 0 without candidates."""
        return self._levels[-1] if self._levels else 0

    def fitting(self, needed_tokens: int) -> Fitting:
        """Part the candidates by whether their context takes so many tokens; kept for each level of context."""
        level = bisect_left(self._levels, needed_tokens)
        if level not in self._fittings:
            self._fittings[level] = self._part(self._levels[level] if level < len(self._levels) else math.inf)
        return self._fittings[level]

    def _part(self, least_context: float) -> Fitting:
        pairs = list(zip(self.candidates, self._contexts, strict=True))
        fitting = tuple(candidate for candidate, context in pairs if context >= least_context)
        too_small = (
            Exclusion(candidate.model, f"too small a context ({context} tokens)")
            for candidate, context in pairs
            if context < least_context
        )
        return Fitting(fitting, tuple(too_small))


def rank(registry: ModelRegistry, kind: TaskKind, residency: ModelResidency | None = None) -> Ranking:
    """Rank all models of the registry for one kind of task; without a residency loads take nothing."""
    statuses = [registry.status(model.model_id) for model in registry.get_all_models()]
    left_out = [Exclusion(status.model, status.reason) for status in statuses if not status.available]
    there = [status for status in statuses if status.available]
    outlooks = _outlooks(there, residency)
    fitting, too_large = _split(there, lambda model, _: _memory_gap(outlooks, model), kind)
    able, unable, notes = _through_gates(fitting, kind)
    if too_large and not fitting:
        notes.append(f"{too_large[0].model.display_name} {too_large[0].reason}")
    judged = (_judge(status, kind, outlooks.get(status.model.model_id)) for status in able)
    # sorted() is stable: among equals the order of the catalog decides.
    candidates = sorted(judged, key=lambda candidate: -candidate.score)
    seconds = {model_id: outlook.load_seconds for model_id, outlook in outlooks.items() if outlook.load_seconds}
    return Ranking(candidates, (*left_out, *too_large, *unable), notes, seconds)


def _outlooks(statuses: Sequence[ModelStatus], residency: ModelResidency | None) -> dict[str, Outlook]:
    """Look what each model would take where it is had soonest; nothing is known before any endpoint was asked."""
    if residency is None:
        return {}
    return {
        status.model.model_id: residency.outlook_at_best(status.model, status.endpoints)
        for status in statuses
        if status.endpoints
    }


def _memory_gap(outlooks: Mapping[str, Outlook], model: ModelMetadata) -> str:
    outlook = outlooks.get(model.model_id)
    if outlook is None or outlook.fits or outlook.needed_bytes is None:
        return ""
    needed, capacity = outlook.needed_bytes / 1e9, (outlook.capacity_bytes or 0) / 1e9
    digits = 0 if round(needed) > round(capacity) else 1  # 9.4 against 8.6 are not 9 against 9
    return f"needs {needed:.{digits}f} GB, and {capacity:.{digits}f} GB are there for models"


def _through_gates(
    statuses: Sequence[ModelStatus], kind: TaskKind
) -> tuple[Sequence[ModelStatus], list[Exclusion], list[str]]:
    """Apply modality, tools and max_cost. The last two give way, with a note, when nothing would be left."""
    able, unable = _split(statuses, _modality_gap, kind)
    notes = []
    for gap, note in ((_tools_gap, "no model can call tools; the next best answers"), (_cost_gap, "")):
        passed, stopped = _split(able, gap, kind)
        if passed:
            able = passed
            unable += stopped
        elif able:
            notes.append(note or f"every model is over max_cost {kind.max_cost:g}; the next best answers")
    wanted = kind.required - _UNTAGGED - {ModelCapability.FUNCTION_CALLING, ModelCapability.VISION}
    notes += [
        f"no available model has {capability}; the next best answers"
        for capability in sorted(wanted)
        if able and not any(capability in status.model.capabilities for status in able)
    ]
    return able, unable, notes


def _split(statuses: Sequence[ModelStatus], gap: Gap, kind: TaskKind) -> tuple[list[ModelStatus], list[Exclusion]]:
    reasons = [(status, gap(status.model, kind)) for status in statuses]
    passed = [status for status, reason in reasons if not reason]
    return passed, [Exclusion(status.model, reason) for status, reason in reasons if reason]


def _modality_gap(model: ModelMetadata, kind: TaskKind) -> str:
    if kind.modality in {Modality.AUDIO, Modality.VIDEO}:
        return f"cannot take in {kind.modality}"  # no backend passes them on
    blind = kind.modality is Modality.IMAGE and ModelCapability.VISION not in model.capabilities
    return "cannot see images" if blind else ""


def _tools_gap(model: ModelMetadata, kind: TaskKind) -> str:
    unable = kind.requires_tools and ModelCapability.FUNCTION_CALLING not in model.capabilities
    return "cannot call tools" if unable else ""


def _cost_gap(model: ModelMetadata, kind: TaskKind) -> str:
    over = kind.weights.capped and model.cost > kind.max_cost
    return f"over max_cost ({model.cost:g} > {kind.max_cost:g})" if over else ""


def _judge(status: ModelStatus, kind: TaskKind, outlook: Outlook | None) -> Candidate:
    """Score one model. Too little quality costs it a whole point, and the preferred backend is worth two."""
    model, weights = status.model, kind.weights
    figure = _QUALITY_FIGURE.get(kind.category, "general")
    quality: float = getattr(model.quality, figure)
    lacking = kind.required - model.capabilities - {ModelCapability.FUNCTION_CALLING}
    preferred = bool(kind.preferred_backend) and model.backend == kind.preferred_backend
    score = (
        weights.quality * quality * (_WITHOUT_CAPABILITY if lacking else 1.0)
        + weights.speed * SPEED_VALUE[model.speed_class]
        + weights.cost * (1 - model.cost)
        + weights.warmth * (status.loaded is True)
        - _load_cost(outlook, weights)
        + 2 * preferred
        - (quality < weights.min_quality)
    )
    reasons = {
        "preferred backend": preferred,
        f"{figure} specialist": figure != "general" and quality > model.quality.general,
        f"{quality:g} {figure} quality": quality >= weights.min_quality,
        f"only {quality:g} {figure} quality": quality < weights.min_quality,
        model.speed_class.replace("_", " "): True,
        "loaded": status.loaded is True,
        **dict.fromkeys(_load_reasons(outlook), True),
        f"{model.cost:g} cost": True,
        **{f"lacks {capability}": True for capability in sorted(lacking)},
    }
    return Candidate(model, round(score, 4), tuple(reason for reason, holds in reasons.items() if holds))


def _load_cost(outlook: Outlook | None, weights: Weights) -> float:
    if outlook is None or outlook.loaded is not False or outlook.load_seconds is None:
        return 0.0
    return weights.load_cost(outlook.load_seconds, len(outlook.evicts), evicts_busy=outlook.evicts_busy)


def _load_reasons(outlook: Outlook | None) -> Iterator[str]:
    if outlook is None or outlook.loaded is not False:
        return
    if outlook.load_seconds is not None:
        yield f"needs {max(1, round(outlook.load_seconds))} s to load"
    if outlook.evicts:
        yield f"would evict {' and '.join(outlook.evicts)}"
    if outlook.evicts_busy:
        yield "would wait for a busy model"
