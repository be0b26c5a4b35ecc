"""Dispatch: a command or a pressed button becomes a call of its handler, and what that returns is shown."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telegram import Message
from telegram.error import NetworkError

from handlers.front import Screen, key_of, target_of
from handlers.incoming import cleaned
from storage.errors import StorageError
from storage.people import Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from telegram import CallbackQuery, User

    from dialogue.services import Services
    from handlers.front import Front
    from storage.conversations import ConversationKey

    Outcome = Screen | Callable[[], Awaitable[None]] | None

log = logging.getLogger(__name__)

FOR_ADMINS = "Only an admin of this bot can do that."
OLD_BUTTON = "This button is from an old message."
LONGEST_NOTICE = 200  # Telegram's limit, in UTF-16 units; our sentences are plain text without pairs


@dataclass(frozen=True, slots=True)
class _Wish:
    """What somebody wants done; `message` is theirs, or the one of ours whose button they pressed."""

    front: Front
    message: Message
    user: User

    @property
    def services(self) -> Services:
        """The parts of the program."""
        return self.front.services

    @property
    def key(self) -> ConversationKey:
        """The conversation in which the message stands."""
        return key_of(self.message)


@dataclass(frozen=True, slots=True)
class Request(_Wish):
    """One command as somebody gave it, in the update of this id; `arguments` are the words after it."""

    update_id: int
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the table of commands. `handler` returns what to show, or None when it has answered by itself.

    `urgent`: it does not wait for the answer that is being written.
    """

    name: str
    description: str
    handler: Callable[[Request], Awaitable[Screen | str | None]]
    for_admins: bool = False
    urgent: bool = True


@dataclass(frozen=True, slots=True)
class Press(_Wish):
    """One press of a button; `argument` is what its data says after the button's name: ours, but it may be long ago."""

    argument: str


class OldButton(Exception):
    """Raised by a button's handler when what it stands for is not there any more; its presser is told so."""


@dataclass(frozen=True, slots=True)
class Button:
    """One line of the table of buttons. `handler` returns a notice and what the message becomes, if it changes.

    Or else work that takes longer: it is begun once the presser has had the notice, and sees to the message by itself.
    """

    handler: Callable[[Press], Awaitable[tuple[str, Outcome]]]
    for_admins: bool = False


async def run_command(front: Front, command: Command, message: Message, user: User, update_id: int) -> None:
    """Do a command and answer it."""
    words = cleaned(message.text or "").split()[1:]
    try:
        if command.for_admins and await front.access.role(user.id) is not Role.ADMIN:
            shown: Screen | str | None = FOR_ADMINS
        else:
            shown = await command.handler(Request(front, message, user, update_id, tuple(words)))
    except StorageError as error:
        log.warning("/%s: %s", command.name, error, exc_info=error)
        shown = str(error)
    if isinstance(shown, str):
        await front.reply(message, shown, update_id)
    elif shown:
        await front.show(target_of(message), shown)


async def run_button(front: Front, buttons: Mapping[str, Button], query: CallbackQuery) -> None:
    """Do what a button stands for, tell its presser, and change its message."""
    notice = OLD_BUTTON
    outcome: Outcome = None
    # Of a message that is gone or very old Telegram tells only where it was, not in which topic.
    message = query.message if isinstance(query.message, Message) and query.message.is_accessible else None
    data = front.seal.open(message.chat.id, query.data or "") if message else None
    name, _, argument = (data or "").partition(":")
    if name in buttons and message:
        notice, outcome = await _pressed(buttons[name], Press(front, message, query.from_user, argument))
    # Telegram takes no answer to a press that is some minutes old, which is a BadRequest, and so a NetworkError. And a
    # notice that does not get through is not worth doing anew what is done.
    with contextlib.suppress(NetworkError):
        await query.answer(notice[:LONGEST_NOTICE])
    if isinstance(outcome, Screen) and message:
        await front.redraw(message, outcome)
    elif callable(outcome):
        await outcome()


async def _pressed(button: Button, press: Press) -> tuple[str, Outcome]:
    try:
        if button.for_admins and await press.front.access.role(press.user.id) is not Role.ADMIN:
            return FOR_ADMINS, None
        return await button.handler(press)
    except OldButton:
        return OLD_BUTTON, None
    except StorageError as error:
        log.warning("a button failed: %s", error, exc_info=error)
        return str(error), None
