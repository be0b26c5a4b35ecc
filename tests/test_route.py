"""`route`: the decision alone, in words or as JSON, whatever the state of servers and database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.command_line import CommandLine
from tests.fake_model_server import FakeModel
from tests.fake_ollama import FakeOllama

if TYPE_CHECKING:
    from pathlib import Path

MODELS = {
    name: FakeModel()
    for name in (
        "smallthinker:270m-preview-q4_K_M", "qwen2.5:7b-instruct-q4_K_M", "deepseek-coder:6.7b-instruct-q4_K_M",
        "qwen2.5:14b-instruct-q4_K_M", "qwen2.5:32b-instruct-q4_K_M",
    )
}  # fmt: skip
CODE = "Write a function to calculate fibonacci numbers"


async def test_the_decision_is_told_whole(tmp_path: Path) -> None:
    """Task, order, scores, reasons, estimates and who was left out; and no model has been run for it."""
    async with FakeOllama(MODELS) as ollama:
        line = CommandLine(tmp_path, OLLAMA_BASE_URL=ollama.root)
        told = json.loads((await line.run("route", CODE, "--json")).out)
        shown = (await line.run("route", CODE)).out
        assert ollama.asked("/api/chat") == []
    assert told["strategy"] == "auto"
    assert (told["task"]["category"], told["task"]["complexity"]) == ("code", "complex")
    assert told["candidates"][0]["model"] == "ollama_deepseek_coder"
    assert told["candidates"][-1]["model"] == "builtin"
    assert told["estimated_tokens"] == 800
    assert {"model": "lmstudio_llava", "reason": "LMSTUDIO_BASE_URL is empty"} in told["excluded"]
    for part in ("code, confidence", "DeepSeek Coder 6.7B", "0.85 code quality", "Left out", "800 out"):
        assert part in shown, part


@pytest.mark.parametrize(
    ("strategy", "first"), [("speed", "ollama_smallthinker"), ("quality_first", "ollama_qwen25_14b")]
)
async def test_a_strategy_can_be_tried_out(tmp_path: Path, strategy: str, first: str) -> None:
    """--strategy decides for this once, by its name or by its other one."""
    async with FakeOllama(MODELS) as ollama:
        line = CommandLine(tmp_path, OLLAMA_BASE_URL=ollama.root)
        told = json.loads((await line.run("route", "Tell me about love.", "--strategy", strategy, "--json")).out)
    assert told["candidates"][0]["model"] == first


async def test_what_a_load_would_take_is_a_reason(tmp_path: Path) -> None:
    """What is in memory, what would have to be loaded, and what would never fit, each in words."""
    seven, fourteen, large = list(MODELS)[1], list(MODELS)[3], list(MODELS)[4]
    there = {
        seven: FakeModel(size_bytes=1_000_000_000),
        fourteen: FakeModel(loaded=False, size_bytes=1_000_000_000),
        large: FakeModel(loaded=False, size_bytes=9_000_000_000_000),
    }
    async with FakeOllama(there) as ollama:
        line = CommandLine(tmp_path, OLLAMA_BASE_URL=ollama.root)
        told = json.loads((await line.run("route", CODE, "--json")).out)
    reasons = {candidate["model"]: candidate["reasons"] for candidate in told["candidates"]}
    assert "loaded" in reasons["ollama_qwen25_7b"]
    assert "needs 1 s to load" in reasons["ollama_qwen25_14b"]
    (why,) = (excluded["reason"] for excluded in told["excluded"] if excluded["model"] == "ollama_qwen25_32b")
    assert why.startswith("needs 10801 GB, and ")


async def test_what_was_chosen_in_the_chat_holds(tmp_path: Path) -> None:
    """The strategy that was set for everybody is the one that is shown."""
    line = CommandLine(tmp_path)
    await line.run("chat", given="/strategy speed\n")
    assert json.loads((await line.run("route", "hello", "--json")).out)["strategy"] == "speed"


async def test_neither_servers_nor_a_database_are_needed(tmp_path: Path) -> None:
    """With dead servers the built-in one is left; a spoilt database is said and does not matter; none is made."""
    line = CommandLine(tmp_path, OLLAMA_BASE_URL="http://127.0.0.1:9")
    ran = await line.run("route", "hello", "--json")
    assert [candidate["model"] for candidate in json.loads(ran.out)["candidates"]] == ["builtin"]
    assert not (tmp_path / "switchboard.db").exists()
    (tmp_path / "switchboard.db").write_bytes(b"SQLite format 3\x00" + b"garbage " * 2000)
    ran = await line.run("route", "hello", "--json")
    assert (ran.status, json.loads(ran.out)["strategy"]) == (0, "auto")
    assert "is damaged" in ran.err
