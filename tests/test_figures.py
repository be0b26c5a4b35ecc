"""Figures are written as people read them."""

from __future__ import annotations

import pytest

from dialogue.figures import memory


@pytest.mark.parametrize(
    ("size_bytes", "written"),
    [
        (270_400_000, "270 MB"),
        (999_600_000, "1.0 GB"),
        (4_320_000_000, "4.3 GB"),
        (9_960_000_000, "10 GB"),
        (19_240_000_000, "19 GB"),
    ],
)
def test_memory_is_rounded(size_bytes: int, written: str) -> None:
    """A tenth of a gigabyte matters below ten."""
    assert memory(size_bytes) == written
