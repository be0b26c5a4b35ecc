"""Kills of the chaos bench: SIGKILL at chosen and at random moments, and what became of the messages."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.chaos_count import Fate, Kill, Where, needless_runs, out_of_order, where_doubled
from bench.chaos_stage import set_up, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from bench.chaos_count import Verdict
    from bench.chaos_stage import Stage
    from tests.fake_model_server import Recorded
    from tests.telegram_faults import Limits, Rule

    Moment = Callable[[Stage, random.Random], Awaitable[None]]

# A moment that does not come within this time is not waited for.
_LONGEST_LIFE_SECONDS = 3.0
_LAST_WORDS = "End of"  # stands in the last message of an answer


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is made of."""

    kills: int = 200
    seed: int = 1
    chats: int = 20
    minutes: float = 30.0
    sync: str = "normal"
    limits: Limits | None = None


@dataclass(slots=True)
class Outcome:
    """What a run showed."""

    found: list[list[Verdict]]  # chat by chat
    kills: list[Kill]
    seconds: float
    growing: int
    needless: list[str]
    doubled: dict[str, Where] = field(default_factory=dict)

    @property
    def all(self) -> list[Verdict]:
        """The verdicts on all messages."""
        return [verdict for chat in self.found for verdict in chat]

    @property
    def disordered(self) -> list[Verdict]:
        """The messages that were answered before an earlier one of their chat."""
        return [verdict for chat in self.found for verdict in out_of_order(chat)]

    def count(self, fate: Fate) -> int:
        """How many messages had this fate."""
        return sum(verdict.fate is fate for verdict in self.all)

    @property
    def shortcomings(self) -> list[str]:
        """Where the target is missed, in words."""
        wrong = {
            "not answered": self.count(Fate.LOST) + self.count(Fate.HALF) + self.count(Fate.TOLD),
            "answered out of order": len(self.disordered),
            "answered twice without a kill within a call": sum(
                where is not Where.IN_CALL for where in self.doubled.values()
            ),
            "answered twice, in 100": self.count(Fate.TWICE) * 100 // max(len(self.all), 1),
            "messages left with a Stop button": self.growing,
            "model runs for a stored answer": len(self.needless),
        }
        return [f"{count} {what}" for what, count in wrong.items() if count]


async def run(options: Options, folder: Path) -> tuple[Outcome, Stage]:
    """Kill the bot again and again while people write, then let it finish; the stage is closed, and tells of it."""
    rng, kills, began = random.Random(options.seed), list[Kill](), time.monotonic()
    names = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=options.kills)
    async with set_up(
        folder, chats=options.chats, seed=options.seed, limits=options.limits, DATABASE_SYNC=options.sync
    ) as stage:
        async with stage.people_writing():
            for name in names:
                if time.monotonic() - began > options.minutes * 60:
                    break
                kills.append(await _live_and_die(stage, name, rng))
        await stage.bot.start()
        await stage.until_quiet()
        outcome = Outcome(
            stage.verdicts(),
            kills,
            time.monotonic() - began,
            stage.growing,
            needless_runs(kills, stage.echo.asked_at),
        )
        outcome.doubled = {
            verdict.asked.wanted.token: where_doubled(verdict.asked.wanted.token, kills, stage.telegram.calls)
            for verdict in outcome.all
            if verdict.fate is Fate.TWICE
        }
        return outcome, stage


async def _live_and_die(stage: Stage, name: str, rng: random.Random) -> Kill:
    await stage.bot.spawn()
    try:
        async with asyncio.timeout(_LONGEST_LIFE_SECONDS):
            if name != START:
                await stage.bot.until_polling()
            await MOMENTS[name](stage, rng)
    except TimeoutError:
        name = LATE
    killed_at = await stage.bot.kill()
    stage.telegram.faults.clear()
    stage.ollama.requests = [request for request in stage.ollama.requests if _is_open(request)]
    return Kill(killed_at, name, await asyncio.to_thread(stage.newly_stored))


# --- moments ----------------------------------------------------------------------------------------------------------


async def _at_start(_: Stage, rng: random.Random) -> None:
    await asyncio.sleep(rng.uniform(0.02, 0.8))


async def _at_any_time(_: Stage, rng: random.Random) -> None:
    await asyncio.sleep(rng.uniform(0.05, _LONGEST_LIFE_SECONDS))


async def _in_mid_answer(stage: Stage, rng: random.Random) -> None:
    await until(lambda: any(_is_open(request) for request in stage.ollama.asked("/api/chat")))
    await asyncio.sleep(rng.uniform(0.0, 1.2))


async def _with_updates_lost(stage: Stage, _: random.Random) -> None:
    """The updates are on their way."""
    await _met(stage.telegram.faults.lose_answer(method="getUpdates"))


async def _with_updates_taken(stage: Stage, rng: random.Random) -> None:
    """The updates have just been handed out: nothing, something or all of them is written down."""
    calls = stage.telegram.calls
    await until(lambda: calls and calls[-1].method == "getUpdates" and stage.telegram.world.updates)
    await asyncio.sleep(rng.uniform(0.0, 0.02))


async def _before_it_is_sent(stage: Stage, rng: random.Random) -> None:
    """Telegram has received a message or an edit, and has done nothing yet."""
    await asyncio.sleep(rng.uniform(0.0, 1.0))
    await _met(stage.telegram.faults.drop(seconds=60, method=_sending(rng), text=rng.choice(("", _LAST_WORDS))))


async def _after_it_is_sent(stage: Stage, rng: random.Random) -> None:
    """Telegram has done what a message or an edit asks, and has not said so yet."""
    await asyncio.sleep(rng.uniform(0.0, 1.0))
    await _met(stage.telegram.faults.lose_answer(method=_sending(rng), text=rng.choice(("", _LAST_WORDS))))


async def _in_mid_write(stage: Stage, rng: random.Random) -> None:
    """The database has just been written to, and may still be."""
    await asyncio.sleep(rng.uniform(0.0, 1.0))
    log = stage.database.with_name(f"{stage.database.name}-wal")
    await asyncio.to_thread(_until_written, log, time.monotonic() + _LONGEST_LIFE_SECONDS)


def _until_written(log: Path, give_up_at: float) -> None:
    before = _stamp(log)
    while _stamp(log) == before and time.monotonic() < give_up_at:
        time.sleep(0.0001)  # a transaction takes a fraction of a millisecond


def _stamp(log: Path) -> tuple[int, int]:
    try:
        found = log.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _sending(rng: random.Random) -> str:
    return rng.choice(("sendMessage", "sendMessage", "editMessageText"))


async def _met(rule: Rule) -> None:
    await until(lambda: not rule.times)


def _is_open(request: Recorded) -> bool:
    return request.finished_at is None and request.disconnected_at is None


START, LATE = "at the start", "at no chosen moment"
MOMENTS: dict[str, Moment] = {
    START: _at_start,
    "at any time": _at_any_time,
    "in mid-answer": _in_mid_answer,
    "updates on their way": _with_updates_lost,
    "updates just taken": _with_updates_taken,
    "a call received, not done": _before_it_is_sent,
    "a call done, not answered": _after_it_is_sent,
    "in mid-write": _in_mid_write,
}
_WEIGHTS = dict(zip(MOMENTS, (10, 25, 18, 4, 8, 10, 15, 10), strict=True))


def by_moment(kills: list[Kill]) -> Counter[str]:
    """How many kills there were at each moment."""
    return Counter(kill.moment for kill in kills)
