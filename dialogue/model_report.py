"""The report on the models: how each stands, how busy their servers are, what memory is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialogue.figures import memory
from dialogue.model_standing import Place, memory_left, standings
from dialogue.reports import paragraphs, plain, table
from routing.advice import endpoint_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dialogue.model_standing import Standing
    from routing.execution_engine import ExecutionEngine
    from routing.types import Endpoint


async def model_report(engine: ExecutionEngine) -> str:
    """Show every model: where it is, what it takes of memory, how fast it is said to be, or why it cannot be used."""
    listed = await standings(engine)
    usable = sum(not standing.why_not for standing in listed)
    there = [standing for standing in listed if not standing.why_not or standing.place is Place.LOADING]
    others = [standing for standing in listed if standing not in there]
    return paragraphs(
        f"## {usable} of {len(listed)} models can be used",
        table(("Model", "State", "Memory", "tok/s"), [_row(standing) for standing in there]) if there else "",
        "\n".join(f"- {_server(engine, endpoint)}" for endpoint in _serving(engine, there)),
        memory_left(engine),
        "Not now:" if others else "",
        "\n".join(f"- {_away(standing)}" for standing in others),
    )


def _row(standing: Standing) -> tuple[str, ...]:
    model = standing.model
    size = memory(standing.memory_bytes) if standing.memory_bytes else "–"
    return plain(model.display_name), plain(standing.words), size, f"{model.tokens_per_second:.0f}"


def _away(standing: Standing) -> str:
    """Why a model cannot be used; one that is in memory all the same takes its place there."""
    still = f"; {standing.words}" if standing.is_in_memory else ""
    return f"{plain(standing.model.display_name)}: {plain(standing.why_not + still)}"


def _serving(engine: ExecutionEngine, there: Sequence[Standing]) -> Iterable[Endpoint]:
    ids = [standing.model.model_id for standing in there]
    return dict.fromkeys(endpoint for model_id in ids for endpoint in engine.registry.status(model_id).endpoints)


def _server(engine: ExecutionEngine, endpoint: Endpoint) -> str:
    load = engine.load(endpoint)
    busy = f"{load.running} running, {load.waiting} waiting" if any(load) else "idle"
    taken = sum(resident.bytes or 0 for resident in engine.keeper.residency.residents(endpoint))
    return f"{plain(endpoint_name(endpoint))}: {busy}{f', {memory(taken)} in memory' if taken else ''}"
