"""Checks what is on this machine: Python, packages, settings, catalog, log file."""

from __future__ import annotations

import os
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from routing.catalog import load_catalog
from routing.errors import InvalidConfiguration
from settings import misspelt, readable_by_others
from terminal.findings import Finding, failed, warning, well

if TYPE_CHECKING:
    from collections.abc import Iterator

    from settings import Settings

_OLDEST_PYTHON = (3, 11)
_REQUIREMENTS = Path(__file__).parent.parent / "requirements.txt"
# Those without a marker: the others belong to some machines only.
_PINNED = re.compile(r"^([\w-]+)==([\w.]+)(?!.*;)", re.MULTILINE)


def check_python() -> Finding:
    """Check the version of Python."""
    version = sys.version.split()[0]
    if sys.version_info < _OLDEST_PYTHON:
        return failed(f"Python {version} is too old", "Install Python 3.11 or newer, then use scripts/run.")
    return well(f"Python {version}")


def check_packages(requirements: Path = _REQUIREMENTS) -> Finding:
    """Compare what is installed with requirements.txt."""
    pinned = _PINNED.findall(requirements.read_text(encoding="utf-8"))
    wrong = [f"{name} {found or 'missing'}" for name, wanted in pinned if (found := _installed(name)) != wanted]
    if wrong:
        return failed(
            f"packages: {', '.join(wrong)}", "Start with scripts/run: it installs what requirements.txt says."
        )
    return well(f"packages: all {len(pinned)} of requirements.txt")


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def check_secrecy(dotenv: Path) -> Finding:
    """Check that the file with the token is for its owner alone."""
    if not dotenv.exists():
        return well(f"no {dotenv}: settings come from the environment and their defaults")
    if readable_by_others(dotenv):
        return warning(f"{dotenv} can be read by others on this machine", f"chmod 600 '{dotenv}'")
    return well(f"{dotenv} is for its owner alone")


def check_names(dotenv: Path) -> Iterator[Finding]:
    """Look for misspelt names, which change nothing. Raises InvalidConfiguration."""
    for name, likely in misspelt(dotenv).items():
        yield warning(f"{name} in {dotenv} is no setting, so it changes nothing", f"Write {likely}, if that is meant.")


def check_catalog(settings: Settings) -> Iterator[Finding]:
    """Read models.toml."""
    path = settings.models_file
    if path is None or (path.name == "models.toml" and not path.exists()):
        yield well("no models.toml: the shipped catalog stands as it is")
        return
    if not path.is_file():
        yield warning(f"MODELS_FILE: {path} is no file, so it changes nothing", "Set it to a file that is there.")
        return
    try:
        load_catalog(path)
    except InvalidConfiguration as error:
        for problem in error.problems:
            yield failed(problem, "Mend that line; the README shows the form of an entry.")
    else:
        yield well(f"{path} is in order")


def check_log(settings: Settings) -> Finding:
    """Check that the log can be written."""
    if settings.log_file is None:
        return well("log: to standard error")
    path = settings.log_file
    writable = os.access(path, os.W_OK) if path.exists() else os.access(path.parent, os.W_OK | os.X_OK)
    if not writable or path.is_dir():
        return failed(f"the log {path} cannot be written", "Set LOG_FILE to a file in a folder that is there.")
    return well(f"log: {path}")
