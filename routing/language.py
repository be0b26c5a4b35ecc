"""The language a message asks in: by script, and by function words, endings and letters where languages share one."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from routing.language_words import ARABIC, CYRILLIC, DEVANAGARI, ENDINGS, LATIN, LETTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SAMPLE_CHARACTERS = 240
SAMPLE_WORDS = 48
UNDETERMINED = "en"

# What one word says for its language. It is shared among the languages that have the word; a single letter says less,
# being as often a variable, a list's or a drive's.
_WORD_WEIGHT, _SINGLE_LETTER_WEIGHT, _ENDING_WEIGHT, _MARK_WEIGHT = 24, 8, 8, 12
# Less than this is chance.
_LEAST_WEIGHT = 8
# Where the evidence is level it is English: much of what is typed in other languages' favour is misspelt English.
_PRIOR_WEIGHT = 6
# A request in English, among lines in several languages, is known by as much.
_CLEAR_WEIGHT = 60
# The scores of all languages of a script stand side by side in one integer, so that one addition counts a word for all.
_SCORE_BITS = 16

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
_KANA = re.compile("[\u3041-\u30ff]")
# As many letters make about a word where no spaces do.
_UNSPACED = {"zh": 2, "ja": 3, "th": 5}

# Vowel signs of Indic scripts and of Thai, and the marks of Arabic and Hebrew, belong to their words.
_WORD = re.compile(r"[^\W\d_][\w'’\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0980-\u0dff\u0e31-\u0e4e]*")

# What somebody quotes, links to or pastes as code does not say what language they speak.
_QUOTED = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+|\"[^\"]{3,}\"|“[^”]{3,}”|«[^»]{3,}»|„[^“”]{3,}[“”]|「[^」]{3,}」"
    r"|(?<!\w)'[^'\n]{3,}'(?!\w)",
    re.DOTALL,
)
_QUOTES = re.compile("[`\"“«„「']|://")
_LONG_LINE = 160


class _Script:
    """The languages that share a script, and what words, endings and letters say for each."""

    def __init__(
        self,
        words: Mapping[str, str],
        endings: Mapping[str, str] | None = None,
        letters: Mapping[str, str] | None = None,
        default: str = "",
    ) -> None:
        self._languages = tuple(words)
        self._default = default
        self._bytes = len(words) * _SCORE_BITS // 8
        listed = {language: _spellings(text) for language, text in words.items()}
        self._words = self._weights(listed, _WORD_WEIGHT)
        self._endings = self._weights(
            {key: text.split() for key, text in (endings or {}).items() if key in words}, _ENDING_WEIGHT
        )
        self._letters = self._weights(
            {key: list(text) for key, text in (letters or {}).items() if key in words}, _MARK_WEIGHT
        )

    def _weights(self, listed: Mapping[str, Iterable[str]], weight: int) -> dict[str, int]:
        speakers: dict[str, set[int]] = {}
        for language, terms in listed.items():
            for term in terms:
                speakers.setdefault(term, set()).add(self._languages.index(language))
        return {
            term: sum(
                (_SINGLE_LETTER_WEIGHT if weight == _WORD_WEIGHT and len(term) == 1 else weight) // len(languages)
                << _SCORE_BITS * language
                for language in languages
            )
            for term, languages in speakers.items()
        }

    def best(self, words: Sequence[str], sample: str) -> tuple[str, int]:
        """The language with most evidence, and how much that is; the script's default where there is none."""
        known, ending = self._words.get, self._endings.get
        total = _PRIOR_WEIGHT
        for word in words[:SAMPLE_WORDS]:
            total += known(word) or (ending(word[-3:]) or ending(word[-2:], 0) if len(word) > 4 else 0)
        if not sample.isascii():
            letters = self._letters.get
            total += sum([letters(letter, 0) for letter in set(sample) if letter > "\x7f"])
        scores = memoryview(total.to_bytes(self._bytes, "little")).cast("H").tolist()
        scores[0] -= _PRIOR_WEIGHT
        most = max(scores)
        scores[0] += _PRIOR_WEIGHT
        if most < _LEAST_WEIGHT:
            return self._default, 0
        return self._languages[scores.index(max(scores))], most


def _spellings(listed: str) -> set[str]:
    """The words, and the words without their marks, as people write them on a phone."""
    words = {*listed.split()}
    if max(listed) < "\u0370" or "\u1e00" <= max(listed) <= "\u1eff":
        plain = "".join(letter for letter in unicodedata.normalize("NFD", listed) if not "\u0300" <= letter <= "\u036f")
        words |= {*plain.translate({ord("ı"): "i", ord("ł"): "l", ord("đ"): "d", ord("ø"): "o"}).split()}
    return words


_LATIN = _Script(LATIN, ENDINGS, LETTERS)
_SHARED = {
    "devanagari": _Script(DEVANAGARI, ENDINGS, LETTERS, "hi"),
    "arabic": _Script(ARABIC, ENDINGS, LETTERS, "ar"),
    "cyrillic": _Script(CYRILLIC, ENDINGS, LETTERS, "ru"),
}


def detect_language(text: str, words: Sequence[str] | None = None) -> str:
    """The ISO 639-1 code of the language of `text`; "en" where nothing tells.

    `words` are its words in lower case, where the caller has them already. Only the first characters are looked at.
    """
    return _language(text, words) or UNDETERMINED


def _language(text: str, words: Sequence[str] | None) -> str:
    if len(text) > SAMPLE_CHARACTERS or "\n" in text or ":" in text or _QUOTES.search(text):
        return _of_request(text)
    return _judge(text.lower(), words)[0]


def _of_request(text: str) -> str:
    """The language of what is asked, where other things stand beside it."""
    bare = _QUOTED.sub(" ", text[:4000] if len(text) < 4000 else text[:2000] + text[-2000:]).strip()
    if len(_WORD.findall(bare[:200])) < 2:
        bare = text.strip()
    lines = [line for line in bare.lower().splitlines() if line.strip()] or [""]
    head, separator, rest = lines[0].partition(":")
    if len(lines) == 1 and not (separator and len(head) < _LONG_LINE and len(head.split()) > 1):
        return _judge(lines[0][:SAMPLE_CHARACTERS])[0]
    found = []
    for line in (head if separator and len(head.split()) > 1 else lines[0], lines[-1] if len(lines) > 1 else rest):
        if len(line) <= _LONG_LINE:
            found.append(_judge(line))
    for language, weight in found:
        if language and (language != UNDETERMINED and weight > 2 * _WORD_WEIGHT - 1 or weight >= _CLEAR_WEIGHT):
            return language
    return _judge(" ".join(lines)[:SAMPLE_CHARACTERS])[0]


def _judge(sample: str, words: Sequence[str] | None = None) -> tuple[str, int]:
    """The language of a sample in lower case, and how much speaks for it; "" where nothing tells."""
    if words is None:
        words = _WORD.findall(sample)
    runs = [] if sample.isascii() else _FOREIGN_RUN.findall(sample)
    units = _units(runs) if runs else {}
    if not units:
        return _LATIN.best(words, sample)
    script = max(units, key=units.__getitem__)
    if len(words) > 2 * len(runs):
        language, weight = _LATIN.best([word for word in words if word[0] < "\u0370"], "")
        if weight > 1.5 * _WORD_WEIGHT * units[script]:
            return language, weight
    if script in _SHARED:
        return _SHARED[script].best(words, sample)
    return script, 2 * _WORD_WEIGHT * units[script]


def _units(runs: Sequence[str]) -> dict[str, int]:
    """How many words are in each script or language."""
    units: dict[str, int] = {}
    for run in runs:
        script = _BLOCKS.get(ord(run[0]) >> _BLOCK_SHIFT)
        if script is None or script == "el" and len(run) == 1:
            continue
        if script in _UNSPACED:
            if script == "zh" and _KANA.search(run):
                script = "ja"
            units[script] = units.get(script, 0) + 1 + len(run) // _UNSPACED[script]
        else:
            units[script] = units.get(script, 0) + 1
    if "ja" in units and "zh" in units:
        units["ja"] += units.pop("zh")
    return units
