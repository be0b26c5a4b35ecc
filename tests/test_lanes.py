"""Updates keep their order within a chat, chats run side by side, and the inbox always knows what is done."""

from __future__ import annotations

import asyncio
import gc
import json
from typing import TYPE_CHECKING, Any

import pytest
from telegram import CallbackQuery, Update, User
from telegram.ext import Application, CommandHandler, MessageHandler, filters

from handlers.lane import Lane, Place
from handlers.lanes import Lanes, command_of
from storage.database import Database
from storage.inbox import Inbox
from tests.telegram_server import TOKEN, TelegramServer
from tests.updates import NOW, Sender, message_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable
    from pathlib import Path

    from telegram import Message

LONG, LONGEST = "a" * 4000, "b" * 4096
SOON, NEVER = 0.01, 60.0  # seconds that a test waits for, and seconds that none does


class Signs:
    """Shows that messages wait: to the test."""

    def __init__(self) -> None:
        self.shown: list[str | None] = []
        self.ended: list[str | None] = []
        self.is_closed = False

    def busy_period(self) -> Signs:
        """One for all."""
        return self

    def show(self, message: Message, turn: asyncio.Future[bool]) -> Awaitable[object]:
        """Note it, and when it ends."""
        self.shown.append(message.text)
        turn.add_done_callback(lambda _: self.ended.append(message.text))
        return asyncio.shield(turn)

    async def close(self) -> None:
        """Note that."""
        self.is_closed = True


class Bot:
    """Lanes, and handlers that a test can look at: each update is worked on until the test lets go of its text.

    `failures` says how many tries with a text fail.
    """

    def __init__(self, inbox: Inbox, **lanes: Any) -> None:
        self.sender = Sender()
        self.inbox = inbox
        self.signs = Signs()
        self.lanes = Lanes(inbox, self.signs, **{"pauses_seconds": (SOON, SOON), "paste_seconds": NEVER, **lanes})
        self.lanes.process = self.handle
        self.started: list[str] = []
        self.finished: list[str] = []
        self.given_up: list[str] = []
        self.failures: dict[str, int] = {}
        self.tasks: list[asyncio.Task[None]] = []
        self._held: dict[str, asyncio.Event] = {}

    async def handle(self, update: Update) -> None:
        """Work on an update, as an application with its handlers and its error handler does."""
        name = _name(update)
        self.started.append(name)
        await self._held.setdefault(name, asyncio.Event()).wait()
        if self.failures.get(name, 0):
            self.failures[name] -= 1
            if self.lanes.failed(update):
                self.given_up.append(name)
        else:
            self.finished.append(name)

    async def say(self, text: str = "x", chat_id: int = 42, **more: Any) -> asyncio.Task[None]:
        """Have somebody write: the inbox takes it, then the lanes, and everything runs that can."""
        return await self.receive(self.sender.json(text, chat_id, **more))

    async def receive(self, given: dict[str, Any]) -> asyncio.Task[None]:
        """Take an update as it came from Telegram."""
        await self.inbox.accept([(given["update_id"], json.dumps(given))])
        return await self.hand_over(self.sender.read(given))

    async def hand_over(self, update: Update) -> asyncio.Task[None]:
        """Hand an update over as an application does."""
        self.tasks.append(asyncio.create_task(self.lanes.process_update(update, self.handle(update))))
        await settle()
        return self.tasks[-1]

    async def let_go(self, *names: str) -> None:
        """Let work finish, begun or not, and everything run that waited for it."""
        for name in names:
            self._held.setdefault(name, asyncio.Event()).set()
            await settle()

    async def all_done(self) -> None:
        """Wait until nothing is in work any more."""
        async with asyncio.timeout(5):
            await asyncio.gather(*self.tasks)


def _name(update: Update) -> str:
    message = update.effective_message
    return str(message.text) if message else "no message"


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with await Database.open(tmp_path / "switchboard.db") as database:
        yield database


@pytest.fixture
def bot(database: Database) -> Bot:
    return Bot(Inbox(database))


async def unfinished(database: Database) -> dict[int, tuple[int, int]]:
    """What a restart would take up: the starts and the errors of each update."""
    await database.flush()
    return {entry.update_id: (entry.starts, entry.errors) for entry in await Inbox(database).load()}


async def states(database: Database) -> list[str]:
    await database.flush()
    return [row["state"] for row in await database.read("SELECT state FROM inbox ORDER BY update_id")]


# --- order ------------------------------------------------------------------------------------------------------------


async def test_a_chat_is_first_in_first_out(bot: Bot) -> None:
    """The second message waits until the first has been worked on, the third for the second."""
    for name in "abc":
        await bot.say(name)
    assert bot.started == ["a"]
    for name, started in (("a", "ab"), ("b", "abc"), ("c", "abc")):
        await bot.let_go(name)
        assert bot.started == list(started)
    await bot.all_done()
    assert bot.finished == list("abc")


async def test_chats_and_topics_run_side_by_side(bot: Bot) -> None:
    """Another chat does not wait, nor does another topic of the same forum."""
    await bot.say("ada", 42)
    await bot.say("bob", 43)
    await bot.say("songs", -100, thread_id=7)
    await bot.say("dates", -100, thread_id=8)
    await bot.say("general", -100)
    assert bot.started == ["ada", "bob", "songs", "dates", "general"]
    await bot.let_go(*bot.started)
    await bot.all_done()


async def test_replies_in_a_group_are_no_topics(bot: Bot) -> None:
    """Telegram numbers reply threads too; they stay in the group's one lane."""
    await bot.say("first", -100, message_thread_id=7)
    await bot.say("second", -100, message_thread_id=8)
    assert bot.started == ["first"]
    await bot.let_go("first", "second")
    await bot.all_done()


async def test_a_slow_chat_delays_nobody_else(bot: Bot) -> None:
    """While one works for as long as it likes, fifty others are answered."""
    await bot.say("slow")
    others = [str(number) for number in range(50)]
    await bot.let_go(*others)
    for number, name in enumerate(others):
        await bot.say(name, 1000 + number)
    assert bot.finished == others
    await bot.let_go("slow")
    await bot.all_done()


@pytest.mark.parametrize("text", ["/stop", "/Stop@switchboard_bot now", "/stats 24h"])
async def test_urgent_commands_wait_for_nothing(database: Database, text: str) -> None:
    """Stop and the commands named pass a busy lane."""
    bot = Bot(Inbox(database), urgent_commands=("stop", "stats"))
    await bot.say("busy")
    await bot.let_go(text)
    await bot.say(text)
    assert bot.finished == [text]
    await bot.let_go("busy")
    await bot.all_done()


async def test_what_is_no_message_waits_for_nothing(bot: Bot) -> None:
    """Buttons, updates without a chat, and what is not as Telegram makes it: the gate is to refuse that."""
    ada = User(42, "Ada", is_bot=False)
    await bot.say("busy")
    pressed = CallbackQuery("1", ada, "42", message=message_of(bot.sender.update("button")), data="stop")
    await bot.let_go("button", "no message", "odd")
    await bot.hand_over(Update(1001, callback_query=pressed))
    await bot.hand_over(Update(1002))
    await bot.say("odd", message_thread_id="seven")
    assert bot.finished == ["button", "no message", "odd"]
    await bot.let_go("busy")
    await bot.all_done()


async def test_other_commands_wait_their_turn(bot: Bot) -> None:
    """/new must not overtake the answer before it."""
    await bot.say("busy")
    await bot.say("/new")
    assert bot.started == ["busy"]
    await bot.let_go("busy", "/new")
    await bot.all_done()


async def test_a_thousand_empty_lanes_are_forgotten(bot: Bot) -> None:
    """A bot that talked to a million chats does not remember a million lanes."""
    for number in range(1000):
        bot.tasks.append(
            asyncio.create_task(
                bot.lanes.process_update(update := bot.sender.update("x", number + 1), bot.handle(update))
            )
        )
    await settle()
    assert len(bot.lanes._lanes) == 1000
    await bot.let_go("x")
    await bot.all_done()
    assert (bot.lanes._lanes, bot.lanes._tries._errors) == ({}, {})


# --- the inbox --------------------------------------------------------------------------------------------------------


async def test_what_is_done_has_ended(bot: Bot, database: Database) -> None:
    """An update is counted as begun when its turn comes, and ends with its work; what waits is neither."""
    await bot.say("a")
    await bot.say("b")
    assert await unfinished(database) == {1: (1, 0), 2: (0, 0)}
    await bot.let_go("a")
    assert await unfinished(database) == {2: (1, 0)}
    await bot.let_go("b")
    assert await unfinished(database) == {}
    await bot.all_done()


async def test_what_is_urgent_is_in_the_inbox_too(bot: Bot, database: Database) -> None:
    """/stop is begun and ended like any other update."""
    await bot.say("/stop")
    assert await unfinished(database) == {1: (1, 0)}
    await bot.let_go("/stop")
    assert await states(database) == ["ended"]


async def test_cancelled_while_waiting(bot: Bot, database: Database) -> None:
    """It is never begun, stays in the inbox, and those behind it move up."""
    await bot.say("a")
    waiting = await bot.say("b")
    await bot.say("c")
    waiting.cancel()
    await bot.let_go("a", "c")
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert bot.finished == ["a", "c"]
    assert await unfinished(database) == {2: (0, 0)}


async def test_cancelled_when_its_turn_comes() -> None:
    """Both may happen in one moment: the place is left all the same, and the next one's turn comes."""
    lane, places = Lane(Signs()), [Place(), Place(), Place()]
    for place in places:
        lane.enter(place)
    places[1].turn.cancel()
    lane.leave(places[0])
    lane.leave(places[1])
    assert places[2].turn.result() is True


async def test_cancelled_at_work(bot: Bot, database: Database) -> None:
    """Being broken off is no failure and no end; the lane goes on."""
    working = await bot.say("a")
    await bot.say("b")
    working.cancel()
    await bot.let_go("b")
    with pytest.raises(asyncio.CancelledError):
        await working
    assert bot.finished == ["b"]
    assert await unfinished(database) == {1: (1, 0)}


async def test_an_error_outside_the_handlers_blocks_no_lane(bot: Bot, database: Database) -> None:
    """It passes through, the update stays in the inbox, and the next one is worked on."""

    async def fail() -> None:
        raise ValueError("no")

    given = bot.sender.json("a")
    await bot.inbox.accept([(1, json.dumps(given))])
    with pytest.raises(ValueError, match="no"):
        await bot.lanes.process_update(bot.sender.read(given), fail())
    await bot.let_go("b")
    await bot.say("b")
    assert bot.finished == ["b"]
    assert await unfinished(database) == {1: (1, 0)}


# --- what fails -------------------------------------------------------------------------------------------------------


async def test_three_failed_tries_are_enough(bot: Bot, database: Database) -> None:
    """The update is then set aside, which is said once, and the next one is worked on."""
    bot.failures["bad"] = 9
    await bot.let_go("bad", "good")
    await bot.say("bad")
    await bot.say("good")
    await bot.all_done()
    assert bot.started == ["bad", "bad", "bad", "good"]
    assert bot.given_up == ["bad"]
    assert await states(database) == ["set aside", "ended"]


async def test_the_third_try_may_succeed(bot: Bot, database: Database) -> None:
    """Nothing is given up then, and what came later has waited for it."""
    bot.failures["flaky"] = 2
    await bot.let_go("flaky", "next")
    await bot.say("flaky")
    await bot.say("next")
    await bot.all_done()
    assert bot.finished == ["flaky", "next"]
    assert bot.given_up == []
    assert await states(database) == ["ended", "ended"]


async def test_tries_have_pauses_between_them(database: Database) -> None:
    """An error may pass in a moment: the pauses are the ones that were asked for, the last one again if need be."""
    bot = Bot(Inbox(database), pauses_seconds=[0.05])
    bot.failures["bad"] = 9
    await bot.let_go("bad")
    began_at = asyncio.get_running_loop().time()
    await bot.say("bad")
    assert bot.started == ["bad"]
    await bot.all_done()
    assert asyncio.get_running_loop().time() - began_at >= 0.1


async def test_the_errors_of_the_life_before_count(database: Database) -> None:
    """An update that failed twice before a restart has one try left."""
    first = Bot(Inbox(database), pauses_seconds=(0.0, NEVER))
    first.failures["bad"] = 9
    await first.let_go("bad")
    await first.say("bad")
    assert first.started == ["bad", "bad"]
    first.lanes.close()
    await first.all_done()
    await database.flush()
    second = Bot(Inbox(database))
    (entry,) = await second.inbox.load()
    assert (entry.starts, entry.errors) == (1, 2)
    second.failures["bad"] = 9
    await second.let_go("bad")
    await second.hand_over(second.sender.read(json.loads(entry.body)))
    assert (second.started, second.given_up) == (["bad"], ["bad"])
    assert await states(database) == ["set aside"]


async def test_two_errors_of_one_try_are_one_failure(bot: Bot) -> None:
    """Several handlers may fail with the same update."""
    await bot.say("a")
    update = bot.sender.read(bot.sender.json("a") | {"update_id": 1})
    assert [bot.lanes.failed(update) for _ in range(5)] == [False] * 5
    await bot.let_go("a")
    await bot.all_done()
    assert bot.started == ["a", "a"]


async def test_what_fails_after_its_end_is_not_tried_again(bot: Bot, database: Database) -> None:
    """Its answer is written down: a second try would make a second one."""
    await bot.say("a")
    bot.inbox.end(1)
    bot.failures["a"] = 1
    await bot.let_go("a")
    await bot.all_done()
    assert (bot.started, bot.given_up) == (["a"], ["a"])
    assert await states(database) == ["ended"]


async def test_what_is_not_in_work_cannot_be_tried_again(bot: Bot) -> None:
    """An error that belongs to no update, or to none of the lanes', is given up at once."""
    assert bot.lanes.failed(None)
    assert bot.lanes.failed(Update(7))


# --- closing ----------------------------------------------------------------------------------------------------------


async def test_after_closing_nothing_is_begun(bot: Bot, database: Database) -> None:
    """What waits and what still comes stays in the inbox; what is in work goes on to its end."""
    await bot.say("a")
    await bot.say("b")
    bot.lanes.close()
    await bot.say("c")
    await bot.say("d", 43)
    await bot.say("/stop")
    await bot.let_go("a", "b", "c", "d", "/stop")
    await bot.all_done()
    gc.collect()  # a coroutine that nobody awaits would be told of here
    assert bot.finished == ["a"]
    assert await unfinished(database) == {2: (0, 0), 3: (0, 0), 4: (0, 0), 5: (0, 0)}
    assert bot.lanes._lanes == {}


async def test_closing_waits_for_no_pause_and_no_paste(database: Database) -> None:
    """A second try and a piece that is still to come belong to the next life."""
    bot = Bot(Inbox(database), pauses_seconds=[NEVER])
    bot.failures["bad"] = 1
    await bot.let_go("bad", LONG)
    await bot.say("bad")
    await bot.say(LONG, 43)
    bot.lanes.close()
    await bot.all_done()
    assert (bot.started, bot.finished) == (["bad"], [])
    assert await unfinished(database) == {1: (1, 1), 2: (0, 0)}


async def test_shutting_down_ends_what_is_in_the_background(bot: Bot) -> None:
    """Work that was to come before all updates is broken off, and nothing more is shown."""
    cancelled = asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    bot.lanes.before(42, None, endless)
    await settle()
    await bot.lanes.shutdown()
    assert cancelled.is_set()
    assert bot.signs.is_closed
    assert bot.lanes._lanes == {}


# --- what comes first -------------------------------------------------------------------------------------------------


async def test_work_can_be_put_before_all_updates(bot: Bot) -> None:
    """In an idle lane it is begun at once, in a busy one it is next, in the order in which it was put there."""
    done: list[str] = []

    async def send(what: str) -> None:
        await bot.let_go(what)
        done.append(what)
        bot.started.append(what)

    bot.lanes.before(42, None, lambda: send("left over"))
    await bot.say("a")
    await bot.say("b")
    assert (bot.started, done) == (["left over", "a"], ["left over"])
    bot.lanes.before(42, None, lambda: send("first"))
    bot.lanes.before(42, None, lambda: send("second"))
    bot.lanes.before(-100, 7, lambda: send("elsewhere"))
    await bot.let_go("a", "b")
    await bot.all_done()
    assert bot.started == ["left over", "a", "elsewhere", "first", "second", "b"]


async def test_a_lane_waits_for_what_comes_first(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    """And goes on when that fails."""
    gate = asyncio.Event()

    async def fail() -> None:
        await gate.wait()
        raise ValueError("no")

    bot.lanes.before(42, None, fail)
    await bot.let_go("a")
    await bot.say("a")
    assert bot.started == []
    gate.set()
    await bot.all_done()
    assert bot.finished == ["a"]
    assert "ValueError: no" in caplog.text


async def test_closed_lanes_begin_nothing_first(bot: Bot) -> None:
    """It is asked for again in the next life."""
    done: list[str] = []

    async def send() -> None:
        done.append("sent")

    await bot.say("a")
    bot.lanes.before(42, None, send)
    bot.lanes.close()
    bot.lanes.before(43, None, send)
    await bot.let_go("a")
    await bot.all_done()
    assert done == []
    assert bot.lanes._lanes == {}


# --- pastes -----------------------------------------------------------------------------------------------------------


async def test_a_pasted_text_is_one_message(bot: Bot, database: Database) -> None:
    """Its pieces are waited for, and end together; a short one is the last."""
    await bot.say(LONGEST)
    await bot.say(LONG)
    assert bot.started == []
    await bot.say("the end")
    assert bot.started == [f"{LONGEST}{LONG}\nthe end"]
    assert await unfinished(database) == {1: (1, 0), 2: (0, 0), 3: (0, 0)}
    await bot.let_go(*bot.started)
    await bot.all_done()
    assert await states(database) == ["ended"] * 3


async def test_a_paste_is_joined_again_after_a_restart(database: Database) -> None:
    """However far it had come: the pieces are taken from the inbox, one after the other."""
    first = Bot(Inbox(database))
    for text in (LONGEST, LONGEST, "the end", "What is that?"):
        await first.say(text)
    for task in first.tasks:
        task.cancel()
    await database.flush()
    second = Bot(Inbox(database))
    for entry in await second.inbox.load():
        await second.hand_over(second.sender.read(json.loads(entry.body)))
    whole = f"{LONGEST}{LONGEST}the end"
    await second.let_go(whole, "What is that?")
    await second.all_done()
    assert second.finished == [whole, "What is that?"]
    assert await states(database) == ["ended"] * 4


async def test_a_long_message_alone_is_not_held_up_for_long(database: Database) -> None:
    """When nothing follows in time it is worked on as it came."""
    bot = Bot(Inbox(database), paste_seconds=SOON)
    await bot.let_go(LONG)
    await bot.say(LONG)
    await bot.all_done()
    assert bot.finished == [LONG]


async def test_a_long_message_that_waited_is_not_held_up_again(database: Database) -> None:
    """The time for the next piece runs from when a piece came, not from when it is looked at."""
    bot = Bot(Inbox(database), paste_seconds=0.05)
    await bot.say("busy")
    await bot.say(LONG)
    await asyncio.sleep(0.06)
    await bot.let_go("busy")
    assert bot.started == ["busy", LONG]
    await bot.let_go(LONG)
    await bot.all_done()


async def test_each_piece_has_its_time(database: Database) -> None:
    """A long paste takes longer than a piece of it may."""
    bot = Bot(Inbox(database), paste_seconds=0.4)
    for text in (LONGEST, LONGEST, "the end"):
        await bot.say(text)
        await asyncio.sleep(0.25)
    assert bot.started == [f"{LONGEST * 2}the end"]
    await bot.let_go(*bot.started)
    await bot.all_done()


async def test_what_somebody_else_says_is_not_part_of_a_paste(bot: Bot) -> None:
    """In a group others may write in between: they come after it."""
    await bot.say(LONGEST, -100)
    await bot.say("hello", -100, user_id=43)
    assert bot.started == []
    await bot.say("the end", -100)
    assert bot.started == [f"{LONGEST}the end"]
    await bot.let_go(f"{LONGEST}the end", "hello")
    await bot.all_done()
    assert bot.finished == [f"{LONGEST}the end", "hello"]


@pytest.mark.parametrize("following", [{"text": "/new"}, {"text": "later", "date": NOW + 3}])
async def test_what_is_no_piece_ends_a_paste_at_once(bot: Bot, following: dict[str, Any]) -> None:
    """A command or a later message is worked on by itself, and nothing is waited for any more."""
    await bot.let_go(LONG, following["text"])
    await bot.say(LONG)
    await bot.say(**following)
    await bot.all_done()
    assert bot.finished == [LONG, following["text"]]


async def test_a_paste_that_fails_is_tried_again_as_a_whole(bot: Bot, database: Database) -> None:
    """And set aside as a whole."""
    whole = f"{LONGEST}the end"
    bot.failures[whole] = 9
    await bot.let_go(whole)
    await bot.say(LONGEST)
    await bot.say("the end")
    await bot.all_done()
    assert bot.started == [whole] * 3
    assert await states(database) == ["set aside"] * 2


async def test_a_paste_may_be_too_long(database: Database) -> None:
    """It is one message all the same, so that it is refused once."""
    bot = Bot(Inbox(database), most_characters=5000)
    for _ in range(4):
        await bot.say(LONGEST)
    assert bot.started == []
    await bot.say("the end")
    assert bot.started == [f"{LONGEST * 4}the end"]
    await bot.let_go(*bot.started)
    await bot.all_done()


# --- edits ------------------------------------------------------------------------------------------------------------


async def test_the_newest_version_of_a_waiting_message_is_answered(bot: Bot, database: Database) -> None:
    """The edit is nothing more to answer: it ends with the message."""
    await bot.let_go("other")
    await bot.say("busy")
    await bot.say("other")
    await bot.say("helo")
    await bot.say("hello", kind="edited_message", message_id=3)
    await bot.say("hello!", kind="edited_message", message_id=3)
    await bot.let_go("busy")
    assert bot.started == ["busy", "other", "hello!"]
    assert await unfinished(database) == {3: (1, 0), 4: (0, 0), 5: (0, 0)}
    await bot.let_go("hello!")
    await bot.all_done()
    assert await states(database) == ["ended"] * 5


async def test_an_edit_of_what_is_being_answered_waits(bot: Bot) -> None:
    """It is told that the first version was answered, after that."""
    await bot.say("helo")
    await bot.say("hello", kind="edited_message", message_id=1)
    assert bot.started == ["helo"]
    await bot.let_go("helo", "hello")
    await bot.all_done()
    assert bot.finished == ["helo", "hello"]


# --- that they wait ---------------------------------------------------------------------------------------------------


async def test_who_waits_is_shown_that(bot: Bot) -> None:
    """The first message does not wait, and neither does what is urgent."""
    await bot.let_go("/stop")
    for text in ("a", "b", "c", "/stop"):
        await bot.say(text)
    await bot.say("edited", kind="edited_message", message_id=1)
    assert (bot.signs.shown, bot.signs.ended) == (["b", "c"], [])
    await bot.let_go("a")
    assert bot.signs.ended == ["b"]
    await bot.let_go("b", "c", "edited")
    await bot.all_done()
    assert bot.signs.ended == ["b", "c"]


@pytest.mark.parametrize("end", ["close", "cancel", "join"])
async def test_nothing_shows_that_a_message_waits_which_does_not(bot: Bot, end: str) -> None:
    """Neither of a message that will not be begun, nor of a piece that went into another."""
    await bot.say(LONG)
    await bot.say("x", 42, user_id=43)
    task = await bot.say("the end", date=NOW + 3 * (end != "join"))
    if end == "close":
        bot.lanes.close()
    if end == "cancel":
        task.cancel()
    await settle()
    assert "the end" in bot.signs.ended
    for task in bot.tasks:
        task.cancel()
    await asyncio.wait(bot.tasks)


# --- in an application ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "command"),
    [("/stop", "stop"), ("/STOP@x_bot a b", "stop"), ("stop", ""), ("say /stop", "")],
)
def test_a_command_is_what_a_message_begins_with(text: str, command: str) -> None:
    """The bot's name and the case do not matter."""
    assert command_of(message_of(Sender().update(text))) == command


async def test_an_application_works_in_lanes(database: Database) -> None:
    """In a running application /stop overtakes the answer before it, and a second message does not."""
    done: list[str] = []
    stopped = asyncio.Event()

    async def chat(update: Update, _: object) -> None:
        await stopped.wait()
        done.append(str(update.effective_message and update.effective_message.text))

    async def stop(*_: object) -> None:
        done.append("stop")
        stopped.set()

    async with TelegramServer() as server:
        lanes = Lanes(Inbox(database), Signs())
        builder = Application.builder().token(TOKEN).base_url(f"{server.url}/bot").updater(None)
        application = builder.concurrent_updates(lanes).build()
        lanes.process = application.process_update
        application.add_handlers([CommandHandler("stop", stop), MessageHandler(filters.TEXT, chat)])
        ada = server.user(42)
        await ada.say("one")
        await ada.paste("x" * 5000)
        await ada.say("/stop")
        async with application:
            await application.start()
            for given in await application.bot.get_updates():
                await application.update_queue.put(given)
            await server.wait_for(lambda: len(done) == 3)
            await application.stop()
    assert done == ["stop", "one", "x" * 5000]
