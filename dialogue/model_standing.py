"""How every model stands: in memory, in use, being loaded, on disk, to be fetched; and what memory is left."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dialogue.figures import memory
from dialogue.load_words import standing_of

if TYPE_CHECKING:
    from routing.execution_engine import ExecutionEngine
    from routing.model_load import LoadStep
    from routing.types import Endpoint, ModelMetadata


class Place(StrEnum):
    """Where a model is; the value is the word for it."""

    LOADING = "loading"
    IN_USE = "in use"
    IN_MEMORY = "in memory"
    ON_DISK = "on disk"
    READY = "ready"
    TO_FETCH = "not downloaded"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Standing:
    """One model. READY: it can be used, and nobody knows whether it is in memory.

    `memory_bytes` is what it takes, or would take, of memory; None where nobody knows. `hosts` are those that have it
    in memory, where there are several that could. `why_not` says why it cannot be used; empty when it can.
    `can_load` and `can_unload`: there is a server that does it when it is asked to.
    """

    model: ModelMetadata
    place: Place
    why_not: str = ""
    memory_bytes: int | None = None
    hosts: tuple[str, ...] = ()
    step: LoadStep | None = None
    can_load: bool = False
    can_unload: bool = False

    @property
    def words(self) -> str:
        """Where it is, in a few words: "in memory at studio:11434", "loading, about 9 s"."""
        if self.step:
            return standing_of(self.step)
        return f"{self.place} at {' and '.join(self.hosts)}" if self.hosts else str(self.place)

    @property
    def is_in_memory(self) -> bool:
        """Whether a server has it in memory now."""
        return self.place in {Place.IN_USE, Place.IN_MEMORY}


def memory_left(engine: ExecutionEngine) -> str:
    """Say what is free for models on this machine; empty where nobody knows."""
    free_bytes = engine.keeper.residency.free_bytes
    return "" if free_bytes is None else f"Memory left for models on this machine: {memory(free_bytes)}."


async def standings(engine: ExecutionEngine) -> list[Standing]:
    """Say how every model stands, in the order of the catalog."""
    under_way = engine.keeper.under_way()
    return [await _standing(engine, model, under_way.get(model.model_id)) for model in engine.registry.get_all_models()]


async def _standing(engine: ExecutionEngine, model: ModelMetadata, step: LoadStep | None) -> Standing:
    registry = engine.registry
    status, offers = registry.status(model.model_id), registry.offers_of(model.model_id)
    up = [endpoint for endpoint in offers if not registry.is_down(endpoint)]
    having = [endpoint for endpoint in up if engine.keeper.is_in_memory(model.model_id, endpoint)]
    able = [endpoint for endpoint in up if (await engine.pool.backend(endpoint)).can_load]
    if step:
        place = Place.LOADING
    elif having:
        place = Place.IN_USE if _is_busy(engine, model, having) else Place.IN_MEMORY
    elif status.available:
        place = Place.READY if status.loaded is None else Place.ON_DISK
    else:
        place = Place.TO_FETCH if up and not any(offers[endpoint].downloaded for endpoint in up) else Place.AWAY
    return Standing(
        model,
        place,
        why_not=status.reason,
        memory_bytes=_memory_bytes(engine, model, having or up),
        hosts=tuple(map(_host, having)) if len(up) > 1 else (),
        step=step,
        can_load=bool(able) and place in {Place.ON_DISK, Place.READY, Place.TO_FETCH},
        can_unload=any(endpoint in able for endpoint in having),
    )


def _is_busy(engine: ExecutionEngine, model: ModelMetadata, endpoints: list[Endpoint]) -> bool:
    names = {(endpoint, engine.registry.name_at(model.model_id, endpoint)) for endpoint in endpoints}
    return any(
        resident.busy
        for resident in engine.keeper.residency.residents()
        if (resident.endpoint, engine.registry.name_at(resident.model_id, resident.endpoint)) in names
    )


def _memory_bytes(engine: ExecutionEngine, model: ModelMetadata, endpoints: list[Endpoint]) -> int | None:
    sizes = (engine.keeper.residency.outlook(model, endpoint).needed_bytes for endpoint in endpoints)
    return next((size for size in sizes if size), None)


def _host(endpoint: Endpoint) -> str:
    """The host and port of a server, without a password; a backend of this process has none."""
    return urlsplit(endpoint.address).netloc or "this machine"
