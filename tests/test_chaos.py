"""The chaos bench: it counts what it should, and the bot survives a few kills and troubles of each sort."""

from __future__ import annotations

import random

import pytest

from bench import chaos_faults, chaos_kills
from bench.chaos_count import Fate, Kill, Where, is_answered, needless_runs, out_of_order, verdicts, where_doubled
from bench.chaos_words import PASTED_CHARACTERS, Asked, Echo, Kind, Wanted, answer, pasted, wanted
from tests.telegram_server import Call
from tests.telegram_world import World

STOP = [[{"text": "⏹ Stop", "callback_data": "x"}]]


@pytest.fixture
def chat():
    return World("Switchboard", "switchboard_bot").user(7).chat


def ask(chat, number, kind=Kind.QUESTION, lines=2):
    """Somebody sends a message."""
    one = Wanted(f"q7n{number}", kind, lines)
    return Asked(one, chat.chat_id, chat.add({"is_bot": False}, text=one.words).message_id, at=0.0)


def say(chat, text, keyboard=()):
    """The bot sends a message."""
    return chat.add(chat.world.bot, text=text, keyboard=list(keyboard))


def fates(chat, *asked):
    return [verdict.fate for verdict in verdicts(chat, asked)]


# --- what became of a message -----------------------------------------------------------------------------------------


def test_a_message_is_answered_once(chat):
    """The whole answer stands in the chat, be it in one message or in several."""
    first, second = ask(chat, 1), ask(chat, 2, Kind.LONG, 90)
    say(chat, answer("q7n1", 2))
    whole = answer("q7n2", 90)
    cut = whole.index("Line 45")
    say(chat, whole[:cut])
    say(chat, whole[cut:])
    assert fates(chat, first, second) == [Fate.ONCE, Fate.ONCE]
    assert is_answered(chat, first)


def test_a_message_is_answered_twice_when_any_part_is(chat):
    """One part that was sent again is seen, whatever stands in it."""
    first, second = ask(chat, 1), ask(chat, 2)
    say(chat, answer("q7n1", 2))
    say(chat, answer("q7n1", 2))
    say(chat, answer("q7n2", 2))
    say(chat, "Line 2 of q7n2: and so on.")
    assert fates(chat, first, second) == [Fate.TWICE, Fate.TWICE]


def test_half_an_answer_is_none(chat):
    """An end that is missing, a line in the middle that is, and a Stop button that still stands: each is noticed."""
    asked = [ask(chat, number) for number in range(3)]
    say(chat, answer("q7n0", 2).replace("End of q7n0.", ""))
    say(chat, answer("q7n1", 2).replace("Line 2 of", ""))
    say(chat, answer("q7n2", 2), STOP)
    assert fates(chat, *asked) == [Fate.HALF] * 3
    assert not any(is_answered(chat, one) for one in asked)


def test_nothing_at_all_is_a_loss_unless_the_bot_said_something_instead(chat):
    """Each of the bot's sentences stands for one message that has no answer; what was deleted says nothing."""
    asked = [ask(chat, number) for number in range(3)]
    say(chat, "The model server cannot be reached.")
    say(chat, answer("q7n2", 2)).deleted = True
    assert fates(chat, *asked) == [Fate.TOLD, Fate.LOST, Fate.LOST]


def test_one_sentence_stands_for_both_parts_of_a_paste(chat):
    """A joined paste is one message to the bot; what comes after it needs a sentence of its own."""
    asked = [ask(chat, 0, Kind.PASTE), ask(chat, 1, Kind.PASTE), ask(chat, 2)]
    say(chat, "The model server cannot be reached.")
    assert fates(chat, *asked) == [Fate.TOLD, Fate.TOLD, Fate.LOST]


def test_a_command_is_answered_by_its_token(chat):
    """What /model says of an unknown name holds the name."""
    first, second = ask(chat, 1, Kind.COMMAND), ask(chat, 2, Kind.COMMAND)
    say(chat, "There is no model q7n1.")
    say(chat, "There is no model q7n2.")
    say(chat, "There is no model q7n2.")
    assert fates(chat, first, second) == [Fate.ONCE, Fate.TWICE]


def test_order_is_that_of_the_answers_in_the_chat(chat):
    """An answer above that of an earlier message is out of order; a command may overtake."""
    asked = [ask(chat, 1), ask(chat, 2), ask(chat, 3, Kind.COMMAND), ask(chat, 4)]
    say(chat, "There is no model q7n3.")
    for number in (2, 1, 4):
        say(chat, answer(f"q7n{number}", 2))
    assert [one.asked.wanted.token for one in out_of_order(verdicts(chat, asked))] == ["q7n2"]


@pytest.mark.parametrize(
    ("at", "seconds", "where"),
    [
        (9.9, 0.2, Where.IN_CALL),  # the kill came while the call was worked on
        (10.1, 0.0, Where.IN_CALL),  # on its way when the kill came
        (9.9, 0.0985, Where.IN_CALL),  # answered, but too late to be read
        (9.9, 0.07, Where.AFTER_CALL),
        (9.0, 0.01, Where.OTHER),
        (10.6, 0.0, Where.OTHER),  # the next process made it
    ],
)
def test_a_double_is_put_down_to_the_kill_within_its_call(at, seconds, where):
    """Only a call that sends the very answer excuses it."""
    call = Call("sendMessage", {"text": "Begin of q7n1\\."}, 0, "", at, seconds)
    assert where_doubled("q7n1", [Kill(10.0, "")], [call]) is where
    assert where_doubled("q7n11", [Kill(10.0, "")], [call]) is Where.OTHER


def test_a_run_for_a_stored_answer_is_needless():
    """A model that is asked again after its answer was in the database is noticed, one asked again before is not."""
    kills = [Kill(10.0, "", frozenset({"q1n1", "q1n2"})), Kill(20.0, "", frozenset({"q1n3"}))]
    assert needless_runs(kills, {"q1n1": [9.0], "q1n2": [9.0, 12.0], "q1n3": [9.0, 12.0]}) == ["q1n2"]


# --- what is asked and answered ---------------------------------------------------------------------------------------


def test_a_paste_is_split_as_telegram_splits():
    """The first message is as long as a message may be, and both want something."""
    rng = random.Random(1)
    first, second = (wanted(rng, f"q7n{number}", Kind.PASTE) for number in range(2))
    head, tail = pasted(first, second)
    assert len(head) == PASTED_CHARACTERS
    assert first.words in head
    assert second.words in tail


def test_the_model_answers_every_order_in_the_last_message():
    """A joined paste is answered in one, the conversation before it is not answered again."""
    echo = Echo()
    old, first, second = (Wanted(f"q7n{number}", Kind.QUESTION, 2, 500) for number in range(3))
    messages = [{"content": old.words}, {"content": "..."}, {"content": f"{first.words}\n{second.words}"}]
    script = echo.script({"messages": messages})
    assert "".join(script.pieces) == f"{answer('q7n1', 2)}\n\n{answer('q7n2', 2)}"
    assert script.token_seconds * len(script.pieces) == pytest.approx(0.5)
    assert list(echo.asked_at) == ["q7n1", "q7n2"]


# --- the bot ----------------------------------------------------------------------------------------------------------


async def test_nothing_is_lost_over_a_few_kills(tmp_path):
    """Killed at moments of every sort, the bot answers each message once, in order, and runs no model needlessly."""
    outcome, _ = await chaos_kills.run(chaos_kills.Options(kills=5, chats=5), tmp_path)
    assert len(outcome.kills) == 5
    assert len(outcome.all) > 10
    assert outcome.shortcomings == []


async def test_nothing_is_lost_in_an_outage(tmp_path):
    """What is written while Telegram is away is answered once it is back, and what was answered meanwhile arrives."""
    trouble = chaos_faults.Trouble("Telegram is away", chaos_faults.outage(2.0))
    row, _ = await chaos_faults.play(trouble, tmp_path, chats=5, margin_seconds=2.0)
    assert len(row.all) > 5
    assert row.is_good
