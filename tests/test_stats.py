"""`stats`: what the bot did, from the database that the bot fills."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.command_line import CommandLine
from tests.fake_model_server import FakeModel
from tests.fake_ollama import FakeOllama

if TYPE_CHECKING:
    from pathlib import Path


async def test_what_was_asked_is_counted(tmp_path: Path) -> None:
    """Questions of the chat and of `ask` stand in the report, in words and as JSON."""
    async with FakeOllama({"qwen2.5:7b-instruct-q4_K_M": FakeModel()}) as ollama:
        line = CommandLine(tmp_path, OLLAMA_BASE_URL=ollama.root)
        await line.run("chat", given="Tell me about love.\n")
        await line.run("ask", "Tell me about hate.")
    told = json.loads((await line.run("stats", "--json")).out)
    assert told["everything"]["count"] == told["everything"]["answered"] == 2
    assert told["everything"]["success_rate"] == 1.0
    assert [(tally["name"], tally["count"]) for tally in told["by_model"]] == [("ollama_qwen25_7b", 2)]
    assert told["everything"]["first_token_seconds"]["p50"] > 0
    shown = (await line.run("stats", "--period", "7d")).out
    assert "The last 7 days" in shown
    assert "Qwen2.5 7B" in shown


async def test_nothing_asked_is_said(tmp_path: Path) -> None:
    """An empty database is no failure."""
    ran = await CommandLine(tmp_path).run("stats")
    assert (ran.status, ran.out) == (0, "Nothing was asked in the last 24 hours.\n")
