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
    for part in (
        "code, confidence",
        "DeepSeek Coder 6.7B",
        "0.85 code quality",
        "Left out",
        "800 out",
        told["explanation"][:40],
    ):
        assert part in shown, part


async def test_the_layout_is_that_of_the_specification(tmp_path: Path) -> None:
    """Request, task analysis with requirements, the options, the decision and the chain, in this order; no escapes."""
    async with FakeOllama(MODELS) as ollama:
        shown = (await CommandLine(tmp_path, OLLAMA_BASE_URL=ollama.root).run("route", CODE)).out
    parts = (
        f"request   {CODE}", "strategy  auto", "decided in", "Task analysis", "type", "complexity        medium",
        "context size", "requirements", "context window", "quality level", "latency target  under 5 s", "Options",
        "primary    DeepSeek Coder 6.7B", "fallback   Qwen2.5", "budget     SmallThinker", "Decision",
        "provider        ollama", "reasoning       code specialist", "estimated cost  0.3", "tokens          about",
        "latency         about", "Fallback chain", "→ Built-in", "Left out",
    )  # fmt: skip
    places = [shown.index(part) for part in parts]
    assert places == sorted(places)
    assert "\x1b" not in shown


async def test_rules_are_shown(tmp_path: Path) -> None:
    """Which held and what came of it, in words and as data; --chat asks as in a chat; an unknown model is a warning."""
    rules = """
        [[rule]]
        if = { category = "code" }
        use = "qwen2.5:14b*"
        [[rule]]
        if = { chat = 42 }
        never = ["qwen2.5:14b*", "gone:1b"]
    """
    (tmp_path / "models.toml").write_text(rules, encoding="utf-8")
    async with FakeOllama(MODELS) as ollama:
        line = CommandLine(tmp_path, OLLAMA_BASE_URL=ollama.root)
        told = json.loads((await line.run("route", CODE, "--json")).out)
        shown = (await line.run("route", CODE, "--chat", "42")).out
    assert told["candidates"][0]["model"] == "ollama_qwen25_14b"
    assert [rule["place"] for rule in told["rules"]] == ["models.toml:2"]
    assert told["unknown_models"] == ["models.toml:5: no model goes by gone:1b now, so the rule changes nothing for it"]
    assert (
        "✗ models.toml:2: if category is code, use qwen2.5:14b*: could not be followed (Qwen2.5 14B: forbidden" in shown
    )
    assert "✓ models.toml:5: if chat is 42, never use" in shown
    assert "⚠ models.toml:5: no model goes by gone:1b" in shown


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
