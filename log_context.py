"""The log's context: what is worked on now, which every line logged meanwhile names.

A front end opens one around each update, a turn around each request; tasks and threads that are started inside take
it along (`asyncio.create_task`, `asyncio.to_thread`), so that nothing has to be handed through.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

_current: ContextVar[tuple[tuple[str, object], ...]] = ContextVar("log_context", default=())


@contextmanager
def log_context(**fields: object) -> Generator[None]:
    """Name these in every line that is logged inside; inner ones win over outer ones, None names nothing.

    Not for the body of an async generator: whoever closes it may do so in another context.
    """
    token = _current.set(tuple({**dict(_current.get()), **fields}.items()))
    try:
        yield
    finally:
        _current.reset(token)


def log_fields() -> dict[str, object]:
    """What is worked on now, in the order in which it was named."""
    return {name: value for name, value in _current.get() if value is not None}
