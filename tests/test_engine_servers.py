"""ExecutionEngine against doubles of Ollama and LM Studio over HTTP: discovery, hosts, trouble, and stopping."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from routing.execution_engine import ExecutionEngine
from routing.intelligent_router import IntelligentRouter
from routing.model_registry import ModelRegistry
from routing.types import (
    Attachment,
    Endpoint,
    FellBack,
    Loading,
    Modality,
    Outcome,
    Query,
    RoutingStrategy,
    Started,
    Token,
)
from tests.answers import PATIENCE_SECONDS
from tests.fake_backend import events_of, result_of
from tests.fake_lmstudio import FakeLMStudio
from tests.fake_model_server import FakeModel, FakeModelServer, Script
from tests.fake_ollama import FakeOllama

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

SEVEN = "qwen2.5:7b-instruct-q4_K_M"
CODER = "deepseek-coder:6.7b-instruct-q4_K_M"
STUDIO_SEVEN = "qwen2.5-7b-instruct"
CHAT, STUDIO_CHAT = "/api/chat", "/v1/chat/completions"
ASK = Query("Which river runs through Paris, and where does it end?")


def url_of(server: FakeModelServer) -> str:
    return server.url if isinstance(server, FakeLMStudio) else server.root


@asynccontextmanager
async def engine_for(*servers: FakeModelServer, **config: Any) -> AsyncIterator[ExecutionEngine]:
    """An engine, started, that has asked every server once."""
    registry = ModelRegistry()
    addresses = {
        "ollama_base_url": [url_of(server) for server in servers if isinstance(server, FakeOllama)],
        "lmstudio_base_url": [url_of(server) for server in servers if isinstance(server, FakeLMStudio)],
    }
    engine = ExecutionEngine(
        registry,
        IntelligentRouter(registry, RoutingStrategy.BALANCED),
        {**addresses, "refresh_seconds": 0.02, **config},
    )
    await engine.start()
    try:
        await engine.discovery.ready(PATIENCE_SECONDS)
        yield engine
    finally:
        await engine.cleanup()


@pytest.fixture
async def ollama() -> AsyncIterator[FakeOllama]:
    async with FakeOllama({SEVEN: FakeModel(), CODER: FakeModel(family="llama")}) as server:
        yield server


@pytest.fixture
async def studio() -> AsyncIterator[FakeLMStudio]:
    async with FakeLMStudio({STUDIO_SEVEN: FakeModel()}) as server:
        yield server


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110  # what is waited for has no event of its own
            await asyncio.sleep(0.005)


# --- what is there ----------------------------------------------------------------------------------------------------


async def test_what_servers_offer_is_what_can_be_had() -> None:
    """Catalogued and installed; catalogued and not; found and catalogued nowhere; only good for embeddings."""
    models = {
        SEVEN: FakeModel(context_tokens=16384),
        "llava:13b": FakeModel(vision=True, parameters="13B", family="llama", loaded=False),
        "nomic-embed-text:latest": FakeModel(embeds_only=True),
    }
    async with FakeOllama(models) as ollama, engine_for(ollama) as engine:
        registry = engine.registry
        available = [model for model in registry.get_all_models() if registry.status(model.model_id).available]
        assert [model.model_id for model in available] == ["ollama_qwen25_7b", "ollama_llava_13b"]
        assert (available[0].context_tokens, available[0].quality.general) == (16384, 0.75)
        assert (available[1].size, available[1].discovered) == ("13B", True)
        assert registry.status("ollama_qwen25_32b").reason == "not installed"
        assert registry.status("lmstudio_llava").reason == "LMSTUDIO_BASE_URL is empty"
        picture = Query("What is this?", attachments=(Attachment(Modality.IMAGE, b"\x89PNG", "image/png"),))
        result = await engine.execute(picture)
    assert (result.success, result.model_id) == (True, "ollama_llava_13b")


async def test_mlx_models_are_listed_with_what_their_folders_say(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder that holds none is said in the log."""
    folder = tmp_path / "Gemma-3-1B"
    folder.mkdir()
    (folder / "config.json").write_text('{"max_position_embeddings": 8192}')
    async with engine_for(mlx_model_paths=(str(folder), str(tmp_path / "nothing"))) as engine:
        (found,) = (model for model in engine.registry.get_all_models() if model.discovered)
        assert (found.backend, found.display_name, found.context_tokens) == ("mlx", "Gemma 3 1B", 8192)
        assert engine.registry.status(found.model_id).endpoints == (Endpoint("mlx"),)
    assert "MLX_MODEL_PATHS: There is no MLX model in the folder nothing." in caplog.text


async def test_a_server_without_models_is_no_mistake_and_its_first_model_is_found() -> None:
    """The reply says what to pull; once it is there, it answers."""
    async with FakeOllama() as ollama, engine_for(ollama) as engine:
        nothing = await engine.execute(ASK)
        assert not nothing.success
        assert "has no model that can be used now: pull one with `ollama pull" in nothing.response
        ollama.models["tiny:1b"] = FakeModel(parameters="1B")
        await until(lambda: engine.registry.get_model("ollama_tiny_1b"))
        assert (await engine.execute(ASK)).model_id == "ollama_tiny_1b"


async def test_a_dead_server_is_noticed_and_comes_back(ollama: FakeOllama, studio: FakeLMStudio) -> None:
    """While it is away the other one answers."""
    async with engine_for(ollama, studio) as engine:
        assert (await engine.execute(ASK)).model_id == "ollama_qwen25_7b"
        port = int(ollama.root.rpartition(":")[2])
        await ollama.stop()
        for _ in range(3):
            assert (await engine.execute(ASK)).model_id == "lmstudio_qwen25_7b"
        await until(lambda: engine.registry.status("ollama_qwen25_7b").reason == "ollama not reachable")
        async with FakeOllama({SEVEN: FakeModel()}, port=port):
            await until(lambda: engine.registry.status("ollama_qwen25_7b").available)
            assert (await engine.execute(ASK)).model_id == "ollama_qwen25_7b"
            await engine.cleanup()
        await ollama.start()


async def test_after_a_failure_a_server_is_asked_at_once(ollama: FakeOllama, studio: FakeLMStudio) -> None:
    """And not only when its turn comes: nobody else shall knock there in vain."""
    async with engine_for(ollama, studio, refresh_seconds=3600.0) as engine:
        await ollama.stop()
        assert (await engine.execute(ASK)).model_id == "lmstudio_qwen25_7b"
        await until(lambda: engine.registry.status("ollama_qwen25_7b").reason == "ollama not reachable")
        await engine.cleanup()
    await ollama.start()


async def test_two_hosts_share_the_work_and_stand_in_for_each_other() -> None:
    """The least busy one serves; when one dies in mid-stream, the other begins anew."""
    script = Script(pieces=("word ",) * 20, token_seconds=0.02)
    async with AsyncExitStack() as stack:
        hosts = [await stack.enter_async_context(FakeOllama({SEVEN: FakeModel(script)})) for _ in range(2)]
        engine = await stack.enter_async_context(engine_for(*hosts))
        results = await asyncio.gather(*(engine.execute(ASK) for _ in range(6)))
        assert all(result.success for result in results)
        assert [len(host.asked(CHAT)) for host in hosts] == [3, 3]
        for host in hosts:
            host.play(SEVEN, Script(pieces=("Once ", "upon ", "a ", "time."), cut_after=2), Script(pieces=("Anew.",)))
        hosts[1].play(SEVEN, Script(pieces=("Anew.",)))
        events = await events_of(engine, ASK)
    result = result_of(events)
    assert (result.response, result.fallback_used) == ("Anew.", True)
    assert [event.void for event in events if isinstance(event, FellBack)] == [True]
    assert len({attempt.endpoint for attempt in result.attempts}) == 2


# --- trouble ----------------------------------------------------------------------------------------------------------

TROUBLE = {
    "an error under 200": (Script(error_after=1), "BadReply", "server error"),
    "an error at once": (Script(status=500), "BadReply", "server error"),
    "a cut": (Script(cut_after=1), "BadReply", "broke off"),
    "an end without its mark": (Script(end_after=2), "BadReply", "broke off"),
    "garbage": (Script(garbage_after=1), "BadReply", "broken reply"),
    "another model": (Script(answers_as="llama3:8b"), "ModelMissing", "wrong model"),
    "nothing": (Script(pieces=()), "BadReply", "empty answer"),
    "thoughts alone": (Script(pieces=(), reasoning=("Hm",)), "BadReply", "empty answer"),
    "no memory": (
        Script(status=500, error="model requires more system memory (5 GiB) than is available (3 GiB)"),
        "OutOfMemory",
        "out of memory",
    ),
    "a stall": (Script(stall_after=1), "BackendTimeout", "timed out"),
    "silence": (Script(stall_after=0), "BackendTimeout", "timed out"),
    "a busy server": (Script(status=503), "BackendUnreachable", "too busy"),
}


@pytest.mark.parametrize(("script", "error", "reason"), TROUBLE.values(), ids=TROUBLE.keys())
async def test_whatever_goes_wrong_the_next_model_answers(
    ollama: FakeOllama, studio: FakeLMStudio, script: Script, error: str, reason: str
) -> None:
    """And the record says what it was, in a word or two for the receipt."""
    ollama.play(SEVEN, script)
    limits = {"first_token_timeout_seconds": 0.3, "stall_timeout_seconds": 0.3}
    async with engine_for(ollama, studio, **limits) as engine:
        result = await engine.execute(Query(ASK.text, model_id="ollama_qwen25_7b"))
    assert (result.success, result.response, result.fallback_used) == (True, "Hello from here.", True)
    first = result.attempts[0]
    assert (first.model_id, first.outcome, first.error_class) == ("ollama_qwen25_7b", Outcome.FAILED, error)
    assert first.reason == reason
    assert first.endpoint is not None
    assert first.endpoint.url == ollama.root


async def test_a_server_that_cannot_be_connected_to_is_passed_over(studio: FakeLMStudio) -> None:
    """Without a start nobody knows that it is dead; the first attempt finds out, once."""
    registry = ModelRegistry()
    config = {"ollama_base_url": "http://127.0.0.1:9", "lmstudio_base_url": studio.url}
    engine = ExecutionEngine(registry, IntelligentRouter(registry, preferred_backend="ollama"), config)
    try:
        first, second = await engine.execute(ASK), await engine.execute(ASK)
    finally:
        await engine.cleanup()
    assert (first.model_id, second.model_id) == ("lmstudio_qwen25_7b", "lmstudio_qwen25_7b")
    assert [attempt.error_class for attempt in first.attempts] == ["BackendUnreachable", None]


async def test_a_cold_load_is_announced_and_waited_for(ollama: FakeOllama) -> None:
    """The wait for the first token is longer than that between tokens."""
    ollama.models[SEVEN].loaded = False
    ollama.models[CODER].loaded = False
    ollama.play(SEVEN, Script(load_seconds=0.4))
    async with engine_for(ollama, stall_timeout_seconds=0.2, refresh_seconds=1000) as engine:
        events = await events_of(engine, ASK)
    kinds = [type(event) for event in events]
    assert kinds.index(Loading) < kinds.index(Started)
    assert result_of(events).success
    assert not result_of(events).fallback_used


async def test_a_runaway_answer_is_cut_and_its_request_ended(ollama: FakeOllama) -> None:
    """It is an answer, cut where the loop began, and the server stops writing."""
    ollama.play(SEVEN, Script(pieces=("Well. ", *["I do not know. "] * 20_000)))
    async with engine_for(ollama) as engine:
        result = await engine.execute(ASK)
        await ollama.until_disconnected(ollama.asked(CHAT)[0])
    assert (result.success, result.cut) == (True, "repetition")
    assert result.response.startswith("Well. I do not know.")
    assert len(result.response) < 1000


async def test_figures_come_from_the_server(ollama: FakeOllama) -> None:
    """Tokens and pace are its own."""
    async with engine_for(ollama) as engine:
        completion = (await engine.execute(ASK)).completion
    assert completion is not None
    assert (completion.prompt_tokens, completion.output_tokens, completion.tokens_per_second) == (26, 3, 30.0)


# --- stopping ---------------------------------------------------------------------------------------------------------

STOPS = 5


def has_more(server: FakeModelServer, path: str, before: int) -> bool:
    """Whether another request has come in."""
    return len(server.asked(path)) > before


@pytest.mark.parametrize("kind", ["ollama", "studio"])
@pytest.mark.parametrize("when", ["silent", "talking"])
async def test_a_stopped_answer_stops_the_model_at_once(
    ollama: FakeOllama, studio: FakeLMStudio, kind: str, when: str
) -> None:
    """The server's connection closes within 100 ms, before the first token as well as in mid-stream."""
    server, name, path = (ollama, SEVEN, CHAT) if kind == "ollama" else (studio, STUDIO_SEVEN, STUDIO_CHAT)
    server.play(name, Script(pieces=("word ",) * 1000, token_seconds=0.01, stall_after=0 if when == "silent" else None))
    delays = []
    async with engine_for(server) as engine:
        for _ in range(STOPS):
            before, told = len(server.asked(path)), asyncio.Event()

            async def ask(told: asyncio.Event = told) -> None:
                async with aclosing(engine.stream(ASK)) as events:
                    async for event in events:
                        if isinstance(event, Token):
                            told.set()

            task = asyncio.create_task(ask())
            await until(partial(has_more, server, path, before))
            if when == "talking":
                await asyncio.wait_for(told.wait(), PATIENCE_SECONDS)
            stopped = time.monotonic()
            task.cancel()
            await asyncio.wait([task])
            delays.append(await server.until_disconnected(server.asked(path)[-1]) - stopped)
        assert engine._queue(engine.discovery.endpoints[0]).load == 0
    # The machine may be busy with something else for a moment, but not each time.
    assert min(delays) < 0.1
    assert sorted(delays)[STOPS // 2] < 1.0


async def test_the_loser_of_a_race_is_stopped_at_its_server(ollama: FakeOllama, studio: FakeLMStudio) -> None:
    """Only the winner goes on."""
    ollama.play(SEVEN, Script(stall_after=0))
    ollama.play(CODER, Script(stall_after=0))
    studio.play(STUDIO_SEVEN, Script(pieces=("I won.",)))
    async with engine_for(ollama, studio) as engine:
        engine.router.set_strategy("redundant")
        del ollama.models[CODER]
        await engine.health_check()
        result = await engine.execute(ASK)
        assert (result.response, result.model_id) == ("I won.", "lmstudio_qwen25_7b")
        await ollama.until_disconnected(ollama.asked(CHAT)[0])


async def test_fifty_chats_at_once_leave_nothing_open(ollama: FakeOllama) -> None:
    """Neither a task nor a connection, also where some hang up early."""
    ollama.play(SEVEN, Script(pieces=("a ", "b ", "c "), token_seconds=0.01))
    before = asyncio.all_tasks()
    async with engine_for(ollama) as engine:
        tasks = [asyncio.create_task(engine.execute(Query(ASK.text, chat_id=str(chat)))) for chat in range(50)]
        await until(lambda: len(ollama.asked(CHAT)) == 50)
        for task in tasks[::10]:
            task.cancel()
        async with asyncio.timeout(PATIENCE_SECONDS):
            results = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(isinstance(result, asyncio.CancelledError) for result in results) <= 5
        assert sum(getattr(result, "success", False) for result in results) >= 45
        requests = ollama.asked(CHAT)
        await until(lambda: all(request.finished_at or request.disconnected_at for request in requests))
    await until(lambda: asyncio.all_tasks() == before)  # the server's own tasks end a moment after their connections
    assert engine.get_stats()["successful_executions"] >= 45
