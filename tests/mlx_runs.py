"""Runs requests on a ModelRunner step by step, and beside it mlx_lm's own stream_generate, for comparison."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from mlx_lm import stream_generate

from routing.model_backends.mlx_engine.loading import load_model
from routing.model_backends.mlx_engine.prefixes import PrefixCache
from routing.model_backends.mlx_engine.prompts import tokenize_conversation
from routing.model_backends.mlx_engine.runner import ModelRunner
from routing.model_backends.mlx_protocol import Done, Failed, Generate, Piece, Queued, Sampling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mlx_lm.generate import GenerationResponse

    from routing.model_backends.mlx_engine.loading import LoadedModel

GREEDY = Sampling(temperature=0)
WORDS = "the a one two of to and in it is we you day year way man tree sun sea salt stone wind rain light".split()  # noqa: SIM905 - reads best as words


def load(folder: Path) -> LoadedModel:
    """Load a model from its folder."""
    return load_model(str(folder), room_bytes=None, on_progress=lambda *_: None)


def prompt(loaded: LoadedModel, text: str | Sequence[tuple[str, str]]) -> list[int]:
    """The tokens of a question, or of a conversation."""
    return [token for segment in tokenize_conversation(loaded, turns(text), think=None).segments for token in segment]


def turns(text: str | Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """One question as a conversation."""
    return (("user", text),) if isinstance(text, str) else tuple(text)


def responses(
    loaded: LoadedModel, text: str | Sequence[tuple[str, str]], tokens: int, **options: Any
) -> list[GenerationResponse]:
    """What mlx_lm's stream_generate answers, alone, token by token."""
    made = stream_generate(loaded.model, loaded.tokenizer, prompt(loaded, text), max_tokens=tokens, **options)
    return list(made)


def streamed(loaded: LoadedModel, text: str | Sequence[tuple[str, str]], tokens: int, **options: Any) -> str:
    """The text of the same."""
    return "".join(response.text for response in responses(loaded, text, tokens, **options))


class Runs:
    """A runner and what it has said so far, by request."""

    def __init__(
        self,
        loaded: LoadedModel,
        *,
        draft: LoadedModel | None = None,
        room: Callable[[], int | None] = lambda: None,
        prefix_bytes: int = 0,
    ) -> None:
        self.now = 0.0
        self.prefixes = PrefixCache(prefix_bytes)
        self.runner = ModelRunner(loaded, self.prefixes, draft, room, clock=lambda: self.now)
        self.text: defaultdict[int, str] = defaultdict(str)
        self.reasoning: defaultdict[int, str] = defaultdict(str)
        self.pieces: defaultdict[int, list[str]] = defaultdict(list)
        self.positions: defaultdict[int, list[int]] = defaultdict(list)
        self.done: dict[int, Done] = {}
        self.failed: dict[int, Failed] = {}
        self._asked = 0

    def ask(self, text: str | Sequence[tuple[str, str]], tokens: int = 40, **options: Any) -> int:
        """Submit a question, greedy unless told otherwise; its id."""
        self._asked += 1
        options.setdefault("sampling", GREEDY)
        self.runner.submit(Generate(self._asked, "m", turns(text), tokens, **options), self.now)
        return self._asked

    def steps(self, count: int) -> None:
        """Take some steps of the runner, a second each."""
        for _ in range(count):
            self.now += 1
            for report in self.runner.step():
                self._note(report)

    def finish(self) -> None:
        """Step until everything is answered."""
        for _ in range(5000):
            if self.runner.idle:
                return
            self.steps(1)
        raise AssertionError("the runner does not come to an end")

    def answer(self, text: str | Sequence[tuple[str, str]], tokens: int = 40, **options: Any) -> str:
        """Ask, and wait for the whole answer."""
        number = self.ask(text, tokens, **options)
        self.finish()
        return self.text[number]

    def _note(self, report: object) -> None:
        if isinstance(report, Piece):
            self.text[report.id] += report.text
            self.reasoning[report.id] += report.reasoning
            self.pieces[report.id].append(report.text)
        elif isinstance(report, Queued):
            self.positions[report.id].append(report.position)
        elif isinstance(report, Done):
            self.done[report.id] = report
        elif isinstance(report, Failed):
            self.failed[report.id] = report
