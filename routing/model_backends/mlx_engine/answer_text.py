"""Turns the tokens of one answer into its text and its reasoning, whole characters only, up to a stop string."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mlx_lm.generate import TextStateMachine, make_text_state_machine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_UNFINISHED = "\ufffd"


class Said(NamedTuple):
    """What is new in an answer."""

    text: str
    reasoning: str


class AnswerText:
    """The text of one answer, token by token. What tells reasoning from text are the tokenizer's own markers."""

    def __init__(self, tokenizer: Any, *, opens_with_reasoning: bool, stop: Sequence[str] = ()) -> None:
        self._detokenizer = tokenizer.detokenizer
        begins = "reasoning" if opens_with_reasoning else tokenizer.response_initial_state or "normal"
        self._state: Any = make_text_state_machine(tokenizer).make_state(begins)  # type: ignore[no-untyped-call]
        self._stop = StopStrings(stop)
        self._blank = "reasoning"  # the side whose leading blank lines are left out

    @property
    def stopped(self) -> bool:
        """A stop string has come; what followed it is left out."""
        return self._stop.found

    def add(self, token: int) -> Said:
        """Take the next token, which is none of those that end an answer."""
        self._detokenizer.add_token(token)
        return self._sort(self._detokenizer.last_segment)

    def finish(self) -> Said:
        """Give what was held back, at the answer's end; the bytes of half a character are left out."""
        self._detokenizer.finalize()
        said = self._sort(self._detokenizer.last_segment.rstrip(_UNFINISHED))
        self._state, rest, state = TextStateMachine.flush(self._state)  # type: ignore[no-untyped-call]
        last = self._told([(state, rest)])
        return Said(said.text + last.text + self._stop.rest(), said.reasoning + last.reasoning)

    def _sort(self, segment: str) -> Said:
        if not segment or self._state[0] is None:
            return Said("", "")
        self._state, segments = TextStateMachine.split(self._state, segment)  # type: ignore[no-untyped-call]
        return self._told(segments)

    def _told(self, segments: Iterable[tuple[str | None, str]]) -> Said:
        text, reasoning = "", ""
        for state, piece in segments:
            if state == "reasoning":
                reasoning += self._without_gap("reasoning", piece)
            elif state in {"normal", "tool"}:
                text += self._without_gap("text", tool_text(piece) if state == "tool" else piece)
        return Said(self._stop.feed(text), reasoning)

    def _without_gap(self, side: str, piece: str) -> str:
        """Leave out the blank lines with which reasoning begins, and those between it and the text."""
        if self._blank == side:
            piece = piece.lstrip()
        if piece:
            self._blank = "text" if side == "reasoning" else ""
        return piece


def tool_text(piece: str) -> str:
    """What is shown of the text of a tool call, its markers already taken off.

    Tools are not called yet, so a call is ordinary text. This is the one place it comes by: what parses calls collects
    the pieces here and hands them to `tokenizer.tool_parser` when the state is left.
    """
    return piece


class StopStrings:
    """Finds the strings that end an answer, across the pieces it comes in."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = tuple(filter(None, stop))
        self._held = ""
        self.found = False

    def feed(self, piece: str) -> str:
        """What is certain to stand before any stop string."""
        if self.found or not self._stop:
            return "" if self.found else piece
        self._held += piece
        places = [place for place in map(self._held.find, self._stop) if place >= 0]
        if places:
            self.found = True
            return self._take(min(places))
        return self._take(len(self._held) - max(_overlap(self._held, stop) for stop in self._stop))

    def rest(self) -> str:
        """What was held back and turned out to be no stop string."""
        return "" if self.found else self._take(len(self._held))

    def _take(self, length: int) -> str:
        taken, self._held = self._held[:length], self._held[length:]
        return taken


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` may be the beginning of `stop`."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:size])), 0)
