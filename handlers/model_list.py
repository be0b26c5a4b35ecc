"""Lists of models as buttons: short names for the data they carry, and pages."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from telegram import InlineKeyboardButton

from handlers.dispatch import OldButton
from handlers.front import rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handlers.front import Rows
    from routing.model_registry import ModelRegistry
    from routing.types import ModelMetadata

    Row = tuple[InlineKeyboardButton, ...]

MODELS_PER_PAGE = 10
BUTTONS_PER_ROW = 2


def tag_of(model_id: str) -> str:
    """A short name for a model: its id may be longer than the 64 bytes that a button carries."""
    return hashlib.sha256(model_id.encode()).hexdigest()[:16]


def model_by_tag(registry: ModelRegistry, tag: str) -> ModelMetadata:
    """Find the model that a button means. Raises OldButton."""
    for model in registry.get_all_models():
        if tag_of(model.model_id) == tag:
            return model
    raise OldButton


def page_number(argument: str) -> int:
    """Read the page that a button turns to. Raises OldButton."""
    if not argument.isascii() or not argument.isdigit():
        raise OldButton
    return int(argument)


def page_of(index: int) -> int:
    """The page on which the model at a place of the list stands."""
    return index // MODELS_PER_PAGE


def paged(buttons: Sequence[InlineKeyboardButton], page: int, turn_to: str) -> Rows:
    """One page of buttons, and under it those that turn to its neighbours. Beyond the last page is the last."""
    rows, turns = _page([(button,) for button in buttons], page, turn_to)
    return rows_of([button for row in rows for button in row], BUTTONS_PER_ROW) + turns


def paged_rows(rows: Sequence[Row], page: int, turn_to: str) -> Rows:
    """The same of rows, one for each model."""
    page_rows, turns = _page(rows, page, turn_to)
    return tuple(page_rows) + turns


def _page(rows: Sequence[Row], page: int, turn_to: str) -> tuple[Sequence[Row], Rows]:
    last = page_of(max(len(rows) - 1, 0))
    page = min(page, last)
    neighbours = [
        InlineKeyboardButton(label, callback_data=f"{turn_to}:{number}")
        for label, number in (("‹ back", page - 1), ("more ›", page + 1))
        if 0 <= number <= last
    ]
    return rows[page * MODELS_PER_PAGE : (page + 1) * MODELS_PER_PAGE], rows_of(neighbours, BUTTONS_PER_ROW)
