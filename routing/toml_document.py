"""TomlDocument: a TOML file a person writes, whose every mistake is told with its line."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from routing.errors import InvalidConfiguration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Check = Callable[[object], str | None]
    Table = Mapping[str, object]


@dataclass
class TomlDocument:
    """A TOML file, with the problems found in it so far."""

    path: Path
    content: Table = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)  # the line of each, and what is wrong there
    text: str = ""

    def __post_init__(self) -> None:
        try:
            self.text = self.path.read_text(encoding="utf-8-sig")
            self.content = tomllib.loads(self.text)
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidConfiguration([f"{self.path} cannot be read as text: {error}"]) from error
        except tomllib.TOMLDecodeError as error:
            raise InvalidConfiguration([f"{self.path}: not valid TOML: {error}"]) from error

    def report(self, where: tuple[str, ...], reason: str) -> None:
        """Note one problem with the entry at `where`, such as ("models", "mine", "cost")."""
        self.problems.append((self.line(where), f"{'.'.join(where)}: {reason}"))

    def line(self, where: tuple[str, ...]) -> int:
        """Find the line of the entry at `where`."""
        return _line_of(self.text, where)

    def told(self) -> list[str]:
        """Write every problem as a sentence, from the first line of the file to the last."""
        in_order = sorted(self.problems, key=lambda problem: problem[0])
        return [f"{self.path}:{line}: {what}" for line, what in in_order]

    def tables(self, section: str) -> list[tuple[str, Table]]:
        """List the sub-tables of a section; anything else in it is reported."""
        found = self.content.get(section, {})
        if not isinstance(found, dict):
            self.report((section,), f"should be tables, [{section}.NAME]")
            return []
        for name in [name for name, table in found.items() if not isinstance(table, dict)]:
            self.report((section, name), f"should be a table, [{section}.{name}]")
        return [(name, table) for name, table in found.items() if isinstance(table, dict)]

    def check_keys(self, where: tuple[str, ...], table: Table, known: tuple[str, ...]) -> None:
        """Report keys that mean nothing, so that a typing error does not pass in silence."""
        for key in table:
            if key not in known:
                self.report((*where, key), f"is not a known entry; known are {', '.join(known)}")

    def check_values(self, where: tuple[str, ...], table: Table, checks: Mapping[str, Check]) -> bool:
        """Report unknown keys and bad values; True when there were none."""
        before = len(self.problems)
        self.check_keys(where, table, tuple(checks))
        for key, check in checks.items():
            if key in table and (reason := check(table[key])):
                self.report((*where, key), reason)
        return len(self.problems) == before


def _line_of(text: str, where: tuple[str, ...]) -> int:
    """Find the line of an entry, or of the table that should hold it; tomllib itself keeps no positions.

    The third of several [[rule]] is ("rule", "2").
    """
    best, depth, table = 1, 0, tuple[str, ...]()
    counts: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*(\[+)([^\]]+)\]", line):
            table = path = _place(_dotted(header[2]), counts, is_array=header[1] == "[[")
        elif key := re.match(r"\s*([A-Za-z0-9_.\"'-]+)\s*=", line):
            path = table + _dotted(key[1])
        else:
            continue
        if path == where[: len(path)] and len(path) > depth:
            best, depth = number, len(path)
    return best


def _place(header: tuple[str, ...], counts: dict[tuple[str, ...], int], *, is_array: bool) -> tuple[str, ...]:
    """Say which table a header begins: after [[rule]], [rule.if] is that of the newest rule."""
    if is_array:
        counts[header] = counts.get(header, -1) + 1
    outer = next((header[:size] for size in range(len(header), 0, -1) if header[:size] in counts), None)
    return header if outer is None else (*outer, str(counts[outer]), *header[len(outer) :])


def _dotted(text: str) -> tuple[str, ...]:
    """Part a key at its dots, but for those within quotes."""
    parts = re.findall(r"""\s*("[^"]*"|'[^']*'|[^."'\s]+)\s*\.?""", text)
    return tuple(part.strip("\"'") for part in parts)
