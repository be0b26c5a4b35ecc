"""BackgroundLoop: an event loop in a thread of its own, so that the main thread may wait for a person."""

from __future__ import annotations

import asyncio
import signal
import threading
from concurrent.futures import Future
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from contextlib import AbstractAsyncContextManager

_T = TypeVar("_T")


class BackgroundLoop:
    """Runs what is asynchronous while the prompt waits: models are looked for, rows are written.

    Lives between `with` and its end. Signals reach the main thread, so Ctrl-C is seen by whoever waits there.
    """

    def __init__(self) -> None:
        self._held = AsyncExitStack()
        self._thread = threading.Thread(target=self._live, name="event loop")
        self._ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        loop, closing = self._ready.result()
        try:
            self.run(self._held.aclose())
        finally:
            loop.call_soon_threadsafe(closing.set)
            self._thread.join()

    def hold(self, resource: AbstractAsyncContextManager[_T]) -> _T:
        """Open a resource now, and close it with the loop."""
        return self.run(self._held.enter_async_context(resource))

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Wait for some work and return its result. Ctrl-C cancels it, waits for its end and is raised then."""
        loop, _ = self._ready.result()
        started: Future[asyncio.Task[_T]] = Future()
        ended: Future[asyncio.Task[_T]] = Future()

        def start() -> None:
            task = loop.create_task(work)
            task.add_done_callback(ended.set_result)
            started.set_result(task)

        loop.call_soon_threadsafe(start)
        try:
            return ended.result().result()
        except KeyboardInterrupt:
            loop.call_soon_threadsafe(started.result().cancel)
            ended.result()
            raise

    def _live(self) -> None:
        # A signal goes to any thread that takes it, and one that is taken here leaves the main thread asleep.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        asyncio.run(self._until_closed())

    async def _until_closed(self) -> None:
        closing = asyncio.Event()
        self._ready.set_result((asyncio.get_running_loop(), closing))
        await closing.wait()
