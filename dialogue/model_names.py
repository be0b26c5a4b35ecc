"""Finds the model that somebody means: by its id, a name, or a part of one that no other model has."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from routing.model_registry import ModelRegistry
    from routing.types import ModelMetadata

_MOST_NAMED = 5
_SIMILAR = 0.5


class NotOneModel(Exception):
    """Raised when a name means no model, or several; the text is a sentence that says which there are."""


def find_model(registry: ModelRegistry, wanted: str) -> ModelMetadata:
    """Find the model that is meant: by its whole id or name, else by a part. Case and punctuation do not count.

    Where a name means several, those go first that a server has or could fetch: the catalog has many a model once for
    each backend. Raises NotOneModel.
    """
    named = list(registry.get_all_models())
    asked = _key(wanted)
    matching: tuple[Callable[[ModelMetadata], bool], ...] = (
        lambda model: wanted in {model.model_id, model.display_name, model.backend_name},
        lambda model: asked in map(_key, _names(model)),
        lambda model: bool(asked) and any(asked in _key(name) for name in _names(model)),
    )
    for matches in matching:
        if found := [model for model in named if matches(model)]:
            return _only([model for model in found if registry.offers_of(model.model_id)] or found, wanted)
    raise NotOneModel(f"There is no model {wanted}. {_closest(named, wanted)}".rstrip())


def _only(found: list[ModelMetadata], wanted: str) -> ModelMetadata:
    if len(found) == 1:
        return found[0]
    more = len(found) - _MOST_NAMED
    raise NotOneModel(
        f"{wanted} may mean {_ids(found[:_MOST_NAMED])}{f' or {more} more' if more > 0 else ''}: please write which."
    )


def _closest(models: Iterable[ModelMetadata], wanted: str) -> str:
    """Name what somebody may have meant by a name that is slightly wrong."""
    asked = _key(wanted)
    likeness = {
        model: max(difflib.SequenceMatcher(None, asked, _key(name)).ratio() for name in _names(model))
        for model in models
    }
    similar = sorted((model for model in likeness if likeness[model] >= _SIMILAR), key=lambda model: -likeness[model])
    return f"Perhaps {_ids(similar[:3])}?" if similar else ""


def _ids(models: Iterable[ModelMetadata]) -> str:
    return " or ".join(model.model_id for model in models)


def _names(model: ModelMetadata) -> tuple[str, str, str]:
    return model.model_id, model.display_name, model.backend_name


def _key(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())
