"""The doctor: checks everything, and says for each failure what to do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rich.text import Text

from routing.errors import InvalidConfiguration
from service.job import job_in
from service.supervisor import supervisor_of
from settings import Settings
from terminal.control_characters import printable
from terminal.findings import Finding, Verdict, failed, well
from terminal.installation_checks import (
    check_catalog,
    check_log,
    check_names,
    check_packages,
    check_python,
    check_secrecy,
)
from terminal.mlx_checks import check_mlx
from terminal.screen import open_screen
from terminal.service_checks import check_models, check_running, check_service, check_storage, check_telegram

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from terminal.service_checks import TokenCheck

_COLOURS = {Verdict.WELL: "green", Verdict.WARNING: "yellow", Verdict.FAILED: "red"}


async def doctor(home: Path, check_token: TokenCheck) -> int:
    """Check everything, showing each finding when it is made; return 1 if anything failed, else 0."""
    screen = open_screen()
    failures = 0
    async for finding in _examine(home, check_token):
        failures += finding.verdict is Verdict.FAILED
        screen.show(_line(finding))
    if not failures:
        screen.note("Everything that must work does.")
    return 1 if failures else 0


async def _examine(home: Path, check_token: TokenCheck) -> AsyncIterator[Finding]:
    dotenv = home / ".env"
    yield check_python()
    yield check_packages()
    yield check_secrecy(dotenv)
    try:
        for finding in check_names(dotenv):
            yield finding
        settings = Settings.load(dotenv=dotenv)
    except InvalidConfiguration as error:
        for problem in error.problems:
            yield failed(problem, f"Mend it in {dotenv} or in the environment; then run this again for the rest.")
        return
    yield well("every setting is in order")
    catalog = list(check_catalog(settings))
    for finding in (*catalog, check_log(settings)):
        yield finding
    async for finding in _one_after_the_other(check_mlx(settings), check_storage(settings)):
        yield finding
    yield check_running(settings)
    yield await asyncio.to_thread(check_service, job_in(home), supervisor_of)
    yield await check_telegram(settings, check_token)
    if all(finding.verdict is Verdict.WELL for finding in catalog):
        async for finding in check_models(settings):
            yield finding


async def _one_after_the_other(*checks: AsyncIterator[Finding]) -> AsyncIterator[Finding]:
    for check in checks:
        async for finding in check:
            yield finding


def _line(finding: Finding) -> Text:
    line = Text.assemble((finding.verdict, _COLOURS[finding.verdict]), f" {printable(finding.text)}")
    if finding.remedy:
        line.append(f"\n  → {printable(finding.remedy)}", style="dim")
    return line
