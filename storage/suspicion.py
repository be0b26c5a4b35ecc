"""Remembers over a restart that damage showed in a database, so that the next start looks at all of it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from storage.errors import DatabaseCorrupt, storage_errors
from storage.exchange import behind_links

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

log = logging.getLogger(__name__)

_TEXT = "Damage showed in the database that this file stands beside: the next start looks at all of it.\n"


def mark_of(path: Path) -> Path:
    """The file that says so, beside the database itself, whichever link leads to it."""
    file = behind_links(path)
    return file.with_name(f"{file.name}.damage-showed")


def is_suspect(path: Path) -> bool:
    """Whether damage showed in this database when it was last in use."""
    return mark_of(path).exists()


def clear(path: Path) -> None:
    """Think well of the database again: it is another one, or has been looked at. Raises OSError."""
    mark_of(path).unlink(missing_ok=True)


@asynccontextmanager
async def storage_errors_remembered(path: Path) -> AsyncGenerator[None]:
    """Translate errors as `storage_errors` does; of damage leave a mark for the next start, and say once what to do."""
    try:
        with storage_errors(path):
            yield
    except DatabaseCorrupt:
        if await asyncio.to_thread(_leave_mark, path):
            log.error(  # noqa: TRY400 - whoever asked logs the traceback
                "The database %s is damaged: what is said now stays in memory. Start Switchboard anew: it sets the "
                "damaged database aside, keeps what can still be read of it, and begins a new one",
                path,
            )
        raise


def _leave_mark(path: Path) -> bool:
    """Whether the mark is new."""
    try:
        with mark_of(path).open("x", encoding="utf-8") as mark:
            mark.write(_TEXT)
    except FileExistsError:
        return False
    except OSError as error:
        log.warning("no mark of the damage could be left at %s: %s", mark_of(path), error.strerror)
    return True
