"""The language a text is written in, by its script and, where languages share one, by its function words."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

SAMPLE_CHARACTERS = 240
SAMPLE_WORDS = 60
UNDETERMINED = "en"

# The language of each 128-character block of Unicode 15 that points at one, or at the first that shares its script.
_BLOCK_SHIFT = 7
_BLOCKS = {
    code >> _BLOCK_SHIFT: language
    for first, last, language in (
        (0x0380, 0x03FF, "el"),
        (0x0400, 0x052F, "ru"),
        (0x0580, 0x05FF, "he"),
        (0x0600, 0x06FF, "ar"),
        (0x0900, 0x097F, "hi"),
        (0x0980, 0x09FF, "bn"),
        (0x0A00, 0x0A7F, "pa"),
        (0x0A80, 0x0AFF, "gu"),
        (0x0B80, 0x0BFF, "ta"),
        (0x0C00, 0x0C7F, "te"),
        (0x0C80, 0x0CFF, "kn"),
        (0x0D00, 0x0D7F, "ml"),
        (0x0E00, 0x0E7F, "th"),
        (0x1100, 0x11FF, "ko"),
        (0x3080, 0x30FF, "ja"),
        (0x3400, 0x9FFF, "zh"),
        (0xAC00, 0xD7A3, "ko"),
    )
    for code in range(first, last + 1, 1 << _BLOCK_SHIFT)
}
# Hiragana's first 64 characters share a block with CJK punctuation.
_HIRAGANA = range(0x3041, 0x3080)

# Letters that one language of a shared script has and the first one lacks.
_TELLTALE_LETTERS = {
    "ru": {"uk": frozenset("іїєґ")},
    "ar": {"ur": frozenset("ٹڈڑںے"), "fa": frozenset("پچژگ")},
}

# Function words of languages that share a script: frequent, short, and rarely words of the others.
_FUNCTION_WORDS = {
    "hi": {
        "hi": "है हैं क्या में का की के को से मैं और नहीं यह वह कैसे मुझे एक पर लिए करें हूँ बताओ",
        "mr": "आहे आहेत काय मी आणि नाही कसे मला तू ते या हे होते च्या साठी करा सांगा आम्ही कुठे",
    },
    "latin": {
        "en": "the is are what how of and to in you i me my it this that for with do does can why who where please on"
        " a an about from at or if be not your write make create tell give explain hi hello hey thanks was which",
        "de": "der die das ist und ich nicht ein eine einen wie was mit für auf zu wir sie es den dem warum du mir"
        " hallo guten morgen danke bitte schreibe",
        "fr": "le la les est et je un une des que qui dans pour pas vous tu moi du ce comment quel quelle avec sur au"
        " bonjour bonsoir salut merci écris",
        "es": "el la los las es y un una que de en por para no qué cómo como con del me mi está cuál hola puedes"
        " gracias buenos buenas favor escribe",
        "it": "il lo la gli è e un una che di in per non come cosa con del mi sono qual della puoi perché ciao"
        " grazie buongiorno buonasera scrivi",
        "pt": "o a os as é e um uma que de em por para não como com do da me você qual são meu minha está olá"
        " obrigado obrigada bom boa dia vai escreva",
        "nl": "de het een is en ik niet van wat hoe dat voor met op je zijn mij kun waarom naar te wij hoi bedankt",
        "tr": "bir ve bu ne için nasıl mı mi mu değil ben sen çok var yok ile neden bana olan nedir da de merhaba",
        "pl": "i w nie na jest się to co jak z do że czy dla mi jestem mam proszę od po jaki jaka dlaczego cześć",
        "hi": "kya hai hain mujhe kaise nahi aur mein ka ki ke ko kyun batao karo acha kaun kab kahan namaste",
    },
}

# Letters with marks that speak for a language when its words are few.
_MARKED_LETTERS = {
    "de": frozenset("äöüß"),
    "fr": frozenset("àâçèêëîïôùûœ"),
    "es": frozenset("ñ¿¡áíóú"),
    "pt": frozenset("ãõáâçêéí"),
    "it": frozenset("àèìòù"),
    "tr": frozenset("ğışçöü"),
    "pl": frozenset("ąćęłńśźż"),
}

# A single letter is as often a variable, a list's or a drive's, so it says little.
_WORD_WEIGHT, _LETTER_WEIGHT = 6, 2

_WORD_LANGUAGES = {
    script: {
        word: tuple(language for language, listed in languages.items() if word in listed.split())
        for word in " ".join(languages.values()).split()
    }
    for script, languages in _FUNCTION_WORDS.items()
}

_WORD = re.compile(r"[^\W\d_]+(?:[\u0900-\u097f][^\W\d_]*)*")


def detect_language(text: str, words: Collection[str] | None = None) -> str:
    """The ISO 639-1 code of the language of `text`; "en" where nothing tells.

    `words` are its words in lower case, where the caller has them already. Only the first characters are looked at.
    """
    sample = text[:SAMPLE_CHARACTERS].lower()
    if sample.isascii():
        return _by_words("latin", _WORD.findall(sample) if words is None else words) or UNDETERMINED
    language = _by_script(sample)
    if language in _TELLTALE_LETTERS:
        return _by_letters(sample, language)
    found = _WORD.findall(sample) if words is None else words
    if language in _FUNCTION_WORDS:
        return _by_words(language, found) or language
    return language or _by_words("latin", found, frozenset(sample)) or UNDETERMINED


def _by_script(sample: str) -> str | None:
    """The language of the script most of the letters are in; None for Latin. Kana makes Han Japanese."""
    counts: Counter[str | None] = Counter()
    for character, times in Counter(sample).items():
        counts[_language_of(character)] += times
    latin = counts.pop("latin", 0)
    counts.pop(None, None)
    if "ja" in counts and "zh" in counts:
        counts["ja"] += counts.pop("zh")
    # A Han or Indic letter says about as much as two Latin ones: names and code in Latin letters do not decide.
    return max(counts, key=counts.__getitem__) if counts and 2 * counts.total() >= latin else None


def _language_of(character: str) -> str | None:
    if character < "\u0250":
        return "latin" if character.isalpha() else None
    code = ord(character)
    return "ja" if code in _HIRAGANA else _BLOCKS.get(code >> _BLOCK_SHIFT)


def _by_letters(sample: str, language: str) -> str:
    letters = frozenset(sample)
    others = _TELLTALE_LETTERS[language].items()
    return next((other for other, telltale in others if letters & telltale), language)


def _by_words(script: str, words: Collection[str], letters: frozenset[str] = frozenset()) -> str | None:
    """The language with most function words among `words`; a word that several share counts for each a little."""
    scores: Counter[str] = Counter()
    languages = _WORD_LANGUAGES[script]
    for word in islice(words, SAMPLE_WORDS):
        weight = _WORD_WEIGHT if len(word) > 1 else _LETTER_WEIGHT
        for language in languages.get(word, ()):
            scores[language] += weight // len(languages[word])
    if script == "latin" and letters:
        for language, marked in _MARKED_LETTERS.items():
            scores[language] += 2 * len(letters & marked)
    if not scores.total():
        return None
    return max(scores, key=lambda language: (scores[language], language == UNDETERMINED))
