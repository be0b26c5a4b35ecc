"""RepetitionGuard: notices when a model has begun to say the same thing over and over."""

from __future__ import annotations

# A small model that loops repeats a line or a sentence without end; honest text repeats too (table rules, "ha ha ha",
# rows of zeros), so a repetition has to be long as well as exact.
_LOOK_EVERY_CHARACTERS = 128
_WINDOW_CHARACTERS = 4096
_PROBE_CHARACTERS = 24
_LEAST_REPEATED_CHARACTERS = 600
_LEAST_REPEATS = 6


class RepetitionGuard:
    """Reads an answer as it grows. `text` is all of it, or, once `tripped`, what it was before it began to loop."""

    def __init__(self) -> None:
        self.tripped = False
        self._pieces: list[str] = []
        self._tail = ""
        self._unseen = 0

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self._pieces)

    def feed(self, piece: str) -> bool:
        """Take the next piece; True once the answer loops, and what follows should not be read."""
        self._pieces.append(piece)
        self._tail = (self._tail + piece)[-_WINDOW_CHARACTERS:]
        self._unseen += len(piece)
        if self._unseen >= _LOOK_EVERY_CHARACTERS:
            self._unseen = 0
            if period := _period(self._tail):
                self.tripped = True
                self._pieces = [_without_loop(self.text, period)]
        return self.tripped


def _period(tail: str) -> int:
    """Find the length of what repeats at the end of a text; 0 when nothing does."""
    probe = tail[-_PROBE_CHARACTERS:]
    before = tail.rfind(probe, 0, len(tail) - 1)
    if len(tail) < _LEAST_REPEATED_CHARACTERS or before < 0:
        return 0
    period = len(tail) - _PROBE_CHARACTERS - before
    span = max(_LEAST_REPEATED_CHARACTERS, _LEAST_REPEATS * period)
    looping = span <= len(tail) and tail[-span:-period] == tail[-span + period :]
    return period if looping else 0


def _without_loop(text: str, period: int) -> str:
    """Keep the text up to the end of the first time that the repeated piece was said."""
    end = len(text)
    while end > 2 * period and text[end - 2 * period : end - period] == text[end - period : end]:
        end -= period
    return text[:end].rstrip()
