"""The table of bench.mlx: a row's medians by contestant, how they compare, and whether that meets its target."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.mlx_measures import ALONE, COLD, GAP, NEWCOMER, PREFILL, WARM, WORST_NEWCOMER, aggregate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.mlx_measures import Figures

NAME_LETTERS, CELL_LETTERS = 32, 11


@dataclass(frozen=True, slots=True)
class Target:
    """What ours has to reach: `rival`'s figure, or ours of another row, and how large the quotient must be.

    `quotient` is ours over the rival's, or the other way round where less is better. It is the median of the rounds'
    own quotients: what slows a machine down for a while then slows down both.
    """

    row: str
    at_least: float
    rival: str = ""
    rival_row: str = ""
    less_is_better: bool = False

    def quotient(self, figures: Mapping[str, Sequence[Figures]]) -> float | None:
        """Compute it; None where either was not measured. `figures` are by contestant and round."""
        ours = [_median(round_, self.row) for round_ in figures.get("ours", ())]
        rivals = [_median(round_, self.rival_row or self.row) for round_ in figures.get(self.rival or "ours", ())]
        pairs = [(mine, other) for mine, other in zip(ours, rivals, strict=False) if mine and other]
        if not pairs:
            return None
        return statistics.median(other / mine if self.less_is_better else mine / other for mine, other in pairs)

    @property
    def words(self) -> str:
        """Say what is wanted."""
        if self.rival_row:
            return f"at least {self.at_least:g}x faster"
        if self.less_is_better:
            return f"under 1/{self.at_least:g} of {self.rival}"
        return f"at least {self.at_least:.0%} of {self.rival}"


def targets(widths: Sequence[int]) -> dict[str, Target]:
    """Give the targets by the name of their row."""
    wanted = [
        Target(ALONE, 0.97, "raw"),
        *(Target(aggregate(width), 1.0, "server") for width in widths),
        Target(NEWCOMER, 5.0, "server", less_is_better=True),
        Target(WARM, 15.0, rival_row=COLD, less_is_better=True),
    ]
    return {target.row: target for target in wanted}


def rows(widths: Sequence[int]) -> list[str]:
    """List the rows in their order."""
    return [ALONE, *map(aggregate, widths), NEWCOMER, WORST_NEWCOMER, GAP, PREFILL, COLD, WARM]


def table(figures: Mapping[str, Sequence[Figures]], widths: Sequence[int]) -> Iterator[str]:
    """Write the table line by line; `figures` are by contestant, a dictionary for each round."""
    yield "".join(("".ljust(NAME_LETTERS), *(name.rjust(CELL_LETTERS) for name in figures), "   against the target"))
    wanted = targets(widths)
    for row in rows(widths):
        cells = (_cell([_median(round_, row) for round_ in rounds]) for rounds in figures.values())
        verdict = _verdict(wanted[row], figures) if row in wanted else ""
        yield "".join((row.ljust(NAME_LETTERS), *cells, f"   {verdict}".rstrip()))


def memory_rows(peaks: Mapping[str, tuple[int | None, int | None]]) -> Iterator[str]:
    """Write the two rows of peak memory, of a process as a whole and of MLX in it."""
    for place, name in enumerate(("peak memory, MB", "peak memory of MLX, MB")):
        sizes = [peak[place] for peak in peaks.values()]
        yield "".join((name.ljust(NAME_LETTERS), *(_cell([size and size / 1e6]) for size in sizes)))


def _verdict(target: Target, figures: Mapping[str, Sequence[Figures]]) -> str:
    quotient = target.quotient(figures)
    if quotient is None:
        return "not measured"
    if target.rival_row:
        came = f"{quotient:.1f}x faster"
    elif target.less_is_better:
        came = f"1/{quotient:.1f} of {target.rival}"
    else:
        came = f"{quotient:.1%} of {target.rival}"
    return f"{came} ({target.words}): {'met' if quotient >= target.at_least else 'NOT MET'}"


def _median(figures: Figures, row: str) -> float | None:
    return statistics.median(figures[row]) if figures.get(row) else None


def _cell(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "-".rjust(CELL_LETTERS)
    value = statistics.median(known)
    return f"{value:.{0 if value >= 1000 else 1 if value >= 10 else 2}f}".rjust(CELL_LETTERS)
