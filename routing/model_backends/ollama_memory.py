"""What Ollama has in memory, and the requests by which models come into it and leave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from routing.context_window import served_context_tokens
from routing.model_backends import fields

if TYPE_CHECKING:
    from routing.types import ModelMetadata

# Ollama unloads after 5 minutes by itself; somebody who reads an answer and asks again should not wait for a load.
_KEEP_ALIVE = "30m"
# Options that are ours or stand elsewhere in a request; all others are handed to Ollama as they are.
_OWN_OPTIONS = frozenset({"num_ctx", "keep_alive", "think", "check_model"})


@dataclass(frozen=True, slots=True)
class Held:
    """What a model takes in memory, and the window it was loaded with; None where Ollama does not say.

    The window is None, too, for models that a request for another window does not load anew.
    """

    bytes: int | None = None
    context_tokens: int | None = None


def read_running(reply: Any) -> dict[str, Held] | None:
    """Read /api/ps, by full name; None where it is no such list. A model that is still being loaded is in it, too."""
    listed = fields.mapping(reply).get("models")
    if not isinstance(listed, list):
        return None
    return {full_name(name): _held(entry) for entry in fields.objects(listed) if (name := name_of(entry))}


def _held(entry: dict[str, Any]) -> Held:
    """`size` is all of the model, `size_vram` the part of it on a GPU: 0 where there is none."""
    sizes = (fields.positive(entry.get(key)) or 0 for key in ("size", "size_vram"))
    # Models in safetensors run in Ollama's MLX engine, which takes any window as it comes.
    fixed = fields.text(fields.mapping(entry.get("details")).get("format")) != "safetensors"
    return Held(max(sizes) or None, fields.positive(entry.get("context_length")) if fixed else None)


def name_of(entry: dict[str, Any]) -> str:
    """The name of a model in one of Ollama's lists."""
    return fields.text(entry.get("model")) or fields.text(entry.get("name"))


def full_name(name: str) -> str:
    """The name by which Ollama knows a model: in lower case, the tag `latest` where none is given."""
    name = name.strip().lower()
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def runner_request(model: ModelMetadata) -> dict[str, Any]:
    """What every request for a model says alike: Ollama loads the model anew when the window, `shift` or others change.

    `truncate` and `shift` are off so that Ollama refuses a prompt that does not fit instead of cutting it silently.
    """
    return {
        "model": model.backend_name,
        "truncate": False,
        "shift": False,
        "keep_alive": model.options.get("keep_alive", _KEEP_ALIVE),
        "options": {
            **{name: value for name, value in model.options.items() if name not in _OWN_OPTIONS},
            "num_ctx": served_context_tokens(model),
        },
    }


def load_request(model: ModelMetadata) -> dict[str, Any]:
    """The body for /api/chat that only loads: a conversation of no messages."""
    return {**runner_request(model), "messages": [], "stream": False}


def unload_request(model: ModelMetadata) -> dict[str, Any]:
    """The body for /api/chat that only unloads; Ollama lets answers that run end first."""
    return {**load_request(model), "keep_alive": 0}
