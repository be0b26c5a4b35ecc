"""The answers that are being written, so that each can be stopped."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Generator

    from storage.conversations import ConversationKey


class Runs:
    """Which task writes which answer. Once `closing`, no new answer is begun."""

    def __init__(self) -> None:
        self.closing = False
        self._running: dict[str, tuple[ConversationKey, asyncio.Task[object]]] = {}

    @contextmanager
    def entered(self, request_id: str, key: ConversationKey, task: asyncio.Task[object]) -> Generator[None]:
        """Have an answer's task known while it runs; one that comes after the end is stopped at once."""
        self._running[request_id] = (key, task)
        if self.closing:
            task.cancel()
        try:
            yield
        finally:
            del self._running[request_id]

    def stop(self, key: ConversationKey, request_id: str | None = None) -> bool:
        """Stop what runs in a conversation, or only one answer of it; False when there is none."""
        found = [
            task
            for running_id, (where, task) in self._running.items()
            if where == key and request_id in (None, running_id)
        ]
        for task in found:
            task.cancel()
        return bool(found)

    def has(self, request_id: str) -> bool:
        """Whether something of this name is under way."""
        return request_id in self._running

    def is_busy(self, chat_id: int) -> bool:
        """Whether an answer is being written in a chat, in whichever of its topics."""
        return any(where.chat_id == chat_id for where, _ in self._running.values())

    def close(self) -> None:
        """Stop everything, for good."""
        self.closing = True
        for _, task in self._running.values():
            task.cancel()
