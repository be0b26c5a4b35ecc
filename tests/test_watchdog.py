"""A bot that hears nothing from Telegram gets new connections, then gives its place to a new process."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from dialogue.errors import DeafToTelegram
from handlers.watchdog import Limits, Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable

LIMITS = Limits(reviving=0.02)


class Machine:
    """A machine whose clocks go on only while the watchdog sleeps, and what was done about its silence.

    `happens` is called after each sleep, and may do to the clocks what people and lids do. It ends the watch by True.
    """

    def __init__(self, happens: Callable[[Machine], bool]) -> None:
        self.awake_seconds = 1000.0
        self.wall_seconds = 1_700_000_000.0
        self.revived_at: list[float] = []
        self.watchdog = Watchdog(
            clock=lambda: self.awake_seconds, wall_clock=lambda: self.wall_seconds, sleep=self._sleep, limits=LIMITS
        )
        self._happens = happens
        self._began = self.awake_seconds

    @property
    def elapsed(self) -> float:
        """Seconds that it was awake."""
        return self.awake_seconds - self._began

    async def _sleep(self, seconds: float) -> None:
        self.awake_seconds += seconds
        self.wall_seconds += seconds
        if self._happens(self):
            raise asyncio.CancelledError

    async def revive(self) -> None:
        """Note when new connections were made."""
        self.revived_at.append(self.elapsed)

    async def watch(self) -> None:
        """Watch until what happens ends it."""
        try:
            await self.watchdog.watch(self.revive)
        except asyncio.CancelledError:
            return


async def test_silence_means_new_connections_then_a_new_process() -> None:
    """After two minutes, and again after four; after five it is up to the service."""
    machine = Machine(lambda _: False)
    with pytest.raises(DeafToTelegram, match="not been heard for 300 s"):
        await machine.watchdog.watch(machine.revive)
    assert machine.revived_at == [120.0, 240.0]
    assert machine.elapsed == 300.0


async def test_what_is_heard_feeds_it() -> None:
    """As long as polls are answered now and then, nothing is done."""

    def happens(machine: Machine) -> bool:
        if machine.elapsed % 115 == 0:
            machine.watchdog.heard()
        return machine.elapsed > 3600

    machine = Machine(happens)
    await machine.watch()
    assert machine.revived_at == []


async def test_new_connections_that_help_are_the_end_of_it() -> None:
    """Silence counts from the last answer: the next one has its own two minutes."""

    def happens(machine: Machine) -> bool:
        if machine.revived_at and machine.elapsed <= 200:
            machine.watchdog.heard()
        return machine.elapsed == 325

    machine = Machine(happens)
    await machine.watch()
    assert machine.revived_at == [120.0, 320.0]


async def test_silence_that_telegram_asked_for_is_none() -> None:
    """A flood of polls is waited out for as long as it takes, over a sleep too: a new process would make it longer."""

    def happens(machine: Machine) -> bool:
        if machine.elapsed == 5:
            machine.watchdog.heard(900)
        machine.wall_seconds += 60 if machine.elapsed == 100 else 0
        return machine.elapsed == 1000

    machine = Machine(happens)
    await machine.watch()
    assert machine.revived_at == [100.0]


@pytest.mark.parametrize("slept_seconds", [15.0, 8 * 3600.0])
async def test_waking_up_means_new_connections_at_once(slept_seconds: float) -> None:
    """In sleep the clock of the awake stands still: that the other went on shows it."""

    def happens(machine: Machine) -> bool:
        machine.watchdog.heard()
        machine.wall_seconds += slept_seconds if machine.elapsed == 50 else 0
        return machine.elapsed == 100

    machine = Machine(happens)
    await machine.watch()
    assert machine.revived_at == [50.0]


async def test_a_sleep_that_every_clock_counts_is_no_silence() -> None:
    """Where a process was frozen for an hour, it gets new connections and five minutes, not an end."""

    def happens(machine: Machine) -> bool:
        machine.awake_seconds += 3600 if machine.elapsed == 50 else 0
        return False

    machine = Machine(happens)
    with pytest.raises(DeafToTelegram):
        await machine.watchdog.watch(machine.revive)
    assert machine.revived_at == [3650.0, 3770.0, 3890.0]
    assert machine.elapsed == 3950.0


async def test_many_short_times_awake_do_not_end_it() -> None:
    """A Mac that wakes up every few minutes for some seconds need not have a network then."""

    def happens(machine: Machine) -> bool:
        machine.wall_seconds += 600 if machine.elapsed % 60 == 0 else 0
        return machine.elapsed == 1200

    machine = Machine(happens)
    await machine.watch()
    assert machine.revived_at == [60.0 * times for times in range(1, 20)]


@pytest.mark.parametrize("seconds", [-3600.0, -20.0, -0.5, 0.5, 3.0])
async def test_a_clock_that_is_set_does_no_harm(seconds: float) -> None:
    """Set back by any amount, or forward by a little, it says nothing of a sleep."""

    def happens(machine: Machine) -> bool:
        machine.watchdog.heard()
        machine.wall_seconds += seconds
        return machine.elapsed == 1200

    machine = Machine(happens)
    await machine.watch()
    assert machine.revived_at == []


async def test_connections_that_cannot_be_closed_do_not_stop_it(caplog: pytest.LogCaptureFixture) -> None:
    """It gives up on them, and goes on counting."""
    machine = Machine(lambda _: False)

    async def hang() -> None:
        await asyncio.Event().wait()

    with caplog.at_level(logging.WARNING), pytest.raises(DeafToTelegram):
        await machine.watchdog.watch(hang)
    assert caplog.messages.count("the old connections could not be closed in time") == 2
