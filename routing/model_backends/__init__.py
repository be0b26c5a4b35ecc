"""ModelBackend, the one interface over every way of reaching a model, and the table of backends."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from routing.model_backends.adapters import ModelAdapter, ModelAdapterFactory, ModelAdapterPool, ServerOptions
from routing.model_backends.lmstudio import LMStudioBackend
from routing.model_backends.mlx import MLXBackend, MLXOptions
from routing.model_backends.ollama import OllamaBackend
from routing.model_backends.openai_compatible import OpenAICompatibleBackend

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from routing.types import (
        Completion,
        Endpoint,
        GenerationRequest,
        LoadProgress,
        ModelMetadata,
        ModelOffer,
        Token,
        Waiting,
    )

__all__ = [
    "BACKENDS",
    "LMStudioBackend",
    "MLXBackend",
    "MLXOptions",
    "ModelAdapter",
    "ModelAdapterFactory",
    "ModelAdapterPool",
    "ModelBackend",
    "OllamaBackend",
    "OpenAICompatibleBackend",
    "ServerOptions",
]


class ModelBackend(Protocol):
    """One endpoint of one kind of server. Lives from `initialize` to `close`, in one event loop.

    Every method but `close` raises BackendError and nothing else for what a server does wrong.
    """

    endpoint: Endpoint
    can_load: bool
    """Whether `load` and `unload` work here. Where they do not, a model is loaded by being asked something."""

    async def initialize(self) -> None:
        """Open what the backend holds (a connection pool); no request is made."""

    async def offers(self) -> Sequence[ModelOffer]:
        """Ask the server which models it can serve. Raises BackendUnreachable when it is down."""

    def stream(self, model: ModelMetadata, request: GenerationRequest) -> AsyncGenerator[Waiting | Token | Completion]:
        """Run the model: tokens as they come, then exactly one Completion. Closing the generator stops the model.

        Waiting comes before the first token, where the backend has a line of its own and says so.
        """

    def load(self, model: ModelMetadata) -> AsyncGenerator[LoadProgress]:
        """Bring a model into memory; the end of the generator says that it is there. At once if it is there already.

        Closing the generator early gives the load up where the server can.
        """

    async def unload(self, model: ModelMetadata) -> None:
        """Take a model out of memory, when its answers have ended; nothing happens if it is not there."""

    async def close(self) -> None:
        """Close what the backend holds; running streams end."""


# To add a backend, write its file and add its line here. One whose endpoints have a URL is built with the keywords
# `connect_timeout_seconds`, `api_key` and `check_model`, one of this machine with its `options`.
BACKENDS: Mapping[str, Callable[..., ModelBackend]] = MappingProxyType(
    {
        "ollama": OllamaBackend,
        "lmstudio": LMStudioBackend,
        "mlx": MLXBackend,
        "openai_compatible": OpenAICompatibleBackend,
    }
)
