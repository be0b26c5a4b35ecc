"""BotInProcess: the real Telegram part of the program in the test's own event loop, against the doubles."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dialogue.services import open_services
from handlers.application import run_bot
from settings import Settings
from tests.fake_model_server import FakeModel, Script
from tests.fake_ollama import FakeOllama
from tests.telegram_server import TOKEN, TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from pathlib import Path

    from dialogue.services import Services
    from tests.telegram_world import Person

ADMIN_ID, MEMBER_ID, STRANGER_ID = 42, 43, 7
SMALL, GOOD = "qwen2.5:7b-instruct-q4_K_M", "qwen2.5:14b-instruct-q4_K_M"
QUESTION = "What is Python?"


def says(*pieces: str, **script: object) -> FakeModel:
    """A model that always says this."""
    return FakeModel(Script(pieces=pieces, **script))  # type: ignore[arg-type]  # fields by name


def endless() -> FakeModel:
    """A model that goes on until it is stopped."""
    return says(*["more and more "] * 5000, token_seconds=0.05)


@dataclass
class Running:
    """A bot that polls, and all around it. `lines` is what it has shown in the terminal."""

    telegram: TelegramServer
    ollama: FakeOllama
    services: Services
    stop: asyncio.Event
    task: asyncio.Task[None]
    lines: list[str] = field(default_factory=list)

    @property
    def admin(self) -> Person:
        """Somebody who may do everything."""
        return self.telegram.user(ADMIN_ID, "Ada")

    @property
    def member(self) -> Person:
        """Somebody who may talk."""
        return self.telegram.user(MEMBER_ID, "Bob")

    @property
    def stranger(self) -> Person:
        """Somebody nobody knows."""
        return self.telegram.user(STRANGER_ID, "Eve")

    async def end(self) -> None:
        """Have it stop, and wait until it has."""
        self.stop.set()
        await self.task


@asynccontextmanager
async def running(
    folder: Path,
    models: Mapping[str, FakeModel] | None = None,
    *,
    telegram: TelegramServer | None = None,
    **settings: Any,
) -> AsyncGenerator[Running]:
    """A bot with one Ollama. The admin and a member may talk to it unless the settings say otherwise."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(TelegramServer()) if telegram is None else telegram
        ollama = await stack.enter_async_context(FakeOllama(models or {SMALL: says("Hello ", "**you**.")}))
        given = the_settings(folder, server, ollama.root, **settings)
        services = await stack.enter_async_context(open_services(given))
        stop, lines = asyncio.Event(), list[str]()
        task = asyncio.create_task(run_bot(services, lines.append, stop))
        bot = Running(server, ollama, services, stop, task, lines)
        stack.push_async_callback(bot.end)
        await server.wait_for(lambda: lines or task.done())
        yield bot


def the_settings(folder: Path, telegram: TelegramServer, ollama_url: str, **settings: str) -> Settings:
    """Settings for one bot whose database is in `folder`."""
    return Settings.load(
        {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": telegram.url,
            "ADMIN_USER_IDS": str(ADMIN_ID),
            "ALLOWED_USER_IDS": str(MEMBER_ID),
            "OLLAMA_BASE_URL": ollama_url,
            "LMSTUDIO_BASE_URL": "",
            "MODELS_FILE": "",
            "DATABASE_PATH": str(folder / "switchboard.db"),
            **settings,
        },
        dotenv=None,
    )


def chat_requests(ollama: FakeOllama) -> list[list[dict[str, object]]]:
    """The messages of every question that reached the model, oldest first."""
    return [request.body["messages"] for request in ollama.asked("/api/chat")]


def last_prompt(ollama: FakeOllama) -> str:
    """The last question as the model got it."""
    return str(chat_requests(ollama)[-1][-1]["content"])
