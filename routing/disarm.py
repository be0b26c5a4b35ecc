"""Disarm: what a model writes can neither ping people nor be tapped as a command of the bot."""

from __future__ import annotations

import re

from routing.rich_text import RichText, Run

# It is not seen and breaks no line, and Telegram reads "@" and "/" before it as mere characters.
WORD_JOINER = "\u2060"

# What Telegram's parser (TDLib, MessageEntity.cpp) makes a mention or a command of, taken a little wider.
_ARMED = re.compile(r"(?<![A-Za-z0-9_/])@(?=[A-Za-z0-9_]{2})|(?<![\w/<>])/(?=\w+(?:@\w+)?(?![\w/<>]))")


def disarmed(text: RichText) -> RichText:
    """Put an invisible character behind each "@" of a mention and each "/" of a command, but for those in code.

    In code Telegram makes neither of them, and code is what people copy.
    """
    if "@" not in text.text and "/" not in text.text:
        return text
    runs, start = [], 0
    for match in _ARMED.finditer(text.text):
        marks = text.marks_at(match.start())
        if not marks.is_code:
            runs += [*text.runs(start, match.end()), Run(WORD_JOINER, marks)]
            start = match.end()
    return RichText.of([*runs, *text.runs(start)])
