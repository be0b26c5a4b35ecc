"""What one slow answer costs everybody else: `python -m bench.lanes [--chats N] [--seconds S]` prints the waits.

Every chat asks one question after the other; once all by themselves, once while one more chat waits for a slow answer.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.chaos_count import is_answered
from bench.chaos_stage import set_up, until
from bench.chaos_words import Kind, Wanted

if TYPE_CHECKING:
    from bench.chaos_stage import Stage
    from bench.chaos_words import Asked

_ANSWER_MILLISECONDS = 500
_PAUSE_SECONDS = 1.0
_SETTLING_ROUNDS = 1  # the first answers pay for what is made on first use


async def measure(folder: Path, *, chats: int, rounds: int, slow_seconds: float) -> list[float]:
    """Measure what each answer took the other chats, in seconds. With no `slow_seconds` nobody is slow."""
    async with set_up(folder, chats=chats + 1, seed=1) as stage:
        await stage.bot.start()
        slow_id, *others = stage.asked
        slow = await _ask(stage, slow_id, 0, slow_seconds * 1000) if slow_seconds else None
        waits = await asyncio.gather(*(_ask_on(stage, user_id, rounds) for user_id in others))
        if slow is not None:
            assert not is_answered(stage.telegram.chat(slow_id), slow), "the slow answer was there too soon"
            await until(lambda: is_answered(stage.telegram.chat(slow_id), slow), 0.1)
        return [wait for chat in waits for wait in chat[_SETTLING_ROUNDS:]]


async def _ask_on(stage: Stage, user_id: int, rounds: int) -> list[float]:
    waits = []
    for number in range(rounds):
        asked = await _ask(stage, user_id, number, _ANSWER_MILLISECONDS)
        await until(lambda asked=asked: is_answered(stage.telegram.chat(user_id), asked), 0.01)  # type: ignore[misc]  # it binds
        waits.append(time.monotonic() - asked.at)
        await asyncio.sleep(_PAUSE_SECONDS)
    return waits


async def _ask(stage: Stage, user_id: int, number: int, milliseconds: float) -> Asked:
    wanted = Wanted(f"q{user_id}n{number}", Kind.QUESTION, lines=2, milliseconds=int(milliseconds))
    return await stage.ask(stage.telegram.user(user_id), wanted)


def print_row(name: str, waits: list[float]) -> None:
    """Print the quantiles of the waits."""
    cuts = statistics.quantiles(waits, n=100, method="inclusive")
    print(f"{name:<34}{len(waits):>8}{cuts[49]:>9.2f} s{cuts[94]:>7.2f} s{max(waits):>7.2f} s")


def main() -> None:
    """Measure both, and print them side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chats", type=int, default=50, help="chats that ask at once (default 50)")
    parser.add_argument("--seconds", type=float, default=60.0, help="what the slow answer takes (default 60)")
    given = parser.parse_args()
    rounds = max(2, int(given.seconds * 0.75 / (_ANSWER_MILLISECONDS / 1000 + _PAUSE_SECONDS)))
    print(f"{'the wait for an answer of ' + str(_ANSWER_MILLISECONDS) + ' ms':<34}{'answers':>8}", end="")
    print(f"{'p50':>11}{'p95':>9}{'longest':>9}")
    for name, seconds in (
        (f"{given.chats} chats", 0.0),
        (f"and one that waits for {given.seconds:.0f} s", given.seconds),
    ):
        with tempfile.TemporaryDirectory() as folder:
            waits = measure(Path(folder), chats=given.chats, rounds=rounds, slow_seconds=seconds)
            print_row(name, asyncio.run(waits))


if __name__ == "__main__":
    main()
