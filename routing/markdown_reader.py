"""Markdown tokens read into attributed text, with what Telegram cannot nest made flat."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from routing.markdown_inline import inline_runs
from routing.markdown_table import Table, drawn
from routing.rich_text import PLAIN, Marks, Quote, RichText, Run, Style

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from markdown_it.token import Token

_BULLETS = "•◦▪"
_INDENT = "  "
_RULE = "─" * 12
_LANGUAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+#._-]{0,31}")
_TASK = re.compile(r"\[([ xX])\][ \t]+")


def read(tokens: Sequence[Token], quote: Quote = Quote.NONE) -> RichText:
    """Turn a parsed text into attributed text; `quote` puts all of it into one."""
    return RichText.of(_Reader(tokens, quote).read())


class _Place(NamedTuple):
    """Where a block stood: its last source line, the quote it was in (0: none), whether it was a heading."""

    end_line: int
    quote_id: int


class _Reader:
    def __init__(self, tokens: Sequence[Token], quote: Quote) -> None:
        self._tokens = iter(tokens)
        self._whole = quote
        self._runs: list[Run] = []
        self._before: _Place | None = None
        self._lists: list[str] = []
        self._marker = ""
        self._heading = False
        self._quotes = 1 if quote else 0
        self._quote_id = 1 if quote else 0
        self._line = 0

    def read(self) -> list[Run]:
        for token in self._tokens:
            handle = _HANDLERS.get(token.type)
            if handle:
                handle(self, token)
        return self._runs

    @property
    def _base(self) -> Marks:
        return Marks(quote=self._whole or Quote.PLAIN) if self._quotes else PLAIN

    # containers

    def enter_quote(self, _token: Token) -> None:
        self._quotes += 1
        if self._quotes == 1:
            self._quote_id += 1

    def leave_quote(self, _token: Token) -> None:
        self._quotes -= 1

    def enter_list(self, _token: Token) -> None:
        bullet = _BULLETS[min(len(self._lists), len(_BULLETS) - 1)]
        self._lists.append(bullet)

    def leave_list(self, _token: Token) -> None:
        self._lists.pop()

    def enter_item(self, token: Token) -> None:
        indent = "" if self._marker else _INDENT * (len(self._lists) - 1)
        self._marker += f"{indent}{token.info}{token.markup} " if token.info else f"{indent}{self._lists[-1]} "
        self._line = token.map[0] if token.map else self._line

    def leave_item(self, _token: Token) -> None:
        if self._marker:
            self._block([], self._line, self._line + 1)

    def enter_heading(self, _token: Token) -> None:
        self._heading = True

    def leave_heading(self, _token: Token) -> None:
        self._heading = False

    # leaves

    def inline(self, token: Token) -> None:
        style = Style.BOLD | Style.HEADING if self._heading else Style.PLAIN
        start, end = token.map or (self._line, self._line)
        runs = _trimmed(inline_runs(token.children or [], self._base._replace(style=style)))
        self._block(self._checked(runs), start, end)

    def _checked(self, runs: list[Run]) -> list[Run]:
        """Show a task's box in place of its bullet."""
        task = _TASK.match(runs[0].text) if runs and self._marker else None
        if not task:
            return runs
        first = runs[0]
        box = "☐ " if task[1] == " " else "☑ "
        if self._marker[-2] in _BULLETS:
            self._marker, box = self._marker[:-2] + box, ""
        return [Run(box + first.text[task.end() :], first.marks), *runs[1:]]

    def code(self, token: Token) -> None:
        language = token.info.split()[0] if token.info.strip() else ""
        language = language if _LANGUAGE.fullmatch(language) else ""
        self._preformatted(token, language)

    def maths(self, token: Token) -> None:
        self._preformatted(token, "latex")

    def _preformatted(self, token: Token, language: str) -> None:
        text = token.content.rstrip("\n")
        if text.strip():
            start, end = token.map or (self._line, self._line)
            self._block([Run(text, self._base._replace(block=language))], start, end)

    def table(self, opening: Token) -> None:
        start, end = opening.map or (self._line, self._line)
        runs = drawn(Table(list(_rows(self._tokens, self._base)), opening.meta["aligns"]))
        quoted = [Run(run.text, run.marks._replace(quote=self._base.quote)) for run in runs]
        self._block(quoted, start, end)

    def ruler(self, token: Token) -> None:
        start, end = token.map or (self._line, self._line)
        self._block([Run(_RULE, self._base)], start, end)

    def _block(self, runs: list[Run], start_line: int, end_line: int) -> None:
        """Append one block with the gap before it, its list marker and the indentation of its further lines."""
        self._runs.append(self._gap(start_line))
        is_code = bool(runs) and runs[0].marks.block is not None
        indent = _INDENT * len(self._lists)
        first = self._marker or indent
        self._marker = ""
        if is_code:
            first = first.rstrip() + "\n" if first.strip() else ""
        self._runs.append(Run(first, self._base))
        self._runs += runs if is_code or not indent else _indented(runs, indent)
        self._before = _Place(end_line, self._quote_id if self._quotes else 0)

    def _gap(self, start_line: int) -> Run:
        if self._before is None:
            return Run("")
        here = self._quote_id if self._quotes else 0
        apart = here != self._before.quote_id and here and self._before.quote_id
        blank = start_line > self._before.end_line or self._heading or apart
        marks = self._base if here and here == self._before.quote_id else PLAIN
        return Run("\n\n" if blank else "\n", marks)


def _rows(tokens: Iterator[Token], base: Marks) -> Iterator[list[list[Run]]]:
    row: list[list[Run]] = []
    for token in tokens:
        if token.type == "table_close":
            return
        if token.type == "row_open":
            row = []
        elif token.type == "row_close":
            yield row
        else:
            row.append(_trimmed(inline_runs(token.children or [], base)))


def _trimmed(runs: list[Run]) -> list[Run]:
    """Drop white space at both ends."""
    while runs and not runs[0].text.strip():
        runs = runs[1:]
    while runs and not runs[-1].text.strip():
        runs = runs[:-1]
    if not runs:
        return []
    runs = [Run(runs[0].text.lstrip(), runs[0].marks), *runs[1:]]
    return [*runs[:-1], Run(runs[-1].text.rstrip(), runs[-1].marks)]


def _indented(runs: list[Run], indent: str) -> list[Run]:
    return [Run(run.text.replace("\n", "\n" + indent), run.marks) for run in runs]


_HANDLERS: dict[str, Callable[[_Reader, Token], None]] = {
    "blockquote_open": _Reader.enter_quote,
    "blockquote_close": _Reader.leave_quote,
    "bullet_list_open": _Reader.enter_list,
    "bullet_list_close": _Reader.leave_list,
    "ordered_list_open": _Reader.enter_list,
    "ordered_list_close": _Reader.leave_list,
    "list_item_open": _Reader.enter_item,
    "list_item_close": _Reader.leave_item,
    "heading_open": _Reader.enter_heading,
    "heading_close": _Reader.leave_heading,
    "inline": _Reader.inline,
    "fence": _Reader.code,
    "code_block": _Reader.code,
    "maths_block": _Reader.maths,
    "table_open": _Reader.table,
    "hr": _Reader.ruler,
}
