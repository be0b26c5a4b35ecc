"""Who may talk to the bot: one gate for every kind of update, closed by default."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from telegram.error import Forbidden
from telegram.ext import ApplicationHandlerStop

from handlers.admin_code import AdminCode, Claim
from handlers.failures import guard
from handlers.front import name_of
from handlers.lanes import command_of
from handlers.menu import offer_to_admins
from storage.errors import StorageError
from storage.people import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram import Message, Update, User

    from handlers.front import Front
    from settings import Settings
    from storage.people import People

log = logging.getLogger(__name__)

REFUSAL = "This bot is private. Your id is {user_id}: send it to the bot's owner to be let in."
SAID_OF_CODE = {
    Claim.ACCEPTED: "You are the admin now. Ask me anything, or see /help for what I can do.",
    Claim.WRONG: "That is not the code in the terminal. Look there for the newest one.",
    Claim.LAST_WRONG: "That is not the code in the terminal either. Start the bot anew to try again.",
}
SECONDS_BETWEEN_REFUSALS = 86_400.0
REFUSALS_REMEMBERED = 10_000


class Access:
    """Who may do what: the ids of the settings, and the people whom admins have let in.

    `code` makes the first admin, and is worth something only while there is none.
    """

    def __init__(self, settings: Settings, people: People, clock: Callable[[], float] = time.monotonic) -> None:
        self.code = AdminCode()
        self.fixed_admin_ids = settings.admin_user_ids
        self._fixed_ids = settings.allowed_user_ids
        self._people = people
        self._clock = clock
        self._refused_at: OrderedDict[int, float] = OrderedDict()

    async def role(self, user_id: int) -> Role | None:
        """What somebody may do; None: nothing. Raises StorageError."""
        if user_id in self.fixed_admin_ids:
            return Role.ADMIN
        person = await self._people.find(user_id)
        if person:
            return person.role
        return Role.MEMBER if user_id in self._fixed_ids else None

    async def admin_ids(self) -> frozenset[int]:
        """Everybody who may run the bot. Raises StorageError."""
        admins = (person.user_id for person in await self._people.everyone() if person.role is Role.ADMIN)
        return self.fixed_admin_ids.union(admins)

    async def claim(self, user: User, code: str) -> Claim:
        """Make somebody the first admin if the code is right. Raises StorageError."""
        if await self.admin_ids():
            return Claim.IGNORED
        claim = self.code.take(code, user.id)
        if claim is Claim.ACCEPTED:
            await self._make_admin(user)
        return claim

    async def _make_admin(self, user: User) -> None:
        try:
            await self._people.allow(user.id, name_of(user), Role.ADMIN)
        except StorageError:
            self.code.give_back()
            raise
        log.info("%s is the admin now", user.id)

    def may_refuse(self, user_id: int) -> bool:
        """Whether to tell somebody that they have no access: once a day is enough."""
        now = self._clock()
        if now - self._refused_at.get(user_id, -SECONDS_BETWEEN_REFUSALS) < SECONDS_BETWEEN_REFUSALS:
            return False
        self._refused_at[user_id] = now
        self._refused_at.move_to_end(user_id)
        if len(self._refused_at) > REFUSALS_REMEMBERED:
            self._refused_at.popitem(last=False)
        return True

    def forget_refusal(self, user_id: int) -> None:
        """Have somebody told once more that they have no access: they had it in the meantime."""
        self._refused_at.pop(user_id, None)


async def gate(front: Front, update: Update) -> None:
    """Let an update through if it comes from somebody with access. Raises ApplicationHandlerStop if not.

    Any other error would only be reported, and the update go on to the handlers behind the gate: so there is none.
    """
    if not await guard(lambda: _may_pass(front, update), "check who has written"):
        raise ApplicationHandlerStop


async def _may_pass(front: Front, update: Update) -> bool:
    user, message = update.effective_user, update.message or update.edited_message
    # Who writes as a channel or as a group can be anybody.
    if user is None or user.is_bot or (message and message.sender_chat):
        return False
    if await front.access.role(user.id):
        return True
    if update.message and update.message.chat.type == update.message.chat.PRIVATE:
        await _meet_stranger(front, update.message, user)
    return False


async def answered_code(front: Front, message: Message, user: User) -> bool:
    """Make the sender of `/start CODE` the first admin, or say that the code is wrong; False: no code is taken now.

    Raises StorageError, Forbidden.
    """
    code = (message.text or "").partition(" ")[2].strip() if command_of(message) == "start" else ""
    if not code or message.chat.type != message.chat.PRIVATE:
        return False
    claim = await front.access.claim(user, code)
    if claim not in SAID_OF_CODE:
        return False
    await front.say(message, SAID_OF_CODE[claim])
    if claim is Claim.ACCEPTED:
        await offer_to_admins(front.bot, front.commands, [user.id])
    return True


async def _meet_stranger(front: Front, message: Message, user: User) -> None:
    """Answer a code; tell anybody else, once a day, why nothing happens."""
    try:
        if not await answered_code(front, message, user):
            await _refuse(front, message, user)
    except StorageError as error:
        await front.say(message, str(error))
    except Forbidden:
        log.info("%s has blocked the bot", user.id)


async def _refuse(front: Front, message: Message, user: User) -> None:
    if front.access.may_refuse(user.id):
        log.info("%s has no access", user.id)
        await front.bot.send_message(message.chat.id, REFUSAL.format(user_id=user.id))
