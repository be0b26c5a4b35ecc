"""Says in plain sentences why no model answered and what to do about it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routing.model_registry import ModelRegistry
    from routing.types import Attempt, Endpoint, ModelMetadata

FIRST_MODEL = "qwen2.5:7b-instruct-q4_K_M"
_NAMES = {"ollama": "Ollama", "lmstudio": "LM Studio", "mlx": "MLX"}
_START = {
    "ollama": "start it with `ollama serve`",
    "lmstudio": "start its server on the Developer page, or with `lms server start`",
    "mlx": "`scripts/run doctor` says why",
}
_FILL = {
    "ollama": f"pull one with `ollama pull {FIRST_MODEL}`",
    "lmstudio": "download one in LM Studio",
    "mlx": "name in MLX_MODEL_PATHS the folder of one, with its config.json, or its name on Hugging Face",
}


# Errors whose sentence says more than the short reason; what a server that is down needs, `what_to_do` says.
_TELLING = frozenset({"BadReply", "ContextTooLong", "ModelMissing", "OutOfMemory"})


def what_to_do(
    registry: ModelRegistry, endpoints: Sequence[Endpoint], noticed_within_seconds: float | None = None
) -> str:
    """Say, for each model server that is down or has no models, what to do; empty when all is well.

    `noticed_within_seconds` is how soon a server that was started is found; None: nobody looks again by itself.
    """
    if not endpoints:
        return (
            "No model server is set up: set OLLAMA_BASE_URL or LMSTUDIO_BASE_URL, and start that server; "
            "or name MLX models in MLX_MODEL_PATHS."
        )
    sentences = [_about(registry, endpoint) for endpoint in endpoints]
    if noticed_within_seconds and any(registry.is_down(endpoint) for endpoint in endpoints if endpoint.url):
        sentences.append(f"A server that was just started is noticed within {_duration(noticed_within_seconds)}.")
    return " ".join(filter(None, sentences))


def what_failed(registry: ModelRegistry, attempts: Sequence[Attempt]) -> str:
    """Name every model that was tried and how it ended; where it was one alone, what can be done about that."""
    ends = []
    for attempt in attempts:
        model = registry.get_model(attempt.model_id)
        ends.append(f"{model.display_name if model else attempt.model_id} ({attempt.reason or attempt.outcome})")
    only = attempts[0] if len(set(ends)) == 1 else None
    more = f" {only.error}" if only and only.error and only.error_class in _TELLING else ""
    return f"No model could answer: {', '.join(dict.fromkeys(ends))}.{more}"


def backend_name(backend: str) -> str:
    """Write a backend's name as its makers do."""
    return _NAMES.get(backend, backend)


def endpoint_name(endpoint: Endpoint) -> str:
    """Name an endpoint for people: "Ollama at http://localhost:11434", or the backend alone where it has no address."""
    return backend_name(endpoint.backend) + (f" at {endpoint.address}" if endpoint.url else "")


def _duration(seconds: float) -> str:
    count, unit = (math.ceil(seconds / 60), "minute") if seconds > 90 else (math.ceil(seconds), "second")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _about(registry: ModelRegistry, endpoint: Endpoint) -> str:
    where = endpoint_name(endpoint)
    if registry.is_down(endpoint):
        return f"{where} cannot be reached: {_START.get(endpoint.backend, 'start it')}."
    if registry.get_models_by_backend(endpoint.backend):
        return ""
    if to_fetch := _to_fetch(registry, endpoint):
        return (
            f"{where} has not downloaded {to_fetch.display_name} yet: `scripts/run models load {to_fetch.model_id}` "
            f"does, and so does `/models load {to_fetch.model_id}` of an admin in Telegram."
        )
    if registry.has_models(endpoint):
        return f"{where} has models, but each is switched off or failed a moment ago: ask again in a minute."
    return f"{where} has no model that can be used now: {_FILL.get(endpoint.backend, 'load one there')}."


def _to_fetch(registry: ModelRegistry, endpoint: Endpoint) -> ModelMetadata | None:
    """Find a model that an endpoint could have, were it downloaded."""
    for model in registry.get_all_models():
        offer = registry.offers_of(model.model_id).get(endpoint)
        if offer and not offer.downloaded:
            return model
    return None
