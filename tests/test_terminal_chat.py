"""The terminal chat: typed, piped, interrupted, and safe from what a model says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.command_line import CommandLine
from tests.fake_model_server import FakeModel, Script
from tests.fake_ollama import FakeOllama

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

QWEN = "qwen2.5:7b-instruct-q4_K_M"
CODER = "deepseek-coder:6.7b-instruct-q4_K_M"


@pytest.fixture
async def ollama() -> AsyncIterator[FakeOllama]:
    async with FakeOllama({QWEN: FakeModel()}) as server:
        yield server


@pytest.fixture
def line(tmp_path: Path, ollama: FakeOllama) -> CommandLine:
    return CommandLine(tmp_path, OLLAMA_BASE_URL=ollama.root)


async def test_each_piped_line_is_a_message(line: CommandLine, ollama: FakeOllama) -> None:
    """Answers and receipts come in order, the second question knows the first, and the end of input is no failure."""
    ollama.play(QWEN, Script(pieces=("Because ", "of Rayleigh.")), Script(pieces=("And less at night.",)))
    ran = await line.run("chat", given="What is the sky?\n\nAnd at night?\n")
    assert (ran.status, ran.err) == (0, "")
    first, receipt, second, _ = ran.out.splitlines()
    assert (first, second) == ("Because of Rayleigh.", "And less at night.")
    assert receipt.startswith("Qwen2.5 7B · question · ")
    said = [message["content"] for message in ollama.asked("/api/chat")[1].body["messages"]]
    assert said[1:] == ["What is the sky?", "Because of Rayleigh.", "And at night?"]


async def test_the_conversation_is_kept_over_restarts(line: CommandLine, ollama: FakeOllama) -> None:
    """What was said yesterday is known today, until /new."""
    await line.run("chat", given="My name is Ada.\n")
    await line.run("chat", given="Tell me my name.\n/new\nTell me my name.\n")
    lengths = [len(request.body["messages"]) for request in ollama.asked("/api/chat")]
    assert lengths == [2, 4, 2]


async def test_no_escape_code_of_a_model_reaches_the_terminal(line: CommandLine, ollama: FakeOllama) -> None:
    """A hostile model can neither set the title nor move the cursor, be it at a terminal or in a pipe."""
    evil = ("\x1b]0;owned\x07", "\x1b[2", "J\x9b31m", "[red]plain[/red] &#27;[1m\x08\x00", " ok")
    ollama.play(QWEN, Script(pieces=evil))
    piped = await line.run("chat", given="Tell me about love.\n")
    assert piped.out.startswith("]0;owned[2J31m[red]plain[/red] &#27;[1m")
    async with line.at_a_terminal("chat") as terminal:
        await terminal.until("> ")
        terminal.type("Tell me about love.\n")
        await terminal.until("Qwen2.5 7B · ")
    for forbidden in ("\x1b]", "\x1b[2J", "\x9b", "\x07", "\x1b[1m\x08", "\x00"):
        assert forbidden not in piped.out + terminal.raw
    assert "[red]plain[/red]" in terminal.shown


async def test_markdown_is_rendered_at_a_terminal(line: CommandLine, ollama: FakeOllama) -> None:
    """Somebody who looks sees a heading and code, not their Markdown; a pipe gets it as it is."""
    answer = "# Sorting\n\nUse **sorted**:\n\n```python\nsorted([2, 1])\n```\n"
    ollama.play(QWEN, Script(pieces=(answer,)))
    async with line.at_a_terminal("chat") as terminal:
        await terminal.until("> ")
        terminal.type("How do I sort?\n")
        await terminal.until("tok/s")
        await terminal.until("> ")
        terminal.type("/quit\n")
        assert await terminal.end() == 0
    assert "sorted([2, 1])" in terminal.shown
    assert "**" not in terminal.shown
    assert "```" not in terminal.shown
    assert answer in (await line.run("chat", given="How do I sort?\n")).out


async def test_ctrl_c_stops_an_answer_and_not_the_chat(line: CommandLine, ollama: FakeOllama) -> None:
    """What was said so far stays and is remembered, the model is stopped, the next question is answered."""
    ollama.play(
        QWEN, Script(pieces=("Once upon a time ", "there ", "was."), stall_after=1), Script(pieces=("Gladly.",))
    )
    async with line.at_a_terminal("chat") as terminal:
        await terminal.until("> ")
        terminal.type("Tell me a story.\n")
        await terminal.until("Once upon a time")
        terminal.type("\x03")
        await terminal.until("⏹ stopped · Qwen2.5 7B")
        await ollama.until_disconnected(ollama.asked("/api/chat")[0])
        await terminal.until("> ")
        terminal.type("Go on.\n")
        await terminal.until("Gladly.")
        said = [message["content"] for message in ollama.asked("/api/chat")[1].body["messages"]]
        assert said[1:] == ["Tell me a story.", "Once upon a time ", "Go on."]
        await terminal.until("> ")
        assert await terminal.interrupt() == 130
    assert "Traceback" not in terminal.shown


async def test_ctrl_d_leaves(line: CommandLine) -> None:
    """The end of input at the prompt is the end of the chat."""
    async with line.at_a_terminal("chat") as terminal:
        await terminal.until("> ")
        terminal.type("\x04")
        assert await terminal.end() == 0


async def test_lines_pasted_together_are_one_message(line: CommandLine, ollama: FakeOllama) -> None:
    """A pasted piece of code is one question, not one for each of its lines."""
    async with line.at_a_terminal("chat") as terminal:
        await terminal.until("> ")
        terminal.type("What does this do?\nfor x in y:\n    print(x)\n")
        await terminal.until("Qwen2.5 7B · ")
    assert ollama.asked("/api/chat")[0].body["messages"][-1]["content"] == (
        "What does this do?\nfor x in y:\n    print(x)"
    )


async def test_commands_typed_at_once_are_obeyed_one_by_one(line: CommandLine, ollama: FakeOllama) -> None:
    """What was typed while an answer was written is no single command with a strange name."""
    async with line.at_a_terminal("chat") as terminal:
        await terminal.until("> ")
        terminal.type("/new\n/usage\nTell me about love.\nAll of it.\n")
        await terminal.until("A new conversation")
        await terminal.until("Qwen2.5 7B · ")
    assert "There is no command" not in terminal.shown
    assert ollama.asked("/api/chat")[0].body["messages"][-1]["content"] == "Tell me about love.\nAll of it."


async def test_a_path_is_no_command(line: CommandLine, ollama: FakeOllama) -> None:
    """A message may begin with a slash that belongs to a path or to a comment."""
    await line.run("chat", given="/etc/hosts is empty, why?\n// what is this?\n")
    asked = [request.body["messages"][-1]["content"] for request in ollama.asked("/api/chat")]
    assert asked == ["/etc/hosts is empty, why?", "// what is this?"]


async def test_a_fallback_in_mid_answer_is_said(tmp_path: Path) -> None:
    """What a failed model had said no longer counts, and the reader is told so."""
    models = {QWEN: FakeModel(), CODER: FakeModel()}
    async with FakeOllama(models) as ollama:
        ollama.play(CODER, Script(pieces=("def half", "of it"), cut_after=1))
        ollama.play(QWEN, Script(pieces=("def whole",)))
        line = CommandLine(tmp_path, OLLAMA_BASE_URL=ollama.root)
        ran = await line.run("chat", given="Write a function to calculate fibonacci numbers\n")
    lines = ran.out.splitlines()
    assert lines[0] == "def half"
    assert lines[1] == "⚠ DeepSeek Coder 6.7B: broke off. Qwen2.5 7B begins anew:"
    assert lines[2] == "def whole"
    assert "⚠ after DeepSeek Coder 6.7B failed: broke off in mid-answer" in ran.out


async def test_half_an_answer_stays_when_no_model_can_give_the_rest(line: CommandLine, ollama: FakeOllama) -> None:
    """It is on the screen and in the conversation, and under it stands what happened."""
    ollama.play(QWEN, Script(pieces=("Once upon ", "a time."), cut_after=1), Script(pieces=("And then.",)))
    ran = await line.run("chat", given="Tell me about love.\nGo on.\n")
    lines = ran.out.splitlines()
    assert lines[:2] == ["Once upon ", "⚠ Qwen2.5 7B: broke off."]
    assert lines[2].startswith("No model could answer: Qwen2.5 7B (broke off).")
    said = [message["content"] for message in ollama.asked("/api/chat")[-1].body["messages"]]
    assert said[1:] == ["Tell me about love.", "Once upon ", "Go on."]


async def test_commands_do_what_they_say(line: CommandLine, ollama: FakeOllama) -> None:
    """Every command answers, choices hold, and an unknown one is said to be unknown."""
    ollama.play(QWEN, Script(pieces=("First.",)), Script(pieces=("Second.",)))
    commands = (
        "Tell me about love.", "/why", "/retry", "/usage", "/stats 7d", "/stats soon", "/models", "/model",
        "/model ollama_qwen25_7b", "/model nobody", "/model auto", "/strategy", "/strategy latency_first",
        "/strategy nonsense", "/stop", "/help", "/what", "/new", "/retry", "/quit", "never asked",
    )  # fmt: skip
    ran = await line.run("chat", given="\n".join(commands))
    assert (ran.status, ran.err) == (0, "")
    for part in (
        "Qwen2.5 7B goes first by the strategy auto",
        "Second.",
        "You, in the last 30 days",
        "The last 7 days",
        "The period is 24h or 7d or 30d.",
        "1 of 10 models can be used",
        "`auto` the best for each message (chosen)",
        "Qwen2.5 7B answers from now on.",
        "There is no model nobody.",
        "The best model is chosen for each message.",
        "`auto` (now)",
        "Models are chosen by speed from now on.",
        "There is no strategy nonsense",
        "Nothing is being written.",
        "There is no command /what.",
        "`/quit` leaves",
        "A new conversation",
        "There is nothing to answer again yet.",
    ):
        assert part in ran.out, part
    assert len(ollama.asked("/api/chat")) == 2


async def test_a_retry_that_fails_takes_nothing_away(line: CommandLine, ollama: FakeOllama) -> None:
    """The answer that was to be replaced is kept when there is no other."""
    ollama.play(QWEN, Script(pieces=("The first.",)), Script(status=500), Script(pieces=("The third.",)))
    await line.run("chat", given="Tell me about love.\n/retry\nAnd hate?\n")
    last = ollama.asked("/api/chat")[-1].body["messages"]
    assert [message["content"] for message in last[1:]] == ["Tell me about love.", "The first.", "And hate?"]


async def test_with_no_server_it_says_what_to_do(tmp_path: Path) -> None:
    """It does sums, says why it cannot do more, and pretends nothing."""
    line = CommandLine(tmp_path, OLLAMA_BASE_URL="http://127.0.0.1:9")
    ran = await line.run("chat", given="2 + 2\nWho was Ada Lovelace?\n")
    assert ran.status == 0
    assert "= 4" in ran.out
    assert "start it with `ollama serve`" in ran.out


async def test_nothing_configured_starts_the_chat(tmp_path: Path) -> None:
    """Without a command and without a token one talks at once, and is told how to connect Telegram."""
    async with CommandLine(tmp_path).at_a_terminal() as terminal:
        await terminal.until("TELEGRAM_BOT_TOKEN=")
        await terminal.until("> ")
        terminal.type("7 * 6\n")
        await terminal.until("42")
        await terminal.until("> ")
        terminal.type("\x04")
        assert await terminal.end() == 0


async def test_models_are_known_from_the_first_command_on(line: CommandLine) -> None:
    """A command that comes before the servers have answered waits for them."""
    assert "1 of 10 models can be used" in (await line.run("chat", given="/models\n")).out


async def test_a_service_without_a_token_says_so(tmp_path: Path) -> None:
    """Where nobody types, the chat ends at once; why is said on standard error."""
    ran = await CommandLine(tmp_path).run("run")
    assert (ran.status, ran.out) == (0, "")
    assert "TELEGRAM_BOT_TOKEN=" in ran.err


async def test_odd_input_is_survived(line: CommandLine) -> None:
    """Control characters, half characters and a message of 100,000 characters are messages like others."""
    given = b"\x00\x07 tell me about love\n" + b"\xff\xfe\n" + b"x" * 100_000 + b"\n"
    ran = await line.run("chat", given=given)
    assert (ran.status, ran.err) == (0, "")
