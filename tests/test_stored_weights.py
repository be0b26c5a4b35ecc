"""The file of weights: what becomes of one that is missing, cut off, or of another make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from routing.errors import InvalidConfiguration
from routing.stored_weights import WEIGHTS, stored_weights
from routing.success import SuccessModel
from routing.task_heads import TaskHeads

if TYPE_CHECKING:
    from pathlib import Path


def test_every_array_is_given_by_its_name() -> None:
    """As they are shipped."""
    with stored_weights(WEIGHTS) as stored:
        assert {name.partition("/")[0] for name in stored} == {"benefit", "category", "success"}


@pytest.mark.parametrize("damage", ["missing", "empty", "cut off", "flipped", "other"])
def test_what_cannot_be_read_is_told_in_a_sentence(tmp_path: Path, damage: str) -> None:
    """By both that read it, with what to do."""
    path = tmp_path / "router_weights.npz"
    whole = WEIGHTS.read_bytes()
    middle = len(whole) // 2
    if damage == "other":
        np.savez_compressed(path, allow_pickle=False, something=np.zeros(3))
    elif damage != "missing":
        flipped = whole[:middle] + bytes(byte ^ 255 for byte in whole[middle : middle + 64]) + whole[middle + 64 :]
        path.write_bytes({"empty": b"", "cut off": whole[:middle], "flipped": flipped}[damage])
    for load in (TaskHeads.load, SuccessModel.load):
        with pytest.raises(InvalidConfiguration, match="missing or damaged: fetch Switchboard again"):
            load(path)
