"""Fixtures of the double of Telegram, and of what sends to it: `pytest_plugins = ("tests.telegram_fixtures",)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sender import ADA, Sender, sending
from tests.telegram_server import TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.telegram_world import Chat


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    """Telegram, with nothing said yet."""
    async with TelegramServer() as server:
        yield server


@pytest.fixture
async def sender(server: TelegramServer) -> AsyncIterator[Sender]:
    """What sends to it."""
    async with sending(server) as sender:
        yield sender


@pytest.fixture
def chat(server: TelegramServer) -> Chat:
    """Ada's private chat."""
    return server.user(ADA, "Ada").chat
