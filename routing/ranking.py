"""Ranks every model for a kind of task: hard gates first, then the score, each with its reasons in words."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from routing.complexity import score_of
from routing.context_window import served_context_tokens
from routing.strategies import PREFERRED_BACKEND_POINTS, close_enough
from routing.types import Candidate, Exclusion, Modality, ModelCapability

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from routing.model_registry import ModelRegistry, ModelStatus
    from routing.model_residency import ModelResidency, Outlook
    from routing.model_speeds import ModelSpeeds
    from routing.standings import Standings
    from routing.strategies import Weights
    from routing.success import SuccessModel
    from routing.types import ModelMetadata, TaskCategory

    Gap = Callable[[ModelMetadata, "TaskKind"], str]

# What a model that lacks a capability that the task wants keeps of its chance.
_WITHOUT_CAPABILITY = 0.9
# What a model that must wait until another has answered loses of it: more than one of the same size that is there can
# be behind, and less than the smallest is behind the largest.
_BUSY_LOSS = 0.25
# An answer is read as it is written: of its seconds so much is felt. Those before its first word are felt in full.
_FELT_OF_WRITING = 0.25
# A model that must go for a load will be missed: it counts like so many seconds.
_MISSED_SECONDS = 3.0
# Parts equals only.
_LOADED_POINTS = 0.005
_UNTAGGED = frozenset({ModelCapability.GENERAL, ModelCapability.SPEED})


@dataclass(frozen=True, slots=True)
class TaskKind:
    """All of a query that a ranking depends on; two queries of one kind share it.

    `difficulty` is in logits and `benefit` in [0, 1], both in steps; `tokens` is the length of the answer.
    """

    category: TaskCategory
    required: frozenset[ModelCapability]
    modality: Modality
    requires_tools: bool
    weights: Weights
    max_cost: float
    preferred_backend: str | None
    difficulty: float
    benefit: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of models beyond the registry: what they can do, what was learnt of them, how fast they are here.

    Without a residency loads take nothing.
    """

    success: SuccessModel
    standings: Standings
    speeds: ModelSpeeds
    residency: ModelResidency | None = None

    @property
    def version(self) -> tuple[int, ...]:
        """Numbers of which one grows with every change that a decision can feel."""
        return self.standings.version, self.speeds.version, self.residency.version if self.residency else 0


class Prospect(NamedTuple):
    """What to expect of one model for a kind of task: the chance of a good answer, and the seconds as they are felt."""

    status: ModelStatus
    success: float
    seconds: float
    lacking: frozenset[ModelCapability]
    outlook: Outlook | None


class Fitting(NamedTuple):
    """Candidates whose context takes a query, best first, and the others."""

    candidates: tuple[Candidate, ...]
    too_small: tuple[Exclusion, ...]


class Ranking:
    """All candidates for one kind of task, best first, what was left out, and notes on the whole.

    `load_seconds` is what each takes to be loaded, by its id; those that are in memory, or unknown, are not in it.
    `felt_seconds` is what the whole answer is felt to take.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        exclusions: Sequence[Exclusion],
        notes: Sequence[str],
        load_seconds: Mapping[str, float],
        felt_seconds: Mapping[str, float],
    ) -> None:
        self.candidates = tuple(candidates)
        self.load_seconds = load_seconds
        self.felt_seconds = felt_seconds
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


def rank(registry: ModelRegistry, kind: TaskKind, knowledge: Knowledge) -> Ranking:
    """Rank all models of the registry for one kind of task."""
    statuses = [registry.status(model.model_id) for model in registry.get_all_models()]
    left_out = [Exclusion(status.model, status.reason) for status in statuses if not status.available]
    there = [status for status in statuses if status.available]
    outlooks = _outlooks(there, knowledge.residency)
    fitting, too_large = _split(there, lambda model, _: _memory_gap(outlooks, model), kind)
    able, unable, notes = _through_gates(fitting, kind)
    if too_large and not fitting:
        notes.append(f"{too_large[0].model.display_name} {too_large[0].reason}")
    prospects = [_prospect(status, kind, outlooks.get(status.model.model_id), knowledge) for status in able]
    enough = _enough(prospects, kind)
    judged = (_judge(prospect, kind, enough) for prospect in prospects)
    # sorted() is stable: among equals the order of the catalog decides.
    candidates = sorted(judged, key=lambda candidate: -candidate.score)
    seconds = {model_id: outlook.load_seconds for model_id, outlook in outlooks.items() if outlook.load_seconds}
    felt = {prospect.status.model.model_id: prospect.seconds for prospect in prospects}
    return Ranking(candidates, (*left_out, *too_large, *unable), notes, seconds, felt)


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


def _prospect(status: ModelStatus, kind: TaskKind, outlook: Outlook | None, knowledge: Knowledge) -> Prospect:
    model = status.model
    standing = knowledge.standings.of(model.model_id, kind.category)
    success = knowledge.success.chance(model, kind.category, kind.difficulty, standing)
    lacking = kind.required - model.capabilities - {ModelCapability.FUNCTION_CALLING}
    if lacking:
        success *= _WITHOUT_CAPABILITY
    if outlook is not None and outlook.evicts_busy:
        success = max(0.0, success - _BUSY_LOSS)
    first_token, writing = knowledge.speeds.answer_seconds(model, kind.tokens)
    seconds = _load_seconds(outlook) + first_token + _FELT_OF_WRITING * writing
    return Prospect(status, success, seconds, lacking, outlook)


def _load_seconds(outlook: Outlook | None) -> float:
    if outlook is None or outlook.loaded is not False or outlook.load_seconds is None:
        return 0.0
    return outlook.load_seconds + _MISSED_SECONDS * len(outlook.evicts)


def _enough(prospects: Sequence[Prospect], kind: TaskKind) -> float:
    """Say which success is close enough to the best one's."""
    slack = kind.weights.slack
    if slack is None:
        slack = close_enough(score_of(kind.difficulty), kind.benefit)
    return (1 - slack) * max((prospect.success for prospect in prospects), default=0.0)


def _judge(prospect: Prospect, kind: TaskKind, enough: float) -> Candidate:
    """Give one model its utility, and the reasons for it in words."""
    status, success, seconds, lacking, outlook = prospect
    model = status.model
    preferred = bool(kind.preferred_backend) and model.backend == kind.preferred_backend
    score = kind.weights.utility(success, seconds, model.cost, enough)
    score += PREFERRED_BACKEND_POINTS * preferred + _LOADED_POINTS * (status.loaded is True)
    figure, quality = model.quality.figure(kind.category), model.quality.of(kind.category)
    reasons = {
        "preferred backend": preferred,
        f"{figure} specialist": figure != "general" and quality > model.quality.general,
        f"{quality:g} {figure} quality": success >= enough,
        f"only {quality:g} {figure} quality": success < enough,
        model.speed_class.replace("_", " "): True,
        "loaded": status.loaded is True,
        **dict.fromkeys(_load_reasons(outlook), True),
        f"{model.cost:g} cost": True,
        **{f"lacks {capability}": True for capability in sorted(lacking)},
    }
    return Candidate(model, round(score, 4), tuple(reason for reason, holds in reasons.items() if holds), success)


def _load_reasons(outlook: Outlook | None) -> Iterator[str]:
    if outlook is None or outlook.loaded is not False:
        return
    if outlook.load_seconds is not None:
        yield f"needs {max(1, round(outlook.load_seconds))} s to load"
    if outlook.evicts:
        yield f"would evict {' and '.join(outlook.evicts)}"
    if outlook.evicts_busy:
        yield "would wait for a busy model"
