"""Nobody talks to the bot but those whom an admin has let in, and the first admin needs the terminal's code."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from handlers.access import REFUSAL, REFUSALS_REMEMBERED, SAID_OF_CODE, SECONDS_BETWEEN_REFUSALS, Access
from handlers.admin_code import WRONG_TRIES, AdminCode, Claim
from settings import Settings
from storage.database import Database
from storage.people import People, Role
from tests.bot_in_process import ADMIN_ID, MEMBER_ID, QUESTION, STRANGER_ID, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.bot_in_process import Running

NO_ADMIN: dict[str, Any] = {"ADMIN_USER_IDS": "", "ALLOWED_USER_IDS": ""}


def code_of(bot: Running) -> str:
    return next(line for line in bot.lines if line.strip().startswith("/start")).split()[-1]


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[People]:
    async with await Database.open(tmp_path / "test.db") as database:
        yield People(database)


async def settled(bot: Running) -> None:
    """Wait until the bot has dealt with everything: an answer to a later message of the admin's is the sign."""
    await bot.admin.ask("/help")


# --- the gate ---------------------------------------------------------------------------------------------------------


async def test_a_stranger_is_told_their_id_once(tmp_path: Path) -> None:
    """One polite line with the number that the owner needs, and nothing more however often they write."""
    async with running(tmp_path) as bot:
        (line,) = await bot.stranger.ask("Hello?")
        await bot.stranger.say("Hello??")
        await bot.stranger.send_photo(b"picture")
        await settled(bot)
        assert str(STRANGER_ID) in line.text
        assert len(bot.stranger.chat.sent) == 1
        assert bot.ollama.asked("/api/chat") == []


async def test_a_stranger_in_a_group_is_not_answered(tmp_path: Path) -> None:
    """Not even when the bot is named, commanded or replied to."""
    async with running(tmp_path) as bot:
        group = bot.telegram.group(-100)
        await bot.stranger.say("@switchboard_bot hello", group)
        await bot.stranger.say("/help", group)
        await settled(bot)
        assert group.sent == []


async def test_a_stranger_can_press_no_button(tmp_path: Path) -> None:
    """A button is an update like any other: the gate is in front of it too."""
    async with running(tmp_path) as bot:
        group = bot.telegram.group(-100)
        await bot.admin.say("/model", group)
        (screen,) = await group.reply()
        before = screen.texts[:]
        await bot.stranger.press(screen, "Qwen2.5 7B")
        await settled(bot)
        assert screen.texts == before
        assert bot.stranger.notices == []


async def test_who_writes_as_a_group_or_channel_is_nobody(tmp_path: Path) -> None:
    """An anonymous admin or a channel may be anyone, so even a known sender's id counts for nothing."""
    async with running(tmp_path) as bot:
        group = bot.telegram.group(-100)
        message = group.add(bot.admin.as_json(), text="/help", entities=[command_entity(5)])
        bot.telegram.world.post("message", {**message.as_json(), "sender_chat": group.as_json()})
        await settled(bot)
        assert group.sent == []


def command_entity(length: int) -> dict[str, object]:
    return {"type": "bot_command", "offset": 0, "length": length}


async def test_the_gate_stays_closed_when_something_goes_wrong_in_it(tmp_path: Path) -> None:
    """An error while a stranger is told off must not let the message through to the model."""
    async with running(tmp_path) as bot:
        bot.telegram.faults.refuse("something", times=2, method="sendMessage", chat_id=STRANGER_ID)
        await bot.stranger.say("What is Python?")
        await bot.telegram.wait_for(lambda: bot.telegram.called("sendMessage", STRANGER_ID))
        await settled(bot)
        assert bot.ollama.asked("/api/chat") == []
        assert bot.stranger.chat.sent == []


async def test_a_stranger_who_has_blocked_the_bot_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """They cannot be told anything, be it of a code or that they have no access."""
    async with running(tmp_path, **NO_ADMIN) as bot:
        bot.stranger.chat.refusal = "Forbidden: bot was blocked by the user"
        caplog.set_level(logging.INFO)
        for text in ("Hello?", "/start wrong"):
            await bot.stranger.say(text)
        await bot.telegram.wait_for(lambda: caplog.text.count("has blocked the bot") == 2)
        assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("user_id", [ADMIN_ID, MEMBER_ID])
async def test_those_in_the_settings_are_answered(tmp_path: Path, user_id: int) -> None:
    """ADMIN_USER_IDS and ALLOWED_USER_IDS are enough to talk."""
    async with running(tmp_path) as bot:
        (answer,) = await bot.telegram.user(user_id).ask(QUESTION)
        assert answer.text.startswith("Hello you.")


async def test_an_edit_by_a_stranger_is_nothing(tmp_path: Path) -> None:
    """The gate is for every kind of update."""
    async with running(tmp_path) as bot:
        message = await bot.stranger.say("one")
        await bot.stranger.edit(message, "two")
        await settled(bot)
        assert len(bot.stranger.chat.sent) == 1


# --- the first admin --------------------------------------------------------------------------------------------------


async def test_the_terminals_code_makes_the_admin(tmp_path: Path) -> None:
    """`/start CODE` opens the bot to its sender, with the admins' menu, and over a restart."""
    async with running(tmp_path, **NO_ADMIN) as bot:
        assert any(f"https://t.me/switchboard_bot?start={code_of(bot)}" in line for line in bot.lines)
        (welcome,) = await bot.stranger.ask(f"/start {code_of(bot)}")
        assert "admin" in welcome.text
        (answer,) = await bot.stranger.ask(QUESTION)
        assert answer.text.startswith("Hello you.")
        menus = bot.telegram.world.commands
        menu = await bot.telegram.wait_for(lambda: menus.get((f"chat:{STRANGER_ID}", "")))
        assert "people" in {command["command"] for command in menu}
    async with running(tmp_path, **NO_ADMIN) as again:
        (answer,) = await again.stranger.ask(QUESTION)
        assert answer.text.startswith("Hello you.")
        assert not any("start=" in line for line in again.lines)


async def test_the_code_works_once(tmp_path: Path) -> None:
    """Whoever comes second is a stranger."""
    async with running(tmp_path, **NO_ADMIN) as bot:
        await bot.stranger.ask(f"/start {code_of(bot)}")
        (line,) = await bot.member.ask(f"/start {code_of(bot)}")
        assert str(MEMBER_ID) in line.text
        assert await bot.services.people.find(MEMBER_ID) is None


async def test_the_code_is_for_private_chats(tmp_path: Path) -> None:
    """In a group everybody would read it, so it does nothing there."""
    async with running(tmp_path, **NO_ADMIN) as bot:
        await bot.stranger.say(f"/start {code_of(bot)}", bot.telegram.group(-100))
        await bot.member.ask("hello")
        assert not await bot.services.people.has_admin()


async def test_with_an_admin_there_is_no_code(tmp_path: Path) -> None:
    """The terminal shows none, and the one that exists does nothing."""
    async with running(tmp_path) as bot:
        assert not any("start=" in line for line in bot.lines)
        assert await bot.services.people.everyone() == ()


async def test_a_member_can_become_the_first_admin(tmp_path: Path) -> None:
    """Being allowed to talk is no hindrance."""
    async with running(tmp_path, ADMIN_USER_IDS="") as bot:
        (welcome,) = await bot.member.ask(f"/start {code_of(bot)}")
        assert "You are the admin now" in welcome.text
        person = await bot.services.people.find(MEMBER_ID)
        assert person
        assert person.role is Role.ADMIN


async def test_a_wrong_code_is_said_to_be_wrong(tmp_path: Path) -> None:
    """While nobody is admin, whoever has an old code learns where the newest one is, and may try again."""
    async with running(tmp_path, **NO_ADMIN) as bot:
        for _ in range(2):
            (told,) = await bot.stranger.ask("/start an-old-code")
            assert told.text == SAID_OF_CODE[Claim.WRONG]
        (welcome,) = await bot.stranger.ask(f"/start {code_of(bot)}")
        assert welcome.text == SAID_OF_CODE[Claim.ACCEPTED]
        (told,) = await bot.member.ask("/start an-old-code")
        assert told.text == REFUSAL.format(user_id=MEMBER_ID)


async def test_a_member_is_told_of_a_wrong_code_too(tmp_path: Path) -> None:
    """A greeting would let them think that they are the admin now."""
    async with running(tmp_path, ADMIN_USER_IDS="") as bot:
        (told,) = await bot.member.ask("/start an-old-code")
        assert told.text == SAID_OF_CODE[Claim.WRONG]


async def test_codes_cannot_be_guessed_on_and_on(tmp_path: Path) -> None:
    """The last wrong one says what helps; after it there is the refusal of every stranger, once."""
    async with running(tmp_path, **NO_ADMIN) as bot:
        told = [(await bot.stranger.ask("/start wrong"))[0].text for _ in range(WRONG_TRIES + 1)]
        assert told[WRONG_TRIES - 2 :] == [
            SAID_OF_CODE[Claim.WRONG],
            SAID_OF_CODE[Claim.LAST_WRONG],
            REFUSAL.format(user_id=STRANGER_ID),
        ]
        await bot.stranger.say(f"/start {code_of(bot)}")
        await bot.member.ask(f"/start {code_of(bot)}")
        assert len(bot.stranger.chat.sent) == WRONG_TRIES + 1
        assert await bot.services.people.find(STRANGER_ID) is None


def test_who_guesses_too_often_is_not_listened_to() -> None:
    """After some wrong tries even the right code is refused to the same person, and to nobody else."""
    code = AdminCode()
    tries = [code.take("wrong", 1) for _ in range(WRONG_TRIES)]
    assert tries == [Claim.WRONG] * (WRONG_TRIES - 1) + [Claim.LAST_WRONG]
    assert code.take(code.text, 1) is Claim.IGNORED
    assert code.take(code.text, 2) is Claim.ACCEPTED
    assert code.take(code.text, 3) is Claim.IGNORED


@pytest.mark.parametrize("given", ["ключ", "\ud83d", ""])
def test_a_code_in_other_letters_is_only_wrong(given: str) -> None:
    """Comparing does not fail on what is not ASCII, nor on half a character."""
    assert AdminCode().take(given, 1) is Claim.WRONG


async def test_a_failed_claim_gives_the_code_back(tmp_path: Path) -> None:
    """When the database refuses, the owner may try again with the same code."""
    async with await Database.open(tmp_path / "test.db") as database:
        people = People(database)
        await people.load()
        access = Access(Settings(), people)
    async with running(tmp_path, **NO_ADMIN) as bot:
        claimer = bot.stranger
        await bot.services.people._database.close()
        (line,) = await claimer.ask(f"/start {code_of(bot)}")
        assert "closed" in line.text
    assert await access.admin_ids() == frozenset()


# --- what is remembered -----------------------------------------------------------------------------------------------


async def test_a_stranger_is_told_again_after_a_day(people: People) -> None:
    """Once a day is the rule, person by person."""
    now = 0.0
    access = Access(Settings(), people, clock=lambda: now)
    assert access.may_refuse(1)
    assert access.may_refuse(2)
    assert not access.may_refuse(1)
    now = SECONDS_BETWEEN_REFUSALS
    assert access.may_refuse(1)


async def test_strangers_without_number_take_no_memory_without_end(people: People) -> None:
    """Those told longest ago are forgotten."""
    access = Access(Settings(), people, clock=lambda: 0.0)
    for user_id in range(REFUSALS_REMEMBERED + 50):
        access.may_refuse(user_id)
    assert len(access._refused_at) == REFUSALS_REMEMBERED
    assert not access.may_refuse(REFUSALS_REMEMBERED + 49)


async def test_two_claims_at_once_make_one_admin(people: People) -> None:
    """The code is used up before the database is asked."""
    from telegram import User  # noqa: PLC0415 - only here

    access = Access(Settings(), people)
    users = [User(number, f"User {number}", is_bot=False) for number in range(1, 6)]
    claimed = await asyncio.gather(*(access.claim(user, access.code.text) for user in users))
    assert claimed.count(Claim.ACCEPTED) == 1
    assert len(await people.everyone()) == 1
