"""Disarm: what a model writes can neither ping people nor be tapped as a command of the bot."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from routing.markdown_inline import can_open
from routing.rich_text import RichText, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

# It is not seen and breaks no line, and Telegram reads "@" and "/" before it as mere characters.
WORD_JOINER = "\u2060"

# What Telegram's parser (TDLib, MessageEntity.cpp) makes a mention or a command of, taken a little wider.
_ARMED = re.compile(r"(?<![A-Za-z0-9_])@(?=[A-Za-z0-9_]{2})|(?<![\w/<>])/(?=\w+(?:@\w+)?(?![\w/<>]))")
# An address such as https://example.com/@somebody, which would not be a link any more with a character in it.
_NAMING_ADDRESS = re.compile(r"https?://[^\s<>@]+/@[^\s<>]*")


def disarmed(text: RichText) -> RichText:
    """Put an invisible character behind each "@" of a mention and each "/" of a command, but for those in code.

    In code Telegram makes neither of them, and code is what people copy.
    """
    if "@" not in text.text and "/" not in text.text:
        return text
    text = RichText.of(_linked(text))
    runs, start = [], 0
    for match in _ARMED.finditer(text.text):
        marks = text.marks_at(match.start())
        if not marks.is_code:
            runs += [*text.runs(start, match.end()), Run(WORD_JOINER, marks)]
            start = match.end()
    return RichText.of([*runs, *text.runs(start)])


def _linked(text: RichText) -> Iterator[Run]:
    """Make links of addresses that would not be found any more."""
    start = 0
    for match in _NAMING_ADDRESS.finditer(text.text):
        yield from text.runs(start, match.start())
        start = match.end()
        for run, marks in text.runs(match.start(), start):
            is_bare = not (marks.link or marks.is_code) and can_open(match.group())
            yield Run(run, marks._replace(link=match.group()) if is_bare else marks)
    yield from text.runs(start)
