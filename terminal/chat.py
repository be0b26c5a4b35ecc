"""The terminal chat: the same conversation as in Telegram, typed or read from a pipe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dialogue.services import open_services
from terminal.background import BackgroundLoop
from terminal.commands import COMMANDS, LEAVE, obey
from terminal.conversation import Conversation
from terminal.prompt import is_command, is_typed, offer_completion, piped_messages, typed_messages
from terminal.screen import open_screen

if TYPE_CHECKING:
    from settings import Settings

WELCOME = "Write a message. Ctrl-C stops an answer, /help lists the commands, /quit leaves."


def chat(settings: Settings, greeting: str = "") -> int:
    """Talk until the end of input; return the exit status. Raises InvalidConfiguration, StorageError."""
    screen = open_screen()
    with BackgroundLoop() as loop:
        services = loop.hold(open_services(settings, mends=True))
        loop.run(services.forget_the_old())
        conversation = Conversation(services, screen)
        for notice in services.notices:
            print(notice, file=sys.stderr)
        if is_typed():
            screen.note("\n".join(filter(None, (greeting, WELCOME))))
            return _talk(loop, conversation)
        if greeting:
            print(greeting, file=sys.stderr)
        for message in piped_messages(sys.stdin):
            if _leaves(message):
                break
            loop.run(_react(conversation, message))
    return 0


def _talk(loop: BackgroundLoop, conversation: Conversation) -> int:
    """Talk with a person: Ctrl-C stops an answer, and leaves where none is written."""
    offer_completion([f"/{name}" for name in (*COMMANDS, LEAVE[0])])
    while True:
        try:
            messages = typed_messages()
        except EOFError:
            print()
            return 0
        try:
            for message in messages:
                if _leaves(message):
                    return 0
                loop.run(_react(conversation, message))
        except KeyboardInterrupt:  # the receipt has said that it was stopped
            continue


async def _react(conversation: Conversation, message: str) -> None:
    if is_command(message):
        await obey(conversation, message)
    else:
        await conversation.answer(message)


def _leaves(message: str) -> bool:
    return message.removeprefix("/").lower() in LEAVE and message.startswith("/")
