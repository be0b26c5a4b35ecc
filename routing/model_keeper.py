"""ModelKeeper: has models in memory before they answer, loads and unloads what people want, never under an answer."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing
from typing import TYPE_CHECKING

from routing.errors import BackendError, BackendTimeout, NoModelAvailable
from routing.model_loader import ModelLoader
from routing.types import Loading
from routing.wait_estimates import NOTICEABLE_SECONDS, loading_seconds

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from routing.model_backends import ModelAdapterPool
    from routing.model_load import LoadStep, ModelLoad
    from routing.model_registry import ModelRegistry
    from routing.model_residency import ModelResidency, Resident
    from routing.types import Completion, Endpoint, ModelMetadata

logger = logging.getLogger(__name__)

# Of a backend that does not let go of a load: who gave it up waits no longer.
_GIVING_UP_SECONDS = 2.0

# A server may say again and again that a model is not there which it has just loaded; then it is asked all the same.
_TRIES = 3


class ModelKeeper:
    """Keeps models in memory. Lives in one event loop, until `close`.

    One load at a time runs on each host. Models on this host share its memory: what was used least lately is unloaded
    first, and only where a new one does not fit beside it, so that the old one stays until the new one is there if both
    fit. One that answers is never unloaded. `loader` runs the loads, and is told there what to remember of them.
    """

    def __init__(  # noqa: PLR0913  # what it works with, and the time, by name
        self,
        registry: ModelRegistry,
        residency: ModelResidency,
        pool: ModelAdapterPool,
        *,
        load_limit_seconds: float = 180.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.residency = residency
        self.loader = ModelLoader(
            registry, residency, pool, load_limit_seconds=load_limit_seconds, clock=clock, sleep=sleep
        )
        self._registry = registry
        self._pool = pool
        self._clock = clock
        self._departures: set[asyncio.Task[None]] = set()
        self._last_use = clock()

    # --- for answers --------------------------------------------------------------------------------------------------

    async def ensure(
        self, model: ModelMetadata, endpoint: Endpoint, patience_seconds: float = float("inf")
    ) -> AsyncGenerator[Loading]:
        """Have a model in memory, at once if it is there or if nobody knows; Loading says what is waited for.

        After its end the model counts as in use: `release` it. Where an endpoint loads by itself, there is room then.
        Whoever leaves early leaves the load to those who wait for it too.

        Raises:
            OutOfMemory: it does not fit, whoever goes.
            BackendTimeout: there was no room within `patience_seconds`, or the load came to no end.
            BackendError: the load failed.
        """
        asked_at = self._clock()
        if self._must_wait(model, endpoint):
            yield Loading(model)
        while self._must_wait(model, endpoint):
            self._check_patience(model, asked_at, patience_seconds)
            await self.loader.news.wait()
        self.residency.used(model.model_id, endpoint)
        self._last_use = self._clock()
        there = False
        try:
            async with aclosing(self._loaded(model, endpoint, patience_seconds, asked_at)) as steps:
                async for step in steps:
                    yield step
            there = True
        finally:
            if not there:
                self.release(model, endpoint)

    def release(self, model: ModelMetadata, endpoint: Endpoint) -> None:
        """Note that an answer has ended, so that the model may be unloaded for another."""
        self.residency.released(model.model_id, endpoint)
        self._last_use = self._clock()
        self.loader.news.tell()

    def answered(self, model: ModelMetadata, endpoint: Endpoint, completion: Completion) -> None:
        """Note that an endpoint that loads by itself has loaded the model for this answer, and how long that took."""
        self.loader.note_loaded(model, endpoint, completion.load_seconds)

    def side_by_side(self, models: Sequence[tuple[ModelMetadata, Endpoint]]) -> list[ModelMetadata]:
        """Choose of these models those that can answer at once, the first in any case: none pushes another out."""
        chosen: list[tuple[ModelMetadata, Endpoint]] = []
        for model, endpoint in models:
            if not chosen or self._fits_beside(model, endpoint, chosen):
                chosen.append((model, endpoint))
        return [model for model, _ in chosen]

    @property
    def idle_seconds(self) -> float:
        """How long no answer has begun or ended; 0 while one runs."""
        if any(resident.busy for resident in self.residency.residents()):
            return 0.0
        return self._clock() - self._last_use

    # --- for people ---------------------------------------------------------------------------------------------------

    async def load(self, model_id: str) -> AsyncGenerator[LoadStep]:
        """Load a model, downloading it first where it must be; the end says that it is there. At once if it is.

        Answers that stand in its way end first. Raises NoModelAvailable for an id that is none, or where no server
        loads on request, and BackendError for what goes wrong.
        """
        model, endpoint = await self._loadable(model_id)
        while self.loader.place(model_id, endpoint) in self.loader.leaving:
            await self.loader.news.wait()
        if self._registry.is_loaded(model_id, endpoint):
            return
        load = self.loader.join(model, endpoint)
        said: LoadStep | None = None
        async with aclosing(self.loader.wait_for(load)) as ticks:
            async for _ in ticks:
                step = load.step(self.loader.seconds(load))
                if step != said:
                    said = step
                    yield step

    async def unload(self, model_id: str) -> bool:
        """Take a model out of memory wherever it is. False: it still answers somewhere, and goes when it has ended.

        What is asked of it meanwhile waits until it has gone, and loads it again. Raises NoModelAvailable for an id
        that is none, or where the server does not unload on request, and BackendError for what goes wrong.
        """
        model = self._known(model_id)
        gone = True
        for endpoint in list(self._registry.offers_of(model_id)):
            load = self.loader.loads.get(self.loader.place(model_id, endpoint))
            if load and not load.wanted_by:
                load.task.cancel()
            elif load or self.is_in_memory(model_id, endpoint):
                await self._must_load_on_request(model, endpoint)
                gone = await self._let_go(model_id, endpoint) and gone
        return gone

    async def give_up(self, model_id: str) -> None:
        """Stop the loads of a model that nobody waits for any more."""
        loads = [load for load in self.loader.loads.values() if load.model.model_id == model_id]
        if tasks := [load.task for load in loads if not load.wanted_by]:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=_GIVING_UP_SECONDS)

    def is_in_memory(self, model_id: str, endpoint: Endpoint) -> bool:
        """Whether a model is there at all, also with a window of somebody else's, with which it does not answer us."""
        otherwise = self._registry.is_loaded_otherwise(model_id, endpoint)
        return otherwise or bool(self._registry.is_loaded(model_id, endpoint))

    def under_way(self) -> dict[str, LoadStep]:
        """Say how far each load is that runs or waits now, by the model's id."""
        return {load.model.model_id: load.step(self.loader.seconds(load)) for load in self.loader.loads.values()}

    # --- when nobody waits --------------------------------------------------------------------------------------------

    async def preload(self, model: ModelMetadata, endpoint: Endpoint, spares_seconds: float) -> bool:
        """Load a model ahead of time, if there is room without unloading what was used within `spares_seconds`.

        True when it is there. It gives way to every load that somebody waits for.
        """
        backend = await self._pool.backend(endpoint)
        if not backend.can_load or self.loader.closed:
            return False
        if not self._registry.is_loaded(model.model_id, endpoint):
            await asyncio.wait([self.loader.join(model, endpoint, spares_seconds).task])
        return bool(self._registry.is_loaded(model.model_id, endpoint))

    async def unload_idle(self, resident: Resident) -> bool:
        """Take a model out of memory, if nobody uses it and its server can; whether it is gone. Raises BackendError."""
        backend = await self._pool.backend(resident.endpoint)
        if not backend.can_load or self._is_busy(resident.model_id, resident.endpoint):
            return False
        return await self._let_go(resident.model_id, resident.endpoint)

    async def close(self) -> None:
        """Give up every load; who waits for one is told that the program stops."""
        departures = tuple(self._departures)
        for departure in departures:
            departure.cancel()
        await self.loader.close()
        await asyncio.gather(*departures, return_exceptions=True)

    # --- waiting ------------------------------------------------------------------------------------------------------

    async def _loaded(
        self, model: ModelMetadata, endpoint: Endpoint, patience_seconds: float, asked_at: float
    ) -> AsyncGenerator[Loading]:
        """Load the model unless it is there; again, if it was pushed out between its load and its use."""
        for _ in range(_TRIES):
            if self.residency.outlook(model, endpoint).loaded is not False:
                return
            by_request = (await self._pool.backend(endpoint)).can_load
            if by_request or self.residency.to_evict(model, endpoint) != ():
                load = self.loader.join(model, endpoint)
                async with aclosing(self._announced(load, patience_seconds, asked_at)) as steps:
                    async for step in steps:
                        yield step
            if not by_request:  # there is room now, and the server loads when it is asked something
                yield Loading(model, loading_seconds(self.residency.load_seconds(model, endpoint), 0.0))
                return

    async def _announced(self, load: ModelLoad, patience_seconds: float, asked_at: float) -> AsyncGenerator[Loading]:
        """Say what is waited for, as soon as it is clear that it takes noticeably long, and again when that changes."""
        said: Loading | None = None
        began = self._clock()
        async with aclosing(self.loader.wait_for(load)) as ticks:
            async for _ in ticks:
                if self.loader.waits_for_room(load):
                    self._check_patience(load.model, asked_at, patience_seconds)
                step = Loading(load.model, self.loader.seconds(load), load.makes_room)
                lasts = self._clock() - began >= NOTICEABLE_SECONDS or step.seconds is None
                if step != said and (said or lasts or step.makes_room or (step.seconds or 0) > NOTICEABLE_SECONDS):
                    said = step
                    yield step

    def _must_wait(self, model: ModelMetadata, endpoint: Endpoint) -> bool:
        """Whether a model is on its way out, or in the way of a load that has waited for long."""
        leaves = self.loader.place(model.model_id, endpoint) in self.loader.leaving
        return leaves or self.loader.is_in_the_way(model, endpoint)

    def _check_patience(self, model: ModelMetadata, asked_at: float, patience_seconds: float) -> None:
        if self._clock() - asked_at >= patience_seconds:
            sentence = f"There was no room for {model.display_name}: other models were answering."
            raise BackendTimeout(sentence, backend=model.backend, model=model.model_id, reason="no room")

    # --- who goes and who stays ---------------------------------------------------------------------------------------

    def _fits_beside(
        self, model: ModelMetadata, endpoint: Endpoint, chosen: Sequence[tuple[ModelMetadata, Endpoint]]
    ) -> bool:
        """Whether a model can be in memory together with those that were chosen before it."""
        coming = [(other, at) for other, at in chosen if self.residency.outlook(other, at).loaded is False]
        going = [resident for other, at in coming for resident in self.residency.to_evict(other, at) or ()]
        outlook = self.residency.outlook(model, endpoint)
        if outlook.loaded is not False:
            places = {self.loader.place(resident.model_id, resident.endpoint) for resident in going}
            return self.loader.place(model.model_id, endpoint) not in places
        if not self.residency.is_here(endpoint):
            return True
        if outlook.evicts or going:
            return False
        here = [self.residency.outlook(other, at) for other, at in coming if self.residency.is_here(at)]
        needed = sum(each.needed_bytes or 0 for each in (*here, outlook))
        return not here or outlook.free_bytes is None or needed <= outlook.free_bytes

    async def _let_go(self, model_id: str, endpoint: Endpoint) -> bool:
        """Unload a model now (True), or when its answers have ended."""
        place = self.loader.place(model_id, endpoint)
        if place in self.loader.leaving:
            return False
        self.loader.leaving.add(place)
        if self._is_busy(model_id, endpoint):
            departure = asyncio.create_task(self._depart(model_id, endpoint), name=f"unload {model_id}")
            self._departures.add(departure)
            departure.add_done_callback(self._departures.discard)
            return False
        try:
            await self.loader.unload(model_id, endpoint)
        finally:
            self._has_left(model_id, endpoint)
        return True

    async def _depart(self, model_id: str, endpoint: Endpoint) -> None:
        try:
            while self._is_busy(model_id, endpoint):
                await self.loader.news.wait()
            await self.loader.unload(model_id, endpoint)
        except BackendError as error:
            logger.warning("%s was not unloaded: %s", model_id, error, exc_info=error)
        finally:
            self._has_left(model_id, endpoint)

    def _has_left(self, model_id: str, endpoint: Endpoint) -> None:
        self.loader.leaving.discard(self.loader.place(model_id, endpoint))
        self.loader.news.tell()

    def _is_busy(self, model_id: str, endpoint: Endpoint) -> bool:
        """Whether a model answers, or is being loaded for an answer."""
        place = self.loader.place(model_id, endpoint)
        there = (
            each for each in self.residency.residents(endpoint) if self.loader.place(each.model_id, endpoint) == place
        )
        return place in self.loader.loads or any(resident.busy for resident in there)

    # --- what is known ------------------------------------------------------------------------------------------------

    def _known(self, model_id: str) -> ModelMetadata:
        model = self._registry.get_model(model_id)
        if model is None:
            raise NoModelAvailable(f"There is no model by that id: {model_id}. `bot.py models` lists them.")
        return model

    async def _loadable(self, model_id: str) -> tuple[ModelMetadata, Endpoint]:
        """Choose where a model is loaded: where it takes least, of the servers that load on request."""
        model = self._known(model_id)
        up = [endpoint for endpoint in self._registry.offers_of(model_id) if not self._registry.is_down(endpoint)]
        if not up:
            reason = self._registry.why_not(model_id) or "no server has said yet that it has it"
            raise NoModelAvailable(f"{model.display_name} cannot be loaded: {reason}.")
        best = self.residency.best_first(model, up)
        able = [endpoint for endpoint in best if (await self._pool.backend(endpoint)).can_load]
        endpoint = (able or best)[0]
        await self._must_load_on_request(model, endpoint)
        return self._registry.model_at(model, endpoint), endpoint

    async def _must_load_on_request(self, model: ModelMetadata, endpoint: Endpoint) -> None:
        if not (await self._pool.backend(endpoint)).can_load:
            raise NoModelAvailable(
                f"{model.display_name} is loaded and unloaded by its server alone, when it is asked something."
            )
