"""Traffic: messages on their way to a chat, and how it is halted while somebody looks at what has arrived."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator


class Traffic:
    """Any number may pass at once, but for as long as somebody has halted it."""

    def __init__(self) -> None:
        self._passing = 0
        self._nobody_passes = asyncio.Event()
        self._open = asyncio.Event()
        self._open.set()
        self._halt = asyncio.Lock()

    @property
    def is_halted(self) -> bool:
        """Whether nobody may pass now."""
        return not self._open.is_set()

    @property
    def is_idle(self) -> bool:
        """Whether nobody passes or has halted it."""
        return not self._passing and not self._halt.locked()

    async def resumed(self) -> None:
        """Wait until it goes on."""
        await self._open.wait()

    @contextmanager
    def passing(self) -> Generator[None]:
        """Be on the way; only while it is not halted."""
        self._passing += 1
        try:
            yield
        finally:
            self._passing -= 1
            self._nobody_passes.set()

    @asynccontextmanager
    async def halted(self) -> AsyncGenerator[None]:
        """Let nobody pass while the context is open; it opens once those on the way have arrived."""
        async with self._halt:
            self._open.clear()
            try:
                while self._passing:
                    self._nobody_passes.clear()
                    await self._nobody_passes.wait()
                yield
            finally:
                self._open.set()
