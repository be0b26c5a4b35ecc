"""Shows how a question would be routed, without running anything."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from routing.types import Query
from terminal.decision_json import decision_as_json
from terminal.routing_state import open_current_engine
from terminal.screen import open_screen

if TYPE_CHECKING:
    from rich.console import RenderableType

    from routing.types import RoutingDecision, RoutingStrategy
    from settings import Settings


async def route(settings: Settings, text: str, strategy: RoutingStrategy | None, *, as_json: bool) -> int:
    """Show the decision; return the exit status. Raises InvalidConfiguration."""
    query = Query(text, max_tokens=settings.max_tokens, system_prompt=settings.system_prompt, strategy=strategy)
    async with open_current_engine(settings) as engine:
        decision = engine.router.decide(query)
    if as_json:
        print(json.dumps(decision_as_json(decision), ensure_ascii=False, indent=2))
    else:
        open_screen(sys.stdout).show(_shown(decision))
    return 0


def _shown(decision: RoutingDecision) -> RenderableType:
    parts = [_analysis(decision), _candidates(decision)]
    if decision.exclusions:
        parts.append(_exclusions(decision))
    return Group(*parts, *(Text(f"ⓘ {note}") for note in decision.notes))


def _analysis(decision: RoutingDecision) -> Table:
    task = decision.classification
    capabilities = ", ".join(sorted(task.required_capabilities))
    rows = {
        "strategy": str(decision.strategy),
        "task": f"{task.category}, confidence {task.confidence:.2f}",
        "complexity": f"{task.complexity}, {task.level} of 10, {task.tier}",
        "needs": f"{capabilities}{', tools' * task.requires_tools}; {task.modality}, language {task.language}",
        "tokens": f"about {task.prompt_tokens} in, {decision.estimated_tokens} out",
        "estimate": f"{decision.estimated_seconds:.1f} s, cost {decision.estimated_cost:g}",
    }
    table = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        table.add_row(Text(name, style="bold"), Text(value))
    return table


def _candidates(decision: RoutingDecision) -> Table:
    table = Table("#", "model", "score", "reasons", title="In this order", box=SIMPLE_HEAD, title_justify="left")
    for place, candidate in enumerate(decision.candidates, start=1):
        reasons = Text(", ".join(candidate.reasons))
        table.add_row(str(place), Text(candidate.model.display_name), f"{candidate.score:.3f}", reasons)
    return table


def _exclusions(decision: RoutingDecision) -> Table:
    table = Table("model", "why not", title="Left out", box=SIMPLE_HEAD, title_justify="left")
    for exclusion in decision.exclusions:
        table.add_row(Text(exclusion.model.display_name), Text(exclusion.reason))
    return table
