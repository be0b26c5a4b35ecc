"""ModelResidency: which models are in memory where, and what it would take to have another one there."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from routing.memory_room import MemoryRoom, Resident, fewest_to_free, room_beside
from routing.model_measures import ModelMeasures
from routing.wait_estimates import remaining_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from routing.host_memory import HostMemory
    from routing.model_measures import Place
    from routing.model_registry import ModelRegistry
    from routing.types import Endpoint, ModelMetadata

__all__ = ["ModelResidency", "Outlook", "Resident"]

# Backends whose models can be taken out of memory on request; others decide by themselves.
_UNLOADING = frozenset({"ollama", "lmstudio", "mlx"})


@dataclass(frozen=True, slots=True)
class Outlook:
    """What it would take to have a model answer at an endpoint now; None where nobody knows.

    `load_seconds` is 0 for a model in memory; of one that is being loaded, the rest. `free_bytes` is what is free for
    models, `capacity_bytes` what there would be with all others gone. `fits`: a load can succeed at all. `evicts` names
    who would have to go first, as people know them; `evicts_busy`: one of them is generating, or being loaded, and
    would be waited for.
    """

    loaded: bool | None
    load_seconds: float | None
    needed_bytes: int | None
    free_bytes: int | None
    fits: bool
    evicts: tuple[str, ...] = ()
    evicts_busy: bool = False
    capacity_bytes: int | None = None


@dataclass(slots=True)
class _Use:
    """What this program does with a model at an endpoint; `loading_since` None: it is not being loaded."""

    model_id: str
    last_used: float
    busy: int = 0
    loading_since: float | None = None
    loading_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Facts:
    """What an outlook is made of that no use changes; `told` is whether the endpoint says what it has in memory.

    `load_step` is the seconds of a load in steps of a fifth: a decision does not feel less.
    """

    place: Place
    told: bool
    loaded: bool | None
    needed_bytes: int | None
    load_seconds: float | None
    load_step: int
    here: bool


class _Eviction(NamedTuple):
    """Whether a model fits this host at all, who must go for it, and whether somebody busy is among them."""

    fits: bool = True
    going: tuple[Resident, ...] = ()
    waits: bool = False


class ModelResidency:
    """Pure state and arithmetic: nothing is loaded here, and nothing is waited for. Not thread-safe.

    What is in memory is the registry's to know: by the endpoints' own words, and by `loaded` and `unloaded` until the
    next of them. The models of all endpoints on this host share its memory; of other hosts only their words are known.
    `version` grows with every change that can alter a decision, and not with every request.
    """

    def __init__(
        self,
        registry: ModelRegistry,
        memory: Callable[[], HostMemory],
        clock: Callable[[], float] = time.monotonic,
        can_unload: Callable[[Endpoint], bool] = lambda endpoint: endpoint.backend in _UNLOADING,
    ) -> None:
        self._registry = registry
        self._memory = memory
        self._clock = clock
        self._can_unload = can_unload
        self._measures = ModelMeasures(registry)
        self._uses: dict[Place, _Use] = {}
        self._here: dict[Endpoint, bool] = {}
        self._version = 0
        self._edges: list[object] = []
        self._watched: list[_Facts] = []
        self._reviewed = self._contended = False
        # What follows from the state, and is worked out anew once that has changed.
        self._seen: tuple[int, HostMemory] | None = None
        self._facts: dict[tuple[str, Endpoint], _Facts] = {}
        self._room: MemoryRoom | None = None

    # --- what is asked ------------------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """A number that grows when some model's outlook changes in a way that a decision would feel."""
        self._look()
        if not self._reviewed:
            self._review()
        return self._version

    @property
    def free_bytes(self) -> int | None:
        """What is free for models on this host; None where nobody knows."""
        self._look()
        return self._room_here().free_bytes

    def outlook(self, model: ModelMetadata, endpoint: Endpoint) -> Outlook:
        """Say what it would take to have this model answer there now."""
        self._look()
        return self._outlook(self._facts_of(model, endpoint))

    def outlook_at_best(self, model: ModelMetadata, endpoints: Iterable[Endpoint]) -> Outlook:
        """Give the outlook at the endpoint that `best_first` puts first. Raises ValueError without endpoints."""
        return min((self.outlook(model, endpoint) for endpoint in endpoints), key=_effort)

    def best_first(self, model: ModelMetadata, endpoints: Iterable[Endpoint]) -> list[Endpoint]:
        """Sort endpoints: those that have the model in memory, then by who must go for it and what a load takes."""
        return sorted(endpoints, key=lambda endpoint: _effort(self.outlook(model, endpoint)))

    def residents(self, endpoint: Endpoint | None = None) -> list[Resident]:
        """List the models in memory, of one endpoint or of all, least recently used first."""
        return [each for each in self._all_residents() if endpoint in (None, each.endpoint)]

    def to_evict(self, model: ModelMetadata, endpoint: Endpoint) -> tuple[Resident, ...] | None:
        """Say who must go before a load: the least recently used first, no more than need be, never a busy one.

        () when nobody need go, None when it cannot be done now.
        """
        self._look()
        facts = self._facts_of(model, endpoint)
        if facts.loaded or not facts.told or self._is_loading(facts.place):
            return ()
        eviction = self._eviction(facts)
        return eviction.going if eviction.fits and not eviction.waits else None

    def load_seconds(self, model: ModelMetadata, endpoint: Endpoint) -> float | None:
        """Give the median of the last loads there, or what the size makes likely; None where neither is known."""
        return self._measures.load_seconds(model, endpoint)

    def is_here(self, endpoint: Endpoint) -> bool:
        """Whether an endpoint's models live in this host's memory."""
        if endpoint not in self._here:
            host = urlsplit(endpoint.url).hostname or ""
            self._here[endpoint] = not endpoint.url or host in {"localhost", "::1"} or host.startswith("127.")
        return self._here[endpoint]

    # --- what happens -------------------------------------------------------------------------------------------------

    def used(self, model_id: str, endpoint: Endpoint) -> None:
        """Note that a generation begins."""
        self._note_use(model_id, endpoint, 1)

    def released(self, model_id: str, endpoint: Endpoint) -> None:
        """Note that a generation has ended, however it did."""
        self._note_use(model_id, endpoint, -1)

    def loading(self, model_id: str, endpoint: Endpoint, seconds_expected: float | None) -> None:
        """Note that a load begins: its bytes are taken, until `loaded` or `unloaded` says how it went."""
        use = self._use(model_id, endpoint)
        use.loading_since, use.loading_seconds = self._clock(), seconds_expected
        self._changed()

    def loaded(
        self,
        model_id: str,
        endpoint: Endpoint,
        load_seconds: float | None = None,
        bytes: int | None = None,  # noqa: A002  # the word of Resident
    ) -> None:
        """Note that a model is in memory now; `load_seconds` only if it was really loaded for it."""
        use = self._use(model_id, endpoint)
        use.loading_since, use.last_used = None, self._clock()
        if bytes:
            self._measures.learn_size(model_id, endpoint, bytes)
        if load_seconds:
            self._measures.learn_load(model_id, endpoint.address, load_seconds)
        self._registry.mark_loaded(model_id, endpoint)
        self._changed()

    def unloaded(self, model_id: str, endpoint: Endpoint) -> None:
        """Note that a model has left the memory, or that its load has failed."""
        self._use(model_id, endpoint).loading_since = None
        self._registry.mark_unloaded(model_id, endpoint)
        self._changed()

    def teach(self, model_id: str, address: str, load_seconds: float) -> None:
        """Note how long a load took at an endpoint's address in an earlier run; the latest comes last.

        What cannot be is passed over: it comes from a file.
        """
        if not 0 < load_seconds < math.inf:
            return
        self._measures.learn_load(model_id, address, load_seconds)
        self._changed()

    # --- inside -------------------------------------------------------------------------------------------------------

    def _place(self, model_id: str, endpoint: Endpoint) -> Place:
        return endpoint, self._registry.name_at(model_id, endpoint)

    def _use(self, model_id: str, endpoint: Endpoint) -> _Use:
        return self._uses.setdefault(self._place(model_id, endpoint), _Use(model_id, self._clock()))

    def _note_use(self, model_id: str, endpoint: Endpoint, change: int) -> None:
        use = self._use(model_id, endpoint)
        use.busy = max(0, use.busy + change)
        use.last_used = self._clock()
        self._room = None
        # Others feel it only where somebody would have to go for a load.
        self._reviewed = self._reviewed and not self._contended

    def _changed(self) -> None:
        self._facts.clear()
        self._watched.clear()
        self._room = None
        self._reviewed = False

    def _look(self) -> None:
        """Notice what the endpoints and the memory say, if that is new."""
        registry_version, memory = self._registry.version, self._memory()
        if self._seen is None or self._seen[0] != registry_version:
            self._remember_sizes()
            self._forget_unused()
            self._changed()
        elif self._seen[1] is not memory:
            self._room, self._reviewed = None, False
        else:
            return
        self._seen = registry_version, memory

    def _remember_sizes(self) -> None:
        """Keep what servers say that their models take, for when they are no longer loaded."""
        for (endpoint, _), model_id in self._registry.in_memory().items():
            if size := self._registry.offers_of(model_id)[endpoint].loaded_bytes:
                self._measures.learn_size(model_id, endpoint, size)

    def _forget_unused(self) -> None:
        """Drop what is neither in memory nor at work, so that models that come and go leave nothing behind."""
        there = self._registry.in_memory()
        self._uses = {
            place: use
            for place, use in self._uses.items()
            if place in there or use.busy or use.loading_since is not None
        }

    def _review(self) -> None:
        """Look whether some outlook has changed by more than a decision would feel."""
        self._reviewed, self._contended = True, False
        if not self._watched:
            self._watched = [
                self._facts_of(model, endpoint)
                for model in self._registry.get_all_models()
                for endpoint in self._registry.offers_of(model.model_id)
            ]
        edges = [self._edge(facts) for facts in self._watched]
        if edges != self._edges:
            self._edges = edges
            self._version += 1

    def _edge(self, facts: _Facts) -> object:
        """Whatever of an outlook a decision would feel."""
        if facts.loaded or not facts.told:
            return facts.place, facts.loaded
        if self._is_loading(facts.place):
            return facts.place, "loading"
        eviction = self._eviction(facts)
        self._contended = self._contended or bool(eviction.going) or eviction.waits
        return facts.place, facts.load_step, eviction.fits, [who.model_id for who in eviction.going], eviction.waits

    def _facts_of(self, model: ModelMetadata, endpoint: Endpoint) -> _Facts:
        key = model.model_id, endpoint
        if key not in self._facts:
            offer = self._registry.offers_of(model.model_id).get(endpoint)
            seconds = self._measures.load_seconds(model, endpoint)
            self._facts[key] = _Facts(
                place=self._place(model.model_id, endpoint),
                told=offer is not None and offer.loaded is not None,
                loaded=self._registry.is_loaded(model.model_id, endpoint),
                needed_bytes=self._measures.needed_bytes(model, endpoint),
                load_seconds=seconds,
                load_step=round(4 * math.log2(1 + (seconds or 0))),
                # Where it is in memory with another window than ours, it is loaded anew in its own place.
                here=self.is_here(endpoint) and not self._registry.is_loaded_otherwise(model.model_id, endpoint),
            )
        return self._facts[key]

    def _is_loading(self, place: Place) -> bool:
        use = self._uses.get(place)
        return use is not None and use.loading_since is not None

    def _outlook(self, facts: _Facts) -> Outlook:
        if not facts.told:
            return Outlook(facts.loaded, None, None, None, fits=True)
        if facts.loaded:
            return Outlook(facts.loaded, 0.0, facts.needed_bytes, None, fits=True)
        use = self._uses.get(facts.place)
        if use and use.loading_since is not None:
            usual, elapsed = use.loading_seconds, self._clock() - use.loading_since
            rest = None if usual is None else remaining_seconds(usual, elapsed)
            return Outlook(facts.loaded, rest, facts.needed_bytes, None, fits=True)
        eviction = self._eviction(facts)
        room = self._room_here() if facts.here else MemoryRoom()
        return Outlook(
            facts.loaded,
            facts.load_seconds,
            facts.needed_bytes,
            room.free_bytes,
            eviction.fits,
            tuple(self._display_name(resident.model_id) for resident in eviction.going),
            eviction.waits,
            room.capacity_bytes,
        )

    def _eviction(self, facts: _Facts) -> _Eviction:
        room = self._room_here()
        needed, free, capacity = facts.needed_bytes, room.free_bytes, room.capacity_bytes
        if not facts.here or needed is None or free is None or capacity is None or needed <= free:
            return _Eviction()
        if needed > capacity:
            return _Eviction(fits=False)
        going = fewest_to_free(needed - free, room.idle)
        if going is not None:
            return _Eviction(going=going)
        # Not even without all that are idle: one that is busy, or still being loaded, has to be waited for.
        return _Eviction(going=fewest_to_free(needed - free, room.movable) or (), waits=True)

    # --- the memory of this host --------------------------------------------------------------------------------------

    def _room_here(self) -> MemoryRoom:
        if self._room is None:
            here = [each for each in self._all_residents() if self.is_here(each.endpoint)]
            movable = [each for each in here if self._can_unload(each.endpoint)]
            self._room = room_beside(here, movable, self._coming_bytes(), self._memory())
        return self._room

    def _all_residents(self) -> list[Resident]:
        found, now = [], self._clock()
        for place, model_id in self._registry.in_memory().items():
            use = self._uses.setdefault(place, _Use(model_id, now))
            found.append(Resident(model_id, place[0], self._bytes_of(model_id, place[0]), use.busy, use.last_used))
        return sorted(found, key=lambda resident: resident.last_used)

    def _coming_bytes(self) -> int:
        """Add up what the models take that are being loaded on this host."""
        there = self._registry.in_memory()
        coming = (
            (use.model_id, place[0])
            for place, use in self._uses.items()
            if use.loading_since is not None and place not in there and self.is_here(place[0])
        )
        return sum(self._bytes_of(model_id, endpoint) or 0 for model_id, endpoint in coming)

    def _bytes_of(self, model_id: str, endpoint: Endpoint) -> int | None:
        model = self._registry.get_model(model_id)
        return self._facts_of(model, endpoint).needed_bytes if model else None

    def _display_name(self, model_id: str) -> str:
        model = self._registry.get_model(model_id)
        return model.display_name if model else model_id


def _effort(outlook: Outlook) -> tuple[bool, bool, bool, bool, float]:
    """What is least is best: in memory; fitting; without waiting for a busy one; without evicting; soon."""
    seconds = outlook.load_seconds or 0.0
    return outlook.loaded is not True, not outlook.fits, outlook.evicts_busy, bool(outlook.evicts), seconds
