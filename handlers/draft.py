"""One growing answer: the events of a run become previews at a safe pace, and its end the final messages."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from telegram import InlineKeyboardMarkup
from telegram.error import RetryAfter, TelegramError

from handlers.delivery import Delivery, Target, formatted
from handlers.failures import in_background
from handlers.pace import Pace, retry_seconds
from handlers.preview import Preview
from handlers.progress import Progress

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator

    from telegram import Bot, InlineKeyboardButton

    from handlers.delivery import Part
    from handlers.preview import Standing
    from routing.response_formatter import ResponseFormatter
    from routing.types import Event, ExecutionResult

__all__ = ["Draft", "Target"]

log = logging.getLogger(__name__)

# An answer that is there at once needs no "typing".
FIRST_TYPING_SECONDS = 0.1
# Telegram shows it for five seconds.
TYPING_SECONDS = 4.5


class Draft:
    """One answer in one chat, from the first event to the last part. Lives for one run.

    `follow` shows what comes while it comes, on tasks of its own: no event ever waits for Telegram. `finish` delivers
    the answer.
    """

    def __init__(
        self,
        bot: Bot,
        target: Target,
        formatter: ResponseFormatter,
        *,
        stop_button: InlineKeyboardButton | None = None,
        pace: Pace | None = None,
    ) -> None:
        stop_keyboard = InlineKeyboardMarkup([[stop_button]]) if stop_button else None
        self._formatter = formatter
        self._pace = pace or Pace(is_group=target.is_group)
        self._delivery = Delivery(bot, target, self._pace)
        self._progress = Progress()
        self._preview = Preview(self._delivery, self._pace, formatter, self._progress, stop_keyboard)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def text(self) -> str:
        """The answer so far, without anything that a fallback made void."""
        return self._progress.text

    async def follow(self, events: AsyncIterator[Event]) -> ExecutionResult:
        """Show the events of a run as they come; the result it finished with. The caller closes the stream."""
        self._tasks = [
            in_background(self._show_typing, "show typing"),
            in_background(self._preview.run, "show previews"),
        ]
        try:
            async for event in events:
                if self._progress.take(event):
                    self._preview.changed.set()
        finally:
            self._stop_showing()
        if self._progress.result is None:
            raise RuntimeError("the run ended without saying how")
        return self._progress.result

    async def finish(self, text: str, footer: str = "", keyboard: InlineKeyboardMarkup | None = None) -> list[int]:
        """Deliver the answer, whatever it takes; the ids of its messages. `keyboard` goes under the last of them.

        The parts take the previews' places. With nothing visible in `text` and `footer` nothing is sent, and the
        previews go. Raises Forbidden and the like when the chat takes nothing any more.
        """
        self._stop_showing()
        standing = await self._preview.settled()
        parts = await formatted(partial(self._formatter.format, footer=footer), text)
        message_ids = []
        for index, part in enumerate(parts):
            under = keyboard if index == len(parts) - 1 else None
            message_ids.append(await self._deliver(part, under, standing[index] if index < len(standing) else None))
        for left_over in standing[len(parts) :]:
            await self._delivery.delete(left_over.message_id)
        return message_ids

    async def _deliver(self, part: Part, keyboard: InlineKeyboardMarkup | None, standing: Standing | None) -> int:
        is_reply = part.index == 0
        if standing is None:
            return await self._delivery.send(part, keyboard, is_reply=is_reply)
        if (standing.markdown, standing.keyboard) == (part.markdown, keyboard):
            return standing.message_id
        return await self._delivery.replace(standing.message_id, part, keyboard, is_reply=is_reply)

    def _stop_showing(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _show_typing(self) -> None:
        await self._pace.sleep(FIRST_TYPING_SECONDS)
        while not self._preview.shows_text:
            try:
                await self._delivery.type_once()
            except RetryAfter as error:
                await self._pace.sleep(retry_seconds(error))
            except TelegramError as error:
                log.debug("typing could not be shown: %s", type(error).__name__)
            await self._pace.sleep(TYPING_SECONDS)
