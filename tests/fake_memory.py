"""The memory of a fake model server: loads one at a time, makes room or refuses, and forgets what nobody uses."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.fake_model_server import FakeModel


class NoRoom(Exception):
    """A model does not fit beside what cannot go for it."""

    def __init__(self, needed_bytes: int, free_bytes: int) -> None:
        super().__init__(f"{needed_bytes} bytes are needed, {free_bytes} are free")
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes


class FakeMemory:
    """What of the models is in memory; `FakeModel.loaded` is the truth of it, and tests may set it at any time.

    `limit_bytes` is how much there is, None as much as anybody wants. `loads` are the names of all loads that were
    begun, in their order. A model that is in use (`used`) never leaves.
    """

    def __init__(
        self,
        models: Mapping[str, FakeModel],
        *,
        limit_bytes: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit_bytes = limit_bytes
        self.loads: list[str] = []
        self._models = models
        self._clock = clock
        self._turn = asyncio.Lock()
        self._moved = asyncio.Event()

    def loaded(self) -> list[str]:
        """The names of what is in memory now."""
        for model in self._models.values():
            if model.loaded and not model.busy and model.expires_at is not None and model.expires_at <= self._clock():
                model.loaded = False
        return [name for name, model in self._models.items() if model.loaded]

    async def bring(
        self,
        name: str,
        seconds: float,
        *,
        context_tokens: int | None = None,
        may_go: Callable[[str], bool] = lambda name: True,  # anything may
    ) -> None:
        """Load a model, if it is not there with this window. Raises NoRoom if nothing that `may_go` makes enough of it.

        Like Ollama it waits for what is in use, if that would do.
        """
        if self._is_there(name, context_tokens):
            return
        async with self._turn:
            if self._is_there(name, context_tokens):
                return
            model = self._models[name]
            await self._until_idle(name)
            model.loaded = False
            await self._make_room(name, may_go)
            self.loads.append(name)
            await asyncio.sleep(seconds)
            model.loaded, model.loaded_context_tokens, model.expires_at = True, context_tokens, None

    def drop(self, name: str) -> None:
        """Unload a model, or let it go once it is idle."""
        self._models[name].expires_at = self._clock()
        self.loaded()

    @contextmanager
    def used(self, name: str, keep_seconds: float | None = None) -> Iterator[None]:
        """Keep a model in memory meanwhile, and for so long after it; None: for good."""
        model = self._models[name]
        model.busy += 1
        model.expires_at = None
        try:
            yield
        finally:
            model.busy -= 1
            model.last_used = self._clock()
            if model.expires_at is None and keep_seconds is not None:  # else it was told to go meanwhile
                model.expires_at = self._clock() + keep_seconds
            self.loaded()
            self._moved.set()
            self._moved = asyncio.Event()

    def _is_there(self, name: str, context_tokens: int | None) -> bool:
        model = self._models[name]
        if name not in self.loaded():
            return False
        if model.loaded_context_tokens is None:
            model.loaded_context_tokens = context_tokens
        return context_tokens in {None, model.loaded_context_tokens}

    async def _until_idle(self, name: str) -> None:
        while self._models[name].busy:
            await self._moved.wait()

    async def _make_room(self, name: str, may_go: Callable[[str], bool]) -> None:
        """Let go the least recently used first."""
        needed = self._models[name].memory_bytes
        while self.limit_bytes is not None and (free := self.limit_bytes - self._taken_bytes()) < needed:
            others = sorted(filter(may_go, self.loaded()), key=lambda other: self._models[other].last_used)
            if not others or needed > self.limit_bytes:
                raise NoRoom(needed, free)
            idle = next((other for other in others if not self._models[other].busy), None)
            if idle is None:
                await self._moved.wait()
            else:
                self._models[idle].loaded = False

    def _taken_bytes(self) -> int:
        return sum(self._models[name].memory_bytes for name in self.loaded())
