"""Our contestant of bench.mlx: the worker, asked through MLXBackend and its pipe as the bot asks it."""

from __future__ import annotations

import time
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from bench.mlx_contestants import peak_resident_bytes
from routing.model_backends.mlx import MLXBackend, MLXOptions
from routing.model_backends.mlx_process import WorkerProcess
from routing.types import Completion, Endpoint, GenerationRequest, Message, ModelMetadata, Quality, SpeedClass, Token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bench.mlx_answers import Answer, Contestant
    from routing.model_backends.mlx_protocol import Configure


class Ours:
    """The worker, asked through the backend and its pipe as the bot asks it."""

    several = True

    def __init__(self, backend: MLXBackend, process: WorkerProcess, model: ModelMetadata, name: str) -> None:
        self.name = name
        self._backend = backend
        self._process = process
        self._model = model
        self._peak_bytes = 0

    async def ask(self, answer: Answer) -> None:
        """Stream one answer."""
        messages = tuple(Message(role, text) for role, text in answer.messages)
        request = GenerationRequest(messages, temperature=0.0, max_tokens=answer.max_tokens)
        answer.asked = time.monotonic()
        async with aclosing(self._backend.stream(self._model, request)) as events:
            async for event in events:
                if isinstance(event, Token) and (event.text or event.reasoning):
                    answer.times.append(time.monotonic())
                elif isinstance(event, Completion):
                    self._take(answer, event)
        answer.ended = time.monotonic()

    async def load(self) -> None:
        """Bring the model into memory."""
        async with aclosing(self._backend.load(self._model)) as progress:
            async for _ in progress:
                pass

    async def peak_memory(self) -> tuple[int | None, int | None]:
        """Give the worker's, by the kernel and by its own last answer."""
        pid = self._process.pid
        return (await peak_resident_bytes(pid) if pid else None), self._peak_bytes or None

    def _take(self, answer: Answer, completion: Completion) -> None:
        answer.tokens = completion.output_tokens or 0
        answer.prompt_tokens = completion.prompt_tokens or 0
        answer.cached_tokens = completion.cached_tokens or 0
        self._peak_bytes = max(self._peak_bytes, completion.peak_memory_bytes or 0)


@asynccontextmanager
async def ours(model: str, configure: Configure, name: str = "ours") -> AsyncIterator[Contestant]:
    """Start our worker, with the model loaded, until the end of the block."""
    process = WorkerProcess(configure)
    options = MLXOptions(model_paths=(model,), worker=configure)
    backend = MLXBackend(Endpoint("mlx"), options=options, process=process)
    await backend.initialize()
    try:
        contestant = Ours(backend, process, _metadata(model), name)
        await contestant.load()
        yield contestant
    finally:
        await backend.close()


def _metadata(model: str) -> ModelMetadata:
    return ModelMetadata(
        model_id="bench",
        backend="mlx",
        backend_name=model,
        display_name="the model",
        size="",
        quantization="",
        capabilities=frozenset(),
        speed_class=SpeedClass.MEDIUM,
        context_tokens=1 << 20,
        tokens_per_second=0.0,
        ram_gb=0.0,
        quality=Quality(0.5, 0.5, 0.5),
        cost=0.5,
    )
