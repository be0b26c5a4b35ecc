"""A finished answer is sent whole, in order and once, though the process dies, the chat closes or the network fails."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from handlers.delivery import Target
from handlers.lost import Lost
from handlers.outgoing import parcels_of, ship
from handlers.parts import formatted
from routing.response_formatter import ResponseFormatter
from storage.database import Database
from storage.outbox import Outbox
from tests.sender import ADA, STOP, Sender, sending

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from handlers.parts import Part
    from storage.outbox import Parcel
    from tests.telegram_server import TelegramServer

pytest_plugins = ("tests.telegram_fixtures",)

THREE = " ".join(f"w{n}" for n in range(2000))
GROUP = -7


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    async with await Database.open(tmp_path / "switchboard.db") as database:
        yield Outbox(database)


async def parts_of(text: str) -> list[Part]:
    """The messages of a text."""
    return await formatted(ResponseFormatter().format, text)


async def post(outbox: Outbox, parcels: list[Parcel]) -> list[Parcel]:
    """Write parcels down."""
    await outbox._database.write(*outbox.posting(parcels))
    return parcels


async def waiting(outbox: Outbox) -> list[Parcel]:
    """What a new life would find unsent."""
    await outbox._database.flush()
    return list(await outbox.load())


@dataclass
class Asked:
    """A question in a chat, and the answer to it that is to be sent."""

    sender: Sender
    outbox: Outbox
    target: Target
    parcels: list[Parcel]

    async def ship(self) -> None:
        """Send what was never tried before."""
        await ship(self.outbox, self.sender.delivery, self.parcels)

    async def ship_and_die(self, fate: str) -> None:
        """Die in the first call, which Telegram carries out ("lose_answer") or not ("drop")."""
        server = self.sender.server
        getattr(server.faults, fate)(1)
        task = asyncio.create_task(self.ship())
        await server.wait_for(lambda: task.done() or rules_are_used(server))
        task.cancel()
        await asyncio.wait([task])
        server.faults.clear()

    async def ship_rest(self) -> None:
        """Send what a life before has left, as a new process does that knows nothing else."""
        async with sending(self.sender.server) as other:
            await ship(self.outbox, other.delivery, await waiting(self.outbox), after_crash=True)


async def asked(
    sender: Sender, outbox: Outbox, text: str, standing: list[int | Lost] | None = None, chat_id: int = ADA
) -> Asked:
    """Have somebody ask in a chat, and an answer written down."""
    chat = sender.server.group(chat_id) if chat_id < 0 else None
    question = await sender.server.user(ADA).say("A question.", chat)
    place = question.message_id
    target = Target(chat_id, None, place, is_group=chat_id < 0, after_message_id=place)
    parcels = parcels_of("answer", ADA, target, await parts_of(text), standing or [])
    return Asked(sender, outbox, target, await post(outbox, parcels))


# --- as it should be --------------------------------------------------------------------------------------------------


async def test_an_answer_is_sent_in_order_and_marked(server: TelegramServer, sender: Sender, outbox: Outbox) -> None:
    """Each part is a message, the first replies in a group, and nothing is left to be sent."""
    answer = await asked(sender, outbox, THREE, chat_id=GROUP)
    await answer.ship()
    sent = server.chat(GROUP).sent
    assert " ".join(message.text for message in sent) == THREE
    assert [message.reply_to is not None for message in sent] == [True, False, False]
    assert await waiting(outbox) == []


async def test_parts_take_the_places_of_previews(server: TelegramServer, sender: Sender, outbox: Outbox) -> None:
    """As many as there are; what is left over is deleted, what is missing is sent."""
    for count in (2, 5):
        previews = [await sender.delivery().send((await parts_of(f"Preview {n}"))[0], STOP) for n in range(count)]
        await (await asked(sender, outbox, THREE, list(previews))).ship()
        sent = [message for message in sender.ada.sent if message.message_id >= previews[0]]
        assert " ".join(message.text for message in sent) == THREE
        assert [message.message_id for message in sent][: min(count, 3)] == previews[:3]
        assert all(not message.buttons for message in sent)
        assert await waiting(outbox) == []
        await outbox._database.write(("DELETE FROM outbox", ()))
        sender.ada.messages.clear()


async def test_a_preview_in_doubt_is_found_and_replaced_or_deleted(sender: Sender, outbox: Outbox) -> None:
    """Whether a part takes its place or not; where it never arrived nothing is missed."""
    for text in ("The end.", ""):
        for arrived in (True, False):
            question = await sender.server.user(ADA).say("A question.")
            if arrived:
                sender.ada.add(sender.server.world.bot, text="Half an answer")
            lost = Lost(question.message_id, "Half an answer")
            await (await asked(sender, outbox, text, [lost])).ship()
            assert sender.ada.texts == ([text] if text else [])
            assert await waiting(outbox) == []
            await outbox._database.write(("DELETE FROM outbox", ()))
            sender.ada.messages.clear()


async def test_an_answer_of_nothing_has_no_parcels() -> None:
    """Neither parts nor previews."""
    assert parcels_of("a", ADA, Target(ADA), [], []) == []


# --- crashes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", ["done", "not done"])
@pytest.mark.parametrize("call", range(4))
@pytest.mark.parametrize("previews", [0, 2, 4])
async def test_a_crash_within_any_call_neither_loses_nor_doubles(
    sender: Sender, outbox: Outbox, previews: int, call: int, fate: str
) -> None:
    """The process dies in the middle of a call that Telegram carries out, or not; the next one sends the rest."""
    server = sender.server
    places = [await sender.delivery().send((await parts_of(f"Preview {n}"))[0]) for n in range(previews)]
    server.calls.clear()
    answer = await asked(sender, outbox, THREE, list(places))
    server.faults.slow(0, times=call)
    spoil = server.faults.lose_answer if fate == "done" else server.faults.drop
    spoil(1)
    task = asyncio.create_task(answer.ship())
    await server.wait_for(lambda: task.done() or rules_are_used(server))
    task.cancel()
    await asyncio.wait([task])
    server.faults.clear()
    await answer.ship_rest()
    after = [message for message in sender.ada.sent if message.message_id >= (places[0] if places else 0)]
    assert " ".join(message.text for message in after) == THREE
    assert all(not message.buttons for message in after)
    assert await waiting(outbox) == []


def rules_are_used(server: TelegramServer) -> bool:
    """Whether everything has gone wrong that was to go wrong."""
    return all(not rule.times for rule in server.faults.rules)


async def test_a_crash_between_an_edit_and_its_mark_is_no_error(
    server: TelegramServer, sender: Sender, outbox: Outbox
) -> None:
    """The message reads as it should already: it is left so, and marked."""
    place = await sender.delivery().send((await parts_of("The end."))[0])
    answer = await asked(sender, outbox, "The end.", [place])
    await answer.ship_rest()
    assert [(message.text, message.buttons) for message in sender.ada.sent] == [("The end.", [])]
    assert await waiting(outbox) == []


async def test_a_crash_in_a_busy_bot_doubles_nothing(sender: Sender, outbox: Outbox) -> None:
    """Many messages of other chats stand between the question and the answer that was on its way: it is found."""
    server = sender.server
    answer = await asked(sender, outbox, "The end.")
    for user_id in range(100, 150):
        said = await server.user(user_id).say("Another question.")
        sender.limiter.known.note(user_id, said.message_id)
    for _ in range(5):
        await server.user(100).say("Nobody knows of this.")
    await answer.ship_and_die("lose_answer")
    await answer.ship_rest()
    assert sender.ada.texts == ["The end."]


async def test_what_was_never_on_its_way_is_not_looked_for(sender: Sender, outbox: Outbox) -> None:
    """After a crash before the first call the answer is sent at once."""
    answer = await asked(sender, outbox, "The end.")
    await answer.ship_rest()
    assert sender.ada.texts == ["The end."]
    assert sender.server.called("editMessageReplyMarkup") == []


async def test_what_a_crash_left_is_not_mistaken_for_something_else(sender: Sender, outbox: Outbox) -> None:
    """Another message of ours after the question stays as it is."""
    answer = await asked(sender, outbox, "The end.")
    await answer.ship_and_die("drop")
    sender.ada.add(sender.server.world.bot, text="Your turn comes.")
    await answer.ship_rest()
    assert sender.ada.texts == ["Your turn comes.", "The end."]
    assert [message.buttons for message in sender.ada.sent] == [[], []]


async def test_a_look_goes_on_where_a_crash_broke_it_off(sender: Sender, outbox: Outbox) -> None:
    """Ids under which the message was not found are not tried again by the next life."""
    server = sender.server
    answer = await asked(sender, outbox, "The end.")
    for _ in range(6):
        await server.user(100).say("Nobody knows of this.")
    await answer.ship_and_die("lose_answer")
    looking = asyncio.create_task(answer.ship_rest())
    await server.wait_for(lambda: len(server.called("editMessageReplyMarkup")) >= 3)
    looking.cancel()
    await asyncio.wait([looking])
    await answer.ship_rest()
    tried = [call.given["message_id"] for call in server.called("editMessageReplyMarkup")]
    assert sender.ada.texts == ["The end."]
    assert len(tried) - len(set(tried)) <= 1  # the one that was being tried


async def test_what_is_broken_off_waits_for_the_next_life(
    server: TelegramServer, sender: Sender, outbox: Outbox
) -> None:
    """Telegram is gone, the program is stopped: nothing is marked, and everything is there at the next start."""
    answer = await asked(sender, outbox, THREE)
    server.faults.fail(10**6)
    task = asyncio.create_task(answer.ship())
    await server.wait_for(lambda: server.called("sendMessage"))
    task.cancel()
    await asyncio.wait([task])
    assert [parcel.part for parcel in await waiting(outbox)] == [parcel.part for parcel in answer.parcels]
    server.faults.clear()
    await answer.ship_rest()
    assert " ".join(sender.ada.texts) == THREE


# --- chats that take nothing, and chats that move ---------------------------------------------------------------------


@pytest.mark.parametrize(("closing", "tries"), [("deleted", 4), ("blocked", 2)])
async def test_a_chat_that_closes_in_mid_answer_gets_no_more(  # noqa: PLR0917  # fixtures
    server: TelegramServer, sender: Sender, outbox: Outbox, closing: str, tries: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Blocked or deleted: what is left is given up at once, for good, and the log says so without a word of it."""
    answer = await asked(sender, outbox, THREE)

    async def close() -> None:
        await server.wait_for(lambda: sender.ada.sent)
        if closing == "deleted":
            del server.world.chats[ADA]
        else:
            sender.ada.refusal = "Forbidden: user is deactivated"

    server.faults.slow(0.3, method="sendMessage")
    await asyncio.gather(answer.ship(), close())
    assert await waiting(outbox) == []
    assert f"chat {ADA} takes nothing any more" in caplog.text
    assert "w100" not in caplog.text
    assert len(server.called("sendMessage")) == tries


async def test_a_closed_chat_holds_up_no_other(server: TelegramServer, sender: Sender, outbox: Outbox) -> None:
    """The answers of other chats among the parcels are sent."""
    server.user(43)
    await server.user(ADA).block()
    first = parcels_of("one", ADA, Target(ADA), await parts_of(THREE), [])
    second = parcels_of("two", 43, Target(43), await parts_of("Hello."), [])
    await post(outbox, first + second)
    await ship(outbox, sender.delivery, [*first[:1], *second, *first[1:]])
    assert server.chat(43).texts == ["Hello."]
    assert await waiting(outbox) == []


async def test_a_part_that_is_refused_keeps_no_other_back(
    server: TelegramServer, sender: Sender, outbox: Outbox
) -> None:
    """The chat is there, but one message is refused in every form: the others arrive."""
    answer = await asked(sender, outbox, THREE)
    server.faults.slow(0, times=1)
    server.faults.refuse("no reason at all", 3, method="sendMessage")
    await answer.ship()
    assert sender.ada.texts == [part.text for part in (await parts_of(THREE)) if part.index != 1]
    assert await waiting(outbox) == []


async def test_a_group_that_moves_in_mid_answer_gets_the_rest_where_it_is(
    server: TelegramServer, sender: Sender, outbox: Outbox
) -> None:
    """The parts behind the first one arrive in the supergroup."""
    new = server.group(-1_000_000_000_007)
    answer = await asked(sender, outbox, THREE, chat_id=GROUP)

    async def move() -> None:
        await server.wait_for(lambda: server.chat(GROUP).sent)
        server.chat(GROUP).migrated_to = new.chat_id

    server.faults.slow(0.3, method="sendMessage")
    await asyncio.gather(answer.ship(), move())
    assert " ".join(server.chat(GROUP).texts + new.texts) == THREE
    assert len(new.sent) == 2
    assert sender.moves == [(GROUP, new.chat_id)]
    assert await waiting(outbox) == []


async def test_a_parcel_that_nobody_can_read_is_given_up(
    sender: Sender, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Another version of the program wrote it; it must not stand in the way of all others for ever."""
    good = parcels_of("answer", ADA, Target(ADA), await parts_of("Hello."), [])[0]
    bodies = ["{", "[]", '{"part": {"markdown": "x"}, "lost": null}', json.dumps({"lost": {}})]
    bad = [replace(good, answer_id=str(number), body=body) for number, body in enumerate(bodies)]
    await post(outbox, [*bad, good])
    await ship(outbox, sender.delivery, [*bad, good])
    assert sender.ada.texts == ["Hello."]
    assert await waiting(outbox) == []
    assert caplog.text.count("is given up") == len(bad)
