"""A message grows with a piece of work at a pace that leaves room for answers, and its end is always shown."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from handlers.front import Screen
from handlers.growing_message import GrowingMessage
from routing.response_formatter import ResponseFormatter
from tests.sender import ADA, Sender

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from handlers.front import Rows
    from tests.telegram_server import TelegramServer
    from tests.telegram_world import Chat

pytest_plugins = ("tests.telegram_fixtures",)

STOP: Rows = ((InlineKeyboardButton("Stop", callback_data="stop:1"),),)


def growing(sender: Sender, **more: Any) -> GrowingMessage:
    """A message that may change every half a second of the hurried limiter."""
    given: dict[str, Any] = {
        "keyboard": lambda rows: InlineKeyboardMarkup(rows) if rows else None,
        "every_seconds": 0.5,
    }
    return GrowingMessage(sender.delivery(), sender.limiter, ResponseFormatter(), **given | more)


async def counted(steps: int, pause_seconds: float = 0.01) -> AsyncGenerator[Screen]:
    """Screens that count upwards."""
    for number in range(1, steps + 1):
        yield Screen(f"Step **{number}**.", STOP)
        await asyncio.sleep(pause_seconds)


async def test_one_message_shows_the_work_and_its_end(sender: Sender, chat: Chat) -> None:
    """It is sent once, edited now and then, and ends without its button."""
    message = growing(sender)
    await message.show(Screen("Step *0*.", STOP))
    await message.follow(counted(60))
    await message.end(Screen("Done."))
    (shown,) = chat.sent
    assert (shown.texts[0], shown.text, shown.buttons) == ("Step 0.", "Done.", [])
    assert 3 <= len(shown.texts) <= 10
    assert "Step 1." in shown.texts


async def test_nobody_is_shown_more_than_they_can_read(sender: Sender, chat: Chat) -> None:
    """After a change the next one waits for its time, however much budget there is."""
    message = growing(sender, every_seconds=100.0)
    await message.show(Screen("Step 0."))
    await message.follow(counted(60))
    await message.end(Screen("Done."))
    assert chat.sent[0].texts == ["Step 0.", "Step 1.", "Done."]


async def test_the_end_waits_for_what_is_under_way(server: TelegramServer, sender: Sender) -> None:
    """An edit that lands later would overwrite it."""
    message = growing(sender)
    await message.show(Screen("Loading…"))
    server.faults.slow(0.5, method="editMessageText")
    await message.follow(counted(1, 0.3))
    await message.end(Screen("Done."))
    step, end = (call for call in server.calls if call.method == "editMessageText")
    assert end.at >= step.at + 0.5


async def test_a_message_that_stands_already_is_grown_in(server: TelegramServer, sender: Sender, chat: Chat) -> None:
    """That of a screen whose button was pressed, or one that an earlier life has left."""
    old = chat.add(server.world.bot, text="Loading…")
    message = growing(sender, message_id=old.message_id)
    await message.show(Screen("Going on.", STOP))
    await message.follow(counted(1))
    await message.end(Screen("Done."))
    assert chat.texts == ["Done."]


async def test_where_it_stands_is_told(sender: Sender, chat: Chat) -> None:
    """So that a later life finds it."""
    told: list[list[int]] = []
    await growing(sender, on_standing=lambda ids: told.append(list(ids))).show(Screen("Loading…"))
    assert told == [[chat.sent[0].message_id]]


async def test_a_flood_costs_steps_and_not_the_end(server: TelegramServer, sender: Sender, chat: Chat) -> None:
    """What Telegram refuses meanwhile is dropped; the end waits for as long as it must."""
    message = growing(sender)
    await message.show(Screen("Loading…"))
    server.faults.ban(ADA, 2.0)
    await message.follow(counted(5))
    await message.end(Screen("Done."))
    assert chat.sent[0].texts == ["Loading…", "Done."]


async def test_a_message_that_is_deleted_meanwhile_ends_as_a_new_one(sender: Sender, chat: Chat) -> None:
    """Nothing is sent in between: who deletes it does not want to watch."""
    message = growing(sender)
    await message.show(Screen("Loading…"))
    chat.sent[0].deleted = True
    await message.follow(counted(20, 0.05))
    assert chat.sent == []
    assert sender.calls() == ["sendMessage", "editMessageText"]
    await message.end(Screen("Done."))
    assert chat.texts == ["Done."]


async def test_an_end_that_stands_already_is_no_call(sender: Sender) -> None:
    """Telegram refuses an edit that changes nothing."""
    message = growing(sender)
    await message.show(Screen("Done."))
    await message.end(Screen("Done."))
    assert sender.calls() == ["sendMessage"]


async def test_what_fails_passes_through(sender: Sender, chat: Chat) -> None:
    """And nothing is painted any more."""

    async def failing() -> AsyncGenerator[Screen]:
        yield Screen("Loading…")
        raise ValueError("of the work's own")

    message = growing(sender)
    await message.show(Screen("Beginning."))
    with pytest.raises(ValueError, match="of the work's own"):
        await message.follow(failing())
    await message.end(Screen("Failed."))
    await asyncio.sleep(0.1)
    assert chat.texts == ["Failed."]


async def test_a_goodbye_is_tried_once(server: TelegramServer, sender: Sender, chat: Chat) -> None:
    """While the program is stopped nobody waits for Telegram for long."""
    message = growing(sender)
    await message.leave(Screen("I am being restarted."))
    await message.show(Screen("Loading…", STOP))
    await message.leave(Screen("I am being restarted."))
    assert (chat.texts, chat.sent[0].buttons) == (["I am being restarted."], [])
    server.faults.slow(30.0, method="editMessageText")
    async with asyncio.timeout(5):
        await message.leave(Screen("Again."))
