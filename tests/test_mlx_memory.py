"""The device's memory: what is held, what fits, what is wired, and that an unload gives it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mlx.core as mx
import pytest

from routing.model_backends.mlx_engine import memory
from routing.model_backends.mlx_engine.loading import load_model, unload
from tests.mlx_models import make_model

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_held_is_counted() -> None:
    before = memory.figures()
    held = mx.zeros((1000, 1000))
    mx.eval(held)
    assert memory.figures().active_bytes - before.active_bytes == 4_000_000
    assert memory.figures().peak_bytes >= memory.figures().active_bytes
    assert held.nbytes == 4_000_000


def test_freed_memory_that_is_kept_for_later_is_given_back() -> None:
    mx.eval(mx.zeros((1000, 1000)))
    assert memory.figures().cached_bytes >= 4_000_000
    memory.give_back()
    assert memory.figures().cached_bytes == 0


def test_a_cycle_of_references_does_not_keep_memory() -> None:
    """Python frees it only when it is told to look."""
    before = memory.figures().active_bytes
    cycle: list[object] = [mx.zeros((1000, 1000))]
    mx.eval(cycle[0])
    cycle.append(cycle)
    del cycle
    assert memory.figures().active_bytes - before == 4_000_000
    memory.give_back()
    assert memory.figures().active_bytes == before


def test_an_unload_gives_the_memory_back_though_somebody_holds_on_to_the_model(tmp_path: Path) -> None:
    memory.give_back()
    before = memory.figures().active_bytes
    loaded = load_model(str(make_model(tmp_path / "Tiny", hidden=128)), room_bytes=None, on_progress=lambda *_: None)
    assert memory.figures().active_bytes - before >= loaded.weight_bytes > 1_000_000
    still_held = loaded.model
    unload(loaded)
    assert memory.figures().active_bytes - before < 10_000
    assert still_held is loaded.model


def test_a_cpu_has_no_working_set_and_nothing_is_wired() -> None:
    if mx.metal.is_available():
        pytest.skip("this is about machines without Metal")
    assert memory.device()
    assert memory.working_set_bytes() is None
    assert memory.wire(setting_bytes=0, loaded_bytes=10**9) is None


def test_the_room_on_a_cpu_is_what_the_host_has_available() -> None:
    """What MLX keeps for later is free too."""
    if mx.metal.is_available():
        pytest.skip("this is about machines without Metal")
    memory.give_back()
    assert memory.room_bytes(available_bytes=10**9) == 10**9
    mx.eval(mx.zeros((1000, 1000)))
    assert memory.room_bytes(available_bytes=10**9) == 10**9 + memory.figures().cached_bytes
    assert memory.room_bytes(available_bytes=None) is None


def test_the_room_on_metal_is_part_of_its_working_set() -> None:
    """0.85 of what it recommends, less what is held; a limit goes before it, what the host has free does not."""
    held = memory.MemoryFigures(active_bytes=5_000, peak_bytes=9_000, cached_bytes=1_000)
    assert memory.room_beside(held, working_set=20_000, available_bytes=7, limit_bytes=0) == 12_000
    assert memory.room_beside(held, working_set=20_000, available_bytes=7, limit_bytes=6_000) == 1_000
    assert memory.room_beside(held, working_set=5_000, available_bytes=7, limit_bytes=0) == 0


def test_a_limit_counts_what_is_held_already() -> None:
    held = mx.zeros((1000, 1000))
    mx.eval(held)
    active = memory.figures().active_bytes
    assert memory.room_bytes(available_bytes=10**12, limit_bytes=active + 500) == 500
    assert memory.room_bytes(available_bytes=10**12, limit_bytes=1) == 0
    assert held.nbytes == 4_000_000


@pytest.mark.parametrize(
    ("setting", "loaded", "limit"),
    [(0, 20_000, 20_000), (30_000, 20_000, 30_000), (0, 99_000, 85_000), (10**9, 20_000, 85_000)],
)
def test_what_is_wired_is_never_everything(setting: int, loaded: int, limit: int) -> None:
    """What is set, or the loaded models' own bytes, but not all that Metal recommends."""
    assert memory.wired_limit_bytes(setting_bytes=setting, loaded_bytes=loaded, working_set=100_000) == limit
