"""Residents: the models in memory, who runs their requests, and how much room is left beside them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from routing.host_memory import HostMemoryReader
from routing.model_backends.mlx_engine import memory
from routing.model_backends.mlx_engine.loading import unload
from routing.model_backends.mlx_engine.runner import ModelRunner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routing.model_backends.mlx_engine.loading import LoadedModel
    from routing.model_backends.mlx_engine.prefixes import PrefixCache
    from routing.model_backends.mlx_protocol import Configure


@dataclass(frozen=True, slots=True)
class Resident:
    """A model in memory, with the draft model that it may have."""

    loaded: LoadedModel
    draft: LoadedModel | None
    runner: ModelRunner

    @property
    def models(self) -> list[LoadedModel]:
        """The one or two of them."""
        return [self.loaded, self.draft] if self.draft else [self.loaded]

    @property
    def bytes(self) -> int:
        """What the weights take."""
        return sum(model.weight_bytes for model in self.models)


class Residents:
    """Used on the thread that owns MLX alone. `reserved_bytes` is what a load that is under way still needs."""

    def __init__(self, configure: Configure, prefixes: PrefixCache) -> None:
        self.reserved_bytes = 0
        self._memory_limit_bytes = configure.memory_limit_bytes or 0
        self._wired_limit_bytes = configure.wired_limit_bytes or 0
        self._prefixes = prefixes
        self._host = HostMemoryReader()
        self._residents: dict[str, Resident] = {}

    def __iter__(self) -> Iterator[tuple[str, Resident]]:
        return iter(list(self._residents.items()))

    def get(self, name: str) -> Resident | None:
        """Find a model by the name it was loaded by."""
        return self._residents.get(name)

    def put_in(self, loaded: LoadedModel, draft: LoadedModel | None = None) -> Resident:
        """Take in what was loaded, so that it can be asked."""
        runner = ModelRunner(loaded, self._prefixes, draft, partial(self.room_bytes, but=loaded.name))
        resident = self._residents[loaded.name] = Resident(loaded, draft, runner)
        self._wire()
        return resident

    def take_out(self, name: str) -> None:
        """Free a model's memory; requests that it has are dropped."""
        if resident := self._residents.pop(name, None):
            resident.runner.close()
            for model in resident.models:
                self._prefixes.drop_model(model.name)
                unload(model)
            self._wire()

    def room_bytes(self, but: str = "") -> int | None:
        """How much memory is free and promised to nobody, `but` that model's own requests; None: nobody knows."""
        available = self._host.read().available_bytes
        free = memory.room_bytes(available_bytes=available, limit_bytes=self._memory_limit_bytes)
        if free is None:
            return None
        promised = sum(resident.runner.promised_bytes for name, resident in self._residents.items() if name != but)
        return max(0, free - promised - self.reserved_bytes)

    def _wire(self) -> None:
        loaded_bytes = sum(resident.bytes for resident in self._residents.values())
        memory.wire(setting_bytes=self._wired_limit_bytes, loaded_bytes=loaded_bytes)
