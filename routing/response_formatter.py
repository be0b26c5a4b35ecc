"""ResponseFormatter: a model's Markdown becomes Telegram MarkdownV2 messages that are never refused and never cut."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from routing.disarm import disarmed
from routing.markdown_healing import heal
from routing.markdown_reader import read
from routing.markdown_syntax import build_parser
from routing.message_splitter import Limits, fits, split
from routing.rich_text import Marks, Quote, RichText, Run, Style, joined, sanitise
from routing.telegram_markup import entities, escape_markdown_v2, markdown_v2

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["FormattedResponse", "PlainPart", "ResponseFormatter", "escape_markdown_v2", "format_for_telegram"]

# Telegram's own bound; a footer may use what max_length leaves of it.
_TELEGRAM = Limits()


class PlainPart(NamedTuple):
    """One message without markup: its text, and its entities as the Bot API takes them (offsets in UTF-16 units)."""

    text: str
    entities: list[dict[str, str | int]]


@dataclass(frozen=True, slots=True)
class FormattedResponse:
    """A reply as Telegram messages, in order; no parts when there is nothing to see.

    `parts` is MarkdownV2. `plain_part` gives the same message as text and entities, for a part that was refused.
    """

    parts: tuple[str, ...]
    parse_mode: str = "MarkdownV2"
    truncated: bool = False
    _texts: tuple[RichText, ...] = field(default=(), repr=False)

    def plain_part(self, index: int) -> PlainPart:
        """Return part `index` as plain text with entities."""
        return PlainPart(self._texts[index].text, entities(self._texts[index]))

    @property
    def plain_text(self) -> str:
        """All parts without any formatting, with a blank line between them."""
        return "\n\n".join(text.text for text in self._texts)


class ResponseFormatter:
    """Formats replies into messages of at most `max_length` visible UTF-16 units (2-4,096). Keeps no state.

    `disarm`: what is formatted pings nobody and holds no command to tap, as befits what a model wrote. Footers may.
    """

    def __init__(self, max_length: int = 4000, *, disarm: bool = False) -> None:
        self._disarm = disarm
        self._limits = Limits(units=max(2, min(max_length, _TELEGRAM.units)))
        self._parser = build_parser()

    def format(
        self,
        response: str,
        include_model_info: bool = False,  # noqa: FBT001, FBT002 - the specification's signature
        model_name: str | None = None,
        execution_time: float | None = None,
        *,
        footer: str = "",
    ) -> FormattedResponse:
        """Format a finished reply. `execution_time` is in seconds; `footer` becomes the last line, in italics."""
        receipt = footer or (_receipt(model_name, execution_time) if include_model_info else "")
        return self._formatted(self._read(response), receipt)

    def format_prefix(self, text: str) -> FormattedResponse:
        """Format a reply that is still growing: what is open is closed, what may yet change is held back."""
        return self._formatted(self._read(heal(sanitise(text), self._parser)))

    def plain(self, text: str) -> FormattedResponse:
        """Make messages of text that is not Markdown."""
        return self._formatted(RichText.of([Run(sanitise(text))]))

    def format_error(self, error: str | BaseException) -> FormattedResponse:
        """Format a sentence about something that went wrong; it is not read as Markdown."""
        return self.plain(f"⚠️ {error}")

    def format_multiple_responses(self, responses: Sequence[str], model_names: Sequence[str]) -> FormattedResponse:
        """Put the replies of several models one below the other, each under its model's name."""
        titled = [
            joined([_bold(name), self._read(response)], "\n")
            for name, response in zip(model_names, responses, strict=True)
        ]
        return self._formatted(joined(titled))

    def format_stats(self, stats: Mapping[str, object]) -> FormattedResponse:
        """Write statistics as lines of "Name: value", nested mappings under a title of their own."""
        return self._formatted(RichText.of(_stat_runs(stats)))

    def _read(self, source: str) -> RichText:
        thought, answer = _thought_and_answer(sanitise(source))
        text = read(self._parser.parse(answer))
        if not thought.strip():
            return text
        quoted = read(self._parser.parse(thought), Quote.EXPANDABLE)
        return joined(part for part in (quoted, text) if part.visible)

    def _formatted(self, text: RichText, footer: str = "") -> FormattedResponse:
        parts = split(disarmed(text) if self._disarm else text, self._limits)
        if footer.strip():
            parts = _with_footer(parts, footer)
        return FormattedResponse(tuple(markdown_v2(part) for part in parts), _texts=tuple(parts))


def format_for_telegram(text: str) -> str:
    """Return a reply as one MarkdownV2 string; a long one is still longer than one message may be."""
    return "\n\n".join(ResponseFormatter().format(text).parts)


_THOUGHT = re.compile(r"\s*<(think|thinking|thought)>(?P<thought>.*?)(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
# Some chat templates open the thought in the prompt, so that the reply only closes it.
_CLOSED_THOUGHT = re.compile(r"(?P<thought>(?:(?!<think).)*?)^[ \t]*</think>[ \t]*$", re.DOTALL | re.MULTILINE)


def _thought_and_answer(source: str) -> tuple[str, str]:
    match = _THOUGHT.match(source)
    if not match and "</think>" in source:
        match = _CLOSED_THOUGHT.match(source)
    return (match["thought"], source[match.end() :]) if match else ("", source)


def _receipt(model_name: str | None, execution_time: float | None) -> str:
    pieces = [model_name or "", "" if execution_time is None else f"{execution_time:.1f} s"]
    return " · ".join(piece for piece in pieces if piece)


def _with_footer(parts: list[RichText], footer: str) -> list[RichText]:
    """Add a last line to the last part, or a part of its own where that one is full."""
    line = RichText.of([Run(sanitise(footer).strip(), Marks(Style.ITALIC))])
    if parts and fits(whole := joined([parts[-1], line]), _TELEGRAM):
        return [*parts[:-1], whole]
    return [*parts, *split(line, _TELEGRAM)]


def _bold(text: str) -> RichText:
    return RichText.of([Run(sanitise(text), Marks(Style.BOLD | Style.HEADING))])


def _stat_runs(stats: Mapping[str, object]) -> list[Run]:
    runs: list[Run] = []
    for name, value in stats.items():
        title = sanitise(str(name)).replace("_", " ")
        title = title[:1].upper() + title[1:]
        if isinstance(value, dict):
            runs.append(Run(f"\n{title}\n", Marks(Style.BOLD)))
            runs += [Run(f"• {sanitise(str(key))}: {_figure(item)}\n") for key, item in value.items()]
        else:
            runs += [Run(f"{title}: "), Run(f"{_figure(value)}\n", Marks(Style.BOLD))]
    return runs


def _figure(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else sanitise(str(value))
