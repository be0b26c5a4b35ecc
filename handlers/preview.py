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
# A new message is sent once it is on disk that it may stand: nobody waits for the disk, but it needs no longer.
WRITING_DOWN_SECONDS = 0.05
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

    The last message carries the stop keyboard. `changed` is set by whoever changes `progress`.

    `standing` and what `on_standing` is called with, before and after each new message is sent, are the ids of all
    previews; a last number below zero says that one more may stand, with an id above its opposite.
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
        self._standing = [Standing(place) for place in standing if place > 0]
        self._lost = next((Lost(-place) for place in standing if place < 0), None)
        self._on_standing = on_standing
        self._told = self.places
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
            if self._lost and not await self._found_out(self._lost):
                return
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
        ids = [standing.message_id for standing in self._standing]
        return *ids, *([self._lost] if self._lost else [])

    @property
    def places(self) -> list[int]:
        """The ids of what stands, in the form in which a later life is told of them."""
        ids = [standing.message_id for standing in self._standing]
        return [*ids, -self._lost.after_message_id] if self._lost and self._lost.after_message_id else ids

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
        message_id = self._standing[index].message_id if index < len(self._standing) else None
        is_text = bool(self._progress.text)
        self.changed.set()  # there may be a next message to see to, or this one again
        if message_id is None:
            self._tell(Lost(self._delivery.floor, part.text))
            await self._limiter.sleep(WRITING_DOWN_SECONDS if self._on_standing else 0)
        try:
            message_id = await self._delivery.show_once(message_id, part, keyboard)
        except TelegramError as error:
            if not _may_stand(error):
                self._tell(None)
            return _may_pass(error)
        self._standing[index : index + 1] = [Standing(message_id, part.markdown, keyboard)]
        self._tell(None)
        self.shows_text = is_text
        return True

    async def _found_out(self, lost: Lost) -> bool:
        """Look for a message before anything is sent that would be its twin; False when the chat takes nothing."""
        try:
            message_id = await self._delivery.find(lost)
        except TelegramError as error:
            log.info("nobody can look for a preview: %s", type(error).__name__)
            return False
        if message_id is not None:
            self._standing.append(Standing(message_id))
        self._tell(None)
        return True

    def _tell(self, lost: Lost | None) -> None:
        """Note which message may stand from now on, and tell whoever keeps it for a later life."""
        before, self._lost = self._told, lost
        self._told = self.places
        if self._on_standing and self._told != before:
            self._on_standing(self._told)


def _may_pass(error: TelegramError) -> bool:
    """Whether other previews may be taken."""
    if isinstance(error, PreviewDropped):
        return True
    log.warning("a preview could not be shown: %s", error)
    return isinstance(error, NetworkError) and not isinstance(error, BadRequest)


def _may_stand(error: TelegramError) -> bool:
    """Whether what was sent may be there all the same."""
    return isinstance(error, NetworkError) and not isinstance(error, BadRequest | NotSent)
