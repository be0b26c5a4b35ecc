"""Asks a backend for an answer and gathers what comes: shared by the tests of all backends."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from routing.types import Completion, GenerationRequest, Message, ModelMetadata, Quality, SpeedClass, Token

if TYPE_CHECKING:
    from routing.model_backends import ModelBackend
    from routing.types import Attachment

# Long enough for a slow, busy machine: it bounds what would otherwise hang.
PATIENCE_SECONDS = 30.0


def a_model(name: str, **changes: Any) -> ModelMetadata:
    """A model that its backend knows as `name`."""
    facts: dict[str, Any] = {
        "model_id": "the_model",
        "backend": "ollama",
        "backend_name": name,
        "display_name": "The Model",
        "size": "7B",
        "quantization": "Q4_K_M",
        "capabilities": frozenset(),
        "speed_class": SpeedClass.FAST,
        "context_tokens": 32768,
        "tokens_per_second": 85.0,
        "ram_gb": 6.0,
        "quality": Quality(0.75, 0.7, 0.7),
        "cost": 0.3,
    }
    return ModelMetadata(**{**facts, **changes})


def a_request(text: str = "Hi", *attachments: Attachment, **changes: Any) -> GenerationRequest:
    """A conversation of one question."""
    return GenerationRequest((Message("user", text, attachments),), **changes)


@dataclass(slots=True)
class Gathered:
    """What came of one stream, and in how many tokens."""

    text: str = ""
    reasoning: str = ""
    tokens: int = 0
    completions: list[Completion] = field(default_factory=list)

    @property
    def completion(self) -> Completion:
        """The one completion that a stream ends with."""
        (completion,) = self.completions
        return completion


async def gather(
    backend: ModelBackend, model: ModelMetadata, request: GenerationRequest | None = None, into: Gathered | None = None
) -> Gathered:
    """Read one answer to its end; what came before an error stands in `into`."""
    gathered = into or Gathered()
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(backend.stream(model, request or a_request())) as events:
        async for event in events:
            if isinstance(event, Token):
                gathered.text += event.text
                gathered.reasoning += event.reasoning
                gathered.tokens += 1
            elif isinstance(event, Completion):
                gathered.completions.append(event)
    return gathered
