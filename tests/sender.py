"""Sender: all that sends a bot's answers, against the double of Telegram, with time that passes as fast as wanted."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import ExtBot

from handlers.delivery import Delivery, Target
from handlers.draft import Draft
from handlers.limiter import Limiter, Manner
from handlers.outgoing import parcels_of, ship
from handlers.transport import Transport
from routing.response_formatter import ResponseFormatter
from tests.telegram_server import TOKEN, TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from storage.outbox import Outbox, Parcel
    from tests.telegram_world import Chat

STOP = InlineKeyboardMarkup([[InlineKeyboardButton("Stop", callback_data="stop:1")]])
ADA = 42


@dataclass
class Marks:
    """What became of each parcel, by its number: the id of its message, or None where it was refused."""

    made: dict[int, int | None] = field(default_factory=dict)

    async def note(self, parcel: Parcel, body: str, message_id: int | None, *, timeout_seconds: float = 0.0) -> None:
        """Nothing, as nothing outlives it."""

    def sent(self, parcel: Parcel, message_id: int) -> None:
        """As the outbox does it."""
        self.made[parcel.part] = message_id

    def refused(self, parcel: Parcel) -> None:
        """As the outbox does it."""
        self.made[parcel.part] = None


@dataclass
class Sender:
    """A bot that only sends, and remembers nothing on disk."""

    server: TelegramServer
    bot: ExtBot[Manner]
    limiter: Limiter
    moves: list[tuple[int, int]] = field(default_factory=list)

    @property
    def ada(self) -> Chat:
        """The private chat with somebody."""
        return self.server.user(ADA, "Ada").chat

    def delivery(self, target: Target | None = None, **more: Any) -> Delivery:
        """What sends to a target, by default to Ada."""
        return Delivery(
            self.bot,
            target or Target(ADA),
            self.limiter,
            on_migrated=lambda old, new: self.moves.append((old, new)),
            **more,
        )

    def draft(self, target: Target | None = None, **more: Any) -> Draft:
        """An answer that grows, by default with a stop button."""
        given = {"stop_keyboard": STOP, **more}
        return Draft(self.delivery(target), self.limiter, ResponseFormatter(), **given)

    async def finish(self, draft: Draft, text: str, footer: str = "") -> Marks:
        """Send what an answer says at last."""
        marks = Marks()
        parts = await draft.parts(text, footer)
        parcels = parcels_of("answer", ADA, draft.target, parts, await draft.settled())
        await ship(cast("Outbox", marks), self.delivery, parcels)
        return marks

    def calls(self) -> list[str]:
        """The methods that were called, in order."""
        return [call.method for call in self.server.calls if call.method != "getMe"]


def hurried(times: float = 8.0) -> Limiter:
    """A limiter whose seconds pass so many times as fast, where a test is not about time."""
    return Limiter(clock=lambda: time.monotonic() * times, sleep=lambda seconds: asyncio.sleep(seconds / times))


@asynccontextmanager
async def sending(
    server: TelegramServer, limiter: Limiter | None = None, *, read_seconds: float = 5.0
) -> AsyncGenerator[Sender]:
    """A sender, with a hurried limiter unless another one is given."""
    limiter = limiter or hurried()
    bot = ExtBot(
        TOKEN,
        base_url=f"{server.url}/bot",
        request=Transport(16, read_seconds=read_seconds),
        get_updates_request=Transport(),
        rate_limiter=limiter,
    )
    async with bot:
        server.user(ADA, "Ada")
        yield Sender(server, bot, limiter)
