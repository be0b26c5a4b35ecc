"""Runs the system's own tools, launchctl and systemctl, and brings back what they said."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from service.errors import NoServiceHere, ToolFailed

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a tool ended, and what it wrote."""

    status: int
    out: str = ""
    err: str = ""

    @property
    def words(self) -> str:
        """The first line of what it said, for a sentence."""
        return next(iter((self.err.strip() or self.out.strip()).splitlines()), f"status {self.status}")


if TYPE_CHECKING:
    Runner = Callable[..., Outcome]


def run(*command: str) -> Outcome:
    """Run a tool to its end. Raises NoServiceHere when it is not there, ToolFailed when it does not answer."""
    tool = command[0]
    try:
        ran = subprocess.run(  # noqa: S603  # constants and numbers of ours, and no shell
            command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT_SECONDS, check=False
        )
    except FileNotFoundError as error:
        raise NoServiceHere(f"A service needs `{tool}`, and there is none here: `scripts/run` runs the bot.") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolFailed(f"`{tool}` does not answer: try again, or use `scripts/run`.") from error
    return Outcome(ran.returncode, ran.stdout, ran.stderr)


def refusal(command: tuple[str, ...], outcome: Outcome, advice: str = "") -> ToolFailed:
    """Word what a tool refused, with its own words and what to do."""
    return ToolFailed(f"`{' '.join(command[:3])}` failed: {outcome.words}{advice and f' ({advice})'}")
