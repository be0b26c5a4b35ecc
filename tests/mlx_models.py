"""Makes tiny models with random float32 weights, whose greedy answers are long, stable and different for each prompt.

Each weight is drawn from the seed and its own name, so a model with fewer layers is the beginning of a larger one with
the same seed and width: that is what makes a good draft model. Few layers carry little weight after the first.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

Shape = Literal["qwen2", "llama", "sliding"]
Thinking = Literal["template", "model"]

SHAPES: tuple[Shape, ...] = ("qwen2", "llama", "sliding")
SLIDING_WINDOW = 24  # tokens; shorter than most prompts, so that it matters

# Whole words with their space, and no two that could be read as a third: what is written is read back as it was.
_WORDS = (
    *(" the", " a", " one", " two", " of", " to", " and", " in", " it", " is", " we", " you", " day", " year", " way"),
    *(" man", " tree", " sun", " sea", " salt", " stone", " wind", " rain", " light", " road", " river", " house"),
    *(
        " bread",
        " green",
        " blue",
        " old",
        " new",
        " soon",
        " never",
        " always",
        " again",
        " modèle",
        " naïve",
        " 日本",
    ),
    *(" größe", " мир"),
)
_PUNCTUATION = (".", ",", "?", "!", "\n")
_MARKERS = ("<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<think>", "</think>")
_TURNS = "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>\n{% endfor %}"
_TEMPLATES = {
    None: _TURNS + "{% if add_generation_prompt %}<|assistant|>{% endif %}",
    "model": _TURNS + "{% if add_generation_prompt %}<|assistant|>{% endif %}",
    "template": _TURNS + "{% if add_generation_prompt %}<|assistant|>"
    "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% else %}<think>\n{% endif %}"
    "{% endif %}",
}


def make_model(
    folder: Path,
    shape: Shape = "qwen2",
    *,
    hidden: int = 64,
    layers: int = 2,
    head_size: int = 16,
    seed: int = 0,
    context_tokens: int = 4096,
    thinking: Thinking | None = None,
    template: str | None = None,
) -> Path:
    """Write config.json, safetensors, a byte-level tokenizer and a chat template, as mlx_lm.load reads them.

    `hidden` is a multiple of twice `head_size`. `thinking`: the tokenizer has <think> markers, which the template opens
    or the model would write itself. `template` replaces the chat template. The model never writes an end token of its
    own accord.
    """
    from safetensors.numpy import save_file  # noqa: PLC0415 - slow to import, for the tests with engines only

    folder.mkdir(parents=True)
    markers = _MARKERS if thinking else _MARKERS[:-2]
    tokens = [*_byte_letters(), *_beginnings(), *markers]
    config = _config(shape, (hidden, layers, head_size), context_tokens, tokens)
    save_file(_weights(config, tokens, seed), str(folder / "model.safetensors"), metadata={"format": "mlx"})
    (folder / "config.json").write_text(json.dumps(config))
    _write_tokenizer(folder, tokens, template or _TEMPLATES[thinking], context_tokens)
    return folder


def _byte_letters() -> list[str]:
    """The letter that stands for each byte in byte-level vocabularies: printable ones for themselves."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


def _spelled(word: str) -> str:
    letters = _byte_letters()
    return "".join(letters[byte] for byte in word.encode())


def _beginnings() -> list[str]:
    """Every beginning of every word, from two letters on: a byte-pair tokenizer reaches a word by way of them."""
    words = [_spelled(word) for word in _WORDS]
    return list(dict.fromkeys(word[:end] for word in words for end in range(2, len(word) + 1)))


def _config(shape: Shape, size: tuple[int, int, int], context_tokens: int, tokens: list[str]) -> dict[str, object]:
    """`size` is the width, the number of layers and that of one attention head."""
    hidden, layers, head_size = size
    config: dict[str, object] = {
        "model_type": "qwen2" if shape == "qwen2" else "llama",
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "intermediate_size": 2 * hidden,
        "num_attention_heads": hidden // head_size,
        "num_key_value_heads": hidden // head_size // 2,
        "rms_norm_eps": 1e-5,
        "vocab_size": len(tokens),
        "max_position_embeddings": context_tokens,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
        "torch_dtype": "float32",
        "eos_token_id": tokens.index("<|end|>"),
    }
    if shape == "sliding":
        # The model looks for a full layer first, so one there must be.
        config["layer_types"] = ["full_attention" if n % 2 else "sliding_attention" for n in range(layers)]
        config["sliding_window"] = SLIDING_WINDOW
    return config


def _weights(config: dict[str, object], tokens: list[str], seed: int) -> dict[str, np.ndarray]:
    shapes = _shapes(config)
    made = {name: _draw(name, shape, seed) for name, shape in shapes.items()}
    # Other bytes and markers are read but never written, so that every answer is whole words and goes on for ever.
    written = {*map(_spelled, _WORDS), *map(_spelled, _PUNCTUATION)}
    made["lm_head.weight"][[n for n, token in enumerate(tokens) if token not in written]] = 0
    return made


def _shapes(config: dict[str, object]) -> dict[str, tuple[int, ...]]:
    hidden, inner, vocabulary, layers = (
        int(str(config[name])) for name in ("hidden_size", "intermediate_size", "vocab_size", "num_hidden_layers")
    )
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (vocabulary, hidden),
        "model.norm.weight": (hidden,),
        "lm_head.weight": (vocabulary, hidden),
    }
    for n in range(layers):
        layer = f"model.layers.{n}"
        shapes |= {f"{layer}.{norm}_layernorm.weight": (hidden,) for norm in ("input", "post_attention")}
        shapes |= {f"{layer}.self_attn.{name}_proj.weight": (hidden, hidden) for name in "qo"}
        shapes |= {f"{layer}.self_attn.{name}_proj.weight": (hidden // 2, hidden) for name in "kv"}
        shapes |= {f"{layer}.mlp.{name}_proj.weight": (inner, hidden) for name in ("gate", "up")}
        shapes[f"{layer}.mlp.down_proj.weight"] = (hidden, inner)
        if config["model_type"] == "qwen2":
            shapes[f"{layer}.self_attn.q_proj.bias"] = (hidden,)
            shapes |= {f"{layer}.self_attn.{name}_proj.bias": (hidden // 2,) for name in "kv"}
    return shapes


def _draw(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Normal numbers, scaled so that logits are some units apart and attention weighs as much as the last token."""
    if name.endswith("norm.weight"):
        return np.ones(shape, dtype=np.float32)
    drawn = np.random.default_rng([seed, zlib.crc32(name.encode())]).standard_normal(shape).astype(np.float32)
    scale = shape[-1] ** -0.5
    if name.endswith("bias"):
        scale = 0.1
    elif name == "lm_head.weight":
        scale *= 6
    elif name == "model.embed_tokens.weight":
        scale = 1.0
    elif "o_proj" in name or "down_proj" in name:
        scale *= 3.0 if "layers.0." in name else 0.3
    elif "q_proj" in name or "k_proj" in name:
        scale *= 1.5
    return drawn * np.float32(scale)


def _write_tokenizer(folder: Path, tokens: list[str], template: str, context_tokens: int) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers  # noqa: PLC0415 - slow to import

    vocabulary = {token: n for n, token in enumerate(tokens)}
    merges = [(word[:-1], word[-1]) for word in _beginnings()]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(marker, special=True) for marker in _MARKERS if marker in vocabulary])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "<|end|>",
        "eos_token": "<|end|>",
        "pad_token": "<|end|>",
        "chat_template": template,
        "model_max_length": context_tokens,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
