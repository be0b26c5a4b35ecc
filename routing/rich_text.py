"""Attributed text: characters with marks, from which every form of a Telegram message is made."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Style(IntFlag):
    """What a character looks like. HEADING draws nothing: it keeps a heading with what follows it."""

    PLAIN = 0
    BOLD = 1
    UNDERLINE = 2
    STRIKE = 4
    ITALIC = 8
    CODE = 16
    HEADING = 32


class Quote(IntEnum):
    """Whether a line stands in a quote, and in which kind."""

    NONE = 0
    PLAIN = 1
    EXPANDABLE = 2


class Marks(NamedTuple):
    """Everything one character carries. `block` is the language of a code block, "" without one, None outside."""

    style: Style = Style.PLAIN
    link: str = ""
    block: str | None = None
    quote: Quote = Quote.NONE

    @property
    def is_code(self) -> bool:
        """Inside inline code or a code block."""
        return self.block is not None or bool(self.style & Style.CODE)


PLAIN = Marks()


class Run(NamedTuple):
    """Characters in a row that carry the same marks."""

    text: str
    marks: Marks = PLAIN


@dataclass(frozen=True, slots=True)
class RichText:
    """A text and its marks: run `i` ends before offset `ends[i]` and carries `marks[i]`."""

    text: str = ""
    ends: tuple[int, ...] = ()
    marks: tuple[Marks, ...] = ()

    @classmethod
    def of(cls, runs: Iterable[Run]) -> RichText:
        """Join runs; neighbours with the same marks become one."""
        pieces: list[str] = []
        ends: list[int] = []
        marks: list[Marks] = []
        end = 0
        for text, marked in runs:
            if not text:
                continue
            pieces.append(text)
            end += len(text)
            if marks and marks[-1] == marked:
                ends[-1] = end
            else:
                ends.append(end)
                marks.append(marked)
        return cls("".join(pieces), tuple(ends), tuple(marks))

    def runs(self, start: int = 0, end: int | None = None) -> Iterator[Run]:
        """Yield the runs of `text[start:end]`."""
        stop = len(self.text) if end is None else end
        for index in range(bisect_right(self.ends, start), len(self.ends)):
            if start >= stop:
                return
            run_end = min(self.ends[index], stop)
            yield Run(self.text[start:run_end], self.marks[index])
            start = run_end

    def cut(self, start: int, end: int) -> RichText:
        """Return `text[start:end]` with its marks, without the blank edges that Telegram would trim."""
        while start < end and self.text[start].isspace() and self.marks_at(start).block is None:
            start += 1
        while start < end and self.text[end - 1].isspace():
            end -= 1
        return RichText.of(self.runs(start, end))

    def marks_at(self, offset: int) -> Marks:
        """Return the marks of the character at `offset`."""
        return self.marks[bisect_right(self.ends, offset)]

    @property
    def visible(self) -> bool:
        """Whether there is anything to see; Telegram refuses a message without."""
        return any(map(_is_visible, self.text))


# Letters and symbols by name that are drawn as nothing: fillers of Hangul, the empty Braille cell.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZM" and character not in _BLANK


def utf16_length(text: str) -> int:
    """Count UTF-16 code units, Telegram's measure of length."""
    if text.isascii() or max(text) < "\U00010000":
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf16_prefix(text: str, units: int) -> int:
    """Return how many characters of `text` fit into so many UTF-16 code units."""
    if utf16_length(text[:units]) <= units:
        return min(units, len(text))
    return len(text.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "ignore"))


_LINE_ENDS = dict.fromkeys(map(ord, "\u2028\u2029\x85"), "\n")
_CONTROLS = {code: " " for code in (*range(32), 127, *range(128, 160)) if chr(code) not in "\n\t\x85"}
# Telegram takes these out without a word: directional embeddings and overrides, and three lines through letters.
_REMOVED = dict.fromkeys((*range(0x202A, 0x202F), 0x0333, 0x033F, 0x030A))
_LONE_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_SANITISED = _LINE_ENDS | _CONTROLS | _REMOVED | _LONE_SURROGATES


def sanitise(text: str) -> str:
    """Make any string one that Telegram takes as it is: one kind of line end, no control characters or surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_SANITISED)


def joined(texts: Iterable[RichText], gap: str = "\n\n") -> RichText:
    """Join texts with a plain gap between them."""
    parts = list(texts)
    runs = [run for part, _ in pairwise([*parts, RichText()]) for run in (*part.runs(), Run(gap))]
    return RichText.of(runs[:-1])
