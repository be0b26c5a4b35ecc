"""What goes out to Telegram is never refused by it, answers come before previews, and a flood holds one chat alone."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity
from telegram.error import BadRequest, ChatMigrated, RetryAfter, TimedOut

from handlers.limiter import Announced, Limiter, Manner, PreviewDropped, Urgency
from tests.telegram_faults import Limits
from tests.virtual_time import VirtualTime

ADA, GROUP = 42, -7
Json = dict[str, Any]


class Telegram:
    """Takes calls as Telegram would, with its limits; `refusals` are those that it met with a 429."""

    def __init__(self, time: VirtualTime, limits: Limits | None = None) -> None:
        self.time = time
        self.limits = limits or Limits(clock=time.clock)
        self.taken: list[tuple[float, str, int, str]] = []
        self.refusals: list[tuple[float, str, int]] = []
        self.bans: dict[int, float] = {}
        self.errors: list[Exception] = []
        self.delays = (0.0, 0.0)  # seconds until a call arrives, and until its answer does
        self._message_id = 0

    async def take(self, endpoint: str, data: Json, **_: Any) -> bool | Json:
        """Do one call, as python-telegram-bot's transport would."""
        before, after = self.delays
        await self.time.sleep(before)
        chat_id = data.get("chat_id", 0)
        if self.errors:
            raise self.errors.pop(0)
        wait = max(self.limits.retry_after(endpoint, chat_id), self.bans.get(chat_id, 0.0) - self.time.now)
        if chat_id and wait > 0:
            self.refusals.append((self.time.now, endpoint, chat_id))
            raise RetryAfter(timedelta(seconds=wait))
        self.taken.append((self.time.now, endpoint, chat_id, data.get("text", "")))
        self._message_id += 1
        result = {"message_id": data.get("message_id", self._message_id)}
        await self.time.sleep(after)
        return result if endpoint.startswith("send") and endpoint != "sendChatAction" else True

    def times_of(self, chat_id: int) -> list[float]:
        """When something arrived for a chat."""
        return [at for at, _, where, _ in self.taken if where == chat_id]

    @property
    def texts(self) -> list[str]:
        """What was said, in the order of its arrival."""
        return [text for _, _, _, text in self.taken]


@dataclass
class Bot:
    """A bot whose calls go through a limiter."""

    time: VirtualTime = field(default_factory=VirtualTime)

    def __post_init__(self) -> None:
        self.telegram = Telegram(self.time)
        self.limiter = Limiter(clock=self.time.clock, sleep=self.time.sleep)

    async def call(self, endpoint: str, manner: Manner | None = None, **data: Any) -> Any:
        """Make a call as python-telegram-bot's ExtBot does."""
        return await self.limiter.process_request(self.telegram.take, (endpoint, data), {}, endpoint, data, manner)

    async def send(self, chat_id: int = ADA, text: str = "", urgency: Urgency | None = None) -> Any:
        """Send a message."""
        return await self.call("sendMessage", urgency, chat_id=chat_id, text=text)

    async def edit(self, text: str, chat_id: int = ADA, urgency: Urgency | None = None, **data: Any) -> Any:
        """Edit the first message of a chat."""
        return await self.call("editMessageText", urgency, chat_id=chat_id, message_id=1, text=text, **data)

    async def type(self, chat_id: int = ADA) -> Any:
        """Show "typing"."""
        return await self.call("sendChatAction", Urgency.PREVIEW, chat_id=chat_id, action="typing")

    async def stream(self, chat_id: int, seconds: float) -> None:
        """Show an answer that grows for so long, and then its end."""
        with suppress(PreviewDropped):
            await self.send(chat_id, "first", Urgency.PREVIEW)
        ends_at = self.time.now + seconds
        while self.time.now < ends_at:
            await self.time.sleep(max(self.limiter.preview_wait_seconds(chat_id), 0.01))
            try:
                await self.edit(f"{self.time.now}", chat_id, Urgency.PREVIEW)
            except PreviewDropped:
                continue
        await self.edit("the end", chat_id)


@pytest.fixture
def bot() -> Bot:
    return Bot()


def after(bot: Bot, seconds: float, call: Any) -> Any:
    """Make a call so much later."""

    async def later() -> Any:
        await bot.time.sleep(seconds)
        return await call

    return later()


# --- budgets ----------------------------------------------------------------------------------------------------------


async def test_a_few_messages_go_at_once_and_many_one_a_second(bot: Bot) -> None:
    """A small burst in a private chat, then five in any five seconds."""
    await bot.time.run(*(bot.send() for _ in range(12)))
    assert bot.telegram.times_of(ADA) == [0.0] * 5 + [5.0] * 5 + [10.0] * 2
    assert bot.telegram.refusals == []


async def test_a_group_gets_twenty_messages_a_minute(bot: Bot) -> None:
    """The twenty-first waits until a minute after the first."""
    await bot.time.run(*(bot.send(GROUP) for _ in range(21)))
    assert bot.telegram.times_of(GROUP)[-2:] == [15.0, 60.0]
    assert bot.telegram.refusals == []


async def test_fifty_chats_share_thirty_calls_a_second(bot: Bot) -> None:
    """Two messages for each of fifty chats take four seconds, and none gets its second before all have their first."""
    await bot.time.run(*(bot.send(chat_id, str(n)) for n in range(2) for chat_id in range(1, 51)))
    assert bot.telegram.refusals == []
    assert bot.telegram.texts == ["0"] * 50 + ["1"] * 50
    assert bot.telegram.taken[-1][0] == 3.0


async def test_fifty_answers_grow_at_once_and_none_is_refused(bot: Bot) -> None:
    """Previews of fifty chats give way to each other within the budget of the whole bot, and all ends arrive soon."""
    await bot.time.run(*(bot.stream(chat_id, 10.0) for chat_id in range(1, 51)))
    assert bot.telegram.refusals == []
    ends = [at for at, _, _, text in bot.telegram.taken if text == "the end"]
    assert len(ends) == 50
    assert max(ends) < 13.0
    assert len(bot.telegram.taken) > 50 + 2 * 10  # three previews a second, in most seconds


async def test_typing_has_a_budget_of_its_own(bot: Bot) -> None:
    """Where no message may go any more, typing may: 20 times in 5 seconds, 40 times in 30; then it is dropped."""
    await bot.time.run(*(bot.send() for _ in range(5)))
    shown = await bot.time.run(*(bot.type() for _ in range(21)))
    assert shown[:20] == [True] * 20
    assert isinstance(shown[20], PreviewDropped)
    await bot.time.pass_by(6)
    assert await bot.time.run(*(bot.type() for _ in range(20))) == [True] * 20
    await bot.time.pass_by(6)
    assert isinstance((await bot.time.run(bot.type()))[0], PreviewDropped)
    assert bot.telegram.refusals == []


async def test_deletions_and_reactions_count_as_edits(bot: Bot) -> None:
    """What changes messages shares their budget."""
    changes = [
        bot.call(endpoint, chat_id=ADA, message_id=n)
        for n in range(3)
        for endpoint in ("deleteMessage", "setMessageReaction")
    ]
    await bot.time.run(*changes)
    assert bot.telegram.times_of(ADA) == [0.0] * 5 + [5.0]


async def test_a_reaction_takes_no_previews_turn(bot: Bot) -> None:
    """It needs a place in the budget, but an answer does not grow more slowly by it."""
    react = partial(bot.call, "setMessageReaction", Urgency.PREVIEW, chat_id=ADA, message_id=2)
    outcomes = await bot.time.run(react(), bot.send(text="preview", urgency=Urgency.PREVIEW), react())
    assert PreviewDropped not in {type(outcome) for outcome in outcomes}
    assert bot.limiter.preview_wait_seconds(ADA) == pytest.approx(1.25)


async def test_slow_calls_count_until_they_are_over(bot: Bot) -> None:
    """What arrives late at Telegram is counted late, so that the next ones are not too early."""
    bot.telegram.delays = (2.0, 1.0)
    first = asyncio.gather(*(bot.send() for _ in range(5)))
    await bot.time.pass_by(0.5)
    bot.telegram.delays = (0.0, 0.0)
    await bot.time.run(first, bot.send())
    assert bot.telegram.times_of(ADA) == [2.0] * 5 + [8.0]


# --- finals and previews ----------------------------------------------------------------------------------------------


async def test_previews_leave_room_for_the_end(bot: Bot) -> None:
    """However long an answer grows, its end goes out at once, in a private chat and in a group."""
    for chat_id, seconds in ((ADA, 40.0), (GROUP, 130.0)):
        began_at = bot.time.now
        await bot.time.run(bot.stream(chat_id, seconds))
        assert bot.telegram.refusals == []
        assert bot.telegram.taken[-1][3] == "the end"
        assert bot.telegram.taken[-1][0] - began_at < seconds + 0.1 + bot.limiter.preview_wait_seconds(chat_id)


@pytest.mark.parametrize(("chat_id", "interval"), [(ADA, 1.25), (GROUP, 4.0)])
async def test_previews_come_at_a_steady_pace(bot: Bot, chat_id: int, interval: float) -> None:
    """One after the other at the same interval, longer in a group, without gaps."""
    await bot.time.run(bot.stream(chat_id, 100.0))
    gaps = [later - earlier for earlier, later in pairwise(bot.telegram.times_of(chat_id)[:-1])]
    assert gaps == pytest.approx([interval] * len(gaps))


async def test_a_preview_without_budget_is_dropped_at_once(bot: Bot) -> None:
    """It does not wait, and nothing is sent."""
    await bot.time.run(bot.send(text="1", urgency=Urgency.PREVIEW))
    with pytest.raises(PreviewDropped):
        await bot.edit("2", urgency=Urgency.PREVIEW)
    assert bot.time.now == 0.0
    assert bot.telegram.texts == ["1"]


async def test_a_preview_gives_way_to_whoever_waits(bot: Bot) -> None:
    """While a final waits for its turn, a preview takes none of the budget, also where there would be some again."""
    finals = [bot.send(text=f"final {n}") for n in range(7)]
    previews = [after(bot, 0.2 * n, bot.edit(f"preview {n}", urgency=Urgency.PREVIEW)) for n in range(1, 30)]
    dropped = (await bot.time.run(*finals, *previews))[7:]
    assert all(isinstance(outcome, PreviewDropped) for outcome in dropped[:24])
    assert bot.telegram.texts[:7] == [f"final {n}" for n in range(7)]


async def test_finals_of_a_chat_keep_their_order(bot: Bot) -> None:
    """First come, first served, also where Telegram refuses the first of them while the others stand in line."""
    await bot.time.run(*(bot.send(text="before") for _ in range(4)))
    bot.telegram.delays = (0.2, 0.0)
    bot.telegram.errors = [RetryAfter(10)]
    await bot.time.run(*(bot.send(text=str(n)) for n in range(1, 9)))
    assert bot.telegram.texts[4:] == [str(n) for n in range(1, 9)]


async def test_a_cancelled_waiter_leaves_no_trace(bot: Bot) -> None:
    """Whoever stood behind it moves up, and its place in the budget is free."""
    await bot.time.run(*(bot.send() for _ in range(5)))
    waiting = [asyncio.create_task(bot.send(text=name)) for name in "abc"]
    await asyncio.sleep(0)
    waiting[0].cancel()
    waiting[1].cancel()
    await bot.time.run(*waiting, bot.edit("d"))
    assert bot.telegram.texts[5:] == ["c", "d"]
    assert bot.time.now == 5.0
    await bot.time.pass_by(10)
    assert bot.limiter.preview_wait_seconds(ADA) == 0.0


async def test_a_call_that_is_cancelled_under_way_counts(bot: Bot) -> None:
    """Telegram may have taken it."""
    bot.telegram.delays = (1.0, 0.0)
    calls = [asyncio.create_task(bot.send()) for _ in range(5)]
    await bot.time.pass_by(0.5)
    calls[0].cancel()
    await bot.time.run(*calls)
    bot.telegram.delays = (0.0, 0.0)
    await bot.time.run(bot.send(text="next"))
    assert bot.time.now == 5.5


# --- floods -----------------------------------------------------------------------------------------------------------


async def test_a_flood_holds_one_chat_alone(bot: Bot) -> None:
    """What is final waits in the chat that was refused, and arrives; other chats do not notice."""
    bot.telegram.bans[ADA] = 30.0
    await bot.time.run(bot.send(text="refused"), after(bot, 1.0, bot.send(text="waits")), after(bot, 1.0, bot.send(7)))
    assert [(at, text) for at, _, chat_id, text in bot.telegram.taken if chat_id == ADA] == [
        (30.0, "refused"),
        (30.0, "waits"),
    ]
    assert bot.telegram.times_of(7) == [1.0]
    assert len(bot.telegram.refusals) == 1


async def test_a_flood_is_heeded_by_whoever_waits_for_the_whole_bot(bot: Bot) -> None:
    """A call whose chat is refused while others use up what the bot may send waits for both."""
    bot.telegram.delays = (0.5, 0.0)
    bot.telegram.errors = [RetryAfter(30)]
    first = asyncio.create_task(bot.send(text="refused"))
    await bot.time.pass_by(0.1)
    bot.telegram.delays = (0.0, 0.0)
    errors, bot.telegram.errors = bot.telegram.errors, []
    await bot.time.run(*(bot.send(chat_id) for chat_id in range(1, 30)))
    bot.telegram.errors = errors
    await bot.time.run(first, bot.send(text="waits"))
    assert bot.telegram.times_of(ADA) == [30.5, 30.5]


async def test_a_ban_that_grows_is_waited_out_each_time(bot: Bot) -> None:
    """However often Telegram refuses, and however long, the message arrives once."""
    bot.telegram.errors = [RetryAfter(seconds) for seconds in (1, 5, 30, 600)]
    await bot.time.run(bot.send(text="at last"))
    assert bot.telegram.taken == [(636.0, "sendMessage", ADA, "at last")]


async def test_a_call_is_announced_when_its_turn_has_come(bot: Bot) -> None:
    """Not while it waits for the calls before it, and again when a flood has refused it."""
    told = []

    async def tell() -> None:
        told.append((bot.time.now, len(bot.telegram.taken)))

    await bot.time.run(*(bot.send() for _ in range(5)))
    bot.telegram.bans[ADA] = 20.0
    await bot.time.run(bot.call("sendMessage", Announced(tell), chat_id=ADA, text="last"))
    assert told == [(5.0, 5), (20.0, 5)]
    assert bot.telegram.texts[-1] == "last"


async def test_a_ban_drops_previews_and_typing(bot: Bot) -> None:
    """They are not even tried: each try would make it longer."""
    bot.telegram.bans[ADA] = 30.0
    outcomes = await bot.time.run(bot.send(urgency=Urgency.PREVIEW), after(bot, 1.0, bot.type()))
    assert [type(outcome) for outcome in outcomes] == [PreviewDropped, PreviewDropped]
    assert len(bot.telegram.refusals) == 1
    assert bot.limiter.preview_wait_seconds(ADA) == pytest.approx(29.0)


async def test_a_flood_of_typing_holds_no_message(bot: Bot) -> None:
    """What is light is counted on its own."""
    bot.telegram.errors = [RetryAfter(30)]
    dropped, _ = await bot.time.run(bot.type(), after(bot, 1.0, bot.send(text="hello")))
    assert isinstance(dropped, PreviewDropped)
    assert bot.telegram.taken == [(1.0, "sendMessage", ADA, "hello")]
    with pytest.raises(PreviewDropped):
        await bot.type()


async def test_previews_slow_down_after_a_flood_and_recover(bot: Bot) -> None:
    """Half the pace after each 429, together refused calls being one; a step back after every quiet minute."""

    async def refused(times: int = 1) -> float:
        bot.telegram.errors = [RetryAfter(1)] * times
        await bot.time.run(*(bot.send() for _ in range(times)))
        return bot.limiter._chat(ADA).interval_seconds

    assert [await refused(2), await refused()] == [2.5, 5.0]
    await bot.time.pass_by(10)
    await bot.time.run(bot.edit("1", urgency=Urgency.PREVIEW))
    assert bot.limiter.preview_wait_seconds(ADA) == pytest.approx(5.0)
    await bot.time.pass_by(50)
    assert bot.limiter._chat(ADA).interval_seconds == 2.5
    await bot.time.pass_by(60)
    assert bot.limiter._chat(ADA).interval_seconds == 1.25
    for _ in range(20):
        await refused()
        await bot.time.pass_by(10)
    assert bot.limiter._chat(ADA).interval_seconds == 20.0


@pytest.mark.parametrize("wait", [2, timedelta(seconds=2)])
async def test_both_forms_of_retry_after_are_understood(bot: Bot, wait: int | timedelta) -> None:
    """python-telegram-bot gives a number or a timedelta."""
    bot.telegram.errors = [RetryAfter(wait)]
    await bot.time.run(bot.send())
    assert bot.telegram.times_of(ADA) == [2.0]


async def test_calls_that_are_not_to_a_chat_wait_a_little(bot: Bot) -> None:
    """A short flood is waited out, a long one is the caller's concern, and neither is counted."""
    await bot.time.run(*(bot.send(chat_id) for chat_id in range(1, 31)))
    bot.telegram.errors = [RetryAfter(3)]
    assert await bot.time.run(bot.call("answerCallbackQuery", callback_query_id="1")) == [True]
    assert bot.time.now == 3.0
    bot.telegram.errors = [RetryAfter(31)]
    refused = await bot.time.run(bot.call("setMyCommands", commands=[]))
    assert isinstance(refused[0], RetryAfter)
    bot.telegram.errors = [RetryAfter(20), RetryAfter(20)]
    refused = await bot.time.run(bot.call("setMyCommands", commands=[]))
    assert isinstance(refused[0], RetryAfter)


# --- edits that change nothing ----------------------------------------------------------------------------------------


async def test_an_identical_edit_is_never_sent(bot: Bot) -> None:
    """It costs nothing, and succeeds, whether the message was sent or edited so."""
    results = []
    for call in (bot.send(text="a"), bot.edit("a"), bot.edit("b"), bot.edit("b"), bot.edit("a")):
        results += await bot.time.run(call)
    assert bot.telegram.texts == ["a", "b", "a"]
    assert results[1] is results[3] is True


async def test_an_edit_that_changes_only_a_link_or_a_button_is_sent(bot: Bot) -> None:
    """All that people can see or press is compared."""
    links = [MessageEntity("text_link", 0, 1, url=f"https://{host}.example") for host in "ab"]
    buttons = [InlineKeyboardMarkup([[InlineKeyboardButton("a", callback_data=data)]]) for data in "ab"]
    for more in ({"entities": links[:1]}, {"entities": links[1:]}, {"reply_markup": buttons[0]}, {}):
        await bot.time.run(bot.edit("a", **more))
    assert len(bot.telegram.taken) == 4
    await bot.time.run(bot.call("editMessageReplyMarkup", chat_id=ADA, message_id=1, reply_markup=buttons[1]))
    await bot.time.run(bot.call("editMessageReplyMarkup", chat_id=ADA, message_id=1, reply_markup=buttons[1]))
    await bot.time.run(bot.edit("a", reply_markup=buttons[1]))
    assert len(bot.telegram.taken) == 5


@pytest.mark.parametrize("error", [TimedOut(), BadRequest("not found")])
async def test_after_a_failure_nobody_knows_what_stands(bot: Bot, error: Exception) -> None:
    """The same edit is sent again, and whatever Telegram says of it is for the caller."""
    await bot.time.run(bot.send(text="a"))
    bot.telegram.errors = [error]
    await bot.time.run(bot.edit("b"), after(bot, 1, bot.edit("a")))
    assert bot.telegram.texts == ["a", "a"]


# --- memory, and moves ------------------------------------------------------------------------------------------------


async def test_quiet_chats_are_forgotten(bot: Bot) -> None:
    """What is remembered does not grow with the number of chats and messages."""
    for _ in range(40):
        await bot.time.run(*(bot.send(random.randrange(1, 10**9)) for _ in range(100)))
        await bot.time.pass_by(5)
    assert len(bot.limiter._chats) < 300
    assert len(bot.limiter._unchanged._looks) == 1000
    assert len(bot.limiter.known._of_the_bot.recent) <= 500


async def test_a_chat_that_is_banned_is_not_forgotten(bot: Bot) -> None:
    """However much happens elsewhere."""
    bot.telegram.errors = [RetryAfter(600)]
    await bot.time.run(bot.send(urgency=Urgency.PREVIEW))
    for _ in range(10):
        await bot.time.run(*(bot.send(random.randrange(100, 10**9)) for _ in range(100)))
    assert bot.limiter.preview_wait_seconds(ADA) > 500


async def test_a_group_that_moved_takes_its_state_along(bot: Bot) -> None:
    """A ban on the group holds for the supergroup, and the caller learns where it is."""
    await bot.time.run(*(bot.send(GROUP) for _ in range(15)))
    bot.telegram.errors = [ChatMigrated(-1_000_000_000_007)]
    outcome = await bot.time.run(bot.send(GROUP))
    assert isinstance(outcome[0], ChatMigrated)
    assert bot.limiter.preview_wait_seconds(-1_000_000_000_007) > 1


async def test_every_message_that_is_sent_is_known(bot: Bot) -> None:
    """Also those that were copied or sent in a group of media."""
    sent = (await bot.time.run(bot.send(text="a"), bot.send(text="b")))[1]
    assert bot.limiter.known.highest(ADA) == sent["message_id"] == 2
    assert next(bot.limiter.known.candidates(ADA, 0)) == 3


# --- looking for a message --------------------------------------------------------------------------------------------


async def test_while_somebody_looks_nothing_new_is_sent(bot: Bot) -> None:
    """The look begins when what is under way has arrived; edits go on, new messages wait, previews are dropped."""
    bot.telegram.delays = (1.0, 0.0)

    async def look() -> float:
        async with bot.limiter.sends_halted(ADA):
            began_at = bot.time.now
            await bot.edit("marked")
            with pytest.raises(PreviewDropped):
                await bot.send(text="preview", urgency=Urgency.PREVIEW)
            return began_at

    outcomes = await bot.time.run(
        bot.send(text="under way"), look(), after(bot, 0.5, bot.send(text="waits")), after(bot, 0.6, look())
    )
    assert (outcomes[1], outcomes[3]) == (1.0, 3.0)
    assert bot.telegram.texts == ["under way", "marked", "waits"]


async def test_looking_with_an_exhausted_budget_blocks_nobody_for_good(bot: Bot) -> None:
    """Messages that stand in line before the one who looks step back."""

    async def look() -> None:
        async with bot.limiter.sends_halted(ADA):
            for n in range(3):
                await bot.edit(f"mark {n}")

    await bot.time.run(*(bot.send(text=str(n)) for n in range(12)), look())
    assert sorted(bot.telegram.texts, key=str) == sorted([str(n) for n in range(12)] + [f"mark {n}" for n in range(3)])
    assert bot.telegram.refusals == []


# --- any schedule -----------------------------------------------------------------------------------------------------

CALLS = st.tuples(
    st.floats(0, 40),  # when
    st.sampled_from([1, 2, GROUP]),
    st.sampled_from(["sendMessage", "editMessageText", "deleteMessage", "sendChatAction"]),
    st.sampled_from([None, Urgency.PREVIEW]),
)


@settings(max_examples=150, deadline=None)
@given(calls=st.lists(CALLS, max_size=120), seed=st.integers(0, 10**6), slowest=st.sampled_from([0.0, 0.3, 8.0]))
def test_no_window_is_ever_exceeded(calls: list[Any], seed: int, slowest: float) -> None:
    """Whatever is asked for and whenever, however slow the network: Telegram never has a reason to refuse a call.

    Every final arrives, and none twice.
    """
    chance = random.Random(seed)

    async def one(bot: Bot, number: int, call: tuple[float, int, str, Urgency | None]) -> Any:
        at, chat_id, endpoint, urgency = call
        await bot.time.sleep(at)
        bot.telegram.delays = (chance.uniform(0, slowest), chance.uniform(0, slowest))
        return await bot.call(endpoint, urgency, chat_id=chat_id, message_id=number, text=str(number))

    async def all_of_them() -> None:
        bot = Bot()
        outcomes = await bot.time.run(*(one(bot, number, call) for number, call in enumerate(calls)))
        assert bot.telegram.refusals == []
        kinds = {type(outcome) for outcome, call in zip(outcomes, calls, strict=True) if call[3] is None}
        assert kinds <= {dict, bool}
        dropped = [isinstance(outcome, PreviewDropped) for outcome in outcomes]
        assert sorted(bot.telegram.texts) == sorted(str(n) for n, is_dropped in enumerate(dropped) if not is_dropped)

    asyncio.run(all_of_them())
