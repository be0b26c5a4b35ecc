"""Bounded patterns: what could take long is refused, and what is taken is quick on the texts made to be slow."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.bounded_pattern import TEXT_CHARACTERS, PatternRefused, bounded_pattern

CATASTROPHIC = (
    r"(a+)+$", r"(a*)*b", r"(a|a)*b", r"(a|aa)+$", r"(.*)*x", r"(\w+\s?)*$", r"([a-zA-Z]+)*!", r"(x+x+)+y",
    r".*.*.*=.*", r"(?:(?:a+)+)+b", r"^(\d+)+$", r"(a?){30}a{30}", r"((a{1,100}){1,100}){1,100}", r"(?>a+)+b",
    r"(.{1,9}){1,9}z", r"\s+$|\s+x\s+y\s+z", r"(ab?c?)*d(ab?c?)*e",
)  # fmt: skip
QUICK = (
    r"\b(salary|wages?)\b", r"invoice \d{1,9}", r"^re:", r"[A-Z]{2}\d{2}( ?\d{4}){4}", r"(foo|bar){1,3}", r"colou?r",
    r"\w{1,20}@\w{1,20}", "ந(ன்)?றி",
)  # fmt: skip
SLOW_TEXTS = ("a" * 3000, "ab" * 1500, "1" * 3000, "a " * 1500, "x" * 2999 + "!", "a@" * 1500, "foobar" * 500)


@pytest.mark.parametrize("pattern", CATASTROPHIC)
def test_what_may_take_long_is_refused(pattern: str) -> None:
    """The known catastrophic patterns, with what to write instead."""
    with pytest.raises(PatternRefused, match=r"may take too long on some texts; write \{1,20\}"):
        bounded_pattern(pattern)


@pytest.mark.parametrize("pattern", [r"(a)\1", r"(?P<n>a)(?P=n)", r"(?=a)b", r"(?<!a)b", r"(a)?(?(1)b|c)"])
def test_what_looks_around_or_back_is_refused(pattern: str) -> None:
    """Backreferences, lookarounds and conditions."""
    with pytest.raises(PatternRefused, match="may not use"):
        bounded_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [("(", "is no regular expression"), ("a{2000}", "more than 1000 times"), ("a" * 201, "longer than 200"),
     ("a{99999999999999999999}", "is no regular expression"), ("[z-a]", "is no regular expression")],
)  # fmt: skip
def test_what_is_wrong_is_refused(pattern: str, why: str) -> None:
    """In a sentence, not with re's own error."""
    with pytest.raises(PatternRefused, match=why):
        bounded_pattern(pattern)


@pytest.mark.parametrize("pattern", QUICK)
def test_what_is_taken_is_quick(pattern: str) -> None:
    """Words, alternatives and counted repetitions, on texts that are nearly all a match."""
    compiled = bounded_pattern(pattern)
    began = time.perf_counter()
    for text in SLOW_TEXTS:
        compiled.search(text[:TEXT_CHARACTERS])
    assert time.perf_counter() - began < 0.25


def test_case_does_not_count() -> None:
    """Nor does it in the words of `text`."""
    assert bounded_pattern(r"\bsalary\b").search("My SALARY?")


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab(){}|*+?.,19\\w[]^$", max_size=24))
def test_no_pattern_that_is_taken_takes_long(pattern: str) -> None:
    """Whatever is put together at random is refused, or bounded."""
    try:
        compiled = bounded_pattern(pattern)
    except PatternRefused:
        return
    began = time.perf_counter()
    for text in ("a" * TEXT_CHARACTERS, "ab" * (TEXT_CHARACTERS // 2)):
        compiled.search(text)
    assert time.perf_counter() - began < 0.5
