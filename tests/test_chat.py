"""A message becomes a question to a model, its answer one growing message, and whatever is sent gets a plain reply."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from handlers import chat, incoming
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

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot_in_process import Running

GROUP = -100
PNG = b"\x89PNG picture"


async def has_begun(bot: Running, chat_id: int = ADMIN_ID) -> None:
    """Wait until a part of an endless answer is shown."""
    await bot.telegram.wait_for(lambda: any("more" in text for text in bot.telegram.chat(chat_id).texts))


# --- private chats ----------------------------------------------------------------------------------------------------


async def test_a_question_is_answered_with_its_receipt(tmp_path: Path) -> None:
    """The text comes formatted, and the line under it says which model gave it."""
    async with running(tmp_path) as bot:
        (answer,) = await bot.admin.ask(QUESTION)
        assert answer.text.startswith("Hello you.\n\nQwen2.5 7B · question · ")
        assert any(entity["type"] == "bold" for entity in answer.entities)
        assert answer.buttons == []


@pytest.mark.parametrize(("style", "line"), [("short", "Qwen2.5 7B"), ("off", "")])
async def test_receipts_can_be_shorter(tmp_path: Path, style: str, line: str) -> None:
    """RECEIPTS says how much of it is shown."""
    async with running(tmp_path, RECEIPTS=style) as bot:
        (answer,) = await bot.admin.ask(QUESTION)
        assert answer.text == f"Hello you.\n\n{line}".strip()


async def test_the_model_is_told_the_conversation(tmp_path: Path) -> None:
    """The second question goes out with the first one and its answer."""
    async with running(tmp_path) as bot:
        await bot.admin.ask(QUESTION)
        await bot.admin.ask("And who made it?")
        contents = [message["content"] for message in chat_requests(bot.ollama)[-1]]
        assert contents[-3:] == [QUESTION, "Hello **you**.", "And who made it?"]


async def test_people_share_nothing(tmp_path: Path) -> None:
    """Each chat is a conversation of its own."""
    async with running(tmp_path) as bot:
        await asyncio.gather(bot.admin.ask("What is my secret?"), bot.member.ask("What is yours?"))
        for messages in chat_requests(bot.ollama):
            assert sum(message["role"] == "user" for message in messages) == 1


async def test_what_is_sent_meanwhile_is_answered_next(tmp_path: Path) -> None:
    """Two questions in a row get two answers, in their order."""
    async with running(tmp_path, {SMALL: says("One ", "answer.", token_seconds=0.2)}) as bot:
        await bot.admin.say("What is first?")
        await bot.admin.say("What is second?")
        await bot.telegram.wait_for(lambda: len(bot.admin.chat.sent) == 2)
        await bot.admin.chat.reply()
        assert [messages[-1]["content"] for messages in chat_requests(bot.ollama)] == [
            "What is first?",
            "What is second?",
        ]


async def test_a_fallback_is_said(tmp_path: Path) -> None:
    """The receipt names the model that failed, and why."""
    models = {SMALL: says(status=500), GOOD: says("The second answers.")}
    async with running(tmp_path, models) as bot:
        (answer,) = await bot.admin.ask(QUESTION)
        assert answer.text.startswith("The second answers.")
        assert "⚠ after Qwen2.5 7B failed" in answer.text


async def test_half_an_answer_stays_when_no_model_can_give_the_rest(tmp_path: Path) -> None:
    """What was being read is not taken away; under it stands what happened, outside of the code that was open."""
    async with running(tmp_path, {SMALL: says("Write:\n\n```python\nx = 1\n", "y = 2\n```", cut_after=1)}) as bot:
        (answer,) = await bot.admin.ask(QUESTION)
        assert answer.text.startswith("Write:\n\nx = 1\n\nNo model could answer: Qwen2.5 7B (broke off).")
        (code,) = [entity for entity in answer.entities if entity["type"] == "pre"]
        assert code["length"] == len("x = 1")
        await bot.admin.ask("Go on")
        contents = [message["content"] for message in chat_requests(bot.ollama)[-1]]
        assert contents[-2:] == ["Write:\n\n```python\nx = 1\n", "Go on"]


async def test_text_that_another_model_replaces_does_not_stay(tmp_path: Path) -> None:
    """The second model begins anew, and its answer is the answer."""
    models = {SMALL: says("Half of ", "it.", cut_after=1), GOOD: says("All of it.")}
    async with running(tmp_path, models) as bot:
        (answer,) = await bot.admin.ask(QUESTION)
        assert answer.text.startswith("All of it.")
        assert "Half of" not in answer.text
        assert "⚠ after Qwen2.5 7B failed: broke off in mid-answer" in answer.text


async def test_without_any_model_it_says_what_to_do(tmp_path: Path) -> None:
    """No server, no model: a plain sentence, no receipt, and nothing of it in the conversation."""
    async with running(tmp_path, OLLAMA_BASE_URL="http://127.0.0.1:9") as bot:
        (answer,) = await bot.admin.ask(QUESTION)
        assert "ollama serve" in answer.text
        assert "·" not in answer.text
        assert await bot.services.conversations.last_turn(ConversationKey(ADMIN_ID)) is None
        (total,) = await bot.admin.ask("what is 12 * 12?")
        assert "144" in total.text
        assert total.text.endswith("Built-in · math")


async def test_an_empty_answer_is_said_to_be_one(tmp_path: Path) -> None:
    """A model that says nothing at all leaves nobody waiting."""
    async with running(tmp_path, {SMALL: says(" ")}) as bot:
        answers = await bot.admin.ask(QUESTION)
        assert answers[-1].text


async def test_a_conversation_that_outgrows_the_model_says_so_once(tmp_path: Path) -> None:
    """The oldest turns are left out, which is told the first time only."""
    async with running(tmp_path) as bot:
        for _ in range(100):
            await bot.services.conversations.append(ConversationKey(ADMIN_ID), "What?", "word " * 800, "m")
        texts = ["\n".join(message.text for message in await bot.admin.ask(QUESTION)) for _ in range(3)]
        assert sum("left out; /new begins a new one" in text for text in texts) == 1


async def test_a_chosen_model_that_is_gone_is_said(tmp_path: Path) -> None:
    """Another one answers, and the receipt says why."""
    async with running(tmp_path) as bot:
        await bot.services.preferences.choose_model(ConversationKey(ADMIN_ID), "ollama_gone")
        (answer,) = await bot.admin.ask(QUESTION)
        assert answer.text.startswith("Hello you.")
        assert "ⓘ the chosen model ollama_gone is offered by no server now" in answer.text


# --- stopping ---------------------------------------------------------------------------------------------------------


async def test_the_stop_button_keeps_what_was_written(tmp_path: Path) -> None:
    """The model is stopped, the text so far stays, is marked, and belongs to the conversation."""
    async with running(tmp_path, {SMALL: endless()}) as bot:
        await bot.admin.say(QUESTION)
        await has_begun(bot)
        await bot.admin.press(bot.admin.chat.sent[0], "Stop")
        (answer,) = await bot.admin.chat.reply()
        await bot.ollama.until_disconnected(bot.ollama.asked("/api/chat")[0])
        assert "more and more" in answer.text
        assert "⏹ stopped · Qwen2.5 7B" in answer.text
        assert bot.admin.notices[0]["text"] == "Stopped."
        turn = await bot.services.conversations.last_turn(ConversationKey(ADMIN_ID))
        assert turn
        assert "more and more" in turn.answer


async def test_the_stop_command_passes_what_waits(tmp_path: Path) -> None:
    """/stop works at once although the chat is busy."""
    async with running(tmp_path, {SMALL: endless()}) as bot:
        await bot.admin.say(QUESTION)
        await has_begun(bot)
        await bot.admin.say("/stop")
        await bot.telegram.wait_for(lambda: any("⏹ stopped" in text for text in bot.admin.chat.texts))
        assert len(bot.admin.chat.sent) == 1


async def test_stopping_a_model_that_loads_leaves_a_line(tmp_path: Path) -> None:
    """Stopped before its first token, an answer is only marked as stopped."""
    model = says("never", load_seconds=60.0)
    model.loaded = False
    async with running(tmp_path, {SMALL: model}) as bot:
        await bot.admin.say(QUESTION)
        await bot.ollama.until_asked("/api/chat")
        await bot.admin.say("/stop")
        await bot.telegram.wait_for(lambda: any("⏹ stopped" in text for text in bot.admin.chat.texts))
        assert await bot.services.conversations.last_turn(ConversationKey(ADMIN_ID)) is None


async def test_only_the_conversation_at_hand_is_stopped(tmp_path: Path) -> None:
    """Somebody else's answer goes on."""
    async with running(tmp_path, {SMALL: endless()}) as bot:
        await bot.admin.say(QUESTION)
        await bot.member.say(QUESTION)
        await has_begun(bot)
        await has_begun(bot, MEMBER_ID)
        await bot.member.say("/stop")
        await bot.telegram.wait_for(lambda: any("⏹ stopped" in text for text in bot.member.chat.texts))
        assert bot.admin.chat.sent[0].growing


async def test_somebody_who_blocks_the_bot_in_mid_answer_harms_nobody(tmp_path: Path) -> None:
    """The answer has nowhere to go; everybody else goes on."""
    async with running(tmp_path, {SMALL: says("Hello ", "you.", token_seconds=0.3)}) as bot:
        await bot.member.say(QUESTION)
        await bot.ollama.until_asked("/api/chat")
        await bot.member.block()
        (answer,) = await bot.admin.ask(QUESTION)
        assert answer.text.startswith("Hello you.")


# --- groups -----------------------------------------------------------------------------------------------------------


async def test_a_group_that_becomes_a_supergroup_keeps_its_conversation(tmp_path: Path) -> None:
    """Whoever had it changed: what was said under the old id is known under the new one."""
    async with running(tmp_path) as bot:
        old, new = bot.telegram.group(-7), bot.telegram.group(GROUP)
        await bot.admin.say("@switchboard_bot what is Python?", old)
        await old.reply()
        moved = old.add(bot.stranger.as_json(), extra={"migrate_to_chat_id": GROUP})
        bot.telegram.world.post("message", moved.as_json())
        await bot.telegram.wait_for(lambda: not bot.telegram.world.updates)
        await bot.admin.say("@switchboard_bot and Java?", new)
        await new.reply()
        said = [message["content"] for message in chat_requests(bot.ollama)[-1]]
        assert said[-3:] == ["what is Python?", "Hello **you**.", "and Java?"]


async def test_a_group_is_answered_only_when_it_speaks_to_the_bot(tmp_path: Path) -> None:
    """Named or replied to it answers, as a reply to the question; otherwise it is silent."""
    async with running(tmp_path) as bot:
        group = bot.telegram.group(GROUP)
        await bot.admin.say("Nice weather.", group)
        question = await bot.admin.say("@switchboard_bot what is Python?", group)
        (answer,) = await group.reply()
        assert answer.reply_to is question
        assert last_prompt(bot.ollama) == "what is Python?"
        await bot.admin.say("And Java?", group, reply_to=answer)
        await group.reply()
        assert last_prompt(bot.ollama) == "And Java?"
        assert len(bot.ollama.asked("/api/chat")) == 2


async def test_a_name_that_only_begins_like_the_bots_is_somebody_else(tmp_path: Path) -> None:
    """Mentions go by Telegram's entities, not by what the text contains."""
    async with running(tmp_path) as bot:
        group = bot.telegram.group(GROUP)
        await bot.admin.say("@switchboard_bot2 what is Python?", group)
        await bot.admin.say("mail me at x@switchboard_bot", group)
        await bot.admin.ask("/help")
        assert group.sent == []


async def test_a_mention_without_a_question_is_asked_back(tmp_path: Path) -> None:
    """There is nothing to answer in a name alone."""
    async with running(tmp_path) as bot:
        group = bot.telegram.group(GROUP)
        await bot.admin.say("@switchboard_bot", group)
        (answer,) = await group.reply()
        assert answer.text == incoming.NOTHING_WRITTEN


async def test_topics_are_conversations_of_their_own(tmp_path: Path) -> None:
    """Each is answered in its place, and knows nothing of the others."""
    async with running(tmp_path) as bot:
        forum = bot.telegram.group(GROUP, forum=True)
        cars, birds = forum.topic("Cars"), forum.topic("Birds")
        for thread_id, question in (
            (cars, "@switchboard_bot what is a car?"),
            (birds, "@switchboard_bot what is a bird?"),
        ):
            await bot.admin.say(question, forum, thread_id=thread_id)
            (answer,) = await forum.reply(thread_id=thread_id)
            assert answer.thread_id == thread_id
        assert [message["role"] for message in chat_requests(bot.ollama)[-1]].count("user") == 1


async def test_the_opening_of_a_topic_is_no_reply_to_the_bot(tmp_path: Path) -> None:
    """Telegram lets every message of a topic "reply" to its opening, also where the bot opened it."""
    async with running(tmp_path) as bot:
        forum = bot.telegram.group(GROUP, forum=True)
        opening = forum.add(bot.telegram.world.bot, extra={"forum_topic_created": {"name": "Cars", "icon_color": 1}})
        forum.topics[opening.message_id] = "Cars"
        await bot.admin.say("Nice car.", forum, thread_id=opening.message_id, reply_to=opening)
        await bot.admin.ask("/help")
        assert bot.ollama.asked("/api/chat") == []


async def test_a_reply_to_somebody_brings_their_words_along(tmp_path: Path) -> None:
    """The model is told what the question is about."""
    async with running(tmp_path) as bot:
        group = bot.telegram.group(GROUP)
        theirs = await bot.stranger.say("The moon is\nmade of cheese.", group)
        await bot.admin.say("@switchboard_bot is that true?", group, reply_to=theirs)
        await group.reply()
        assert last_prompt(bot.ollama) == "> The moon is\n> made of cheese.\n\nis that true?"


# --- pictures and files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("caption", "asked"), [("Which bird?", "Which bird?"), ("", incoming.ABOUT_A_PICTURE)])
async def test_a_photo_goes_to_a_model_that_sees(tmp_path: Path, caption: str, asked: str) -> None:
    """The largest size is taken; without a caption it is asked what is in it."""
    seeing = says("A bird.")
    seeing.vision = True
    async with running(tmp_path, {"llava:7b": seeing}) as bot:
        await bot.admin.send_photo(PNG * 10, caption)
        (answer,) = await bot.admin.chat.reply()
        assert answer.text.startswith("A bird.")
        assert last_prompt(bot.ollama) == asked
        assert chat_requests(bot.ollama)[-1][-1]["images"]


async def test_a_picture_sent_as_a_file_is_a_picture(tmp_path: Path) -> None:
    """Its media type says so."""
    seeing = says("A bird.")
    seeing.vision = True
    async with running(tmp_path, {"llava:7b": seeing}) as bot:
        await bot.admin.send_document(PNG, "bird.png", "image/png", "Which bird?")
        (answer,) = await bot.admin.chat.reply()
        assert answer.text.startswith("A bird.")


async def test_a_picture_without_a_model_that_sees_is_said(tmp_path: Path) -> None:
    """Nobody pretends to have seen it."""
    async with running(tmp_path) as bot:
        await bot.admin.send_photo(PNG)
        (answer,) = await bot.admin.chat.reply()
        assert "ollama pull" in answer.text


async def test_a_question_about_somebodys_picture_brings_it_along(tmp_path: Path) -> None:
    """Replying to a picture with a question asks about the picture."""
    seeing = says("A bird.")
    seeing.vision = True
    async with running(tmp_path, {"llava:7b": seeing}) as bot:
        group = bot.telegram.group(GROUP)
        picture = await bot.stranger.send_photo(PNG, "Look!", group)
        await bot.admin.say("@switchboard_bot which bird?", group, reply_to=picture)
        await group.reply()
        assert last_prompt(bot.ollama) == "> Look!\n\nwhich bird?"
        assert chat_requests(bot.ollama)[-1][-1]["images"]


async def test_a_text_file_is_read(tmp_path: Path) -> None:
    """Its name and its content go to the model before the question, in a block that the content cannot end."""
    async with running(tmp_path) as bot:
        text = "# Notes\n```\ncode\n```\n"
        await bot.admin.send_document(text.encode("utf-8-sig"), "notes.md", "text/markdown", "What is this?")
        await bot.admin.chat.reply()
        assert last_prompt(bot.ollama) == f"notes.md:\n````\n{text}\n````\n\nWhat is this?"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
async def test_a_text_file_in_utf_16_is_read(tmp_path: Path, encoding: str) -> None:
    """Its byte order mark says what it is."""
    async with running(tmp_path) as bot:
        await bot.admin.send_document("\ufeffGrün 🙂".encode(encoding), "notes.txt", "text/plain", "What is this?")
        await bot.admin.chat.reply()
        assert last_prompt(bot.ollama) == "notes.txt:\n```\nGrün 🙂\n```\n\nWhat is this?"


async def test_a_picture_that_is_text_is_read_as_text(tmp_path: Path) -> None:
    """SVG is written like a web page."""
    async with running(tmp_path) as bot:
        await bot.admin.send_document(b"<svg/>", "dot.svg", "image/svg+xml", "What is this?")
        await bot.admin.chat.reply()
        assert "<svg/>" in last_prompt(bot.ollama)


async def test_a_file_without_a_caption_is_asked_about(tmp_path: Path) -> None:
    """The model gets a question all the same."""
    async with running(tmp_path) as bot:
        await bot.admin.send_document(b"x = 1", "x.py", "text/x-python")
        await bot.admin.chat.reply()
        assert last_prompt(bot.ollama).endswith(incoming.ABOUT_A_FILE)


async def test_a_text_of_100000_characters_is_said_to_be_too_long(tmp_path: Path) -> None:
    """It fits no model here, which a sentence says with the figures; the bot lives on."""
    async with running(tmp_path, MAX_MESSAGE_CHARACTERS="200000") as bot:
        words = ("the quick brown fox jumps over the lazy dog " * 2500)[:100_000]
        await bot.admin.send_document(words.encode(), "long.txt", "text/plain", "Sum it up")
        (answer,) = await bot.admin.chat.reply()
        assert "tokens" in answer.text
        (after,) = await bot.admin.ask(QUESTION)
        assert after.text.startswith("Hello you.")


@pytest.mark.parametrize(
    ("data", "name", "media_type", "why"),
    [
        (b"%PDF-1.7 \xff\xfe\x00", "book.pdf", "application/pdf", incoming.NOT_TEXT),
        (b"a\x00b", "nul.txt", "text/plain", incoming.NOT_TEXT),
        ("grün".encode("latin-1"), "latin.txt", "text/plain", incoming.NOT_TEXT),
        ("grün".encode("utf-16-le"), "unmarked.txt", "text/plain", incoming.NOT_TEXT),
        (b"\xff\xfe\x00", "half.txt", "text/plain", incoming.NOT_TEXT),
        (b"", "empty.txt", "text/plain", incoming.EMPTY),
        (b"\xef\xbb\xbf \n", "blank.txt", "text/plain", incoming.EMPTY),
        (b"", "empty.png", "image/png", incoming.EMPTY),
        (b"x" * (incoming.LARGEST_TEXT_BYTES + 1), "large.txt", "text/plain", incoming.TEXT_TOO_LARGE),
        (b"x" * (incoming.LARGEST_IMAGE_BYTES + 1), "large.png", "image/png", incoming.PICTURE_TOO_LARGE),
        (b"x" * (incoming.LARGEST_TEXT_BYTES + 1), "bird.heic", "image/heic", incoming.OTHER_PICTURE),
    ],
)
async def test_a_file_that_cannot_be_read_is_said(
    tmp_path: Path, data: bytes, name: str, media_type: str, why: str
) -> None:
    """One sentence says what is wrong with it, and what helps."""
    async with running(tmp_path) as bot:
        await bot.admin.send_document(data, name, media_type, "What is this?")
        (answer,) = await bot.admin.chat.reply()
        assert answer.text == why
        assert bot.ollama.asked("/api/chat") == []


async def test_a_file_that_telegram_does_not_hand_over_is_said(tmp_path: Path) -> None:
    """The person is asked to send it again."""
    async with running(tmp_path) as bot:
        bot.telegram.faults.refuse("wrong file_id", method="getFile")
        await bot.admin.send_document(b"x = 1", "x.py", "text/x-python")
        (answer,) = await bot.admin.chat.reply()
        assert "send it again" in answer.text


# --- bad input --------------------------------------------------------------------------------------------------------

LOCATION = {"location": {"longitude": 1.0, "latitude": 2.0}}
CONTACT = {"contact": {"phone_number": "1", "first_name": "Bob"}}
DICE = {"dice": {"emoji": "🎲", "value": 3}}
POLL = {
    "poll": {
        "id": "1",
        "question": "Why?",
        "options": [{"text": "So", "voter_count": 0, "persistent_id": "1"}],
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
        "type": "regular",
        "allows_multiple_answers": False,
        "allows_revoting": False,
        "members_only": False,
    }
}
VIDEO = {"video": {"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1, "duration": 1}}


async def test_a_sticker_and_a_voice_message_are_told_what_can_be_sent(tmp_path: Path) -> None:
    """They are no questions; one sentence says what is."""
    async with running(tmp_path) as bot:
        await bot.admin.send_sticker()
        (answer,) = await bot.admin.chat.reply()
        assert answer.text == incoming.WHAT_CAN_BE_READ
        await bot.admin.send_voice(b"voice")
        (answer,) = await bot.admin.chat.reply()
        assert answer.text == incoming.WHAT_CAN_BE_READ


@pytest.mark.parametrize("content", [LOCATION, CONTACT, DICE, POLL, VIDEO], ids=lambda content: next(iter(content)))
async def test_every_other_kind_of_message_is_told_so_too(tmp_path: Path, content: dict[str, object]) -> None:
    """Nothing is left without an answer."""
    async with running(tmp_path) as bot:
        bot.admin._send(None, extra=content)
        (answer,) = await bot.admin.chat.reply()
        assert answer.text == incoming.WHAT_CAN_BE_READ


async def test_what_telegram_says_by_itself_is_no_message(tmp_path: Path) -> None:
    """Somebody joins, something is pinned: the bot has nothing to say to it."""
    async with running(tmp_path) as bot:
        bot.admin._send(None, extra={"message_auto_delete_timer_changed": {"message_auto_delete_time": 60}})
        bot.admin._send(bot.telegram.group(GROUP), extra={"new_chat_members": [bot.member.as_json()]})
        await bot.admin.ask("/help")
        assert len(bot.admin.chat.sent) == 1
        assert bot.telegram.chat(GROUP).sent == []


async def test_control_characters_do_no_harm(tmp_path: Path) -> None:
    """They are taken out; what is left is the question."""
    async with running(tmp_path) as bot:
        (answer,) = await bot.admin.ask("What\x00 is\x1b[31m \x07Python?\x7f")
        assert answer.text.startswith("Hello you.")
        assert last_prompt(bot.ollama) == "What is[31m Python?"


async def test_a_message_of_nothing_but_control_characters_is_said_to_be_empty(tmp_path: Path) -> None:
    """There is nothing in it to answer."""
    async with running(tmp_path) as bot:
        (answer,) = await bot.admin.ask("\x00\x01\x02")
        assert answer.text == incoming.NOTHING_WRITTEN


@pytest.mark.parametrize(
    "text", ["*_[`~>#+-=|{}.!\\", "\ud83d", "e\u0301" * 2000, "🏳️‍🌈" * 300, "\u202eabc", "a\n" * 2000]
)
async def test_odd_text_is_answered_like_any_other(tmp_path: Path, text: str) -> None:
    """Markup, halves of characters, piles of marks, directions: all of it is only text."""
    async with running(tmp_path) as bot:
        (answer,) = await bot.admin.ask(text)
        assert answer.text.startswith("Hello you.")


# --- edits ------------------------------------------------------------------------------------------------------------


async def test_an_edited_question_is_not_answered_twice(tmp_path: Path) -> None:
    """One sentence says what became of it, and /retry takes the new version."""
    async with running(tmp_path) as bot:
        question = await bot.admin.say("What is Pyton?")
        await bot.admin.chat.reply()
        await bot.admin.edit(question, QUESTION)
        await bot.telegram.wait_for(lambda: chat.EDITED in bot.admin.chat.texts)
        assert len(bot.ollama.asked("/api/chat")) == 1
        await bot.admin.ask("/retry")
        assert last_prompt(bot.ollama) == QUESTION
        assert await bot.services.conversations.history(ConversationKey(ADMIN_ID)) != ()
        assert len(await bot.services.conversations.history(ConversationKey(ADMIN_ID))) == 2


async def test_an_edit_that_changes_no_word_is_nothing(tmp_path: Path) -> None:
    """Telegram also calls it an edit when a preview is added to a link."""
    async with running(tmp_path) as bot:
        question = await bot.admin.say(QUESTION)
        await bot.admin.chat.reply()
        await bot.admin.edit(question, QUESTION)
        await bot.member.ask("/help")
        await bot.member.ask(QUESTION)
        assert len(bot.admin.chat.sent) == 1


async def test_an_edit_of_an_older_message_is_nothing(tmp_path: Path) -> None:
    """What is past is past."""
    async with running(tmp_path) as bot:
        old = await bot.admin.say("What is Pyton?")
        await bot.admin.chat.reply()
        await bot.admin.ask(QUESTION)
        await bot.admin.edit(old, "What is C?")
        await bot.admin.ask("/help")
        assert chat.EDITED not in bot.admin.chat.texts
        assert len(bot.ollama.asked("/api/chat")) == 2


async def test_a_commands_answer_is_written_down_with_its_end(tmp_path: Path) -> None:
    """What a command says is in the outbox, sent and without its text, and its update has ended."""
    async with running(tmp_path) as bot:
        await bot.admin.ask("/why")
        await bot.services.database.flush()
        ((state, body, message_id),) = await bot.services.database.read("SELECT state, body, message_id FROM outbox")
        assert (state, body, message_id) == ("sent", "", bot.admin.chat.sent[-1].message_id)
        assert await bot.services.database.read("SELECT * FROM inbox WHERE state = 'waiting'") == []
