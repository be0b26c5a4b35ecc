"""What is known of an answer so far: its text, or the sentence that stands in until there is some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialogue.waits import WaitNote
from routing.types import FellBack, Finished, Token

if TYPE_CHECKING:
    from routing.types import Event, ExecutionResult


class Progress:
    """Takes the events of one run. `note` is for people, in plain text; it counts only while there is no `text`.

    What changes is shown, and every showing is a call to Telegram: an estimate that hardly moves changes nothing.
    """

    def __init__(self) -> None:
        self.text = ""
        self.result: ExecutionResult | None = None
        self._wait = WaitNote()

    @property
    def note(self) -> str:
        """What is waited for, as a sentence; empty when there is nothing to say of it yet."""
        return self._wait.text

    def take(self, event: Event) -> bool:
        """Take one event; whether it changed what people should see."""
        before = (self.text, self.note)
        self._wait.take(event)
        match event:
            case Token(text=text):
                self.text += text
            case FellBack(void=True):
                self.text = ""
            case Finished(result=result):
                self.result = result
        return (self.text, self.note) != before
