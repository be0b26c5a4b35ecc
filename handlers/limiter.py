"""Limiter: when each call may go out to Telegram, so that answers are never refused and previews give way.

What is known of Telegram's limits: about one message a second in a chat, with small bursts; 20 a minute in a group; 30
a second over all chats. Edits count as messages do, and so, as far as we know, do deletions and reactions. Typing and
drafts have a budget of their own: 20 in 5 s and 40 in 30 s for each chat. What goes beyond is refused for `retry_after`
seconds, in that chat alone, and every try before they are over makes it longer.

So messages and edits share a window of 5 in 5 s, in groups also one of 20 in 60 s, of which previews leave the last
ones free: there is one every 1.25 s in private and every 4 s in groups, and what an answer says at last can go out at
once. After a refusal previews go at half the pace, and at twice that again after each quiet minute.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
import time
from collections import OrderedDict
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

from telegram.error import ChatMigrated, RetryAfter, TelegramError
from telegram.ext import BaseRateLimiter

from handlers.budget import Budget, Window
from handlers.chat_limits import NEXT_LOOK_SECONDS, ChatLimits, Family
from handlers.known import Known
from handlers.line import Line, Place
from handlers.unchanged import Unchanged

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from contextlib import AbstractAsyncContextManager

    Call = Callable[[], Awaitable["Result"]]

log = logging.getLogger(__name__)

Json = dict[str, Any]
Result = bool | Json | list[Json]

# Three previews a second keep as many growing answers smooth. More would have finished ones wait when many chats ask at
# once: with 25 a second, half of 50 answers that ended together came half a second late.
WHOLE_BOT = (Window(30, 1.0, spare=27),)
# A call that is not about a chat waits so long for the end of a flood, and then fails.
LONGEST_COURTESY_SECONDS = 30.0

_FAMILIES = (
    (Family.LIGHT, ("sendchataction", "sendmessagedraft")),
    (Family.MESSAGE, ("send", "copy", "forward")),
    (Family.EDIT, ("edit",)),
    (Family.TOUCH, ("delete", "setmessagereaction")),
)


class Urgency(Enum):
    """What becomes of a call for which there is no budget, or that Telegram refuses for a while."""

    FINAL = "waits for its turn, and is never dropped"
    PREVIEW = "is dropped"
    SEARCH = "looks for a message: waits for the whole bot's budget and for floods, not for the chat's budget"


@dataclass(frozen=True, slots=True)
class Announced:
    """A FINAL call of which somebody is told when its turn has come, each time just before it goes out."""

    tell: Callable[[], Awaitable[None]]

    def before(self, call: Call) -> Call:
        """The call with the announcement before it."""

        async def announced() -> Result:
            await self.tell()
            return await call()

        return announced


Manner = Urgency | Announced
"""How a call wants to go out: python-telegram-bot's `rate_limit_args`."""


class PreviewDropped(TelegramError):
    """Raised instead of a preview that may not go out now: another one will, or the answer itself."""

    def __init__(self) -> None:
        super().__init__("Telegram takes no preview in this chat now")


class Limiter(BaseRateLimiter[Manner]):
    """Has each call of a bot wait for its turn. Lives as long as the bot it is given to.

    `rate_limit_args` is an Urgency, by default FINAL, or Announced. `known` has the id of every message that was sent.
    `clock` and `sleep` are in seconds; `sleep` is also the one way in which an answer waits for anything.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.sleep = sleep
        self.known = Known()
        self._clock = clock
        self._chats: OrderedDict[int | str, ChatLimits] = OrderedDict()
        self._whole_bot = Budget(WHOLE_BOT, clock)
        self._line = Line()
        self._tickets = itertools.count()
        self._unchanged = Unchanged()

    async def initialize(self) -> None:
        """Nothing is opened."""

    async def shutdown(self) -> None:
        """Nothing is held."""

    async def process_request(  # noqa: PLR0913, PLR0917  # python-telegram-bot's signature
        self,
        callback: Callable[..., Coroutine[Any, Any, Result]],
        args: Any,
        kwargs: Json,
        endpoint: str,
        data: Json,
        rate_limit_args: Manner | None,
    ) -> Result:
        """Make a call when it is its turn. Raises PreviewDropped, and whatever the call itself raises."""
        call: Call = partial(callback, *args, **kwargs)
        family, chat_id = _family(endpoint), data.get("chat_id")
        if family is None or chat_id is None:
            return await self._patiently(call)
        if self._unchanged.is_known(endpoint, data):
            return True
        before = self._unchanged.began(data)
        if isinstance(rate_limit_args, Announced):
            call = rate_limit_args.before(call)
        try:
            result = await self._way_of(rate_limit_args)(chat_id, family, call)
        except ChatMigrated as error:
            self._chats.setdefault(error.new_chat_id, self._chat(chat_id))
            raise
        self._unchanged.ended(endpoint, data, result, before)
        if family is Family.MESSAGE:
            self._note(chat_id, result)
        return result

    def preview_wait_seconds(self, chat_id: int) -> float:
        """How long a chat's next preview must wait; 0 when it may go now. Never longer than a ban or an interval."""
        return self._preview_wait_seconds(self._chat(chat_id), Family.EDIT)

    def sends_halted(self, chat_id: int) -> AbstractAsyncContextManager[None]:
        """Have no new message on its way to a chat while the context is open."""
        return self._chat(chat_id).sends.halted()

    # --- the ways of a call -------------------------------------------------------------------------------------

    def _way_of(self, manner: Manner | None) -> Callable[[int | str, Family, Call], Awaitable[Result]]:
        if manner is Urgency.PREVIEW:
            return self._at_once
        return self._searching if manner is Urgency.SEARCH else self._in_turn

    async def _at_once(self, chat_id: int | str, family: Family, call: Call) -> Result:
        chat = self._chat(chat_id)
        if self._preview_wait_seconds(chat, family) > 0:
            raise PreviewDropped
        with self._counted(chat, family):
            chat.previewed(family)
            try:
                return await call()
            except RetryAfter as error:
                self._flooded(chat_id, chat, family, error)
                raise PreviewDropped from error

    async def _in_turn(self, chat_id: int | str, family: Family, call: Call) -> Result:
        chat, ticket = self._chat(chat_id), next(self._tickets)
        while True:
            with await self._turn(chat, family, ticket):
                try:
                    return await call()
                except RetryAfter as error:
                    self._flooded(chat_id, chat, family, error)

    async def _searching(self, chat_id: int | str, family: Family, call: Call) -> Result:
        """Make a call that Telegram mostly refuses as being about no message: an answer waits behind ten of them."""
        chat = self._chat(chat_id)
        while True:
            while (seconds := max(chat.budget(family).ban_seconds, self._whole_bot.wait_seconds())) > 0:
                await self._pause(seconds, self._whole_bot)
            with self._whole_bot.call():
                try:
                    return await call()
                except RetryAfter as error:
                    self._flooded(chat_id, chat, family, error)

    async def _patiently(self, call: Call) -> Result:
        """Make a call that is not counted."""
        left = LONGEST_COURTESY_SECONDS
        while True:
            try:
                return await call()
            except RetryAfter as error:
                seconds = _seconds(error)
                if seconds > left:
                    raise
                left -= seconds
                await self.sleep(seconds)

    # --- turns --------------------------------------------------------------------------------------------------------

    async def _turn(self, chat: ChatLimits, family: Family, ticket: int) -> ExitStack:
        """Wait for a call's turn in its chat, then in the whole bot; a context in which it is counted."""
        while True:
            if family is Family.MESSAGE:
                await chat.sends.resumed()
            with chat.line.place(ticket) as place:
                if counted := await self._turn_in_line(chat, family, place):
                    return counted

    async def _turn_in_line(self, chat: ChatLimits, family: Family, place: Place) -> ExitStack | None:
        """The same from a place in line; None when it must be left to those who look for a message."""
        while True:
            await place.first()
            if chat.is_halted(family):
                return None
            if (seconds := chat.wait_seconds(family)) > 0:
                await self._pause(seconds, chat.budget(family))
            elif counted := await self._turn_of_chat(chat, family):
                return counted

    async def _turn_of_chat(self, chat: ChatLimits, family: Family) -> ExitStack | None:
        """Wait until the whole bot has budget; None when the chat has none any more by then."""
        if family is Family.LIGHT:
            return self._counted(chat, family)
        with self._line.place(next(self._tickets)) as place:
            await place.first()
            while (seconds := self._whole_bot.wait_seconds()) > 0:
                await self._pause(seconds, self._whole_bot)
            may_go = chat.wait_seconds(family) <= 0 and not chat.is_halted(family)
            return self._counted(chat, family) if may_go else None

    async def _pause(self, seconds: float, budget: Budget) -> None:
        await (budget.next_end() if math.isinf(seconds) else self.sleep(seconds))

    def _counted(self, chat: ChatLimits, family: Family) -> ExitStack:
        with ExitStack() as counted:
            counted.enter_context(chat.call(family))
            if family is not Family.LIGHT:
                counted.enter_context(self._whole_bot.call())
            return counted.pop_all()

    def _preview_wait_seconds(self, chat: ChatLimits, family: Family) -> float:
        seconds = chat.preview_wait_seconds(family)
        if seconds > 0 or family is Family.LIGHT:
            return seconds
        if not self._line.is_empty:
            return NEXT_LOOK_SECONDS
        return min(self._whole_bot.wait_seconds(droppable=True), NEXT_LOOK_SECONDS)

    # --- what is remembered -------------------------------------------------------------------------------------------

    def _chat(self, chat_id: int | str) -> ChatLimits:
        """The limits of a chat; those that are quiet are forgotten, two at most at each call."""
        for _ in range(min(2, len(self._chats))):
            oldest_id, oldest = self._chats.popitem(last=False)
            if not oldest.is_quiet:
                self._chats[oldest_id] = oldest
        if chat_id not in self._chats:
            is_group = isinstance(chat_id, str) or chat_id < 0
            self._chats[chat_id] = ChatLimits(is_group=is_group, clock=self._clock)
        return self._chats[chat_id]

    def _flooded(self, chat_id: int | str, chat: ChatLimits, family: Family, error: RetryAfter) -> None:
        seconds = _seconds(error)
        log.info("Telegram wants %.1f s of silence in chat %s", seconds, chat_id)
        chat.flooded(family, seconds)

    def _note(self, chat_id: int | str, result: Result) -> None:
        """Note the ids of the messages that were sent."""
        for message in result if isinstance(result, list) else [result]:
            if isinstance(message, dict) and isinstance(chat_id, int):
                self.known.note(chat_id, message["message_id"])


def _family(endpoint: str) -> Family | None:
    for family, beginnings in _FAMILIES:
        if endpoint.lower().startswith(beginnings):
            return family
    return None


def _seconds(error: RetryAfter) -> float:
    """Seconds that Telegram asks to wait; python-telegram-bot gives a number or a timedelta."""
    wait = error.retry_after
    return max(wait.total_seconds() if isinstance(wait, timedelta) else float(wait), 1.0)
