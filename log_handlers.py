"""The log's two ends, a rotating file and standard error: whatever fails there, the program goes on.

Python's own handlers print a traceback for each line that cannot be written, arguments and their secrets included.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from io import TextIOWrapper


class ToStandardError(logging.StreamHandler[Any]):
    """Writes to standard error, and drops what it does not take: there is nowhere else to say so."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name for it
        """Log that a line could not be written; called while its exception is handled."""
        _log_instead(self, record, sys.exception())


class ToFile(RotatingFileHandler):
    """Appends to a file for its owner alone, and begins a new one when it is full.

    While the file cannot be written its lines are counted instead; that is said once on standard error, and in the
    file once it can be written again. A file or a folder that was deleted meanwhile is made anew.
    """

    def __init__(self, path: Path, *, full_bytes: int, kept: int) -> None:
        """Open the file. Raises OSError."""
        self._missing = 0
        self._failed = False
        self._may_make_folder = False
        super().__init__(path, maxBytes=full_bytes, backupCount=kept, encoding="utf-8", errors="backslashreplace")
        self._may_make_folder = True  # a folder that is not there at the start is a mistake in the setting

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        self._failed = False
        super().emit(record)
        if self._missing and not self._failed:
            missing, self._missing = self._missing, 0
            super().emit(_record(logging.WARNING, f"before this line {missing} are missing: they could not be written"))

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802  # logging's name for it
        """Tell whether the file is full; one that was deleted or moved away is opened anew first."""
        if self.stream and self._is_gone(self.stream):
            self._close_stream()
        return bool(super().shouldRollover(record))

    def doRollover(self) -> None:  # noqa: N802  # logging's name for it
        """Begin a new file; where that may not be done, go on with the full one."""
        try:
            super().doRollover()
        except OSError:
            self._close_stream()
            self.stream = self._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name for it
        """Count a line that could not be written; called while its exception is handled."""
        error = sys.exception()
        if not isinstance(error, OSError):
            _log_instead(self, record, error)
            return
        self._failed = True
        self._close_stream()  # what it still holds would be tried again with each line
        if not self._missing:
            with suppress(OSError, ValueError):
                sys.stderr.write(f"The log {self.baseFilename} cannot be written: {error.strerror}.\n")
        self._missing += 1

    def _open(self) -> TextIOWrapper:
        if self._may_make_folder:
            with suppress(OSError):
                Path(self.baseFilename).parent.mkdir(mode=0o700, exist_ok=True)
        return open(self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=_for_the_owner)

    def _is_gone(self, stream: TextIOWrapper) -> bool:
        try:
            return not os.path.samestat(Path(self.baseFilename).stat(), os.fstat(stream.fileno()))
        except FileNotFoundError:
            return True
        except OSError:  # nobody can tell
            return False

    def _close_stream(self) -> None:
        stream, self.stream = self.stream, None  # logging opens it again
        with suppress(OSError):
            if stream:
                stream.close()


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _log_instead(handler: logging.Handler, record: logging.LogRecord, error: BaseException | None) -> None:
    """Say where a line comes from that cannot be written, but not what it holds: that is not redacted yet."""
    if record.name != __name__:
        place = f"{Path(record.pathname).name}:{record.lineno}"
        handler.emit(_record(logging.ERROR, f"the line of {place} cannot be written: {type(error).__name__}"))


def _record(level: int, message: str) -> logging.LogRecord:
    return logging.LogRecord(__name__, level, __file__, 0, message, None, None)
