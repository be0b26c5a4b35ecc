"""The Markdown that models write: CommonMark with tables, strikethrough, maths and the HTML tags they use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markdown_it.rules_block import reference
from markdown_it.rules_inline import image, link
from markdown_it.rules_inline.state_inline import Delimiter

from routing.markdown_table import table_rule

if TYPE_CHECKING:
    from markdown_it.ruler import RuleOptionsType
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

_MAX_NESTING = 200
# markdown-it drops what is nested deeper than its limit. From here on everything is one paragraph, so nothing is lost.
_DEEPEST_BLOCK = 150


def build_parser() -> MarkdownIt:
    """Build the parser; it keeps no state between texts."""
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": _MAX_NESTING}).enable("strikethrough")
    # Every address is taken as a link here; whether Telegram can open it is the reader's business.
    parser.validateLink = lambda _url: True  # type: ignore[method-assign,assignment]  # their documented way
    block, inline = parser.block.ruler, parser.inline.ruler
    interrupts: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    block.at("reference", _used_reference)
    block.before("code", "deep_text", _deep_text)
    block.before("fence", "maths_block", _maths_block, interrupts)
    block.before("blockquote", "table", table_rule, {"alt": ["paragraph", "reference", "blockquote"]})
    inline.at("emphasis", _emphasis)
    inline.at("link", _matched_link)
    inline.at("image", _matched_image)
    inline.before("escape", "maths", _maths)
    inline.before("autolink", "html_tag", _html_tag)
    # Its lists of rules, those for blocks and those within a line, are made at their first use, which two threads must
    # not begin together.
    parser.parse("a *b*")
    return parser


def _deep_text(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: FBT001 - theirs
    if silent or state.level < _DEEPEST_BLOCK:
        return False
    state.line = end_line
    state.push("paragraph_open", "p", 1)
    token = state.push("inline", "", 0)
    token.content = state.getLines(start_line, end_line, 0, keepLastLF=False)
    token.map = [start_line, end_line]
    token.children = []
    state.push("paragraph_close", "p", -1)
    return True


# --- link definitions -------------------------------------------------------------------------------------------------

_DEFINITION = re.compile(r"\[([^\[\]\n]{1,200})\]:[ \t]*\n?[ \t]*<?(?:https?|tg)://\S")


def _used_reference(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: FBT001 - theirs
    """Take a link definition only where something refers to it; any other would vanish from the text."""
    position = state.bMarks[start_line] + state.tShift[start_line]
    definition = _DEFINITION.match(state.src, position)
    if not definition:
        return False
    label = f"[{definition[1]}]".lower()
    counts = state.env.setdefault("lowered", state.src.lower()).count(label)
    return counts > 1 and reference(state, start_line, end_line, silent)


# --- emphasis ---------------------------------------------------------------------------------------------------------

# CommonMark takes "**Note:**text" and "**「太字」**の" for no emphasis at all; models write both all the time.
_CLOSING_MARKS = frozenset(":.,!?;)]}\"'”’»」』）】》〉。，：；！？、…％%")
_OPENING_MARKS = frozenset("([{\"'“‘«「『（【《〈")


def _emphasis(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - theirs
    """Read a run of * or _ as CommonMark does, but let pairs of stars stand between punctuation and a letter."""
    marker = state.src[state.pos]
    if silent or marker not in "*_":
        return False
    run = state.scanDelims(state.pos, marker == "*")
    before = state.src[state.pos - 1 : state.pos]
    after = state.src[state.pos + run.length : state.pos + run.length + 1]
    relaxed = marker == "*" and (run.length > 1 or before > "\u2e80" or after > "\u2e80")
    for _ in range(run.length):
        state.push("text", "", 0).content = marker
        state.delimiters.append(
            Delimiter(
                marker=ord(marker),
                length=run.length,
                token=len(state.tokens) - 1,
                end=-1,
                open=run.can_open or (relaxed and after in _OPENING_MARKS and before.isalnum()),
                close=run.can_close or (relaxed and before in _CLOSING_MARKS and after.isalnum()),
            )
        )
    state.pos += run.length
    return True


# --- brackets ---------------------------------------------------------------------------------------------------------

# From so many on, brackets are paired once for the paragraph: CommonMark's way looks 200 deep from each of them, which
# takes seconds for a reply of brackets alone.
_MANY_BRACKETS = 100


def _matched_link(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - theirs
    return state.src[state.pos] == "[" and _is_matched(state, state.pos) and link(state, silent)


def _matched_image(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - theirs
    return state.src.startswith("![", state.pos) and _is_matched(state, state.pos + 1) and image(state, silent)


def _is_matched(state: StateInline, position: int) -> bool:
    known = state.env.get("brackets")
    if known is None or known[0] is not state.src:
        known = state.env["brackets"] = (state.src, _matched_brackets(state.src))
    return known[1] is None or position in known[1]


def _matched_brackets(text: str) -> set[int] | None:
    """Find the brackets that a label may begin at; None where they are few enough not to matter."""
    if text.count("[") < _MANY_BRACKETS:
        return None
    waiting: list[int] = []
    matched: set[int] = set()
    for match in re.finditer(r"[\[\]]", text):
        if match[0] == "[":
            waiting.append(match.start())
        elif waiting:
            opening = waiting.pop()
            # Labels do not nest (but for an image's in a link's): of brackets in brackets the outer ones count.
            if not text.startswith("]", match.end()):
                matched.add(opening)
    return matched


# --- maths ------------------------------------------------------------------------------------------------------------

_MATHS_OPEN = re.compile(r"(\$\$|\\\[)")
_MATHS_CLOSE = {"$$": "$$", "\\[": "\\]"}


def _maths_block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: FBT001 - theirs
    r"""Read `$$ ... $$` or `\[ ... \]` that begins a line and ends one."""
    if state.is_code_block(start_line):
        return False
    first = _line(state, start_line)
    opening = _MATHS_OPEN.match(first)
    if not opening:
        return False
    closing = _MATHS_CLOSE[opening[1]]
    last = _closing_line(state, start_line, end_line, closing)
    if last is None:
        return False
    if not silent:
        text = "\n".join(_line(state, line) for line in range(start_line, last + 1)).strip()
        token = state.push("maths_block", "", 0)
        token.content = text[2:-2].strip("\n")
        token.map = [start_line, last + 1]
    state.line = last + 1
    return True


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _closing_line(state: StateBlock, start_line: int, end_line: int, closing: str) -> int | None:
    if state.src.find(closing, state.bMarks[start_line] + state.tShift[start_line] + 2) < 0:
        return None
    for line in range(start_line, end_line):
        text = _line(state, line).rstrip()
        if line > start_line and state.sCount[line] < state.blkIndent and text:
            return None
        at = text.find(closing, 2 if line == start_line else 0)
        if at >= 0:
            return line if at == len(text) - 2 else None
    return None


DOLLARS = re.compile(
    r"\$\$(?P<display>[^$]{1,2000}?)\$\$"
    r"|(?<![\w$])\$(?P<inline>(?![\s$])(?:\\.|[^$\\\n`]){1,400}?(?<![\s\\]))\$(?![\w$])"
)
_BRACKETS = {"\\(": "\\)", "\\[": "\\]"}
_FORMULA_SIGN = re.compile(r"[\\^_=+{}<>≤≥∈→×·]")
_SHORT_FORMULA = re.compile(r"[A-Za-z]'|[\w ,.|/*()\[\]-]{1,24}")
_LONG_WORD = re.compile(r"[A-Za-z]{3,}")


def is_formula(content: str) -> bool:
    """Tell maths between single dollars from two prices in one line."""
    if _FORMULA_SIGN.search(content):
        return True
    return bool(_SHORT_FORMULA.fullmatch(content)) and not _LONG_WORD.search(content)


def _maths(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - theirs
    character = state.src[state.pos]
    found = _dollar_maths(state) if character == "$" else _bracket_maths(state) if character == "\\" else None
    if found is None:
        return False
    content, end = found
    if not silent:
        token = state.push("code_inline", "code", 0)
        token.content = content.strip()
        token.markup = "$"
    state.pos = end
    return True


def _dollar_maths(state: StateInline) -> tuple[str, int] | None:
    match = DOLLARS.match(state.src, state.pos, state.posMax)
    if not match:
        return None
    content = match["display"] or match["inline"]
    return (content, match.end()) if match["display"] or is_formula(content) else None


def _bracket_maths(state: StateInline) -> tuple[str, int] | None:
    closing = _BRACKETS.get(state.src[state.pos : state.pos + 2])
    if closing is None:
        return None
    start = state.pos + 2
    end = state.src.find(closing, start, min(state.posMax, start + 2000))
    return (state.src[start:end], end + 2) if end > start and state.src[start:end].strip() else None


# --- HTML -------------------------------------------------------------------------------------------------------------

TAG = re.compile(
    r"<(/?)(b|strong|i|em|cite|u|ins|s|del|strike|code|kbd|samp|tt|sub|sup|mark|small|span|font|big|center|p|div|br|hr)"
    r"(?:\s[^<>]{0,300})?\s*/?>",
    re.IGNORECASE,
)


def _html_tag(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - theirs
    """Read one known tag; whether it has a partner is seen when all of the text has been read."""
    if state.src[state.pos] != "<":
        return False
    match = TAG.match(state.src, state.pos, state.posMax)
    if not match:
        return False
    if not silent:
        token = state.push("html_tag", "", 0)
        token.content = match[0]
        token.meta = {"name": match[2].lower(), "closing": bool(match[1])}
    state.pos = match.end()
    return True
