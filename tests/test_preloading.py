"""Preloading: what is usual at this hour is there before it is asked for, and memory that is short is given back."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from typing import TYPE_CHECKING

import pytest

from routing.errors import BadReply
from routing.host_memory import CRITICAL, NORMAL, WARNING
from routing.preloading import IDLE_SECONDS, SPARED_SECONDS, Preloading
from tests.answers import PATIENCE_SECONDS
from tests.fake_backend import an_offer
from tests.keeper_stage import ELSEWHERE, HERE, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence


class Host:
    """Preloading on a stage, with an hour and habits that are set by hand."""

    def __init__(self, stage: Stage, habits: dict[int, Sequence[str]]) -> None:
        self.stage = stage
        self.hour = 9
        self.asked: list[int] = []
        self._habits = habits
        self.listed = asyncio.Event()
        self.preloading = Preloading(
            stage.registry,
            stage.keeper,
            memory=lambda: stage.memory,
            ready=self._ready,
            hour=lambda: self.hour,
            clock=stage.time.clock,
            sleep=stage.time.sleep,
        )
        self.preloading.usual = self._usual

    async def _ready(self) -> None:
        await self.listed.wait()

    async def _usual(self, hour: int) -> Sequence[str]:
        self.asked.append(hour)
        return self._habits.get(hour, ())

    def under_pressure(self, pressure: str) -> None:
        """Say how short of memory the system is."""
        self.stage.memory = dataclasses.replace(self.stage.memory, pressure=pressure)

    async def look(self) -> list[str]:
        """Have it look once; what is in memory then."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            (error,) = await self.stage.time.run(self.preloading.look())
        assert error is None
        return [name for name in self.stage.models if self.stage.is_there(name)]


async def test_what_is_usual_now_is_loaded_as_far_as_it_fits() -> None:
    """In the order of habit; what is not there, or does not fit, is passed over."""
    host = Host(Stage("a", "b", "c", room_gb=25), {9: ["nobody", "b", "c", "a"]})
    assert await host.look() == ["b", "c"]
    assert host.stage.server.loads == ["b", "c"]
    assert host.stage.server.unloads == []


async def test_a_few_models_are_enough() -> None:
    """However much memory there is, and however many were ever asked at this hour."""
    host = Host(Stage(*"abcdef"), {9: "abcdef"})
    assert await host.look() == ["a", "b", "c", "d"]


async def test_loading_ahead_ends_where_memory_becomes_short() -> None:
    """The first may have been one too many."""
    host = Host(Stage("a", "b"), {9: "ab"})
    host.stage.keeper.loader.remember = lambda *_: host.under_pressure(WARNING)
    assert await host.look() == ["a"]


async def test_what_is_on_another_host_does_not_go_for_this_ones_memory() -> None:
    """It would gain nothing."""
    host = Host(Stage("a", servers=(ELSEWHERE,)), {})
    await host.stage.time.run(host.stage.answer("a"))
    await host.stage.time.pass_by(2 * IDLE_SECONDS)
    host.under_pressure(CRITICAL)
    assert await host.look() == ["a"]


async def test_it_happens_once_an_hour() -> None:
    """What somebody has unloaded meanwhile stays so; the next hour has other habits."""
    host = Host(Stage("a", "b", room_gb=25), {9: ["a"], 10: ["b"]})
    await host.look()
    await host.stage.keeper.unload("a")
    assert await host.look() == []
    host.hour = 10
    await host.stage.time.pass_by(IDLE_SECONDS)
    assert await host.look() == ["b"]
    assert host.asked == [9, 10]


async def test_it_waits_until_nobody_asks_anything() -> None:
    """A load would take from answers, and the room from those that are asked now."""
    host = Host(Stage("a", "b", room_gb=25), {10: ["b"]})
    await host.look()
    host.hour = 10
    await host.stage.time.run(host.stage.ensure("a"))
    await host.stage.time.pass_by(2 * IDLE_SECONDS)
    assert await host.look() == ["a"]
    host.stage.release("a")
    await host.stage.time.pass_by(IDLE_SECONDS - 1)
    assert await host.look() == ["a"]
    await host.stage.time.pass_by(2)
    assert await host.look() == ["a", "b"]


async def test_what_was_used_within_the_hour_stays() -> None:
    """What was used before that makes room."""
    host = Host(Stage("a", "b", room_gb=15), {10: ["b"], 11: ["b"]})
    await host.look()
    await host.stage.time.run(host.stage.answer("a"))
    host.hour = 10
    await host.stage.time.pass_by(SPARED_SECONDS - 10)
    assert await host.look() == ["a"]
    host.hour = 11
    await host.stage.time.pass_by(20)
    assert await host.look() == ["b"]


@pytest.mark.parametrize(("pressure", "there"), [(NORMAL, ["a"]), (WARNING, []), (CRITICAL, [])])
async def test_nothing_is_loaded_ahead_while_memory_is_short(pressure: str, there: list[str]) -> None:
    """The hour is not lost by it: it is done when there is memory again."""
    host = Host(Stage("a", room_gb=25), {9: ["a"]})
    host.under_pressure(pressure)
    assert await host.look() == there
    host.under_pressure(NORMAL)
    assert await host.look() == ["a"]


async def test_without_habits_nothing_is_loaded() -> None:
    """PRELOAD_MODELS=off."""
    host = Host(Stage("a"), {9: ["a"]})
    host.preloading.usual = None
    assert await host.look() == []


async def test_what_is_switched_off_or_elsewhere_is_not_loaded_ahead() -> None:
    """Nobody would ask it, or the memory is another's."""
    host = Host(Stage("a"), {9: ["a"]})
    host.stage.registry.update_availability("a", available=False)
    assert await host.look() == []
    assert await Host(Stage("a", servers=(ELSEWHERE,)), {9: ["a"]}).look() == []


async def test_a_load_that_fails_does_not_keep_the_next_one() -> None:
    """It is tried when somebody asks."""
    host = Host(Stage("a", "b"), {9: ["a", "b"]})
    host.stage.server.plays_load("a", [BadReply("It broke.", backend="ollama")])
    assert await host.look() == ["b"]


async def test_what_has_been_idle_for_long_goes_when_memory_is_critical(caplog: pytest.LogCaptureFixture) -> None:
    """One at a look, least recently used first; not what answers, nor what was used a moment ago."""
    host = Host(Stage("a", "b", "c", "d"), {})
    for name in "dcba":
        await host.stage.time.run(host.stage.ensure(name))
    for name in "abd":
        host.stage.release(name)
    host.under_pressure(CRITICAL)
    assert await host.look() == ["a", "b", "c", "d"]
    await host.stage.time.pass_by(IDLE_SECONDS)
    await host.stage.time.run(host.stage.answer("b"))
    with caplog.at_level(logging.WARNING):
        assert await host.look() == ["b", "c", "d"]
        assert await host.look() == ["b", "c"]
        assert await host.look() == ["b", "c"]
    assert [record.getMessage() for record in caplog.records] == [
        "The system is short of memory: a was unloaded",
        "The system is short of memory: d was unloaded",
    ]


async def test_one_that_cannot_be_unloaded_does_not_keep_the_next_one() -> None:
    """Nor does a server that does not unload on request."""
    host = Host(Stage("a", "b"), {})
    for name in "ab":
        await host.stage.time.run(host.stage.answer(name))
    await host.stage.time.pass_by(2 * IDLE_SECONDS)
    host.under_pressure(CRITICAL)
    host.stage.server.plays_unload("a", [BadReply("It broke.", backend="ollama")])
    assert await host.look() == ["a"]
    host.stage.server.can_load = False
    assert await host.look() == ["a"]


async def test_it_begins_when_it_is_known_what_there_is_and_goes_on() -> None:
    """Every minute, until it is closed; nothing is left behind."""
    host = Host(Stage("a"), {9: ["a"]})
    before = asyncio.all_tasks()
    host.preloading.start()
    await host.stage.time.pass_by(100)
    assert host.asked == []
    host.listed.set()
    await host.stage.time.pass_by(100)
    assert (host.asked, host.stage.is_there("a")) == ([9], True)
    host.hour = 10
    await host.stage.time.pass_by(100 + IDLE_SECONDS)
    assert host.asked == [9, 10]
    await host.preloading.close()
    await host.preloading.close()
    assert asyncio.all_tasks() == before


async def test_a_bug_is_said_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """It must not vanish with the task."""
    host = Host(Stage("a"), {})
    host.stage.server.listed = [an_offer("a", HERE)]

    async def broken(_: int) -> Sequence[str]:
        raise ZeroDivisionError

    host.preloading.usual = broken
    host.listed.set()
    host.preloading.start()
    await host.stage.time.pass_by(1)
    assert "Preloading has ended" in caplog.text
    await host.preloading.close()
