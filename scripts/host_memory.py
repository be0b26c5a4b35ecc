"""Prints what this host tells of its memory for models: `python -m scripts.host_memory`; of a Mac it is unchecked."""

from __future__ import annotations

import sys

from routing.host_memory import HostMemoryReader


def main() -> None:
    """Print a small table."""
    memory = HostMemoryReader().read()
    rows = {
        "system": sys.platform,
        "memory": _in_gb(memory.total_bytes),
        "available": _in_gb(memory.available_bytes),
        "for models": _in_gb(memory.models_limit_bytes),
        "pressure": memory.pressure,
    }
    for name, value in rows.items():
        print(f"{name:<12}{value:>12}")


def _in_gb(figure: int | None) -> str:
    return "unknown" if figure is None else f"{figure / 1e9:.1f} GB"


if __name__ == "__main__":
    main()
