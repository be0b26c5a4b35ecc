"""The Telegram part of the program: built, started, polled, and closed in seconds whatever is under way."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from telegram.error import Conflict, InvalidToken, NetworkError, TelegramError
from telegram.ext import Application

from dialogue.errors import TokenUnusable
from handlers import COMMANDS, register
from handlers.access import Access
from handlers.failures import in_background
from handlers.front import Front
from handlers.lanes import Lanes
from handlers.menu import offer_to_admins, offer_to_everybody
from handlers.transport import Transport

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from dialogue.services import Services
    from settings import Settings

    AnyApplication = Application[Any, Any, Any, Any, Any, Any]

log = logging.getLogger(__name__)

WANTED_UPDATES = ("message", "edited_message", "callback_query")
# More than carry the 30 messages a second that Telegram takes.
CONNECTIONS = 32
CLOSING_SECONDS = 4.0
FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 30.0


async def run_bot(services: Services, announce: Callable[[str], None], stop: asyncio.Event | None = None) -> None:
    """Answer in Telegram until `stop` is set; without one, until SIGINT or SIGTERM. Closes within five seconds.

    `announce` shows a line to whoever started the program. Raises TokenUnusable.
    """
    stop = stop or _stop_signal()
    application = build(services.settings)
    front = Front(services, application.bot, Access(services.settings, services.people), COMMANDS)
    register(application, front)
    try:
        if await _connect(application, announce, stop):
            await _serve(application, front, announce, stop)
    finally:
        await application.bot.shutdown()  # its connections are open even where the application never came up


async def _serve(
    application: AnyApplication, front: Front, announce: Callable[[str], None], stop: asyncio.Event
) -> None:
    async with _polling(application, front):
        await _introduce(front, announce)
        menus = in_background(partial(_offer_menus, front), "offer the menus")
        await stop.wait()
        menus.cancel()


def build(settings: Settings) -> AnyApplication:
    """Build the application, without handlers."""
    return (
        Application.builder()
        .token(settings.telegram_bot_token)
        .base_url(f"{settings.telegram_api_url}/bot")
        .base_file_url(f"{settings.telegram_api_url}/file/bot")
        .concurrent_updates(Lanes([command.name for command in COMMANDS if command.urgent]))
        .request(Transport(CONNECTIONS))
        .get_updates_request(Transport(1))
        .job_queue(None)
        .build()
    )


async def _offer_menus(front: Front) -> None:
    await offer_to_everybody(front.bot, front.commands)
    await offer_to_admins(front.bot, front.commands, await front.access.admin_ids())


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _connect(application: AnyApplication, announce: Callable[[str], None], stop: asyncio.Event) -> bool:
    """Ask Telegram who the bot is, until it answers; False when stopped before. Raises TokenUnusable."""
    wait_seconds = FIRST_RETRY_SECONDS
    while not stop.is_set():
        try:
            await application.initialize()
        except InvalidToken as error:
            raise TokenUnusable(
                "Telegram refuses the token in TELEGRAM_BOT_TOKEN: copy it again from @BotFather, then start anew."
            ) from error
        except NetworkError as error:
            if wait_seconds == FIRST_RETRY_SECONDS:
                announce("Telegram cannot be reached. I keep trying; check the network if this lasts.")
            log.warning("Telegram cannot be reached: %s", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait_seconds)
            wait_seconds = min(wait_seconds * 2, LONGEST_RETRY_SECONDS)
        else:
            return True
    return False


@asynccontextmanager
async def _polling(application: AnyApplication, front: Front) -> AsyncGenerator[None]:
    """Poll while the context is open; then stop what is being written, deliver it, and close."""
    updater = application.updater
    if updater is None:
        raise RuntimeError("the application was built without an updater")
    await application.start()
    await updater.start_polling(
        bootstrap_retries=-1, allowed_updates=WANTED_UPDATES, drop_pending_updates=False, error_callback=_on_poll_error
    )
    try:
        yield
    finally:
        front.runs.close()
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await updater.stop()
                await application.stop()
        except TimeoutError:
            log.warning("not everything could be delivered before the end")
        await application.shutdown()


async def _introduce(front: Front, announce: Callable[[str], None]) -> None:
    name = front.bot.username
    announce(f"@{name} is listening. Ctrl-C stops it.")
    if not await front.access.admin_ids():
        code = front.access.code.text
        announce("Nobody is its admin yet. To become it, follow this link, or send the bot the line below it:")
        announce(f"  https://t.me/{name}?start={code}")
        announce(f"  /start {code}")


def _on_poll_error(error: TelegramError) -> None:
    if isinstance(error, Conflict):
        log.error("another program polls with this token: stop it, or give this bot a token of its own")
    else:
        log.warning("polling failed, trying again: %s", error)
