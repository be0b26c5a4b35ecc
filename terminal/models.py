"""Shows every model: whether it can be used now, where it is, how fast and how good it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from routing.advice import what_to_do
from terminal.routing_state import open_current_engine
from terminal.screen import open_screen

if TYPE_CHECKING:
    from routing.model_registry import ModelStatus
    from settings import Settings


async def models(settings: Settings) -> int:
    """Show the table; return the exit status. Raises InvalidConfiguration."""
    async with open_current_engine(settings) as engine:
        registry = engine.registry
        statuses = [registry.status(model.model_id) for model in registry.get_all_models()]
        advice = what_to_do(registry, engine.discovery.endpoints)
    open_screen(sys.stdout).show(Group(_table(statuses), Text(advice)) if advice else _table(statuses))
    return 0


def _table(statuses: list[ModelStatus]) -> Table:
    usable = sum(status.available for status in statuses)
    table = Table(
        "id", "model", "now", "tok/s", "context", "quality", "cost", "where", box=SIMPLE_HEAD, title_justify="left"
    )
    table.title = f"{usable} of {len(statuses)} models can be used"
    for status in sorted(statuses, key=lambda status: not status.available):
        table.add_row(*map(Text, _row(status)))
    return table


def _row(status: ModelStatus) -> tuple[str, ...]:
    model = status.model
    quality = model.quality
    return (
        model.model_id,
        model.display_name,
        _state(status),
        f"{model.tokens_per_second:.0f}",
        f"{model.context_tokens:,}",
        f"{quality.general:.2f} / {quality.code:.2f} / {quality.reasoning:.2f}",
        f"{model.cost:g}",
        ", ".join(endpoint.url or endpoint.backend for endpoint in status.endpoints) or model.backend,
    )


def _state(status: ModelStatus) -> str:
    if not status.available:
        return status.reason
    return {True: "in memory", False: "on disk", None: "ready"}[status.loaded]
