"""What Queued and Loading promise, in seconds: worked out from what was measured, and never a promise of 0."""

from __future__ import annotations

import heapq
import math
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routing.types import LoadProgress

NOTICEABLE_SECONDS = 1.0
"""What takes less is over before anybody has read that it takes time."""

# What has outlasted its usual time by now takes about this share of its age longer: the older, the longer still.
_OVERDUE_SHARE = 0.25
# Before that much is read, the speed of reading says little.
_TELLING_SHARE = 0.05
_TELLING_SECONDS = 0.5


def remaining_seconds(usual_seconds: float, elapsed_seconds: float) -> float:
    """How much longer something takes that usually takes so long; what is overdue is expected to take ever longer."""
    return max(usual_seconds - elapsed_seconds, elapsed_seconds * _OVERDUE_SHARE)


def loading_seconds(
    usual_seconds: float | None, elapsed_seconds: float, progress: LoadProgress | None = None
) -> float | None:
    """How much longer a load takes: by the bytes that are there, where the server tells, else by what it took before.

    None: nobody knows. `elapsed_seconds` counts from the beginning of the stage that `progress` tells of.
    """
    by_bytes = _by_bytes(progress, elapsed_seconds)
    if by_bytes is not None:
        return spoken(by_bytes)
    return None if usual_seconds is None else spoken(remaining_seconds(usual_seconds, elapsed_seconds))


def queued_seconds(
    position: int, running_seconds: Sequence[float], limit: int, measured_seconds: Sequence[float]
) -> float | None:
    """How long somebody waits who is `position`-th in line where `limit` answers run at once.

    `running_seconds` is how long each one that runs has been running, `measured_seconds` what the last ones took. Each
    that leaves lets the next in line in, which takes the average. None: nothing has been measured.
    """
    if not measured_seconds:
        return None
    usual = fmean(measured_seconds)
    free_after = [remaining_seconds(usual, seconds) for seconds in running_seconds]
    free_after += [0.0] * (limit - len(free_after))
    heapq.heapify(free_after)
    for _ in range(position - 1):
        heapq.heapreplace(free_after, free_after[0] + usual)
    return spoken(free_after[0])


def spoken(seconds: float) -> float:
    """Round up as one speaks: to whole seconds, from 10 on to fives, from a minute on to tens; 1 at the least."""
    step = 1 if seconds <= 10 else 5 if seconds <= 60 else 10
    return float(max(1, math.ceil(seconds / step) * step))


def _by_bytes(progress: LoadProgress | None, elapsed_seconds: float) -> float | None:
    if progress is None or not progress.done_bytes or not progress.total_bytes:
        return None
    done, total = progress.done_bytes, progress.total_bytes
    if elapsed_seconds < _TELLING_SECONDS or not _TELLING_SHARE * total <= done < total:
        return None
    return elapsed_seconds * (total - done) / done
