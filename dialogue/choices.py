"""Choices: a model or a strategy that somebody names in a command, taken or refused in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routing.types import RoutingStrategy

if TYPE_CHECKING:
    from dialogue.services import Services
    from routing.model_registry import ModelRegistry
    from routing.types import ModelMetadata
    from storage.conversations import ConversationKey

AUTO = "auto"


async def choose_model(services: Services, key: ConversationKey, wanted: str) -> str:
    """Have a model answer in this conversation, by its id or its name; "auto" leaves it to the router.

    Raises StorageError.
    """
    await services.models_known()
    if wanted.lower() == AUTO:
        await services.preferences.choose_model(key, None)
        return "The best model is chosen for each message."
    model = _named(services.registry, wanted)
    if model is None:
        return f"There is no model {wanted}. /model lists those that can be chosen."
    await services.preferences.choose_model(key, model.model_id)
    reason = services.registry.status(model.model_id).reason
    return f"{model.display_name} answers from now on{f', once it can: {reason}' * bool(reason)}."


async def choose_strategy(services: Services, wanted: str) -> str:
    """Have models chosen in another way, for everybody. Raises StorageError."""
    try:
        strategy = RoutingStrategy(wanted.lower())
    except ValueError:
        return f"There is no strategy {wanted}; there are {', '.join(RoutingStrategy)}."
    await services.set_strategy(strategy)
    return f"Models are chosen by {strategy.replace('_', ' ')} from now on."


def _named(registry: ModelRegistry, wanted: str) -> ModelMetadata | None:
    if model := registry.get_model(wanted):
        return model
    names = ((model, (model.model_id, model.display_name, model.backend_name)) for model in registry.get_all_models())
    return next((model for model, known in names if wanted.lower() in map(str.lower, known)), None)
