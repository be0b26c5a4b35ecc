"""The menus of commands that Telegram shows: everybody's in every chat, and all of them to each admin."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from telegram import BotCommand, BotCommandScopeAllGroupChats, BotCommandScopeAllPrivateChats, BotCommandScopeChat
from telegram.error import TelegramError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from telegram import Bot, BotCommandScope

    from handlers.dispatch import Command

log = logging.getLogger(__name__)


async def offer_to_everybody(bot: Bot, commands: Sequence[Command]) -> None:
    """Offer the commands that need no admin."""
    menu = [BotCommand(command.name, command.description) for command in commands if not command.for_admins]
    await _offer(bot, menu, BotCommandScopeAllPrivateChats())
    await _offer(bot, menu, BotCommandScopeAllGroupChats())


async def offer_to_admins(bot: Bot, commands: Sequence[Command], admin_ids: Iterable[int]) -> None:
    """Offer all commands in each admin's own chat."""
    menu = [BotCommand(command.name, command.description) for command in commands]
    for admin_id in admin_ids:
        await _offer(bot, menu, BotCommandScopeChat(admin_id))


async def take_from_former_admin(bot: Bot, user_id: int) -> None:
    """Offer in somebody's chat what everybody is offered."""
    try:
        await bot.delete_my_commands(scope=BotCommandScopeChat(user_id))
    except TelegramError as error:
        log.info("the menu of %s could not be changed: %s", user_id, error)


async def _offer(bot: Bot, menu: list[BotCommand], scope: BotCommandScope) -> None:
    try:
        await bot.set_my_commands(menu, scope=scope)
    except TelegramError as error:  # an admin who has never written to the bot, for one
        log.info("the menu could not be offered in %s: %s", scope.type, error)
