"""OllamaBackend against a double of Ollama on loopback."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from routing.model_backends.ollama import OllamaBackend
from routing.types import Completion, Endpoint, GenerationRequest, Message, ModelMetadata, Quality, SpeedClass, Token
from tests.fake_model_server import FakeModel
from tests.fake_ollama import FakeOllama

NAME = "qwen2.5:7b"


def a_model(**changes) -> ModelMetadata:
    facts = {
        "model_id": "ollama_qwen25_7b",
        "backend": "ollama",
        "backend_name": NAME,
        "display_name": "Qwen2.5 7B",
        "size": "7B",
        "quantization": "Q4_K_M",
        "capabilities": frozenset(),
        "speed_class": SpeedClass.FAST,
        "context_tokens": 32768,
        "tokens_per_second": 85,
        "ram_gb": 6,
        "quality": Quality(0.75, 0.7, 0.7),
        "cost": 0.3,
    }
    return ModelMetadata(**{**facts, **changes})


def a_request(text="Hi") -> GenerationRequest:
    return GenerationRequest((Message("user", text),))


async def collect(backend, model=None, request=None):
    """The text, the reasoning and the completion of one answer."""
    text, reasoning, completions = "", "", []
    async with aclosing(backend.stream(model or a_model(), request or a_request())) as events:
        async for event in events:
            if isinstance(event, Token):
                text, reasoning = text + event.text, reasoning + event.reasoning
            else:
                completions.append(event)
    (completion,) = completions
    return text, reasoning, completion


@pytest.fixture
async def server():
    async with FakeOllama({NAME: FakeModel()}) as server:
        yield server


@pytest.fixture
async def backend(server):
    backend = OllamaBackend(Endpoint("ollama", server.root))
    await backend.initialize()
    yield backend
    await backend.close()


async def test_an_answer_streams_and_ends_in_the_servers_figures(backend):
    text, _, completion = await collect(backend)
    assert text == "Hello from here."
    assert completion == Completion("stop", 26, 3, 30.0, 2.0, 0.5)
