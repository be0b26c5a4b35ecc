"""Shows the last lines of log files, and follows them while they are written, emptied or begun anew."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

POLL_SECONDS = 0.5
_TAIL_BYTES = 1_000_000


def last_lines(path: Path, count: int) -> list[str]:
    """Read the last lines of a file; none where there is no such file."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            lines = file.read().splitlines()
    except OSError:
        return []
    return [_shown(line) for line in lines[-count:]] if count else []


class LogView:
    """Several files as one text: a heading says which file the lines below it are from."""

    def __init__(self, paths: Sequence[Path], say: Callable[[str], None]) -> None:
        self.say = say
        self._followed = [Followed(path) for path in paths]
        self._heading: Path | None = None

    def show_last(self, count: int) -> bool:
        """Show the last lines of each, if there are any; what comes after them is for `show_new`."""
        for followed in self._followed:
            followed.skip()
            self._show(followed.path, last_lines(followed.path, count))
        return self._heading is not None

    def show_new(self) -> None:
        """Show what was added since."""
        for followed in self._followed:
            self._show(followed.path, followed.new_lines())

    def close(self) -> None:
        """Close the files."""
        for followed in self._followed:
            followed.close()

    def _show(self, path: Path, lines: Sequence[str]) -> None:
        if lines and self._heading != path:
            self._heading = path
            self.say(f"==> {path} <==")
        for line in lines:
            self.say(line)


class Followed:
    """A file that others write: its new lines, once they are whole. It stays open until it is replaced."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None
        self._rest = b""

    def skip(self) -> None:
        """Pass over what is there."""
        self._open()
        if self._file:
            self._file.seek(0, os.SEEK_END)

    def new_lines(self) -> list[str]:
        """Read what was added, also to a file that took the place of the one before."""
        read = self._read()
        if not self._is_current():
            self._open()
            read += self._read()
        *whole, self._rest = (self._rest + read).split(b"\n")
        return [_shown(line) for line in whole]

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()

    def _read(self) -> bytes:
        if not self._file:
            return b""
        if self._file.tell() > os.fstat(self._file.fileno()).st_size:
            self._file.seek(0)  # it was emptied
        return self._file.read()

    def _is_current(self) -> bool:
        try:
            return self._file is not None and os.path.samestat(self.path.stat(), os.fstat(self._file.fileno()))
        except OSError:
            return True  # there is no newer one yet

    def _open(self) -> None:
        opened = None
        with suppress(OSError):
            opened = self.path.open("rb")
        if opened:
            self.close()
            self._file = opened


def _shown(line: bytes) -> str:
    """Replace what is no text, and whatever a terminal would obey."""
    text = line.decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() or letter == "\t" else "\ufffd" for letter in text)
