"""The log goes where the settings say, and no secret gets into it."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

import pytest
from telegram import Bot
from telegram.error import InvalidToken

import logs
from routing.errors import InvalidConfiguration
from settings import Settings
from tests.telegram_server import TelegramServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "7654321:AAH-planted_token_nobody-may-read-1"


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    talkative = {name: logging.getLogger(name).level for name in logs._TALKATIVE}
    yield
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    for name, was in talkative.items():
        logging.getLogger(name).setLevel(was)


def test_the_log_goes_to_a_file(tmp_path: Path) -> None:
    """LOG_FILE and LOG_LEVEL are obeyed."""
    path = tmp_path / "bot.log"
    logs.configure(Settings(log_file=path, log_level="warning"))
    logging.getLogger("a").info("not this")
    logging.getLogger("a").warning("but this")
    assert path.read_text().endswith("WARNING a: but this\n")
    assert "not this" not in path.read_text()


def test_a_file_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    """The setting and the reason are named."""
    with pytest.raises(InvalidConfiguration, match=r"LOG_FILE: .* cannot be written"):
        logs.configure(Settings(log_file=tmp_path / "missing" / "bot.log"))


def test_secrets_are_blotted_out_everywhere() -> None:
    """Messages, their values, tracebacks and escaped addresses: the token is in none of them."""
    formatter = logs.RedactingFormatter((TOKEN, "lm-key", ""))
    error = ValueError(f"https://api.telegram.org/bot{TOKEN}/getMe")
    values = (TOKEN, TOKEN.replace(":", "%3A"))
    record = logging.LogRecord("n", logging.ERROR, "f", 1, "%s lm-key %s", values, (ValueError, error, None))
    line = formatter.format(record)
    assert "planted" not in line
    assert "lm-key" not in line
    assert f"https://api.telegram.org/bot{logs.REDACTED}/getMe" in line


def test_a_token_nobody_told_us_about_is_blotted_out_too() -> None:
    """Whatever looks like a bot token is one; times and addresses are not."""
    record = logging.makeLogRecord({"msg": f"{TOKEN} at 12:30:45 on 127.0.0.1:8080 in chat 123456789"})
    line = logs.RedactingFormatter(()).format(record)
    assert line.endswith(f"{logs.REDACTED} at 12:30:45 on 127.0.0.1:8080 in chat 123456789")


async def test_a_real_bots_log_holds_no_token(tmp_path: Path) -> None:
    """At the most talkative level, with calls that succeed and one that is refused, the token is not written."""
    path = tmp_path / "bot.log"
    logs.configure(Settings(telegram_bot_token=TOKEN, log_file=path, log_level="debug"))
    for name in logs._TALKATIVE:
        logging.getLogger(name).setLevel(logging.DEBUG)
    async with TelegramServer(TOKEN) as server:
        async with Bot(TOKEN, base_url=f"{server.url}/bot") as bot:
            await bot.get_updates()
        server.token = "1:other"
        rejected = Bot(TOKEN, base_url=f"{server.url}/bot")
        with pytest.raises(InvalidToken):
            await rejected.initialize()
        logging.getLogger().error("refused", exc_info=InvalidToken(TOKEN))
        await rejected.shutdown()
    written = path.read_text()
    assert "HTTP Request: POST" in written
    assert "planted" not in written


def test_without_a_file_the_log_goes_to_standard_error() -> None:
    """The default needs no file."""
    logs.configure(Settings(log_file=None))
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream := io.StringIO())
    logging.getLogger("a").info("hello")
    assert stream.getvalue().endswith("INFO    a: hello\n")
