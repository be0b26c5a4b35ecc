"""ExecutionEngine over scripted backends: fallback, waiting, time-outs, comparing, stopping, and what it counts."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from routing.errors import (
    AllModelsFailed,
    BackendError,
    BackendTimeout,
    BadReply,
    ContextTooLong,
    ModelMissing,
    NoModelAvailable,
    OutOfMemory,
)
from routing.execution_engine import ExecutionEngine
from routing.host_memory import HostMemoryReader
from routing.intelligent_router import IntelligentRouter
from routing.model_backends import MLXBackend
from routing.model_backends.failures import ServerSaid
from routing.model_backends.mlx_process import WorkerProcess
from routing.model_backends.mlx_protocol import Ready
from routing.model_registry import ModelRegistry
from routing.types import (
    Attachment,
    Completion,
    Endpoint,
    FellBack,
    Loading,
    LoadProgress,
    LoadStage,
    Message,
    Modality,
    ModelCapability,
    Outcome,
    Query,
    Queued,
    Routed,
    Started,
    Token,
)
from tests.answers import PATIENCE_SECONDS
from tests.fake_backend import (
    HANG,
    ONE,
    STUDIO,
    TWO,
    FakeBackend,
    an_engine,
    an_offer,
    events_of,
    result_of,
    some_models,
    unreachable,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from routing.types import Event, ModelMetadata

ASK = Query("Compare two ways of sorting a list of names", chat_id="a chat")


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


async def until(condition: Any) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110  # what is waited for has no event of its own
            await asyncio.sleep(0.001)


# --- one answer -------------------------------------------------------------------------------------------------------


async def test_an_answer_comes_as_events_in_order() -> None:
    """Routed, Started, the tokens and Finished, whose result holds all that came of it."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", [Token(reasoning="Hm."), "Hello", " there", Completion("stop", 3, 2)])
    async with an_engine([backend], some_models("alpha")) as engine:
        events = await events_of(engine, ASK)
    result = result_of(events)
    assert kinds(events) == ["Routed", "Started", "Token", "Token", "Token", "Finished"]
    assert (result.success, result.response, result.reasoning) == (True, "Hello there", "Hm.")
    assert (result.model_id, result.fallback_used, result.cut) == ("alpha", False, "")
    assert result.completion == Completion("stop", 3, 2)
    assert result.attempts[0].outcome is Outcome.ANSWERED
    assert result.first_token_seconds is not None
    assert result.unwrap() == "Hello there"


async def test_what_execute_is_given_replaces_what_the_query_says() -> None:
    """The specification's arguments reach the backend."""
    backend, studio = FakeBackend(ONE), FakeBackend(STUDIO)
    models = some_models("alpha") + some_models("beta", backend="lmstudio")
    async with an_engine([backend, studio], models) as engine:
        result = await engine.execute(
            ASK, system_prompt="Be brief.", temperature=0.1, max_tokens=50, preferred_backend="lmstudio"
        )
    (request,) = studio.requests
    assert (result.model_id, request.temperature, request.max_tokens) == ("beta", 0.1, 50)
    assert request.messages == (Message("system", "Be brief."), Message("user", ASK.text))


async def test_the_token_limit_is_told() -> None:
    """An answer that ended at its limit says so."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", ["Half an", Completion("length")])
    async with an_engine([backend], some_models("alpha")) as engine:
        result = await engine.execute(ASK)
    assert (result.success, result.cut) == (True, "length")


# --- falling back -----------------------------------------------------------------------------------------------------


async def test_a_failure_before_the_first_token_is_recorded_and_voids_nothing() -> None:
    """The next model answers, and the run says who failed and why."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", [BadReply("Alpha broke.", backend="ollama", model="alpha")])
    async with an_engine([backend], some_models("alpha", "beta")) as engine:
        events = await events_of(engine, ASK)
        stats, routed = engine.get_stats(), engine.router.get_stats()
    (fell,) = (event for event in events if isinstance(event, FellBack))
    assert (fell.failed.model_id, fell.following.model_id, fell.void) == ("alpha", "beta", False)
    assert (fell.attempt.error, fell.attempt.error_class, fell.attempt.reason) == (
        "Alpha broke.",
        "BadReply",
        "broken reply",
    )
    result = result_of(events)
    assert (result.success, result.model_id, result.fallback_used) == (True, "beta", True)
    assert [attempt.outcome for attempt in result.attempts] == [Outcome.FAILED, Outcome.ANSWERED]
    assert (stats["fallback_executions"], routed["fallbacks"]) == (1, 1)


async def test_the_wait_for_a_model_that_failed_counts() -> None:
    """The time to the first token is the reader's, the attempt's is the model's."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", [0.05, BadReply("Alpha broke.", backend="ollama", model="alpha")])
    async with an_engine([backend], some_models("alpha", "beta")) as engine:
        result = result_of(await events_of(engine, ASK))
    failed, answered = result.attempts
    assert result.first_token_seconds is not None
    assert answered.first_token_seconds is not None
    assert result.first_token_seconds >= failed.total_seconds + answered.first_token_seconds


async def test_a_failure_in_mid_stream_voids_what_was_said() -> None:
    """The answer is the next model's alone."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", ["Once upon", BadReply("Alpha broke off.", backend="ollama")])
    backend.plays("beta", ["Anew."])
    async with an_engine([backend], some_models("alpha", "beta")) as engine:
        events = await events_of(engine, ASK)
    assert [event.void for event in events if isinstance(event, FellBack)] == [True]
    assert result_of(events).response == "Anew."
    assert [event.model.model_id for event in events if isinstance(event, Started)] == ["alpha", "beta"]


async def test_what_was_said_in_part_is_kept_when_nobody_can_say_the_rest() -> None:
    """The last that broke off counts, with the built-in model at the end of the chain or without it."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", ["Once upon", BadReply("Alpha broke off.", backend="ollama")])
    backend.plays("beta", ["There was", BadReply("Beta broke off.", backend="ollama")])
    async with an_engine([backend], some_models("alpha", "beta", "gamma")) as engine:
        chained = await engine.execute_with_fallback_chain(ASK, ["alpha"])
        answered = await engine.execute_with_fallback_chain(ASK, ["alpha", "gamma"])
        backend.plays("gamma", [BadReply("Gamma said nothing.", backend="ollama")])
        apologized = await engine.execute(ASK)
    assert (chained.success, chained.response, chained.partial) == (False, "", "Once upon")
    assert (answered.success, answered.partial) == (True, "")
    assert (apologized.success, apologized.partial) == (False, "There was")
    assert apologized.response == apologized.error


@pytest.mark.parametrize("kind", [BadReply, BackendTimeout, ContextTooLong, ModelMissing, OutOfMemory])
async def test_every_failure_of_a_backend_means_the_next_model(kind: type[BackendError]) -> None:
    """Whatever it is that a backend raises on purpose."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", [kind("It failed.", backend="ollama")])
    async with an_engine([backend], some_models("alpha", "beta")) as engine:
        result = await engine.execute(ASK)
    assert (result.model_id, result.attempts[0].error_class) == ("beta", kind.__name__)


@pytest.mark.parametrize("script", [[], [" ", "\n"], [Token(reasoning="I think")], [Completion("length")]])
async def test_an_answer_of_nothing_is_a_failure(script: list[Any]) -> None:
    """Nothing, white space alone, or thoughts alone are no answer."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", script)
    async with an_engine([backend], some_models("alpha", "beta")) as engine:
        result = await engine.execute(ASK)
    assert (result.model_id, result.attempts[0].error_class) == ("beta", "BadReply")


async def test_a_stream_without_an_end_is_a_failure() -> None:
    """A backend that stops without a Completion broke its promise."""

    class Broken(FakeBackend):
        async def stream(self, model, request):
            yield Token("half")

    async with an_engine([Broken(ONE)], some_models("alpha")) as engine:
        result = await engine.execute_with_fallback_chain(ASK, ["alpha"])
    assert (result.success, result.attempts[0].error_class) == (False, "BadReply")


async def test_a_dead_server_is_tried_once_a_run() -> None:
    """Its other models are passed over, and those of another server answer."""
    dead, alive = FakeBackend(ONE), FakeBackend(STUDIO)
    for name in ("alpha", "beta"):
        dead.plays(name, [unreachable()])
    models = some_models("alpha", "beta") + some_models("gamma", backend="lmstudio")
    async with an_engine([dead, alive], models) as engine:
        result = await engine.execute(ASK)
    assert (result.model_id, dead.asked) == ("gamma", ["alpha"])


async def test_when_all_fail_the_reply_says_so() -> None:
    """The built-in backend names who failed; the result is no success, and unwrap raises."""
    backend = FakeBackend(ONE)
    for name in ("alpha", "beta"):
        backend.plays(name, [OutOfMemory("Too little memory.", backend="ollama")])
    async with an_engine([backend], some_models("alpha", "beta")) as engine:
        result = await engine.execute(ASK)
        stats = engine.get_stats()
    assert (result.success, result.model_id, result.fallback_used) == (False, "builtin", True)
    assert result.response.startswith("No model could answer: Alpha (out of memory), Beta (out of memory).")
    assert (stats["failed_executions"], stats["success_rate"]) == (1, 0.0)
    with pytest.raises(AllModelsFailed) as raised:
        result.unwrap()
    assert len(raised.value.attempts) == 3


async def test_with_no_server_the_reply_says_what_to_do() -> None:
    """Nothing was tried, so unwrap says that no model is available."""
    async with an_engine([FakeBackend(ONE, listed=unreachable())], some_models("alpha"), offered=False) as engine:
        await engine.health_check()
        result = await engine.execute(ASK)
    assert not result.success
    assert "http://one cannot be reached: start it with `ollama serve`" in result.response
    with pytest.raises(NoModelAvailable):
        result.unwrap()


async def test_a_server_that_just_died_is_named_in_the_first_reply() -> None:
    """The advice, the list of models and the next decision all know, before the server was asked again."""
    backend, studio = FakeBackend(ONE), FakeBackend(STUDIO, listed=unreachable("lmstudio"))
    backend.plays("alpha", [unreachable()])
    models = some_models("alpha", "beta")
    async with an_engine([backend], models, lmstudio_base_url=[STUDIO.url], refresh_seconds=1000) as engine:
        engine.pool.put(studio)
        await engine.start()
        await engine.discovery.ready(PATIENCE_SECONDS)
        backend.listed = unreachable()
        result = await engine.execute(ASK)
        assert engine.registry.status("beta").reason == "ollama not reachable"
        following = await engine.execute(ASK)
    assert "Ollama at http://one cannot be reached: start it with `ollama serve`." in result.response
    assert "LM Studio at http://studio cannot be reached" in result.response
    assert "A server that was just started is noticed within 15 seconds." in result.response
    assert (backend.asked, following.model_id) == (["alpha"], "builtin")


async def test_a_refusal_by_a_server_that_is_fine_rests_that_model_alone() -> None:
    """Its answer to the next question brings it back."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", [unreachable()])
    async with an_engine([backend], some_models("alpha", "beta"), refresh_seconds=1000) as engine:
        await engine.start()
        await engine.discovery.ready(PATIENCE_SECONDS)
        assert not (await engine.execute(ASK)).success
        await until(lambda: engine.registry.status("beta").available)
        assert engine.registry.status("alpha").reason == "cooling down"
        assert (await engine.execute(ASK)).model_id == "beta"


async def test_nobody_is_told_to_start_a_server_that_is_busy() -> None:
    """It has spoken, so it runs."""
    busy = unreachable()
    busy.__cause__ = ServerSaid(503, "server busy, please try again")
    backend = FakeBackend(ONE)
    backend.plays("alpha", [busy])
    async with an_engine([backend], some_models("alpha"), refresh_seconds=1000) as engine:
        await engine.start()
        await engine.discovery.ready(PATIENCE_SECONDS)
        result = await engine.execute(ASK)
        assert not engine.registry.is_down(ONE)
    assert "ask again in a minute" in result.response
    assert "start it" not in result.response


async def test_a_model_that_vanished_since_the_decision_is_passed_over() -> None:
    """Discovery may find it gone while another model is being tried."""
    backend = FakeBackend(ONE)
    async with an_engine([backend], some_models("alpha")) as engine:
        engine.registry.apply_offers(ONE, [an_offer("alpha"), an_offer("found:7b")])
        query = Query(ASK.text, model_id="ollama_found_7b")
        decision = engine.router.decide(query)
        assert decision.candidates[0].model.model_id == "ollama_found_7b"
        engine.registry.apply_offers(ONE, [an_offer("alpha")])
        events = [event async for event in engine.run(query, decision)]
        assert (result_of(events).model_id, result_of(events).fallback_used) == ("alpha", True)
        engine.registry.apply_offers(ONE, None)
        last = result_of(
            [
                event
                async for event in engine.run(query, engine.router.decide_among(query, [decision.candidates[0].model]))
            ]
        )
    assert (last.success, last.error) == (False, "No model could be tried: found:7b (no longer there).")


async def test_the_log_names_no_password(caplog: pytest.LogCaptureFixture) -> None:
    """An address may hold one; neither the log nor the reply shows it."""
    secret = Endpoint("ollama", "http://me:hunter2@one:11434")
    backend = FakeBackend(secret)
    backend.plays("alpha", [unreachable()])
    with caplog.at_level(logging.DEBUG):
        async with an_engine([backend], some_models("alpha")) as engine:
            await engine.execute(ASK)
            backend.listed = unreachable()
            await engine.health_check()
            result = await engine.execute(ASK)
    assert "http://one:11434" in result.response
    assert "hunter2" not in caplog.text + result.response
    assert "http://one:11434" in caplog.text


async def test_a_failure_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """With its cause; the traceback is there for whoever turns the level down."""
    backend, error = FakeBackend(ONE), BadReply("Alpha broke.", backend="ollama")
    error.__cause__ = ValueError("HTTP 500 of http://me:hunt/er2@one/api")
    backend.plays("alpha", [error])
    with caplog.at_level(logging.DEBUG, "routing.execution_engine"):
        async with an_engine([backend], some_models("alpha")) as engine:
            await engine.execute(ASK)
    warning, debug = caplog.records
    assert warning.getMessage() == "alpha failed at http://one: Alpha broke. (ValueError: HTTP 500 of http://one/api)"
    assert (warning.exc_info, warning.levelname, debug.levelname) == (None, "WARNING", "DEBUG")
    assert debug.exc_info is not None


async def test_a_bug_passes_through_and_leaves_nothing_behind() -> None:
    """It is no reason to fall back, and its place in the line is free again."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", ["Hm", ZeroDivisionError("a bug")], ["Fine."])
    async with an_engine([backend], some_models("alpha", "beta"), generations_per_endpoint=1) as engine:
        with pytest.raises(ZeroDivisionError):
            await engine.execute(ASK)
        assert backend.running == 0
        assert (await engine.execute(ASK)).response == "Fine."


# --- time -------------------------------------------------------------------------------------------------------------


async def test_a_first_token_that_does_not_come_is_a_time_out() -> None:
    """The model's request is stopped, and the next one answers."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", [HANG])
    async with an_engine([backend], some_models("alpha", "beta"), first_token_timeout_seconds=0.05) as engine:
        result = await engine.execute(ASK)
    assert (result.model_id, result.attempts[0].reason, backend.running) == ("beta", "timed out", 0)


async def test_a_stall_is_a_time_out() -> None:
    """The wait for a first token may be long, the wait between tokens is another."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", [0.2, "Once", HANG])
    async with an_engine([backend], some_models("alpha", "beta"), stall_timeout_seconds=0.05) as engine:
        events = await events_of(engine, ASK)
    assert result_of(events).attempts[0].reason == "timed out"
    assert [event.void for event in events if isinstance(event, FellBack)] == [True]


@pytest.mark.parametrize("script", [["Once", HANG], ["Once", *[0.02, " more"] * 500]])
async def test_when_the_whole_time_is_over_the_text_is_kept(script: list[Any]) -> None:
    """Half an answer is better than none: it is cut there, whether tokens still come or not."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", script)
    async with an_engine([backend], some_models("alpha", "beta"), request_timeout_seconds=0.3) as engine:
        result = await engine.execute(ASK)
    assert (result.success, result.model_id, result.cut, backend.running) == (True, "alpha", "timeout", 0)
    assert result.response.startswith("Once")


async def test_a_model_that_never_rests_is_cut_too() -> None:
    """Tokens that come without a pause do not outrun the whole time."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", [f"{number} and " for number in range(1_000_000)])
    async with an_engine([backend], some_models("alpha"), request_timeout_seconds=0.1) as engine:
        result = await engine.execute(ASK)
    assert (result.success, result.cut) == (True, "timeout")


async def test_when_the_whole_time_is_over_no_other_model_is_tried() -> None:
    """Nothing could come of it."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", [HANG])
    async with an_engine([backend], some_models("alpha", "beta"), request_timeout_seconds=0.1) as engine:
        result = await engine.execute(ASK)
    assert (result.success, backend.asked) == (False, ["alpha"])
    assert result.error == "No model could answer: Alpha (timed out)."


async def test_the_whole_time_holds_in_the_line_too() -> None:
    """Whoever waits in vain is told, and the model is not blamed for it."""
    backend = FakeBackend(ONE)
    limits: dict[str, Any] = {"generations_per_endpoint": 1, "request_timeout_seconds": 0.1}
    async with an_engine([backend], some_models("alpha"), **limits) as engine:
        engine._queue(ONE).enter("somebody who takes long")
        for _ in range(4):
            result = await engine.execute(ASK)
        assert (result.success, result.attempts[0].reason) == (False, "timed out")
        assert (backend.asked, engine.registry.status("alpha").available) == ([], True)


# --- the line ---------------------------------------------------------------------------------------------------------


async def test_a_busy_host_makes_a_line_and_says_how_long_it_is() -> None:
    """Positions count down, and chats take turns."""
    backend, go = FakeBackend(ONE), asyncio.Event()
    backend.plays("alpha", [go, "done"])
    order: list[str] = []

    async def ask(chat: str) -> list[int]:
        query, positions = Query(ASK.text, chat_id=chat), []
        async with aclosing(engine.stream(query)) as events:
            async for event in events:
                if isinstance(event, Queued):
                    positions.append(event.position)
                if isinstance(event, Started):
                    order.append(chat)
        return positions

    async with an_engine([backend], some_models("alpha"), generations_per_endpoint=1) as engine:
        tasks = []
        for waiting, chat in enumerate(("a", "b", "b", "b", "c")):
            tasks.append(asyncio.create_task(ask(chat)))
            await until(lambda waiting=waiting: engine._queue(ONE).load == waiting + 1)
        go.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            positions = await asyncio.gather(*tasks)
    assert order == ["a", "b", "c", "b", "b"]
    assert positions[0] == []
    assert [line[0] for line in positions[1:]] == [1, 2, 3, 2]
    assert backend.most_running == 1


async def test_somebody_who_leaves_the_line_moves_the_others_up() -> None:
    """A cancelled wait takes no turn and blames no model."""
    backend, go = FakeBackend(ONE), asyncio.Event()
    backend.plays("alpha", [go, "done"])
    async with an_engine([backend], some_models("alpha"), generations_per_endpoint=1) as engine:
        first = asyncio.create_task(engine.execute(ASK))
        await until(lambda: backend.running)
        second, third = asyncio.create_task(engine.execute(ASK)), asyncio.create_task(engine.execute(ASK))
        await until(lambda: engine._queue(ONE).load == 3)
        second.cancel()
        await asyncio.wait([second])
        assert engine._queue(ONE).load == 2
        go.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await first).success
            assert (await third).success
        assert engine._queue(ONE).load == 0


async def test_fifty_chats_are_answered_at_once() -> None:
    """None waits for another where the host has room."""
    backend, go = FakeBackend(ONE), asyncio.Event()
    backend.plays("alpha", [go, "done"])
    async with an_engine([backend], some_models("alpha")) as engine:
        tasks = [asyncio.create_task(engine.execute(Query(ASK.text, chat_id=str(chat)))) for chat in range(50)]
        await until(lambda: backend.running == 50)
        go.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            results = await asyncio.gather(*tasks)
        assert engine.get_stats()["successful_executions"] == 50
    assert all(result.success for result in results)


# --- hosts ------------------------------------------------------------------------------------------------------------


async def test_the_least_busy_host_serves() -> None:
    """One model at two hosts: the second request goes to the other one."""
    one, two, go = FakeBackend(ONE), FakeBackend(TWO), asyncio.Event()
    for backend in (one, two):
        backend.plays("alpha", [go, "done"])
    async with an_engine([one, two], some_models("alpha")) as engine:
        tasks = [asyncio.create_task(engine.execute(ASK)) for _ in range(4)]
        await until(lambda: one.running + two.running == 4)
        assert (one.running, two.running) == (2, 2)
        go.set()
        await asyncio.gather(*tasks)


async def test_the_other_host_takes_over() -> None:
    """When one dies, the other serves at once, and the dead one is left alone for a while."""
    one, two = FakeBackend(ONE), FakeBackend(TWO)
    one.plays("alpha", [unreachable()])
    async with an_engine([one, two], some_models("alpha", "beta")) as engine:
        first, second = await engine.execute(ASK), await engine.execute(ASK)
    assert [attempt.endpoint for attempt in first.attempts] == [ONE, TWO]
    assert (first.response, second.response) == ("alpha at http://two", "alpha at http://two")
    assert len(one.asked) == 1


@pytest.mark.parametrize("offered", [True, False])
async def test_the_other_host_takes_over_before_discovery_too(offered: bool) -> None:  # noqa: FBT001
    """An engine that was never started learns from its own attempts where a model is."""
    one, two = FakeBackend(ONE), FakeBackend(TWO)
    one.plays("alpha", [unreachable()])
    async with an_engine([one, two], some_models("alpha"), offered=offered) as engine:
        results = [await engine.execute(ASK) for _ in range(3)]
    assert [result.response for result in results] == ["alpha at http://two"] * 3


async def test_a_host_that_has_the_model_in_memory_goes_before_one_that_has_not() -> None:
    """Among hosts that are equally busy; a model that has to load is announced."""
    one, two = FakeBackend(ONE), FakeBackend(TWO)
    async with an_engine([one, two], some_models("alpha")) as engine:
        engine.registry.apply_offers(ONE, [an_offer("alpha", ONE, loaded=False)])
        warm = await events_of(engine, ASK)
        engine.registry.apply_offers(TWO, [an_offer("alpha", TWO, loaded=False)])
        cold = await events_of(engine, ASK)
        again = await events_of(engine, ASK)
    assert (result_of(warm).response, "Loading" in kinds(warm)) == ("alpha at http://two", False)
    assert kinds(cold)[:3] == ["Routed", "Loading", "Started"]
    assert "Loading" not in kinds(again)


# --- memory -----------------------------------------------------------------------------------------------------------


HERE = Endpoint("ollama", "http://localhost:11434")


@asynccontextmanager
async def two_that_do_not_fit_together(**config: Any) -> AsyncIterator[tuple[ExecutionEngine, FakeBackend]]:
    """Alpha is in memory, beta is not, and there is room for one of them."""
    backend = FakeBackend(HERE, can_load=True)
    async with an_engine([backend], some_models("alpha", "beta", ram_gb=2.0), model_memory_gb=3.0, **config) as engine:
        backend.listed = [an_offer("alpha", HERE, loaded=True), an_offer("beta", HERE)]
        engine.registry.apply_offers(HERE, backend.listed)
        yield engine, backend


async def test_a_model_makes_room_for_another_without_a_restart() -> None:
    """It is told who goes, and who comes answers."""
    async with two_that_do_not_fit_together(refresh_seconds=1000) as (engine, backend):
        await engine.start()
        await engine.discovery.ready(PATIENCE_SECONDS)
        listings, decided = backend.listings, engine.router.decide(Query(ASK.text, model_id="beta"))
        events = await events_of(engine, Query(ASK.text, model_id="beta"))
        await until(lambda: backend.listings > listings)
    assert any("would evict Alpha" in reason for reason in decided.candidates[0].reasons)
    loading = next(event for event in events if isinstance(event, Loading))
    assert (loading.model.model_id, loading.makes_room) == ("beta", ("Alpha",))
    assert result_of(events).model_id == "beta"
    assert (backend.unloads, backend.loads, backend.has_loaded("alpha")) == (["alpha"], ["beta"], False)


async def test_what_an_unload_has_freed_is_there_for_the_next_model_at_once(tmp_path: Path) -> None:
    """A reading of the memory from before says that nothing would fit."""

    def has(available_gb: float) -> None:
        figures = {"MemTotal": 16, "MemAvailable": available_gb}
        lines = (f"{name}: {round(gb * 1e9 / 1024)} kB\n" for name, gb in figures.items())
        (tmp_path / "proc").mkdir(exist_ok=True)
        (tmp_path / "proc" / "meminfo").write_text("".join(lines))

    class Server(FakeBackend):
        async def unload(self, model: ModelMetadata) -> None:
            await super().unload(model)
            has(14)

    has(4)
    backend = Server(HERE, can_load=True)
    async with an_engine([backend], some_models("alpha", "beta", ram_gb=10.0)) as engine:
        engine._memory = HostMemoryReader(system="linux", root=tmp_path, clock=lambda: 0.0)
        backend.listed = [an_offer("alpha", HERE, loaded=True), an_offer("beta", HERE)]
        engine.registry.apply_offers(HERE, backend.listed)
        engine.router.decide(ASK)
        await engine.keeper.unload("alpha")
        assert not engine.router.decide(ASK).exclusions
        assert (await engine.execute(Query(ASK.text, model_id="beta"))).model_id == "beta"


async def test_questions_for_models_that_push_each_other_out_are_all_answered() -> None:
    """In turn; nothing fails, and nothing that answers is stopped."""
    async with two_that_do_not_fit_together() as (engine, backend):
        for name in ("alpha", "beta"):
            backend.plays(name, [0.05, name])
        queries = [Query(ASK.text, chat_id=str(n), model_id=("alpha", "beta")[n % 2]) for n in range(8)]
        async with asyncio.timeout(PATIENCE_SECONDS):
            results = await asyncio.gather(*(engine.execute(query) for query in queries))
        assert [result.response for result in results] == ["alpha", "beta"] * 4
        assert all(resident.busy == 0 for resident in engine.residency.residents())
    assert len(backend.loads) <= 3


async def test_a_race_is_run_by_those_that_fit_together() -> None:
    """The first choice alone, where the others would push it out."""
    async with two_that_do_not_fit_together(strategy="redundant") as (engine, backend):
        result = await engine.execute(ASK)
        assert (result.model_id, backend.asked, backend.loads) == ("alpha", ["alpha"], [])
        backend.listed = [an_offer("alpha", HERE, loaded=True), an_offer("beta", HERE, loaded=True)]
        engine.registry.apply_offers(HERE, backend.listed)
        await engine.execute(ASK)
    assert sorted(backend.asked[1:]) == ["alpha", "beta"]


async def test_a_race_leaves_no_load_that_anybody_waits_for() -> None:
    """The winner answers; the other's load goes on by itself, until another is wanted."""
    backend = FakeBackend(HERE, can_load=True)
    backend.plays_load("beta", [LoadProgress(LoadStage.LOADING), HANG])
    async with an_engine([backend], some_models("alpha", "beta"), strategy="redundant", model_memory_gb=20.0) as engine:
        backend.listed = [an_offer("alpha", HERE, loaded=True), an_offer("beta", HERE), an_offer("gamma", HERE)]
        engine.registry.apply_offers(HERE, backend.listed)
        backend.plays("alpha", [0.05, "I won."])
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await engine.execute(ASK)).response == "I won."
            assert (backend.loading, list(engine.keeper.under_way())) == (1, ["beta"])
            assert (await engine.execute(Query(ASK.text, model_id="ollama_gamma"))).model_id == "ollama_gamma"
        assert (backend.loading, backend.loads) == (0, ["beta", "gamma"])


@pytest.mark.parametrize(
    ("chosen", "chain", "answers"),
    [(None, ["beta", "alpha"], "alpha"), ("beta", ["beta", "alpha"], "beta"), (None, ["beta"], "beta")],
)
async def test_only_who_has_no_choice_waits_for_room(chosen: str | None, chain: list[str], answers: str) -> None:
    """Others get the answer of the model that is there."""
    async with two_that_do_not_fit_together(room_patience_seconds=0.5) as (engine, _):
        alpha, beta = (engine.registry.get_model(name) for name in ("alpha", "beta"))
        assert alpha
        assert beta
        async with aclosing(engine.keeper.ensure(alpha, HERE)) as steps:
            assert [step async for step in steps] == []
        asyncio.get_running_loop().call_later(1.4, engine.keeper.release, alpha, HERE)
        query = Query(ASK.text, model_id=chosen)
        decision = engine.router.decide_among(query, [{"alpha": alpha, "beta": beta}[name] for name in chain])
        async with asyncio.timeout(PATIENCE_SECONDS):
            events = [event async for event in engine.run(query, decision)]
    assert (result_of(events).success, result_of(events).model_id) == (True, answers)


async def test_a_stop_in_the_middle_of_a_load_takes_no_time() -> None:
    """The load is given up, and its reader is told."""
    before = asyncio.all_tasks()
    async with two_that_do_not_fit_together() as (engine, backend):
        backend.plays_load("beta", [LoadProgress(LoadStage.LOADING), HANG])
        await engine.start()
        asked = asyncio.create_task(engine.execute(Query(ASK.text, model_id="beta")))
        await until(lambda: backend.loading)
        began = time.monotonic()
        await engine.cleanup()
        result = await asked
        assert time.monotonic() - began < 1
    assert (result.success, backend.loading, backend.asked) == (False, 0, [])
    assert asyncio.all_tasks() == before


async def test_the_memory_of_the_mlx_worker_is_passed_on() -> None:
    """What Metal recommends is known to the worker alone, once it runs; it is not forgotten when that has ended."""

    class Worker(WorkerProcess):
        ready: Ready | None = None

    worker = Worker()
    async with an_engine([], some_models("alpha"), mlx_model_paths=["a folder"]) as engine:
        engine.pool.put(MLXBackend(Endpoint("mlx"), process=worker))
        seen = []
        for ready in (None, Ready("a GPU", 48 * 10**9), None):
            worker.ready = ready
            engine._read_memory()
            seen.append(engine._memory.working_set_bytes)
    assert seen == [None, 48 * 10**9, 48 * 10**9]


async def test_prompts_are_forgotten_where_they_are_kept(tmp_path: Path) -> None:
    """On disk too, though the worker does not run."""
    kept = tmp_path / "prompts" / f"{'a' * 16}-{'1' * 32}.safetensors"
    kept.parent.mkdir()
    kept.write_bytes(b"x")
    config: dict[str, Any] = {"mlx_model_paths": ["a folder"], "mlx_prompt_cache_folder": tmp_path}
    async with an_engine([FakeBackend(ONE)], some_models("alpha"), **config) as engine:
        await engine.forget_prompts()
    assert not kept.exists()


async def test_each_host_is_asked_by_its_own_name_for_the_model() -> None:
    """One has it with its owner's name, one without."""
    one, two = FakeBackend(ONE), FakeBackend(TWO)
    one.plays("alpha", [BadReply("no", backend="ollama")])
    async with an_engine([one, two], some_models("alpha")) as engine:
        engine.registry.apply_offers(TWO, [an_offer("somebody/alpha", TWO, loaded=True)])
        result = await engine.execute(ASK)
    assert (result.model_id, one.asked, two.asked) == ("alpha", ["alpha"], ["somebody/alpha"])


# --- the breaker, through the engine ----------------------------------------------------------------------------------


async def test_a_model_that_failed_is_left_alone_for_a_while() -> None:
    """The next question goes straight to the other model, and the decision says why."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", [OutOfMemory("no memory", backend="ollama")])
    async with an_engine([backend], some_models("alpha", "beta")) as engine:
        await engine.execute(ASK)
        events = await events_of(engine, ASK)
    routed = events[0]
    assert isinstance(routed, Routed)
    assert {out.model.model_id: out.reason for out in routed.decision.exclusions} == {"alpha": "cooling down"}
    assert backend.asked == ["alpha", "beta", "beta"]


async def test_slow_loading_is_no_failure_of_the_model() -> None:
    """A cold load that outlasts the wait is not held against it, however often."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", [HANG])
    async with an_engine([backend], some_models("alpha"), first_token_timeout_seconds=0.02) as engine:
        engine.registry.apply_offers(ONE, [an_offer("alpha", loaded=False)])
        for _ in range(4):
            await engine.execute(ASK)
        assert engine.registry.status("alpha").available


async def test_a_loaded_model_that_hangs_is_broken() -> None:
    """Three times in a row without a first token, though it is in memory."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", [HANG])
    async with an_engine([backend], some_models("alpha"), first_token_timeout_seconds=0.02) as engine:
        seen = []
        for _ in range(3):
            await engine.execute(ASK)
            seen.append(engine.registry.status("alpha").available)
    assert seen == [True, True, False]


async def test_a_wait_that_is_given_up_does_not_end_a_pause() -> None:
    """Only a request that went out says something about the model."""
    backend, go = FakeBackend(ONE), asyncio.Event()
    backend.plays("alpha", [go, OutOfMemory("no memory", backend="ollama")])
    async with an_engine([backend], some_models("alpha"), generations_per_endpoint=2) as engine:
        tasks = [asyncio.create_task(engine.execute(ASK)) for _ in range(2)]
        await until(lambda: backend.running == 2)
        waiting = asyncio.create_task(engine.execute(ASK))
        await until(lambda: engine._queue(ONE).load == 3)
        engine.registry.cool_down("alpha", ONE, float("inf"))
        engine._around.breaker.failed("alpha", ONE, OutOfMemory("no memory", backend="ollama"))
        waiting.cancel()
        await asyncio.wait([waiting])
        assert not engine.registry.status("alpha").available
        go.set()
        await asyncio.gather(*tasks)


# --- racing -----------------------------------------------------------------------------------------------------------


async def test_two_models_race_and_the_first_to_speak_goes_on() -> None:
    """The other is stopped at once, and is no failure."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", [HANG])
    backend.plays("beta", ["I won."])
    async with an_engine([backend], some_models("alpha", "beta", "gamma"), strategy="redundant") as engine:
        events = await events_of(engine, ASK)
    result = result_of(events)
    assert (result.response, result.model_id, result.fallback_used) == ("I won.", "beta", False)
    assert [(attempt.model_id, attempt.outcome) for attempt in result.attempts] == [
        ("alpha", Outcome.CANCELLED),
        ("beta", Outcome.ANSWERED),
    ]
    assert (backend.running, sorted(backend.asked)) == (0, ["alpha", "beta"])


async def test_when_the_winner_fails_the_loser_gets_another_chance() -> None:
    """It had been stopped in good health."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", ["I won", BadReply("and lost", backend="ollama")])
    backend.plays("beta", [HANG], ["Second."])
    async with an_engine([backend], some_models("alpha", "beta"), strategy="redundant") as engine:
        events = await events_of(engine, ASK)
    assert (result_of(events).response, result_of(events).fallback_used) == ("Second.", True)


async def test_when_all_that_race_fail_each_is_told_and_the_next_one_answers() -> None:
    """Two failures, then the third model."""
    backend = FakeBackend(ONE)
    for name in ("alpha", "beta"):
        backend.plays(name, [BadReply("no", backend="ollama")])
    async with an_engine([backend], some_models("alpha", "beta", "gamma"), strategy="redundant") as engine:
        events = await events_of(engine, ASK)
    told = [(event.failed.model_id, event.following.model_id) for event in events if isinstance(event, FellBack)]
    assert sorted(told) == [("alpha", "gamma"), ("beta", "gamma")]
    assert result_of(events).model_id == "gamma"


async def test_a_bug_in_a_race_surfaces() -> None:
    """It does not vanish with the one that lost."""
    backend, go = FakeBackend(ONE), asyncio.Event()
    backend.plays("alpha", [ZeroDivisionError("a bug")])
    backend.plays("beta", [0.05, "I won."])
    async with an_engine([backend], some_models("alpha", "beta"), strategy="redundant") as engine:
        with pytest.raises(ZeroDivisionError):
            await engine.execute(ASK)
    assert (backend.running, go.is_set()) == (0, False)


async def test_a_race_that_nobody_can_enter_is_none() -> None:
    """Both models went away between the decision and the start."""
    async with an_engine([FakeBackend(ONE)], some_models("alpha", "beta"), strategy="redundant") as engine:
        decision = engine.router.decide(ASK)
        engine.registry.apply_offers(ONE, None)
        events = [event async for event in engine.run(ASK, decision)]
    assert result_of(events).model_id == "builtin"


# --- several by name --------------------------------------------------------------------------------------------------


async def test_models_run_side_by_side_and_a_failure_is_a_result() -> None:
    """One result each, in their order, an unknown id included."""
    backend, met = FakeBackend(ONE), asyncio.Event()
    backend.plays("alpha", [met, "A"])
    backend.plays("beta", [BadReply("no", backend="ollama")])

    async with an_engine([backend], some_models("alpha", "beta", "gamma")) as engine:
        asyncio.get_running_loop().call_later(0.05, met.set)
        results = await engine.execute_parallel(ASK, ["alpha", "nobody", "beta", "gamma"])
        stats, routed = engine.get_stats(), engine.router.get_stats()
    assert [result.success for result in results] == [True, False, False, True]
    assert [result.model_id for result in results] == ["alpha", "nobody", "beta", "gamma"]
    assert results[1].error == "There is no model by that id: nobody. `bot.py models` lists them."
    assert results[2].error == "No model could answer: Beta (broken reply). no"
    with pytest.raises(AllModelsFailed):
        results[2].unwrap()
    assert (stats["parallel_executions"], stats["total_executions"], stats["failed_executions"]) == (1, 4, 2)
    assert routed["total_routed"] == 0


async def test_a_chain_is_tried_in_its_order_and_no_further() -> None:
    """Neither other models nor the built-in one answer for those of the chain."""
    backend = FakeBackend(ONE)
    for name in ("alpha", "beta"):
        backend.plays(name, [BadReply("no", backend="ollama")])
    async with an_engine([backend], some_models("alpha", "beta", "gamma")) as engine:
        failed = await engine.execute_with_fallback_chain(ASK, ["beta", "alpha"])
        passed = await engine.execute_with_fallback_chain(ASK, ["beta", "gamma"])
        nobody = await engine.execute_with_fallback_chain(ASK, [])
    assert (failed.success, [attempt.model_id for attempt in failed.attempts]) == (False, ["beta", "alpha"])
    assert (passed.success, passed.model_id, passed.fallback_used) == (True, "gamma", True)
    assert nobody.error == "There is no model by that id: no model at all. `bot.py models` lists them."


async def test_a_chain_passes_over_what_is_not_there() -> None:
    """That is a fallback too."""
    models = some_models("alpha") + some_models("beta", backend="lmstudio")
    async with an_engine([FakeBackend(ONE)], models) as engine:
        engine.config.close_absent_backends(engine.registry)
        result = await engine.execute_with_fallback_chain(ASK, ["beta", "alpha"])
        gone = await engine.execute_with_fallback_chain(ASK, ["beta"])
    assert (result.model_id, result.fallback_used) == ("alpha", True)
    assert gone.error == "No model could be tried: Beta (LMSTUDIO_BASE_URL is empty)."


# --- stopping ---------------------------------------------------------------------------------------------------------


async def test_a_reader_that_stops_early_stops_the_model() -> None:
    """Closing the events closes the backend's stream, and the place in the line is free."""
    backend = FakeBackend(ONE)
    backend.plays("alpha", ["Once", HANG])
    async with an_engine([backend], some_models("alpha")) as engine:
        async with aclosing(engine.stream(ASK)) as events:
            async for event in events:
                if isinstance(event, Token):
                    break
        assert (backend.running, engine._queue(ONE).load) == (0, 0)
        assert engine.registry.status("alpha").available


async def test_cleanup_ends_what_runs_and_leaves_no_task() -> None:
    """Discovery stops, connections close, and a stream that breaks then tries no other model."""
    backend = FakeBackend(ONE)
    over = asyncio.Event()
    backend.plays("alpha", [over, BadReply("closed", backend="ollama")])
    before = asyncio.all_tasks()
    async with an_engine([backend], some_models("alpha", "beta")) as engine:
        await engine.start()
        running = asyncio.create_task(engine.execute(ASK))
        await until(lambda: backend.running)
        await engine.cleanup()
        over.set()
        result = await running
    assert (result.success, backend.asked, backend.open) == (False, ["alpha"], False)
    assert asyncio.all_tasks() == before


# --- settings, health, figures ----------------------------------------------------------------------------------------


async def test_health_says_for_every_model_whether_it_can_be_used() -> None:
    """The servers are asked now."""
    backend = FakeBackend(ONE, listed=[an_offer("alpha")])
    models = some_models("alpha", "beta") + some_models("gamma", backend="lmstudio")
    async with an_engine([backend], models, offered=False) as engine:
        assert await engine.health_check() == {"alpha": True, "beta": False, "gamma": False}
        backend.listed = unreachable()
        assert await engine.health_check() == {"alpha": False, "beta": False, "gamma": False}


async def test_every_figure_is_counted() -> None:
    """Under the names of the specification."""
    async with an_engine([FakeBackend(ONE)], some_models("alpha")) as engine:
        empty = engine.get_stats()
        await engine.execute(ASK)
        stats = engine.get_stats()
    assert empty == {
        "total_executions": 0,
        "successful_executions": 0,
        "failed_executions": 0,
        "fallback_executions": 0,
        "parallel_executions": 0,
        "average_execution_time": 0.0,
        "success_rate": 0.0,
        "by_model": {},
    }
    assert stats["average_execution_time"] > 0
    assert (stats["total_executions"], stats["success_rate"], stats["by_model"]) == (1, 1.0, {"alpha": 1})


async def test_a_conversation_that_is_too_long_is_trimmed_and_it_is_said() -> None:
    """The oldest turns go; the result counts them."""
    backend = FakeBackend(ONE)
    history = [Message(role, "word " * 400) for _ in range(20) for role in ("user", "assistant")]
    async with an_engine([backend], some_models("alpha", context_tokens=4096)) as engine:
        result = await engine.execute(Query("And now?", history=tuple(history)))
    assert result.success
    assert 0 < result.turns_dropped < 20
    assert len(backend.requests[0].messages) == 2 + 2 * (20 - result.turns_dropped)


async def test_a_message_that_fits_no_model_gets_a_plain_answer() -> None:
    """It says how long the message is and how much fits, and no model is bothered."""
    backend = FakeBackend(ONE)
    async with an_engine([backend], some_models("alpha", context_tokens=4096)) as engine:
        result = await engine.execute("word " * 20_000)
    assert not result.success
    assert "needs about" in result.response
    assert "takes 4096" in result.response
    assert backend.asked == []


async def test_what_can_be_heard_only_is_taken_to_no_model() -> None:
    """No backend passes sound on, so none would know what was said."""
    backend = FakeBackend(ONE)
    async with an_engine([backend], some_models("alpha")) as engine:
        result = await engine.execute(Query("", attachments=(Attachment(Modality.AUDIO, b"x", "audio/ogg"),)))
    assert (result.success, result.model_id, backend.asked) == (False, "builtin", [])


async def test_models_of_a_backend_without_an_address_are_not_picked() -> None:
    """Once started, an engine knows what it cannot reach."""
    models = some_models("alpha", capabilities=frozenset({ModelCapability.GENERAL}))
    engine = ExecutionEngine(
        ModelRegistry(models),
        router := IntelligentRouter(ModelRegistry(models)),
        {"ollama_base_url": "", "lmstudio_base_url": ""},
    )
    router.registry = engine.registry
    await engine.start()
    try:
        result = await engine.execute(ASK)
    finally:
        await engine.cleanup()
    assert engine.registry.status("alpha").reason == "OLLAMA_BASE_URL is empty"
    assert "No model server is set up" in result.response


def test_an_unknown_setting_is_a_mistake() -> None:
    """A typing error in the configuration does not pass in silence."""
    registry = ModelRegistry([])
    with pytest.raises(TypeError, match="olama_base_url"):
        ExecutionEngine(registry, IntelligentRouter(registry), {"olama_base_url": "x"})
