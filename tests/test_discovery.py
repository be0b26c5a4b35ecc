"""Discovery: what servers offer reaches the registry, whatever they do."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from routing import discovery
from routing.discovery import ANSWER_SECONDS, DOWN_SECONDS, Discovery
from routing.errors import BadReply
from routing.execution_engine import ExecutionEngine
from routing.intelligent_router import IntelligentRouter
from routing.model_backends import ModelAdapterFactory, ModelAdapterPool
from routing.model_registry import ModelRegistry
from routing.types import Endpoint
from tests.answers import PATIENCE_SECONDS, a_model
from tests.fake_backend import ONE, TWO, FakeBackend, an_offer, some_models, unreachable
from tests.fake_model_server import FakeModel, Script
from tests.fake_ollama import FakeOllama

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from routing.types import ModelOffer


class SlowBackend(FakeBackend):
    """Lists its models once it may."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.may_answer = asyncio.Event()

    async def offers(self) -> list[ModelOffer]:
        """Wait, then list."""
        offers = list(await super().offers())
        await self.may_answer.wait()
        return offers


class Time:
    """A time of day that passes as fast as it is slept through; with it goes what was asked when."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self._leaps: dict[float, float] = {}

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let everybody else run, and pass."""
        for _ in range(20):
            await asyncio.sleep(0)
        self.now += seconds
        self.now += self._leaps.pop(self.now, 0.0)

    async def passes(self, seconds: float) -> None:
        """Wait until so much of it is over."""
        end = self.now + seconds
        await until(lambda: self.now >= end)

    def leaps(self, after_seconds: float, by_seconds: float) -> None:
        """Jump at that moment: the computer sleeps, or its clock is set."""
        self._leaps[self.now + after_seconds] = by_seconds


class TimedBackend(FakeBackend):
    """Remembers when it was asked for its models, in seconds from the start of its time."""

    def __init__(self, time: Time, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._time = time
        self._began = time.now
        self.at: list[float] = []

    async def offers(self) -> Sequence[ModelOffer]:
        """Note when."""
        self.at.append(self._time.now - self._began)
        return await super().offers()


@asynccontextmanager
async def watching(*backends: FakeBackend, refresh_seconds: float = 0.01, **about: Any) -> AsyncIterator[Discovery]:
    registry = ModelRegistry(some_models("alpha", "beta"))
    pool = ModelAdapterPool(ModelAdapterFactory())
    for backend in backends:
        pool.put(backend)
    watch = Discovery(registry, pool, [backend.endpoint for backend in backends], refresh_seconds, **about)
    try:
        yield watch
    finally:
        await watch.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110  # what is waited for has no event of its own
            await asyncio.sleep(0.001)


async def test_a_refresh_asks_every_server_once() -> None:
    """What they offer is in the registry afterwards."""
    one, two = FakeBackend(ONE, listed=[an_offer("alpha")]), FakeBackend(TWO, listed=unreachable())
    async with watching(one, two) as watch:
        await watch.refresh()
        registry = watch._registry
        assert (registry.status("alpha").endpoints, registry.status("beta").reason) == ((ONE,), "not installed")
        assert (registry.is_down(ONE), registry.is_down(TWO)) == (False, True)
        assert (one.listings, two.listings) == (1, 1)


async def test_a_dead_server_is_noticed_once_and_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    """The log has one line for each change and not one for each question."""
    backend = FakeBackend(ONE, listed=[an_offer("alpha")])
    with caplog.at_level(logging.INFO, discovery.__name__):
        async with watching(backend) as watch:
            watch.start()
            await until(lambda: watch._registry.status("alpha").endpoints)
            backend.listed = unreachable()
            await until(lambda: not watch._registry.status("alpha").available)
            asked = backend.listings
            await until(lambda: backend.listings > asked + 3)
            backend.listed = [an_offer("alpha")]
            await until(lambda: watch._registry.status("alpha").available)
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING", "INFO"]


@pytest.mark.parametrize("error", [BadReply("nonsense", backend="ollama"), TimeoutError()])
async def test_a_server_that_answers_nonsense_or_nothing_counts_as_down(error: Exception) -> None:
    """None of its models could be used."""
    async with watching(FakeBackend(ONE, listed=error)) as watch:
        await watch.refresh()
        assert watch._registry.is_down(ONE)


async def test_a_slow_server_holds_up_no_other() -> None:
    """What the fast one offers is known while the slow one still thinks."""
    slow, fast = SlowBackend(ONE), FakeBackend(TWO, listed=[an_offer("alpha", TWO)])
    async with watching(slow, fast) as watch:
        watch.start()
        await until(lambda: watch._registry.status("alpha").endpoints == (TWO,))
        await watch.ready(0.01)
        slow.may_answer.set()
        await watch.ready(PATIENCE_SECONDS)
        assert not watch._registry.is_down(ONE)


@pytest.mark.parametrize("steps_later", range(4))
async def test_who_is_stopped_at_that_very_moment_is_stopped(steps_later: int) -> None:
    """A wait that ends with the first round does not swallow a cancellation, whichever of them comes first."""
    async with watching(FakeBackend(ONE), refresh_seconds=1000) as watch:
        watch.start()
        waiting = asyncio.create_task(watch.ready(PATIENCE_SECONDS))
        await asyncio.sleep(0)
        watch._first_round.set()
        for _ in range(steps_later):
            await asyncio.sleep(0)
        in_time = waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled() is in_time


async def test_nobody_waits_for_what_was_not_started() -> None:
    """Without a start the catalog is all that is known."""
    async with watching(SlowBackend(ONE)) as watch:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await watch.ready(10 * PATIENCE_SECONDS)
        watch.poke(ONE)
        assert watch._asking == {}


async def test_without_servers_there_is_nothing_to_wait_for() -> None:
    """An engine may have no endpoint at all."""
    async with watching() as watch:
        await watch.refresh()
        watch.start()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await watch.ready(10 * PATIENCE_SECONDS)
        assert watch.endpoints == ()


async def test_after_a_failure_a_server_is_asked_at_once() -> None:
    """Without waiting for the next round; several who ask share one question."""
    backend = SlowBackend(ONE, listed=[an_offer("alpha")])
    async with watching(backend, refresh_seconds=1000) as watch:
        backend.may_answer.set()
        watch.start()
        await watch.ready(PATIENCE_SECONDS)
        backend.may_answer.clear()
        backend.listed = [an_offer("beta")]
        for _ in range(5):
            watch.poke(ONE)
        watch.poke(TWO)
        await until(lambda: backend.listings == 2)
        backend.may_answer.set()
        await until(lambda: watch._registry.status("beta").available)
        assert backend.listings == 2


async def test_a_server_that_refused_is_down_until_its_next_word() -> None:
    """At once, for everything that reads the registry; a server that is fine is back with its answer."""
    backend = SlowBackend(ONE, listed=[an_offer("alpha")])
    async with watching(backend, refresh_seconds=1000) as watch:
        backend.may_answer.set()
        watch.start()
        await watch.ready(PATIENCE_SECONDS)
        backend.may_answer.clear()
        registry = watch._registry
        watch.unreachable(ONE)
        assert (registry.is_down(ONE), registry.status("alpha").reason) == (True, "ollama not reachable")
        backend.may_answer.set()
        await until(lambda: registry.status("alpha").available)
        assert not registry.is_down(ONE)


async def test_nothing_is_down_for_good_where_nobody_asks_again() -> None:
    """Without a start, and for an endpoint that is not its own."""
    async with watching(FakeBackend(ONE, listed=[an_offer("alpha")])) as watch:
        await watch.refresh()
        watch.unreachable(ONE)
        watch.start()
        watch.unreachable(TWO)
        assert not watch._registry.is_down(ONE)
        assert not watch._registry.is_down(TWO)


async def test_who_gives_up_waiting_stops_nobody_else() -> None:
    """A cancelled refresh takes neither the question nor the background along."""
    backend = SlowBackend(ONE, listed=[an_offer("alpha")])
    async with watching(backend) as watch:
        watch.start()
        await until(lambda: backend.listings)
        impatient = asyncio.create_task(watch.refresh())
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.wait([impatient])
        backend.may_answer.set()
        await watch.ready(PATIENCE_SECONDS)
        assert watch._registry.status("alpha").endpoints == (ONE,)
        asked = backend.listings
        await until(lambda: backend.listings > asked)


async def test_a_bug_in_a_backend_is_told_and_stops_no_round(caplog: pytest.LogCaptureFixture) -> None:
    """The log has its traceback, the other servers are asked on, and whoever refreshes meets the bug."""
    broken = FakeBackend(ONE, listed=ZeroDivisionError("a bug"))
    fine = FakeBackend(TWO, listed=[an_offer("alpha", TWO)])
    async with watching(broken, fine) as watch:
        watch.start()
        await watch.ready(PATIENCE_SECONDS)
        asked = fine.listings
        await until(lambda: fine.listings > asked + 1)
        assert watch._registry.status("alpha").endpoints == (TWO,)
        assert "ZeroDivisionError: a bug" in caplog.text
        with pytest.raises(ZeroDivisionError):
            await watch.refresh()
        assert watch._registry.is_down(ONE)


# --- rhythm -----------------------------------------------------------------------------------------------------------


async def test_a_host_that_is_down_is_asked_more_often() -> None:
    """Every 5 s, the others as often as they were meant to be: each has a rhythm of its own."""
    time = Time()
    up, down = TimedBackend(time, ONE), TimedBackend(time, TWO, listed=unreachable())
    async with watching(up, down, refresh_seconds=30.0, clock=time, sleep=time.sleep) as watch:
        watch.start()
        await time.passes(65)
    assert up.at == [0, 30, 60]
    assert down.at[:14] == [5 * n for n in range(14)]


@pytest.mark.parametrize("refresh_seconds", [1.0, 30.0, 3600.0])
async def test_a_host_that_comes_back_is_known_within_30_seconds(refresh_seconds: float) -> None:
    """Also where servers that are up are hardly ever asked, and where asking costs all the time that it may."""
    time = Time()
    backend = TimedBackend(time, ONE, listed=unreachable())
    async with watching(backend, refresh_seconds=refresh_seconds, clock=time, sleep=time.sleep) as watch:
        watch.start()
        await time.passes(100)
        assert watch._registry.is_down(ONE)
        assert watch.notices_within_seconds
        assert watch.notices_within_seconds + ANSWER_SECONDS <= 30
        backend.listed = [an_offer("alpha")]
        asked, back_at = len(backend.at), time.now - 1_000_000
        await until(lambda: watch._registry.status("alpha").available)
        assert 0 <= backend.at[asked] - back_at <= DOWN_SECONDS


async def test_a_dead_host_delays_no_other_ones() -> None:
    """One that hangs is waited for, while the rest goes on."""
    time = Time()
    hanging, up = SlowBackend(ONE), TimedBackend(time, TWO)
    async with watching(hanging, up, refresh_seconds=30.0, clock=time, sleep=time.sleep) as watch:
        watch.start()
        await time.passes(95)
        assert (hanging.listings, up.at) == (1, [0, 30, 60, 90])


async def test_after_the_computer_has_slept_every_host_is_asked_at_once() -> None:
    """Only the time of day tells: all other clocks of the program have slept as well."""
    time = Time()
    one, two = TimedBackend(time, ONE), TimedBackend(time, TWO)
    time.leaps(after_seconds=7, by_seconds=8 * 3600)
    async with watching(one, two, refresh_seconds=300.0, clock=time, sleep=time.sleep) as watch:
        watch.start()
        await time.passes(8 * 3600 + 20)
    assert one.at == two.at == [0, 7 + 8 * 3600]


async def test_a_clock_that_is_set_back_silences_nobody() -> None:
    """Else nothing would be asked for as long as it was set back."""
    time = Time()
    backend = TimedBackend(time, ONE)
    time.leaps(after_seconds=7, by_seconds=-3600)
    async with watching(backend, refresh_seconds=30.0, clock=time, sleep=time.sleep) as watch:
        watch.start()
        await until(lambda: len(backend.at) >= 3)
    assert backend.at == [0, 7 - 3600, 37 - 3600]


async def test_what_changes_during_a_question_is_asked_about_once_more() -> None:
    """The answer that is under way may be older than the load that has just ended."""
    backend = SlowBackend(ONE, listed=[an_offer("alpha")])
    async with watching(backend, refresh_seconds=1000) as watch:
        watch.start()
        await until(lambda: backend.listings)
        backend.listed = [an_offer("alpha", loaded=True)]
        for _ in range(3):
            watch.poke(ONE)
        backend.may_answer.set()
        await until(lambda: watch._registry.status("alpha").loaded)
        await asyncio.sleep(0.01)
        assert backend.listings == 2


async def test_who_comes_back_is_told_of_once() -> None:
    """Not when it is first found, not while it stays, and not when it was only doubted."""
    returned: list[Endpoint] = []
    backend = FakeBackend(ONE, listed=[an_offer("alpha")])
    async with watching(backend, refresh_seconds=1000, came_back=returned.append) as watch:
        watch.start()
        await watch.ready(PATIENCE_SECONDS)
        watch.unreachable(ONE)
        await until(lambda: not watch._registry.is_down(ONE))
        assert returned == []
        backend.listed = unreachable()
        await watch.refresh()
        backend.listed = [an_offer("alpha")]
        for _ in range(3):
            await watch.refresh()
    assert returned == [ONE]


async def test_a_bug_is_written_down_once(caplog: pytest.LogCaptureFixture) -> None:
    """Every five seconds its traceback would fill the disk; one that comes again later is news."""
    backend = FakeBackend(ONE, listed=ZeroDivisionError("a bug"))
    async with watching(backend) as watch:
        watch.start()
        await until(lambda: backend.listings > 3)
        assert caplog.text.count("ZeroDivisionError: a bug") == 1
        backend.listed = [an_offer("alpha")]
        await until(lambda: watch._registry.status("alpha").available)
        backend.listed = ZeroDivisionError("a bug")
        await until(lambda: caplog.text.count("ZeroDivisionError: a bug") == 2)


async def test_a_server_that_goes_and_comes_back_answers_again() -> None:
    """From end to end: its model was resting, and is there for everybody at once as soon as the server is back."""
    model = a_model("llama3.2:1b", model_id="llama", display_name="Llama")
    async with FakeOllama({"llama3.2:1b": FakeModel()}) as first:
        port, url = int(first.root.rpartition(":")[2]), first.root
        registry = ModelRegistry([model])
        config = {"ollama_base_url": url, "lmstudio_base_url": "", "refresh_seconds": 0.05}
        engine = ExecutionEngine(registry, IntelligentRouter(registry), config)
        await engine.start()
        assert (await engine.execute("Why is the sky blue?")).model_id == "llama"
        first.play("llama3.2:1b", Script(status=500, error="out of memory"))
        assert not (await engine.execute("Why is the sky blue?")).success
        assert registry.status("llama").reason == "cooling down"
    await until(lambda: registry.is_down(Endpoint("ollama", url)))
    assert not (await engine.execute("Why is the sky blue?")).success
    async with FakeOllama({"llama3.2:1b": FakeModel()}, port=port):
        await until(lambda: registry.status("llama").available)
        answers = await asyncio.gather(*(engine.execute("Why is the sky blue?") for _ in range(2)))
        assert [answer.model_id for answer in answers] == ["llama", "llama"]
        await engine.cleanup()


# --- coming and going -------------------------------------------------------------------------------------------------


async def test_a_list_that_is_empty_for_a_moment_costs_no_more_than_that() -> None:
    """The models are back with the next answer, under their old ids."""
    backend = FakeBackend(ONE, listed=[an_offer("alpha"), an_offer("found")])
    async with watching(backend) as watch:
        await watch.refresh()
        before = [model.model_id for model in watch._registry.get_all_models()]
        backend.listed = []
        await watch.refresh()
        assert watch._registry.status("alpha").reason == "not installed"
        backend.listed = [an_offer("found"), an_offer("alpha")]
        await watch.refresh()
        assert [model.model_id for model in watch._registry.get_all_models()] == before


async def test_closing_leaves_no_task_and_a_new_start_is_possible() -> None:
    """Also while a server still thinks."""
    before = asyncio.all_tasks()
    backend = SlowBackend(ONE, listed=[an_offer("alpha")])
    async with watching(backend) as watch:
        watch.start()
        watch.start()
        await until(lambda: backend.listings)
        waiting = asyncio.create_task(watch.refresh())
        await asyncio.sleep(0)
        await watch.close()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await waiting
        assert asyncio.all_tasks() == before
        backend.may_answer.set()
        watch.start()
        await until(lambda: watch._registry.status("alpha").endpoints)
    assert asyncio.all_tasks() == before
