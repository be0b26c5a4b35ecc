"""Works out what an MLX model needs of memory from its folder, before any of it is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from routing.model_backends import fields, mlx_folder

if TYPE_CHECKING:
    from pathlib import Path

# What a model must have room for beside its weights: one conversation of usual length with its answer.
ANSWER_TOKENS = 4096

# More than any model has; a larger claim counts as absent, as one of the wrong type does.
_MOST_LAYERS, _MOST_HEADS, _MOST_WIDTH = 1000, 1024, 65_536
_BYTES_OF_TYPE = {"float32": 4}
_WINDOWED, _RECURRENT = ("sliding_attention", "chunked_attention"), ("linear_attention", "conv", "mamba", "recurrent")


@dataclass(frozen=True, slots=True)
class KVSize:
    """What the keys and values of one conversation take.

    `bytes_per_token` is that of the layers that keep every token. `windows` are bytes per token and length in tokens of
    those that keep only the last. `fixed_bytes` is the state of layers whose size does not grow.
    """

    bytes_per_token: int = 0
    windows: tuple[tuple[int, int], ...] = ()
    fixed_bytes: int = 0

    def bytes_for(self, tokens: int) -> int:
        """What that many tokens take."""
        windowed = sum(size * min(tokens, length) for size, length in self.windows)
        return self.bytes_per_token * tokens + windowed + self.fixed_bytes


@dataclass(frozen=True, slots=True)
class ModelNeeds:
    """What a model takes of memory: its weights, and the keys and values of what it reads and writes."""

    weight_bytes: int
    kv: KVSize
    context_tokens: int | None = None

    @property
    def answer_bytes(self) -> int:
        """What one answer takes beside the weights."""
        return self.kv.bytes_for(min(ANSWER_TOKENS, self.context_tokens or ANSWER_TOKENS))

    @property
    def bytes(self) -> int:
        """The least that the model can work with."""
        return self.weight_bytes + self.answer_bytes

    def refusal(self, name: str, room_bytes: int | None) -> str:
        """Say why the model cannot be loaded where only so much is free; empty if it can, or nobody knows."""
        if room_bytes is None or self.bytes <= room_bytes:
            return ""
        return (
            f"{name} needs {_gb(self.bytes)} ({_gb(self.weight_bytes)} weights + {_gb(self.answer_bytes)} for one"
            f" answer's cache), and {_gb(max(0, room_bytes))} are free for models: take a smaller one, or one with"
            " fewer bits."
        )


def read_model_needs(folder: Path) -> ModelNeeds:
    """Read what a model will take. Raises ModelMissing or BadReply as read_config does."""
    config = mlx_folder.read_config(folder)
    shape = fields.mapping(config.get("text_config")) or config
    return ModelNeeds(mlx_folder.weight_bytes(folder), kv_size(config), mlx_folder.context_tokens(shape))


def kv_size(config: dict[str, Any]) -> KVSize:
    """Work out the size of the keys and values from config.json: 2 x kv heads x head dim x bytes a number, each layer.

    Numbers are of 16 bits unless the model is stored in 32. What config.json does not say, or cannot mean, counts as
    nothing: an estimate that is too low lets a model be tried, and its real size is measured once it runs.
    """
    shape = fields.mapping(config.get("text_config")) or config
    layer_bytes = _numbers_per_layer(shape) * _bytes_per_number(config, shape)
    full, windowed = _layers(shape)
    window = _window(shape)
    if not window:
        return KVSize(layer_bytes * (full + windowed))
    return KVSize(layer_bytes * full, ((layer_bytes * windowed, window),) if windowed else ())


def _numbers_per_layer(shape: dict[str, Any]) -> int:
    """Keys and values of one token in one layer; where they are compressed into one (as DeepSeek's), that one."""
    latent = _up_to(shape.get("kv_lora_rank"), _MOST_WIDTH)
    if latent:
        return latent + _up_to(shape.get("qk_rope_head_dim"), _MOST_WIDTH)
    heads = _up_to(shape.get("num_attention_heads"), _MOST_HEADS)
    kv_heads = _up_to(shape.get("num_key_value_heads"), _MOST_HEADS) or heads
    width = _up_to(shape.get("head_dim"), _MOST_WIDTH)
    if not width and heads:
        width = _up_to(shape.get("hidden_size"), _MOST_WIDTH) // heads
    return 2 * kv_heads * width


def _bytes_per_number(config: dict[str, Any], shape: dict[str, Any]) -> int:
    named = config.get("torch_dtype") or config.get("dtype") or shape.get("torch_dtype") or shape.get("dtype")
    return 2 if fields.mapping(config.get("quantization")) else _BYTES_OF_TYPE.get(fields.text(named), 2)


def _layers(shape: dict[str, Any]) -> tuple[int, int]:
    """How many layers keep every token, and how many only the last; layers without attention keep none."""
    kinds = [fields.text(kind) for kind in fields.items(shape.get("layer_types"))[:_MOST_LAYERS]]
    if kinds:
        windowed = sum(kind in _WINDOWED for kind in kinds)
        return len(kinds) - windowed - sum(kind in _RECURRENT for kind in kinds), windowed
    layers = _up_to(shape.get("num_hidden_layers"), _MOST_LAYERS)
    every = _up_to(shape.get("full_attention_interval"), _MOST_LAYERS)
    pattern = _up_to(shape.get("sliding_window_pattern"), _MOST_LAYERS)
    if every:  # Qwen3-Next: one layer of so many has attention
        return layers // every, 0
    if pattern and _window(shape):  # Gemma 3: one layer of so many sees everything
        return layers // pattern, layers - layers // pattern
    return layers, 0


def _window(shape: dict[str, Any]) -> int:
    return fields.positive(shape.get("sliding_window")) or 0


def _up_to(value: Any, most: int) -> int:
    """A whole number above zero; 0 for what is none, or beyond what can be."""
    figure = fields.positive(value) or 0
    return figure if figure <= most else 0


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
