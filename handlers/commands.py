"""The commands that everybody may give."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telegram import Message

    from handlers.dispatch import Request
    from handlers.front import Front


async def start(request: Request) -> str:
    """Greet."""
    return "Hello"


async def stop(request: Request) -> str | None:
    """Stop what is being written here; the answer itself says that it was stopped."""
    return None if request.front.runs.stop(request.key) else "Nothing is being written here."


async def unknown(front: Front, message: Message) -> None:
    """Answer a command that there is not; in a group it may be another bot's."""
    await front.say(message, "/help")
