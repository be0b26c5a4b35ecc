"""ModelMeasures: sizes and loads as measured, else as the size on disk or the catalog makes likely."""

from __future__ import annotations

import pytest

from routing.model_measures import ModelMeasures
from routing.model_registry import ModelRegistry
from tests.answers import a_model
from tests.fake_backend import ONE, STUDIO, TWO, an_offer, some_models

GB = 1_000_000_000


@pytest.fixture
def registry() -> ModelRegistry:
    registry = ModelRegistry(some_models("alpha", ram_gb=6.0))
    registry.apply_offers(ONE, [an_offer("alpha", size_bytes=5 * GB)])
    registry.apply_offers(TWO, [an_offer("alpha", TWO)])
    return registry


def test_a_size_is_as_measured_else_by_the_disk_else_by_the_catalog(registry: ModelRegistry) -> None:
    """Each endpoint for itself; a catalog that has no figure either leaves it open."""
    measures, (model,) = ModelMeasures(registry), registry.get_all_models()
    assert measures.needed_bytes(model, ONE) == 7 * GB  # 5 x 1.2 + 1
    assert measures.needed_bytes(model, TWO) == 6 * GB
    measures.learn_size("alpha", ONE, 5_500_000_000)
    assert measures.needed_bytes(model, ONE) == 5_500_000_000
    assert measures.needed_bytes(model, TWO) == 6 * GB
    assert measures.needed_bytes(a_model("x", ram_gb=0.0), STUDIO) is None


def test_a_load_takes_what_the_disk_makes_likely_until_it_is_measured(registry: ModelRegistry) -> None:
    """A second, and 2.5 GB a second; then the median of what was seen at that address."""
    measures, (model,) = ModelMeasures(registry), registry.get_all_models()
    assert measures.load_seconds(model, ONE) == pytest.approx(3.0)
    assert measures.load_seconds(model, TWO) == pytest.approx(1 + 6 / 2.5)
    for seconds in (9.0, 8.0, 60.0):
        measures.learn_load("alpha", ONE.address, seconds)
    assert measures.load_seconds(model, ONE) == 9.0
    assert measures.load_seconds(model, TWO) == pytest.approx(1 + 6 / 2.5)
    assert measures.load_seconds(a_model("x", ram_gb=0.0), STUDIO) is None


def test_only_the_last_loads_count(registry: ModelRegistry) -> None:
    """A new disk shows after three of five."""
    measures, (model,) = ModelMeasures(registry), registry.get_all_models()
    for seconds in (30.0,) * 20 + (3.0, 3.0, 3.0):
        measures.learn_load("alpha", ONE.address, seconds)
    assert measures.load_seconds(model, ONE) == 3.0


def test_models_that_come_and_go_are_forgotten_in_the_end(registry: ModelRegistry) -> None:
    """The oldest first; one that is measured again is new."""
    measures, (model,) = ModelMeasures(registry), registry.get_all_models()
    measures.learn_load("alpha", ONE.address, 9.0)
    measures.learn_size("alpha", ONE, 1)
    for number in range(511):
        measures.learn_load(f"m{number}", ONE.address, 1.0)
        measures.learn_size(f"m{number}", ONE, 1)
    measures.learn_load("alpha", ONE.address, 11.0)
    for number in range(511, 900):
        measures.learn_load(f"m{number}", ONE.address, 1.0)
        measures.learn_size(f"m{number}", ONE, 1)
    assert (len(measures._sizes), len(measures._loads)) == (512, 512)
    assert measures.load_seconds(model, ONE) == 10.0
    assert measures.needed_bytes(model, ONE) == 7 * GB
