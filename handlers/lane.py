"""One lane: the places of those who wait in it, first in, first out, and whose turn it is."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from telegram import Message, Update, User


class BusyPeriod(Protocol):
    """What shows that messages wait, for as long as a lane is not empty."""

    def show(self, message: Message, turn: asyncio.Future[bool]) -> Awaitable[object]:
        """Show that a message waits, until `turn` is done: in the background, by what is returned."""


class Place:
    """A place in a lane, for an update or (None) for work that comes before all updates.

    `turn` says True when its time has come, and False when it never will.
    """

    def __init__(self, update: Update | None = None) -> None:
        loop = asyncio.get_running_loop()
        self.update = update
        self.arrived_at = loop.time()
        self.turn: asyncio.Future[bool] = loop.create_future()

    @property
    def message(self) -> Message | None:
        """The new message for which it is."""
        return self.update.message if self.update else None

    @property
    def sender(self) -> User | None:
        """Who has sent what it is for."""
        return self.update.effective_user if self.update else None

    def settle(self, *, begins: bool) -> None:
        """Say whether its time has come, or never will."""
        if not self.turn.done():  # whoever waited was cancelled, and leaves in a moment
            self.turn.set_result(begins)


class Lane:
    """One is in work, the others wait. Lives from the first that enters to the last that leaves."""

    def __init__(self, period: BusyPeriod) -> None:
        self.period = period
        self._now: Place | None = None
        self._waiting: deque[Place] = deque()
        self._changed = asyncio.Event()
        self._is_closed = False

    @property
    def is_empty(self) -> bool:
        """Whether nobody is in it."""
        return self._now is None and not self._waiting

    def enter(self, place: Place) -> None:
        """Take the last place."""
        self._waiting.append(place)
        self._go_on()

    def enter_before(self, place: Place) -> None:
        """Take a place before all updates that wait, and after those who came in this way already."""
        ahead = sum(1 for waiting in self._waiting if waiting.update is None)
        self._waiting.insert(ahead, place)
        self._go_on()

    def leave(self, place: Place) -> None:
        """Give a place up, whether its turn has come or not; one that was sent away has left already."""
        if place is self._now:
            self._now = None
        elif place in self._waiting:
            self._waiting.remove(place)
        self._go_on()

    def send_away(self, place: Place) -> None:
        """Take somebody's place: what it was for is done in another way."""
        self._waiting.remove(place)
        place.settle(begins=False)

    def close(self) -> None:
        """Send everybody away who waits, and who comes."""
        self._is_closed = True
        self._go_on()

    def place_of(self, message: Message) -> Place | None:
        """The place at which this message waits, in whatever version."""
        return next((place for place in self._waiting if place.message == message), None)

    async def next_of(self, place: Place) -> Place | None:
        """Wait until the sender of one place has another one; None: the lane was closed."""
        while True:
            self._changed.clear()
            found = next((waiting for waiting in self._waiting if waiting.sender == place.sender), None)
            if found or self._is_closed:
                return found
            await self._changed.wait()

    def _go_on(self) -> None:
        while self._is_closed and self._waiting:
            self._waiting.popleft().settle(begins=False)
        if self._now is None and self._waiting:
            self._now = self._waiting.popleft()
            self._now.settle(begins=True)
        self._changed.set()
