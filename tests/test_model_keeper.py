"""ModelKeeper: what is asked is loaded once, room is made for it, and nothing that answers is unloaded."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from routing.errors import BackendError, BackendTimeout, BackendUnreachable, BadReply, NoModelAvailable, OutOfMemory
from routing.model_load import LoadStep
from routing.model_loader import FAIR_SECONDS
from routing.model_residency import ModelResidency
from routing.types import Completion, Loading, LoadProgress, LoadStage
from tests.answers import PATIENCE_SECONDS
from tests.fake_backend import HANG, an_offer
from tests.keeper_stage import ELSEWHERE, GB, HERE, STUDIO_HERE, Stage

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from routing.types import Endpoint

BROKEN = BadReply("It broke.", backend="ollama")


async def run(stage: Stage, *work: Coroutine[Any, Any, Any]) -> list[Any]:
    """Let time pass until all is done; an error is a result, but for bugs."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        results = await stage.time.run(*work)
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, BackendError | NoModelAvailable):
            raise result
    return results


async def later(stage: Stage, seconds: float, work: Coroutine[Any, Any, Any]) -> Any:
    await stage.time.sleep(seconds)
    return await work


async def load_steps(stage: Stage, model_id: str) -> list[LoadStep]:
    async with aclosing(stage.keeper.load(model_id)) as steps:
        return [step async for step in steps]


# --- for an answer ----------------------------------------------------------------------------------------------------


async def test_what_is_in_memory_answers_at_once() -> None:
    """Nothing is said, nothing is asked of the server, and it counts as in use until it is given back."""
    stage = Stage("a", loaded=True)
    assert await run(stage, stage.ensure("a")) == [[]]
    assert (stage.server.loads, stage.residency.residents()[0].busy) == ([], 1)
    stage.release("a")
    assert stage.residency.residents()[0].busy == 0


async def test_of_what_nobody_knows_nothing_is_loaded() -> None:
    """A server that does not say what it has in memory is asked as it always was."""
    stage = Stage("a", loaded=None)
    assert await run(stage, stage.ensure("a")) == [[]]
    assert stage.server.loads == []


async def test_a_load_is_told_with_what_it_takes_and_counts_down() -> None:
    """What it took is learned, and remembered by the server's address without its password."""
    stage = Stage("a")
    remembered: list[tuple[Any, ...]] = []
    stage.keeper.loader.remember = lambda *load: remembered.append(load)
    stage.learn("a", 4.0)
    stage.server.seconds["a"] = 6.5
    (said,) = await run(stage, stage.ensure("a"))
    assert [step.seconds for step in said] == [4, 3, 2, 1, 2]  # it takes longer than it used to
    assert {(step.model.model_id, step.makes_room) for step in said} == {("a", ())}
    assert (stage.is_there("a"), stage.looked_at) == (True, [HERE])
    assert remembered == [("a", HERE.address, pytest.approx(6.5), 10 * GB)]
    assert stage.residency.load_seconds(stage.models["a"], HERE) == pytest.approx(5.25)


async def test_what_is_being_loaded_is_known_to_whoever_decides() -> None:
    """Its memory is taken, and the rest of its load is what it takes."""
    stage = Stage("a", "b", room_gb=15)

    async def look() -> list[Any]:
        outlooks = [stage.residency.outlook(stage.models[name], HERE) for name in "ab"]
        return [outlooks[0].load_seconds, outlooks[1].free_bytes]

    results = await run(stage, stage.ensure("a"), later(stage, 2, look()))
    assert results[1] == [3.0, 5 * GB]


async def test_what_was_in_memory_all_along_teaches_nothing() -> None:
    """The server is asked, has nothing to do, and no load is remembered."""
    stage = Stage("a")
    stage.server.listed = [an_offer("a", HERE, loaded=True)]
    stage.keeper.loader.look_at = lambda _: None
    stage.keeper.loader.remember = lambda *load: pytest.fail(f"remembered {load}")
    await run(stage, stage.ensure("a"))
    assert stage.residency.load_seconds(stage.models["a"], HERE) == 5.0
    assert stage.is_there("a")


async def test_a_load_that_is_over_is_not_joined() -> None:
    """Whoever asks at the moment at which a load ahead of time found no room gets one that makes room."""
    stage = Stage("a", "b", room_gb=15)
    await run(stage, stage.answer("b"))

    async def asks_at_its_end() -> None:
        load = stage.keeper.loader.join(stage.models["a"], HERE, 3600.0)
        while not load.task.done():  # noqa: ASYNC110  # before anybody else notices
            await asyncio.sleep(0)
        await stage.answer("a")

    assert await run(stage, asks_at_its_end()) == [None]
    assert stage.is_there("a")


async def test_a_load_that_is_over_at_once_is_not_announced() -> None:
    """Unless it lasts after all."""
    stage = Stage("a", "b")
    stage.learn("a", 0.5)
    stage.learn("b", 0.5)
    stage.server.seconds["b"] = 3.0
    quick, slow = await run(stage, stage.ensure("a")), await run(stage, stage.ensure("b"))
    assert quick == [[]]
    assert slow[0][0].seconds == 1


async def test_all_who_wait_for_a_model_share_one_load() -> None:
    """One that leaves does not stop it for the others."""
    stage = Stage("a")
    leaving = asyncio.ensure_future(stage.ensure("a"))

    async def leave() -> None:
        leaving.cancel()

    results = await run(stage, stage.ensure("a"), stage.ensure("a"), later(stage, 2, leave()))
    assert [len(said) > 0 for said in results[:2]] == [True, True]
    assert leaving.cancelled()
    assert (stage.server.loads, stage.residency.residents()[0].busy) == (["a"], 2)


async def test_a_load_that_nobody_waits_for_any_more_goes_on() -> None:
    """Who stops a question often asks the same model the next one."""
    stage = Stage("a")
    leaving = asyncio.ensure_future(stage.ensure("a"))

    async def leave() -> None:
        leaving.cancel()

    await run(stage, later(stage, 2, leave()), stage.time.sleep(6))
    assert stage.is_there("a")
    assert stage.residency.residents()[0].busy == 0


async def test_a_load_that_nobody_waits_for_gives_way() -> None:
    """As soon as somebody wants another model of that host, whoever came first."""
    stage = Stage("a", "b")
    stage.server.seconds["a"] = 100.0
    leaving = asyncio.ensure_future(stage.ensure("a"))

    async def leave() -> None:
        leaving.cancel()

    await run(stage, later(stage, 2, leave()), later(stage, 3, stage.ensure("b")))
    assert stage.time.now < 12
    assert (stage.is_there("a"), stage.is_there("b"), stage.server.loading) == (False, True, 0)


async def test_a_load_that_everybody_has_left_gives_way_to_one_that_waits_already() -> None:
    """It is not finished first."""
    stage = Stage("a", "b")
    stage.server.seconds["a"] = 100.0
    leaving = asyncio.ensure_future(stage.ensure("a"))

    async def leave() -> None:
        leaving.cancel()

    await run(stage, later(stage, 1, stage.ensure("b")), later(stage, 3, leave()))
    assert (stage.time.now < 12, stage.is_there("a"), stage.is_there("b")) == (True, False, True)


async def test_one_model_is_loaded_at_a_time_and_the_next_one_says_how_long_both_take() -> None:
    """Two loads at once would both take twice as long."""
    stage = Stage("a", "b")
    stage.learn("a", 5.0)
    stage.learn("b", 3.0)
    first, second = await run(stage, stage.ensure("a"), stage.ensure("b"))
    assert (stage.server.most_loading, stage.server.loads) == (1, ["a", "b"])
    assert (first[0].seconds, second[0].seconds) == (5, 8)
    assert second[-1].seconds == 1


async def test_loads_on_two_hosts_do_not_wait_for_each_other() -> None:
    """Each has its own disk."""
    stage = Stage("a", "b", servers=(HERE, ELSEWHERE))
    stage.servers[1].listed = [an_offer("b", ELSEWHERE)]
    stage.listen(stage.servers[1])
    other = stage.keeper.ensure(stage.models["b"], ELSEWHERE)

    async def elsewhere() -> None:
        async with aclosing(other):
            async for _ in other:
                pass

    began = stage.time.now
    await run(stage, stage.ensure("a"), elsewhere())
    assert stage.time.now - began < 7
    assert (stage.servers[0].loads, stage.servers[1].loads) == (["a"], ["b"])


# --- room -------------------------------------------------------------------------------------------------------------


async def test_what_was_used_least_lately_goes_and_is_named() -> None:
    """And no more than need be."""
    stage = Stage("a", "b", "c", room_gb=25)
    for name in ("a", "b", "a"):
        await run(stage, stage.answer(name, 1.0))
    (said,) = await run(stage, stage.answer("c"))
    assert said[0].makes_room == ("B",)
    assert stage.server.unloads == ["b"]
    assert [name for name in "abc" if stage.is_there(name)] == ["a", "c"]


async def test_where_both_fit_nothing_goes() -> None:
    """The old one is there until long after the new one is."""
    stage = Stage("a", "b", room_gb=20)
    for name in "ab":
        await run(stage, stage.answer(name))
    assert (stage.server.unloads, stage.is_there("a"), stage.is_there("b")) == ([], True, True)


async def test_room_is_made_at_another_server_of_this_host() -> None:
    """All of them share its memory."""
    stage = Stage("a", room_gb=15, servers=(HERE, STUDIO_HERE))
    stage.servers[1].listed = [an_offer("b", STUDIO_HERE, loaded=True, loaded_bytes=10 * GB)]
    stage.listen(stage.servers[1])
    await run(stage, stage.answer("a"))
    assert (stage.servers[1].unloads, stage.is_there("a")) == (["b"], True)


async def test_one_that_answers_is_waited_for() -> None:
    """It is unloaded when its answer has ended, and not before."""
    stage = Stage("a", "b", room_gb=15)
    _, said = await run(stage, stage.answer("a", 8.5), later(stage, 6, stage.answer("b")))
    assert said[0] == Loading(stage.models["b"], None, ("A",))
    assert stage.server.unloads == ["a"]
    assert stage.time.now == pytest.approx(5 + 8.5 + 5)


async def test_somebody_who_has_another_choice_does_not_wait_long_for_room() -> None:
    """The next model answers sooner; nobody is blamed for it."""
    stage = Stage("a", "b", room_gb=15)
    results = await run(stage, stage.answer("a", 60.0), later(stage, 6, stage.answer("b", patience_seconds=15.0)))
    assert isinstance(results[1], BackendTimeout)
    assert results[1].reason == "no room"
    assert str(results[1]) == "There was no room for B: other models were answering."
    assert (stage.server.loads, stage.server.unloads, stage.keeper.loader.loads) == (["a"], [], {})


async def test_patience_is_for_room_and_not_for_the_load_itself() -> None:
    """What is being loaded is worth waiting for."""
    stage = Stage("a")
    stage.server.seconds["a"] = 40.0
    (said,) = await run(stage, stage.ensure("a", patience_seconds=15.0))
    assert len(said) > 5


async def test_who_asks_a_model_that_is_being_unloaded_waits_until_it_is_gone() -> None:
    """And has it loaded again; it is unloaded once, by whoever came first."""
    stage = Stage("a", "b", room_gb=15)
    await run(stage, stage.answer("a"))
    gone = asyncio.Event()
    stage.server.plays_unload("a", [gone], [])

    async def let_go() -> None:
        gone.set()

    said = (await run(stage, stage.answer("b"), later(stage, 1, stage.answer("a", 1.0)), later(stage, 3, let_go())))[1]
    assert said[0] == Loading(stage.models["a"])
    assert (stage.server.loads, stage.server.unloads) == (["a", "b", "a"], ["a", "b"])


async def test_room_that_somebody_makes_already_is_waited_for() -> None:
    """A person has the model unloaded that would have to go."""
    stage = Stage("a", "b", room_gb=15)
    await run(stage, stage.answer("a"))
    gone = asyncio.Event()
    stage.server.plays_unload("a", [gone])

    async def let_go() -> None:
        gone.set()

    await run(stage, stage.keeper.unload("a"), later(stage, 1, stage.answer("b")), later(stage, 3, let_go()))
    assert (stage.server.unloads, stage.is_there("b")) == (["a"], True)


async def test_a_load_that_has_waited_long_goes_before_other_loads_too() -> None:
    """Though they would find room sooner: there would be none for it then."""
    stage = Stage("a", "b", "c", room_gb=20)
    stage.models["b"] = dataclasses.replace(stage.models["b"], ram_gb=20.0)
    stage.registry.register(stage.models["b"])
    await run(
        stage, stage.answer("a", 30.0), later(stage, 6, stage.answer("b")), later(stage, 20, stage.answer("c", 60.0))
    )
    assert stage.server.loads == ["a", "b", "c"]


async def test_behind_a_load_that_waits_for_room_nobody_waits_longer_than_for_room() -> None:
    """What would fit is put off for it; the next model answers sooner."""
    stage = Stage("a", "b", "c", room_gb=25)
    stage.models["b"] = dataclasses.replace(stage.models["b"], ram_gb=20.0)
    stage.registry.register(stage.models["b"])

    async def asks() -> float:
        with pytest.raises(BackendTimeout, match="There was no room for C"):
            await stage.ensure("c", 15.0)
        return stage.time.now

    results = await run(stage, stage.answer("a", 100.0), later(stage, 6, stage.answer("b")), later(stage, 20, asks()))
    assert results[2] == pytest.approx(35, abs=1)


async def test_a_load_is_not_put_off_for_ever_by_those_who_come_later() -> None:
    """After some time it goes first; they wait, load their model again, and lose nothing."""
    stage = Stage("a", "b", room_gb=15)

    async def busy() -> int:
        answers = [asyncio.ensure_future(later(stage, 4.0 * number, stage.answer("a", 6.0))) for number in range(20)]
        await asyncio.gather(*answers)
        return len(answers)

    async def wanted() -> float:
        await stage.answer("b")
        return stage.time.now

    answered, at = await run(stage, busy(), later(stage, 7, wanted()))
    assert answered == 20
    assert 7 + FAIR_SECONDS < at < 7 + FAIR_SECONDS + 15
    assert stage.server.loads == ["a", "b", "a"]


@pytest.mark.parametrize(("loaded_at", "window"), [(0.0, 512), (18.0, None)])
async def test_a_load_that_goes_first_lets_those_answer_that_have_to_go_for_it(
    loaded_at: float, window: int | None
) -> None:
    """What somebody else has loaded answers only once its own load has been: both would wait for each other."""
    stage = Stage("a", "b", "c", room_gb=25)
    stage.models["c"] = dataclasses.replace(stage.models["c"], ram_gb=22.0)
    stage.registry.register(stage.models["c"])

    async def somebody_else_loads_b() -> None:
        there = dataclasses.replace(an_offer("b", HERE, loaded=True), loaded_context_tokens=window)
        stage.server.listed = [an_offer("a", HERE, loaded=True), there, an_offer("c", HERE)]
        stage.listen(stage.server)

    await run(
        stage,
        stage.answer("a", 40.0),
        later(stage, loaded_at, somebody_else_loads_b()),
        later(stage, 6, stage.answer("c")),
        later(stage, 17, stage.answer("b")),
    )
    assert stage.server.loads == ["a", "b", "c"]
    assert stage.time.now < 60


async def test_what_does_not_fit_is_refused_with_the_arithmetic() -> None:
    """Nothing is unloaded for it."""
    stage = Stage("a", room_gb=8)
    (error,) = await run(stage, stage.ensure("a"))
    assert isinstance(error, OutOfMemory)
    assert str(error) == "A does not fit into memory: it needs 10.0 GB, and 8.0 GB are there for models."
    assert stage.server.loads == []


async def test_a_model_that_cannot_be_unloaded_is_said() -> None:
    """Loading beside it would push the computer into its swap."""
    stage = Stage("a", "b", room_gb=15)
    await run(stage, stage.answer("a"))
    stage.server.plays_unload("a", [BROKEN])
    (error,) = await run(stage, stage.ensure("b"))
    assert isinstance(error, OutOfMemory)
    assert str(error) == "No room could be made for B: It broke."
    assert (stage.is_there("a"), stage.is_there("b"), stage.keeper.loader.leaving) == (True, False, set())


async def test_a_server_that_loads_by_itself_finds_room() -> None:
    """Others are unloaded for it; what its load took is learned from its answer."""
    stage = Stage("a", room_gb=15, servers=(HERE, STUDIO_HERE))
    stage.server.can_load = False
    stage.servers[1].listed = [an_offer("b", STUDIO_HERE, loaded=True, loaded_bytes=10 * GB)]
    stage.listen(stage.servers[1])
    (said,) = await run(stage, stage.ensure("a"))
    assert said == [Loading(stage.models["a"], 5.0, ("b",)), Loading(stage.models["a"], 5.0)]
    assert (stage.servers[1].unloads, stage.server.loads) == (["b"], [])
    stage.keeper.answered(stage.models["a"], HERE, Completion(load_seconds=3.0))
    assert stage.registry.is_loaded("a", HERE)
    assert stage.residency.load_seconds(stage.models["a"], HERE) == 3.0
    assert await run(stage, stage.ensure("a")) == [[]]


# --- what goes wrong --------------------------------------------------------------------------------------------------


async def test_a_load_that_fails_is_told_to_all_and_tried_anew() -> None:
    """Its memory is free again."""
    stage = Stage("a", "b", room_gb=15)
    stage.server.plays_load("a", [BROKEN], [LoadProgress(LoadStage.LOADING)])
    errors = await run(stage, stage.ensure("a"), stage.ensure("a"))
    assert errors == [BROKEN, BROKEN]
    assert stage.residency.outlook(stage.models["b"], HERE).free_bytes == 15 * GB
    assert len((await run(stage, stage.ensure("a")))[0]) > 0
    assert stage.server.loads == ["a", "a"]


async def test_a_load_that_gets_no_further_has_an_end() -> None:
    """However often the server says the same; one that gets on may take long."""
    stage = Stage("a", "b")
    stage.keeper.loader._load_limit_seconds = 0.5
    steps = [LoadProgress(LoadStage.LOADING, done, 100) for done in range(0, 100, 10)]
    stage.server.seconds = {"a": 0.0, "b": 0.0}
    stage.server.plays_load("a", [item for step in steps for item in (step, 0.08)])
    stage.server.plays_load("b", [steps[0], 0.08] * 10)

    async def real(name: str) -> Any:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                done = asyncio.ensure_future(stage.ensure(name))
                while not done.done():
                    await asyncio.sleep(0.005)
                    if stage.time._sleepers:
                        stage.time._wake_next()
                return await done

    await real("a")
    assert stage.is_there("a")
    with pytest.raises(BackendTimeout, match="B was not loaded in time"):
        await real("b")


async def test_a_server_that_forgets_at_once_is_asked_all_the_same() -> None:
    """It is not asked to load for ever."""

    class Forgetful(ModelResidency):
        def loaded(self, model_id: str, endpoint: Endpoint, *given: Any) -> None:
            super().loaded(model_id, endpoint, *given)
            super().unloaded(model_id, endpoint)

    stage = Stage("a", residency=Forgetful)
    await run(stage, stage.ensure("a"))
    assert 1 < len(stage.server.loads) < 5


async def test_closing_gives_up_every_load_at_once() -> None:
    """Whoever waits is told, what comes later too, and no task is left."""
    stage = Stage("a", "b", "c")
    stage.server.plays_load("a", [HANG])
    before = asyncio.all_tasks()
    waiting = [asyncio.ensure_future(stage.ensure(name)) for name in "ab"]
    await stage.time._settle()
    assert not await stage.keeper.unload("a")
    async with asyncio.timeout(PATIENCE_SECONDS):
        await stage.keeper.close()
        errors = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(error) for error in errors] == [BackendUnreachable, BackendUnreachable]
    assert [type(error) for error in await run(stage, stage.ensure("c"))] == [BackendUnreachable]
    assert (stage.server.loading, asyncio.all_tasks()) == (0, before)


async def test_closing_waits_for_no_answer_to_end() -> None:
    """A model that was to go after it stays with its server."""
    stage = Stage("a")
    before = asyncio.all_tasks()
    await run(stage, stage.ensure("a"))
    assert not await stage.keeper.unload("a")
    await stage.time._settle()
    await stage.keeper.close()
    assert (stage.server.unloads, asyncio.all_tasks()) == ([], before)


# --- for people -------------------------------------------------------------------------------------------------------


async def test_a_person_sees_how_far_a_load_is() -> None:
    """From the waiting to the end; a model that is there is there at once."""
    stage = Stage("a", "b", room_gb=15)
    await run(stage, stage.answer("a"))
    stage.server.plays_load("b", [LoadProgress(LoadStage.DOWNLOADING, 25, 100), LoadProgress(LoadStage.LOADING)])
    stage.learn("b", 4.0)
    stage.server.seconds["b"] = 4.0
    (steps,) = await run(stage, load_steps(stage, "b"))
    assert steps[0] == LoadStep(stage.models["b"], None, None, None, 4.0, ("A",))
    downloading = [step for step in steps if step.stage is LoadStage.DOWNLOADING]
    assert {(step.done_bytes, step.total_bytes) for step in downloading} == {(25, 100)}
    assert downloading[-1].seconds == 15  # nine more of the download, and four to load
    assert steps[-1].stage is LoadStage.LOADING
    assert await run(stage, load_steps(stage, "b")) == [[]]


async def test_a_person_waits_for_answers_to_end() -> None:
    """And is told so."""
    stage = Stage("a", "b", room_gb=15)
    _, steps = await run(stage, stage.answer("a", 30.0), later(stage, 6, load_steps(stage, "b")))
    assert (steps[0].waits, steps[0].makes_room, steps[-1].waits) == (True, ("A",), False)
    assert stage.is_there("b")


async def test_loads_under_way_are_listed_and_can_be_given_up() -> None:
    """Those that somebody waits for go on."""
    stage = Stage("a", "b")

    async def look() -> list[str]:
        await stage.keeper.give_up("a")
        return sorted(stage.keeper.under_way())

    results = await run(stage, stage.ensure("a"), stage.ensure("b"), later(stage, 2, look()))
    assert results[2] == ["a", "b"]
    assert stage.is_there("a")


@pytest.mark.parametrize(
    ("model_id", "sentence"),
    [
        ("nobody", "There is no model by that id: nobody. `bot.py models` lists them."),
        ("a", "A is loaded and unloaded by its server alone, when it is asked something."),
    ],
)
async def test_what_cannot_be_loaded_is_said(model_id: str, sentence: str) -> None:
    """In a sentence, and so it is with unloading."""
    stage = Stage("a", loaded=True)
    stage.server.can_load = False
    errors = await run(stage, load_steps(stage, model_id), stage.keeper.unload(model_id))
    assert [str(error) for error in errors] == [sentence, sentence]


async def test_a_model_of_a_server_that_is_down_cannot_be_loaded() -> None:
    """Why it is not there is said."""
    stage = Stage("a")
    stage.registry.apply_offers(HERE, None)
    (error,) = await run(stage, load_steps(stage, "a"))
    assert str(error) == "A cannot be loaded: ollama not reachable."


async def test_a_model_on_another_host_can_be_loaded() -> None:
    """Whose memory is its own concern."""
    stage = Stage("a", room_gb=1, servers=(ELSEWHERE,))
    await run(stage, load_steps(stage, "a"))
    assert stage.is_there("a")


async def test_a_person_has_a_model_unloaded() -> None:
    """At once if it does not answer; one that is not there is gone already."""
    stage = Stage("a", "b")
    await run(stage, stage.answer("a"))
    assert await run(stage, stage.keeper.unload("a"), stage.keeper.unload("b")) == [True, True]
    assert (stage.server.unloads, stage.is_there("a")) == (["a"], False)


async def test_a_model_that_somebody_else_has_loaded_otherwise_can_be_unloaded() -> None:
    """With another window it does not answer us, and takes memory all the same."""
    stage = Stage("a")
    stage.server.listed = [an_offer("a", HERE, loaded=True, loaded_context_tokens=512)]
    stage.listen(stage.server)
    assert not stage.registry.is_loaded("a", HERE)
    assert await run(stage, stage.keeper.unload("a")) == [True]
    assert stage.server.unloads == ["a"]


async def test_a_model_that_answers_goes_when_it_has_ended() -> None:
    """Who asks it meanwhile waits, and gets an answer from the model, loaded anew."""
    stage = Stage("a")
    first, gone, second = await run(
        stage,
        stage.answer("a", 10.0),
        later(stage, 7, stage.keeper.unload("a")),
        later(stage, 9, stage.answer("a", 1.0)),
    )
    assert (first[-1].seconds, gone) == (1, False)
    assert second[0] == Loading(stage.models["a"])
    assert (stage.server.loads, stage.server.unloads) == (["a", "a"], ["a"])
    assert stage.time.now == pytest.approx(5 + 10 + 5 + 1, abs=2)


async def test_a_model_on_its_way_out_is_loaded_again_for_a_person() -> None:
    """Who unloads it twice has it unloaded once."""
    stage = Stage("a")
    results = await run(
        stage,
        stage.answer("a", 10.0),
        later(stage, 7, stage.keeper.unload("a")),
        later(stage, 8, stage.keeper.unload("a")),
        later(stage, 9, load_steps(stage, "a")),
    )
    assert results[1:3] == [False, False]
    assert (stage.server.loads, stage.server.unloads, stage.is_there("a")) == (["a", "a"], ["a"], True)


async def test_a_model_that_is_being_loaded_for_an_answer_goes_after_it() -> None:
    """The answer is given first."""
    stage = Stage("a")
    _, gone = await run(stage, stage.answer("a", 3.0), later(stage, 2, stage.keeper.unload("a")))
    await run(stage, stage.time.sleep(2))
    assert (gone, stage.server.unloads, stage.is_there("a")) == (False, ["a"], False)


async def test_a_model_that_nobody_asks_any_more_goes_after_its_last_answer() -> None:
    """Without anybody's doing."""
    stage = Stage("a")
    await run(
        stage, stage.answer("a", 10.0), later(stage, 7, stage.keeper.unload("a")), later(stage, 20, asyncio.sleep(0))
    )
    assert (stage.server.unloads, stage.is_there("a")) == (["a"], False)


async def test_an_unload_that_fails_is_told_to_the_person_and_the_model_stays_of_use() -> None:
    """Or to the log, if it was put off."""
    stage = Stage("a")
    await run(stage, stage.answer("a"))
    stage.server.plays_unload("a", [BROKEN])
    assert await run(stage, stage.keeper.unload("a")) == [BROKEN]
    assert await run(stage, stage.ensure("a")) == [[]]


async def test_unloading_ends_a_load_that_nobody_waits_for() -> None:
    """It would only come to be unloaded."""
    stage = Stage("a")

    async def preload() -> bool:
        return await stage.keeper.preload(stage.models["a"], HERE, 0.0)

    assert await run(stage, preload(), later(stage, 2, stage.keeper.unload("a"))) == [False, True]
    assert (stage.server.unloads, stage.is_there("a")) == ([], False)


async def test_what_is_loaded_ahead_pushes_out_nothing_that_was_used_lately() -> None:
    """Unless somebody asks for it at the same moment."""
    stage = Stage("a", "b", room_gb=15)
    await run(stage, stage.answer("b"))

    async def preload(spares_seconds: float) -> bool:
        return await stage.keeper.preload(stage.models["a"], HERE, spares_seconds)

    assert await run(stage, preload(3600.0)) == [False]
    assert stage.server.unloads == []
    assert (await run(stage, preload(3600.0), stage.ensure("a")))[0]
    assert stage.is_there("a")


async def test_what_was_used_long_ago_makes_room_for_what_is_loaded_ahead() -> None:
    """But not where the server loads by itself, and not when the program stops."""
    stage = Stage("a", "b", room_gb=15)
    await run(stage, stage.answer("b"))
    await run(stage, stage.time.sleep(4000))
    preload = stage.keeper.preload
    stage.server.can_load = False
    assert not await preload(stage.models["a"], HERE, 3600.0)
    stage.server.can_load = True
    assert await run(stage, preload(stage.models["a"], HERE, 3600.0)) == [True]
    assert await preload(stage.models["a"], HERE, 3600.0)
    await stage.keeper.close()
    assert not await preload(stage.models["b"], HERE, 3600.0)
    assert stage.server.unloads == ["b"]


# --- side by side -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loaded", "room_gb", "together"),
    [
        ("", 100, "ab"),  # both are loaded
        ("", 15, "a"),  # both do not fit
        ("b", 15, "a"),  # the first would push the second out
        ("a", 15, "a"),  # the second would push the first out
        ("ab", 20, "ab"),
        ("c", 25, "a"),  # the first fits beside the third, and then nothing does
        ("b", 25, "ab"),
    ],
)
def test_those_that_push_each_other_out_do_not_race(loaded: str, room_gb: float, together: str) -> None:
    """The first choice takes part in any case."""
    stage = Stage("a", "b", "c", room_gb=room_gb)
    stage.server.listed = [an_offer(name, HERE, loaded=name in loaded) for name in "abc"]
    stage.listen(stage.server)
    pairs = [(stage.models[name], HERE) for name in "ab"]
    assert "".join(model.model_id for model in stage.keeper.side_by_side(pairs)) == together


def test_a_model_on_another_host_may_always_race() -> None:
    """Whatever goes on here."""
    stage = Stage("a", "b", "c", room_gb=15, servers=(HERE, ELSEWHERE))
    stage.server.listed = [an_offer("a", HERE), an_offer("c", HERE, loaded=True)]
    stage.listen(stage.server)
    stage.servers[1].listed = [an_offer("b", ELSEWHERE)]
    stage.listen(stage.servers[1])
    together = stage.keeper.side_by_side([(stage.models["a"], HERE), (stage.models["b"], ELSEWHERE)])
    assert [model.model_id for model in together] == ["a", "b"]


# --- all of it --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
async def test_a_busy_day_loses_no_answer_and_never_runs_out_of_memory(seed: int) -> None:
    """Whoever asks what, stops, loads or unloads: what answers stays, what is in memory fits, and all get answers."""
    chance, stage, names = random.Random(seed), Stage(*"abcde", room_gb=25), "abcde"

    async def ask(name: str) -> bool:
        await stage.ensure(name)
        assert stage.is_there(name)
        assert sum(map(stage.is_there, names)) + stage.server.loading <= 2
        await stage.time.sleep(chance.uniform(0, 20))
        stage.release(name)
        return True

    async def stop(name: str) -> None:
        asked = asyncio.ensure_future(stage.ensure(name))
        await stage.time.sleep(chance.uniform(0, 10))
        if not asked.cancel():
            stage.release(name)

    days_work = [
        later(stage, chance.uniform(0, 300), kind(chance.choice(names)))
        for kind in chance.choices(
            [ask, stop, stage.keeper.unload, lambda name: load_steps(stage, name)], [6, 2, 1, 1], k=80
        )
    ]
    results = await run(stage, *days_work)
    assert not [error for error in results if isinstance(error, Exception)]
    assert (stage.server.answering, stage.keeper.loader.loads, stage.keeper.loader.leaving) == ([], {}, set())
    assert all(resident.busy == 0 for resident in stage.residency.residents())
