"""Reads the trained weights from their file; one that is missing or damaged is told in a sentence."""

from __future__ import annotations

import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from routing.errors import InvalidConfiguration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

WEIGHTS = Path(__file__).with_name("router_weights.npz")
_WHAT_GOES_WRONG = (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error)


@contextmanager
def stored_weights(path: Path) -> Iterator[dict[str, NDArray[np.generic]]]:
    """Give every array of the file by its name.

    Raises:
        InvalidConfiguration: the file cannot be read, or is not what the body of the `with` expects of it.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            yield {name: stored[name] for name in stored.files}
    except _WHAT_GOES_WRONG as error:
        problem = (
            f"{path.name}, by which questions are understood, is missing or damaged: fetch Switchboard again, "
            "or write it anew by `python -m scripts.train_router DATA_DIR`"
        )
        raise InvalidConfiguration([problem]) from error
