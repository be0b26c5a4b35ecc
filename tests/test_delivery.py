"""Each message arrives once, whatever the network and Telegram do, and nothing else in the chat is touched."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram import Chat, InlineKeyboardButton, InlineKeyboardMarkup, Message
from telegram.error import BadRequest, Forbidden

from handlers.delivery import Target
from handlers.known import IDS_REMEMBERED, SUPERGROUPS_REMEMBERED, Known
from handlers.limiter import Limiter
from handlers.lost import Lost
from handlers.parts import Part, formatted
from routing.response_formatter import ResponseFormatter
from tests.sender import ADA, STOP, Sender, hurried, sending
from tests.telegram_server import TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from handlers.delivery import Delivery

pytest_plugins = ("tests.telegram_fixtures",)

FOX = "The **quick** brown fox."
SHOWN_FOX = "The quick brown fox."
SUPERGROUP = -1_000_000_000_007


@pytest.fixture
async def sender(server: TelegramServer) -> AsyncIterator[Sender]:
    async with sending(server, read_seconds=0.5) as sender:
        yield sender


@pytest.fixture
def delivery(sender: Sender) -> Delivery:
    return sender.delivery(read_timeout_seconds=0.5)


async def part_of(text: str = FOX) -> Part:
    """The first message of a text."""
    return (await formatted(ResponseFormatter().format, text))[0]


# --- what may have been sent ------------------------------------------------------------------------------------------

DOUBTS: dict[str, Callable[[TelegramServer], object]] = {
    "a time-out after it was sent": lambda server: server.faults.lose_answer(method="sendMessage"),
    "a connection that breaks after it was sent": lambda server: server.faults.lose_answer(
        method="sendMessage", seconds=0
    ),
    "a gateway's page after it was sent": lambda server: server.faults.fail_after(method="sendMessage"),
    "a page in Telegram's place after it was sent": lambda server: server.faults.fail_after(
        method="sendMessage", status=200
    ),
    "a time-out before it was sent": lambda server: server.faults.drop(method="sendMessage", times=1),
    "a gateway's page before it was sent": lambda server: server.faults.fail(method="sendMessage"),
    "a log-in page in Telegram's place": lambda server: server.faults.fail(method="sendMessage", status=200),
    "a proxy that knows no such address": lambda server: server.faults.fail(method="sendMessage", status=404),
    "a proxy that wants a password": lambda server: server.faults.fail(method="sendMessage", status=401),
}


@pytest.mark.parametrize("doubt", DOUBTS)
async def test_a_message_in_doubt_arrives_once(
    server: TelegramServer, sender: Sender, delivery: Delivery, doubt: str
) -> None:
    """Whether it had been sent or not: it stands there once, with its own buttons, and its id is known."""
    DOUBTS[doubt](server)
    message_id = await delivery.send(await part_of(), STOP)
    assert [(message.message_id, message.text, message.buttons) for message in sender.ada.sent] == [
        (message_id, SHOWN_FOX, ["Stop"])
    ]
    assert sender.ada.sent[0].entities


async def test_a_mark_whose_answer_was_lost_is_set_again(
    server: TelegramServer, sender: Sender, delivery: Delivery
) -> None:
    """Telegram refuses what would change nothing, and that must not be taken for a message that is not there."""
    server.faults.fail_after(method="sendMessage")
    server.faults.fail_after(2, method="editMessageReplyMarkup")
    message_id = await delivery.send(await part_of())
    server.faults.refuse("whatever", method="editMessageText")
    server.faults.fail_after(2, method="editMessageReplyMarkup")
    assert await delivery.replace(message_id, await part_of("More.")) == message_id
    assert [(message.text, message.buttons) for message in sender.ada.sent] == [("More.", [])]


@pytest.mark.parametrize("times", [1, 2])
async def test_doubt_upon_doubt_is_resolved(
    server: TelegramServer, sender: Sender, delivery: Delivery, times: int
) -> None:
    """Sends that are lost one after the other, and looks that fail in between: still it stands there once."""
    server.faults.fail(times, method="sendMessage")
    server.faults.fail(1, method="editMessageReplyMarkup")
    server.faults.fail_after(1, method="sendMessage")
    server.faults.fail_after(times, method="editMessageReplyMarkup")
    server.faults.fail_after(1, method="editMessageText")
    await delivery.send(await part_of())
    assert sender.ada.texts == [SHOWN_FOX]
    assert sender.ada.sent[0].buttons == []


async def test_what_was_certainly_not_sent_is_sent_again_at_once() -> None:
    """Where no connection was made nobody looks for anything."""
    async with TelegramServer() as first, sending(first) as sender:
        await first.__aexit__(None, None, None)
        sent = asyncio.create_task(sender.delivery().send(await part_of()))
        await asyncio.sleep(0.2)
        async with TelegramServer(port=first.port) as second:
            second.user(ADA)
            await sent
            assert second.chat(ADA).texts == [SHOWN_FOX]
            assert [call.method for call in second.calls] == ["sendMessage"]


async def test_a_message_is_found_among_others(server: TelegramServer, sender: Sender) -> None:
    """What people and other chats say meanwhile is stepped over, whether we know of it or not."""
    bob = server.user(43)
    for _ in range(3):
        await bob.say("not seen by the bot")
    server.faults.lose_answer(method="sendMessage", chat_id=ADA)
    sent = asyncio.create_task(sender.delivery(read_timeout_seconds=0.5).send(await part_of()))
    await server.wait_for(lambda: sender.ada.sent)
    for said in [await server.user(ADA).say("and another thing"), await bob.say("hello")]:
        sender.limiter.known.note(said.chat.chat_id, said.message_id)
    await sender.delivery(Target(43)).send(await part_of("Hello."))
    assert await sent == sender.ada.sent[0].message_id
    assert sender.ada.texts == [SHOWN_FOX]


async def test_messages_of_ours_are_not_mistaken_for_it(server: TelegramServer, sender: Sender) -> None:
    """One that reads differently, or is in another topic, is left as it was."""
    forum = server.group(SUPERGROUP, forum=True)
    topics = [forum.topic("Songs"), forum.topic("Food")]
    for thread_id, text in ((topics[1], SHOWN_FOX), (topics[0], "Something else.")):
        forum.add(server.world.bot, text=text, thread_id=thread_id)
    server.faults.lose_answer(method="sendMessage")
    target = Target(SUPERGROUP, topics[0], is_group=True, after_message_id=topics[1])
    message_id = await sender.delivery(target, read_timeout_seconds=0.5).send(await part_of())
    assert [(message.thread_id, message.text, message.buttons) for message in forum.sent] == [
        (topics[1], SHOWN_FOX, []),
        (topics[0], "Something else.", []),
        (topics[0], SHOWN_FOX, []),
    ]
    assert message_id == forum.sent[-1].message_id


async def test_two_messages_lost_at_once_find_each_its_own(server: TelegramServer, sender: Sender) -> None:
    """Answers to two questions in one chat do not swap their places, and none is there twice."""
    server.faults.lose_answer(2, method="sendMessage")
    texts = ["First things first.", "Second thoughts."]
    deliveries = [sender.delivery(read_timeout_seconds=0.5).send(await part_of(text)) for text in texts]
    ids = await asyncio.gather(*deliveries)
    assert {message.message_id: message.text for message in sender.ada.sent} == dict(zip(ids, texts, strict=True))


async def test_a_message_under_way_is_not_mistaken_for_the_lost_one(server: TelegramServer, sender: Sender) -> None:
    """Nobody looks until it has arrived, and then it is known."""
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Menu", callback_data="menu")]])
    server.faults.slow(1, method="sendMessage")
    patient = sender.delivery(read_timeout_seconds=5)
    slow = asyncio.create_task(patient.send(await part_of("A menu."), keyboard))
    await server.wait_for(lambda: sender.ada.sent)
    server.faults.lose_answer(method="sendMessage", seconds=0)
    await asyncio.gather(slow, patient.send(await part_of()))
    assert [(message.text, message.buttons) for message in sender.ada.sent] == [("A menu.", ["Menu"]), (SHOWN_FOX, [])]
    marks = server.called("editMessageReplyMarkup")
    assert {call.given["message_id"] for call in marks} == {sender.ada.sent[1].message_id}


@pytest.mark.parametrize("known_from", ["the question", "what was sent or received since"])
async def test_a_look_begins_where_the_send_began(server: TelegramServer, sender: Sender, known_from: str) -> None:
    """The messages before it are no candidates, though nobody may have told us of them."""
    group = server.group(SUPERGROUP)
    said = [await server.user(ADA).say("something", group) for _ in range(20)]
    target = Target(SUPERGROUP, is_group=True, after_message_id=said[-1].message_id)
    if known_from != "the question":
        target = Target(SUPERGROUP, is_group=True, after_message_id=said[0].message_id)
        sender.limiter.known.note(SUPERGROUP, said[-1].message_id)
    server.faults.fail_after(method="sendMessage")
    await sender.delivery(target).send(await part_of())
    assert group.texts == [SHOWN_FOX]
    assert len(server.called("editMessageReplyMarkup")) == 1


async def test_a_look_is_soon_over(server: TelegramServer, sender: Sender) -> None:
    """Four tries in a private chat, ten in a supergroup where the bot may not see what people say; then it is sent."""
    server.group(SUPERGROUP)
    for chat_id, tries in ((ADA, 4), (SUPERGROUP, 10)):
        server.faults.fail(method="sendMessage")
        await sender.delivery(Target(chat_id)).send(await part_of())
        assert len(server.called("editMessageReplyMarkup", chat_id)) == tries
        assert server.chat(chat_id).texts == [SHOWN_FOX]


async def test_many_chats_lose_their_messages_at_once(server: TelegramServer, sender: Sender) -> None:
    """Each finds its own among all of them, and nothing is there twice."""
    chats = [server.user(user_id).chat for user_id in range(100, 108)]
    server.faults.lose_answer(len(chats), method="sendMessage", seconds=0)
    part = await part_of()
    await asyncio.gather(*(sender.delivery(Target(chat.chat_id)).send(part) for chat in chats))
    assert [chat.texts for chat in chats] == [[SHOWN_FOX]] * len(chats)


async def test_a_message_that_was_lost_is_found_by_what_is_read(sender: Sender, delivery: Delivery) -> None:
    """White space and what nobody sees may differ from what was sent."""
    sender.ada.add(sender.server.world.bot, text="The quick  brown fox.")
    assert await delivery.find(Lost(0, " The quick\nbrown\u200b fox. ")) == 1
    assert await delivery.find(Lost(0, "The quick brown fox.")) is None  # it is known now


@pytest.mark.parametrize(
    ("lost", "chat_id", "thread_id", "is_it"),
    [
        (Lost(1, "Hello."), ADA, None, True),
        (Lost(1), ADA, None, True),
        (Lost(1, "Goodbye."), ADA, None, False),
        (Lost(1, "Hello."), 43, None, False),
        (Lost(1, "Hello."), ADA, 7, False),
    ],
)
def test_a_lost_message_is_told_from_others(lost: Lost, chat_id: int, thread_id: int | None, is_it: bool) -> None:  # noqa: FBT001
    """By its chat, its topic and its text, where that is known."""
    message = Message(2, datetime.now(UTC), Chat(ADA, "private"), text="Hello.")
    assert lost.is_it(message, chat_id, thread_id) is is_it


async def test_a_lost_message_is_looked_for_once_telegram_answers(
    server: TelegramServer, sender: Sender, delivery: Delivery
) -> None:
    """During an outage nothing is decided; after it the message is found."""
    server.faults.lose_answer(method="sendMessage", seconds=0)
    server.faults.fail(4)
    await delivery.send(await part_of())
    assert sender.ada.texts == [SHOWN_FOX]
    assert [call.method for call in server.calls if call.status == 200][1:] == [
        "sendMessage",
        "editMessageReplyMarkup",
        "editMessageText",
    ]


async def test_waiting_can_be_cancelled_at_any_moment(server: TelegramServer, sender: Sender) -> None:
    """In a ban, in an outage and in a look; and whoever comes next is not held up."""
    part = await part_of()
    for spoil in (lambda: server.faults.ban(ADA, 600), lambda: server.faults.fail(10**6)):
        spoil()
        server.faults.lose_answer(method="sendMessage", seconds=0)
        task = asyncio.create_task(sender.delivery().send(part))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.faults.clear()
    async with asyncio.timeout(5):
        sender.limiter._chats.clear()
        await sender.delivery().send(part)


# --- outages, floods, moves -------------------------------------------------------------------------------------------


async def test_a_message_outlasts_every_flood(server: TelegramServer) -> None:
    """It is tried as often as it takes, each time after the wait that Telegram asks for."""
    clock = [0.0]

    async def sleep(seconds: float) -> None:
        clock[0] += seconds
        await asyncio.sleep(0)

    for retry_after in (1, 2, 30, 600):
        server.faults.flood(retry_after=retry_after, method="sendMessage")
    async with sending(server, Limiter(clock=lambda: clock[0], sleep=sleep)) as sender:
        await sender.delivery().send(await part_of())
    assert clock[0] == pytest.approx(633)
    assert sender.ada.texts == [SHOWN_FOX]
    assert len(server.called("sendMessage")) == 5


async def test_a_ban_in_mid_answer_delays_it(server: TelegramServer, sender: Sender, delivery: Delivery) -> None:
    """What was sent stays, and the rest comes when the ban is over."""
    first = await delivery.send(await part_of("One."))
    server.faults.ban(ADA, 0.2)
    server.faults.flood(2, 2, chat_id=ADA)
    await delivery.replace(first, await part_of("One!"))
    await delivery.send(await part_of("Two."))
    assert sender.ada.texts == ["One!", "Two."]


async def test_failures_are_tried_again_ever_later_and_not_in_step(server: TelegramServer) -> None:
    """The waits grow to half a minute, and two who wait do not come back at once."""

    async def waits_of(failures: int) -> list[float]:
        waits: list[float] = []

        async def sleep(seconds: float) -> None:
            waits.append(seconds)

        server.faults.fail(failures, method="deleteMessage")
        async with sending(server, Limiter(sleep=sleep, clock=iter(range(0, 10**6, 100)).__next__)) as sender:
            await sender.delivery().delete(1)
        return waits

    first, second = await waits_of(9), await waits_of(9)
    assert first != second
    for waits in (first, second):
        assert all(0.5 * 2**n * 0.5 <= wait <= 0.5 * 2**n for n, wait in enumerate(waits[:6]))
        assert all(15 <= wait <= 30 for wait in waits[6:])


@pytest.mark.parametrize("new_id", [-8, SUPERGROUP])
async def test_a_group_that_moved_is_followed(server: TelegramServer, sender: Sender, new_id: int) -> None:
    """What is sent arrives in the supergroup, whoever wants to know learns of it once, and replies to nothing there."""
    old, new = server.group(-7), server.group(new_id)
    question = await server.user(ADA).say("sing", old)
    await server.user(ADA).say("has the question's number, if this is a supergroup", new)
    old.migrated_to = new_id
    delivery = sender.delivery(Target(-7, None, question.message_id, is_group=True))
    for text in ("One.", "Two."):
        await delivery.send(await part_of(text), is_reply=True)
    assert (old.sent, new.texts) == ([], ["One.", "Two."])
    assert new.sent[0].reply_to is None
    assert sender.moves == [(-7, new_id)]
    assert delivery.target.chat_id == new_id


async def test_a_preview_of_the_old_group_is_sent_anew_in_the_new_one(server: TelegramServer, sender: Sender) -> None:
    """The message that it would have replaced is not there."""
    old, new = server.group(-7), server.group(SUPERGROUP)
    delivery = sender.delivery(Target(-7, is_group=True))
    preview = await delivery.send(await part_of("Half"))
    old.migrated_to = SUPERGROUP
    await delivery.replace(preview + 100, await part_of())
    assert new.texts == [SHOWN_FOX]


async def test_whoever_blocks_the_bot_ends_the_delivery(server: TelegramServer, delivery: Delivery) -> None:
    """There is nothing to wait for: the caller is told, of a send, an edit and a look."""
    message_id = await delivery.send(await part_of())
    await server.user(ADA).block()
    for call in (
        delivery.send(await part_of()),
        delivery.replace(message_id, await part_of("x")),
        delivery.find(Lost(0, "x")),
    ):
        with pytest.raises(Forbidden):
            await call


async def test_a_chat_that_is_gone_is_told_from_a_part_that_is_refused(
    server: TelegramServer, sender: Sender, delivery: Delivery
) -> None:
    """Telegram says "Bad Request" to both; only one of them has no chat."""
    with pytest.raises(BadRequest):
        await sender.delivery(Target(99)).send(await part_of())
    assert not await sender.delivery(Target(99)).is_open()
    server.faults.refuse("whatever", 3, method="sendMessage")
    with pytest.raises(BadRequest):
        await delivery.send(await part_of())
    assert await delivery.is_open()
    server.faults.flood(retry_after=600, method="getChat")
    assert await delivery.is_open()


# --- anything ---------------------------------------------------------------------------------------------------------

FAULTS: dict[str, Callable[[TelegramServer, str], object]] = {
    "fails": lambda server, method: server.faults.fail(method=method),
    "fails afterwards": lambda server, method: server.faults.fail_after(method=method),
    "breaks": lambda server, method: server.faults.drop(method=method),
    "breaks afterwards": lambda server, method: server.faults.lose_answer(method=method, seconds=0),
    "is late": lambda server, method: server.faults.slow(0.15, method=method),
    "floods": lambda server, method: server.faults.flood(method=method),
}
METHODS = ("sendMessage", "editMessageText", "editMessageReplyMarkup")


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(FAULTS)), st.sampled_from(METHODS)), max_size=8))
def test_whatever_goes_wrong_each_message_stands_once(troubles: list[tuple[str, str]]) -> None:
    """Failures of every kind, in any order, in every call: two messages arrive, and a third is edited."""

    async def deliver() -> None:
        async with TelegramServer() as server, sending(server, hurried(200), read_seconds=0.1) as sender:
            delivery = sender.delivery(read_timeout_seconds=0.1)
            standing = await delivery.send(await part_of("Half."))
            for trouble, method in troubles:
                FAULTS[trouble](server, method)
            texts = ["One.", "Two.", "Three."]
            ids = [await delivery.replace(standing, await part_of(texts[0]))]
            ids += [await delivery.send(await part_of(text)) for text in texts[1:]]
            assert {message.message_id: message.text for message in sender.ada.sent} == dict(
                zip(ids, texts, strict=True)
            )
            assert [message.buttons for message in sender.ada.sent] == [[], [], []]

    asyncio.run(deliver())


# --- looks ------------------------------------------------------------------------------------------------------------


async def test_a_refused_part_goes_as_entities(server: TelegramServer, sender: Sender, delivery: Delivery) -> None:
    """Markup that Telegram cannot read is sent as text with entities, and looks the same."""
    server.faults.refuse("can't parse entities: because", method="sendMessage")
    await delivery.send(await part_of())
    assert sender.ada.texts == [SHOWN_FOX]
    assert [entity["type"] for entity in sender.ada.sent[0].entities] == ["bold"]
    assert "entities" in server.called("sendMessage")[1].given


async def test_a_part_refused_twice_goes_as_plain_text(
    server: TelegramServer, sender: Sender, delivery: Delivery, caplog: pytest.LogCaptureFixture
) -> None:
    """The words arrive whatever happens to their looks, and the log says why, but not what they were."""
    server.faults.refuse("can't parse entities: because", 2, method="sendMessage")
    with caplog.at_level(logging.INFO):
        await delivery.send(await part_of())
    assert (sender.ada.texts, sender.ada.sent[0].entities) == ([SHOWN_FOX], [])
    assert "parse entities: because" in caplog.text
    assert "brown fox" not in caplog.text


async def test_a_refused_edit_goes_as_entities_too(server: TelegramServer, sender: Sender, delivery: Delivery) -> None:
    """A message that stands becomes the answer even where the answer's markup is refused."""
    message_id = await delivery.send(await part_of("Half"), STOP)
    server.faults.refuse("can't parse entities: because", 2, method="editMessageText")
    assert await delivery.replace(message_id, await part_of()) == message_id
    assert (sender.ada.texts, sender.ada.sent[0].buttons) == ([SHOWN_FOX], [])
    assert [entity["type"] for entity in sender.ada.sent[0].entities] == ["bold"]


async def test_an_edit_that_stands_already_is_no_error(server: TelegramServer, sender: Sender) -> None:
    """A process that knows nothing of the edit makes it again: nothing changes, nothing is sent anew."""
    message_id = await sender.delivery().send(await part_of())
    async with sending(server) as other:
        assert await other.delivery().replace(message_id, await part_of()) == message_id
    assert [(message.text, message.buttons) for message in sender.ada.sent] == [(SHOWN_FOX, [])]


async def test_a_part_survives_being_written_down() -> None:
    """All that Telegram needs to show it is in its JSON."""
    part = (await formatted(ResponseFormatter().format, f"{FOX} [link](https://a.example) `code` 👩‍👩‍👧"))[0]
    assert Part.from_json(part.as_json()) == part
    assert [version["text"] for version in part.versions()][1:] == [part.text] * 2


# --- what is known ----------------------------------------------------------------------------------------------------


def test_private_chats_and_basic_groups_share_their_ids() -> None:
    """What is known of one of them is known of all, but not of a supergroup."""
    known = Known()
    for chat_id, message_id in ((ADA, 5), (-7, 7), (SUPERGROUP, 100)):
        known.note(chat_id, message_id)
    assert [known.highest(chat_id) for chat_id in (1, ADA, SUPERGROUP, SUPERGROUP - 1)] == [7, 7, 100, 0]
    with known.doubt():
        assert list(known.candidates(1, 4)) == [6, 8, 9, 10]
    assert list(known.candidates(SUPERGROUP, 99)) == list(range(101, 111))
    assert list(known.candidates(1, 99, all_unknown=True)) == list(range(100, 110))
    assert list(known.candidates(1, 99, 2, all_unknown=True)) == [100, 101]
    known.note(ADA, 3)
    assert known.highest(ADA) == 7


def test_what_is_known_does_not_grow() -> None:
    """Only the latest ids and the latest supergroups are remembered."""
    known = Known()
    for message_id in range(1, 2000):
        known.note(ADA, message_id)
    for group in range(2000):
        known.note(SUPERGROUP - group, 1)
    assert (known.highest(ADA), known.highest(SUPERGROUP), known.highest(SUPERGROUP - 1999)) == (1999, 0, 1)
    assert list(known.candidates(ADA, 0)) == [1, 2, 3]
    assert list(known.candidates(ADA, 1999 - IDS_REMEMBERED)) == [2000, 2001, 2002]
    assert len(known._of_supergroups) == SUPERGROUPS_REMEMBERED
