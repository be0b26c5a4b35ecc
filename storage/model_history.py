"""What is remembered of the models: how long their loads took, how fast they write, and which are used when."""

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
# The same of answers: a model is read for how fast it writes now, not for how it once did.
_SPEEDS_READ, _SPEED_DAYS = 9, 30
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

    async def speeds(self) -> list[tuple[str, float]]:
        """Model id and tokens/s of each model's last answers, oldest first. Raises StorageError."""
        since = self._clock() - _SPEED_DAYS * _SECONDS_PER_DAY
        rows = await self._database.read(_SPEEDS, (since, _SPEEDS_READ))
        return [(model_id, speed) for model_id, speed in rows]

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
_SPEEDS = """
    SELECT model_id, tokens_per_second FROM (
        SELECT tried.model_id, tried.tokens_per_second, id,
               row_number() OVER (PARTITION BY tried.model_id ORDER BY id DESC) AS age
        FROM attempts AS tried JOIN routing_decisions ON id = decision_id
        WHERE timestamp >= ? AND tried.outcome = 'answered' AND tried.tokens_per_second IS NOT NULL
    ) WHERE age <= ? ORDER BY id
"""
_MOST_USED = """
    SELECT answer_model FROM routing_decisions
    WHERE timestamp >= ? AND success AND strftime('%H', timestamp, 'unixepoch', 'localtime') = ?
    GROUP BY answer_model
    ORDER BY count(DISTINCT date(timestamp, 'unixepoch', 'localtime')) DESC, count(*) DESC, answer_model
"""
