"""The outbox: the messages of finished answers, written down with their turn, sent, then marked as sent."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from sqlite3 import Row

    from storage.database import Database
    from storage.transaction import Statement

_IDS_OF_LATE = 500
_SENT_KEPT_SECONDS = 48 * 3_600.0


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message that is to be sent, edited or deleted: part `part` of an answer to what `user_id` asked.

    `body` is the message in JSON; empty: the message `message_id` is to be deleted. Otherwise `message_id` is the
    message whose place it takes, and None where it is a new one.
    """

    answer_id: str
    part: int
    user_id: int
    chat_id: int
    thread_id: int | None
    reply_to_message_id: int | None
    is_group: bool
    body: str
    message_id: int | None = None


class Outbox:
    """Every message that is to be sent. What became of one is written behind the sending: that never waits for it.

    What is about to be sent is noted before (`note`), so that a later life looks for it where it may stand.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def load(self) -> tuple[Parcel, ...]:
        """The unsent ones, in the order in which they were written down. Raises StorageError."""
        return tuple(_parcel(row) for row in await self._database.read(_UNSENT))

    async def sent_lately(self, limit: int = _IDS_OF_LATE) -> list[tuple[int, int]]:
        """Chat and message id of what was sent last. Raises StorageError."""
        rows = await self._database.read(
            "SELECT chat_id, message_id FROM outbox WHERE state = 'sent' AND message_id IS NOT NULL "
            "ORDER BY place DESC LIMIT ?",
            (limit,),
        )
        return [(row["chat_id"], row["message_id"]) for row in rows]

    def posting(self, parcels: Sequence[Parcel]) -> list[Statement]:
        """What writes them down, to be committed together with the turn and the end of the update."""
        now = self._clock()
        return [
            (
                _POST,
                (
                    parcel.answer_id,
                    parcel.part,
                    now,
                    parcel.user_id,
                    parcel.chat_id,
                    parcel.thread_id or 0,
                    parcel.reply_to_message_id,
                    parcel.is_group,
                    parcel.body,
                    parcel.message_id,
                ),
            )
            for parcel in parcels
        ]

    async def note(self, parcel: Parcel, body: str, message_id: int | None, *, timeout_seconds: float = 0.0) -> None:
        """Change what a later life is to know of one that is not sent yet.

        With a time given, wait until it is on disk, but not for longer: a disk that refuses keeps no answer back.
        """
        ticket = self._database.put((_NOTE, (body, message_id, parcel.answer_id, parcel.part)))
        if timeout_seconds:
            await self._database.settle(ticket, timeout_seconds)

    def sent(self, parcel: Parcel, message_id: int) -> None:
        """Mark one as sent, and erase its body: it has become the message `message_id`."""
        self._database.put((_SENT, (message_id, parcel.answer_id, parcel.part)))

    def refused(self, parcel: Parcel) -> None:
        """Give one up, because its chat takes nothing any more, and erase its body."""
        self._database.put((_REFUSED, (parcel.answer_id, parcel.part)))

    async def purge(self) -> None:
        """Forget what was sent or refused more than 48 hours ago; what waits is kept. Raises StorageError."""
        oldest = self._clock() - _SENT_KEPT_SECONDS
        await self._database.write(("DELETE FROM outbox WHERE state != 'waiting' AND created_at < ?", (oldest,)))


def _parcel(row: Row) -> Parcel:
    parcel = dict(row)
    parcel["thread_id"] = parcel["thread_id"] or None
    parcel["is_group"] = bool(parcel["is_group"])
    return Parcel(**parcel)


_SENT = """
    UPDATE outbox SET state = 'sent', body = '', message_id = ?
    WHERE answer_id = ? AND part = ? AND state = 'waiting'
"""

_NOTE = "UPDATE outbox SET body = ?, message_id = ? WHERE answer_id = ? AND part = ? AND state = 'waiting'"

_REFUSED = """
    UPDATE outbox SET state = 'refused', body = '' WHERE answer_id = ? AND part = ? AND state = 'waiting'
"""

_UNSENT = """
    SELECT answer_id, part, user_id, chat_id, thread_id, reply_to_message_id, is_group, body, message_id
    FROM outbox WHERE state = 'waiting' ORDER BY place
"""

# An answer is posted once. Whoever does it again is not let send it again.
_POST = """
    INSERT OR IGNORE INTO outbox (
        answer_id, part, created_at, user_id, chat_id, thread_id, reply_to_message_id, is_group, body, message_id
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
