"""Shows every model: where it is, whether it can be used now, how fast and how good it is."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from dialogue.figures import memory
from dialogue.model_standing import Place, memory_left, standings
from routing.advice import what_to_do
from terminal.control_characters import printable
from terminal.routing_state import open_current_engine
from terminal.screen import open_screen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialogue.model_standing import Standing
    from routing.execution_engine import ExecutionEngine
    from settings import Settings

MLX = "mlx"
_IN_THE_BOT = "MLX models are in the memory of the bot's own process: /models in Telegram says which are there now."


async def models(settings: Settings, *, as_json: bool = False) -> int:
    """Show the table; return the exit status. Raises InvalidConfiguration."""
    async with open_current_engine(settings) as engine:
        listed = await standings(engine)
        advice = what_to_do(engine.registry, engine.discovery.endpoints)
        if as_json:
            print(json.dumps(_as_json(engine, listed, advice), ensure_ascii=False, indent=2))
            return 0
        has_mlx = any(standing.model.backend == MLX and not standing.why_not for standing in listed)
        below = filter(None, (memory_left(engine), _IN_THE_BOT * has_mlx, advice))
        open_screen(sys.stdout).show(Group(_table(engine, listed), *map(Text, below)))
    return 0


def _table(engine: ExecutionEngine, listed: Sequence[Standing]) -> Table:
    table = Table(*("id", "model", "now", "memory", "tok/s", "context", "quality", "cost", "where"), box=SIMPLE_HEAD)
    table.title_justify = "left"
    table.title = f"{sum(not standing.why_not for standing in listed)} of {len(listed)} models can be used"
    for standing in sorted(listed, key=lambda standing: bool(standing.why_not)):
        table.add_row(*(Text(printable(cell)) for cell in _row(engine, standing)))
    return table


def _row(engine: ExecutionEngine, standing: Standing) -> tuple[str, ...]:
    model = standing.model
    quality = model.quality
    return (
        model.model_id,
        model.display_name,
        _now(standing),
        memory(standing.memory_bytes) if standing.memory_bytes else "",
        f"{model.tokens_per_second:.0f}",
        f"{model.context_tokens:,}",
        f"{quality.general:.2f} / {quality.code:.2f} / {quality.reasoning:.2f}",
        f"{model.cost:g}",
        ", ".join(_addresses(engine, standing)) or model.backend,
    )


def _now(standing: Standing) -> str:
    """Where it is; of one that cannot be used, why not."""
    if standing.is_in_memory or not standing.why_not:
        return ", ".join(filter(None, (standing.words, standing.why_not)))
    return standing.why_not


def _addresses(engine: ExecutionEngine, standing: Standing) -> list[str]:
    endpoints = engine.registry.status(standing.model.model_id).endpoints
    return [endpoint.label for endpoint in endpoints]


def _as_json(engine: ExecutionEngine, listed: Sequence[Standing], advice: str) -> dict[str, Any]:
    """Give every model, and what memory is left; None where nobody knows."""
    return {
        "models": [_model(engine, standing) for standing in listed],
        "memory_left_bytes": engine.keeper.residency.free_bytes,
        "advice": advice,
    }


def _model(engine: ExecutionEngine, standing: Standing) -> dict[str, Any]:
    model = standing.model
    return {
        "id": model.model_id,
        "name": model.display_name,
        "backend": model.backend,
        "backend_name": model.backend_name,
        "usable": not standing.why_not,
        "why_not": standing.why_not or None,
        "state": standing.place,
        "in_memory": None if standing.place is Place.READY or model.backend == MLX else standing.is_in_memory,
        "memory_bytes": standing.memory_bytes,
        "endpoints": _addresses(engine, standing),
        "can_load": standing.can_load,
        "can_unload": standing.can_unload,
        "tokens_per_second": model.tokens_per_second,
        "context_tokens": model.context_tokens,
        "quality": {
            "general": model.quality.general,
            "code": model.quality.code,
            "reasoning": model.quality.reasoning,
        },
        "cost": model.cost,
    }
