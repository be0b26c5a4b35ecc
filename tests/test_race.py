"""Race: the first to speak goes on alone."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from routing.endpoint_queue import EndpointQueue
from routing.errors import BadReply
from routing.race import Race
from routing.types import Loading, LoadProgress, LoadStage, Outcome, Queued, Started, Token
from tests.answers import PATIENCE_SECONDS
from tests.fake_backend import HANG
from tests.test_attempt import an_attempt

if TYPE_CHECKING:
    from routing.types import Event


async def read(race: Race) -> list[Event]:
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(race.events()) as events:
        return [event async for event in events]


async def test_the_first_to_speak_goes_on_alone() -> None:
    """Of the others only that they load is heard; the winner comes last among the runs."""
    slow, quick = an_attempt(HANG, loaded=False), an_attempt(0.02, "I ", "won.")
    race = Race([quick, slow])
    events = await read(race)
    assert "".join(event.text for event in events if isinstance(event, Token)) == "I won."
    assert any(isinstance(event, Loading) for event in events)
    assert race.runs == [slow, quick]
    assert [run.record.outcome for run in race.runs] == [Outcome.CANCELLED, Outcome.ANSWERED]


async def test_one_is_heard_waiting_at_a_time() -> None:
    """The first to wait, for as long as it runs; then another."""
    queue = EndpointQueue(1)
    before = queue.enter("another chat")
    queue._measured.append(10.0)
    asyncio.get_running_loop().call_later(1.3, queue.leave, before)
    failing = an_attempt(0.5, BadReply("no", backend="ollama"), loaded=False, load=[LoadProgress(LoadStage.LOADING)])
    race = Race([failing, an_attempt("I won.", queue=queue)])
    assert [type(event) for event in await read(race)] == [Loading, Queued, Started, Token]


async def test_the_others_are_stopped_as_soon_as_one_speaks() -> None:
    """And not only when it has said all: they hold the machine that it needs."""
    queue = EndpointQueue(1)
    race = Race([an_attempt(HANG, queue=queue), an_attempt("I ", HANG)])
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(race.events()) as events:
        await anext(events)
        assert queue.load == 0


async def test_one_that_fails_leaves_the_race_to_the_other() -> None:
    """However early."""
    failing, slow = an_attempt(BadReply("no", backend="ollama")), an_attempt(0.05, "I won.")
    race = Race([failing, slow])
    await read(race)
    assert [run.record.outcome for run in race.runs] == [Outcome.FAILED, Outcome.ANSWERED]


async def test_when_all_fail_the_race_ends_without_a_word() -> None:
    """Their records say why."""
    race = Race([an_attempt(BadReply("no", backend="ollama")) for _ in range(3)])
    assert await read(race) == []
    assert {run.record.outcome for run in race.runs} == {Outcome.FAILED}


async def test_a_winner_that_fails_later_ends_the_race() -> None:
    """The loser is gone by then."""
    winner, loser = an_attempt("I won", BadReply("and lost", backend="ollama")), an_attempt(HANG)
    race = Race([winner, loser])
    await read(race)
    assert race.runs == [loser, winner]
    assert [run.record.outcome for run in race.runs] == [Outcome.CANCELLED, Outcome.FAILED]


@pytest.mark.parametrize("other", [(HANG,), (0.05, "I won."), (BadReply("no", backend="ollama"),)])
async def test_a_bug_in_one_surfaces(other: tuple[object, ...]) -> None:
    """Whatever becomes of the other; and no task is left behind."""
    before = asyncio.all_tasks()
    with pytest.raises(ZeroDivisionError):
        await read(Race([an_attempt(ZeroDivisionError("a bug")), an_attempt(*other)]))
    assert asyncio.all_tasks() == before


async def test_a_reader_that_leaves_ends_the_race() -> None:
    """All of it."""
    before = asyncio.all_tasks()
    race = Race([an_attempt("I won", HANG), an_attempt(HANG)])
    async with aclosing(race.events()) as events:
        await anext(events)
    assert asyncio.all_tasks() == before
    assert [run.record.outcome for run in race.runs] == [Outcome.CANCELLED, Outcome.CANCELLED]
