"""A turn gathers what a question needs, runs it, and keeps what came of it however it ends."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from dialogue.services import open_services
from dialogue.turn import Turn
from routing.types import Attachment, FellBack, Finished, Modality, Outcome, Token
from settings import Settings
from storage.conversations import ConversationKey
from tests.bot_in_process import GOOD, QUESTION, SMALL, chat_requests, endless, says
from tests.fake_ollama import FakeOllama

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from pathlib import Path

    from dialogue.services import Services
    from tests.fake_model_server import FakeModel

KEY, USER_ID = ConversationKey(-100, 7), 42
SEVEN = "ollama_qwen25_7b"
PATIENCE_SECONDS = 30.0


@asynccontextmanager
async def serving(
    folder: Path, models: Mapping[str, FakeModel], **settings: str
) -> AsyncGenerator[tuple[Services, FakeOllama]]:
    """Everything a turn needs, with one Ollama."""
    async with FakeOllama(models) as ollama:
        given = {
            "OLLAMA_BASE_URL": ollama.root,
            "LMSTUDIO_BASE_URL": "",
            "MODELS_FILE": "",
            "DATABASE_PATH": str(folder / "test.db"),
            **settings,
        }
        async with open_services(Settings.load(given, dotenv=None)) as services:
            yield services, ollama


async def run(turn: Turn) -> Turn:
    """Read a turn to its end, and keep it."""
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(turn.events()) as events:
        seen = [event async for event in events]
    assert isinstance(seen[-1], Finished)
    assert seen[-1].result is turn.result
    await turn.keep()
    return turn


async def stopped_after_a_token(turn: Turn) -> Turn:
    """Read a turn up to its first text, then close it and keep what there is."""
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(turn.events()) as events:
        async for event in events:
            if isinstance(event, Token) and event.text:
                break
    await turn.keep()
    return turn


async def test_a_turn_is_kept_with_its_figures(tmp_path: Path) -> None:
    """The conversation has question and answer, the statistics a row under the turn's name."""
    async with serving(tmp_path, {SMALL: says("A language.")}) as (services, _):
        turn = await run(Turn(services, KEY, USER_ID, QUESTION))
        assert turn.kept
        last = await services.conversations.last_turn(KEY)
        assert last
        assert (last.question, last.answer, last.model_id) == (QUESTION, "A language.", SEVEN)
        told = await services.analytics.last_decision(KEY)
        assert told
        assert (told.request_id, told.outcome) == (turn.request_id, Outcome.ANSWERED)


async def test_a_turn_knows_the_conversation_and_the_settings(tmp_path: Path) -> None:
    """History, system prompt, temperature and length come with the question."""
    settings = {"SYSTEM_PROMPT": "Be brief.", "TEMPERATURE": "0.2", "MAX_TOKENS": "99"}
    async with serving(tmp_path, {SMALL: says("A language.")}, **settings) as (services, ollama):
        await run(Turn(services, KEY, USER_ID, "Who made Python?"))
        turn = await run(Turn(services, KEY, USER_ID, QUESTION))
        assert [message["content"] for message in chat_requests(ollama)[-1]] == [
            "Be brief.",
            "Who made Python?",
            "A language.",
            QUESTION,
        ]
        assert (turn.query.temperature, turn.query.max_tokens) == (0.2, 99)
        assert turn.query.current_model_id == SEVEN


async def test_a_persons_choice_is_honoured(tmp_path: Path) -> None:
    """The model picked for the conversation answers."""
    async with serving(tmp_path, {SMALL: says("The first."), GOOD: says("The second.")}) as (services, _):
        await services.preferences.choose_model(KEY, "ollama_qwen25_14b")
        turn = await run(Turn(services, KEY, USER_ID, QUESTION))
        assert turn.result
        assert turn.result.response == "The second."


async def test_closing_a_turn_stops_the_model_and_keeps_the_text(tmp_path: Path) -> None:
    """What was read so far is the answer, marked as cancelled in the statistics."""
    async with serving(tmp_path, {SMALL: endless()}) as (services, ollama):
        turn = await stopped_after_a_token(Turn(services, KEY, USER_ID, QUESTION))
        await ollama.until_disconnected(ollama.asked("/api/chat")[0])
        assert turn.result
        assert turn.kept
        assert (turn.result.success, turn.result.model_id) == (False, SEVEN)
        last = await services.conversations.last_turn(KEY)
        assert last
        assert last.answer == turn.result.response == "more and more "
        told = await services.analytics.last_decision(KEY)
        assert told
        assert told.outcome is Outcome.CANCELLED
        assert [attempt.endpoint for attempt in told.attempts] == [ollama.root]
        assert turn.result.first_token_seconds is not None


async def test_a_turn_that_is_stopped_before_a_word_names_whom_it_waited_for(tmp_path: Path) -> None:
    """After a fallback that is the second model, and no longer the first."""
    silent = endless()
    silent.script = replace(silent.script, stall_after=0)
    async with serving(tmp_path, {SMALL: says("Lost.", cut_after=0), GOOD: silent}) as (services, _):
        turn = Turn(services, KEY, USER_ID, QUESTION)
        async with asyncio.timeout(PATIENCE_SECONDS), aclosing(turn.events()) as events:
            async for event in events:
                if isinstance(event, FellBack):
                    break
        assert turn.result
        assert turn.result.model_id == "ollama_qwen25_14b"


async def test_a_turn_without_an_answer_is_no_part_of_the_conversation(tmp_path: Path) -> None:
    """Its figures are kept all the same."""
    async with serving(tmp_path, {}) as (services, _):
        turn = await run(Turn(services, KEY, USER_ID, QUESTION))
        assert not turn.kept
        assert await services.conversations.last_turn(KEY) is None
        told = await services.analytics.last_decision(KEY)
        assert told
        assert told.outcome is Outcome.FAILED


async def test_half_an_answer_is_kept_when_no_model_can_give_the_rest(tmp_path: Path) -> None:
    """Like a stopped one, so that "go on" makes sense; why it ends is no part of it."""
    async with serving(tmp_path, {SMALL: says("Half of ", "it.", cut_after=1)}) as (services, _):
        turn = await run(Turn(services, KEY, USER_ID, QUESTION))
        assert turn.result
        assert (turn.result.success, turn.result.partial, turn.kept) == (False, "Half of ", True)
        last = await services.conversations.last_turn(KEY)
        assert last
        assert (last.answer, last.model_id) == ("Half of ", SEVEN)
        told = await services.analytics.last_decision(KEY)
        assert told
        assert told.outcome is Outcome.FAILED


async def test_half_an_answer_takes_no_whole_ones_place(tmp_path: Path) -> None:
    """A retry that breaks off leaves the answer that was to be replaced."""
    model = says("A language.")
    async with serving(tmp_path, {SMALL: model}) as (services, _):
        await run(Turn(services, KEY, USER_ID, QUESTION))
        model.script = replace(model.script, pieces=("Half of ", "it."), cut_after=1)
        retry = await run(Turn(services, KEY, USER_ID, QUESTION, replaces_last=True))
        assert not retry.kept
        assert [message.content for message in await services.conversations.history(KEY)] == [QUESTION, "A language."]


async def test_text_made_void_is_not_kept(tmp_path: Path) -> None:
    """Stopped after a fallback, only what the second model said counts; both attempts are recorded."""
    models = {SMALL: says("Lost. ", "Lost. ", cut_after=1), GOOD: endless()}
    async with serving(tmp_path, models) as (services, _):
        turn = Turn(services, KEY, USER_ID, QUESTION)
        async with asyncio.timeout(PATIENCE_SECONDS), aclosing(turn.events()) as events:
            async for event in events:
                if isinstance(event, Token) and event.text.startswith("more"):
                    break
        assert turn.result
        assert turn.result.response == "more and more "
        assert [attempt.outcome for attempt in turn.result.attempts] == [Outcome.FAILED, Outcome.CANCELLED]


async def test_a_retry_takes_the_last_turns_place(tmp_path: Path) -> None:
    """The model is not shown the answer it shall better, and the conversation has only the new one."""
    models = {SMALL: says("The first."), GOOD: says("The second.")}
    async with serving(tmp_path, models) as (services, ollama):
        await run(Turn(services, KEY, USER_ID, QUESTION))
        retry = Turn(services, KEY, USER_ID, QUESTION, avoid_model_ids=frozenset({SEVEN}), replaces_last=True)
        await run(retry)
        assert [message["role"] for message in chat_requests(ollama)[-1]].count("user") == 1
        assert [message.content for message in await services.conversations.history(KEY)] == [QUESTION, "The second."]


async def test_attachments_leave_a_note(tmp_path: Path) -> None:
    """The picture itself is not kept; later questions see that there was one."""
    seeing = says("A bird.")
    seeing.vision = True
    async with serving(tmp_path, {"llava:7b": seeing}) as (services, _):
        picture = Attachment(Modality.IMAGE, b"picture", "image/jpeg")
        await run(Turn(services, KEY, USER_ID, "Which bird?", attachments=[picture]))
        history = await services.conversations.history(KEY)
        assert history[0].content == "[image]\nWhich bird?"


async def test_what_belongs_to_an_answer_is_committed_with_it(tmp_path: Path) -> None:
    """One transaction: whoever reads the turn from the disk also finds what was to go along."""
    async with serving(tmp_path, {SMALL: says("A language.")}) as (services, _):
        turn = Turn(services, KEY, USER_ID, QUESTION)
        async with asyncio.timeout(PATIENCE_SECONDS), aclosing(turn.events()) as events:
            assert [event async for event in events]
        along = ("INSERT INTO preferences VALUES ('along', 'yes')", ())
        ticket = await turn.keep([along])
        assert await services.database.settle(ticket, PATIENCE_SECONDS)
        ((turns, kept),) = await services.database.read("SELECT (SELECT count(*) FROM turns), value FROM preferences")
        assert (turns, kept) == (1, "yes")


async def test_what_belongs_to_no_answer_is_committed_all_the_same(tmp_path: Path) -> None:
    """A run that said nothing leaves the conversation as it was, and what goes along is not lost."""
    async with serving(tmp_path, {}) as (services, _):
        turn = Turn(services, KEY, USER_ID, QUESTION)
        async with asyncio.timeout(PATIENCE_SECONDS), aclosing(turn.events()) as events:
            assert [event async for event in events]
        ticket = await turn.keep([("INSERT INTO preferences VALUES ('along', 'yes')", ())])
        assert await services.database.settle(ticket, PATIENCE_SECONDS)
        assert await services.database.read("SELECT value FROM preferences")
        assert not turn.kept
