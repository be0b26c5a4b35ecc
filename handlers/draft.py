"""One growing answer: the events of a run become previews at a safe pace, and its end the final messages."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from telegram import InlineKeyboardMarkup
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError, TimedOut

from handlers.delivery import Delivery, Target, parts_of
from handlers.failures import in_background
from handlers.pace import Pace, retry_seconds
from handlers.progress import Progress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from telegram import Bot, InlineKeyboardButton

    from handlers.delivery import Part
    from routing.response_formatter import ResponseFormatter
    from routing.types import Event, ExecutionResult

__all__ = ["Draft", "Target"]

log = logging.getLogger(__name__)

# An answer that is over before this is one message without a preview, and needs no "typing".
FIRST_PREVIEW_SECONDS = 0.8
FIRST_TYPING_SECONDS = 0.1
# Telegram shows "typing" for five seconds.
TYPING_SECONDS = 4.5
# The first preview is what a notification shows: more than a syllable.
FIRST_PREVIEW_CHARACTERS = 20


class Draft:
    """One answer in one chat, from the first event to the last part. Lives for one run.

    `follow` shows what comes while it comes, on tasks of its own: no event ever waits for Telegram. `finish` delivers
    the answer. A preview shows the last message's worth of a text that is longer than one message.
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
        self._formatter = formatter
        self._pace = pace or Pace(is_group=target.is_group)
        self._delivery = Delivery(bot, target, self._pace)
        self._stop_keyboard = InlineKeyboardMarkup([[stop_button]]) if stop_button else None
        self._progress = Progress()
        self._changed = asyncio.Event()
        self._message_id: int | None = None
        self._shown = ""
        self._text_shown = False
        self._tasks: list[asyncio.Task[None]] = []
        self._preview_call: asyncio.Task[bool | None] | None = None

    @property
    def text(self) -> str:
        """The answer so far, without anything that a fallback made void."""
        return self._progress.text

    async def follow(self, events: AsyncIterator[Event]) -> ExecutionResult:
        """Show the events of a run as they come; the result it finished with. The caller closes the stream."""
        self._tasks = [
            in_background(self._show_typing, "show typing"),
            in_background(self._show_previews, "show previews"),
        ]
        try:
            async for event in events:
                if self._progress.take(event):
                    self._changed.set()
        finally:
            self._stop_showing()
        if self._progress.result is None:
            raise RuntimeError("the run ended without saying how")
        return self._progress.result

    async def finish(self, text: str, footer: str = "", keyboard: InlineKeyboardMarkup | None = None) -> list[int]:
        """Deliver the answer, whatever it takes; the ids of its messages. `keyboard` goes under the last of them.

        The first part takes the preview's place. With nothing visible in `text` and `footer` nothing is sent and the
        preview goes. Raises Forbidden and the like when the chat takes nothing any more.
        """
        self._stop_showing()
        if self._preview_call:  # a preview that lands after the answer would overwrite it
            await asyncio.wait([self._preview_call])
        parts = parts_of(self._formatter.format(text, footer=footer))
        if not parts and self._message_id is not None:
            await self._delivery.delete(self._message_id)
        return await self._deliver(parts, keyboard)

    async def _deliver(self, parts: list[Part], keyboard: InlineKeyboardMarkup | None) -> list[int]:
        message_ids: list[int] = []
        for part in parts:
            under = keyboard if part is parts[-1] else None
            if message_ids or self._message_id is None:
                message_ids.append(await self._delivery.send(part, under, is_reply=not message_ids))
            elif self._stands_already(part, under):
                message_ids.append(self._message_id)
            else:
                message_ids.append(await self._delivery.replace(self._message_id, part, under))
        return message_ids

    def _stands_already(self, part: Part, keyboard: InlineKeyboardMarkup | None) -> bool:
        return part.markdown == self._shown and keyboard is None and self._stop_keyboard is None

    def _stop_showing(self) -> None:
        for task in self._tasks:
            task.cancel()

    # --- beside the reader --------------------------------------------------------------------------------------------

    async def _show_typing(self) -> None:
        await self._pace.sleep(FIRST_TYPING_SECONDS)
        while not self._text_shown:
            try:
                await self._delivery.type_once()
            except RetryAfter as error:
                await self._pace.sleep(retry_seconds(error))
            except TelegramError as error:
                log.debug("typing could not be shown: %s", type(error).__name__)
            await self._pace.sleep(TYPING_SECONDS)

    async def _show_previews(self) -> None:
        await self._pace.sleep(FIRST_PREVIEW_SECONDS)
        useful = True
        while useful:
            await self._changed.wait()
            await self._pace.sleep(self._pace.preview_wait_seconds)
            self._changed.clear()
            if part := self._next_preview():
                # Not cancelled with this task: Telegram may have taken a call that was broken off.
                self._preview_call = call = in_background(partial(self._preview, part), "show a preview")
                useful = await asyncio.shield(call) is True

    def _next_preview(self) -> Part | None:
        text = self._progress.text
        if self._message_id is None and 0 < len(text.strip()) < FIRST_PREVIEW_CHARACTERS:
            return None
        response = self._formatter.format_prefix(text) if text else self._formatter.plain(self._progress.note)
        parts = parts_of(response)
        return parts[-1] if parts and parts[-1].markdown != self._shown else None

    async def _preview(self, part: Part) -> bool:
        """Show a preview now; False when there is no point in another: only the final delivery sees to the rest."""
        is_text = bool(self._progress.text)
        self._pace.previewed()
        try:
            self._message_id = await self._delivery.show_once(self._message_id, part, self._stop_keyboard)
        except RetryAfter as error:
            self._pace.banned(error)
        except TelegramError as error:
            log.warning("a preview could not be shown: %s", error)
            if not self._may_go_on(error):
                return False
        else:
            self._shown, self._text_shown = part.markdown, is_text
            return True
        self._changed.set()  # what could not be shown is shown later, as it stands then
        return True

    def _may_go_on(self, error: TelegramError) -> bool:
        if isinstance(error, TimedOut):  # a message that may stand there under an unknown id must not get a twin
            return self._message_id is not None
        return isinstance(error, NetworkError) and not isinstance(error, BadRequest)
