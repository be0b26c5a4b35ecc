"""A run's events become one growing message, and its end the whole answer, whatever Telegram does meanwhile."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from handlers.delivery import Target
from handlers.limiter import Limiter
from handlers.parts import formatted
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
from tests.sender import ADA, Marks, Sender, sending
from tests.telegram_faults import Limits
from tests.telegram_world import utf16_length

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from handlers.draft import Draft
    from handlers.parts import Part
    from tests.telegram_server import TelegramServer
    from tests.telegram_world import Chat

pytest_plugins = ("tests.telegram_fixtures",)

SMALL, LARGE = registry.get_all_models()[0], registry.get_all_models()[3]
FOX = "The **quick** brown fox jumps over the lazy dog."
SHOWN_FOX = "The quick brown fox jumps over the lazy dog."


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


async def follow(draft: Draft, script: Script) -> None:
    """Follow a run to its end."""
    async with asyncio.timeout(30), aclosing(script.events()) as events:
        await draft.follow(events)


async def run(sender: Sender, script: Script, footer: str = "", draft: Draft | None = None) -> Marks:
    """Follow a run to its end and deliver what it said."""
    draft = draft or sender.draft()
    await follow(draft, script)
    return await sender.finish(draft, draft.text, footer)


def shows(chat: Chat, text: str) -> Callable[[], bool]:
    """A condition: the chat's first message holds this text."""
    return lambda: bool(chat.sent) and text in chat.sent[0].text


def fell_back(*, void: bool) -> FellBack:
    attempt = Attempt(SMALL.model_id, None, Outcome.FAILED, 1.0)
    return FellBack(attempt, failed=SMALL, following=LARGE, void=void)


# --- growing ----------------------------------------------------------------------------------------------------------


async def test_an_instant_answer_is_one_message(server: TelegramServer, chat: Chat) -> None:
    """No preview, no typing, no button: one sendMessage, and it is formatted."""
    async with sending(server, Limiter()) as sender:
        await run(sender, Script(server, Token(FOX)), footer="a receipt")
    assert sender.calls() == ["sendMessage"]
    assert chat.texts == [f"{SHOWN_FOX}\n\na receipt"]
    assert {entity["type"] for entity in chat.sent[0].entities} == {"bold", "italic"}
    assert chat.sent[0].link_preview_disabled


async def test_a_slow_answer_grows_in_one_message(server: TelegramServer, sender: Sender, chat: Chat) -> None:
    """Typing, then a preview with a Stop button, edits at the safe pace, then the answer without the button."""
    tail = "\n\nThe end."
    await run(sender, Script(server, lambda: chat.actions, Token(FOX), shows(chat, SHOWN_FOX), Token(tail)))
    message = chat.sent[0]
    assert (len(chat.sent), message.text, message.buttons) == (1, f"{SHOWN_FOX}\n\nThe end.", [])
    assert message.texts == [SHOWN_FOX, f"{SHOWN_FOX}\n\nThe end."]
    assert {action for _, action, _ in chat.actions} == {"typing"}


async def test_previews_keep_to_the_pace(server: TelegramServer, chat: Chat) -> None:
    """However fast tokens come, an edit follows more than a second after the one before, and nothing is refused."""
    server.faults.limits = Limits()
    words = [step for n in range(150) for step in (Token(f"word {n} "), 0.02)]
    async with sending(server, Limiter()) as sender:
        await run(sender, Script(server, *words))
    shown = [call.at for call in server.calls if call.method in ("sendMessage", "editMessageText")]
    assert 2 <= len(shown) <= (shown[-1] - shown[0]) + 3
    assert all(later - earlier > 1.1 for earlier, later in pairwise(shown[:-1]))
    assert chat.texts[0].endswith("word 149")
    assert {call.status for call in server.calls} == {200}


async def test_a_long_conversation_meets_no_limit(server: TelegramServer) -> None:
    """Answers that grow, one after the other, in a private chat and in a group: Telegram refuses nothing."""
    # Telegram's windows pass as fast as ours.
    server.faults.limits = Limits(clock=lambda: time.monotonic() * 8)
    server.group(-7)
    words = [step for n in range(40) for step in (Token(f"word {n} "), 0.02)]
    async with sending(server) as sender:
        for _ in range(3):
            await asyncio.gather(
                *(
                    run(sender, Script(server, *words), draft=sender.draft(target))
                    for target in (Target(ADA), Target(-7, is_group=True))
                )
            )
    assert {call.status for call in server.calls} == {200}
    assert len(sender.ada.sent) == len(server.chat(-7).sent) == 3


async def test_the_reader_never_waits_for_telegram(server: TelegramServer, sender: Sender, chat: Chat) -> None:
    """While Telegram is slow with a preview, events are taken all the same."""
    server.faults.slow(2.0, method="sendMessage")
    script = Script(server, Token(FOX), lambda: chat.sent, Token(" One."), Token(" Two."))
    await run(sender, script)
    answered_at = next(call.at + call.seconds for call in server.calls if call.method == "sendMessage")
    assert script.taken_at[-1] < answered_at
    assert chat.texts == [f"{SHOWN_FOX} One. Two."]


async def test_what_goes_on_before_the_text_is_shown(server: TelegramServer, sender: Sender, chat: Chat) -> None:
    """Waiting in line, loading and thinking appear in the growing message and give way to the text."""
    await run(
        sender,
        Script(
            server,
            Queued(LARGE, 2, 20.0),
            shows(chat, "2nd in line, about 20 s…"),
            Loading(LARGE, 14.0, ("Qwen2.5 14B",)),
            shows(chat, "Loading Qwen2.5 32B in place of Qwen2.5 14B, about 14 s…"),
            Token(reasoning="Hm."),
            shows(chat, "Thinking…"),
            Token(FOX),
        ),
    )
    assert chat.texts == [SHOWN_FOX]
    assert len(chat.sent) == 1


async def test_a_fallback_in_mid_stream_starts_anew(server: TelegramServer, sender: Sender, chat: Chat) -> None:
    """Void text leaves the message, which says why, and the answer holds only the second model's words."""
    wrong = "Wrong words that do not count."
    await run(
        sender,
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


async def test_a_silent_fallback_changes_nothing(server: TelegramServer, sender: Sender, chat: Chat) -> None:
    """A fallback before the first token is not shown."""
    await run(sender, Script(server, fell_back(void=False), 1.0, Token(FOX)))
    assert [message.texts for message in chat.sent] == [[SHOWN_FOX]]


async def test_a_text_that_outgrows_its_message_goes_on_in_the_next(
    server: TelegramServer, sender: Sender, chat: Chat
) -> None:
    """What is full stays as it is, the last message grows and has the button; at the end every word is there once."""
    words = " ".join(f"w{n}" for n in range(2000))

    def shows_the_end() -> bool:
        return len(chat.sent) == 3 and "w1990" in chat.sent[-1].text

    def buttons_are_last() -> bool:
        return [message.buttons for message in chat.sent] == [[], [], ["Stop"]]

    await run(sender, Script(server, Token(words), shows_the_end, buttons_are_last, Token(" end")))
    assert " ".join(chat.texts).split() == [*words.split(), "end"]
    assert all(utf16_length(text) <= 4096 for text in chat.texts)
    assert [message.buttons for message in chat.sent] == [[], [], []]
    assert [len(message.texts) for message in chat.sent[:2]] == [1, 1]


async def test_messages_that_a_fallback_made_void_go(server: TelegramServer, sender: Sender, chat: Chat) -> None:
    """A second message whose text no longer counts is not left behind."""
    words = " ".join(f"w{n}" for n in range(1000))
    await run(sender, Script(server, Token(words), lambda: len(chat.sent) == 2, fell_back(void=True), Token(FOX)))
    assert chat.texts == [SHOWN_FOX]


async def test_typing_is_kept_up_until_there_is_text(server: TelegramServer, chat: Chat) -> None:
    """Telegram forgets after five seconds, so it is told again; once text shows it is not."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds
        await asyncio.sleep(min(seconds, 0.05))

    clock = [0.0]
    typed: list[int] = []

    def count() -> bool:
        typed.append(len(chat.actions))
        return True

    is_typing = lambda: len(chat.actions) > 3  # noqa: E731 - a condition with a name
    script = Script(server, is_typing, Token(FOX), shows(chat, SHOWN_FOX), 0.2, count, 0.3, count)
    async with sending(server, Limiter(clock=lambda: clock[0], sleep=sleep)) as sender:
        await run(sender, script)
    assert typed[0] == typed[1]
    assert slept.count(4.5) >= 3


async def test_in_a_group_the_answer_replies_to_the_question(server: TelegramServer, sender: Sender) -> None:
    """It goes into the question's topic, and replies with its first message only."""
    forum = server.group(-100, forum=True)
    topic = forum.topic("Songs")
    question = await server.user(ADA).say("@switchboard_bot sing", forum, thread_id=topic)
    target = Target(-100, topic, question.message_id, is_group=True)
    script = Script(server, Token("la " * 3000), lambda: forum.sent)
    await run(sender, script, draft=sender.draft(target))
    assert {message.thread_id for message in forum.sent} == {topic}
    assert [message.reply_to for message in forum.sent] == [question, *[None] * (len(forum.sent) - 1)]


async def test_a_question_that_was_deleted_is_answered_all_the_same(server: TelegramServer, sender: Sender) -> None:
    """Telegram may send the reply without what it replies to."""
    group = server.group(-100)
    question = await server.user(ADA).say("sing", group)
    question.deleted = True
    target = Target(-100, None, question.message_id, is_group=True)
    await run(sender, Script(server, Token(FOX)), draft=sender.draft(target))
    assert group.texts == [SHOWN_FOX]


# --- what Telegram does meanwhile -------------------------------------------------------------------------------------


async def test_a_flood_slows_previews_and_not_the_answer(server: TelegramServer, chat: Chat) -> None:
    """After a 429 previews pause and go at half the pace; the answer waits the ban out and arrives whole."""

    def ban() -> bool:
        server.faults.ban(ADA, 1.8)
        return True

    def refused() -> bool:
        return any(call.status == 429 for call in server.calls)

    script = Script(server, Token(FOX), shows(chat, SHOWN_FOX), ban, Token(" More."), refused, Token(" End."))
    async with sending(server, Limiter()) as sender:
        await run(sender, script)
    assert chat.texts == [f"{SHOWN_FOX} More. End."]
    assert sender.limiter._chat(ADA).interval_seconds == 2.5
    assert len([call for call in server.calls if call.status == 429]) == 1


async def test_a_preview_that_people_deleted_is_sent_anew(server: TelegramServer, sender: Sender, chat: Chat) -> None:
    """The answer arrives although the message it would have replaced is gone."""

    def delete() -> bool:
        if chat.sent:
            chat.sent[0].deleted = True
        return bool(chat.messages)

    await run(sender, Script(server, Token(FOX), delete, Token(" End.")))
    assert chat.texts == [f"{SHOWN_FOX} End."]


async def test_an_edit_whose_answer_was_lost_is_a_success(server: TelegramServer, sender: Sender, chat: Chat) -> None:
    """The edit arrives, its answer does not, the second try is refused as unmodified: the answer stands once."""

    def lose() -> bool:
        if chat.sent:
            server.faults.lose_answer(method="editMessageText", seconds=0.3)
        return bool(chat.sent)

    await run(sender, Script(server, Token(FOX), lose))
    assert (chat.texts, chat.sent[0].buttons) == ([SHOWN_FOX], [])
    assert {entity["type"] for entity in chat.sent[0].entities} == {"bold"}


@pytest.mark.parametrize("lose", ["lose_answer", "fail_after"])
async def test_a_preview_that_may_have_arrived_gets_no_twin(server: TelegramServer, chat: Chat, lose: str) -> None:
    """After a preview was sent and its answer lost no second one is sent: it is found, and goes on growing."""
    if lose == "lose_answer":
        server.faults.lose_answer(method="sendMessage")
    else:
        server.faults.fail_after(method="sendMessage")
    script = Script(server, Token(FOX), lambda: chat.sent, *[Token(" more"), 0.1] * 10)
    async with sending(server, read_seconds=0.5) as sender:
        marks = await run(sender, script)
    assert [(message.text, message.buttons) for message in chat.sent] == [(f"{SHOWN_FOX}{' more' * 10}", [])]
    assert marks.made == {0: chat.sent[0].message_id}


async def test_a_preview_that_did_not_arrive_is_not_waited_for(
    server: TelegramServer, sender: Sender, chat: Chat
) -> None:
    """Nobody finds it, so the answer is sent, in one message."""
    server.faults.drop(method="sendMessage")
    await run(sender, Script(server, Token(FOX), lambda: server.called("sendMessage"), Token(" End.")))
    assert chat.texts == [f"{SHOWN_FOX} End."]


async def test_previews_end_where_the_chat_does(server: TelegramServer, sender: Sender) -> None:
    """Somebody who blocks the bot in mid-answer gets no more tries, and the answer is given up."""
    person = server.user(ADA)

    def blocked() -> bool:
        if person.chat.sent:
            person.chat.refusal = "Forbidden: bot was blocked by the user"
        return bool(person.chat.sent)

    words = [step for n in range(60) for step in (Token(f"word {n} "), 0.02)]
    marks = await run(sender, Script(server, Token(FOX), blocked, *words))
    assert marks.made == {0: None}
    assert len([call for call in server.calls if call.status == 403 and call.method != "sendChatAction"]) <= 3


# --- ends -------------------------------------------------------------------------------------------------------------


async def test_an_answer_of_nothing_takes_the_preview_away(server: TelegramServer, sender: Sender, chat: Chat) -> None:
    """With nothing visible to say, nothing stays behind."""
    draft = sender.draft()
    await follow(draft, Script(server, Queued(LARGE, 1), lambda: chat.sent))
    await sender.finish(draft, "")
    assert chat.sent == []


async def test_the_same_text_is_not_sent_twice(server: TelegramServer, sender: Sender, chat: Chat) -> None:
    """A preview that already reads like the answer, and has no button, stays as it is."""
    draft = sender.draft(stop_keyboard=None)
    await run(sender, Script(server, Token(FOX), lambda: chat.sent, Token("")), draft=draft)
    assert [method for method in sender.calls() if method.startswith(("send", "edit"))][-1] == "sendMessage"
    assert chat.texts == [SHOWN_FOX]


async def test_a_cancelled_run_leaves_what_it_said(server: TelegramServer, sender: Sender, chat: Chat) -> None:
    """Cancelling stops the stream at once, and what was said so far can still be delivered."""
    draft = sender.draft()
    script = Script(server, Token(FOX), lambda: False)
    task = asyncio.create_task(follow(draft, script))
    await server.wait_for(lambda: chat.sent)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert script.closed
    await sender.finish(draft, draft.text, "Stopped.")
    assert (chat.texts, chat.sent[0].buttons) == ([f"{SHOWN_FOX}\n\nStopped."], [])


async def test_a_run_without_an_end_is_a_bug(sender: Sender) -> None:
    """A stream that ends without Finished is not taken for an answer."""

    async def events() -> AsyncGenerator[Event]:
        yield Token(FOX)

    async with aclosing(events()) as stream:
        with pytest.raises(RuntimeError):
            await sender.draft().follow(stream)


# --- from one life to the next ----------------------------------------------------------------------------------------


async def test_what_stands_is_told_as_soon_as_it_stands(server: TelegramServer, sender: Sender, chat: Chat) -> None:
    """Each new preview is announced by the last id before it, and then reported with all that stand before it."""
    told: list[list[int]] = []
    words = " ".join(f"w{n}" for n in range(1000))
    question = await server.user(ADA).say("a thousand words, please")
    script = Script(server, Token(words), lambda: len(chat.sent) == 2)
    target = Target(ADA, after_message_id=question.message_id)
    await run(sender, script, draft=sender.draft(target, on_standing=told.append))
    asked, one, two = chat.messages
    assert told == [[-asked], [one], [one, -one], [one, two]]


async def test_a_preview_that_a_crash_hid_is_found(server: TelegramServer, sender: Sender, chat: Chat) -> None:
    """It was on its way when the process died: the next life takes it over, whatever it says by now."""
    question = await server.user(ADA).say("go on")
    chat.add(server.world.bot, text="Loading…", keyboard=[[{"text": "Stop", "callback_data": "stop:0"}]])
    words = [step for n in range(20) for step in (Token(f"word {n} "), 0.02)]
    told: list[list[int]] = []
    draft = sender.draft(standing=[-question.message_id], on_standing=told.append)
    await run(sender, Script(server, Token(FOX), shows(chat, SHOWN_FOX), *words), draft=draft)
    assert [(message.message_id, message.buttons) for message in chat.sent] == [(question.message_id + 1, [])]
    assert chat.texts[0].endswith("word 19")
    assert told == [[question.message_id + 1]]


async def test_an_answer_that_is_there_at_once_takes_the_place_of_a_hidden_preview(
    server: TelegramServer, sender: Sender, chat: Chat
) -> None:
    """Also where no preview of this life was shown."""
    question = await server.user(ADA).say("go on")
    chat.add(server.world.bot, text="Loading…")
    await run(sender, Script(server, Token(FOX)), draft=sender.draft(standing=[-question.message_id]))
    assert chat.texts == [SHOWN_FOX]


async def test_where_no_preview_was_hidden_one_is_sent(server: TelegramServer, sender: Sender, chat: Chat) -> None:
    """The look finds nothing, and the answer grows as ever."""
    question = await server.user(ADA).say("go on")
    script = Script(server, Token(FOX), shows(chat, SHOWN_FOX), Token(" End."))
    await run(sender, script, draft=sender.draft(standing=[-question.message_id]))
    assert chat.texts == [f"{SHOWN_FOX} End."]


async def test_an_answer_goes_on_in_the_messages_of_an_earlier_life(
    server: TelegramServer, sender: Sender, chat: Chat
) -> None:
    """They are edited in place, their dead button gives way to a live one, and no other message appears."""
    old = [await sender.delivery().send(part) for part in await formatted_parts("Half an answer")]
    server.chat(ADA).sent[0].keyboard = [[{"text": "Stop", "callback_data": "stop:0"}]]
    buttons: list[str] = []

    def note() -> bool:
        buttons.append(chat.sent[0].keyboard[0][0]["callback_data"])
        return True

    script = Script(server, Token("The"), lambda: chat.sent[0].text == "The", note, Token(" End."))
    await run(sender, script, draft=sender.draft(standing=old))
    assert buttons == ["stop:1"]
    assert [(message.message_id, message.text, message.buttons) for message in chat.sent] == [(old[0], "The End.", [])]


async def test_messages_of_an_earlier_life_that_are_too_many_go(
    server: TelegramServer, sender: Sender, chat: Chat
) -> None:
    """An answer that became shorter leaves none of them behind."""
    old = [await sender.delivery().send(part) for part in await formatted_parts("word " * 2000)]
    await run(sender, Script(server, Token(FOX)), draft=sender.draft(standing=old))
    assert len(old) == 3
    assert [(message.message_id, message.text) for message in chat.sent] == [(old[0], SHOWN_FOX)]


async def test_an_interrupted_answer_says_so_and_keeps_what_it_has(
    server: TelegramServer, sender: Sender, chat: Chat
) -> None:
    """The notice stands below the text so far, the button is gone, and the ids are for whoever goes on."""
    draft = sender.draft()
    task = asyncio.create_task(follow(draft, Script(server, Token(FOX), lambda: False)))
    await server.wait_for(lambda: chat.sent)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await draft.interrupt("I am being restarted.") == (chat.sent[0].message_id,)
    assert (chat.texts, chat.sent[0].buttons) == ([f"{SHOWN_FOX}\n\nI am being restarted."], [])


async def test_an_interruption_before_anything_stands_says_nothing(server: TelegramServer, sender: Sender) -> None:
    """No message is made for a notice."""
    draft = sender.draft()
    await follow(draft, Script(server, Token(FOX)))
    assert await draft.interrupt("I am being restarted.") == ()
    assert sender.ada.sent == []


@pytest.mark.parametrize("trouble", ["ban", "silence", "outage"])
async def test_an_interruption_waits_for_nobody(server: TelegramServer, chat: Chat, trouble: str) -> None:
    """Telegram may refuse, be silent or be gone: after two seconds the answer is left as it stands."""
    async with sending(server, Limiter()) as sender:
        draft = sender.draft()
        await follow(draft, Script(server, Token(FOX), lambda: chat.sent))
        if trouble == "ban":
            server.faults.ban(ADA, 600)
        elif trouble == "silence":
            server.faults.lose_answer(1, method="editMessageText")
        else:
            server.faults.fail(100)
        began_at = time.monotonic()
        assert await draft.interrupt("I am being restarted.") == (chat.sent[0].message_id,)
        assert time.monotonic() - began_at < 2.5
        assert len(server.called("editMessageText")) <= 1


async def formatted_parts(text: str) -> list[Part]:
    """The messages of a text."""
    return await formatted(ResponseFormatter().format, text)


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
