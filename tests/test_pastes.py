"""The pieces into which Telegram's clients cut a long text become one message again, and nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from telegram import MessageEntity

from handlers.pastes import MOST_TIMES_TOO_LONG, Paste
from tests.bot_in_process import SMALL, chat_requests, last_prompt, running, says
from tests.updates import NOW, Sender, message_of

if TYPE_CHECKING:
    from pathlib import Path

LONG, LONGEST = "a" * 4000, "b" * 4096


@pytest.fixture
def ada() -> Sender:
    return Sender()


def paste_of(ada: Sender, *texts: str, most_characters: int = 100_000) -> Paste:
    """A paste of messages that all belong to it."""
    first, *later = (ada.update(text) for text in texts)
    paste = Paste(first, most_characters)
    assert [paste.take(update) for update in later] == [True] * len(later)
    return paste


# --- what is joined ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "whole"),
    [
        ((LONG, "the end"), f"{LONG}\nthe end"),
        ((LONGEST, "the end"), f"{LONGEST}the end"),
        ((LONGEST, LONG, LONGEST, "the end"), f"{LONGEST}{LONG}\n{LONGEST}the end"),
        ((LONG, LONGEST), f"{LONG}\n{LONGEST}"),
        (("😀" * 2048, "the end"), "😀" * 2048 + "the end"),
    ],
)
def test_pieces_are_joined_where_they_were_cut(ada: Sender, texts: tuple[str, ...], whole: str) -> None:
    """A piece as long as a message can be was cut in mid-text; a shorter one at the end of a line."""
    assert message_of(paste_of(ada, *texts).whole()).text == whole


def test_the_whole_is_the_first_update_with_more_text(ada: Sender) -> None:
    """It has the first one's ids, sender, chat and bot, and says which other updates it stands for."""
    paste = paste_of(ada, LONGEST, LONGEST, "the end")
    whole = paste.whole()
    message = message_of(whole)
    assert (whole.update_id, message.message_id, message.chat.id) == (1, 1, 42)
    assert (message.from_user and message.from_user.id, message.date.timestamp()) == (42, NOW)
    assert message.get_bot() is ada.bot
    assert paste.later_ids == (2, 3)


def test_mentions_stay_on_their_words(ada: Sender) -> None:
    """Entities move along with their piece, counted as Telegram counts: an emoji is two."""
    first = "😀@ada " + "c" * 4000
    paste = paste_of(ada, first, "d" * 4096, "and @bob too")
    message = message_of(paste.whole())
    assert list(message.parse_entities([MessageEntity.MENTION]).values()) == ["@ada", "@bob"]


def test_of_what_is_refused_no_entity_is_kept(ada: Sender) -> None:
    """Far beyond what may be asked nothing is looked for, lest somebody keep the bot busy with that."""
    message = message_of(paste_of(ada, *["@ada " + "c" * 4091] * 8, most_characters=8192).whole())
    assert len(message.entities) == 5  # those of the first 16,384 characters and of the piece that begins there


def test_a_message_by_itself_stays_as_it_came(ada: Sender) -> None:
    """Without a second piece it is the very same update."""
    update = ada.update(LONG)
    assert Paste(update, 100_000).whole() is update


# --- what is not ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["a" * 3999, "/ask " + LONG, "", "😀" * 1999])
def test_only_a_long_text_can_go_on(ada: Sender, text: str) -> None:
    """A short message is complete, and so is a command."""
    assert not Paste(ada.update(text), 100_000).is_open


def test_an_edit_and_a_button_are_no_pastes(ada: Sender) -> None:
    """Only a new message can be the first piece."""
    assert not Paste(ada.update(LONG, kind="edited_message"), 100_000).is_open
    paste = Paste(ada.update(LONG), 100_000)
    assert not paste.take(ada.update("x", kind="edited_message"))
    assert not paste.take(None)


def test_a_short_piece_is_the_last(ada: Sender) -> None:
    """What comes after it is a message of its own."""
    paste = paste_of(ada, LONG, "the end")
    assert not paste.is_open
    assert not paste.take(ada.update("What is that?"))


@pytest.mark.parametrize(
    "other",
    [
        {"text": "/new"},
        {"date": NOW + 3},
        {"user_id": 43},
        {"reply_to_message": {"message_id": 7, "date": NOW, "chat": {"id": 42, "type": "private"}}},
        {"quote": {"text": "x", "position": 0}},
        {"text": "", "caption": "x", "photo": [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]},
        {"forward_origin": {"type": "hidden_user", "sender_user_name": "Eve", "date": NOW}},
    ],
)
def test_what_is_no_piece_is_not_joined(ada: Sender, other: dict[str, object]) -> None:
    """A command, a later message, one by somebody else, a reply, a picture or a forward stands for itself."""
    paste = Paste(ada.update(LONG), 100_000)
    assert not paste.take(ada.update(**other))  # type: ignore[arg-type]
    assert paste.later_ids == ()


def test_pieces_in_a_forum_topic_are_no_replies(ada: Sender) -> None:
    """Telegram has every message of a topic reply to its opening."""
    opening = {"message_id": 7, "date": NOW, "chat": {"id": -100, "type": "supergroup"}}
    opening["forum_topic_created"] = {"name": "Songs", "icon_color": 0}
    paste = Paste(ada.update(LONG, -100, thread_id=7, reply_to_message=opening), 100_000)
    assert paste.take(ada.update("the end", -100, thread_id=7, reply_to_message=opening))


def test_a_paste_that_has_no_end_is_cut(ada: Sender) -> None:
    """More than is needed to refuse it as a whole is not collected."""
    most_characters = 5000
    paste = Paste(ada.update(LONGEST), most_characters)
    taken = 0
    while paste.take(ada.update(LONGEST)):
        taken += 1
    assert taken == MOST_TIMES_TOO_LONG * most_characters // 4096


# --- in the running bot -----------------------------------------------------------------------------------------------


async def test_a_long_paste_is_one_question(tmp_path: Path) -> None:
    """The model is asked once, with all of it, and there is one answer."""
    lines = "".join(f"Line {number} of what I have pasted here.\n" for number in range(300)).strip()
    async with running(tmp_path, {SMALL: says("It has 300 lines.")}) as bot:
        await bot.admin.paste(lines)
        await bot.admin.chat.reply()
        assert len(chat_requests(bot.ollama)) == 1
        assert last_prompt(bot.ollama) == lines
        assert len(bot.admin.chat.sent) == 1


async def test_a_paste_that_is_too_long_is_refused_once(tmp_path: Path) -> None:
    """Its last piece alone would fit, and is no question by itself."""
    async with running(tmp_path, MAX_MESSAGE_CHARACTERS="5000") as bot:
        await bot.admin.paste("x" * 20_000)
        (told,) = await bot.admin.chat.reply()
        assert "20,000 characters" in told.text
        assert chat_requests(bot.ollama) == []
