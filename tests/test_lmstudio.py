"""LMStudioBackend against a double of LM Studio: its three lists of models, and its habit of answering anyhow."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.errors import BackendUnreachable, BadReply, ModelMissing, OutOfMemory
from routing.model_backends.lmstudio import LMStudioBackend, read_openai, read_v0, read_v1
from routing.types import Endpoint, LoadProgress, LoadStage, ModelCapability, ModelOffer
from tests.answers import PATIENCE_SECONDS, a_model, gather
from tests.fake_lmstudio import FakeLMStudio
from tests.fake_model_server import FakeModel, Script

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from routing.types import ModelMetadata

QWEN, LLAVA, EMBEDDER = "qwen2.5-7b-instruct", "llava-v1.5-7b", "text-embedding-nomic-embed-text-v1.5"
LISTS = ("/api/v1/models", "/api/v0/models", "/v1/models")


def models() -> dict[str, FakeModel]:
    return {
        QWEN: FakeModel(loaded_context_tokens=8192),
        LLAVA: FakeModel(vision=True, tools=False, loaded=False, context_tokens=4096, family="llama"),
        EMBEDDER: FakeModel(embeds_only=True),
    }


async def offers_of(*lists: str) -> tuple[Sequence[ModelOffer], list[str]]:
    """What a server with these lists offers, and which paths were asked for on the second time."""
    async with FakeLMStudio(models(), lists=lists) as server:
        backend = LMStudioBackend(Endpoint("lmstudio", server.url))
        await backend.offers()
        server.requests.clear()
        offers = await backend.offers()
        await backend.close()
        return offers, [request.path for request in server.requests]


async def test_the_list_of_0_4_tells_all() -> None:
    """The context is the one a model is loaded with, else its longest; models that only embed are left out."""
    (qwen, llava), asked = await offers_of("v1", "v0", "openai")
    assert qwen == ModelOffer(
        endpoint=qwen.endpoint,
        backend_name=QWEN,
        display_name="Qwen2.5-7B-Instruct",
        capabilities=frozenset({ModelCapability.GENERAL, ModelCapability.FUNCTION_CALLING}),
        context_tokens=8192,
        size_bytes=4_683_087_332,
        parameters="7.6B",
        family="qwen2",
        quantization="Q4_K_M",
        loaded=True,
    )
    assert llava.capabilities == {ModelCapability.GENERAL, ModelCapability.VISION}
    assert (llava.context_tokens, llava.loaded) == (4096, False)
    assert asked == ["/api/v1/models"]


async def test_the_list_of_0_3_is_read_where_there_is_no_newer_one() -> None:
    """Its path for 0.4 answers 200 as well, with something else; the one that works is asked first from then on."""
    (qwen, llava), asked = await offers_of("v0", "openai")
    assert (qwen.backend_name, qwen.context_tokens, qwen.loaded, qwen.quantization) == (QWEN, 8192, True, "Q4_K_M")
    assert ModelCapability.FUNCTION_CALLING in qwen.capabilities
    assert llava.capabilities == {ModelCapability.GENERAL, ModelCapability.VISION}
    assert asked == ["/api/v0/models"]


async def test_the_bare_list_is_the_last_resort() -> None:
    """It gives names alone; what is loaded nobody knows."""
    offers, asked = await offers_of("openai")
    assert [(offer.backend_name, offer.context_tokens, offer.loaded) for offer in offers] == [
        (QWEN, None, None),
        (LLAVA, None, None),
    ]
    assert asked == ["/v1/models"]


async def test_thinking_is_read_from_the_capabilities() -> None:
    async with FakeLMStudio({QWEN: FakeModel(thinking=True)}) as server:
        backend = LMStudioBackend(Endpoint("lmstudio", server.url))
        (offer,) = await backend.offers()
        await backend.close()
    assert offer.thinking


async def test_an_upgraded_server_is_asked_anew() -> None:
    """What answered once may be gone."""
    async with FakeLMStudio(models(), lists=("v0",)) as old:
        backend = LMStudioBackend(Endpoint("lmstudio", old.url))
        await backend.offers()
        port = int(old.root.rpartition(":")[2])
    async with FakeLMStudio(models(), lists=("v1",), port=port):
        assert (await backend.offers())[0].size_bytes
    await backend.close()


async def test_a_server_without_any_list_is_a_bad_reply() -> None:
    """Something else answers at that port."""
    async with FakeLMStudio(lists=()) as server:
        backend = LMStudioBackend(Endpoint("lmstudio", server.url))
        with pytest.raises(BadReply, match=r"^LM Studio does not list its models\.$"):
            await backend.offers()
        await backend.close()
        assert [request.path for request in server.requests] == list(LISTS)


async def test_no_server_means_unreachable() -> None:
    async with FakeLMStudio() as server:
        url = server.url
    backend = LMStudioBackend(Endpoint("lmstudio", url))
    with pytest.raises(BackendUnreachable):
        await backend.offers()
    await backend.close()


@pytest.mark.parametrize("ending", ["", "/v1"])
async def test_the_address_may_end_in_v1_or_at_the_host(ending: str) -> None:
    """People write either."""
    async with FakeLMStudio(models()) as server:
        backend = LMStudioBackend(Endpoint("lmstudio", f"{server.root}{ending}"))
        assert len(await backend.offers()) == 2
        assert (await gather(backend, a_model(QWEN))).text == "Hello from here."
        await backend.close()


async def test_the_one_loaded_model_does_not_pass_for_another() -> None:
    """LM Studio answers a wrong name with whatever is loaded, without a word."""
    async with FakeLMStudio(models()) as server:
        backend = LMStudioBackend(Endpoint("lmstudio", server.url))
        with pytest.raises(ModelMissing, match=r"answered with qwen2\.5-7b-instruct instead of The Model"):
            await gather(backend, a_model("qwen2.5-coder-7b-instruct"))
        await backend.close()


async def test_a_model_is_loaded_on_demand() -> None:
    """No byte comes before it is in memory."""
    async with FakeLMStudio({QWEN: FakeModel(Script(load_seconds=0.3), loaded=False)}) as server:
        backend = LMStudioBackend(Endpoint("lmstudio", server.url), connect_timeout_seconds=0.1)
        assert (await gather(backend, a_model(QWEN))).text == "Hello from here."
        await backend.close()


@pytest.mark.parametrize(
    "words",
    [
        "Model loading was stopped due to insufficient system resources.",
        "Not enough resources to load the model with the current settings",
    ],
)
async def test_too_little_memory_is_told_as_such(words: str) -> None:
    """LM Studio has no code for it."""
    async with FakeLMStudio({QWEN: FakeModel(Script(status=400, error={"message": words, "code": None}))}) as server:
        backend = LMStudioBackend(Endpoint("lmstudio", server.url))
        with pytest.raises(OutOfMemory, match=r"^LM Studio has too little memory for The Model\.$"):
            await gather(backend, a_model(QWEN))
        await backend.close()


async def test_the_api_key_opens_the_door() -> None:
    """Without it the sentence says what to check, and not the key."""
    async with FakeLMStudio(models(), api_key="s3cret") as server:
        for key in ("", "wr0ng"):
            backend = LMStudioBackend(Endpoint("lmstudio", server.url), api_key=key)
            with pytest.raises(BackendUnreachable, match=r"^LM Studio refused access: check its API key\.$"):
                await gather(backend, a_model(QWEN))
            await backend.close()
        backend = LMStudioBackend(Endpoint("lmstudio", server.url), api_key="s3cret")
        assert (await gather(backend, a_model(QWEN))).text
        await backend.close()


# --- loads and unloads ------------------------------------------------------------------------------------------------

LOAD, UNLOAD = "/api/v1/models/load", "/api/v1/models/unload"


@asynccontextmanager
async def a_studio(models: dict[str, FakeModel], **about: Any) -> AsyncGenerator[tuple[FakeLMStudio, LMStudioBackend]]:
    """A server and its backend, which has listed its models once."""
    async with FakeLMStudio(models, **about) as server:
        backend = LMStudioBackend(Endpoint("lmstudio", server.url), connect_timeout_seconds=0.2)
        await backend.offers()
        yield server, backend
        await backend.close()


async def load(backend: LMStudioBackend, model: ModelMetadata) -> list[LoadProgress]:
    """Load a model to the end; what is said of it."""
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(backend.load(model)) as steps:
        return [step async for step in steps]


async def loaded(backend: LMStudioBackend) -> dict[str, int | None]:
    """What is in memory, by the list, and with which window."""
    return {offer.backend_name: offer.context_tokens for offer in await backend.offers() if offer.loaded}


@pytest.mark.parametrize(
    ("options", "window"), [({}, 16_384), ({"num_ctx": 8192}, 8192), ({"num_ctx": 99_999}, 32_768)]
)
async def test_a_model_is_loaded_with_a_window_that_fits(options: dict[str, Any], window: int) -> None:
    """The longest that it could have would take more memory than its weights; it takes as long as it takes."""
    async with a_studio({QWEN: FakeModel(load_seconds=0.4, loaded=False)}) as (server, backend):
        assert await load(backend, a_model(QWEN, options=options)) == [LoadProgress(LoadStage.LOADING)]
        assert server.asked(LOAD)[0].body == {"model": QWEN, "context_length": window}
        assert await loaded(backend) == {QWEN: window}


async def test_a_model_that_is_there_is_not_loaded_a_second_time() -> None:
    """LM Studio would put another instance beside it."""
    async with a_studio(models()) as (server, backend):
        assert await load(backend, a_model(QWEN)) == []
        assert await load(backend, a_model(f"lmstudio-community/{QWEN}.gguf")) == []
        assert server.asked(LOAD) == []


async def test_every_instance_of_a_model_leaves_and_no_other_models() -> None:
    """Somebody may have loaded it twice; a model of another owner goes by the same last name."""
    theirs = {f"{owner}/tiny": FakeModel() for owner in ("one", "two")}
    async with a_studio(theirs) as (server, backend):
        async with aiohttp.ClientSession() as session:
            await session.post(f"{server.root}{LOAD}", json={"model": "two/tiny"})
        await backend.unload(a_model("two/tiny"))
        assert [request.body for request in server.asked(UNLOAD)] == [
            {"instance_id": "two/tiny"},
            {"instance_id": "two/tiny:2"},
        ]
        assert set(await loaded(backend)) == {"one/tiny"}
        await backend.unload(a_model("two/tiny"))
        await backend.unload(a_model("nothing"))
        assert len(server.asked(UNLOAD)) == 2


@pytest.mark.parametrize("lists", [("v0", "openai"), ("openai",)])
async def test_an_older_studio_loads_only_what_it_is_asked(lists: tuple[str, ...]) -> None:
    """It has no API for it, and answers every path with 200."""
    async with a_studio(models(), lists=lists) as (server, backend):
        assert not backend.can_load
        for refused in (load(backend, a_model(LLAVA)), backend.unload(a_model(QWEN))):
            with pytest.raises(BadReply, match=r"^LM Studio decides by itself when The Model is in memory\.$"):
                await refused
        assert (await gather(backend, a_model(LLAVA))).text
        assert server.models[LLAVA].loaded


async def test_what_it_can_do_follows_its_version() -> None:
    """Nobody knows before the first list; an upgrade, for which it must be gone for a while, shows in the next."""
    async with FakeLMStudio(models(), lists=("v0",)) as old:
        backend = LMStudioBackend(Endpoint("lmstudio", old.url))
        port = int(old.root.rpartition(":")[2])
        await backend.offers()
        abilities = [backend.can_load]
    with pytest.raises(BackendUnreachable):
        await backend.offers()
    async with FakeLMStudio(models(), port=port):
        await backend.offers()
        abilities.append(backend.can_load)
    assert abilities == [False, True]
    await backend.close()


async def test_a_load_that_is_refused_is_one_of_our_errors() -> None:
    """Too little memory, no such model, no server, and what answers as if it had understood."""
    async with a_studio(models(), limit_bytes=1_000_000) as (server, backend):
        with pytest.raises(OutOfMemory, match=r"^LM Studio has too little memory for The Model\.$"):
            await load(backend, a_model(LLAVA))
        with pytest.raises(ModelMissing):
            await load(backend, a_model("nothing"))
        server.models[LLAVA].load_error = "Failed to load model"
        with pytest.raises(BadReply):
            await load(backend, a_model(LLAVA))
        async with FakeLMStudio(models(), lists=("v0",)) as strange:
            other = LMStudioBackend(Endpoint("lmstudio", strange.url))
            other.can_load = True
            with pytest.raises(BadReply):
                await load(other, a_model(LLAVA))
            await other.close()
        await server.stop()
        with pytest.raises(BackendUnreachable):
            await load(backend, a_model(LLAVA))
        await server.start()


async def test_giving_a_load_up_hangs_up() -> None:
    async with a_studio({QWEN: FakeModel(load_seconds=600, loaded=False)}) as (server, backend):
        task = asyncio.create_task(load(backend, a_model(QWEN)))
        request = await server.until_asked(LOAD)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.until_disconnected(request)


async def test_what_leaves_by_itself_is_no_surprise() -> None:
    """One that came on demand makes the one before leave; one that was loaded by request stays."""
    several = {name: FakeModel(loaded=False) for name in ("asked", "first", "second")}
    async with a_studio(several) as (_, backend):
        await load(backend, a_model("asked"))
        for name in ("first", "second"):
            await gather(backend, a_model(name))
        assert set(await loaded(backend)) == {"asked", "second"}
        await backend.unload(a_model("first"))
        assert (await gather(backend, a_model("first"))).text


_NAMES = st.sampled_from(
    ["models", "data", "key", "id", "type", "state", "capabilities", "loaded_instances", "quantization"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=6),
    max_leaves=15,
)


@given(_JSON)
def test_no_json_breaks_the_readers(reply: Any) -> None:
    """Each says that it is none of its lists, or reads what can be read."""
    for read in (read_v1, read_v0, read_openai):
        offers = read(Endpoint("lmstudio"), reply)
        assert offers is None or all(offer.backend_name for offer in offers)
