"""BotProcess: the real bot as a process of its own, in a folder of its own, against the doubles."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.telegram_server import TOKEN

if TYPE_CHECKING:
    from tests.telegram_server import TelegramServer

BOT = Path(__file__).parent.parent / "bot.py"
OWNER_ID = 42


class BotProcess:
    """Runs `bot.py run` between `async with` and its end. `poll_seconds` is how long it took to its first poll.

    What it writes to standard output and standard error is in `output`. Settings are given by name; the owner may
    talk, no model server is set up, and the database is in `folder`, unless they say otherwise.
    """

    def __init__(self, telegram: TelegramServer, folder: Path, **settings: object) -> None:
        self.poll_seconds = 0.0
        self._telegram = telegram
        self._log = folder / "output.txt"
        self._bot = folder / "bot.py"
        if not self._bot.exists():
            self._bot.symlink_to(BOT)  # a home of its own: the settings of whoever runs the tests are not the test's
        self._environment = {
            **{name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}},
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": telegram.url,
            "ADMIN_USER_IDS": str(OWNER_ID),
            "OLLAMA_BASE_URL": "",
            "LMSTUDIO_BASE_URL": "",
            "MODELS_FILE": str(folder / "models.toml"),
            "DATABASE_PATH": str(folder / "switchboard.db"),
            **{name: str(value) for name, value in settings.items()},
        }
        self._process: asyncio.subprocess.Process | None = None
        self._polls_before = 0
        self._began = 0.0

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The process, once started."""
        assert self._process is not None, "not started"
        return self._process

    @property
    def output(self) -> str:
        """All that it has written so far."""
        return self._log.read_text(errors="replace")

    @property
    def resident_megabytes(self) -> float:
        """The memory that it holds now (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    async def start(self, *, poll_timeout_seconds: float = 20) -> Self:
        """Start it and wait for its first poll. Raises AssertionError with what it wrote if it ends before."""
        await self.spawn()
        await self.until_polling(poll_timeout_seconds)
        return self

    async def spawn(self) -> None:
        """Start it, and wait for nothing."""
        self._polls_before, self._began = self._telegram.polls, time.monotonic()
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                str(self._bot),
                "run",
                env=self._environment,
                stdout=log,
                stderr=log,
                cwd=self._log.parent,
            )

    async def until_polling(self, timeout_seconds: float = 20) -> None:
        """Wait for the first poll since `spawn`. Raises AssertionError with what it wrote if it ends before."""
        async with asyncio.timeout(timeout_seconds):
            while not self.has_polled and self.process.returncode is None:  # noqa: ASYNC110  a process has no event
                await asyncio.sleep(0.005)
        assert self.process.returncode is None, self.output
        self.poll_seconds = self.uptime_seconds

    @property
    def has_polled(self) -> bool:
        """Whether it has polled since it was last started."""
        return self._telegram.polls > self._polls_before

    @property
    def uptime_seconds(self) -> float:
        """How long ago it was last started."""
        return time.monotonic() - self._began

    async def kill(self) -> float:
        """End it by SIGKILL, at whatever it is; when that was, by time.monotonic()."""
        killed_at = time.monotonic()
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        return killed_at

    async def end(self, *, signal_number: int = signal.SIGTERM, timeout_seconds: float = 10) -> int:
        """Signal it and wait for its end; its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal_number)
        async with asyncio.timeout(timeout_seconds):
            return await self.process.wait()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *exc_info: object) -> None:
        try:
            await self.end()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise
