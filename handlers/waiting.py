"""Waiting: what was sent while an answer is being written gets a reaction, so that its sender sees that it waits."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from telegram import ReplyParameters
from telegram.constants import ReactionEmoji
from telegram.error import BadRequest, NetworkError, TelegramError

from handlers.failures import in_background
from handlers.front import thread_of
from handlers.limiter import PreviewDropped, Urgency

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from telegram import Message
    from telegram.ext import ExtBot

log = logging.getLogger(__name__)

WAITS = ReactionEmoji.EYES
# Where a group allows no reactions.
SAID = "I have seen this, and answer it as soon as I am done with what came before."
# What has its turn sooner than this does not look as if it waited.
AFTER_SECONDS = 0.7
# Who sends fifty messages at once needs no fifty reactions to see that they wait.
MOST_AT_A_TIME = 5
# A growing answer wants the same budget, and may be faster; what it needs in the end is not touched.
TRIES = 8


class Waiting:
    """Shows people that their messages wait; whatever goes wrong with that, the log alone is told.

    `concerns` says whether a message is one that will be answered: no other is given a sign. `wait_seconds` says when a
    chat has budget for what can be dropped (`Limiter.preview_wait_seconds`).
    """

    def __init__(
        self,
        concerns: Callable[[Message], Awaitable[bool]],
        wait_seconds: Callable[[int], float],
        *,
        after_seconds: float = AFTER_SECONDS,
    ) -> None:
        self.concerns = concerns
        self.wait_seconds = wait_seconds
        self.after_seconds = after_seconds
        self._tasks: set[asyncio.Task[None]] = set()

    def busy_period(self) -> BusyPeriod:
        """Somebody has begun to wait where nobody did."""
        return BusyPeriod(self)

    def start(self, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Do something in the background."""
        task = in_background(work, "show that a message waits")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Break off what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class BusyPeriod:
    """One chat's or topic's messages that wait, for as long as there are any."""

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting
        self._shown = 0
        self._takes_reactions = True

    def show(self, message: Message, turn: asyncio.Future[bool]) -> asyncio.Task[None]:
        """Show that a message waits, until `turn` is done: in the background, by what is returned."""
        return self._waiting.start(partial(self._show, message, turn))

    async def _show(self, message: Message, turn: asyncio.Future[bool]) -> None:
        await asyncio.wait([turn], timeout=self._waiting.after_seconds)
        if turn.done() or not self._takes_reactions or self._shown >= MOST_AT_A_TIME:
            return
        self._shown += 1
        try:
            await self._show_until(message, turn)
        except TelegramError as error:
            log.debug("that a message waits is not shown, or is shown for too long: %s", type(error).__name__)
        finally:
            self._shown -= 1

    async def _show_until(self, message: Message, turn: asyncio.Future[bool]) -> None:
        if await self._waiting.concerns(message) and await self._may_stand(message, turn):
            await asyncio.wait([turn])
            await self._call(message, partial(_react, emoji=None))

    async def _may_stand(self, message: Message, turn: asyncio.Future[bool]) -> bool:
        """Set the reaction, or say the same where there are none; whether it stands there, for all we know."""
        try:
            return await self._call(message, partial(_react, emoji=WAITS), turn)
        except BadRequest:  # is a NetworkError to python-telegram-bot
            if self._takes_reactions:
                self._takes_reactions = False
                await self._call(message, _say, turn)
            return False
        except NetworkError:
            return True

    async def _call(
        self,
        message: Message,
        call: Callable[[Message], Awaitable[None]],
        until: asyncio.Future[bool] | None = None,
    ) -> bool:
        """Make a call once there is budget for it; False: it was not made, as there was none in time."""
        for _ in range(TRIES):
            seconds = self._waiting.wait_seconds(message.chat.id)
            await (asyncio.wait([until], timeout=seconds) if until else asyncio.sleep(seconds))
            if until and until.done():
                return False
            with suppress(PreviewDropped):
                await call(message)
                return True
        return False


async def _react(message: Message, emoji: str | None) -> None:
    bot = _bot_of(message)
    await bot.set_message_reaction(message.chat.id, message.message_id, emoji, rate_limit_args=Urgency.PREVIEW)


async def _say(message: Message) -> None:
    await _bot_of(message).send_message(
        message.chat.id,
        SAID,
        message_thread_id=thread_of(message),
        reply_parameters=ReplyParameters(message.message_id, allow_sending_without_reply=True),
        disable_notification=True,
        rate_limit_args=Urgency.PREVIEW,
    )


def _bot_of(message: Message) -> ExtBot[Any]:
    return cast("ExtBot[Any]", message.get_bot())  # an application's bot takes limits along
