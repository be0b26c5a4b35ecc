"""Buttons do what they say, once they are pressed by somebody who may, and old or forged ones say that they are old."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handlers import BUTTONS
from handlers.callback_data import MOST_BYTES, TAG_CHARACTERS, Seal
from handlers.dispatch import FOR_ADMINS, OLD_BUTTON
from handlers.model_list import MODELS_PER_PAGE, tag_of
from handlers.screens import STOP_LOAD, load_name
from routing.types import RoutingStrategy
from storage.conversations import ConversationKey
from tests.bot_in_process import ADMIN_ID, GOOD, MEMBER_ID, QUESTION, SMALL, endless, running, says
from tests.telegram_server import TelegramServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.bot_in_process import Running
    from tests.telegram_world import Message, Person

TWO_MODELS = {SMALL: says("The first."), GOOD: says("The second.")}
SEVEN, FOURTEEN = "ollama_qwen25_7b", "ollama_qwen25_14b"


def sealed(bot: Running, message: Message, data: str) -> str:
    """What a button of the bot's own under this message would carry."""
    return Seal(bot.services.database.prompt_key).close(message.chat.chat_id, data)


async def notice(bot: Running, person: Person, message: Message, data: str) -> str:
    """Press, and wait for what pops up."""
    before = len(person.notices)
    await person.press_data(message, data)
    await bot.telegram.wait_for(lambda: len(person.notices) > before)
    return str(person.notices[-1]["text"])


async def test_a_model_picked_answers_in_this_chat_alone(tmp_path: Path) -> None:
    """The choice is marked, counts at once and over restarts, and nobody else has it."""
    async with TelegramServer() as telegram:
        async with running(tmp_path, TWO_MODELS, telegram=telegram) as bot:
            (screen,) = await bot.admin.ask("/model")
            await bot.admin.press(screen, "Qwen2.5 14B")
            await bot.telegram.wait_for(lambda: "✓ Qwen2.5 14B" in screen.buttons)
            assert screen.buttons[0] == "auto"
            assert bot.admin.notices[-1]["text"] == "Qwen2.5 14B answers from now on."
            (answer,) = await bot.admin.ask(QUESTION)
            assert answer.text.startswith("The second.")
            (other,) = await bot.member.ask(QUESTION)
            assert other.text.startswith("The first.")
        async with running(tmp_path, TWO_MODELS, telegram=telegram) as bot:
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
        data = sealed(bot, screen, f"model:{tag_of(SEVEN)}")
        assert await notice(bot, bot.admin, screen, data)
        await bot.telegram.wait_for(lambda: "✓ Qwen2.5 7B" in screen.buttons)
        assert await notice(bot, bot.admin, screen, data) == "Qwen2.5 7B answers from now on."
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
async def test_a_button_for_what_is_not_there_any_more_says_so(tmp_path: Path, data: str) -> None:
    """Whatever its data, it changes nothing and crashes nothing."""
    async with running(tmp_path) as bot:
        (message,) = await bot.admin.ask("/help")
        text = message.text
        assert await notice(bot, bot.admin, message, sealed(bot, message, data)) == OLD_BUTTON
        assert message.text == text


FORGED = {
    "unsealed, as before there were seals": lambda data: data[TAG_CHARACTERS:],
    "with a tag made up": lambda data: "A" * TAG_CHARACTERS + data[TAG_CHARACTERS:],
    "with one letter changed": lambda data: data[:-1] + "~",
    "cut short": lambda data: data[:-1],
    "only a tag": lambda data: data[:TAG_CHARACTERS],
    "with more after it": lambda data: f"{data}0",
    "in other letters": lambda data: "ключ\ud83d" + data,
    "empty": lambda _: "",
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
async def test_a_forged_button_does_nothing(tmp_path: Path, forge: Callable[[str], str]) -> None:
    """Only what the bot has sealed is worth anything, even from an admin's hand."""
    async with running(tmp_path, TWO_MODELS) as bot:
        (screen,) = await bot.admin.ask("/model")
        good = sealed(bot, screen, f"model:{tag_of(FOURTEEN)}")
        before = screen.texts[:]
        assert await notice(bot, bot.admin, screen, forge(good)) == OLD_BUTTON
        assert await bot.services.preferences.model_choice(ConversationKey(ADMIN_ID)) is None
        assert screen.texts == before
        assert await notice(bot, bot.admin, screen, good) != OLD_BUTTON


async def test_a_button_of_another_chat_does_nothing(tmp_path: Path) -> None:
    """Replayed where it was not made, a real button is a forged one."""
    async with running(tmp_path, TWO_MODELS) as bot:
        (ours,), (theirs,) = await bot.admin.ask("/model"), await bot.member.ask("/model")
        taken = next(b["callback_data"] for row in ours.keyboard for b in row if "14B" in b["text"])
        assert await notice(bot, bot.member, theirs, taken) == OLD_BUTTON
        assert await bot.services.preferences.model_choice(ConversationKey(MEMBER_ID)) is None


async def test_buttons_outlive_a_restart_but_not_their_database(tmp_path: Path) -> None:
    """The key is the database's: another bot's buttons, or those of a database set aside, are old."""
    async with TelegramServer() as telegram:
        async with running(tmp_path / "a", TWO_MODELS, telegram=telegram) as bot:
            (screen,) = await bot.admin.ask("/model")
        async with running(tmp_path / "a", TWO_MODELS, telegram=telegram) as bot:
            await bot.admin.press(screen, "Qwen2.5 14B")
            await bot.telegram.wait_for(lambda: "✓ Qwen2.5 14B" in screen.buttons)
        async with running(tmp_path / "b", TWO_MODELS, telegram=telegram) as bot:
            auto = screen.keyboard[0][0]["callback_data"]
            assert await notice(bot, bot.admin, screen, auto) == OLD_BUTTON


async def test_every_button_fits_into_telegrams_limit(tmp_path: Path) -> None:
    """Whatever the models are called: each screen's buttons, each page, and the Stop button, all of them sealed."""
    names = [f"family{number:02}-{'x' * 200}:7b" for number in range(25)]
    models = {name: endless() for name in names}
    async with running(tmp_path, models) as bot:
        shown = [(await bot.admin.ask(command))[-1] for command in ("/model", "/models", "/strategy")]
        await bot.member.say(QUESTION)
        shown.append(await bot.telegram.wait_for(lambda: next((m for m in bot.member.chat.sent if m.growing), None)))
        seal = Seal(bot.services.database.prompt_key)
        carried = [(m.chat.chat_id, button["callback_data"]) for m in shown for row in m.keyboard for button in row]
        assert len(carried) > 2 * MODELS_PER_PAGE + len(RoutingStrategy)
        assert max(len(data.encode()) for _, data in carried) <= MOST_BYTES
        opened = {(seal.open(chat_id, data) or "").partition(":")[0] for chat_id, data in carried}
        assert opened == {"stop", "model", "models", "switch", "switches", "unload", "strategy"}
        largest = load_name(2**52, bot.services.registry.get_all_models()[-1])
        assert len(seal.close(-(2**52), f"{STOP_LOAD}:{largest}")) <= MOST_BYTES


async def test_a_model_that_is_gone_cannot_be_picked(tmp_path: Path) -> None:
    """Its button stands in an old message."""
    async with running(tmp_path) as bot:
        (screen,) = await bot.admin.ask("/model")
        assert await notice(bot, bot.admin, screen, sealed(bot, screen, f"model:{tag_of(FOURTEEN)}")) == OLD_BUTTON


async def test_a_page_beyond_the_last_is_the_last(tmp_path: Path) -> None:
    """Models may have gone since the button was made."""
    async with running(tmp_path, TWO_MODELS) as bot:
        (screen,) = await bot.admin.ask("/model")
        await notice(bot, bot.admin, screen, sealed(bot, screen, "models:999"))
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
    """In a group a member sees the admin's buttons, and may press them in vain, as they are and as they might be."""
    async with running(tmp_path) as bot:
        group = bot.telegram.group(-100)
        await bot.admin.say("/strategy", group)
        (screen,) = await group.reply()
        assert await notice(bot, bot.member, screen, sealed(bot, screen, f"{name}:quality")) == FOR_ADMINS


async def test_a_press_on_a_message_that_is_gone_is_answered(tmp_path: Path) -> None:
    """Telegram then sends only where it was."""
    async with running(tmp_path) as bot:
        (screen,) = await bot.admin.ask("/model")
        bot.telegram.world.open_queries["1"] = bot.admin
        gone = {"chat": bot.admin.chat.as_json(), "message_id": screen.message_id, "date": 0}
        data = sealed(bot, screen, "model:auto")
        query = {"id": "1", "from": bot.admin.as_json(), "chat_instance": "1", "data": data, "message": gone}
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


async def test_a_notice_that_does_not_get_through_does_nothing_twice(tmp_path: Path) -> None:
    """What was pressed is done once, and the screen shows it."""
    async with running(tmp_path, TWO_MODELS) as bot:
        (screen,) = await bot.admin.ask("/model")
        bot.telegram.faults.fail(1, method="answerCallbackQuery")
        await bot.admin.press(screen, "Qwen2.5 14B")
        await bot.telegram.wait_for(lambda: "✓ Qwen2.5 14B" in screen.buttons)
        assert [call.status for call in bot.telegram.called("answerCallbackQuery")] == [502]
