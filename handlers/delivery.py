"""Delivery: sending that does not give up: outages are outlasted, doubts resolved, refused markup goes without it.

What is promised. Each message arrives once, however often Telegram cannot be reached, answers with a gateway's error
page, or does what it was told without our hearing of it. Nobody is told of a failure that goes away by itself.

How. Edits and deletions are simply made again. A new message is sent again at once only when no connection was made;
after any other failure it may stand in the chat under an id we do not know, and as soon as Telegram answers again it is
looked for. Ids are enough for that: in private chats and basic groups Telegram counts upwards over all of a bot's
messages, in a supergroup over those of the chat. So the lost message has an id above all that were known when it went
out, and is among the first of those that are still unknown. Each of these is marked with a button, which Telegram
allows for messages of ours alone, and which it answers with the message: if it reads like the lost one, and is in the
same topic, it is the lost one, and is edited into shape. While somebody looks, nothing else is sent to the chat, so
that no message under way is taken for it.

Where it ends. A message that Telegram takes only after it has been looked for, or that many people's messages separate
from the last one we know, is sent twice. Where the process dies within the call, see handlers/outgoing.py.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Message, ReplyParameters
from telegram.error import BadRequest, ChatMigrated, Forbidden, NetworkError, RetryAfter

from handlers.backoff import backoffs, outlast, rest
from handlers.limiter import Announced, Urgency
from handlers.lost import Lost
from handlers.transport import NotSent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from telegram.ext import ExtBot

    from handlers.limiter import Limiter, Manner
    from handlers.parts import Part, Version

log = logging.getLogger(__name__)

# A send that timed out may have arrived, and looking for it takes a while: rather wait long for the answer.
READ_TIMEOUT_SECONDS = 30.0

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Target:
    """Where an answer goes: a chat, in it perhaps a forum topic, and in a group the message that is answered.

    `after_message_id`: what is sent has a higher id than this one.
    """

    chat_id: int
    thread_id: int | None = None
    reply_to_message_id: int | None = None
    is_group: bool = False
    after_message_id: int = 0


class Delivery:
    """What is sent to one target. Every method but the `..._once` waits out floods and outages.

    All of them follow a group that became a supergroup, and then call `on_migrated(old_chat_id, new_chat_id)`. They
    raise Forbidden when the chat takes nothing from us any more, and BadRequest for what is refused in every form.
    """

    def __init__(
        self,
        bot: ExtBot[Manner],
        target: Target,
        limiter: Limiter,
        *,
        on_migrated: Callable[[int, int], None] | None = None,
        read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
    ) -> None:
        self.target = target
        self._bot = bot
        self._limiter = limiter
        self._on_migrated = on_migrated
        self._read_timeout_seconds = read_timeout_seconds

    async def send(
        self,
        part: Part,
        keyboard: InlineKeyboardMarkup | None = None,
        *,
        is_reply: bool = False,
        about_to: Callable[[Lost], Awaitable[None]] | None = None,
    ) -> int:
        """Send a part as a new message; its id. `about_to` is told, just before each try, what may be lost then."""

        async def attempt(version: Version) -> int:
            return await self._send_or_find(version, part, keyboard, is_reply=is_reply, about_to=about_to)

        return await self._with_fallback(part, attempt)

    async def replace(
        self, message_id: int, part: Part, keyboard: InlineKeyboardMarkup | None = None, *, is_reply: bool = False
    ) -> int:
        """Make a part of a message that stands; when it is gone, send it anew. The id of the message."""

        async def attempt(version: Version) -> int:
            return await self._persist(lambda: self._edit(message_id, version, keyboard))

        try:
            return await attempt(next(part.versions()))
        except BadRequest:
            # Telegram says "refused" alike for a message that is gone, one that already reads so, and bad markup.
            # Once a mark has been set on it, only the markup can be the reason.
            if await self._mark(message_id) is None:
                return await self.send(part, keyboard, is_reply=is_reply)
        return await self._with_fallback(part, attempt)

    async def delete(self, message_id: int) -> None:
        """Delete a message, if it is still there."""
        try:
            await self._persist(lambda: self._bot.delete_message(self.target.chat_id, message_id))
        except BadRequest:
            log.info("a message that should be deleted was gone already")

    async def find(
        self,
        lost: Lost,
        *,
        of_earlier_life: bool = False,
        not_there: Callable[[Lost], Awaitable[None]] | None = None,
    ) -> int | None:
        """Look for a message that may have been sent, perhaps before the program was started; its id.

        Buttons that it had are gone. `not_there` is told what is left to look for, after each id that was not it.
        """
        with self._limiter.known.doubt():
            async with self._limiter.sends_halted(self.target.chat_id):
                return await self._search(lost, of_earlier_life=of_earlier_life, not_there=not_there)

    async def is_open(self) -> bool:
        """Whether the chat exists and has not thrown us out, for all that Telegram says."""
        try:
            await self._persist(lambda: self._bot.get_chat(self.target.chat_id))
        except (BadRequest, Forbidden):
            return False
        except RetryAfter as error:
            log.info("Telegram does not say whether chat %s is there: %s", self.target.chat_id, error)
        return True

    @property
    def floor(self) -> int:
        """A message id above which all messages will be that are sent from now on."""
        return max(self.target.after_message_id, self._limiter.known.highest(self.target.chat_id))

    # --- one call, no second try --------------------------------------------------------------------------------------

    async def show_once(
        self,
        message_id: int | None,
        part: Part,
        keyboard: InlineKeyboardMarkup | None,
        urgency: Urgency = Urgency.PREVIEW,
    ) -> int:
        """Send a message, or edit it when it has an id; its id. Raises TelegramError."""
        version = next(part.versions())
        if message_id is None:
            return await self._following(
                lambda: self._send(version, keyboard, is_reply=part.index == 0, manner=urgency)
            )
        return await self._edit(message_id, version, keyboard, urgency)

    async def type_once(self) -> None:
        """Show "typing" for about five seconds. Raises TelegramError."""
        await self._bot.send_chat_action(
            self.target.chat_id,
            "typing",
            message_thread_id=self.target.thread_id,
            rate_limit_args=Urgency.PREVIEW,
        )

    async def _send(
        self,
        version: Version,
        keyboard: InlineKeyboardMarkup | None,
        *,
        is_reply: bool,
        manner: Manner = Urgency.FINAL,
    ) -> int:
        reply_to = self.target.reply_to_message_id if is_reply and self.target.is_group else None
        message = await self._bot.send_message(
            self.target.chat_id,
            message_thread_id=self.target.thread_id,
            reply_parameters=ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to else None,
            reply_markup=keyboard,
            link_preview_options=_NO_PREVIEW,
            rate_limit_args=manner,
            **version,
        )
        return message.message_id

    async def _edit(
        self,
        message_id: int,
        version: Version,
        keyboard: InlineKeyboardMarkup | None,
        urgency: Urgency = Urgency.FINAL,
    ) -> int:
        await self._bot.edit_message_text(
            chat_id=self.target.chat_id,
            message_id=message_id,
            reply_markup=keyboard,
            link_preview_options=_NO_PREVIEW,
            rate_limit_args=urgency,
            **version,
        )
        return message_id

    # --- how it persists ----------------------------------------------------------------------------------------------

    async def _with_fallback(self, part: Part, attempt: Callable[[Version], Awaitable[int]]) -> int:
        *formatted, plain = part.versions()
        for version in formatted:
            try:
                return await attempt(version)
            except BadRequest as error:
                log.warning("Telegram refused part %d (%s)", part.index, error)
        return await attempt(plain)

    async def _send_or_find(
        self,
        version: Version,
        part: Part,
        keyboard: InlineKeyboardMarkup | None,
        *,
        is_reply: bool,
        about_to: Callable[[Lost], Awaitable[None]] | None,
    ) -> int:
        """Send until the message stands in the chat once."""
        patient = {**version, "read_timeout": self._read_timeout_seconds}
        manner = Announced(lambda: about_to(Lost(self.floor, part.text))) if about_to else Urgency.FINAL
        pauses = backoffs()
        while True:
            lost = Lost(self.floor, part.text)
            try:
                return await self._following(lambda: self._send(patient, keyboard, is_reply=is_reply, manner=manner))
            except BadRequest:  # is a NetworkError to python-telegram-bot
                raise
            except NetworkError as error:
                with self._limiter.known.doubt():
                    await rest(next(pauses), error, self._limiter.sleep)
                may_stand = not isinstance(error, NotSent)
            if may_stand and (found := await self.find(lost)) is not None:
                return await self.replace(found, part, keyboard, is_reply=is_reply)

    async def _search(
        self, lost: Lost, *, of_earlier_life: bool, not_there: Callable[[Lost], Awaitable[None]] | None
    ) -> int | None:
        known, chat_id = self._limiter.known, self.target.chat_id
        for message_id in known.candidates(chat_id, lost.after_message_id, lost.left, all_unknown=of_earlier_life):
            if await self._is_under(message_id, lost):
                known.note(chat_id, message_id)
                return message_id
            lost = lost.not_at(message_id)
            if not_there:
                await not_there(lost)
        return None

    async def _is_under(self, message_id: int, lost: Lost) -> bool:
        """Whether the lost message has this id."""
        marked = await self._mark(message_id, Urgency.SEARCH)
        if not isinstance(marked, Message):
            return False
        if lost.is_it(marked, self.target.chat_id, self.target.thread_id):
            return True
        await self._unmark(message_id)
        return False

    async def _persist(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """Call until Telegram takes or refuses it. There is no limit of tries: cancelling is what ends them."""
        return await outlast(lambda: self._following(call), sleep=self._limiter.sleep)

    async def _following(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """Call, and once more where the chat has moved to."""
        try:
            return await call()
        except ChatMigrated as error:
            old_chat_id, new_chat_id = self.target.chat_id, error.new_chat_id
            # There messages are numbered anew, and topics begin.
            self.target = Target(new_chat_id, is_group=True)
        if self._on_migrated:
            self._on_migrated(old_chat_id, new_chat_id)
        return await call()

    async def _mark(self, message_id: int, urgency: Urgency = Urgency.FINAL) -> Message | bool | None:
        """Change a message by a button; None when it cannot be changed by us."""

        async def mark() -> Message | bool:
            return await self._bot.edit_message_reply_markup(
                self.target.chat_id, message_id, reply_markup=_new_mark(), rate_limit_args=urgency
            )

        try:
            return await self._persist(mark)
        except BadRequest:
            return None

    async def _unmark(self, message_id: int) -> None:
        with contextlib.suppress(BadRequest):
            await self._persist(lambda: self._bot.edit_message_reply_markup(self.target.chat_id, message_id))


def _new_mark() -> InlineKeyboardMarkup:
    """A button that nobody has time to press: another one each time, as Telegram refuses what would change nothing."""
    return InlineKeyboardMarkup([[InlineKeyboardButton("…", callback_data=f"none:{secrets.token_hex(4)}")]])
