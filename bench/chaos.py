"""What becomes of messages when the bot is killed, cut off or starved: `python -m bench.chaos [--kills N | --faults]`.

The real bot runs as a process against the local Bot API server and an Ollama double, which go on living when it dies.
Exit status 1 when a message is lost, or answered twice without a kill within the very call that sends its answer.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from bench import chaos_faults, chaos_kills
from bench.chaos_count import Fate, Where
from bench.chaos_story import explain
from tests.telegram_faults import Limits

if TYPE_CHECKING:
    from bench.chaos_faults import Row
    from bench.chaos_kills import Options, Outcome


def print_outcome(options: Options, outcome: Outcome) -> None:
    """Print the table of a run."""
    lives = ", ".join(f"{count} {moment}" for moment, count in chaos_kills.by_moment(outcome.kills).most_common())
    kinds = Counter(verdict.asked.wanted.kind.value for verdict in outcome.all)
    print(f"\nseed {options.seed}, {options.chats} chats, DATABASE_SYNC={options.sync}, {outcome.seconds:.0f} s")
    print(f"{len(outcome.kills)} kills: {lives}")
    print(f"{len(outcome.all)} messages: {', '.join(f'{count} {kind}' for kind, count in kinds.most_common())}\n")
    for fate in Fate:
        print(f"{fate.value:<45}{outcome.count(fate):>6}{outcome.count(fate) / len(outcome.all):>9.2%}")
    for where in Where:
        print(f"  twice, {where.value:<36}{sum(found is where for found in outcome.doubled.values()):>6}")
    print(f"{'answered out of order in its chat':<45}{len(outcome.disordered):>6}")
    print(f"{'messages left with a Stop button':<45}{outcome.growing:>6}")
    print(f"{'model runs for an answer that was stored':<45}{len(outcome.needless):>6}")
    waits = sorted(verdict.wait_seconds for verdict in outcome.all if verdict.wait_seconds) or [0.0]
    print(f"{'wait, kills included: p50, p95, longest':<45}", end="")
    print("   ".join(f"{waits[min(int(share * len(waits)), len(waits) - 1)]:.1f} s" for share in (0.5, 0.95, 1.0)))
    print("\ntarget: none lost; doubles only by a kill within an API call, and under 1 %: ", end="")
    print("; ".join(outcome.shortcomings) or "met")


def print_head_of_rows() -> None:
    """Print what the columns of the troubles are."""
    columns = ("messages", "once", "twice", "told", "half", "lost", "order", "longest")
    print(f"{'':<33}{''.join(f'{name:>9}' for name in columns)}")


def print_row(row: Row) -> None:
    """Print what became of the messages of one trouble."""
    fates = (row.count(fate) for fate in (Fate.ONCE, Fate.TWICE, Fate.TOLD, Fate.HALF, Fate.LOST))
    counts = "".join(f"{count:>9}" for count in (len(row.all), *fates, len(row.disordered)))
    print(f"{row.trouble.name:<33}{counts}{row.longest_wait_seconds:>7.1f} s{'' if row.is_good else '  !'}", flush=True)


def _kill(given: argparse.Namespace, folder: Path) -> bool:
    limits = Limits() if given.limits else None
    options = chaos_kills.Options(given.kills, given.seed, given.chats, given.minutes, given.sync, limits)
    outcome, stage = asyncio.run(chaos_kills.run(options, folder))
    print_outcome(options, outcome)
    if given.explain:
        explain(outcome.found, outcome.disordered, outcome.kills, stage)
    return not outcome.shortcomings


def _trouble(given: argparse.Namespace, folder: Path) -> bool:
    print_head_of_rows()
    good = True
    for number, trouble in enumerate(one for one in chaos_faults.TROUBLES if given.only in one.name):
        own = folder / str(number)
        own.mkdir()
        row, stage = asyncio.run(chaos_faults.play(trouble, own, seed=given.seed))
        print_row(row)
        if given.explain:
            explain(row.found, row.disordered, (), stage)
        good &= row.is_good
    return good


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how often the bot is killed (default 200)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chats", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=30.0, help="begin no more kills after this time")
    parser.add_argument("--sync", choices=("normal", "full"), default="normal", help="DATABASE_SYNC")
    parser.add_argument("--limits", action="store_true", help="enforce Telegram's flood limits")
    parser.add_argument("--explain", action="store_true", help="print the life of each message that went wrong")
    parser.add_argument("--keep", type=Path, help="a new folder for the database and the log, kept afterwards")
    parser.add_argument("--faults", action="store_true", help="no kills: everything else that can go wrong, row by row")
    parser.add_argument("--only", default="", help="of these rows only those with this in their name")
    return parser.parse_args()


def main() -> int:
    """Run what was asked for, print it, and say whether the target was met."""
    given = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        good = (_trouble if given.faults else _kill)(given, folder)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
