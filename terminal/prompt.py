"""Reads what a person types, pastes or pipes, message by message."""

from __future__ import annotations

import re
import select
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROMPT = "> "
# Nobody types a line that fast; a paste arrives at once.
_PASTE_SECONDS = 0.03
# A path and a comment of C begin with a slash too.
_COMMAND = re.compile(r"/\w*(\s|$)")


def is_typed() -> bool:
    """Whether a person sits at the other end of standard input."""
    return sys.stdin.isatty()


def piped_messages(stream: TextIO) -> Iterator[str]:
    """Yield each line of a pipe or a file as a message of its own."""
    for line in stream:
        if message := line.strip():
            yield message


def is_command(message: str) -> bool:
    """Whether a message is a command, and no question."""
    return _COMMAND.match(message) is not None


def typed_messages() -> Iterator[str]:
    """Ask for messages; lines that were pasted together stay together. Raises EOFError at the end of input."""
    lines = [input(PROMPT if sys.stdout.isatty() else "")]
    with suppress(EOFError):
        while select.select([sys.stdin], [], [], _PASTE_SECONDS)[0]:
            lines.append(input())
    return _apart("\n".join(lines).strip())


def _apart(typed: str) -> Iterator[str]:
    """Yield the messages of what came at once: commands typed while an answer was written have a line each."""
    while is_command(typed):
        command, _, typed = typed.partition("\n")
        yield command
        typed = typed.strip()
    if typed:
        yield typed


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
