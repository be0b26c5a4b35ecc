"""Front: the parts that the Telegram handlers share, and how they say something."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from handlers.callback_data import Seal
from handlers.delivery import Delivery, Target
from handlers.outgoing import parcels_of, ship
from handlers.parts import formatted
from handlers.recent import Recent
from handlers.runs import Runs
from routing.response_formatter import ResponseFormatter
from storage.conversations import ConversationKey

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Message, User
    from telegram.ext import ExtBot

    from dialogue.services import Services
    from handlers.access import Access
    from handlers.dispatch import Command
    from handlers.lanes import Lanes
    from handlers.limiter import Limiter, Manner
    from storage.inbox import Inbox
    from storage.outbox import Outbox, Parcel
    from storage.transaction import Statement

log = logging.getLogger(__name__)

# A disk that refuses does not keep an answer from being sent.
LONGEST_COMMIT_SECONDS = 2.0

Rows = tuple[tuple["InlineKeyboardButton", ...], ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """What a command or a button shows: Markdown, and rows of buttons under it."""

    markdown: str
    rows: Rows = ()


@dataclass(frozen=True, slots=True)
class Front:
    """Lives as long as the application whose handlers are given it.

    `formatter` is for our own words, `answers` for those of models, where nothing can be tapped and nobody is pinged.
    `limiter` is the one that the bot was built with; `on_migrated` is called with the old and the new id of a group
    that became a supergroup, as soon as something is sent to it.
    """

    services: Services
    bot: ExtBot[Manner]
    access: Access
    commands: tuple[Command, ...]
    inbox: Inbox
    outbox: Outbox
    lanes: Lanes
    limiter: Limiter
    runs: Runs = field(default_factory=Runs)
    recent: Recent = field(default_factory=Recent)
    formatter: ResponseFormatter = field(default_factory=ResponseFormatter)
    answers: ResponseFormatter = field(default_factory=partial(ResponseFormatter, disarm=True))
    on_migrated: Callable[[int, int], None] | None = None

    @property
    def seal(self) -> Seal:
        """What shows that a button that is pressed is one of ours."""
        return Seal(self.services.database.prompt_key)

    def keyboard(self, target: Target, rows: Sequence[Sequence[InlineKeyboardButton]]) -> InlineKeyboardMarkup | None:
        """Buttons as Telegram takes them, good for this target's chat alone; None where there are none."""
        return self.seal.keyboard(target.chat_id, rows)

    def delivery(self, target: Target) -> Delivery:
        """What sends to a target."""
        return Delivery(self.bot, target, self.limiter, on_migrated=self.on_migrated)

    async def show(self, target: Target, screen: Screen) -> None:
        """Send a screen as a message, or as several; the buttons go under the last one."""
        delivery, keyboard = self.delivery(target), self.keyboard(target, screen.rows)
        parts = await formatted(self.formatter.format, screen.markdown)
        for part in parts:
            under = keyboard if part is parts[-1] else None
            await delivery.send(part, under, is_reply=part is parts[0])

    async def reply(self, message: Message, markdown: str, update_id: int) -> None:
        """Answer the update that a message came with: its last word, which is sent once, over a crash too."""
        target = target_of(message)
        parts = await formatted(self.formatter.format, markdown)
        user_id = message.from_user.id if message.from_user else 0
        await self.post(parcels_of(secrets.token_hex(4), user_id, target, parts, ()), update_id, self._commit)

    async def post(
        self, parcels: Sequence[Parcel], update_id: int, commit: Callable[[Sequence[Statement]], Awaitable[int]]
    ) -> None:
        """Write down what is to be sent, and the end of the update that it answers, in one transaction; then send it.

        `commit` puts the statements into the database, along with whatever belongs to them, and returns the ticket.
        """
        ticket = await commit([*self.outbox.posting(parcels), *self.inbox.ending(update_id)])
        if await self.services.database.settle(ticket, LONGEST_COMMIT_SECONDS):
            self.inbox.ended(update_id)
        else:  # it ends once it is sent, and until then Telegram keeps it
            log.warning("update %s is answered before that could be written down", update_id)
        await ship(self.outbox, self.delivery, parcels)

    async def _commit(self, statements: Sequence[Statement]) -> int:
        return self.services.database.put(*statements)

    async def redraw(self, message: Message, screen: Screen) -> None:
        """Make a screen of the message of ours that carries its buttons: the last one, where there are several."""
        part = (await formatted(self.formatter.format, screen.markdown))[-1]
        target = target_of(message)
        keyboard = self.keyboard(target, screen.rows)
        if (message.text, message.reply_markup) != (part.text.strip(), keyboard):
            await self.delivery(target).replace(message.message_id, part, keyboard)

    async def say(self, message: Message, markdown: str) -> None:
        """Answer a message with a sentence or more."""
        await self.show(target_of(message), Screen(markdown))


def key_of(message: Message) -> ConversationKey:
    """The conversation that a message belongs to."""
    return ConversationKey(message.chat.id, thread_of(message) or 0)


def thread_of(message: Message) -> int | None:
    """The forum topic that a message is in; a mere reply in a group has a thread id too, but no topic."""
    return message.message_thread_id if message.is_topic_message else None


def target_of(message: Message) -> Target:
    """Where the answer to a message goes."""
    is_group = message.chat.type != message.chat.PRIVATE
    return Target(
        message.chat.id,
        thread_of(message),
        message.message_id,
        is_group=is_group,
        after_message_id=message.message_id,
    )


def name_of(user: User) -> str:
    """What to call somebody."""
    return user.full_name or user.username or str(user.id)


def rows_of(buttons: Sequence[InlineKeyboardButton], width: int) -> Rows:
    """Lay buttons out in rows of at most `width`."""
    return tuple(tuple(buttons[start : start + width]) for start in range(0, len(buttons), width))
