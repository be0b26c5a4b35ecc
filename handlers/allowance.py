"""How much one person may send in a minute: what is more is left out, and they are told when to go on."""

from __future__ import annotations

import logging
import math
import time
from bisect import insort
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telegram.error import TelegramError

from handlers.answer import STOP_BUTTON
from handlers.chat import is_addressed
from handlers.lanes import command_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram import CallbackQuery, Message, Update

    from handlers.front import Front

log = logging.getLogger(__name__)

TOO_MUCH = "That was more than {messages} in a minute: please go on in {seconds} s."
WINDOW_SECONDS = 60.0
# Telegram tells whole seconds, by its own clock: what came no later than this after it was sent, came at once.
FRESH_SECONDS = 5.0
PEOPLE_REMEMBERED = 1000
# Telegram keeps what was sent for a day, and what we took on we may have for a day longer.
OLDEST_SECONDS = 2 * 86_400.0


@dataclass(slots=True)
class _Account:
    """What one person sent lately: when, and which updates, in order of time."""

    spent: list[tuple[float, int]] = field(default_factory=list)
    told_at: float = -math.inf


class Allowance:
    """Counts what each person sends, by a minute that slides. Lives as long as the application; nothing is on disk.

    `per_minute` 0 is no limit. What has been refused does not count: whoever waits as long as they are told may go on.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.time) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._accounts: OrderedDict[int, _Account] = OrderedDict()

    def spend(self, user_id: int, update_id: int, sent_at: float | None = None) -> float:
        """Count an update: 0, or the seconds until its sender may go on where it is one too many.

        `sent_at` is when it was sent, in epoch seconds, if it says so: what waited in a line, or for a restart, comes
        in a heap, and was not sent in one. A second try of the same update is not counted again.
        """
        if not self.per_minute:
            return 0.0
        now, spent = self._clock(), self._account(user_id).spent
        at = sent_at if sent_at is not None and FRESH_SECONDS < now - sent_at < OLDEST_SECONDS else now
        if any(known == update_id for _, known in spent):
            return 0.0
        in_window = [then for then, _ in spent if at - WINDOW_SECONDS < then <= at]
        if len(in_window) >= self.per_minute:
            return max(in_window[-self.per_minute] + WINDOW_SECONDS - now, 1.0)
        insort(spent, (at, update_id))
        # Twice as much as counts: a message that waited is counted among those that were sent with it.
        del spent[: -2 * self.per_minute]
        return 0.0

    def may_tell(self, user_id: int) -> bool:
        """Whether to tell somebody that they sent too much: once a minute."""
        account, now = self._account(user_id), self._clock()
        if 0 <= now - account.told_at < WINDOW_SECONDS:
            return False
        account.told_at = now
        return True

    def _account(self, user_id: int) -> _Account:
        account = self._accounts.setdefault(user_id, _Account())
        self._accounts.move_to_end(user_id)
        if len(self._accounts) > PEOPLE_REMEMBERED:
            self._accounts.popitem(last=False)
        return account


async def is_within(allowance: Allowance, front: Front, update: Update) -> bool:
    """Count an update of somebody with access; when it is one too many, say so. Stopping is always possible."""
    user = update.effective_user
    if user is None or not _counts(front, update):
        return True
    wait_seconds = allowance.spend(user.id, update.update_id, _sent_at(update))
    if wait_seconds and allowance.may_tell(user.id):
        log.info("%s sent more than %s messages in a minute", user.id, allowance.per_minute)
        messages = f"{allowance.per_minute} message{'s' * (allowance.per_minute != 1)}"
        await _tell(front, update, TOO_MUCH.format(messages=messages, seconds=math.ceil(wait_seconds)))
    return not wait_seconds


def _counts(front: Front, update: Update) -> bool:
    """Whether an update asks something of the bot, other than to stop."""
    if update.callback_query:
        return not _stops(front, update.callback_query)
    message = update.message or update.edited_message
    if message is None or (update.message and command_of(message) == "stop"):
        return False
    return is_addressed(message) or command_of(message) in {command.name for command in front.commands}


def _stops(front: Front, query: CallbackQuery) -> bool:
    data = front.seal.open(query.message.chat.id, query.data or "") if query.message else None
    return bool(data) and str(data).startswith(f"{STOP_BUTTON}:")


def _sent_at(update: Update) -> float | None:
    """When an update was sent; of a press Telegram does not say so."""
    message = update.message or update.edited_message
    date = message and (message.edit_date or message.date)
    return date.timestamp() if date else None


async def _tell(front: Front, update: Update, sentence: str) -> None:
    message: Message | None = update.message or update.edited_message
    try:
        if update.callback_query:
            await update.callback_query.answer(sentence)
        elif message:
            await front.say(message, sentence)
    except TelegramError as error:
        log.info("it could not be said that this was too much: %s", type(error).__name__)
