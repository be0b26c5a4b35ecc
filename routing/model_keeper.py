"""ModelKeeper: loads models before they answer, makes room for them, and unloads them, never under a running answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from routing.errors import BackendError, BackendTimeout, BackendUnreachable, NoModelAvailable, OutOfMemory
from routing.model_load import LoadStep, ModelLoad
from routing.types import Loading
from routing.wait_estimates import NOTICEABLE_SECONDS, loading_seconds, spoken

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from routing.model_backends import ModelAdapterPool, ModelBackend
    from routing.model_registry import ModelRegistry
    from routing.model_residency import ModelResidency, Resident
    from routing.types import Completion, Endpoint, ModelMetadata

    Place = tuple[Endpoint, str]  # an endpoint, and the name of a model there

logger = logging.getLogger(__name__)

# An estimate is looked at again so often, and so is the memory where there was no room in it.
_LOOK_AGAIN_SECONDS = 1.0
# A load that has waited so long for room goes first: until it has been, no new answer begins on a model in its way.
# Before that they may, for to load a model and the one before it again costs everybody more than it gains.
FAIR_SECONDS = 10.0
_UNLOAD_SECONDS = 30.0
# A server may say again and again that a model is not there which it has just loaded; then it is asked all the same.
_TRIES = 3
# Of a backend that does not let go of a load, so that a stop takes no longer than it may.
_CLOSE_SECONDS = 2.0


class LoadMemory(Protocol):
    """Remembers over restarts what loads took."""

    def __call__(self, model_id: str, address: str, seconds: float, size_bytes: int | None) -> None:
        """Note one load at an endpoint's address; never waits."""


class ModelKeeper:
    """Keeps models in memory. Lives in one event loop, until `close`.

    One load at a time runs on each host. Models on this host share its memory: what was used least lately is unloaded
    first, and only where a new one does not fit beside it, so that the old one stays until the new one is there if both
    fit. One that answers is never unloaded. `load_limit_seconds` is how long a load may go on without getting further.
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
        self.remember: LoadMemory | None = None
        self.look_at: Callable[[Endpoint], None] = lambda _: None
        self._registry = registry
        self._pool = pool
        self._load_limit_seconds = load_limit_seconds
        self._clock = clock
        self._sleep = sleep
        self._loads: dict[Place, ModelLoad] = {}
        self._lines: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # one for each host
        self._leaving: set[Place] = set()
        self._departures: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._last_use = clock()
        self._closed = False

    # --- for answers --------------------------------------------------------------------------------------------------

    async def ensure(
        self, model: ModelMetadata, endpoint: Endpoint, patience_seconds: float = float("inf")
    ) -> AsyncGenerator[Loading]:
        """Have a model in memory, at once if it is there or if nobody knows; Loading says what is waited for.

        After its end the model counts as in use: `release` it. Where an endpoint loads by itself, there is room then.
        Whoever leaves early leaves the load to those who wait for it too; one that nobody waits for goes on, for who
        stops a question often asks the same model the next, until another load wants its place.

        Raises:
            OutOfMemory: it does not fit, whoever goes.
            BackendTimeout: there was no room within `patience_seconds`, or the load came to no end.
            BackendError: the load failed.
        """
        asked_at = self._clock()
        place = self._place(model, endpoint)
        told = False
        while self._must_wait(model, place):
            if not told:
                told = True
                yield Loading(model)
            self._check_patience(model, asked_at, patience_seconds)
            await self._anything_new()
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
        self._tell()

    def answered(self, model: ModelMetadata, endpoint: Endpoint, completion: Completion) -> None:
        """Note that an endpoint that loads by itself has loaded the model for this answer, and how long that took."""
        self._note_loaded(model, endpoint, completion.load_seconds)

    def side_by_side(self, models: Sequence[tuple[ModelMetadata, Endpoint]]) -> list[ModelMetadata]:
        """Choose of these models those that can answer at once, the first in any case: none pushes another out."""
        chosen: list[tuple[ModelMetadata, Endpoint]] = []
        for model, endpoint in models:
            if not chosen or self._fits_beside(model, endpoint, chosen):
                chosen.append((model, endpoint))
        return [model for model, _ in chosen]

    def may_unload(self, endpoint: Endpoint) -> bool:
        """Whether an endpoint takes models out of memory on request, as far as is known."""
        backend = self._pool.opened(endpoint)
        return backend is not None and backend.can_load

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
        while self._place(model, endpoint) in self._leaving:
            await self._anything_new()
        if self._registry.is_loaded(model_id, endpoint):
            return
        load = self._join(model, endpoint)
        said: LoadStep | None = None
        async with aclosing(self._ticks(load)) as ticks:
            async for _ in ticks:
                step = load.step(self._seconds(load))
                if step != said:
                    said = step
                    yield step

    async def unload(self, model_id: str) -> bool:
        """Take a model out of memory wherever it is. False: it still answers somewhere, and goes when it has ended.

        What is asked of it meanwhile waits until it has gone, and loads it again. Raises NoModelAvailable for an id
        that is none, or where the server does not unload on request, and BackendError for what goes wrong.
        """
        known = self._known(model_id)
        gone = True
        for endpoint in list(self._registry.offers_of(model_id)):
            model = self._registry.model_at(known, endpoint)
            load = self._loads.get(self._place(model, endpoint))
            if load and not load.wanted_by:
                load.task.cancel()
            elif load or self._registry.is_loaded(model_id, endpoint):
                await self._must_load_on_request(model, endpoint)
                gone = await self._let_go(model, endpoint) and gone
        return gone

    # --- when nobody waits --------------------------------------------------------------------------------------------

    async def preload(self, model: ModelMetadata, endpoint: Endpoint, spares_seconds: float) -> bool:
        """Load a model ahead of time, if there is room without unloading what was used within `spares_seconds`.

        True when it is there. It gives way to every load that somebody waits for.
        """
        backend = await self._pool.backend(endpoint)
        if not backend.can_load or self._closed:
            return False
        if self._registry.is_loaded(model.model_id, endpoint):
            return True
        load = self._join(model, endpoint, spares_seconds)
        await asyncio.wait([load.task])
        return bool(self._registry.is_loaded(model.model_id, endpoint))

    async def unload_idle(self, resident: Resident) -> None:
        """Take a model out of memory that nobody uses; nothing happens if somebody does by now. Raises BackendError."""
        model = self._registry.get_model(resident.model_id)
        if model and not self._is_busy(resident.endpoint, self._registry.name_at(model.model_id, resident.endpoint)):
            await self._let_go(self._registry.model_at(model, resident.endpoint), resident.endpoint)

    async def close(self) -> None:
        """Give up every load; who waits for one is told that the program stops."""
        self._closed = True
        tasks = {*(load.task for load in self._loads.values()), *self._departures}
        for task in tasks:
            task.cancel()
        self._tell()
        if tasks:
            await asyncio.wait(tasks, timeout=_CLOSE_SECONDS)

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
                load = self._join(model, endpoint)
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
        async with aclosing(self._ticks(load)) as ticks:
            async for _ in ticks:
                if load.no_room_since is not None:
                    self._check_patience(load.model, asked_at, patience_seconds)
                step = Loading(load.model, self._seconds(load), load.makes_room)
                lasts = self._clock() - began >= NOTICEABLE_SECONDS or step.seconds is None
                if step != said and (said or lasts or step.makes_room or (step.seconds or 0) > NOTICEABLE_SECONDS):
                    said = step
                    yield step

    async def _ticks(self, load: ModelLoad) -> AsyncGenerator[None]:
        """Yield now and about every second until a load is over. Raises what went wrong with it."""
        load.wanted_by += 1
        self._claim_line(load)
        try:
            while not load.task.done():
                yield
                await self._first_of(load.task)
        finally:
            load.wanted_by -= 1
            if not load.wanted_by:
                self._give_way(load)
        if load.task.cancelled():
            raise _stopping(load.model)
        load.task.result()

    async def _first_of(self, other: asyncio.Future[None]) -> None:
        """Wait until something is done, but not longer than until an estimate should be looked at again."""
        timer = asyncio.ensure_future(self._sleep(_LOOK_AGAIN_SECONDS))
        try:
            await asyncio.wait([other, timer], return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()

    async def _anything_new(self) -> None:
        """Wait until somebody has ended an answer or a load, or for a moment."""
        news = asyncio.ensure_future(self._news.wait())
        try:
            await self._first_of(news)  # type: ignore[arg-type]  # what it comes to is of no interest
        finally:
            news.cancel()

    def _tell(self) -> None:
        """Wake all who wait for news."""
        self._news.set()
        self._news = asyncio.Event()

    def _check_patience(self, model: ModelMetadata, asked_at: float, patience_seconds: float) -> None:
        if self._clock() - asked_at >= patience_seconds:
            sentence = f"There was no room for {model.display_name}: other models were answering."
            raise BackendTimeout(sentence, backend=model.backend, model=model.model_id, reason="no room")

    def _must_wait(self, model: ModelMetadata, place: Place) -> bool:
        """Whether a model is on its way out, or in the way of a load that has waited for long."""
        if place in self._leaving:
            return True
        if not self._registry.is_loaded(model.model_id, place[0]):
            return False
        host = self._host(place[0])
        overdue = (load for load in self._loads.values() if load.host == host and self._is_overdue(load))
        return any(model.display_name in load.makes_room for load in overdue)

    def _is_overdue(self, load: ModelLoad) -> bool:
        return load.no_room_since is not None and self._clock() - load.no_room_since >= FAIR_SECONDS

    def _seconds(self, load: ModelLoad) -> float | None:
        """How long a load takes from now on, those that its host has before it included."""
        now = self._clock()
        own = load.seconds(now)
        if own is None or load.began_at is not None:
            return own
        before = [
            other.seconds(now)
            for other in self._loads.values()
            if other.host == load.host
            and other is not load
            and (other.began_at is not None or other.asked_at < load.asked_at)
        ]
        return None if None in before else spoken(own + sum(seconds or 0.0 for seconds in before))

    # --- loading ------------------------------------------------------------------------------------------------------

    def _join(self, model: ModelMetadata, endpoint: Endpoint, spares_seconds: float = 0.0) -> ModelLoad:
        """Find the load of a model that is under way, or begin one."""
        place = self._place(model, endpoint)
        load = self._loads.get(place)
        if load and not load.task.cancelling():
            load.spares_seconds = min(load.spares_seconds, spares_seconds)
            return load
        outlook = self.residency.outlook(model, endpoint)
        load = ModelLoad(model, endpoint, self._host(endpoint), self._clock(), outlook.load_seconds, spares_seconds)
        load.makes_room = outlook.evicts
        load.task = asyncio.create_task(self._run(load), name=f"load {model.model_id}")
        self._loads[place] = load
        load.task.add_done_callback(lambda _: self._over(place, load))
        return load

    def _over(self, place: Place, load: ModelLoad) -> None:
        if self._loads.get(place) is load:
            del self._loads[place]
        self._tell()
        if load.task.cancelled():
            return
        error = load.task.exception()
        if isinstance(error, BackendError):  # who waits for it is told, and writes the rest down
            logger.info("%s was not loaded: %s", load.model.model_id, error)
        elif error:
            logger.error("Loading %s went wrong", load.model.model_id, exc_info=error)

    async def _run(self, load: ModelLoad) -> None:
        """Load once there is room. While it waits for that, others may load, until it has waited for long."""
        if self._closed:
            raise _stopping(load.model)
        backend = await self._pool.backend(load.endpoint)
        while True:
            async with self._lines[load.host]:
                while (going := self._who_goes(load)) is None and self._is_overdue(load):
                    await self._anything_new()
                if going is not None:
                    return await self._carry_out(load, going, backend)
            await self._anything_new()

    def _who_goes(self, load: ModelLoad) -> tuple[Resident, ...] | None:
        """Say who is unloaded for a load; None: it must wait. Raises OutOfMemory where waiting helps nobody."""
        outlook = self.residency.outlook(load.model, load.endpoint)
        load.makes_room = outlook.evicts
        going = self.residency.to_evict(load.model, load.endpoint)
        if not outlook.fits or (going is None and not outlook.evicts_busy):
            raise self._too_large(load.model, outlook.needed_bytes, outlook.capacity_bytes)
        spared = self._clock() - load.spares_seconds
        if load.spares_seconds and (going is None or any(resident.last_used > spared for resident in going)):
            raise self._too_large(load.model, outlook.needed_bytes, outlook.free_bytes)
        if going is not None and any(self._place_of(resident) in self._leaving for resident in going):
            return None  # somebody else unloads it already
        if going is None:
            load.no_room_since = load.no_room_since if load.no_room_since is not None else self._clock()
        else:
            load.no_room_since = None
        return going

    async def _carry_out(self, load: ModelLoad, going: Sequence[Resident], backend: ModelBackend) -> None:
        """Unload who goes, then load; what comes of it, the residency is told."""
        model_id, there = load.model.model_id, False
        if not backend.can_load:
            return await self._make_room(load, going)
        self.residency.loading(model_id, load.endpoint, load.usual_seconds)
        try:
            await self._make_room(load, going)
            await self._read(load, backend)
            there = True
        finally:
            if not there:
                self.residency.unloaded(model_id, load.endpoint)
            self.look_at(load.endpoint)
        seconds = self._clock() - load.began_at if load.progress and load.began_at is not None else None
        load.measured_seconds = seconds
        return self._note_loaded(load.model, load.endpoint, seconds)

    async def _make_room(self, load: ModelLoad, going: Sequence[Resident]) -> None:
        places = [self._place_of(resident) for resident in going]
        self._leaving.update(places)
        try:
            for resident in going:
                await self._take_out(resident.model_id, resident.endpoint)
        except BackendError as error:
            sentence = f"No room could be made for {load.model.display_name}: {error}"
            raise OutOfMemory(sentence, backend=load.model.backend, model=load.model.model_id) from error
        finally:
            self._leaving.difference_update(places)
            self._tell()

    async def _read(self, load: ModelLoad, backend: ModelBackend) -> None:
        """Have the server load, for as long as it gets any further."""
        load.began_at = self._clock()
        try:
            async with asyncio.timeout(self._load_limit_seconds) as limit, aclosing(backend.load(load.model)) as steps:
                async for progress in steps:
                    if load.take(progress, self._clock()):
                        limit.reschedule(asyncio.get_running_loop().time() + self._load_limit_seconds)
        except TimeoutError as error:
            sentence = f"{load.model.display_name} was not loaded in time."
            raise BackendTimeout(sentence, backend=load.model.backend, model=load.model.model_id) from error

    def _note_loaded(self, model: ModelMetadata, endpoint: Endpoint, seconds: float | None) -> None:
        self.residency.loaded(model.model_id, endpoint, seconds, None)
        if seconds and self.remember:
            size = next(
                (each.bytes for each in self.residency.residents(endpoint) if each.model_id == model.model_id), None
            )
            self.remember(model.model_id, endpoint.address, seconds, size)

    def _claim_line(self, load: ModelLoad) -> None:
        """Have loads that nobody waits for give way to this one of the same host."""
        for other in self._loads.values():
            if other.host == load.host and other is not load and not other.wanted_by:
                other.task.cancel()

    def _give_way(self, load: ModelLoad) -> None:
        """Let a load that nobody waits for any more go on only while it is in nobody's way."""
        wanted = any(other.host == load.host and other.wanted_by for other in self._loads.values())
        if load.no_room_since is not None or wanted:
            load.task.cancel()

    def _fits_beside(
        self, model: ModelMetadata, endpoint: Endpoint, chosen: Sequence[tuple[ModelMetadata, Endpoint]]
    ) -> bool:
        """Whether a model can be in memory together with those that were chosen before it."""
        loads = [(other, at) for other, at in chosen if self.residency.outlook(other, at).loaded is False]
        going = [resident for other, at in loads for resident in self.residency.to_evict(other, at) or ()]
        outlook = self.residency.outlook(model, endpoint)
        if outlook.loaded is not False:
            return (endpoint, model.backend_name) not in {self._place_of(resident) for resident in going}
        if not self.residency.is_here(endpoint):
            return True
        needed = [self.residency.outlook(other, at).needed_bytes for other, at in loads if self.residency.is_here(at)]
        if outlook.evicts or outlook.free_bytes is None or not needed:
            return not outlook.evicts
        return not going and sum(size or 0 for size in (*needed, outlook.needed_bytes)) <= outlook.free_bytes

    # --- unloading ----------------------------------------------------------------------------------------------------

    async def _let_go(self, model: ModelMetadata, endpoint: Endpoint) -> bool:
        """Unload a model now (True), or when its answers have ended."""
        place = self._place(model, endpoint)
        if place in self._leaving:
            return False
        self._leaving.add(place)
        if not self._is_busy(*place):
            try:
                await self._take_out(model.model_id, endpoint)
            finally:
                self._leaving.discard(place)
                self._tell()
            return True
        departure = asyncio.create_task(self._depart(model, endpoint), name=f"unload {model.model_id}")
        self._departures.add(departure)
        departure.add_done_callback(self._departures.discard)
        return False

    async def _depart(self, model: ModelMetadata, endpoint: Endpoint) -> None:
        place = self._place(model, endpoint)
        try:
            while self._is_busy(*place):
                await self._anything_new()
            await self._take_out(model.model_id, endpoint)
        except BackendError as error:
            logger.warning("%s was not unloaded: %s", model.model_id, error, exc_info=error)
        finally:
            self._leaving.discard(place)
            self._tell()

    async def _take_out(self, model_id: str, endpoint: Endpoint) -> None:
        known = self._registry.get_model(model_id)
        if known is None:
            return  # its server is gone, and so is what it had in memory
        backend = await self._pool.backend(endpoint)
        try:
            async with asyncio.timeout(_UNLOAD_SECONDS):
                await backend.unload(self._registry.model_at(known, endpoint))
        except TimeoutError as error:
            sentence = f"{known.display_name} could not be unloaded."
            raise BackendTimeout(sentence, backend=known.backend, model=model_id) from error
        finally:
            self.look_at(endpoint)
        self.residency.unloaded(model_id, endpoint)

    def _is_busy(self, endpoint: Endpoint, name: str) -> bool:
        if (endpoint, name) in self._loads:
            return True
        return any(
            resident.busy for resident in self.residency.residents(endpoint) if self._place_of(resident)[1] == name
        )

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
        model = self._registry.model_at(model, endpoint)
        await self._must_load_on_request(model, endpoint)
        return model, endpoint

    async def _must_load_on_request(self, model: ModelMetadata, endpoint: Endpoint) -> None:
        if not (await self._pool.backend(endpoint)).can_load:
            raise NoModelAvailable(
                f"{model.display_name} is loaded and unloaded by its server alone ({endpoint.backend}), when it is "
                "asked something."
            )

    def _too_large(self, model: ModelMetadata, needed: int | None, there: int | None) -> OutOfMemory:
        sizes = f": it needs {_gigabytes(needed)}, and {_gigabytes(there)} are there for models" if needed else ""
        sentence = f"{model.display_name} does not fit into memory{sizes}."
        return OutOfMemory(sentence, backend=model.backend, model=model.model_id)

    def _place(self, model: ModelMetadata, endpoint: Endpoint) -> Place:
        return endpoint, self._registry.name_at(model.model_id, endpoint)

    def _place_of(self, resident: Resident) -> Place:
        return resident.endpoint, self._registry.name_at(resident.model_id, resident.endpoint)

    def _host(self, endpoint: Endpoint) -> str:
        return "" if self.residency.is_here(endpoint) else urlsplit(endpoint.url).hostname or endpoint.url


def _gigabytes(size: int | None) -> str:
    return "an unknown amount" if size is None else f"{size / 1e9:.1f} GB"


def _stopping(model: ModelMetadata) -> BackendUnreachable:
    sentence = f"{model.display_name} is not loaded any more: Switchboard is stopping."
    return BackendUnreachable(sentence, backend=model.backend, model=model.model_id)
