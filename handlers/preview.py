"""What people see of an answer while it grows: one message, and further ones as the text outgrows them."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from telegram.error import BadRequest, NetworkError, TelegramError

from handlers.failures import in_background
from handlers.limiter import PreviewDropped, Urgency
from handlers.lost import Lost
from handlers.parts import formatted
from handlers.transport import NotSent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from telegram import InlineKeyboardMarkup

    from handlers.delivery import Delivery
    from handlers.limiter import Limiter
    from handlers.parts import Part
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
    """A message as it stands in the chat; one that an earlier life left shows nothing that counts."""

    message_id: int
    markdown: str = ""
    keyboard: InlineKeyboardMarkup | None = None


class Preview:
    """Keeps the messages of a growing answer up to date, one call at a time and at the chat's pace.

    The last message carries the stop keyboard. `changed` is set by whoever changes `progress`; `on_standing` is called
    with the ids of all previews whenever there is a new one.
    """

    def __init__(  # noqa: PLR0913  # what it shows, how, where, and what stands there already
        self,
        delivery: Delivery,
        limiter: Limiter,
        formatter: ResponseFormatter,
        progress: Progress,
        *,
        stop_keyboard: InlineKeyboardMarkup | None = None,
        standing: Sequence[int] = (),
        on_standing: Callable[[list[int]], None] | None = None,
    ) -> None:
        self.changed = asyncio.Event()
        self.shows_text = False
        self._delivery = delivery
        self._limiter = limiter
        self._formatter = formatter
        self._progress = progress
        self._stop_keyboard = stop_keyboard
        self._standing = [Standing(message_id) for message_id in standing]
        self._on_standing = on_standing
        self._lost: Lost | None = None
        self._call: asyncio.Task[bool | None] | None = None

    async def run(self) -> None:
        """Show what changes until cancelled, or until another preview would do harm."""
        await self._limiter.sleep(FIRST_PREVIEW_SECONDS)
        useful: bool | None = True
        while useful:
            await self.changed.wait()
            while (seconds := self._limiter.preview_wait_seconds(self._delivery.target.chat_id)) > 0:
                await self._limiter.sleep(seconds)
            self.changed.clear()
            following = await self._next()
            if following is None:
                await self._limiter.sleep(NEXT_LOOK_SECONDS)
            else:
                # Not cancelled with this task: Telegram may have taken a call that was broken off.
                self._call = in_background(partial(self._show, *following), "show a preview")
                useful = await asyncio.shield(self._call)

    async def settled(self) -> tuple[int | Lost, ...]:
        """The messages that stand once no preview is under way: one that lands later would overwrite the answer.

        The last of them may be one that nobody knows of whether it stands.
        """
        if self._call:
            await asyncio.wait([self._call])
        return *self.message_ids, *([self._lost] if self._lost else [])

    @property
    def message_ids(self) -> list[int]:
        """The messages that are known to stand."""
        return [standing.message_id for standing in self._standing]

    async def close_with(self, notice: str) -> None:
        """Have the last message say why it grows no longer, and take its button away. One try. Raises TelegramError."""
        parts = await self._parts()
        if not self._standing or not parts:
            return
        last = min(len(self._standing), len(parts)) - 1
        part, message_id = parts[last].with_notice(notice), self._standing[last].message_id
        await self._delivery.show_once(message_id, part, None, Urgency.FINAL)

    async def _next(self) -> tuple[int, Part, InlineKeyboardMarkup | None] | None:
        """The first message that does not yet stand as it should: its place in the answer, and how it should."""
        parts = await self._parts()
        for index, part in enumerate(parts):
            keyboard = self._stop_keyboard if index == len(parts) - 1 else None
            if not self._stands(index, part.markdown, keyboard):
                return index, part, keyboard
        return None

    async def _parts(self) -> list[Part]:
        text = self._progress.text
        if not text:
            return await formatted(self._formatter.plain, self._progress.note)
        if not self._standing and len(text.strip()) < FIRST_PREVIEW_CHARACTERS:
            return []
        return await formatted(self._formatter.format_prefix, text)

    def _stands(self, index: int, markdown: str, keyboard: InlineKeyboardMarkup | None) -> bool:
        if index >= len(self._standing):
            return False
        standing = self._standing[index]
        return (standing.markdown, standing.keyboard) == (markdown, keyboard)

    async def _show(self, index: int, part: Part, keyboard: InlineKeyboardMarkup | None) -> bool:
        """Send or edit one message now; False when only the final delivery should see to the rest."""
        known = self.message_ids[index : index + 1]
        lost = Lost(self._delivery.floor, part.text)
        is_text = bool(self._progress.text)
        self.changed.set()  # there may be a next message to see to, or this one again
        try:
            message_id = await self._delivery.show_once(known[0] if known else None, part, keyboard)
        except PreviewDropped:
            return True
        except TelegramError as error:
            log.warning("a preview could not be shown: %s", error)
            if _may_stand(error) and not known:  # it must not get a twin
                self._lost = lost
            return self._lost is None and _may_pass(error)
        self._standing[index : index + 1] = [Standing(message_id, part.markdown, keyboard)]
        self.shows_text = is_text
        if not known and self._on_standing:
            self._on_standing(self.message_ids)
        return True


def _may_pass(error: TelegramError) -> bool:
    return isinstance(error, NetworkError) and not isinstance(error, BadRequest)


def _may_stand(error: TelegramError) -> bool:
    return _may_pass(error) and not isinstance(error, NotSent)
