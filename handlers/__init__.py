"""Telegram in, Telegram out; the only home of python-telegram-bot beside bot.py."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, MessageHandler, TypeHandler, filters

from handlers import buttons, commands
from handlers.dispatch import Button, Command
from handlers.failures import on_error
from handlers.updates import Updates

if TYPE_CHECKING:
    from telegram.ext import Application

    from handlers.front import Front

COMMANDS = (
    Command("start", "say hello", commands.start),
    Command("stop", "stop the answer that is being written", commands.stop),
)

BUTTONS = {
    "stop": Button(buttons.stop),
}


def register(application: Application[Any, Any, Any, Any, Any, Any], front: Front) -> None:
    """Add every handler: the gate before all, then commands, messages, edits and buttons."""
    updates, new = Updates(front), filters.UpdateType.MESSAGE
    handlers = [
        *(CommandHandler(line.name, partial(updates.command, command=line), filters=new) for line in COMMANDS),
        MessageHandler(new & filters.COMMAND, updates.unknown_command),
        MessageHandler(new, updates.message),
        MessageHandler(filters.UpdateType.EDITED_MESSAGE, updates.edit),
        CallbackQueryHandler(partial(updates.press, buttons=BUTTONS)),
    ]
    application.add_handler(TypeHandler(Update, updates.gate), group=-1)
    application.add_handlers(handlers)
    application.add_error_handler(on_error)
