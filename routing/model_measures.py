"""ModelMeasures: what a model takes in memory and how long its load takes, as measured, or else as may be expected."""

from __future__ import annotations

import statistics
from collections import deque
from typing import TYPE_CHECKING, TypeVar

from routing.priors import expected_ram_gb

if TYPE_CHECKING:
    from routing.model_registry import ModelRegistry
    from routing.types import Endpoint, ModelMetadata

    Place = tuple[Endpoint, str]  # an endpoint, and the name of a model there

K = TypeVar("K")
V = TypeVar("V")

# Seconds of a load that nobody has measured: a second to begin and to prepare the GPU, and the weights from the disk.
# 2.5 GB/s is judgement: the SSDs of Macs read 3 to 7 GB/s at best, and no loader keeps up with that.
_FIRST_SECOND, _BYTES_PER_SECOND = 1.0, 2.5e9
# The median of so many loads is what the next one is expected to take: one that met a busy disk does not count.
_LOADS_REMEMBERED = 5
# Measured models may come and go; the oldest are forgotten.
_MODELS_REMEMBERED = 512


class ModelMeasures:
    """Sizes in bytes by endpoint and the name there, seconds of loads by model and address."""

    def __init__(self, registry: ModelRegistry) -> None:
        self._registry = registry
        self._sizes: dict[Place, int] = {}
        self._loads: dict[tuple[str, str], deque[float]] = {}

    def learn_size(self, model_id: str, endpoint: Endpoint, size_bytes: int) -> None:
        """Remember what a model takes in memory."""
        _remember(self._sizes, (endpoint, self._registry.name_at(model_id, endpoint)), size_bytes)

    def learn_load(self, model_id: str, address: str, seconds: float) -> None:
        """Remember how long a load took at an endpoint's address; the latest comes last."""
        past = self._loads.get((model_id, address)) or deque(maxlen=_LOADS_REMEMBERED)
        past.append(seconds)
        _remember(self._loads, (model_id, address), past)

    def needed_bytes(self, model: ModelMetadata, endpoint: Endpoint) -> int | None:
        """Say what a model takes in memory there: as measured, else by its size on disk, else by the catalog."""
        place = endpoint, self._registry.name_at(model.model_id, endpoint)
        if measured := self._sizes.get(place):
            return measured
        size = self._bytes_on_disk(model, endpoint)
        gigabytes = expected_ram_gb(0.0, size_bytes=size) if size else model.ram_gb
        return int(gigabytes * 1e9) or None

    def load_seconds(self, model: ModelMetadata, endpoint: Endpoint) -> float | None:
        """Give the median of the last loads there, or what the size makes likely; None where neither is known."""
        if learned := self._loads.get((model.model_id, endpoint.address)):
            return statistics.median(learned)
        size = self._bytes_on_disk(model, endpoint) or self.needed_bytes(model, endpoint)
        return _FIRST_SECOND + size / _BYTES_PER_SECOND if size else None

    def _bytes_on_disk(self, model: ModelMetadata, endpoint: Endpoint) -> int | None:
        offer = self._registry.offers_of(model.model_id).get(endpoint)
        return offer.size_bytes if offer else None


def _remember(kept: dict[K, V], key: K, value: V) -> None:
    """Keep a value as the newest, and not more of them than there is use for."""
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > _MODELS_REMEMBERED:
        del kept[next(iter(kept))]
