"""The double of Telegram is proved against python-telegram-bot's own Bot class."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    MessageEntity,
    ReplyParameters,
    Update,
)
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut

from tests.telegram_faults import Limits
from tests.telegram_server import TOKEN, TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytest_plugins = ("tests.telegram_fixtures",)

FOX = "The quick brown fox"


def bot_for(server: TelegramServer, token: str = TOKEN) -> Bot:
    return Bot(token, base_url=f"{server.url}/bot", base_file_url=f"{server.url}/file/bot")


@pytest.fixture
async def bot(server: TelegramServer) -> AsyncIterator[Bot]:
    async with bot_for(server) as bot:
        yield bot


async def updates_of(bot: Bot, **given: Any) -> list[Any]:
    """What a poll returns; most of an Update's fields may be None, and a test that is wrong about one fails anyway."""
    return list(await bot.get_updates(**given))


def button(label: str = "Stop", data: str = "stop") -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=data)]])


# --- tokens -----------------------------------------------------------------------------------------------------------


async def test_getme_introduces_the_bot(server: TelegramServer, bot: Bot) -> None:
    """The right token is answered with the bot's own name."""
    assert (await bot.get_me()).username == "switchboard_bot"
    assert await bot.delete_webhook()


async def test_a_wrong_token_is_unauthorized(server: TelegramServer) -> None:
    """A token of the right shape that nobody was given is refused with 401, a malformed one with 404."""
    for token, reason in (("999:XYZ", "Unauthorized"), ("nonsense", "Not Found")):
        bot = bot_for(server, token)
        with pytest.raises(InvalidToken) as caught:
            await bot.initialize()
        assert reason in str(caught.value.__cause__)
        await bot.shutdown()


# --- polling ----------------------------------------------------------------------------------------------------------


async def test_updates_wait_until_they_are_acknowledged(server: TelegramServer, bot: Bot) -> None:
    """Updates are handed out again until an offset says that they have been read."""
    ada = server.user(42, "Ada")
    await ada.say("/start now")
    await ada.say("hello")
    first = await updates_of(bot)
    again = await updates_of(bot, limit=1)
    assert [update.message.text for update in first if update.message] == ["/start now", "hello"]
    assert again[0].update_id == first[0].update_id
    assert (first[0].message.entities[0].type, first[0].message.entities[0].length) == ("bot_command", 6)
    rest = await updates_of(bot, offset=first[0].update_id + 1)
    assert [update.update_id for update in rest] == [first[1].update_id]
    assert await updates_of(bot, offset=first[1].update_id + 1) == []


async def test_a_long_poll_ends_when_something_arrives(server: TelegramServer, bot: Bot) -> None:
    """A poll that waits returns with the update as soon as there is one."""
    poll = asyncio.create_task(updates_of(bot, timeout=30))
    await asyncio.sleep(0.05)
    assert not poll.done()
    await server.user(42).say("wake up")
    async with asyncio.timeout(5):
        assert (await poll)[0].message.text == "wake up"


async def test_two_pollers_are_one_too_many(server: TelegramServer, bot: Bot) -> None:
    """A second poller ends the first one with 409."""
    first = asyncio.create_task(bot.get_updates(timeout=30))
    await asyncio.sleep(0.1)
    async with bot_for(server) as rival:
        await rival.get_updates(timeout=0)
    with pytest.raises(Conflict, match=r"terminated by other getUpdates"):
        await first


async def test_only_the_kinds_asked_for_are_sent(server: TelegramServer, bot: Bot) -> None:
    """The list of allowed updates is remembered from one poll to the next."""
    ada = server.user(42, "Ada")
    await updates_of(bot, allowed_updates=[Update.MESSAGE])
    message = await ada.say("one")
    await ada.edit(message, "two")
    assert [update.edited_message for update in await updates_of(bot)] == [None]
    await updates_of(bot, allowed_updates=[Update.MESSAGE, Update.EDITED_MESSAGE])
    await ada.edit(message, "three")
    assert (await updates_of(bot))[-1].edited_message.text == "three"


async def test_people_can_do_what_people_do(server: TelegramServer, bot: Bot) -> None:
    """Photos, voice messages, documents, stickers, reactions and blocks arrive in Telegram's shapes."""
    await updates_of(bot, allowed_updates=["message", "message_reaction", "my_chat_member"])
    ada = server.user(42, "Ada", username="ada_l")
    photo = await ada.send_photo(b"\xff\xd8" + b"x" * 100, "look at @switchboard_bot")
    await ada.send_voice(b"OggS")
    await ada.send_document(b"%PDF", "a.pdf", "application/pdf")
    await ada.send_sticker()
    await ada.react(photo, "👍")
    await ada.block()
    updates = await updates_of(bot)
    assert updates[0].message.photo[-1].width == 800
    assert updates[0].message.caption_entities[0].type == "mention"
    assert updates[1].message.voice.mime_type == "audio/ogg"
    assert updates[2].message.document.file_name == "a.pdf"
    assert updates[3].message.sticker.emoji == "👍"
    assert updates[4].message_reaction.new_reaction[0].emoji == "👍"
    assert updates[5].my_chat_member.new_chat_member.status == "kicked"
    data = await (await bot.get_file(updates[0].message.photo[-1].file_id)).download_as_bytearray()
    assert bytes(data) == b"\xff\xd8" + b"x" * 100


async def test_a_forum_keeps_its_topics_apart(server: TelegramServer, bot: Bot) -> None:
    """Messages in a topic carry its thread id, and answers go to topics that exist."""
    forum = server.group(-100, "Band", forum=True)
    topic = forum.topic("Songs")
    question = await server.user(42).say("@switchboard_bot hi", forum, thread_id=topic)
    update = (await updates_of(bot))[0]
    assert (update.message.message_thread_id, update.message.is_topic_message) == (topic, True)
    await bot.send_message(-100, "hi", message_thread_id=topic, reply_parameters=ReplyParameters(question.message_id))
    answer = (await forum.reply(thread_id=topic, quiet_seconds=0))[0]
    assert (answer.thread_id, answer.reply_to) == (topic, question)
    with pytest.raises(BadRequest, match=r"(?i)message thread not found"):
        await bot.send_message(-100, "hi", message_thread_id=999)


# --- sending and editing ----------------------------------------------------------------------------------------------


async def test_a_message_is_sent_edited_and_deleted(server: TelegramServer, bot: Bot) -> None:
    """The chat shows the current text, entities and buttons, and remembers the earlier texts."""
    chat = server.user(42).chat
    sent = await bot.send_message(
        42, "one", reply_markup=button(), link_preview_options=LinkPreviewOptions(is_disabled=True)
    )
    assert chat.sent[0].growing
    assert chat.sent[0].link_preview_disabled
    await bot.edit_message_text("two", 42, sent.message_id)
    assert (chat.texts, chat.sent[0].texts, chat.sent[0].buttons) == (["two"], ["one", "two"], [])
    await bot.edit_message_reply_markup(42, sent.message_id, reply_markup=button("Again"))
    assert chat.sent[0].buttons == ["Again"]
    await bot.delete_message(42, sent.message_id)
    assert chat.sent == []
    with pytest.raises(BadRequest, match=r"(?i)message to edit not found"):
        await bot.edit_message_text("three", 42, sent.message_id)
    with pytest.raises(BadRequest, match=r"(?i)message to delete not found"):
        await bot.delete_message(42, sent.message_id)


async def test_markup_is_read_by_telegrams_own_parser(server: TelegramServer, bot: Bot) -> None:
    """Good MarkdownV2 becomes text and entities; bad MarkdownV2 is refused with Telegram's words."""
    chat = server.user(42).chat
    sent = await bot.send_message(42, "*bold* and `code`\\.", parse_mode="MarkdownV2")
    assert sent.text == "bold and code."
    assert [entity.type for entity in sent.entities] == [MessageEntity.BOLD, MessageEntity.CODE]
    with pytest.raises(BadRequest, match=r"(?i).an't parse entities"):
        await bot.send_message(42, "a.b*", parse_mode="MarkdownV2")
    assert chat.texts == ["bold and code."]


async def test_entities_are_taken_as_sent(server: TelegramServer, bot: Bot) -> None:
    """Entities beside a plain text are kept, moved along when white space is trimmed."""
    chat = server.user(42).chat
    await bot.send_message(42, "  bold", entities=[MessageEntity(MessageEntity.BOLD, 2, 4)])
    assert (chat.texts, chat.sent[0].entities) == (["bold"], [{"type": "bold", "offset": 0, "length": 4}])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "essage text is empty"),
        ("  \n", "ext must be non-empty"),
        ("x" * 4097, "essage is too long"),
        ("😀" * 2049, "essage is too long"),
        ("x" * 40_000, "essage is too long"),
    ],
)
async def test_what_cannot_be_a_message_is_refused(server: TelegramServer, bot: Bot, text: str, reason: str) -> None:
    """Nothing visible and more than 4096 UTF-16 units are refused."""
    server.user(42)
    with pytest.raises(BadRequest, match=reason):
        await bot.send_message(42, text)


async def test_the_length_counts_after_parsing(server: TelegramServer, bot: Bot) -> None:
    """Escapes do not count towards the 4096."""
    chat = server.user(42).chat
    await bot.send_message(42, "\\." * 4096, parse_mode="MarkdownV2")
    assert len(chat.texts[0]) == 4096


async def test_an_edit_must_change_something(server: TelegramServer, bot: Bot) -> None:
    """The same text with the same buttons is refused; the same text with other buttons is not."""
    server.user(42)
    sent = await bot.send_message(42, FOX, reply_markup=button())
    with pytest.raises(BadRequest, match=r"essage is not modified"):
        await bot.edit_message_text(FOX, 42, sent.message_id, reply_markup=button())
    await bot.edit_message_text(FOX, 42, sent.message_id)
    with pytest.raises(BadRequest, match=r"essage is not modified"):
        await bot.edit_message_reply_markup(42, sent.message_id)


async def test_other_peoples_messages_stay_theirs(server: TelegramServer, bot: Bot) -> None:
    """The bot cannot edit what a person wrote."""
    question = await server.user(42).say("mine")
    with pytest.raises(BadRequest, match=r"(?i)message can't be edited"):
        await bot.edit_message_text("yours", 42, question.message_id)


async def test_a_reply_needs_its_message(server: TelegramServer, bot: Bot) -> None:
    """A reply to a missing message is refused unless it may go without."""
    chat = server.user(42).chat
    with pytest.raises(BadRequest, match=r"(?i)message to be replied not found"):
        await bot.send_message(42, FOX, reply_parameters=ReplyParameters(99))
    await bot.send_message(42, FOX, reply_parameters=ReplyParameters(99, allow_sending_without_reply=True))
    assert chat.sent[0].reply_to is None


async def test_strangers_and_blockers_get_nothing(server: TelegramServer, bot: Bot) -> None:
    """An unknown chat is a 400, a chat whose person blocked the bot a 403."""
    with pytest.raises(BadRequest, match=r"hat not found"):
        await bot.send_message(7, FOX)
    await server.user(42).block()
    with pytest.raises(Forbidden, match=r"blocked by the user"):
        await bot.send_message(42, FOX)


async def test_button_data_is_at_most_64_bytes(server: TelegramServer, bot: Bot) -> None:
    """One byte more is refused."""
    server.user(42)
    await bot.send_message(42, FOX, reply_markup=button(data="x" * 64))
    with pytest.raises(BadRequest, match=r"(?i).utton_data_invalid"):
        await bot.send_message(42, FOX, reply_markup=button(data="x" * 65))


async def test_a_pressed_button_is_answered_once(server: TelegramServer, bot: Bot) -> None:
    """A callback query arrives with its data; its answer reaches the person; a second answer is refused."""
    ada = server.user(42, "Ada")
    await bot.send_message(42, FOX, reply_markup=button(data="stop:1"))
    await ada.press(ada.chat.sent[0], "Stop")
    query = (await updates_of(bot))[0].callback_query
    assert (query.data, query.from_user.id, query.message.text) == ("stop:1", 42, FOX)
    await bot.answer_callback_query(query.id, "Stopped.")
    assert ada.notices == [{"text": "Stopped.", "show_alert": False}]
    with pytest.raises(BadRequest, match=r"(?i)query is too old"):
        await bot.answer_callback_query(query.id)


async def test_actions_drafts_and_reactions_are_kept(server: TelegramServer, bot: Bot) -> None:
    """Typing, streamed drafts (private only) and the bot's reactions can be looked at."""
    chat = server.user(42).chat
    question = await server.user(42).say("hi")
    server.group(-100)
    await bot.send_chat_action(42, "typing")
    await bot.send_message_draft(42, 7, "gro")
    await bot.send_message_draft(42, 7, "growing")
    await bot.set_message_reaction(42, question.message_id, "👀")
    assert [action for _, action, _ in chat.actions] == ["typing"]
    assert chat.drafts == {7: ["gro", "growing"]}
    assert question.reactions[0]["emoji"] == "👀"
    with pytest.raises(BadRequest, match=r"(?i).extdraft_peer_invalid"):
        await bot.send_message_draft(-100, 7, "growing")
    with pytest.raises(BadRequest):
        await bot.send_chat_action(42, "dancing")


async def test_commands_are_kept_by_scope_and_language(server: TelegramServer, bot: Bot) -> None:
    """Each scope and language has a list of its own."""
    server.user(42)
    await bot.set_my_commands([BotCommand("help", "What I can do")])
    await bot.set_my_commands([BotCommand("stats", "Figures")], scope=BotCommandScopeChat(42), language_code="de")
    assert [c.command for c in await bot.get_my_commands()] == ["help"]
    assert [c.command for c in await bot.get_my_commands(BotCommandScopeChat(42), "de")] == ["stats"]
    await bot.delete_my_commands()
    assert await bot.get_my_commands() == ()
    with pytest.raises(BadRequest, match=r"hat not found"):
        await bot.set_my_commands([BotCommand("stats", "Figures")], scope=BotCommandScopeChat(7))
    with pytest.raises(BadRequest, match=r"(?i).ot_command_invalid"):
        await bot.set_my_commands([BotCommand("Not-Good", "Figures")])


async def test_chats_and_members_can_be_looked_up(server: TelegramServer, bot: Bot) -> None:
    """GetChat and getChatMember answer for those who are there."""
    server.user(42, "Ada")
    server.group(-100, "Band")
    assert (await bot.get_chat(-100)).title == "Band"
    assert (await bot.get_chat_member(-100, 42)).user.first_name == "Ada"
    with pytest.raises(BadRequest):
        await bot.get_chat_member(-100, 7)


# --- faults -----------------------------------------------------------------------------------------------------------


async def test_a_scripted_flood_hits_its_chat_alone(server: TelegramServer, bot: Bot) -> None:
    """The next calls to the flooded chat get 429 with retry_after; other chats are served."""
    server.user(42)
    server.user(43)
    server.faults.flood(2, 17, chat_id=42)
    for _ in range(2):
        with pytest.raises(RetryAfter) as caught:
            await bot.send_message(42, FOX)
        assert caught.value._retry_after.total_seconds() == 17
        await bot.send_message(43, FOX)
    await bot.send_message(42, FOX)
    assert [call.status for call in server.called("sendMessage", 42)] == [429, 429, 200]


async def test_the_limiter_refuses_what_is_too_much(server: TelegramServer, bot: Bot) -> None:
    """With limits on, a burst passes and the next message has to wait; typing has a budget of its own."""
    server.user(42)
    server.faults.limits = Limits(burst=2, burst_seconds=30)
    await bot.send_message(42, FOX)
    await bot.send_message(42, FOX)
    with pytest.raises(RetryAfter):
        await bot.send_message(42, FOX)
    await bot.send_chat_action(42, "typing")


async def test_a_group_takes_twenty_a_minute(server: TelegramServer, bot: Bot) -> None:
    """The 21st message within a minute is refused in a group and passes in a private chat."""
    server.user(42)
    server.group(-100)
    server.faults.limits = Limits(burst=100, burst_seconds=1, bot_count=100)
    for _ in range(20):
        await bot.send_message(-100, FOX)
        await bot.send_message(42, FOX)
    await bot.send_message(42, FOX)
    with pytest.raises(RetryAfter):
        await bot.send_message(-100, FOX)


async def test_the_whole_bot_takes_thirty_a_second(server: TelegramServer, bot: Bot) -> None:
    """The 31st message within a second is refused, whichever chat it goes to."""
    server.faults.limits = Limits(bot_seconds=60)
    for user_id in range(1, 32):
        server.user(user_id)
    for user_id in range(1, 31):
        await bot.send_message(user_id, FOX)
    with pytest.raises(RetryAfter):
        await bot.send_message(31, FOX)


async def test_private_chats_share_their_numbers(server: TelegramServer) -> None:
    """A message in one private chat or basic group takes its id from all of them; a supergroup counts on its own."""
    ada, bob = server.user(42), server.user(43)
    group, supergroup = server.group(-7), server.group(-1_000_000_000_007)
    said = [await ada.say("a"), await bob.say("b"), await ada.say("c", group), await ada.say("d", supergroup)]
    assert [message.message_id for message in said] == [1, 2, 3, 1]


async def test_what_a_gateway_hides_was_done(server: TelegramServer, bot: Bot) -> None:
    """The message is there although the answer was an error page."""
    chat = server.user(42).chat
    server.faults.fail_after()
    with pytest.raises(NetworkError):
        await bot.send_message(42, FOX)
    assert chat.texts == [FOX]


async def test_gateways_fail_and_connections_drop(server: TelegramServer, bot: Bot) -> None:
    """A 502 page and a dropped connection are network errors, and nothing was sent."""
    chat = server.user(42).chat
    server.faults.fail(1, status=502)
    server.faults.drop(1)
    for _ in range(2):
        with pytest.raises(NetworkError):
            await bot.send_message(42, FOX)
    assert chat.sent == []
    await bot.send_message(42, FOX)
    assert chat.texts == [FOX]


async def test_a_lost_answer_leaves_the_message_there(server: TelegramServer, bot: Bot) -> None:
    """The call times out although the message was sent."""
    chat = server.user(42).chat
    server.faults.lose_answer(method="sendMessage")
    with pytest.raises(TimedOut):
        await bot.send_message(42, FOX, read_timeout=0.2)
    assert chat.texts == [FOX]
    assert (await server.wait_for(lambda: server.called("sendMessage")))[0].status == 0


async def test_slow_answers_come_late(server: TelegramServer, bot: Bot) -> None:
    """The call succeeds after the scripted time."""
    server.user(42)
    server.faults.slow(0.2, method="sendMessage")
    started = time.monotonic()
    await bot.send_message(42, FOX)
    assert time.monotonic() - started >= 0.2


async def test_a_scripted_refusal_uses_the_words_given(server: TelegramServer, bot: Bot) -> None:
    """A test can have any call refused in any words."""
    server.user(42)
    server.faults.refuse("can't parse entities: because", method="sendMessage")
    with pytest.raises(BadRequest, match=r"because"):
        await bot.send_message(42, FOX)


async def test_a_reply_is_over_when_the_stop_button_is_gone(server: TelegramServer, bot: Bot) -> None:
    """Waiting for a reply outlasts the growing message and returns the final texts."""
    ada = server.user(42)

    async def answer() -> None:
        growing = await bot.send_message(42, "The", reply_markup=button())
        await asyncio.sleep(0.5)
        await bot.edit_message_text(FOX, 42, growing.message_id)

    task = asyncio.create_task(answer())
    assert [message.text for message in await ada.ask("Which fox?")] == [FOX]
    await task


# --- as a process -----------------------------------------------------------------------------------------------------


async def test_the_double_runs_as_a_process() -> None:
    """Another process can inject messages and read answers over the control endpoints."""
    command = [sys.executable, "-m", "tests.telegram_server", "--control", "--token", TOKEN]
    root = Path(__file__).parent.parent
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, cwd=root, env={**os.environ}
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            url = json.loads(await process.stdout.readline())["url"]
            await converse(url)
    finally:
        process.terminate()
        await process.wait()


async def converse(url: str) -> None:
    async with aiohttp.ClientSession(url) as session, Bot(TOKEN, base_url=f"{url}/bot") as bot:
        await session.post("/control/say", json={"user_id": 42, "text": "hi"})
        assert (await updates_of(bot))[0].message.text == "hi"
        await bot.send_message(42, "hello", reply_markup=button())
        async with session.get("/control/messages", params={"chat_id": 42}) as response:
            hi, hello = await response.json()
        assert (hi["text"], hello["text"], hello["growing"]) == ("hi", "hello", True)
        pressing = {"user_id": 42, "chat_id": 42, "message_id": hello["message_id"], "label": "Stop"}
        await session.post("/control/press", json=pressing)
        assert (await updates_of(bot))[-1].callback_query.data == "stop"
        await session.post("/control/flood", json={"times": 1, "retry_after": 3, "chat_id": 42})
        with pytest.raises(RetryAfter):
            await bot.send_message(42, "again")
        async with session.get("/control/calls", params={"method": "sendMessage"}) as response:
            assert [call["status"] for call in await response.json()] == [200, 429]
