"""Logging set-up: level, file, format, and no secret in any line."""

from __future__ import annotations

import logging
import re
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING
from urllib.parse import quote

from routing.errors import InvalidConfiguration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from settings import Settings

FILE_BYTES = 10_000_000
FILES_KEPT = 5
REDACTED = "[secret]"
# httpx writes a line with the token for every call, aiosqlite every statement with its values.
_TALKATIVE = {"httpx": logging.WARNING, "httpcore": logging.WARNING, "aiosqlite": logging.INFO}
# The form of every bot token, so that even one nobody told us about is not written down.
_BOT_TOKEN = re.compile(r"\d{5,}(?::|%3A)[\w-]{20,}", re.IGNORECASE)


def configure(settings: Settings) -> None:
    """Send the log of the whole process where the settings say. Raises InvalidConfiguration."""
    handler = _handler(settings)
    handler.setFormatter(RedactingFormatter((settings.telegram_bot_token, settings.lmstudio_api_key)))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name, level in _TALKATIVE.items():
        logging.getLogger(name).setLevel(level)


class RedactingFormatter(logging.Formatter):
    """Writes one line a record, and blots out secrets at the very end: in messages, values and tracebacks alike."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__("{asctime} {levelname:<7} {name}: {message}", style="{")
        known = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""))}
        longest_first = sorted(known, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if known else None

    def format(self, record: logging.LogRecord) -> str:
        """Format a record without its secrets."""
        line = super().format(record)
        if self._known:
            line = self._known.sub(REDACTED, line)
        return _BOT_TOKEN.sub(REDACTED, line)


def _handler(settings: Settings) -> logging.Handler:
    if settings.log_file is None:
        return logging.StreamHandler()
    try:
        return RotatingFileHandler(settings.log_file, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
    except OSError as error:
        raise InvalidConfiguration([f"LOG_FILE: {settings.log_file} cannot be written: {error.strerror}"]) from error
