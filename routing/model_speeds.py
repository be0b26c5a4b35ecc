"""ModelSpeeds: how fast each model writes on this machine, as measured, or as those that were measured suggest."""

from __future__ import annotations

import math
import statistics
from collections import deque
from typing import TYPE_CHECKING

from routing.types import SpeedClass

if TYPE_CHECKING:
    from routing.types import ModelMetadata

# Tokens/s of a class: the middle of the catalog's models of it. The router goes by these until it has measured, so
# that models of one class are equals and the order of the catalog decides (specification S1.7).
_CLASS_TOKENS_PER_SECOND = {
    SpeedClass.ULTRA_FAST: 150.0,
    SpeedClass.FAST: 90.0,
    SpeedClass.MEDIUM: 45.0,
    SpeedClass.SLOW: 28.0,
    SpeedClass.VERY_SLOW: 12.0,
}
# Seconds to a first token by class: the middle of each range of the specification, half of it being the first token.
_FIRST_TOKEN_SECONDS = {
    SpeedClass.ULTRA_FAST: 0.15,
    SpeedClass.FAST: 0.5,
    SpeedClass.MEDIUM: 1.1,
    SpeedClass.SLOW: 2.0,
    SpeedClass.VERY_SLOW: 4.0,
}
# The median of so many answers is what the next one is expected to run at.
_ANSWERS_REMEMBERED = 9
_MODELS_REMEMBERED = 512
# No model writes faster, whatever its server says; a figure below is of an answer that stalled.
_FASTEST, _SLOWEST = 5000.0, 0.05
# A change of about a fifth is one that a decision would feel.
_STEPS_AN_OCTAVE = 4


class ModelSpeeds:
    """Decode speeds in tokens/s by model id. `version` grows when one changes by so much that a decision feels it.

    A model that was never measured is expected to run at its class's speed, times what the measured ones showed this
    machine to be against the one that the catalog was measured on.
    """

    def __init__(self) -> None:
        self._measured: dict[str, deque[float]] = {}
        self._ratios: dict[str, float] = {}
        self._factor = 1.0
        self.version = 0

    def learn(self, model: ModelMetadata, tokens_per_second: float | None) -> None:
        """Take note of one answer's decode speed; what cannot be is passed over."""
        if not tokens_per_second or not _SLOWEST <= tokens_per_second <= _FASTEST:
            return
        before = self._step(model)
        past = self._measured.pop(model.model_id, None) or deque(maxlen=_ANSWERS_REMEMBERED)
        past.append(tokens_per_second)
        self._measured[model.model_id] = past
        if model.tokens_per_second:
            self._ratios[model.model_id] = statistics.median(past) / model.tokens_per_second
        self._forget_oldest()
        factor, self._factor = self._factor, statistics.median(self._ratios.values()) if self._ratios else 1.0
        if self._step(model) != before or _step(factor) != _step(self._factor):
            self.version += 1

    def measured(self, model_id: str) -> float | None:
        """Give the median of what was measured of a model; None before its first answer."""
        past = self._measured.get(model_id)
        return statistics.median(past) if past else None

    def tokens_per_second(self, model: ModelMetadata) -> float:
        """Say how fast a model writes: as measured, or by the catalog and this machine."""
        return self.measured(model.model_id) or model.tokens_per_second * self._factor

    def first_token_seconds(self, model: ModelMetadata) -> float:
        """Say how long a model in memory takes to its first token, by its class and this machine."""
        return _FIRST_TOKEN_SECONDS[model.speed_class] / self._factor

    def answer_seconds(self, model: ModelMetadata, tokens: int) -> tuple[float, float]:
        """Give the seconds to the first token and from there to the last, for choosing among models.

        Where nothing was measured this goes by class alone: the catalog's figures are another machine's.
        """
        speed = self.measured(model.model_id) or _CLASS_TOKENS_PER_SECOND[model.speed_class] * self._factor
        return self.first_token_seconds(model), tokens / speed

    def _step(self, model: ModelMetadata) -> int | None:
        speed = self.measured(model.model_id)
        return None if speed is None else _step(speed)

    def _forget_oldest(self) -> None:
        if len(self._measured) > _MODELS_REMEMBERED:
            oldest = next(iter(self._measured))
            del self._measured[oldest]
            self._ratios.pop(oldest, None)


def _step(speed: float) -> int:
    return round(_STEPS_AN_OCTAVE * math.log2(speed))
