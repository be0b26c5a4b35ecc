"""The report on the models says where each is, what it takes of memory, and what can be done about it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from dialogue.load_words import standing_of, told
from dialogue.model_loading import in_memory, loading, unload
from dialogue.model_report import model_report
from dialogue.model_standing import Place, Standing, standings
from routing.model_load import LoadStep
from routing.response_formatter import ResponseFormatter
from routing.types import Endpoint, LoadProgress, LoadStage
from tests.answers import PATIENCE_SECONDS
from tests.fake_backend import HANG, FakeBackend, an_engine, an_offer, some_models

if TYPE_CHECKING:
    from routing.execution_engine import ExecutionEngine

HERE = Endpoint("ollama", "http://ann:secret@127.0.0.1:1")
THERE = Endpoint("ollama", "http://studio:2")
ALPHA, BETA, GAMMA = some_models("alpha", "beta", "gamma")
LATER = LoadStage.LOADING


def serving(endpoint: Endpoint = HERE, *, can_load: bool = True, **offers: Any) -> FakeBackend:
    """A server that has these models, each with what it says of it."""
    backend = FakeBackend(endpoint, can_load=can_load)
    backend.listed = [an_offer(name, endpoint, **{"loaded": False, **facts}) for name, facts in offers.items()]
    return backend


def offered(engine: ExecutionEngine, *backends: FakeBackend) -> None:
    """Have the registry know what they list."""
    for backend in backends:
        assert not isinstance(backend.listed, Exception)
        engine.registry.apply_offers(backend.endpoint, backend.listed)


async def by_name(engine: ExecutionEngine) -> dict[str, Standing]:
    """How every model stands, by its id."""
    return {standing.model.model_id: standing for standing in await standings(engine)}


async def test_each_model_is_said_to_be_where_it_is() -> None:
    """In memory, on the disk, to be fetched, or nowhere; and what a server there can do about it."""
    server = serving(alpha={"loaded": True, "loaded_bytes": 4_300_000_000}, beta={}, gamma={"downloaded": False})
    async with an_engine([server], [ALPHA, BETA, GAMMA, *some_models("delta")], offered=False) as engine:
        offered(engine, server)
        found = await by_name(engine)
        places = [standing.place for standing in found.values()]
        assert places == [Place.IN_MEMORY, Place.ON_DISK, Place.TO_FETCH, Place.AWAY]
        assert [standing.can_load for standing in found.values()] == [False, True, True, False]
        assert [standing.can_unload for standing in found.values()] == [True, False, False, False]
        assert found["alpha"].memory_bytes == 4_300_000_000
        assert found["delta"].why_not == "not installed"


async def test_a_server_that_loads_by_itself_offers_no_loads() -> None:
    """There is nothing to ask it for."""
    server = serving(can_load=False, alpha={}, beta={"loaded": True})
    async with an_engine([server], [ALPHA, BETA], offered=False) as engine:
        offered(engine, server)
        assert not any(each.can_load or each.can_unload for each in await standings(engine))


async def test_before_any_word_of_a_server_nobody_knows() -> None:
    """The catalog's models may be there."""
    async with an_engine([], [ALPHA], offered=False) as engine:
        assert (await by_name(engine))["alpha"].place is Place.READY
        assert "| Alpha | ready |" in await model_report(engine)


async def test_of_several_hosts_those_are_named_that_have_it() -> None:
    """Without what else may stand in an address."""
    here, there = serving(alpha={"loaded": True}, beta={}), serving(THERE, alpha={}, beta={"loaded": True})
    async with an_engine([here, there], [ALPHA, BETA], offered=False) as engine:
        offered(engine, here, there)
        found = await by_name(engine)
        assert found["alpha"].words == "in memory at 127.0.0.1:1"
        assert found["beta"].words == "in memory at studio:2"
        assert "secret" not in await model_report(engine)


async def test_a_model_that_answers_is_in_use() -> None:
    """As long as it does."""
    server = serving(alpha={"loaded": True})
    server.plays("alpha", ["Hello", HANG])
    async with an_engine([server], [ALPHA], offered=False) as engine:
        offered(engine, server)
        async with aclosing(engine.stream("What is Python?")) as events:
            async for event in events:
                if type(event).__name__ == "Token":
                    break
            assert (await by_name(engine))["alpha"].place is Place.IN_USE
            assert "1 running, 0 waiting" in await model_report(engine)
        assert (await by_name(engine))["alpha"].place is Place.IN_MEMORY


async def test_a_load_under_way_is_told() -> None:
    """Whoever has asked for it; then it is in memory."""
    server = serving(alpha={})
    server.load_scripts["alpha"] = [[LoadProgress(LoadStage.DOWNLOADING, 3_100_000_000, 4_300_000_000), HANG]]
    async with an_engine([server], [ALPHA], offered=False) as engine:
        offered(engine, server)
        async with aclosing(loading(engine, ALPHA)) as sentences:
            async for sentence in sentences:
                if sentence.startswith("Downloading Alpha, 3.1 of 4.3 GB"):
                    break
            standing = (await by_name(engine))["alpha"]
            assert (standing.place, standing.words) == (Place.LOADING, "downloading 72%")
            assert (standing.can_load, standing.can_unload) == (False, False)


async def test_loading_and_unloading_say_what_came_of_it() -> None:
    """Also where there was nothing to do."""
    server = serving(alpha={})
    async with an_engine([server], [ALPHA], offered=False) as engine:
        offered(engine, server)
        async with aclosing(loading(engine, ALPHA)) as sentences:
            assert [sentence async for sentence in sentences]
        async with aclosing(loading(engine, ALPHA)) as sentences:
            assert [sentence async for sentence in sentences] == []
        assert server.loads == ["alpha"]
        assert await unload(engine, ALPHA) == "Alpha is out of memory."
        assert await unload(engine, ALPHA) == "Alpha is not in memory."
        assert server.unloads == ["alpha"]


async def test_what_somebody_else_has_loaded_with_another_window_can_be_unloaded() -> None:
    """It would not answer us so, but it takes memory."""
    server = serving(alpha={"loaded": True, "loaded_context_tokens": 512})
    async with an_engine([server], [ALPHA], offered=False) as engine:
        offered(engine, server)
        standing = (await by_name(engine))["alpha"]
        assert (standing.place, standing.can_unload) == (Place.IN_MEMORY, True)
        assert await unload(engine, ALPHA) == "Alpha is out of memory."
        assert server.unloads == ["alpha"]


async def test_a_load_that_nobody_waits_for_is_given_up_by_an_unload() -> None:
    """Rather than to hear that the model is not there, and to find it there a moment later."""
    server = serving(alpha={})
    server.load_scripts["alpha"] = [[LoadProgress(LoadStage.LOADING), HANG]]
    async with an_engine([server], [ALPHA], offered=False) as engine:
        offered(engine, server)
        async with aclosing(loading(engine, ALPHA)) as sentences:
            await anext(sentences)
        assert await unload(engine, ALPHA) == "Alpha is out of memory."
        async with asyncio.timeout(PATIENCE_SECONDS):
            while engine.keeper.under_way():  # noqa: ASYNC110  # it hangs up first
                await asyncio.sleep(0)
        assert (await by_name(engine))["alpha"].place is Place.ON_DISK


def test_a_load_that_has_ended_says_how_long_it_took() -> None:
    """Unless there was none."""
    assert in_memory(ALPHA, 13.2) == "Alpha is in memory, after 13 s."
    assert in_memory(ALPHA, None) == "Alpha is in memory already."


async def test_what_is_switched_off_but_in_memory_is_told() -> None:
    """It takes its place there all the same."""
    server = serving(alpha={"loaded": True})
    async with an_engine([server], [ALPHA], offered=False) as engine:
        offered(engine, server)
        engine.registry.update_availability("alpha", available=False, reason="disabled by an admin")
        assert "- Alpha: disabled by an admin; in memory" in await model_report(engine)


async def test_the_report_fits_a_telegram_table() -> None:
    """Servers say how busy they are and what is in their memory; names are no Markdown."""
    odd: dict[str, Any] = {"a_b*c": {"display_name": "a_b*c"}}
    server = serving(alpha={"loaded": True, "loaded_bytes": 4_300_000_000}, **odd)
    async with an_engine([server], [ALPHA], offered=False) as engine:
        offered(engine, server)
        shown = ResponseFormatter().format(await model_report(engine)).plain_text
        assert shown.startswith("2 of 2 models can be used\n\nModel │ State     │ Memory │ tok/s\n")
        assert "a_b*c │ on disk" in shown
        assert "Ollama at http://127.0.0.1:1: idle, 4.3 GB in memory" in shown
        assert "Memory left for models on this machine: " in shown


async def test_no_model_at_all_is_no_empty_table() -> None:
    """The heading says it."""
    async with an_engine([], [], offered=False) as engine:
        assert (await model_report(engine)).startswith("## 0 of 0 models can be used")
        assert "|" not in await model_report(engine)


@pytest.mark.parametrize(
    ("step", "sentence", "short"),
    [
        (LoadStep(ALPHA), "Loading Alpha…", "loading"),
        (LoadStep(ALPHA, seconds=40.0), "Loading Alpha, about 40 s…", "loading, 40 s"),
        (LoadStep(ALPHA, LATER, seconds=8.7), "Loading Alpha, about 9 s…", "loading, 9 s"),
        (
            LoadStep(ALPHA, LATER, seconds=9.0, makes_room=("Beta",)),
            "Loading Alpha in place of Beta, about 9 s…",
            "loading, 9 s",
        ),
        (
            LoadStep(ALPHA, makes_room=("Beta", "Gamma"), waits=True),
            "Alpha is loaded once Beta and Gamma can go: an answer is still being written…",
            "loading",
        ),
        (LoadStep(ALPHA, LoadStage.DOWNLOADING), "Downloading Alpha…", "downloading"),
        (LoadStep(ALPHA, LoadStage.DOWNLOADING, 310_000_000), "Downloading Alpha, 310 MB…", "downloading"),
        (
            LoadStep(ALPHA, LoadStage.DOWNLOADING, 0, 4_300_000_000),
            "Downloading Alpha, 0.0 of 4.3 GB…",
            "downloading",
        ),
        (
            LoadStep(ALPHA, LoadStage.DOWNLOADING, 310_000_000, 620_000_000, seconds=130.0),
            "Downloading Alpha, 310 MB of 620 MB, about 2 min…",
            "downloading 50%",
        ),
    ],
)
def test_each_step_of_a_load_has_its_words(step: LoadStep, sentence: str, short: str) -> None:
    """How far it is, how long it takes, what it waits for; shorter in the table."""
    assert (told(step), standing_of(step)) == (sentence, short)
