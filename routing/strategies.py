"""The strategies as data: how much success, promptness and thrift weigh, and the limits that go with them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from routing.types import AVERAGE_BENEFIT, RoutingStrategy, TaskCategory, TaskComplexity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routing.types import TaskClassification


@dataclass(frozen=True, slots=True)
class Weights:
    """One row: what each of three figures in [0, 1] weighs in a model's utility.

    The figures: success, the probability of a good answer; promptness, which falls with the seconds until it is there;
    and thrift, 1 - cost. `slack` is the share of the best one's success that a model may lack and still be close
    enough; None lets the task say it (`close_enough`). What is missing beyond that is heavily charged. `capped`:
    max_cost holds. `race`: how many start at once.
    """

    success: float
    promptness: float
    thrift: float
    slack: float | None = 1.0
    capped: bool = True
    race: int = 1

    def utility(self, success: float, seconds: float, cost: float, enough: float) -> float:
        """Weigh one model up; `enough` is the success that is close enough to the best one's. At most 1."""
        figures = self.success * success + self.promptness * promptness(seconds) + self.thrift * (1 - cost)
        return figures - _charge(1 - success / enough) if success < enough else figures


# A doubling of the wait costs the same whatever it was before; after two minutes nobody can be annoyed more.
_ANNOYED_SECONDS = 127.0
# What the share of success that is missing costs at first, and at most: more than all figures can make up for.
_CHARGE, _LARGEST_CHARGE = 20.0, 1.5
PREFERRED_BACKEND_POINTS = 3.0
"""What the preferred backend is worth: more than all else together."""

# How far behind the best a model may be for a task that is no effort at all, and how much less that is for the
# hardest. By these the smallest of the catalog's models is close enough for a greeting and not for a question, and
# neighbours in size are for a question and not for a hard one (specification S1.7).
_SLACK_AT_EASIEST, _SLACK_LOST, _LEAST_SLACK = 0.10, 0.14, 0.02
# Where a stronger model is worth more than on the average, less is close enough: three quarters of it where it is worth
# twice as much.
_BENEFIT_SHARE, _LEAST_SHARE = 1.4, 0.5


def promptness(seconds: float) -> float:
    """Say how prompt an answer is, 1 for at once: it falls by 1/7 with each doubling of a wait of some seconds."""
    return max(0.0, 1 - math.log2(1 + seconds) / math.log2(1 + _ANNOYED_SECONDS))


def close_enough(score: float, benefit: float) -> float:
    """Say which share of the best one's success a model may lack in a task of this complexity and benefit."""
    slack = max(_LEAST_SLACK, _SLACK_AT_EASIEST - _SLACK_LOST * score)
    return slack * max(_LEAST_SHARE, 1 + _BENEFIT_SHARE * (AVERAGE_BENEFIT - benefit))


def _charge(shortfall: float) -> float:
    """Charge for the share of success that is missing: in proportion at first, never more than the largest charge."""
    return -_LARGEST_CHARGE * math.expm1(-_CHARGE * shortfall / _LARGEST_CHARGE)


# The fastest of those that are close enough; of two that are about as fast, the better one.
_AUTO = Weights(success=0.45, promptness=0.45, thrift=0.1, slack=None)
_AUTO_BY_COMPLEXITY: Mapping[TaskComplexity, Weights] = {
    TaskComplexity.COMPLEX: replace(_AUTO, capped=False),
    TaskComplexity.VERY_COMPLEX: replace(_AUTO, capped=False),
}
# The specialist writes the code: max_cost holds but for what is very complex.
_AUTO_BY_TASK: Mapping[tuple[TaskCategory, TaskComplexity], Weights] = {
    (TaskCategory.CODE, TaskComplexity.COMPLEX): _AUTO,
}
_BALANCED = Weights(success=0.45, promptness=0.35, thrift=0.2, slack=0.1)
STRATEGIES: Mapping[RoutingStrategy, Weights] = {
    RoutingStrategy.AUTO: _AUTO,
    RoutingStrategy.SPEED: Weights(success=0.02, promptness=0.98, thrift=0.0),
    # Promptness parts equals, and no others.
    RoutingStrategy.QUALITY: Weights(success=0.999, promptness=0.001, thrift=0.0),
    RoutingStrategy.BALANCED: _BALANCED,
    RoutingStrategy.COST_OPTIMIZED: Weights(success=0.05, promptness=0.05, thrift=0.9),
    RoutingStrategy.REDUNDANT: replace(_BALANCED, race=2),
}


def weights_for(strategy: RoutingStrategy, task: TaskClassification) -> Weights:
    """Find the row for a task: the strategy's own, and with `auto` the one that suits the task."""
    if strategy is not RoutingStrategy.AUTO:
        return STRATEGIES[strategy]
    return _AUTO_BY_TASK.get((task.category, task.complexity)) or _AUTO_BY_COMPLEXITY.get(task.complexity, _AUTO)
