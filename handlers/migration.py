"""Migration: a group that became a supergroup keeps its conversation and its choices under its new id."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from handlers.failures import in_background

if TYPE_CHECKING:
    from dialogue.services import Services

log = logging.getLogger(__name__)


class Migration:
    """Lives as long as the application. Being told of one move several times does no harm."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, old_chat_id: int, new_chat_id: int) -> None:
        """Have everything of a chat moved, soon."""
        log.info("chat %s is a supergroup now: %s", old_chat_id, new_chat_id)
        task = in_background(partial(self._move, old_chat_id, new_chat_id), "move a chat")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _move(self, old_chat_id: int, new_chat_id: int) -> None:
        await self._services.conversations.move_chat(old_chat_id, new_chat_id)
        await self._services.preferences.move_chat(old_chat_id, new_chat_id)

    async def close(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._tasks)
