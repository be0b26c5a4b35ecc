"""How much of a model's context its server really serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routing.types import ModelMetadata

# Ollama reserves the whole window when it loads a model, and reloads the model when the window changes, so every
# request for a model names the same one. At 16,384 tokens the key-value cache of the catalog's models takes, in 16-bit
# floats (2 x layers x kv heads x head size x 2 bytes a token): 0.9 GB for Qwen2.5 7B, 3.2 GB for 14B, 4.3 GB for 32B,
# which is what their `ram_gb` leaves beside the weights. Set `num_ctx` for a model to change it.
OLLAMA_WINDOW_TOKENS = 16_384


def served_context_tokens(model: ModelMetadata) -> int:
    """Prompt and answer together must fit into this many tokens; the router's gate and the backends agree on it."""
    chosen = model.options.get("num_ctx")
    if isinstance(chosen, int) and chosen > 1:  # True is an int too
        return min(chosen, model.context_tokens)
    if model.backend == "ollama":
        return min(model.context_tokens, OLLAMA_WINDOW_TOKENS)
    return model.context_tokens


# llama.cpp rounds a window up to the next multiple of this.
_WINDOW_STEP_TOKENS = 256


def serves_loaded(model: ModelMetadata, loaded_context_tokens: int | None) -> bool:
    """Whether a model that is loaded with this window can answer as it is.

    With another window than our requests name, Ollama would load it anew: it is in memory, but not for us. To follow
    whatever window it has would make the length of a conversation depend on what others do, and a small one of theirs
    would stay for as long as we keep it in use.
    """
    return (
        loaded_context_tokens is None or 0 <= loaded_context_tokens - served_context_tokens(model) < _WINDOW_STEP_TOKENS
    )
