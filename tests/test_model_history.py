"""ModelHistory: what loads took, and what is used at which hour."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from routing.types import Attempt, Completion, Endpoint, ExecutionResult, Outcome, Query
from storage.analytics import Analytics
from storage.conversations import ConversationKey
from storage.database import Database
from storage.model_history import ModelHistory, ModelLoad

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(60)

HERE = "http://localhost:11434"


class Clock:
    """A time of day that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.at(day=15, hour=12)

    def at(self, *, day: int, hour: int, minute: int = 0) -> None:
        """Make it a local time of January 2026."""
        self.now = time.mktime((2026, 1, day, hour, minute, 0, 0, 0, -1))

    def __call__(self) -> float:
        """Read it."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with await Database.open(tmp_path / "test.db") as opened:
        yield opened


@pytest.fixture
def history(database: Database, clock: Clock) -> ModelHistory:
    return ModelHistory(database, clock=clock)


async def answered(database: Database, clock: Clock, model_id: str, *, success: bool = True) -> None:
    result = ExecutionResult(success=success, response="Hi", model_id=model_id, execution_time=1.0)
    Analytics(database, clock=clock).record("r", Query("Hi"), result, user_id=1, key=ConversationKey(1))
    await database.flush()


async def timed(
    database: Database, clock: Clock, model_id: str, speed: float | None, outcome: Outcome = Outcome.ANSWERED
) -> None:
    """One answer with its decode speed."""
    completion = Completion("stop", output_tokens=100, tokens_per_second=speed)
    attempt = Attempt(model_id, Endpoint("ollama", HERE), outcome, 1.0, completion=completion)
    result = ExecutionResult(
        success=outcome is Outcome.ANSWERED,
        response="Hi",
        model_id=model_id,
        execution_time=1.0,
        attempts=(attempt,),
        completion=completion,
    )
    Analytics(database, clock=clock).record("r", Query("Hi"), result, user_id=1, key=ConversationKey(1))
    await database.flush()


async def test_the_last_few_loads_of_each_model_are_kept(database: Database, history: ModelHistory) -> None:
    """Oldest first; those of another model or another server push none out."""
    history.loaded("other", HERE, 99.0, None)
    history.loaded("model", "http://studio:1234", 98.0, 5)
    for seconds in range(8):
        history.loaded("model", HERE, float(seconds), 1000)
    await database.flush()
    assert await history.loads() == [
        ModelLoad("other", HERE, 99.0, None),
        ModelLoad("model", "http://studio:1234", 98.0, 5),
        *(ModelLoad("model", HERE, seconds, 1000) for seconds in (3.0, 4.0, 5.0, 6.0, 7.0)),
    ]


async def test_loads_outlive_the_process_but_not_their_time(tmp_path: Path, clock: Clock) -> None:
    """RETENTION_DAYS holds for them too; 0 keeps them."""
    async with await Database.open(tmp_path / "test.db") as database:
        ModelHistory(database, clock=clock).loaded("old", HERE, 1.0, None)
        clock.at(day=25, hour=12)
        ModelHistory(database, clock=clock).loaded("new", HERE, 2.0, None)
    async with await Database.open(tmp_path / "test.db") as database:
        history = ModelHistory(database, clock=clock)
        await history.purge(0)
        assert [load.model_id for load in await history.loads()] == ["old", "new"]
        await history.purge(9)
        assert [load.model_id for load in await history.loads()] == ["new"]


async def test_what_is_used_at_this_hour_comes_in_the_order_of_habit(
    database: Database, clock: Clock, history: ModelHistory
) -> None:
    """On more days goes before more often; other hours, failures and what is long ago do not count."""
    for day, hour, minute, model_id in (
        *((14, 9, minute, "one evening") for minute in range(5)),
        (12, 9, 59, "habit"),
        (13, 9, 0, "habit"),
        (14, 8, 59, "earlier"),
        (14, 10, 0, "later"),
        (1, 9, 30, "long ago"),
    ):
        clock.at(day=day, hour=hour, minute=minute)
        await answered(database, clock, model_id)
    clock.at(day=14, hour=9)
    await answered(database, clock, "failing", success=False)
    clock.at(day=15, hour=9)
    assert await history.most_used(9) == ["habit", "one evening"]
    assert await history.most_used(10) == ["later"]
    assert await history.most_used(3) == []
    assert "long ago" in await history.most_used(9, days=30)


async def test_the_speeds_of_the_last_answers_are_read(database: Database, clock: Clock, history: ModelHistory) -> None:
    """Oldest first, nine of each model; failures, and what was long ago, say nothing."""
    await timed(database, clock, "model", 1.0)
    clock.now += 40 * 86_400
    for speed in range(20, 32):
        await timed(database, clock, "model", float(speed))
    await timed(database, clock, "other", 70.0)
    await timed(database, clock, "other", 5.0, Outcome.FAILED)
    await timed(database, clock, "silent", None)
    assert await history.speeds() == [*(("model", float(speed)) for speed in range(23, 32)), ("other", 70.0)]
