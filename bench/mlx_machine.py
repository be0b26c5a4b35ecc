"""What bench.mlx says of the machine it ran on, for whoever reads its table; no name and no path is in it."""

from __future__ import annotations

import ctypes.util
import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_GB = 1e9


def describe(device: Mapping[str, Any]) -> Iterator[str]:
    """Give lines on the hardware, the versions, and what MLX says of its device."""
    total_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    yield f"machine   {processor()}, {os.cpu_count()} cores, {total_bytes / _GB:.1f} GB, load {os.getloadavg()[0]:.1f}"
    yield f"system    {platform.system()} {platform.release()} {platform.machine()}, Python {platform.python_version()}"
    versions = (f"{name} {importlib.metadata.version(name)}" for name in ("mlx", "mlx-lm"))
    yield f"versions  {', '.join(versions)}"
    yield f"device    {', '.join(_device(device))}"


def _device(device: Mapping[str, Any]) -> Iterator[str]:
    yield str(device.get("default", "unknown"))
    if name := device.get("device_name"):
        yield str(name)
    if working_set := device.get("max_recommended_working_set_size"):
        yield f"working set {working_set / _GB:.1f} GB"
    if limit := _sysctl("iogpu.wired_limit_mb"):
        yield f"iogpu.wired_limit_mb {limit}"
    if platform.system() == "Linux":
        yield f"BLAS {'OpenBLAS' if _preloaded() else 'the slow reference one; install libopenblas0-pthread'}"


def preload_openblas() -> bool:
    """Have this process's children compute with OpenBLAS on Linux, where MLX comes with the slow reference BLAS.

    It must be installed by the system. True if sums are fast here; other systems have a fast one of their own. One
    processor is left to those who read the answers, as a Mac's GPU leaves all of them: OpenBLAS's threads wait for each
    other without pause, and each time that a reader takes a processor away from one, all stand still.
    """
    if platform.system() != "Linux" or _preloaded():
        return True
    found = ctypes.util.find_library("openblas")
    if found:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", str(max(1, (os.cpu_count() or 1) - 1)))
        os.environ["LD_PRELOAD"] = f"{os.environ.get('LD_PRELOAD', '')} {found}".strip()
    return bool(found)


def _preloaded() -> bool:
    return "openblas" in os.environ.get("LD_PRELOAD", "")


def processor() -> str:
    """Name the processor."""
    if name := _sysctl("machdep.cpu.brand_string"):
        return name
    information = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*: (.+)$", information.read_text(), re.MULTILINE) if information.exists() else None
    return found[1] if found else platform.machine()


def _sysctl(name: str) -> str:
    """Ask macOS; empty elsewhere."""
    if platform.system() != "Darwin":
        return ""
    asked = subprocess.run(("/usr/sbin/sysctl", "-n", name), capture_output=True, text=True, check=False)
    return asked.stdout.strip()
