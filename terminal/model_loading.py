"""Loads and unloads a model that is named on the command line, and says how that goes on."""

from __future__ import annotations

import sys
import time
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from dialogue.load_words import told
from dialogue.model_loading import in_memory, loading, unload
from dialogue.model_names import NotOneModel, find_model
from dialogue.model_standing import memory_left
from routing.model_load import LoadStep
from routing.types import LoadStage
from terminal.control_characters import printable
from terminal.models import MLX
from terminal.routing_state import open_current_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from routing.execution_engine import ExecutionEngine
    from routing.types import Endpoint, ModelMetadata
    from settings import Settings

_WRONG_USAGE = 2
_BY_THE_BOT = "The bot loads it by itself when it is asked something, and `/models load` in Telegram does at once."
_IN_THE_BOT = (
    "{name} is in the memory of the bot's own process, if anywhere: `/models unload` in Telegram takes it out."
)


async def load_model(settings: Settings, name: str) -> int:
    """Load a model, or fetch it where only the bot itself could load it; return the exit status.

    Raises InvalidConfiguration, RoutingError.
    """
    async with open_current_engine(settings) as engine:
        model = _named(engine, name)
        if model is None:
            return _WRONG_USAGE
        with _progress() as show:
            said = await (fetched if model.backend == MLX else _loaded)(engine, model, show)
    print(printable(said))
    return 0


async def unload_model(settings: Settings, name: str) -> int:
    """Take a model out of memory; return the exit status. Raises InvalidConfiguration, RoutingError."""
    async with open_current_engine(settings) as engine:
        model = _named(engine, name)
        if model is None:
            return _WRONG_USAGE
        if model.backend == MLX:
            print(printable(_IN_THE_BOT.format(name=model.display_name)), file=sys.stderr)
            return 1
        print(printable(f"{await unload(engine, model)} {memory_left(engine)}".rstrip()))
    return 0


async def _loaded(engine: ExecutionEngine, model: ModelMetadata, show: Callable[[str], None]) -> str:
    began: float | None = None
    async with aclosing(loading(engine, model)) as sentences:
        async for sentence in sentences:
            began = began or time.monotonic()
            show(sentence)
    seconds = time.monotonic() - began if began else None
    return f"{in_memory(model, seconds)} {memory_left(engine)}".rstrip()


async def fetched(engine: ExecutionEngine, model: ModelMetadata, show: Callable[[str], None]) -> str:
    """Download a model that another process is to load."""
    offers = engine.registry.offers_of(model.model_id)
    for endpoint, offer in offers.items():
        if not offer.downloaded:
            await _fetch(engine, model, endpoint, show)
            return f"{model.display_name} is downloaded. {_BY_THE_BOT}"
    if not offers:
        await _loaded(engine, model, show)  # says why it cannot be
    return f"{model.display_name} is on this machine's disk already. {_BY_THE_BOT}"


async def _fetch(
    engine: ExecutionEngine, model: ModelMetadata, endpoint: Endpoint, show: Callable[[str], None]
) -> None:
    """Load up to where the download is over: what comes then would end with this process."""
    backend = await engine.pool.backend(endpoint)
    async with aclosing(backend.load(engine.registry.model_at(model, endpoint))) as steps:
        async for step in steps:
            if step.stage is LoadStage.LOADING:
                return
            show(told(LoadStep(model, step.stage, step.done_bytes, step.total_bytes)))


def _named(engine: ExecutionEngine, name: str) -> ModelMetadata | None:
    """Find the model that is meant. None: it was said why not."""
    try:
        return find_model(engine.registry, name)
    except NotOneModel as reason:
        print(printable(f"{reason} `models` lists them all."), file=sys.stderr)
        return None


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Show the newest sentence on standard error, for whoever watches it; a file gets none of them."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    with console.status("…") as status:
        yield lambda sentence: status.update(printable(sentence))
