"""Draft: the events of a run become one growing answer at a safe pace, and its end the parts that are to be sent."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from telegram.error import TelegramError

from handlers.failures import in_background
from handlers.parts import formatted
from handlers.preview import Preview
from handlers.progress import Progress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from telegram import InlineKeyboardMarkup

    from handlers.delivery import Delivery, Target
    from handlers.limiter import Limiter
    from handlers.lost import Lost
    from handlers.parts import Part
    from routing.response_formatter import ResponseFormatter
    from routing.types import Event, ExecutionResult

log = logging.getLogger(__name__)

# An answer that is there at once needs no "typing".
FIRST_TYPING_SECONDS = 0.1
# Telegram shows it for five seconds.
TYPING_SECONDS = 4.5
# When the program is stopped it has a few seconds for everything.
LONGEST_INTERRUPT_SECONDS = 2.0


class Draft:
    """One answer in one chat, from the first event to the parts of its end. Lives for one run.

    `follow` shows what comes while it comes, on tasks of its own: no event ever waits for Telegram. Then either `parts`
    and `settled` say what is to be sent, and what it takes the place of, or `interrupt` leaves the answer as it is.

    `standing` are the messages that an earlier life has left: they go on growing. `on_standing` is called with what
    stands whenever that changes: handlers/preview.py says in which form, which is that of `standing` too.
    """

    def __init__(  # noqa: PLR0913  # what it shows, how, where, and what stands there already
        self,
        delivery: Delivery,
        limiter: Limiter,
        formatter: ResponseFormatter,
        *,
        stop_keyboard: InlineKeyboardMarkup | None = None,
        standing: Sequence[int] = (),
        on_standing: Callable[[list[int]], None] | None = None,
    ) -> None:
        self._delivery = delivery
        self._limiter = limiter
        self._formatter = formatter
        self._progress = Progress()
        self._preview = Preview(
            delivery,
            limiter,
            formatter,
            self._progress,
            stop_keyboard=stop_keyboard,
            standing=standing,
            on_standing=on_standing,
        )
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def text(self) -> str:
        """The answer so far, without anything that a fallback made void."""
        return self._progress.text

    @property
    def target(self) -> Target:
        """Where it goes, and after which message, as of now: a group may become a supergroup meanwhile."""
        return replace(self._delivery.target, after_message_id=self._delivery.floor)

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

    async def parts(self, text: str, footer: str = "") -> list[Part]:
        """The messages of the finished answer; none with nothing visible in `text` and `footer`."""
        return await formatted(partial(self._formatter.format, footer=footer), text)

    async def settled(self) -> tuple[int | Lost, ...]:
        """Stop showing; the messages that the finished answer takes the place of, once none of them can change."""
        self._stop_showing()
        return await self._preview.settled()

    async def interrupt(self, notice: str) -> tuple[int, ...]:
        """Stop showing, and leave what stands with a notice instead of the stop button; what that is, as `standing`.

        One try, for two seconds at most: whoever goes on with the answer will see to what is left.
        """
        try:
            async with asyncio.timeout(LONGEST_INTERRUPT_SECONDS):
                await self.settled()
                await self._preview.close_with(notice)
        except (TelegramError, TimeoutError) as error:
            log.info("an answer is left as it stands: %s", type(error).__name__)
        return tuple(self._preview.places)

    def _stop_showing(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _show_typing(self) -> None:
        await self._limiter.sleep(FIRST_TYPING_SECONDS)
        while not self._preview.shows_text:
            try:
                await self._delivery.type_once()
            except TelegramError as error:
                log.debug("typing could not be shown: %s", type(error).__name__)
            await self._limiter.sleep(TYPING_SECONDS)
