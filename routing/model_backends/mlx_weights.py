"""Checks weight files before MLX reads them: an error in its reading thread would end the process."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from routing.model_backends import fields

if TYPE_CHECKING:
    from pathlib import Path

_MOST_HEADER_BYTES = 100_000_000  # the format's own limit
# Bytes of a number, by the names that the format has for them; smaller and newer ones are left to MLX.
_BYTES = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3"), 1),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 2),
    **dict.fromkeys(("I32", "U32", "F32"), 4),
    **dict.fromkeys(("I64", "U64", "F64"), 8),
}


class DamagedFile(ValueError):
    """Raised when a safetensors file is cut off, or is none."""


def read_header(file: Path) -> dict[str, dict[str, object]]:
    """Read what a safetensors file says of each of its tensors, and hold it against the file's size.

    `__metadata__` stands among them. Raises DamagedFile, or OSError.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > min(size - 8, _MOST_HEADER_BYTES):
            raise DamagedFile("no header")
        header = fields.mapping(_parsed(stream.read(length)))
    tensors = {name: fields.mapping(tensor) for name, tensor in header.items()}
    ends = [_end(tensor) for name, tensor in tensors.items() if name != "__metadata__"]
    if not ends or max(ends) != size - 8 - length:
        raise DamagedFile("its length is not what it says")
    return tensors


def _parsed(header: bytes) -> object:
    try:
        return fields.parse(header)
    except ValueError as error:
        raise DamagedFile("its header is not JSON") from error


def _end(tensor: dict[str, object]) -> int:
    """Where a tensor's bytes end, counted from the end of the header; they must be as many as its shape says."""
    offsets, shape = (
        [item for item in fields.items(tensor.get(key)) if isinstance(item, int) and item >= 0]
        for key in ("data_offsets", "shape")
    )
    if len(offsets) != 2 or shape != tensor.get("shape"):
        raise DamagedFile("a tensor without a place")
    bytes_each = _BYTES.get(fields.text(tensor.get("dtype")))
    if bytes_each and math.prod(shape) * bytes_each != offsets[1] - offsets[0]:
        raise DamagedFile("a tensor of another size than its shape")
    return offsets[1]
