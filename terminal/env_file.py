"""Writes single settings into .env: every other line stays, nobody else may read it, and it is never half written."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEEDS_NO_QUOTES = re.compile(r"[\w./:@%+,-]*", re.ASCII)


def write_settings(path: Path, values: Mapping[str, str]) -> None:
    """Set these names in the file, which is made if there is none. Raises OSError; the file is then as it was."""
    path = path.resolve()  # a link stays one
    before = path.read_text(encoding="utf-8-sig").splitlines() if path.exists() else []
    _replace(path, "".join(f"{line}\n" for line in _changed(before, values)))


def _changed(lines: list[str], values: Mapping[str, str]) -> list[str]:
    """Write each value where its name stands first, or at the end; the name's other lines go, for the last one wins."""
    waiting = dict(values)
    result = []
    for line in lines:
        name = _name_in(line)
        if name not in values:
            result.append(line)
        elif name in waiting:
            result.append(f"{name}={_quoted(waiting.pop(name))}")
    return result + [f"{name}={_quoted(value)}" for name, value in waiting.items()]


def _name_in(line: str) -> str:
    return line.strip().removeprefix("export ").partition("=")[0].strip()


def _quoted(value: str) -> str:
    if _NEEDS_NO_QUOTES.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _replace(path: Path, text: str) -> None:
    """Put a new file in the old one's place; mkstemp makes it readable for its owner alone."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".env.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
