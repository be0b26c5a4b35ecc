"""Discovery: what servers offer reaches the registry, whatever they do."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from routing import discovery
from routing.discovery import Discovery
from routing.errors import BadReply
from routing.model_backends import ModelAdapterFactory, ModelAdapterPool
from routing.model_registry import ModelRegistry
from tests.answers import PATIENCE_SECONDS
from tests.fake_backend import ONE, TWO, FakeBackend, an_offer, some_models, unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

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


@asynccontextmanager
async def watching(*backends: FakeBackend, refresh_seconds: float = 0.01) -> AsyncIterator[Discovery]:
    registry = ModelRegistry(some_models("alpha", "beta"))
    pool = ModelAdapterPool(ModelAdapterFactory())
    for backend in backends:
        pool.put(backend)
    watch = Discovery(registry, pool, [backend.endpoint for backend in backends], refresh_seconds)
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
