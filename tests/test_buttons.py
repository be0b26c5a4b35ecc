"""Buttons do what they say, once they are pressed by somebody who may, and old or forged ones say that they are old."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handlers import BUTTONS
from handlers.dispatch import FOR_ADMINS, OLD_BUTTON
from handlers.model_list import MODELS_PER_PAGE, tag_of
from storage.conversations import ConversationKey
from tests.bot_in_process import ADMIN_ID, GOOD, QUESTION, SMALL, endless, running, says

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot_in_process import Running
    from tests.telegram_world import Message, Person

TWO_MODELS = {SMALL: says("The first."), GOOD: says("The second.")}
SEVEN, FOURTEEN = "ollama_qwen25_7b", "ollama_qwen25_14b"


async def notice(bot: Running, person: Person, message: Message, data: str) -> str:
    """Press, and wait for what pops up."""
    before = len(person.notices)
    await person.press_data(message, data)
    await bot.telegram.wait_for(lambda: len(person.notices) > before)
    return str(person.notices[-1]["text"])


async def test_a_model_picked_answers_in_this_chat_alone(tmp_path: Path) -> None:
    """The choice is marked, counts at once and over restarts, and nobody else has it."""
    async with running(tmp_path, TWO_MODELS) as bot:
        (screen,) = await bot.admin.ask("/model")
        await bot.admin.press(screen, "Qwen2.5 14B")
        await bot.telegram.wait_for(lambda: "✓ Qwen2.5 14B" in screen.buttons)
        assert screen.buttons[0] == "auto"
        assert bot.admin.notices[-1]["text"] == "Qwen2.5 14B answers from now on."
        (answer,) = await bot.admin.ask(QUESTION)
        assert answer.text.startswith("The second.")
        (other,) = await bot.member.ask(QUESTION)
        assert other.text.startswith("The first.")
    async with running(tmp_path, TWO_MODELS) as bot:
        (answer,) = await bot.admin.ask(QUESTION)
        assert answer.text.startswith("The second.")


async def test_auto_leaves_the_choice_to_the_router(tmp_path: Path) -> None:
    """It takes a choice back."""
    async with running(tmp_path, TWO_MODELS) as bot:
        await bot.services.preferences.choose_model(ConversationKey(ADMIN_ID), FOURTEEN)
        (screen,) = await bot.admin.ask("/model")
        await bot.admin.press(screen, "auto")
        await bot.telegram.wait_for(lambda: "✓ auto" in screen.buttons)
        assert await bot.services.preferences.model_choice(ConversationKey(ADMIN_ID)) is None


async def test_pressing_the_same_button_twice_is_no_error(tmp_path: Path) -> None:
    """Telegram refuses an edit that changes nothing, so there is none."""
    async with running(tmp_path, TWO_MODELS) as bot:
        (screen,) = await bot.admin.ask("/model")
        assert await notice(bot, bot.admin, screen, f"model:{tag_of(SEVEN)}")
        await bot.telegram.wait_for(lambda: "✓ Qwen2.5 7B" in screen.buttons)
        assert await notice(bot, bot.admin, screen, f"model:{tag_of(SEVEN)}") == "Qwen2.5 7B answers from now on."
        await bot.admin.ask("/help")
        assert [call.status for call in bot.telegram.called("editMessageText")] == [200]


async def test_many_models_come_in_pages(tmp_path: Path) -> None:
    """Every model can be reached, and a choice shows the page it is on."""
    names = [f"family{number:02}-{'x' * 60}:7b" for number in range(25)]
    async with running(tmp_path, {name: says("Hi.") for name in names}) as bot:
        (screen,) = await bot.admin.ask("/model")
        assert len(screen.buttons) == MODELS_PER_PAGE + 1
        await bot.admin.press(screen, "more ›")
        await bot.telegram.wait_for(lambda: "‹ back" in screen.buttons)
        await bot.admin.press(screen, "more ›")
        await bot.telegram.wait_for(lambda: "more ›" not in screen.buttons)
        last = screen.buttons[-2]
        await bot.admin.press(screen, last)
        await bot.telegram.wait_for(lambda: f"✓ {last}" in screen.buttons)
        assert all(len(button["callback_data"].encode()) <= 64 for row in screen.keyboard for button in row)


@pytest.mark.parametrize(
    "data",
    [
        "stop:deadbeef",
        "stop:",
        "model:gone",
        "model:",
        "models:x",
        "models:-1",
        "models:²",
        "switch:on:gone",
        "switch:maybe:gone",
        "switch",
        "switches:",
        "strategy:wild",
        "nonsense",
        "none",
        ":",
    ],
)
async def test_an_old_or_forged_button_says_so(tmp_path: Path, data: str) -> None:
    """Whatever its data, it changes nothing and crashes nothing."""
    async with running(tmp_path) as bot:
        (message,) = await bot.admin.ask("/help")
        text = message.text
        assert await notice(bot, bot.admin, message, data) == OLD_BUTTON
        assert message.text == text


async def test_a_model_that_is_gone_cannot_be_picked(tmp_path: Path) -> None:
    """Its button stands in an old message."""
    async with running(tmp_path) as bot:
        (screen,) = await bot.admin.ask("/model")
        assert await notice(bot, bot.admin, screen, f"model:{tag_of(FOURTEEN)}") == OLD_BUTTON


async def test_a_page_beyond_the_last_is_the_last(tmp_path: Path) -> None:
    """Models may have gone since the button was made."""
    async with running(tmp_path, TWO_MODELS) as bot:
        (screen,) = await bot.admin.ask("/model")
        await notice(bot, bot.admin, screen, "models:999")
        assert "auto" in screen.buttons[0]


async def test_a_stop_button_stops_its_own_answer_only(tmp_path: Path) -> None:
    """The one of an older answer, or of another chat, is old."""
    async with running(tmp_path, {SMALL: endless()}) as bot:
        await bot.admin.say(QUESTION)
        await bot.telegram.wait_for(lambda: bot.admin.chat.sent and bot.admin.chat.sent[0].growing)
        data = bot.admin.chat.sent[0].keyboard[0][0]["callback_data"]
        (theirs,) = await bot.member.ask("/help")
        assert await notice(bot, bot.member, theirs, data) == OLD_BUTTON
        assert await notice(bot, bot.admin, bot.admin.chat.sent[0], data) == "Stopped."
        await bot.admin.chat.reply()
        assert await notice(bot, bot.admin, bot.admin.chat.sent[0], data) == OLD_BUTTON


@pytest.mark.parametrize("name", [name for name, button in BUTTONS.items() if button.for_admins])
async def test_an_admins_button_is_for_admins(tmp_path: Path, name: str) -> None:
    """In a group a member sees the admin's buttons, and may press them in vain."""
    async with running(tmp_path) as bot:
        group = bot.telegram.group(-100)
        await bot.admin.say("/strategy", group)
        (screen,) = await group.reply()
        assert await notice(bot, bot.member, screen, f"{name}:quality") == FOR_ADMINS


async def test_a_press_on_a_message_that_is_gone_is_answered(tmp_path: Path) -> None:
    """Telegram then sends only where it was."""
    async with running(tmp_path) as bot:
        (screen,) = await bot.admin.ask("/model")
        bot.telegram.world.open_queries["1"] = bot.admin
        gone = {"chat": bot.admin.chat.as_json(), "message_id": screen.message_id, "date": 0}
        query = {"id": "1", "from": bot.admin.as_json(), "chat_instance": "1", "data": "model:auto", "message": gone}
        bot.telegram.world.post("callback_query", query)
        await bot.telegram.wait_for(lambda: bot.admin.notices)
        assert bot.admin.notices[0]["text"] == OLD_BUTTON


async def test_a_press_too_old_to_be_answered_still_counts(tmp_path: Path) -> None:
    """The bot was off for a while: the notice cannot be shown any more, but what was pressed is done."""
    async with running(tmp_path, TWO_MODELS) as bot:
        (screen,) = await bot.admin.ask("/model")
        bot.telegram.faults.refuse("query is too old", method="answerCallbackQuery")
        await bot.admin.press(screen, "Qwen2.5 14B")
        await bot.telegram.wait_for(lambda: "✓ Qwen2.5 14B" in screen.buttons)
        assert await bot.services.preferences.model_choice(ConversationKey(ADMIN_ID)) == FOURTEEN
