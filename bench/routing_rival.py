"""LiteLLM's complexity router as bench.routing asks it, in a process of its own; or why it takes no part."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bench.routing_data import ROOT
from routing.types import TaskCategory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PYTHON = ROOT / "build" / "bench" / "bin" / "python"
INSTALL = (
    "LiteLLM is not installed, and takes no part. To install it apart from the bot: python3.11 -m venv build/bench && "
    "build/bench/bin/pip install --no-deps -r requirements-bench.txt"
)
# What its kinds of requests are in our words. "general" is what it says where it knows nothing better.
_CATEGORIES: Mapping[str, TaskCategory] = {
    "code_generation": TaskCategory.CODE,
    "code_understanding": TaskCategory.CODE,
    "technical_design": TaskCategory.CODE,
    "analytical_reasoning": TaskCategory.REASONING,
    "writing": TaskCategory.CREATIVE,
    "factual_lookup": TaskCategory.QUESTION,
    "general": TaskCategory.QUESTION,
}


class LiteLLM:
    """The child, from its start on."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.version: str = self._answer()

    def scores(self, router: str, texts: Sequence[str]) -> list[float]:
        """Ask how hard each text is."""
        return [score for score, _ in self._ask(router=router, texts=list(texts))]

    def categories(self, router: str, texts: Sequence[str]) -> list[TaskCategory]:
        """Ask what each text is, of the classifier that says so."""
        return [_CATEGORIES[kind] for _, kind in self._ask(router=router, texts=list(texts))]

    def microseconds(self, router: str, texts: Sequence[str], rounds: int) -> list[float]:
        """Have its calls timed over there."""
        taken: list[float] = self._ask(router=router, texts=list(texts), rounds=rounds)
        return taken

    def _ask(self, **asked: object) -> Any:
        assert self._process.stdin is not None
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process that measures LiteLLM has ended; what it said stands above")
        return json.loads(line)


@contextmanager
def litellm(python: str | None) -> Iterator[LiteLLM | None]:
    """Start it under an interpreter that has it; None where none has."""
    found = python or _interpreter()
    if not found:
        yield None
        return
    command = (found, "-m", "bench.routing_litellm")
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield LiteLLM(process)
        finally:
            process.kill()


def _interpreter() -> str:
    if PYTHON.exists():
        return str(PYTHON)
    return sys.executable if importlib.util.find_spec("litellm") else ""
