"""The Telegram part of the program: built, started, polled, and closed in seconds whatever is under way."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from telegram.error import InvalidToken, TelegramError
from telegram.ext import Application

from dialogue.errors import TokenUnusable
from handlers import COMMANDS, register
from handlers.access import Access
from handlers.chat import is_addressed
from handlers.front import Front
from handlers.introduction import introduce, offer_menus, tell_admins
from handlers.lanes import Lanes
from handlers.limiter import Limiter
from handlers.migration import Migration
from handlers.outgoing import ship
from handlers.polling import REFUSED, Backoff, Poller
from handlers.polling_bot import PollingBot
from handlers.stopping import stop_asked
from handlers.waiting import Waiting
from handlers.watchdog import Watchdog
from handlers.well_formed import is_well_formed
from handlers.work import Work, until_first
from log_context import log_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram import Message, Update

    from dialogue.services import Services
    from storage.outbox import Parcel

    AnyApplication = Application[Any, Any, Any, Any, Any, Any]

log = logging.getLogger(__name__)

# Enough for an answer that is interrupted to say so, and for a call that is under way to end.
GRACE_SECONDS = 2.3
CLOSING_SECONDS = 0.7

GIVEN_UP = "I have tried to answer this several times, and could not. Please ask it in other words."


@dataclass(frozen=True, slots=True)
class Parts:
    """What is built once and closed together. `work` has every update that is in a lane."""

    application: AnyApplication
    bot: PollingBot
    front: Front
    migration: Migration
    work: Work

    def take(self, update: Update) -> None:
        """Have an update worked on when it is its turn."""
        if message := update.effective_message:
            self.front.limiter.known.note(message.chat.id, message.message_id)
        self.work.start(partial(self._process, update), f"handle update {update.update_id}")

    def give_up(self, update: Update) -> None:
        """Tell somebody that what they sent is not tried again."""
        self.work.start(partial(self._say_given_up, update), f"say that update {update.update_id} is given up")

    async def _process(self, update: Update) -> None:
        chat = update.effective_chat if is_well_formed(update) else None
        with log_context(chat=chat and chat.id, update=update.update_id):
            await self.front.lanes.process_update(update, self.application.process_update(update))

    async def _say_given_up(self, update: Update) -> None:
        message = update.message or update.edited_message
        if message and await _is_answered(self.front.access, message):
            await self.front.say(message, GIVEN_UP)


async def run_bot(
    services: Services,
    announce: Callable[[str], None],
    stop: asyncio.Event | None = None,
    watchdog: Watchdog | None = None,
) -> None:
    """Answer in Telegram until `stop` is set; without one, until SIGINT or SIGTERM. Closes within five seconds.

    `announce` shows a line to whoever started the program. Raises TokenUnusable, DeafToTelegram, StorageError.
    """
    stop = stop or stop_asked()
    for notice in services.notices:
        announce(notice)
    parts = build(services)
    try:
        if await _connect(parts.application, announce, stop):
            await _serve(parts, announce, stop, watchdog or Watchdog())
    finally:
        await _close(parts)


def build(services: Services) -> Parts:
    """Build everything, and open nothing."""
    settings, limiter, migration = services.settings, Limiter(), Migration(services)
    access = Access(settings, services.people)
    bot = PollingBot(settings.telegram_bot_token, settings.telegram_api_url, limiter)
    lanes = Lanes(
        services.inbox,
        Waiting(partial(_is_answered, access), limiter.preview_wait_seconds),
        [command.name for command in COMMANDS if command.urgent],
        most_characters=settings.max_message_characters,
    )
    front = Front(
        services=services,
        bot=bot,
        access=access,
        commands=COMMANDS,
        inbox=services.inbox,
        outbox=services.outbox,
        lanes=lanes,
        limiter=limiter,
        on_migrated=migration.begin,
    )
    application = Application.builder().bot(bot).updater(None).concurrent_updates(lanes).job_queue(None).build()
    register(application, front)
    lanes.process = application.process_update
    return Parts(application, bot, front, migration, Work())


async def _is_answered(access: Access, message: Message) -> bool:
    """Whether a message is from somebody with access, and meant for the bot. Raises StorageError."""
    return is_addressed(message) and await access.knows(message)


# --- its life ---------------------------------------------------------------------------------------------------------


async def _connect(application: AnyApplication, announce: Callable[[str], None], stop: asyncio.Event) -> bool:
    """Ask Telegram who the bot is, until it answers; False when stopped before. Raises TokenUnusable."""
    backoff, refused = Backoff(), False
    while not stop.is_set():
        try:
            await until_first(stop.wait(), application.initialize())
        except InvalidToken as error:
            if refused:  # once can be a mistake
                raise TokenUnusable(REFUSED) from error
            refused = True
        except TelegramError as error:
            if not backoff.failures:
                announce("Telegram cannot be reached. I keep trying; check the network if this lasts.")
            log.warning("Telegram cannot be reached: %s", type(error).__name__)
            refused = False
        else:
            return not stop.is_set()
        with suppress(TimeoutError):  # not wait_for: it loses a cancellation that comes with the event
            async with asyncio.timeout(backoff.next_seconds()):
                await stop.wait()
    return False


async def _serve(parts: Parts, announce: Callable[[str], None], stop: asyncio.Event, watchdog: Watchdog) -> None:
    poller = Poller(
        parts.bot,
        parts.front.inbox,
        take=parts.take,
        give_up=parts.give_up,
        heard=watchdog.heard,
        announce=announce,
    )
    await _deliver_what_is_left(parts.front)
    await poller.take_up()
    await introduce(parts.front, announce)
    parts.work.start(partial(offer_menus, parts.front), "offer the menus")
    parts.work.start(partial(tell_admins, parts.front), "tell the admins what happened to the database")
    await until_first(stop.wait(), poller.run(), watchdog.watch(partial(_revive, parts.bot, poller)))


async def _revive(bot: PollingBot, poller: Poller) -> None:
    """Call Telegram over new connections, and wait for nothing that was expected over the old ones."""
    try:
        await bot.renew_connections()
    finally:
        poller.abandon()


async def _close(parts: Parts) -> None:
    """Begin nothing more, end what is under way or break it off, and close every connection."""
    parts.front.lanes.close()
    parts.front.runs.close()
    await parts.work.end(GRACE_SECONDS)
    try:
        async with asyncio.timeout(CLOSING_SECONDS):
            await parts.front.lanes.shutdown()
            await parts.migration.close()
            await parts.application.shutdown()
            await parts.bot.shutdown()  # its connections are open even where the application never came up
    except TimeoutError:
        log.warning("not everything was closed before the end")


# --- at the start -----------------------------------------------------------------------------------------------------


async def _deliver_what_is_left(front: Front) -> None:
    """Have what an earlier life has not sent delivered, before anything new in its chat or topic."""
    for chat_id, message_id in reversed(await front.outbox.sent_lately()):
        front.limiter.known.remember(chat_id, message_id)
    lanes: dict[tuple[int, int | None], list[Parcel]] = {}
    for parcel in await front.outbox.load():
        lanes.setdefault((parcel.chat_id, parcel.thread_id), []).append(parcel)
    for (chat_id, thread_id), parcels in lanes.items():
        log.info("%d messages to chat %s are left to be sent", len(parcels), chat_id)
        work = partial(ship, front.outbox, front.delivery, parcels, after_crash=True)
        front.lanes.before(chat_id, thread_id, work)
