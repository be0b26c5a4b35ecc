"""Shows what the bot did, from the database."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dialogue import reports
from routing.catalog import load_catalog
from routing.model_registry import ModelRegistry
from storage.analytics import Analytics
from storage.database import Database
from terminal.screen import open_screen

if TYPE_CHECKING:
    from settings import Settings
    from storage.analytics import Report, Tally


async def stats(settings: Settings, period: str, *, as_json: bool) -> int:
    """Show the report; return the exit status. Raises InvalidConfiguration, StorageError."""
    registry = ModelRegistry(load_catalog(settings.models_file).models)
    async with await Database.open(settings.database_path) as database:
        report = await Analytics(database, settings.store_prompts).report(reports.PERIODS[period])
    if as_json:
        print(json.dumps(report_as_json(report), ensure_ascii=False, indent=2))
    else:
        open_screen(sys.stdout).markdown(reports.stats(report, registry))
    return 0


def report_as_json(report: Report) -> dict[str, Any]:
    """Give every figure of a report. Times are in seconds, rates in [0, 1]; None where nothing was measured."""
    return {
        "period_seconds": report.period_seconds,
        "everything": _tally(report.everything),
        "by_model": [_tally(tally) for tally in report.by_model],
        "by_category": [_tally(tally) for tally in report.by_category],
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {**asdict(tally), "success_rate": tally.success_rate, "fallback_rate": tally.fallback_rate}
