"""Fetches models from the hub; no MLX here, so that it can run beside the thread that owns MLX."""

from __future__ import annotations

import errno
import shutil
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (  # type: ignore[attr-defined] # HTTPError: its HTTP library's, handed on as is
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    XetDownloadError,
)

from routing.model_backends import mlx_folder
from routing.model_backends.mlx_protocol import WorkerFailure
from routing.types import LoadStage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    OnProgress = Callable[[LoadStage, int | None, int | None], None]

# What mlx-lm reads of a model. Nothing that could be run, and no second copy of the weights in another format.
_WANTED = ("*.json", "model*.safetensors", "*.jinja", "*.txt", "*.tiktoken", "tokenizer.model")
_UNWANTED = ("*/*",)  # other formats and parts have folders of their own
_SECONDS_BETWEEN_REPORTS = 0.2
_SPARE_DISK_BYTES = 1_000_000_000


def fetch_model(
    name: str, *, on_progress: OnProgress, hub_cache: Path | None = None, endpoint: str | None = None
) -> Path:
    """Find the folder of a model, and download it first if it is the name of one that is not in the hub's cache.

    Blocks for as long as that takes. `on_progress` is called from several threads, one at a time; what it raises ends
    the download, which the next one takes up where it stood. `endpoint` is another address of the hub. Raises
    WorkerFailure.
    """
    folder = mlx_folder.find_folder(name, hub_cache)
    if folder is not None:
        return folder
    cache = hub_cache or mlx_folder.default_hub_cache()
    with _told(name):
        meter = _Meter(on_progress, _missing_bytes(name, cache, endpoint))
        _snapshot(name, cache, endpoint, meter.bar)
    meter.tell(at_once=True)
    folder = mlx_folder.find_folder(name, hub_cache)
    if folder is None:
        raise WorkerFailure("ModelMissing", f"{name} holds no MLX model: take one that was made for MLX.")
    return folder


def _snapshot(name: str, cache: Path, endpoint: str | None, bar: Any, *, dry_run: bool = False) -> Any:
    return snapshot_download(
        name,
        cache_dir=cache,
        endpoint=endpoint,
        allow_patterns=list(_WANTED),
        ignore_patterns=list(_UNWANTED),
        max_workers=4,
        tqdm_class=bar,
        dry_run=dry_run,
    )


def _missing_bytes(name: str, cache: Path, endpoint: str | None) -> int:
    """Count what is still to come, and refuse what does not fit the disk before the first byte is here."""
    missing: int = sum(
        file.file_size for file in _snapshot(name, cache, endpoint, _Bar, dry_run=True) if file.will_download
    )
    cache.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache).free
    if missing + _SPARE_DISK_BYTES > free:
        raise _disk_full(name, f"{missing / 1e9:.1f} GB are to come, and {free / 1e9:.1f} GB are free")
    return missing


def _disk_full(name: str, figures: str) -> WorkerFailure:
    sentence = f"{name} cannot be downloaded, the disk is full ({figures}): delete what is not needed and try again."
    return WorkerFailure("ModelMissing", sentence)


# --- what goes wrong --------------------------------------------------------------------------------------------------


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Tell the hub's errors as ours, by their classes. It is this model that is missing: others may well be here."""
    try:
        yield
    except (OSError, HTTPError, RuntimeError, ValueError, XetDownloadError) as error:
        raise _failure(name, error) from error


def _failure(name: str, error: Exception) -> WorkerFailure:
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            return _disk_full(name, "it was written until nothing was left")
        for kind, advice in _ADVICE:
            if isinstance(cause, kind):
                return WorkerFailure("ModelMissing", f"{name} cannot be downloaded: {advice.format(name=name)}.")
    return WorkerFailure("ModelMissing", f"{name} cannot be downloaded: the hub broke off; try again later.")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came from: the hub's client wraps what it met."""
    while error is not None:
        yield error
        error = error.__cause__


_NOT_WRITABLE = (PermissionError, NotADirectoryError, FileExistsError, IsADirectoryError)
# The first that fits counts.
_ADVICE: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (OfflineModeIsEnabled, "HF_HUB_OFFLINE is set; unset it, or download the model with `hf download {name}`"),
    (
        GatedRepoError,
        "its owner lets people in one by one; ask on its page on the hub, then log in with `hf auth login`",
    ),
    (RepositoryNotFoundError, "the hub has no such model, or it is private; check its name, or `hf auth login`"),
    (RevisionNotFoundError, "it has no main branch on the hub; download it by hand, and name its folder"),
    (HFValidationError, "that is no name of a model on the hub"),
    (HfHubHTTPError, "the hub refused or failed; try again later, or `hf auth login`"),
    (_NOT_WRITABLE, "the hub's cache cannot be written; check whose it is, or set HF_HOME to another folder"),
    (HTTPError, "the hub cannot be reached; check the network and try again"),
    (ConnectionError, "the hub cannot be reached; check the network and try again"),
)


# --- how far it has come ----------------------------------------------------------------------------------------------


class _Bar:
    """A progress bar as the hub's client wants one, that shows nothing."""

    def __init__(self, *_: object, total: float | None = None, initial: float = 0, **__: object) -> None:
        self.total = total
        self.n = initial
        self.format_dict: dict[str, object] = {}

    def update(self, count: float | None = 1) -> None:
        """Count on."""
        self.n += count or 0

    def ignore(self, *_: object, **__: object) -> None:
        """Show nothing."""

    refresh = close = set_description = set_description_str = set_postfix_str = ignore

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Meter:
    """Adds up what several files have got, and tells it now and then."""

    def __init__(self, on_progress: OnProgress, expected_bytes: int) -> None:
        self._on_progress = on_progress
        self._expected_bytes = expected_bytes
        self._bars: list[_Bar] = []
        self._lock = threading.Lock()
        self._told_at = float("-inf")

    def bar(self, *args: object, **words: Any) -> _Bar:
        """Make a bar of the client's. One of them counts files, which are fewer than their bytes."""
        bar = _WatchedBar(self.tell, *args, **words)
        self._bars.append(bar)
        return bar

    def tell(self, *, at_once: bool = False) -> None:
        """Report, unless it was done a moment ago. What came by wire and what was written are two bars."""
        with self._lock:
            if not at_once and time.monotonic() - self._told_at < _SECONDS_BETWEEN_REPORTS:
                return
            self._told_at = time.monotonic()
            done = int(max((bar.n for bar in self._bars), default=0))
            self._on_progress(LoadStage.DOWNLOADING, done, max(done, self._expected_bytes) or None)


class _WatchedBar(_Bar):
    """A bar that says when it has moved."""

    def __init__(self, moved: Callable[[], None], *args: object, **words: Any) -> None:
        super().__init__(*args, **words)
        self._moved = moved

    def update(self, count: float | None = 1) -> None:
        """Count on, and say so."""
        super().update(count)
        self._moved()
