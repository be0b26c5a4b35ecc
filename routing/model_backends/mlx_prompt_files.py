"""Deletes the prompts that MLX models keep on disk, also where neither MLX nor its worker is there any more."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

FOLDER = "prompts"
"""The folder of our own inside the one that is given."""
NAME = re.compile(r"[0-9a-f]{16}-[0-9a-f]{32}(\.part)?\.safetensors")
"""How the files in it are called; no other file is touched."""


def delete_prompt_files(folder: Path, unused_since: float = float("inf")) -> None:
    """Delete what was last used before that time (epoch seconds), or all. The disk is waited for.

    A file that cannot be deleted is said in the log, and the others are deleted all the same.
    """
    own = folder.expanduser() / FOLDER
    if own.is_symlink() or not own.is_dir():
        return
    for path in own.iterdir():
        if NAME.fullmatch(path.name):
            _delete(path, unused_since)


def _delete(path: Path, unused_since: float) -> None:
    try:
        if path.lstat().st_mtime < unused_since:
            path.unlink(missing_ok=True)
    except FileNotFoundError:
        return  # gone by itself
    except OSError:
        logger.warning("A kept prompt could not be deleted: %s", path.name, exc_info=True)
