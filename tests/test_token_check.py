"""A token is checked with Telegram, and what is wrong is told without showing it."""

from __future__ import annotations

import pytest

from dialogue.errors import TokenUnusable
from handlers.token_check import check_token
from tests.telegram_server import TOKEN, TelegramServer

pytestmark = pytest.mark.timeout(60)


async def test_a_good_token_has_a_name() -> None:
    """The bot's username comes back."""
    async with TelegramServer() as telegram:
        assert await check_token(TOKEN, telegram.url) == "switchboard_bot"


@pytest.mark.parametrize("token", ["98765:AAwrong", "nonsense", "", "1:a b", "1:a/../getMe", "١:abc", "1:\nx"])
async def test_a_wrong_token_is_said_and_not_shown(token: str) -> None:
    """Refused by Telegram or no token at all: what to do is said, the token is not."""
    async with TelegramServer() as telegram:
        with pytest.raises(TokenUnusable, match="copy") as told:
            await check_token(token, telegram.url)
    assert not token or token not in str(told.value)


async def test_no_network_says_nothing_about_the_token() -> None:
    """It cannot be known then whether the token is good."""
    with pytest.raises(TokenUnusable, match="check the network"):
        await check_token(TOKEN, "http://127.0.0.1:9")
