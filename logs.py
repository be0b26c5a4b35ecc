"""Logging set-up: level, file, structured lines, and no secret in any of them."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
from dataclasses import fields
from typing import TYPE_CHECKING

from log_context import log_fields
from log_handlers import ToFile, ToStandardError
from routing.errors import InvalidConfiguration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from settings import Settings

log = logging.getLogger(__name__)

FILE_BYTES = 10_000_000
FILES_KEPT = 5
REDACTED = "[secret]"
# httpx writes a line with the token for every call, aiosqlite every statement with its values, telegram what is said,
# markdown_it ten lines for every paragraph of an answer, each time it is shown: nobody would find ours among them.
_TALKATIVE = {
    "telegram": logging.INFO,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "aiosqlite": logging.INFO,
    "markdown_it": logging.INFO,
    "asyncio": logging.INFO,
}

# What is a secret wherever it comes from: bot tokens, passwords in addresses, what a request is signed with.
_BOT_TOKEN = re.compile(r"(?<!\d)\d{5,}(?::|%(?:25){0,3}3A)[\w-]{20,}", re.IGNORECASE)
_PASSWORD = re.compile(r"(://[^\s/:@]*:)[^\s/@]+(?=@)")
_SIGNATURE = re.compile(r"(\b(?:Bearer|Authorization\W{1,4}\w+)\s+)[\w.~+/=-]{8,}", re.IGNORECASE)
# Servers of models.toml name the variable that holds their key.
_SECRET_VARIABLE = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
# A shorter secret is only blotted out where it stands alone: one of "a" would leave no line readable.
_SHORT = 6

_OF_EVERY_RECORD = {*logging.makeLogRecord({}).__dict__, "message", "asctime", "fields", "taskName"}
_PLAIN_VALUE = re.compile(r"[\w.:@/+-]+")
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(9), *range(11, 32), *range(127, 160))}


def configure(settings: Settings, environ: Mapping[str, str] | None = None) -> None:
    """Send the log of the whole process where the settings say. Raises InvalidConfiguration."""
    handler = _handler(settings)
    handler.setFormatter(RedactingFormatter(secrets_of(settings, os.environ if environ is None else environ)))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name, level in _TALKATIVE.items():
        logging.getLogger(name).setLevel(level)
    threading.excepthook = _log_end_of_thread
    sys.unraisablehook = _log_unraisable


def secrets_of(settings: Settings, environ: Mapping[str, str]) -> Iterator[str]:
    """Find every secret: the settings that are declared as one, and the variables that are named like one."""
    for setting in fields(settings):
        if not setting.repr:  # which is what `secret=True` in settings.py comes to
            yield str(getattr(settings, setting.name))
    yield settings.telegram_bot_token.partition(":")[2]
    yield from (value for name, value in environ.items() if _SECRET_VARIABLE.search(name) and len(value) >= _SHORT)


class RedactingFormatter(logging.Formatter):
    """Writes `time level logger key=value ...: message`, and blots out secrets at the very end, from all of it.

    The pairs are what the line belongs to (log_context.py) and what was logged with `extra`. Whatever follows the
    first line of a record, such as a traceback, is indented, so that nothing logged can pass for another line.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__("{asctime} {levelname:<7} {name}{fields}: {message}", style="{")
        longest_first = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._known = re.compile("|".join(map(_in_any_form, longest_first))) if longest_first else None

    def format(self, record: logging.LogRecord) -> str:
        """Format a record without its secrets."""
        record.fields = "".join(f" {name}={_value(value)}" for name, value in _fields(record).items())
        text = super().format(record).translate(_CONTROL).replace("\n", "\n  ")
        if self._known:
            text = self._known.sub(REDACTED, text)
        text = _BOT_TOKEN.sub(REDACTED, text)
        return _SIGNATURE.sub(rf"\1{REDACTED}", _PASSWORD.sub(rf"\1{REDACTED}", text))


def _fields(record: logging.LogRecord) -> dict[str, object]:
    extra = {name: value for name, value in record.__dict__.items() if name not in _OF_EVERY_RECORD}
    return {**log_fields(), **extra}


def _value(value: object) -> str:
    text = str(value)
    return text if _PLAIN_VALUE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _in_any_form(secret: str) -> str:
    """Build the pattern of a secret, each character of it plain, escaped or quoted for an address, once or twice."""
    pattern = "".join(map(_character, secret))
    return pattern if len(secret) >= _SHORT else rf"(?<!\w){pattern}(?!\w)"


def _character(character: str) -> str:
    number, utf8 = ord(character), character.encode("utf-8", "surrogatepass")
    forms = [
        re.escape(character),
        "".join(f"%(?:25){{0,3}}(?i:{byte:02x})" for byte in utf8),
        "".join(rf"\\{{1,4}}x(?i:{byte:02x})" for byte in utf8),
        rf"\\{{1,4}}(?:x|u00|u)(?i:{number:02x})",
    ]
    forms += [rf"\\{{1,4}}{re.escape(character)}"] if character in "\\\"'/" else []
    forms += [r"\+"] if character == " " else []
    return f"(?:{'|'.join(forms)})"


def _handler(settings: Settings) -> logging.Handler:
    if settings.log_file is None:
        return ToStandardError()
    try:
        return ToFile(settings.log_file, full_bytes=FILE_BYTES, kept=FILES_KEPT)
    except OSError as error:
        raise InvalidConfiguration([f"LOG_FILE: {settings.log_file} cannot be written: {error.strerror}"]) from error


# --- what Python itself would print, secrets included -----------------------------------------------------------------


def _log_end_of_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None:
        log.error("a thread ended by a fault of its own", exc_info=ended.exc_value)


def _log_unraisable(fault: sys.UnraisableHookArgs) -> None:
    log.error("a fault where nobody could be told: %s", fault.err_msg or "in a clean-up", exc_info=fault.exc_value)
