"""Preloading: has the models ready that are usually asked at this hour; lets go of idle ones when memory is short."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from routing.errors import BackendError
from routing.host_memory import CRITICAL, NORMAL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from routing.host_memory import HostMemory
    from routing.model_keeper import ModelKeeper
    from routing.model_registry import ModelRegistry
    from routing.types import Endpoint, ModelMetadata

logger = logging.getLogger(__name__)

_LOOK_EVERY_SECONDS = 60.0
# Nobody is in the middle of a conversation, so that loading a model takes nothing from an answer.
IDLE_SECONDS = 300.0
# What was used in the last hour is likelier to be asked again than what is merely usual.
SPARED_SECONDS = 3600.0
# The rest of a day's models are asked too seldom to hold memory for them.
_MODELS_AT_MOST = 4


class Preloading:
    """Looks after the memory of this host while nobody asks anything. Lives from `start` to `close`.

    `usual` names the models that are used most at an hour of the day (0-23, local time), most first; None: nothing is
    loaded ahead. It happens once soon after the start, and once in each later hour when no answer has run for five
    minutes: as far as the models fit together, and never while the system is short of memory.
    """

    def __init__(  # noqa: PLR0913  # what it looks at and what it works with, by name
        self,
        registry: ModelRegistry,
        keeper: ModelKeeper,
        *,
        memory: Callable[[], HostMemory],
        ready: Callable[[], Awaitable[None]],
        hour: Callable[[], int] = lambda: time.localtime().tm_hour,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.usual: Callable[[int], Awaitable[Sequence[str]]] | None = None
        self._registry = registry
        self._keeper = keeper
        self._memory = memory
        self._ready = ready
        self._hour = hour
        self._clock = clock
        self._sleep = sleep
        self._done_for: int | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look after the memory, once it is known what there is."""
        if self._task is None:
            self._task = asyncio.create_task(self._look_after(), name="preloading")
            self._task.add_done_callback(_report)

    async def close(self) -> None:
        """Stop; what is being loaded goes on until the keeper closes."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _look_after(self) -> None:
        await self._ready()
        while True:
            await self.look()
            await self._sleep(_LOOK_EVERY_SECONDS)

    async def look(self) -> None:
        """Do what there is to do now."""
        pressure = self._memory().pressure
        if pressure == CRITICAL:
            await self._let_one_go()
        hour = self._hour()
        is_time = self._done_for is None or (hour != self._done_for and self._keeper.idle_seconds >= IDLE_SECONDS)
        if self.usual and is_time and pressure == NORMAL:
            self._done_for = hour
            await self._preload(await self.usual(hour))

    async def _preload(self, model_ids: Sequence[str]) -> None:
        """Load the first ones of those that are there, each only if it pushes out none before it."""
        for model_id in model_ids[:_MODELS_AT_MOST]:
            model = self._registry.get_model(model_id)
            if model is None or not self._registry.status(model_id).available:
                continue
            endpoint = self._endpoint(model)
            if endpoint is None or self._memory().pressure != NORMAL:
                continue
            try:
                if await self._keeper.preload(self._registry.model_at(model, endpoint), endpoint, SPARED_SECONDS):
                    logger.info("%s is ready for what is usually asked now", model_id)
            except BackendError as error:
                logger.info("%s was not loaded ahead: %s", model_id, error)

    def _endpoint(self, model: ModelMetadata) -> Endpoint | None:
        """Where a model is loaded ahead: on this host, for of the memory of others nothing is known."""
        ready = self._registry.status(model.model_id).endpoints
        here = [endpoint for endpoint in ready if self._keeper.residency.is_here(endpoint)]
        return next(iter(self._keeper.residency.best_first(model, here)), None)

    async def _let_one_go(self) -> None:
        """Unload what has been idle for longest, if that is long; the next look may take the next one."""
        idle_since = self._clock() - IDLE_SECONDS
        for resident in self._keeper.residency.residents():
            if resident.last_used > idle_since or not self._keeper.residency.is_here(resident.endpoint):
                continue
            try:
                if await self._keeper.unload_idle(resident):
                    logger.warning("The system is short of memory: %s was unloaded", resident.model_id)
                    return
            except BackendError as error:
                logger.warning("%s was not unloaded: %s", resident.model_id, error, exc_info=error)


def _report(task: asyncio.Task[None]) -> None:
    """A bug must not vanish with its task."""
    if not task.cancelled() and (error := task.exception()):
        logger.error("Preloading has ended", exc_info=error)
