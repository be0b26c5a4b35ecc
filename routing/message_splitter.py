"""Attributed text cut into messages within Telegram's limits, at the least harmful places."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wcwidth import grapheme_boundary_before

from routing.rich_text import Style, utf16_length, utf16_prefix
from routing.telegram_markup import shared, tags

if TYPE_CHECKING:
    from routing.rich_text import RichText
    from routing.telegram_markup import Tag


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message may hold.

    `units` counts visible UTF-16 units (Telegram takes 4,096), `entities` formatted ranges (Telegram drops those after
    the 100th). `link_bytes` bounds the addresses: 4,096 units and 100 tags escape to at most 14,000 bytes, so with
    18,000 for addresses the markup stays under 32,000.
    """

    units: int = 4096
    entities: int = 100
    link_bytes: int = 18_000


def split(rich: RichText, limits: Limits) -> list[RichText]:
    """Cut `rich` into parts; each is filled as far as a good place to cut allows. Invisible parts are left out.

    A cut depends on nothing behind it, so the parts of a growing text stay as they are.
    """
    parts = []
    start = 0
    while start < len(rich.text):
        reach = _reach(rich, start, limits)
        end, following = (reach, reach) if reach == len(rich.text) else _cut(rich, start, reach)
        parts.append(rich.cut(start, end))
        start = following
    return [part for part in parts if part.visible]


def fits(rich: RichText, limits: Limits) -> bool:
    """Whether all of `rich` goes into one message."""
    return _reach(rich, 0, limits) == len(rich.text)


def _reach(rich: RichText, start: int, limits: Limits) -> int:
    """Return the offset up to which a message that begins at `start` can go."""
    units = entities = link_bytes = 0
    opened: tuple[Tag, ...] = ()
    position = start
    for text, marks in rich.runs(start):
        wanted = tags(marks)
        fresh = wanted[shared(opened, wanted) :]
        entities += len(fresh)
        link_bytes += sum(2 * len(tag.value.encode()) for tag in fresh)
        if entities > limits.entities or link_bytes > limits.link_bytes:
            return position
        size = utf16_length(text)
        if units + size > limits.units:
            # One character always goes, lest a limit below its size keep us here for ever.
            return max(start + 1, position + utf16_prefix(text, limits.units - units))
        units += size
        position += len(text)
        opened = wanted
    return position


# A better kind of place is taken when it leaves at least this share of the message filled.
_BLOCK_FILL = 0.62
_LINE_FILL = 0.6
_SENTENCE_FILL = 0.5
_SPACE_FILL = 0.3

_SENTENCE = re.compile(r"(?:[.!?…][\"'”’»)\]]*(?=\s)|[。！？][”』」）]*)")


def _cut(rich: RichText, start: int, reach: int) -> tuple[int, int]:
    """Choose where a part ends and where the next begins; the white space between them is dropped."""
    size = reach - start
    at = _separator(rich, "\n\n", start + int(size * _BLOCK_FILL), reach)
    if at is None:
        at = _separator(rich, "\n", start + int(size * _LINE_FILL), reach)
    if at is None:
        at = _sentence(rich.text, start + int(size * _SENTENCE_FILL), reach)
    if at is None:
        at = _space(rich.text, start + max(1, int(size * _SPACE_FILL)), reach)
    if at is None:
        at = _grapheme(rich.text, start, reach)
    return at, _after_gap(rich, at)


def _separator(rich: RichText, separator: str, floor: int, reach: int) -> int | None:
    """Find the last blank line or line end that does not part a heading from its text or, if blank, a code block."""
    at = rich.text.rfind(separator, floor, reach + len(separator))
    while at > 0:
        before = rich.marks_at(at - 1)
        in_code = separator == "\n\n" and rich.marks_at(at).block is not None
        if not before.style & Style.HEADING and not in_code:
            return at
        at = rich.text.rfind(separator, floor, at)
    return None


def _sentence(text: str, floor: int, reach: int) -> int | None:
    last = None
    for match in _SENTENCE.finditer(text, floor, reach):
        last = match
    return last.end() if last else None


def _space(text: str, floor: int, reach: int) -> int | None:
    at = text.rfind(" ", floor, reach + 1)
    return at if at > 0 else None


# The longest run of code points that is kept whole as one character: the longest emoji sequences have about 15.
_LONGEST_GRAPHEME = 64


def _grapheme(text: str, start: int, reach: int) -> int:
    window = text[max(start, reach - _LONGEST_GRAPHEME) : reach + _LONGEST_GRAPHEME]
    offset = reach - max(start, reach - _LONGEST_GRAPHEME)
    boundary = grapheme_boundary_before(window, offset + 1)
    return reach - offset + boundary if boundary > 0 else reach


def _after_gap(rich: RichText, at: int) -> int:
    """Skip the line ends or the one space at a cut; in a code block only one line end, for blank lines count there."""
    text = rich.text
    if at < len(text) and rich.marks_at(at).block is not None:
        return at + 1 if text[at] in "\n " else at
    while at < len(text) and text[at] in "\n " and rich.marks_at(at).block is None:
        at += 1
    return at
