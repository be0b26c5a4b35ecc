"""LMStudioBackend against a double of LM Studio: its three lists of models, and its habit of answering anyhow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.errors import BackendUnreachable, BadReply, ModelMissing, OutOfMemory
from routing.model_backends.lmstudio import LMStudioBackend, read_openai, read_v0, read_v1
from routing.types import Endpoint, ModelCapability, ModelOffer
from tests.answers import a_model, gather
from tests.fake_lmstudio import FakeLMStudio
from tests.fake_model_server import FakeModel, Script

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    """It gives names alone."""
    offers, asked = await offers_of("openai")
    assert [(offer.backend_name, offer.context_tokens, offer.loaded) for offer in offers] == [
        (QWEN, None, False),
        (LLAVA, None, False),
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
