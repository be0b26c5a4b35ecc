"""ModelBackend, the one interface over every way of reaching a model, and the table of backends."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from routing.model_backends.adapters import ModelAdapter, ModelAdapterFactory, ModelAdapterPool, ServerOptions
from routing.model_backends.lmstudio import LMStudioBackend
from routing.model_backends.ollama import OllamaBackend
from routing.model_backends.openai_compatible import OpenAICompatibleBackend

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from routing.types import Completion, Endpoint, GenerationRequest, ModelMetadata, ModelOffer, Token

__all__ = [
    "BACKENDS",
    "LMStudioBackend",
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

    async def initialize(self) -> None:
        """Open what the backend holds (a connection pool); no request is made."""

    async def offers(self) -> Sequence[ModelOffer]:
        """Ask the server which models it can serve. Raises BackendUnreachable when it is down."""

    def stream(self, model: ModelMetadata, request: GenerationRequest) -> AsyncGenerator[Token | Completion]:
        """Run the model: tokens as they come, then exactly one Completion. Closing the generator stops the model."""

    async def close(self) -> None:
        """Close what the backend holds; running streams end."""


# To add a backend, write its file and add its line here. One whose endpoints have a URL is built with the keywords
# `connect_timeout_seconds`, `api_key` and `check_model`, one in this process with its endpoint alone.
BACKENDS: Mapping[str, Callable[..., ModelBackend]] = MappingProxyType(
    {
        "ollama": OllamaBackend,
        "lmstudio": LMStudioBackend,
        "openai_compatible": OpenAICompatibleBackend,
    }
)
