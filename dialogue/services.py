"""Services: every part that a front end needs, built from the settings and closed together."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.catalog import load_catalog
from routing.custom_rules import CustomRules
from routing.execution_engine import ExecutionEngine
from routing.intelligent_router import IntelligentRouter
from routing.model_backends.mlx_prompt_files import delete_prompt_files
from routing.model_registry import ModelRegistry
from storage.analytics import Analytics
from storage.conversations import Conversations
from storage.damage import open_sound
from storage.database import Database
from storage.errors import StorageError
from storage.inbox import Inbox
from storage.model_history import ModelHistory
from storage.outbox import Outbox
from storage.people import People
from storage.preferences import Preferences

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from routing.types import RoutingStrategy
    from settings import Settings

log = logging.getLogger(__name__)

STRATEGY = "strategy"
"""The preference under which the strategy that an admin chose is kept."""
DISABLED_REASON = "disabled by an admin"
# The start belongs to whoever is waiting for an answer.
FORGETTING_STARTS_SECONDS = 5.0
FORGETTING_SECONDS = 86_400.0
_SECONDS_PER_DAY = 86_400.0
FIRST_ROUND_SECONDS = 2.0
"""How long a list of models waits after the start; a server that is dead says so much sooner."""


@dataclass(frozen=True, slots=True)
class Services:
    """The parts. They live as long as `open_services` is open."""

    settings: Settings
    engine: ExecutionEngine
    database: Database
    conversations: Conversations
    preferences: Preferences
    people: People
    analytics: Analytics
    inbox: Inbox
    outbox: Outbox
    model_history: ModelHistory
    notices: tuple[str, ...] = ()
    """What happened at the start that whoever runs the bot must know, in sentences."""

    @property
    def registry(self) -> ModelRegistry:
        """The models and their state."""
        return self.engine.registry

    @property
    def router(self) -> IntelligentRouter:
        """What decides."""
        return self.engine.router

    async def models_known(self) -> None:
        """Wait, but not for long, until every model server has been asked once what it has."""
        await self.engine.discovery.ready(FIRST_ROUND_SECONDS)

    async def forget_the_old(self) -> None:
        """Forget what is older than the settings allow. Raises StorageError."""
        await self.conversations.purge(self.settings.retention_days)
        await self.analytics.purge(self.settings.retention_days)
        await self.model_history.purge(self.settings.retention_days)
        await self.inbox.purge()
        await self.outbox.purge()
        await self._forget_old_prompts()

    async def forget_prompts(self) -> None:
        """Drop what models keep of conversations for reuse, in memory and on disk. Raises BackendError."""
        if folder := self.settings.mlx_prompt_cache_folder:
            await asyncio.to_thread(delete_prompt_files, folder)
        await self.engine.forget_prompts()

    async def set_strategy(self, strategy: RoutingStrategy) -> None:
        """Route by another strategy from now on, over restarts too. Raises StorageError."""
        await self.preferences.set(STRATEGY, strategy)
        self.router.set_strategy(strategy)

    async def set_model_enabled(self, model_id: str, *, enabled: bool) -> None:
        """Take a model out of the choice or put it back, over restarts too. Raises StorageError."""
        await self.preferences.set_disabled(model_id, not enabled)
        self.registry.update_availability(model_id, enabled, DISABLED_REASON)

    async def _forget_old_prompts(self) -> None:
        """Delete from the disk what models have kept for longer than conversations are, or from a laxer time."""
        settings = self.settings
        if settings.mlx_prompt_cache_folder is None:
            return
        unused_since = float("inf")
        if settings.store_prompts == "full":
            if not settings.retention_days:
                return
            unused_since = time.time() - settings.retention_days * _SECONDS_PER_DAY
        await asyncio.to_thread(delete_prompt_files, settings.mlx_prompt_cache_folder, unused_since)


@asynccontextmanager
async def open_engine(
    settings: Settings, history: ModelHistory | None = None, *, keeps_house: bool = False
) -> AsyncGenerator[ExecutionEngine]:
    """Build the engine and begin to ask the model servers what they have.

    `history` is what earlier runs have seen of the models; `keeps_house` as in `ExecutionEngine.start`.

    Raises:
        InvalidConfiguration: models.toml has bad entries.
    """
    catalog = load_catalog(settings.models_file)
    registry = ModelRegistry(catalog.models)
    router = IntelligentRouter(
        registry,
        settings.routing_strategy,
        settings.max_cost,
        preferred_backend=settings.preferred_backend or None,
        stickiness_margin=settings.stickiness_margin,
        rules=CustomRules(catalog.rules, registry),
    )
    config = {
        "ollama_base_url": settings.ollama_base_url,
        "lmstudio_base_url": settings.lmstudio_base_url,
        "lmstudio_api_key": settings.lmstudio_api_key,
        "servers": catalog.servers,
        "connect_timeout_seconds": settings.connect_timeout_seconds,
        "first_token_timeout_seconds": settings.first_token_timeout_seconds,
        "stall_timeout_seconds": settings.stall_timeout_seconds,
        "request_timeout_seconds": settings.request_timeout_seconds,
        "generations_per_endpoint": settings.generations_per_endpoint,
        "refresh_seconds": settings.refresh_seconds,
        "mlx_model_paths": settings.mlx_model_paths,
        "mlx_prompt_cache_gb": settings.mlx_prompt_cache_gb,
        "mlx_prompt_cache_folder": settings.mlx_prompt_cache_folder if settings.store_prompts == "full" else None,
        "mlx_prompt_cache_folder_gb": settings.mlx_prompt_cache_folder_gb,
        "mlx_wired_limit_gb": settings.mlx_wired_limit_gb,
        "model_memory_gb": settings.model_memory_gb,
    }
    engine = ExecutionEngine(registry, router, config)
    if history:
        await _take_up_history(engine, history, preloads=settings.preload_models == "on")
    await engine.start(keeps_house=keeps_house)
    try:
        yield engine
    finally:
        await engine.cleanup()


@asynccontextmanager
async def open_services(settings: Settings, *, mends: bool = False) -> AsyncGenerator[Services]:
    """Open the database and the engine, and take up what admins chose before.

    `mends`: a damaged database is set aside, and a new one begun, which `notices` tell; and models are loaded ahead.
    That is for what goes on for longer: whoever merely looks, or asks one question, changes nothing and is told of the
    damage instead.

    Raises:
        InvalidConfiguration: models.toml has bad entries.
        StorageError: the database cannot be used; the text says what to do.
    """
    opened, notices = await _open_database(settings, mends=mends)
    async with (
        opened as database,
        open_engine(settings, history := ModelHistory(database), keeps_house=mends) as engine,
    ):
        services = Services(
            settings=settings,
            engine=engine,
            database=database,
            conversations=Conversations(database, settings.store_prompts),
            preferences=Preferences(database),
            people=People(database),
            analytics=Analytics(database, settings.store_prompts),
            inbox=Inbox(database),
            outbox=Outbox(database),
            model_history=history,
            notices=notices,
        )
        await services.preferences.load()
        await services.people.load()
        await _take_up_choices(services)
        async with _forgetting(services):
            yield services


async def _open_database(settings: Settings, *, mends: bool) -> tuple[Database, tuple[str, ...]]:
    if mends:
        return await open_sound(settings.database_path, settings.database_sync)
    return await Database.open(settings.database_path, settings.database_sync), ()


async def _take_up_history(engine: ExecutionEngine, history: ModelHistory, *, preloads: bool) -> None:
    """Teach the engine what loads and answers took before, and have it remember the loads to come."""

    async def usual(hour: int) -> Sequence[str]:
        try:
            return await history.most_used(hour)
        except StorageError as error:
            log.warning("what is usually asked at this hour could not be read: %s", error, exc_info=error)
            return ()

    try:
        for load in await history.loads():
            engine.residency.teach(load.model_id, load.address, load.seconds)
        for model_id, tokens_per_second in await history.speeds():
            if model := engine.registry.get_model(model_id):
                engine.router.speeds.learn(model, tokens_per_second)
    except StorageError as error:
        log.warning("what loads and answers took before could not be read: %s", error, exc_info=error)
    engine.keeper.loader.remember = history.loaded
    engine.preloading.usual = usual if preloads else None


async def _take_up_choices(services: Services) -> None:
    if strategy := await services.preferences.get(STRATEGY):
        try:
            services.router.set_strategy(strategy)
        except ValueError:
            log.warning("the strategy %r is not known any more: the one of the settings counts", strategy)
    for model_id in await services.preferences.disabled_models():
        services.registry.update_availability(model_id, available=False, reason=DISABLED_REASON)


@asynccontextmanager
async def _forgetting(services: Services) -> AsyncGenerator[None]:
    """Forget what is too old while the context is open: soon after the start, and every day."""
    task = asyncio.create_task(_forget_daily(services), name="forget the old")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _forget_daily(services: Services) -> None:
    await asyncio.sleep(FORGETTING_STARTS_SECONDS)
    while True:
        try:
            await services.forget_the_old()
        except StorageError as error:
            log.warning("what is too old could not be forgotten: %s", error, exc_info=error)
        await asyncio.sleep(FORGETTING_SECONDS)
