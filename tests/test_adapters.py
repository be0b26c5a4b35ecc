"""Adapters: one model bound to one backend, backends built by kind, and one of them for each endpoint."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from routing.errors import BackendUnreachable, InvalidConfiguration
from routing.model_backends import (
    BACKENDS,
    LMStudioBackend,
    ModelAdapter,
    ModelAdapterFactory,
    ModelAdapterPool,
    OllamaBackend,
    OpenAICompatibleBackend,
    ServerOptions,
)
from routing.types import Endpoint
from tests.answers import a_model, a_request
from tests.fake_lmstudio import FakeLMStudio
from tests.fake_model_server import FakeModel, Script
from tests.fake_ollama import FakeOllama

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NAME = "llama3.2:latest"


@pytest.fixture
async def server() -> AsyncIterator[FakeOllama]:
    async with FakeOllama({NAME: FakeModel(Script(reasoning=("Hm.",)))}) as server:
        yield server


@pytest.fixture
async def pool() -> AsyncIterator[ModelAdapterPool]:
    pool = ModelAdapterPool(ModelAdapterFactory())
    yield pool
    await pool.close()


# --- adapter ----------------------------------------------------------------------------------------------------------


async def test_an_adapter_generates_a_whole_answer(server: FakeOllama) -> None:
    """System prompt, temperature and limit go along; what the model thinks aloud is not part of the answer."""
    adapter = ModelAdapter(a_model(NAME), OllamaBackend(Endpoint("ollama", server.root)))
    await adapter.initialize()
    assert await adapter.generate("Hi", system="Be brief.", temperature=0.1, max_tokens=9) == "Hello from here."
    await adapter.close()
    body = server.asked("/api/chat")[0].body
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert (body["options"]["temperature"], body["options"]["num_predict"]) == (0.1, 9)


async def test_an_adapter_without_a_system_prompt_sends_none(server: FakeOllama, pool: ModelAdapterPool) -> None:
    adapter = await pool.adapter(a_model(NAME), Endpoint("ollama", server.root))
    await adapter.generate("Hi")
    assert server.asked("/api/chat")[0].body["messages"] == [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(
    ("name", "there"), [(NAME, True), ("llama3.2", True), ("LLAMA3.2", True), ("llama3.2:1b", False)]
)
async def test_a_model_is_available_if_its_server_has_it(
    server: FakeOllama,
    pool: ModelAdapterPool,
    name: str,
    there: bool,  # noqa: FBT001 - a table's column
) -> None:
    adapter = await pool.adapter(a_model(name), Endpoint("ollama", server.root))
    assert await adapter.is_available() is there


async def test_a_model_of_a_dead_server_is_not_available(server: FakeOllama, pool: ModelAdapterPool) -> None:
    """That is an answer, not an error; asking for text is an error, not an answer."""
    adapter = await pool.adapter(a_model(NAME), Endpoint("ollama", "http://127.0.0.1:1"))
    assert not await adapter.is_available()
    with pytest.raises(BackendUnreachable):
        await adapter.generate("Hi")


async def test_an_adapter_closes_its_own_backend_and_no_shared_one(server: FakeOllama, pool: ModelAdapterPool) -> None:
    """Others may be reading from a shared one."""
    server.play(NAME, Script(stall_after=1))
    adapter = await pool.adapter(a_model(NAME), Endpoint("ollama", server.root))
    stream = adapter.stream(a_request())
    await anext(stream)
    await (await pool.adapter(a_model(NAME), Endpoint("ollama", server.root))).close()
    request = server.asked("/api/chat")[0]
    assert request.disconnected_at is None
    await stream.aclose()
    await server.until_disconnected(request)


# --- factory ----------------------------------------------------------------------------------------------------------


def test_the_kind_of_a_backend_is_its_name() -> None:
    """Unless somebody says otherwise."""
    factory = ModelAdapterFactory()
    kinds = {"ollama": OllamaBackend, "lmstudio": LMStudioBackend, "openai_compatible": OpenAICompatibleBackend}
    for kind, backend_class in kinds.items():
        endpoint = Endpoint(kind, "http://localhost")
        backend = factory.build(endpoint)
        assert type(backend) is backend_class
        assert backend.endpoint == endpoint


def test_a_server_may_go_by_a_name_of_its_own() -> None:
    """A "vllm" of models.toml is of the kind openai_compatible."""
    factory = ModelAdapterFactory(servers={"vllm": ServerOptions("openai_compatible")})
    assert type(factory.build(Endpoint("vllm", "http://localhost/v1"))) is OpenAICompatibleBackend


def test_an_unknown_kind_is_told_with_those_there_are() -> None:
    with pytest.raises(InvalidConfiguration, match=r"^There is no backend 'gpt4all'; there are .*ollama"):
        ModelAdapterFactory().build(Endpoint("gpt4all", "http://localhost"))


async def test_the_factory_hands_on_key_and_check() -> None:
    """Each to the servers that they are for."""
    servers = {"studio": ServerOptions("lmstudio", api_key="s3cret", check_model=False)}
    async with FakeLMStudio({"a": FakeModel(Script(answers_as="b"))}, api_key="s3cret") as server:
        pool = ModelAdapterPool(ModelAdapterFactory(servers=servers))
        assert await (await pool.adapter(a_model("a"), Endpoint("studio", server.url))).generate("Hi")
        await pool.close()


def test_a_key_is_shown_nowhere() -> None:
    assert "s3cret" not in repr(ServerOptions("lmstudio", api_key="s3cret"))


def test_the_table_can_only_be_changed_where_it_stands() -> None:
    with pytest.raises(TypeError):
        BACKENDS["mine"] = OllamaBackend  # type: ignore[index]  # that it is refused is the point


# --- pool -------------------------------------------------------------------------------------------------------------


async def test_callers_at_the_same_time_share_one_backend(pool: ModelAdapterPool) -> None:
    """One connection pool for each endpoint."""
    here, there = Endpoint("ollama", "http://localhost:1"), Endpoint("ollama", "http://localhost:2")
    backends = await asyncio.gather(*(pool.backend(here) for _ in range(20)))
    assert len(set(map(id, backends))) == 1
    assert await pool.backend(there) is not backends[0]


async def test_a_closed_pool_opens_nothing_any_more(server: FakeOllama, pool: ModelAdapterPool) -> None:
    """Whoever waited in line while the program stopped gets an error, not a connection. Closing twice is fine."""
    endpoint = Endpoint("ollama", server.root)
    await pool.backend(endpoint)
    await pool.close()
    await pool.close()
    with pytest.raises(BackendUnreachable, match="stopping"):
        await pool.backend(endpoint)


async def test_a_backend_can_be_put_into_the_pool(pool: ModelAdapterPool) -> None:
    """One in this process, which no factory could build."""
    mine = OllamaBackend(Endpoint("mine"))
    pool.put(mine)
    assert await pool.backend(Endpoint("mine")) is mine
