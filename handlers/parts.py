"""Parts: the messages of a formatted answer, each complete in itself, so that it can be kept and sent later."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from telegram import MessageEntity

from routing.response_formatter import escape_markdown_v2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from routing.response_formatter import FormattedResponse

Json = dict[str, Any]
Version = dict[str, Any]  # the arguments of a call that are about what the message says

MARKDOWN = "MarkdownV2"
# Formatting takes about a millisecond for a thousand characters of prose, and fifty for a thousand brackets.
QUICK_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Part:
    """One message's worth of a formatted answer: as MarkdownV2, and as text with entities as the Bot API takes them."""

    markdown: str
    text: str
    entities: tuple[Json, ...] = ()
    index: int = 0

    def versions(self) -> Iterator[Version]:
        """The same content in the order in which it is tried: markup, entities, plain text."""
        yield {"text": self.markdown, "parse_mode": MARKDOWN}
        yield {"text": self.text, "entities": MessageEntity.de_list(list(self.entities), None)}
        yield {"text": self.text}

    def with_notice(self, notice: str) -> Part:
        """The same with a plain sentence below it, for which the formatter leaves room."""
        markdown, text = f"{self.markdown}\n\n{escape_markdown_v2(notice)}", f"{self.text}\n\n{notice}"
        return replace(self, markdown=markdown, text=text)

    def as_json(self) -> Json:
        """All of it as JSON."""
        return {"markdown": self.markdown, "text": self.text, "entities": list(self.entities), "index": self.index}

    @classmethod
    def from_json(cls, written: Json) -> Self:
        """Read what `as_json` wrote. Raises KeyError."""
        return cls(written["markdown"], written["text"], tuple(written["entities"]), written["index"])


def parts_of(response: FormattedResponse) -> list[Part]:
    """The messages of a formatted answer, in order."""
    plain = (response.plain_part(index) for index in range(len(response.parts)))
    return [
        Part(markdown, text, tuple(entities), index)
        for index, (markdown, (text, entities)) in enumerate(zip(response.parts, plain, strict=True))
    ]


async def formatted(form: Callable[[str], FormattedResponse], text: str) -> list[Part]:
    """Make messages of a text; a long one in a thread, lest the other chats wait for it."""

    def work() -> list[Part]:
        return parts_of(form(text))

    return work() if len(text) <= QUICK_CHARACTERS else await asyncio.to_thread(work)
