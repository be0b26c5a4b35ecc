"""Tries: an update is worked on until that succeeds, or has failed three times and is set aside."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from telegram import Update

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from storage.inbox import Inbox

TRIES = 3
PAUSES_SECONDS = (0.5, 2.0)


class Tries:
    """Tells the inbox what becomes of each update, and tries again at once what has failed.

    An update that is cancelled has neither ended nor failed. The errors of the lives before count.
    """

    def __init__(self, inbox: Inbox, pauses_seconds: Sequence[float] = PAUSES_SECONDS) -> None:
        self._inbox = inbox
        self._pauses_seconds = pauses_seconds
        self._closing = asyncio.Event()
        # Of each update in work: how many errors it has had until now, once the present try has met one; until then 0.
        self._errors: dict[int, int] = {}

    def close(self) -> None:
        """Begin no update and no try any more."""
        self._closing.set()

    @property
    def is_closed(self) -> bool:
        """Whether nothing is begun any more."""
        return self._closing.is_set()

    def failed(self, update: object) -> bool:
        """Note that the present try of an update met an error; whether that was the last try."""
        update_id = update.update_id if isinstance(update, Update) else None
        if update_id is None or update_id not in self._errors:
            return True
        if self._errors[update_id]:
            return False  # the second error of the same try
        errors = self._errors[update_id] = self._inbox.failed(update_id)
        if errors >= TRIES:
            self._inbox.set_aside(update_id)
        return errors >= TRIES or errors == 0  # 0: its answer is written down already, and only what came after failed

    async def work(
        self, update: Update, first: Callable[[], Awaitable[Any]], again: Callable[[Update], Awaitable[Any]]
    ) -> None:
        """Do what an update asks for, by `first` and, where that fails, by `again`."""
        if self.is_closed:
            return
        self._inbox.begin(update.update_id)
        try:
            if await self._succeeds(update, first, again):
                self._inbox.end(update.update_id)
        finally:
            del self._errors[update.update_id]

    async def _succeeds(
        self, update: Update, first: Callable[[], Awaitable[Any]], again: Callable[[Update], Awaitable[Any]]
    ) -> bool:
        self._errors[update.update_id] = 0
        await first()
        while 0 < (errors := self._errors[update.update_id]) < TRIES:
            await self._pause(self._pauses_seconds[min(errors, len(self._pauses_seconds)) - 1])
            if self.is_closed:
                return False
            self._errors[update.update_id] = 0
            await again(update)
        return errors == 0

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()
