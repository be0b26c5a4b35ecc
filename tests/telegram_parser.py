"""Telegram's own parser of MarkdownV2, from TDLib: what it refuses, the Bot API refuses in the same words."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NamedTuple

from tdjson import td_execute

_TYPES = {
    "textEntityTypeBold": "bold",
    "textEntityTypeItalic": "italic",
    "textEntityTypeUnderline": "underline",
    "textEntityTypeStrikethrough": "strikethrough",
    "textEntityTypeSpoiler": "spoiler",
    "textEntityTypeCode": "code",
    "textEntityTypePre": "pre",
    "textEntityTypePreCode": "pre",
    "textEntityTypeTextUrl": "text_link",
    "textEntityTypeMentionName": "text_mention",
    "textEntityTypeBlockQuote": "blockquote",
    "textEntityTypeExpandableBlockQuote": "expandable_blockquote",
    "textEntityTypeCustomEmoji": "custom_emoji",
}


class ParseRefused(Exception):
    """Raised when Telegram does not take the markup; `message` is what it answers."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ParsedText(NamedTuple):
    """What Telegram shows: the text, and its entities as the Bot API gives them (offsets in UTF-16 units)."""

    text: str
    entities: list[dict[str, Any]]


def parse_markdown_v2(text: str) -> ParsedText:
    """Parse one message. Raises ParseRefused with Telegram's sentence."""
    answer = _execute(
        {
            "@type": "parseTextEntities",
            "text": text,
            "parse_mode": {"@type": "textParseModeMarkdown", "version": 2},
        }
    )
    if answer["@type"] == "error":
        raise ParseRefused(answer["message"])
    return ParsedText(answer["text"], [_entity(entity) for entity in answer["entities"]])


def found_in(text: str) -> list[tuple[str, str]]:
    """What Telegram makes of a plain text by itself: mentions, commands, addresses; each with its kind."""
    answer = _execute({"@type": "getTextEntities", "text": text})
    units = text.encode("utf-16-le")
    places = (
        (e["type"]["@type"].removeprefix("textEntityType"), 2 * e["offset"], 2 * e["length"])
        for e in answer["entities"]
    )
    return [(kind, units[start : start + length].decode("utf-16-le")) for kind, start, length in places]


def _entity(entity: dict[str, Any]) -> dict[str, Any]:
    kind = entity["type"]
    result = {"type": _TYPES[kind["@type"]], "offset": entity["offset"], "length": entity["length"]}
    for name in ("url", "language", "user_id"):
        if kind.get(name):
            result[name] = kind[name]
    return result


@cache
def _silence() -> None:
    td_execute(json.dumps({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0}).encode())


def _execute(request: dict[str, Any]) -> dict[str, Any]:
    _silence()
    answer: dict[str, Any] = json.loads(td_execute(json.dumps(request).encode()) or b"{}")
    return answer
