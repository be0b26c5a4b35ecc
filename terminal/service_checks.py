"""Checks what the bot works with: database, service, Telegram, model servers."""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import TYPE_CHECKING

from dialogue.errors import TokenUnusable
from dialogue.services import open_engine
from routing.advice import endpoint_name, what_to_do
from routing.discovery import ANSWER_SECONDS
from routing.errors import BackendError
from routing.model_backends.ollama_pull import version
from service.errors import NoServiceHere, ServiceError
from service.inspection import described, inspect
from service.process_lock import holder
from storage.damage import is_damaged
from storage.database import Database
from storage.errors import DatabaseCorrupt, StorageError
from storage.ownership import may_be_ours
from storage.people import People
from terminal.findings import Finding, failed, warning, well

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from routing.execution_engine import ExecutionEngine
    from routing.types import Endpoint
    from service.inspection import Inspection
    from service.job import Job
    from service.supervisor import Supervisor
    from settings import Settings

    TokenCheck = Callable[[str, str], Awaitable[str]]

_TOO_FEW_BYTES = 20_000_000
_FEW_BYTES = 1_000_000_000
_INSTALL = "the bot runs as long as its terminal; `scripts/run service install` starts it with your login"
_SETTING = {"ollama": "OLLAMA_BASE_URL", "lmstudio": "LMSTUDIO_BASE_URL", "mlx": "MLX_MODEL_PATHS"}


async def check_storage(settings: Settings) -> AsyncIterator[Finding]:
    """Check the database, the room around it, and whether somebody may run the bot."""
    path = settings.database_path.absolute()
    if not path.exists():
        folder = path.parent
        if not os.access(folder, os.W_OK | os.X_OK):
            yield failed(f"the database {path} cannot be made", "Set DATABASE_PATH to a folder that may be written.")
            return
        yield well(f"database: {path} will be made at the first start")
        yield check_admins(settings, has_admin=False)
    else:
        try:
            if await asyncio.to_thread(is_damaged, path):
                yield failed("the database cannot be used", await asyncio.to_thread(_repair, path))
                return
            async with await Database.open(path) as database:
                await database.write()  # an empty transaction takes the write lock all the same
                has_admin = await People(database).has_admin()
        except StorageError as error:
            yield failed("the database cannot be used", str(error))
            return
        yield well(f"database: {path} can be read and written")
        yield check_admins(settings, has_admin=has_admin)
    yield check_room(path.parent)


def _repair(path: Path) -> str:
    """What to do about a damaged database: the next start repairs what may be ours, and leaves anything else."""
    if not may_be_ours(path):
        return str(DatabaseCorrupt(path))
    return (
        f"The database {path} is damaged. At its next start the bot sets it aside and begins a new one with what can "
        "be read of it. Or put back a backup: `scripts/run restore PATH`."
    )


def check_room(folder: Path) -> Finding:
    """Check that the disk has room for what will be written."""
    free_bytes = shutil.disk_usage(folder).free
    free = f"{free_bytes / 1e9:.1f} GB free on the disk of {folder}"
    if free_bytes < _TOO_FEW_BYTES:
        return failed(free, "Free some space: nothing can be kept any more.")
    return well(free) if free_bytes >= _FEW_BYTES else warning(free, "Free some space before it runs out.")


def check_admins(settings: Settings, *, has_admin: bool) -> Finding:
    """Check that somebody may run the bot."""
    if has_admin or settings.admin_user_ids:
        return well("somebody is the bot's admin")
    if not settings.telegram_bot_token:
        return well("no admin is needed without Telegram")
    return warning("nobody is the bot's admin yet", "Start it: it shows a code and a link that make you the admin.")


def check_service(job: Job, supervisor_of: Callable[[], Supervisor]) -> Finding:
    """Check that the service, where there is one, is this copy's and runs."""
    try:
        supervisor = supervisor_of()
    except NoServiceHere as error:
        return well(f"no service: {error}")
    try:
        found = inspect(supervisor, job)
        return _judged(found, described(found.state), job) if found.installed else well(f"no service: {_INSTALL}")
    except ServiceError as error:
        return warning("the service cannot be looked at", str(error))


def _judged(found: Inspection, sentence: str, job: Job) -> Finding:
    again = "`scripts/run service install` does that."
    if found.home not in {None, job.home}:
        return warning(f"the service runs in {found.home}, not in {job.home}", f"To have it run here: {again}")
    if not found.current:
        return warning("the service was installed by another version", f"Install it anew: {again}")
    if not job.logs.is_dir():
        return warning(f"the folder of the service's log, {job.logs}, is gone", f"Make it anew: {again}")
    remedy = "`scripts/run service logs` says why; `scripts/run service start` starts it."
    return well(sentence) if found.runs else warning(sentence, remedy)


def check_running(settings: Settings) -> Finding:
    """Tell whether a bot runs on this database, as a service or by hand."""
    pid = holder(settings.database_path)
    return well("the bot does not run now" if pid is None else f"the bot runs now, as process {pid or 'unknown'}")


async def check_telegram(settings: Settings, check_token: TokenCheck) -> Finding:
    """Ask Telegram about the token."""
    if not settings.telegram_bot_token:
        return warning("Telegram is not connected", "`scripts/run setup` connects it; the terminal chat works without.")
    try:
        username = await check_token(settings.telegram_bot_token, settings.telegram_api_url)
    except TokenUnusable as error:
        return failed("Telegram cannot be used", str(error))
    return well(f"Telegram: the token is that of @{username}")


async def check_models(settings: Settings) -> AsyncIterator[Finding]:
    """Ask every model server what it has, and whether anything can answer. Raises InvalidConfiguration."""
    async with open_engine(settings) as engine:
        await engine.discovery.ready(ANSWER_SECONDS + 1)
        endpoints = engine.discovery.endpoints
        for endpoint in endpoints:
            yield await _check_server(engine, endpoint)
        for unknown in engine.router.rules.unknown_names():
            yield warning(unknown, "Load that model, or mend its name in the rule.")
        usable = sum(engine.registry.status(model.model_id).available for model in engine.registry.get_all_models())
        if usable:
            yield well(f"{_models(usable)} can answer")
        else:
            yield failed("no model can answer", what_to_do(engine.registry, endpoints))


async def _check_server(engine: ExecutionEngine, endpoint: Endpoint) -> Finding:
    """A server that is down fails nothing by itself: another one may serve."""
    name = endpoint_name(endpoint)
    if engine.registry.is_down(endpoint):
        return warning(
            f"{name} is not reachable", f"Start it, or take it out of {_SETTING.get(endpoint.backend, 'models.toml')}."
        )
    statuses = [engine.registry.status(model.model_id) for model in engine.registry.get_all_models()]
    count = sum(endpoint in status.endpoints for status in statuses)
    return well(f"{name}{await _version(endpoint)}: {_models(count)}")


def _models(count: int) -> str:
    return "1 model" if count == 1 else f"{count} models"


async def _version(endpoint: Endpoint) -> str:
    if endpoint.backend != "ollama":
        return ""
    try:
        return f", version {await version(endpoint) or 'unknown'}"
    except BackendError:
        return ", version unknown"
