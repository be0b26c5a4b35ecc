"""The MLX worker as a process: when it ends, what it says of itself, and what does not reach the bot."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from routing.model_backends.mlx_process import WORKER_COMMAND, environment
from routing.model_backends.mlx_protocol import (
    Configure,
    Generate,
    Heartbeat,
    Load,
    Loaded,
    Piece,
    Ready,
    Unusable,
    decode,
    encode,
)
from tests.mlx_models import make_model

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a tiny model."""
    return str(make_model(tmp_path_factory.mktemp("models") / "Tiny"))


class Worker:
    """A worker of one's own, spoken to by hand."""

    def __init__(self, process: subprocess.Popen[bytes], errors: Path) -> None:
        self.process = process
        self._errors = errors

    def tell(self, *commands: Any) -> None:
        """Send commands, or lines that are none."""
        assert self.process.stdin is not None
        for command in commands:
            self.process.stdin.write(command if isinstance(command, bytes) else encode(command))
        self.process.stdin.flush()

    def hear(self, kind: type) -> Any:
        """Wait for the next report of that kind."""
        assert self.process.stdout is not None
        reports = (report for report in map(decode, self.process.stdout) if isinstance(report, kind))
        return next(reports, None) or pytest.fail(f"it ended: {self._errors.read_text()}")

    def hang_up(self) -> None:
        """Close its input, as the end of the bot does."""
        assert self.process.stdin is not None
        self.process.stdin.close()


@contextmanager
def a_worker(errors: Path, *first_on_the_path: Path) -> Iterator[Worker]:
    environ = environment(os.environ)
    environ["PYTHONPATH"] = ":".join(map(str, (*first_on_the_path, environ["PYTHONPATH"])))
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with errors.open("wb") as file, subprocess.Popen(WORKER_COMMAND, env=environ, stderr=file, **pipes) as process:
        try:
            yield Worker(process, errors)
        finally:
            process.kill()


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    with a_worker(tmp_path / "stderr") as worker:
        yield worker


def test_it_gives_signs_of_life_before_mlx_is_there(worker: Worker) -> None:
    """And ends as soon as its input does, also while it imports MLX."""
    worker.tell(Configure())
    assert worker.hear(Heartbeat).busy_seconds == 0.0
    worker.hang_up()
    assert worker.process.wait(2.0) == 0


def test_it_ends_in_the_midst_of_an_answer(worker: Worker, folder: str) -> None:
    """As soon as its input does; the model would have gone on for seconds."""
    worker.tell(Configure(), Load(1, folder))
    assert worker.hear(Ready).device
    assert worker.hear(Loaded).bytes > 100_000
    worker.tell(Generate(2, folder, (("user", "Hello"),), 4000))
    assert worker.hear(Piece).id == 2
    worker.hang_up()
    assert worker.process.wait(1.0) == 0


def test_a_request_to_terminate_ends_it_at_once(worker: Worker) -> None:
    worker.tell(Configure())
    assert worker.hear(Heartbeat)
    worker.process.terminate()
    assert worker.process.wait(1.0) == -signal.SIGTERM


@pytest.mark.parametrize(
    "lines", [b"hello\n", encode(Configure()) + b'{"is": "Heartbeat"}\n', b'{"is": "Cancel", "id": 4}\n']
)
def test_it_ends_when_it_is_told_nonsense(worker: Worker, lines: bytes) -> None:
    """With whom should it go on speaking? It is told how to work first, and then what to do."""
    worker.tell(lines)
    assert worker.process.wait(10.0) in {0, 1}


def test_without_mlx_it_says_so_and_ends(tmp_path: Path) -> None:
    """A library that is there and cannot be loaded is such a case too."""
    broken = tmp_path / "mlx_lm"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('no Metal here')")
    with a_worker(tmp_path / "stderr", tmp_path) as worker:
        worker.tell(Configure())
        said = worker.hear(Unusable)
        assert worker.process.wait(5.0) == 1
    assert said.sentence.startswith("MLX cannot be used: `pip install")
    assert said.detail == "ImportError: no Metal here"


PRINTS = """
import os
from routing.model_backends.mlx_protocol import Heartbeat
from routing.model_backends.mlx_worker import Wire

wire = Wire.take_over()
print("Fetching 10 files: 100%", flush=True)
os.write(1, b"from C, ")
print(os.read(0, 10), flush=True)
wire.say(Heartbeat())
"""


def test_what_a_library_prints_or_reads_is_not_the_bots() -> None:
    """It goes to standard error, and nothing but the worker reads what the bot says."""
    ran = subprocess.run(
        [sys.executable, "-c", PRINTS], cwd=ROOT, input=b"secret", capture_output=True, timeout=30, check=True
    )
    assert [decode(line) for line in ran.stdout.splitlines()] == [Heartbeat()]
    assert ran.stderr == b"Fetching 10 files: 100%\nfrom C, b''\n"


# Asks the worker something endless, says who the worker is, and goes on until it is killed.
BOT = """
import asyncio, sys
from routing.model_backends import MLXBackend, MLXOptions
from routing.types import Endpoint, GenerationRequest, Message
from tests.answers import a_model

async def main():
    backend = MLXBackend(Endpoint("mlx"), options=MLXOptions(model_paths=(sys.argv[1],)))
    request = GenerationRequest((Message("user", "Hello"),), max_tokens=100_000)
    async for _ in backend.stream(a_model(sys.argv[1], backend="mlx"), request):
        print(backend._process.pid, *sorted({"mlx", "mlx_lm", "transformers"} & set(sys.modules)), flush=True)

asyncio.run(main())
"""


def test_a_bot_that_is_killed_leaves_no_worker_behind(folder: str) -> None:
    """Not even one in the midst of an answer; and nothing of MLX was ever in the bot's own process."""
    command = [sys.executable, "-c", BOT, folder]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as bot:
        assert bot.stdout is not None
        said = bot.stdout.readline().split()
        assert len(said) == 1
        assert runs(int(said[0]))
        bot.kill()
    deadline = time.monotonic() + 3.0
    while runs(int(said[0])) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not runs(int(said[0]))


def runs(pid: int) -> bool:
    """Whether a process is there that is no zombie: orphans are init's, which may take its time."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


IMPORTS = """
import json, sys
import bot, dialogue.services, handlers, routing.execution_engine, terminal.doctor
from routing.model_backends import MLXBackend
from routing.model_backends.mlx import is_installed
is_installed()
print(json.dumps(sorted({"mlx", "mlx_lm", "transformers", "huggingface_hub", "numpy"} & set(sys.modules))))
"""


def test_the_bot_never_imports_mlx() -> None:
    """Nor what comes with it, which would cost it seconds, memory and stability."""
    ran = subprocess.run([sys.executable, "-c", IMPORTS], cwd=ROOT, capture_output=True, timeout=30, check=True)
    assert json.loads(ran.stdout) == []
