"""Asks Telegram whether a token is good, and says plainly what is wrong with it."""

from __future__ import annotations

import re

from telegram import Bot
from telegram.error import InvalidToken, TelegramError, TimedOut

from dialogue.errors import TokenUnusable
from handlers.transport import Transport

SECONDS = 10.0
_FORM = re.compile(r"\d+:[\w-]+", re.ASCII)


async def check_token(token: str, api_url: str) -> str:
    """Ask Telegram who the bot of this token is; return its username. Raises TokenUnusable."""
    if not _FORM.fullmatch(token):
        raise TokenUnusable("This is no token: copy the whole of it from @BotFather, digits, colon and letters.")
    request = Transport(read_seconds=SECONDS, connect_seconds=SECONDS)
    try:
        async with Bot(token, base_url=f"{api_url}/bot", request=request, get_updates_request=request) as bot:
            return bot.username
    except InvalidToken as error:
        raise TokenUnusable("Telegram does not know this token: copy it again from @BotFather.") from error
    except TimedOut as error:
        raise TokenUnusable(f"{api_url} does not answer: check the network, then try again.") from error
    except TelegramError as error:
        raise TokenUnusable(f"{api_url} cannot be reached: check the network, then try again.") from error
