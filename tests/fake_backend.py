"""A double of our own ModelBackend protocol: answers by script in this process, and remembers what became of it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from routing.errors import BackendUnreachable
from routing.execution_engine import ExecutionEngine
from routing.intelligent_router import IntelligentRouter
from routing.model_registry import ModelRegistry
from routing.types import Completion, Endpoint, Finished, LoadProgress, LoadStage, ModelOffer, Token, Waiting
from tests.answers import PATIENCE_SECONDS, a_model

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from routing.types import Event, ExecutionResult, GenerationRequest, ModelMetadata, Query, RoutingStrategy

ONE = Endpoint("ollama", "http://one")
TWO = Endpoint("ollama", "http://two")
STUDIO = Endpoint("lmstudio", "http://studio")

HANG = object()
"""Stands in a script for a wait without end."""


@dataclass
class FakeBackend:
    """Plays, for each model, one script after another; the last one goes on for ever.

    A script is a sequence of texts, Tokens, Waitings, Completions, errors to raise, numbers (seconds to wait), Events
    to wait for and HANG. Without a Completion in it, one follows.

    With `can_load` it loads and unloads: what it lists tells what is in memory, and `loads` and `unloads` remember the
    names it was asked for, in their order. The scripts of loads and unloads may hold LoadProgress, too.
    """

    endpoint: Endpoint
    scripts: dict[str, list[Sequence[Any]]] = field(default_factory=dict)
    listed: Sequence[ModelOffer] | Exception = ()
    requests: list[GenerationRequest] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    running: int = 0
    most_running: int = 0
    listings: int = 0
    open: bool = False
    can_load: bool = False
    load_scripts: dict[str, list[Sequence[Any]]] = field(default_factory=dict)
    unload_scripts: dict[str, list[Sequence[Any]]] = field(default_factory=dict)
    loads: list[str] = field(default_factory=list)
    unloads: list[str] = field(default_factory=list)
    loading: int = 0
    most_loading: int = 0

    async def initialize(self) -> None:
        """Note that it is open."""
        self.open = True

    async def close(self) -> None:
        """Note that it is closed."""
        self.open = False

    async def offers(self) -> Sequence[ModelOffer]:
        """List what it was told to, or fail as it was told to."""
        self.listings += 1
        if isinstance(self.listed, Exception):
            raise self.listed
        return self.listed

    def plays(self, name: str, *scripts: Sequence[Any]) -> None:
        """Answer as the model of that name with these, one after the other."""
        self.scripts[name] = list(scripts)

    async def stream(
        self, model: ModelMetadata, request: GenerationRequest
    ) -> AsyncGenerator[Waiting | Token | Completion]:
        """Play the next script."""
        self.requests.append(request)
        self.asked.append(model.backend_name)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            for step in self._script(model.backend_name):
                if isinstance(step, Completion):
                    yield step
                    return
                if isinstance(step, str):
                    yield Token(step)
                elif isinstance(step, Token | Waiting):
                    yield step
                else:
                    await _pause(step)
            yield Completion(prompt_tokens=1, output_tokens=1)
        finally:
            self.running -= 1

    def plays_load(self, name: str, *scripts: Sequence[Any]) -> None:
        """Load the model of that name by these, one after the other; an error in one leaves it unloaded."""
        self.load_scripts[name] = list(scripts)

    def plays_unload(self, name: str, *scripts: Sequence[Any]) -> None:
        """Unload the model of that name by these, one after the other; an error in one leaves it loaded."""
        self.unload_scripts[name] = list(scripts)

    async def load(self, model: ModelMetadata) -> AsyncGenerator[LoadProgress]:
        """Play the next script of a load, and list the model as loaded; nothing happens if it is."""
        name = model.backend_name
        self.loads.append(name)
        if self.has_loaded(name):
            return
        self.loading += 1
        self.most_loading = max(self.most_loading, self.loading)
        try:
            for step in _next(self.load_scripts.setdefault(name, [(LoadProgress(LoadStage.LOADING),)])):
                if isinstance(step, LoadProgress):
                    yield step
                else:
                    await _pause(step)
            self._list_as(name, loaded=True)
        finally:
            self.loading -= 1

    async def unload(self, model: ModelMetadata) -> None:
        """Play the next script of an unload, and list the model as not loaded."""
        self.unloads.append(model.backend_name)
        for step in _next(self.unload_scripts.setdefault(model.backend_name, [()])):
            await _pause(step)
        self._list_as(model.backend_name, loaded=False)

    def has_loaded(self, name: str) -> bool:
        """Whether it lists the model as loaded."""
        return any(offer.backend_name == name and offer.loaded for offer in self._offered())

    def _list_as(self, name: str, *, loaded: bool) -> None:
        if self._offered():
            self.listed = [
                replace(offer, loaded=loaded) if offer.backend_name == name else offer for offer in self._offered()
            ]

    def _offered(self) -> Sequence[ModelOffer]:
        return () if isinstance(self.listed, Exception) else self.listed

    def _script(self, name: str) -> Sequence[Any]:
        return _next(self.scripts.setdefault(name, [(f"{name} at {self.endpoint.url}",)]))


def _next(scripts: list[Sequence[Any]]) -> Sequence[Any]:
    return scripts.pop(0) if len(scripts) > 1 else scripts[0]


async def _pause(step: Any) -> None:
    if isinstance(step, Exception):
        raise step
    if step is HANG:
        await asyncio.Event().wait()
    elif isinstance(step, asyncio.Event):
        await step.wait()
    else:
        await asyncio.sleep(step)


def unreachable(backend: str = "ollama") -> BackendUnreachable:
    """What a dead server is told by."""
    return BackendUnreachable("The server is not reachable.", backend=backend)


def an_offer(name: str, endpoint: Endpoint = ONE, **facts: Any) -> ModelOffer:
    """What a server says of one model."""
    return ModelOffer(endpoint, name, **facts)


def some_models(*ids: str, **changes: Any) -> list[ModelMetadata]:
    """Models that are alike, in this order of preference; each is named after its id."""
    return [a_model(model_id, model_id=model_id, display_name=model_id.title(), **changes) for model_id in ids]


@asynccontextmanager
async def an_engine(
    backends: Sequence[FakeBackend],
    models: Sequence[ModelMetadata],
    *,
    strategy: RoutingStrategy | str = "balanced",
    offered: bool = True,
    **config: Any,
) -> AsyncIterator[ExecutionEngine]:
    """An engine over these backends, in which every model of a backend's kind is offered and loaded at each."""
    urls = {kind: [b.endpoint.url for b in backends if b.endpoint.backend == kind] for kind in ("ollama", "lmstudio")}
    registry = ModelRegistry(models)
    router = IntelligentRouter(registry)
    router.set_strategy(strategy)
    settings = {"ollama_base_url": urls["ollama"], "lmstudio_base_url": urls["lmstudio"], **config}
    engine = ExecutionEngine(registry, router, settings)
    for backend in backends:
        engine.pool.put(backend)
        if offered:
            kinds = [model for model in models if model.backend == backend.endpoint.backend]
            backend.listed = [an_offer(model.backend_name, backend.endpoint, loaded=True) for model in kinds]
            registry.apply_offers(backend.endpoint, backend.listed)
    try:
        yield engine
    finally:
        await engine.cleanup()


async def events_of(engine: ExecutionEngine, query: Query | str) -> list[Event]:
    """Every event of one run."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [event async for event in engine.stream(query)]


def result_of(events: Sequence[Event]) -> ExecutionResult:
    """What a run came to."""
    last = events[-1]
    assert isinstance(last, Finished)
    return last.result
