"""Part (c) of bench.routing: which of nine models to ask, beside always asking the best one, and the oracle."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.routing_metrics import folds
from bench.routing_ours import category_of, category_table, success_of
from bench.routing_table import Row, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.routing_data import Scored
    from bench.routing_ours import Chances, HeadsFit

    Fit = Callable[[Sequence[Scored]], tuple[Chances, Chances]]

COLUMNS = ("ours", "by category", "best single", "oracle")
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of one row: the score of the chosen model under each way, and the best of all."""

    row: Scored
    ours: float
    by_category: float
    oracle: float


def nine_model_tables(rows: Sequence[Scored], fit: Fit, seed: int) -> Iterator[Table]:
    """Show five folds, then each data set when nothing of it was trained on."""
    yield _table("(c) nine models, mean score: five-fold cross-validated", folded(rows, fit, seed))
    yield _table("(c) the same, no prompt of the data set trained on", left_out(rows, fit), by_set=True)


def folded(rows: Sequence[Scored], fit: Fit, seed: int) -> list[Asked]:
    """Ask about each row with what was learnt from the other folds."""
    fold_of, found = folds(len(rows), seed=seed), list[Asked]()
    for fold in np.unique(fold_of):
        held_out = [row for row, place in zip(rows, fold_of, strict=True) if place == fold]
        found += asked([row for row, place in zip(rows, fold_of, strict=True) if place != fold], held_out, fit)
    return found


def left_out(rows: Sequence[Scored], fit: Fit) -> list[Asked]:
    """Ask about each data set with what was learnt from the other ones."""
    found = list[Asked]()
    for name in sorted({row.data_set for row in rows}):
        train = [row for row in rows if row.data_set != name]
        found += asked(train, [row for row in rows if row.data_set == name], fit)
    return found


def learnt(train: Sequence[Scored], fit: HeadsFit) -> tuple[Chances, Chances]:
    """Learn ours and the table by category from the same heads, which have not seen the rows to be asked about."""
    heads = fit(train)
    return success_of(train, heads), category_table(train, category_of(heads))


def asked(train: Sequence[Scored], held_out: Sequence[Scored], fit: Fit) -> list[Asked]:
    """Choose for each held-out row the model that answers it best by what the other rows taught."""
    ours, table = fit(train)
    return [
        Asked(row, row.scores[likeliest(ours, row)], row.scores[likeliest(table, row)], max(row.scores.values()))
        for row in held_out
    ]


def likeliest(chances: Chances, row: Scored) -> str:
    """Name the model with the best chance."""
    chance = chances(row.prompt)
    return max(chance, key=lambda model: chance[model])


def _table(title: str, found: Sequence[Asked], *, by_set: bool = False) -> Table:
    best = best_single([one.row for one in found])
    lines = [_row("all", found, best, judged=True)]
    if by_set:
        sets: dict[str, list[Asked]] = defaultdict(list)
        for one in found:
            sets[one.row.data_set].append(one)
        lines += [_row(name, sets[name], best) for name in sorted(sets)]
    remarks = (
        f"The best single model is {best}, known only in hindsight; ours is chosen without the rows asked about.",
        "Ours is what graded answers teach of these nine; of models that nobody has graded the bot knows their prior.",
    )
    return Table(f"{title}, {len(found):,} prompts", COLUMNS, lines, remarks)


def best_single(rows: Sequence[Scored]) -> str:
    """Name the model with the best mean."""
    return max(rows[0].scores, key=lambda model: sum(row.scores[model] for row in rows))


def _row(name: str, found: Sequence[Asked], best: str, *, judged: bool = False) -> Row:
    columns = [(one.ours, one.by_category, one.row.scores[best], one.oracle) for one in found]
    means = [float(mean) for mean in np.mean(columns, axis=0)]
    below = means[0] < means[2] - _ROUNDING
    if judged:
        return Row(name, means, (f"at least the best single: {'NOT MET' if below else 'met'}",))
    return Row(name, means, ("below it",) if below else ())
