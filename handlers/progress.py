"""What is known of an answer so far: its text, or the sentence that stands in until there is some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routing.types import FellBack, Finished, Loading, Queued, Token

if TYPE_CHECKING:
    from routing.types import Event, ExecutionResult


class Progress:
    """Takes the events of one run. `note` is for people, in plain text; it counts only while there is no `text`."""

    def __init__(self) -> None:
        self.text = ""
        self.note = ""
        self.result: ExecutionResult | None = None

    def take(self, event: Event) -> bool:
        """Take one event; whether it changed what people should see."""
        before = (self.text, self.note)
        match event:
            case Token(text=text, reasoning=reasoning):
                self.text += text
                self.note = "Thinking…" if reasoning else self.note
            case Queued(position=position):
                self.note = f"Waiting: {_ordinal(position)} in line…"
            case Loading(model=model):
                self.note = f"Loading {model.display_name}…"
            case FellBack(void=True, failed=failed, following=following):
                self.text = ""
                self.note = f"{failed.display_name} failed, starting again with {following.display_name}…"
            case Finished(result=result):
                self.result = result
        return (self.text, self.note) != before


def _ordinal(position: int) -> str:
    if position == 1:
        return "next"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(position % 10, "th")
    return f"{position}{'th' if position % 100 in (11, 12, 13) else ending}"
