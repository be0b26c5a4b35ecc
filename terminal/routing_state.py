"""Opens the engine as the bot has it: with every server asked once, and with what admins chose."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from dialogue.services import open_engine, open_services
from routing.discovery import ANSWER_SECONDS
from storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from routing.execution_engine import ExecutionEngine
    from settings import Settings


@asynccontextmanager
async def open_current_engine(settings: Settings) -> AsyncGenerator[ExecutionEngine]:
    """Open the engine for a look at it. Raises InvalidConfiguration.

    Where the database cannot be used, which is said on standard error, the strategy is that of the settings and no
    model is disabled; where there is none, none is made.
    """
    async with AsyncExitStack() as held:
        engine = await _open(settings, held)
        await engine.discovery.ready(ANSWER_SECONDS + 1)
        yield engine


async def _open(settings: Settings, held: AsyncExitStack) -> ExecutionEngine:
    if settings.database_path.exists():
        try:
            return (await held.enter_async_context(open_services(settings))).engine
        except StorageError as error:
            print(f"{error} What was chosen in the chat is not known here.", file=sys.stderr)
    return await held.enter_async_context(open_engine(settings))
