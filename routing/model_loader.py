"""ModelLoader: runs loads, one at a time on each host, each after room was made for it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from contextlib import aclosing
from itertools import takewhile
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from routing.errors import BackendError, BackendTimeout, BackendUnreachable, OutOfMemory
from routing.model_load import ModelLoad
from routing.news import News
from routing.wait_estimates import spoken

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from routing.model_backends import ModelAdapterPool, ModelBackend
    from routing.model_registry import ModelRegistry
    from routing.model_residency import ModelResidency, Resident
    from routing.types import Endpoint, ModelMetadata

    Place = tuple[Endpoint, str]  # an endpoint, and the name of a model there

logger = logging.getLogger(__name__)

# A load that has waited so long for room goes first: until it has been, no new answer begins on a model in its way.
# Before that they may, for to load a model and the one before it again costs everybody more than it gains.
FAIR_SECONDS = 10.0
_UNLOAD_SECONDS = 30.0
# Of a backend that does not let go of a load, so that a stop takes no longer than it may.
_CLOSE_SECONDS = 2.0


class LoadMemory(Protocol):
    """Remembers over restarts what loads took."""

    def __call__(self, model_id: str, address: str, seconds: float, size_bytes: int | None) -> None:
        """Note one load at an endpoint's address; never waits."""


class ModelLoader:
    """The loads that are under way, `loads`, and the models on their way out, `leaving`, by endpoint and name there.

    A load that nobody waits for goes on, for who stops a question often asks the same model the next; but it gives way
    to every load of its host that somebody waits for. `load_limit_seconds` is how long a load may go on without getting
    any further.
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
        self.remember: LoadMemory | None = None
        self.look_at: Callable[[Endpoint], None] = lambda _: None
        self.loads: dict[Place, ModelLoad] = {}
        self.leaving: set[Place] = set()
        self.news = News(sleep)
        self.closed = False
        self._registry = registry
        self._residency = residency
        self._pool = pool
        self._load_limit_seconds = load_limit_seconds
        self._clock = clock
        self._lines: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # one for each host

    # --- what is asked ------------------------------------------------------------------------------------------------

    def join(self, model: ModelMetadata, endpoint: Endpoint, spares_seconds: float = 0.0) -> ModelLoad:
        """Find the load of a model that is under way, or begin one."""
        place = self.place(model.model_id, endpoint)
        load = self.loads.get(place)
        if load and not load.task.cancelling() and not load.task.done():
            load.spares_seconds = min(load.spares_seconds, spares_seconds)
            return load
        outlook = self._residency.outlook(model, endpoint)
        load = ModelLoad(model, endpoint, self.host(endpoint), outlook.load_seconds, spares_seconds)
        load.makes_room = outlook.evicts
        load.no_room_since = self._clock() if outlook.evicts_busy else None
        load.task = asyncio.create_task(self._run(load), name=f"load {model.model_id}")
        self.loads[place] = load
        load.task.add_done_callback(lambda _: self._over(place, load))
        return load

    async def wait_for(self, load: ModelLoad) -> AsyncGenerator[None]:
        """Yield now and about every second until a load is over. Raises what went wrong with it."""
        load.wanted_by += 1
        self._claim_line(load)
        try:
            while not load.task.done():
                yield
                await self.news.wait_for(load.task)
        finally:
            load.wanted_by -= 1
            if not load.wanted_by:
                self._give_way(load)
        if load.task.cancelled():
            raise _stopping(load.model)
        load.task.result()

    async def unload(self, model_id: str, endpoint: Endpoint) -> None:
        """Take a model out of memory, whoever uses it. Raises BackendError."""
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
        self._residency.unloaded(model_id, endpoint)

    def seconds(self, load: ModelLoad) -> float | None:
        """How long a load takes from now on, those that its host has before it included; None: nobody knows."""
        now = self._clock()
        own = load.seconds(now)
        if own is None or load.began_at is not None:
            return own
        earlier = set(takewhile(lambda other: other is not load, self.loads.values()))
        before = [other.seconds(now) for other in self._others(load) if other.began_at is not None or other in earlier]
        return None if None in before else spoken(own + sum(seconds or 0.0 for seconds in before))

    def is_overdue(self, load: ModelLoad) -> bool:
        """Whether a load has waited for room so long that it goes before new answers."""
        return load.no_room_since is not None and self._clock() - load.no_room_since >= FAIR_SECONDS

    def waits_for_room(self, load: ModelLoad) -> bool:
        """Whether a load waits for answers to end: for room of its own, or behind one that goes first."""
        if load.began_at is not None:
            return False
        return load.no_room_since is not None or any(self.is_overdue(other) for other in self._others(load))

    def is_in_the_way(self, model: ModelMetadata, endpoint: Endpoint) -> bool:
        """Whether a model in memory would have to go for a load that is overdue."""
        if not self._registry.is_loaded(model.model_id, endpoint):
            return False
        host = self.host(endpoint)
        overdue = (load for load in self.loads.values() if load.host == host and self.is_overdue(load))
        return any(model.display_name in load.makes_room for load in overdue)

    def note_loaded(self, model: ModelMetadata, endpoint: Endpoint, seconds: float | None) -> None:
        """Note that a model is in memory, and what its load took, if it was loaded for this."""
        self._residency.loaded(model.model_id, endpoint, seconds, None)
        if seconds and self.remember:
            there = (each for each in self._residency.residents(endpoint) if each.model_id == model.model_id)
            self.remember(model.model_id, endpoint.address, seconds, next((each.bytes for each in there), None))

    def place(self, model_id: str, endpoint: Endpoint) -> Place:
        """Name a model at an endpoint: ids of the same name there are one model in memory."""
        return endpoint, self._registry.name_at(model_id, endpoint)

    def host(self, endpoint: Endpoint) -> str:
        """Name the host of an endpoint; this one is empty."""
        return "" if self._residency.is_here(endpoint) else urlsplit(endpoint.url).hostname or endpoint.url

    async def close(self) -> None:
        """Give up every load; who waits for one is told that the program stops."""
        self.closed = True
        tasks = [load.task for load in self.loads.values()]
        for task in tasks:
            task.cancel()
        self.news.tell()
        if tasks:
            await asyncio.wait(tasks, timeout=_CLOSE_SECONDS)

    # --- one load -----------------------------------------------------------------------------------------------------

    async def _run(self, load: ModelLoad) -> None:
        """Load once there is room. While it waits for that, others may load, until it has waited for long."""
        if self.closed:
            raise _stopping(load.model)
        backend = await self._pool.backend(load.endpoint)
        while True:
            async with self._lines[load.host]:
                while (going := self._who_goes(load)) is None and self._holds_line(load):
                    await self.news.wait()
                if going is not None:
                    return await self._carry_out(load, going, backend)
            await self.news.wait()

    def _who_goes(self, load: ModelLoad) -> tuple[Resident, ...] | None:
        """Say who is unloaded for a load; None: it must wait. Raises OutOfMemory where waiting helps nobody."""
        outlook = self._residency.outlook(load.model, load.endpoint)
        load.makes_room = outlook.evicts
        going = self._residency.to_evict(load.model, load.endpoint)
        if not outlook.fits or (going is None and not outlook.evicts_busy):
            raise _too_large(load.model, outlook.needed_bytes, outlook.capacity_bytes)
        if load.spares_seconds and self._is_used_lately(going, load.spares_seconds):
            raise _too_large(load.model, outlook.needed_bytes, outlook.free_bytes)
        if going is None:
            load.no_room_since = self._clock() if load.no_room_since is None else load.no_room_since
            return None
        load.no_room_since = None
        places = {self.place(resident.model_id, resident.endpoint) for resident in going}
        return None if places & self.leaving else going  # what leaves already is waited for

    def _holds_line(self, load: ModelLoad) -> bool:
        """Whether others wait in line behind a load that waits for room: not one that is to answer, and go, before it.

        Such a one is in memory with another window than ours, or by somebody else's doing since it was asked for.
        """
        behind = {other.model.display_name for other in self._others(load)}
        return self.is_overdue(load) and behind.isdisjoint(load.makes_room)

    def _is_used_lately(self, going: Sequence[Resident] | None, seconds: float) -> bool:
        return going is None or any(resident.last_used > self._clock() - seconds for resident in going)

    async def _carry_out(self, load: ModelLoad, going: Sequence[Resident], backend: ModelBackend) -> None:
        """Unload who goes, then load; what comes of it, the residency is told.

        Where the server loads by itself, making room is all.
        """
        if not backend.can_load:
            return await self._make_room(load, going)
        self._residency.loading(load.model.model_id, load.endpoint, load.usual_seconds)
        there = False
        try:
            await self._make_room(load, going)
            await self._read(load, backend)
            there = True
        finally:
            if not there:
                self._residency.unloaded(load.model.model_id, load.endpoint)
            self.look_at(load.endpoint)
        seconds = self._clock() - load.began_at if load.progress and load.began_at is not None else None
        return self.note_loaded(load.model, load.endpoint, seconds)

    async def _make_room(self, load: ModelLoad, going: Sequence[Resident]) -> None:
        places = {self.place(resident.model_id, resident.endpoint) for resident in going}
        self.leaving |= places
        try:
            for resident in going:
                await self.unload(resident.model_id, resident.endpoint)
        except BackendError as error:
            sentence = f"No room could be made for {load.model.display_name}: {error}"
            raise OutOfMemory(sentence, backend=load.model.backend, model=load.model.model_id) from error
        finally:
            self.leaving -= places
            self.news.tell()

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

    def _over(self, place: Place, load: ModelLoad) -> None:
        if self.loads.get(place) is load:
            del self.loads[place]
        self.news.tell()
        if load.task.cancelled():
            return
        error = load.task.exception()
        if isinstance(error, BackendError):  # who waits for it is told, and writes the rest down
            logger.info("%s was not loaded: %s", load.model.model_id, error)
        elif error:
            logger.error("Loading %s went wrong", load.model.model_id, exc_info=error)

    # --- one beside the others ----------------------------------------------------------------------------------------

    def _others(self, load: ModelLoad) -> list[ModelLoad]:
        return [other for other in self.loads.values() if other.host == load.host and other is not load]

    def _claim_line(self, load: ModelLoad) -> None:
        """Have loads that nobody waits for give way to this one of the same host."""
        for other in self._others(load):
            if not other.wanted_by:
                other.task.cancel()

    def _give_way(self, load: ModelLoad) -> None:
        """Let a load that nobody waits for any more go on only while it is in nobody's way."""
        if load.no_room_since is not None or any(other.wanted_by for other in self._others(load)):
            load.task.cancel()


def _too_large(model: ModelMetadata, needed: int | None, there: int | None) -> OutOfMemory:
    sizes = f": it needs {_gigabytes(needed)}, and {_gigabytes(there)} are there for models" if needed else ""
    sentence = f"{model.display_name} does not fit into memory{sizes}."
    return OutOfMemory(sentence, backend=model.backend, model=model.model_id)


def _gigabytes(size: int | None) -> str:
    return "an unknown amount" if size is None else f"{size / 1e9:.1f} GB"


def _stopping(model: ModelMetadata) -> BackendUnreachable:
    sentence = f"{model.display_name} is not loaded any more: Switchboard is stopping."
    return BackendUnreachable(sentence, backend=model.backend, model=model.model_id)
