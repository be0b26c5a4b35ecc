"""Who may talk to the bot: one gate for every kind of update, closed by default."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from contextlib import suppress
from typing import TYPE_CHECKING

from telegram import Chat
from telegram.constants import ChatID
from telegram.error import Forbidden, TelegramError
from telegram.ext import ApplicationHandlerStop

from handlers.admin_code import AdminCode, Claim
from handlers.failures import guard
from handlers.front import name_of
from handlers.incoming import cleaned
from handlers.lanes import command_of
from handlers.limiter import PreviewDropped, Urgency
from handlers.menu import offer_to_admins
from handlers.well_formed import is_well_formed
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
REFUSAL_TRIES = 10
REFUSAL_RETRY_SECONDS = 0.7
# Behind these can be anybody: Telegram itself, a channel that is linked, an admin without a name.
NOBODY_IDS = frozenset({ChatID.SERVICE_CHAT, ChatID.FAKE_CHANNEL, ChatID.ANONYMOUS_ADMIN})


class Access:
    """Who may do what: the ids of the settings, and the people whom admins have let in.

    `code` makes the first admin, and is worth something only while there is none. `tells_strangers`: who has no access
    is told so. Who was told when is not on disk: after a restart somebody may be told a second time in a day.
    """

    def __init__(self, settings: Settings, people: People, clock: Callable[[], float] = time.monotonic) -> None:
        self.code = AdminCode()
        self.tells_strangers = settings.tell_strangers == "on"
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

    async def knows(self, message: Message) -> bool:
        """Whether a message is from somebody with access; of others nothing is said. Raises StorageError."""
        writer = _writer(message)
        return writer is not None and await self.role(writer.id) is not None

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
            await self._people.allow(user.id, cleaned(name_of(user)), Role.ADMIN)
        except StorageError:
            self.code.give_back()
            raise
        log.info("%s is the admin now", user.id)

    def may_refuse(self, user_id: int) -> bool:
        """Whether it is time to refuse somebody with a word: once a day is enough."""
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
    """Deny by default: kinds of updates that nothing here answers pass for nobody."""
    user = _sender(update)
    if user is None:
        return False
    if await front.access.role(user.id):
        return True
    if update.message and update.message.chat.type == Chat.PRIVATE:
        await _meet_stranger(front, update.message, user)
    return False


def _sender(update: Update) -> User | None:
    """Whose update it is, of those that can be answered; None: it can be anybody's."""
    if not is_well_formed(update):
        log.warning("update %s is not as Telegram makes them: it is left out", update.update_id)
        return None
    if update.callback_query:
        return _person(update.callback_query.from_user)
    message = update.message or update.edited_message
    return _writer(message) if message else None


def _writer(message: Message) -> User | None:
    """Who has written a message; None: it can be anybody."""
    user = message.from_user
    if user is None or message.sender_chat:
        return None
    is_theirs = message.chat.type != Chat.PRIVATE or message.chat.id == user.id
    return _person(user) if is_theirs else None


def _person(user: User) -> User | None:
    return None if user.is_bot or user.id in NOBODY_IDS else user


async def answered_code(front: Front, message: Message, user: User, *, tells_wrong: bool = True) -> bool:
    """Make the sender of `/start CODE` the first admin, or say that the code is wrong; False: no code is taken now.

    Raises StorageError, Forbidden.
    """
    code = (message.text or "").partition(" ")[2].strip() if command_of(message) == "start" else ""
    if not code or message.chat.type != Chat.PRIVATE:
        return False
    claim = await front.access.claim(user, code)
    if claim is Claim.ACCEPTED or (tells_wrong and claim in SAID_OF_CODE):
        await front.say(message, SAID_OF_CODE[claim])
    if claim is Claim.ACCEPTED:
        await offer_to_admins(front.bot, front.commands, [user.id])
    return claim in SAID_OF_CODE


async def _meet_stranger(front: Front, message: Message, user: User) -> None:
    """Answer a code; tell anybody else, once a day, why nothing happens."""
    try:
        if not await answered_code(front, message, user, tells_wrong=front.access.tells_strangers):
            await _refuse(front, message, user)
    except StorageError as error:
        log.warning("a stranger's code could not be taken: %s", error, exc_info=error)
        if front.access.tells_strangers:
            await front.say(message, str(error))
    except PreviewDropped:
        front.access.forget_refusal(user.id)
    except Forbidden:
        log.info("%s has blocked the bot", user.id)
    except TelegramError as error:
        log.warning("%s could not be told that they have no access: %s", user.id, type(error).__name__)


async def _refuse(front: Front, message: Message, user: User) -> None:
    if not front.access.may_refuse(user.id):
        return
    log.info("%s has no access", user.id)
    if front.access.tells_strangers:
        await _tell_stranger(front, message, REFUSAL.format(user_id=user.id))


async def _tell_stranger(front: Front, message: Message, sentence: str) -> None:
    """Say something when there is room for it: a crowd of strangers must not take the place of answers.

    Raises PreviewDropped when there was none for long: then the stranger's next message is answered.
    """
    for _ in range(REFUSAL_TRIES - 1):
        with suppress(PreviewDropped):
            await front.bot.send_message(message.chat.id, sentence, rate_limit_args=Urgency.PREVIEW)
            return
        await front.limiter.sleep(REFUSAL_RETRY_SECONDS)
    await front.bot.send_message(message.chat.id, sentence, rate_limit_args=Urgency.PREVIEW)
