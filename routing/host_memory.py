"""HostMemory: how much memory this host has for models, by Linux's /proc or by macOS's own counters."""

from __future__ import annotations

import ctypes
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

NORMAL, WARNING, CRITICAL = "normal", "warning", "critical"

# A reading is used again for so long: available memory moves with every page, and a decision must stay cheap.
_FRESH_SECONDS = 2.0
# What is available is told in steps, so that a page more or less is no news.
_STEP_BYTES = 64_000_000
# MLX models are admitted below this share of what Metal recommends as a working set (facts measured elsewhere: models
# near the whole of it make macOS page, and it varies with the machine).
_SHARE_OF_WORKING_SET = 0.85
# Metal recommends 67 % to 78 % of a Mac's memory, by the machine: where it has not been asked, the least of it counts.
_SHARE_OF_A_MAC = 2 / 3
# On Linux everything else that runs needs something too, whatever is available at the moment.
_SHARE_OF_LINUX = 0.9


@dataclass(frozen=True, slots=True)
class HostMemory:
    """This host's memory, in bytes; None where nobody knows.

    `models_limit_bytes` is the most that all loaded models may take together; on Linux MemAvailable, and what the
    loaded models themselves take, bound it too. `pressure` is "normal", "warning" or "critical". `elastic`: while its
    pressure is normal the system makes room by itself, so that what is available is no limit (macOS).
    """

    total_bytes: int | None
    available_bytes: int | None
    models_limit_bytes: int | None
    pressure: str = NORMAL
    elastic: bool = False


UNKNOWN = HostMemory(None, None, None)
"""Of a host that tells nothing."""


class MacCounters(Protocol):
    """What macOS tells of itself; None where it does not."""

    def number(self, name: str) -> int | None:
        """Read one number by its sysctl name."""

    def free_and_inactive_bytes(self) -> int | None:
        """Count the pages that are free, and those that were not used lately."""


class HostMemoryReader:
    """Reads this host's memory: cheap, never waits, never raises.

    `models_cap_bytes` is the most that models may take, by the settings; None leaves it to the host. Tell
    `working_set_bytes` what Metal recommends, once the MLX worker has said so.
    """

    def __init__(
        self,
        models_cap_bytes: int | None = None,
        *,
        system: str = sys.platform,
        root: Path = Path("/"),
        mac: MacCounters | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.working_set_bytes: int | None = None
        self._cap = models_cap_bytes
        self._system = system
        self._root = root
        self._mac = mac
        self._clock = clock
        self._read_at = float("-inf")
        self._for_working_set: int | None = None
        self._last = UNKNOWN

    def read(self) -> HostMemory:
        """Tell how the memory stands; the same object for two seconds, or longer while nothing changes."""
        now = self._clock()
        if now - self._read_at < _FRESH_SECONDS and self._for_working_set == self.working_set_bytes:
            return self._last
        self._read_at, self._for_working_set = now, self.working_set_bytes
        memory = self._on_mac() if self._system == "darwin" else self._on_linux()
        if memory != self._last:
            self._last = memory
        return self._last

    def expire(self) -> None:
        """Have the memory looked at anew: a model has come or gone."""
        self._read_at = float("-inf")

    # --- Linux --------------------------------------------------------------------------------------------------------

    def _on_linux(self) -> HostMemory:
        """Read /proc/meminfo; a control group's limit counts where it is smaller.

        Where there is a graphics card with memory of its own, nobody here knows what fits it.
        """
        known = _numbers(_text(self._root / "proc/meminfo"))
        total, available = (1024 * known[name] if name in known else None for name in ("MemTotal", "MemAvailable"))
        if any((self._root / path).exists() for path in ("proc/driver/nvidia/gpus", "dev/kfd")):
            return HostMemory(total, None, self._cap)
        for limit, used in _group_limits(self._root):
            total = _least(total, limit)
            available = _least(available, max(0, limit - used))
        share = int(_SHARE_OF_LINUX * total) if total else None
        return HostMemory(total, _in_steps(available), _least(self._cap, share))

    # --- macOS --------------------------------------------------------------------------------------------------------

    def _on_mac(self) -> HostMemory:
        """Ask sysctl and the kernel's page counters. Unchecked: no Mac was at hand when this was written."""
        mac = self._mac = self._mac or SystemCounters()
        total = mac.number("hw.memsize")
        wired = mac.number("iogpu.wired_limit_mb")  # 0: left to macOS
        working_set = self.working_set_bytes or (wired * 1024**2 if wired else None)
        limit = int(_SHARE_OF_A_MAC * total) if total else None
        if working_set:
            limit = int(_SHARE_OF_WORKING_SET * working_set)
        level = mac.number("kern.memorystatus_vm_pressure_level")
        pressure = {2: WARNING, 4: CRITICAL}.get(level or 1, NORMAL)
        available = _in_steps(mac.free_and_inactive_bytes())
        return HostMemory(total, available, _least(self._cap, limit), pressure, elastic=True)


class SystemCounters:
    """macOS's sysctl and its page counters, by the functions of libSystem."""

    def __init__(self) -> None:
        self._system: ctypes.CDLL | None
        try:
            self._system = ctypes.CDLL(None)
            self._host = ctypes.c_uint(self._system.mach_host_self())  # asked once: each asking holds one more right
            self._page_bytes = self.number("hw.pagesize") or 0
        except (OSError, AttributeError):
            self._system = None

    def number(self, name: str) -> int | None:
        """Read one number by its sysctl name; it may be stored in four bytes or in eight."""
        if self._system is None:
            return None
        value = ctypes.c_uint64(0)
        size = ctypes.c_size_t(ctypes.sizeof(value))
        failed = self._system.sysctlbyname(name.encode(), ctypes.byref(value), ctypes.byref(size), None, 0)
        return None if failed else value.value

    def free_and_inactive_bytes(self) -> int | None:
        """Ask host_statistics64 for HOST_VM_INFO64, whose first numbers count pages: free, active, inactive, wired."""
        if self._system is None:
            return None
        numbers = (ctypes.c_uint * 64)()
        count = ctypes.c_uint(38)  # HOST_VM_INFO64_COUNT: the size of vm_statistics64 in numbers of four bytes
        failed = self._system.host_statistics64(self._host, 4, ctypes.byref(numbers), ctypes.byref(count))
        return None if failed else (numbers[0] + numbers[2]) * self._page_bytes


def _group_limits(root: Path) -> Iterator[tuple[int, int]]:
    """Find the limits in bytes of this process's control groups, up to the topmost, each with what is used of it.

    Files that were read lately count as used by the kernel, and can be dropped: they are taken off.
    """
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if not controllers:
            top, names = root / "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            top = root / "sys/fs/cgroup/memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        group = top / path.strip("/")
        for folder in (group, *group.parents[: len(group.parts) - len(top.parts)]):
            limit, used = _number(folder / names[0]), _number(folder / names[1])
            if limit is not None and used is not None:
                dropped = _numbers(_text(folder / "memory.stat")).get(names[2], 0)
                yield limit, max(0, used - dropped)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    """Read a file that holds one number; None for one that is not there, or says "max"."""
    text = _text(path).strip()
    return int(text) if text.isdecimal() else None


def _numbers(text: str) -> Mapping[str, int]:
    """Read lines of a name and a number: "MemTotal:  24684084 kB", "inactive_file 4096"."""
    rows = (line.replace(":", " ").split() for line in text.splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdecimal()}


def _least(*figures: int | None) -> int | None:
    return min((figure for figure in figures if figure is not None), default=None)


def _in_steps(figure: int | None) -> int | None:
    return None if figure is None else figure - figure % _STEP_BYTES
