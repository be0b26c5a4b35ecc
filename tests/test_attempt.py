"""AttemptRun: one try, its record, and what it tells the breaker and the registry."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from routing.attempt import AttemptRun, Surroundings, TimeLimits
from routing.circuit_breaker import CircuitBreaker
from routing.endpoint_queue import EndpointQueue
from routing.errors import BackendTimeout, BadReply, OutOfMemory
from routing.host_memory import UNKNOWN
from routing.model_backends import ModelAdapterFactory, ModelAdapterPool
from routing.model_keeper import ModelKeeper
from routing.model_registry import ModelRegistry
from routing.model_residency import ModelResidency
from routing.prompt import build_prompt
from routing.types import (
    Completion,
    Loading,
    LoadProgress,
    LoadStage,
    Outcome,
    Query,
    Queued,
    Started,
    Token,
    Waiting,
)
from tests.answers import PATIENCE_SECONDS, a_model
from tests.fake_backend import HANG, ONE, FakeBackend, an_offer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routing.types import Event

LOADING = LoadProgress(LoadStage.LOADING)
MODEL = a_model("alpha", model_id="alpha", display_name="Alpha")


def an_attempt(
    *script: Any,
    loaded: bool = True,
    queue: EndpointQueue | None = None,
    whole_seconds: float = PATIENCE_SECONDS,
    load: Sequence[Any] | None = None,
) -> AttemptRun:
    """One try of a scripted model, which is loaded on request by the script `load`."""
    backend = FakeBackend(ONE, can_load=load is not None)
    backend.plays("alpha", script)
    backend.plays_load("alpha", load or ())
    registry = ModelRegistry([MODEL])
    registry.apply_offers(ONE, [an_offer("alpha", loaded=loaded)])
    pool = ModelAdapterPool(ModelAdapterFactory())
    pool.put(backend)
    keeper = ModelKeeper(registry, ModelResidency(registry, lambda: UNKNOWN), pool)
    around = Surroundings(registry, pool, keeper, CircuitBreaker(registry), TimeLimits(0.1, 0.1))
    prompt = build_prompt(Query("Hi"), MODEL, 100)
    return AttemptRun(
        around,
        MODEL,
        ONE,
        queue=queue or EndpointQueue(1),
        prompt=prompt,
        chat_id="a chat",
        deadline=time.monotonic() + whole_seconds,
    )


async def read(attempt: AttemptRun) -> list[Event]:
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(attempt.events()) as events:
        return [event async for event in events]


async def test_an_answer_is_recorded() -> None:
    """With its times and the server's figures; the model is known to be in memory then."""
    attempt = an_attempt(Token(reasoning="Hm"), "Hello", Completion("stop", 5, 1), loaded=False)
    events = await read(attempt)
    assert events == [Loading(MODEL, 4.0), Started(MODEL, ONE), Token(reasoning="Hm"), Token("Hello")]
    record = attempt.record
    assert (record.outcome, record.completion, record.error) == (Outcome.ANSWERED, Completion("stop", 5, 1), None)
    assert record.first_token_seconds is not None
    assert 0 <= record.first_token_seconds <= record.total_seconds
    assert (attempt.text, attempt.reasoning, attempt.answered) == ("Hello", "Hm", True)
    assert attempt._around.registry.is_loaded("alpha", ONE)


async def test_tokens_of_nothing_are_not_passed_on() -> None:
    """Nor do they count as the first one."""
    attempt = an_attempt("", Token(), "Hello")
    assert await read(attempt) == [Started(MODEL, ONE), Token("Hello")]


async def test_signs_of_life_keep_a_long_prompt_from_timing_out() -> None:
    """Each begins the wait for the first token anew, and there are several such waits before it comes."""
    attempt = an_attempt(Token(), 0.07, Token(), 0.07, Token(), 0.07, "Hello")
    assert await read(attempt) == [Started(MODEL, ONE), Token("Hello")]
    assert (attempt.record.first_token_seconds or 0) > 0.2


@pytest.mark.parametrize(
    ("script", "sentence", "kind", "reason"),
    [
        ([BadReply("It broke.", backend="ollama")], "It broke.", BadReply, "broken reply"),
        ([HANG], "Alpha sent no first token in time.", BackendTimeout, "timed out"),
        (["Once", HANG], "Alpha sent no further token in time.", BackendTimeout, "timed out"),
        ([], "Alpha gave an empty answer.", BadReply, "empty answer"),
        (
            [Token(reasoning="Hm"), Completion("length", 5, 1)],
            "Alpha spent all the tokens of its answer on thinking: raise MAX_TOKENS, or ask another model.",
            BadReply,
            "only thought",
        ),
    ],
)
async def test_a_failure_is_recorded_and_not_raised(
    script: Sequence[Any], sentence: str, kind: type, reason: str
) -> None:
    """With a sentence for people and a short form for the receipt."""
    attempt = an_attempt(*script)
    await read(attempt)
    assert (attempt.record.outcome, attempt.record.error) == (Outcome.FAILED, sentence)
    assert (attempt.record.error_class, attempt.record.reason) == (kind.__name__, reason)


async def test_the_time_in_line_is_not_the_models() -> None:
    """Its seconds count from when it was its turn."""
    queue = EndpointQueue(1)
    before = queue.enter("another chat")
    attempt = an_attempt("Hello", queue=queue)
    task = asyncio.create_task(read(attempt))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while queue.load < 2:  # noqa: ASYNC110  # a queue has no event of its own for who comes
            await asyncio.sleep(0.001)
    began = time.monotonic()
    await asyncio.sleep(0.1)
    queue.leave(before)
    events = await task
    assert isinstance(events[0], Queued)
    assert events[0].position == 1
    assert attempt.record.total_seconds < time.monotonic() - began - 0.05
    assert queue.load == 0


async def test_a_loop_is_cut_and_the_model_stopped() -> None:
    """The text ends where it began to repeat itself."""
    attempt = an_attempt("Well. ", *["Once more. "] * 1000, HANG)
    await read(attempt)
    assert (attempt.answered, attempt.record.completion) == (True, Completion("repetition"))
    assert attempt.text.startswith("Well. Once more.")
    assert len(attempt.text) < 200


async def test_closing_early_is_a_cancelled_record() -> None:
    """Nobody is blamed, and the place is free."""
    attempt = an_attempt("Once", HANG)
    async with aclosing(attempt.events()) as events:
        await anext(events)
        await anext(events)
    assert (attempt.record.outcome, attempt.error, attempt._queue.load) == (Outcome.CANCELLED, None, 0)
    assert attempt.text == "Once"


async def test_a_bug_is_raised_and_the_place_is_free() -> None:
    """It is nobody's failure but ours."""
    attempt = an_attempt("Once", KeyError("a bug"))
    with pytest.raises(KeyError):
        await read(attempt)
    assert (attempt.record.outcome, attempt._queue.load) == (Outcome.CANCELLED, 0)


# --- loads and lines --------------------------------------------------------------------------------------------------


async def test_what_a_load_took_is_recorded() -> None:
    """Though the server, which had loaded the model before it was asked, says that it took nothing."""
    queue, remembered = EndpointQueue(1), list[object]()
    attempt = an_attempt("Hello", Completion(load_seconds=0.001), loaded=False, load=[LOADING, 0.05], queue=queue)
    attempt._around.keeper.loader.remember = lambda *load: remembered.append(load)
    events = await read(attempt)
    assert len(remembered) == 1
    assert queue._measured[0] < 0.05  # for those in line it counts what an answer takes
    assert [type(event) for event in events] == [Loading, Started, Token]
    completion = attempt.record.completion
    assert completion is not None
    assert completion.load_seconds is not None
    assert 0.05 <= completion.load_seconds <= attempt.record.total_seconds
    assert attempt._around.keeper.residency.residents(ONE)[0].busy == 0


async def test_a_load_by_the_server_itself_is_learned_from_its_answer() -> None:
    """There it is the server who knows what it took."""
    attempt = an_attempt("Hello", Completion(load_seconds=7.0), loaded=False)
    await read(attempt)
    assert attempt.record.completion == Completion(load_seconds=7.0)
    assert attempt._around.keeper.residency.load_seconds(MODEL, ONE) == 7.0


async def test_the_wait_for_a_first_token_begins_after_the_load() -> None:
    """A load may take longer than that."""
    attempt = an_attempt("Hello", loaded=False, load=[LOADING, 0.3])
    await read(attempt)
    assert attempt.answered
    hanging = an_attempt(HANG, loaded=False, load=[LOADING, 0.3])
    await read(hanging)
    assert hanging.record.error == "Alpha sent no first token in time."
    assert hanging.record.total_seconds >= 0.4


async def test_a_load_that_outlasts_the_whole_time_is_a_time_out_and_nobodys_fault() -> None:
    """The model is not rested for it, and the next question may find it loaded."""
    attempt = an_attempt("Hello", loaded=False, load=[LOADING, HANG], whole_seconds=0.05)
    await read(attempt)
    assert (attempt.record.reason, attempt.record.error) == ("timed out", "Alpha was not loaded in time.")
    assert attempt._around.registry.status("alpha").available
    assert list(attempt._around.keeper.under_way()) == ["alpha"]
    await attempt._around.keeper.close()


async def test_a_load_that_fails_is_the_attempts_failure() -> None:
    """The model is free again, and nothing was asked of it."""
    failure = OutOfMemory("Too little memory.", backend="ollama")
    attempt = an_attempt("Hello", loaded=False, load=[failure])
    await read(attempt)
    assert (attempt.error, attempt.record.error_class) == (failure, "OutOfMemory")
    assert attempt._around.registry.status("alpha").reason == "cooling down"


async def test_a_line_inside_the_server_is_told_and_waited_in() -> None:
    """Longer than for a first token: it is not the model that is slow."""
    queue = EndpointQueue(3)
    for _ in range(2):
        queue.leave(queue.enter("before"))
    queue.enter("another chat")
    attempt = an_attempt(Waiting(2), 0.15, Waiting(1), 0.15, "Hello", queue=queue)
    events = await read(attempt)
    assert [type(event) for event in events] == [Queued, Queued, Started, Token]
    assert [event.position for event in events if isinstance(event, Queued)] == [2, 1]
    assert all(event.seconds == 1 for event in events if isinstance(event, Queued))
    assert attempt.answered
    assert len(queue._measured) == 3
    assert queue._measured[-1] < 0.15


async def test_the_promise_in_line_is_kept_up_to_date() -> None:
    """Who waits longer than promised is told so, at the same place."""
    queue = EndpointQueue(1)
    measured = queue.enter("before")
    queue._measured.append(1.5)
    attempt = an_attempt("Hello", queue=queue)
    task = asyncio.create_task(read(attempt))
    await asyncio.sleep(1.2)
    queue.leave(measured)
    events = await task
    places = [(event.position, event.seconds) for event in events if isinstance(event, Queued)]
    assert places == [(1, 2.0), (1, 1.0)]
