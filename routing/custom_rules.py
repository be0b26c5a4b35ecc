"""CustomRules: the rules of models.toml, applied after the hard gates and before the strategy's choice stands."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from routing.rule_conditions import OneOf, Situation
from routing.this_machine import is_on_this_machine
from routing.types import Exclusion, RuleEffect, TaskCategory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from routing.model_registry import ModelRegistry
    from routing.rule_conditions import Clock, Condition
    from routing.types import Candidate, ModelMetadata, Query, TaskClassification

PREFERENCE_POINTS = 0.6
"""What `prefer` adds to a score: more than neighbours in size differ by, less than what a far too weak model lacks."""


# Conditions that are about a message, and not about who asks or when.
_BY_CONTENT = frozenset(
    {"category", "task_type", "level", "language", "modality", "complexity", "tokens", "answer_tokens", "needs"}
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One [[rule]]: what must hold, every condition of it, and what then follows for which models.

    `use`, `prefer` and `never` name models or backends, by id or name, or with * for any characters. `place` is where
    the rule stands ("models.toml:12").
    """

    place: str
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    use: tuple[str, ...] = ()
    prefer: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    local_only: bool = False

    @property
    def sentence(self) -> str:
        """The rule in words: "if category is code, use qwen2.5-coder:32b"."""
        conditions = " and ".join(condition.told() for condition in self.conditions.values())
        named = (("use", self.use), ("prefer", self.prefer), ("never use", self.never))
        actions = [f"{action} {' or '.join(names)}" for action, names in named if names]
        actions += ["stay on this machine"] * self.local_only
        return f"if {conditions}, {' and '.join(actions)}" if conditions else f"always {' and '.join(actions)}"

    @property
    def denies(self) -> bool:
        """Whether it forbids anything; such a rule holds for a conversation as a whole."""
        return self.local_only or bool(self.never)

    def covers(self, other: Rule) -> bool:
        """Whether this rule holds wherever the other one does."""
        return all(
            key in other.conditions and condition.covers(other.conditions[key])
            for key, condition in self.conditions.items()
        )

    def holds(self, situation: Situation) -> bool:
        """Whether every condition holds."""
        for condition in self.conditions.values():  # noqa: SIM110  # all() takes three times as long
            if not condition.holds(situation):
                return False
        return True


class Ruled(NamedTuple):
    """What rules made of candidates and exclusions, what each of them did, and notes on what cannot go on unsaid.

    `fixed`: a rule says who goes first. `local_only`: nothing of the query may leave this machine.
    """

    candidates: tuple[Candidate, ...]
    exclusions: tuple[Exclusion, ...]
    effects: tuple[RuleEffect, ...] = ()
    notes: tuple[str, ...] = ()
    fixed: bool = False
    local_only: bool = False


class CustomRules:
    """The rules of a file, in its order. `clock` gives the local time, for rules that hold at some hours."""

    def __init__(self, rules: Sequence[Rule], registry: ModelRegistry, *, clock: Clock | None = None) -> None:
        self._rules = tuple(rules)
        self._registry = registry
        self._clock = clock
        # Most rules name a category: those of the others need not be looked at.
        self._by_category = {category: _for_category(self._rules, category) for category in TaskCategory}
        self._version = -1
        self._ids: dict[str, frozenset[str]] = {}
        self._local_ids: frozenset[str] | None = None

    def __len__(self) -> int:
        return len(self._rules)

    def matching(self, query: Query, task: TaskClassification) -> tuple[Rule, ...]:
        """List the rules that hold for a query, in the order of the file."""
        rules = self._by_category[task.category]
        if not rules:
            return ()
        situation = Situation(query, task, self._clock)
        return tuple(rule for rule in rules if rule.holds(situation))

    @property
    def forbids_by_content(self) -> bool:
        """Whether a rule forbids something by what is asked, which a conversation goes on to carry along."""
        return any(rule.denies and not _BY_CONTENT.isdisjoint(rule.conditions) for rule in self._rules)

    def with_earlier(self, rules: Sequence[Rule], earlier: Iterable[tuple[Query, TaskClassification]]) -> list[Rule]:
        """Add the rules that forbid something to what the same person asked before, in the order of the file."""
        places = {rule.place for rule in rules}
        before = {rule.place for query, task in earlier for rule in self.matching(query, task) if rule.denies}
        kept = [rule for rule in self._rules if rule.place in places | before]
        return [rule if rule.place in places else replace(rule, use=(), prefer=()) for rule in kept]

    def cost_limit(self, rules: Iterable[Rule], max_cost: float) -> float:
        """Let a model that a rule says to use be as costly as it is."""
        names = [name for rule in rules for name in rule.use]
        models = (self._registry.get_model(model_id) for model_id in self._all_named(names)) if names else ()
        return max([max_cost, *(model.cost for model in models if model)])

    def denied(self, rules: Iterable[Rule], models: Iterable[ModelMetadata]) -> Iterator[tuple[Exclusion, Rule]]:
        """Find the models that a rule forbids, each with the first rule that does."""
        denying = [rule for rule in rules if rule.denies]
        for model in models if denying else ():
            if found := next(((why, rule) for rule in denying if (why := self._why_denied(rule, model))), None):
                yield Exclusion(model, found[0]), found[1]

    def apply(
        self,
        rules: Sequence[Rule],
        candidates: tuple[Candidate, ...],
        exclusions: tuple[Exclusion, ...],
        *,
        chosen_id: str | None = None,
    ) -> Ruled:
        """Leave out what rules forbid, nudge what they prefer, and put first what they say to use.

        What a person chose stands over `use`, and never over `never` and `local_only`.
        """
        if not rules:
            return Ruled(candidates, exclusions)
        denied = list(self.denied(rules, (candidate.model for candidate in candidates)))
        gone = {exclusion.model.model_id for exclusion, _ in denied}
        left = [candidate for candidate in candidates if candidate.model.model_id not in gone]
        exclusions = (*exclusions, *(exclusion for exclusion, _ in denied))
        effects = [_denial(rule, denied) for rule in rules if rule.denies]
        for rule in rules:
            if rule.prefer:
                left, effect = self._prefer(rule, left, exclusions)
                effects.append(effect)
        used: list[Candidate] = []
        for rule in rules:
            if rule.use:
                found, effect = self._use(rule, left, exclusions, used, chosen_id)
                used += found
                effects.append(effect)
        taken = {candidate.model.model_id for candidate in used}
        rest = (candidate for candidate in left if candidate.model.model_id not in taken)
        notes = () if left or not denied else (_why_nobody(denied),)
        local_only = any(rule.local_only for rule in rules)
        return Ruled((*used, *rest), exclusions, tuple(effects), notes, fixed=bool(used), local_only=local_only)

    def unknown_names(self) -> list[str]:
        """Name, a sentence each, what rules name and no model goes by now; models come and go, so it is no mistake."""
        return [
            f"{rule.place}: no model goes by {name} now, so the rule changes nothing for it"
            for rule in self._rules
            for name in (*rule.use, *rule.prefer, *rule.never)
            if not self._named(name)
        ]

    # --- inside -------------------------------------------------------------------------------------------------------

    def _why_denied(self, rule: Rule, model: ModelMetadata) -> str:
        if any(model.model_id in self._named(name) for name in rule.never):
            return f"forbidden by your rule ({rule.place})"
        if rule.local_only and model.model_id not in self._local():
            return f"not on this machine, which your rule asks for ({rule.place})"
        return ""

    def _prefer(
        self, rule: Rule, candidates: list[Candidate], exclusions: Sequence[Exclusion]
    ) -> tuple[list[Candidate], RuleEffect]:
        ids = self._all_named(rule.prefer)
        nudged = [
            _nudged(candidate, rule) if candidate.model.model_id in ids else candidate for candidate in candidates
        ]
        names = [candidate.model.display_name for candidate in candidates if candidate.model.model_id in ids]
        said = f"{_listed(names)} preferred" if names else self._why_not(rule.prefer, exclusions)
        # sorted() is stable: among equals the order so far decides.
        ordered = sorted(nudged, key=lambda candidate: -candidate.score) if names else nudged
        return ordered, RuleEffect(rule.sentence, rule.place, said, followed=bool(names))

    def _use(
        self,
        rule: Rule,
        candidates: Sequence[Candidate],
        exclusions: Sequence[Exclusion],
        used: Sequence[Candidate],
        chosen_id: str | None,
    ) -> tuple[list[Candidate], RuleEffect]:
        """Find what goes first by this rule, in the order in which it names models."""
        taken = {candidate.model.model_id for candidate in used}
        found: list[Candidate] = []
        for name in rule.use:
            ids = self._named(name) - taken
            found += [_put_first(candidate, rule) for candidate in candidates if candidate.model.model_id in ids]
            taken |= ids
        if chosen_id and any(candidate.model.model_id == chosen_id for candidate in candidates):
            return [], RuleEffect(rule.sentence, rule.place, "you chose another model", followed=False)
        if found:
            place = "after those of the rules before it" if used else "first"
            said = f"{_listed([candidate.model.display_name for candidate in found])} put {place}"
        elif taken & self._all_named(rule.use) and used:
            said = "already first by an earlier rule"
        else:
            said = self._why_not(rule.use, exclusions)
        return found, RuleEffect(rule.sentence, rule.place, said, followed=bool(found))

    def _why_not(self, names: Sequence[str], exclusions: Sequence[Exclusion]) -> str:
        """Say why none of the models that a rule names is a candidate."""
        reasons = []
        for name in names:
            ids = self._named(name)
            out = next((exclusion for exclusion in exclusions if exclusion.model.model_id in ids), None)
            reasons.append(f"{out.model.display_name}: {out.reason}" if out else f"{name}: no server has it")
        return f"could not be followed ({'; '.join(reasons)})"

    def _all_named(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset[str]().union(*(self._named(name) for name in names))

    def _named(self, name: str) -> frozenset[str]:
        """Find the ids of the models that a name means; kept until the registry changes."""
        self._look()
        if name not in self._ids:
            wanted = _plain(name)
            models = self._registry.get_all_models()
            self._ids[name] = frozenset(
                model.model_id for model in models if any(fnmatchcase(known, wanted) for known in _names_of(model))
            )
        return self._ids[name]

    def _local(self) -> frozenset[str]:
        """Find the ids of the models that are served on this machine, perhaps beside others.

        One whose endpoints nobody has asked yet may be: the engine goes by the endpoint in the end.
        """
        self._look()
        if self._local_ids is None:
            statuses = [self._registry.status(model.model_id) for model in self._registry.get_all_models()]
            self._local_ids = frozenset(
                status.model.model_id
                for status in statuses
                if not status.endpoints or any(map(is_on_this_machine, status.endpoints))
            )
        return self._local_ids

    def _look(self) -> None:
        if self._version != self._registry.version:
            self._version = self._registry.version
            self._ids.clear()
            self._local_ids = None


def restrictions(rules: Iterable[Rule]) -> list[Rule]:
    """Keep what rules forbid, and nothing of what they wish."""
    return [replace(rule, use=(), prefer=()) for rule in rules if rule.denies]


def _for_category(rules: Sequence[Rule], category: TaskCategory) -> tuple[Rule, ...]:
    """Keep the rules that may hold for a category."""
    named = [(rule, rule.conditions.get("category")) for rule in rules]
    return tuple(rule for rule, one_of in named if not isinstance(one_of, OneOf) or category in one_of.values)


def _names_of(model: ModelMetadata) -> set[str]:
    return {_plain(name) for name in (model.model_id, model.backend_name, model.display_name, model.backend)}


def _plain(name: str) -> str:
    return name.strip().casefold().removesuffix(":latest")


def _nudged(candidate: Candidate, rule: Rule) -> Candidate:
    reasons = (f"preferred by your rule ({rule.place})", *candidate.reasons)
    return replace(candidate, score=round(candidate.score + PREFERENCE_POINTS, 4), reasons=reasons)


def _put_first(candidate: Candidate, rule: Rule) -> Candidate:
    return replace(candidate, reasons=(f"put first by your rule ({rule.place})", *candidate.reasons))


def _denial(rule: Rule, denied: Sequence[tuple[Exclusion, Rule]]) -> RuleEffect:
    names = [exclusion.model.display_name for exclusion, by in denied if by is rule]
    said = f"{_listed(names)} left out" if names else "nothing had to be left out"
    return RuleEffect(rule.sentence, rule.place, said)


def _why_nobody(denied: Sequence[tuple[Exclusion, Rule]]) -> str:
    exclusion, rule = denied[0]
    if rule.local_only:
        return f"your rule ({rule.place}) keeps this on this machine, and no model here can answer it"
    return f"your rules leave no model that can answer: {exclusion.model.display_name} is {exclusion.reason}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - 3
    return f"{', '.join(names[:3])} and {more} more" if more > 0 else " and ".join(names)
