"""Fixtures of two real engines on tiny models: mlx_lm's server and llama.cpp's, both without a network.

A test module takes them with `pytest_plugins = ("tests.engines",)`.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests import tiny_models

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_START_SECONDS = 90.0


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def running(command: Sequence[str], url: str, log: Path, home: Path) -> Iterator[str]:
    """Run an engine until the end of the block; it is ready when `url`/models answers."""
    (home / "hub").mkdir(parents=True, exist_ok=True)
    environ = {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    with log.open("wb") as output, subprocess.Popen(command, env=environ, stdout=output, stderr=output) as process:
        try:
            _wait_for(f"{url}/models", process, log)
            yield url
        finally:
            process.kill()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=5) as reply:
            reply.read()
            return
        time.sleep(0.1)
    pytest.fail(f"the engine did not start:\n{log.read_text(errors='replace')[-3000:]}")


@pytest.fixture(scope="session")
def mlx_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny model."""
    return tiny_models.make_mlx_model(tmp_path_factory.mktemp("mlx") / "Tiny-Llama-300K")


@pytest.fixture(scope="session")
def mlx_server(mlx_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of mlx_lm's server, which serves the tiny model under the name of its folder."""
    port, folder = free_port(), tmp_path_factory.mktemp("mlx_server")
    command = [sys.executable, "-m", "mlx_lm", "server", "--model", str(mlx_model), "--port", str(port)]
    with running(command, f"http://127.0.0.1:{port}/v1", folder / "log", folder / "home") as url:
        yield url


@pytest.fixture(scope="session")
def llama_cpp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of llama.cpp's server, which serves the tiny model as "tiny"."""
    port, folder = free_port(), tmp_path_factory.mktemp("llama_cpp")
    path = tiny_models.make_gguf_model(folder / "tiny.gguf")
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(path), "--model_alias", "tiny"]
    command += ["--port", str(port), "--host", "127.0.0.1", "--n_ctx", str(tiny_models.CONTEXT_TOKENS)]
    command += ["--interrupt_requests", "False"]
    with running(command, f"http://127.0.0.1:{port}/v1", folder / "log", folder / "home") as url:
        yield url
