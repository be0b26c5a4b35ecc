"""Sending that does not give up: floods are waited out, failures retried, refused markup sent again without it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, MessageEntity, ReplyParameters
from telegram.error import BadRequest, ChatMigrated, NetworkError, RetryAfter, TimedOut

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from telegram import Bot

    from handlers.pace import Pace
    from routing.response_formatter import FormattedResponse

log = logging.getLogger(__name__)

FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0
# A send that timed out may have arrived, and sending it again makes a duplicate: rather wait long for the answer.
READ_TIMEOUT_SECONDS = 30.0
# Formatting takes about a millisecond for a thousand characters of prose, and fifty for a thousand brackets.
QUICK_CHARACTERS = 2000

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_T = TypeVar("_T")
Version = dict[str, Any]  # the arguments of a call that are about what the message says


@dataclass(frozen=True, slots=True)
class Target:
    """Where an answer goes: a chat, in it perhaps a forum topic, and in a group the message that is answered."""

    chat_id: int
    thread_id: int | None = None
    reply_to_message_id: int | None = None
    is_group: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One message's worth of a formatted answer."""

    response: FormattedResponse
    index: int

    @property
    def markdown(self) -> str:
        """The part as MarkdownV2."""
        return self.response.parts[self.index]

    def versions(self) -> Iterator[Version]:
        """The same content in the order in which it is tried: markup, entities, plain text."""
        yield {"text": self.markdown, "parse_mode": self.response.parse_mode}
        text, entities = self.response.plain_part(self.index)
        yield {"text": text, "entities": MessageEntity.de_list(entities, None)}
        yield {"text": text}


def parts_of(response: FormattedResponse) -> list[Part]:
    """The messages of a formatted answer, in order."""
    return [Part(response, index) for index in range(len(response.parts))]


async def formatted(form: Callable[[str], FormattedResponse], text: str) -> list[Part]:
    """Make messages of a text; a long one in a thread, lest the other chats wait for it."""
    return parts_of(form(text) if len(text) <= QUICK_CHARACTERS else await asyncio.to_thread(form, text))


class Delivery:
    """What is sent to one target. Every method waits out floods and outages, and raises what cannot be waited out."""

    def __init__(
        self,
        bot: Bot,
        target: Target,
        pace: Pace,
        read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
    ) -> None:
        self._bot = bot
        self._target = target
        self._pace = pace
        self._read_timeout_seconds = read_timeout_seconds

    async def send(self, part: Part, keyboard: InlineKeyboardMarkup | None = None, *, is_reply: bool = False) -> int:
        """Send a part as a new message; its id. Raises Forbidden and the like when the chat takes nothing."""

        async def attempt(version: Version) -> int:
            patient = {**version, "read_timeout": self._read_timeout_seconds}
            return await self._persist(lambda: self._send(patient, keyboard, is_reply=is_reply))

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
            if not await self._mark(message_id):
                return await self.send(part, keyboard, is_reply=is_reply)
        return await self._with_fallback(part, attempt)

    async def delete(self, message_id: int) -> None:
        """Delete a message, if it is still there."""
        try:
            await self._persist(lambda: self._bot.delete_message(self._target.chat_id, message_id))
        except BadRequest:
            log.info("a message that should be deleted was gone already")

    # --- one call, no second try --------------------------------------------------------------------------------------

    async def show_once(self, message_id: int | None, part: Part, keyboard: InlineKeyboardMarkup | None) -> int:
        """Send a preview, or edit it when it has an id; its id. Raises TelegramError."""
        version = next(part.versions())
        if message_id is None:
            return await self._send(version, keyboard, is_reply=part.index == 0)
        return await self._edit(message_id, version, keyboard)

    async def type_once(self) -> None:
        """Show "typing" for about five seconds. Raises TelegramError."""
        await self._bot.send_chat_action(self._target.chat_id, "typing", message_thread_id=self._target.thread_id)

    async def _send(self, version: Version, keyboard: InlineKeyboardMarkup | None, *, is_reply: bool) -> int:
        reply_to = self._target.reply_to_message_id if is_reply and self._target.is_group else None
        message = await self._bot.send_message(
            self._target.chat_id,
            message_thread_id=self._target.thread_id,
            reply_parameters=ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to else None,
            reply_markup=keyboard,
            link_preview_options=_NO_PREVIEW,
            **version,
        )
        return message.message_id

    async def _edit(self, message_id: int, version: Version, keyboard: InlineKeyboardMarkup | None) -> int:
        await self._bot.edit_message_text(
            chat_id=self._target.chat_id,
            message_id=message_id,
            reply_markup=keyboard,
            link_preview_options=_NO_PREVIEW,
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
                log.warning("Telegram refused a part (%s); its source: %r", error, version["text"], exc_info=error)
        return await attempt(plain)

    async def _mark(self, message_id: int) -> bool:
        """Change a message by a button nobody will press; False when it cannot be changed any more."""
        mark = InlineKeyboardMarkup([[InlineKeyboardButton("…", callback_data="none")]])
        try:
            await self._persist(
                lambda: self._bot.edit_message_reply_markup(self._target.chat_id, message_id, reply_markup=mark)
            )
        except BadRequest:
            return False
        return True

    async def _persist(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """Call until Telegram takes or refuses it. There is no limit of tries: cancelling is what ends them."""
        backoff = FIRST_BACKOFF_SECONDS
        while True:
            await self._wait_out_ban()
            try:
                return await call()
            except RetryAfter as error:
                self._pace.banned(error)
            except ChatMigrated as error:
                self._target = replace(self._target, chat_id=error.new_chat_id)
            except BadRequest:  # is a NetworkError to python-telegram-bot
                raise
            except NetworkError as error:
                log.warning("Telegram could not be reached, trying again in %.1f s: %s", backoff, _named(error))
                await self._pace.sleep(backoff)
                backoff = min(backoff * 2, LONGEST_BACKOFF_SECONDS)

    async def _wait_out_ban(self) -> None:
        while (seconds := self._pace.ban_seconds) > 0:
            log.info("Telegram wants %.1f s of silence in chat %s", seconds, self._target.chat_id)
            await self._pace.sleep(seconds)


def _named(error: NetworkError) -> str:
    return "timed out" if isinstance(error, TimedOut) else type(error).__name__
