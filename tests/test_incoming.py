"""What somebody sends is read up to a size, and what is longer gets a sentence that says how long it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from tests.bot_in_process import last_prompt, running
from tests.telegram_server import TelegramServer

if TYPE_CHECKING:
    from pathlib import Path

WORDS = "word " * 1000


class BrokenFiles(TelegramServer):
    """Answers the first download with a gateway's error page."""

    broken = False

    async def _serve_file(self, request: web.Request) -> web.Response:
        if not self.broken:
            self.broken = True
            return web.Response(status=502, text="<html>502</html>")
        return await super()._serve_file(request)


@pytest.mark.parametrize("count", [1000, 1001])
async def test_a_message_has_a_longest_length(tmp_path: Path, count: int) -> None:
    """One of that length is answered; one character more is not, and its sender is told both figures."""
    async with running(tmp_path, MAX_MESSAGE_CHARACTERS="1000") as bot:
        (answer,) = await bot.admin.ask(WORDS[: count - 1] + "!")
        assert bool(bot.ollama.asked("/api/chat")) == (count == 1000)
        assert ("This is too long: 1,001 characters, and I read up to 1,000" in answer.text) == (count == 1001)


@pytest.mark.parametrize("caption", ["Sum it up", WORDS[:300]])
async def test_a_file_counts_with_what_is_written_under_it(tmp_path: Path, caption: str) -> None:
    """Together they are one question."""
    async with running(tmp_path, MAX_MESSAGE_CHARACTERS="1000") as bot:
        await bot.admin.send_document(WORDS[:900].encode(), "a.txt", "text/plain", caption)
        (answer,) = await bot.admin.chat.reply()
        assert answer.text.startswith("Hello you." if len(caption) < 100 else "This is too long: 1,2")


async def test_a_file_that_is_asked_about_counts_too(tmp_path: Path) -> None:
    """It is read again for the reply to it; a retry of what was too long is too long as well."""
    async with running(tmp_path, MAX_MESSAGE_CHARACTERS="1000") as bot:
        file = await bot.admin.send_document(WORDS[:900].encode(), "a.txt", "text/plain", "Sum it up")
        await bot.admin.chat.reply()
        await bot.admin.say(WORDS[:200], reply_to=file)
        (answer,) = await bot.admin.chat.reply()
        assert answer.text.startswith("This is too long: 1,1")
        assert len(bot.ollama.asked("/api/chat")) == 1


async def test_the_name_of_a_file_is_read_without_halves_of_characters(tmp_path: Path) -> None:
    """No database takes them, and no model."""
    async with running(tmp_path) as bot:
        kept = bot.telegram.world.keep_file(b"text", "documents/a.txt")
        document = {**kept, "file_name": "a\ud83d\x07.txt", "mime_type": "text/plain"}
        message = bot.admin.chat.add(bot.admin.as_json(), text="Sum it up", extra={"document": document})
        bot.telegram.world.post("message", message.as_json())
        (answer,) = await bot.admin.chat.reply()
        assert answer.text.startswith("Hello you.")
        assert last_prompt(bot.ollama).startswith("a\ufffd.txt:")


async def test_a_file_outlives_an_outage(tmp_path: Path) -> None:
    """Telegram's gateway is gone for the path of the file, and then for the file: it is fetched all the same."""
    async with BrokenFiles() as telegram, running(tmp_path, telegram=telegram) as bot:
        telegram.faults.fail(2, method="getFile")
        await bot.admin.send_document(b"text", "a.txt", "text/plain", "Sum it up")
        (answer,) = await bot.admin.chat.reply()
        assert answer.text.startswith("Hello you.")
        assert [call.status for call in telegram.called("getFile")] == [502, 502, 200, 200]
        assert "text" in last_prompt(bot.ollama)
