"""The lexical figures of a text: how long it is, which kinds of characters, forms and English words it has."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_SAMPLE = 2001
"""The most characters of a text that figures are made of."""

_LIST_ITEM = re.compile(r"^\s{0,8}(?:\d{1,2}[.)]|[-*•])\s", re.MULTILINE)
_CHOICE = re.compile(r"(?<![^\s(])[A-Da-d][.):]\s")
# Nobody gives one option alone.
_LATER_OPTIONS = frozenset("bcd")
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
# Formulas in figures, in letters and in TeX; and signs that only formulas have.
_SUM = re.compile(r"\d(?: ?[+*×÷^] ?\(?-?\d| [-/] \d| ?%)")
_EQUATION = re.compile(r"\b[a-z] ?[\^=] ?-?\d")
_COMMAND = re.compile(r"\\[a-z]{3,}")
_SYMBOL = re.compile(r"[√∫∑≤≥π]")

# Of one and each number that a sample can have of anything: there is nothing of which it has several a character.
_LOGARITHMS = tuple(map(math.log1p, range(2 * LONGEST_SAMPLE)))

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
_CAPITALS, _DIGITS, _NEWLINES, _OPERATORS, _BRACKETS, _FOREIGN = map(
    [*_CLASSES].index, ("capital", "digit", "newline", "operator", "bracket", "foreign")
)
# A text of so many capitals and no small letter is shouted; fewer may be a name.
_SHOUTED = 8

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
    if kinds[_CAPITALS] > _SHOUTED and sample.isupper():
        kinds[_CAPITALS] = 0  # who shouts asks for nothing else
    spoken = [0] * len(_WORD_KINDS)
    for kind in map(_KIND_OF.get, words):
        if kind is not None:
            spoken[kind] += 1
    share, logs = 1 / (characters + 1), _LOGARITHMS
    return (
        logs[characters] / 8,
        logs[count] / 6,
        min(1.0, characters / (count + 1) / 12),
        logs[kinds[_NEWLINES]] / 4,
        *[kind * share for kind in kinds],
        logs[len([word for word in words if word[0].isdigit()])] / 3 if kinds[_DIGITS] else 0.0,
        1.0 if sample.endswith("?") else 0.0,
        1.0 if "```" in sample else 0.0,
        logs[_code_lines(lowered, kinds)] / 2,
        logs[_code_pieces(lowered, kinds)] / 3,
        logs[_formulas(lowered, kinds)] / 2,
        0.0 if _LATER_OPTIONS.isdisjoint(words) else logs[len(_CHOICE.findall(sample))] / 2,
        logs[len(_LIST_ITEM.findall(sample))] / 2 if kinds[_NEWLINES] else 0.0,
        1.0 if "http" in lowered or "www." in lowered else 0.0,
        *[logs[number] / 2 for number in spoken],
    )


def _code_lines(lowered: str, kinds: Sequence[int]) -> int:
    if kinds[_NEWLINES]:
        return len(_CODE_LINE.findall(lowered))
    return 1 if _CODE_LINE.match(lowered) else 0


def _code_pieces(lowered: str, kinds: Sequence[int]) -> int:
    # The usual sign among the operators is a hyphen.
    if not kinds[_BRACKETS] and kinds[_OPERATORS] == lowered.count("-"):
        return 0
    return sum(map(lowered.count, _CODE_PIECES))


def _formulas(lowered: str, kinds: Sequence[int]) -> int:
    found = 0
    if kinds[_DIGITS]:
        found += len(_SUM.findall(lowered))
        if "=" in lowered or "^" in lowered:
            found += len(_EQUATION.findall(lowered))
    if "\\" in lowered:
        found += len(_COMMAND.findall(lowered))
    return found + len(_SYMBOL.findall(lowered)) if kinds[_FOREIGN] else found
