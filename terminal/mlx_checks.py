"""Checks what MLX models need: MLX itself, its process, each model's files, and the memory for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dialogue.figures import memory
from routing.errors import BackendError
from routing.host_memory import HostMemoryReader
from routing.model_backends.mlx import is_installed
from routing.model_backends.mlx_folder import find_folder, read_model_folder, weight_files
from routing.model_backends.mlx_process import WorkerProcess
from routing.model_backends.mlx_protocol import Unload, WorkerFailure
from routing.model_backends.mlx_sizes import read_model_needs
from routing.model_backends.mlx_weights import DamagedFile, read_header
from terminal.findings import Finding, failed, warning, well

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from routing.model_backends.mlx_protocol import Ready
    from settings import Settings

_BYTES_PER_GB = 1e9
_NOT_INSTALLED = (
    "On a Mac with Apple silicon `scripts/run` installs it; elsewhere leave MLX_MODEL_PATHS empty, and use another "
    "model server."
)
# The first start reads MLX from the disk, which a cold one takes its time for.
_START_SECONDS = 60.0


async def check_mlx(settings: Settings, *, installed: Callable[[], bool] = is_installed) -> AsyncIterator[Finding]:
    """Check MLX and every model of MLX_MODEL_PATHS; nothing where there are none."""
    if not settings.mlx_model_paths:
        return
    ready = None
    if installed():
        process = WorkerProcess()
        try:
            yield await _started(process)
            ready = process.ready
        finally:
            await process.close()
    else:
        yield failed("MLX is not installed", _NOT_INSTALLED)
    limit_bytes = _limit_bytes(settings, ready)
    for path in settings.mlx_model_paths:
        yield await asyncio.to_thread(_check_model, path, limit_bytes)


async def _started(process: WorkerProcess) -> Finding:
    """Have MLX's process do something that is nothing."""
    try:
        async with asyncio.timeout(_START_SECONDS), process.ask(Unload(0, "")) as reports:
            async for _ in reports:
                continue
    except WorkerFailure as failure:
        return failed(f"MLX does not run: {failure}", "`scripts/run` installs it anew; the log has the details.")
    except TimeoutError:
        return failed(f"MLX's process does not answer within {_START_SECONDS:.0f} s", "Start this machine anew.")
    device = process.ready.device if process.ready else "unknown"
    return well(f"MLX runs, on the device {device}")


def _limit_bytes(settings: Settings, ready: Ready | None) -> int | None:
    """How much memory models may take, as the bot will reckon."""
    reader = HostMemoryReader(round(settings.model_memory_gb * _BYTES_PER_GB) or None)
    reader.working_set_bytes = ready.working_set_bytes if ready else None
    return reader.read().models_limit_bytes


def _check_model(path: str, limit_bytes: int | None) -> Finding:
    """Read a model's files, and reckon whether it fits into memory with all others gone."""
    try:
        model, folder = read_model_folder(path), find_folder(path)
        refusal = read_model_needs(folder).refusal(model.display_name or path, limit_bytes) if folder else ""
    except BackendError as error:
        return failed(
            f"MLX: {error}",
            f"Take {path} out of MLX_MODEL_PATHS, or name a folder that has a whole model, with its config.json.",
        )
    name = f"MLX: {model.display_name or path}"
    if not (model.downloaded and folder):
        return warning(f"{name} is not downloaded", f"`scripts/run models load {path}` fetches it.")
    if fault := _fault_of_weights(folder):
        text = f"MLX: the weights of {model.display_name or path} are {fault}"
        return failed(text, f"Delete what is in {path}, and download the model again.")
    if refusal:
        return warning(f"MLX: {refusal}", "MODEL_MEMORY_GB says how much there may be, where it is set.")
    return well(f"{name} is in {path}{f', {memory(model.size_bytes)}' if model.size_bytes else ''}")


def _fault_of_weights(folder: Path) -> str:
    """Hold each file against what it says of itself, as the worker does before a load; empty if all is well."""
    files = weight_files(folder)
    try:
        for file in files:
            read_header(file)
    except (DamagedFile, OSError):
        return "damaged"
    return "" if files else "not there"
