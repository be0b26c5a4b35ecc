"""The set-up dialogue: token, servers, models; from a pipe, at a terminal, and a second time."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from settings import Settings
from tests.command_line import CommandLine
from tests.fake_model_server import FakeModel, Script
from tests.fake_ollama import FakeOllama
from tests.telegram_server import TOKEN, TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SMALL = "smallthinker:270m-preview-q4_K_M"
WRONG = "98765:AAwrong-token-nobody-should-read"


@pytest.fixture
async def ollama() -> AsyncIterator[FakeOllama]:
    async with FakeOllama({"gemma3:4b": FakeModel()}) as server:
        yield server


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
def line(tmp_path: Path, ollama: FakeOllama, telegram: TelegramServer) -> CommandLine:
    return CommandLine(tmp_path, OLLAMA_BASE_URL=ollama.root, TELEGRAM_API_URL=telegram.url)


async def test_a_token_and_a_model_from_a_pipe(line: CommandLine, ollama: FakeOllama) -> None:
    """A good token is written down, other lines of .env stay, the chosen model is fetched."""
    dotenv = line.home / ".env"
    dotenv.write_text("# mine\nLOG_LEVEL=warning\n")
    ran = await line.run("setup", given=f"{TOKEN}\n1\n")
    assert (ran.status, ran.err) == (0, "")
    assert dotenv.read_text() == f"# mine\nLOG_LEVEL=warning\nTELEGRAM_BOT_TOKEN={TOKEN}\n"
    assert stat.S_IMODE(dotenv.stat().st_mode) == 0o600
    assert "this is the token of @switchboard_bot" in ran.out
    assert f"Found Ollama at {ollama.root}." in ran.out
    assert [request.body["model"] for request in ollama.asked("/api/pull")] == [SMALL]
    assert TOKEN not in ran.out


async def test_what_is_set_is_kept_with_enter(line: CommandLine, ollama: FakeOllama) -> None:
    """A second run shows what there is and changes nothing."""
    await line.run("setup", given=f"{TOKEN}\n1\n")
    before = (line.home / ".env").read_text()
    ran = await line.run("setup", given="\n\n")
    assert ran.status == 0
    assert "Enter: keep it" in ran.out
    assert "SmallThinker 270M (general, speed; 2 GB, is there already)" in ran.out.replace("function_calling, ", "")
    assert (line.home / ".env").read_text() == before
    assert len(ollama.asked("/api/pull")) == 1
    assert TOKEN not in ran.out


async def test_a_wrong_token_is_asked_for_again(line: CommandLine) -> None:
    """What Telegram does not know, or what is no token at all, is said and not written."""
    ran = await line.run("setup", given=f"nonsense\n{WRONG}\n\n\n")
    assert ran.status == 0
    assert "This is no token" in ran.out
    assert "Telegram does not know this token" in ran.out
    assert not (line.home / ".env").exists()
    assert "wrong-token" not in ran.out + ran.err


async def test_an_end_of_input_changes_nothing(line: CommandLine, ollama: FakeOllama) -> None:
    """Nobody there means Enter to every question: nothing is written, nothing is fetched."""
    ran = await line.run("setup")
    assert ran.status == 0
    assert not (line.home / ".env").exists()
    assert ollama.asked("/api/pull") == []


async def test_no_server_says_where_to_get_one(tmp_path: Path) -> None:
    """The next step is named, and that this is to be run again."""
    line = CommandLine(tmp_path, OLLAMA_BASE_URL="http://127.0.0.1:9")
    ran = await line.run("setup", given="\n")
    assert ran.status == 0
    assert "Ollama at http://127.0.0.1:9 cannot be reached: start it with `ollama serve`." in ran.out
    assert "https://ollama.com" in ran.out
    assert "Found" not in ran.out


async def test_servers_are_looked_for_where_the_settings_say(tmp_path: Path, ollama: FakeOllama) -> None:
    """An address in .env takes the place of the default one, and an empty one switches its kind off."""
    (tmp_path / ".env").write_text(f"OLLAMA_BASE_URL={ollama.root}\nLMSTUDIO_BASE_URL=\n")
    ran = await CommandLine(tmp_path).unset("OLLAMA_BASE_URL", "LMSTUDIO_BASE_URL").run("setup")
    assert [line for line in ran.out.splitlines() if "Found" in line] == [f"Found Ollama at {ollama.root}."]


async def test_numbers_that_are_none_are_asked_for_again(line: CommandLine, ollama: FakeOllama) -> None:
    """A typing error fetches nothing."""
    ran = await line.run("setup", given="\n0\nall\n1,1\n")
    assert ran.out.count("Numbers from 1 to ") == 2
    assert [request.body["model"] for request in ollama.asked("/api/pull")] == [SMALL]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (Script(error_after=2, error="write /models/blob: no space left on device"), "no space left on device"),
        (Script(error_after=1, error="pull model manifest: file does not exist"), "file does not exist"),
        (Script(end_after=2), "broke off before"),
        (Script(cut_after=2), "broke off"),
        (Script(status=500, error="oops"), "failed while it"),
    ],
    ids=["full disk", "no such model", "early end", "cut", "500"],
)
async def test_a_pull_that_fails_is_said(line: CommandLine, ollama: FakeOllama, script: Script, reason: str) -> None:
    """Ollama's own reason is the sentence, and the exit status says so too."""
    ollama.pulling = script
    ran = await line.run("setup", given="\n1\n")
    assert ran.status == 1
    assert reason in ran.err
    assert "Traceback" not in ran.err


async def test_ctrl_c_in_a_pull_keeps_the_settings(line: CommandLine, ollama: FakeOllama) -> None:
    """The bar is drawn, the pull is stopped, the token stays written, and the terminal is told how to go on."""
    ollama.pulling = Script(stall_after=3)
    async with line.at_a_terminal("setup") as terminal:
        await terminal.until("Token from @BotFather")
        terminal.type(f"{TOKEN}\n")
        await terminal.until("Which shall be fetched?")
        terminal.type("1\n")
        await terminal.until("0.5/1.0 kB")
        terminal.type("\x03")
        await ollama.until_disconnected(ollama.asked("/api/pull")[0])
        assert await terminal.end() == 130
    assert "Traceback" not in terminal.shown
    assert Settings.load({}, line.home / ".env").telegram_bot_token == TOKEN


async def test_a_folder_that_may_not_be_written_is_said(line: CommandLine) -> None:
    """The token is not lost without a word."""
    (line.home / ".env").symlink_to("/proc/switchboard.env" if line.home.joinpath("/proc").exists() else "/System/env")
    ran = await line.run("setup", given=f"{TOKEN}\n")
    assert ran.status == 1
    assert "cannot be written" in ran.err
