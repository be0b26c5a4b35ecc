"""The parts of the program are built from the settings, take up what admins chose, and are closed together."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from dialogue.services import DISABLED_REASON, open_engine, open_services
from dialogue.turn import Turn
from routing.errors import InvalidConfiguration
from routing.types import Finished, Query, RoutingStrategy
from settings import Settings
from storage.conversations import ConversationKey
from storage.errors import DatabaseClosed, DatabaseCorrupt
from tests.bot_in_process import GOOD, SMALL, says
from tests.fake_ollama import FakeOllama

if TYPE_CHECKING:
    from pathlib import Path

SEVEN = "ollama_qwen25_7b"


def the_settings(folder: Path, **given: str) -> Settings:
    """Settings without any server."""
    alone = {
        "OLLAMA_BASE_URL": "",
        "LMSTUDIO_BASE_URL": "",
        "MODELS_FILE": "",
        "DATABASE_PATH": str(folder / "test.db"),
    }
    return Settings.load({**alone, **given}, dotenv=None)


async def test_the_settings_reach_the_parts(tmp_path: Path) -> None:
    """Strategy, cost and servers are those of the settings."""
    given = {"ROUTING_STRATEGY": "quality", "MAX_COST": "0.4", "OLLAMA_BASE_URL": "http://127.0.0.1:9"}
    async with open_engine(the_settings(tmp_path, **given)) as engine:
        assert (engine.router.strategy, engine.router.max_cost) == (RoutingStrategy.QUALITY, 0.4)
        assert [endpoint.url for endpoint in engine.discovery.endpoints] == ["http://127.0.0.1:9"]


async def test_figures_of_the_settings_reach_the_engine(tmp_path: Path) -> None:
    """Each under the name that it has there."""
    given = {
        "connect_timeout_seconds": 1.0,
        "first_token_timeout_seconds": 2.0,
        "stall_timeout_seconds": 3.0,
        "request_timeout_seconds": 4.0,
        "generations_per_endpoint": 5,
        "refresh_seconds": 6.0,
        "lmstudio_api_key": "key",
        "mlx_model_paths": (str(tmp_path / "none"),),
    }
    written = {name.upper(): value[0] if isinstance(value, tuple) else f"{value}" for name, value in given.items()}
    async with open_engine(the_settings(tmp_path, **written)) as engine:
        assert {name: getattr(engine.config, name) for name in given} == given


@pytest.mark.parametrize(("margin", "kept"), [("0", False), ("1", True)])
async def test_a_chat_stays_on_its_model_as_far_as_the_setting_says(tmp_path: Path, margin: str, kept: bool) -> None:  # noqa: FBT001
    """STICKINESS_MARGIN 0 always takes the best, 1 never leaves."""
    async with FakeOllama({SMALL: says("Hi."), GOOD: says("Hi.")}) as ollama:
        settings = the_settings(tmp_path, OLLAMA_BASE_URL=ollama.root, STICKINESS_MARGIN=margin)
        async with open_services(settings) as services:
            await services.models_known()
            query = Query("What is Python?", current_model_id="ollama_qwen25_14b")
            assert (services.router.decide(query).candidates[0].model.model_id == "ollama_qwen25_14b") is kept


@pytest.mark.parametrize("setting", ["full", "hash", "off"])
async def test_prompts_are_kept_as_far_as_the_setting_says(tmp_path: Path, setting: str) -> None:
    """STORE_PROMPTS holds for every file of the database, while it is open and afterwards."""

    def is_kept() -> bool:
        files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        return b"planted question" in files or b"planted answer" in files

    async with FakeOllama({SMALL: says("A planted answer.")}) as ollama:
        settings = the_settings(tmp_path, OLLAMA_BASE_URL=ollama.root, STORE_PROMPTS=setting)
        async with open_services(settings) as services:
            turn = Turn(services, ConversationKey(1), 7, "What is a planted question?")
            async with aclosing(turn.events()) as events:
                assert [event.result.response async for event in events if isinstance(event, Finished)] == [
                    "A planted answer."
                ]
            await turn.keep()
            report = await services.analytics.report(3600.0)
            assert report.everything.answered == 1
            assert is_kept() == (setting == "full")
    assert is_kept() == (setting == "full")


async def test_a_strategy_chosen_outlives_the_process(tmp_path: Path) -> None:
    """It wins over the settings."""
    async with open_services(the_settings(tmp_path)) as services:
        await services.set_strategy(RoutingStrategy.SPEED)
        assert services.router.strategy is RoutingStrategy.SPEED
    async with open_services(the_settings(tmp_path, ROUTING_STRATEGY="quality")) as services:
        assert services.router.strategy is RoutingStrategy.SPEED


async def test_a_strategy_that_is_known_no_more_is_passed_over(tmp_path: Path) -> None:
    """A later version may have dropped it: the one of the settings counts then."""
    async with open_services(the_settings(tmp_path)) as services:
        await services.preferences.set("strategy", "astrology")
    async with open_services(the_settings(tmp_path, ROUTING_STRATEGY="quality")) as services:
        assert services.router.strategy is RoutingStrategy.QUALITY


async def test_a_model_switched_off_stays_off_until_it_is_switched_on(tmp_path: Path) -> None:
    """Over restarts, whether its server is there or not."""
    async with FakeOllama({SMALL: says("Hi."), GOOD: says("Hi.")}) as ollama:
        settings = the_settings(tmp_path, OLLAMA_BASE_URL=ollama.root)
        async with open_services(settings) as services:
            await services.models_known()
            await services.set_model_enabled(SEVEN, enabled=False)
            assert services.registry.status(SEVEN).reason == DISABLED_REASON
        async with open_services(settings) as services:
            await services.models_known()
            assert services.registry.status(SEVEN).reason == DISABLED_REASON
            await services.set_model_enabled(SEVEN, enabled=True)
            assert services.registry.status(SEVEN).available
        async with open_services(settings) as services:
            await services.models_known()
            assert services.registry.status(SEVEN).available


async def test_waiting_for_the_servers_ends_without_servers(tmp_path: Path) -> None:
    """There is nobody to wait for."""
    async with open_services(the_settings(tmp_path)) as services:
        began = time.monotonic()
        await services.models_known()
        assert time.monotonic() - began < 2


async def test_everything_is_closed_together(tmp_path: Path) -> None:
    """After the context nothing of it can be used."""
    async with open_services(the_settings(tmp_path)) as services:
        pass
    with pytest.raises(DatabaseClosed):
        await services.analytics.report(60.0)


async def test_a_wrong_models_file_is_refused_before_anything_is_open(tmp_path: Path) -> None:
    """With its problems in words."""
    models = tmp_path / "models.toml"
    models.write_text("[models.mine]\nbackend = 'ollama'\n")
    with pytest.raises(InvalidConfiguration, match="mine"):
        async with open_services(the_settings(tmp_path, MODELS_FILE=str(models))):
            pytest.fail("it was opened")


async def test_a_corrupt_database_is_refused(tmp_path: Path) -> None:
    """With a sentence that says what to do."""
    (tmp_path / "test.db").write_bytes(b"this is no database at all, but it is long enough to be looked at" * 100)
    with pytest.raises(DatabaseCorrupt, match="backup"):
        async with open_services(the_settings(tmp_path)):
            pytest.fail("it was opened")


async def test_forgetting_goes_on_while_the_parts_are_open(tmp_path: Path) -> None:
    """And ends with them."""

    def forgetting() -> bool:
        return any(task.get_name() == "forget the old" for task in asyncio.all_tasks())

    async with open_services(the_settings(tmp_path)):
        assert forgetting()
    assert not forgetting()


async def test_what_is_too_old_is_forgotten(tmp_path: Path) -> None:
    """RETENTION_DAYS holds for conversations and statistics."""
    async with open_services(the_settings(tmp_path, RETENTION_DAYS="1")) as services:
        row = ("t", 1, 0, time.time() - 3 * 86_400, "q", "", "a", "m")
        columns = "token, chat_id, thread_id, asked_at, question, attachments_note, answer, model_id"
        old = (f"INSERT INTO turns ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        await services.conversations._database.write(old)
        await services.forget_the_old()
        assert await services.conversations._database.read("SELECT * FROM turns") == []
