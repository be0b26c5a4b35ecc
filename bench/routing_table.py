"""The tables of bench.routing: a name, its figures, and whether they meet their targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

NAME_LETTERS, CELL_LETTERS = 30, 12


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure has to be: at least, or under, a bound."""

    bound: float
    at_most: bool = False

    def verdict(self, value: float) -> str:
        """Say whether it is met, as the last cell of a row."""
        met = value < self.bound if self.at_most else value >= self.bound
        return f"{'under' if self.at_most else 'at least'} {self.bound:g}: {'met' if met else 'NOT MET'}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: figures by column (None: not measured), and what is said of them."""

    name: str
    figures: Sequence[float | None]
    verdicts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A heading, columns, rows, and remarks under them. `digits` are those behind the point."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Row]
    remarks: Sequence[str] = ()
    digits: int = 3

    def lines(self) -> Iterator[str]:
        """Write it."""
        yield self.title
        yield "".join(("".ljust(NAME_LETTERS), *(column.rjust(CELL_LETTERS) for column in self.columns)))
        for row in self.rows:
            cells = "".join(self._cell(figure).rjust(CELL_LETTERS) for figure in row.figures)
            yield f"{row.name:<{NAME_LETTERS}}{cells}   {', '.join(row.verdicts)}".rstrip()
        yield from self.remarks

    def _cell(self, figure: float | None) -> str:
        return "-" if figure is None else f"{figure:,.{self.digits}f}"


def print_tables(tables: Iterable[Table]) -> None:
    """Print tables as they come, each after a blank line, so that a long run shows how far it is."""
    for table in tables:
        print("", *table.lines(), sep="\n", flush=True)


def verdicts(figures: Mapping[str, float | None], targets: Mapping[str, Target]) -> tuple[str, ...]:
    """Judge each figure that has a target by its column's name; one target alone needs no name before it."""
    named = [
        (name, target.verdict(value)) for name, target in targets.items() if (value := figures.get(name)) is not None
    ]
    return tuple(words if len(targets) == 1 else f"{name} {words}" for name, words in named)
