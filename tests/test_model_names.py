"""People write a model's name as they remember it, and are asked only where that is not enough."""

from __future__ import annotations

import pytest

from dialogue.model_names import NotOneModel, find_model
from routing.model_registry import ModelRegistry
from routing.types import Endpoint, ModelOffer
from tests.answers import a_model

TWINS = ("acme/Qwen2.5_32B-Instruct-4bit", "other/Qwen2.5_32B-Instruct-4bit")
REGISTRY = ModelRegistry(
    [
        a_model("qwen2.5:7b-instruct", model_id="ollama_qwen25_7b", display_name="Qwen2.5 7B"),
        a_model("qwen2.5-coder:7b", model_id="ollama_coder", display_name="Qwen2.5 Coder 7B"),
        a_model("qwen-7b", model_id="mlx_qwen25_7b", display_name="Qwen2.5 7B", backend="mlx"),
        a_model(TWINS[0], model_id="mlx_acme_32b", display_name="Qwen2.5_32B Instruct 4bit", backend="mlx"),
        a_model(TWINS[1], model_id="mlx_other_32b", display_name="Qwen2.5_32B Instruct 4bit", backend="mlx"),
    ]
)


@pytest.mark.parametrize(
    ("wanted", "model_id"),
    [
        ("ollama_qwen25_7b", "ollama_qwen25_7b"),
        ("OLLAMA_QWEN25_7B", "ollama_qwen25_7b"),
        ("qwen2.5 coder 7b", "ollama_coder"),
        ("coder", "ollama_coder"),
        ("qwen2.5:7b-instruct", "ollama_qwen25_7b"),
        (TWINS[1], "mlx_other_32b"),
        ("other/qwen2.5-32b", "mlx_other_32b"),
    ],
)
def test_a_model_is_found_by_what_it_is_called(wanted: str, model_id: str) -> None:
    """Its id, its names, or a part of one that is its alone; case and punctuation do not count."""
    assert find_model(REGISTRY, wanted).model_id == model_id


def test_a_name_that_means_several_says_which() -> None:
    """By what tells them apart."""
    with pytest.raises(NotOneModel, match=r"^32b may mean mlx_acme_32b or mlx_other_32b: please write which.$"):
        find_model(REGISTRY, "32b")
    with pytest.raises(NotOneModel, match=r"^qwen may mean "):
        find_model(REGISTRY, "qwen")


def test_of_those_that_are_called_alike_the_one_that_is_there_is_meant() -> None:
    """The catalog has the same model once for each backend, and most people have one of these."""
    mlx = Endpoint("mlx")
    registry = ModelRegistry(REGISTRY.get_all_models())
    with pytest.raises(NotOneModel, match="may mean ollama_qwen25_7b or mlx_qwen25_7b"):
        find_model(registry, "Qwen2.5 7B")
    registry.apply_offers(mlx, [ModelOffer(mlx, "qwen-7b", downloaded=False)])
    assert find_model(registry, "Qwen2.5 7B").model_id == "mlx_qwen25_7b"


@pytest.mark.parametrize("wanted", ["qwen2.5 codr 7b", "colama_coder"])
def test_a_typo_is_told_what_is_near(wanted: str) -> None:
    """Nothing is loaded for a guess."""
    with pytest.raises(NotOneModel, match=rf"^There is no model {wanted}. Perhaps ollama_coder"):
        find_model(REGISTRY, wanted)


@pytest.mark.parametrize("wanted", ["zzz", "---", "🦊"])
def test_what_is_like_nothing_is_told_nothing(wanted: str) -> None:
    """No part of a name, not even an empty one, is in what has no letters."""
    with pytest.raises(NotOneModel, match=rf"^There is no model {wanted}.$"):
        find_model(REGISTRY, wanted)
