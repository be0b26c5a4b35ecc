"""Discovery: asks every endpoint in the background what it can serve, and tells the registry."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from routing.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routing.model_backends import ModelAdapterPool
    from routing.model_registry import ModelRegistry
    from routing.types import Endpoint

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 10.0
"""A server that takes longer to list its models counts as not reachable."""


class Discovery:
    """Keeps the registry true. Lives from `start` to `close`; `refresh` may also be awaited by itself."""

    def __init__(
        self,
        registry: ModelRegistry,
        pool: ModelAdapterPool,
        endpoints: Sequence[Endpoint],
        refresh_seconds: float = 30.0,
    ) -> None:
        self.endpoints = tuple(endpoints)
        self._registry = registry
        self._pool = pool
        self._refresh_seconds = refresh_seconds
        self._first_round = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._asking: dict[Endpoint, asyncio.Task[None]] = {}

    @property
    def notices_within_seconds(self) -> float | None:
        """How soon a server that comes back is found; None before `start`."""
        return self._refresh_seconds if self._loop else None

    def start(self) -> None:
        """Begin to ask, now and every `refresh_seconds`."""
        self._loop = self._loop or asyncio.create_task(self._run(), name="discovery")

    async def ready(self, timeout_seconds: float) -> None:
        """Wait until every endpoint has been asked once, but not longer than the time given; at once if not started."""
        if self._loop and not self._first_round.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._first_round.wait(), timeout_seconds)

    async def refresh(self) -> None:
        """Ask every endpoint; one that is dead or slow is noted as such. A bug in a backend passes through."""
        for task in (await self._asked()).values():
            task.result()

    def poke(self, endpoint: Endpoint) -> None:
        """Ask one endpoint again soon, after a failure; nothing happens before `start`."""
        if self._loop and endpoint in self.endpoints:
            self._ask_once(endpoint)

    def unreachable(self, endpoint: Endpoint) -> None:
        """Count an endpoint that took no request as down at once, and ask whether it is; nothing before `start`."""
        if self._loop and endpoint in self.endpoints:
            self._registry.doubt(endpoint)
            self.poke(endpoint)

    async def close(self) -> None:
        """Stop asking."""
        tasks = [task for task in (self._loop, *self._asking.values()) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._loop = None

    async def _run(self) -> None:
        while True:
            for endpoint, task in (await self._asked()).items():
                if error := task.exception():
                    self._registry.apply_offers(endpoint, None)
                    logger.error("Asking %s went wrong", endpoint.address, exc_info=error)
            self._first_round.set()
            await asyncio.sleep(self._refresh_seconds)

    async def _asked(self) -> dict[Endpoint, asyncio.Task[None]]:
        """Ask every endpoint and wait. Whoever stops waiting does not stop the questions: others wait for them too."""
        tasks = {endpoint: self._ask_once(endpoint) for endpoint in self.endpoints}
        if tasks:
            await asyncio.wait(tasks.values())
        return {endpoint: task for endpoint, task in tasks.items() if not task.cancelled()}

    def _ask_once(self, endpoint: Endpoint) -> asyncio.Task[None]:
        """Ask an endpoint, or join the question that is already under way."""
        task = self._asking.get(endpoint)
        if task is None or task.done():
            task = self._asking[endpoint] = asyncio.create_task(self._ask(endpoint), name=f"ask {endpoint.address}")
        return task

    async def _ask(self, endpoint: Endpoint) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                backend = await self._pool.backend(endpoint)
                offers = await backend.offers()
        except (BackendError, TimeoutError) as error:
            if self._registry.apply_offers(endpoint, None):
                logger.warning("%s at %s is not reachable: %s", endpoint.backend, endpoint.address, error)
            return
        if self._registry.apply_offers(endpoint, offers):
            logger.info("%s at %s offers %d models", endpoint.backend, endpoint.address, len(offers))
