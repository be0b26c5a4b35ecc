"""What the device's memory holds and has room for, how much of it is wired, and how it is given back."""

from __future__ import annotations

import gc
from dataclasses import dataclass

import mlx.core as mx

# Metal slows down, then fails, as the working set comes near what it recommends.
_USABLE_SHARE = 0.85


@dataclass(frozen=True, slots=True)
class MemoryFigures:
    """Bytes: in use now, in use at the most so far, and freed but kept by MLX for its next arrays."""

    active_bytes: int
    peak_bytes: int
    cached_bytes: int


def figures() -> MemoryFigures:
    """Read what MLX holds."""
    return MemoryFigures(mx.get_active_memory(), mx.get_peak_memory(), mx.get_cache_memory())


def device() -> str:
    """Name the device that models run on."""
    return str(mx.device_info().get("device_name", "")) or str(mx.default_device())


def working_set_bytes() -> int | None:
    """How much Metal recommends to use at the most; None on a CPU, which has no such figure."""
    size = mx.device_info().get("max_recommended_working_set_size")
    return int(size) if size else None


def room_bytes(*, available_bytes: int | None, limit_bytes: int = 0) -> int | None:
    """How much more fits: up to 0.85 of Metal's working set, or what the host has available, and never over the limit.

    `available_bytes` is the host's own figure; what MLX only keeps for later counts as free. `limit_bytes` 0: no limit.
    None: nobody knows.
    """
    return room_beside(
        figures(), working_set=working_set_bytes(), available_bytes=available_bytes, limit_bytes=limit_bytes
    )


def room_beside(
    held: MemoryFigures, *, working_set: int | None, available_bytes: int | None, limit_bytes: int
) -> int | None:
    """Work out the room beside what is held, on Metal by its working set (0.85 of it), elsewhere by what is free."""
    rooms = [limit_bytes - held.active_bytes] if limit_bytes else []
    if working_set is not None:
        rooms.append(int(_USABLE_SHARE * working_set) - held.active_bytes)
    elif available_bytes is not None:
        rooms.append(available_bytes + held.cached_bytes)
    return max(0, min(rooms)) if rooms else None


def wired_limit_bytes(*, setting_bytes: int, loaded_bytes: int, working_set: int | None) -> int | None:
    """How much memory may be kept from being paged out: what is set, or (0) what the loaded models take.

    Never all that Metal recommends: under churn that can panic macOS (mlx issue 3186). None where there is no Metal.
    """
    if working_set is None:
        return None
    return min(setting_bytes or loaded_bytes, int(_USABLE_SHARE * working_set))


def wire(*, setting_bytes: int, loaded_bytes: int) -> int | None:
    """Set the wired limit anew, after each load and unload; gives it, or None where there is none to set."""
    limit = wired_limit_bytes(setting_bytes=setting_bytes, loaded_bytes=loaded_bytes, working_set=working_set_bytes())
    if limit is not None:
        mx.set_wired_limit(limit)
    return limit


def give_back() -> None:
    """Free what nothing refers to any more, and what MLX keeps for later."""
    gc.collect()
    mx.clear_cache()
