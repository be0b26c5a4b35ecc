"""The five models of bench.residency, how long they take to load, and a server that plays them."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.host_memory import HostMemory
from routing.model_registry import ModelRegistry
from routing.types import Completion, Endpoint, LoadProgress, LoadStage, ModelOffer, Token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
    from pathlib import Path

    from routing.types import GenerationRequest, ModelMetadata, Waiting

ENDPOINT = Endpoint("ollama", "http://localhost:11434")

# Bytes on disk, as the library of Ollama lists them: 50 GB in memory together, by the residency's own reckoning.
SIZES: Mapping[str, float] = {
    "ollama_smallthinker": 0.3e9,
    "ollama_qwen25_7b": 4.7e9,
    "ollama_deepseek_coder": 3.8e9,
    "ollama_qwen25_14b": 9.0e9,
    "ollama_qwen25_32b": 19.9e9,
}
# A Mac of 48 GB has room for models of about so many bytes: the largest fits with the smallest. With more the largest
# fits with one other, but not with two.
MEMORY_BYTES = 30e9
MORE_MEMORY_BYTES = 36e9

# Published measurements of loads on Macs: 2 GB in 10.1 s from the disk and in 0.6 s from what the system had kept of it
# (M3 Pro, Ollama), 16 GB in 10 to 30 s (M4 Pro, MLX). That is 0.2 to 3.2 GB/s; nothing was measured here.
FIRST_SECOND = 1.0
BYTES_PER_SECOND = 1.0e9
OTHER_BYTES_PER_SECOND = (0.3e9, 3.0e9)
# Loads of one model differ: the sigma of a lognormal factor.
_SPREAD = 0.2


def load_seconds_by_size(bytes_per_second: float) -> dict[str, float]:
    """Say what each model's load takes at a speed."""
    return {model_id: FIRST_SECOND + size / bytes_per_second for model_id, size in SIZES.items()}


def measured_seconds(database: Path) -> dict[str, float]:
    """Read what loads of these models took a bot: the medians of those that it has kept."""
    with sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True) as history:
        rows = history.execute("SELECT model_id, seconds FROM model_loads").fetchall()
    taken = {name: [seconds for model_id, seconds in rows if model_id == name] for name in SIZES}
    return {name: statistics.median(seconds) for name, seconds in taken.items() if seconds}


def host_memory(limit_bytes: float) -> HostMemory:
    """Tell what the host has for models."""
    return HostMemory(total_bytes=None, available_bytes=None, models_limit_bytes=int(limit_bytes))


def make_registry(clock: Callable[[], float], *, known: bool = True) -> ModelRegistry:
    """Make a registry of the five. `known` False: nobody says what is in memory, so that loads count for nothing."""
    shipped = ModelRegistry()
    registry = ModelRegistry([model for name in SIZES if (model := shipped.get_model(name))], clock=clock)
    registry.apply_offers(ENDPOINT, offers(registry.get_all_models(), known=known))
    return registry


def offers(
    models: Sequence[ModelMetadata], *, known: bool = True, loaded: frozenset[str] = frozenset()
) -> list[ModelOffer]:
    """List the models as their server does."""
    return [
        ModelOffer(
            ENDPOINT,
            model.backend_name,
            size_bytes=int(SIZES[model.model_id]),
            loaded=model.model_id in loaded if known else None,
        )
        for model in models
    ]


@dataclass(frozen=True, slots=True)
class Host:
    """What a policy has to do with: `load_seconds` are medians by model, `seed` draws the loads."""

    memory_bytes: float
    load_seconds: Mapping[str, float]
    seed: int


class Server:
    """A server with the five models, as a ModelBackend: what takes time takes it in the loop's time.

    It takes whatever load it is told to; `loads` is what it has loaded.
    """

    can_load = True

    def __init__(self, registry: ModelRegistry, host: Host) -> None:
        self.endpoint = ENDPOINT
        self.loads: list[str] = []
        self.in_memory: set[str] = set()
        self._registry = registry
        self._seconds = host.load_seconds
        self._drawn = random.Random(host.seed)

    async def initialize(self) -> None:
        """Nothing is to be opened."""

    async def close(self) -> None:
        """Nothing is to be closed."""

    async def offers(self) -> Sequence[ModelOffer]:
        """List the models, and which are in memory."""
        return offers(self._registry.get_all_models(), loaded=frozenset(self.in_memory))

    async def load(self, model: ModelMetadata) -> AsyncGenerator[LoadProgress]:
        """Load a model."""
        if model.model_id in self.in_memory:
            return
        yield LoadProgress(LoadStage.LOADING)
        await asyncio.sleep(self._seconds[model.model_id] * self._drawn.lognormvariate(0.0, _SPREAD))
        self.in_memory.add(model.model_id)
        self.loads.append(model.model_id)

    async def unload(self, model: ModelMetadata) -> None:
        """Unload a model, which takes no time."""
        self.in_memory.discard(model.model_id)

    async def stream(
        self, model: ModelMetadata, request: GenerationRequest
    ) -> AsyncGenerator[Waiting | Token | Completion]:
        """Answer for as long as the model's speed makes it."""
        await asyncio.sleep(request.max_tokens / model.tokens_per_second)
        yield Token("word")
        yield Completion(output_tokens=request.max_tokens)
