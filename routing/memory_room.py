"""MemoryRoom: the models in this host's memory, what is free beside them, and who must go for another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.host_memory import CRITICAL, NORMAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routing.host_memory import HostMemory
    from routing.types import Endpoint


@dataclass(frozen=True, slots=True)
class Resident:
    """One model in memory at one endpoint. `busy` counts its generations, `last_used` is by the residency's clock."""

    model_id: str
    endpoint: Endpoint
    bytes: int | None
    busy: int
    last_used: float


@dataclass(frozen=True, slots=True)
class MemoryRoom:
    """This host's memory for models, in bytes; None where nobody knows.

    `capacity_bytes` is what there would be with all others gone. `movable` are the residents that can be unloaded,
    least recently used first, and `idle` those of them that answer nobody now.
    """

    free_bytes: int | None = None
    capacity_bytes: int | None = None
    movable: tuple[Resident, ...] = ()
    idle: tuple[Resident, ...] = ()


def room_beside(
    residents: Sequence[Resident], movable: Sequence[Resident], coming_bytes: int, memory: HostMemory
) -> MemoryRoom:
    """Add up what is free: the limit holds for all models together, what is available for those to come.

    `residents` are all of this host's, and `movable` those that can be unloaded, least recently used first.
    A model that is being loaded has taken part of its memory already; all of `coming_bytes` is counted, to be safe.
    """
    used = sum(each.bytes or 0 for each in residents)
    can_go = sum(each.bytes or 0 for each in movable)
    free, capacity = [], []
    if memory.models_limit_bytes is not None:
        free.append(memory.models_limit_bytes - used - coming_bytes)
        capacity.append(memory.models_limit_bytes - used + can_go)
    if memory.available_bytes is not None and not (memory.elastic and memory.pressure == NORMAL):
        free.append(memory.available_bytes - coming_bytes)
        capacity.append(memory.available_bytes + can_go + coming_bytes)
    if free and memory.pressure == CRITICAL:
        free.append(0)
    sized = tuple(each for each in movable if each.bytes)
    return MemoryRoom(
        max(0, min(free)) if free else None,
        max(0, min(capacity)) if capacity else None,
        sized,
        tuple(each for each in sized if not each.busy),
    )


def fewest_to_free(short_bytes: int, residents: Sequence[Resident]) -> tuple[Resident, ...] | None:
    """Choose who must go, from the first on, until so much is free; None if all of them do not free it.

    Whoever need not go after all stays: a small model goes first in vain when a large one must follow it.
    """
    chosen: list[Resident] = []
    freed = 0
    for resident in residents:
        if freed >= short_bytes:
            break
        chosen.append(resident)
        freed += resident.bytes or 0
    if freed < short_bytes:
        return None
    for resident in chosen[-2::-1]:  # the last one is needed, or it would not have been chosen
        if freed - (resident.bytes or 0) >= short_bytes:
            chosen.remove(resident)
            freed -= resident.bytes or 0
    return tuple(chosen)
