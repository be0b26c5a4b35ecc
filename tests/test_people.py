"""People: who has access, kept over restarts and never pretended."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from storage.database import Database
from storage.errors import DatabaseLocked
from storage.people import People, Person, Role

pytestmark = pytest.mark.timeout(30)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "switchboard.db"


@pytest.fixture
async def database(path):
    async with await Database.open(path, busy_timeout_seconds=0.1) as opened:
        yield opened


async def test_nobody_has_access_at_first(database):
    """Closed by default."""
    people = People(database)
    assert await people.find(1) is None
    assert await people.everyone() == ()
    assert not await people.has_admin()


async def test_people_survive_a_restart(path):
    """Large ids and names of any script included; admins are named first."""
    async with await Database.open(path) as database:
        people = People(database, clock=lambda: 5.0)
        member = await people.allow(2**52, "Zoë 🦊\0")
        admin = await people.allow(2, "Ann", Role.ADMIN)
    async with await Database.open(path) as database:
        people = People(database)
        assert await people.find(2**52) == member == Person(2**52, "Zoë 🦊\0", Role.MEMBER, 5.0)
        assert await people.everyone() == (admin, member)
        assert await people.has_admin()


async def test_a_removed_person_has_no_access(path):
    """Neither at once nor after a restart."""
    async with await Database.open(path) as database:
        people = People(database)
        await people.allow(1, "Ann")
        assert await people.remove(1)
        assert not await people.remove(1)
        assert await people.find(1) is None
    async with await Database.open(path) as database:
        assert await People(database).everyone() == ()


async def test_an_admin_stays_one_when_allowed_again(database):
    """A member rises, an admin does not fall by accident, and the day they came stays."""
    now = 1.0
    people = People(database, clock=lambda: now)
    await people.allow(1, "Ann")
    now = 2.0
    assert await people.allow(1, "Anna", Role.ADMIN) == Person(1, "Anna", Role.ADMIN, 1.0)
    assert (await people.allow(1, "Anne")).role is Role.ADMIN


async def test_a_change_that_cannot_be_written_does_not_count(database, path):
    """Whoever removes somebody is told when it was not done."""
    people = People(database)
    await people.allow(1, "Ann")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseLocked):
            await people.remove(1)
        with pytest.raises(DatabaseLocked):
            await people.allow(2, "Bob")
        other.execute("ROLLBACK")
    assert await people.find(1) is not None
    assert await people.find(2) is None
