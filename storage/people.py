"""Who may talk to the bot, and who may run it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.database import Database


class Role(StrEnum):
    """What a person may do."""

    ADMIN = "admin"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with access. `user_id` is Telegram's, `added_at` in epoch seconds."""

    user_id: int
    name: str
    role: Role
    added_at: float


class People:
    """Everybody with access, held in memory. All are read at the first use; `load` does it beforehand.

    A change is on disk before it counts: whoever makes it is told with a StorageError when it could not be made.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._changing = asyncio.Lock()
        self._people: dict[int, Person] | None = None

    async def load(self) -> None:
        """Read everybody, if that has not been done yet. Raises StorageError."""
        await self._everybody()

    async def find(self, user_id: int) -> Person | None:
        """The person with this id, if they have access."""
        return (await self._everybody()).get(user_id)

    async def everyone(self) -> tuple[Person, ...]:
        """Everybody with access, admins first, then by the time they were added."""
        people = (await self._everybody()).values()
        return tuple(sorted(people, key=lambda person: (person.role is not Role.ADMIN, person.added_at)))

    async def has_admin(self) -> bool:
        """Whether anybody may run the bot."""
        return any(person.role is Role.ADMIN for person in (await self._everybody()).values())

    async def allow(self, user_id: int, name: str, role: Role = Role.MEMBER) -> Person:
        """Give somebody access, or a new name. An admin stays one: to take that back, remove them first."""
        people = await self._everybody()
        async with self._changing:
            known = people.get(user_id)
            role = Role.ADMIN if known and known.role is Role.ADMIN else role
            person = Person(user_id, name, role, known.added_at if known else self._clock())
            await self._database.write(
                ("INSERT OR REPLACE INTO people VALUES (?, ?, ?, ?)", (user_id, name, role.value, person.added_at))
            )
            people[user_id] = person
        return person

    async def remove(self, user_id: int) -> bool:
        """Take somebody's access. False: they had none."""
        people = await self._everybody()
        async with self._changing:
            if user_id not in people:
                return False
            await self._database.write(("DELETE FROM people WHERE user_id = ?", (user_id,)))
            del people[user_id]
        return True

    async def _everybody(self) -> dict[int, Person]:
        if self._people is None:
            async with self._changing:
                if self._people is None:
                    rows = await self._database.read("SELECT user_id, name, role, added_at FROM people")
                    self._people = {row[0]: Person(row[0], row[1], Role(row[2]), row[3]) for row in rows}
        return self._people
