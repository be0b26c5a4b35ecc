"""The strategies as data: how much quality, speed, cost and warmth weigh, and the limits that go with them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from routing.types import RoutingStrategy, SpeedClass, TaskCategory, TaskComplexity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routing.types import TaskClassification


@dataclass(frozen=True, slots=True)
class Weights:
    """One row: what each of four figures weighs in a model's score.

    The figures, each in [0, 1]: quality for the task at hand, speed by class (SPEED_VALUE), 1 - cost, and 1 for a model
    that is in memory. What a load takes counts against a model, by the weight of warmth too: see `load_cost`.
    `min_quality`: models below it come after all others. `capped`: max_cost holds. `race`: how many start at once.
    """

    quality: float
    speed: float
    cost: float
    warmth: float
    min_quality: float = 0.0
    capped: bool = True
    race: int = 1

    def load_cost(self, seconds: float, evicted: int, *, evicts_busy: bool) -> float:
        """Say what a load takes off a model's score, in points: its seconds, and the models that must go for it.

        3 s cost twice what being in memory earns, 9 s four times, 60 s nine times: each second more annoys less. A
        model that must go counts like 3 s, since it will be missed, and one that is generating much more: it would be
        waited for.
        """
        in_vain = 2 * math.log2(1 + seconds / 3) + 2 * evicted
        return self.warmth * in_vain + _BUSY_COST * evicts_busy


# Points for a load that has to wait until another model has answered: more than a model of the same size that is there
# can lack in quality, and less than the smallest lacks against the largest.
_BUSY_COST = 0.25

# What a speed class is worth. Speed goes by class and not by tokens/s, so that models of one class are equals and the
# order of the catalog decides (specification S1.7).
SPEED_VALUE: Mapping[SpeedClass, float] = {
    SpeedClass.ULTRA_FAST: 1.0,
    SpeedClass.FAST: 0.8,
    SpeedClass.MEDIUM: 0.55,
    SpeedClass.SLOW: 0.3,
    SpeedClass.VERY_SLOW: 0.1,
}

# The rows that `auto` chooses from by the task. 0.6 is the least quality that an answer of substance may have: it
# leaves out the catalog's smallest model.
_INSTANT = Weights(quality=0.10, speed=0.80, cost=0.10, warmth=0.15)
_QUICK = Weights(quality=0.35, speed=0.50, cost=0.15, warmth=0.08, min_quality=0.6)
_BALANCED = Weights(quality=0.45, speed=0.35, cost=0.20, warmth=0.05, min_quality=0.6)
_SPECIALIST = Weights(quality=0.50, speed=0.30, cost=0.20, warmth=0.05, min_quality=0.6)
# Speed and warmth together weigh less than a hundredth of quality does: they part equals, and no others.
_QUALITY = Weights(quality=0.99, speed=0.005, cost=0.0, warmth=0.002)
_BEST = replace(_QUALITY, capped=False)
# Somebody who asks for much code waits for the model that writes it best.
_PATIENT_SPECIALIST = replace(_SPECIALIST, warmth=0.01)

_AUTO_BY_COMPLEXITY: Mapping[TaskComplexity, Weights] = {
    TaskComplexity.TRIVIAL: _INSTANT,
    TaskComplexity.SIMPLE: _QUICK,
    TaskComplexity.MODERATE: _BALANCED,
    TaskComplexity.COMPLEX: _BEST,
    TaskComplexity.VERY_COMPLEX: _BEST,
}
_AUTO_BY_CATEGORY: Mapping[tuple[TaskCategory, TaskComplexity], Weights] = {
    (TaskCategory.CODE, TaskComplexity.TRIVIAL): _QUICK,
    (TaskCategory.CODE, TaskComplexity.SIMPLE): _SPECIALIST,
    (TaskCategory.CODE, TaskComplexity.MODERATE): _SPECIALIST,
    (TaskCategory.CODE, TaskComplexity.COMPLEX): _PATIENT_SPECIALIST,
    (TaskCategory.MATH, TaskComplexity.TRIVIAL): _QUICK,
    (TaskCategory.REASONING, TaskComplexity.TRIVIAL): _QUICK,
}
STRATEGIES: Mapping[RoutingStrategy, Weights] = {
    RoutingStrategy.AUTO: _BALANCED,
    RoutingStrategy.SPEED: Weights(quality=0.02, speed=0.98, cost=0.0, warmth=0.15),
    RoutingStrategy.QUALITY: _QUALITY,
    RoutingStrategy.BALANCED: _BALANCED,
    RoutingStrategy.COST_OPTIMIZED: Weights(quality=0.05, speed=0.05, cost=0.90, warmth=0.02),
    RoutingStrategy.REDUNDANT: Weights(quality=0.45, speed=0.35, cost=0.20, warmth=0.05, min_quality=0.6, race=2),
}


def weights_for(strategy: RoutingStrategy, task: TaskClassification) -> Weights:
    """Find the row for a task: the strategy's own, and with `auto` the one that suits the task."""
    if strategy is not RoutingStrategy.AUTO:
        return STRATEGIES[strategy]
    return _AUTO_BY_CATEGORY.get((task.category, task.complexity)) or _AUTO_BY_COMPLEXITY[task.complexity]
