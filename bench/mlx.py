"""Our MLX worker beside raw stream_generate and mlx_lm.server: `python -m bench.mlx [--model NAME]` prints the table.

All run the same model on the same prompts, greedily, in processes of their own, of which only one computes at a time.
They take turns within each round, so that whatever else slows the machine down meets all of them. Without --model
a random float32 model is made on the spot; its answers never end by themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import signal
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.mlx_answers import Prompts
from bench.mlx_contestants import Raw, raw, server
from bench.mlx_machine import describe, preload_openblas
from bench.mlx_measures import Scale, alone, at_once, newcomers, prefill, turn_two, warm_up
from bench.mlx_ours import ours
from bench.mlx_table import memory_rows, table
from routing.model_backends.mlx_protocol import Configure
from tests.mlx_models import make_model

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from bench.mlx_answers import Contestant
    from bench.mlx_measures import Figures

    Measure = Callable[[Contestant, Prompts, Scale], Awaitable[Figures]]
    Start = Callable[[], AbstractAsyncContextManager[Contestant]]

_QUICK = Scale(tokens=8, prompt_tokens=8, history_tokens=256, widths=(1, 2, 4), newcomers=2)
# The row with the narrowest target is measured more often than the others.
_TIMES_ALONE = 3
_HEAD_SIZE, _CONTEXT_TOKENS = 64, 8192
_WISH = " Tell a story of ten thousand words about these, and do not stop early."


@dataclass(slots=True)
class Results:
    """Figures and memory by contestant."""

    figures: dict[str, list[Figures]] = field(default_factory=dict)
    peaks: dict[str, tuple[int | None, int | None]] = field(default_factory=dict)
    device: dict[str, Any] = field(default_factory=dict)


async def measure(groups: Sequence[Sequence[Start]], prompts: Prompts, scale: Scale, rounds: int) -> Results:
    """Run all rounds with the contestants of a group side by side, one group after the other."""
    results, began = Results(), time.monotonic()
    for group in groups:
        async with AsyncExitStack() as stack:
            contestants = [await stack.enter_async_context(start()) for start in group]
            for contestant in contestants:
                await warm_up(contestant, prompts, scale)
                results.figures[contestant.name] = []
            for number in range(rounds):
                print(f"round {number + 1} of {rounds}, after {time.monotonic() - began:.0f} s", file=sys.stderr)
                await _round(contestants, prompts, scale, results, number)
            for contestant in contestants:
                results.peaks[contestant.name] = await contestant.peak_memory()
                if isinstance(contestant, Raw):
                    results.device = contestant.device
    return results


async def _round(
    contestants: Sequence[Contestant], prompts: Prompts, scale: Scale, results: Results, number: int
) -> None:
    """Measure every row of every contestant; whoever begins changes from round to round."""
    order = [contestants[(number + place) % len(contestants)] for place in range(len(contestants))]
    round_: dict[str, Figures] = {contestant.name: {} for contestant in order}
    for measure_, for_one in _measures(scale):
        for contestant in order:
            if for_one or contestant.several:
                for row, values in (await measure_(contestant, prompts, scale)).items():
                    round_[contestant.name].setdefault(row, []).extend(values)
    for name, figures in round_.items():
        results.figures[name].append(figures)


def _measures(scale: Scale) -> list[tuple[Measure, bool]]:
    """List what is measured, and whether also of a contestant that answers one at a time."""
    return [
        *[(alone, True)] * _TIMES_ALONE,
        *((functools.partial(at_once, width=width), width == 1) for width in scale.widths),
        (newcomers, False),
        (prefill, False),
        (turn_two, False),
    ]


def make_random_model(folder: Path, millions: float) -> Path:
    """Make a model of about so many million parameters, of the proportions that models of its size have."""
    # A layer has 9 x hidden x hidden of them, and there are hidden / 40 layers.
    hidden = max(1, round((millions * 1e6 * 40 / 9) ** (1 / 3) / (2 * _HEAD_SIZE))) * 2 * _HEAD_SIZE
    layers = max(1, round(millions * 1e6 / (9 * hidden**2)))
    return make_model(
        folder, "llama", hidden=hidden, layers=layers, head_size=_HEAD_SIZE, context_tokens=_CONTEXT_TOKENS
    )


def starts(model: str, names: Sequence[str], wired_bytes: int | None) -> list[Start]:
    """Say how each contestant is started."""
    known: dict[str, Start] = {
        "ours": functools.partial(ours, model, Configure()),
        "raw": functools.partial(raw, model),
        "server": functools.partial(server, model),
    }
    chosen = [known[name] for name in names]
    if wired_bytes is not None:
        configure = Configure(wired_limit_bytes=wired_bytes)
        chosen.append(functools.partial(ours, model, configure, f"wired {wired_bytes / 1e9:g}"))
    return chosen


def print_results(results: Results, scale: Scale, title: str, seconds: float) -> None:
    """Print the machine, the table, and how to read it."""
    print("\n".join(describe(results.device)))
    print(f"model     {title}")
    print(f"asked     {scale}\n")
    print("\n".join(table(results.figures, scale.widths)))
    print("\n".join(memory_rows(results.peaks)))
    print(f"\nMedians of {len(next(iter(results.figures.values())))} rounds, measured in {seconds:.0f} s.")


async def run(given: argparse.Namespace, scale: Scale, *, fast: bool) -> None:
    """Make the model if none is given, measure and print."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        millions = given.parameters or (30.0 if fast else 10.0)
        model = given.model or str(make_random_model(Path(folder) / "random", millions))
        title = Path(given.model).name if given.model else f"random float32, {millions:g} million parameters"
        chosen = starts(model, given.contestants.split(","), given.wired and int(given.wired * 1e9))
        groups = [[start] for start in chosen] if given.apart else [chosen]
        prompts = Prompts(given.seed, _WISH if given.model else "")
        results = await measure(groups, prompts, scale, given.rounds or (1 if given.quick else 3))
    print_results(results, scale, title, time.monotonic() - began)


def main() -> None:
    """Read the options, measure and print. A SIGTERM ends the contestants too, which are in sessions of their own."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a folder or hub name instead of a random model")
    parser.add_argument("--parameters", type=float, help="the random model's, in millions (default 30, or 10 if slow)")
    parser.add_argument("--rounds", type=int, help="how often everything is measured (default 3)")
    parser.add_argument("--quick", action="store_true", help="one small round, to see that all of it runs")
    parser.add_argument("--apart", action="store_true", help="never have two contestants' models in memory at once")
    parser.add_argument("--wired", type=float, metavar="GB", help="have ours take part again with this wired limit")
    parser.add_argument("--contestants", default="ours,raw,server", help="who takes part (default ours,raw,server)")
    parser.add_argument("--seed", type=int, default=1, help="of the prompts (default 1)")
    given = parser.parse_args()
    asyncio.run(run(given, _QUICK if given.quick else Scale(), fast=preload_openblas()))


if __name__ == "__main__":
    main()
