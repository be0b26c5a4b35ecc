"""Tells what a model thinks aloud between <think> tags from its answer, however the tags are cut."""

from __future__ import annotations

from routing.types import Token

_TAGS = {"<think>": "</think>", "<thinking>": "</thinking>"}


class ReasoningSplitter:
    """Takes an answer in pieces and gives it back as tokens, reasoning apart.

    Only tags that open the answer count: a model may write about <think> further down. Text that may yet turn out to
    be a tag is held back, at most a tag's length.
    """

    def __init__(self) -> None:
        self._held = ""
        self._closing = ""
        self._read = self._read_opening

    def feed(self, piece: str) -> list[Token]:
        """Take the next piece; what is certain of it comes back, empty tokens left out."""
        self._held += piece
        tokens = []
        while token := self._read():
            tokens.append(token)
        return tokens

    def finish(self) -> list[Token]:
        """Give back what was held, at the answer's end."""
        held, self._held = self._held, ""
        if not held:
            return []
        return [Token(reasoning=held) if self._read == self._read_reasoning else Token(text=held)]

    def _read_opening(self) -> Token | None:
        begun = self._held.lstrip()
        for opening, closing in _TAGS.items():
            if begun.startswith(opening):
                self._held, self._closing, self._read = begun[len(opening) :], closing, self._read_reasoning
                return self._read()
        if any(opening.startswith(begun) for opening in _TAGS):
            return None
        self._read = self._read_answer
        return self._read()

    def _read_reasoning(self) -> Token | None:
        thought, closing, rest = self._held.partition(self._closing)
        if closing:
            self._held, self._read = rest, self._read_gap
            return Token(reasoning=thought) if thought else self._read()
        return self._take_reasoning(len(self._held) - _overlap(self._held, self._closing))

    def _take_reasoning(self, length: int) -> Token | None:
        thought, self._held = self._held[:length], self._held[length:]
        return Token(reasoning=thought) if thought else None

    def _read_gap(self) -> Token | None:
        """Drop the blank lines between reasoning and answer."""
        self._held = self._held.lstrip()
        if not self._held:
            return None
        self._read = self._read_answer
        return self._read()

    def _read_answer(self) -> Token | None:
        answer, self._held = self._held, ""
        return Token(text=answer) if answer else None


def _overlap(text: str, tag: str) -> int:
    """How many characters at the end of `text` may be the beginning of `tag`."""
    return next((size for size in range(min(len(text), len(tag) - 1), 0, -1) if text.endswith(tag[:size])), 0)
