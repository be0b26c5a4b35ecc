"""A regular expression that cannot take long: its worst case is counted before it is ever used."""

from __future__ import annotations

import re
import warnings
from re import _constants as ops  # type: ignore[attr-defined]  # re's own parser has no public name
from re import _parser as parser  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

TEXT_CHARACTERS = 1_000
"""How much of a text a pattern is tried on."""
_PATTERN_CHARACTERS = 200
# For a whole search, from every position on. At some 10 ns a step that is 5 ms on a text made to be slow.
_MOST_STEPS = 500_000
_ENDLESS = 10**15
_ADVICE = "write {1,20} in place of + and *, or use `text`, which takes words"

_SINGLE = {ops.LITERAL, ops.NOT_LITERAL, ops.ANY, ops.IN, ops.CATEGORY, ops.AT, ops.RANGE}
_REPEATS = {ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT}


class PatternRefused(Exception):
    """Raised for a pattern that is wrong or may take too long; the text says which, and what to write instead."""


class _Effort(NamedTuple):
    """What a part of a pattern takes from one position on, at the worst.

    `steps` is how often a character is looked at, `ways` in how many ways the part can match, each of which is tried
    when what follows fails.
    """

    steps: int
    ways: int


def bounded_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a pattern that ignores case. Raises PatternRefused."""
    if len(pattern) > _PATTERN_CHARACTERS:
        raise PatternRefused(f"is longer than {_PATTERN_CHARACTERS} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # re warns of what will mean something else in a later Python
            steps = _of_all(parser.parse(pattern, re.IGNORECASE)).steps * TEXT_CHARACTERS
            if steps > _MOST_STEPS:
                raise PatternRefused(f"may take too long on some texts; {_ADVICE}")
            return re.compile(pattern, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise PatternRefused(f"is no regular expression: {error}") from error


def _of_all(parts: Iterable[tuple[Any, Any]]) -> _Effort:
    """Count a sequence: what follows a part is tried anew for each way in which the part matches."""
    steps, ways = 0, 1
    for operation, argument in parts:
        effort = _of_one(operation, argument)
        steps = min(_ENDLESS, steps + ways * effort.steps)
        ways = min(_ENDLESS, ways * effort.ways)
    return _Effort(steps, ways)


def _of_one(operation: Any, argument: Any) -> _Effort:
    if operation in _SINGLE:
        return _Effort(1, 1)
    if operation in _REPEATS:
        least, most, body = argument
        return _of_repeat(least, most, _of_all(body))
    if operation is ops.SUBPATTERN:
        return _of_all(argument[-1])
    if operation is ops.ATOMIC_GROUP:
        return _of_all(argument)
    if operation is ops.BRANCH:
        efforts = [_of_all(branch) for branch in argument[1]]
        return _Effort(sum(effort.steps for effort in efforts), sum(effort.ways for effort in efforts))
    # Backreferences, looking ahead and behind, and whatever a later Python may bring.
    raise PatternRefused(f"may not use {str(operation).lower().replace('_', ' ')}; {_ADVICE}")


def _of_repeat(least: int, most: int, body: _Effort) -> _Effort:
    """Count a repetition; a body that matches in several ways does so again in each round."""
    if least > TEXT_CHARACTERS:
        raise PatternRefused(f"repeats something more than {TEXT_CHARACTERS} times, which no text is read for")
    steps = ways = 0
    paths = 1
    for rounds in range(min(most, TEXT_CHARACTERS) + 1):
        ways += paths if rounds >= least else 0
        steps += paths * body.steps
        paths *= body.ways
        if steps > _ENDLESS or ways > _ENDLESS:
            return _Effort(_ENDLESS, _ENDLESS)
    return _Effort(steps, ways)
