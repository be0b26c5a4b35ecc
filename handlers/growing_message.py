"""GrowingMessage: one message that shows how a piece of work goes on, and in the end what came of it."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from telegram.error import BadRequest, TelegramError

from handlers.failures import in_background
from handlers.limiter import PreviewDropped, Urgency
from handlers.parts import formatted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from telegram import InlineKeyboardMarkup

    from handlers.delivery import Delivery
    from handlers.front import Rows, Screen
    from handlers.limiter import Limiter
    from handlers.parts import Part
    from routing.response_formatter import ResponseFormatter

log = logging.getLogger(__name__)

# Nobody watches a download more closely than this, and an answer that grows in the same chat wants the budget too.
EVERY_SECONDS = 4.0
# When the program is stopped it has a few seconds for everything.
LONGEST_GOODBYE_SECONDS = 1.5


class GrowingMessage:
    """Lives for one piece of work. What is shown in between gives way to answers; the end is shown in any case.

    `message_id` is the message that it grows in, once there is one; `on_standing` is called with it. `keyboard` makes
    the buttons of a screen such as Telegram takes them.
    """

    def __init__(  # noqa: PLR0913  # what it shows, how, where, and what stands there already
        self,
        delivery: Delivery,
        limiter: Limiter,
        formatter: ResponseFormatter,
        *,
        keyboard: Callable[[Rows], InlineKeyboardMarkup | None],
        message_id: int | None = None,
        on_standing: Callable[[Sequence[int]], None] | None = None,
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        self.message_id = message_id
        self._delivery = delivery
        self._limiter = limiter
        self._formatter = formatter
        self._keyboard = keyboard
        self._on_standing = on_standing
        self._every_seconds = every_seconds
        self._latest: Screen | None = None
        self._shown: Screen | None = None
        self._changed = asyncio.Event()
        self._call: asyncio.Task[bool | None] | None = None

    async def show(self, screen: Screen) -> None:
        """Send the message; once it is there, have it say this when there is time, unless something else comes before.

        Waits only where it is sent. Then floods and outages are waited out.
        """
        if self.message_id is not None:
            self._latest = screen
            self._changed.set()
            return
        part = await self._part(screen)
        self._shown = screen
        self.message_id = await self._delivery.send(part, self._keyboard(screen.rows), is_reply=True)
        if self._on_standing:
            self._on_standing([self.message_id])

    async def follow(self, screens: AsyncIterator[Screen]) -> None:
        """Show each of these as it comes, or the newest of them. Raises what they raise."""
        painter = in_background(self._paint, "show how something goes on")
        try:
            async for screen in screens:
                await self.show(screen)
        finally:
            painter.cancel()
            await asyncio.wait([painter])

    async def end(self, screen: Screen) -> None:
        """Say what came of it. Waits out floods and outages; a message that is gone is sent anew."""
        await self._settled()
        part, keyboard = await self._part(screen), self._keyboard(screen.rows)
        if self.message_id is None:
            self.message_id = await self._delivery.send(part, keyboard, is_reply=True)
        elif screen != self._shown:
            await self._delivery.replace(self.message_id, part, keyboard)
        self._shown = screen

    async def leave(self, screen: Screen) -> None:
        """Say why it grows no longer: one try, for a moment at most, since the program is being stopped."""
        try:
            async with asyncio.timeout(LONGEST_GOODBYE_SECONDS):
                await self._settled()
                if self.message_id is not None:
                    await self._show(screen, Urgency.FINAL)
        except TimeoutError:
            log.info("a message is left as it stands")

    async def _paint(self) -> None:
        useful: bool | None = True
        while useful:
            await self._changed.wait()
            while (seconds := self._limiter.preview_wait_seconds(self._delivery.target.chat_id)) > 0:
                await self._limiter.sleep(seconds)
            self._changed.clear()
            if self._latest and self._latest != self._shown:
                # Not cancelled with this task: Telegram may have taken a call that was broken off.
                self._call = in_background(partial(self._show, self._latest), "show how something goes on")
                useful = await asyncio.shield(self._call)
                await self._limiter.sleep(self._every_seconds)

    async def _show(self, screen: Screen, urgency: Urgency = Urgency.PREVIEW) -> bool:
        """Edit the message now; False when it takes no edit any more."""
        try:
            await self._delivery.show_once(
                self.message_id, await self._part(screen), self._keyboard(screen.rows), urgency
            )
        except PreviewDropped:
            self._changed.set()
        except TelegramError as error:
            log.info("a message could not be changed: %s", type(error).__name__)
            return not isinstance(error, BadRequest)
        else:
            self._shown = screen
        return True

    async def _settled(self) -> None:
        """Wait until no call is under way: one that lands later would overwrite the end."""
        if self._call:
            await asyncio.wait([self._call])

    async def _part(self, screen: Screen) -> Part:
        """The message that has the buttons: the last one of a screen that takes several."""
        return (await formatted(self._formatter.format, screen.markdown))[-1]
