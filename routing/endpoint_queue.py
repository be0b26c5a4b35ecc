"""EndpointQueue: limits the generations that run at an endpoint, and lets chats take turns in the line for it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple


class EndpointLoad(NamedTuple):
    """How busy an endpoint is: how many answers it works on, and how many wait for it."""

    running: int = 0
    waiting: int = 0


class Ticket:
    """A place in the line, or, once `granted`, the right to run. Give it back with `EndpointQueue.leave`."""

    def __init__(self, queue: EndpointQueue, chat_id: str) -> None:
        self.chat_id = chat_id
        self.granted = False
        self._queue = queue
        self._moved = asyncio.Event()

    @property
    def position(self) -> int:
        """1 is next in line; 0 once granted."""
        return 0 if self.granted else self._queue.position(self)

    async def moved(self) -> None:
        """Wait until the line has moved."""
        await self._moved.wait()
        self._moved.clear()

    def notify(self) -> None:
        """Wake whoever waits in `moved`."""
        self._moved.set()


class EndpointQueue:
    """At most `limit` generations at once. Waiting chats are served in turn, so that one with many does not block."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._running = 0
        self._waiting: dict[str, deque[Ticket]] = {}  # in the order in which the chats' turns come

    @property
    def load(self) -> int:
        """Generations that run or wait."""
        return sum(self.loads)

    @property
    def loads(self) -> EndpointLoad:
        """Generations that run, and those that wait."""
        return EndpointLoad(self._running, sum(map(len, self._waiting.values())))

    def enter(self, chat_id: str) -> Ticket:
        """Get in line; the ticket is granted at once when there is room."""
        ticket = Ticket(self, chat_id)
        self._waiting.setdefault(chat_id, deque()).append(ticket)
        self._grant()
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Give a ticket back, granted or not; the next in line is let in."""
        if ticket.granted:
            self._running -= 1
        else:
            line = self._waiting[ticket.chat_id]
            line.remove(ticket)
            if not line:
                del self._waiting[ticket.chat_id]
        self._grant()

    def position(self, ticket: Ticket) -> int:
        """Count who is served before a waiting ticket, and itself."""
        chats = list(self._waiting)
        turn, depth = chats.index(ticket.chat_id), self._waiting[ticket.chat_id].index(ticket)
        lengths = (len(self._waiting[chat]) for chat in chats)
        # A chat before ours in the round has one turn more until ours comes.
        before = (min(length, depth + (index < turn)) for index, length in enumerate(lengths) if index != turn)
        return sum(before) + depth + 1

    def _grant(self) -> None:
        while self._running < self._limit and self._waiting:
            chat_id = next(iter(self._waiting))
            line = self._waiting.pop(chat_id)
            ticket = line.popleft()
            if line:
                self._waiting[chat_id] = line  # behind the others
            ticket.granted = True
            self._running += 1
            ticket.notify()
        for line in self._waiting.values():
            for ticket in line:
                ticket.notify()
