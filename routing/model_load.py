"""ModelLoad: one load of one model at one endpoint, which all who wait for the model share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from routing.types import LoadStage
from routing.wait_estimates import loading_seconds, spoken

if TYPE_CHECKING:
    import asyncio

    from routing.types import Endpoint, LoadProgress, ModelMetadata


@dataclass(frozen=True, slots=True)
class LoadStep:
    """How far a load that a person asked for has come; None where nobody knows.

    `stage` None: it has not begun. `seconds` is how much longer it is expected to take. `makes_room` names the models
    that are unloaded for it; `waits` is true while one of them still answers.
    """

    model: ModelMetadata
    stage: LoadStage | None = None
    done_bytes: int | None = None
    total_bytes: int | None = None
    seconds: float | None = None
    makes_room: tuple[str, ...] = ()
    waits: bool = False


@dataclass(eq=False, slots=True)
class ModelLoad:
    """One load: `task` runs it; times are by the keeper's clock.

    `wanted_by` counts those who wait for it; one that nobody waits for gives way to others. `spares_seconds`: models
    that were used so lately are not unloaded for it, nor is it waited for room. `no_room_since` is set while it waits
    for others to end their answers, `began_at` once the server is at it.
    """

    model: ModelMetadata
    endpoint: Endpoint
    host: str
    usual_seconds: float | None = None
    spares_seconds: float = 0.0
    wanted_by: int = 0
    makes_room: tuple[str, ...] = ()
    no_room_since: float | None = None
    began_at: float | None = None
    progress: LoadProgress | None = None
    task: asyncio.Task[None] = field(init=False)

    def seconds(self, now: float) -> float | None:
        """How much longer it takes from its beginning on, or from now if it has begun; None: nobody knows."""
        if self.no_room_since is not None:
            return None
        if self.began_at is None:
            return None if self.usual_seconds is None else spoken(self.usual_seconds)
        downloading = self.progress is not None and self.progress.stage is LoadStage.DOWNLOADING
        usual = None if downloading else self.usual_seconds
        left = loading_seconds(usual, now - self.began_at, self.progress)
        return spoken(left + (self.usual_seconds or 0.0)) if downloading and left is not None else left

    def take(self, progress: LoadProgress, now: float) -> bool:
        """Note how far it is; whether that is any further. The download is not counted as part of the load."""
        is_further = progress != self.progress
        if self.progress is None or progress.stage is not self.progress.stage:
            self.began_at = now
        self.progress = progress
        return is_further

    def step(self, seconds: float | None) -> LoadStep:
        """Tell people how far it is."""
        at = self.progress
        return LoadStep(
            self.model,
            at.stage if at else LoadStage.LOADING if self.began_at is not None else None,
            at.done_bytes if at else None,
            at.total_bytes if at else None,
            seconds,
            self.makes_room,
            waits=self.no_room_since is not None,
        )
