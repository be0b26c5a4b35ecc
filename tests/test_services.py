"""The parts of the program are built from the settings, take up what admins chose, and are closed together."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import time
from contextlib import aclosing
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from dialogue.services import DISABLED_REASON, open_engine, open_services
from dialogue.turn import Turn
from routing.errors import InvalidConfiguration
from routing.types import Endpoint, Finished, Loading, Query, RoutingStrategy
from settings import Settings
from storage.conversations import ConversationKey
from storage.errors import DatabaseClosed, DatabaseCorrupt
from storage.model_history import ModelHistory
from tests.answers import PATIENCE_SECONDS
from tests.bot_in_process import GOOD, SMALL, says
from tests.fake_backend import result_of
from tests.fake_ollama import FakeOllama

if TYPE_CHECKING:
    from pathlib import Path

    from dialogue.services import Services
    from routing.types import Event
    from tests.fake_model_server import FakeModel

SEVEN, FOURTEEN = "ollama_qwen25_7b", "ollama_qwen25_14b"


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
        "mlx_prompt_cache_gb": 7.0,
        "mlx_prompt_cache_folder": tmp_path,
        "mlx_prompt_cache_folder_gb": 8.0,
        "mlx_wired_limit_gb": 9.0,
        "model_memory_gb": 10.0,
    }
    written = {name.upper(): value[0] if isinstance(value, tuple) else f"{value}" for name, value in given.items()}
    async with open_engine(the_settings(tmp_path, **written)) as engine:
        assert {name: getattr(engine.config, name) for name in given} == given


@pytest.mark.parametrize("setting", ["hash", "off"])
async def test_no_prompt_is_kept_on_disk_where_none_is_to_be_kept(tmp_path: Path, setting: str) -> None:
    """STORE_PROMPTS holds for what models keep for reuse; what they have kept before is deleted."""
    kept = kept_prompts(tmp_path)
    given = {"STORE_PROMPTS": setting, "MLX_PROMPT_CACHE_FOLDER": str(tmp_path)}
    async with open_services(the_settings(tmp_path, **given)) as services:
        assert services.engine.config.mlx_prompt_cache_folder is None
        await services.forget_the_old()
    assert not any(path.exists() for path in kept)


@pytest.mark.parametrize(("days", "left"), [("0", [True, True]), ("30", [True, False])])
async def test_kept_prompts_are_forgotten_with_conversations(tmp_path: Path, days: str, left: list[bool]) -> None:
    """RETENTION_DAYS counts from their last use; 0 keeps them."""
    kept = kept_prompts(tmp_path)
    given = {"RETENTION_DAYS": days, "MLX_PROMPT_CACHE_FOLDER": str(tmp_path)}
    async with open_services(the_settings(tmp_path, **given)) as services:
        await services.forget_the_old()
        assert [path.exists() for path in kept] == left
        await services.forget_prompts()
    assert not any(path.exists() for path in kept)


def kept_prompts(folder: Path) -> list[Path]:
    """Two prompts on disk, one of today and one of two months ago."""
    paths = [folder / "prompts" / f"{'a' * 16}-{digit * 32}.safetensors" for digit in "12"]
    paths[0].parent.mkdir()
    for path, age_seconds in zip(paths, (0, 60 * 86_400), strict=True):
        path.write_bytes(b"x")
        os.utime(path, (time.time() - age_seconds,) * 2)
    return paths


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
        past = ModelHistory(services.database, clock=lambda: time.time() - 3 * 86_400)
        past.loaded("m", "http://somewhere", 1.0, None)
        await services.database.flush()
        await services.forget_the_old()
        assert await services.conversations._database.read("SELECT * FROM turns") == []
        assert await services.model_history.loads() == []


# --- models that come and go ------------------------------------------------------------------------------------------


def two_models(**facts: Any) -> dict[str, FakeModel]:
    """Two that take 1.6 GB each, and neither is in memory."""
    return {
        name: dataclasses.replace(says(f"{name} speaks."), loaded=False, size_bytes=500_000_000, **facts)
        for name in (SMALL, GOOD)
    }


async def ask(services: Services, model_id: str) -> list[Event]:
    """Every event of a question to one model."""
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        aclosing(services.engine.stream(Query("Hi", model_id=model_id))) as run,
    ):
        return [event async for event in run]


async def test_models_are_swapped_and_what_their_loads_took_outlives_the_process(tmp_path: Path) -> None:
    """Whoever waits is told for how long, at first by the size, and then as measured; the old one goes for the new."""
    async with FakeOllama(two_models(load_seconds=0.3)) as ollama:
        settings = the_settings(tmp_path, OLLAMA_BASE_URL=ollama.root, MODEL_MEMORY_GB="2")
        async with open_services(settings) as services:
            await services.models_known()
            first, second = await ask(services, SEVEN), await ask(services, FOURTEEN)
            assert await ask(services, FOURTEEN)
            assert not ollama.models[SMALL].loaded
            assert ollama.models[GOOD].loaded
        async with open_services(settings) as services:
            there = Endpoint("ollama", ollama.root)
            for model_id in (SEVEN, FOURTEEN):
                model = services.registry.get_model(model_id)
                assert model
                assert 0.2 < (services.engine.residency.load_seconds(model, there) or 0) < 2
    waits = [next(event for event in events if isinstance(event, Loading)) for events in (first, second)]
    assert (waits[0].seconds, waits[1].makes_room) == (2.0, ("Qwen2.5 7B",))
    for events, model_id in ((first, SEVEN), (second, FOURTEEN)):
        result = result_of(events)
        assert (result.success, result.model_id) == (True, model_id)
        assert result.completion
        assert (result.completion.load_seconds or 0) >= 0.3


@pytest.mark.parametrize(("preload", "mends", "loaded"), [("on", True, [SMALL]), ("off", True, []), ("on", False, [])])
async def test_what_is_usual_at_this_hour_is_loaded_ahead(
    tmp_path: Path, preload: str, *, mends: bool, loaded: list[str]
) -> None:
    """By whoever goes on for longer, and unless it is switched off."""
    async with FakeOllama(two_models()) as ollama:
        settings = the_settings(tmp_path, OLLAMA_BASE_URL=ollama.root, PRELOAD_MODELS=preload)
        async with open_services(settings) as services:
            await services.models_known()
            turn = Turn(services, ConversationKey(1), 7, "What is Python?")
            async with aclosing(turn.events()) as events:
                assert [e.result.model_id async for e in events if isinstance(e, Finished)] == [SEVEN]
        for model in ollama.models.values():
            model.loaded = False

        def there() -> list[str]:
            return [name for name, model in ollama.models.items() if model.loaded]

        async with open_services(settings, mends=mends) as services:
            await services.models_known()
            began = time.monotonic()
            while there() != loaded or time.monotonic() - began < 0.2:
                assert time.monotonic() - began < PATIENCE_SECONDS
                await asyncio.sleep(0.01)
    assert there() == loaded


async def test_a_prompt_begins_as_the_one_before_it(tmp_path: Path) -> None:
    """Nothing that changes stands before the conversation: the server computes only what is new."""
    async with (
        FakeOllama({SMALL: says("An answer.")}) as ollama,
        open_services(the_settings(tmp_path, OLLAMA_BASE_URL=ollama.root)) as services,
    ):
        for number in range(4):
            turn = Turn(services, ConversationKey(1), 7, f"Question {number}?")
            async with aclosing(turn.events()) as events:
                assert [event async for event in events]
            await turn.keep()
    told = [request.body["messages"] for request in ollama.requests if request.path == "/api/chat"]
    assert [len(messages) for messages in told] == [2, 4, 6, 8]
    for before, messages in pairwise(told):
        assert messages[: len(before)] == before
        assert messages[len(before)] == {"role": "assistant", "content": "An answer."}


async def test_a_history_that_cannot_be_read_keeps_nobody_from_answers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What loads take is learned anew."""
    async with open_services(the_settings(tmp_path)) as services:
        await services.database.write(("DROP TABLE model_loads", ()))
    async with open_services(the_settings(tmp_path)) as services:
        assert services.engine.keeper.loader.remember is not None
    assert "what loads and answers took before could not be read" in caplog.text
