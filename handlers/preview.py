"""What people see of an answer while it grows: one message, and further ones as the text outgrows them."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError, TimedOut

from handlers.delivery import formatted
from handlers.failures import in_background

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup

    from handlers.delivery import Delivery, Part
    from handlers.pace import Pace
    from handlers.progress import Progress
    from routing.response_formatter import ResponseFormatter

log = logging.getLogger(__name__)

# An answer that is over before this is one message without a preview.
FIRST_PREVIEW_SECONDS = 0.8
# The first preview is what a notification shows: more than a syllable.
FIRST_PREVIEW_CHARACTERS = 20
# While what comes is held back, as a table's row is until its end, a look at every token would only cost time.
NEXT_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Standing:
    """A message as it stands in the chat."""

    message_id: int
    markdown: str
    keyboard: InlineKeyboardMarkup | None


class Preview:
    """Keeps the messages of a growing answer up to date, one call at a time and at the chat's pace.

    The last message carries the stop keyboard. `changed` is set by whoever changes `progress`.
    """

    def __init__(
        self,
        delivery: Delivery,
        pace: Pace,
        formatter: ResponseFormatter,
        progress: Progress,
        stop_keyboard: InlineKeyboardMarkup | None,
    ) -> None:
        self.changed = asyncio.Event()
        self.shows_text = False
        self._delivery = delivery
        self._pace = pace
        self._formatter = formatter
        self._progress = progress
        self._stop_keyboard = stop_keyboard
        self._standing: list[Standing] = []
        self._call: asyncio.Task[bool | None] | None = None

    async def run(self) -> None:
        """Show what changes until cancelled, or until another preview would do harm."""
        await self._pace.sleep(FIRST_PREVIEW_SECONDS)
        useful: bool | None = True
        while useful:
            await self.changed.wait()
            await self._pace.sleep(self._pace.preview_wait_seconds)
            self.changed.clear()
            following = await self._next()
            if following is None:
                await self._pace.sleep(NEXT_LOOK_SECONDS)
            else:
                # Not cancelled with this task: Telegram may have taken a call that was broken off.
                self._call = in_background(partial(self._show, *following), "show a preview")
                useful = await asyncio.shield(self._call)

    async def settled(self) -> list[Standing]:
        """The messages that stand once no preview is under way: one that lands later would overwrite the answer."""
        if self._call:
            await asyncio.wait([self._call])
        return self._standing

    async def _next(self) -> tuple[int, Part] | None:
        """The first message that does not yet stand as it should, by its place in the answer."""
        parts = await self._parts()
        for index, part in enumerate(parts):
            if not self._stands(index, part.markdown, self._keyboard(index, len(parts))):
                return index, part
        return None

    async def _parts(self) -> list[Part]:
        text = self._progress.text
        if not text:
            return await formatted(self._formatter.plain, self._progress.note)
        if not self._standing and len(text.strip()) < FIRST_PREVIEW_CHARACTERS:
            return []
        return await formatted(self._formatter.format_prefix, text)

    def _keyboard(self, index: int, count: int) -> InlineKeyboardMarkup | None:
        return self._stop_keyboard if index == count - 1 else None

    def _stands(self, index: int, markdown: str, keyboard: InlineKeyboardMarkup | None) -> bool:
        if index >= len(self._standing):
            return False
        standing = self._standing[index]
        return (standing.markdown, standing.keyboard) == (markdown, keyboard)

    async def _show(self, index: int, part: Part) -> bool:
        """Send or edit one message now; False when only the final delivery should see to the rest."""
        keyboard = self._keyboard(index, len(part.response.parts))
        message_id = self._standing[index].message_id if index < len(self._standing) else None
        is_text = bool(self._progress.text)
        self.changed.set()  # there may be a next message to see to, or this one again
        self._pace.previewed()
        try:
            message_id = await self._delivery.show_once(message_id, part, keyboard)
        except RetryAfter as error:
            self._pace.banned(error)
        except TelegramError as error:
            log.warning("a preview could not be shown: %s", error)
            return _may_go_on(error, is_known=message_id is not None)
        else:
            self._standing[index : index + 1] = [Standing(message_id, part.markdown, keyboard)]
            self.shows_text = is_text
        return True


def _may_go_on(error: TelegramError, *, is_known: bool) -> bool:
    """Whether previews make sense after this error; `is_known`: the message has an id."""
    if isinstance(error, TimedOut):  # a message that may stand there under an unknown id must not get a twin
        return is_known
    return isinstance(error, NetworkError) and not isinstance(error, BadRequest)
