"""The lexical figures of a text: how long it is, which kinds of characters, forms and English words it has."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LIST_ITEM = re.compile(r"^\s{0,8}(?:\d{1,2}[.)]|[-*•])\s", re.MULTILINE)
_CHOICE = re.compile(r"(?<![^\s(])[A-Da-d][.):]\s")
_CODE_LINE = re.compile(
    r"^[ \t]{0,16}(?:def |class |import |from \w+ import|#include|#!/|const |let |var |function |async |return |select"
    r" |insert into|update |create table|public |private |\$ |>>> |for ?\(|if ?\(|while ?\(|[{}]|traceback \(|file \""
    r"|fn |sudo |func |<\?php|<!doctype|<html|@\w+|git |npm |pip |docker |exception in|elif |else:|except )",
    re.MULTILINE,
)
_CODE_PIECES = (
    "():",
    "();",
    ") {",
    "){",
    "=>",
    "==",
    "!=",
    "+=",
    "->",
    "&&",
    "||",
    "::",
    "</",
    "/>",
    "console.",
    "print(",
)
_FORMULA = re.compile(r"\d ?[+*×÷^] ?\(?-?\d|\d [-/] \d|\d ?%|\b[a-z] ?[\^=] ?-?\d|\\[a-z]{3,}|[√∫∑≤≥π]")

# What each byte of UTF-8 counts as; the first of each character outside ASCII is foreign, the others are none.
_CLASSES = {
    "capital": b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "digit": b"0123456789",
    "space": b" \t",
    "newline": b"\n",
    "operator": b"+-*/=<>^%&|~",
    "bracket": b"()[]{};_\\#@`$",
    "stop": b".,:!",
    "question": b"?",
    "foreign": bytes(range(0xC0, 0x100)),
}
_KINDS = tuple(bytes([kind]) for kind in range(1, len(_CLASSES) + 1))
_KIND_OF_BYTE = bytes(
    next((kind for kind, members in enumerate(_CLASSES.values(), 1) if byte in members), 0) for byte in range(256)
)
_DIGITS, _NEWLINES, _OPERATORS, _BRACKETS, _STOPS = map(
    [*_CLASSES].index, ("digit", "newline", "operator", "bracket", "stop")
)

# Words of English that say what form a request has; what they say in other languages the n-grams learn.
_WORD_KINDS = {
    "asking": "what who whom whose when where which why how is are does did can could should would",
    "constraint": "must only exactly least most each every if unless without except not never neither than",
    "steps": "then after before first second third next finally step steps also plus both part parts",
    "length": "word words sentence sentences paragraph paragraphs page pages line lines bullet bullets briefly short",
    "demanding": "detail detailed depth comprehensive thorough complete full design architecture prove examples",
    "amount": "total many much average sum percent percentage ratio twice half times more less cost price rate per",
    "self": "i my me we our us i'm im you your",
}
_KIND_OF = {word: kind for kind, words in enumerate(_WORD_KINDS.values()) for word in words.split()}

LEXICAL_NAMES = (
    "characters_log",
    "words_log",
    "word_length",
    "lines_log",
    *(f"{kind}_share" for kind in _CLASSES),
    "numbers_log",
    "question_end",
    "fence",
    "code_lines",
    "code_pieces",
    "formulas",
    "choices",
    "list_items",
    "address",
    *(f"{kind}_words" for kind in _WORD_KINDS),
)
"""What each figure of `TextFeatures.lexical` is; all are about 0 to 1."""


def lexical_figures(sample: str, lowered: str, words: Sequence[str]) -> tuple[float, ...]:
    """Give the figures that LEXICAL_NAMES names, of a text, the same in lower case, and its words."""
    characters, count = len(sample), len(words)
    coded = sample.encode("utf-8", "surrogatepass").translate(_KIND_OF_BYTE)
    kinds = [*map(coded.count, _KINDS)]
    lines = kinds[_NEWLINES]
    found = [0] * len(_WORD_KINDS)
    for word in words:
        if word in _KIND_OF:
            found[_KIND_OF[word]] += 1
    return (
        math.log1p(characters) / 8,
        math.log1p(count) / 6,
        min(1.0, characters / (count + 1) / 12),
        math.log1p(lines) / 4 if lines else 0.0,
        *[kind / (characters + 1) for kind in kinds],
        math.log1p(sum([word[0].isdigit() for word in words])) / 3 if kinds[_DIGITS] else 0.0,
        float(sample.endswith("?")),
        *_forms(sample, lowered, kinds),
        *[math.log1p(number) / 2 for number in found],
    )


def _forms(sample: str, lowered: str, kinds: Sequence[int]) -> tuple[float, ...]:
    """Whether there is a fence; then how many lines and pieces of code, formulas, choices and items; an address."""
    pieces = sum(map(lowered.count, _CODE_PIECES)) if kinds[_OPERATORS] or kinds[_BRACKETS] else 0
    return (
        float("```" in sample),
        _counted(_CODE_LINE, lowered) if kinds[_NEWLINES] else _begun(_CODE_LINE, lowered),
        math.log1p(pieces) / 3 if pieces else 0.0,
        _counted(_FORMULA, lowered) if kinds[_DIGITS] or "\\" in sample else 0.0,
        _counted(_CHOICE, sample) if kinds[_STOPS] or kinds[_BRACKETS] else 0.0,
        _counted(_LIST_ITEM, sample) if kinds[_NEWLINES] else 0.0,
        float("http" in lowered or "www." in lowered),
    )


def _counted(pattern: re.Pattern[str], text: str) -> float:
    return math.log1p(len(pattern.findall(text))) / 2


def _begun(pattern: re.Pattern[str], text: str) -> float:
    """The same for a pattern of lines, where there is one line."""
    return math.log(2) / 2 if pattern.match(text) else 0.0
