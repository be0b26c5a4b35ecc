"""Fetches models through Ollama, with a progress bar."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from routing.model_backends.ollama_pull import pull
from terminal.control_characters import printable

if TYPE_CHECKING:
    from routing.types import Endpoint


async def pull_with_bar(endpoint: Endpoint, name: str, *, is_watched: bool) -> None:
    """Fetch one model; the bar is drawn only where somebody watches. Raises BackendError."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, disable=not is_watched, redirect_stdout=False, redirect_stderr=False) as progress:
        bar = progress.add_task(printable(name), total=None)
        async with aclosing(pull(endpoint, name)) as steps:
            async for step in steps:
                progress.update(bar, completed=step.done_bytes, total=step.total_bytes or None)
