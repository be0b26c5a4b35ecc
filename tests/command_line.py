"""CommandLine: the real bot.py as a process, in a home of its own, piped or at a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import re
import signal
import sys
import termios
from dataclasses import dataclass
from pathlib import Path
from typing import Self

BOT = Path(__file__).parent.parent / "bot.py"
SECONDS = 20.0
_ESCAPE_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")


@dataclass(frozen=True)
class Ran:
    """How a process ended, and what it wrote."""

    status: int
    out: str
    err: str


class CommandLine:
    """bot.py, linked into a folder that has its .env and its database. No server is set unless settings say so."""

    def __init__(self, home: Path, **settings: object) -> None:
        self.home = home
        self.bot = home / "bot.py"
        if not self.bot.exists():
            self.bot.symlink_to(BOT)
        self.environment = {
            **{name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}},
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "PYTHONDONTWRITEBYTECODE": "1",
            "OLLAMA_BASE_URL": "",
            "LMSTUDIO_BASE_URL": "",
            **{name: str(value) for name, value in settings.items()},
        }

    def unset(self, *names: str) -> Self:
        """Leave these settings to .env and their defaults."""
        for name in names:
            self.environment.pop(name, None)
        return self

    async def run(self, *arguments: str, given: str | bytes = "") -> Ran:
        """Run a command with this on its standard input, and wait for its end."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(self.bot),
            *arguments,
            env=self.environment,
            cwd="/",  # wherever one stands, the settings are those of the home
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(SECONDS):
                out, err = await process.communicate(given if isinstance(given, bytes) else given.encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode is not None
        return Ran(process.returncode, out.decode(), err.decode())

    def at_a_terminal(self, *arguments: str) -> Terminal:
        """Run a command for somebody who sits at a terminal."""
        return Terminal(self, arguments)


class Terminal:
    """A person's terminal, between `async with` and its end. `shown` is its text without escape codes."""

    def __init__(self, line: CommandLine, arguments: tuple[str, ...]) -> None:
        self.raw = ""
        self._line = line
        self._arguments = arguments
        self._looked = 0
        self._hung_up = False
        self._news = asyncio.Event()

    @property
    def shown(self) -> str:
        """What stands there, all that was drawn over included."""
        return _ESCAPE_CODES.sub("", self.raw).replace("\r\n", "\n")

    async def __aenter__(self) -> Self:
        self._master, slave = pty.openpty()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(self._line.bot),
            *self._arguments,
            env=self._line.environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_sit_down,
        )
        os.close(slave)
        asyncio.get_running_loop().add_reader(self._master, self._read)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def type(self, text: str) -> None:
        """Type, as fast as a paste."""
        os.write(self._master, text.encode())

    async def until(self, text: str) -> None:
        """Wait until a text is shown after what was waited for last."""
        try:
            async with asyncio.timeout(SECONDS):
                while text not in self.shown[self._looked :]:
                    assert not self._hung_up, f"{text!r} was not shown: {self.shown[-2000:]!r}"
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{text!r} was not shown: {self.shown[-2000:]!r}") from None
        self._looked = self.shown.index(text, self._looked) + len(text)

    async def end(self) -> int:
        """Wait for the end of the process; its exit status."""
        async with asyncio.timeout(SECONDS):
            return await self._process.wait()

    async def interrupt(self) -> int:
        """Press Ctrl-C until the process ends; its exit status.

        A prompt that has been drawn may not listen yet: readline misses a signal between the two.
        """
        async with asyncio.timeout(SECONDS):
            while True:
                self.type("\x03")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        return await self._process.wait()

    def _read(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux says so when the process has gone
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._master)
            self._hung_up = True
        self.raw += data.decode("utf-8", "replace")
        self._news.set()


def _sit_down() -> None:
    """Make standard input the terminal that Ctrl-C is typed at, and have Ctrl-C work there.

    A shell has what it starts in the background ignore SIGINT, the tests among it, and a process hands that on.
    """
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
