"""The inside of a Markdown paragraph: emphasis, code, links, images and HTML tags become marks."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from routing.rich_text import PLAIN, Marks, Run, Style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

_STYLE_TOKENS = {"strong": Style.BOLD, "em": Style.ITALIC, "s": Style.STRIKE}
_STYLE_TAGS = {
    **dict.fromkeys(("b", "strong"), Style.BOLD),
    **dict.fromkeys(("i", "em", "cite"), Style.ITALIC),
    **dict.fromkeys(("u", "ins"), Style.UNDERLINE),
    **dict.fromkeys(("s", "del", "strike"), Style.STRIKE),
    **dict.fromkeys(("code", "kbd", "samp", "tt"), Style.CODE),
}
_LINE_TAGS = frozenset({"br", "hr"})

_RAISED = dict(zip("0123456789+-=()nixabcdeghjklmoprstuvwyzT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱˣᵃᵇᶜᵈᵉᵍʰʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷʸᶻᵀ", strict=True))
_LOWERED = dict(zip("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))


class _Link(NamedTuple):
    address: str
    start: int


def inline_runs(tokens: Sequence[Token], base: Marks = PLAIN) -> list[Run]:
    """Turn the tokens of one paragraph, heading or cell into runs upon the marks in `base`."""
    return _Inline(tokens, base).read()


class _Inline:
    def __init__(self, tokens: Sequence[Token], base: Marks) -> None:
        self._tokens = tokens
        self._base = base
        self._runs: list[Run] = []
        self._styles: Counter[Style] = Counter()
        self._links: list[_Link] = []
        self._script = ""
        self._marks = base

    def read(self) -> list[Run]:
        paired = _paired_tags(self._tokens)
        for index, token in enumerate(self._tokens):
            if token.type in ("text", "text_special"):
                self._add(token.content)
            elif token.type in ("softbreak", "hardbreak"):
                self._add("\n")
            elif token.type == "code_inline":
                self._add(token.content, Style.CODE)
            elif token.type == "html_tag":
                self._tag(token, paired=index in paired)
            elif token.type == "image":
                self._image(token)
            else:
                self._mark(token)
        return self._runs

    def _refresh(self) -> None:
        """Work out the marks of what follows; called whenever something opens or closes."""
        style = self._base.style
        for flag, depth in self._styles.items():
            if depth > 0:
                style |= flag
        link = next((link.address for link in self._links if can_open(link.address)), "")
        self._marks = self._base._replace(style=style, link=link)

    def _add(self, text: str, extra: Style = Style.PLAIN) -> None:
        if self._script:
            text = _scripted(text, self._script)
        marks = self._marks._replace(style=self._marks.style | extra) if extra else self._marks
        self._runs.append(Run(text, marks))

    def _mark(self, token: Token) -> None:
        name, _, edge = token.type.rpartition("_")
        if name in _STYLE_TOKENS:
            self._styles[_STYLE_TOKENS[name]] += 1 if edge == "open" else -1
            self._refresh()
        elif token.type == "link_open":
            self._open_link(str(token.attrs.get("href", "")))
        elif token.type == "link_close":
            self._close_link()

    def _open_link(self, address: str) -> None:
        self._links.append(_Link(address, len(self._runs)))
        self._refresh()

    def _close_link(self) -> None:
        link = self._links[-1]
        label = "".join(run.text for run in self._runs[link.start :])
        if not label.strip():
            self._add(link.address)
        self._links.pop()
        self._refresh()
        if label.strip() and not can_open(link.address) and _worth_showing(link.address, label):
            self._add(f" ({link.address})")

    def _image(self, token: Token) -> None:
        """Show an image as a link to it, named by its description."""
        self._open_link(str(token.attrs.get("src", "")))
        self._add(_alternative(token.children or []))
        self._close_link()

    def _tag(self, token: Token, *, paired: bool) -> None:
        name, closing = token.meta["name"], token.meta["closing"]
        if name in _LINE_TAGS:
            self._add("\n")
        elif not paired:
            self._add(token.content)
        elif name in ("sub", "sup"):
            self._script = "" if closing else name
        elif name in _STYLE_TAGS:
            self._styles[_STYLE_TAGS[name]] += -1 if closing else 1
            self._refresh()


def _paired_tags(tokens: Sequence[Token]) -> set[int]:
    """Find the HTML tags that have a partner; the others are text about HTML."""
    opened: dict[str, list[int]] = {}
    paired: set[int] = set()
    for index, token in enumerate(tokens):
        if token.type != "html_tag":
            continue
        waiting = opened.setdefault(token.meta["name"], [])
        if not token.meta["closing"]:
            waiting.append(index)
        elif waiting:
            paired |= {waiting.pop(), index}
    return paired


def _alternative(tokens: Sequence[Token]) -> str:
    return "".join(_described(token) for token in tokens)


def _described(token: Token) -> str:
    if token.type == "image":
        return _alternative(token.children or [])
    return "\n" if token.type in ("softbreak", "hardbreak") else token.content


def _scripted(text: str, name: str) -> str:
    """Raise or lower text where Unicode has the characters; else say so the way plain text does."""
    table = _RAISED if name == "sup" else _LOWERED
    if all(character in table for character in text):
        return "".join(table[character] for character in text)
    return f"{'^' if name == 'sup' else '_'}({text})" if len(text) > 1 else f"{'^' if name == 'sup' else '_'}{text}"


# --- addresses --------------------------------------------------------------------------------------------------------

_LONGEST_ADDRESS = 2000
_HOST = re.compile(r"[^\s/?#.]+(?:\.[^\s/?#.]+)+\.?|\[[0-9a-f:.]+\]", re.IGNORECASE)


def can_open(address: str) -> bool:
    """Whether Telegram makes a link of it and nobody is pinged: http, https or tg, a host with a dot, no user id."""
    if len(address.encode()) > _LONGEST_ADDRESS:
        return False
    scheme, _, rest = address.partition(":")
    if scheme.lower() == "tg":
        return rest.startswith("//") and not rest[2:].lower().startswith("user")
    return scheme.lower() in ("http", "https") and _has_real_host(address)


def _has_real_host(address: str) -> bool:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    return bool(_HOST.fullmatch(parts.netloc.rpartition("@")[2].removesuffix(f":{port}")))


_UNREADABLE = ("data:", "javascript:", "vbscript:", "#")


def _worth_showing(address: str, label: str) -> bool:
    """Whether an address that cannot be a link tells people something that its label does not."""
    bare = address.removeprefix("mailto:").removeprefix("tel:")
    readable = len(address) <= _LONGEST_ADDRESS and not address.lower().startswith(_UNREADABLE)
    return readable and bool(bare) and bare not in label
