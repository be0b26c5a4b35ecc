"""Part (f) of bench.routing: microseconds a message by its length, for us and for the others in the same run."""

from __future__ import annotations

import dataclasses
import random
import time
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from bench.routing_litellm import VERSIONS, microseconds
from bench.routing_table import Row, Table, Target
from routing.intelligent_router import IntelligentRouter
from routing.model_registry import ModelRegistry
from routing.task_classifier import TaskClassifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.routing_data import Labelled
    from bench.routing_nearest import NearestUtterance
    from bench.routing_rival import LiteLLM
    from routing.types import Query, TaskClassification

    Time = Callable[[Sequence[str], int], list[float]]

LENGTHS = (10, 100, 1_000, 50_000)
MODELS = 20
# Seconds, not calls, are what a length may take. Words are remembered, as they are between people's messages: how much
# that is worth is told by a row of texts that were never seen.
_TEXTS, _TURNS = 40, 5
_UNSEEN_TEXTS, _READ_BEFORE = 200, 1000
_CALLS = {10: 4000, 100: 4000, 1_000: 1200, 50_000: 400}
CLASSIFY, UNSEEN, DECIDE, WHOLE = "ours, classify", "  each text once", f"ours, decide, {MODELS} models", "ours, both"
_TARGETS = {
    (CLASSIFY, 100): Target(60.0, at_most=True),
    (CLASSIFY, 50_000): Target(1000.0, at_most=True),
    **{(DECIDE, length): Target(40.0, at_most=True) for length in LENGTHS},
}


class Known:
    """In place of a classifier: gives back what was classified before, so that the rest of a decision is timed."""

    def __init__(self, texts: Sequence[str]) -> None:
        classify = TaskClassifier().classify
        self._tasks = {text: classify(text) for text in texts}

    def classify(self, query: Query) -> TaskClassification:
        """Look it up."""
        return self._tasks[query.text]


def time_table(messages: Sequence[Labelled], nearest: NearestUtterance, rival: LiteLLM | None, share: float) -> Table:
    """Time everybody, in turns, so that whatever else slows the machine down meets all; `share` of the calls."""
    rows: dict[str, list[float | None]] = {}
    said: dict[str, list[str]] = {}
    for length in LENGTHS:
        texts = texts_of(messages, length)
        measured = _timed(_contestants(texts, nearest, rival), texts, share * _CALLS[length])
        classified = {CLASSIFY: measured.pop(CLASSIFY), UNSEEN: _unseen(messages, length)}
        for name, taken in {**classified, **measured}.items():
            middle, slow = map(float, np.percentile(taken, (50, 99)))
            rows.setdefault(name, []).extend((middle, slow))
            if target := _TARGETS.get((name, length)):
                said.setdefault(name, []).append(f"{length:,}: {target.verdict(middle)}")
    lines = [Row(name, figures, said.get(name, ())) for name, figures in rows.items()]
    columns = [f"{length:,} {name}" for length in LENGTHS for name in ("p50", "p99")]
    remark = (
        f"{_TEXTS} texts of each length, in up to {_TURNS} turns, so that their words are known; and {_UNSEEN_TEXTS} "
        "texts once each. The nearest utterances read 2,000 characters."
    )
    return Table("(f) microseconds a message, by its characters", columns, lines, (remark,), 1)


def _unseen(messages: Sequence[Labelled], length: int) -> list[float]:
    """Time texts that come once, by a classifier that has read some messages before."""
    chance = random.Random(-length)
    classify = TaskClassifier().classify
    for message in chance.choices(messages, k=_READ_BEFORE):
        classify(message.text)
    return [_microseconds(classify, text) for text in texts_of(messages, length, _UNSEEN_TEXTS, chance)]


def _microseconds(call: Callable[[str], object], text: str) -> float:
    began = time.perf_counter_ns()
    call(text)
    return (time.perf_counter_ns() - began) / 1000


def _timed(contestants: dict[str, Time], texts: Sequence[str], calls: float) -> dict[str, list[float]]:
    turns = min(_TURNS, max(1, round(calls / len(texts))))
    rounds = max(1, round(calls / turns / len(texts)))
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(turns):
        for name, measure in contestants.items():
            taken[name] += measure(texts, rounds)
    return taken


def _contestants(texts: Sequence[str], nearest: NearestUtterance, rival: LiteLLM | None) -> dict[str, Time]:
    """Give what times each: all ways of ours in this process, LiteLLM in its own."""
    classifier = TaskClassifier()
    decide = IntelligentRouter(_registry(), classifier=Known(texts)).decide  # type: ignore[arg-type]  # it looks up
    contestants = {
        CLASSIFY: _here(classifier.classify),
        DECIDE: _here(decide),
        WHOLE: _here(IntelligentRouter(_registry(), classifier=classifier).decide),
        "nearest utterances": _here(nearest.category),
    }
    if rival:
        contestants |= {router: _there(rival, router) for router in VERSIONS}
    return contestants


def _here(call: Callable[[str], object]) -> Time:
    return lambda texts, rounds: microseconds(call, texts, rounds)


def _there(rival: LiteLLM, router: str) -> Time:
    return lambda texts, rounds: rival.microseconds(router, texts, rounds)


def _registry() -> ModelRegistry:
    """Make a registry of so many models, copies of the shipped ones."""
    shipped = cycle(ModelRegistry().get_all_models())
    return ModelRegistry(
        dataclasses.replace(next(shipped), model_id=f"m{number}", backend_name=f"n{number}") for number in range(MODELS)
    )


def texts_of(
    messages: Sequence[Labelled], length: int, count: int = _TEXTS, chance: random.Random | None = None
) -> list[str]:
    """Put together texts of exactly so many characters out of English messages, drawn by a seed."""
    chance = chance or random.Random(length)
    english = [message.text for message in messages if message.language == "en"]
    return ["".join(_run_on(english, length, chance))[:length] for _ in range(count)]


def _run_on(messages: Sequence[str], length: int, chance: random.Random) -> Iterator[str]:
    written = 0
    while written < length:
        message = chance.choice(messages)
        yield message + "\n"
        written += len(message) + 1
