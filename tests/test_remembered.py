"""The bounded memory: computes once, forgets when full, and never keeps what is long."""

from __future__ import annotations

from routing.remembered import Remembered


def test_a_text_is_computed_once() -> None:
    """And looked up from then on."""
    asked: list[str] = []

    def measured(text: str) -> int:
        asked.append(text)
        return len(text)

    memory = Remembered(measured)
    assert [memory["four"], memory["four"], memory["six"]] == [4, 4, 3]
    assert asked == ["four", "six"]


def test_it_never_holds_more_than_it_may() -> None:
    """When full it starts anew."""
    memory = Remembered(len, most=10)
    for number in range(95):
        assert memory[str(number)] == len(str(number))
        assert len(memory) <= 10


def test_long_texts_are_not_kept() -> None:
    """They would fill it with what never comes again."""
    memory = Remembered(len, longest=5)
    assert memory["longer than five"] == 16
    assert not memory
