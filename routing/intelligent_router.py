"""IntelligentRouter: a classified query and the live state of the models become a RoutingDecision, in microseconds."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from routing.complexity import task_difficulty
from routing.custom_rules import CustomRules, restrictions
from routing.modality_words import attached_modality
from routing.model_backends.builtin import BUILTIN
from routing.model_speeds import ModelSpeeds
from routing.ranking import Fitting, Knowledge, Ranking, TaskKind, rank
from routing.standings import Standings
from routing.strategies import promptness, weights_for
from routing.task_classifier import TaskClassifier, prompt_tokens
from routing.types import (
    Candidate,
    Exclusion,
    Modality,
    Query,
    RoutingDecision,
    RoutingStrategy,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from routing.custom_rules import Rule, Ruled
    from routing.model_registry import ModelRegistry
    from routing.model_residency import ModelResidency
    from routing.standings import Evidence, Standing
    from routing.strategies import Weights
    from routing.types import Endpoint, ModelMetadata, TaskClassification

TURNS_LEFT_OUT = "the conversation is longer than any model's context: its oldest turns are left out"
"""The note of a decision after which not all of the conversation reaches the model."""

# Rankings kept; each is for one kind of task under one version of the registry.
_KEPT_RANKINGS = 512
# A benefit is felt in such steps.
_BENEFIT_STEPS = 16
_LAST = Candidate(BUILTIN, 0.0, ("needs no server",))


class IntelligentRouter:
    """Decides which models answer a query, and in which order. Pure but for its own counts; nothing is awaited on.

    `max_cost` is 0-1; `stickiness_margin` is how far a chat's model may score behind the best and still be kept. With a
    `residency`, what a load takes counts too, and a model that fits no memory is no candidate. `rules` are the owner's.
    `standings` is what was learnt of the models' answers, and `speeds` how fast they write; both are learnt from as
    answers come. `line_seconds`, once it is set, says for the endpoints with a line how long it is.
    """

    def __init__(  # noqa: PLR0913  # the specification's three, and what later ones need, by name
        self,
        registry: ModelRegistry,
        strategy: RoutingStrategy = RoutingStrategy.AUTO,
        max_cost: float = 0.7,
        *,
        preferred_backend: str | None = None,
        stickiness_margin: float = 0.05,
        classifier: TaskClassifier | None = None,
        residency: ModelResidency | None = None,
        rules: CustomRules | None = None,
        standings: Standings | None = None,
    ) -> None:
        # numpy takes longer to import than all else of this package together.
        from routing.stored_weights import WEIGHTS  # noqa: PLC0415
        from routing.success import SuccessModel  # noqa: PLC0415

        self.registry = registry
        self.residency = residency
        self.standings = standings or Standings()
        self.speeds = ModelSpeeds()
        self.line_seconds: Callable[[], Mapping[Endpoint, float]] | None = None
        self._success = SuccessModel.load(WEIGHTS)
        self.rules = rules or CustomRules((), registry)
        self.strategy = strategy
        self.max_cost = max_cost
        self._preferred_backend = preferred_backend
        self._stickiness_margin = stickiness_margin
        self._classifier = classifier or TaskClassifier()
        self._rankings: dict[TaskKind, Ranking] = {}
        self._rankings_version: tuple[int, ...] = ()
        self._total = 0
        self._fallbacks = 0
        self._by_complexity: Counter[str] = Counter()
        self._by_model: Counter[str] = Counter()

    def set_strategy(self, strategy: RoutingStrategy | str) -> None:
        """Use another strategy from now on. Raises ValueError for a name that is none."""
        self.strategy = RoutingStrategy(strategy)

    def set_max_cost(self, max_cost: float) -> None:
        """Set the largest cost, 0-1, that capped strategies accept. Raises ValueError outside of it."""
        if not 0 <= max_cost <= 1:
            raise ValueError(f"max_cost is a share of the machine between 0 and 1, not {max_cost}")
        self.max_cost = max_cost

    async def route(self, query: Query | str, preferred_backend: str | None = None) -> ModelMetadata:
        """Decide, and return the first candidate's model."""
        query = Query(query) if isinstance(query, str) else query
        if preferred_backend:
            query = replace(query, preferred_backend=preferred_backend)
        return self.decide(query).candidates[0].model

    def decide(self, query: Query | str) -> RoutingDecision:
        """Put every model that can serve the query in order; the built-in one, which needs no server, comes last."""
        query = Query(query) if isinstance(query, str) else query
        task = self._classifier.classify(query)
        strategy = query.strategy or self.strategy
        rules = self._rules_for(query, task)
        ranking = self._ranking(query, task, strategy, rules)
        fits, notes = _fitting(ranking, query, task)
        weights = weights_for(strategy, task)
        in_line = self._behind_others(fits.candidates, ranking, weights)
        ruled = self.rules.apply(rules, in_line, ranking.exclusions + fits.too_small, chosen_id=query.model_id)
        candidates, moved = self._rearranged(ruled, query, ranking.load_seconds)
        first = candidates[0].model if candidates else BUILTIN
        decision = RoutingDecision(
            classification=task,
            strategy=strategy,
            candidates=(*candidates, _LAST),
            exclusions=ruled.exclusions,
            estimated_tokens=task.estimated_tokens,
            estimated_seconds=self._estimated_seconds(first, task, ranking.load_seconds.get(first.model_id, 0.0)),
            estimated_cost=first.cost,
            race=weights.race,
            notes=ruled.notes + notes + moved + ranking.notes,  # what matters most, first
            rules=ruled.effects,
            local_only=ruled.local_only,
        )
        self._count(decision)
        return decision

    def decide_among(self, query: Query, models: Sequence[ModelMetadata]) -> RoutingDecision:
        """Take these models in this order, whatever they score, but for those that a rule forbids.

        Not counted: nothing was chosen here. No candidate is left where all of them are forbidden.
        """
        task = self._classifier.classify(query)
        named = tuple(Candidate(model, 0.0, ("asked for by name",)) for model in models)
        ruled = self.rules.apply(restrictions(self._rules_for(query, task)), named, ())
        first = ruled.candidates[0].model if ruled.candidates else BUILTIN
        return RoutingDecision(
            classification=task,
            strategy=query.strategy or self.strategy,
            candidates=ruled.candidates,
            exclusions=ruled.exclusions,
            estimated_tokens=task.estimated_tokens,
            estimated_seconds=self._estimated_seconds(first, task, self._load_seconds(first)),
            estimated_cost=first.cost,
            notes=ruled.notes,
            rules=ruled.effects,
            local_only=ruled.local_only,
        )

    def get_fallback_model(self, failed: ModelMetadata | str) -> ModelMetadata | None:
        """Find the available model that comes closest to a failed one: most capabilities shared, then best quality."""
        model = self.registry.get_model(failed) if isinstance(failed, str) else failed
        others = [
            other
            for other in self.registry.get_all_models()
            if self.registry.status(other.model_id).available and (model is None or other.model_id != model.model_id)
        ]
        wanted = model.capabilities if model else frozenset()
        return max(others, key=lambda other: (len(wanted & other.capabilities), other.quality.general), default=None)

    def learn(self, model: ModelMetadata, task: TaskClassification, evidence: Evidence) -> Standing:
        """Learn from what happened to a model's answer, such as a thumb; later decisions go by it."""
        difficulty, standing = task_difficulty(task.score), self.standings.of(model.model_id, task.category)
        expected = self._success.chance(model, task.category, difficulty, standing)
        return self.standings.learn(model.model_id, task.category, evidence, expected)

    def note_fallback(self) -> None:
        """Count one decision whose first candidate did not answer."""
        self._fallbacks += 1

    def get_stats(self) -> dict[str, object]:
        """Count decisions since the start: total_routed, by_complexity, by_model (model ids), fallbacks."""
        return {
            "total_routed": self._total,
            "by_complexity": dict(self._by_complexity),
            "by_model": dict(self._by_model),
            "fallbacks": self._fallbacks,
        }

    def _rules_for(self, query: Query, task: TaskClassification) -> Sequence[Rule]:
        """Find the rules that hold; what forbids something to an earlier message does so as long as that goes along."""
        rules = self.rules.matching(query, task)
        if not query.history or not self.rules.forbids_by_content:
            return rules
        earlier = (
            replace(query, text=message.content, attachments=message.attachments, history=())
            for message in query.history
            if message.role == "user"
        )
        return self.rules.with_earlier(rules, ((one, self._classifier.classify(one)) for one in earlier))

    def _ranking(
        self, query: Query, task: TaskClassification, strategy: RoutingStrategy, rules: Sequence[Rule]
    ) -> Ranking:
        attached = attached_modality(query)
        kind = TaskKind(
            category=task.category,
            required=task.required_capabilities,
            modality=Modality.TEXT if attached is Modality.DOCUMENT else attached,
            requires_tools=task.requires_tools,
            weights=weights_for(strategy, task),
            max_cost=self._cost_limit(query, rules),
            preferred_backend=query.preferred_backend or self._preferred_backend,
            difficulty=task_difficulty(task.score),
            benefit=round(_BENEFIT_STEPS * task.benefit) / _BENEFIT_STEPS,
            tokens=task.estimated_tokens,
        )
        knowledge = Knowledge(self._success, self.standings, self.speeds, self.residency)
        version = self.registry.version, *knowledge.version
        if version != self._rankings_version or len(self._rankings) >= _KEPT_RANKINGS:
            self._rankings.clear()
            self._rankings_version = version
        if kind not in self._rankings:
            self._rankings[kind] = rank(self.registry, kind, knowledge)
        return self._rankings[kind]

    def _rearranged(
        self, ruled: Ruled, query: Query, load_seconds: Mapping[str, float]
    ) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
        """Put the model that the person chose first, or keep the chat's; on a retry the last one goes to the end."""
        candidates = ruled.candidates
        if query.model_id:
            return _chosen_first(candidates, ruled.exclusions, query.model_id)
        if query.avoid_model_ids:
            fresh = [candidate for candidate in candidates if candidate.model.model_id not in query.avoid_model_ids]
            if fresh:
                tried = [candidate for candidate in candidates if candidate.model.model_id in query.avoid_model_ids]
                return (*fresh, *tried), ("asked again: another model goes first",)
        return self._chat_model_first(candidates, None if ruled.fixed else query.current_model_id, load_seconds)

    def _behind_others(
        self, candidates: tuple[Candidate, ...], ranking: Ranking, weights: Weights
    ) -> tuple[Candidate, ...]:
        """Take the wait in line off the scores, where there is one, and sort anew."""
        lines = self.line_seconds() if self.line_seconds else {}
        if not lines:
            return candidates
        waiting = (self._in_line(candidate, lines, ranking, weights) for candidate in candidates)
        return tuple(sorted(waiting, key=lambda candidate: -candidate.score))

    def _in_line(
        self, candidate: Candidate, lines: Mapping[Endpoint, float], ranking: Ranking, weights: Weights
    ) -> Candidate:
        endpoints = self.registry.status(candidate.model.model_id).endpoints
        wait = min((lines.get(endpoint, 0.0) for endpoint in endpoints), default=0.0)
        if not wait:
            return candidate
        felt = ranking.felt_seconds[candidate.model.model_id]
        lost = weights.promptness * (promptness(felt) - promptness(felt + wait))
        told = (*candidate.reasons, f"about {max(1, round(wait))} s in line")
        return replace(candidate, score=round(candidate.score - lost, 4), reasons=told)

    def _estimated_seconds(self, model: ModelMetadata, task: TaskClassification, load_seconds: float) -> float:
        """Add the load, the time to a first token, and the answer's length at the model's speed on this machine."""
        speed = self.speeds.tokens_per_second(model)
        if not speed:
            return 0.0
        return round(load_seconds + self.speeds.first_token_seconds(model) + task.estimated_tokens / speed, 2)

    def _load_seconds(self, model: ModelMetadata) -> float:
        """Say how long a model takes to be in memory where it is had soonest; 0 where nobody knows."""
        if self.residency is None or self.registry.get_model(model.model_id) is None:
            return 0.0
        endpoints = self.registry.status(model.model_id).endpoints
        return (self.residency.outlook_at_best(model, endpoints).load_seconds or 0.0) if endpoints else 0.0

    def _cost_limit(self, query: Query, rules: Sequence[Rule]) -> float:
        """Let a model that the person chose be as costly as it is, and else one that a rule says to use."""
        chosen = self.registry.get_model(query.model_id) if query.model_id else None
        return max(self.max_cost, chosen.cost) if chosen else self.rules.cost_limit(rules, self.max_cost)

    def _chat_model_first(
        self, candidates: tuple[Candidate, ...], model_id: str | None, load_seconds: Mapping[str, float]
    ) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
        """Keep the chat's model while it scores close to the best: its prompt cache is warm, unless it was unloaded."""
        if not model_id or not candidates or model_id in (candidates[0].model.model_id, *load_seconds):
            return candidates, ()
        kept = next((candidate for candidate in candidates if candidate.model.model_id == model_id), None)
        best = candidates[0]
        if kept is None or best.score - kept.score > self._stickiness_margin:
            return candidates, ()
        first = replace(kept, reasons=("this chat's model, and close to the best", *kept.reasons))
        return (first, *(other for other in candidates if other is not kept)), ()

    def _count(self, decision: RoutingDecision) -> None:
        self._total += 1
        self._by_complexity[decision.classification.complexity.value] += 1
        self._by_model[decision.candidates[0].model.model_id] += 1


def _chosen_first(
    candidates: tuple[Candidate, ...], exclusions: tuple[Exclusion, ...], model_id: str
) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """Put the model that the person chose first, or say why it is not there."""
    chosen = next((candidate for candidate in candidates if candidate.model.model_id == model_id), None)
    if chosen:
        first = replace(chosen, reasons=("chosen by you", *chosen.reasons))
        return (first, *(other for other in candidates if other is not chosen)), ()
    out = next((exclusion for exclusion in exclusions if exclusion.model.model_id == model_id), None)
    if out is None:
        return candidates, (f"the chosen model {model_id} is offered by no server now",)
    return candidates, (f"{out.model.display_name}, which you chose, was left out: {out.reason}",)


def _fitting(ranking: Ranking, query: Query, task: TaskClassification) -> tuple[Fitting, tuple[str, ...]]:
    """Apply the context gate: prompt and answer must fit.

    The whole conversation should; when it fits no model, the last message must, and older turns are left out. The
    model that a person chose only has to take the last message.
    """
    fits = ranking.fitting(task.prompt_tokens + task.estimated_tokens)
    if not ranking.candidates or (fits.candidates and not query.model_id):
        return fits, ()
    # Turns may be left out; what is asked, what came along with it and the system prompt may not.
    alone = prompt_tokens(replace(query, history=())) + task.estimated_tokens
    fits = _with_chosen(fits, ranking.fitting(alone), query.model_id)
    if fits.candidates:
        return fits, ()
    fits = ranking.fitting(alone)
    if fits.candidates:
        return fits, (TURNS_LEFT_OUT,)
    largest = ranking.largest_context_tokens
    return fits, (f"the message needs about {alone} tokens, and the largest model here takes {largest}",)


def _with_chosen(fits: Fitting, alone: Fitting, chosen_id: str | None) -> Fitting:
    """Add the model that a person chose, if it takes the last message alone."""
    chosen = next((candidate for candidate in alone.candidates if candidate.model.model_id == chosen_id), None)
    if not chosen_id or chosen is None or chosen in fits.candidates:
        return fits
    others = tuple(exclusion for exclusion in fits.too_small if exclusion.model is not chosen.model)
    return Fitting((*fits.candidates, chosen), others)
