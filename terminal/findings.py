"""What a check found: whether it is well, and if not what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check came out; the value is its sign."""

    WELL = "✓"
    WARNING = "!"
    FAILED = "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's. `remedy` is a sentence that says what to do."""

    verdict: Verdict
    text: str
    remedy: str = ""


def well(text: str) -> Finding:
    """Find that something is as it should be."""
    return Finding(Verdict.WELL, text)


def warning(text: str, remedy: str = "") -> Finding:
    """Find something that may be meant, and does not stop anything."""
    return Finding(Verdict.WARNING, text, remedy)


def failed(text: str, remedy: str = "") -> Finding:
    """Find something that must be put right."""
    return Finding(Verdict.FAILED, text, remedy)
