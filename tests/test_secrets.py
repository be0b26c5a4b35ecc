"""The token and the keys are planted, everything is made to fail, and all that was written is searched for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.bot_process import OWNER_ID, BotProcess
from tests.command_line import CommandLine
from tests.fake_lmstudio import FakeLMStudio
from tests.fake_model_server import FakeModel, Script
from tests.telegram_server import TelegramServer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TOKEN = "7654321098:AAHplanted-token_that_nobody_may_read1"
KEY = "sk-planted/key+that=nobody&may read"
SECRETS = {TOKEN, TOKEN.partition(":")[2], KEY}


def leaks(*texts: str) -> list[str]:
    """The secrets that stand in any of these, as they are or as a part of an address."""
    forms = {form for secret in SECRETS for form in (secret, quote(secret), quote(secret, safe=""))}
    return [form for form in forms for text in texts if form in text]


def written_in(folder: Path) -> Iterable[str]:
    """Every file that the bot made there: log, database with its journals, backups."""
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink() and file.name != ".env":
            yield file.read_bytes().decode("utf-8", "replace")


async def test_a_bot_that_meets_every_failure_tells_no_secret(tmp_path: Path) -> None:
    """At the most talkative level: floods, outages, refusals, a model server that dies, and a token that is revoked."""
    async with TelegramServer(TOKEN) as telegram, FakeLMStudio({"qwen2.5-7b-instruct": _says("Hello.")}) as lmstudio:
        owner = telegram.user(OWNER_ID, "Ada")
        settings = {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "LMSTUDIO_BASE_URL": lmstudio.url,
            "LMSTUDIO_API_KEY": KEY,
            "LOG_LEVEL": "debug",
            "LOG_FILE": tmp_path / "bot.log",
            "CONNECT_TIMEOUT_SECONDS": 1,
        }
        async with BotProcess(telegram, tmp_path, **settings) as bot:
            await owner.ask("What is Python?")
            telegram.faults.fail(2, status=502)
            telegram.faults.flood(1, 1, chat_id=OWNER_ID)
            telegram.faults.drop(1, method="getUpdates")
            said = [message.text for message in await owner.ask("What is Rust?", timeout_seconds=30)]
            await lmstudio.stop()
            said += [message.text for message in await owner.ask("What is Go?", timeout_seconds=30)]
            telegram.token = "1:revoked"
            await asyncio.wait_for(bot.process.wait(), 60)
            assert bot.process.returncode == 1
            assert "TELEGRAM_BOT_TOKEN" in bot.output
    assert "polling failed" in (tmp_path / "bot.log").read_text()
    assert leaks(*said, *written_in(tmp_path)) == []


async def test_no_command_tells_a_secret(tmp_path: Path) -> None:
    """Neither where all is well nor where the token is wrong, the servers are dead and the settings are broken."""
    async with TelegramServer(TOKEN) as telegram:
        (tmp_path / ".env").write_text(f"TELEGRAM_BOT_TOKEN={TOKEN}\nLMSTUDIO_API_KEY='{KEY}'\n")
        line = CommandLine(
            tmp_path, TELEGRAM_API_URL=telegram.url, LMSTUDIO_BASE_URL="http://127.0.0.1:9", LOG_LEVEL="debug"
        )
        commands = [
            ("doctor",), ("models",), ("stats",), ("ask", "What is Python?"), ("route", "Hi", "--json"),
            ("backup", str(tmp_path / "copy.db")), ("service", "status"), ("service", "install", "--dry-run"),
        ]  # fmt: skip
        ran = [await line.run(*command) for command in commands]
        telegram.token = "1:other"
        ran += [await line.run("doctor"), await line.run("run")]
        line.environment["MAX_TOKENS"] = KEY
        line.environment["ADMIN_USER_IDS"] = TOKEN
        ran += [await line.run("doctor"), await line.run("run")]
    assert any("MAX_TOKENS" in one.out + one.err for one in ran)
    assert leaks(*(one.out + one.err for one in ran), *written_in(tmp_path)) == []


def _says(text: str) -> FakeModel:
    return FakeModel(Script(pieces=(text,)))
