"""Markdown tables: read without losing a cell, drawn as monospace or, when too wide, as rows of "header: value"."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from wcwidth import wcswidth

from routing.rich_text import Marks, Run, Style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.rules_block import StateBlock

# What a phone shows of a code block before it wraps the line.
_WIDEST_GRID = 46
# So many characters of headers may be repeated in the rows of one table: a long header over thousands of rows would
# make hundreds of messages of a short reply.
_LONGEST_REPETITION = 20_000

# The last argument of markdown-it's rules: only say whether the block begins here.
_SILENT = True

_DELIMITER = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_PIECE = re.compile(r"\\.|(`+)(?:(?!\1)[^\n])*?(?<!`)\1(?!`)|\||[^\\`|]+|.", re.DOTALL)


def table_rule(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: FBT001 - theirs
    """Read a table: pipes inside code do not part cells, and cells beyond the header's stay in the last one."""
    if start_line + 2 > end_line or state.is_code_block(start_line):
        return False
    # A table below a list or a quote is none of theirs, even without a blank line between; it only ends them.
    if not _is_delimiter(state, start_line + 1) or (state.sCount[start_line + 1] < state.blkIndent and not silent):
        return False
    header = _cells(_line(state, start_line))
    aligns = _aligns(_line(state, start_line + 1))
    if "|" not in _line(state, start_line) or not _matches(header, aligns, _line(state, start_line)):
        return False
    if silent:
        return True
    last = _last_line(state, start_line, end_line)
    columns = max(len(header), len(aligns))
    opening = state.push("table_open", "table", 1)
    opening.map = [start_line, last]
    opening.meta = {"aligns": aligns + ["left"] * (columns - len(aligns)), "columns": columns}
    for line in (start_line, *range(start_line + 2, last)):
        _push_row(state, line, columns)
    state.push("table_close", "table", -1).meta = {"rows": last - start_line - 2}
    state.line = last
    return True


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].strip()


def _is_delimiter(state: StateBlock, line: int) -> bool:
    if state.is_code_block(line):
        return False
    text = _line(state, line)
    return ("|" in text or ":" in text) and bool(_DELIMITER.fullmatch(text))


def _matches(header: list[str], aligns: list[str], line: str) -> bool:
    """Whether header and delimiter row belong together; models miscount, so between outer pipes the count is free."""
    return len(header) == len(aligns) or (line.startswith("|") and len(aligns) > 1)


def _aligns(delimiter: str) -> list[str]:
    return [_align(cell) for cell in _cells(delimiter)]


def _align(cell: str) -> str:
    if cell.endswith(":"):
        return "center" if cell.startswith(":") else "right"
    return "left"


def _cells(line: str) -> list[str]:
    cells = [""]
    for match in _PIECE.finditer(line):
        piece = match[0]
        if piece == "|":
            cells.append("")
        else:
            cells[-1] += "|" if piece == "\\|" else piece.replace("\\|", "|") if match[1] else piece
    if len(cells) > 1 and not cells[0].strip():
        del cells[0]
    if len(cells) > 1 and not cells[-1].strip():
        del cells[-1]
    return [cell.strip() for cell in cells]


def _last_line(state: StateBlock, start_line: int, end_line: int) -> int:
    """Find the line after the table: a blank one, one of an outer block, or the beginning of another block."""
    endings = state.md.block.ruler.getRules("blockquote")
    for line in range(start_line + 2, end_line):
        if state.isEmpty(line) or state.sCount[line] < state.blkIndent or state.is_code_block(line):
            return line
        if not _line(state, line).startswith("|") and any(rule(state, line, end_line, _SILENT) for rule in endings):
            return line
    return end_line


def _push_row(state: StateBlock, line: int, columns: int) -> None:
    cells = _cells(_line(state, line))
    cells[columns - 1 :] = [" | ".join(cells[columns - 1 :])] if len(cells) >= columns else []
    state.push("row_open", "tr", 1).map = [line, line + 1]
    for cell in cells:
        token = state.push("inline", "", 0)
        token.content, token.map, token.children = cell, [line, line + 1], []
    state.push("row_close", "tr", -1)


# --- drawing ----------------------------------------------------------------------------------------------------------


class Table(NamedTuple):
    """The cells of a table, row by row, each a list of runs. The first row is the header."""

    rows: Sequence[Sequence[Sequence[Run]]]
    aligns: Sequence[str]


def drawn(table: Table) -> list[Run]:
    """Draw a table as a monospace grid where it fits and loses nothing, else as rows of "header: value"."""
    columns = len(table.aligns)
    if _grid_width([0] * columns) > _WIDEST_GRID:
        return _listed(table)
    texts = [[*map(_plain, row), *[""] * (columns - len(row))] for row in table.rows]
    widths = [max(display_width(row[column]) for row in texts) for column in range(columns)]
    has_links = any(run.marks.link for row in table.rows for cell in row for run in cell)
    has_lines = any("\n" in cell for row in texts for cell in row)
    if has_links or has_lines or _grid_width(widths) > _WIDEST_GRID:
        return _listed(table)
    return [Run(_grid(texts, widths, table.aligns), Marks(block=""))]


def _grid_width(widths: Sequence[int]) -> int:
    return sum(widths) + len(" │ ") * (len(widths) - 1)


def _plain(cell: Sequence[Run]) -> str:
    return "".join(run.text for run in cell)


def display_width(text: str) -> int:
    """Count the monospace columns that `text` takes: two for emoji and East Asian characters."""
    return len(text) if text.isascii() else max(0, wcswidth(text))


def _grid(texts: list[list[str]], widths: list[int], aligns: Sequence[str]) -> str:
    lines = [
        " │ ".join(_justified(cell, width, align) for cell, width, align in zip(row, widths, aligns, strict=True))
        for row in texts
    ]
    lines.insert(1, "─┼─".join("─" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)


def _justified(text: str, width: int, align: str) -> str:
    missing = width - display_width(text)
    left = {"left": 0, "right": missing, "center": missing // 2}[align]
    return " " * left + text + " " * (missing - left)


def _listed(table: Table) -> list[Run]:
    """Write each row as lines of "header: value", the rows apart by a blank line; cells that a row lacks stay out."""
    header, *body = table.rows
    names = [[_bold(run) for run in cell] for cell in header]
    if not body:
        return [run for name in names for run in (*name, Run("\n"))][:-1]
    if sum(_length(names[: len(row)]) for row in body) > _LONGEST_REPETITION:
        return _barred([names, *body])
    runs: list[Run] = []
    for row in body:
        runs.append(Run("\n\n" if runs else ""))
        lines = [_pair(name, cell) for name, cell in zip_longest(names[: len(row)], row, fillvalue=())]
        runs += [run for line in lines if line for run in (*line, Run("\n"))][:-1]
    return runs


def _barred(rows: Sequence[Sequence[Sequence[Run]]]) -> list[Run]:
    """Write each row as one line, its cells apart by a bar."""
    runs: list[Run] = []
    for row in rows:
        for cell in row:
            runs += [*cell, Run(" | ")]
        runs[-1:] = [Run("\n")]
    return runs[:-1]


def _length(cells: Sequence[Sequence[Run]]) -> int:
    return sum(len(run.text) for cell in cells for run in cell)


def _pair(name: Sequence[Run], cell: Sequence[Run]) -> list[Run]:
    if not name:
        return list(cell)
    return [*name, Run(": ", Marks(Style.BOLD)), *(cell or [Run("–")])]


def _bold(run: Run) -> Run:
    return Run(run.text, run.marks._replace(style=run.marks.style | Style.BOLD))
