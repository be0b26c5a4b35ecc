"""Reads a server's JSON without trusting its shape: a field of the wrong type counts as absent."""

from __future__ import annotations

import json
import math
from typing import Any


def parse(data: bytes) -> Any:
    """Decode JSON. Raises ValueError for whatever is not JSON in UTF-8, nesting without end included."""
    try:
        return json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def mapping(value: Any) -> dict[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """An array, or an empty one."""
    return value if isinstance(value, list) else []


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of an array."""
    return [item for item in items(value) if isinstance(item, dict)]


def text(value: Any) -> str:
    """A string, or an empty one; half a surrogate pair, which nothing can encode, becomes a replacement character."""
    if not isinstance(value, str):
        return ""
    if value.isascii():
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def number(value: Any) -> float | None:
    """A finite number that is not negative, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        figure = float(value)
    except OverflowError:
        return None
    return figure if math.isfinite(figure) and figure >= 0 else None


def whole(value: Any) -> int | None:
    """A whole number that is not negative, or None."""
    figure = number(value)
    return None if figure is None else int(figure)


def positive(value: Any) -> int | None:
    """A whole number above zero, or None."""
    return whole(value) or None
