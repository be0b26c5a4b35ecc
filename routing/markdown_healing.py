"""Healing of Markdown that is still being written: what is open is closed, what may yet change is held back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from routing.markdown_syntax import DOLLARS, TAG, is_formula

if TYPE_CHECKING:
    from collections.abc import Callable

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# How much of a line is held back at most while it is open what it will be; more than this is shown as it stands.
_LONGEST_HELD = 80
# How far out a closing mark looks for what it closes; in a text of marks alone the look would take seconds.
_DEEPEST_CLOSED = 100

_ONLY_MARKERS = re.compile(r"[\s>#*+\-=_~`|:.)\d$\\\[(]*")
_ONLY_FENCE = re.compile(r"[\s>]*[`~]+")
_DELIMITER_BEGUN = re.compile(r"\|[|:\- \t]*")


def heal(text: str, parser: MarkdownIt) -> str:
    """Make the beginning of a reply show only what the whole reply will show. Finished replies are never healed."""
    line_is_over = text.endswith("\n")
    text = text.rstrip()
    head, _, line = text.rpartition("\n")
    leaf = _last_leaf(text, parser)
    if leaf is not None and leaf.type == "table_close":
        return text if line_is_over and leaf.meta["rows"] else _without_row(text, leaf.meta["rows"])
    if leaf is not None and leaf.type in ("fence", "code_block") and _reaches_end(leaf, text):
        return head if _ONLY_FENCE.fullmatch(line) else text
    if _ONLY_MARKERS.fullmatch(line):
        text = head.rstrip()
        leaf = _last_leaf(text, parser)
    if leaf is None or leaf.type != "inline":
        return text
    return _healed_paragraph(text, leaf.content.rstrip())


def _last_leaf(text: str, parser: MarkdownIt) -> Token | None:
    tokens: list[Token] = []
    parser.block.parse(text, parser, {}, tokens)
    leaves = (token for token in reversed(tokens) if token.nesting == 0 or token.type == "table_close")
    return next(leaves, None)


def _without_row(text: str, rows: int) -> str:
    """Drop the row being written; of a table without a row yet, its head too: only rows show how wide it will be."""
    kept = text.split("\n")[: -1 if rows > 1 else -2 - rows]
    return "\n".join(kept)


def _reaches_end(leaf: Token, text: str) -> bool:
    return leaf.map is not None and leaf.map[1] > text.count("\n")


def _healed_paragraph(text: str, content: str) -> str:
    lines = content.split("\n")
    if not text.endswith(lines[-1]):
        return text
    for opening, closing in (("$$", "\n$$"), ("\\[", "\n\\]")):
        if content.startswith(opening) and closing[1:] not in content[2:]:
            return text.removesuffix("$" if opening == "$$" else "\\").rstrip() + closing
    held = _table_lines(lines)
    if held:
        return text.rsplit("\n", held)[0] if text.count("\n") >= held else ""
    cut, closers = Open(content).found()
    return text[: len(text) - (len(content) - cut)].rstrip() + closers


def _table_lines(lines: list[str]) -> int:
    """Count the last lines that may become the head of a table."""
    if len(lines) > 1 and lines[-2].startswith("|") and _DELIMITER_BEGUN.fullmatch(lines[-1]):
        return 2
    return 1 if lines[-1].startswith("|") else 0


_ENTITY_BEGUN = re.compile(r"&[#A-Za-z0-9]{0,12}\Z")
_ANGLE_BEGUN = re.compile(r"<[A-Za-z/!][^<>\n]{0,80}\Z")
_AUTOLINK = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*>")
_LABEL_END = re.compile(r"\\.|[\[\]]", re.DOTALL)
_SPECIAL = re.compile(r"[\\`$\[*_~<&!]")


class Open:
    """Finds what is open at the end of one paragraph, by one pass over it."""

    def __init__(self, content: str) -> None:
        self._content = content
        self._cut = len(content)
        self._closer = ""
        self._opened: list[tuple[int, str]] = []  # offset behind the opening mark, closing mark

    def found(self) -> tuple[int, str]:
        """Return how much of the paragraph is kept, and what closes it."""
        position = 0
        while position < self._cut and (match := _SPECIAL.search(self._content, position, self._cut)):
            position = _STEPS[match[0]](self, match.start())
        self._drop_empty()
        return self._cut, self._closer + "".join(closing for _, closing in reversed(self._opened))

    def _hold(self, position: int) -> int:
        """Hold back everything from `position` on, where that is little enough."""
        rest = self._content[position : self._cut]
        if len(rest) <= _LONGEST_HELD and "\n" not in rest:
            self._cut = position
        return position + 1

    def _drop_empty(self) -> None:
        """Take back opening marks that have nothing behind them yet."""
        if self._closer:
            return
        while True:
            self._cut = len(self._content[: self._cut].rstrip())
            if not self._opened or self._opened[-1][0] < self._cut:
                return
            end, closing = self._opened.pop()
            self._cut = min(self._cut, end - len(closing) + closing.count("/"))

    def backslash(self, position: int) -> int:
        """Skip an escape; bracketed maths runs to its end or is closed."""
        closing = {"(": "\\)", "[": "\\]"}.get(self._content[position + 1 : position + 2])
        if position + 1 == self._cut:
            return self._hold(position)
        if closing is None:
            return position + 2
        end = self._content.find(closing, position + 2)
        return end + 2 if end >= 0 else self._close_with(closing, position, "\\")

    def backtick(self, position: int) -> int:
        """Skip inline code, or close it."""
        marks = re.compile("`+").match(self._content, position)
        mark = marks[0] if marks else "`"
        end = re.compile(rf"(?<!`){mark}(?!`)").search(self._content, position + len(mark))
        return end.end() if end else self._close_with(mark, position, "`")

    def _close_with(self, closing: str, position: int, half: str) -> int:
        """End with an open span: without the half of its closing mark that may have arrived, and closed."""
        inside = self._content[: self._cut].rstrip(half)
        if len(inside) <= position + len(closing) or not inside[position + len(closing) :].strip():
            self._cut = position
        else:
            self._cut, self._closer = len(inside), closing
        return len(self._content)

    def dollar(self, position: int) -> int:
        """Skip maths; hold back what may become maths, but not a price."""
        match = DOLLARS.match(self._content, position)
        if match and (match["display"] or is_formula(match["inline"])):
            return match.end()
        rest = self._content[position + 1 : self._cut]
        if rest.startswith("$") and "$$" not in rest[1:]:
            return self._close_with("$$", position, "$")
        before = self._content[position - 1 : position]
        if rest[:1].isspace() or rest[:1].isdigit() or "$" in rest or before.isalnum():
            return position + 1
        return self._hold(position)

    def bracket(self, position: int) -> int:
        """Skip a link; show the label alone of one whose address is still being written."""
        end = self._label_end(position)
        following = self._content[end : end + 1] if end else ""
        if not end or end == self._cut or (position == 0 and following == ":"):
            return self._hold(position)
        if following != "(":
            return position + 1
        closed = self._content.find(")", end)
        if closed >= 0:
            return closed + 1
        self._cut, self._closer = end + 1, "#)"
        return len(self._content)

    def _label_end(self, position: int) -> int:
        if self._content.find("]", position) < 0:
            return 0
        depth = 0
        for match in _LABEL_END.finditer(self._content, position, min(self._cut, position + 400)):
            depth += {"[": 1, "]": -1}.get(match[0], 0)
            if depth == 0:
                return match.end()
        return 0

    def angle(self, position: int) -> int:
        """Skip an address or a tag, remember a tag that is open, hold back half of one."""
        if _ANGLE_BEGUN.match(self._content, position) or position + 1 == self._cut:
            return self._hold(position)
        tag = TAG.match(self._content, position)
        if not tag:
            link = _AUTOLINK.match(self._content, position)
            return link.end() if link else position + 1
        closing = f"</{tag[2].lower()}>"
        if tag[1]:
            self._opened = _without_last(self._opened, closing)
        elif tag[2].lower() not in ("br", "hr", "p"):
            self._opened.append((tag.end(), closing))
        return tag.end()

    def ampersand(self, position: int) -> int:
        """Hold back half of a character reference."""
        return self._hold(position) if _ENTITY_BEGUN.match(self._content, position) else position + 1

    def exclamation(self, position: int) -> int:
        """Hold back what may begin an image."""
        if position + 1 == self._cut:
            return self._hold(position)
        if self._content[position + 1] != "[":
            return position + 1
        following = self.bracket(position + 1)
        self._cut = position if self._cut == position + 1 else self._cut
        return following

    def emphasis(self, position: int) -> int:
        """Match a run of * or _ or ~~ with what is open, or remember it as open."""
        mark = self._content[position]
        end = position
        while end < self._cut and self._content[end] == mark:
            end += 1
        before = self._content[position - 1 : position]
        if end == self._cut:
            self._cut = position
            return end
        left = self._closed(mark, end - position) if before.strip() else end - position
        if end < self._cut and _opens(mark, before, self._content[end]):
            self._open_emphasis(mark, left, end)
        return end

    def _closed(self, mark: str, count: int) -> int:
        """Close what is open with up to `count` marks; return how many are left."""
        innermost = len(self._opened) - 1
        for index in range(innermost, max(-1, innermost - _DEEPEST_CLOSED), -1):
            closing = self._opened[index][1]
            if closing[0] == mark and len(closing) <= count:
                del self._opened[index:]
                count -= len(closing)
        return count

    def _open_emphasis(self, mark: str, count: int, end: int) -> None:
        if mark == "~":
            self._opened += [(end, "~~")] if count == 2 else []
            return
        single = [(end - count + 1, mark)] if count % 2 else []
        self._opened += [*single, *([(end, mark * 2)] if count >= 2 else [])]


def _opens(mark: str, before: str, after: str) -> bool:
    """Whether a run of marks can begin something; inside a word only a pair of stars does."""
    if after.isspace():
        return False
    return not before.isalnum() if mark != "~" else True


def _without_last(opened: list[tuple[int, str]], closing: str) -> list[tuple[int, str]]:
    """Drop the innermost construct with that closing mark, and what was left open inside it."""
    for index in range(len(opened) - 1, -1, -1):
        if opened[index][1] == closing:
            return opened[:index]
    return opened


_STEPS: dict[str, Callable[[Open, int], int]] = {
    "\\": Open.backslash,
    "`": Open.backtick,
    "$": Open.dollar,
    "[": Open.bracket,
    "<": Open.angle,
    "&": Open.ampersand,
    "!": Open.exclamation,
    **dict.fromkeys("*_~", Open.emphasis),
}
