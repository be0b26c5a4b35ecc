"""Discovery: asks each endpoint in the background, in a rhythm of its own, what it can serve; tells the registry."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from routing.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from routing.model_backends import ModelAdapterPool
    from routing.model_registry import ModelRegistry
    from routing.types import Endpoint

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 10.0
"""A server that takes longer to list its models counts as not reachable."""
DOWN_SECONDS = 5.0
"""How long an endpoint that is down is left alone.

A host that comes back in the middle of a question that still fails (ANSWER_SECONDS), is left alone for this long, and
then takes its time to answer (ANSWER_SECONDS), is used again after 25 s.
"""
# How often a look is taken at who is due. By the time of day, which goes on while the computer sleeps: after that all
# are due at once.
_TICK_SECONDS = 1.0


class Discovery:
    """Keeps the registry true. Lives from `start` to `close`; `refresh` may also be awaited by itself.

    `came_back` is told of an endpoint that did not answer and does so again. `clock` gives the time of day.
    """

    def __init__(  # noqa: PLR0913  # the last three have defaults
        self,
        registry: ModelRegistry,
        pool: ModelAdapterPool,
        endpoints: Sequence[Endpoint],
        refresh_seconds: float = 30.0,
        *,
        came_back: Callable[[Endpoint], None] | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.endpoints = tuple(endpoints)
        self._registry = registry
        self._pool = pool
        self._refresh_seconds = refresh_seconds
        self._came_back = came_back
        self._clock = clock
        self._sleep = sleep
        self._first_round = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._asking: dict[Endpoint, asyncio.Task[None]] = {}
        self._under_way: set[Endpoint] = set()
        self._once_more: set[Endpoint] = set()
        self._asked_at: dict[Endpoint, float] = {}
        self._silent: set[Endpoint] = set()  # those that did not answer when last asked
        self._broken: set[Endpoint] = set()  # those whose backend has a bug that the log has

    @property
    def notices_within_seconds(self) -> float | None:
        """How soon a server that comes back is found; None before `start`."""
        return self._rest_seconds(down=True) + ANSWER_SECONDS if self._loop else None

    def start(self) -> None:
        """Begin to ask: now, then every `refresh_seconds`, and those that are down more often."""
        self._loop = self._loop or asyncio.create_task(self._run(), name="discovery")

    async def ready(self, timeout_seconds: float) -> None:
        """Wait until every endpoint has been asked once, but not longer than the time given; at once if not started."""
        if self._loop and not self._first_round.is_set():
            with suppress(TimeoutError):  # not wait_for: it loses a cancellation that comes with the event
                async with asyncio.timeout(timeout_seconds):
                    await self._first_round.wait()

    async def refresh(self) -> None:
        """Ask every endpoint; one that is dead or slow is noted as such. A bug in a backend passes through.

        Whoever stops waiting does not stop the questions: others wait for them too.
        """
        tasks = [self._ask_once(endpoint) for endpoint in self.endpoints]
        if tasks:
            await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.result()

    def poke(self, endpoint: Endpoint) -> None:
        """Ask one endpoint again soon: after a failure, a load or an unload. Nothing happens before `start`.

        A question that is under way may have been answered before what happened, and is asked once more.
        """
        if not self._loop or endpoint not in self.endpoints:
            return
        if endpoint in self._under_way:
            self._once_more.add(endpoint)
        else:
            self._ask_once(endpoint)

    def unreachable(self, endpoint: Endpoint) -> None:
        """Count an endpoint that took no request as down at once, and ask whether it is; nothing before `start`."""
        if self._loop and endpoint in self.endpoints:
            self._registry.doubt(endpoint)
            self.poke(endpoint)

    async def close(self) -> None:
        """Stop asking."""
        tasks = [task for task in (self._loop, *self._asking.values()) if task]
        self._loop = None
        self._once_more.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self) -> None:
        self._asked_at.clear()
        self._look_whether_all_are_asked()
        while True:
            for endpoint in self.endpoints:
                if self._is_due(endpoint):
                    self._ask_once(endpoint)
            await self._sleep(min(_TICK_SECONDS, self._refresh_seconds))

    def _is_due(self, endpoint: Endpoint) -> bool:
        """Whether it is time to ask; a clock that was set back is no reason to wait longer."""
        asked_at = self._asked_at.get(endpoint)
        rest_seconds = self._rest_seconds(down=self._registry.is_down(endpoint))
        return asked_at is None or not 0 <= self._clock() - asked_at < rest_seconds

    def _rest_seconds(self, *, down: bool) -> float:
        return min(self._refresh_seconds, DOWN_SECONDS) if down else self._refresh_seconds

    def _ask_once(self, endpoint: Endpoint) -> asyncio.Task[None]:
        """Ask an endpoint, or join the question that is already under way."""
        task = self._asking.get(endpoint)
        if task is None or task.done():
            task = self._asking[endpoint] = asyncio.create_task(self._ask(endpoint), name=f"ask {endpoint.label}")
            task.add_done_callback(partial(self._asked, endpoint))
        return task

    async def _ask(self, endpoint: Endpoint) -> None:
        self._under_way.add(endpoint)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                backend = await self._pool.backend(endpoint)
                offers = await backend.offers()
        except (BackendError, TimeoutError) as error:
            self._silent.add(endpoint)
            if self._registry.apply_offers(endpoint, None):
                logger.warning(
                    "%s at %s is not reachable: %s", endpoint.backend, endpoint.address or "this host", error
                )
            return
        if self._registry.apply_offers(endpoint, offers):
            logger.info("%s at %s offers %d models", endpoint.backend, endpoint.address or "this host", len(offers))
        if endpoint in self._silent:
            self._silent.discard(endpoint)
            if self._came_back:
                self._came_back(endpoint)

    def _asked(self, endpoint: Endpoint, task: asyncio.Task[None]) -> None:
        """Note that a question has ended; one that was wanted meanwhile follows."""
        self._under_way.discard(endpoint)
        if task.cancelled():
            return
        self._note_bug(endpoint, task.exception())
        self._asked_at[endpoint] = self._clock()
        self._look_whether_all_are_asked()
        if endpoint in self._once_more:
            self._once_more.discard(endpoint)
            if self._loop:
                self._ask_once(endpoint)

    def _note_bug(self, endpoint: Endpoint, error: BaseException | None) -> None:
        """Write a bug of a backend down once, and count its endpoint as down."""
        if error is None:
            self._broken.discard(endpoint)
            return
        self._registry.apply_offers(endpoint, None)
        if endpoint not in self._broken:
            self._broken.add(endpoint)
            logger.error("Asking %s went wrong", endpoint.label, exc_info=error)

    def _look_whether_all_are_asked(self) -> None:
        if self._asked_at.keys() >= set(self.endpoints):
            self._first_round.set()
