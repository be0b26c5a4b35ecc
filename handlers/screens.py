"""The screens that commands open and buttons change: which model, which strategy, which models are on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram import InlineKeyboardButton

from dialogue import reports
from dialogue.choices import AUTO
from handlers.front import Screen, rows_of
from handlers.model_list import paged, tag_of
from routing.types import RoutingStrategy

if TYPE_CHECKING:
    from dialogue.services import Services
    from routing.types import ModelMetadata
    from storage.conversations import ConversationKey

# What a button's data begins with; the table of buttons is in handlers/__init__.py.
PICK_MODEL, TURN_MODELS = "model", "models"
SWITCH_MODEL, TURN_SWITCHES = "switch", "switches"
PICK_STRATEGY = "strategy"

ABOUT_STRATEGIES = {
    RoutingStrategy.AUTO: "by the task: small models for small questions, the best for hard ones",
    RoutingStrategy.SPEED: "always the fastest",
    RoutingStrategy.QUALITY: "the best within MAX_COST",
    RoutingStrategy.BALANCED: "quality, speed and cost weighed up",
    RoutingStrategy.COST_OPTIMIZED: "as little of the machine as will do",
    RoutingStrategy.REDUNDANT: "two at once, the first to answer wins",
}


async def model_choice(services: Services, key: ConversationKey, page: int = 0) -> Screen:
    """Which model this conversation wants: "auto" first, then every model that can be used now."""
    await services.models_known()
    chosen = await services.preferences.model_choice(key)
    registry = services.registry
    usable = [model for model in registry.get_all_models() if registry.status(model.model_id).available]
    buttons = [_button("auto", f"{PICK_MODEL}:{AUTO}", marked=chosen is None)]
    buttons += [
        _button(model.display_name, f"{PICK_MODEL}:{tag_of(model.model_id)}", marked=model.model_id == chosen)
        for model in usable
    ]
    return Screen(_choice_text(services, chosen, usable), paged(buttons, page, TURN_MODELS))


def _choice_text(services: Services, chosen: str | None, usable: list[ModelMetadata]) -> str:
    if chosen is None:
        text = "The best model is chosen for each message. Pick one here to have it answer everything in this chat."
    else:
        model = services.registry.get_model(chosen)
        text = f"{model.display_name if model else chosen} answers in this chat. “auto” leaves the choice to me."
    if chosen and chosen not in {model.model_id for model in usable}:
        text += " It cannot be used now, so others stand in."
    return text if usable else f"{text}\n\nNo model can be used now: the answer to any question says what to do."


async def model_switches(services: Services, page: int = 0) -> Screen:
    """How every model stands, and a switch for each that is there."""
    await services.models_known()
    buttons = [
        _button(model.display_name, f"{SWITCH_MODEL}:{'on' if is_off else 'off'}:{tag_of(model.model_id)}", off=is_off)
        for model, is_off in await switchable(services)
    ]
    return Screen(reports.models(services.registry, services.engine.load), paged(buttons, page, TURN_SWITCHES))


async def switchable(services: Services) -> list[tuple[ModelMetadata, bool]]:
    """The models that can be used, and those that an admin has switched off (True)."""
    off = await services.preferences.disabled_models()
    registry = services.registry
    return [
        (model, model.model_id in off)
        for model in registry.get_all_models()
        if model.model_id in off or registry.status(model.model_id).available
    ]


def strategy_choice(services: Services) -> Screen:
    """How models are chosen, for everybody."""
    now = services.router.strategy
    lines = [f"- **{_words(strategy)}**: {about}" for strategy, about in ABOUT_STRATEGIES.items()]
    buttons = [
        _button(_words(strategy), f"{PICK_STRATEGY}:{strategy}", marked=strategy is now)
        for strategy in ABOUT_STRATEGIES
    ]
    text = "\n".join((f"Models are chosen by **{_words(now)}**, for everybody.", "", *lines))
    return Screen(text, rows_of(buttons, 2))


def _button(label: str, data: str, *, marked: bool = False, off: bool = False) -> InlineKeyboardButton:
    mark = "✓ " if marked else "✗ " if off else ""
    return InlineKeyboardButton(mark + label, callback_data=data)


def _words(name: str) -> str:
    return name.replace("_", " ")
