"""Updates: what python-telegram-bot hands over, unpacked for the function that deals with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram.ext import ApplicationHandlerStop

from handlers import chat
from handlers.access import gate
from handlers.allowance import Allowance, is_within
from handlers.commands import unknown
from handlers.dispatch import run_button, run_command
from handlers.failures import guard
from handlers.well_formed import is_well_formed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telegram import Update
    from telegram.ext import ContextTypes

    from handlers.dispatch import Button, Command
    from handlers.front import Front

    Context = ContextTypes.DEFAULT_TYPE


class Updates:
    """The callbacks that are registered. The filters beside them see to it that what they need is there."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._allowance = Allowance(front.services.settings.messages_per_minute)

    async def gate(self, update: Update, _: Context) -> None:
        """Every update, first of all. Raises ApplicationHandlerStop where it should go no further."""
        self._note_move(update)
        await gate(self._front, update)
        if not await guard(lambda: is_within(self._allowance, self._front, update), "count what somebody sends"):
            raise ApplicationHandlerStop

    def _note_move(self, update: Update) -> None:
        """Have a group's past follow it to its new id. It is Telegram who says so, whoever had the group changed."""
        message = update.message if is_well_formed(update) else None
        if message and message.migrate_to_chat_id and self._front.on_migrated:
            self._front.on_migrated(message.chat.id, message.migrate_to_chat_id)

    async def command(self, update: Update, _: Context, *, command: Command) -> None:
        """A command of the table."""
        if update.message and update.message.from_user:
            await run_command(self._front, command, update.message, update.message.from_user, update.update_id)

    async def unknown_command(self, update: Update, _: Context) -> None:
        """A command that is not in the table."""
        if update.message:
            await unknown(self._front, update.message, update.update_id)

    async def message(self, update: Update, _: Context) -> None:
        """Any other message."""
        if update.message:
            await chat.on_message(self._front, update.message, update.update_id)

    async def edit(self, update: Update, _: Context) -> None:
        """A message that was changed."""
        if update.edited_message:
            await chat.on_edit(self._front, update.edited_message)

    async def press(self, update: Update, _: Context, *, buttons: Mapping[str, Button]) -> None:
        """A button that was pressed."""
        if update.callback_query:
            await run_button(self._front, buttons, update.callback_query)
