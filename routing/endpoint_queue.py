"""EndpointQueue: limits the generations that run at an endpoint, and lets chats take turns in the line for it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from routing.wait_estimates import queued_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

# What the last answers took says what the next ones will; older ones were asked of other models, perhaps.
_ANSWERS_MEASURED = 20
# What an answer is taken to need before any has been measured: some 300 tokens of a model of 14B.
_UNKNOWN_SECONDS = 10.0


class EndpointLoad(NamedTuple):
    """How busy an endpoint is: how many answers it works on, and how many wait for it."""

    running: int = 0
    waiting: int = 0


class Ticket:
    """A place in the line, or, once `granted`, the right to run. Give it back with `EndpointQueue.leave`.

    `runs_since` is when it began to run, by the queue's clock; None while it waits, here or in the server's own line.
    """

    def __init__(self, queue: EndpointQueue, chat_id: str) -> None:
        self.chat_id = chat_id
        self.granted = False
        self.runs_since: float | None = None
        self._queue = queue
        self._moved = asyncio.Event()

    @property
    def position(self) -> int:
        """1 is next in line; 0 once granted."""
        return 0 if self.granted else self._queue.position(self)

    @property
    def seconds(self) -> float | None:
        """How long the wait in this line is expected to take; None: nobody knows."""
        return self._queue.wait_seconds(self.position)

    def waits_inside(self, position: int) -> float | None:
        """Note that the server has a line of its own, and this its place in it; how long that is expected to take."""
        self.runs_since = None
        return self._queue.inside_seconds(position)

    def loaded(self) -> None:
        """Note that the model is in memory only now: what was waited for until here is not the answer's own time."""
        self._queue.begin(self)

    def begins(self) -> None:
        """Note the first token: whatever waited inside waits no more."""
        if self.runs_since is None:
            self._queue.begin(self)

    async def moved(self) -> None:
        """Wait until the line has moved."""
        await self._moved.wait()
        self._moved.clear()

    def notify(self) -> None:
        """Wake whoever waits in `moved`."""
        self._moved.set()


class EndpointQueue:
    """At most `limit` generations at once. Waiting chats are served in turn, so that one with many does not block."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._granted: list[Ticket] = []
        self._waiting: dict[str, deque[Ticket]] = {}  # in the order in which the chats' turns come
        self._measured: deque[float] = deque(maxlen=_ANSWERS_MEASURED)

    @property
    def load(self) -> int:
        """Generations that run or wait."""
        return sum(self.loads)

    @property
    def loads(self) -> EndpointLoad:
        """Generations that run, and those that wait."""
        return EndpointLoad(len(self._granted), sum(map(len, self._waiting.values())))

    @property
    def newcomer_seconds(self) -> float:
        """How long somebody who came now would wait, were all chats' turns as they are; 0 where there is room."""
        running, waiting = self.loads
        if running < self._limit:
            return 0.0
        seconds = self.wait_seconds(waiting + 1)
        return _UNKNOWN_SECONDS * (waiting + 1) / self._limit if seconds is None else seconds

    def enter(self, chat_id: str) -> Ticket:
        """Get in line; the ticket is granted at once when there is room."""
        ticket = Ticket(self, chat_id)
        self._waiting.setdefault(chat_id, deque()).append(ticket)
        self._grant()
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Give a ticket back, granted or not; the next in line is let in."""
        if ticket.granted:
            self._granted.remove(ticket)
            if ticket.runs_since is not None:
                self._measured.append(self._clock() - ticket.runs_since)
        else:
            line = self._waiting[ticket.chat_id]
            line.remove(ticket)
            if not line:
                del self._waiting[ticket.chat_id]
        self._grant()

    def begin(self, ticket: Ticket) -> None:
        """Count from now on how long a ticket's answer takes."""
        ticket.runs_since = self._clock()

    def wait_seconds(self, position: int) -> float | None:
        """How long a place in this line is expected to wait; None: nobody knows."""
        now = self._clock()
        held = [now - (now if ticket.runs_since is None else ticket.runs_since) for ticket in self._granted]
        return queued_seconds(position, held, self._limit, self._measured) if position else None

    def inside_seconds(self, position: int) -> float | None:
        """How long a place in the server's own line is expected to wait: it works on as many as run now."""
        now = self._clock()
        running = [now - ticket.runs_since for ticket in self._granted if ticket.runs_since is not None]
        return queued_seconds(position, running, len(running), self._measured) if running else None

    def position(self, ticket: Ticket) -> int:
        """Count who is served before a waiting ticket, and itself."""
        chats = list(self._waiting)
        turn, depth = chats.index(ticket.chat_id), self._waiting[ticket.chat_id].index(ticket)
        lengths = (len(self._waiting[chat]) for chat in chats)
        # A chat before ours in the round has one turn more until ours comes.
        before = (min(length, depth + (index < turn)) for index, length in enumerate(lengths) if index != turn)
        return sum(before) + depth + 1

    def _grant(self) -> None:
        while len(self._granted) < self._limit and self._waiting:
            chat_id = next(iter(self._waiting))
            line = self._waiting.pop(chat_id)
            ticket = line.popleft()
            if line:
                self._waiting[chat_id] = line  # behind the others
            ticket.granted = True
            self._granted.append(ticket)
            self.begin(ticket)
            ticket.notify()
        for line in self._waiting.values():
            for ticket in line:
                ticket.notify()
