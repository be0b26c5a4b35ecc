"""ModelAdapter binds one model to one backend; ModelAdapterFactory builds backends and ModelAdapterPool keeps them."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from routing import model_backends
from routing.errors import BackendError, BackendUnreachable, InvalidConfiguration
from routing.types import GenerationRequest, Message, Token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from routing.model_backends import MLXOptions, ModelBackend
    from routing.types import Completion, Endpoint, ModelMetadata, Waiting


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How the servers of one backend are reached. `kind` is a name in the table of backends."""

    kind: str
    api_key: str = field(default="", repr=False)
    check_model: bool = True


class ModelAdapterFactory:
    """Builds the backend for an endpoint.

    `servers` tells, by `Endpoint.backend`, of backends that need an API key or go by a name of their own, such as a
    "vllm" of the kind "openai_compatible"; any other endpoint's backend is its kind. `mlx` is for the MLX models of
    this machine, which no server has.
    """

    def __init__(
        self,
        *,
        connect_timeout_seconds: float = 5.0,
        servers: Mapping[str, ServerOptions] | None = None,
        mlx: MLXOptions | None = None,
    ) -> None:
        self._connect_timeout_seconds = connect_timeout_seconds
        self._servers = dict(servers or {})
        self._mlx = mlx

    def build(self, endpoint: Endpoint) -> ModelBackend:
        """Build a backend, not yet initialized. Raises InvalidConfiguration for a kind that does not exist."""
        server = self._servers.get(endpoint.backend, ServerOptions(endpoint.backend))
        if server.kind not in model_backends.BACKENDS:
            known = ", ".join(model_backends.BACKENDS)
            raise InvalidConfiguration([f"There is no backend {server.kind!r}; there are {known}."])
        backend = model_backends.BACKENDS[server.kind]
        if not endpoint.url:
            return backend(endpoint, options=self._mlx)  # one of this machine, with nothing to connect to
        return backend(
            endpoint,
            connect_timeout_seconds=self._connect_timeout_seconds,
            api_key=server.api_key,
            check_model=server.check_model,
        )


class ModelAdapter:
    """One model bound to one backend. `close` closes the backend too, unless it is shared."""

    def __init__(self, model: ModelMetadata, backend: ModelBackend, *, shared: bool = False) -> None:
        self.model = model
        self.backend = backend
        self._shared = shared

    async def initialize(self) -> None:
        """Open what the backend holds; no request is made."""
        await self.backend.initialize()

    def stream(self, request: GenerationRequest) -> AsyncGenerator[Waiting | Token | Completion]:
        """Run the model: tokens as they come, then one Completion. Closing the generator stops the model."""
        return self.backend.stream(self.model, request)

    async def generate(
        self, prompt: str, system: str | None = None, temperature: float = 0.7, max_tokens: int = 2000
    ) -> str:
        """The whole answer, reasoning left out. Raises BackendError."""
        told = (Message("system", system),) if system else ()
        request = GenerationRequest((*told, Message("user", prompt)), temperature, max_tokens)
        async with aclosing(self.stream(request)) as events:
            return "".join([event.text async for event in events if isinstance(event, Token)])

    async def is_available(self) -> bool:
        """Whether the server is up and has the model."""
        try:
            offers = await self.backend.offers()
        except BackendError:
            return False
        return any(_same_name(offer.backend_name, self.model.backend_name) for offer in offers)

    async def close(self) -> None:
        """Close the backend, unless others use it."""
        if not self._shared:
            await self.backend.close()


class ModelAdapterPool:
    """One backend for each endpoint, opened when it is first asked for. Lives until `close`."""

    def __init__(self, factory: ModelAdapterFactory) -> None:
        self._factory = factory
        self._backends: dict[Endpoint, ModelBackend] = {}
        self._opening = asyncio.Lock()
        self._closed = False

    def put(self, backend: ModelBackend) -> None:
        """Take in a backend that needs no server, and so no factory."""
        self._backends[backend.endpoint] = backend

    async def backend(self, endpoint: Endpoint) -> ModelBackend:
        """The backend for an endpoint, open; callers at the same time get the same one.

        Raises BackendUnreachable once the pool is closed.
        """
        if self._closed:
            raise BackendUnreachable(
                f"{endpoint.backend} is not asked any more: Switchboard is stopping.", backend=endpoint.backend
            )
        if endpoint not in self._backends:
            async with self._opening:
                if endpoint not in self._backends:
                    backend = self._factory.build(endpoint)
                    await backend.initialize()
                    self._backends[endpoint] = backend
        return self._backends[endpoint]

    def opened(self, endpoint: Endpoint) -> ModelBackend | None:
        """The backend for an endpoint if it is open already."""
        return self._backends.get(endpoint)

    async def adapter(self, model: ModelMetadata, endpoint: Endpoint) -> ModelAdapter:
        """The model at the endpoint; the pool keeps the backend."""
        return ModelAdapter(model, await self.backend(endpoint), shared=True)

    async def close(self) -> None:
        """Close every backend, for good; running streams end."""
        self._closed = True
        await asyncio.gather(*(backend.close() for backend in self._backends.values()))


def _same_name(one: str, other: str) -> bool:
    """Case does not count, and `latest` is the tag that Ollama takes where none is given."""
    return one.lower().removesuffix(":latest") == other.lower().removesuffix(":latest")
