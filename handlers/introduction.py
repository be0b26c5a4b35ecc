"""Introduction: what is said at the start, in the terminal and in Telegram."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from telegram.error import BadRequest, Forbidden

from dialogue.reports import plain
from handlers.delivery import Target
from handlers.front import Screen
from handlers.menu import offer_to_admins, offer_to_everybody

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlers.front import Front


async def introduce(front: Front, announce: Callable[[str], None]) -> None:
    """Say in the terminal who is listening, and how to become the admin while there is none. Raises StorageError."""
    name = front.bot.username
    announce(f"@{name} is listening. Ctrl-C stops it.")
    if not await front.access.admin_ids():
        code = front.access.code.text
        announce("Nobody is its admin yet. To become it, follow this link, or send the bot the line below it:")
        announce(f"  https://t.me/{name}?start={code}")
        announce(f"  /start {code}")


async def tell_admins(front: Front) -> None:
    """Tell every admin what was done to a damaged database. Raises StorageError."""
    for notice in front.services.notices:
        for admin_id in await front.access.admin_ids():
            with suppress(Forbidden, BadRequest):  # an admin who never wrote to the bot cannot be written to
                await front.show(Target(admin_id), Screen(plain(notice)))


async def offer_menus(front: Front) -> None:
    """Show everybody their commands. Raises StorageError."""
    await offer_to_everybody(front.bot, front.commands)
    await offer_to_admins(front.bot, front.commands, await front.access.admin_ids())
