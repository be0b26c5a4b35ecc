"""What fails while Telegram is out of reach is tried again, after growing pauses, and a refusal is not."""

from __future__ import annotations

from itertools import islice

import pytest
from telegram.error import BadRequest, NetworkError, TimedOut

from handlers.backoff import LONGEST_BACKOFF_SECONDS, backoffs, outlast
from handlers.transport import NotSent


class Call:
    """Fails with one error after another, and then works; it notes how long was slept between."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.slept_seconds: list[float] = []

    async def __call__(self) -> str:
        """Fail, or work."""
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    async def sleep(self, seconds: float) -> None:
        """Note it, and lose no time."""
        self.slept_seconds.append(seconds)


def test_pauses_grow_up_to_a_longest_one() -> None:
    """The first comes within half a second."""
    pauses = list(islice(backoffs(), 20))
    assert 0.25 <= pauses[0] <= 0.5
    assert all(LONGEST_BACKOFF_SECONDS / 2 <= pause <= LONGEST_BACKOFF_SECONDS for pause in pauses[10:])


async def test_an_outage_is_outlasted() -> None:
    """Whichever way it shows, until the call works."""
    call = Call(NetworkError("502"), TimedOut(), NotSent("refused"))
    assert await outlast(call, sleep=call.sleep) == "done"
    assert len(call.slept_seconds) == 3


async def test_a_refusal_is_not_tried_again() -> None:
    """It would be refused again."""
    call = Call(BadRequest("no"))
    with pytest.raises(BadRequest):
        await outlast(call, sleep=call.sleep)
    assert call.slept_seconds == []


async def test_only_the_failures_asked_for_are_outlasted() -> None:
    """What may have been done is for the caller to decide."""
    call = Call(NotSent("refused"), NetworkError("502"), NotSent("refused"))
    with pytest.raises(NetworkError, match="502"):
        await outlast(call, NotSent, sleep=call.sleep)
    assert len(call.slept_seconds) == 1
