"""People get what is kept about them as a file, and have it deleted, in their private chat and nowhere else."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from handlers.own_data import (
    ASK_IN_PRIVATE,
    BUSY,
    CAPTION,
    FILE_NAME,
    FORGOTTEN,
    KEPT_PROMPTS,
    MAY_HAVE_ARRIVED,
    NOTHING_KEPT,
    PROMPTS_STAY,
    TOO_LARGE,
)
from routing.errors import BadReply
from routing.model_backends import MLXBackend
from routing.types import Endpoint
from storage.conversations import ConversationKey
from storage.people import Role
from tests.bot_in_process import ADMIN_ID, MEMBER_ID, QUESTION, SMALL, endless, last_prompt, running
from tests.bot_process import OWNER_ID, BotProcess
from tests.telegram_methods import Methods, Refused
from tests.telegram_server import TelegramServer
from tests.telegram_world import World

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot_in_process import Running
    from tests.telegram_world import Message, Person

GROUP_ID = -1001
DELETE = "Delete all of it"


def read_file(telegram: TelegramServer, message: Message) -> dict[str, Any]:
    """What is in the file that a message carries."""
    _, data = telegram.world.files[message.extra["document"]["file_id"]]
    found: dict[str, Any] = json.loads(data.decode("utf-8"))
    return found


def all_bytes(folder: Path) -> bytes:
    """What is in all files of a folder."""
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def exported(bot: Running, person: Person) -> dict[str, Any]:
    """What somebody reads who asks for their file."""
    (sent,) = await person.ask("/export")
    return read_file(bot.telegram, sent)


async def until_noticed(bot: Running, person: Person, notice: str) -> None:
    """Wait until whoever pressed a button is told so."""
    await bot.telegram.wait_for(lambda: any(notice in told["text"] for told in person.notices))


# --- the file ---------------------------------------------------------------------------------------------------------


async def test_everybody_gets_their_own_as_a_file(tmp_path: Path) -> None:
    """Readable, with a line of explanation, of both the private chat and groups, and nothing of anybody else."""
    async with running(tmp_path) as bot:
        group = bot.telegram.group(GROUP_ID)
        await bot.member.ask("What is Python? 🐍 ünïcode")
        await bot.member.ask("@switchboard_bot What is Rust?", group)
        await bot.admin.ask("@switchboard_bot What is the admin's business?", group)
        (sent,) = await bot.member.ask("/export")
        document = sent.extra["document"]
        assert (document["file_name"], document["mime_type"], sent.text) == (FILE_NAME, "application/json", CAPTION)
        found = read_file(bot.telegram, sent)
        assert "@switchboard_bot keeps about you" in found["about"]
        assert found["access"]["role"] == Role.MEMBER
        assert [turn["question"] for turn in found["turns"]] == ["What is Python? 🐍 ünïcode", "What is Rust?"]
        assert [turn["chat_id"] for turn in found["turns"]] == [MEMBER_ID, GROUP_ID]
        assert {turn["answer"] for turn in found["turns"]} == {"Hello **you**."}
        assert [len(decision["attempts"]) for decision in found["decisions"]] == [1, 1]
        _, data = bot.telegram.world.files[document["file_id"]]
        assert "🐍 ünïcode".encode() in data
        assert b"business" not in data


@pytest.mark.parametrize("command", ["/export", "/forget"])
async def test_in_a_group_people_are_asked_to_come_in_private(tmp_path: Path, command: str) -> None:
    """What is kept about somebody is shown to nobody else."""
    async with running(tmp_path) as bot:
        await bot.member.ask(QUESTION)
        group = bot.telegram.group(GROUP_ID)
        (answer,) = await bot.member.ask(f"{command}@switchboard_bot", group)
        assert answer.text == ASK_IN_PRIVATE
        assert (answer.buttons, answer.extra) == ([], {})
        assert [message.extra for message in bot.member.chat.sent] == [{}]


async def test_strangers_get_no_file(tmp_path: Path) -> None:
    """The gate is in front of this too."""
    async with running(tmp_path) as bot:
        await bot.stranger.say("/export")
        await bot.member.ask(QUESTION)
        assert bot.telegram.called("sendDocument") == []


async def test_a_file_outlives_a_flood(tmp_path: Path) -> None:
    """Telegram refuses it for a moment: it is sent after that."""
    async with running(tmp_path) as bot:
        await bot.member.ask(QUESTION)
        bot.telegram.faults.flood(1, 1, method="sendDocument")
        assert len((await exported(bot, bot.member))["turns"]) == 1


@pytest.mark.parametrize("how", ["a gateway's page", "no answer"])
async def test_a_file_that_may_have_arrived_is_not_sent_again(tmp_path: Path, how: str) -> None:
    """Whoever asked for it looks, and asks again if it is not there."""
    async with running(tmp_path) as bot:
        if how == "no answer":
            bot.telegram.faults.lose_answer(2, seconds=0.1, method="sendDocument")
        else:
            bot.telegram.faults.fail_after(2, method="sendDocument")
        await bot.member.say("/export")
        await bot.telegram.wait_for(lambda: MAY_HAVE_ARRIVED in bot.member.chat.texts)
        assert bot.member.chat.texts == [CAPTION, MAY_HAVE_ARRIVED]
        assert len(bot.telegram.called("sendDocument")) == 1


async def test_a_file_outlives_an_outage(tmp_path: Path) -> None:
    """Where no connection was made it has certainly not arrived: it is sent as soon as there is one, and once."""
    async with running(tmp_path) as bot:
        bot.telegram.faults.flood(1, 1, method="sendDocument")
        await bot.member.say("/export")
        await bot.telegram.wait_for(lambda: bot.telegram.called("sendDocument"))
        async with bot.telegram.outage():
            await asyncio.sleep(1.2)
        await bot.telegram.wait_for(lambda: bot.member.chat.texts)
        assert bot.member.chat.texts == [CAPTION]
        assert [call.status for call in bot.telegram.called("sendDocument")] == [429, 200]


async def test_more_than_a_file_can_hold_is_said(tmp_path: Path) -> None:
    """With what can be done."""
    async with running(tmp_path) as bot:
        long = "x" * 51_000_000
        await bot.services.conversations.append(ConversationKey(MEMBER_ID), "q", long, "m", user_id=MEMBER_ID)
        (answer,) = await bot.member.ask("/export")
        assert answer.text == TOO_LARGE


# --- forgetting -------------------------------------------------------------------------------------------------------


async def test_nothing_is_deleted_before_it_is_confirmed(tmp_path: Path) -> None:
    """What would go is counted, what stays is said."""
    async with running(tmp_path) as bot:
        await bot.member.ask(QUESTION)
        await bot.member.ask(f"@switchboard_bot {QUESTION}", bot.telegram.group(GROUP_ID))
        (screen,) = await bot.member.ask("/forget")
        for line in (
            "1 question and answer in this chat",
            "1 question of yours in groups",
            "2 entries of the statistics",
        ):
            assert line in screen.text
        for stays in ("you may talk to me", "backups", "Telegram"):
            assert stays in screen.text
        assert screen.buttons == [DELETE]
        assert len((await exported(bot, bot.member))["turns"]) == 2


async def test_who_confirms_is_forgotten(tmp_path: Path) -> None:
    """On disk and in memory: the next question is asked of a model that knows of none before, also after a restart."""
    async with TelegramServer() as telegram:
        async with running(tmp_path, telegram=telegram) as bot:
            await bot.member.ask("What is Python?")
            await bot.admin.ask("What is Rust?")
            (screen,) = await bot.member.ask("/forget")
            await bot.member.press(screen, DELETE)
            await until_noticed(bot, bot.member, FORGOTTEN)
            await bot.telegram.wait_for(lambda: screen.text.startswith(FORGOTTEN))
            assert screen.buttons == []
            assert await bot.services.conversations.last_turn(ConversationKey(ADMIN_ID))
            (answer,) = await bot.member.ask("/retry")
            assert "nothing to answer again" in answer.text
            await bot.member.ask("What is Go?")
            assert last_prompt(bot.ollama) == "What is Go?"
            assert b"What is Python?" not in all_bytes(tmp_path)
        async with running(tmp_path, telegram=telegram) as bot:
            (screen,) = await bot.member.ask("/forget")
            assert "1 question and answer in this chat" in screen.text


async def test_a_second_press_does_no_harm(tmp_path: Path) -> None:
    """The button is gone by then, but Telegram may have let it be pressed twice."""
    async with running(tmp_path) as bot:
        await bot.member.ask(QUESTION)
        (screen,) = await bot.member.ask("/forget")
        data = screen.keyboard[0][0]["callback_data"]
        for _ in range(2):
            await bot.member.press_data(screen, data)
        await bot.telegram.wait_for(lambda: len(bot.member.notices) == 2)
        assert {notice["text"] for notice in bot.member.notices} == {FORGOTTEN}


async def test_an_old_button_deletes_nothing(tmp_path: Path) -> None:
    """What it would delete is no longer what it says."""
    async with running(tmp_path) as bot:
        await bot.member.ask(QUESTION)
        (screen,) = await bot.member.ask("/forget")
        screen.date -= 700
        await bot.member.press(screen, DELETE)
        await until_noticed(bot, bot.member, "old message")
        assert len((await exported(bot, bot.member))["turns"]) == 1


async def test_a_button_carried_elsewhere_deletes_nothing(tmp_path: Path) -> None:
    """Its data is good in one chat alone."""
    async with running(tmp_path) as bot:
        await bot.admin.ask(QUESTION)
        await bot.member.ask(QUESTION)
        (screen,) = await bot.member.ask("/forget")
        (other,) = await bot.admin.ask("/usage")
        await bot.admin.press_data(other, screen.keyboard[0][0]["callback_data"])
        await until_noticed(bot, bot.admin, "old message")
        assert len((await exported(bot, bot.admin))["turns"]) == 1


async def test_nothing_is_deleted_under_an_answer_that_is_being_written(tmp_path: Path) -> None:
    """It would be kept after all when it ends."""
    async with running(tmp_path, {SMALL: endless()}) as bot:
        await bot.services.conversations.append(ConversationKey(MEMBER_ID), "q", "a", "m", user_id=MEMBER_ID)
        (screen,) = await bot.member.ask("/forget")
        await bot.member.say(QUESTION)
        await bot.telegram.wait_for(lambda: any("more" in text for text in bot.member.chat.texts))
        await bot.member.press(screen, DELETE)
        await until_noticed(bot, bot.member, BUSY)
        assert screen.buttons == [DELETE]
        assert await bot.services.conversations.last_turn(ConversationKey(MEMBER_ID))
        await bot.member.say("/stop")
        await bot.telegram.wait_for(lambda: not any(message.growing for message in bot.member.chat.sent))


async def test_where_nothing_is_kept_nothing_is_offered(tmp_path: Path) -> None:
    """No button that does nothing."""
    async with running(tmp_path) as bot:
        (answer,) = await bot.member.ask("/forget")
        assert (answer.text, answer.buttons) == (NOTHING_KEPT, [])


async def test_the_choice_of_a_model_is_forgotten_too(tmp_path: Path) -> None:
    """At once, not only after a restart."""
    async with running(tmp_path) as bot:
        key = ConversationKey(MEMBER_ID)
        await bot.services.preferences.choose_model(key, "ollama_qwen25_7b")
        (screen,) = await bot.member.ask("/forget")
        assert "1 choice of a model" in screen.text
        await bot.member.press(screen, DELETE)
        await until_noticed(bot, bot.member, FORGOTTEN)
        assert await bot.services.preferences.model_choice(key) is None


async def test_what_models_keep_of_conversations_is_dropped_too(tmp_path: Path) -> None:
    """Nobody can tell whose it is, so all of it goes, from the disk as well; the screen says so before."""
    kept = tmp_path / "kept" / "prompts" / f"{'0' * 16}-{'0' * 32}.safetensors"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"what somebody said")
    mlx: dict[str, Any] = {
        "MLX_MODEL_PATHS": str(tmp_path / "model"),
        "MLX_PROMPT_CACHE_FOLDER": str(tmp_path / "kept"),
    }
    async with running(tmp_path, **mlx) as bot:
        await bot.member.ask(QUESTION)
        (screen,) = await bot.member.ask("/forget")
        assert KEPT_PROMPTS in screen.text
        await bot.member.press(screen, DELETE)
        await bot.telegram.wait_for(lambda: screen.text.startswith(FORGOTTEN))
        assert PROMPTS_STAY not in screen.text
        assert not kept.exists()


async def test_what_models_go_on_keeping_is_said(tmp_path: Path) -> None:
    """Everything else is deleted all the same."""
    async with running(tmp_path, MLX_MODEL_PATHS=str(tmp_path / "model")) as bot:
        bot.services.engine.pool.put(_Clinging(Endpoint("mlx")))
        await bot.member.ask(QUESTION)
        (screen,) = await bot.member.ask("/forget")
        await bot.member.press(screen, DELETE)
        await bot.telegram.wait_for(lambda: screen.text.startswith(f"{FORGOTTEN} {PROMPTS_STAY}"))
        assert (await exported(bot, bot.member))["turns"] == []


async def test_without_mlx_nothing_is_said_of_it(tmp_path: Path) -> None:
    """Other servers keep what they keep, and none of it is ours."""
    async with running(tmp_path) as bot:
        await bot.member.ask(QUESTION)
        (screen,) = await bot.member.ask("/forget")
        assert "MLX" not in screen.text


class _Clinging(MLXBackend):
    async def forget_prompts(self) -> None:
        raise BadReply("MLX's process ended in mid-answer.", backend="mlx")


async def test_the_real_process_exports_and_forgets(tmp_path: Path) -> None:
    """From the command to the empty file, over a restart."""
    async with TelegramServer() as telegram:
        owner = telegram.user(OWNER_ID)
        async with BotProcess(telegram, tmp_path):
            await owner.ask("what is 2 + 2?")
            (sent,) = await owner.ask("/export")
            assert [turn["question"] for turn in read_file(telegram, sent)["turns"]] == ["what is 2 + 2?"]
            (screen,) = await owner.ask("/forget")
            await owner.press(screen, DELETE)
            await telegram.wait_for(lambda: owner.notices)
        async with BotProcess(telegram, tmp_path):
            (sent,) = await owner.ask("/export")
            found = read_file(telegram, sent)
            assert (found["turns"], found["decisions"], found["access"]["role"]) == ([], [], "admin")


# --- the double -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({}, "there is no document in the request"),
        ({"document": "attach://missing"}, "there is no document in the request"),
        ({"document": "an id nobody knows"}, "wrong file identifier"),
        ({"document": {"file_name": "a", "mime_type": "b/c", "base64": ""}}, "file must be non-empty"),
        (
            {"document": {"file_name": "a", "mime_type": "b/c", "base64": "YQ=="}, "caption": "x" * 1025},
            "message caption is too long",
        ),
        ({"chat_id": 5}, "chat not found"),
    ],
)
def test_the_double_refuses_documents_as_telegram_does(given: dict[str, Any], refusal: str) -> None:
    """So that a mistake shows here and not in Telegram."""
    world = World("Switchboard", "switchboard_bot")
    world.user(ADMIN_ID)
    with pytest.raises(Refused, match=refusal):
        Methods(world).call("sendDocument", {"chat_id": ADMIN_ID, **given})
    assert world.chats[ADMIN_ID].sent == []


def test_the_double_takes_a_document_in_every_way_telegram_does() -> None:
    """Uploaded in its own field, as an attachment, and by the id of one that is known."""
    world = World("Switchboard", "switchboard_bot")
    world.user(ADMIN_ID)
    file = {"file_name": "a.json", "mime_type": "application/json", "base64": "e30="}
    methods = Methods(world)
    methods.call("sendDocument", {"chat_id": ADMIN_ID, "document": file})
    methods.call("sendDocument", {"chat_id": ADMIN_ID, "document": "attach://one", "one": file, "caption": "text"})
    file_id = world.chats[ADMIN_ID].sent[0].extra["document"]["file_id"]
    methods.call("sendDocument", {"chat_id": ADMIN_ID, "document": file_id})
    sent = world.chats[ADMIN_ID].sent
    assert [world.files[message.extra["document"]["file_id"]][1] for message in sent] == [b"{}"] * 3
    assert [message.as_json().get("caption") for message in sent] == [None, "text", None]
