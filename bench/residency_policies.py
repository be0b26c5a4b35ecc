"""The ways of keeping models in memory that bench.residency compares; ours is the bot's own code."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from bench.residency_models import ENDPOINT, Host, Server, host_memory, make_registry
from bench.residency_trace import DAY_SECONDS, HOUR_SECONDS, TableClassifier
from routing.intelligent_router import IntelligentRouter
from routing.model_backends import ModelAdapterFactory, ModelAdapterPool
from routing.model_keeper import ModelKeeper
from routing.model_residency import ModelResidency
from routing.preloading import Preloading
from storage.model_history import _MOST_USED

if TYPE_CHECKING:
    from routing.types import ModelMetadata


class Policy(Protocol):
    """One way: which model answers, and what is loaded and unloaded for it."""

    router: IntelligentRouter
    server: Server

    async def ensure(self, model: ModelMetadata) -> None:
        """Have a model in memory, and in use until its release."""

    def release(self, model: ModelMetadata) -> None:
        """Note that an answer has ended."""

    def answered(self, model: ModelMetadata, at: float) -> None:
        """Note which model has answered, for the days to come."""

    async def close(self) -> None:
        """Stop whatever goes on by itself."""


class Ours:
    """The bot's: residency, ranking, keeper and preloading, with the loop's clock."""

    def __init__(self, loop: asyncio.AbstractEventLoop, host: Host) -> None:
        registry = make_registry(loop.time)
        memory = partial(host_memory, host.memory_bytes)
        residency = ModelResidency(registry, memory, clock=loop.time)
        self.router = IntelligentRouter(registry, classifier=TableClassifier(), residency=residency)  # type: ignore[arg-type]  # it reads a table
        self.server = Server(registry, host)
        pool = ModelAdapterPool(ModelAdapterFactory())
        pool.put(self.server)
        self._keeper = ModelKeeper(registry, residency, pool, clock=loop.time)
        self._usual = UsualModels()
        self._preloading = Preloading(
            registry,
            self._keeper,
            memory=memory,
            ready=partial(asyncio.sleep, 0),
            hour=lambda: int(loop.time() % DAY_SECONDS / HOUR_SECONDS),
            clock=loop.time,
        )
        self._preloading.usual = partial(self._usual.at, loop)
        self._preloading.start()

    async def ensure(self, model: ModelMetadata) -> None:
        """Have the keeper load it."""
        async with aclosing(self._keeper.ensure(model, ENDPOINT)) as steps:
            async for _ in steps:
                pass

    def release(self, model: ModelMetadata) -> None:
        """Tell the keeper."""
        self._keeper.release(model, ENDPOINT)

    def answered(self, model: ModelMetadata, at: float) -> None:
        """Remember it for the preloading."""
        self._usual.answered(model.model_id, at)

    async def close(self) -> None:
        """Close both."""
        await self._preloading.close()
        await self._keeper.close()


class UsualModels:
    """The bot's own question to its history, over a table that needs no thread: those do not know the loop's time."""

    def __init__(self) -> None:
        self._history = sqlite3.connect(":memory:")
        self._history.execute("CREATE TABLE routing_decisions (timestamp REAL, success INTEGER, answer_model TEXT)")
        self._midnight = time.mktime((2026, 1, 5, 0, 0, 0, 0, 0, -1))  # a day whose week has no change of time

    def answered(self, model_id: str, at: float) -> None:
        """Note an answer."""
        self._history.execute("INSERT INTO routing_decisions VALUES (?, 1, ?)", (self._midnight + at, model_id))

    async def at(self, loop: asyncio.AbstractEventLoop, hour: int, days: int = 7) -> list[str]:
        """List the models that are usual in this hour."""
        since = self._midnight + loop.time() - days * DAY_SECONDS
        return [model_id for (model_id,) in self._history.execute(_MOST_USED, (since, f"{hour:02}"))]


@dataclass(slots=True)
class _Held:
    """A model in memory under a simple policy."""

    model: ModelMetadata
    bytes: int
    loaded_at: float
    used_at: float
    busy: int = 0


class Simple:
    """Loads what is asked for, and unloads only when there is no room: first whoever is first by `order`, if idle.

    The router is the bot's own without a residency: what is in memory counts as it always did, and what a load takes
    does not. One load runs at a time, and those who ask for the same model meanwhile share it.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        host: Host,
        *,
        order: Callable[[_Held], float],
        idle_seconds: float = float("inf"),
    ) -> None:
        self._registry = make_registry(loop.time)
        self.router = IntelligentRouter(self._registry, classifier=TableClassifier())  # type: ignore[arg-type]  # it reads a table
        self.server = Server(self._registry, host)
        self._memory_bytes = host.memory_bytes
        self._sizes = ModelResidency(self._registry, partial(host_memory, host.memory_bytes), clock=loop.time)
        self._loop = loop
        self._order = order
        self._idle_seconds = idle_seconds
        self._held: dict[str, _Held] = {}
        self._line = asyncio.Lock()
        self._released = asyncio.Event()

    async def ensure(self, model: ModelMetadata) -> None:
        """Load it when its turn comes, unless it is there."""
        if model.model_id not in self._held:
            async with self._line:
                if model.model_id not in self._held:
                    await self._load(model)
        held = self._held[model.model_id]
        held.busy += 1
        held.used_at = self._loop.time()

    def release(self, model: ModelMetadata) -> None:
        """Note it, and wake a load that waits for room."""
        held = self._held[model.model_id]
        held.busy -= 1
        held.used_at = self._loop.time()
        self._released.set()
        if self._idle_seconds < float("inf"):
            self._loop.call_later(self._idle_seconds + 1, self._expire, held)

    def answered(self, model: ModelMetadata, at: float) -> None:
        """Learn nothing."""

    async def close(self) -> None:
        """Nothing goes on by itself."""

    async def _load(self, model: ModelMetadata) -> None:
        needed = self._sizes.outlook(model, ENDPOINT).needed_bytes or 0
        while sum(held.bytes for held in self._held.values()) + needed > self._memory_bytes:
            idle = [held for held in self._held.values() if not held.busy]
            if idle:
                await self._unload(min(idle, key=self._order))
            else:
                self._released.clear()
                await self._released.wait()
        async with aclosing(self.server.load(model)) as progress:
            async for _ in progress:
                pass
        now = self._loop.time()
        self._held[model.model_id] = _Held(model, needed, now, now)
        self._registry.mark_loaded(model.model_id, ENDPOINT)

    async def _unload(self, held: _Held) -> None:
        del self._held[held.model.model_id]
        await self.server.unload(held.model)
        self._registry.mark_unloaded(held.model.model_id, ENDPOINT)

    def _expire(self, held: _Held) -> None:
        """Unload a model that nobody has used for long, unless it went already."""
        is_there = self._held.get(held.model.model_id) is held
        if is_there and not held.busy and self._loop.time() - held.used_at >= self._idle_seconds:
            del self._held[held.model.model_id]
            self.server.in_memory.discard(held.model.model_id)
            self._registry.mark_unloaded(held.model.model_id, ENDPOINT)


Make = Callable[[asyncio.AbstractEventLoop, Host], Policy]

POLICIES: Mapping[str, Make] = {
    "ours": Ours,
    "least recently used": partial(Simple, order=lambda held: held.used_at),
    "never until full, oldest first": partial(Simple, order=lambda held: held.loaded_at),
    "gone after 5 idle minutes": partial(Simple, order=lambda held: held.used_at, idle_seconds=300.0),
}
