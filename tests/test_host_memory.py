"""HostMemoryReader: what Linux and macOS tell of memory, the settings' cap, and that nothing strange stops it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.host_memory import UNKNOWN, HostMemoryReader, SystemCounters

GB = 1_000_000_000
ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Linux:
    """The files of a Linux machine, and a clock that stands still until it is moved."""

    root: Path
    now: float = 0.0

    def write(self, path: str, text: str) -> None:
        """Put a file there."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def meminfo(self, total: float, available: float) -> None:
        """Tell both in GB."""
        rows = {"MemTotal": total, "MemFree": 1.0, "MemAvailable": available}
        self.write("proc/meminfo", "".join(f"{name}: {int(gb * GB / 1024)} kB\n" for name, gb in rows.items()))

    def reader(self, **given: Any) -> HostMemoryReader:
        """Read this machine."""
        return HostMemoryReader(system="linux", root=self.root, clock=lambda: self.now, **given)


@dataclass
class Mac:
    """What macOS would say."""

    numbers: dict[str, int] = field(default_factory=lambda: {"hw.memsize": 36 * GB})
    pages: int | None = 12 * GB

    def number(self, name: str) -> int | None:
        """Look it up."""
        return self.numbers.get(name)

    def free_and_inactive_bytes(self) -> int | None:
        """As told."""
        return self.pages

    def reader(self, **given: Any) -> HostMemoryReader:
        """Read this machine, every time anew."""
        ticks = iter(range(0, 10_000, 10))
        return HostMemoryReader(system="darwin", mac=self, clock=lambda: float(next(ticks)), **given)


@pytest.fixture
def linux(tmp_path: Path) -> Linux:
    machine = Linux(tmp_path)
    machine.meminfo(32, 20)
    return machine


# --- Linux ------------------------------------------------------------------------------------------------------------


def test_linux_tells_what_is_available(linux: Linux) -> None:
    """And nine tenths of everything is the most that models may take."""
    memory = linux.reader().read()
    assert memory.total_bytes == pytest.approx(32 * GB, rel=0.001)
    assert memory.available_bytes == pytest.approx(20 * GB, rel=0.005)
    assert (memory.available_bytes or 0) < 20 * GB
    assert memory.models_limit_bytes == pytest.approx(28.8 * GB, rel=0.001)
    assert (memory.pressure, memory.elastic) == ("normal", False)


def test_the_settings_may_give_models_less_and_not_more(linux: Linux) -> None:
    """The smaller figure holds."""
    assert linux.reader(models_cap_bytes=8 * GB).read().models_limit_bytes == 8 * GB
    limit = linux.reader(models_cap_bytes=800 * GB).read().models_limit_bytes
    assert limit == pytest.approx(28.8 * GB, rel=0.001)


@pytest.mark.parametrize(
    ("path", "limits"),
    [
        ("/user.slice/bot", {"user.slice/bot": ("8000000000", "3000000000")}),
        ("/user.slice/bot", {"user.slice": ("8000000000", "3000000000"), "user.slice/bot": ("max", "1")}),
        ("/user.slice/bot", {".": ("8000000000", "3000000000")}),
        ("/", {".": ("8000000000", "3000000000")}),
    ],
)
def test_a_control_group_counts_where_it_allows_less(
    linux: Linux, path: str, limits: dict[str, tuple[str, str]]
) -> None:
    """Its own limit, or that of any group around it; files that the kernel keeps by the way are not in the way."""
    linux.write("proc/self/cgroup", f"0::{path}\n")
    for folder, (most, used) in limits.items():
        linux.write(f"sys/fs/cgroup/{folder}/memory.max", most)
        linux.write(f"sys/fs/cgroup/{folder}/memory.current", used)
        linux.write(f"sys/fs/cgroup/{folder}/memory.stat", "anon 5\ninactive_file 1000000000\n")
    memory = linux.reader().read()
    assert memory.total_bytes == 8 * GB
    assert memory.available_bytes == pytest.approx(6 * GB, rel=0.02)
    assert memory.models_limit_bytes == pytest.approx(7.2 * GB)


def test_a_control_group_of_the_first_version_counts_too(linux: Linux) -> None:
    """Among other controllers that say nothing of memory; without a limit it says a huge number."""
    linux.write("proc/self/cgroup", "8:pids:/bot\n4:memory:/bot\n0::/\n")
    group = "sys/fs/cgroup/memory/bot/memory"
    linux.write(f"{group}.limit_in_bytes", "9223372036854771712\n")
    linux.write(f"{group}.usage_in_bytes", "3000000000\n")
    assert linux.reader().read().total_bytes == pytest.approx(32 * GB, rel=0.001)
    linux.write(f"{group}.limit_in_bytes", "4000000000\n")
    linux.write(f"{group}.stat", "inactive_file 7\ntotal_inactive_file 500000000\n")
    memory = linux.reader().read()
    assert memory.total_bytes == 4 * GB
    assert memory.available_bytes == pytest.approx(1.5 * GB, rel=0.04)


def test_a_group_that_has_used_more_than_its_limit_has_nothing_left(linux: Linux) -> None:
    """Not less than nothing."""
    linux.write("proc/self/cgroup", "0::/\n")
    linux.write("sys/fs/cgroup/memory.max", "1000000000")
    linux.write("sys/fs/cgroup/memory.current", "1100000000")
    assert linux.reader().read().available_bytes == 0


@pytest.mark.parametrize("card", ["proc/driver/nvidia/gpus/0", "dev/kfd"])
def test_beside_a_card_with_memory_of_its_own_nobody_knows(linux: Linux, card: str) -> None:
    """What the host has free says nothing then; the settings' word still holds."""
    linux.write(card, "")
    memory = linux.reader().read()
    assert (memory.available_bytes, memory.models_limit_bytes) == (None, None)
    assert linux.reader(models_cap_bytes=80 * GB).read().models_limit_bytes == 80 * GB


def test_a_reading_is_used_again_for_a_while(linux: Linux) -> None:
    """The same object, so that nobody compares in vain; and the same for longer while nothing changes."""
    reader = linux.reader()
    first = reader.read()
    linux.meminfo(32, 10)
    linux.now += 1.9
    assert reader.read() is first
    linux.now += 0.2
    second = reader.read()
    assert second.available_bytes == pytest.approx(10 * GB, rel=0.01)
    linux.meminfo(32, 10.000001)
    linux.now += 3
    assert reader.read() is second


def test_after_a_model_has_come_or_gone_it_is_read_anew(linux: Linux) -> None:
    """However lately it was read."""
    reader = linux.reader()
    reader.read()
    linux.meminfo(32, 10)
    reader.expire()
    assert reader.read().available_bytes == pytest.approx(10 * GB, rel=0.01)


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=30))
def test_whatever_stands_in_the_files_it_reads_on(
    tmp_path_factory: Any, meminfo: str, groups: str, figure: str
) -> None:
    """Nonsense is the same as nothing."""
    machine = Linux(tmp_path_factory.mktemp("host"))
    machine.write("proc/meminfo", f"MemTotal: 1000 kB\n{meminfo}")
    machine.write("proc/self/cgroup", f"0::/\n{groups}")
    machine.write("sys/fs/cgroup/memory.max", figure)
    machine.write("sys/fs/cgroup/memory.current", figure)
    memory = machine.reader().read()
    assert memory.total_bytes is not None
    assert (memory.available_bytes or 0) >= 0


def test_a_host_that_tells_nothing_is_unknown(tmp_path: Path) -> None:
    """Nothing is there, nothing is said."""
    assert HostMemoryReader(system="linux", root=tmp_path).read() == UNKNOWN


# --- macOS, as it is written down: unchecked on a Mac -----------------------------------------------------------------


def test_a_mac_gives_models_two_thirds_until_metal_is_asked() -> None:
    """Then 0.85 of what Metal recommends, at once; the limit that somebody has set for Metal counts before that."""
    mac = Mac()
    reader = mac.reader()
    assert reader.read().models_limit_bytes == 24 * GB
    mac.numbers["iogpu.wired_limit_mb"] = 0
    assert reader.read().models_limit_bytes == 24 * GB
    mac.numbers["iogpu.wired_limit_mb"] = 30_000
    assert reader.read().models_limit_bytes == int(0.85 * 30_000 * 1024**2)
    reader.working_set_bytes = 28 * GB
    assert reader.read().models_limit_bytes == int(0.85 * 28 * GB)
    assert mac.reader(models_cap_bytes=10 * GB).read().models_limit_bytes == 10 * GB


def test_what_metal_recommends_counts_from_the_moment_it_is_known() -> None:
    """A reading that is still fresh is no reason to wait."""
    reader = HostMemoryReader(system="darwin", mac=Mac(), clock=lambda: 5.0)
    assert reader.read().models_limit_bytes == 24 * GB
    reader.working_set_bytes = 20 * GB
    assert reader.read().models_limit_bytes == 17 * GB


@pytest.mark.parametrize(("level", "pressure"), [(1, "normal"), (2, "warning"), (4, "critical"), (None, "normal")])
def test_a_mac_tells_its_pressure(level: int | None, pressure: str) -> None:
    """And makes room by itself, which the figure of what is available does not know."""
    mac = Mac()
    if level is not None:
        mac.numbers["kern.memorystatus_vm_pressure_level"] = level
    memory = mac.reader().read()
    assert (memory.pressure, memory.elastic) == (pressure, True)
    assert memory.available_bytes == pytest.approx(12 * GB, rel=0.01)


def test_a_mac_that_tells_nothing_is_unknown() -> None:
    """A counter that a version of macOS does not have is no failure."""
    memory = Mac({}, None).reader().read()
    assert (memory.total_bytes, memory.available_bytes, memory.models_limit_bytes) == (None, None, None)


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac does tell")
def test_elsewhere_the_counters_of_macos_say_nothing() -> None:
    """Rather than fail."""
    counters = SystemCounters()
    assert (counters.number("hw.memsize"), counters.free_and_inactive_bytes()) == (None, None)


# --- this machine -----------------------------------------------------------------------------------------------------


def test_one_command_prints_what_this_machine_tells() -> None:
    """A small table, with figures on any system that is known."""
    ran = subprocess.run(
        [sys.executable, "-m", "scripts.host_memory"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    rows = [line.rsplit("  ", 1)[0].strip() for line in ran.stdout.splitlines()]
    assert [row.split("  ")[0] for row in rows] == ["system", "memory", "available", "for models", "pressure"]
    assert "GB" in ran.stdout.splitlines()[1]
    assert ran.stderr == ""
