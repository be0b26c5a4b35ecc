"""Part (d) of bench.routing: how often the category is right, by data set and on messages as people send them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bench.routing_data import ACCEPTED
from bench.routing_metrics import folds
from bench.routing_table import Row, Table, Target
from routing.task_classifier import TaskClassifier
from routing.types import TaskComplexity

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from bench.routing_data import Labelled, TaskPrompt
    from bench.routing_nearest import NearestUtterance
    from bench.routing_ours import Category
    from bench.routing_rival import LiteLLM
    from routing.types import TaskCategory

    Fit = Callable[[Sequence[TaskPrompt]], Category]

LEAST = Target(95.0)
RIVAL = "LiteLLM v2"  # v1 names no kind of request
SET_COLUMNS = ("ours", "main one", "nearest", RIVAL, "prompts")
PROBE_COLUMNS = ("ours", "nearest", RIVAL, "language", "level +-1", "messages")
_RANKS = {level: rank for rank, level in enumerate(TaskComplexity)}


class Told(NamedTuple):
    """One prompt, and the category that each contestant gave it; None where it takes no part."""

    prompt: TaskPrompt
    ours: TaskCategory
    nearest: TaskCategory
    rival: TaskCategory | None


class Read(NamedTuple):
    """One message of the probe, and what each contestant got right of it; None where it takes no part."""

    message: Labelled
    ours: bool
    nearest: bool
    rival: bool | None
    language: bool
    level: bool


def category_tables(
    prompts: Sequence[TaskPrompt], fit: Fit, nearest: NearestUtterance, rival: LiteLLM | None, seed: int
) -> Iterator[Table]:
    """Show the data sets, ours trained on four fifths and asked about the last."""
    ours = held_out_categories(prompts, fit, seed)
    theirs = rival.categories(RIVAL, [row.prompt for row in prompts]) if rival else [None] * len(prompts)
    told = [
        Told(row, mine, nearest.category(row.prompt), other)
        for row, mine, other in zip(prompts, ours, theirs, strict=True)
    ]
    sets = (_set_row(name, [one for one in told if one.prompt.data_set == name]) for name in sorted(ACCEPTED))
    lines = [_set_row("all", told, LEAST), *sets]
    remark = "Right is a category that fits the data set; the main one is what most of its prompts are."
    yield Table(
        "(d) category, % right by data set: ours by five-fold cross-validation", SET_COLUMNS, lines, (remark,), 1
    )


def held_out_categories(prompts: Sequence[TaskPrompt], fit: Fit, seed: int) -> list[TaskCategory]:
    """Give each prompt the category that was learnt from the other folds."""
    fold_of = folds(len(prompts), seed=seed)
    found: dict[int, TaskCategory] = {}
    for fold in np.unique(fold_of):
        category = fit([row for row, place in zip(prompts, fold_of, strict=True) if place != fold])
        found |= {place: category(prompts[place].prompt) for place in map(int, np.flatnonzero(fold_of == fold))}
    return [found[place] for place in range(len(prompts))]


def _set_row(name: str, told: Sequence[Told], target: Target | None = None) -> Row:
    if not told:
        return Row(name, [None] * (len(SET_COLUMNS) - 1) + [0.0])
    right = [
        (
            one.ours in ACCEPTED[one.prompt.data_set],
            one.ours is ACCEPTED[one.prompt.data_set][0],
            one.nearest in ACCEPTED[one.prompt.data_set],
            None if one.rival is None else one.rival in ACCEPTED[one.prompt.data_set],
        )
        for one in told
    ]
    return _row(name, right, target)


def probe_tables(probe: Sequence[Labelled], nearest: NearestUtterance, rival: LiteLLM | None) -> Iterator[Table]:
    """Show the probe by tag and by language: the shipped router, which never saw it."""
    read = list(_read(probe, nearest, rival))
    yield _table("(d) the probe, % right by tag", read, lambda message: message.tags, LEAST)
    yield _table("(d) the probe, % right by language", read, lambda message: {message.language})


def held_out_table(messages: Sequence[Labelled], nearest: NearestUtterance, rival: LiteLLM | None) -> Table:
    """Show those of our own messages of whose topics nothing was trained on, by category."""
    read = list(_read([message for message in messages if message.held_out], nearest, rival))
    return _table("(d) our own messages of held-out topics, % right", read, lambda message: {message.category}, LEAST)


def _table(
    title: str, read: Sequence[Read], groups: Callable[[Labelled], Collection[str]], target: Target | None = None
) -> Table:
    names = sorted({name for one in read for name in groups(one.message)})
    parts = (_row(name, [one[1:] for one in read if name in groups(one.message)]) for name in names)
    return Table(title, PROBE_COLUMNS, [_row("all", [one[1:] for one in read], target), *parts], digits=1)


def _read(probe: Sequence[Labelled], nearest: NearestUtterance, rival: LiteLLM | None) -> Iterator[Read]:
    classify = TaskClassifier().classify
    theirs = rival.categories(RIVAL, [one.text for one in probe]) if rival else [None] * len(probe)
    for message, other in zip(probe, theirs, strict=True):
        task = classify(message.query)
        yield Read(
            message,
            task.category is message.category,
            nearest.category(message.text) is message.category,
            None if other is None else other is message.category,
            task.language == message.language,
            abs(_RANKS[task.complexity] - _RANKS[message.level]) <= 1,
        )


def _row(name: str, right: Sequence[Sequence[bool | None]], target: Target | None = None) -> Row:
    """Give percentages, and how many there were; None where a contestant takes no part."""
    shares = [
        None if None in column else 100 * sum(map(bool, column)) / len(column) for column in zip(*right, strict=True)
    ]
    said = (target.verdict(shares[0]),) if target and shares[0] is not None else ()
    return Row(name, [*shares, float(len(right))], said)
