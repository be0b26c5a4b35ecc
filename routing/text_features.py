"""What can be counted in a text in microseconds: its words, its lexical figures, and its hashed n-grams."""

from __future__ import annotations

import math
import re
import zlib
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np

from routing.concepts import shipped_concepts
from routing.words import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# What is read of a long text: its request stands at the beginning or at the end.
HEAD_CHARACTERS = 1500
TAIL_CHARACTERS = 500

# The hashed n-grams share a table of so many rows.
ROW_BITS = 15
ROWS = 1 << ROW_BITS
_SHORTEST_GRAM, _LONGEST_GRAM = 3, 5
# The first and the last words count as such too: requests begin and end alike.
_EDGE_WORDS = 4
_WORDS_HASHED = 400

# FNV's prime rolls the hash on; Knuth's multiplicative constant spreads it over the rows.
_ROLL, _SPREAD = np.uint32(0x01000193), np.uint32(2654435769)
_SHIFT = np.uint32(32 - ROW_BITS)
_ZERO, _DIGITS = np.uint32(ord("0")), np.uint32(10)
# Other hashes for other kinds of rows, so that a word is told apart from the same letters within one.
_WORD_SALT, _PAIR_SALT = np.uint32(0x51ED270B), np.uint32(0x2C1B3C6D)
_OPENING_SALT, _CLOSING_SALT = np.uint32(0x165667B1), np.uint32(0x27D4EB2F)

# The marks: each concept, each as the first, each as the last, and from there on pairs, hashed.
MARKS = 4096
_OPENING, _CLOSING, _FIRST_PAIR = 128, 256, 512
_PAIRED = 6


_LIST_ITEM = re.compile(r"^\s{0,8}(?:\d{1,2}[.)]|[-*•])\s", re.MULTILINE)
_CHOICE = re.compile(r"(?:^|[\s(])[A-Da-d][.):]\s")
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

# What each character of ASCII counts as; all others are one class.
_CLASSES = (
    "other",
    "letter",
    "capital",
    "digit",
    "space",
    "newline",
    "operator",
    "bracket",
    "stop",
    "question",
    "foreign",
)


def _class_table() -> NDArray[np.uint8]:
    kinds = {
        "letter": "abcdefghijklmnopqrstuvwxyz",
        "capital": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "digit": "0123456789",
        "space": " \t",
        "newline": "\n",
        "operator": "+-*/=<>^%&|~",
        "bracket": "()[]{};_\\#@`$",
        "stop": ".,:!",
        "question": "?",
    }
    table = np.zeros(129, np.uint8)
    for kind, characters in kinds.items():
        for character in characters:
            table[ord(character)] = _CLASSES.index(kind)
    table[128] = _CLASSES.index("foreign")
    return table


_CLASS_OF = _class_table()
_LAST_CODE = np.uint32(128)

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
    *(f"{kind}_share" for kind in _CLASSES[2:]),
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


@dataclass(frozen=True, slots=True)
class TextFeatures:
    """A text as read.

    `sample` is what was read of it, `words` its words in lower case, `lexical` the figures that LEXICAL_NAMES names,
    and `rows` the hashed n-grams: sorted numbers below ROWS, each once. `marks` are the concepts that the words speak
    of, alone, first, last and in pairs: numbers below MARKS, each once. `word_hashes` has one number a word.
    """

    sample: str
    words: Sequence[str]
    lexical: tuple[float, ...]
    rows: NDArray[np.intp]
    marks: Sequence[int]
    word_hashes: NDArray[np.uint32]


def read_features(text: str) -> TextFeatures:
    """Read a text once: at most its first 1,500 and its last 500 characters."""
    sample = text.strip() if len(text) <= HEAD_CHARACTERS + TAIL_CHARACTERS else _ends(text)
    lowered = sample.lower()
    words = words_of(lowered)
    hashes = _hashed(words)
    marks = _marks(shipped_concepts().found_in(words))
    return TextFeatures(sample, words, _lexical(sample, lowered, words), _rows(lowered, hashes), marks, hashes)


def _ends(text: str) -> str:
    """The beginning and the end of a long text; its margins may be blank."""
    sample = text.strip()
    if len(sample) <= HEAD_CHARACTERS + TAIL_CHARACTERS:
        return sample
    return sample[:HEAD_CHARACTERS] + "\n" + sample[-TAIL_CHARACTERS:]


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _hashed(words: Sequence[str]) -> NDArray[np.uint32]:
    if len(words) > _WORDS_HASHED:
        words = [*words[: _WORDS_HASHED * 3 // 4], *words[-(_WORDS_HASHED // 4) :]]
    return np.array([zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words], np.uint32)


def _marks(concepts: Sequence[int]) -> list[int]:
    """The concepts, the first and the last one, and the pairs of those that stand side by side or early."""
    if not concepts:
        return []
    unique = list(dict.fromkeys(concepts))
    early = unique[:_PAIRED]
    pairs = {*pairwise(unique), *combinations(early, 2)}
    hashed = {_FIRST_PAIR + ((a * 131 + b * 7919) * 2654435769 >> 7) % (MARKS - _FIRST_PAIR) for a, b in pairs}
    return sorted({*unique, _OPENING + concepts[0], _CLOSING + concepts[-1], *hashed})


def _rows(lowered: str, hashed: NDArray[np.uint32]) -> NDArray[np.intp]:
    rows = np.concatenate([*_character_hashes(" ".join(("", *lowered.split(), ""))), *_word_hashes(hashed)])
    rows *= _SPREAD
    rows >>= _SHIFT
    rows.sort()
    fresh = np.empty(len(rows), np.bool_)
    fresh[:1] = True
    np.not_equal(rows[1:], rows[:-1], out=fresh[1:])
    return rows[fresh].astype(np.intp)


def _character_hashes(spaced: str) -> list[NDArray[np.uint32]]:
    """The hashes of all runs of three to five characters; every digit counts as 0."""
    codes = _codes(spaced).copy()
    codes[codes - _ZERO < _DIGITS] = _ZERO
    rolled, hashes = codes, []
    for length in range(2, _LONGEST_GRAM + 1):
        if len(rolled) < 2:
            break
        rolled = rolled[:-1] * _ROLL
        rolled += codes[length - 1 :]
        if length >= _SHORTEST_GRAM:
            hashes.append(rolled)
    return hashes


def _word_hashes(hashed: NDArray[np.uint32]) -> list[NDArray[np.uint32]]:
    """The hashes of the words, of neighbours, and of the words that a text begins and ends with."""
    return [
        hashed ^ _WORD_SALT,
        hashed[:-1] * _ROLL + hashed[1:] ^ _PAIR_SALT,
        hashed[:_EDGE_WORDS] ^ _OPENING_SALT,
        hashed[-_EDGE_WORDS:] ^ _CLOSING_SALT,
    ]


def _lexical(sample: str, lowered: str, words: Sequence[str]) -> tuple[float, ...]:
    characters, count = len(sample), len(words)
    kinds = np.bincount(_CLASS_OF[np.minimum(_codes(sample), _LAST_CODE)], minlength=len(_CLASSES)).tolist()
    found = [0] * len(_WORD_KINDS)
    for word in words:
        kind = _KIND_OF.get(word)
        if kind is not None:
            found[kind] += 1
    return (
        math.log1p(characters) / 8,
        math.log1p(count) / 6,
        min(1.0, characters / (count + 1) / 12),
        math.log1p(sample.count("\n")) / 4,
        *(kind / (characters + 1) for kind in kinds[2:]),
        math.log1p(sum(word[0].isdigit() for word in words)) / 3 if kinds[_DIGIT] else 0.0,
        float(sample.endswith("?")),
        *_forms(sample, lowered, kinds),
        *(math.log1p(number) / 2 for number in found),
    )


def _forms(sample: str, lowered: str, kinds: Sequence[int]) -> tuple[float, ...]:
    """Whether there is a fence; then how many lines and pieces of code, formulas, choices and items; an address."""
    pieces = sum(map(lowered.count, _CODE_PIECES)) if kinds[_OPERATOR] or kinds[_BRACKET] else 0
    return (
        float("```" in sample),
        _counted(_CODE_LINE, lowered),
        math.log1p(pieces) / 3,
        _counted(_FORMULA, lowered) if kinds[_DIGIT] or "\\" in sample else 0.0,
        _counted(_CHOICE, sample) if kinds[_STOP] or kinds[_BRACKET] else 0.0,
        _counted(_LIST_ITEM, sample) if kinds[_NEWLINE] else 0.0,
        float("http" in lowered or "www." in lowered),
    )


_OPERATOR, _BRACKET, _DIGIT, _STOP, _NEWLINE = map(_CLASSES.index, ("operator", "bracket", "digit", "stop", "newline"))


def _counted(pattern: re.Pattern[str], text: str) -> float:
    return math.log1p(len(pattern.findall(text))) / 2
