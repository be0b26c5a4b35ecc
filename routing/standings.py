"""Standings: what is learnt of each model's answers here, and how far that moves what was expected of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from routing.types import TaskCategory


class Evidence(Enum):
    """What happened to an answer: how good that makes it, in [0, 1], and how far it is believed.

    A thumb is somebody's own word. A retry may only mean that another answer is wanted as well. A failure says nothing
    of how well a model answers, but that it did not.
    """

    THUMB_UP = (1.0, 1.0)
    THUMB_DOWN = (0.0, 1.0)
    RETRIED = (0.0, 0.4)
    FAILED = (0.0, 0.5)
    KEPT = (1.0, 0.1)

    @property
    def outcome(self) -> float:
        """1 for a good answer, 0 for a bad one."""
        return self.value[0]

    @property
    def weight(self) -> float:
        """How far it is believed; a thumb counts 1."""
        return self.value[1]


PRIOR_DEVIATION = 0.7
"""How far a model's ability lies from its prior, in logits: so far the 41 published models lie from their lines."""
LARGEST_STEP = 0.25
"""The most logits that one piece of evidence may move an ability: nobody's single click turns a ranking round."""
HALF_LIFE_SECONDS = 60 * 86_400.0
"""What was learnt counts half after so long: models are replaced under the same name, and people change."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What was learnt of a model in a category: how far its ability is from the prior, and how sure that is.

    `offset` is in logits, `information` in 1/logits squared, beyond that of the prior; `at_seconds` is any clock's.
    """

    offset: float = 0.0
    information: float = 0.0
    at_seconds: float = 0.0

    def decayed(self, now_seconds: float) -> Standing:
        """Go back towards the prior for the time that has passed; a clock that was put back changes nothing."""
        share = 0.5 ** (max(0.0, now_seconds - self.at_seconds) / HALF_LIFE_SECONDS)
        at_seconds = max(self.at_seconds, now_seconds)
        return Standing(self.offset * share, self.information * share, at_seconds)

    def after(self, evidence: Evidence, expected: float, now_seconds: float) -> Standing:
        """Learn from one piece of evidence, where `expected` was the chance of a good answer.

        One step of Bayesian logistic regression (Glickman's rating update has the same form): the surprise, times the
        variance that is left. What was expected teaches little, what is well known moves little, and no step is larger
        than LARGEST_STEP.
        """
        here = self.decayed(now_seconds)
        information = here.information + evidence.weight * expected * (1 - expected)
        variance = 1 / (information + PRIOR_DEVIATION**-2)
        step = variance * evidence.weight * (evidence.outcome - expected)
        bounded = max(-LARGEST_STEP, min(LARGEST_STEP, step))
        return replace(here, offset=here.offset + bounded, information=information)


class Standings:
    """What was learnt of each model here, by category; in memory. `version` grows with each lesson.

    `clock` gives seconds since the epoch, or of any clock that goes on over restarts.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._known: dict[tuple[str, TaskCategory], Standing] = {}
        self.version = 0

    def of(self, model_id: str, category: TaskCategory) -> Standing:
        """Give what is still known of a model in a category."""
        known = self._known.get((model_id, category))
        return known.decayed(self._clock()) if known else Standing()

    def learn(self, model_id: str, category: TaskCategory, evidence: Evidence, expected: float) -> Standing:
        """Take note of what happened to an answer; `expected` was the chance that it is good. Give the new standing."""
        learnt = self.of(model_id, category).after(evidence, expected, self._clock())
        self.restore(model_id, category, learnt)
        return learnt

    def restore(self, model_id: str, category: TaskCategory, standing: Standing) -> None:
        """Put back what was learnt in an earlier run."""
        self._known[model_id, category] = standing
        self.version += 1
