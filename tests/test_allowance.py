"""Nobody sends more in a minute than they may; they are told so once in it, and stopping is always possible."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from handlers.allowance import OLDEST_SECONDS, PEOPLE_REMEMBERED, WINDOW_SECONDS, Allowance
from tests.bot_in_process import ADMIN_ID, MEMBER_ID, QUESTION, SMALL, endless, running, says

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot_in_process import Running

ADA, BOB = 1, 2


class Clock:
    """A clock that stands still unless it is told otherwise."""

    def __init__(self) -> None:
        self.now = 10_000_000.0

    def time(self) -> float:
        """What it shows."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def spend(allowance: Allowance, count: int, *, user_id: int = ADA, first_id: int = 0, sent_at: float | None = None):
    """Count so many updates; which of them may come."""
    return [allowance.spend(user_id, first_id + number, sent_at) == 0 for number in range(count)]


# --- counting ---------------------------------------------------------------------------------------------------------


def test_so_many_may_come_in_a_minute_and_no_more(clock: Clock) -> None:
    """The next one is one too many, and for its sender alone."""
    allowance = Allowance(3, clock.time)
    assert spend(allowance, 5) == [True, True, True, False, False]
    assert spend(allowance, 1, user_id=BOB) == [True]


def test_the_minute_slides(clock: Clock) -> None:
    """Each one makes room a minute after it came, and what it says to wait is what it takes."""
    allowance = Allowance(2, clock.time)
    spend(allowance, 1)
    clock.now += 40
    spend(allowance, 1, first_id=1)
    assert allowance.spend(ADA, 2) == 20
    clock.now += 19
    assert allowance.spend(ADA, 3) == 1
    clock.now += 1
    assert allowance.spend(ADA, 4) == 0
    assert allowance.spend(ADA, 5) == 40


def test_what_was_refused_does_not_count(clock: Clock) -> None:
    """Whoever goes on trying is let in when they were told."""
    allowance = Allowance(1, clock.time)
    allowance.spend(ADA, 0)
    for second in range(60):
        assert allowance.spend(ADA, 1 + second) == 60 - second
        clock.now += 1
    assert allowance.spend(ADA, 100) == 0


def test_zero_is_no_limit(clock: Clock) -> None:
    """And nothing is remembered of anybody."""
    allowance = Allowance(0, clock.time)
    assert all(spend(allowance, 5000))
    assert not allowance._accounts


def test_what_waited_counts_by_when_it_was_sent(clock: Clock) -> None:
    """Three minutes' messages that come at once after an outage were sent within the limit, each of them."""
    allowance = Allowance(10, clock.time)
    began = clock.now - 180
    assert all(allowance.spend(ADA, number, began + 6 * number) == 0 for number in range(30))


def test_what_waited_counts_all_the_same(clock: Clock) -> None:
    """A heap that was sent as one is over the limit, whenever it comes."""
    allowance = Allowance(3, clock.time)
    assert spend(allowance, 5, sent_at=clock.now - 3600) == [True, True, True, False, False]


def test_what_waits_is_counted_with_its_own_minute_even_after_a_press(clock: Clock) -> None:
    """A press counts now, the messages that wait in line before it count then: neither takes the other's place."""
    allowance = Allowance(3, clock.time)
    sent_at = clock.now - 300
    assert spend(allowance, 3) == [True] * 3
    assert spend(allowance, 5, first_id=10, sent_at=sent_at) == [True, True, True, False, False]
    assert spend(allowance, 1, first_id=20) == [False]


def test_whoever_may_go_on_at_once_is_told_a_second(clock: Clock) -> None:
    """Their minute was over while the message waited: less than a second is nothing to say."""
    allowance = Allowance(1, clock.time)
    spend(allowance, 1, sent_at=clock.now - 600)
    assert allowance.spend(ADA, 1, clock.now - 590) == 1.0


@pytest.mark.parametrize("sent_at", [1e12, OLDEST_SECONDS, 0.0, -5.0], ids=["to come", "days ago", "1970", "before"])
def test_a_date_beyond_reason_is_now(clock: Clock, sent_at: float) -> None:
    """A clock that is wrong, here or there, is no way around the limit."""
    allowance = Allowance(2, clock.time)
    assert spend(allowance, 3, sent_at=sent_at) == [True, True, False]
    assert spend(allowance, 1, first_id=9) == [False]


def test_a_second_try_is_not_counted(clock: Clock) -> None:
    """An update that failed and comes again was let in before."""
    allowance = Allowance(2, clock.time)
    assert [allowance.spend(ADA, update_id) == 0 for update_id in (1, 1, 1, 2, 2, 1)] == [True] * 6
    assert allowance.spend(ADA, 3) > 0


def test_it_is_said_once_a_minute(clock: Clock) -> None:
    """Person by person; a clock that is set back does not silence it."""
    allowance = Allowance(1, clock.time)
    assert [allowance.may_tell(ADA), allowance.may_tell(ADA), allowance.may_tell(BOB)] == [True, False, True]
    clock.now += WINDOW_SECONDS
    assert allowance.may_tell(ADA)
    clock.now -= 3600
    assert allowance.may_tell(ADA)


def test_it_takes_no_memory_without_end(clock: Clock) -> None:
    """Neither people nor what one person sends."""
    allowance = Allowance(5, clock.time)
    for user_id in range(PEOPLE_REMEMBERED + 50):
        allowance.spend(user_id, user_id)
    assert len(allowance._accounts) == PEOPLE_REMEMBERED
    for number in range(1000):
        clock.now += 20
        allowance.spend(ADA, number)
    assert len(allowance._accounts[ADA].spent) <= 10


# --- in the bot -------------------------------------------------------------------------------------------------------


def sentences(bot: Running, user_id: int = MEMBER_ID) -> list[str]:
    return [text for text in bot.telegram.chat(user_id).texts if "in a minute" in text]


async def test_who_sends_too_much_is_told_once_and_not_answered(tmp_path: Path) -> None:
    """Messages, edits, commands and presses count together; others are answered as before."""
    async with running(tmp_path, MESSAGES_PER_MINUTE="4") as bot:
        (screen,) = await bot.member.ask("/model")
        question = await bot.member.say("What is one?")
        await question.chat.reply()
        await bot.member.edit(question, "What is two?")
        await bot.telegram.wait_for(lambda: any("/retry" in text for text in bot.member.chat.texts))
        await bot.member.press(screen, "auto")
        await bot.telegram.wait_for(lambda: bot.member.notices)
        asked = len(bot.ollama.asked("/api/chat"))
        (told,) = await bot.member.ask("/help")
        assert told.text.startswith("That was more than 4 messages in a minute: please go on in ")
        for _ in range(3):
            await bot.member.say("What is three?")
        await bot.member.press(screen, "auto")
        await bot.admin.ask(QUESTION)
        assert len(bot.ollama.asked("/api/chat")) == asked + 1
        assert len(sentences(bot)) == 1
        assert len(bot.member.notices) == 1


async def test_a_press_that_is_one_too_many_is_told_where_it_was_made(tmp_path: Path) -> None:
    """In a notice, rather than as one message more; and nothing is done. Admins count too."""
    async with running(tmp_path, MESSAGES_PER_MINUTE="1") as bot:
        (screen,) = await bot.admin.ask("/strategy")
        before = screen.texts[:]
        await bot.admin.press(screen, "quality")
        await bot.telegram.wait_for(lambda: bot.admin.notices)
        assert bot.admin.notices[0]["text"].startswith("That was more than 1 message in a minute")
        assert screen.texts == before
        assert sentences(bot, ADMIN_ID) == []


@pytest.mark.parametrize("way", ["button", "command"])
async def test_stopping_is_always_possible(tmp_path: Path, way: str) -> None:
    """By the button and by the command, over the limit too; neither counts."""
    async with running(tmp_path, {SMALL: endless()}, MESSAGES_PER_MINUTE="1") as bot:
        await bot.member.say(QUESTION)
        answer = await bot.telegram.wait_for(lambda: next((m for m in bot.member.chat.sent if m.growing), None))
        await bot.member.say("And what is Rust?")
        await (bot.member.press(answer, "Stop") if way == "button" else bot.member.say("/stop"))
        await bot.telegram.wait_for(lambda: sentences(bot) and not answer.growing)
        (nothing,) = await bot.member.ask("/stop")
        assert nothing.text == "Nothing is being written here."
        assert len(bot.ollama.asked("/api/chat")) == 1


async def test_what_people_tell_each_other_in_a_group_does_not_count(tmp_path: Path) -> None:
    """Only what asks something of the bot does."""
    async with running(tmp_path, MESSAGES_PER_MINUTE="2") as bot:
        group = bot.telegram.group(-100)
        for number in range(5):
            await bot.member.say(f"Lunch at {number}?", group)
            await bot.member.say(f"/vote@other_bot {number}", group)
        await bot.member.say(f"@switchboard_bot {QUESTION}", group)
        assert "Hello" in (await group.reply())[0].text
        await bot.member.say("/help", group)
        assert "Just write" in (await group.reply())[0].text
        await bot.member.say(f"@switchboard_bot {QUESTION}", group)
        assert "in a minute" in (await group.reply())[0].text


async def test_messages_that_were_sent_while_the_bot_was_off_are_all_answered(tmp_path: Path) -> None:
    """They come at once, but say when they were sent."""
    async with running(tmp_path, {SMALL: says("Yes.")}, MESSAGES_PER_MINUTE="2") as bot:
        dates = [1, 70, 140, 210]
        for ago in reversed(dates):
            message = bot.member.chat.add(bot.member.as_json(), text=f"Is it {ago}?")
            message.date -= ago
            bot.telegram.world.post("message", message.as_json())
            await asyncio.sleep(0)
        await bot.telegram.wait_for(lambda: len(bot.ollama.asked("/api/chat")) == len(dates))
        await bot.member.chat.reply()
        assert sentences(bot) == []
