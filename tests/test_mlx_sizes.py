"""What an MLX model needs of memory, worked out from config.json: published shapes, and claims that cannot be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.errors import ModelMissing
from routing.model_backends.mlx_sizes import KVSize, ModelNeeds, kv_size, read_model_needs

if TYPE_CHECKING:
    from pathlib import Path

QWEN = {"num_hidden_layers": 64, "num_attention_heads": 40, "num_key_value_heads": 8, "hidden_size": 5120}


@pytest.mark.parametrize(
    ("config", "size"),
    [
        (QWEN, KVSize(64 * 8 * 128 * 2 * 2)),
        (QWEN | {"torch_dtype": "bfloat16"}, KVSize(262_144)),
        (QWEN | {"torch_dtype": "float32"}, KVSize(524_288)),
        (QWEN | {"torch_dtype": "float32", "quantization": {"bits": 4}}, KVSize(262_144)),
        (QWEN | {"head_dim": 64}, KVSize(131_072)),
        ({"text_config": QWEN, "dtype": "float32"}, KVSize(524_288)),
        ({key: value for key, value in QWEN.items() if key != "num_key_value_heads"}, KVSize(64 * 5120 * 2 * 2)),
    ],
)
def test_keys_and_values_are_counted_by_layers_heads_and_width(config: dict[str, Any], size: KVSize) -> None:
    """2 x layers x kv heads x head dim x bytes: 256 kB for each token of Qwen2.5 32B."""
    assert kv_size(config) == size


def test_layers_with_a_window_are_bounded_by_it() -> None:
    """Gemma 3 27B: of 62 layers every sixth sees everything, the others the last 1,024 tokens."""
    gemma = {"num_hidden_layers": 62, "num_attention_heads": 32, "num_key_value_heads": 16, "head_dim": 128}
    layer = 16 * 128 * 2 * 2
    size = kv_size({"text_config": gemma | {"sliding_window": 1024, "sliding_window_pattern": 6}})
    assert size == KVSize(10 * layer, ((52 * layer, 1024),))
    assert size.bytes_for(100) == 62 * layer * 100
    assert size.bytes_for(10_000) == 10 * layer * 10_000 + 52 * layer * 1024


def test_the_kinds_of_layers_are_taken_from_their_list() -> None:
    """Layers without attention keep nothing for each token."""
    kinds = ["full_attention", "sliding_attention", "linear_attention", "mamba", "full_attention"]
    shape = {"num_attention_heads": 2, "hidden_size": 16, "num_hidden_layers": 5, "layer_types": kinds}
    assert kv_size(shape | {"sliding_window": 8}) == KVSize(2 * 64, ((64, 8),))
    assert kv_size(shape) == KVSize(3 * 64)


def test_a_hybrid_model_has_attention_in_some_layers_only() -> None:
    """Qwen3-Next: one of four."""
    shape = {"num_attention_heads": 2, "hidden_size": 16, "num_hidden_layers": 48, "full_attention_interval": 4}
    assert kv_size(shape) == KVSize(12 * 64)


def test_keys_and_values_that_are_compressed_into_one_are_counted_so() -> None:
    """DeepSeek V3: 512 + 64 numbers in each of 61 layers, whatever its heads."""
    shape = {"num_hidden_layers": 61, "num_attention_heads": 128, "kv_lora_rank": 512, "qk_rope_head_dim": 64}
    assert kv_size(shape) == KVSize(61 * 576 * 2)


@pytest.mark.parametrize("key", sorted(QWEN))
@pytest.mark.parametrize("claim", [10**12, -8, 0, 1e300, "8", None])
def test_a_claim_that_no_model_can_make_counts_as_absent(key: str, claim: object) -> None:
    """As if the line were not there, so that no honest model is refused for a slip, and no sum runs away."""
    assert kv_size(QWEN | {key: claim}) == kv_size({name: value for name, value in QWEN.items() if name != key})


ABSURD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.integers() | st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
KEYS = (
    *("num_hidden_layers", "num_attention_heads", "num_key_value_heads", "hidden_size", "head_dim", "torch_dtype"),
    *("sliding_window", "sliding_window_pattern", "full_attention_interval", "layer_types", "kv_lora_rank"),
    *("qk_rope_head_dim", "text_config", "quantization"),
)


@given(st.dictionaries(st.sampled_from(KEYS), ABSURD))
def test_whatever_a_config_says_a_size_comes_of_it(config: dict[str, Any]) -> None:
    """Absent and absurd fields count as nothing; nothing is divided by zero, and nothing is negative or endless."""
    size = kv_size(config)
    assert 0 <= size.bytes_per_token < 10**12
    assert size.bytes_for(4096) >= 0


def test_a_refusal_shows_its_arithmetic() -> None:
    needs = ModelNeeds(18_400_000_000, KVSize(200_000), context_tokens=32_768)
    assert needs.bytes == 18_400_000_000 + 4096 * 200_000
    assert needs.refusal("Qwen2.5 32B", 12_000_000_000) == (
        "Qwen2.5 32B needs 19.2 GB (18.4 GB weights + 0.8 GB for one answer's cache), and 12.0 GB are free for models:"
        " take a smaller one, or one with fewer bits."
    )


def test_what_fits_exactly_is_not_refused() -> None:
    """And nothing is refused where nobody knows what is free."""
    needs = ModelNeeds(1000, KVSize(1), context_tokens=10)
    assert (needs.refusal("It", 1010), needs.refusal("It", None)) == ("", "")
    assert needs.refusal("It", 1009)
    assert "and 0.0 GB are free" in needs.refusal("It", -5)


def test_a_folder_gives_weights_and_context(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(QWEN | {"max_position_embeddings": 100}))
    (tmp_path / "model.safetensors").write_bytes(b"12345")
    assert read_model_needs(tmp_path) == ModelNeeds(5, KVSize(262_144), 100)
    assert read_model_needs(tmp_path).answer_bytes == 26_214_400
    with pytest.raises(ModelMissing):
        read_model_needs(tmp_path / "nothing")
