"""RepetitionGuard: cuts a loop, and nothing that an honest answer says."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.repetition import RepetitionGuard


def read(text: str, piece: int = 7) -> RepetitionGuard:
    """Feed a text in pieces, until the guard has had enough."""
    guard = RepetitionGuard()
    for start in range(0, len(text), piece):
        if guard.feed(text[start : start + piece]):
            break
    return guard


LOOPS = {
    "a word": "okay ",
    "a sentence": "I am sorry, but I cannot help with that. ",
    "a line": "- Sort the list\n",
    "a paragraph": "First we read the file. Then we parse each line. " * 1 + "Then we write the result to disk.\n\n",
    "three lines": "1. Read\n2. Write\n3. Close the file and go on to the next\n",
    "one letter": "a",
    "another script": "很抱歉，我无法回答这个问题。",
    "emoji": "🎉🎉 ",
    "a long paragraph": " ".join(f"word{number}" for number in range(60)) + "\n",
}


@pytest.mark.parametrize("piece", [1, 5, 40, 1000])
@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS.keys())
def test_a_loop_is_cut_soon_and_said_once(loop: str, piece: int) -> None:
    """What came before it stays, and so does the first time."""
    start = "Here is what you asked for, in a few words of its own.\n\n"
    guard = read(start + loop * (20_000 // len(loop)), piece)
    assert guard.tripped
    assert guard.text.startswith((start + loop).rstrip())
    assert len(guard.text) < len(start) + 3 * max(len(loop), 300)


HONEST = {
    "a table": "".join(f"| item {n} | {n * 17 % 101} | yes |\n" for n in range(300)),
    "a table of equal rows": "| name | n |\n|---|---|\n" + "| x | 1 |\n" * 40,
    "a wide rule": "|" + "-" * 400 + "|\n| a |\n",
    "a numbered list": "".join(f"{n}. Do the same thing again, carefully.\n" for n in range(1, 300)),
    "code of similar lines": "".join(f"    self.value_{n} = values[{n}]\n" for n in range(300)),
    "equal lines of code": "    x = f(x)\n" * 40 + "    return x\n",
    "laughter": "ha " * 150 + "very funny",
    "a cheer": "Goo" + "o" * 400 + "al!",
    "zeros": "0" * 500,
    "the numbers": ", ".join(map(str, range(3000))),
    "a hex dump": "".join(f"{n * 16:08x}  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n" for n in range(200)),
    "a song": ("Row, row, row your boat,\nGently down the stream.\n" * 3 + "Life is but a dream.\n\n") * 2,
    "indentation": "".join(" " * (n % 40) + "}\n" for n in range(200)),
    "json": "".join(f'  {{"id": {n}, "ok": true, "tags": []}},\n' for n in range(300)),
}


@pytest.mark.parametrize("piece", [1, 64, 100_000])
@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST.keys())
def test_honest_repetition_is_left_alone(text: str, piece: int) -> None:
    """Tables, lists, code, laughter and figures repeat, but not exactly, or not for long."""
    guard = read(text, piece)
    assert not guard.tripped
    assert guard.text == text


@given(st.lists(st.text(max_size=30), max_size=40))
def test_every_letter_is_kept(pieces: list[str]) -> None:
    """Short texts come out as they went in, whatever they hold."""
    guard = RepetitionGuard()
    assert not any(guard.feed(piece) for piece in pieces)
    assert guard.text == "".join(pieces)


def test_a_long_answer_costs_no_more_for_each_token() -> None:
    """A hundred thousand tokens are read in a moment, and the second half as fast as the first."""
    guard, words = RepetitionGuard(), random.Random(1)
    halves = []
    for _ in range(2):
        began = time.perf_counter()
        for _ in range(50_000):
            guard.feed(f"{words.randrange(10**6)} ")
        halves.append(time.perf_counter() - began)
    assert not guard.tripped
    assert sum(halves) < 20
    assert halves[1] < 10 * halves[0]
