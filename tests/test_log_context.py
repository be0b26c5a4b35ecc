"""What is worked on is named in each line of it, however the work is spread."""

from __future__ import annotations

import asyncio

import pytest

from log_context import log_context, log_fields


def test_the_fields_are_those_of_the_work_inside() -> None:
    """Inner work adds to the outer, takes precedence, and leaves it as it was."""
    assert log_fields() == {}
    with log_context(chat=5, update=7):
        with log_context(request="ab12", chat=6):
            assert log_fields() == {"chat": 6, "update": 7, "request": "ab12"}
        assert log_fields() == {"chat": 5, "update": 7}
    assert log_fields() == {}


def test_work_that_fails_is_left_all_the_same() -> None:
    """An error does not leave its names to the lines after it."""
    with pytest.raises(ZeroDivisionError), log_context(chat=5):
        raise ZeroDivisionError
    assert log_fields() == {}


def test_what_is_not_known_is_not_named() -> None:
    """None takes a name away, for the work inside."""
    with log_context(chat=5, thread=None):
        assert log_fields() == {"chat": 5}
        with log_context(chat=None):
            assert log_fields() == {}


async def test_tasks_and_threads_take_the_fields_along() -> None:
    """What is started inside keeps them, even after the end of what started it; chats side by side do not mix."""

    async def later() -> tuple[dict[str, object], dict[str, object]]:
        await asyncio.sleep(0)
        return log_fields(), await asyncio.to_thread(log_fields)

    with log_context(chat=5):
        five = asyncio.create_task(later())
    with log_context(chat=6):
        six = asyncio.create_task(later())
    assert await five == ({"chat": 5}, {"chat": 5})
    assert await six == ({"chat": 6}, {"chat": 6})
    assert log_fields() == {}
