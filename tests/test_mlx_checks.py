"""The doctor says of MLX whether it runs, and of each of its models whether it is there and fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from settings import Settings
from terminal.findings import Verdict
from terminal.mlx_checks import check_mlx
from tests.mlx_models import make_model

if TYPE_CHECKING:
    from pathlib import Path

    from terminal.findings import Finding


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    """The folder of a whole model."""
    return str(make_model(tmp_path / "Tiny-Qwen", layers=1))


async def found(*paths: str, installed: bool = False, **settings: Any) -> list[Finding]:
    """What the doctor finds with these models."""
    given = Settings(mlx_model_paths=paths, **settings)
    return [finding async for finding in check_mlx(given, installed=lambda: installed)]


async def test_without_models_nothing_is_said() -> None:
    """Most people have no MLX, and need none."""
    assert await found(installed=True) == []


async def test_mlx_that_runs_is_well(tiny: str) -> None:
    """Its process was started for it, and is gone again."""
    runs, model = await found(tiny, installed=True)
    assert (runs.verdict, model.verdict) == (Verdict.WELL, Verdict.WELL)
    assert runs.text.startswith("MLX runs, on the device ")
    assert model.text.startswith(f"MLX: Tiny Qwen is in {tiny}, ")


async def test_mlx_that_is_missing_says_where_it_belongs(tiny: str) -> None:
    """Its models are looked at all the same."""
    missing, model = await found(tiny)
    assert (missing.verdict, missing.text) == (Verdict.FAILED, "MLX is not installed")
    assert "Apple silicon" in missing.remedy
    assert model.verdict is Verdict.WELL


async def test_each_model_says_what_to_do_about_it(tmp_path: Path) -> None:
    """To be fetched, or no model at all."""
    missing = str(tmp_path / "missing")
    _, to_fetch, nothing = await found("acme_co/Huge.v2-4bit", missing)
    assert (to_fetch.verdict, nothing.verdict) == (Verdict.WARNING, Verdict.FAILED)
    assert to_fetch.text == "MLX: Huge.v2 4bit is not downloaded"
    assert to_fetch.remedy == "`scripts/run models load acme_co/Huge.v2-4bit` fetches it."
    assert "There is no MLX model in the folder missing." in nothing.text
    assert f"Take {missing} out of MLX_MODEL_PATHS" in nothing.remedy


async def test_weights_that_cannot_be_loaded_are_told(tmp_path: Path) -> None:
    """Cut off, overwritten or not there: what the worker would refuse does not pass for well."""
    cut, none = (make_model(tmp_path / name, layers=1) for name in ("Cut", "None"))
    weights = cut / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    (none / "model.safetensors").unlink()
    _, damaged, empty = await found(str(cut), str(none))
    assert (damaged.verdict, damaged.text) == (Verdict.FAILED, "MLX: the weights of Cut are damaged")
    assert (empty.verdict, empty.text) == (Verdict.FAILED, "MLX: the weights of None are not there")
    assert damaged.remedy == f"Delete what is in {cut}, and download the model again."


async def test_a_model_that_is_too_large_is_warned_about(tiny: str) -> None:
    """With the sum, so that it is clear by how much."""
    _, model = await found(tiny, model_memory_gb=0.000_001)
    assert model.verdict is Verdict.WARNING
    assert "Tiny Qwen needs " in model.text
    assert "are free for models" in model.text
