"""`models`: every model, and whether it can be used now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.command_line import CommandLine
from tests.fake_model_server import FakeModel
from tests.fake_ollama import FakeOllama

if TYPE_CHECKING:
    from pathlib import Path


async def test_the_state_of_every_model_is_shown(tmp_path: Path) -> None:
    """Where it is served, whether it is in memory, or why it cannot be used."""
    models = {"qwen2.5:7b-instruct-q4_K_M": FakeModel(), "gemma3:4b": FakeModel(loaded=False, parameters="4.3B")}
    async with FakeOllama(models) as ollama:
        ran = await CommandLine(tmp_path, OLLAMA_BASE_URL=ollama.root).run("models")
        root = ollama.root
    rows = {line.split()[0]: line for line in ran.out.splitlines() if line.split()}
    assert ran.status == 0
    assert "2 of 11 models can be used" in ran.out
    assert "in memory" in rows["ollama_qwen25_7b"]
    assert root in rows["ollama_qwen25_7b"]
    assert "0.75 / 0.70 / 0.70" in rows["ollama_qwen25_7b"]
    assert "on disk" in rows["ollama_gemma3_4b"]
    assert "not installed" in rows["ollama_qwen25_32b"]
    assert "LMSTUDIO_BASE_URL is empty" in rows["lmstudio_llava"]


async def test_a_dead_server_is_no_failure_of_the_table(tmp_path: Path) -> None:
    """The table says so, and what to do."""
    ran = await CommandLine(tmp_path, OLLAMA_BASE_URL="http://127.0.0.1:9").run("models")
    assert ran.status == 0
    assert "0 of 10 models can be used" in ran.out
    assert "start it with `ollama serve`" in ran.out
