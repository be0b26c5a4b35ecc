"""EndpointQueue: at most so many at once, and chats take turns."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from routing.endpoint_queue import EndpointLoad, EndpointQueue, Ticket
from tests.answers import PATIENCE_SECONDS
from tests.virtual_time import VirtualTime


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


def test_the_wait_is_worked_out_from_the_last_answers() -> None:
    """From none at first; the time in line is no part of what an answer takes."""
    time = VirtualTime()
    queue = EndpointQueue(1, time.clock)
    first, second = queue.enter("a"), queue.enter("b")
    assert (first.seconds, second.seconds) == (None, None)
    time.now = 6.0
    queue.leave(first)
    third, fourth = queue.enter("c"), queue.enter("d")
    assert (third.seconds, fourth.seconds) == (6, 15)  # 12, as one speaks
    time.now = 10.0
    assert third.seconds == 2
    time.now = 16.0
    assert third.seconds == 3  # the one that runs takes longer than it used to
    queue.leave(second)
    assert fourth.seconds == 8  # the average of 6 and 10


def test_who_has_not_come_yet_is_told_what_would_be_waited() -> None:
    """Nothing while there is room; a guess before anything was measured; then what the line makes likely."""
    time = VirtualTime()
    queue = EndpointQueue(1, time.clock)
    assert queue.newcomer_seconds == 0
    first = queue.enter("a")
    alone = queue.newcomer_seconds
    queue.enter("b")
    assert queue.newcomer_seconds == 2 * alone > 0
    time.now = 6.0
    queue.leave(first)
    assert queue.newcomer_seconds == 6
    queue.enter("c")
    assert queue.newcomer_seconds == 15  # 12, as one speaks


def test_only_the_last_answers_count() -> None:
    """A model server that has become faster is believed after some time."""
    time = VirtualTime()
    queue = EndpointQueue(1, time.clock)
    for seconds in (*[100.0] * 5, *[3.0] * 20):
        ticket = queue.enter("a")
        time.now += seconds
        queue.leave(ticket)
    queue.enter("a")
    assert queue.enter("b").seconds == 3


def test_a_line_inside_the_server_moves_as_fast_as_answers_end() -> None:
    """What waits there holds a place here, runs not yet, and is measured from when it does."""
    time = VirtualTime()
    queue = EndpointQueue(8, time.clock)
    measured = queue.enter("a")
    assert queue.enter("x").waits_inside(1) is None
    time.now = 10.0
    queue.leave(measured)
    running, inside = queue.enter("b"), queue.enter("c")
    time.now = 14.0
    assert inside.waits_inside(1) == 6
    assert inside.waits_inside(2) == 20  # 16, as one speaks
    time.now = 20.0
    queue.leave(running)
    inside.begins()
    time.now = 30.0
    queue.leave(inside)
    assert list(queue._measured) == [10.0, 10.0, 10.0]


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
