"""Changes to a text that leave what it asks for as it is: typos, upper and lower case, white space."""

from __future__ import annotations

import random
import re
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_WORD = re.compile(r"[^\W\d_]{4,}")
# One of so many words of four and more letters is misspelt, and one at least.
_WORDS_A_TYPO = 8
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    letter: (row[:place] + row[place + 1 :])[max(0, place - 1) : place + 1]
    for row in _ROWS
    for place, letter in enumerate(row)
}


def with_typos(text: str, seed: int) -> str:
    """Misspell some words: two letters swapped, one left out, one doubled, or a neighbour's key."""
    words = list(_WORD.finditer(text))
    if not words:
        return text
    # The seed of a text is its own, so that it does not depend on what came before.
    chance = random.Random(zlib.crc32(text.encode(errors="replace")) + seed)
    changed = chance.sample(words, max(1, len(words) // _WORDS_A_TYPO))
    for word in sorted(changed, key=lambda found: -found.start()):
        text = text[: word.start()] + _misspelt(word[0], chance) + text[word.end() :]
    return text


def _misspelt(word: str, chance: random.Random) -> str:
    place = chance.randrange(1, len(word) - 1)
    kind = chance.choice(("swap", "drop", "double", "neighbour"))
    if kind == "swap":
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == "drop":
        return word[:place] + word[place + 1 :]
    keys = _NEIGHBOURS.get(word[place].lower(), "")
    if kind == "double" or not keys:
        return word[:place] + word[place] + word[place:]
    return word[:place] + chance.choice(keys) + word[place + 1 :]


def padded(text: str, seed: int) -> str:
    """Put blank lines and spaces around a text, and a second space behind some words."""
    chance = random.Random(zlib.crc32(text.encode(errors="replace")) + seed)
    wider = re.sub(r"(?<=\w) (?=\w)", lambda _: chance.choice((" ", " ", "  ")), text)
    return "\n" * chance.randrange(3) + " " * chance.randrange(1, 6) + wider + " " * chance.randrange(6) + "\n\n"


NOISES: Mapping[str, Callable[[str, int], str]] = {
    "typos": with_typos,
    "upper case": lambda text, _: text.upper(),
    "lower case": lambda text, _: text.lower(),
    "padding": padded,
}
