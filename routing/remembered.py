"""A bounded memory of what a function of a short text gives, as fast as a dictionary where it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")


class Remembered(dict[str, Value]):
    """Look a text up by `memory[text]`: computed the first time, remembered from then on.

    When full it is emptied: people use the same words again and again, so that it soon holds those again. A text of
    more than `longest` characters is computed each time. Safe in any thread, since what is computed is always the same.
    """

    __slots__ = ("_compute", "_longest", "_most")

    def __init__(self, compute: Callable[[str], Value], most: int = 1 << 14, longest: int = 24) -> None:
        super().__init__()
        self._compute, self._most, self._longest = compute, most, longest

    def __missing__(self, text: str) -> Value:
        value = self._compute(text)
        if len(text) <= self._longest:
            if len(self) >= self._most:
                self.clear()
            self[text] = value
        return value
