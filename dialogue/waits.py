"""The words for what an answer waits for: its place in line, a model that is loaded, one that takes over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routing.model_backends.builtin import BUILTIN
from routing.types import FellBack, Loading, Queued, Token

if TYPE_CHECKING:
    from routing.types import Event

THINKING = "Thinking…"

# An estimate that counts down is a new one each second, and no reason to say anything: only what differs by more than
# a quarter, and by two seconds, is. From two minutes down to nothing that makes about ten changes.
_NOTICEABLE_SHARE = 0.25
_NOTICEABLE_SECONDS = 2.0


def words(event: Event) -> str:
    """Say what is waited for; empty for an event that nobody waits at."""
    match event:
        case Token(text="", reasoning=reasoning) if reasoning:
            return THINKING
        case Queued(position=position, seconds=seconds):
            return f"{place(position)}{_about(seconds)}…"
        case Loading(model=model, seconds=seconds, makes_room=gone):
            return f"Loading {model.display_name}{f' in place of {listed(gone)}' if gone else ''}{_about(seconds)}…"
        case FellBack(failed=failed, following=following) if following is BUILTIN:
            return f"{failed.display_name} failed…"
        case FellBack(failed=failed, following=following, void=void):
            how = f"starting again with {following.display_name}" if void else f"{following.display_name} is asked"
            return f"{failed.display_name} failed, {how}…"
    return ""


class WaitNote:
    """Says in `text` what is waited for. It changes when that does, and when an estimate does noticeably.

    That a model failed before it said a word is nobody's concern, unless it is the one that is said to be waited for.
    """

    def __init__(self) -> None:
        self.text = ""
        self._told: Event | None = None

    def take(self, event: Event) -> None:
        """Take an event into account."""
        if (said := words(event)) and not self._stands(event):
            self.text, self._told = said, event

    def _stands(self, event: Event) -> bool:
        """Whether the text says about the same as this event would have it say, or may go on saying nothing."""
        told = self._told
        match told, event:
            case None, FellBack(void=False):
                return True
            case Queued(), Queued():
                same = (told.model, told.position) == (event.model, event.position)
            case Loading(), Loading():
                same = (told.model, told.makes_room) == (event.model, event.makes_room)
            case _:
                return False
        return same and _is_close(_left(told.seconds), _left(event.seconds))


def duration(seconds: float) -> str:
    """Round a time to come as people do: 5 s, 14 s, 20 s, 45 s, 1½ min, 12 min, 2 h."""
    if seconds < 19.5:
        return f"{max(1, round(seconds))} s"
    if seconds < 57.5:
        return f"{5 * round(seconds / 5)} s"
    if seconds < 165:
        minutes, half = divmod(round(seconds / 30), 2)
        return f"{minutes}{'½' * half} min"
    if seconds < 3570:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h"


def place(position: int) -> str:
    """Name a place in a line, of which 1 is the next: "Next in line", "2nd in line"."""
    if position == 1:
        return "Next in line"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(position % 10, "th")
    return f"{position}{'th' if position % 100 in {11, 12, 13} else ending} in line"


def listed(names: tuple[str, ...]) -> str:
    """Write names as a sentence does: "A", "A and B", "A, B and C"."""
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def _about(seconds: float | None) -> str:
    left = _left(seconds)
    return "" if left is None else f", about {duration(left)}"


def _left(seconds: float | None) -> float | None:
    """An estimate that has run out says as much as none."""
    return seconds if seconds is not None and seconds > 0 else None


def _is_close(told: float | None, now: float | None) -> bool:
    if told is None or now is None:
        return told is now
    difference = abs(told - now)
    return difference < _NOTICEABLE_SECONDS or difference <= told * _NOTICEABLE_SHARE
