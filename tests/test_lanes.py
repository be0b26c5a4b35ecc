"""Updates keep their order within a chat, chats run side by side, and what is urgent waits for nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING

import pytest
from telegram import CallbackQuery, Chat, Message, MessageEntity, Update, User
from telegram.ext import Application, CommandHandler, MessageHandler, filters

from handlers.lanes import Lanes, command_of
from tests.telegram_server import TOKEN, TelegramServer

if TYPE_CHECKING:
    from collections.abc import Coroutine

ADA = User(42, "Ada", is_bot=False)


def message(text: str, chat_id: int = 42, thread_id: int | None = None, *, in_topic: bool = True) -> Message:
    command = MessageEntity(MessageEntity.BOT_COMMAND, 0, len(text.split(maxsplit=1)[0]))
    return Message(
        1,
        dt.datetime.now(dt.UTC),
        Chat(chat_id, Chat.PRIVATE if chat_id > 0 else Chat.SUPERGROUP),
        text=text,
        entities=[command] if text.startswith("/") else [],
        from_user=ADA,
        message_thread_id=thread_id,
        is_topic_message=in_topic if thread_id else None,
    )


def update(text: str, chat_id: int = 42, thread_id: int | None = None) -> Update:
    return Update(1, message=message(text, chat_id, thread_id))


class Work:
    """Work on updates that a test can look at and let go on, one by one."""

    def __init__(self, **lanes: object) -> None:
        self.lanes = Lanes(**lanes)  # type: ignore[arg-type]
        self.started: list[str] = []
        self.finished: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.tasks: list[asyncio.Task[None]] = []

    async def _do(self, name: str) -> None:
        self.started.append(name)
        await self.gates[name].wait()
        self.finished.append(name)

    async def arrive(self, name: str, given: Update) -> asyncio.Task[None]:
        """Hand an update over as the application does, and let everything run that can."""
        self.gates[name] = asyncio.Event()
        work: Coroutine[None, None, None] = self._do(name)
        self.tasks.append(asyncio.create_task(self.lanes.process_update(given, work)))
        await settle()
        return self.tasks[-1]

    async def let_go(self, name: str) -> None:
        """Let one piece of work finish, and everything run that waited for it."""
        self.gates[name].set()
        await settle()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_chat_is_first_in_first_out() -> None:
    """The second message waits until the first has been worked on, the third for the second."""
    work = Work()
    for name in "abc":
        await work.arrive(name, update(name))
    assert work.started == ["a"]
    for name, started in (("a", "ab"), ("b", "abc"), ("c", "abc")):
        await work.let_go(name)
        assert work.started == list(started)
    assert work.finished == list("abc")
    await asyncio.gather(*work.tasks)


async def test_chats_and_topics_run_side_by_side() -> None:
    """Another chat does not wait, nor does another topic of the same forum."""
    work = Work()
    await work.arrive("ada", update("x", 42))
    await work.arrive("bob", update("x", 43))
    await work.arrive("songs", update("x", -100, 7))
    await work.arrive("dates", update("x", -100, 8))
    await work.arrive("general", update("x", -100))
    await work.arrive("more songs", update("x", -100, 7))
    assert work.started == ["ada", "bob", "songs", "dates", "general"]
    for name in work.gates:
        await work.let_go(name)
    await asyncio.gather(*work.tasks)


async def test_replies_in_a_group_are_no_topics() -> None:
    """Telegram numbers reply threads too; they stay in the group's one lane."""
    work = Work()
    await work.arrive("first", Update(1, message=message("x", -100, 7, in_topic=False)))
    await work.arrive("second", Update(2, message=message("x", -100, 8, in_topic=False)))
    assert work.started == ["first"]
    await work.let_go("first")
    await work.let_go("second")
    await asyncio.gather(*work.tasks)


@pytest.mark.parametrize(
    "urgent",
    [
        update("/stop"),
        update("/Stop@switchboard_bot now"),
        update("/stats 24h"),
        Update(2, callback_query=CallbackQuery("1", ADA, "42", message=message("x"), data="stop")),
        Update(3),
    ],
)
async def test_what_is_urgent_waits_for_nothing(urgent: Update) -> None:
    """Stop, the commands named, buttons and updates without a chat pass a busy lane."""
    work = Work(urgent_commands=("stop", "stats"))
    await work.arrive("busy", update("x"))
    await work.arrive("urgent", urgent)
    await work.let_go("urgent")
    assert work.finished == ["urgent"]
    await work.let_go("busy")
    await asyncio.gather(*work.tasks)


async def test_other_commands_wait_their_turn() -> None:
    """/new must not overtake the answer before it."""
    work = Work()
    await work.arrive("busy", update("x"))
    await work.arrive("new", update("/new"))
    assert work.started == ["busy"]
    await work.let_go("busy")
    await work.let_go("new")
    await asyncio.gather(*work.tasks)


async def test_failed_work_does_not_block_its_lane() -> None:
    """After an error the next message of the chat is worked on."""
    lanes = Lanes()

    async def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await lanes.process_update(update("x"), fail())
    work = Work()
    work.lanes = lanes
    await work.arrive("next", update("x"))
    await work.let_go("next")
    assert work.finished == ["next"]


async def test_cancelled_work_leaves_its_lane() -> None:
    """Work that is cancelled while it waits is never started, and those behind it move up."""
    work = Work()
    await work.arrive("a", update("x"))
    waiting = await work.arrive("b", update("x"))
    await work.arrive("c", update("x"))
    waiting.cancel()
    await work.let_go("a")
    await work.let_go("c")
    assert work.started == ["a", "c"]
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_empty_lanes_are_forgotten() -> None:
    """A bot that talked to a million chats does not remember a million locks."""
    work = Work()
    for chat_id in range(1, 100):
        await work.arrive(str(chat_id), update("x", chat_id))
    assert len(work.lanes._locks) == 99
    for name in list(work.gates):
        await work.let_go(name)
    await asyncio.gather(*work.tasks)
    assert len(work.lanes._locks) == 0


@pytest.mark.parametrize(
    ("text", "command"),
    [("/stop", "stop"), ("/STOP@x_bot a b", "stop"), ("stop", ""), ("say /stop", "")],
)
def test_a_command_is_what_a_message_begins_with(text: str, command: str) -> None:
    """The bot's name and the case do not matter."""
    assert command_of(message(text)) == command


async def test_an_application_works_in_lanes() -> None:
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
        builder = Application.builder().token(TOKEN).base_url(f"{server.url}/bot").updater(None)
        application = builder.concurrent_updates(Lanes()).build()
        application.add_handlers([CommandHandler("stop", stop), MessageHandler(filters.TEXT, chat)])
        ada = server.user(42)
        for text in ("one", "two", "/stop"):
            await ada.say(text)
        async with application:
            await application.start()
            for given in await application.bot.get_updates():
                await application.update_queue.put(given)
            await server.wait_for(lambda: len(done) == 3)
            await application.stop()
    assert done == ["stop", "one", "two"]
