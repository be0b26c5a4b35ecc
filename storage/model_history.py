"""What is remembered of the models themselves: how long their loads took, and which are used at which hour."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.database import Database

# As many as say what a load takes; what is older was another disk, another version, another machine.
_LOADS_KEPT = 5
_LOADS_WAITING_AT_MOST = 100
_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class ModelLoad:
    """One load. `address` is the server's, without the name and password that may stand in it; empty: no server."""

    model_id: str
    address: str
    seconds: float
    bytes: int | None


class ModelHistory:
    """Learns from what happened, and is asked at the next start. It holds nothing about people."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def loaded(self, model_id: str, address: str, seconds: float, size_bytes: int | None) -> None:
        """Have a load written down soon; of each model at each address the last few are kept. Never waits."""
        values = (model_id, address, seconds, size_bytes, self._clock())
        pruned = (model_id, address, model_id, address, _LOADS_KEPT)
        self._database.put((_INSERT, values), (_PRUNE, pruned), limit=_LOADS_WAITING_AT_MOST)

    async def loads(self) -> list[ModelLoad]:
        """Every load that is kept, oldest first. Raises StorageError."""
        return [ModelLoad(*row) for row in await self._database.read(_LOADS)]

    async def most_used(self, hour: int, days: int = 7) -> list[str]:
        """The ids of the models that answered in this hour of the day (0-23, local time), the usual ones first.

        On how many of the last `days` one answered then goes before how often: one long evening makes no habit. Raises
        StorageError.
        """
        since = self._clock() - days * _SECONDS_PER_DAY
        return [model_id for (model_id,) in await self._database.read(_MOST_USED, (since, f"{hour:02}"))]

    async def purge(self, retention_days: float) -> None:
        """Forget loads older than that (0: keep them). Raises StorageError."""
        if retention_days:
            oldest = self._clock() - retention_days * _SECONDS_PER_DAY
            await self._database.write(("DELETE FROM model_loads WHERE loaded_at < ?", (oldest,)))


_INSERT = "INSERT INTO model_loads (model_id, address, seconds, bytes, loaded_at) VALUES (?, ?, ?, ?, ?)"
_PRUNE = """
    DELETE FROM model_loads WHERE model_id = ? AND address = ? AND id NOT IN (
        SELECT id FROM model_loads WHERE model_id = ? AND address = ? ORDER BY id DESC LIMIT ?
    )
"""
_LOADS = "SELECT model_id, address, seconds, bytes FROM model_loads ORDER BY id"
_MOST_USED = """
    SELECT answer_model FROM routing_decisions
    WHERE timestamp >= ? AND success AND strftime('%H', timestamp, 'unixepoch', 'localtime') = ?
    GROUP BY answer_model
    ORDER BY count(DISTINCT date(timestamp, 'unixepoch', 'localtime')) DESC, count(*) DESC, answer_model
"""
