"""The log goes where the settings say, and no secret gets into it."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import sys
import threading
import time
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from markdown_it import MarkdownIt
from telegram import Bot
from telegram.error import InvalidToken

import logs
from log_context import log_context
from routing.errors import InvalidConfiguration
from settings import Settings, _setting
from tests.telegram_server import TelegramServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOKEN = "7654321:AAH-planted_token_nobody-may-read-1"


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    talkative = {name: logging.getLogger(name).level for name in logs._TALKATIVE}
    hooks = threading.excepthook, sys.unraisablehook
    yield
    threading.excepthook, sys.unraisablehook = hooks
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


def test_debug_is_not_drowned_by_what_libraries_say(tmp_path: Path) -> None:
    """Formatting an answer adds no line: at LOG_LEVEL=debug its parser would log ten for each paragraph."""
    path = tmp_path / "bot.log"
    logs.configure(Settings(log_file=path, log_level="debug"))
    MarkdownIt().parse("one\n\ntwo\n")
    logging.getLogger("a").debug("ours")
    (line,) = path.read_text().splitlines()
    assert line.endswith("DEBUG   a: ours")


def test_without_a_file_the_log_goes_to_standard_error() -> None:
    """The default needs no file."""
    logs.configure(Settings(log_file=None))
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream := io.StringIO())
    logging.getLogger("a").info("hello")
    assert stream.getvalue().endswith("INFO    a: hello\n")


# --- structure --------------------------------------------------------------------------------------------------------


def line_of(*secrets: str, **record: object) -> str:
    """A record as it is written, without its time."""
    made = logging.makeLogRecord({"name": "a.b", "levelno": logging.INFO, "levelname": "INFO", **record})
    return logs.RedactingFormatter(secrets).format(made).split(" ", 2)[2]


async def test_every_line_names_what_it_belongs_to(tmp_path: Path) -> None:
    """Chat, update and request stand in each line that is logged for them, in tasks and threads too."""
    path = tmp_path / "bot.log"
    logs.configure(Settings(log_file=path))

    async def answer() -> None:
        with log_context(request="ab12"):
            logging.getLogger("engine").info("runs")
            await asyncio.to_thread(logging.getLogger("disk").warning, "slow")

    with log_context(chat=-100123, update=7):
        await asyncio.create_task(answer())
        logging.getLogger("lanes").info("done")
    logging.getLogger("poller").info("waits")
    assert [line.split(" ", 2)[2] for line in path.read_text().splitlines()] == [
        "INFO    engine chat=-100123 update=7 request=ab12: runs",
        "WARNING disk chat=-100123 update=7 request=ab12: slow",
        "INFO    lanes chat=-100123 update=7: done",
        "INFO    poller: waits",
    ]


def test_extra_fields_are_written_too() -> None:
    """They stand with the others, and win over them; what is no plain word is quoted."""
    with log_context(chat=5, update=7):
        line = line_of(msg="sent", chat=6, seconds=0.25, title='a "b"\nc')
    assert line == r'INFO    a.b chat=6 update=7 seconds=0.25 title="a \"b\"\nc": sent'


def test_nothing_that_is_logged_can_pass_for_another_line() -> None:
    """What follows the first line of a record is indented; control characters are written as numbers."""
    line = line_of(msg="x\n2026-01-01 00:00:00,000 INFO    access: let in\r\x1b[2J\x85y")
    assert line == "INFO    a.b: x\n  2026-01-01 00:00:00,000 INFO    access: let in\\x0d\\x1b[2J\\x85y"


def test_a_traceback_is_indented() -> None:
    """All lines of it belong to the record above them."""
    first, second, *others = line_of(msg="failed", exc_info=(ValueError, ValueError("x\ny"), None)).splitlines()
    assert (first, second, others[-1]) == ("INFO    a.b: failed", "  ValueError: x", "  y")


# --- secrets ----------------------------------------------------------------------------------------------------------

AWKWARD = 'k3y/with+odd=chars&"quo\'tes" and ümläut\\s'
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "quoted": quote,
    "quoted with plus": quote_plus,
    "quoted wholly": lambda text: quote(text, safe=""),
    "in small letters": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "quoted twice": lambda text: quote(quote(text, safe=""), safe=""),
    "every byte quoted": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "repr": repr,
    "ascii": ascii,
    "bytes": lambda text: repr(text.encode()),
    "JSON": json.dumps,
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "JSON of letters": lambda text: json.dumps(text, ensure_ascii=False),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", [TOKEN, AWKWARD, "short"])
def test_a_secret_is_known_in_any_form(secret: str, form: str) -> None:
    """However it is quoted or escaped, it is blotted out whole, and nothing around it is."""
    line = line_of(secret, msg=f"before {FORMS[form](secret)} after")
    assert re.fullmatch(r"INFO    a\.b: before b?[\\\"']*\[secret\][\\\"']* after", line)


def test_a_secret_is_blotted_out_wherever_a_record_holds_it() -> None:
    """Values, extra fields, the context, the stack, causes, contexts, notes and groups of errors."""
    group = ExceptionGroup("all failed", [KeyError(AWKWARD), OSError(TOKEN)])
    group.__cause__ = ValueError(f"cause {AWKWARD}")
    group.__cause__.__context__ = RuntimeError(f"context {TOKEN}")
    group.add_note(f"note {AWKWARD}")
    with log_context(chat=TOKEN):
        line = line_of(
            AWKWARD,
            TOKEN,
            msg="%s %r",
            args=(AWKWARD, {"key": TOKEN}),
            exc_info=(type(group), group, None),
            stack_info=f"Stack: {TOKEN}",
            header=AWKWARD,
        )
    for part in ("k3y", "chars&", "planted", "7654321"):
        assert part not in line, part
    for part in ("all failed", "ValueError: cause", "RuntimeError: context", "note [secret]", "Stack: [secret]"):
        assert part in line, part


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreSettings(Settings):
    """The settings, with one more secret."""

    cloud_password: str = _setting("", "a key for the cloud", str, secret=True)


def test_what_is_declared_secret_is_blotted_out(tmp_path: Path) -> None:
    """The log is told of no secret by its name: that it is declared as one is enough, for a new one too."""
    path = tmp_path / "bot.log"
    settings = MoreSettings(lmstudio_api_key="planted-1", cloud_password="planted-2", log_file=path)
    logs.configure(settings, environ={})
    logging.getLogger("a").warning("planted-1 and planted-2")
    assert path.read_text().endswith("WARNING a: [secret] and [secret]\n")


def test_every_secret_setting_is_declared_as_one() -> None:
    """A setting that is named like a secret is one."""
    assert {field.name for field in fields(Settings) if re.search(r"(key|token|secret|password)$", field.name)} == {
        field.name for field in fields(Settings) if not field.repr
    }


def test_keys_in_the_environment_are_blotted_out_too() -> None:
    """Servers of models.toml name a variable that holds their key; other variables may be logged."""
    environ = {"WORKSHOP_API_KEY": "wk-planted", "MY_PASSWORD": "hunter22", "HOME": "/home/ada", "EMPTY_TOKEN": ""}
    assert set(logs.secrets_of(Settings(), environ)) - {""} == {"wk-planted", "hunter22"}


def test_half_a_token_is_still_a_secret() -> None:
    """The part behind the colon is the secret one; it is known alone, too."""
    line = line_of(*logs.secrets_of(Settings(telegram_bot_token=TOKEN), {}), msg=f"x {TOKEN.partition(':')[2]} y")
    assert line == "INFO    a.b: x [secret] y"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("GET http://ada:pass:w0rd@host:1/v1", "GET http://ada:[secret]@host:1/v1"),
        ("GET http://host:1/v1 by ada@example.org", "GET http://host:1/v1 by ada@example.org"),
        ("{'Authorization': 'Bearer abc.def-123'}", "{'Authorization': 'Bearer [secret]'}"),
        ("Authorization: Basic YWRhOnB3ZA==", "Authorization: Basic [secret]"),
        ("the bearer of news", "the bearer of news"),
    ],
)
def test_what_signs_a_request_is_a_secret(text: str, written: str) -> None:
    """Passwords in addresses and signatures are known by their place."""
    assert line_of(msg=text) == f"INFO    a.b: {written}"


def test_a_short_secret_leaves_the_log_readable() -> None:
    """It is blotted out where it stands alone, not within words."""
    assert line_of("on", msg="on and on, once, key=on") == "INFO    a.b: [secret] and [secret], once, key=[secret]"


@pytest.mark.filterwarnings("default::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_python_itself_would_print_is_logged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A thread that ends by an error and an error in a clean-up are lines of the log, without their secrets."""
    path = tmp_path / "bot.log"
    logs.configure(Settings(log_file=path, telegram_bot_token=TOKEN))

    def fail(*_: object) -> None:
        raise ValueError(TOKEN)

    class Fails:
        __del__ = fail

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    Fails()
    written = path.read_text()
    assert "ERROR   logs: a thread ended by a fault of its own" in written
    assert "ERROR   logs: a fault where nobody could be told" in written
    assert written.count(f"ValueError: {logs.REDACTED}") == 2
    assert "planted" not in written
    assert capsys.readouterr().err == ""


def test_a_log_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Who talks to the bot is nobody else's business."""
    path = tmp_path / "bot.log"
    logs.configure(Settings(log_file=path))
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_long_line_takes_no_time() -> None:
    """What a model writes may be logged, and nothing in it makes the log slow."""
    for text in ("7" * 200_000, "://" * 70_000, "Bearer " * 30_000, "\\" * 200_000, "%25" * 70_000):
        began = time.perf_counter()
        line_of(TOKEN, AWKWARD, msg=text)
        assert time.perf_counter() - began < 2, text[:7]
