"""Attributed text written as Telegram's MarkdownV2, and as plain text with entities."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from routing.rich_text import Quote, RichText, Style, utf16_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routing.rich_text import Marks


class Tag(NamedTuple):
    """One entity by Telegram's name, with its address or language."""

    type: str
    value: str = ""


class Open(NamedTuple):
    """An entity begins."""

    tag: Tag


class Close(NamedTuple):
    """The innermost entity ends."""

    tag: Tag


class Characters(NamedTuple):
    """Text between the two; `marks` say where it stands."""

    text: str
    marks: Marks


# Outermost first. The order is the same everywhere, so entities nest by construction.
_STYLES = (
    (Style.BOLD, Tag("bold")),
    (Style.UNDERLINE, Tag("underline")),
    (Style.STRIKE, Tag("strikethrough")),
    (Style.ITALIC, Tag("italic")),
)
_QUOTES = {Quote.PLAIN: Tag("blockquote"), Quote.EXPANDABLE: Tag("expandable_blockquote")}


@lru_cache(maxsize=1024)
def tags(marks: Marks) -> tuple[Tag, ...]:
    """Return the entities that cover a character, outermost first, without what Telegram does not allow together.

    Code stands alone (Telegram would cut everything else around it), a link wins over inline code, and an underlined
    italic is only italic: `___` cannot be told from `__` and `_`.
    """
    outer = (_QUOTES[marks.quote],) if marks.quote else ()
    if marks.block is not None:
        return (*outer, Tag("pre", marks.block))
    if marks.link:
        outer = (*outer, Tag("text_link", marks.link))
    elif marks.style & Style.CODE:
        return (*outer, Tag("code"))
    style = marks.style & ~Style.UNDERLINE if marks.style & Style.ITALIC else marks.style
    return (*outer, *(tag for flag, tag in _STYLES if style & flag))


def shared(opened: tuple[Tag, ...], wanted: tuple[Tag, ...]) -> int:
    """Count the entities that stay open between two runs."""
    count = 0
    for left, right in zip(opened, wanted, strict=False):
        if left != right:
            break
        count += 1
    return count


def _walk(rich: RichText) -> Iterator[Open | Close | Characters]:
    opened: tuple[Tag, ...] = ()
    for text, marks in rich.runs():
        wanted = tags(marks)
        kept = shared(opened, wanted)
        yield from map(Close, reversed(opened[kept:]))
        yield from map(Open, wanted[kept:])
        yield Characters(text, marks)
        opened = wanted
    yield from map(Close, reversed(opened))


_ESCAPES = {ord(character): "\\" + character for character in "_*[]()~`>#+-=|{}.!\\"}
_CODE_ESCAPES = {ord(character): "\\" + character for character in "`\\"}
_LINK_ESCAPES = {ord(character): "\\" + character for character in ")\\"}

_OPENING = {
    "bold": "*",
    "underline": "__",
    "strikethrough": "~",
    "italic": "_",
    "code": "`",
    "text_link": "[",
    "blockquote": ">",
    "expandable_blockquote": "**>",
}
_CLOSING = {**_OPENING, "pre": "```", "blockquote": "", "expandable_blockquote": "||"}
# An empty spoiler: draws nothing and keeps the end of an italic from being read as half of an underline.
_SEPARATOR = "||||"


def escape_markdown_v2(text: str) -> str:
    """Escape plain text so that MarkdownV2 shows it as it is."""
    return text.translate(_ESCAPES)


def markdown_v2(rich: RichText) -> str:
    """Write attributed text as MarkdownV2."""
    pieces: list[str] = []
    for event in _walk(rich):
        piece = _written(event)
        if pieces and piece.startswith("_") and pieces[-1].endswith("_") and not isinstance(event, Characters):
            piece = _separated(pieces[-1], piece)
        if piece:
            pieces.append(piece)
    return "".join(pieces)


def _separated(before: str, piece: str) -> str:
    escaped = before.endswith("\\_")
    return piece if escaped else _SEPARATOR + piece


def _written(event: Open | Close | Characters) -> str:
    if isinstance(event, Open):
        return f"```{event.tag.value}\n" if event.tag.type == "pre" else _OPENING[event.tag.type]
    if isinstance(event, Close):
        address = event.tag.value.translate(_LINK_ESCAPES)
        return f"]({address})" if event.tag.type == "text_link" else _CLOSING[event.tag.type]
    return _characters(event)


def _characters(event: Characters) -> str:
    if event.marks.is_code and not event.marks.link:
        return event.text.translate(_CODE_ESCAPES)
    escaped = event.text.translate(_ESCAPES)
    # Inside code a quote's lines must not begin with ">", everywhere else they must.
    return escaped.replace("\n", "\n>") if event.marks.quote else escaped


def entities(rich: RichText) -> list[dict[str, str | int]]:
    """Return the entities as the Bot API takes them, offsets and lengths in UTF-16 units, in order of their start."""
    found: list[dict[str, str | int]] = []
    opened: list[dict[str, str | int]] = []
    offset = 0
    for event in _walk(rich):
        if isinstance(event, Open):
            opened.append(_entity(event.tag, offset))
            found.append(opened[-1])
        elif isinstance(event, Close):
            entity = opened.pop()
            entity["length"] = offset - int(entity["offset"])
        else:
            offset += utf16_length(event.text)
    return found


def _entity(tag: Tag, offset: int) -> dict[str, str | int]:
    entity: dict[str, str | int] = {"type": tag.type, "offset": offset, "length": 0}
    if tag.type == "text_link":
        entity["url"] = tag.value
    elif tag.type == "pre" and tag.value:
        entity["language"] = tag.value
    return entity
