"""WorkerProcess against a scripted worker: starts, ends of every kind, and what is left behind."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from routing.model_backends.mlx_process import Pauses, WatchLimits, WorkerProcess, environment
from routing.model_backends.mlx_protocol import (
    Configure,
    Done,
    Failed,
    Forget,
    Generate,
    Heartbeat,
    Load,
    Loaded,
    Piece,
    Queued,
    Unload,
    WorkerFailure,
)
from routing.model_backends.mlx_requests import Reports, WorkerSaid
from tests.answers import PATIENCE_SECONDS
from tests.scripted_worker import COMMAND

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from routing.model_backends.mlx_protocol import Report

QUICK = WatchLimits(silence_seconds=0.5, step_seconds=60.0, load_step_seconds=3600.0, tick_seconds=0.05)
PATIENT = WatchLimits()


@asynccontextmanager
async def a_worker(
    *arguments: str, limits: WatchLimits = PATIENT, command: Sequence[str] = COMMAND, **options: Any
) -> AsyncIterator[WorkerProcess]:
    worker = WorkerProcess(Configure(77), command=(*command, *arguments), limits=limits, **options)
    try:
        yield worker
    finally:
        await worker.close()


def a_prompt(name: str, text: str = "Hi") -> Generate:
    return Generate(0, name, (("user", text),), 100)


async def reports_of(worker: WorkerProcess, request: Load | Unload | Forget | Generate) -> list[Report]:
    async with asyncio.timeout(PATIENCE_SECONDS), worker.ask(request) as reports:
        return [report async for report in reports]


async def text_of(worker: WorkerProcess, name: str, text: str = "Hi") -> str:
    reports = await reports_of(worker, a_prompt(name, text))
    return "".join(report.text for report in reports if isinstance(report, Piece))


# --- what is asked and answered ---------------------------------------------------------------------------------------


async def test_it_starts_with_the_first_request_and_is_configured() -> None:
    async with a_worker() as worker:
        assert (worker.runs, worker.pid, worker.ready) == (False, None, None)
        *pieces, done = await reports_of(worker, a_prompt("echo", "Grüße 🙂"))
        assert [piece.text for piece in pieces if isinstance(piece, Piece)] == ["Grüße 🙂"]
        assert isinstance(done, Done)
        assert worker.runs
        assert worker.ready is not None
        assert worker.ready.device == "cpu 77"


async def test_many_requests_at_once_get_their_own_answers_from_one_process() -> None:
    """Fifty of them, the first of which starts it."""
    async with a_worker() as worker:
        answers = await asyncio.gather(*(text_of(worker, "echo", f"question {n}") for n in range(50)))
        assert answers == [f"question {n}" for n in range(50)]
        pids = {json.loads(await text_of(worker, "environment"))["pid"] for _ in range(3)}
        assert pids == {worker.pid}


async def test_a_huge_prompt_passes_in_one_line() -> None:
    async with a_worker() as worker:
        text = "日本 " * 1_000_000
        assert await text_of(worker, "echo", text) == text


async def test_what_is_loaded_is_known_until_it_is_to_go() -> None:
    """From the moment an unload is asked for: nothing may be asked of the model after that."""
    async with a_worker() as worker:
        loaded = (await reports_of(worker, Load(0, "one")))[-1]
        assert isinstance(loaded, Loaded)
        await reports_of(worker, Load(0, "stubborn"))
        assert worker.loaded.keys() == {"one", "stubborn"}
        async with worker.ask(Unload(0, "stubborn")):
            assert worker.loaded.keys() == {"one"}
        assert worker.loaded.keys() == {"one", "stubborn"}
        await reports_of(worker, Unload(0, "one"))
        assert worker.loaded.keys() == {"stubborn"}


async def test_leaving_early_cancels_and_ending_does_not(tmp_path: Path) -> None:
    """A worker that goes on for nobody would keep others waiting."""
    cancelled = tmp_path / "cancelled"
    async with a_worker(str(cancelled)) as worker:
        await text_of(worker, "echo")
        async with worker.ask(a_prompt("silent")) as reports:
            assert isinstance(await anext(reports), Piece)
        await text_of(worker, "echo")
        assert cancelled.read_text() == "2\n"


async def test_a_failure_keeps_its_kind_its_sentence_and_its_details() -> None:
    async with a_worker() as worker:
        with pytest.raises(WorkerFailure, match=r"^It did not work\.$") as caught:
            await text_of(worker, "fails", "OutOfMemory")
        assert caught.value.kind == "OutOfMemory"
        assert isinstance(caught.value.__cause__, WorkerSaid)
        assert str(caught.value.__cause__) == "RuntimeError: in line 7"
        assert await text_of(worker, "echo", "still here") == "still here"


async def test_a_load_is_a_sign_of_life_for_all_who_wait() -> None:
    async with a_worker() as worker, worker.ask(a_prompt("silent")) as reports:
        assert isinstance(await anext(reports), Piece)
        async with worker.ask(a_prompt("loading")):
            assert await anext(reports) == Heartbeat(1000.0, loading=True)


# --- death ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["dies", "junk", "command", "oversized", "stops", "busy", "noisy"])
async def test_every_end_fails_all_requests_at_once_and_a_new_process_answers(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Killed, speaking nonsense, without a sign of life, or busy with one step for ever: all the same to who asks."""
    caplog.set_level(logging.WARNING)
    async with a_worker(limits=QUICK) as worker, worker.ask(a_prompt("silent")) as others:
        assert isinstance(await anext(others), Piece)
        old = worker.pid
        began = time.monotonic()
        async with worker.ask(a_prompt(way)) as reports:
            assert isinstance(await anext(reports), Piece)
            with pytest.raises(
                WorkerFailure, match=r"^MLX's process ended unexpectedly; it is started again\.$"
            ) as caught:
                await anext(reports)
        assert time.monotonic() - began < 2.0
        assert (caught.value.kind, caught.value.reason) == ("BadReply", "broke off")
        with pytest.raises(WorkerFailure):
            await anext(others)
        assert worker.loaded == {}
        assert await text_of(worker, "echo", "again") == "again"
        assert worker.pid not in {old, None}
        assert f"MLX's process {old} has ended" in caplog.text


async def test_a_load_may_take_long() -> None:
    """It is no hang, as long as there are signs of life."""
    limits = WatchLimits(silence_seconds=5.0, step_seconds=0.1, tick_seconds=0.02, load_step_seconds=3600.0)
    async with a_worker(limits=limits) as worker, worker.ask(a_prompt("loading")) as reports:
        assert isinstance(await anext(reports), Piece)
        assert isinstance(await anext(reports), Heartbeat)
        pid = worker.pid
        await asyncio.sleep(0.3)
        assert worker.pid == pid


async def test_a_worker_that_takes_nothing_in_does_not_hold_the_loop_up() -> None:
    """More than a pipe holds waits to be written; everything else goes on, and the requests fail in the end."""
    async with a_worker(limits=QUICK) as worker, worker.ask(a_prompt("stops")) as reports:
        assert isinstance(await anext(reports), Piece)
        began = time.monotonic()
        asking = [asyncio.create_task(text_of(worker, "echo", "x" * 1_000_000)) for _ in range(5)]
        await asyncio.sleep(0)
        assert time.monotonic() - began < 0.4
        ended = await asyncio.gather(*asking, return_exceptions=True)
        assert {type(end) for end in ended} == {WorkerFailure}


async def test_a_worker_that_speaks_lives_on() -> None:
    """However long it has been running."""
    async with a_worker(limits=QUICK) as worker:
        await text_of(worker, "echo")
        pid, began = worker.pid, time.monotonic()
        while time.monotonic() - began < 3 * QUICK.silence_seconds:
            await text_of(worker, "echo")
            await asyncio.sleep(0.05)
        assert worker.pid == pid


async def test_who_comes_a_moment_too_late_is_told_too() -> None:
    """Between the death of a process and the word of it nobody falls into a gap."""
    async with a_worker() as worker:
        with pytest.raises(WorkerFailure):
            await text_of(worker, "dies")
        dead = worker._child
        assert dead is not None
        with pytest.raises(WorkerFailure, match="ended unexpectedly"):
            await anext(dead.open(a_prompt("echo")))


async def test_the_loops_own_delay_is_not_the_workers_silence() -> None:
    """A bot that was stopped for longer than the limit finds its worker well."""
    async with a_worker(limits=QUICK) as worker:
        await text_of(worker, "echo")
        pid = worker.pid
        time.sleep(1.0)  # noqa: ASYNC251  # the loop is held up on purpose
        assert await text_of(worker, "echo") == "Hi"
        assert worker.pid == pid


async def test_pauses_grow_until_nobody_waits_for_a_restart() -> None:
    """1 s, 2 s, 4 s: then a request is refused at once, so that another model answers; a quiet while ends it."""
    now = [100.0]
    pauses = Pauses(lambda: now[0])
    for pause_seconds in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0):
        pauses.died(lived_seconds=5.0)
        assert pauses.seconds_left == pause_seconds
    now[0] += 59.0
    assert pauses.seconds_left == 1.0
    pauses.died(lived_seconds=3600.0)
    assert (pauses.seconds_left, pauses.deaths) == (1.0, 1)


async def test_a_worker_that_dies_and_dies_is_left_alone_for_a_while() -> None:
    """Who asks then is told at once, so that another model answers."""
    now = [100.0]
    async with a_worker(clock=lambda: now[0]) as worker:
        for pause_seconds in (1.0, 2.0, 4.0):
            worker.check()
            with pytest.raises(WorkerFailure, match="ended unexpectedly"):
                await text_of(worker, "dies")
            now[0] += pause_seconds
        now[0] -= 3.0
        sentence = r"^MLX's process has ended 3 times, and is started again in 3 s\.$"
        with pytest.raises(WorkerFailure, match=sentence) as caught:
            worker.check()
        assert caught.value.kind == "BackendUnreachable"
        with pytest.raises(WorkerFailure, match=sentence):
            await text_of(worker, "echo")
        now[0] += 3.0
        assert await text_of(worker, "echo", "well again") == "well again"


async def test_a_worker_that_cannot_work_says_why() -> None:
    """To those who wait, and to those who come while it rests."""
    now = [100.0]
    async with a_worker(clock=lambda: now[0]) as worker:
        for _ in range(3):
            with pytest.raises(WorkerFailure, match=r"^MLX is not installed\.$") as caught:
                await text_of(worker, "unusable")
            assert caught.value.kind == "BackendUnreachable"
            now[0] += 4.0
        now[0] -= 3.0
        with pytest.raises(WorkerFailure, match=r"^MLX is not installed\.$"):
            worker.check()


async def test_a_program_that_is_not_there_is_told() -> None:
    async with a_worker(command=("/nowhere/python",)) as worker:
        with pytest.raises(WorkerFailure, match=r"^MLX's process cannot be started\.$"):
            await text_of(worker, "echo")


# --- what is passed on, written down and left behind ------------------------------------------------------------------


async def test_the_worker_gets_no_secret_and_a_session_of_its_own() -> None:
    """Ctrl-C at the terminal reaches the bot alone."""
    environ = {"PATH": "/bin", "TELEGRAM_BOT_TOKEN": "1:a", "OPENAI_API_KEY": "b", "HF_HOME": "/hub", "LC_ALL": "C"}
    async with a_worker(environ=environ) as worker:
        seen = json.loads(await text_of(worker, "environment"))
    assert (seen["PATH"], seen["HF_HOME"], seen["LC_ALL"]) == ("/bin", "/hub", "C")
    assert not {"TELEGRAM_BOT_TOKEN", "OPENAI_API_KEY"} & seen.keys()
    assert seen["session"] == seen["pid"] != os.getsid(0)


def test_the_environment_is_a_list_of_what_is_needed() -> None:
    """Whatever is not on it stays here."""
    passed_on = environment({"HOME": "/home", "https_proxy": "p", "DATABASE_PATH": "/db", "ADMIN_USER_IDS": "4"})
    assert passed_on.pop("PYTHONPATH") == str(Path(__file__).resolve().parent.parent)
    assert {name for name in passed_on if not name.startswith("HF_HUB_DISABLE")} == {
        "HOME",
        "https_proxy",
        "TOKENIZERS_PARALLELISM",
    }


async def test_the_log_gets_what_the_worker_writes_within_bounds(caplog: pytest.LogCaptureFixture) -> None:
    """Each line cut, a progress bar as lines, and with a crash the last lines of all."""
    caplog.set_level(logging.DEBUG, logger="routing.model_backends.mlx_process")
    async with a_worker() as worker:
        with pytest.raises(WorkerFailure):
            await text_of(worker, "noisy")
        while "has ended" not in caplog.text:  # noqa: ASYNC110  # the log has no event
            await asyncio.sleep(0.01)
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.DEBUG]
    assert lines[:4] == ["MLX: Loading: 10%"] * 3 + ["MLX: far"]
    assert max(map(len, lines)) <= 510
    (ending,) = (record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)
    assert "exit status -6)" in ending
    assert ending.endswith("\nalmost\nover")


@pytest.mark.parametrize("arguments", [(), ("deaf",)])
async def test_closing_ends_it_within_two_seconds(arguments: tuple[str, ...]) -> None:
    """By itself when its input ends, by force if it is deaf; what is open fails, and nothing is started any more."""
    worker = WorkerProcess(command=(*COMMAND, *arguments))
    async with worker.ask(a_prompt("silent")) as reports:
        assert isinstance(await anext(reports), Piece)
        pid, began = worker.pid, time.monotonic()
        await worker.close()
        assert time.monotonic() - began < 2.0
        assert pid is not None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        with pytest.raises(WorkerFailure, match="Switchboard is stopping") as caught:
            await anext(reports)
        assert caught.value.kind == "BackendUnreachable"
    with pytest.raises(WorkerFailure, match="Switchboard is stopping"):
        await text_of(worker, "echo")


async def test_closing_one_that_never_ran_does_nothing() -> None:
    worker = WorkerProcess()
    await worker.close()
    assert not worker.runs


async def test_nothing_is_left_behind() -> None:
    """No open file, no child, no task, after deaths and restarts."""
    children = set[int]()

    async def lives() -> tuple[int, int]:
        async with a_worker() as worker:
            for way in ("dies", "echo"):
                async with worker.ask(a_prompt("silent")) as reports:
                    await anext(reports)
                    assert worker.pid is not None
                    children.add(worker.pid)
                with suppress(WorkerFailure):
                    await text_of(worker, way)
        gc.collect()
        return len(os.listdir("/dev/fd")), len(asyncio.all_tasks())  # noqa: PTH208  # pathlib's is for files

    before = await lives()
    assert await lives() == before
    assert len(children) == 4
    for pid in children:
        with pytest.raises(ProcessLookupError):  # a child that ended and was not waited for would still be found
            os.kill(pid, 0)


# --- what waits to be read --------------------------------------------------------------------------------------------


async def test_a_slow_reader_holds_no_more_than_the_answer() -> None:
    """Pieces that wait are joined."""
    async with a_worker() as worker, worker.ask(a_prompt("pieces", "20000")) as reports:
        await text_of(worker, "echo")  # comes after all of them
        assert len(reports._waiting) <= 2
        text = "".join([report.text async for report in reports if isinstance(report, Piece)])
    assert text == "".join(f"{n} " for n in range(20000))


async def test_pieces_are_joined_without_changing_their_order() -> None:
    """Within one piece the reasoning comes first, so text is never joined with reasoning that follows it."""
    reports = Reports()
    for piece in (Piece(1, reasoning="a"), Piece(1, "b"), Piece(1, "c"), Piece(1, reasoning="d"), Piece(1, "e")):
        reports.put(piece)
    reports.put(Queued(1, 2))
    reports.put(Queued(1, 1))
    reports.put(Failed(1, "BadReply", "Over."))
    reports.put(Piece(1, "late"))
    read = [await anext(reports) for _ in range(3)]
    assert read == [Piece(1, "bc", "a"), Piece(1, "e", "d"), Queued(1, 1)]
    with pytest.raises(WorkerFailure, match="Over"):
        await anext(reports)
