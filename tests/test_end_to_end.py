"""The real bot, as a process, between a Telegram and model servers that behave as badly as the real ones can."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from tests import tiny_models
from tests.bot_process import OWNER_ID, BotProcess
from tests.fake_lmstudio import FakeLMStudio
from tests.fake_model_server import FakeModel, Script
from tests.fake_ollama import FakeOllama
from tests.telegram_server import TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from tests.telegram_world import Person

pytest_plugins = ("tests.engines",)

SMALL, GOOD = "qwen2.5:7b-instruct-q4_K_M", "qwen2.5:14b-instruct-q4_K_M"
QUESTION = "What is Python?"


@pytest.fixture
async def telegram() -> AsyncGenerator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
def owner(telegram: TelegramServer) -> Person:
    return telegram.user(OWNER_ID, "Ada")


def says(*pieces: str, **script: object) -> FakeModel:
    return FakeModel(Script(pieces=pieces, **script))  # type: ignore[arg-type]  # fields by name


@asynccontextmanager
async def talking(
    telegram: TelegramServer,
    folder: Path,
    ollama: dict[str, FakeModel],
    lmstudio: dict[str, FakeModel] | None = None,
    **settings: object,
) -> AsyncGenerator[tuple[BotProcess, FakeOllama, FakeLMStudio | None]]:
    """The bot with one Ollama and, if it has models, one LM Studio."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(FakeOllama(ollama))
        second = await stack.enter_async_context(FakeLMStudio(lmstudio)) if lmstudio else None
        where = {"OLLAMA_BASE_URL": first.root, "LMSTUDIO_BASE_URL": second.url if second else ""}
        bot = await stack.enter_async_context(BotProcess(telegram, folder, **{**where, **settings}))
        yield bot, first, second


async def text_of_answer(owner: Person, question: str, timeout_seconds: float = 20) -> str:
    return "\n".join(message.text for message in await owner.ask(question, timeout_seconds=timeout_seconds))


async def test_a_message_is_answered_with_a_receipt(telegram, owner, tmp_path):
    """A question comes back answered by the model that suits it, and says which one that was."""
    async with talking(telegram, tmp_path, {SMALL: says("A language", " for *people*.")}):
        answer = await text_of_answer(owner, QUESTION)
    assert answer.startswith("A language for people.")
    assert "Qwen2.5 7B · question · " in answer


async def test_a_cold_load_is_shown_and_waited_for(telegram, owner, tmp_path):
    """While the model loads the person sees it; then the answer takes that message's place."""
    model = says("Here I am.", load_seconds=3.0)
    model.loaded = False
    async with talking(telegram, tmp_path, {SMALL: model}):
        answers = await owner.ask(QUESTION, timeout_seconds=20)
    assert len(answers) == 1
    assert any("Loading" in text for text in answers[0].texts)
    assert answers[0].text.startswith("Here I am.")


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ({"stall_after": 0}, "timed out"),
        ({"error_after": 0}, ""),
        ({"garbage_after": 0}, ""),
        ({"status": 500}, ""),
        ({"cut_after": 0}, ""),
    ],
)
async def test_a_failure_before_the_first_token_falls_back(telegram, owner, tmp_path, trouble, reason):
    """The next model answers in its place, and the receipt names the one that failed."""
    models = {SMALL: says("never", **trouble), GOOD: says("The second answers.")}
    async with talking(telegram, tmp_path, models, FIRST_TOKEN_TIMEOUT_SECONDS=1):
        answer = await text_of_answer(owner, QUESTION)
    assert answer.startswith("The second answers.")
    assert f"⚠ after Qwen2.5 7B failed: {reason}" in answer


@pytest.mark.parametrize("trouble", [{"cut_after": 30}, {"error_after": 30}, {"stall_after": 30}, {"end_after": 30}])
async def test_a_failure_in_mid_answer_starts_anew(telegram, owner, tmp_path, trouble):
    """What was shown of the broken answer is void: the message ends as the second model's answer alone."""
    broken = says(*["Lost words. "] * 60, token_seconds=0.05, **trouble)
    models = {SMALL: broken, GOOD: says("The second ", "answers whole.")}
    async with talking(telegram, tmp_path, models, STALL_TIMEOUT_SECONDS=1):
        answers = await owner.ask(QUESTION, timeout_seconds=30)
    assert any("Lost words" in text for message in answers for text in message.texts)
    final = "\n".join(message.text for message in answers)
    assert final.startswith("The second answers whole.")
    assert "Lost words" not in final
    assert "in mid-answer" in final


async def test_another_model_that_answers_in_its_name_is_noticed(telegram, owner, tmp_path):
    """A server that serves the wrong model is not believed."""
    local = {"qwen2.5-7b-instruct": says("I am somebody else.", answers_as="other-model")}
    async with talking(telegram, tmp_path, {GOOD: says("The right one.")}, local):
        answer = await text_of_answer(owner, QUESTION)
    assert answer.startswith("The right one.")
    assert "Qwen2.5 7B (LM Studio) failed" in answer


async def test_no_server_at_all_is_said_plainly(telegram, owner, tmp_path):
    """Without any model the bot says what to start, and still does sums."""
    async with BotProcess(telegram, tmp_path, OLLAMA_BASE_URL="http://127.0.0.1:9"):
        answer = await text_of_answer(owner, QUESTION)
        total = await text_of_answer(owner, "what is 12 * 12?")
    assert "ollama serve" in answer
    assert "144" in total


async def test_a_server_that_comes_up_later_is_used(telegram, owner, tmp_path):
    """A dead server is asked again in the background."""
    ollama = FakeOllama({SMALL: says("I am back.")})
    await ollama.start()
    address = ollama.root
    await ollama.stop()
    port = int(address.rpartition(":")[2])
    async with BotProcess(telegram, tmp_path, OLLAMA_BASE_URL=address, REFRESH_SECONDS=1):
        assert "cannot be reached" in await text_of_answer(owner, QUESTION)
        async with FakeOllama({SMALL: says("I am back.")}, port=port) as back:
            await back.until_asked("/api/tags")
            await asyncio.sleep(0.5)
            assert (await text_of_answer(owner, QUESTION)).startswith("I am back.")


async def test_flood_control_delays_the_answer_and_loses_nothing(telegram, owner, tmp_path):
    """Previews are given up; the finished answer waits the ban out and arrives whole."""
    words = [f"word{number} " for number in range(120)]
    async with talking(telegram, tmp_path, {SMALL: says(*words, token_seconds=0.02)}):
        telegram.faults.flood(4, 2, chat_id=OWNER_ID)
        answer = await text_of_answer(owner, QUESTION, timeout_seconds=40)
    assert all(word.strip() in answer for word in words)


async def test_a_long_answer_comes_in_parts_with_every_word(telegram, owner, tmp_path):
    """Nothing is cut: a long reply with code and a table becomes several valid messages."""
    body = "\n\n".join(
        f"## Part {n}\n\nSome **bold** words_{n} and `code_{n}`.\n\n```python\nx = {n}\n```" for n in range(200)
    )
    async with talking(telegram, tmp_path, {SMALL: says(body)}):
        await owner.say(QUESTION)
        answers = await owner.chat.reply(60, quiet_seconds=6)  # messages beyond a small burst go out one a second
    joined = "\n".join(message.text for message in answers)
    assert len(answers) >= 3
    assert all(f"words_{n}" in joined and f"code_{n}" in joined and f"x = {n}" in joined for n in range(200))
    refused = [call for call in telegram.calls if call.status == 400]
    assert refused == []


async def test_the_conversation_outlives_a_restart(telegram, owner, tmp_path):
    """After a restart the model is told what was said before."""
    async with FakeOllama({SMALL: says("Guido made it.")}) as ollama:
        async with BotProcess(telegram, tmp_path, OLLAMA_BASE_URL=ollama.root):
            await owner.ask("Who made Python?")
        async with BotProcess(telegram, tmp_path, OLLAMA_BASE_URL=ollama.root):
            await owner.ask("And when was that?")
        told = [message["content"] for message in ollama.asked("/api/chat")[-1].body["messages"]]
    assert told[-3:] == ["Who made Python?", "Guido made it.", "And when was that?"]


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_soon_in_mid_answer(telegram, owner, tmp_path, signal_number):
    """A signal ends it within five seconds, and the model is stopped too."""
    endless = says(*["more "] * 5000, token_seconds=0.05)
    async with talking(telegram, tmp_path, {SMALL: endless}) as (bot, ollama, _):
        await owner.say(QUESTION)
        request = await ollama.until_asked("/api/chat")
        await telegram.wait_for(lambda: any("more" in text for text in owner.chat.texts))
        began = time.monotonic()
        code = await bot.end(signal_number=signal_number)
        assert time.monotonic() - began < 5
        assert code == 0
        await ollama.until_disconnected(request)


async def test_fifty_chats_are_answered_side_by_side(telegram, tmp_path):
    """Nobody waits for anybody else's slow answer."""
    telegram.faults.limits = None
    people = [telegram.user(OWNER_ID + number) for number in range(50)]
    allowed = ",".join(str(person.user_id) for person in people)
    model = says("It is ", "done.", token_seconds=1.0)
    async with talking(telegram, tmp_path, {SMALL: model}, ALLOWED_USER_IDS=allowed):
        began = time.monotonic()
        for person in people:
            await person.say(QUESTION)
        await asyncio.gather(*(person.chat.reply(60) for person in people))
        assert time.monotonic() - began < 40  # one after the other would take 100 s
    assert all(any(text.startswith("It is done.") for text in person.chat.texts) for person in people)


async def test_claiming_the_bot_with_the_code_of_the_terminal(telegram, tmp_path):
    """With no admin set, whoever sends the terminal's code becomes the admin; others stay out."""
    stranger, owner = telegram.user(7, "Eve"), telegram.user(OWNER_ID, "Ada")
    async with FakeOllama({SMALL: says("Welcome.")}) as ollama:
        async with BotProcess(telegram, tmp_path, OLLAMA_BASE_URL=ollama.root, ADMIN_USER_IDS="") as bot:
            await telegram.wait_for(lambda: "t.me/switchboard_bot?start=" in bot.output or None)
            code = bot.output.partition("t.me/switchboard_bot?start=")[2].split()[0]
            refusal = await stranger.ask("/start wrong-code")
            assert refusal[0].text == "That is not the code in the terminal. Look there for the newest one."
            await owner.ask(f"/start {code}")
            assert (await text_of_answer(owner, QUESTION)).startswith("Welcome.")
            assert ollama.asked("/api/chat")[-1].body["messages"][-1]["content"] == QUESTION
        async with BotProcess(telegram, tmp_path, OLLAMA_BASE_URL=ollama.root, ADMIN_USER_IDS="") as bot:
            assert (await text_of_answer(owner, QUESTION)).startswith("Welcome.")
            assert "start=" not in bot.output.rpartition(code)[2]


@pytest.mark.parametrize("engine", ["mlx_server", "llama_cpp_server"])
async def test_a_real_engine_answers(telegram, owner, tmp_path, request, engine):
    """mlx-lm's own server and llama.cpp's, named in models.toml, answer as any backend does."""
    url = request.getfixturevalue(engine)
    (tmp_path / "models.toml").write_text(f'[servers.tiny]\nurl = "{url}"\n')
    async with BotProcess(telegram, tmp_path, MAX_TOKENS=24) as bot:
        answer = await text_of_answer(owner, QUESTION, timeout_seconds=60)
    assert answer.startswith(tiny_models.ANSWER), bot.output


async def test_a_wrong_token_ends_with_a_sentence(telegram, tmp_path):
    """Telegram's refusal becomes words that say what to do, without the token in them."""
    bot = BotProcess(telegram, tmp_path, TELEGRAM_BOT_TOKEN="999:WRONG-TOKEN")
    with pytest.raises(AssertionError, match="token"):
        await bot.start()
    assert bot.process.returncode == 1
    assert "WRONG-TOKEN" not in bot.output
    assert "Traceback" not in bot.output


async def test_no_network_at_the_start_is_waited_out(tmp_path):
    """A bot that starts before the network is there talks as soon as it is."""
    async with TelegramServer() as first:
        port = first.port
    later = TelegramServer(port=port)
    bot = BotProcess(later, tmp_path)
    starting = asyncio.create_task(bot.start(poll_timeout_seconds=60))
    await asyncio.sleep(3)
    async with later:
        await starting
        try:
            owner = later.user(OWNER_ID)
            assert "4" in await text_of_answer(owner, "what is 2 + 2?")
        finally:
            await bot.end()
