"""What the formatter does to Markdown, measured against Telegram's own parser: refusals, losses, parts, speed."""

from __future__ import annotations

import html
import math
import re
import sys
import time
import unicodedata
from collections import Counter
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from wcwidth import wcswidth

from bench.markdown_corpus import commonmark, documents, hostile, prefixes, replies
from routing.response_formatter import FormattedResponse, ResponseFormatter
from routing.rich_text import sanitise, utf16_length
from tests.telegram_parser import ParsedText, ParseRefused, parse_markdown_v2

_RAW = re.compile(r"\*\*\S|```|^#{1,6} |\]\(|\|\s*:?-{2,}|~~\S|\$\$|\\[(\[]", re.MULTILINE)
_TAGS = re.compile(r"</?(?:b|i|u|sub|sup|br|div|strong|em|think|thinking)\b[^<>]*>", re.IGNORECASE)
_TASKS = re.compile(r"^\s*\[[ xX]\] ", re.MULTILINE)  # shown as boxes
_BLANK = "\u115f\u1160"  # letters that are drawn as nothing
_MAX_UNITS = 4096
_MAX_ENTITIES = 100
_FILL = 4000


@dataclass
class Tally:
    """What came of one set of texts."""

    documents: int = 0
    rejected: int = 0
    over_limit: int = 0
    lost: list[str] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    styled: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    parts: int = 0
    ideal: int = 0
    seconds: float = 0.0
    worst_seconds: float = 0.0
    kilobytes: float = 0.0


def words(text: str) -> Counter[str]:
    """Count the words of a text, whatever form their characters have."""
    return Counter(re.findall(r"\w+", unicodedata.normalize("NFKC", text)))


class Reference:
    """What another renderer, markdown-it's own HTML, shows of a text."""

    def __init__(self) -> None:
        self._parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 1000}).enable(["table", "strikethrough"])
        self._parser.validateLink = lambda _url: True  # type: ignore[method-assign,assignment]  # their documented way

    def words(self, text: str) -> Counter[str]:
        """Count the words that a reader of the HTML sees."""
        shown = html.unescape(
            re.sub(r"<[^>]*>", " ", re.sub(r"</?(?:em|strong|s|code|a)\b[^>]*>", "", self._render(text)))
        )
        return words(_TASKS.sub("", _TAGS.sub(lambda tag: " " if "br" in tag[0] or "think" in tag[0] else "", shown)))

    def styles(self, text: str) -> dict[str, Counter[str]]:
        """Count the words under each style outside tables."""
        shown = re.sub(r"<table>.*?</table>", "", self._render(text), flags=re.DOTALL)
        bare = re.sub(r"<pre>.*?</pre>", "", shown, flags=re.DOTALL)
        return {
            "bold": _inside("strong", bare),
            "italic": _inside("em", bare),
            "code": _inside("code", bare),
            "text_link": _inside("a", bare),
            "blockquote": _inside("blockquote", shown),
            "pre": _inside("pre", shown),
        }

    def _render(self, text: str) -> str:
        return str(self._parser.render(sanitise(text)))


def _inside(tag: str, shown: str) -> Counter[str]:
    found = re.findall(rf"<{tag}(?: [^>]*)?>(.*?)</{tag}>", shown, re.DOTALL)
    return words(html.unescape(" ".join(re.sub(r"<[^>]*>", "", text) for text in found)))


def covered(parsed: ParsedText, kind: str) -> Counter[str]:
    """Count the words under one type of entity."""
    raw = parsed.text.encode("utf-16-le")
    pieces = (
        raw[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")
        for entity in parsed.entities
        if entity["type"].removeprefix("expandable_") == kind
    )
    return words(" ".join(pieces))


def parsed_parts(response: FormattedResponse) -> list[ParsedText] | None:
    """Parse every part as Telegram does; None when one is refused."""
    try:
        return [parse_markdown_v2(part) for part in response.parts]
    except ParseRefused:
        return None


def over_limit(parsed: list[ParsedText]) -> bool:
    """Whether a part is longer, or has more entities, than Telegram takes."""
    return any(utf16_length(part.text) > _MAX_UNITS or len(part.entities) > _MAX_ENTITIES for part in parsed)


def outside_code(parsed: ParsedText) -> str:
    """Return the text with code blanked out."""
    raw = bytearray(parsed.text.encode("utf-16-le"))
    for entity in parsed.entities:
        if entity["type"] in ("pre", "code"):
            start, length = 2 * entity["offset"], 2 * entity["length"]
            raw[start : start + length] = " ".encode("utf-16-le") * entity["length"]
    return raw.decode("utf-16-le")


def measure(texts: list[str], formatter: ResponseFormatter) -> Tally:
    """Format every text and look at what Telegram would show."""
    tally, reference = Tally(documents=len(texts)), Reference()
    for text in texts:
        start = time.perf_counter()
        response = formatter.format(text)
        seconds = time.perf_counter() - start
        tally.seconds += seconds
        tally.worst_seconds = max(tally.worst_seconds, seconds)
        tally.kilobytes += len(text.encode("utf-8", "replace")) / 1024
        parsed = parsed_parts(response)
        if parsed is None:
            tally.rejected += 1
            continue
        _judge(text, parsed, tally, reference)
    return tally


def _judge(text: str, parsed: list[ParsedText], tally: Tally, reference: Reference) -> None:
    tally.over_limit += over_limit(parsed)
    shown = "\n".join(part.text for part in parsed)
    missing = _missing(reference.words(text), shown, "".join(part.text for part in parsed))
    if missing:
        tally.lost.append(f"{text[:60]!r}: {missing[:5]}")
    if any(_RAW.search(outside_code(part)) for part in parsed):
        tally.raw.append(text[:60])
    for style, wanted in reference.styles(text).items():
        got = sum((covered(part, style) for part in parsed), Counter[str]())
        tally.styled[style] += wanted.total()
        tally.kept[style] += (wanted & got).total()
    tally.parts += len(parsed)
    tally.ideal += max(1, math.ceil(utf16_length(shown) / _FILL)) if parsed else 0


def _missing(wanted: Counter[str], shown: str, unbroken: str) -> list[str]:
    """List the words that are not there as often as they should be; `unbroken` has those that a limit cut in two."""
    absent = wanted - words(shown)
    texts = [unicodedata.normalize("NFKC", text) for text in (shown, unbroken)]
    return [word for word in absent if word.strip(_BLANK) and all(text.count(word) < wanted[word] for text in texts)]


def grid_is_aligned(grid: str) -> bool:
    """Whether the bars of a drawn table stand in the same columns of every line."""
    return len({tuple(_bars(line)) for line in grid.split("\n")}) == 1


def _bars(line: str) -> list[int]:
    return [wcswidth(line[: match.start()]) for match in re.finditer("[│┼]", line)]


def aligned_tables(formatter: ResponseFormatter) -> tuple[int, int]:
    """Count the drawn tables of all sets, and those among them that are aligned."""
    grids = []
    for text in (*replies(), *commonmark(), *hostile(), *documents(20)):
        for part in parsed_parts(formatter.format(text)) or []:
            grids += [grid for grid in _preformatted(part) if "─┼─" in grid]
    return len(grids), sum(map(grid_is_aligned, grids))


def _preformatted(parsed: ParsedText) -> list[str]:
    raw = parsed.text.encode("utf-16-le")
    blocks = (entity for entity in parsed.entities if entity["type"] == "pre")
    return [raw[2 * block["offset"] : 2 * (block["offset"] + block["length"])].decode("utf-16-le") for block in blocks]


def flickers(beginning: str, whole: str, formatter: ResponseFormatter) -> bool | None:
    """Whether a streamed beginning shows a word that the whole will not; None when Telegram refuses it."""
    parsed = parsed_parts(formatter.format_prefix(beginning))
    if parsed is None:
        return None
    early = re.findall(r"\w+", " ".join(part.text for part in parsed))
    final = re.findall(r"\w+", formatter.format(whole).plain_text)
    complete = early[:-1] == final[: max(0, len(early) - 1)]
    return not (complete and (not early or final[len(early) - 1].startswith(early[-1])))


def _row(name: str, tally: Tally) -> str:
    ratio = tally.parts / max(1, tally.ideal)
    speed = 1000 * tally.seconds / tally.kilobytes
    counts = f"{tally.documents:7}{tally.rejected:9}{tally.over_limit:6}{len(tally.lost):6}{len(tally.raw):5}"
    return f"{name:12}{counts}{ratio:13.3f}{speed:8.2f}{1000 * tally.worst_seconds:10.1f}"


def main() -> None:
    """Print the table."""
    sys.setrecursionlimit(20_000)  # the reference goes as deep as the hostile cases do
    formatter = ResponseFormatter(_FILL)
    sets = {"replies": replies(), "CommonMark": commonmark(), "hostile": hostile(), "documents": documents()}
    heads = ("set", "texts", "refused", "over", "lost", "raw", "parts/ideal", "ms/KB", "worst ms")
    print("{:12}{:>7}{:>9}{:>6}{:>6}{:>5}{:>13}{:>8}{:>10}".format(*heads))
    for name, texts in sets.items():
        tally = measure(texts, formatter)
        print(_row(name, tally))
        kept = (f"{style} {100 * tally.kept[style] / count:.1f}" for style, count in tally.styled.items() if count)
        print("    kept, %:", ", ".join(kept))
        for line in tally.lost:
            print("    lost:", line)
    tables, aligned = aligned_tables(formatter)
    print(f"tables      {tables:7}  aligned {100 * aligned / tables:.1f} %")
    outcomes = Counter(flickers(beginning, whole, formatter) for beginning, whole in prefixes())
    share = 100 * outcomes[True] / outcomes.total()
    print(f"prefixes    {outcomes.total():7}{outcomes[None]:9} refused, {share:.2f} % show what the reply will not")


if __name__ == "__main__":
    main()
