"""Reads what a person types, pastes or pipes, message by message."""

from __future__ import annotations

import select
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROMPT = "> "
# Nobody types a line that fast; a paste arrives at once.
_PASTE_SECONDS = 0.03


def is_typed() -> bool:
    """Whether a person sits at the other end of standard input."""
    return sys.stdin.isatty()


def piped_messages(stream: TextIO) -> Iterator[str]:
    """Yield each line of a pipe or a file as a message of its own."""
    for line in stream:
        if message := line.strip():
            yield message


def typed_message() -> str:
    """Ask for a message; lines that were pasted together stay together. Raises EOFError at the end of input."""
    lines = [input(PROMPT if sys.stdout.isatty() else "")]
    with suppress(EOFError):
        while select.select([sys.stdin], [], [], _PASTE_SECONDS)[0]:
            lines.append(input())
    return "\n".join(lines).strip()


def answer_to(question: str) -> str:
    """Ask a question; the end of input is an empty answer."""
    print(f"{question}: ", end="", flush=True)
    if is_typed():
        with suppress(EOFError):
            return input().strip()
    answer = sys.stdin.readline().strip()
    print()
    return answer


def offer_completion(words: Sequence[str]) -> None:
    """Have the tab key complete these words, and the arrow keys edit the line, where Python was built with it."""
    try:
        import readline  # noqa: PLC0415  # not every Python has it
    except ImportError:
        return

    def complete(beginning: str, number: int) -> str | None:
        matching = [word for word in words if word.startswith(beginning)]
        return matching[number] if number < len(matching) else None

    readline.set_completer(complete)
    readline.set_completer_delims(" ")
    # A Mac's Python has libedit under the same name, which has a language of its own.
    is_libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
