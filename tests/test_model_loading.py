"""Admins load and unload models, by buttons and by name, and see how that goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handlers.dispatch import FOR_ADMINS, OLD_BUTTON
from handlers.model_loading import LOADING_ALREADY
from tests.bot_in_process import GOOD, MEMBER_ID, QUESTION, SMALL, Running, endless, running, says
from tests.fake_model_server import FakeModel
from tests.telegram_server import TelegramServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fake_model_server import Recorded
    from tests.telegram_world import Message

FOURTEEN = "Qwen2.5 14B"
ODD = "hf.co/acme_co/_Tiny_-1B.v2-4bit:latest"


def models(**large: object) -> dict[str, FakeModel]:
    """One that answers, and one on disk that takes half a second to load."""
    facts = {"loaded": False, "load_seconds": 0.5, "size_bytes": 1_000_000_000, **large}
    return {SMALL: says("Hello."), GOOD: FakeModel(**facts)}  # type: ignore[arg-type]  # fields by name


def loads(bot: Running, name: str = GOOD) -> list[Recorded]:
    """The requests that had the server load a model."""
    asked = (request for request in bot.ollama.asked("/api/chat") if request.body["model"] == name)
    return [request for request in asked if not request.body["messages"] and request.body.get("keep_alive") != 0]


async def expect_shown(bot: Running, message: Message, *parts: str) -> None:
    """Wait until a message and its buttons hold all of this."""
    await bot.telegram.wait_for(lambda: all(part in f"{message.text} {message.buttons}" for part in parts))


async def opened(bot: Running) -> Message:
    """The screen of the models."""
    (screen,) = await bot.admin.ask("/models")
    return screen


async def begun(bot: Running, command: str) -> Message:
    """The message that a command's load grows in."""
    count = len(bot.admin.chat.sent)
    await bot.admin.say(command)
    await bot.telegram.wait_for(lambda: len(bot.admin.chat.sent) > count)
    return bot.admin.chat.sent[-1]


# --- by buttons -------------------------------------------------------------------------------------------------------


async def test_the_list_says_where_every_model_is(tmp_path: Path) -> None:
    """In memory or on disk, what it takes, what is left; with a button for what can be done about it."""
    async with running(tmp_path, models()) as bot:
        screen = await opened(bot)
        assert "Qwen2.5 7B  │ in memory │ 4.7 GB │" in screen.text
        assert "Qwen2.5 14B │ on disk   │ 2.2 GB │" in screen.text
        assert "idle, 4.7 GB in memory" in screen.text
        assert "Memory left for models on this machine: " in screen.text
        assert screen.buttons == ["Qwen2.5 7B", "Unload", FOURTEEN, "Load"]


async def test_a_load_is_shown_in_the_list(tmp_path: Path) -> None:
    """With a button that stops it while it goes on; then the model is in memory, and can be unloaded."""
    async with running(tmp_path, models(load_seconds=1.5)) as bot:
        screen = await opened(bot)
        await bot.admin.press(screen, "Load")
        await expect_shown(bot, screen, "⏹ Stop", "loading", "Loading Qwen2.5 14B, about ")
        assert bot.admin.notices[-1]["text"] == "Loading Qwen2.5 14B."
        await expect_shown(bot, screen, "Qwen2.5 14B is in memory, after 2 s.", "Qwen2.5 14B │ in memory")
        assert screen.buttons == ["Qwen2.5 7B", "Unload", FOURTEEN, "Unload"]
        assert len(loads(bot)) == 1


async def test_a_model_is_unloaded_by_its_button(tmp_path: Path) -> None:
    """The list says so, and offers to load it again."""
    async with running(tmp_path, models()) as bot:
        screen = await opened(bot)
        await bot.admin.press(screen, "Unload")
        await expect_shown(bot, screen, "Qwen2.5 7B is out of memory.", "Qwen2.5 7B  │ on disk")
        assert screen.buttons[:2] == ["Qwen2.5 7B", "Load"]
        assert not bot.ollama.models[SMALL].loaded


async def test_a_second_press_changes_nothing(tmp_path: Path) -> None:
    """The load that is under way goes on, and there is one of it."""
    async with running(tmp_path, models()) as bot:
        screen = await opened(bot)
        data = next(button["callback_data"] for row in screen.keyboard for button in row if button["text"] == "Load")
        await bot.admin.press_data(screen, data)
        await bot.admin.press_data(screen, data)
        await expect_shown(bot, screen, "Stop")
        await bot.admin.press_data(screen, data)
        await bot.telegram.wait_for(lambda: bot.admin.notices[-1]["text"] == LOADING_ALREADY.format(name=FOURTEEN))
        await expect_shown(bot, screen, "is in memory, after ")
        assert len(loads(bot)) == 1
        assert len(bot.admin.notices) == 3


async def test_two_admins_share_one_load(tmp_path: Path) -> None:
    """Each sees it in a message of their own."""
    async with running(tmp_path, models(load_seconds=1.0), ADMIN_USER_IDS=f"42,{MEMBER_ID}") as bot:
        screen = await opened(bot)
        await bot.admin.press(screen, "Load")
        await expect_shown(bot, screen, "Stop")
        (theirs,) = await bot.member.ask("/models load 14b")
        await expect_shown(bot, screen, "is in memory, after ")
        await expect_shown(bot, theirs, "is in memory, after ")
        assert len(loads(bot)) == 1


async def test_a_load_that_is_stopped_says_so(tmp_path: Path) -> None:
    """The server is told, and the button is old from then on."""
    async with running(tmp_path, models(load_seconds=60.0)) as bot:
        screen = await opened(bot)
        await bot.admin.press(screen, "Load")
        await expect_shown(bot, screen, "Stop")
        stop = screen.keyboard[-1][-1]["callback_data"]
        await bot.admin.press(screen, "Stop")
        await expect_shown(bot, screen, "Qwen2.5 14B is not loaded: somebody stopped it.", "14B │ on disk")
        await bot.ollama.until_disconnected(loads(bot)[0])
        await bot.admin.press_data(screen, stop)
        await bot.telegram.wait_for(lambda: bot.admin.notices[-1]["text"] == OLD_BUTTON)


async def test_members_load_and_stop_nothing(tmp_path: Path) -> None:
    """By no command, and by no button that they see in a group."""
    async with running(tmp_path, models(load_seconds=60.0)) as bot:
        for command in ("/models load 14b", "/models unload 7b"):
            (told,) = await bot.member.ask(command)
            assert told.text == FOR_ADMINS
        group = bot.telegram.group(-100)
        await bot.admin.say("/models", group)
        (screen,) = await group.reply()
        await bot.member.press(screen, "Unload")
        await bot.member.press(screen, "Load")
        await bot.telegram.wait_for(lambda: len(bot.member.notices) == 2)
        assert loads(bot) == []
        await bot.admin.press(screen, "Load")
        await expect_shown(bot, screen, "Stop")
        await bot.member.press(screen, "Stop")
        await bot.telegram.wait_for(lambda: len(bot.member.notices) == 3)
        assert {notice["text"] for notice in bot.member.notices} == {FOR_ADMINS}
        assert "Stop" in screen.buttons[-1]


# --- by name ----------------------------------------------------------------------------------------------------------


async def test_a_model_is_loaded_by_its_name(tmp_path: Path) -> None:
    """One message grows, with a Stop button, into the result."""
    async with running(tmp_path, models(load_seconds=1.0)) as bot:
        message = await begun(bot, "/models LOAD qwen2.5 14b")
        assert message.text.startswith("Loading Qwen2.5 14B")
        assert message.buttons == ["⏹ Stop"]
        await expect_shown(bot, message, "Qwen2.5 14B is in memory, after 1 s.")
        assert message.buttons == []
        (again,) = await bot.admin.ask("/models load 14b")
        assert again.text == "Qwen2.5 14B is in memory already."


async def test_a_load_keeps_no_answer_waiting(tmp_path: Path) -> None:
    """The chat goes on meanwhile."""
    async with running(tmp_path, models(load_seconds=60.0)) as bot:
        message = await begun(bot, "/models load 14b")
        await bot.admin.say(QUESTION)
        await bot.telegram.wait_for(lambda: "Hello." in bot.admin.chat.texts[-1])
        await bot.admin.press(message, "Stop")
        await expect_shown(bot, message, "somebody stopped it")


async def test_a_model_is_unloaded_by_its_name(tmp_path: Path) -> None:
    """Once: then it is not there any more."""
    async with running(tmp_path, models()) as bot:
        (told,) = await bot.admin.ask("/models unload qwen2.5 7b")
        assert told.text == "Qwen2.5 7B is out of memory."
        (told,) = await bot.admin.ask("/models unload qwen2.5 7b")
        assert told.text == "Qwen2.5 7B is not in memory."


async def test_a_model_that_answers_goes_when_it_has_ended(tmp_path: Path) -> None:
    """No answer is dropped for it."""
    async with running(tmp_path, {SMALL: endless()}) as bot:
        await bot.member.say(QUESTION)
        await bot.telegram.wait_for(lambda: bot.member.chat.sent and bot.member.chat.sent[0].growing)
        screen = await opened(bot)
        assert "│ in use │" in screen.text
        (told,) = await bot.admin.ask("/models unload 7b")
        assert told.text == "Qwen2.5 7B still answers, and leaves the memory when it has ended."
        await bot.member.say("/stop")
        await bot.telegram.wait_for(lambda: not bot.ollama.models[SMALL].loaded)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("load mistral", "There is no model mistral."),
        ("load qwen2.5", "qwen2.5 may mean ollama_qwen25_7b or ollama_qwen25_14b"),
        ("unload ollama_qwen25_7c", "There is no model ollama_qwen25_7c. Perhaps ollama_qwen25_7b"),
        ("load", "/models load NAME brings a model into memory"),
        ("dance 14b", "/models load NAME brings a model into memory"),
        ("load ollama_qwen25_32b", "Qwen2.5 32B cannot be loaded: not installed."),
    ],
)
async def test_what_cannot_be_loaded_is_said_in_a_sentence(tmp_path: Path, arguments: str, told: str) -> None:
    """With what may have been meant."""
    async with running(tmp_path, models()) as bot:
        (message,) = await bot.admin.ask(f"/models {arguments}")
        assert message.text.startswith(told)
        assert loads(bot) == []


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"load_error": "no such tensor"}, "Qwen2.5 14B"),
        ({"size_bytes": 9_000_000_000_000}, "Qwen2.5 14B does not fit into memory: it needs "),
    ],
)
async def test_a_load_that_fails_ends_in_a_sentence(tmp_path: Path, facts: dict[str, object], told: str) -> None:
    """By name and by button alike; the list stays as it was."""
    async with running(tmp_path, models(**facts)) as bot:
        message = await begun(bot, "/models load 14b")
        await expect_shown(bot, message, told)
        await bot.telegram.wait_for(lambda: not message.buttons)
        screen = await opened(bot)
        await bot.admin.press(screen, "Load")
        await expect_shown(bot, screen, message.text, "14B │ on disk")


async def test_odd_names_are_shown_as_they_are(tmp_path: Path) -> None:
    """Hub names are full of what Telegram's Markdown would take for markup."""
    async with running(tmp_path, {ODD: FakeModel(loaded=False, size_bytes=10_000_000)}) as bot:
        screen = await opened(bot)
        name = screen.buttons[0]
        assert "_Tiny_-1B.v2-4bit" in name
        message = await begun(bot, f"/models load {ODD}")
        await expect_shown(bot, message, f"{name} is in memory")
        await bot.admin.press(screen, "Load")
        await expect_shown(bot, screen, f"{name} is in memory already.")
        assert [call for call in bot.telegram.called("editMessageText") if call.status != 200] == []


# --- over a stop ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_button", [True, False])
async def test_a_load_goes_on_after_a_restart(tmp_path: Path, by_button: bool) -> None:  # noqa: FBT001  # a parameter
    """The stop takes no longer for it, the message says why it stands still, and goes on where it stood."""
    async with TelegramServer() as telegram:
        async with running(tmp_path, models(load_seconds=60.0), telegram=telegram) as bot:
            if by_button:
                message = await opened(bot)
                await bot.admin.press(message, "Load")
            else:
                message = await begun(bot, "/models load 14b")
            await expect_shown(bot, message, "Stop")
            await bot.ollama.until_asked("/api/chat")
        assert "I am being restarted" in message.text
        assert "⏹ Stop" not in message.buttons
        async with running(tmp_path, models(), telegram=telegram) as bot:
            await expect_shown(bot, message, "Qwen2.5 14B is in memory, after ")
            assert len(loads(bot)) == 1
        assert bot.admin.chat.sent == [message]
