"""The words for how far a load is that somebody asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialogue.figures import memory
from dialogue.waits import duration, listed, words
from routing.types import Loading, LoadStage

if TYPE_CHECKING:
    from routing.model_load import LoadStep

_BYTES_PER_GB = 1e9


def told(step: LoadStep) -> str:
    """Say in one sentence how far a load is."""
    name = step.model.display_name
    if step.stage is LoadStage.DOWNLOADING:
        return f"{_joined(f'Downloading {name}', _so_far(step), _about(step))}…"
    if step.waits and step.makes_room:
        return f"{name} is loaded once {listed(step.makes_room)} can go: an answer is still being written…"
    return words(Loading(step.model, step.seconds, step.makes_room))


def standing_of(step: LoadStep) -> str:
    """Say the same in two or three words, for a table in which the name stands beside them."""
    if step.stage is LoadStage.DOWNLOADING:
        share = f" {step.done_bytes / step.total_bytes:.0%}" if step.done_bytes and step.total_bytes else ""
        return f"downloading{share}"
    return _joined("loading", duration(step.seconds) if step.seconds is not None else "")


def _joined(*parts: str) -> str:
    return ", ".join(filter(None, parts))


def _so_far(step: LoadStep) -> str:
    """Say how much is there, and of what where that is known: "3.1 of 4.3 GB"."""
    if step.done_bytes is None:
        return ""
    if not step.total_bytes:
        return memory(step.done_bytes)
    total = memory(step.total_bytes)
    done = f"{step.done_bytes / _BYTES_PER_GB:.1f}" if total.endswith("GB") else memory(step.done_bytes)
    return f"{done} of {total}"


def _about(step: LoadStep) -> str:
    return "" if step.seconds is None else f"about {duration(step.seconds)}"
