"""What is under way is waited for, but not for ever, and what runs side by side ends together."""

from __future__ import annotations

import asyncio
import time

import pytest

from handlers.work import Work, until_first


class Piece:
    """A piece of work that ends when it is told to, by itself after some seconds, or never."""

    def __init__(self, seconds: float | None = None, *, stubborn: bool = False) -> None:
        self.became = "begun"
        self._seconds = seconds
        self._stubborn = stubborn

    async def do(self) -> None:
        """Be worked on."""
        try:
            async with asyncio.timeout(self._seconds):
                await asyncio.Event().wait()
        except TimeoutError:
            self.became = "done"
        except asyncio.CancelledError:
            self.became = "broken off"
            if self._stubborn:
                await asyncio.sleep(5)
            raise


async def fail() -> None:
    """End by an error of one's own."""
    raise ZeroDivisionError


async def test_what_ends_in_time_is_waited_for_and_the_rest_broken_off() -> None:
    """After the grace nothing is left running."""
    work, quick, endless = Work(), Piece(0.05), Piece()
    work.start(quick.do, "be quick")
    work.start(endless.do, "go on")
    await asyncio.sleep(0)
    await work.end(0.2)
    assert (quick.became, endless.became) == ("done", "broken off")


async def test_nobody_waits_longer_than_there_is_work() -> None:
    """The grace is for those who need it."""
    work, quick = Work(), Piece(0.05)
    work.start(quick.do, "be quick")
    began = time.monotonic()
    await work.end(20)
    await work.end(20)
    assert quick.became == "done"
    assert time.monotonic() - began < 2


async def test_work_that_does_not_let_itself_be_broken_off_is_left() -> None:
    """It gets half a second to notice."""
    work = Work()
    work.start(Piece(stubborn=True).do, "stay")
    await asyncio.sleep(0)
    began = time.monotonic()
    await work.end(0.0)
    assert time.monotonic() - began < 2


async def test_a_failure_is_logged_and_ends_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    """Each piece of work stands for itself."""
    work, quick = Work(), Piece(0.05)
    work.start(fail, "divide")
    work.start(quick.do, "be quick")
    await work.end(5)
    assert quick.became == "done"
    assert "could not divide" in caplog.text


async def test_the_first_end_is_the_end_of_all() -> None:
    """What ran beside it is broken off before anybody goes on."""
    endless = Piece()
    await until_first(Piece(0.05).do(), endless.do())
    assert endless.became == "broken off"


async def test_an_error_of_one_is_raised_once_all_are_broken_off() -> None:
    """Whoever began all of it learns why it ended."""
    endless = Piece()
    with pytest.raises(ZeroDivisionError):
        await until_first(endless.do(), fail())
    assert endless.became == "broken off"


async def test_who_is_broken_off_breaks_off_all() -> None:
    """Nothing goes on in the background."""
    one, other = Piece(), Piece()
    task = asyncio.create_task(until_first(one.do(), other.do()))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (one.became, other.became) == ("broken off", "broken off")
