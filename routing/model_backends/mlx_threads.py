"""What passes between the threads of the MLX worker: commands that have arrived, and what the MLX thread is doing."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.model_backends.mlx_protocol import Heartbeat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from routing.model_backends.mlx_protocol import Command


@dataclass(frozen=True, slots=True)
class Arrival:
    """A command, and when it came by time.monotonic(). Without a command: what was waited for has happened."""

    command: Command | None
    at: float


class Pulse:
    """What the thread that owns MLX is doing, for the one that sends signs of life.

    The one writes and the other reads: each value is set in one go, and none needs a lock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._step: tuple[float, bool] | None = None
        self._memory = (0, 0)

    @contextmanager
    def step(self, *, loading: bool = False) -> Iterator[None]:
        """Note that a step begins, and that it has ended."""
        self._step = (self._clock(), loading)
        try:
            yield
        finally:
            self._step = None

    def note_memory(self, active_bytes: int, peak_bytes: int) -> None:
        """Note how much MLX holds now, and held at the most."""
        self._memory = (active_bytes, peak_bytes)

    def heartbeat(self) -> Heartbeat:
        """Say how things stand."""
        now = self._clock()
        began, loading = self._step or (now, False)
        return Heartbeat(now - began, loading, *self._memory)
