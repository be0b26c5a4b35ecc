"""The set-up dialogue: the token, the model servers, the models; what is set is kept with Enter."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from dialogue.errors import TokenUnusable
from dialogue.services import open_engine
from routing.advice import FIRST_MODEL, backend_name, what_to_do
from routing.discovery import ANSWER_SECONDS
from routing.errors import BackendError
from settings import Settings
from terminal.background import BackgroundLoop
from terminal.control_characters import printable
from terminal.env_file import write_settings
from terminal.memory import memory_gb, model_memory_gb
from terminal.model_pull import pull_with_bar
from terminal.prompt import answer_to
from terminal.screen import Screen, open_screen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from routing.execution_engine import ExecutionEngine
    from routing.types import Endpoint, ModelMetadata
    from terminal.service_checks import TokenCheck

_NO_SERVER = "Ollama is at https://ollama.com, LM Studio at https://lmstudio.ai. When one of them runs, run this again."


def setup(home: Path, check_token: TokenCheck) -> int:
    """Ask and write down; return the exit status. Raises InvalidConfiguration."""
    dotenv = home / ".env"
    with BackgroundLoop() as loop:
        dialogue = Setup(loop, open_screen(), dotenv, check_token)
        try:
            dialogue.connect_telegram()
            return dialogue.find_models()
        except _NotWritten as error:
            print(error, file=sys.stderr)
            return 1


class _NotWritten(Exception):
    """Raised with a sentence when .env cannot be written."""


class Setup:
    """The steps. Each reads the settings as they are then, so that one that is broken off leaves what came before."""

    def __init__(self, loop: BackgroundLoop, screen: Screen, dotenv: Path, check_token: TokenCheck) -> None:
        self._loop = loop
        self._screen = screen
        self._dotenv = dotenv
        self._check_token = check_token

    def connect_telegram(self) -> None:
        """Ask for a token until one is good or none is wanted, and write it down."""
        settings = self._settings()
        known = settings.telegram_bot_token
        if known:
            self._is_good(known, settings)
        question = "Token from @BotFather (Enter: keep it)" if known else "Token from @BotFather (Enter: later)"
        while token := answer_to(question):
            if self._is_good(token, settings):
                self._write("telegram_bot_token", token)
                return

    def find_models(self) -> int:
        """Look for model servers where the settings say, then offer models; return the exit status."""
        engine = self._loop.hold(open_engine(self._settings()))
        self._loop.run(engine.discovery.ready(ANSWER_SECONDS + 1))
        found = [endpoint for endpoint in engine.discovery.endpoints if not engine.registry.is_down(endpoint)]
        for endpoint in found:
            self._screen.note(f"Found {backend_name(endpoint.backend)} at {endpoint.address}.")
        if not found:
            self._screen.note(f"{what_to_do(engine.registry, engine.discovery.endpoints)} {_NO_SERVER}")
            return 0
        ollama = next((endpoint for endpoint in found if endpoint.backend == "ollama"), None)
        failures = self._fetch(ollama, self._choose(engine)) if ollama else 0
        self._screen.note("Done. `scripts/run` starts it, `scripts/run doctor` checks everything.")
        return 1 if failures else 0

    def _settings(self) -> Settings:
        return Settings.load(dotenv=self._dotenv)

    def _write(self, name: str, value: str) -> None:
        try:
            write_settings(self._dotenv, {name.upper(): value})
        except OSError as error:
            raise _NotWritten(f"{self._dotenv} cannot be written: {error.strerror}.") from error
        self._screen.note(f"Written to {self._dotenv}.")
        if name.upper() in os.environ:
            self._screen.note(f"{name.upper()} also stands in the environment, and that one wins: remove it there.")

    def _is_good(self, token: str, settings: Settings) -> bool:
        """Ask Telegram about a token, and say what it says."""
        try:
            username = self._loop.run(self._asked_telegram(token, settings.telegram_api_url))
        except TokenUnusable as error:
            self._screen.note(str(error))
            return False
        self._screen.note(f"Telegram: this is the token of @{username}.")
        return True

    async def _asked_telegram(self, token: str, api_url: str) -> str:
        return await self._check_token(token, api_url)

    def _choose(self, engine: ExecutionEngine) -> list[ModelMetadata]:
        """Offer the catalogued models that fit this machine's memory; return those that are wanted."""
        offered = _fitting(engine)
        self._screen.note(f"This machine has {memory_gb():.0f} GB; models may take {model_memory_gb():.0f} GB of it.")
        if not offered:
            self._screen.note("No model of the catalog fits; others do: see https://ollama.com/library.")
            return []
        for number, model in enumerate(offered, start=1):
            self._screen.note(_offer(number, model, is_there=engine.registry.status(model.model_id).available))
        return self._numbers(offered)

    def _numbers(self, offered: Sequence[ModelMetadata]) -> list[ModelMetadata]:
        """Ask for numbers until they are some."""
        while answer := answer_to("Which shall be fetched? Numbers, separated by commas (Enter: none)"):
            numbers = answer.replace(",", " ").split()
            if all(number.isdecimal() and 1 <= int(number) <= len(offered) for number in numbers):
                return [offered[int(number) - 1] for number in dict.fromkeys(numbers)]
            self._screen.note(f"Numbers from 1 to {len(offered)}, please.")
        return []

    def _fetch(self, endpoint: Endpoint, wanted: Sequence[ModelMetadata]) -> int:
        """Fetch models one by one; return how many could not be."""
        failures = 0
        for model in wanted:
            self._screen.note(f"Fetching {model.backend_name} …")
            try:
                self._loop.run(pull_with_bar(endpoint, model.backend_name, is_watched=sys.stdout.isatty()))
            except BackendError as error:
                print(printable(str(error)), file=sys.stderr)
                failures += 1
            else:
                self._screen.note(f"{model.display_name} is there.")
        return failures


def _fitting(engine: ExecutionEngine) -> list[ModelMetadata]:
    models = (model for model in engine.registry.get_all_models() if model.backend == "ollama" and not model.discovered)
    return sorted((model for model in models if model.ram_gb <= model_memory_gb()), key=lambda model: model.ram_gb)


def _offer(number: int, model: ModelMetadata, *, is_there: bool) -> str:
    remarks = [", is there already" * is_there, ", a good first one" * (model.backend_name == FIRST_MODEL)]
    abilities = ", ".join(sorted(model.capabilities))
    return f"  {number}. {model.display_name} ({abilities}; {model.ram_gb:g} GB{''.join(remarks)})"
