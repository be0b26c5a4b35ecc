"""Backoff: what is not taken while Telegram is out of reach is tried again, after pauses that grow."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import TYPE_CHECKING, TypeVar

from telegram.error import BadRequest, NetworkError, TimedOut

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

log = logging.getLogger(__name__)

FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0

_T = TypeVar("_T")


def backoffs() -> Iterator[float]:
    """Seconds to wait after each failure: longer and longer, and not the same for all who wait."""
    seconds = FIRST_BACKOFF_SECONDS
    while True:
        yield seconds * random.uniform(0.5, 1.0)  # noqa: S311  # nothing is kept secret by it
        seconds = min(seconds * 2, LONGEST_BACKOFF_SECONDS)


async def rest(
    seconds: float, error: NetworkError, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> None:
    """Wait after a failure, which is logged."""
    named = "timed out" if isinstance(error, TimedOut) else type(error).__name__
    log.warning("Telegram could not be reached, trying again in %.1f s: %s", seconds, named)
    await sleep(seconds)


async def outlast(
    call: Callable[[], Awaitable[_T]],
    failure: type[NetworkError] = NetworkError,
    *,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> _T:
    """Call until Telegram takes or refuses it, whatever failures of this kind come between.

    There is no limit of tries: cancelling is what ends them.
    """
    pauses = backoffs()
    while True:
        try:
            return await call()
        except BadRequest:  # is a NetworkError to python-telegram-bot
            raise
        except failure as error:
            await rest(next(pauses), error, sleep)
