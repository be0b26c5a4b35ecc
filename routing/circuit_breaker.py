"""CircuitBreaker: keeps a model at an endpoint out of the choice for a while after it failed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.errors import (
    BackendError,
    BackendTimeout,
    BackendUnreachable,
    BadReply,
    ContextTooLong,
    ModelMissing,
    OutOfMemory,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from routing.model_registry import ModelRegistry
    from routing.types import Endpoint

# Failures in a row that open the breaker. A prompt that is too long says nothing about the model.
_THRESHOLDS: tuple[tuple[type[BackendError], int | None], ...] = (
    (BackendUnreachable, 1),
    (ModelMissing, 1),
    (OutOfMemory, 1),
    (BackendTimeout, 3),
    (BadReply, 3),
    (ContextTooLong, None),
)
FIRST_PAUSE_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 300.0
# Of an endpoint that took no request: whether it is back shows soon, and trying costs little.
LONGEST_UNREACHABLE_SECONDS = 30.0
# How long others stay away while one request tries a model that has cooled down.
TRIAL_SECONDS = 60.0


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    pause_seconds: float = 0.0  # of the last opening; 0: closed


class CircuitBreaker:
    """One circuit for each model at each endpoint; the registry is told when one opens, is tried again, or closes.

    Closed until failures in a row open it for FIRST_PAUSE_SECONDS; then half open: one request tries, and its success
    closes the circuit, its failure opens it for twice as long.
    """

    def __init__(self, registry: ModelRegistry, clock: Callable[[], float] = time.monotonic) -> None:
        self._registry = registry
        self._clock = clock
        self._circuits: dict[tuple[str, Endpoint], _Circuit] = {}

    def started(self, model_id: str, endpoint: Endpoint) -> None:
        """Note that a request goes out; if the circuit is half open it is the one that tries."""
        circuit = self._circuits.get((model_id, endpoint))
        if circuit and circuit.pause_seconds:
            self._registry.cool_down(model_id, endpoint, self._clock() + TRIAL_SECONDS)

    def succeeded(self, model_id: str, endpoint: Endpoint) -> None:
        """Close the circuit."""
        circuit = self._circuits.pop((model_id, endpoint), None)
        if circuit and circuit.pause_seconds:
            self._registry.cool_down(model_id, endpoint, 0)

    def failed(self, model_id: str, endpoint: Endpoint, error: BackendError, *, loading: bool = False) -> None:
        """Count a failure. A time-out while the model was `loading`, or a prompt too long, is none."""
        threshold = next(limit for kind, limit in _THRESHOLDS if isinstance(error, kind))
        if threshold is None or (loading and isinstance(error, BackendTimeout)):
            self.released(model_id, endpoint)
            return
        circuit = self._circuits.setdefault((model_id, endpoint), _Circuit())
        circuit.failures += 1
        if circuit.pause_seconds or circuit.failures >= threshold:
            longest = LONGEST_UNREACHABLE_SECONDS if isinstance(error, BackendUnreachable) else LONGEST_PAUSE_SECONDS
            circuit.pause_seconds = min(max(FIRST_PAUSE_SECONDS, 2 * circuit.pause_seconds), longest)
            self._registry.cool_down(model_id, endpoint, self._clock() + circuit.pause_seconds)

    def came_back(self, endpoint: Endpoint) -> None:
        """Close every circuit at an endpoint that was gone: it has restarted, woken up or found its network again."""
        for model_id, at in tuple(self._circuits):
            if at == endpoint:
                self.succeeded(model_id, at)

    def released(self, model_id: str, endpoint: Endpoint) -> None:
        """Note that a request ended without a verdict (cancelled, say), so that the next one may try."""
        circuit = self._circuits.get((model_id, endpoint))
        if circuit and circuit.pause_seconds:
            self._registry.cool_down(model_id, endpoint, 0)
