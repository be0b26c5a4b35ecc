"""A stage for whatever loads models: servers of our own protocol on this host, its memory, and a clock that jumps."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from routing.host_memory import HostMemory
from routing.model_backends import ModelAdapterFactory, ModelAdapterPool
from routing.model_keeper import ModelKeeper
from routing.model_registry import ModelRegistry
from routing.model_residency import ModelResidency
from routing.types import Endpoint
from tests.fake_backend import FakeBackend, an_offer, some_models
from tests.virtual_time import VirtualTime

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from routing.types import Loading, LoadProgress, ModelMetadata

HERE = Endpoint("ollama", "http://localhost:11434")
STUDIO_HERE = Endpoint("lmstudio", "http://localhost:1234/v1")
ELSEWHERE = Endpoint("ollama", "http://elsewhere:11434")
GB = 1_000_000_000


@dataclass
class SlowBackend(FakeBackend):
    """Loads as FakeBackend does, and takes so many seconds of the stage's time for each model's last step."""

    can_load: bool = True
    time: VirtualTime = field(default_factory=VirtualTime)
    seconds: dict[str, float] = field(default_factory=dict)
    answering: list[str] = field(default_factory=list)

    async def load(self, model: ModelMetadata) -> AsyncGenerator[LoadProgress]:
        """Say that it begins, and take its time."""
        async with aclosing(super().load(model)) as steps:
            async for step in steps:
                yield step
                await self.time.sleep(self.seconds.get(model.backend_name, 5.0))

    async def unload(self, model: ModelMetadata) -> None:
        """See to it that nobody is answering."""
        assert model.backend_name not in self.answering
        await super().unload(model)
        assert model.backend_name not in self.answering


class Stage:
    """Models of 10 GB each, served by the first of `servers`, and `room_gb` for all models on this host."""

    def __init__(
        self,
        *names: str,
        room_gb: float = 100.0,
        servers: tuple[Endpoint, ...] = (HERE,),
        loaded: bool | None = False,
        residency: type[ModelResidency] = ModelResidency,
    ) -> None:
        self.time = VirtualTime()
        self.models = {
            name: model
            for endpoint in servers[:1]
            for name, model in zip(names, some_models(*names, backend=endpoint.backend, ram_gb=10.0), strict=True)
        }
        self.registry = ModelRegistry(self.models.values(), self.time.clock)
        self.pool = ModelAdapterPool(ModelAdapterFactory())
        self.servers = [SlowBackend(endpoint, time=self.time) for endpoint in servers]
        self.memory = HostMemory(None, None, round(room_gb * GB))
        self.residency = residency(self.registry, lambda: self.memory, self.time.clock, self._can_unload)
        self.keeper = ModelKeeper(
            self.registry, self.residency, self.pool, clock=self.time.clock, sleep=self.time.sleep
        )
        for server in self.servers:
            self.pool.put(server)
        self.server.listed = [an_offer(name, self.server.endpoint, loaded=loaded) for name in names]
        for server in self.servers:
            self.listen(server)
        self.looked_at: list[Endpoint] = []
        self.keeper.loader.look_at = self._look_at

    @property
    def server(self) -> SlowBackend:
        """The first one."""
        return self.servers[0]

    def listen(self, server: SlowBackend) -> None:
        """Take in what a server says."""
        assert not isinstance(server.listed, Exception)
        self.registry.apply_offers(server.endpoint, server.listed)

    def is_there(self, name: str) -> bool:
        """Whether a model is in memory at the first server, by its own word and by ours."""
        known = self.registry.is_loaded(name, self.server.endpoint)
        assert bool(known) == self.server.has_loaded(name)
        return bool(known)

    def learn(self, name: str, seconds: float) -> None:
        """Have a load take so long, and let it be known."""
        self.server.seconds[name] = seconds
        self.residency.teach(name, self.server.endpoint.address, seconds)

    async def ensure(self, name: str, patience_seconds: float = float("inf")) -> list[Loading]:
        """Have a model in memory and in use; what was said meanwhile."""
        steps = self.keeper.ensure(self.models[name], self.server.endpoint, patience_seconds)
        async with aclosing(steps):
            said = [step async for step in steps]
        self.server.answering.append(name)
        return said

    async def answer(self, name: str, seconds: float = 0.0, **given: Any) -> list[Loading]:
        """Have a model answer for so long."""
        said = await self.ensure(name, **given)
        try:
            await self.time.sleep(seconds)
        finally:
            self.release(name)
        return said

    def release(self, name: str) -> None:
        """End an answer."""
        self.server.answering.remove(name)
        self.keeper.release(self.models[name], self.server.endpoint)

    def _look_at(self, endpoint: Endpoint) -> None:
        self.looked_at.append(endpoint)
        self.listen(self._server(endpoint))

    def _server(self, endpoint: Endpoint) -> SlowBackend:
        return next(server for server in self.servers if server.endpoint == endpoint)

    def _can_unload(self, endpoint: Endpoint) -> bool:
        return self._server(endpoint).can_load
