"""Every command that everybody may give, as somebody gives it in Telegram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handlers import COMMANDS, commands
from handlers.dispatch import FOR_ADMINS
from storage.conversations import ConversationKey
from tests.bot_in_process import (
    ADMIN_ID,
    GOOD,
    MEMBER_ID,
    QUESTION,
    SMALL,
    chat_requests,
    endless,
    last_prompt,
    running,
    says,
)
from tests.fake_model_server import Script

if TYPE_CHECKING:
    from pathlib import Path

GROUP = -100
TWO_MODELS = {SMALL: says("The first."), GOOD: says("The second.")}


async def test_start_greets(tmp_path: Path) -> None:
    """Also when somebody follows the link again later."""
    async with running(tmp_path) as bot:
        for text in ("/start", "/start old-code"):
            (answer,) = await bot.member.ask(text)
            assert answer.text == commands.GREETING


async def test_help_lists_what_somebody_may_do(tmp_path: Path) -> None:
    """Everybody's commands for a member, all of them for an admin."""
    async with running(tmp_path) as bot:
        (for_member,) = await bot.member.ask("/help")
        (for_admin,) = await bot.admin.ask("/help")
        for command in COMMANDS:
            assert f"/{command.name} " in for_admin.text
            assert (f"/{command.name} " in for_member.text) is not command.for_admins


async def test_new_forgets_the_conversation(tmp_path: Path) -> None:
    """The next question goes out alone."""
    async with running(tmp_path) as bot:
        await bot.admin.ask("Who made Python?")
        (told,) = await bot.admin.ask("/new")
        assert "new conversation" in told.text
        await bot.admin.ask(QUESTION)
        assert [message["role"] for message in chat_requests(bot.ollama)[-1]].count("user") == 1
        (nothing,) = await bot.member.ask("/retry")
        assert nothing.text == commands.NOTHING_TO_RETRY


async def test_stop_without_an_answer_says_so(tmp_path: Path) -> None:
    """There is nothing to stop."""
    async with running(tmp_path) as bot:
        (answer,) = await bot.admin.ask("/stop")
        assert answer.text == "Nothing is being written here."


async def test_commands_do_not_wait_for_an_answer(tmp_path: Path) -> None:
    """What only looks something up is answered while a model writes."""
    async with running(tmp_path, {SMALL: endless()}) as bot:
        await bot.admin.say(QUESTION)
        await bot.ollama.until_asked("/api/chat")
        await bot.admin.say("/help")
        await bot.telegram.wait_for(lambda: any("/retry" in text for text in bot.admin.chat.texts))
        assert not any("stopped" in text for text in bot.admin.chat.texts)


# --- retry ------------------------------------------------------------------------------------------------------------


async def test_retry_asks_another_model(tmp_path: Path) -> None:
    """The same question goes to another model, and its answer takes the old one's place in the conversation."""
    async with running(tmp_path, TWO_MODELS) as bot:
        (first,) = await bot.admin.ask(QUESTION)
        assert first.text.startswith("The first.")
        (second,) = await bot.admin.ask("/retry")
        assert second.text.startswith("The second.")
        assert last_prompt(bot.ollama) == QUESTION
        assert [message["role"] for message in chat_requests(bot.ollama)[-1]].count("user") == 1
        history = await bot.services.conversations.history(ConversationKey(ADMIN_ID))
        assert [message.content for message in history] == [QUESTION, "The second."]


async def test_retry_leaves_a_chosen_model_once(tmp_path: Path) -> None:
    """Who asks again wants another answer, even from a chat that insists on one model."""
    async with running(tmp_path, TWO_MODELS) as bot:
        await bot.services.preferences.choose_model(ConversationKey(ADMIN_ID), "ollama_qwen25_7b")
        await bot.admin.ask(QUESTION)
        (second,) = await bot.admin.ask("/retry")
        assert second.text.startswith("The second.")
        (third,) = await bot.admin.ask("And what is Java?")
        assert third.text.startswith("The first.")


async def test_retry_with_one_model_asks_it_again(tmp_path: Path) -> None:
    """Where there is no other, the same one has another go."""
    async with running(tmp_path) as bot:
        await bot.admin.ask(QUESTION)
        (again,) = await bot.admin.ask("/retry")
        assert again.text.startswith("Hello you.")


async def test_retry_after_a_failure_keeps_the_turn_before(tmp_path: Path) -> None:
    """A question that nobody could answer is no turn, so none is taken back for it."""
    async with running(tmp_path) as bot:
        await bot.admin.ask("Who made Python?")
        await bot.ollama.stop()
        await bot.admin.ask("And who made Java?")
        (failed,) = await bot.admin.ask("/retry")
        assert "Hello you." not in failed.text
        history = await bot.services.conversations.history(ConversationKey(ADMIN_ID))
        assert [message.content for message in history] == ["Who made Python?", "Hello **you**."]
        await bot.ollama.start()


async def test_retry_that_fails_keeps_the_answer_there_was(tmp_path: Path) -> None:
    """The old answer goes only when there is a new one."""
    async with running(tmp_path) as bot:
        await bot.admin.ask(QUESTION)
        await bot.ollama.stop()
        await bot.admin.ask("/retry")
        history = await bot.services.conversations.history(ConversationKey(ADMIN_ID))
        assert [message.content for message in history] == [QUESTION, "Hello **you**."]
        await bot.ollama.start()


async def test_retry_after_one_that_failed_still_takes_the_old_answers_place(tmp_path: Path) -> None:
    """However many fail in between, the model is not shown the answer it shall better."""
    async with running(tmp_path) as bot:
        await bot.admin.ask(QUESTION)
        bot.ollama.play(SMALL, Script(status=500), Script(pieces=("Better.",)))
        await bot.admin.ask("/retry")
        await bot.admin.ask("/retry")
        history = await bot.services.conversations.history(ConversationKey(ADMIN_ID))
        assert [message.content for message in history] == [QUESTION, "Better."]


async def test_retry_works_after_a_restart(tmp_path: Path) -> None:
    """The question is taken from the database then."""
    async with running(tmp_path, TWO_MODELS) as bot:
        await bot.admin.ask(QUESTION)
    async with running(tmp_path, TWO_MODELS) as bot:
        (again,) = await bot.admin.ask("/retry")
        assert again.text.startswith("The second.")


async def test_retry_of_a_picture_needs_the_picture(tmp_path: Path) -> None:
    """It is fetched anew while the message is known; after a restart it is asked for."""
    seeing = says("A bird.")
    seeing.vision = True
    async with running(tmp_path, {"llava:7b": seeing}) as bot:
        await bot.admin.send_photo(b"picture", "Which bird?")
        await bot.admin.chat.reply()
        await bot.admin.ask("/retry")
        assert chat_requests(bot.ollama)[-1][-1]["images"]
    async with running(tmp_path, {"llava:7b": seeing}) as bot:
        (answer,) = await bot.admin.ask("/retry")
        assert answer.text == commands.PICTURE_GONE


async def test_retry_of_nothing_says_so(tmp_path: Path) -> None:
    """There must have been a question."""
    async with running(tmp_path) as bot:
        (answer,) = await bot.admin.ask("/retry")
        assert answer.text == commands.NOTHING_TO_RETRY


# --- model, why, usage ------------------------------------------------------------------------------------------------


async def test_model_offers_auto_first_and_only_what_is_there(tmp_path: Path) -> None:
    """The current choice is marked."""
    async with running(tmp_path, TWO_MODELS) as bot:
        (screen,) = await bot.admin.ask("/model")
        assert screen.buttons == ["✓ auto", "Qwen2.5 7B", "Qwen2.5 14B"]


async def test_model_takes_a_name(tmp_path: Path) -> None:
    """By id or by the name on the buttons; "auto" takes it back."""
    async with running(tmp_path, TWO_MODELS) as bot:
        for named in ("ollama_qwen25_14b", "qwen2.5 14B"):
            (told,) = await bot.member.ask(f"/model {named}")
            assert (told.text, told.buttons) == ("Qwen2.5 14B answers from now on.", [])
            (answer,) = await bot.member.ask(QUESTION)
            assert answer.text.startswith("The second.")
            (told,) = await bot.member.ask("/model Auto")
            assert told.text == "The best model is chosen for each message."
            assert await bot.services.preferences.model_choice(ConversationKey(MEMBER_ID)) is None


async def test_model_says_that_there_is_none_by_a_name(tmp_path: Path) -> None:
    """In their own words, and nothing changes."""
    async with running(tmp_path, TWO_MODELS) as bot:
        (told,) = await bot.member.ask("/model *no* _model_")
        assert told.text == "There is no model *no* _model_. /model lists those that can be chosen."
        assert await bot.services.preferences.model_choice(ConversationKey(MEMBER_ID)) is None


async def test_model_may_be_one_that_cannot_be_used_now(tmp_path: Path) -> None:
    """It answers as soon as it can, and until then the sentence says why not."""
    async with running(tmp_path) as bot:
        (told,) = await bot.member.ask("/model ollama_qwen25_32b")
        assert told.text == "Qwen2.5 32B answers from now on, once it can: not installed."


async def test_why_tells_the_decision_in_words(tmp_path: Path) -> None:
    """The task, the choice with its reasons, what was left out, and how it went."""
    async with running(tmp_path, TWO_MODELS) as bot:
        await bot.admin.ask(QUESTION)
        (answer,) = await bot.admin.ask("/why")
        assert "I took this for question, simple" in answer.text
        assert "Qwen2.5 7B goes first by the strategy auto: " in answer.text
        assert "After it: Qwen2.5 14B." in answer.text
        assert "not installed: " in answer.text
        assert "Qwen2.5 7B answered in " in answer.text


async def test_why_works_after_a_restart(tmp_path: Path) -> None:
    """What was recorded is enough to tell the choice and its reasons."""
    async with running(tmp_path, TWO_MODELS) as bot:
        await bot.admin.ask(QUESTION)
    async with running(tmp_path, TWO_MODELS) as bot:
        (answer,) = await bot.admin.ask("/why")
        assert "First choice: Qwen2.5 7B (" in answer.text
        (nothing,) = await bot.member.ask("/why")
        assert nothing.text == "Nothing has been asked here yet."


async def test_usage_shows_ones_own(tmp_path: Path) -> None:
    """What others asked is not counted."""
    async with running(tmp_path) as bot:
        await bot.admin.ask(QUESTION)
        (mine,) = await bot.admin.ask("/usage")
        (theirs,) = await bot.member.ask("/usage")
        assert "questions: 1" in mine.text
        assert "Qwen2.5 7B" in mine.text
        assert theirs.text == "Nothing was asked in the last 30 days."


# --- what is no command here ------------------------------------------------------------------------------------------


async def test_an_unknown_command_is_said(tmp_path: Path) -> None:
    """With the way to those that there are."""
    async with running(tmp_path) as bot:
        (answer,) = await bot.member.ask("/nonsense now")
        assert answer.text == "I know no command /nonsense. /help lists those I know."
        assert bot.ollama.asked("/api/chat") == []


async def test_another_bots_command_in_a_group_is_its_own(tmp_path: Path) -> None:
    """Only an unknown command that names this bot is answered there."""
    async with running(tmp_path) as bot:
        group = bot.telegram.group(GROUP)
        await bot.admin.say("/weather", group)
        await bot.admin.say("/help@other_bot", group)
        await bot.admin.say("/weather@switchboard_bot", group)
        (answer,) = await group.reply()
        assert answer.text.startswith("I know no command /weather.")
        assert len(group.sent) == 1


async def test_a_command_in_a_group_is_answered_there(tmp_path: Path) -> None:
    """As a reply to whoever gave it, with or without the bot's name, in whatever case."""
    async with running(tmp_path) as bot:
        group = bot.telegram.group(GROUP)
        for text in ("/help", "/help@switchboard_bot", "/HELP"):
            given = await bot.member.say(text, group)
            (answer,) = await group.reply()
            assert answer.reply_to is given
            assert "/retry" in answer.text


@pytest.mark.parametrize("name", [command.name for command in COMMANDS if command.for_admins])
async def test_an_admins_command_is_for_admins(tmp_path: Path, name: str) -> None:
    """Anybody else gets a sentence."""
    async with running(tmp_path) as bot:
        (answer,) = await bot.member.ask(f"/{name}")
        assert answer.text == FOR_ADMINS


async def test_a_command_that_is_edited_is_not_given_again(tmp_path: Path) -> None:
    """Only new messages are commands."""
    async with running(tmp_path) as bot:
        message = await bot.admin.say("/help")
        await bot.admin.chat.reply()
        await bot.admin.edit(message, "/usage")
        await bot.admin.ask("/help")
        assert not any("30 days" in text for text in bot.admin.chat.texts)


async def test_a_database_that_fails_is_said(tmp_path: Path) -> None:
    """Its own sentence reaches the person, and the bot lives on."""
    async with running(tmp_path) as bot:
        await bot.services.people._database.close()
        (answer,) = await bot.admin.ask("/usage")
        assert "The database" in answer.text
        assert "closed" in answer.text
        (question,) = await bot.admin.ask(QUESTION)
        assert question.text.startswith("Hello you.")


# --- menus ------------------------------------------------------------------------------------------------------------


async def test_menus_are_offered_by_scope(tmp_path: Path) -> None:
    """Everybody is offered theirs in private chats and groups, the admin everything."""
    async with running(tmp_path) as bot:
        assert bot.admin.chat  # Telegram knows the chat
        menus = bot.telegram.world.commands
        everybodys = [command.name for command in COMMANDS if not command.for_admins]
        await bot.telegram.wait_for(lambda: ("all_group_chats", "") in menus)
        for scope in ("all_private_chats", "all_group_chats"):
            assert [command["command"] for command in menus[scope, ""]] == everybodys


async def test_the_admins_menu_has_everything(tmp_path: Path) -> None:
    """In the admin's own chat, once it exists."""
    from tests.telegram_server import TelegramServer  # noqa: PLC0415 - only here

    async with TelegramServer() as telegram:
        telegram.user(ADMIN_ID)
        telegram.user(MEMBER_ID)
        async with running(tmp_path, telegram=telegram):
            menu = await telegram.wait_for(lambda: telegram.world.commands.get((f"chat:{ADMIN_ID}", "")))
            assert [command["command"] for command in menu] == [command.name for command in COMMANDS]
            assert (f"chat:{MEMBER_ID}", "") not in telegram.world.commands
