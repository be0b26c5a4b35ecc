"""One row of the inbox: an update in work, and the statements that write it down as it stands now."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite3 import Row

    from storage.transaction import Statement


@dataclass(slots=True, eq=False)
class InboxRow:
    """An update that is not done. `place` is its rank among all that ever came, `ticket` that of its first writing.

    `joined` are the updates that end with it, and `follows` says that it ends with another. `kept`: it was interrupted,
    and ends in the next life of the program.
    """

    place: int
    update_id: int
    received_at: float
    body: str
    starts: int = 0
    errors: int = 0
    standing: tuple[int, ...] = ()
    partial: str = ""
    ticket: int = 0
    joined: tuple[int, ...] = ()
    follows: bool = False
    kept: bool = False

    def waiting(self) -> Statement:
        """Write it down as it stands now, with everything a next life needs."""
        return self._written("waiting", self.body, self.standing, self.partial)

    def set_aside(self) -> Statement:
        """Write down that it is not tried again; its body is kept."""
        return self._written("set aside", self.body, self.standing, self.partial)

    def ended(self) -> Statement:
        """Write down that it is done; nothing but its id is kept."""
        return self._written("ended", "", (), "")

    def _written(self, state: str, body: str, standing: tuple[int, ...], partial: str) -> Statement:
        # Each statement holds the whole row: where the disk refused an earlier one, or lost it, nothing is missing.
        return _WRITE, (
            self.place,
            self.update_id,
            self.received_at,
            state,
            body,
            self.starts,
            self.errors,
            json.dumps(standing),
            partial,
        )


def stored_row(row: Row) -> InboxRow:
    """A row as it was written down."""
    values = dict(row)
    values["standing"] = tuple(json.loads(values["standing"]))
    return InboxRow(**values)


UNFINISHED = """
    SELECT place, update_id, received_at, body, starts, errors, standing, partial
    FROM inbox WHERE state = 'waiting' ORDER BY place
"""

# The same id again can only be a new update: Telegram's ids start anew at times, and known ones are not accepted twice.
_WRITE = """
    INSERT INTO inbox (place, update_id, received_at, state, body, starts, errors, standing, partial)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (update_id) DO UPDATE SET
        place = excluded.place, received_at = excluded.received_at, state = excluded.state, body = excluded.body,
        starts = excluded.starts, errors = excluded.errors, standing = excluded.standing, partial = excluded.partial
"""
