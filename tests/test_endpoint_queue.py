"""EndpointQueue: at most so many at once, and chats take turns."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from routing.endpoint_queue import EndpointLoad, EndpointQueue, Ticket
from tests.answers import PATIENCE_SECONDS


def test_there_is_room_up_to_the_limit() -> None:
    """The next one waits, and gets in when one leaves."""
    queue = EndpointQueue(2)
    first, second, third = (queue.enter(chat) for chat in "abc")
    assert [ticket.granted for ticket in (first, second, third)] == [True, True, False]
    assert (first.position, third.position, queue.load, queue.loads) == (0, 1, 3, EndpointLoad(2, 1))
    queue.leave(first)
    assert (third.granted, queue.load) == (True, 2)


def test_chats_take_turns() -> None:
    """One that asks ten times waits behind everybody's first."""
    queue = EndpointQueue(1)
    running = queue.enter("x")
    tickets = [queue.enter(chat) for chat in "aaabbc"]
    assert [ticket.position for ticket in tickets] == [1, 4, 6, 2, 5, 3]
    order = []
    while tickets:
        queue.leave(running)
        (running,) = (ticket for ticket in tickets if ticket.granted)
        tickets.remove(running)
        order.append(running.chat_id)
    assert order == ["a", "b", "c", "a", "b", "a"]


def test_who_gives_up_moves_the_others_up() -> None:
    """From anywhere in the line, and the last of a chat takes the chat along."""
    queue = EndpointQueue(1)
    running = queue.enter("x")
    first, second, third = (queue.enter(chat) for chat in "abb")
    queue.leave(second)
    assert (first.position, third.position) == (1, 2)
    queue.leave(first)
    assert third.position == 1
    queue.leave(third)
    queue.leave(running)
    assert (queue.load, queue._waiting) == (0, {})


async def test_who_waits_is_told_of_every_move() -> None:
    """Also of one that came before the wait began."""
    queue = EndpointQueue(1)
    running = queue.enter("x")
    waiting = queue.enter("y")
    queue.leave(running)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not waiting.granted:
            await waiting.moved()
    assert waiting.position == 0


@given(st.integers(1, 3), st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 9)), max_size=60))
def test_the_limit_holds_and_positions_are_true(limit: int, steps: list[tuple[str, int]]) -> None:
    """Whoever comes and goes: nobody waits where there is room, and the line is served in the order of positions."""
    queue, inside = EndpointQueue(limit), list[Ticket]()
    for chat, choice in steps:
        if choice < 6 or not inside:
            inside.append(queue.enter(chat))
        else:
            queue.leave(inside.pop(choice % len(inside)))
        running = [ticket for ticket in inside if ticket.granted]
        waiting = sorted((ticket for ticket in inside if not ticket.granted), key=lambda ticket: ticket.position)
        assert len(running) == min(limit, len(inside))
        assert [ticket.position for ticket in waiting] == list(range(1, len(waiting) + 1))
        assert queue.load == len(inside)
    running = [ticket for ticket in inside if ticket.granted]
    expected = sorted((ticket for ticket in inside if not ticket.granted), key=lambda ticket: ticket.position)
    served = list[Ticket]()
    for _ in expected:
        queue.leave(running.pop(0))
        (let_in,) = (ticket for ticket in expected if ticket.granted and ticket not in served)
        served.append(let_in)
        running.append(let_in)
    assert served == expected
