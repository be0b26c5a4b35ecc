"""Advice: plain sentences on why no model answered and what to do."""

from __future__ import annotations

import pytest

from routing.advice import backend_name, what_failed, what_to_do
from routing.model_registry import ModelRegistry
from routing.types import Attempt, Endpoint, Outcome
from tests.fake_backend import ONE, STUDIO, an_offer, some_models


@pytest.fixture
def registry() -> ModelRegistry:
    return ModelRegistry([*some_models("alpha", "beta"), *some_models("gamma", backend="lmstudio")])


def test_when_all_is_well_there_is_nothing_to_say(registry: ModelRegistry) -> None:
    """Every server is up and has a model."""
    registry.apply_offers(ONE, [an_offer("alpha")])
    registry.apply_offers(STUDIO, [an_offer("gamma", STUDIO)])
    assert what_to_do(registry, [ONE, STUDIO]) == ""


def test_each_trouble_has_its_remedy(registry: ModelRegistry) -> None:
    """Down, or without a model, each in the words of its server."""
    registry.apply_offers(ONE, None)
    registry.apply_offers(STUDIO, [])
    assert what_to_do(registry, [ONE, STUDIO]) == (
        "Ollama at http://one cannot be reached: start it with `ollama serve`. "
        "LM Studio at http://studio has no model that can be used now: download one in LM Studio."
    )
    registry.apply_offers(ONE, [])
    assert "pull one with `ollama pull qwen2.5:7b-instruct-q4_K_M`" in what_to_do(registry, [ONE])


@pytest.mark.parametrize(
    ("seconds", "said"), [(30.0, "30 seconds"), (1.0, "1 second"), (90.0, "90 seconds"), (3600.0, "60 minutes")]
)
def test_what_was_just_started_is_found_by_itself(registry: ModelRegistry, seconds: float, said: str) -> None:
    """Said once, where something is down and somebody looks again."""
    noticed = f" A server that was just started is noticed within {said}."
    registry.apply_offers(ONE, None)
    registry.apply_offers(STUDIO, None)
    assert what_to_do(registry, [ONE, STUDIO], seconds).endswith(noticed)
    assert what_to_do(registry, [ONE, STUDIO], seconds).count("noticed") == 1
    registry.apply_offers(ONE, [])
    assert "noticed" not in what_to_do(registry, [ONE], seconds)


def test_a_server_of_ones_own_is_spoken_of_too(registry: ModelRegistry) -> None:
    """By its name, and without its password."""
    own = Endpoint("vllm", "http://me:secret@gpu:8000/v1")
    registry.apply_offers(own, None)
    assert what_to_do(registry, [own]) == "vllm at http://gpu:8000/v1 cannot be reached: start it."
    registry.apply_offers(own, [])
    assert "has no model that can be used now: load one there" in what_to_do(registry, [own])


def test_models_that_failed_just_now_are_not_called_missing(registry: ModelRegistry) -> None:
    """There is nothing to pull or to download."""
    registry.apply_offers(ONE, [an_offer("alpha")])
    registry.cool_down("alpha", ONE, float("inf"))
    registry.cool_down("gamma", STUDIO, float("inf"))
    said = what_to_do(registry, [ONE, STUDIO])
    assert said.count("has models, but each is switched off or failed a moment ago: ask again in a minute.") == 2


def test_without_any_server_the_settings_are_named(registry: ModelRegistry) -> None:
    """There is nothing to start yet."""
    said = what_to_do(registry, [])
    assert "set OLLAMA_BASE_URL or LMSTUDIO_BASE_URL" in said
    assert "MLX_MODEL_PATHS" in said


def test_models_of_this_process_have_no_address(registry: ModelRegistry) -> None:
    """Where none can be read, the setting is named; where it does not work at all, the doctor is."""
    mlx = Endpoint("mlx")
    registry.apply_offers(mlx, [])
    assert what_to_do(registry, [mlx]).startswith("MLX has no model that can be used now: name in MLX_MODEL_PATHS ")
    registry.apply_offers(mlx, None)
    assert what_to_do(registry, [mlx], 30.0) == "MLX cannot be reached: `scripts/run doctor` says why."


def test_a_model_that_is_not_downloaded_is_offered(registry: ModelRegistry) -> None:
    """With the command that fetches it, as long as no other model of that backend is there."""
    mlx = Endpoint("mlx")
    there, missing = "acme/Tiny-4bit", "acme/Huge-4bit"
    registry.apply_offers(mlx, [an_offer(missing, mlx, display_name="Huge 4bit", downloaded=False)])
    said = what_to_do(registry, [mlx])
    assert said.startswith("MLX has not downloaded Huge 4bit yet: `scripts/run models load mlx_acme_huge_4bit` does")
    registry.apply_offers(mlx, [an_offer(missing, mlx, downloaded=False), an_offer(there, mlx)])
    assert what_to_do(registry, [mlx]) == ""


def test_who_failed_is_named_once_with_the_reason(registry: ModelRegistry) -> None:
    """Also a model that is gone meanwhile."""
    attempts = [
        Attempt("alpha", ONE, Outcome.FAILED, 1.0, reason="timed out"),
        Attempt("alpha", ONE, Outcome.FAILED, 1.0, reason="timed out"),
        Attempt("gone", ONE, Outcome.CANCELLED, 1.0),
    ]
    assert what_failed(registry, attempts) == "No model could answer: Alpha (timed out), gone (cancelled)."


@pytest.mark.parametrize(
    ("kind", "more"), [("OutOfMemory", " It needs 9 GB, and 4 GB are free."), ("BackendTimeout", "")]
)
def test_where_one_alone_failed_it_is_said_what_can_be_done(registry: ModelRegistry, kind: str, more: str) -> None:
    """In the words of its error, unless those say what its reason says already; of several the reasons are enough."""
    failed = Attempt(
        "alpha", ONE, Outcome.FAILED, 1.0, error="It needs 9 GB, and 4 GB are free.", error_class=kind, reason="why"
    )
    other = Attempt("beta", ONE, Outcome.FAILED, 1.0, error="Beta failed.", error_class=kind, reason="why")
    assert what_failed(registry, [failed, failed]) == f"No model could answer: Alpha (why).{more}"
    assert what_failed(registry, [failed, other]) == "No model could answer: Alpha (why), Beta (why)."


def test_backends_are_called_as_their_makers_call_them() -> None:
    """And any other by its own name."""
    assert [backend_name(name) for name in ("ollama", "lmstudio", "mlx", "vllm")] == [
        "Ollama",
        "LM Studio",
        "MLX",
        "vllm",
    ]
