"""Loads and unloads a model that somebody asked for, and says how that goes on and what came of it."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from dialogue.load_words import told
from dialogue.waits import duration

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from routing.execution_engine import ExecutionEngine
    from routing.types import ModelMetadata


async def loading(engine: ExecutionEngine, model: ModelMetadata) -> AsyncGenerator[str]:
    """Load a model; each sentence says how far that is, and none is said where it is there already.

    Raises RoutingError.
    """
    async with aclosing(engine.keeper.load(model.model_id)) as steps:
        async for step in steps:
            yield told(step)


def in_memory(model: ModelMetadata, seconds: float | None) -> str:
    """Say that a model is loaded, after so many seconds; None: it was there already."""
    when = " already" if seconds is None else f", after {duration(seconds)}"
    return f"{model.display_name} is in memory{when}."


async def unload(engine: ExecutionEngine, model: ModelMetadata) -> str:
    """Take a model out of memory, and say what came of it. Raises RoutingError."""
    name, keeper = model.display_name, engine.keeper
    there = any(keeper.is_in_memory(model.model_id, endpoint) for endpoint in engine.registry.offers_of(model.model_id))
    if not there and model.model_id not in keeper.under_way():
        return f"{name} is not in memory."
    if await keeper.unload(model.model_id):
        return f"{name} is out of memory."
    return f"{name} still answers, and leaves the memory when it has ended."
