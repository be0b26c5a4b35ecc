"""Migrations: applied once, in order, whole or not at all, and never past what this version knows."""

from __future__ import annotations

import contextlib
import sqlite3

import aiosqlite
import pytest

from storage.database import Database
from storage.errors import DatabaseNewer
from storage.migrations import MIGRATIONS, migrate

pytestmark = pytest.mark.timeout(30)

SPECIFIED = {
    "id": "INTEGER",
    "timestamp": "REAL",
    "objective": "TEXT",
    "task_type": "TEXT",
    "complexity": "INTEGER",
    "selected_model": "TEXT",
    "reasoning": "TEXT",
    "estimated_cost": "REAL",
    "actual_cost": "REAL",
    "execution_time": "REAL",
    "estimated_time": "REAL",
    "success": "BOOLEAN",
    "tokens_used": "INTEGER",
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "switchboard.db"


@pytest.fixture
async def connection(path):
    async with aiosqlite.connect(path, isolation_level=None) as opened:
        yield opened


async def names(connection):
    return [name for (name,) in await connection.execute_fetchall("SELECT name FROM migrations ORDER BY rowid")]


async def m998_add_a_table(connection):
    await connection.execute_fetchall("CREATE TABLE extra (id INTEGER)")


async def m999_fail_half_way(connection):
    await connection.execute_fetchall("CREATE TABLE half (id INTEGER)")
    await connection.execute_fetchall("INSERT INTO no_such_table VALUES (1)")


async def test_each_step_is_recorded_by_name(connection, path):
    """The record says what was done, so that order and number do not matter."""
    await migrate(connection, path)
    assert await names(connection) == [migration.__name__ for migration in MIGRATIONS]


async def test_a_second_run_changes_nothing(connection, path):
    """Every start migrates; only the first has something to do."""
    await migrate(connection, path)
    before = await connection.execute_fetchall("SELECT sql FROM sqlite_schema")
    await migrate(connection, path)
    assert await connection.execute_fetchall("SELECT sql FROM sqlite_schema") == before


async def test_a_new_step_is_laid_over_old_data(connection, path):
    """An update keeps what is there."""
    await migrate(connection, path)
    await connection.execute_fetchall("INSERT INTO preferences VALUES ('strategy', 'quality')")
    await migrate(connection, path, (*MIGRATIONS, m998_add_a_table))
    assert list(await connection.execute_fetchall("SELECT value FROM preferences")) == [("quality",)]
    assert (await names(connection))[-1] == "m998_add_a_table"


async def test_turns_of_the_first_version_are_nobodys(connection, path):
    """Who asked was not written down then; the conversation goes on."""
    await migrate(connection, path, MIGRATIONS[:1])
    await connection.execute_fetchall("INSERT INTO turns VALUES (1, 't', 5, 0, 1.0, 'old?', '', 'yes', 'a')")
    await migrate(connection, path)
    assert list(await connection.execute_fetchall("SELECT question, user_id FROM turns")) == [("old?", 0)]


async def test_a_step_that_fails_leaves_nothing_behind(connection, path):
    """The steps before it stay, and the next start can try it again."""
    with pytest.raises(sqlite3.OperationalError):
        await migrate(connection, path, (*MIGRATIONS, m998_add_a_table, m999_fail_half_way))
    tables = {name for (name,) in await connection.execute_fetchall("SELECT name FROM sqlite_schema")}
    assert "extra" in tables
    assert "half" not in tables
    assert (await names(connection))[-1] == "m998_add_a_table"
    assert not connection.in_transaction


async def test_a_newer_database_is_left_alone(path):
    """An older version does not write into what it does not understand, and says what to do."""
    await (await Database.open(path)).close()
    with contextlib.closing(sqlite3.connect(path)) as newer:
        newer.execute("INSERT INTO migrations (name) VALUES ('m999_from_the_future')")
        newer.commit()
    before = path.read_bytes()
    with pytest.raises(DatabaseNewer, match="written by a newer version of Switchboard: update Switchboard"):
        await Database.open(path)
    assert path.read_bytes() == before


async def test_decisions_have_the_specified_columns(connection, path):
    """Whoever reads the table by the specification finds its columns under its names and types."""
    await migrate(connection, path)
    columns = await connection.execute_fetchall("SELECT name, type FROM pragma_table_info('routing_decisions')")
    assert SPECIFIED.items() <= dict(columns).items()
