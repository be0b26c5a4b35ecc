"""What admins see and change: statistics, the strategy, the models, the people."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from handlers.access import REFUSAL
from handlers.admin import LARGEST_ID
from routing.types import RoutingStrategy
from tests.bot_in_process import ADMIN_ID, GOOD, MEMBER_ID, QUESTION, SMALL, STRANGER_ID, endless, running, says

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot_in_process import Running
    from tests.telegram_world import Message

TWO_MODELS = {SMALL: says("The first."), GOOD: says("The second.")}


async def until_shown(bot: Running, screen: Message, button: str) -> None:
    """Wait until a message has a button."""
    await bot.telegram.wait_for(lambda: button in screen.buttons)


# --- stats ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "title"), [("", "24 hours"), (" 24h", "24 hours"), (" 7d", "7 days"), (" 30D", "30 days")]
)
async def test_stats_show_what_everybody_asked(tmp_path: Path, period: str, title: str) -> None:
    """Counts, rates, times, speed and tokens, by model and by category."""
    async with running(tmp_path) as bot:
        await bot.member.ask(QUESTION)
        await bot.admin.ask("2 + 2?")
        (report,) = await bot.admin.ask(f"/stats{period}")
        assert f"The last {title}" in report.text
        for fact in ("questions: 2", "success: 100%", "fallbacks: 0%", "first token", "(p95)", "tok/s", "52 in"):
            assert fact in report.text
        for group in ("By model", "Qwen2.5 7B", "By category", "question", "math"):
            assert group in report.text


async def test_stats_of_nothing_say_so(tmp_path: Path) -> None:
    """No table of zeroes."""
    async with running(tmp_path) as bot:
        (report,) = await bot.admin.ask("/stats 7d")
        assert report.text == "Nothing was asked in the last 7 days."


async def test_stats_of_an_unknown_period_say_which_there_are(tmp_path: Path) -> None:
    """A sentence, not an error."""
    async with running(tmp_path) as bot:
        (answer,) = await bot.admin.ask("/stats yesterday")
        assert "24h or 7d or 30d" in answer.text


# --- strategy ---------------------------------------------------------------------------------------------------------


async def test_a_strategy_is_kept_over_restarts(tmp_path: Path) -> None:
    """It counts at once, and still does when the program is started again."""
    async with running(tmp_path) as bot:
        (screen,) = await bot.admin.ask("/strategy")
        assert screen.buttons[0] == "✓ auto"
        await bot.admin.press(screen, "cost optimized")
        await bot.telegram.wait_for(lambda: "✓ cost optimized" in screen.buttons)
        assert bot.services.router.strategy is RoutingStrategy.COST_OPTIMIZED
    async with running(tmp_path) as bot:
        assert bot.services.router.strategy is RoutingStrategy.COST_OPTIMIZED
        (screen,) = await bot.admin.ask("/strategy")
        assert "✓ cost optimized" in screen.buttons


@pytest.mark.parametrize(
    ("named", "strategy"),
    [("speed", "speed"), ("Cost_Optimized", "cost_optimized"), ("latency_first", "speed"), ("quality", "quality")],
)
async def test_a_strategy_can_be_named(tmp_path: Path, named: str, strategy: str) -> None:
    """The command obeys in one sentence, as in the terminal."""
    async with running(tmp_path) as bot:
        (told,) = await bot.admin.ask(f"/strategy {named}")
        assert told.text == f"Models are chosen by {strategy.replace('_', ' ')} from now on."
        assert told.buttons == []
        assert bot.services.router.strategy is RoutingStrategy(strategy)


async def test_a_strategy_that_there_is_not_is_said(tmp_path: Path) -> None:
    """With those that there are; nothing changes."""
    async with running(tmp_path) as bot:
        (told,) = await bot.admin.ask("/strategy *foo*")
        assert told.text.startswith("There is no strategy *foo*; there are auto, speed, quality, balanced, cost_optim")
        assert bot.services.router.strategy is RoutingStrategy.AUTO


async def test_every_strategy_can_be_picked(tmp_path: Path) -> None:
    """There is a button for each, and its press counts."""
    async with running(tmp_path) as bot:
        (screen,) = await bot.admin.ask("/strategy")
        for strategy in (*list(RoutingStrategy)[1:], RoutingStrategy.AUTO):
            label = strategy.replace("_", " ")
            await bot.admin.press(screen, label)
            await until_shown(bot, screen, f"✓ {label}")
            assert bot.services.router.strategy is strategy


# --- models -----------------------------------------------------------------------------------------------------------


async def test_models_show_how_each_stands(tmp_path: Path) -> None:
    """Which can be used, which are in memory, how fast they are, and why the others cannot be used."""
    async with running(tmp_path, TWO_MODELS) as bot:
        (screen,) = await bot.admin.ask("/models")
        assert "2 of " in screen.text
        assert "in memory" in screen.text
        assert "SmallThinker 270M: not installed" in screen.text
        assert screen.buttons == ["Qwen2.5 7B", "Unload", "Qwen2.5 14B", "Unload"]


async def test_models_show_how_busy_their_server_is(tmp_path: Path) -> None:
    """While an answer is written, its server says so."""
    async with running(tmp_path, {SMALL: endless()}) as bot:
        await bot.member.say(QUESTION)
        await bot.ollama.until_asked("/api/chat")
        (screen,) = await bot.admin.ask("/models")
        assert f"Ollama at {bot.ollama.root}: 1 running, 0 waiting" in screen.text


async def test_a_model_is_switched_off_and_on(tmp_path: Path) -> None:
    """Switched off it is not taken, over restarts too, until it is switched on again."""
    async with running(tmp_path, TWO_MODELS) as bot:
        (screen,) = await bot.admin.ask("/models")
        await bot.admin.press(screen, "Qwen2.5 7B")
        await bot.telegram.wait_for(lambda: "✗ Qwen2.5 7B" in screen.buttons)
        assert "Qwen2.5 7B: disabled by an admin" in screen.text
        assert bot.admin.notices[-1]["text"] == "Qwen2.5 7B is off."
    async with running(tmp_path, TWO_MODELS) as bot:
        (answer,) = await bot.admin.ask(QUESTION)
        assert answer.text.startswith("The second.")
        (screen,) = await bot.admin.ask("/models")
        await bot.admin.press(screen, "✗ Qwen2.5 7B")
        await bot.telegram.wait_for(lambda: "Qwen2.5 7B" in screen.buttons)
        await bot.admin.ask("/new")
        (answer,) = await bot.admin.ask(QUESTION)
        assert answer.text.startswith("The first.")


# --- people -----------------------------------------------------------------------------------------------------------


async def test_people_are_listed_with_where_they_come_from(tmp_path: Path) -> None:
    """Those of the settings too."""
    async with running(tmp_path) as bot:
        await bot.admin.ask("/people allow 99 Grace *Hopper*")
        (listed,) = await bot.admin.ask("/people")
        assert "Grace *Hopper* 99 member" in listed.text
        assert f"{ADMIN_ID} admin, by ADMIN_USER_IDS" in listed.text
        assert f"{MEMBER_ID} member, by ALLOWED_USER_IDS" in listed.text


async def test_somebody_is_let_in_and_shut_out(tmp_path: Path) -> None:
    """Both count at once, and over restarts."""
    async with running(tmp_path) as bot:
        (told,) = await bot.admin.ask(f"/people allow {STRANGER_ID} Eve")
        assert told.text == "Eve may talk to me now."
        (answer,) = await bot.stranger.ask(QUESTION)
        assert answer.text.startswith("Hello you.")
    async with running(tmp_path) as bot:
        (answer,) = await bot.stranger.ask(QUESTION)
        assert answer.text.startswith("Hello you.")
        (told,) = await bot.admin.ask(f"/people remove {STRANGER_ID}")
        assert told.text == f"{STRANGER_ID} may not talk to me any more."
        (refusal,) = await bot.stranger.ask(QUESTION)
        assert str(STRANGER_ID) in refusal.text
        (again,) = await bot.admin.ask(f"/people remove {STRANGER_ID}")
        assert again.text == f"Nobody with the id {STRANGER_ID} may talk to me."


async def test_somebody_shut_out_is_told_so_at_once(tmp_path: Path) -> None:
    """Also who was refused on the same day, before being let in."""
    async with running(tmp_path) as bot:
        await bot.stranger.ask("Hello?")
        await bot.admin.ask(f"/people allow {STRANGER_ID} Eve")
        await bot.admin.ask(f"/people remove {STRANGER_ID}")
        await asyncio.sleep(1.3)  # a refusal that follows another one sooner gives way to answers
        (told,) = await bot.stranger.ask(QUESTION)
        assert told.text == REFUSAL.format(user_id=STRANGER_ID)
        await bot.stranger.say(QUESTION)
        await bot.admin.ask("/help")
        assert len(bot.stranger.chat.sent) == 2


async def test_the_last_admin_stays(tmp_path: Path) -> None:
    """Otherwise nobody could run the bot; with a second one the first may go."""
    async with running(tmp_path, ADMIN_USER_IDS="") as bot:
        code = bot.lines[-1].split()[-1]
        await bot.admin.ask(f"/start {code}")
        (refused,) = await bot.admin.ask(f"/people remove {ADMIN_ID}")
        assert "last admin" in refused.text
    async with running(tmp_path, ADMIN_USER_IDS=str(MEMBER_ID)) as bot:
        (told,) = await bot.member.ask(f"/people remove {ADMIN_ID}")
        assert told.text == f"{ADMIN_ID} may not talk to me any more."


async def test_who_is_in_the_settings_is_taken_out_there(tmp_path: Path) -> None:
    """The command says so instead of pretending."""
    async with running(tmp_path) as bot:
        (answer,) = await bot.admin.ask(f"/people remove {MEMBER_ID}")
        assert "ALLOWED_USER_IDS" in answer.text
        (still,) = await bot.member.ask(QUESTION)
        assert still.text.startswith("Hello you.")


@pytest.mark.parametrize(
    "arguments", ["allow", "allow Bob", "allow -5", "allow 0", f"allow {LARGEST_ID}", "allow ٤٢", "remove", "dance 42"]
)
async def test_a_command_that_makes_no_sense_is_explained(tmp_path: Path, arguments: str) -> None:
    """With what can be written instead."""
    async with running(tmp_path) as bot:
        (answer,) = await bot.admin.ask(f"/people {arguments}")
        assert "/people allow ID name" in answer.text
        assert await bot.services.people.everyone() == ()
