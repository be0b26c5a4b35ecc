"""Parts (a) and (b) of bench.routing: how much of the gap between a weak and a strong model a router recovers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bench.routing_litellm import VERSIONS
from bench.routing_metrics import curve, folds
from bench.routing_ours import fit_benefit, fit_exam_score
from bench.routing_table import Row, Table, Target, verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bench.routing_data import Exam
    from bench.routing_nearest import NearestUtterance
    from bench.routing_ours import Scores
    from bench.routing_rival import LiteLLM

    Floats = NDArray[np.float64]
    Fit = Callable[[Sequence[Exam]], Scores]

COLUMNS = ("APGR", "CPT50", "CPT80")
TARGETS = {"MMLU": 0.68, "GSM8K": 0.64}
TRANSFER_TARGETS = {"MMLU": 0.61, "GSM8K": 0.60}
_RANDOM_DRAWS = 50


def gap_tables(
    exams: Mapping[str, Sequence[Exam]], nearest: NearestUtterance, rival: LiteLLM | None, seeds: int
) -> Iterator[Table]:
    """Compare what needs no training from these sets, and ours trained on four fifths and asked about the last."""
    for name, rows in exams.items():
        held_out = [figures(held_out_scores(rows, seed), rows) for seed in range(seeds)]
        lines = [judged("ours", held_out, TARGETS[name])]
        lines += [plain(rival_name, [figures(scores, rows)]) for rival_name, scores in _others(rows, nearest, rival)]
        lines.append(plain("random", [figures(draw, rows) for draw in _draws(len(rows))]))
        yield Table(f"(a) {name}, {len(rows):,} questions: ours by five-fold cross-validation", COLUMNS, lines)


def transfer_table(exams: Mapping[str, Sequence[Exam]]) -> Table:
    """Train on the one set, and score the other."""
    lines = []
    for name, rows in exams.items():
        other = next(other for other in exams if other != name)
        prompts = [row.prompt for row in rows]
        scores = fit_benefit(exams[other])(prompts)
        lines.append(judged(f"{other} to {name}", [figures(scores, rows)], TRANSFER_TARGETS[name]))
        lines.append(plain("  without its category", [figures(fit_exam_score(exams[other])(prompts), rows)]))
    return Table("(b) transfer: ours, trained on one set and asked about the other", COLUMNS, lines)


def held_out_scores(rows: Sequence[Exam], seed: int, fit: Fit = fit_benefit) -> Floats:
    """Score each row with what was learnt from the other folds."""
    scores, fold_of = np.zeros(len(rows)), folds(len(rows), seed=seed)
    for fold in np.unique(fold_of):
        train = [row for row, place in zip(rows, fold_of, strict=True) if place != fold]
        asked = [row.prompt for row, place in zip(rows, fold_of, strict=True) if place == fold]
        scores[fold_of == fold] = fit(train)(asked)
    return scores


def figures(scores: Floats, rows: Sequence[Exam]) -> tuple[float, float, float]:
    """Compute the columns."""
    found = curve(scores, [row.weak_right for row in rows], [row.strong_right for row in rows])
    return found.apgr, found.calls_for(0.5), found.calls_for(0.8)


def plain(name: str, found: Sequence[tuple[float, ...]]) -> Row:
    """Give the means over seeds."""
    return Row(name, [float(mean) for mean in np.mean(found, axis=0)])


def judged(name: str, found: Sequence[tuple[float, ...]], least: float) -> Row:
    """Give the means over seeds, beside the target for the first of them."""
    row = plain(name, found)
    return Row(name, row.figures, verdicts({"APGR": row.figures[0]}, {"APGR": Target(least)}))


def _others(rows: Sequence[Exam], nearest: NearestUtterance, rival: LiteLLM | None) -> Iterator[tuple[str, Floats]]:
    prompts = [row.prompt for row in rows]
    yield "prompt length", np.array([float(len(prompt)) for prompt in prompts])
    yield "nearest utterances", np.array([nearest.effort(prompt) for prompt in prompts])
    if rival:
        for router in VERSIONS:
            yield router, np.array(rival.scores(router, prompts))


def _draws(rows: int) -> Iterator[Floats]:
    for seed in range(_RANDOM_DRAWS):
        yield np.random.default_rng(seed).random(rows)
