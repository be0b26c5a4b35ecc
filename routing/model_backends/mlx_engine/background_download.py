"""BackgroundDownload: fetches models in a thread of its own, while the thread that owns MLX goes on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from routing.model_backends.mlx_engine.downloads import fetch_model
from routing.model_backends.mlx_protocol import WorkerFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from routing.model_backends.mlx_engine.downloads import OnProgress
    from routing.types import LoadStage


class _GivenUp(Exception):
    """Raised inside a download that nobody waits for any more."""


class BackgroundDownload:
    """Fetches these models, from now on; `on_end` is called, in the thread, when that has worked out or failed."""

    def __init__(self, names: Sequence[str], on_progress: OnProgress, on_end: Callable[[], None]) -> None:
        self._on_progress = on_progress
        self._on_end = on_end
        self._given_up = threading.Event()
        self._folders: dict[str, Path] = {}
        self._failure = WorkerFailure("ModelMissing", f"{' and '.join(names)} cannot be downloaded: try again later.")
        self._ended = threading.Event()  # set before `on_end` says so; the thread itself lives on for a moment
        self._wanted = set(names)
        threading.Thread(target=self._fetch, args=(list(names),), name="download", daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self._ended.is_set()

    def folders(self) -> dict[str, Path]:
        """The folders by the models' names, after the end. Raises WorkerFailure if not all of them are there."""
        if self._folders.keys() != self._wanted:
            raise self._failure
        return self._folders

    def give_up(self) -> None:
        """End the download soon; what has come stays on the disk, for the next one to go on from."""
        self._given_up.set()

    def _fetch(self, names: list[str]) -> None:
        try:
            for name in names:
                self._folders[name] = fetch_model(name, on_progress=self._progress)
        except _GivenUp:
            return
        except WorkerFailure as failure:
            self._failure = failure
        finally:
            self._ended.set()
            self._on_end()

    def _progress(self, stage: LoadStage, done_bytes: int | None, total_bytes: int | None) -> None:
        if self._given_up.is_set():
            raise _GivenUp
        self._on_progress(stage, done_bytes, total_bytes)
