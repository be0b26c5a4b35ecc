"""The screens that commands open and buttons change: which model, which strategy, which models are on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram import InlineKeyboardButton

from dialogue.choices import AUTO
from dialogue.model_report import model_report
from dialogue.model_standing import Place, standings
from dialogue.services import DISABLED_REASON
from handlers.front import Screen, rows_of
from handlers.model_list import page_of, paged, paged_rows, tag_of
from routing.types import RoutingStrategy

if TYPE_CHECKING:
    from dialogue.model_standing import Standing
    from dialogue.services import Services
    from handlers.front import Front
    from routing.types import ModelMetadata
    from storage.conversations import ConversationKey

# What a button's data begins with; the table of buttons is in handlers/__init__.py.
PICK_MODEL, TURN_MODELS = "model", "models"
SWITCH_MODEL, TURN_SWITCHES = "switch", "switches"
LOAD_MODEL, UNLOAD_MODEL, STOP_LOAD = "load", "unload", "noload"
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


async def model_switches(
    front: Front, message_id: int = 0, *, page: int = 0, at: ModelMetadata | None = None, remark: str = ""
) -> Screen:
    """How every model stands, with a switch for each that is there, and buttons that load and unload.

    `at` is a model whose page is to be shown. `message_id` is that of the screen: a load that was begun there can be
    stopped there. `remark` is Markdown that stands below.
    """
    engine = front.services.engine
    await front.services.models_known()
    rows = {standing.model.model_id: _row(front, standing, message_id) for standing in await standings(engine)}
    shown = [model_id for model_id, row in rows.items() if row]
    if at and at.model_id in shown:
        page = page_of(shown.index(at.model_id))
    text = "\n\n".join(filter(None, (await model_report(engine), remark)))
    return Screen(text, paged_rows([rows[model_id] for model_id in shown], page, TURN_SWITCHES))


def load_name(message_id: int, model: ModelMetadata) -> str:
    """What a load that was begun in a screen can be stopped by."""
    return f"{message_id}:{tag_of(model.model_id)}"


def _row(front: Front, standing: Standing, message_id: int) -> tuple[InlineKeyboardButton, ...]:
    """The buttons of one model, as far as there are any: whether it may be chosen, and whether it is in memory."""
    model, tag = standing.model, tag_of(standing.model.model_id)
    is_off = standing.why_not == DISABLED_REASON
    name, switch = model.display_name, f"{SWITCH_MODEL}:{'on' if is_off else 'off'}:{tag}"
    switches = (_button(name, switch, off=is_off),) if is_off or not standing.why_not else ()
    what, data = _move(front, standing, message_id)
    if not what:
        return switches
    return *switches, _button(what if switches else f"{what} {name}", data)


def _move(front: Front, standing: Standing, message_id: int) -> tuple[str, str]:
    """What can be done about a model's place, as the label and the data of a button; both empty if nothing can."""
    model, name = standing.model, load_name(message_id, standing.model)
    if front.runs.has(name):
        return "⏹ Stop", f"{STOP_LOAD}:{name}"
    if standing.can_unload:
        return "Unload", f"{UNLOAD_MODEL}:{tag_of(model.model_id)}"
    if standing.can_load:
        what = "Download" if standing.place is Place.TO_FETCH else "Load"
        return what, f"{LOAD_MODEL}:{tag_of(model.model_id)}"
    return "", ""


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
