"""Seconds people wait for loads in a day, by policy: `python -m bench.residency [--seeds N]` prints the tables.

A day's messages of some people come to five models that do not fit into memory together. The bot's own router,
residency and keeper decide, in virtual time; beside them, on the same messages and with the same load times, the
policies that servers have. The days before the one that counts teach whoever learns.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.residency_clock import run
from bench.residency_models import (
    BYTES_PER_SECOND,
    MEMORY_BYTES,
    MORE_MEMORY_BYTES,
    OTHER_BYTES_PER_SECOND,
    SIZES,
    Host,
    load_seconds_by_size,
    make_registry,
    measured_seconds,
)
from bench.residency_policies import POLICIES
from bench.residency_trace import DAY_SECONDS, LEVELS, TableClassifier, draw_days
from routing.intelligent_router import IntelligentRouter
from routing.types import Query, TaskCategory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.residency_clock import VirtualLoop
    from bench.residency_policies import Make, Policy
    from bench.residency_trace import Asked
    from routing.types import ModelMetadata

_NAME_LETTERS = 32
# What ours may fall short of the router that loads do not bother, in points of quality (0-1) in the mean: a policy
# that never loads anything good would wait for nothing.
_QUALITY_ALLOWED = 0.03


@dataclass(slots=True)
class Day:
    """What came of one day under one policy."""

    waits: list[float] = field(default_factory=list)
    as_wanted: list[bool] = field(default_factory=list)
    quality_lost: list[float] = field(default_factory=list)
    loads: int = 0

    @property
    def row(self) -> dict[str, float]:
        """The figures by the name of their column."""
        return {
            "s waited": sum(self.waits),
            "who waited": 100 * sum(wait > 0.5 for wait in self.waits) / len(self.waits),
            "longest": max(self.waits),
            "loads": float(self.loads),
            "as wanted": 100 * sum(self.as_wanted) / len(self.as_wanted),
            "quality lost": statistics.fmean(self.quality_lost),
        }


def simulate(make: Make, host: Host, asked: Sequence[Asked], days: int) -> Day:
    """Run days under a policy; the last one counts."""
    return run(lambda loop: _simulate(loop, make, host, asked, (days - 1) * DAY_SECONDS))


async def _simulate(loop: VirtualLoop, make: Make, host: Host, asked: Sequence[Asked], counts_from: float) -> Day:
    policy, day = make(loop, host), Day()
    wanted = IntelligentRouter(make_registry(loop.time, known=False), classifier=TableClassifier())  # type: ignore[arg-type]  # it reads a table
    chats: dict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        chats[one.chat_id].append(one)
    async with asyncio.TaskGroup() as group:
        group.create_task(_note_loads(loop, policy, day, counts_from))
        for messages in chats.values():
            group.create_task(_converse(loop, policy, wanted, messages, day, counts_from))
    day.loads = len(policy.server.loads) - day.loads
    await policy.close()
    return day


async def _note_loads(loop: VirtualLoop, policy: Policy, day: Day, counts_from: float) -> None:
    await asyncio.sleep(counts_from - loop.time())
    day.loads = len(policy.server.loads)


async def _converse(  # noqa: PLR0913, PLR0917  # whoever is in it
    loop: VirtualLoop,
    policy: Policy,
    wanted: IntelligentRouter,
    messages: Sequence[Asked],
    day: Day,
    counts_from: float,
) -> None:
    """One chat: each message waits for the answer before it."""
    last: str | None = None
    for one in messages:
        await asyncio.sleep(one.at - loop.time())
        query = Query(one.text, chat_id=one.chat_id, current_model_id=last)
        decision = policy.router.decide(query)
        model = decision.candidates[0].model
        asked_at = loop.time()
        await policy.ensure(model)
        waited = loop.time() - asked_at
        await asyncio.sleep(decision.estimated_tokens / model.tokens_per_second)
        policy.release(model)
        policy.answered(model, one.at)
        last = model.model_id
        if one.at >= counts_from:
            best = wanted.decide(Query(one.text)).candidates[0].model
            day.waits.append(waited)
            day.as_wanted.append(model.model_id == best.model_id)
            day.quality_lost.append(_quality(best, one.category) - _quality(model, one.category))


def _quality(model: ModelMetadata, category: TaskCategory) -> float:
    """The figure of the catalog that the category goes by."""
    if category is TaskCategory.CODE:
        return model.quality.code
    reasoned = category in {TaskCategory.MATH, TaskCategory.REASONING, TaskCategory.ANALYSIS}
    return model.quality.reasoning if reasoned else model.quality.general


def compare(memory_bytes: float, seconds: Mapping[str, float], seeds: Sequence[int], days: int) -> dict[str, list[Day]]:
    """Simulate every policy with every seed."""
    found: dict[str, list[Day]] = {name: [] for name in POLICIES}
    for seed in seeds:
        asked = draw_days(seed, days)
        for name, make in POLICIES.items():
            found[name].append(simulate(make, Host(memory_bytes, seconds, seed), asked, days))
    return found


def print_table(found: Mapping[str, Sequence[Day]]) -> None:
    """Print each policy's medians over the seeds, and whether ours is lowest."""
    columns = list(next(iter(found.values()))[0].row)
    print("".join(("".ljust(_NAME_LETTERS), *(column.rjust(13) for column in columns))))
    for name, days in found.items():
        cells = (statistics.median(day.row[column] for day in days) for column in columns)
        print("".join((name.ljust(_NAME_LETTERS), *(f"{cell:13.{2 if abs(cell) < 1 else 1}f}" for cell in cells))))
    print(_verdict(found))


def _verdict(found: Mapping[str, Sequence[Day]]) -> str:
    """Compare seed by seed, and in the median."""
    ours, others = found["ours"], [days for name, days in found.items() if name != "ours"]
    waited = [sum(day.waits) for day in ours]
    best = [min(sum(days[place].waits) for days in others) for place in range(len(ours))]
    lowest = sum(mine < other for mine, other in zip(waited, best, strict=True))
    lost = statistics.median(day.row["quality lost"] for day in ours)
    met = statistics.median(waited) < min(statistics.median(sum(day.waits) for day in days) for days in others)
    return (
        f"ours is lowest in {lowest} of {len(ours)} days and {'' if met else 'NOT '}in the median: "
        f"{'met' if met and lost <= _QUALITY_ALLOWED else 'NOT MET'} (quality lost may be {_QUALITY_ALLOWED:g})"
    )


def print_setting(asked: Sequence[Asked], days: int) -> None:
    """Print what is simulated."""
    counted = [one for one in asked if one.at >= (days - 1) * DAY_SECONDS]
    subjects = ", ".join(f"{sum(one.category is each for one in counted)} {each}" for each in LEVELS)
    print(f"{len(counted)} messages on the first seed's day: {subjects}")
    print("models (GB on disk): " + ", ".join(f"{name} ({size / 1e9:g})" for name, size in SIZES.items()))


def main() -> None:
    """Read the options, simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=9, help="how many days are drawn (default 9)")
    parser.add_argument("--days", type=int, default=8, help="days simulated, of which the last counts (default 8)")
    parser.add_argument("--speed", type=float, help="GB/s of a load (default 1, and 0.3 and 3 beside it)")
    parser.add_argument("--memory", type=float, help="GB for models (default 30, and 36 beside it)")
    parser.add_argument("--database", type=Path, help="take the load times from what a bot has measured")
    given = parser.parse_args()
    began = time.monotonic()
    seeds = range(1, given.seeds + 1)
    print_setting(draw_days(seeds[0], given.days), given.days)
    for speed, memory in settings(given.speed, given.memory):
        seconds = load_seconds_by_size(speed) | (measured_seconds(given.database) if given.database else {})
        said = ", ".join(f"{seconds[name]:.1f}" for name in SIZES)
        print(f"\n{memory / 1e9:g} GB for models, loads in {said} s")
        print_table(compare(memory, seconds, seeds, given.days))
    print(f"\nMedians of {given.seeds} days, simulated in {time.monotonic() - began:.0f} s.")


def settings(speed: float | None, memory: float | None) -> list[tuple[float, float]]:
    """List what is simulated: bytes a second and bytes of memory."""
    speeds = [speed * 1e9] if speed else [BYTES_PER_SECOND, *OTHER_BYTES_PER_SECOND]
    memories = [memory * 1e9] if memory else [MEMORY_BYTES, MORE_MEMORY_BYTES]
    usual = [(speeds[0], bytes_) for bytes_ in memories]
    return usual + [(other, memories[0]) for other in speeds[1:]]


if __name__ == "__main__":
    main()
