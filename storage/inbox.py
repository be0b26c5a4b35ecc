"""The inbox: each update is written down before Telegram is told that it came, and kept until it is done."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.inbox_rows import UNFINISHED, InboxRow, stored_row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from storage.database import Database
    from storage.transaction import Statement

# Telegram offers an update for 24 hours; its ids may start anew, at random and lower, after a week without any.
_IDS_REMEMBERED_SECONDS = 48 * 3_600.0
_SET_ASIDE_KEPT_SECONDS = 7 * 86_400.0
# A disk that refuses does not keep an update from being worked on: it is merely not acknowledged to Telegram.
_LONGEST_COMMIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Remains:
    """What an interrupted answer left in the chat: the messages it stands in, and its text so far."""

    message_ids: tuple[int, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """An update that is written down and not done. `body` is its JSON as Telegram sent it.

    `starts` counts how often work on it was begun, `errors` how often that ended in an error, lives before included.
    """

    update_id: int
    body: str
    starts: int = 0
    errors: int = 0
    remains: Remains = Remains()


class Inbox:
    """Every update that is not done, and the ids of all that came in the last 48 hours.

    It is held in memory and written to disk behind that: `load` and `purge` alone fail, and they and `accept` alone
    wait. What is done to an update that the inbox does not know, or that has ended, does nothing.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._rows: dict[int, InboxRow] = {}
        self._seen: dict[int, float] = {}  # when each update came, by its id
        self._last_place = 0
        # Accepted, but the call that did so was cancelled: nobody works on them until they are accepted again.
        self._owed: set[int] = set()

    async def load(self) -> tuple[Entry, ...]:
        """Read what the lives before have left: the unfinished updates in order of arrival. Raises StorageError."""
        unfinished = await self._database.read(UNFINISHED)
        oldest = self._clock() - _IDS_REMEMBERED_SECONDS
        seen = await self._database.read("SELECT update_id, received_at FROM inbox WHERE received_at > ?", (oldest,))
        ((self._last_place,),) = await self._database.read("SELECT coalesce(max(place), 0) FROM inbox")
        self._rows = {row.update_id: row for row in map(stored_row, unfinished)}
        self._seen = dict(map(tuple, seen))
        return tuple(_entry(row) for row in self._rows.values())

    async def accept(self, updates: Sequence[tuple[int, str]]) -> list[int]:
        """Write down updates (id and JSON) in one transaction; returns the ids of those that are new, in order.

        Never fails: what the disk refuses is kept in memory, and is written when the disk takes it again. Until then it
        is `unsafe`. What a cancelled call has accepted is new to the next call as well.
        """
        arrived = [row for update_id, body in updates if (row := self._arrived(update_id, body))]
        new_ids = [
            update_id for update_id in dict.fromkeys(update_id for update_id, _ in updates) if update_id in self._owed
        ]
        if arrived:
            ticket = self._database.put(*(row.waiting() for row in arrived))
            for row in arrived:
                row.ticket = ticket
        if unwritten := self._unwritten():
            await self._database.settle(max(row.ticket for row in unwritten), _LONGEST_COMMIT_SECONDS)
        self._owed.difference_update(new_ids)
        return new_ids

    def offset_after(self, last_update_id: int) -> int:
        """The offset for the next getUpdates, which acknowledges all below it: none that is `unsafe`."""
        return min((row.update_id for row in self._unwritten()), default=last_update_id + 1)

    @property
    def unsafe(self) -> bool:
        """Whether an update is neither on disk nor done, and would be lost if Telegram forgot it too."""
        return bool(self._unwritten())

    def begin(self, update_id: int) -> None:
        """Count a start."""
        if row := self._row(update_id):
            row.starts += 1
            self._write(row)

    def standing(self, update_id: int, message_ids: Sequence[int]) -> None:
        """Note in which messages of the chat its answer grows."""
        if row := self._row(update_id):
            row.standing = tuple(message_ids)
            self._write(row)

    def interrupt(self, update_id: int, message_ids: Sequence[int], text: str) -> None:
        """Keep it, with its answer so far, for the next start; whoever ends it in this life does not."""
        if row := self._row(update_id):
            row.standing, row.partial = tuple(message_ids), text or row.partial
            row.kept = True
            self._write(row)

    def remains(self, update_id: int) -> Remains:
        """What there is of its answer: of the life before, until this one has changed it."""
        row = self._rows.get(update_id)
        return _remains(row) if row else Remains()

    def join(self, first_id: int, later_ids: Sequence[int]) -> None:
        """Have later updates end, be set aside and be interrupted with a first one, and in no other way."""
        first = self._rows.get(first_id)
        later = [row for update_id in later_ids if (row := self._row(update_id))]
        if first is None:
            return self._end(later)
        for row in later:
            if first not in self._group(row):
                first.joined += (row.update_id,)
                row.follows = True
        return None

    def ending(self, update_id: int) -> list[Statement]:
        """What ends it, to be committed together with its answer; `ended` is to be called then."""
        row = self._row(update_id)
        return [each.ended() for each in self._group(row)] if row and not row.follows else []

    def ended(self, update_id: int) -> None:
        """Note that what `ending` returned is committed, or in line for it."""
        if (row := self._row(update_id)) and not row.follows:
            self._forget(self._group(row))

    def end(self, update_id: int) -> None:
        """It is done. Nothing happens where it has ended before."""
        if (row := self._row(update_id)) and not row.follows:
            self._end(self._group(row))

    def failed(self, update_id: int) -> int:
        """Count an error; how many there are now, and 0 where it had ended before."""
        row = self._row(update_id)
        if row is None:
            return 0
        row.errors += 1
        self._write(row)
        return row.errors

    def set_aside(self, update_id: int) -> None:
        """Never try it again. Its body is kept for a week, for whoever reads the log."""
        if (row := self._row(update_id)) and not row.follows:
            group = self._group(row)
            self._database.put(*(each.set_aside() for each in group))
            self._forget(group)

    async def purge(self) -> None:
        """Forget ids older than 48 hours, and what was set aside more than a week ago. Raises StorageError."""
        oldest = self._clock() - _IDS_REMEMBERED_SECONDS
        self._seen = {update_id: at for update_id, at in self._seen.items() if at > oldest}
        await self._database.write(
            ("DELETE FROM inbox WHERE state = 'ended' AND received_at <= ?", (oldest,)),
            (
                "DELETE FROM inbox WHERE state = 'set aside' AND received_at <= ?",
                (self._clock() - _SET_ASIDE_KEPT_SECONDS,),
            ),
        )

    def _arrived(self, update_id: int, body: str) -> InboxRow | None:
        """Take in an update, unless it is known."""
        now = self._clock()
        if update_id in self._rows or now - self._seen.get(update_id, float("-inf")) < _IDS_REMEMBERED_SECONDS:
            return None
        self._last_place += 1
        self._rows[update_id] = row = InboxRow(self._last_place, update_id, now, body)
        self._seen[update_id] = now
        self._owed.add(update_id)
        return row

    def _unwritten(self) -> list[InboxRow]:
        return [row for row in self._rows.values() if not self._database.settled(row.ticket)]

    def _row(self, update_id: int) -> InboxRow | None:
        """The row of an update that something can still happen to in this life."""
        row = self._rows.get(update_id)
        return None if row is None or row.kept else row

    def _group(self, row: InboxRow) -> list[InboxRow]:
        """It, and all that are joined to it."""
        joined = (self._rows[update_id] for update_id in row.joined if update_id in self._rows)
        return [row, *(each for first in joined for each in self._group(first))]

    def _write(self, row: InboxRow) -> None:
        self._database.put(row.waiting())

    def _end(self, rows: Sequence[InboxRow]) -> None:
        if rows:
            self._database.put(*(row.ended() for row in rows))
            self._forget(rows)

    def _forget(self, rows: Sequence[InboxRow]) -> None:
        for row in rows:
            del self._rows[row.update_id]


def _entry(row: InboxRow) -> Entry:
    return Entry(row.update_id, row.body, row.starts, row.errors, _remains(row))


def _remains(row: InboxRow) -> Remains:
    return Remains(row.standing, row.partial)
