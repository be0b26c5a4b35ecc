"""How good the router is, and how fast: `python -m bench.routing [--data DIR] [--only a,b,...]` prints the tables.

(a) the gap between a weak and a strong model that it recovers, (b) the same across data sets, (c) the choice among nine
models, (d) the category, (e) whether a choice survives typos, case and padding, (f) microseconds. Beside it in the same
run: prompt length, nearest utterances and LiteLLM's complexity router. Ours is never asked about what it was trained
on: (a) to (c) and the data sets of (d) are cross-validated, the rest is the router as shipped on messages it never saw.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.mlx_machine import processor
from bench.routing_categories import category_tables, held_out_table, probe_tables
from bench.routing_data import DataMissing, default_folder, our_messages, read_sets, unseen_probe
from bench.routing_gap import gap_tables, transfer_table
from bench.routing_models import learnt, nine_model_tables
from bench.routing_nearest import NearestUtterance
from bench.routing_ours import HeadsFit, category_of
from bench.routing_rival import INSTALL, litellm
from bench.routing_robustness import robustness_table
from bench.routing_table import print_tables
from bench.routing_times import time_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.routing_data import Labelled, PublicSets, TaskPrompt
    from bench.routing_ours import Category
    from bench.routing_rival import LiteLLM
    from bench.routing_table import Table

PARTS = "abcdef"
NEED_SETS = "abc"
# What computes in several threads waits for all of them, which on a busy machine takes many times as long; the library
# reads this when it is loaded, so that the bench starts itself again.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "VECLIB_MAXIMUM_THREADS": "1"}
# With --quick, rows of each public set, and the share of timed calls.
_FEW_ROWS, _FEW_CALLS = 300, 0.1
# Every so many of the prompts of the data sets are misspelt in (e).
_STEP = 10


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything that the parts are measured on and with; `sets` is None where the public sets are not there."""

    sets: PublicSets | None
    fit: HeadsFit | None
    messages: Sequence[Labelled]
    probe: Sequence[Labelled]
    nearest: NearestUtterance
    rival: LiteLLM | None
    seed: int
    seeds: int
    calls: float

    def tables(self, parts: str) -> Iterator[Table]:
        """Measure the parts that can be, one after the other."""
        for part in parts:
            if self.sets or part not in NEED_SETS:
                yield from getattr(self, f"_{part}")()

    def _a(self) -> Iterator[Table]:
        assert self.sets
        yield from gap_tables(self.sets.exams, self.nearest, self.rival, self.seeds)

    def _b(self) -> Iterator[Table]:
        assert self.sets
        yield transfer_table(self.sets.exams)

    def _c(self) -> Iterator[Table]:
        assert self.sets
        assert self.fit
        yield from nine_model_tables(self.sets.scored, partial(learnt, fit=self.fit), self.seed)

    def _d(self) -> Iterator[Table]:
        if self.sets:
            assert self.fit
            fit = partial(_category, self.fit)
            yield from category_tables(self.sets.prompts, fit, self.nearest, self.rival, self.seed)
        yield held_out_table(self.messages, self.nearest, self.rival)
        yield from probe_tables(self.probe, self.nearest, self.rival)

    def _e(self) -> Iterator[Table]:
        texts = {"probe": [message.text for message in self.probe]}
        if self.sets:
            texts["data sets"] = [row.prompt for row in self.sets.prompts[::_STEP]]
        yield robustness_table(texts, self.nearest, self.seed)

    def _f(self) -> Iterator[Table]:
        yield time_table(self.messages, self.nearest, self.rival, self.calls)


def _category(fit: HeadsFit, rows: Sequence[TaskPrompt]) -> Category:
    return category_of(fit(rows))


def machine(rival: LiteLLM | None) -> Iterator[str]:
    """Describe what it ran on."""
    yield f"machine   {processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    yield f"system    {platform.system()} {platform.release()} {platform.machine()}, Python {platform.python_version()}"
    yield f"versions  numpy {np.__version__}, " + (f"LiteLLM {rival.version}" if rival else "no LiteLLM")


def measure(given: argparse.Namespace) -> None:
    """Read the data, measure and print."""
    began = time.monotonic()
    few = _FEW_ROWS if given.quick else None
    sets = None
    try:
        sets = read_sets(given.data, few)
    except DataMissing as missing:
        print(f"{missing} Without it (a), (b), (c) and the data sets of (d) and (e) are left out.")
    messages = our_messages()
    nearest = NearestUtterance([message for message in messages if not message.held_out])
    with litellm(given.litellm) as rival:
        print("\n".join(machine(rival)) if rival else "\n".join((*machine(rival), INSTALL)))
        bench = Bench(
            sets=sets,
            fit=HeadsFit.of(given.data, sets.prompts) if sets else None,
            messages=messages,
            probe=unseen_probe(messages),
            nearest=nearest,
            rival=rival,
            seed=given.seed,
            seeds=1 if given.quick else given.seeds,
            calls=_FEW_CALLS if given.quick else 1.0,
        )
        print_tables(bench.tables("".join(part for part in PARTS if part in given.only)))
    print(f"\nSeed {given.seed}. Measured in {time.monotonic() - began:.0f} s.")


def parts(given: str) -> str:
    """Read which parts are wanted: "a,c" or "ac"."""
    letters = given.replace(",", "")
    if not letters or set(letters) - set(PARTS):
        raise argparse.ArgumentTypeError(f"name parts out of {', '.join(PARTS)}, not {given!r}")
    return letters


def main() -> None:
    """Read the options, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=default_folder(), help="the folder of the public sets")
    parser.add_argument("--only", type=parts, default=PARTS, help="parts to measure (default a,b,c,d,e,f)")
    parser.add_argument("--quick", action="store_true", help="few rows and calls, to see that all of it runs")
    parser.add_argument("--litellm", metavar="PYTHON", help="an interpreter that has LiteLLM (default build/bench's)")
    parser.add_argument("--seed", type=int, default=0, help="of the folds and the typos (default 0)")
    parser.add_argument("--seeds", type=int, default=3, help="of the folds in (a), whose mean is given (default 3)")
    given = parser.parse_args()
    if not os.environ.keys() & _ONE_THREAD.keys():
        os.execve(
            sys.executable, (sys.executable, "-m", "bench.routing", *sys.argv[1:]), os.environ | _ONE_THREAD
        )  # ourselves
    measure(given)


if __name__ == "__main__":
    main()
