"""ModelResidency: which models are in memory where, how big they are, how long a load takes, what must go for it."""

from __future__ import annotations

import math
import statistics
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from routing.host_memory import CRITICAL, NORMAL
from routing.priors import expected_ram_gb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from routing.host_memory import HostMemory
    from routing.model_registry import ModelRegistry
    from routing.types import Endpoint, ModelMetadata

    Place = tuple[Endpoint, str]  # an endpoint, and the name of a model there

K = TypeVar("K")
V = TypeVar("V")

# Seconds of a load that nobody has measured: a second to begin and to prepare the GPU, and the weights from the disk.
# 2.5 GB/s is judgement: the SSDs of Macs read 3 to 7 GB/s at best, and no loader keeps up with that.
_FIRST_SECOND, _BYTES_PER_SECOND = 1.0, 2.5e9
# The median of so many loads is what the next one is expected to take: one that met a busy disk does not count.
_LOADS_REMEMBERED = 5
# Measured sizes and loads of models that come and go; the oldest are forgotten.
_MODELS_REMEMBERED = 512
# Backends whose models can be taken out of memory on request; others decide by themselves.
_UNLOADING = frozenset({"ollama", "lmstudio", "mlx"})


@dataclass(frozen=True, slots=True)
class Outlook:
    """What it would take to have a model answer at an endpoint now; None where nobody knows.

    `load_seconds` is 0 for a model in memory; of one that is being loaded, the rest. `free_bytes` is what is free for
    models, `capacity_bytes` what there would be with all others gone. `fits`: a load can succeed at all. `evicts` names
    who would have to go first, as people know them; `evicts_busy`: one of them is generating, and would be waited for.
    """

    loaded: bool | None
    load_seconds: float | None
    needed_bytes: int | None
    free_bytes: int | None
    fits: bool
    evicts: tuple[str, ...] = ()
    evicts_busy: bool = False
    capacity_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Resident:
    """One model in memory at one endpoint. `busy` counts its generations, `last_used` is by the residency's clock."""

    model_id: str
    endpoint: Endpoint
    bytes: int | None
    busy: int
    last_used: float


@dataclass(slots=True)
class _Use:
    """What this program does with a model at an endpoint."""

    last_used: float
    busy: int = 0
    loading_until: float | None = None
    loading_id: str = ""


@dataclass(frozen=True, slots=True)
class _Room:
    """This host's memory for models: who is in it, least recently used first, and what is free beside them."""

    residents: tuple[Resident, ...]
    free_bytes: int | None
    capacity_bytes: int | None


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
        self._uses: dict[Place, _Use] = {}
        self._sizes: dict[Place, int] = {}
        self._loads: dict[tuple[str, str], deque[float]] = {}
        self._here: dict[Endpoint, bool] = {}
        self._version = 0
        self._edges: dict[tuple[str, Endpoint], object] = {}
        self._known_room: tuple[int, HostMemory, _Room] | None = None
        self._reviewed: tuple[int, HostMemory] | None = None
        self._contended = False

    # --- what is asked ------------------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """A number that grows when some model's outlook changes in a way that a decision would feel."""
        if not self._is_reviewed():
            self._review()
        return self._version

    def outlook(self, model: ModelMetadata, endpoint: Endpoint) -> Outlook:
        """Say what it would take to have this model answer there now."""
        loaded = self._registry.is_loaded(model.model_id, endpoint)
        offer = self._registry.offers_of(model.model_id).get(endpoint)
        if offer is None or offer.loaded is None:
            return Outlook(loaded, None, None, None, fits=True)
        needed = self.needed_bytes(model, endpoint)
        if loaded:
            return Outlook(loaded, 0.0, needed, None, fits=True)
        use = self._uses.get(self._place(model.model_id, endpoint))
        if use and use.loading_until is not None:
            return Outlook(loaded, max(0.0, use.loading_until - self._clock()), needed, None, fits=True)
        seconds = self.load_seconds(model, endpoint)
        if not self.is_here(endpoint):
            return Outlook(loaded, seconds, needed, None, fits=True)
        return self._outlook_here(needed, seconds)

    def residents(self, endpoint: Endpoint | None = None) -> list[Resident]:
        """List the models in memory, of one endpoint or of all, least recently used first."""
        found = self._all_residents()
        return [each for each in found if endpoint in (None, each.endpoint)]

    def to_evict(self, model: ModelMetadata, endpoint: Endpoint) -> tuple[Resident, ...] | None:
        """Say who must go before a load: the least recently used first, no more than need be, never a busy one.

        () when nobody need go, None when it cannot be done now.
        """
        outlook = self.outlook(model, endpoint)
        if not outlook.fits or outlook.evicts_busy:
            return None
        if not outlook.evicts or outlook.needed_bytes is None or outlook.free_bytes is None:
            return ()
        return self._fewest(outlook.needed_bytes - outlook.free_bytes, self._idle())

    def load_seconds(self, model: ModelMetadata, endpoint: Endpoint) -> float | None:
        """Give the median of the last loads there, or what the size makes likely; None where neither is known."""
        if learned := self._loads.get((model.model_id, endpoint.address)):
            return statistics.median(learned)
        offer = self._registry.offers_of(model.model_id).get(endpoint)
        size = (offer and offer.size_bytes) or self.needed_bytes(model, endpoint)
        return _FIRST_SECOND + size / _BYTES_PER_SECOND if size else None

    def needed_bytes(self, model: ModelMetadata, endpoint: Endpoint) -> int | None:
        """Say what a model takes in memory there: as measured, else by its size on disk, else by the catalog."""
        if measured := self._sizes.get(self._place(model.model_id, endpoint)):
            return measured
        offer = self._registry.offers_of(model.model_id).get(endpoint)
        size = offer.size_bytes if offer else None
        gigabytes = expected_ram_gb(0.0, size_bytes=size) if size else model.ram_gb
        return int(gigabytes * 1e9) or None

    def best_first(self, model: ModelMetadata, endpoints: Iterable[Endpoint]) -> list[Endpoint]:
        """Sort endpoints: those that have the model in memory, then by what a load there takes and who must go."""
        return sorted(endpoints, key=lambda endpoint: _effort(self.outlook(model, endpoint)))

    def outlook_at_best(self, model: ModelMetadata, endpoints: Iterable[Endpoint]) -> Outlook:
        """Give the outlook at the endpoint that `best_first` puts first. Raises ValueError without endpoints."""
        return min((self.outlook(model, endpoint) for endpoint in endpoints), key=_effort)

    def is_here(self, endpoint: Endpoint) -> bool:
        """Whether an endpoint's models live in this host's memory."""
        if endpoint not in self._here:
            host = urlsplit(endpoint.url).hostname or ""
            self._here[endpoint] = not endpoint.url or host in {"localhost", "::1"} or host.startswith("127.")
        return self._here[endpoint]

    # --- what happens -------------------------------------------------------------------------------------------------

    def used(self, model_id: str, endpoint: Endpoint) -> None:
        """Note that a generation begins."""
        use = self._use(model_id, endpoint)
        use.busy += 1
        use.last_used = self._clock()
        self._note_use()

    def released(self, model_id: str, endpoint: Endpoint) -> None:
        """Note that a generation has ended, however it did."""
        use = self._use(model_id, endpoint)
        use.busy = max(0, use.busy - 1)
        use.last_used = self._clock()
        self._note_use()

    def loading(self, model_id: str, endpoint: Endpoint, seconds_expected: float | None) -> None:
        """Note that a load begins: its bytes are taken, until `loaded` or `unloaded` says how it went."""
        use = self._use(model_id, endpoint)
        use.loading_until = self._clock() + (seconds_expected or 0.0)
        use.loading_id = model_id
        self._changed()

    def loaded(
        self,
        model_id: str,
        endpoint: Endpoint,
        load_seconds: float | None = None,
        bytes: int | None = None,  # noqa: A002  # the word of the field
    ) -> None:
        """Note that a model is in memory now; `load_seconds` only if it was really loaded for it."""
        use = self._use(model_id, endpoint)
        use.loading_until = None
        use.last_used = self._clock()
        if bytes:
            _remember(self._sizes, self._place(model_id, endpoint), bytes)
        if load_seconds:
            self.teach(model_id, endpoint.address, load_seconds)
        self._registry.mark_loaded(model_id, endpoint)
        self._changed()

    def unloaded(self, model_id: str, endpoint: Endpoint) -> None:
        """Note that a model has left the memory, or that its load has failed."""
        self._use(model_id, endpoint).loading_until = None
        self._registry.mark_unloaded(model_id, endpoint)
        self._changed()

    def teach(self, model_id: str, address: str, load_seconds: float) -> None:
        """Note how long a load took at an endpoint's address, now or in an earlier run; the latest comes last."""
        place = (model_id, address)
        if place not in self._loads:
            _remember(self._loads, place, deque(maxlen=_LOADS_REMEMBERED))
        self._loads[place].append(load_seconds)
        self._changed()

    # --- inside -------------------------------------------------------------------------------------------------------

    def _place(self, model_id: str, endpoint: Endpoint) -> Place:
        return endpoint, self._registry.name_at(model_id, endpoint)

    def _use(self, model_id: str, endpoint: Endpoint) -> _Use:
        place = self._place(model_id, endpoint)
        if place not in self._uses:
            self._uses[place] = _Use(self._clock())
        return self._uses[place]

    def _note_use(self) -> None:
        """A use matters to others only where somebody would have to go for a load."""
        self._known_room = None
        if self._contended:
            self._reviewed = None

    def _changed(self) -> None:
        self._known_room = self._reviewed = None

    def _is_reviewed(self) -> bool:
        if self._reviewed is None:
            return False
        version, memory = self._reviewed
        return version == self._registry.version and memory is self._memory()

    def _review(self) -> None:
        """Look whether some outlook has changed by more than a decision would feel."""
        self._known_room = None
        self._reviewed = (self._registry.version, self._memory())
        self._remember_sizes()
        edges: dict[tuple[str, Endpoint], object] = {}
        self._contended = False
        for model in self._registry.get_all_models():
            for endpoint in self._registry.offers_of(model.model_id):
                outlook = self.outlook(model, endpoint)
                edges[model.model_id, endpoint] = self._edge(model, endpoint, outlook)
                self._contended = self._contended or bool(outlook.evicts) or outlook.evicts_busy
        self._forget_unused()
        if edges != self._edges:
            self._edges = edges
            self._version += 1

    def _edge(self, model: ModelMetadata, endpoint: Endpoint, outlook: Outlook) -> object:
        """Whatever of an outlook a decision would feel; seconds by fifths."""
        use = self._uses.get(self._place(model.model_id, endpoint))
        loading = use is not None and use.loading_until is not None
        seconds = 0 if loading else round(4 * math.log2(1 + (outlook.load_seconds or 0)))
        return outlook.loaded, loading, seconds, outlook.fits, outlook.evicts, outlook.evicts_busy

    def _remember_sizes(self) -> None:
        """Keep what servers say that their models take, for when they are no longer loaded."""
        for (endpoint, name), model_id in self._registry.in_memory().items():
            offer = self._registry.offers_of(model_id)[endpoint]
            if offer.loaded_bytes:
                _remember(self._sizes, (endpoint, name), offer.loaded_bytes)

    def _forget_unused(self) -> None:
        """Drop what is neither in memory nor at work, so that models that come and go leave nothing behind."""
        there = self._registry.in_memory()
        self._uses = {
            place: use
            for place, use in self._uses.items()
            if place in there or use.busy or use.loading_until is not None
        }

    # --- the memory of this host --------------------------------------------------------------------------------------

    def _outlook_here(self, needed: int | None, seconds: float | None) -> Outlook:
        room = self._room()
        if needed is None or room.free_bytes is None or room.capacity_bytes is None:
            return Outlook(
                loaded=False, load_seconds=seconds, needed_bytes=needed, free_bytes=room.free_bytes, fits=True
            )
        fits = needed <= room.capacity_bytes
        short = needed - room.free_bytes
        idle = self._fewest(short, self._idle()) if fits else ()
        # With a busy one among them, or one that is still being loaded, all that can go are waited for.
        going = idle if idle is not None else self._fewest(short, self._movable()) or ()
        names = tuple(self._display_name(resident.model_id) for resident in going)
        return Outlook(
            loaded=False,
            load_seconds=seconds,
            needed_bytes=needed,
            free_bytes=room.free_bytes,
            fits=fits,
            evicts=names,
            evicts_busy=idle is None,
            capacity_bytes=room.capacity_bytes,
        )

    def _room(self) -> _Room:
        version, memory = self._registry.version, self._memory()
        known = self._known_room
        if known is None or known[0] != version or known[1] is not memory:
            residents = [each for each in self._all_residents() if self.is_here(each.endpoint)]
            known = self._known_room = version, memory, self._measured(residents, memory)
        return known[2]

    def _measured(self, residents: Sequence[Resident], memory: HostMemory) -> _Room:
        """Add up: the limit holds for all models together, what is available for those to come.

        A model that is being loaded has taken part of its memory already; all of it is counted, to be safe.
        """
        used = sum(each.bytes or 0 for each in residents)
        movable = sum(each.bytes or 0 for each in residents if self._can_unload(each.endpoint))
        coming = self._coming_bytes()
        free, capacity = [], []
        if memory.models_limit_bytes is not None:
            free.append(memory.models_limit_bytes - used - coming)
            capacity.append(memory.models_limit_bytes - used + movable)
        if memory.available_bytes is not None and not (memory.elastic and memory.pressure == NORMAL):
            free.append(memory.available_bytes - coming)
            capacity.append(memory.available_bytes + movable + coming)
        if memory.pressure == CRITICAL:
            free.append(0)
        return _Room(
            tuple(residents),
            max(0, min(free)) if free else None,
            max(0, min(capacity)) if capacity else None,
        )

    def _coming_bytes(self) -> int:
        """Add up what the models take that are being loaded on this host."""
        there = self._registry.in_memory()
        return sum(
            self._bytes_of(use.loading_id, place[0]) or 0
            for place, use in self._uses.items()
            if use.loading_until is not None and place not in there and self.is_here(place[0])
        )

    def _all_residents(self) -> list[Resident]:
        found, now = [], self._clock()
        for (endpoint, name), model_id in self._registry.in_memory().items():
            use = self._uses.setdefault((endpoint, name), _Use(now))
            found.append(Resident(model_id, endpoint, self._bytes_of(model_id, endpoint), use.busy, use.last_used))
        # sorted() is stable: among those never used the order of the registry decides.
        return sorted(found, key=lambda resident: resident.last_used)

    def _bytes_of(self, model_id: str, endpoint: Endpoint) -> int | None:
        model = self._registry.get_model(model_id)
        return self.needed_bytes(model, endpoint) if model else None

    def _movable(self) -> list[Resident]:
        return [each for each in self._room().residents if each.bytes and self._can_unload(each.endpoint)]

    def _idle(self) -> list[Resident]:
        return [each for each in self._movable() if not each.busy]

    def _fewest(self, short_bytes: int, residents: Sequence[Resident]) -> tuple[Resident, ...] | None:
        """Choose the least recently used that free so much, then leave out whom it takes not; None: all do not."""
        chosen: list[Resident] = []
        freed = 0
        for resident in residents:
            if freed >= short_bytes:
                break
            chosen.append(resident)
            freed += resident.bytes or 0
        if freed < short_bytes:
            return None
        for resident in chosen[-2::-1]:
            if freed - (resident.bytes or 0) >= short_bytes:
                chosen.remove(resident)
                freed -= resident.bytes or 0
        return tuple(chosen)

    def _display_name(self, model_id: str) -> str:
        model = self._registry.get_model(model_id)
        return model.display_name if model else model_id


def _effort(outlook: Outlook) -> tuple[bool, bool, bool, bool, float]:
    """What is least is best: in memory, or unknown; fitting; without waiting for a busy one; evicting none; soon."""
    seconds = outlook.load_seconds or 0.0
    return outlook.loaded is not True, not outlook.fits, outlook.evicts_busy, bool(outlook.evicts), seconds


def _remember(kept: dict[K, V], key: K, value: V) -> None:
    """Keep a value as the newest, and not more of them than there is use for."""
    kept.pop(key, None)
    kept[key] = value
    while len(kept) > _MODELS_REMEMBERED:
        del kept[next(iter(kept))]
