"""Shows how a question would be routed, without running anything."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

from routing.types import Query
from terminal.decision_view import decision_view
from terminal.routing_state import open_current_engine
from terminal.screen import open_screen

if TYPE_CHECKING:
    from routing.types import RoutingStrategy
    from settings import Settings


async def route(
    settings: Settings, text: str, strategy: RoutingStrategy | None, chat: int | None = None, *, as_json: bool
) -> int:
    """Show the decision, as for a chat where one is named; return the exit status. Raises InvalidConfiguration."""
    query = Query(
        text,
        chat_id="" if chat is None else f"{chat}/0",
        max_tokens=settings.max_tokens,
        system_prompt=settings.system_prompt,
        strategy=strategy,
    )
    async with open_current_engine(settings) as engine:
        began = time.perf_counter()
        decision = engine.router.decide(query)
        seconds = time.perf_counter() - began
        unknown = engine.router.rules.unknown_names()
    if as_json:
        told = {"request": text, "decided_in_seconds": round(seconds, 6), **decision.explanation()}
        print(json.dumps({**told, "unknown_models": unknown}, ensure_ascii=False, indent=2))
    else:
        open_screen(sys.stdout).show(decision_view(decision, text, seconds, unknown))
    return 0
