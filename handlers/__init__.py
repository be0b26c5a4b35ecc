"""Telegram in, Telegram out; the only home of python-telegram-bot beside bot.py."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, MessageHandler, TypeHandler, filters

from handlers import admin, buttons, commands, model_loading, own_data
from handlers.answer import STOP_BUTTON
from handlers.dispatch import Button, Command
from handlers.failures import on_error
from handlers.own_data import FORGET_ME
from handlers.screens import (
    LOAD_MODEL,
    PICK_MODEL,
    PICK_STRATEGY,
    STOP_LOAD,
    SWITCH_MODEL,
    TURN_MODELS,
    TURN_SWITCHES,
    UNLOAD_MODEL,
)
from handlers.updates import Updates

if TYPE_CHECKING:
    from telegram.ext import Application

    from handlers.front import Front

COMMANDS = (
    Command("help", "what I can do", commands.help_),
    Command("new", "forget the conversation and begin a new one", commands.new, urgent=False),
    Command("stop", "stop the answer that is being written", commands.stop),
    Command("retry", "answer the last message again, with another model", commands.retry, urgent=False),
    Command("model", "pick a model for this chat, or leave it to me", commands.model),
    Command("why", "why the last answer came from the model it came from", commands.why),
    Command("usage", "what you have used", commands.usage),
    Command("export", "a file with everything I keep about you", own_data.export),
    Command("forget", "delete everything I keep about you", own_data.forget),
    Command("start", "say hello", commands.start),
    Command("stats", "counts, rates, times and tokens: 24h, 7d or 30d", admin.stats, for_admins=True),
    Command("strategy", "how models are chosen", admin.strategy, for_admins=True),
    Command("models", "every model: its state; on and off, load and unload", admin.models, for_admins=True),
    Command("people", "who may talk; allow and remove", admin.people, for_admins=True),
)

BUTTONS = {
    STOP_BUTTON: Button(buttons.stop),
    PICK_MODEL: Button(buttons.pick_model),
    TURN_MODELS: Button(buttons.turn_models),
    PICK_STRATEGY: Button(buttons.pick_strategy, for_admins=True),
    SWITCH_MODEL: Button(buttons.switch_model, for_admins=True),
    TURN_SWITCHES: Button(buttons.turn_switches, for_admins=True),
    LOAD_MODEL: Button(model_loading.load_pressed, for_admins=True),
    UNLOAD_MODEL: Button(model_loading.unload_pressed, for_admins=True),
    STOP_LOAD: Button(model_loading.stop_load, for_admins=True),
    FORGET_ME: Button(own_data.forget_now),
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
    application.add_error_handler(partial(on_error, lanes=front.lanes, say=front.say))
