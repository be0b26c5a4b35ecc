"""The bench of waits for loads: its time, its messages, its simple policies, and that it runs to its table."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from bench import residency
from bench.residency_clock import VirtualLoop, run
from bench.residency_models import SIZES, Host, load_seconds_by_size, measured_seconds
from bench.residency_policies import POLICIES, UsualModels
from bench.residency_trace import DAY_SECONDS, HOUR_SECONDS, Asked, draw_days
from routing.types import TaskCategory, TaskComplexity
from storage.database import Database

if TYPE_CHECKING:
    from pathlib import Path

# What the router gives to Qwen2.5 7B and to Qwen2.5 32B.
SMALL = (TaskCategory.QUESTION, TaskComplexity.SIMPLE)
LARGE = (TaskCategory.REASONING, TaskComplexity.VERY_COMPLEX)


def messages(*kinds: tuple[TaskCategory, TaskComplexity]) -> list[Asked]:
    """One of each an hour, each in a chat of its own."""
    return [Asked(HOUR_SECONDS * place, f"chat {place}", *kind) for place, kind in enumerate(kinds, 1)]


def simulated(policy: str, asked: list[Asked], gigabytes: float = 30.0) -> residency.Day:
    host = Host(gigabytes * 1e9, load_seconds_by_size(1e9), seed=1)
    return residency.simulate(POLICIES[policy], host, asked, days=1)


def test_a_day_passes_in_a_moment() -> None:
    """Whoever sleeps wakes in the right order and at the right time."""

    async def work(loop: VirtualLoop) -> list[float]:
        async def wake(seconds: float) -> float:
            await asyncio.sleep(seconds)
            return loop.time()

        return list(await asyncio.gather(wake(DAY_SECONDS), wake(5.0)))

    began = time.monotonic()
    assert run(work) == pytest.approx([DAY_SECONDS, 5.0])
    assert time.monotonic() - began < 2


def test_who_waits_for_nothing_is_found_out() -> None:
    """A simulation that hangs says so, instead of hanging."""

    async def work(_: VirtualLoop) -> None:
        asyncio.get_running_loop().call_soon(lambda: None)
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="waits for what never comes"):
        run(work)


def test_a_seed_draws_the_same_days_again() -> None:
    """In the order of time, within the days asked for, and other ones for another seed."""
    drawn = draw_days(3, 2)
    assert drawn == draw_days(3, 2) != draw_days(4, 2)
    assert [one.at for one in drawn] == sorted(one.at for one in drawn)
    assert drawn[-1].at < 2 * DAY_SECONDS


def test_a_model_in_memory_is_not_waited_for() -> None:
    """The same question twice is one load, and one wait of about what the table says."""
    day = simulated("least recently used", messages(SMALL, SMALL))
    first, second = day.waits
    assert first == pytest.approx(load_seconds_by_size(1e9)["ollama_qwen25_7b"], rel=0.6)
    assert second == 0.0
    assert day.as_wanted == [True, True]


def test_where_all_fit_nobody_waits_twice() -> None:
    """And where they do not, the large one pushes the other out."""
    asked = messages(SMALL, LARGE, SMALL, LARGE)
    assert [wait > 0 for wait in simulated("least recently used", asked, 60).waits] == [True, True, False, False]
    assert [wait > 0 for wait in simulated("least recently used", asked, 30).waits] == [True] * 4


@pytest.mark.parametrize(
    ("policy", "stays"),
    [("least recently used", "ollama_qwen25_7b"), ("never until full, oldest first", "ollama_deepseek_coder")],
)
def test_who_goes_first_is_the_policys_to_say(policy: str, stays: str) -> None:
    """36 GB hold the large model and one other: the one used last, or the one loaded last."""

    async def work(loop: VirtualLoop) -> set[str]:
        made = POLICIES[policy](loop, Host(36e9, load_seconds_by_size(1e9), seed=1))
        for name in ("ollama_qwen25_7b", "ollama_deepseek_coder", "ollama_qwen25_7b", "ollama_qwen25_32b"):
            model = made.router.registry.get_model(name)
            assert model is not None
            await made.ensure(model)
            await asyncio.sleep(1.0)
            made.release(model)
        return made.server.in_memory

    assert run(work) == {"ollama_qwen25_32b", stays}


def test_idle_models_go_where_that_is_the_policy() -> None:
    day = simulated("gone after 5 idle minutes", messages(SMALL, SMALL))
    assert all(wait > 0 for wait in day.waits)


def test_ours_answers_hard_questions_with_the_large_model() -> None:
    """It must not win by never loading it."""
    day = simulated("ours", messages(SMALL, LARGE))
    assert day.as_wanted == [True, True]
    assert day.waits[1] > 5


def test_the_usual_models_come_from_the_bots_own_question() -> None:
    """By their days and their answers in this hour, with the hour of the simulation."""
    usual = UsualModels()
    for day in range(3):
        usual.answered("daily", day * DAY_SECONDS + 9.5 * HOUR_SECONDS)
    for minute in range(30):
        usual.answered("once", 9 * HOUR_SECONDS + 60.0 * minute)
    usual.answered("later", 10 * HOUR_SECONDS)

    async def ask(loop: VirtualLoop) -> list[str]:
        await asyncio.sleep(3 * DAY_SECONDS + 9 * HOUR_SECONDS)
        return await usual.at(loop, 9)

    assert run(ask) == ["daily", "once"]


async def test_load_times_are_read_from_a_bots_database(tmp_path: Path) -> None:
    """The median of what it has kept; models that it has not loaded are not in it."""
    async with await Database.open(tmp_path / "bot.db") as database:
        for seconds in (4.0, 6.0, 30.0):
            values = ("ollama_qwen25_7b", "http://localhost:11434", seconds, None, 0.0)
            await database.write(
                (
                    "INSERT INTO model_loads (model_id, address, seconds, bytes, loaded_at) VALUES (?, ?, ?, ?, ?)",
                    values,
                )
            )
        assert measured_seconds(tmp_path / "bot.db") == {"ollama_qwen25_7b": 6.0}


def test_the_bench_runs_to_its_tables(capsys: pytest.CaptureFixture[str]) -> None:
    """One small day under every policy."""
    seconds = load_seconds_by_size(1e9)
    found = residency.compare(30e9, seconds, [1], 1)
    residency.print_table(found)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:32].strip() for line in lines[1:-1]] == list(POLICIES)
    assert lines[-1].startswith("ours is lowest in")
    assert set(seconds) == set(SIZES)
