"""`ask`: the answer to standard output, the receipt to standard error, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.command_line import CommandLine
from tests.fake_model_server import FakeModel, Script
from tests.fake_ollama import FakeOllama

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

QWEN = "qwen2.5:7b-instruct-q4_K_M"


@pytest.fixture
async def ollama() -> AsyncIterator[FakeOllama]:
    async with FakeOllama({QWEN: FakeModel(Script(pieces=("It is ", "love.")))}) as server:
        yield server


@pytest.fixture
def line(tmp_path: Path, ollama: FakeOllama) -> CommandLine:
    return CommandLine(tmp_path, OLLAMA_BASE_URL=ollama.root)


async def test_the_answer_alone_is_on_standard_output(line: CommandLine) -> None:
    """Another program can take the answer as it is."""
    ran = await line.run("ask", "What is love?")
    assert (ran.status, ran.out) == (0, "It is love.\n")
    assert ran.err.startswith("Qwen2.5 7B · question · ")


async def test_a_dash_reads_the_question_from_standard_input(line: CommandLine, ollama: FakeOllama) -> None:
    """A question of many lines, or one of 100,000 characters, comes through a pipe."""
    question = "Tell me about love.\nAnd about hate.\n"
    assert (await line.run("ask", "-", given=question)).out == "It is love.\n"
    assert ollama.asked("/api/chat")[0].body["messages"][-1]["content"] == question


async def test_a_question_needs_no_quotes(line: CommandLine, ollama: FakeOllama) -> None:
    """Several words are one question, and bytes that are no text do not spoil it."""
    assert (await line.run("ask", "Tell", "me", "of", "caf\udce9s.")).out == "It is love.\n"
    assert ollama.asked("/api/chat")[0].body["messages"][-1]["content"] == "Tell me of caf\ufffds."


async def test_an_empty_standard_input_is_no_question(line: CommandLine, ollama: FakeOllama) -> None:
    """No model is asked nothing."""
    ran = await line.run("ask", "-", given=" \n")
    assert (ran.status, ran.out, ran.err) == (1, "", "There is no question on standard input.\n")
    assert ollama.asked("/api/chat") == []


async def test_each_question_stands_alone(line: CommandLine, ollama: FakeOllama) -> None:
    """What was asked before, here or in the chat, is no part of a question."""
    await line.run("chat", given="My name is Ada.\n")
    await line.run("ask", "Tell me my name.")
    await line.run("ask", "Tell me my name.")
    assert [len(request.body["messages"]) for request in ollama.asked("/api/chat")] == [2, 2, 2]


async def test_json_tells_everything(line: CommandLine) -> None:
    """Answer, model, decision, attempts, seconds and tokens, as one JSON object and nothing else."""
    ran = await line.run("ask", "What is love?", "--json")
    told = json.loads(ran.out)
    assert (ran.status, ran.err) == (0, "")
    assert (told["success"], told["response"], told["model"]) == (True, "It is love.", "ollama_qwen25_7b")
    assert told["tokens"] == {"prompt": 26, "cached": None, "response": 2}
    assert (told["tokens_per_second"], told["peak_memory_bytes"]) == (20.0, None)
    assert told["seconds"] > 0
    assert told["decision"]["candidates"][0]["model"] == "ollama_qwen25_7b"
    assert [attempt["outcome"] for attempt in told["attempts"]] == ["answered"]


async def test_sums_need_no_model(tmp_path: Path) -> None:
    """What can be answered exactly is a success without any server."""
    ran = await CommandLine(tmp_path).run("ask", "what is 15% of 80")
    assert (ran.status, ran.out) == (0, "15% of 80 = 12\n")


async def test_no_model_is_a_failure_that_says_what_to_do(tmp_path: Path) -> None:
    """Without an answer, standard output is empty and standard error has the sentence."""
    line = CommandLine(tmp_path, OLLAMA_BASE_URL="http://127.0.0.1:9")
    ran = await line.run("ask", "Who was Ada Lovelace?")
    assert (ran.status, ran.out) == (1, "")
    assert "start it with `ollama serve`" in ran.err
    assert len(ran.err.splitlines()) == 1
    told = await line.run("ask", "Who was Ada Lovelace?", "--json")
    assert told.status == 1
    assert json.loads(told.out)["success"] is False
    assert json.loads(told.out)["response"] == ""


async def test_every_model_failed_is_a_failure_too(line: CommandLine, ollama: FakeOllama) -> None:
    """The sentence names who was tried and how it ended."""
    ollama.play(QWEN, Script(status=500))
    ran = await line.run("ask", "What is love?")
    assert (ran.status, ran.out) == (1, "")
    assert "Qwen2.5 7B (server error)" in ran.err


async def test_at_a_terminal_the_answer_is_rendered(line: CommandLine, ollama: FakeOllama) -> None:
    """Somebody who looks sees bold words, not asterisks, and the receipt under them."""
    ollama.play(QWEN, Script(pieces=("It is **love**.",)))
    async with line.at_a_terminal("ask", "What is love?") as terminal:
        await terminal.until("Qwen2.5 7B · ")
        assert await terminal.end() == 0
    assert "It is love." in terminal.shown


async def test_ctrl_c_stops_the_model(line: CommandLine, ollama: FakeOllama) -> None:
    """The exit status is that of an interrupted program, and the model is not left generating."""
    ollama.play(QWEN, Script(stall_after=1))
    async with line.at_a_terminal("ask", "What is love?") as terminal:
        await terminal.until("Hello")
        terminal.type("\x03")
        assert await terminal.end() == 130
    await ollama.until_disconnected(ollama.asked("/api/chat")[0])
    assert "Traceback" not in terminal.shown
