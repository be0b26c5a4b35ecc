"""Carries over what can still be read of a damaged database, each table on its own."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from storage.errors import RowRefused
from storage.ownership import reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.database import Database
    from storage.transaction import Statement

    Row = tuple[object, ...]

log = logging.getLogger(__name__)

_TURNS_CARRIED = 2_000


@dataclass(frozen=True, slots=True)
class Table:
    """One that is worth carrying over: `order` is its key, from what is to be read first on."""

    name: str
    what: str
    order: str
    where: str = "TRUE"
    limit: int = -1

    @property
    def is_small(self) -> bool:
        """Whether all of it is wanted."""
        return self.limit < 0


PRECIOUS = (
    # Who is let in is not guessed: of a role that is none, nothing is taken.
    Table("people", "who may talk", "user_id", "role IN ('admin', 'member')"),
    Table("preferences", "settings made in the chat", "name"),
    Table("model_choices", "chosen models", "chat_id, thread_id"),
    Table("disabled_models", "models switched off", "model_id"),
    Table("inbox", "messages received lately", "place", "json_valid(standing)"),
    Table("outbox", "answers given lately", "place", "body = '' OR json_valid(body)"),
    Table("turns", "the newest turns of conversations", "id DESC", limit=_TURNS_CARRIED),
)
"""What a new database is begun with, and in which order. Statistics are not among it: they may be large."""


@dataclass(slots=True)
class Salvage:
    """What became of each table: how many rows were carried over, and of which something could not be read."""

    carried: dict[str, int] = field(default_factory=dict)
    incomplete: set[str] = field(default_factory=set)

    def described(self) -> str:
        """What was carried over and what was not, as the end of a sentence."""
        found = ", ".join(f"{table.what} ({self.count(table)})" for table in PRECIOUS if self.count(table))
        lost = ", ".join(table.what for table in PRECIOUS if table.name in self.incomplete)
        if not found:
            return "nothing of it, as nothing could be read" if lost else "nothing of it, as nothing was in it"
        return f"what was in it: {found}{f'; but not all could be read of: {lost}' if lost else ''}"

    def count(self, table: Table) -> int:
        """How many rows of a table were carried over."""
        return self.carried.get(table.name, 0)


async def carry_over(damaged: Path, fresh: Database) -> Salvage:
    """Copy what can be read into an empty database; what cannot is logged. Raises StorageError where that is `fresh`'s.

    A database of an older version has fewer columns, and perhaps not every table.
    """
    salvage = Salvage()
    for table in PRECIOUS:
        columns = [name for (name,) in await fresh.read("SELECT name FROM pragma_table_info(?)", (table.name,))]
        rows = await asyncio.to_thread(_rows_of, damaged, table, columns, salvage)
        salvage.carried[table.name] = await _insert(fresh, [_insertion(table, row) for row in rows])
    return salvage


def _rows_of(damaged: Path, table: Table, known: list[str], salvage: Salvage) -> list[dict[str, object]]:
    """Read from both ends, where the middle cannot be read."""
    found: dict[Row, dict[str, object]] = {}
    for order in (table.order, _reversed(table.order)):
        try:
            for row in _read(damaged, table, order):
                found.setdefault(tuple(row.values()), {name: row[name] for name in row if name in known})
        except sqlite3.Error as error:
            if table.name not in salvage.incomplete:
                log.warning("of the table %s not all could be read: %s", table.name, error)
            salvage.incomplete.add(table.name)
        else:
            break
    return list(found.values())


def _read(damaged: Path, table: Table, order: str) -> Iterator[dict[str, object]]:
    with closing(reading(damaged)) as connection:
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        exists = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table.name,)).fetchall()
        if not exists:  # an older version made it
            return
        cursor = connection.execute(
            f"SELECT * FROM {table.name} WHERE {table.where} ORDER BY {order} LIMIT {table.limit}"  # noqa: S608 - ours
        )
        names = [column[0] for column in cursor.description]
        for row in cursor:
            yield dict(zip(names, row, strict=True))


def _reversed(order: str) -> str:
    if order.endswith(" DESC"):
        return order.removesuffix(" DESC")
    return ", ".join(f"{name} DESC" for name in order.split(", "))


def _insertion(table: Table, row: dict[str, object]) -> Statement:
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    return f"INSERT OR IGNORE INTO {table.name} ({columns}) VALUES ({marks})", tuple(row.values())  # noqa: S608 - ours


async def _insert(fresh: Database, statements: list[Statement]) -> int:
    """Insert all at once; where one is refused, each by itself. How many were taken."""
    try:
        await fresh.write(*statements)
    except RowRefused:
        return sum([await _is_taken(fresh, statement) for statement in statements])
    return len(statements)


async def _is_taken(fresh: Database, statement: Statement) -> bool:
    try:
        await fresh.write(statement)
    except RowRefused:
        return False
    return True
