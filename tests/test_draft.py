"""A run's events become one growing message, and its end the whole answer, whatever Telegram does meanwhile."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import Forbidden
from telegram.request import HTTPXRequest

from handlers.delivery import formatted
from handlers.draft import Draft, Target
from handlers.pace import Pace
from handlers.progress import Progress
from routing.model_registry import registry
from routing.response_formatter import ResponseFormatter
from routing.types import (
    Attempt,
    Event,
    ExecutionResult,
    FellBack,
    Finished,
    Loading,
    Outcome,
    Queued,
    Token,
)
from tests.telegram_server import TOKEN, TelegramServer
from tests.telegram_world import utf16_length

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from tests.telegram_world import Chat

STOP = InlineKeyboardButton("Stop", callback_data="stop:1")
SMALL, LARGE = registry.get_all_models()[0], registry.get_all_models()[3]
ADA = 42
FOX = "The **quick** brown fox jumps over the lazy dog."
SHOWN_FOX = "The quick brown fox jumps over the lazy dog."


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
async def bot(server: TelegramServer) -> AsyncIterator[Bot]:
    async with Bot(TOKEN, base_url=f"{server.url}/bot") as bot:
        yield bot


@pytest.fixture
def chat(server: TelegramServer) -> Chat:
    return server.user(ADA, "Ada").chat


class Script:
    """A run whose events the test gives one by one: events, seconds to wait, or functions to wait for."""

    def __init__(self, server: TelegramServer, *steps: object) -> None:
        self._server = server
        self._steps = steps
        self.taken_at: list[float] = []
        self.closed = False

    async def events(self) -> AsyncGenerator[Event]:
        """The run, as an engine would stream it."""
        try:
            for step in self._steps:
                if callable(step):
                    await self._server.wait_for(step)
                elif isinstance(step, float):
                    await asyncio.sleep(step)
                else:
                    self.taken_at.append(time.monotonic())
                    yield step  # type: ignore[misc]  # what is neither is an event
            yield Finished(ExecutionResult(success=True, response="", model_id="m", execution_time=0.0))
        finally:
            self.closed = True


def hurried(*, is_group: bool = False) -> Pace:
    """A pace whose seconds pass eight times as fast, where a test is not about time."""
    return Pace(is_group=is_group, clock=lambda: time.monotonic() * 8, sleep=lambda seconds: asyncio.sleep(seconds / 8))


def draft_for(bot: Bot, target: Target | None = None, pace: Pace | None = None) -> Draft:
    return Draft(bot, target or Target(ADA), ResponseFormatter(), stop_button=STOP, pace=pace or hurried())


async def run(draft: Draft, script: Script, footer: str = "") -> list[int]:
    """Follow a run to its end and deliver what it said."""
    async with asyncio.timeout(30), aclosing(script.events()) as events:
        await draft.follow(events)
        return await draft.finish(draft.text, footer)


def shows(chat: Chat, text: str) -> Callable[[], bool]:
    """A condition: the chat's first message holds this text."""
    return lambda: bool(chat.sent) and text in chat.sent[0].text


def fell_back(*, void: bool) -> FellBack:
    attempt = Attempt(SMALL.model_id, None, Outcome.FAILED, 1.0)
    return FellBack(attempt, failed=SMALL, following=LARGE, void=void)


# --- growing ----------------------------------------------------------------------------------------------------------


async def test_an_instant_answer_is_one_message(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """No preview, no typing, no button: one sendMessage, and it is formatted."""
    await run(draft_for(bot, pace=Pace(is_group=False)), Script(server, Token(FOX)), footer="a receipt")
    assert [call.method for call in server.calls if call.method != "getMe"] == ["sendMessage"]
    assert chat.texts == [f"{SHOWN_FOX}\n\na receipt"]
    assert {entity["type"] for entity in chat.sent[0].entities} == {"bold", "italic"}
    assert chat.sent[0].link_preview_disabled


async def test_a_slow_answer_grows_in_one_message(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """Typing, then a preview with a Stop button, edits at the safe pace, then the answer without the button."""
    tail = "\n\nThe end."
    await run(draft_for(bot), Script(server, lambda: chat.actions, Token(FOX), shows(chat, SHOWN_FOX), Token(tail)))
    message = chat.sent[0]
    assert (len(chat.sent), message.text, message.buttons) == (1, f"{SHOWN_FOX}\n\nThe end.", [])
    assert message.texts == [SHOWN_FOX, f"{SHOWN_FOX}\n\nThe end."]
    assert {action for _, action, _ in chat.actions} == {"typing"}


async def test_previews_keep_to_the_pace(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """However fast tokens come, an edit follows a second after the one before, and the reader never waits."""
    draft = draft_for(bot, pace=Pace(is_group=False))
    words = [step for n in range(150) for step in (Token(f"word {n} "), 0.02)]
    script = Script(server, *words)
    await run(draft, script)
    shown = [call.at for call in server.calls if call.method in ("sendMessage", "editMessageText")]
    assert 2 <= len(shown) <= (shown[-1] - shown[0]) + 3
    assert all(later - earlier > 0.9 for earlier, later in pairwise(shown[:-1]))
    assert chat.texts[0].endswith("word 149")


async def test_the_reader_never_waits_for_telegram(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """While Telegram is slow with a preview, events are taken all the same."""
    server.faults.slow(2.0, method="sendMessage")
    script = Script(server, Token(FOX), lambda: chat.sent, Token(" One."), Token(" Two."))
    await run(draft_for(bot), script)
    answered_at = next(call.at + call.seconds for call in server.calls if call.method == "sendMessage")
    assert script.taken_at[-1] < answered_at
    assert chat.texts == [f"{SHOWN_FOX} One. Two."]


async def test_what_goes_on_before_the_text_is_shown(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """Waiting in line, loading and thinking appear in the growing message and give way to the text."""
    await run(
        draft_for(bot),
        Script(
            server,
            Queued(LARGE, 2),
            shows(chat, "Waiting: 2nd in line…"),
            Loading(LARGE),
            shows(chat, "Loading Qwen2.5 32B…"),
            Token(reasoning="Hm."),
            shows(chat, "Thinking…"),
            Token(FOX),
        ),
    )
    assert chat.texts == [SHOWN_FOX]
    assert len(chat.sent) == 1


@pytest.mark.parametrize(
    ("position", "words"),
    [(1, "next"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd"), (112, "112th")],
)
def test_places_in_line_are_spelled(position: int, words: str) -> None:
    """1 is next, and English ordinals follow."""
    progress = Progress()
    progress.take(Queued(LARGE, position))
    assert progress.note == f"Waiting: {words} in line…"


async def test_a_fallback_in_mid_stream_starts_anew(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """Void text leaves the message, which says why, and the answer holds only the second model's words."""
    wrong = "Wrong words that do not count."
    await run(
        draft_for(bot),
        Script(
            server,
            Token(wrong),
            shows(chat, wrong[:20]),
            fell_back(void=True),
            shows(chat, "starting again with Qwen2.5 32B"),
            Token(FOX),
        ),
    )
    assert chat.texts == [SHOWN_FOX]


async def test_a_silent_fallback_changes_nothing(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """A fallback before the first token is not shown."""
    await run(draft_for(bot), Script(server, fell_back(void=False), 1.0, Token(FOX)))
    assert [message.texts for message in chat.sent] == [[SHOWN_FOX]]


async def test_a_text_that_outgrows_its_message_goes_on_in_the_next(
    server: TelegramServer, bot: Bot, chat: Chat
) -> None:
    """What is full stays as it is, the last message grows and has the button; at the end every word is there once."""
    words = " ".join(f"w{n}" for n in range(2000))

    def shows_the_end() -> bool:
        return len(chat.sent) == 3 and "w1990" in chat.sent[-1].text

    def buttons_are_last() -> bool:
        return [message.buttons for message in chat.sent] == [[], [], ["Stop"]]

    await run(draft_for(bot), Script(server, Token(words), shows_the_end, buttons_are_last, Token(" end")))
    assert " ".join(chat.texts).split() == [*words.split(), "end"]
    assert all(utf16_length(text) <= 4096 for text in chat.texts)
    assert [message.buttons for message in chat.sent] == [[], [], []]
    assert [len(message.texts) for message in chat.sent[:2]] == [1, 1]


async def test_messages_that_a_fallback_made_void_go(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """A second message whose text no longer counts is not left behind."""
    words = " ".join(f"w{n}" for n in range(1000))
    await run(
        draft_for(bot), Script(server, Token(words), lambda: len(chat.sent) == 2, fell_back(void=True), Token(FOX))
    )
    assert chat.texts == [SHOWN_FOX]


async def test_typing_is_kept_up_until_there_is_text(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """Telegram forgets after five seconds, so it is told again; once text shows it is not."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.sleep(min(seconds, 0.05))

    typed: list[int] = []

    def count() -> bool:
        typed.append(len(chat.actions))
        return True

    is_typing = lambda: len(chat.actions) > 3  # noqa: E731 - a condition with a name
    script = Script(server, is_typing, Token(FOX), shows(chat, SHOWN_FOX), 0.2, count, 0.3, count)
    await run(draft_for(bot, pace=Pace(is_group=False, sleep=sleep)), script)
    assert typed[0] == typed[1]
    assert slept.count(4.5) >= 3


async def test_in_a_group_the_answer_replies_to_the_question(server: TelegramServer, bot: Bot) -> None:
    """It goes into the question's topic, and replies with its first message only."""
    forum = server.group(-100, forum=True)
    topic = forum.topic("Songs")
    question = await server.user(ADA).say("@switchboard_bot sing", forum, thread_id=topic)
    target = Target(-100, topic, question.message_id, is_group=True)
    script = Script(server, Token("la " * 3000), lambda: forum.sent)
    await run(draft_for(bot, target), script)
    assert {message.thread_id for message in forum.sent} == {topic}
    assert [message.reply_to for message in forum.sent] == [question, *[None] * (len(forum.sent) - 1)]


async def test_a_question_that_was_deleted_is_answered_all_the_same(server: TelegramServer, bot: Bot) -> None:
    """Telegram may send the reply without what it replies to."""
    group = server.group(-100)
    question = await server.user(ADA).say("sing", group)
    question.deleted = True
    await run(draft_for(bot, Target(-100, None, question.message_id, is_group=True)), Script(server, Token(FOX)))
    assert group.texts == [SHOWN_FOX]


# --- what Telegram does meanwhile -------------------------------------------------------------------------------------


async def test_a_flood_slows_previews_and_not_the_answer(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """After a 429 previews pause and go at half the pace; the answer waits the ban out and arrives whole."""
    pace = Pace(is_group=False)
    draft = draft_for(bot, pace=pace)

    def ban() -> bool:
        server.faults.ban(ADA, 2.5)
        return True

    def refused() -> bool:
        return any(call.status == 429 for call in server.calls)

    await run(draft, Script(server, Token(FOX), shows(chat, SHOWN_FOX), ban, Token(" More."), refused, Token(" End.")))
    assert chat.texts == [f"{SHOWN_FOX} More. End."]
    assert pace.interval_seconds == 2.0
    refusals = [call for call in server.calls if call.status == 429]
    assert len(refusals) == 1


async def test_an_answer_outlasts_every_flood(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """The final parts are tried as often as it takes, each time after the wait that Telegram asks for."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds
        await asyncio.sleep(0)

    clock = [0.0]
    server.faults.flood(6, 30, method="sendMessage")
    draft = draft_for(bot, pace=Pace(is_group=False, clock=lambda: clock[0], sleep=sleep))
    await draft.finish("word " * 2000)
    assert sum(slept) == pytest.approx(180)
    assert len(" ".join(chat.texts).split()) == 2000


async def test_an_answer_follows_a_group_that_moved(server: TelegramServer, bot: Bot) -> None:
    """A group that became a supergroup has a new id, and the answer arrives there."""
    old, new = server.group(-7), server.group(-100)
    old.migrated_to = -100
    await draft_for(bot, Target(-7, is_group=True)).finish("word " * 1500)
    assert (len(old.sent), len(new.sent)) == (0, 2)


async def test_an_answer_outlasts_outages(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """Gateway errors and dropped connections are tried again, and nothing arrives twice."""
    server.faults.fail(1, method="sendMessage")
    server.faults.drop(1, method="sendMessage")
    await draft_for(bot).finish(FOX)
    assert chat.texts == [SHOWN_FOX]


async def test_waiting_for_a_ban_can_be_cancelled(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """A delivery that waits ends at once when it is cancelled."""
    server.faults.ban(ADA, 600)
    task = asyncio.create_task(draft_for(bot).finish(FOX))
    await server.wait_for(lambda: server.called("sendMessage"))
    task.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_preview_that_people_deleted_is_sent_anew(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """The answer arrives although the message it would have replaced is gone."""

    def delete() -> bool:
        if chat.sent:
            chat.sent[0].deleted = True
        return bool(chat.messages)

    await run(draft_for(bot), Script(server, Token(FOX), delete, Token(" End.")))
    assert chat.texts == [f"{SHOWN_FOX} End."]


async def test_an_edit_whose_answer_was_lost_is_a_success(server: TelegramServer, chat: Chat) -> None:
    """The edit arrives, its answer does not, the second try is refused as unmodified: the answer stands once."""
    async with Bot(TOKEN, base_url=f"{server.url}/bot") as bot:
        draft = draft_for(bot)

        def lose() -> bool:
            if chat.sent:
                server.faults.lose_answer(method="editMessageText", seconds=0.3)
            return bool(chat.sent)

        await run(draft, Script(server, Token(FOX), lose))
    assert (chat.texts, chat.sent[0].buttons) == ([SHOWN_FOX], [])
    assert {entity["type"] for entity in chat.sent[0].entities} == {"bold"}


async def test_a_refused_part_goes_as_entities(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """Markup that Telegram cannot read is sent as text with entities, and looks the same."""
    server.faults.refuse("can't parse entities: because", method="sendMessage")
    await draft_for(bot).finish(FOX)
    assert chat.texts == [SHOWN_FOX]
    assert [entity["type"] for entity in chat.sent[0].entities] == ["bold"]
    assert "entities" in server.called("sendMessage")[1].given


async def test_a_part_refused_twice_goes_as_plain_text(
    server: TelegramServer, bot: Bot, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    """The words arrive whatever happens to their looks, and the log keeps what was refused."""
    server.faults.refuse("can't parse entities: because", 2, method="sendMessage")
    await draft_for(bot).finish(FOX)
    assert (chat.texts, chat.sent[0].entities) == ([SHOWN_FOX], [])
    assert "The *quick* brown fox" in caplog.text


async def test_a_refused_edit_goes_as_entities_too(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """The preview becomes the answer even where the answer's markup is refused."""

    def refuse() -> bool:
        if chat.sent:
            server.faults.refuse("can't parse entities: because", 2, method="editMessageText")
        return bool(chat.sent)

    await run(draft_for(bot), Script(server, Token(FOX), refuse))
    assert (chat.texts, chat.sent[0].buttons) == ([SHOWN_FOX], [])
    assert [entity["type"] for entity in chat.sent[0].entities] == ["bold"]


async def test_a_preview_that_may_have_arrived_gets_no_twin(server: TelegramServer, chat: Chat) -> None:
    """After a preview was sent and its answer lost there is no second preview; the answer arrives."""
    server.faults.lose_answer(method="sendMessage", seconds=3600)
    script = Script(server, Token(FOX), lambda: chat.sent, *[Token(" more"), 0.1] * 20)
    async with Bot(TOKEN, base_url=f"{server.url}/bot", request=HTTPXRequest(read_timeout=0.5)) as bot:
        await run(draft_for(bot), script)
    assert len(chat.sent) == 2
    assert chat.texts[-1].startswith(SHOWN_FOX)
    assert chat.sent[-1].buttons == []


async def test_somebody_who_blocked_the_bot_ends_the_delivery(server: TelegramServer, bot: Bot) -> None:
    """There is nothing to wait for: the caller is told."""
    await server.user(ADA).block()
    with pytest.raises(Forbidden):
        await run(draft_for(bot), Script(server, Token(FOX)))


# --- ends -------------------------------------------------------------------------------------------------------------


async def test_an_answer_of_nothing_takes_the_preview_away(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """With nothing visible to say, nothing stays behind."""
    draft = draft_for(bot)
    async with aclosing(Script(server, Queued(LARGE, 1), lambda: chat.sent).events()) as events:
        await draft.follow(events)
    assert await draft.finish("") == []
    assert chat.sent == []


async def test_the_same_text_is_not_sent_twice(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """A preview that already reads like the answer, and has no button, stays as it is."""
    draft = Draft(bot, Target(ADA), ResponseFormatter(), pace=hurried())
    await run(draft, Script(server, Token(FOX), lambda: chat.sent, Token("")))
    assert [call.method for call in server.calls if call.method.startswith(("send", "edit"))][-1] == "sendMessage"
    assert chat.texts == [SHOWN_FOX]


async def test_buttons_go_under_the_last_message(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """A keyboard for the finished answer is shown once."""
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Again", callback_data="again")]])
    await draft_for(bot).finish("word " * 2000, keyboard=keyboard)
    assert [message.buttons for message in chat.sent] == [[], [], ["Again"]][-len(chat.sent) :]


async def test_a_cancelled_run_leaves_what_it_said(server: TelegramServer, bot: Bot, chat: Chat) -> None:
    """Cancelling stops the stream at once, and what was said so far can still be delivered."""
    draft = draft_for(bot)
    script = Script(server, Token(FOX), lambda: False)

    async def follow() -> None:
        async with aclosing(script.events()) as events:
            await draft.follow(events)

    task = asyncio.create_task(follow())
    await server.wait_for(lambda: chat.sent)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert script.closed
    await draft.finish(draft.text, "Stopped.")
    assert (chat.texts, chat.sent[0].buttons) == ([f"{SHOWN_FOX}\n\nStopped."], [])


async def test_a_run_without_an_end_is_a_bug(server: TelegramServer, bot: Bot) -> None:
    """A stream that ends without Finished is not taken for an answer."""

    async def events() -> AsyncGenerator[Event]:
        yield Token(FOX)

    async with aclosing(events()) as stream:
        with pytest.raises(RuntimeError):
            await draft_for(bot).follow(stream)


async def test_other_chats_go_on_while_a_long_answer_is_formatted() -> None:
    """The event loop turns while a text is formatted that takes a second."""
    turns = 0
    brackets = "![" * 5_000 + "a" + "](b)" * 5_000
    async with asyncio.timeout(60):
        task = asyncio.create_task(formatted(ResponseFormatter().format_prefix, brackets))
        while not task.done():
            turns += 1
            await asyncio.sleep(0.001)
    assert turns > 10
    assert len(await task) > 1
