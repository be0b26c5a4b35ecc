"""BackgroundDownload: what its end says, and that it can be given up."""

from __future__ import annotations

import threading

import pytest

from routing.model_backends.mlx_engine.background_download import BackgroundDownload
from routing.model_backends.mlx_protocol import WorkerFailure


def test_it_has_ended_when_it_says_so() -> None:
    """Whoever is woken by its end and looks must not find it still at work, for nobody wakes him again."""
    found: list[bool] = []
    begun, looked = threading.Event(), threading.Event()

    def look() -> None:
        begun.wait(10)
        found.append(download.ended)
        looked.set()

    download = BackgroundDownload(["no name at all"], lambda *_: None, look)
    begun.set()
    assert looked.wait(10)
    assert found == [True]


def test_a_download_that_fails_says_why_to_who_asks_for_its_folders() -> None:
    ended = threading.Event()
    download = BackgroundDownload(["somebody/not-here"], lambda *_: None, ended.set)
    assert ended.wait(20)
    with pytest.raises(WorkerFailure, match=r"^somebody/not-here cannot be downloaded"):
        download.folders()
    download.give_up()
