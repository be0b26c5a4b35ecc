"""Keeps a model's chat template, which is a stranger's program, from running without end."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# Lines and calls. 200 messages take about 200,000; as many as these take a second or two.
STEPS = 5_000_000


class TemplateNeverEnds(Exception):
    """Raised when a template has taken more steps, or written more, than any needs."""


@contextmanager
def bounded(steps: int = STEPS) -> Iterator[None]:
    """Count the lines and calls of what this thread runs, and break it off when they are too many.

    The sandbox that templates run in limits what they may touch, but not for how long they run.
    """
    left = steps

    def count(_frame: FrameType, _event: str, _argument: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise TemplateNeverEnds
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        yield
    finally:
        sys.settrace(before)
