"""The event loop in a thread of its own: it works while others wait, and ends with what it holds."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from terminal.background import BackgroundLoop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.timeout(30)


def test_results_and_errors_come_back() -> None:
    """What the work returns or raises, `run` does."""
    with BackgroundLoop() as loop:
        assert loop.run(asyncio.sleep(0, "done")) == "done"
        with pytest.raises(ZeroDivisionError):
            loop.run(divide())


async def divide() -> float:
    return 1 / 0


def test_what_is_held_is_closed_last() -> None:
    """A resource lives until the loop's end, even when the block ends with an error."""
    closed = []

    @asynccontextmanager
    async def resource() -> AsyncIterator[str]:
        yield "open"
        closed.append(True)

    def use() -> None:
        with BackgroundLoop() as loop:
            assert loop.hold(resource()) == "open"
            assert closed == []
            raise KeyError

    with pytest.raises(KeyError):
        use()
    assert closed == [True]


def test_work_goes_on_while_nobody_waits() -> None:
    """A task that was started runs on without `run`."""
    done = threading.Event()

    async def begin() -> asyncio.Task[None]:
        return asyncio.create_task(finish())

    async def finish() -> None:
        await asyncio.sleep(0.01)
        done.set()

    with BackgroundLoop() as loop:
        task = loop.run(begin())
        assert done.wait(10)
    assert task.done()


def test_an_interrupt_cancels_and_waits() -> None:
    """Ctrl-C is raised only once the work has cleaned up; the loop goes on."""
    cleaned = []

    async def work() -> None:
        asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)
            cleaned.append(True)

    with BackgroundLoop() as loop:
        with pytest.raises(KeyboardInterrupt):
            loop.run(work())
        assert cleaned == [True]
        assert loop.run(asyncio.sleep(0, "still there")) == "still there"


def test_only_the_main_thread_takes_an_interrupt() -> None:
    """A Ctrl-C that another thread took would leave the main thread asleep: those of the loop let it pass."""

    def blocked() -> set[signal.Signals | int]:
        return set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))

    async def blocked_in_the_loop() -> set[signal.Signals | int]:
        return blocked() & await asyncio.to_thread(blocked)

    with BackgroundLoop() as loop:
        assert signal.SIGINT in loop.run(blocked_in_the_loop())
    assert signal.SIGINT not in blocked()
