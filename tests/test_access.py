"""Nobody talks to the bot but those whom an admin has let in, and the first admin needs the terminal's code."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from telegram import Bot, Update, User
from telegram.ext import ApplicationHandlerStop

from handlers.access import REFUSAL, REFUSALS_REMEMBERED, SAID_OF_CODE, SECONDS_BETWEEN_REFUSALS, Access, gate
from handlers.admin_code import PEOPLE_COUNTED, WRONG_TRIES, AdminCode, Claim
from settings import Settings
from storage.database import Database
from storage.people import People, Role
from tests.bot_in_process import ADMIN_ID, MEMBER_ID, QUESTION, SMALL, STRANGER_ID, running, says
from tests.telegram_server import TOKEN, TelegramServer
from tests.update_kinds import KINDS, UNKNOWN_KINDS, a_chat, a_message, a_user, raw_update

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.bot_in_process import Running
    from tests.telegram_server import Call
    from tests.telegram_world import Json

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


async def calls_after(bot: Running, *updates: Json) -> list[Call]:
    """What the bot asks of Telegram because of these updates, wanted or not."""
    before, world = len(bot.telegram.calls), bot.telegram.world
    world.updates += [{**update, "update_id": next(world._update_ids)} for update in updates]
    world.arrived.set()
    await settled(bot)
    made = [call for call in bot.telegram.calls[before:] if call.method not in {"getUpdates", "setMyCommands"}]
    return [call for call in made if call.given.get("chat_id") != ADMIN_ID]


@dataclass
class Door:
    """As much of the front as the gate needs."""

    access: Access
    bot: Bot


async def passes(door: Door, update: Json) -> bool:
    """Whether the gate lets an update through."""
    parsed = Update.de_json(update, door.bot)
    try:
        await gate(door, parsed)  # type: ignore[arg-type]  # it is asked for nothing else
    except ApplicationHandlerStop:
        return False
    return True


@pytest.fixture
def door(people: People) -> Door:
    """A gate that cannot reach Telegram: an attempt to say anything fails."""
    everybody = frozenset({MEMBER_ID, *NOBODIES})
    settings = Settings(admin_user_ids=frozenset({ADMIN_ID}), allowed_user_ids=everybody)
    return Door(Access(settings, people), Bot(TOKEN, base_url="http://127.0.0.1:1/bot"))


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


@pytest.mark.parametrize("kind", KINDS)
def test_the_kinds_of_these_tests_are_telegrams(kind: str) -> None:
    """The library reads them as what they are called; the ones it does not know are left."""
    assert getattr(Update.de_json(raw_update(kind, a_user(STRANGER_ID), a_chat(-100)), None), kind) is not None
    assert KINDS.keys() == set(Update.ALL_TYPES)
    assert not UNKNOWN_KINDS & KINDS.keys()


async def test_a_stranger_gets_nothing_in_a_group_for_any_kind_of_update(tmp_path: Path) -> None:
    """Not a call is made for them, be the update of a kind that the bot never asked for or that nobody knows."""
    async with running(tmp_path) as bot:
        chat = bot.telegram.group(-100).as_json()
        updates = [raw_update(kind, bot.stranger.as_json(), chat) for kind in [*KINDS, *UNKNOWN_KINDS]]
        assert await calls_after(bot, *updates) == []


async def test_a_stranger_is_refused_once_among_all_kinds(tmp_path: Path) -> None:
    """Private chats included: what they write gets one line in all, what they press or change gets none."""
    async with running(tmp_path) as bot:
        chat = bot.stranger.chat.as_json()
        updates = [raw_update(kind, bot.stranger.as_json(), chat) for kind in [*KINDS, *UNKNOWN_KINDS, *KINDS]]
        (refusal,) = await calls_after(bot, *updates)
        assert (refusal.method, refusal.given["text"]) == ("sendMessage", REFUSAL.format(user_id=STRANGER_ID))


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_only_what_is_answered_passes_the_gate(door: Door, kind: str) -> None:
    """Even of those with access: what nothing here deals with goes no further."""
    answered = {"message", "edited_message", "callback_query"}
    assert await passes(door, raw_update(kind, a_user(MEMBER_ID), a_chat(-100))) == (kind in answered)
    assert not await passes(door, raw_update(kind, a_user(STRANGER_ID), a_chat(-100)))


NOBODIES: dict[int, Json] = {
    777000: {"is_bot": False, "first_name": "Telegram"},
    1087968824: {"is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"},
    136817688: {"is_bot": True, "first_name": "Channel", "username": "Channel_Bot"},
    5555: {"is_bot": True, "first_name": "Another bot"},
}


@pytest.mark.parametrize("kind", ["message", "edited_message", "callback_query"])
@pytest.mark.parametrize("nobody", NOBODIES)
async def test_bots_and_those_behind_whom_anybody_may_be_are_nobody(door: Door, nobody: int, kind: str) -> None:
    """Even where somebody has let their ids in: anonymous admins, channels, linked channels, Telegram, other bots."""
    sender = {"id": nobody, **NOBODIES[nobody]}
    assert not await passes(door, raw_update(kind, sender, a_chat(-100)))
    assert await passes(door, raw_update(kind, {**sender, "id": MEMBER_ID, "is_bot": False}, a_chat(-100)))


@pytest.mark.parametrize(
    "more",
    [
        {"sender_chat": a_chat(-100)},
        {"sender_chat": {"id": -200, "type": "channel", "title": "News"}, "is_automatic_forward": True},
        {"sender_chat": a_chat(-300)},
    ],
    ids=["anonymous admin", "linked channel", "as another group"],
)
async def test_a_message_in_the_name_of_a_chat_is_nobodys(door: Door, more: Json) -> None:
    """Whoever's id it names as well."""
    body = a_message(a_user(ADMIN_ID), a_chat(-100), text="/help")
    assert await passes(door, {"update_id": 1, "message": body})
    for kind in ("message", "edited_message"):
        assert not await passes(door, {"update_id": 1, kind: {**body, **more}})


async def test_a_private_chat_is_its_own_persons(door: Door) -> None:
    """A message there from somebody else does not exist, so nobody is answered in another's chat."""
    assert await passes(door, {"update_id": 1, "message": a_message(a_user(ADMIN_ID), a_chat(ADMIN_ID))})
    assert not await passes(door, {"update_id": 1, "message": a_message(a_user(ADMIN_ID), a_chat(STRANGER_ID))})


@pytest.mark.parametrize(
    ("body", "known"),
    [
        (a_message(a_user(MEMBER_ID), a_chat(-100)), True),
        (a_message(a_user(STRANGER_ID), a_chat(-100)), False),
        (a_message(a_user(MEMBER_ID), a_chat(-100), sender_chat=a_chat(-100)), False),
        (a_message({**a_user(MEMBER_ID), "is_bot": True}, a_chat(-100)), False),
        (a_message(a_user(777000), a_chat(-100)), False),
    ],
    ids=["member", "stranger", "anonymous admin", "bot", "Telegram"],
)
async def test_whose_message_waits_is_known_without_a_word(door: Door, body: Json, *, known: bool) -> None:
    """What is shown while a message waits is only for those whom the gate would let through."""
    message = Update.de_json({"update_id": 1, "message": body}, None).message
    assert message
    assert await door.access.knows(message) is known


async def test_a_stranger_sees_no_sign_that_a_message_waits(tmp_path: Path) -> None:
    """In a group where an answer is being written for somebody else, not even a reaction."""
    async with running(tmp_path, {SMALL: says("An ", "answer.", token_seconds=1.2)}) as bot:
        group = bot.telegram.group(-100)
        await bot.admin.say(f"@switchboard_bot {QUESTION}", group)
        await bot.telegram.wait_for(lambda: bot.ollama.asked("/api/chat"))
        theirs = await bot.stranger.say("@switchboard_bot And what is Rust?", group)
        ours = await bot.member.say("@switchboard_bot And what is Go?", group)
        await bot.telegram.wait_for(lambda: ours.reactions)
        assert theirs.reactions == []
        assert bot.telegram.called("setMessageReaction")[0].given["message_id"] == ours.message_id


async def test_strangers_are_told_only_while_there_is_room(tmp_path: Path) -> None:
    """A crowd of them takes no answer's place; who was passed over is told by a later message."""
    async with running(tmp_path) as bot:
        crowd = [bot.telegram.user(10_000 + number) for number in range(60)]
        for person in crowd:
            await person.say("Hello?")
        (answer,) = await bot.admin.ask(QUESTION)
        assert answer.text.startswith("Hello you.")
        told = [person for person in crowd if person.chat.sent]
        assert 0 < len(told) < len(crowd)
        passed_over = next(person for person in crowd if not person.chat.sent)
        await asyncio.sleep(1)
        (line,) = await passed_over.ask("Hello??")
        assert line.text == REFUSAL.format(user_id=passed_over.user_id)


@pytest.mark.parametrize("user_id", [42.0, "42", True, None, [42], {"id": 42}, 2**70])
async def test_an_id_must_be_a_number_as_telegram_writes_them(door: Door, user_id: object) -> None:
    """What only compares equal to an admin's id is not the admin."""
    sender = {**a_user(ADMIN_ID), "id": user_id}
    door.access.fixed_admin_ids |= {1, 2**70}
    for kind in ("message", "edited_message", "callback_query"):
        assert not await passes(door, raw_update(kind, sender, a_chat(-100)))


async def test_nothing_is_said_in_a_group_that_a_stranger_adds_the_bot_to(tmp_path: Path) -> None:
    """Neither to the change of its members nor to the messages that Telegram writes about it."""
    async with running(tmp_path) as bot:
        group, eve = bot.telegram.group(-100), bot.stranger.as_json()
        me = bot.telegram.world.bot
        added = {"old_chat_member": {"user": me, "status": "left"}, "new_chat_member": {"user": me, "status": "member"}}
        change = {"chat": group.as_json(), "from": eve, "date": int(time.time()), **added}
        told = {"chat": group.as_json(), "from": eve, "date": int(time.time())}
        calls = await calls_after(
            bot,
            {"my_chat_member": change},
            {"message": {**told, "message_id": 1, "group_chat_created": True}},
            {"message": {**told, "message_id": 2, "new_chat_members": [me]}},
            {"message": {**told, "message_id": 3, "new_chat_title": "Party"}},
        )
        assert calls == []


async def test_strangers_can_be_left_without_an_answer(tmp_path: Path) -> None:
    """With TELL_STRANGERS=off nothing is sent to them; their id is in the log, for whoever wants to let them in."""
    async with running(tmp_path, TELL_STRANGERS="off") as bot:
        await bot.stranger.say("Hello?")
        await bot.stranger.say("/start a-code")
        await settled(bot)
        assert bot.telegram.called("sendMessage", STRANGER_ID) == []


async def test_without_a_word_to_strangers_the_code_still_works(tmp_path: Path) -> None:
    """A wrong one is a stranger's and gets no answer; the right one makes the admin."""
    async with running(tmp_path, **NO_ADMIN, TELL_STRANGERS="off") as bot:
        for _ in range(WRONG_TRIES - 1):
            await bot.stranger.say("/start wrong")
        await bot.stranger.say("Hello?")
        (welcome,) = await bot.stranger.ask(f"/start {code_of(bot)}")
        assert welcome.text == SAID_OF_CODE[Claim.ACCEPTED]
        assert len(bot.stranger.chat.sent) == 1


async def test_who_is_removed_while_they_wait_is_not_answered_any_more(tmp_path: Path) -> None:
    """The gate is passed when it is a message's turn, not when it comes in."""
    async with running(tmp_path, {SMALL: says("An ", "answer.", token_seconds=0.3)}) as bot:
        guest = bot.telegram.user(50, "Gus")
        await bot.services.people.allow(50, "Gus")
        await guest.say("What is first?")
        await guest.say("What is second?")
        await bot.telegram.wait_for(lambda: bot.ollama.asked("/api/chat"))
        (told,) = await bot.admin.ask("/people remove 50")
        assert "may not talk" in told.text
        await bot.telegram.wait_for(lambda: REFUSAL.format(user_id=50) in guest.chat.texts)
        assert len(bot.ollama.asked("/api/chat")) == 1
        assert [text for text in guest.chat.texts if text.startswith("An answer.")]


async def test_the_gate_is_closed_while_nobody_can_be_looked_up(door: Door, people: People) -> None:
    """An error in it stops the update: it must not go on to the handlers behind."""
    await people._database.close()
    assert not await passes(door, raw_update("message", a_user(STRANGER_ID), a_chat(STRANGER_ID)))
    assert not await passes(door, raw_update("message", a_user(MEMBER_ID), a_chat(MEMBER_ID)))


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
    async with TelegramServer() as telegram:
        async with running(tmp_path, telegram=telegram, **NO_ADMIN) as bot:
            assert any(f"https://t.me/switchboard_bot?start={code_of(bot)}" in line for line in bot.lines)
            (welcome,) = await bot.stranger.ask(f"/start {code_of(bot)}")
            assert "admin" in welcome.text
            (answer,) = await bot.stranger.ask(QUESTION)
            assert answer.text.startswith("Hello you.")
            menus = bot.telegram.world.commands
            menu = await bot.telegram.wait_for(lambda: menus.get((f"chat:{STRANGER_ID}", "")))
            assert "people" in {command["command"] for command in menu}
        async with running(tmp_path, telegram=telegram, **NO_ADMIN) as again:
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
    """The last wrong one says what helps; after it not even the right one is more than a stranger's message."""
    async with running(tmp_path, **NO_ADMIN) as bot:
        told = [(await bot.stranger.ask("/start wrong"))[0].text for _ in range(WRONG_TRIES)]
        assert told == [SAID_OF_CODE[Claim.WRONG]] * (WRONG_TRIES - 1) + [SAID_OF_CODE[Claim.LAST_WRONG]]
        await bot.stranger.say(f"/start {code_of(bot)}")
        await bot.stranger.say("Hello?")
        await bot.member.ask(f"/start {code_of(bot)}")
        assert await bot.services.people.find(STRANGER_ID) is None
        assert set(bot.stranger.chat.texts[WRONG_TRIES:]) <= {REFUSAL.format(user_id=STRANGER_ID)}


def test_who_guesses_too_often_is_not_listened_to() -> None:
    """After some wrong tries even the right code is refused to the same person, and to nobody else."""
    code = AdminCode()
    tries = [code.take("wrong", 1) for _ in range(WRONG_TRIES)]
    assert tries == [Claim.WRONG] * (WRONG_TRIES - 1) + [Claim.LAST_WRONG]
    assert code.take(code.text, 1) is Claim.IGNORED
    assert code.take(code.text, 2) is Claim.ACCEPTED
    assert code.take(code.text, 3) is Claim.IGNORED


def test_the_owner_is_listened_to_however_many_strangers_guess() -> None:
    """The count of wrong tries is bounded by forgetting the oldest, not by taking no more codes."""
    code = AdminCode()
    for user_id in range(PEOPLE_COUNTED + 50):
        assert code.take("wrong", user_id) is Claim.WRONG
    assert len(code._wrong_tries) == PEOPLE_COUNTED
    owner = PEOPLE_COUNTED + 1000
    assert code.take("wrong", owner) is Claim.WRONG
    assert code.take(code.text, owner) is Claim.ACCEPTED


def test_who_goes_on_guessing_is_not_forgotten() -> None:
    """Those whose last try is the longest ago are."""
    code = AdminCode()
    for _ in range(WRONG_TRIES - 2):
        code.take("wrong", 0)
    for user_id in range(1, PEOPLE_COUNTED):
        code.take("wrong", user_id)
    assert code.take("wrong", 0) is Claim.WRONG
    code.take("wrong", PEOPLE_COUNTED)
    assert code.take("wrong", 0) is Claim.LAST_WRONG


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
    access = Access(Settings(), people)
    users = [User(number, f"User {number}", is_bot=False) for number in range(1, 6)]
    claimed = await asyncio.gather(*(access.claim(user, access.code.text) for user in users))
    assert claimed.count(Claim.ACCEPTED) == 1
    assert len(await people.everyone()) == 1
