"""Makes tiny models that real engines load, and whose weights spell an answer.

They are real Llama networks: token embeddings are one-hot, attention and feed forward add nothing, and the output
matrix names for each token the one that follows. So every engine that computes them rightly says ANSWER, whatever the
temperature, and LOOP_WORD for ever to somebody who says "loop".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import gguf

ANSWER = "Hello from a tiny modèle."
LOOP_WORD = "again,"
CONTEXT_TOKENS = 2048

_CHAIN = ("Hello", " from", " a", " tiny", " modèle", ".")
_MARKERS = ("<|end|>", "<|user|>", "<|assistant|>", "<|loop|>")
_HIDDEN, _HEADS, _FEED_FORWARD = 288, 4, 64
_TEMPLATE = (
    "{% for message in messages %}<|user|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if messages[-1]['content'] == 'loop' %}<|loop|>{% else %}<|assistant|>{% endif %}"
)


def _byte_letters() -> list[str]:
    """The letter that stands for each byte in byte-level vocabularies: printable ones for themselves."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


def _spelled(word: str) -> str:
    letters = _byte_letters()
    return "".join(letters[byte] for byte in word.encode())


def _vocabulary() -> list[str]:
    """Every byte, then the words of the answer, then the markers."""
    return [*_byte_letters(), *(_spelled(word) for word in (*_CHAIN[:-1], LOOP_WORD)), *_MARKERS]


def _weights() -> dict[str, np.ndarray]:
    tokens = _vocabulary()
    followers = dict(zip(("<|assistant|>", *map(_spelled, _CHAIN)), (*map(_spelled, _CHAIN), "<|end|>"), strict=True))
    followers |= {"<|loop|>": _spelled(LOOP_WORD), _spelled(LOOP_WORD): _spelled(LOOP_WORD)}
    embedding = np.eye(len(tokens), _HIDDEN, dtype=np.float32)
    output = np.zeros((len(tokens), _HIDDEN), dtype=np.float32)
    for token, follower in followers.items():
        output[tokens.index(follower), tokens.index(token)] = 10.0
    return {"embedding": embedding, "output": output}


def make_mlx_model(folder: Path) -> Path:
    """Write config.json, safetensors, a tokenizer and a chat template, as mlx_lm loads them."""
    from safetensors.numpy import save_file  # noqa: PLC0415 - slow to import, for the tests with engines only

    folder.mkdir(parents=True)
    made, square = _weights(), np.zeros((_HIDDEN, _HIDDEN), dtype=np.float32)
    layer = "model.layers.0"
    tensors = {
        "model.embed_tokens.weight": made["embedding"],
        "model.norm.weight": np.ones(_HIDDEN, dtype=np.float32),
        "lm_head.weight": made["output"],
        f"{layer}.input_layernorm.weight": np.ones(_HIDDEN, dtype=np.float32),
        f"{layer}.post_attention_layernorm.weight": np.ones(_HIDDEN, dtype=np.float32),
        f"{layer}.mlp.gate_proj.weight": np.zeros((_FEED_FORWARD, _HIDDEN), dtype=np.float32),
        f"{layer}.mlp.up_proj.weight": np.zeros((_FEED_FORWARD, _HIDDEN), dtype=np.float32),
        f"{layer}.mlp.down_proj.weight": np.zeros((_HIDDEN, _FEED_FORWARD), dtype=np.float32),
        **{f"{layer}.self_attn.{name}_proj.weight": square.copy() for name in "qkvo"},
    }
    save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "mlx"})
    (folder / "config.json").write_text(json.dumps(_config()))
    _write_tokenizer(folder)
    return folder


def _config() -> dict[str, object]:
    end = _vocabulary().index("<|end|>")
    return {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": _HIDDEN,
        "num_hidden_layers": 1,
        "intermediate_size": _FEED_FORWARD,
        "num_attention_heads": _HEADS,
        "num_key_value_heads": _HEADS,
        "rms_norm_eps": 1e-5,
        "vocab_size": len(_vocabulary()),
        "max_position_embeddings": CONTEXT_TOKENS,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
        "torch_dtype": "float32",
        "eos_token_id": end,
    }


def _write_tokenizer(folder: Path) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers  # noqa: PLC0415 - slow to import

    tokenizer = Tokenizer(models.BPE(vocab={token: n for n, token in enumerate(_vocabulary())}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(marker, special=True) for marker in _MARKERS])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|end|>",
        "pad_token": "<|end|>",
        "chat_template": _TEMPLATE,
        "model_max_length": CONTEXT_TOKENS,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def make_gguf_model(path: Path) -> Path:
    """Write the same model as GGUF, as llama.cpp loads it."""
    import gguf  # noqa: PLC0415 - slow to import, for the tests with engines only

    writer = gguf.GGUFWriter(str(path), "llama")
    _write_shape(writer)
    tokens = _vocabulary()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_merges([f"{tokens[0]} {tokens[0]}"])  # an empty list cannot be written; this pair has no token
    writer.add_token_types([3 if token in _MARKERS else 1 for token in tokens])
    writer.add_eos_token_id(tokens.index("<|end|>"))
    writer.add_add_bos_token(value=False)
    writer.add_chat_template(_TEMPLATE)
    _write_tensors(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _write_shape(writer: gguf.GGUFWriter) -> None:
    writer.add_name("Tiny")
    writer.add_context_length(CONTEXT_TOKENS)
    writer.add_embedding_length(_HIDDEN)
    writer.add_block_count(1)
    writer.add_feed_forward_length(_FEED_FORWARD)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_HIDDEN // _HEADS)
    writer.add_vocab_size(len(_vocabulary()))


def _write_tensors(writer: gguf.GGUFWriter) -> None:
    made, ones = _weights(), np.ones(_HIDDEN, dtype=np.float32)
    writer.add_tensor("token_embd.weight", made["embedding"])
    writer.add_tensor("output.weight", made["output"])
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", ones.copy())
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        writer.add_tensor(f"blk.0.{name}.weight", np.zeros((_HIDDEN, _HIDDEN), dtype=np.float32))
    for name in ("ffn_gate", "ffn_up"):
        writer.add_tensor(f"blk.0.{name}.weight", np.zeros((_FEED_FORWARD, _HIDDEN), dtype=np.float32))
    writer.add_tensor("blk.0.ffn_down.weight", np.zeros((_HIDDEN, _FEED_FORWARD), dtype=np.float32))
