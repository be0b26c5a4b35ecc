"""`models`: every model, where it is and whether it can be used now; one of them loaded, or unloaded."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from routing.model_backends.mlx_folder import read_model_folder
from routing.types import Endpoint, LoadProgress, LoadStage
from terminal.model_loading import fetched
from tests.command_line import CommandLine
from tests.fake_backend import HANG, FakeBackend, an_engine, an_offer, some_models
from tests.fake_hub import FakeHub
from tests.fake_model_server import FakeModel
from tests.fake_ollama import FakeOllama
from tests.mlx_models import make_model

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SEVEN, FOUR = "qwen2.5:7b-instruct-q4_K_M", "gemma3:4b"
HUB_NAME = "acme_co/Tiny-1B.v2"


@pytest.fixture
async def ollama() -> AsyncIterator[FakeOllama]:
    """A server with a model in memory and one on disk."""
    models = {SEVEN: FakeModel(), FOUR: FakeModel(loaded=False, parameters="4.3B", size_bytes=10_000_000)}
    async with FakeOllama(models) as ollama:
        yield ollama


@pytest.fixture
def line(tmp_path: Path, ollama: FakeOllama) -> CommandLine:
    """The command line of somebody who has only that server."""
    return CommandLine(tmp_path, OLLAMA_BASE_URL=ollama.root)


# --- the list ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [("models",), ("models", "list")])
async def test_the_state_of_every_model_is_shown(
    line: CommandLine, ollama: FakeOllama, arguments: tuple[str, ...]
) -> None:
    """Where it is served, whether it is in memory, what it takes there, or why it cannot be used."""
    ran = await line.run(*arguments)
    rows = {row.split()[0]: row for row in ran.out.splitlines() if row.split()}
    assert ran.status == 0
    assert "2 of 11 models can be used" in ran.out
    assert "in memory" in rows["ollama_qwen25_7b"]
    assert "4.7 GB" in rows["ollama_qwen25_7b"]
    assert ollama.root in rows["ollama_qwen25_7b"]
    assert "0.75 / 0.70 / 0.70" in rows["ollama_qwen25_7b"]
    assert "on disk" in rows["ollama_gemma3_4b"]
    assert "not installed" in rows["ollama_qwen25_32b"]
    assert "LMSTUDIO_BASE_URL is empty" in rows["lmstudio_llava"]
    assert "Memory left for models on this machine: " in ran.out
    assert "MLX models are in the memory of the bot's own process" not in ran.out


@pytest.mark.parametrize("arguments", [("--json",), ("list", "--json"), ("--json", "list")])
async def test_other_programs_get_the_list_as_json(line: CommandLine, arguments: tuple[str, ...]) -> None:
    """One object and nothing else, with what can be done about each model."""
    ran = await line.run("models", *arguments)
    told = json.loads(ran.out)
    assert (ran.status, ran.err) == (0, "")
    found = {model["id"]: model for model in told["models"]}
    states = [(found[name]["state"], found[name]["in_memory"], found[name]["usable"]) for name in found]
    assert states[1] == ("in memory", True, True)
    assert found["ollama_gemma3_4b"]["state"] == "on disk"
    assert (found["ollama_gemma3_4b"]["can_load"], found["ollama_gemma3_4b"]["can_unload"]) == (True, False)
    assert found["ollama_qwen25_32b"]["why_not"] == "not installed"
    assert told["memory_left_bytes"] > 0


async def test_a_dead_server_is_no_failure_of_the_table(tmp_path: Path) -> None:
    """The table says so, and what to do."""
    ran = await CommandLine(tmp_path, OLLAMA_BASE_URL="http://127.0.0.1:9").run("models")
    assert ran.status == 0
    assert "0 of 10 models can be used" in ran.out
    assert "start it with `ollama serve`" in ran.out


# --- loading and unloading --------------------------------------------------------------------------------------------


async def test_a_model_is_loaded_and_unloaded(line: CommandLine, ollama: FakeOllama) -> None:
    """By a part of its name; it stays loaded when the program has ended."""
    ran = await line.run("models", "load", "gemma3", "4b")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("gemma3:4b is in memory, after 1 s. Memory left for models on this machine: ")
    assert ollama.models[FOUR].loaded
    assert (await line.run("models", "load", FOUR)).out.startswith("gemma3:4b is in memory already.")
    ran = await line.run("models", "unload", "ollama_gemma3_4b")
    assert (ran.status, ran.out.split(".")[0]) == (0, "gemma3:4b is out of memory")
    assert not ollama.models[FOUR].loaded
    assert (await line.run("models", "unload", FOUR)).out.startswith("gemma3:4b is not in memory.")


@pytest.mark.parametrize("action", ["load", "unload"])
async def test_a_name_that_is_none_is_wrong_usage(line: CommandLine, action: str) -> None:
    """What comes near is named, and so are those that it may mean."""
    ran = await line.run("models", action, "gema3:4b")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("There is no model gema3:4b. Perhaps ollama_gemma3_4b")
    ran = await line.run("models", action, "ollama")
    assert ran.status == 2
    assert "ollama may mean ollama_qwen25_7b or ollama_gemma3_4b: please write which." in ran.err
    assert (await line.run("models", action, " ")).status == 2


async def test_what_goes_wrong_is_one_sentence(line: CommandLine, ollama: FakeOllama) -> None:
    """On standard error, with status 1; nothing stands on standard output."""
    ollama.models[FOUR].load_error = "no such tensor"
    for name in (FOUR, "ollama_qwen25_32b"):
        ran = await line.run("models", "load", name)
        assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
        assert "Traceback" not in ran.err


async def test_a_load_can_be_interrupted(line: CommandLine, ollama: FakeOllama) -> None:
    """Who watches sees how it goes on; Ctrl-C ends it in good order, and the server is told."""
    ollama.models[FOUR].load_seconds = 60.0
    async with line.at_a_terminal("models", "load", FOUR) as terminal:
        await terminal.until("Loading gemma3:4b, about ")
        request = await ollama.until_asked("/api/chat")
        assert await terminal.interrupt() == 130
    await ollama.until_disconnected(request)
    assert "Traceback" not in terminal.shown


async def test_the_chat_in_the_terminal_loads_and_unloads_too(line: CommandLine, ollama: FakeOllama) -> None:
    """With the words of Telegram, and a sentence for what makes no sense."""
    commands = ("load gemma3", "load gemma3", "UNLOAD gemma3", "unload zzz", "load ollama_qwen25_32b", "dance gemma3")
    ran = await line.run("chat", given="".join(f"/models {command}\n" for command in commands))
    assert (ran.status, ran.err) == (0, "")
    loaded, again, unloaded, unknown, absent, senseless = ran.out.splitlines()
    assert loaded.startswith("gemma3:4b is in memory, after ")
    assert (again, unloaded) == ("gemma3:4b is in memory already.", "gemma3:4b is out of memory.")
    assert unknown == "There is no model zzz."
    assert absent == "Qwen2.5 32B cannot be loaded: not installed."
    assert senseless.startswith("`/models load NAME`")
    assert not ollama.models[FOUR].loaded


# --- MLX --------------------------------------------------------------------------------------------------------------


async def test_an_mlx_model_is_left_to_the_bot(tmp_path: Path) -> None:
    """Loaded here it would be gone with this process, so nothing is loaded, and that is said."""
    folder = make_model(tmp_path / "Tiny-Qwen", layers=1)
    line = CommandLine(tmp_path, MLX_MODEL_PATHS=folder)
    ran = await line.run("models", "load", "tiny")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("Tiny Qwen is on this machine's disk already. The bot loads it by itself when it is ask")
    ran = await line.run("models", "unload", "tiny")
    assert (ran.status, ran.out) == (1, "")
    assert "`/models unload` in Telegram takes it out" in ran.err
    assert "MLX models are in the memory of the bot's own process" in (await line.run("models")).out


async def test_an_mlx_model_is_downloaded(tmp_path: Path) -> None:
    """From the hub, by a part of its name."""
    made = make_model(tmp_path / "made", layers=1)
    files = {file.name: file.read_bytes() for file in made.iterdir()}
    with FakeHub(HUB_NAME, files) as hub:
        cache = tmp_path / "cache"
        line = CommandLine(tmp_path, MLX_MODEL_PATHS=HUB_NAME, HF_ENDPOINT=hub.url, HF_HUB_CACHE=cache)
        ran = await line.run("models", "load", "tiny-1b")
        assert (ran.status, ran.err) == (0, "")
        assert ran.out.startswith("Tiny 1B.v2 is downloaded. The bot loads it by itself when it is asked something")
    assert read_model_folder(HUB_NAME, cache).downloaded


async def test_what_is_downloaded_is_not_loaded_here() -> None:
    """The load would be for nothing, as this process is about to end."""
    mlx = Endpoint("mlx")
    backend = FakeBackend(mlx, can_load=True)
    steps = LoadProgress(LoadStage.DOWNLOADING, 3, 4), LoadProgress(LoadStage.LOADING), HANG
    backend.load_scripts["tiny"] = [steps]
    (model,) = some_models("tiny", backend="mlx")
    shown: list[str] = []
    async with an_engine([backend], [model], offered=False) as engine:
        engine.registry.apply_offers(mlx, [an_offer("tiny", mlx, downloaded=False)])
        async with asyncio.timeout(5):
            said = await fetched(engine, model, shown.append)
    assert said.startswith("Tiny is downloaded. ")
    assert shown == ["Downloading Tiny, 0 MB of 0 MB…"]
