"""Troubles of the chaos bench: what can go wrong around the bot while people write, one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import sqlite3
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.chaos_count import Fate, out_of_order
from bench.chaos_stage import set_up
from tests.fake_model_server import FakeModel
from tests.fake_ollama import FakeOllama
from tests.telegram_faults import Limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator
    from pathlib import Path

    from bench.chaos_count import Verdict
    from bench.chaos_stage import Stage

_DISK_BYTES = 6 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Trouble:
    """One row: `play` makes trouble and returns when it is over. `may_fail`: people may be told that it went wrong."""

    name: str
    play: Callable[[Stage], Awaitable[None]]
    may_fail: bool = False
    small_disk: bool = False
    limits: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """What became of the messages of one trouble."""

    trouble: Trouble
    found: list[list[Verdict]]  # chat by chat
    disordered: list[Verdict]
    growing: int

    @property
    def all(self) -> list[Verdict]:
        """The verdicts on all messages."""
        return [verdict for chat in self.found for verdict in chat]

    def count(self, *fates: Fate) -> int:
        """How many messages had one of these fates."""
        return sum(verdict.fate in fates for verdict in self.all)

    @property
    def longest_wait_seconds(self) -> float:
        """The longest that somebody waited for an answer."""
        return max((verdict.wait_seconds for verdict in self.all), default=0.0)

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, doubled or out of order."""
        told = 0 if self.trouble.may_fail else self.count(Fate.TOLD, Fate.HALF)
        return not (self.count(Fate.LOST, Fate.TWICE) or told or self.disordered or self.growing)


async def play(
    trouble: Trouble, folder: Path, *, seed: int = 1, chats: int = 10, margin_seconds: float = 3.5
) -> tuple[Row, Stage]:
    """Run the bot through one trouble; the stage is closed, and tells of it.

    People write during the trouble, and for `margin_seconds` before and after it.
    """
    async with contextlib.AsyncExitStack() as stack:
        disk = stack.enter_context(small_disk(folder / "disk")) if trouble.small_disk else folder
        limits = Limits() if trouble.limits else None
        stage = await stack.enter_async_context(
            set_up(folder, chats=chats, seed=seed, limits=limits, database=disk / "switchboard.db")
        )
        await stage.bot.start()
        async with stage.people_writing():
            await asyncio.sleep(margin_seconds)
            await trouble.play(stage)
            stage.telegram.faults.clear()
            await asyncio.sleep(margin_seconds)
        await stage.until_quiet()
        found = stage.verdicts()
        return Row(trouble, found, [late for chat in found for late in out_of_order(chat)], stage.growing), stage


# --- Telegram ---------------------------------------------------------------------------------------------------------


async def _nothing(_: Stage) -> None:
    await asyncio.sleep(10)


async def _floods(stage: Stage) -> None:
    """A chat is refused for longer each time, and others now and then."""
    banned = next(iter(stage.asked))
    for seconds in (1, 2, 4, 8):
        stage.telegram.faults.ban(banned, seconds)
        stage.telegram.faults.flood(4, seconds)
        await asyncio.sleep(seconds + 2)


async def _gateway_errors(stage: Stage) -> None:
    for _ in range(8):
        stage.telegram.faults.fail(6)
        stage.telegram.faults.fail(2, method="getUpdates")
        await asyncio.sleep(2)


async def _dropped(stage: Stage) -> None:
    """Calls that were not done: before, and while every connection breaks."""
    for _ in range(10):
        stage.telegram.faults.drop(3)
        stage.telegram.faults.drop(method="getUpdates")
        await asyncio.sleep(0.8)
        stage.telegram.break_connections()
        await asyncio.sleep(0.7)


async def _dropped_after_sending(stage: Stage) -> None:
    for _ in range(15):
        stage.telegram.faults.lose_answer(seconds=0.1, method="sendMessage")
        stage.telegram.faults.lose_answer(seconds=0.1, method="editMessageText")
        await asyncio.sleep(1)


async def _silent_after_sending(stage: Stage) -> None:
    """The bot waits its whole read time-out for an answer that never comes."""
    for _ in range(5):
        stage.telegram.faults.lose_answer(method="sendMessage")
        await asyncio.sleep(1)
    await asyncio.sleep(35)


def outage(seconds: float) -> Callable[[Stage], Awaitable[None]]:
    """Nothing reaches Telegram for so long."""

    async def play_it(stage: Stage) -> None:
        async with stage.telegram.outage():
            await asyncio.sleep(seconds)

    return play_it


# --- the machine ------------------------------------------------------------------------------------------------------


async def _sleep_and_wake(stage: Stage) -> None:
    """A Mac that is closed for a while: the process stands still, and its connections are gone when it goes on."""
    stage.bot.process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(10)
    stage.telegram.break_connections()
    await asyncio.sleep(10)
    stage.bot.process.send_signal(signal.SIGCONT)


async def _model_server_dies(stage: Stage) -> None:
    for _ in range(2):
        port = int(stage.ollama.root.rpartition(":")[2])
        await stage.ollama.stop()
        await asyncio.sleep(4)
        models = {name: FakeModel(replies=model.replies, vision=True) for name, model in stage.ollama.models.items()}
        stage.ollama = await FakeOllama(models, port=port).start()
        await asyncio.sleep(4)


async def _disk_full(stage: Stage) -> None:
    for _ in range(2):
        with full_disk(stage):
            await asyncio.sleep(8)
        await asyncio.sleep(2)


async def _locked(stage: Stage) -> None:
    """Another program holds the database's write lock for longer than the bot waits for it."""
    for _ in range(3):
        await asyncio.to_thread(_hold_lock, stage.database, 8.0)
        await asyncio.sleep(2)


def _hold_lock(path: Path, seconds: float) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=20)) as other:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        other.execute("ROLLBACK")


@contextlib.contextmanager
def small_disk(folder: Path) -> Generator[Path]:
    """Make a file system of a few megabytes, where that is allowed; elsewhere a mere folder."""
    folder.mkdir()
    size = f"size={_DISK_BYTES}"
    mounted = os.geteuid() == 0 and not subprocess.call(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder])
    try:
        yield folder
    finally:
        if mounted:
            subprocess.check_call(["umount", "--lazy", folder])


@contextlib.contextmanager
def full_disk(stage: Stage) -> Generator[None]:
    """Have the disk of the database full while the context is open.

    Where it is a disk of its own, a file takes the rest of it. Elsewhere the bot may make its files no larger.
    """
    folder = stage.database.parent
    if os.path.ismount(folder):
        filler = folder / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        yield
        filler.unlink()
        return
    # A process that may not make its files larger is told so by an error other than a full disk's.
    largest = stage.database.stat().st_size
    before = resource.prlimit(stage.bot.process.pid, resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
    yield
    resource.prlimit(stage.bot.process.pid, resource.RLIMIT_FSIZE, before)


TROUBLES = (
    Trouble("nothing goes wrong", _nothing),
    Trouble("Telegram's flood limits", _nothing, limits=True),
    Trouble("429, retry_after 1 to 8 s", _floods),
    Trouble("502 from Telegram", _gateway_errors),
    Trouble("connections drop, nothing done", _dropped),
    Trouble("connections drop after sending", _dropped_after_sending),
    Trouble("time-outs after sending", _silent_after_sending),
    Trouble("Telegram away for 5 s", outage(5)),
    Trouble("Telegram away for 3 min", outage(180)),
    Trouble("the machine sleeps for 20 s", _sleep_and_wake),
    Trouble("the model server dies twice", _model_server_dies, may_fail=True),
    Trouble("the disk is full, twice 8 s", _disk_full, small_disk=True),
    Trouble("database locked, 3 times 8 s", _locked),
)
