"""ModelBackend, the one interface over every way of reaching a model, and the table of backends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from routing.types import Completion, Endpoint, GenerationRequest, ModelMetadata, ModelOffer, Token


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
