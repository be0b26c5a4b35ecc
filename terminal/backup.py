"""Makes a backup of the database, and puts one back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from storage import backup as storage_backup
from terminal.control_characters import printable

if TYPE_CHECKING:
    from pathlib import Path

    from settings import Settings
    from storage.backup import Contents


def backup(settings: Settings, target: Path) -> int:
    """Make a backup at `target`, a file or a folder; return the exit status. Raises StorageError."""
    made = storage_backup.back_up(settings.database_path, target)
    size = f"{made.size_bytes / 1e6:.1f} MB"
    print(printable(f"Backed up to {made.path.absolute()}: {size}, {_described(made.contents)}."))
    if made.replaces:
        print("It takes the place of an older backup that had this name.")
    return 0


def restore(settings: Settings, source: Path) -> int:
    """Put a backup in the database's place; return the exit status. Raises StorageError."""
    restored = storage_backup.restore(settings.database_path, source)
    print(printable(f"Restored from {source.absolute()}: {_described(restored.contents)}."))
    if restored.kept:
        print(printable(f"What was there before is kept as {restored.kept}."))
    print("What waited to be answered or sent when the backup was made is not taken up again.")
    return 0


def _described(contents: Contents) -> str:
    people = "1 person" if contents.people == 1 else f"{contents.people:,} people"
    turns = "1 turn" if contents.turns == 1 else f"{contents.turns:,} turns"
    since = f" since {time.strftime('%Y-%m-%d', time.localtime(contents.since))}" if contents.since is not None else ""
    return f"{turns} of conversation{since}, and {people} who may talk"
