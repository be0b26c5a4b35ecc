"""Line: who waits, in the order of arrival."""

from __future__ import annotations

import asyncio
from bisect import insort
from contextlib import contextmanager
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


class Line:
    """Places in the order of their tickets. Whoever comes back with an early ticket stands before all later ones."""

    def __init__(self) -> None:
        self._places: list[Place] = []

    @property
    def is_empty(self) -> bool:
        """Whether nobody waits."""
        return not self._places

    @contextmanager
    def place(self, ticket: int) -> Generator[Place]:
        """Stand in line until the context is left, which lets the next one move up."""
        place = Place(self, ticket)
        insort(self._places, place, key=attrgetter("ticket"))
        try:
            yield place
        finally:
            self._places.remove(place)
            if self._places:
                self._places[0].moved_up.set()

    def is_first(self, place: Place) -> bool:
        """Whether nobody stands before it."""
        return self._places[0] is place


class Place:
    """One place in a line."""

    def __init__(self, line: Line, ticket: int) -> None:
        self.ticket = ticket
        self.moved_up = asyncio.Event()
        self._line = line

    async def first(self) -> None:
        """Wait until nobody stands before this place."""
        while not self._line.is_first(self):
            self.moved_up.clear()
            await self.moved_up.wait()
