"""GrowingMarkdown: tells the blocks of an answer that are finished from the one that still grows."""

from __future__ import annotations

import re

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


class GrowingMarkdown:
    """Text that comes in pieces. `text` is what has not been taken yet."""

    def __init__(self) -> None:
        self.text = ""

    def add(self, piece: str) -> None:
        """Take in a piece."""
        self.text += piece

    def take_finished(self) -> str:
        """Take the blocks that nothing can change any more; empty when there are none."""
        end = _end_of_finished(self.text)
        finished, self.text = self.text[:end], self.text[end:]
        return finished.strip("\n")

    def take_rest(self) -> str:
        """Take everything."""
        rest, self.text = self.text, ""
        return rest.strip("\n")


def _end_of_finished(text: str) -> int:
    """Find the start of the last block: a line with something at its very beginning, after a blank one, in no fence.

    What is indented may belong to the list above it.
    """
    end = place = 0
    fence, after_blank = "", False
    for line in text.splitlines(keepends=True):
        if after_blank and not fence and not line[0].isspace():
            end = place
        fence = _fence_after(line, fence)
        after_blank = not line.strip()
        place += len(line)
    return end


def _fence_after(line: str, fence: str) -> str:
    """The code fence that is open after a line: its characters, or nothing."""
    found = _FENCE.match(line)
    if not found:
        return fence
    if not fence:
        return found[1]
    closes = found[1].startswith(fence) and not line.strip().strip(fence[0])
    return "" if closes else fence
