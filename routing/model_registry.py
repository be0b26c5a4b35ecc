"""ModelRegistry: which models exist, what they can do, and which endpoints can serve them now."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.catalog import shipped_catalog
from routing.context_window import serves_loaded
from routing.priors import model_from_offer
from routing.types import Endpoint, ModelCapability, ModelMetadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from routing.types import ModelOffer, SpeedClass

_QUALITY_OF = {ModelCapability.CODE: "code", ModelCapability.REASONING: "reasoning", ModelCapability.MATH: "reasoning"}


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """Where a model stands now. `reason` says why it is not available; `loaded` is None where nobody knows.

    `endpoints` are those that can serve it now, those that have it in memory first.
    """

    model: ModelMetadata
    available: bool
    reason: str = ""
    loaded: bool | None = None
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(slots=True)
class _Serving:
    """One model at one endpoint, which has a name of its own for it."""

    name: str
    loaded: bool | None = None
    cooling_until: float = 0.0
    offer: ModelOffer | None = None  # None: this endpoint was never asked

    @property
    def downloaded(self) -> bool:
        return self.offer is None or self.offer.downloaded


class ModelRegistry:
    """The models and their live state.

    Until the first word of a backend's endpoints (`apply_offers`, `close_backend`), its models count as available: the
    catalog is then all that is known. `version` grows with every change that can alter a decision. Not thread-safe.
    """

    def __init__(
        self, models: Iterable[ModelMetadata] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._catalog: dict[str, ModelMetadata] = {}
        self._models: dict[str, ModelMetadata] = {}
        self._servings: dict[str, dict[Endpoint, _Serving]] = {}
        self._offers: dict[Endpoint, tuple[ModelOffer, ...] | None] = {}
        self._last_offers: dict[Endpoint, tuple[ModelOffer, ...]] = {}  # of endpoints that are down, too
        self._doubted: set[Endpoint] = set()
        self._away: set[str] = set()  # what an endpoint that is down had before
        self._closed: dict[str, str] = {}
        self._switched_off: dict[str, str] = {}
        self._clock = clock
        self._version = 0
        self._next_change = float("inf")
        for model in shipped_catalog().models if models is None else models:
            self._catalog[model.model_id] = model
        self._rebuild()

    # --- which models there are ---------------------------------------------------------------------------------------

    def register(self, model: ModelMetadata) -> None:
        """Add a model, or replace the one of the same id."""
        self._catalog[model.model_id] = model
        self._rebuild()

    def get_model(self, model_id: str) -> ModelMetadata | None:
        """Find a model by its id, available or not."""
        return self._models.get(model_id)

    def get_all_models(self) -> list[ModelMetadata]:
        """List every model, available or not, in the order of the catalog; discovered ones follow."""
        return list(self._models.values())

    def get_models_by_backend(self, backend: str) -> list[ModelMetadata]:
        """List the available models of one backend."""
        return [model for model in self._available() if model.backend == backend]

    def get_models_by_capability(self, capability: ModelCapability) -> list[ModelMetadata]:
        """List the available models that have a capability."""
        return [model for model in self._available() if capability in model.capabilities]

    def get_models_by_speed(self, speed: SpeedClass) -> list[ModelMetadata]:
        """List the available models of one speed class."""
        return [model for model in self._available() if model.speed_class is speed]

    def get_fastest_model(self, capability: ModelCapability | None = None) -> ModelMetadata | None:
        """Find the available model of the fastest class; among equals the order of the catalog decides."""
        able = [model for model in self._available() if capability is None or capability in model.capabilities]
        return min(able, key=lambda model: model.speed_class.rank, default=None)

    def get_best_quality_model(self, capability: ModelCapability, max_cost: float = 1.0) -> ModelMetadata | None:
        """Find the available model that does best at a capability and costs `max_cost` at the most."""
        able = [model for model in self.get_models_by_capability(capability) if model.cost <= max_cost]
        figure = _QUALITY_OF.get(capability, "general")
        return max(able, key=lambda model: getattr(model.quality, figure), default=None)

    # --- what can serve now -------------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """A number that grows with every change, an endpoint that has cooled down again included."""
        if self._clock() >= self._next_change:
            self._touch()
        return self._version

    def status(self, model_id: str) -> ModelStatus:
        """Say where a model stands. Raises KeyError for an id that is not registered."""
        model = self._models[model_id]
        servings = self._servings.get(model_id, {})
        now = self._clock()
        up = {
            endpoint: serving
            for endpoint, serving in servings.items()
            if endpoint not in self._doubted and serving.downloaded
        }
        ready = [endpoint for endpoint, serving in up.items() if serving.cooling_until <= now]
        ready.sort(key=lambda endpoint: not _answers_at_once(model, servings[endpoint]))
        reason = self._why_not(model, ready=bool(ready))
        loaded = _answers_at_once(model, servings[ready[0]]) if ready else None
        return ModelStatus(model, available=not reason, reason=reason, loaded=loaded, endpoints=tuple(ready))

    def why_not(self, model_id: str) -> str:
        """Say in words why a model cannot be had now; empty when it can."""
        return self.status(model_id).reason if model_id in self._models else "no longer there"

    def model_at(self, model: ModelMetadata, endpoint: Endpoint) -> ModelMetadata:
        """Give a model the name by which an endpoint knows it; hosts may differ in that."""
        serving = self._servings.get(model.model_id, {}).get(endpoint)
        if serving is None or serving.name == model.backend_name:
            return model
        return dataclasses.replace(model, backend_name=serving.name)

    def is_loaded(self, model_id: str, endpoint: Endpoint) -> bool | None:
        """Whether a model answers at an endpoint without a load; None where nobody knows."""
        serving, model = self._servings.get(model_id, {}).get(endpoint), self._models.get(model_id)
        return _answers_at_once(model, serving) if serving and model else None

    def is_loaded_otherwise(self, model_id: str, endpoint: Endpoint) -> bool:
        """Whether a model is in memory there, but would be loaded anew, in its place, for a request of ours."""
        serving = self._servings.get(model_id, {}).get(endpoint)
        return bool(serving and serving.loaded) and self.is_loaded(model_id, endpoint) is False

    def offers_of(self, model_id: str) -> dict[Endpoint, ModelOffer]:
        """Find what each endpoint that was asked says of a model, downloaded or not, cooling down or not."""
        servings = self._servings.get(model_id, {})
        return {endpoint: serving.offer for endpoint, serving in servings.items() if serving.offer}

    def name_at(self, model_id: str, endpoint: Endpoint) -> str:
        """Give the name by which an endpoint knows a model; the id itself where it knows none."""
        serving = self._servings.get(model_id, {}).get(endpoint)
        model = self._models.get(model_id)
        return serving.name if serving else model.backend_name if model else model_id

    def in_memory(self) -> dict[tuple[Endpoint, str], str]:
        """List what is in memory where a server says so: endpoint and name there -> the first model of that name."""
        found: dict[tuple[Endpoint, str], str] = {}
        for model_id, at in self._servings.items():
            for endpoint, serving in at.items():
                if serving.loaded and serving.offer and serving.offer.loaded is not None:
                    found.setdefault((endpoint, serving.name), model_id)
        return found

    def update_availability(self, model_id: str, available: bool, reason: str = "unavailable") -> None:  # noqa: FBT001  # the specification's signature
        """Take a model out of the choice by hand, for a reason in words, or put it back."""
        if available:
            self._switched_off.pop(model_id, None)
        else:
            self._switched_off[model_id] = reason
        self._touch()

    def close_backend(self, backend: str, reason: str) -> None:
        """Declare that nothing can run a backend's models, and why ("OLLAMA_BASE_URL is empty")."""
        if self._closed.get(backend) != reason:
            self._closed[backend] = reason
            self._touch()

    def apply_offers(self, endpoint: Endpoint, offers: Sequence[ModelOffer] | None) -> bool:
        """Take in what an endpoint offers; None: it cannot be reached. True when that changed anything."""
        known = _in_order(offers) if offers is not None else None
        if self._is_no_news(endpoint, known):
            return False
        self._doubted.discard(endpoint)
        self._offers[endpoint] = known
        if known is not None:
            self._last_offers[endpoint] = known
        self._rebuild(heard=endpoint)
        return True

    def doubt(self, endpoint: Endpoint) -> None:
        """Count an endpoint that took no request as down until its next word (`apply_offers`) shows what is true."""
        if not self.is_down(endpoint):
            self._doubted.add(endpoint)
            self._touch()

    def is_down(self, endpoint: Endpoint) -> bool:
        """True when the last attempt to reach an endpoint failed."""
        return endpoint in self._doubted or endpoint in self._gone()

    def has_models(self, endpoint: Endpoint) -> bool:
        """True when an endpoint has a model, whether that can be used now or not."""
        return any(endpoint in at for at in self._servings.values())

    def mark_loaded(self, model_id: str, endpoint: Endpoint) -> None:
        """Note that a model has just answered at an endpoint, so that it is in memory there, until its next word."""
        self._mark(model_id, endpoint, loaded=True)

    def mark_unloaded(self, model_id: str, endpoint: Endpoint) -> None:
        """Note that a model has left an endpoint's memory."""
        self._mark(model_id, endpoint, loaded=False)

    def cool_down(self, model_id: str, endpoint: Endpoint, until: float) -> None:
        """Keep a model at an endpoint out of the choice until `until` (this registry's clock); 0 ends it."""
        serving = self._serving(model_id, endpoint)
        if serving and serving.cooling_until != until:
            serving.cooling_until = until
            self._touch()

    # --- inside -------------------------------------------------------------------------------------------------------

    def _mark(self, model_id: str, endpoint: Endpoint, *, loaded: bool) -> None:
        """Mark every model that goes by the same name there: it is one in memory."""
        serving = self._serving(model_id, endpoint)
        if serving is None or (serving.loaded is loaded and self.is_loaded(model_id, endpoint) is loaded):
            return
        for at in self._servings.values():
            if (other := at.get(endpoint)) and other.name == serving.name:
                other.loaded = loaded
                if loaded and other.offer:
                    other.offer = dataclasses.replace(other.offer, downloaded=True, loaded_context_tokens=None)
        self._touch()

    def _is_no_news(self, endpoint: Endpoint, offers: tuple[ModelOffer, ...] | None) -> bool:
        """Whether an endpoint has said the same before, and nothing was noted since that it now denies."""
        if endpoint not in self._offers or self._offers[endpoint] != offers or endpoint in self._doubted:
            return False
        said = set(offers or ())
        here = (serving for at in self._servings.values() if (serving := at.get(endpoint)) and serving.offer)
        return all(serving.offer in said and serving.offer.loaded in (None, serving.loaded) for serving in here)

    def _available(self) -> list[ModelMetadata]:
        return [model for model in self._models.values() if self.status(model.model_id).available]

    def _serving(self, model_id: str, endpoint: Endpoint) -> _Serving | None:
        """Find a model at an endpoint; one that was never asked what it offers is taken to have every model."""
        at = self._servings.get(model_id, {})
        model = self._models.get(model_id)
        if endpoint not in at and endpoint not in self._offers and model:
            at = self._servings.setdefault(model_id, at)
            at[endpoint] = _Serving(model.backend_name)
        return at.get(endpoint)

    def _why_not(self, model: ModelMetadata, *, ready: bool) -> str:
        """Say in words why a model cannot be had; empty when it can."""
        if not model.enabled:
            return "disabled in models.toml"
        off = self._switched_off.get(model.model_id) or self._closed.get(model.backend)
        if off or ready:
            return off or ""
        servings = self._servings.get(model.model_id)
        if not servings:
            return self._why_not_offered(model)
        there = [serving for endpoint, serving in servings.items() if endpoint not in self._doubted]
        if not there:
            return f"{model.backend} not reachable"
        return "cooling down" if any(serving.downloaded for serving in there) else "not downloaded yet"

    def _why_not_offered(self, model: ModelMetadata) -> str:
        """Say why no endpoint of its backend offers a model; empty while none has been asked."""
        answers = [offers for endpoint, offers in self._offers.items() if endpoint.backend == model.backend]
        if not answers:
            return ""
        reachable = model.model_id not in self._away and any(offers is not None for offers in answers)
        return "not installed" if reachable else f"{model.backend} not reachable"

    def _rebuild(self, heard: Endpoint | None = None) -> None:
        """Lay all offers over the catalog anew; what cools down goes on cooling.

        What is in memory is as the endpoint says that was just heard, and elsewhere as it was.
        """
        before = self._servings
        self._models = dict(self._catalog)
        self._servings = {
            model_id: kept
            for model_id, at in before.items()
            if (kept := {endpoint: serving for endpoint, serving in at.items() if endpoint not in self._offers})
        }
        for endpoint, offers in self._offers.items():
            for offer in offers or ():
                for model_id in self._take_in(offer):
                    old = before.get(model_id, {}).get(endpoint)
                    serving = _serving_of(offer, old, is_news=endpoint == heard)
                    self._servings.setdefault(model_id, {})[endpoint] = serving
        self._remember_those_away()
        self._touch()

    def _gone(self) -> list[Endpoint]:
        return [endpoint for endpoint, offers in self._offers.items() if offers is None]

    def _remember_those_away(self) -> None:
        """Keep the models of endpoints that are down among those that are known: somebody may have chosen one."""
        self._away.clear()
        for endpoint in self._gone():
            for offer in self._last_offers.get(endpoint, ()):
                known = [model.model_id for model in self._models.values() if self._belongs(offer, model)]
                if not known:
                    known = [self._free_id(offer)]
                    self._models[known[0]] = model_from_offer(offer, known[0])
                self._away.update(known)

    def _take_in(self, offer: ModelOffer) -> list[str]:
        """Join an offer with the models it belongs to, or make it a model of its own; list their ids.

        They are several where models.toml has one name under several ids, with other options each.
        """
        joined = [model for model in self._models.values() if self._belongs(offer, model)]
        for model in joined:
            limit = model.context_tokens if model.model_id in self._servings else None
            self._models[model.model_id] = _as_served(model, offer, limit)
        if joined:
            return [model.model_id for model in joined]
        model_id = self._free_id(offer)
        self._models[model_id] = model_from_offer(offer, model_id)
        return [model_id]

    def _belongs(self, offer: ModelOffer, model: ModelMetadata) -> bool:
        """Compare an offer with a model; one that the same endpoint has offered under another name is not it."""
        if model.backend != offer.endpoint.backend or offer.endpoint in self._servings.get(model.model_id, {}):
            return False
        known = self._catalog.get(model.model_id, model)
        return _same_name(known.backend_name, offer.backend_name)

    def _free_id(self, offer: ModelOffer) -> str:
        """Make an id of a name: the same one for the same name, whatever else there is."""
        slug = re.sub(r"[^a-z0-9]+", "_", _without_folder(offer.backend_name).lower()).strip("_")
        model_id = f"{offer.endpoint.backend}_{slug}"
        if model_id not in self._models:
            return model_id
        return f"{model_id}__{hashlib.sha256(offer.backend_name.encode()).hexdigest()[:8]}"

    def _touch(self) -> None:
        self._version += 1
        now = self._clock()
        cooling = (serving.cooling_until for at in self._servings.values() for serving in at.values())
        self._next_change = min((until for until in cooling if until > now), default=float("inf"))


def _serving_of(offer: ModelOffer, old: _Serving | None, *, is_news: bool) -> _Serving:
    """Join an offer with what is known of the model there; where the offer is old, what was noted since stands."""
    if old is None or old.name != offer.backend_name:
        return _Serving(offer.backend_name, offer.loaded, old.cooling_until if old else 0.0, offer)
    if not is_news and old.offer:
        return old
    loaded = old.loaded if offer.loaded is None else offer.loaded
    return _Serving(offer.backend_name, loaded, old.cooling_until, offer)


def _answers_at_once(model: ModelMetadata, serving: _Serving) -> bool | None:
    if serving.loaded and serving.offer and not serves_loaded(model, serving.offer.loaded_context_tokens):
        return False
    return serving.loaded


def _same_name(known: str, offered: str) -> bool:
    """Compare names as servers do: Ollama's ":latest" goes without saying, and so does a hub name's owner."""
    one, other = (_without_folder(name).removesuffix(":latest").lower() for name in (known, offered))
    if "/" in one and "/" in other:
        return one == other
    return one.rpartition("/")[2] == other.rpartition("/")[2]


def _without_folder(name: str) -> str:
    """The name of a model that is a folder on this machine, without where that lies; other names as they are."""
    return name.rstrip("/").rpartition("/")[2] if name.startswith(("/", "~", ".")) else name


def _in_order(offers: Iterable[ModelOffer]) -> tuple[ModelOffer, ...]:
    """Sort by name, as a server's own order may change from answer to answer; names without an owner go first."""
    once = {offer.backend_name: offer for offer in offers}
    return tuple(once[name] for name in sorted(once, key=lambda name: ("/" in name, name)))


def _as_served(model: ModelMetadata, offer: ModelOffer, limit: int | None) -> ModelMetadata:
    """Let the server's word stand over the catalog's for what it can know.

    `limit` is the context at other endpoints: the smallest holds, since any of them may serve. The name stays the one
    that the server uses.
    """
    context = offer.context_tokens or model.context_tokens
    return dataclasses.replace(
        model,
        backend_name=offer.backend_name,
        capabilities=model.capabilities | offer.capabilities,
        context_tokens=min(context, limit) if limit else context,
        quantization=offer.quantization or model.quantization,
        thinking=model.thinking or offer.thinking,
    )


registry = ModelRegistry()
