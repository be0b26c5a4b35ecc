"""The language a message asks in: by script, and by function words, endings and letters where languages share one."""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from routing.language_evidence import WORD_WEIGHT, LanguageEvidence
from routing.language_words import ARABIC, CYRILLIC, DEVANAGARI, ENDINGS, LATIN, LETTERS
from routing.words import words_of_chunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

UNDETERMINED = "en"
SAMPLE_CHARACTERS = 240
# A message no longer than this may be in the language of the conversation without showing it.
SHORT_CHARACTERS = 60
_EARLIER_MESSAGES = 3

# Among lines in several languages, one holds a request in another language than English, or in English, by as much:
# what is pasted is English more often than not.
_FOREIGN_WEIGHT, _ENGLISH_WEIGHT = 28, 50
# The share of what speaks for English that may speak for another language: 1,155 of our messages with something
# beside the request are plainly English by it, of which four are not.
_PLAINLY = 0.4
# A script of its own says more than a word that others may have.
_SCRIPT_WEIGHT = 2 * WORD_WEIGHT
# Words in Latin letters outweigh those of another script when they say as much more.
_LATIN_MARGIN = 1.5 * WORD_WEIGHT

# The language of each 128-character block of Unicode 15 that points at one, or the script that several share.
_BLOCK_SHIFT = 7
_BLOCKS = {
    code >> _BLOCK_SHIFT: name
    for first, last, name in (
        (0x0380, 0x03FF, "el"),
        (0x0400, 0x052F, "cyrillic"),
        (0x0580, 0x05FF, "he"),
        (0x0600, 0x077F, "arabic"),
        (0x0900, 0x097F, "devanagari"),
        (0x0980, 0x09FF, "bn"),
        (0x0A00, 0x0A7F, "pa"),
        (0x0A80, 0x0AFF, "gu"),
        (0x0B80, 0x0BFF, "ta"),
        (0x0C00, 0x0C7F, "te"),
        (0x0C80, 0x0CFF, "kn"),
        (0x0D00, 0x0D7F, "ml"),
        (0x0D80, 0x0DFF, "si"),
        (0x0E00, 0x0E7F, "th"),
        (0x1100, 0x11FF, "ko"),
        (0x3000, 0x30FF, "ja"),
        (0x3100, 0x31FF, "ko"),
        (0x3400, 0x9FFF, "zh"),
        (0xAC00, 0xD7A3, "ko"),
    )
    for code in range(first, last + 1, 1 << _BLOCK_SHIFT)
}
# Runs of letters that are not Latin, with the marks that belong to them.
_FOREIGN_RUN = re.compile("[\u0370-\u1dff\u3041-\u9fff\uac00-\ud7a3\u200c\u200d]+")
_FIRST_FOREIGN = "\u0370"
_KANA = re.compile("[\u3041-\u30ff]")
# As many letters make about a word where no spaces do.
_UNSPACED = {"zh": 2, "ja": 3, "th": 5}
# Those of which not every run is a word.
_COUNTED = frozenset({*_UNSPACED, "el"})

# What somebody quotes, links to or pastes as code does not say what language they speak.
_QUOTED = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+|\"[^\"]{3,}\"|“[^”]{3,}”|«[^»]{3,}»|„[^“”]{3,}[“”]|「[^」]{3,}」"
    r"|(?<!\w)'[^'\n]{3,}'(?!\w)",
    re.DOTALL,
)
_ADDRESS = re.compile(r"https?://\S+")
_QUOTES = ("`", '"', "http", "“", "«", "„", "「")
_BESIDE = re.compile('[\n:`"“«„「]')
_TWO_WORDS = re.compile(r"[^\W\d_]\S*\s+(?:\S+\s+)?[^\W\d_]")
# A line with as many signs, or one that begins as logs do, is nobody's sentence.
_SIGNS = re.compile(r"(?:[{}()\[\]=;<>_$|*#/\\].{0,8}){4}")
_CODE_LINE = re.compile(
    r"\W*(?:\w*error\b|\w+: error|fatal|traceback|warn|npm err|exception in"
    r"|caused by|at \w+\.|select |insert |update .* set|import |from \w+ import|file \"|\$ |>>> |def |class "
    r"|kubectl |git |docker )"
)
_LONG_LINE = 160
_EDGE_CHARACTERS = 600


_SHARED: Mapping[str, Mapping[str, str]] = {
    "latin": LATIN,
    "devanagari": DEVANAGARI,
    "arabic": ARABIC,
    "cyrillic": CYRILLIC,
}
_FIRST = {"devanagari": "hi", "arabic": "ar", "cyrillic": "ru"}


def detect_language(text: str, words: Sequence[str] | None = None, earlier: Iterable[str] = ()) -> str:
    """The ISO 639-1 code of the language that `text` asks in; "en" where nothing tells.

    `words` are its words in lower case, where the caller has them already. `earlier` is what the same person wrote
    before, latest first: a short message that does not show its language is in the one of the conversation.
    """
    expected = ""
    if earlier and len(text) <= SHORT_CHARACTERS:
        languages = (_language(message, None) for message in islice(earlier, _EARLIER_MESSAGES))
        expected = next(filter(None, languages), "")
    return _language(text, words, expected) or UNDETERMINED


def _language(text: str, words: Sequence[str] | None, expected: str = "") -> str:
    if len(text) > SAMPLE_CHARACTERS or _BESIDE.search(text) or " '" in text:
        return (_is_english(text, words) and UNDETERMINED) or _of_request(text, expected)
    return _judge(text.lower(), words, expected)[0]


def _is_english(text: str, words: Sequence[str] | None) -> bool:
    """Whether all its words together show it so plainly that no line need be looked at."""
    if words is None or len(text) > SAMPLE_CHARACTERS or not text.isascii() or _may_quote(text):
        return False
    return _evidence("latin").leads(words, _ENGLISH_WEIGHT, _PLAINLY)


def _of_request(text: str, expected: str) -> str:
    """The language of what is asked where other things stand beside it: of the first or the last line, if they tell."""
    if len(text) > 2 * _EDGE_CHARACTERS:
        text = text[:_EDGE_CHARACTERS] + "\n" + text[-_EDGE_CHARACTERS:]
    bare = _QUOTED.sub(" ", text) if _may_quote(text) else text
    if not _TWO_WORDS.search(bare):
        bare = _ADDRESS.sub(" ", text)
    lines = [line for line in bare.lower().splitlines() if line.strip()]
    for line in _requests(lines):
        language, weight = _judge(line)
        if weight >= (_ENGLISH_WEIGHT if language == UNDETERMINED else _FOREIGN_WEIGHT):
            return language
    return _judge(" ".join(lines)[:SAMPLE_CHARACTERS], None, expected)[0]


def _may_quote(text: str) -> bool:
    return any(map(text.__contains__, _QUOTES)) or text.count("'") > 1


def _is_code(piece: str) -> bool:
    return _CODE_LINE.match(piece) is not None or _SIGNS.search(piece) is not None


def _requests(lines: Sequence[str]) -> list[str]:
    """The short pieces in which a request may stand, without code and logs: before a colon, first line, last line."""
    if not lines:
        return []
    before, colon, _ = lines[0].partition(":")
    pieces = [before if colon and _TWO_WORDS.search(before) else lines[0]]
    if len(lines) > 1:
        pieces.append(lines[-1])
    elif not colon:
        return []
    pieces = [piece for piece in pieces if len(piece) <= _LONG_LINE and not _is_code(piece)]
    # A long first line is more likely pasted than the short one that ends the message.
    return sorted(pieces, key=len) if len(pieces) > 1 and len(pieces[0]) > SHORT_CHARACTERS else pieces


def _judge(sample: str, words: Sequence[str] | None = None, expected: str = "") -> tuple[str, int]:
    """The language of a sample in lower case, and how much speaks for it; `expected` where nothing tells."""
    runs = [] if sample.isascii() else _FOREIGN_RUN.findall(sample)
    units = _units(runs) if runs else {}
    if words is None:
        words = words_of_chunks(sample.split()) if units else sample.split()
    if not units:
        return _evidence("latin").best(words, sample, expected)
    script = max(units, key=units.__getitem__)
    if len(words) > 2 * len(runs):
        language, weight = _evidence("latin").best([word for word in words if word < _FIRST_FOREIGN], "")
        if weight > _LATIN_MARGIN * units[script]:
            return language, weight
    if script in _SHARED:
        language, weight = _evidence(script).best(words, sample, expected)
        return language or _FIRST[script], weight
    return script, _SCRIPT_WEIGHT * units[script]


@cache
def _evidence(script: str) -> LanguageEvidence:
    """What tells the languages of a script apart, built at the first message in it."""
    return LanguageEvidence(_SHARED[script], ENDINGS, LETTERS)


def _units(runs: Sequence[str]) -> dict[str, int]:
    """How many words there are by script, or by language where it has a script of its own."""
    blocks = {ord(run[0]) >> _BLOCK_SHIFT for run in runs}
    if len(blocks) == 1 and (script := _BLOCKS.get(min(blocks), "")) not in _COUNTED:
        return {script: len(runs)} if script else {}
    units: dict[str, int] = {}
    for run in runs:
        script = _BLOCKS.get(ord(run[0]) >> _BLOCK_SHIFT, "")
        if script in _UNSPACED:
            script = "ja" if _KANA.search(run) else script
            units[script] = units.get(script, 0) + 1 + len(run) // _UNSPACED[script]
        elif script and (script != "el" or len(run) > 1):  # a single Greek letter is a formula's
            units[script] = units.get(script, 0) + 1
    if "ja" in units and "zh" in units:
        units["ja"] += units.pop("zh")
    return units
