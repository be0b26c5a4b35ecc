"""What each button does when it is pressed: a notice for its presser, and what its message becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialogue.choices import AUTO, choose_model, choose_strategy
from handlers.dispatch import OldButton
from handlers.model_list import model_by_tag, page_number, page_of
from handlers.screens import model_choice, model_switches, strategy_choice
from routing.types import RoutingStrategy

if TYPE_CHECKING:
    from handlers.dispatch import Press
    from handlers.front import Screen


async def stop(press: Press) -> tuple[str, Screen | None]:
    """Stop the answer that carries the button."""
    if not press.front.runs.stop(press.key, press.argument):
        raise OldButton
    return "Stopped.", None


async def pick_model(press: Press) -> tuple[str, Screen]:
    """Have one model answer in this chat, or leave the choice to the router."""
    services = press.services
    if press.argument == AUTO:
        return await choose_model(services, press.key, AUTO), await model_choice(services, press.key)
    model = model_by_tag(services.registry, press.argument)
    if not services.registry.status(model.model_id).available:
        raise OldButton
    told = await choose_model(services, press.key, model.model_id)
    place = 1 + _usable(press).index(model.model_id)  # "auto" stands before them
    return told, await model_choice(services, press.key, page_of(place))


async def turn_models(press: Press) -> tuple[str, Screen]:
    """Show another page of the models to pick from."""
    return "", await model_choice(press.services, press.key, page_number(press.argument))


async def switch_model(press: Press) -> tuple[str, Screen]:
    """Take a model out of the choice, or put it back."""
    state, _, tag = press.argument.partition(":")
    if state not in {"on", "off"}:
        raise OldButton
    model = model_by_tag(press.services.registry, tag)
    await press.services.set_model_enabled(model.model_id, enabled=state == "on")
    return f"{model.display_name} is {state}.", await model_switches(press.front, press.message.message_id, at=model)


async def turn_switches(press: Press) -> tuple[str, Screen]:
    """Show another page of the switches."""
    return "", await model_switches(press.front, press.message.message_id, page=page_number(press.argument))


async def pick_strategy(press: Press) -> tuple[str, Screen]:
    """Have models chosen in another way, for everybody."""
    if press.argument not in set(RoutingStrategy):
        raise OldButton
    return await choose_strategy(press.services, press.argument), strategy_choice(press.services)


def _usable(press: Press) -> list[str]:
    registry = press.services.registry
    return [model.model_id for model in registry.get_all_models() if registry.status(model.model_id).available]
