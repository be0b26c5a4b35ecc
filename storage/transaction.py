"""One transaction on one connection: all of its statements, or none."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    import aiosqlite

Statement = tuple[str, "Sequence[object]"]
"""SQL, and the values of its parameters."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@asynccontextmanager
async def transaction(connection: aiosqlite.Connection) -> AsyncGenerator[None]:
    """Commit on leaving, roll back on an error. The write lock is taken at once, so that no later statement is busy."""
    await connection.execute_fetchall("BEGIN IMMEDIATE")
    try:
        yield
        await connection.execute_fetchall("COMMIT")
    finally:
        # SQLite ends the transaction itself after some errors, a full disk among them.
        if connection.in_transaction:
            await connection.execute_fetchall("ROLLBACK")


async def execute(connection: aiosqlite.Connection, statement: Statement) -> None:
    """Run one statement whose rows nobody wants: one trip to the connection's thread, no cursor left open."""
    sql, values = statement
    await connection.execute_fetchall(sql, [_storable(value) for value in values])


def _storable(value: object) -> object:
    # SQLite holds UTF-8, which has no lone surrogates; all else, NUL included, comes back as it was.
    return _LONE_SURROGATE.sub("\ufffd", value) if isinstance(value, str) and not value.isascii() else value
