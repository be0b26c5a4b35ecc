"""A message that may have been sent without our knowing its id, and how it is told from others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lost:
    """A message with this text that stands, if at all, somewhere after another one."""

    after_message_id: int
    text: str

    def as_json(self) -> dict[str, object]:
        """The same as JSON."""
        return {"after_message_id": self.after_message_id, "text": self.text}
