"""WorkerProcess: starts the MLX worker when it is first needed, watches it, and starts it anew after it has died."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import logging
import os
import sys
import time
from collections import deque
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from routing.errors import BadReply
from routing.model_backends.failures import Subject
from routing.model_backends.http import lines
from routing.model_backends.mlx_protocol import (
    Cancel,
    Command,
    Configure,
    Forget,
    Generate,
    Heartbeat,
    Load,
    Loaded,
    Ready,
    Unload,
    Unloaded,
    Unusable,
    WorkerFailure,
    decode,
    encode,
)
from routing.model_backends.mlx_requests import Reports, WorkerSaid

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence

    from routing.model_backends.mlx_protocol import Report

_log = logging.getLogger(__name__)

Request = Load | Unload | Generate | Forget

_PROJECT = Path(__file__).resolve().parent.parent.parent
# -P: the folder that the bot was started in is no place to import from. faulthandler writes where a crash happened.
WORKER_COMMAND = (sys.executable, "-P", "-X", "faulthandler", "-m", "routing.model_backends.mlx_worker")

# What the worker needs of the environment, and nothing else: it has no use for the bot's secrets. The hub's own
# variables include its token, for models that ask for one; proxies and certificates are for downloads.
_PASSED_ON = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "LANG", "LANGUAGE", "XDG_CACHE_HOME", "VIRTUAL_ENV"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    }
)
_PASSED_ON_PREFIXES = ("HF_", "MLX_", "LC_", "MTL_", "METAL_", "OMP_", "OPENBLAS_")

_STOPPING = "mlx is not asked any more: Switchboard is stopping."

_CHUNK_BYTES = 64 * 1024
_LOG_LINES = 1000  # of one process; whoever writes more has gone mad
_LOG_LINE_LETTERS = 500
_LAST_LINES = 12

_MOMENT_SECONDS = 0.2
_REAP_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_QUIET_SECONDS = 120.0  # a process that lived this long has shown that it works
# Longer than this nobody waits for a restart: another model can answer meanwhile.
_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class WatchLimits:
    """When a worker counts as hung, in seconds.

    One step of a generation is a token, or a chunk of a prompt: 25 s were measured on a slow CPU. A load reads a disk,
    maybe a slow one, and is told of piece by piece.
    """

    silence_seconds: float = 30.0
    step_seconds: float = 180.0
    load_step_seconds: float = 1800.0
    tick_seconds: float = 1.0
    close_seconds: float = 0.9


class WorkerProcess:
    """The worker, whichever process that is now. Lives in one event loop, from its first request to `close`.

    What goes wrong is raised as WorkerFailure.
    """

    def __init__(
        self,
        configure: Configure | None = None,
        *,
        command: Sequence[str] = WORKER_COMMAND,
        environ: Mapping[str, str] | None = None,
        limits: WatchLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._configure = configure or Configure()
        self._command = tuple(command)
        self._environ = environment(os.environ if environ is None else environ)
        self._limits = limits or WatchLimits()
        self._clock = clock
        self._pauses = Pauses(clock)
        self._child: _Child | None = None
        self._starting = asyncio.Lock()
        self._closed = False
        self._ids = itertools.count(1)

    @property
    def runs(self) -> bool:
        """Whether there is a process now."""
        return self._child is not None and self._child.alive

    @property
    def pid(self) -> int | None:
        """The process's id, where there is one."""
        return self._child.process.pid if self._child and self._child.alive else None

    @property
    def loaded(self) -> dict[str, Loaded]:
        """The models in memory, by name; those that are about to be unloaded do not count."""
        return self._child.loaded if self._child and self._child.alive else {}

    @property
    def ready(self) -> Ready | None:
        """What the process says of its device."""
        return self._child.ready if self._child and self._child.alive else None

    def check(self) -> None:
        """Raise WorkerFailure if no process can be had soon, for the last ones died one after the other."""
        pauses = self._pauses
        if self.runs or pauses.seconds_left <= _PATIENCE_SECONDS:
            return
        if pauses.why:
            raise pauses.why
        sentence = (
            f"MLX's process has ended {pauses.deaths} times, and is started again in {pauses.seconds_left:.0f} s."
        )
        raise WorkerFailure("BackendUnreachable", sentence)

    @asynccontextmanager
    async def ask(self, request: Request) -> AsyncIterator[Reports]:
        """Send a request, with an id of its own, and read what comes of it. Leaving early cancels it."""
        child = await self._running()
        request = dataclasses.replace(request, id=next(self._ids))
        reports = child.open(request)
        try:
            await child.send(request)
            yield reports
        finally:
            child.leave(request)

    async def close(self) -> None:
        """End the process, for good, within two seconds; requests that are open fail."""
        self._closed = True
        if self._child:
            await self._child.close()

    async def _running(self) -> _Child:
        """Find the process, or start one; several callers at once get the same."""
        if self._child is None or not self._child.alive:
            async with self._starting:
                if self._child is None or not self._child.alive:
                    self._child = await self._start()
        return self._child

    async def _start(self) -> _Child:
        self.check()
        await asyncio.sleep(self._pauses.seconds_left)
        self._check_open()
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                env=self._environ,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,  # Ctrl-C at the terminal is for the bot, which then ends the worker
            )
        except OSError as error:
            self._pauses.died(0.0)
            raise WorkerFailure("BackendUnreachable", "MLX's process cannot be started.") from error
        _log.info("MLX's process %d is started", process.pid)
        child = self._child = _Child(process, self._limits, self._pauses.died)
        try:
            self._check_open()
        except WorkerFailure:
            await child.close()
            raise
        await child.send(self._configure)
        return child

    def _check_open(self) -> None:
        if self._closed:
            raise WorkerFailure("BackendUnreachable", _STOPPING)


class Pauses:
    """How long to wait before the next start: longer after each death, until a process has lived for a quiet while."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.deaths = 0
        self.why: WorkerFailure | None = None
        self._clock = clock
        self._until = 0.0

    @property
    def seconds_left(self) -> float:
        """How long the next start has to wait from now on."""
        return max(0.0, self._until - self._clock()) if self.deaths else 0.0

    def died(self, lived_seconds: float, why: WorkerFailure | None = None) -> None:
        """Note a death, and why, where the process has said so itself."""
        self.deaths = 1 if lived_seconds >= _QUIET_SECONDS else self.deaths + 1
        self.why = why
        pause_seconds = min(_FIRST_PAUSE_SECONDS * 2.0 ** min(self.deaths - 1, 10), _LONGEST_PAUSE_SECONDS)
        self._until = self._clock() + pause_seconds


class _Child:
    """One process, from its start to its death. `on_death` is told how long it lived, and why where it has said so."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        limits: WatchLimits,
        on_death: Callable[[float, WorkerFailure | None], None],
    ) -> None:
        self.process = process
        self.ready: Ready | None = None
        self.death: WorkerFailure | None = None
        self._stdin, self._stdout, self._stderr = _pipes(process)
        self._limits = limits
        self._on_death = on_death
        self._began = time.monotonic()
        self._open: dict[int, Reports] = {}
        self._loaded: dict[str, Loaded] = {}
        self._unloading: dict[int, str] = {}
        self._heartbeat = Heartbeat()
        self._silent_ticks = 0
        self._closing = False
        self._unusable: WorkerFailure | None = None  # in its own words
        self._last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._life = asyncio.create_task(self._live(), name=f"MLX worker {process.pid}")

    @property
    def alive(self) -> bool:
        return self.death is None

    @property
    def loaded(self) -> dict[str, Loaded]:
        leaving = set(self._unloading.values())
        return {name: loaded for name, loaded in self._loaded.items() if name not in leaving}

    def open(self, request: Request) -> Reports:
        """Begin to keep what is said of a request."""
        reports = self._open[request.id] = Reports()
        if isinstance(request, Unload):
            self._unloading[request.id] = request.name
        if self.death:
            reports.fail(self.death)
        return reports

    def leave(self, request: Request) -> None:
        """Stop keeping it; a request that has not ended is cancelled."""
        self._unloading.pop(request.id, None)
        if not self._open.pop(request.id).ended:
            self._write(Cancel(request.id))

    async def send(self, command: Command) -> None:
        """Write a command; waits while the worker takes nothing in. A worker that is dead says so by its reports."""
        self._write(command)
        with suppress(ConnectionError):
            await self._stdin.drain()

    async def close(self) -> None:
        """End the process: it ends by itself when its standard input does, and is killed if it does not."""
        self._closing = True
        self._stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.close_seconds):
                await asyncio.shield(self._life)
        if not self._life.done():
            self._kill()
            await asyncio.wait([self._life], timeout=self._limits.close_seconds)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _write(self, command: Command) -> None:
        if self.alive and not self._stdin.is_closing():
            self._stdin.write(encode(command))

    async def _live(self) -> None:
        """Read and watch until either says that it is over; then nothing is left open."""
        logging_ = asyncio.create_task(self._log_lines(), name="MLX worker's log")
        why = "a bug"
        try:
            why = await self._end_of_life()
        finally:
            self._fail_everybody()
            await self._reap()
            await asyncio.wait([logging_], timeout=self._limits.close_seconds)
            logging_.cancel()
            await asyncio.gather(logging_, return_exceptions=True)
            self._tell(why)

    async def _end_of_life(self) -> str:
        """Say in a word or two how it ended."""
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._watch())]
        done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        return done.pop().result()

    def _fail_everybody(self) -> None:
        """Let every request know at once."""
        self.death = self._unusable or WorkerFailure(
            "BadReply", "MLX's process ended unexpectedly; it is started again.", reason="broke off"
        )
        if self._closing:
            self.death = WorkerFailure("BackendUnreachable", _STOPPING)
        else:
            self._on_death(time.monotonic() - self._began, self._unusable)
        for reports in self._open.values():
            reports.fail(self.death)

    async def _reap(self) -> None:
        """See the process end: one that ends by itself has a moment for it, and an exit status that says why.

        Its output is read to the end, for asyncio takes no process for ended while something is left in a pipe.
        """
        self._stdin.close()
        draining = asyncio.create_task(self._drain(), name="MLX worker's last words")
        await self._ended_within(_MOMENT_SECONDS)
        self._kill()
        await self._ended_within(_REAP_SECONDS)
        draining.cancel()
        await asyncio.gather(draining, return_exceptions=True)

    async def _ended_within(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.process.wait()

    async def _drain(self) -> None:
        while await self._stdout.read(_CHUNK_BYTES):
            continue

    def _tell(self, why: str) -> None:
        if self._closing:
            _log.info("MLX's process %d has ended", self.process.pid)
            return
        last = "".join(f"\n{line}" for line in self._last_lines)
        status = self.process.returncode
        _log.warning("MLX's process %d has ended (%s, exit status %s)%s", self.process.pid, why, status, last)

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()

    async def _read(self) -> str:
        """Take in the worker's lines up to their end."""
        subject = Subject("MLX", "mlx")
        try:
            async with aclosing(lines(self._chunks(), subject)) as texts:
                async for text in texts:
                    self._take(decode(text))
        except (ValueError, BadReply) as error:
            self._last_lines.append(f"what cannot be understood: {error}")
            return "said something that cannot be understood"
        return "ended by itself"

    async def _chunks(self) -> AsyncGenerator[bytes]:
        while chunk := await self._stdout.read(_CHUNK_BYTES):
            yield chunk

    def _take(self, report: Command | Report) -> None:
        self._silent_ticks = 0
        if isinstance(report, Heartbeat):
            self._take_heartbeat(report)
        elif isinstance(report, Ready):
            self.ready = report
        elif isinstance(report, Unusable):
            self._unusable = WorkerFailure("BackendUnreachable", report.sentence)
            self._unusable.__cause__ = WorkerSaid(report.detail)
        elif isinstance(report, Command):
            raise ValueError("the worker gives no commands")  # noqa: TRY004  # of what it said, not of our types
        else:
            self._note_loaded(report)
            if report.id in self._open:
                self._open[report.id].put(report)

    def _take_heartbeat(self, heartbeat: Heartbeat) -> None:
        """Pass a load on to all who wait for it, as a sign of life: they would take the pause for a failure."""
        self._heartbeat = heartbeat
        if heartbeat.loading:
            for reports in self._open.values():
                reports.put(heartbeat)

    def _note_loaded(self, report: Report) -> None:
        if isinstance(report, Loaded):
            self._loaded[report.name] = report
        elif isinstance(report, Unloaded):
            self._loaded.pop(report.name, None)

    async def _watch(self) -> str:
        """Wait until the worker hangs. Ticks are counted, not time: while this process sleeps there are none."""
        limits = self._limits
        while self._silent_ticks * limits.tick_seconds < limits.silence_seconds:
            await asyncio.sleep(limits.tick_seconds)
            self._silent_ticks += 1
            limit_seconds = limits.load_step_seconds if self._heartbeat.loading else limits.step_seconds
            if self._heartbeat.busy_seconds > limit_seconds:
                return f"one step took more than {limit_seconds:g} s"
        return f"no sign of life for {limits.silence_seconds:g} s"

    async def _log_lines(self) -> None:
        """Pass on what the worker writes to its standard error, which is never what people say."""
        count, pending = 0, b""
        while chunk := await self._stderr.read(_CHUNK_BYTES):
            *complete, pending = (pending + chunk).replace(b"\r", b"\n").split(b"\n")
            pending = pending[-_LOG_LINE_LETTERS:]
            for line in complete:
                count += 1
                self._log_line(line, count)
        self._log_line(pending, count + 1)

    def _log_line(self, line: bytes, count: int) -> None:
        text = line[:_LOG_LINE_LETTERS].decode("utf-8", "replace").rstrip()
        if text:
            self._last_lines.append(text)
            if count <= _LOG_LINES:
                _log.debug("MLX: %s", text)


def _pipes(
    process: asyncio.subprocess.Process,
) -> tuple[asyncio.StreamWriter, asyncio.StreamReader, asyncio.StreamReader]:
    if not (process.stdin and process.stdout and process.stderr):
        raise TypeError("the worker needs three pipes")
    return process.stdin, process.stdout, process.stderr


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Make the worker's environment: what it needs of the bot's, and where the project is."""
    passed_on = {
        name: value for name, value in environ.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
    }
    quiet = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "TOKENIZERS_PARALLELISM": "false"}
    return {**passed_on, **quiet, "PYTHONPATH": str(_PROJECT)}
