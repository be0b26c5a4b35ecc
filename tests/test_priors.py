"""Priors: what is expected of a model that nobody has rated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.catalog import shipped_catalog
from routing.priors import (
    billions_of,
    bits_of,
    expected_cost,
    expected_quality,
    expected_ram_gb,
    expected_speed,
    model_from_offer,
    speed_class_of,
)
from routing.types import ModelCapability, ModelMetadata, SpeedClass
from tests.fake_backend import STUDIO, an_offer


@pytest.mark.parametrize(
    ("text", "billions"),
    [
        ("7.6B", 7.6), ("270M", 0.27), ("8x7B", 56.0), ("qwen3:30b-a3b", 30.0), ("llama3.2:1b", 1.0),
        ("Qwen2.5-7B-Instruct-4bit", 7.0), ("qwen2.5:7b-instruct-q4_K_M", 7.0), ("llama_3_8b", 8.0),
        ("smollm2:135m", 0.135), ("gemma-3n-e4b", 4.0), ("gpt-oss:20b", 20.0),
        ("phi3:mini", None), ("", None), ("mistral-v0.3", None), ("q8_0-8bit", None),
    ],
)  # fmt: skip
def test_a_size_is_read_from_a_name(text: str, billions: float | None) -> None:
    """Experts are counted, active parameters and bits are not taken for sizes."""
    assert billions_of(text) == billions


def test_the_first_text_with_a_size_decides() -> None:
    """What a server says goes before the name."""
    assert billions_of(None, "", "7.6B", "x-14b") == 7.6


@pytest.mark.parametrize(
    ("quantization", "bits"),
    [
        ("Q4_K_M", 4.85), ("Q4_0", 4.5), ("4bit", 4.5), ("MXFP4", 4.5), ("Q8_0", 8.5), ("8-bit", 8.5), ("int8", 8.5),
        ("Q2_K", 2.5), ("IQ2_XS", 2.5), ("Q3_K_L", 3.5), ("F16", 16), ("BF16", 16), ("bfloat16", 16), ("float32", 32),
        ("", 4.85), (None, 4.85), ("unknown", 4.85),
    ],
)  # fmt: skip
def test_bits_are_read_from_a_quantization(quantization: str | None, bits: float) -> None:
    """In the ways of llama.cpp, MLX and PyTorch; where nothing is said it is the usual one."""
    assert bits_of(quantization) == bits


@pytest.mark.parametrize("model", shipped_catalog().models, ids=lambda model: model.model_id)
def test_the_priors_stand_on_the_catalogs_scale(model: ModelMetadata) -> None:
    """They come near to what the catalog says of every model in it."""
    billions = billions_of(model.size) or 0.0
    quality = expected_quality(billions, model.backend_name, model.quantization)
    assert quality.general == pytest.approx(model.quality.general, abs=0.02)
    assert quality.code == pytest.approx(model.quality.code, abs=0.03)
    assert quality.reasoning == pytest.approx(model.quality.reasoning, abs=0.03)
    assert expected_cost(billions) == pytest.approx(model.cost, abs=0.11)
    assert expected_speed(billions, model.backend, model.quantization) == pytest.approx(
        model.tokens_per_second, rel=0.25
    )
    if billions >= 1:
        assert expected_ram_gb(billions, model.quantization) == pytest.approx(model.ram_gb, rel=0.3)


@pytest.mark.parametrize("model", shipped_catalog().models, ids=lambda model: model.model_id)
def test_speeds_sort_into_the_catalogs_classes(model: ModelMetadata) -> None:
    """As the catalog sorts them, but for LLaVA, which it has one class faster than its speed."""
    expected = SpeedClass.SLOW if model.model_id == "lmstudio_llava" else model.speed_class
    assert speed_class_of(model.tokens_per_second) is expected


@given(st.floats(0.01, 2000), st.floats(1.01, 10), st.sampled_from(["Q2_K", "Q4_K_M", "F16", None]))
def test_more_parameters_are_better_slower_and_dearer(billions: float, factor: float, quantization: str | None) -> None:
    """Never the other way round, and every figure stays in its range."""
    small, large = expected_quality(billions, "", quantization), expected_quality(billions * factor, "", quantization)
    assert 0 <= small.general <= large.general <= 1
    assert 0 <= small.code <= large.code <= 1
    assert 0 <= small.reasoning <= large.reasoning <= 1
    assert expected_speed(billions, "ollama", quantization) >= expected_speed(billions * factor, "ollama", quantization)
    assert 0 <= expected_cost(billions) <= expected_cost(billions * factor) <= 1
    assert expected_ram_gb(billions, quantization) <= expected_ram_gb(billions * factor, quantization)


def test_few_bits_cost_quality_and_give_speed() -> None:
    """Below four it shows; above, speed is what is paid."""
    two, four, sixteen = (expected_quality(7, "", bits).general for bits in ("Q2_K", "Q4_K_M", "F16"))
    assert two < four == sixteen
    assert expected_speed(7, "ollama", "Q4_K_M") > expected_speed(7, "ollama", "F16")


def test_families_have_their_strengths() -> None:
    """A coder codes better than it chats, a thinker reasons better, one that sees does less of both."""
    plain = expected_quality(7)
    assert expected_quality(7, "qwen2.5-coder").code > plain.code > expected_quality(7, "llava").code
    assert expected_quality(7, "deepseek-r1").reasoning > plain.reasoning
    assert expected_quality(7, "smallthinker") == plain


def test_what_a_server_says_goes_before_what_is_expected() -> None:
    """And what it does not say is filled in: from the bytes where there is no count, from the usual where neither."""
    said = an_offer(
        "x", parameters="3B", context_tokens=1000, display_name="X", quantization="Q8_0", thinking=True,
        capabilities=frozenset({ModelCapability.VISION}),
    )  # fmt: skip
    model = model_from_offer(said, "id")
    assert (model.size, model.context_tokens, model.display_name) == ("3B", 1000, "X")
    assert {ModelCapability.VISION, ModelCapability.GENERAL, ModelCapability.REASONING} <= model.capabilities
    weighed = model_from_offer(an_offer("x", STUDIO, size_bytes=8_500_000_000, quantization="Q8_0"), "id")
    assert (weighed.size, weighed.ram_gb, weighed.backend) == ("8B", 11.2, "lmstudio")
    unknown = model_from_offer(an_offer("mystery"), "id")
    assert (unknown.size, unknown.context_tokens) == ("7B", 4096)


def test_a_mixture_is_as_fast_as_what_is_active() -> None:
    """Thirty billion of which three work are as good as thirty and as fast as three."""
    mixture = model_from_offer(an_offer("qwen3:30b-a3b", parameters="30.5B"), "id")
    dense = model_from_offer(an_offer("qwen3:32b", parameters="32B"), "id")
    assert mixture.tokens_per_second > 3 * dense.tokens_per_second
    assert mixture.quality.general == pytest.approx(dense.quality.general, abs=0.01)
