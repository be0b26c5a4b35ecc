"""ModelResidency: what a load would take, who must go for it, and that only what matters changes the version."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.host_memory import HostMemory
from routing.model_registry import ModelRegistry
from routing.model_residency import ModelResidency, Outlook
from routing.types import Endpoint, ModelMetadata, ModelOffer
from tests.answers import a_model

if TYPE_CHECKING:
    from collections.abc import Sequence

GB = 1_000_000_000
OLLAMA = Endpoint("ollama", "http://localhost:11434")
STUDIO = Endpoint("lmstudio", "http://127.0.0.1:1234/v1")
MLX = Endpoint("mlx")
FAR = Endpoint("ollama", "http://studio.local:11434")
LLAMA = Endpoint("llamacpp", "http://localhost:8080/v1")

# What each takes in memory, in GB; by the rule for sizes on disk they are 1.2 times those and 1 GB more.
SIZES = {"small": 3, "medium": 7, "large": 13, "huge": 25}


class Host:
    """Some models on this host's endpoints, with 26 GB for models unless something else is said."""

    def __init__(self, *endpoints: Endpoint, loaded: Sequence[str] = (), limit: float = 26) -> None:
        self.now = 1000.0
        self.memory = HostMemory(36 * GB, None, int(limit * GB))
        self.endpoints = endpoints or (OLLAMA,)
        self.registry = ModelRegistry(
            [
                a_model(name, model_id=name, backend=kind, display_name=name.title(), ram_gb=0.0)
                for kind in dict.fromkeys(endpoint.backend for endpoint in self.endpoints)
                for name in self.names(kind)
            ],
            lambda: self.now,
        )
        self.residency = ModelResidency(self.registry, lambda: self.memory, lambda: self.now)
        for endpoint in self.endpoints:
            self.say(endpoint, *loaded)

    def names(self, backend: str) -> list[str]:
        """The models of a backend: those of the first endpoint's have short names."""
        return [name if backend == self.endpoints[0].backend else f"{backend}_{name}" for name in SIZES]

    def say(self, endpoint: Endpoint, *loaded: str, **facts: Any) -> None:
        """Have an endpoint say what it has, and what of it is in memory."""
        offers = [
            ModelOffer(
                endpoint, name, size_bytes=round((SIZES[name.split("_")[-1]] - 1) / 1.2 * GB), loaded=name in loaded
            )
            for name in self.names(endpoint.backend)
        ]
        self.registry.apply_offers(endpoint, [replace(offer, **facts) for offer in offers])

    def model(self, name: str) -> ModelMetadata:
        """The model of that id."""
        model = self.registry.get_model(name)
        assert model is not None
        return model

    def outlook(self, name: str, endpoint: Endpoint = OLLAMA) -> Outlook:
        """What it would take there."""
        return self.residency.outlook(self.model(name), endpoint)

    def evicted(self, name: str, endpoint: Endpoint = OLLAMA) -> list[str] | None:
        """The ids of who must go."""
        going = self.residency.to_evict(self.model(name), endpoint)
        return None if going is None else [resident.model_id for resident in going]

    def use(self, *names: str, endpoint: Endpoint = OLLAMA) -> None:
        """Ask these something, one after the other, a second each."""
        for name in names:
            self.residency.used(name, endpoint)
            self.now += 1
            self.residency.released(name, endpoint)

    def in_memory(self) -> list[str]:
        """The ids of what is in memory, least recently used first."""
        return [resident.model_id for resident in self.residency.residents()]


def test_a_model_with_another_window_is_loaded_anew_in_its_own_place() -> None:
    """It takes a load, but it is in memory already: nobody goes for it, and it does not go for itself."""
    host = Host(loaded=["huge"])
    host.say(OLLAMA, "huge", loaded_context_tokens=4096)
    outlook = host.outlook("huge")
    assert (outlook.loaded, outlook.fits, outlook.evicts) == (False, True, ())
    assert outlook.load_seconds
    assert (host.evicted("huge"), host.in_memory()) == ([], ["huge"])
    assert host.evicted("medium") == ["huge"]


# --- what nobody knows ------------------------------------------------------------------------------------------------


def test_before_any_word_of_an_endpoint_nothing_is_known() -> None:
    """Then nothing counts against a model, however large, nor for it."""
    registry = ModelRegistry()
    residency = ModelResidency(registry, lambda: HostMemory(8 * GB, 1 * GB, 1 * GB))
    for model in registry.get_all_models():
        assert residency.outlook(model, OLLAMA) == Outlook(None, None, None, None, fits=True)
        assert residency.to_evict(model, OLLAMA) == ()
    assert residency.residents() == []


def test_of_an_endpoint_that_does_not_say_what_is_loaded_nothing_is_known() -> None:
    """Its models are no residents either, after an answer of theirs just as little."""
    host = Host(LLAMA)
    host.registry.apply_offers(LLAMA, None)
    host.say(LLAMA, loaded=None)
    host.residency.loaded("huge", LLAMA)
    assert host.outlook("large", LLAMA) == Outlook(None, None, None, None, fits=True)
    assert host.outlook("huge", LLAMA).loaded is True
    assert host.residency.residents() == []


@pytest.mark.parametrize(
    ("endpoint", "here"),
    [
        (OLLAMA, True),
        (STUDIO, True),
        (MLX, True),
        (Endpoint("ollama", "http://[::1]:11434"), True),
        (Endpoint("ollama", "http://user:secret@LOCALHOST:1"), True),
        (FAR, False),
        (Endpoint("ollama", "http://192.168.1.127:11434"), False),
        (Endpoint("ollama", "http://localhost.example.org"), False),
    ],
)
def test_only_what_runs_here_shares_this_hosts_memory(endpoint: Endpoint, here: bool) -> None:  # noqa: FBT001
    """By the address alone."""
    assert Host().residency.is_here(endpoint) is here


def test_of_another_host_only_its_word_counts() -> None:
    """A load there takes its time, and pushes nobody out that we know of; its models take nothing here."""
    host = Host(OLLAMA, FAR, loaded=["huge"], limit=26)
    host.say(OLLAMA)
    assert host.outlook("huge", FAR).loaded
    outlook = host.outlook("large", FAR)
    assert (outlook.loaded, outlook.fits, outlook.evicts, outlook.free_bytes) == (False, True, (), None)
    assert outlook.load_seconds == pytest.approx(1 + 10 / 2.5)
    assert host.outlook("large").free_bytes == 26 * GB
    host.memory = HostMemory(8 * GB, None, 8 * GB)
    assert host.outlook("huge", FAR).fits
    assert host.evicted("large", FAR) == []


# --- what a load takes ------------------------------------------------------------------------------------------------


def test_one_in_memory_takes_no_time() -> None:
    """And nobody has to go for it."""
    outlook = Host(loaded=["large"]).outlook("large")
    assert (outlook.loaded, outlook.load_seconds, outlook.fits, outlook.evicts) == (True, 0.0, True, ())


def test_where_there_is_room_nobody_goes() -> None:
    """The figures say how much room there is."""
    host = Host(loaded=["large"])
    outlook = host.outlook("medium")
    assert (outlook.needed_bytes, outlook.free_bytes, outlook.evicts) == (7 * GB, 13 * GB, ())
    assert host.evicted("medium") == []


def test_the_least_recently_used_goes_first() -> None:
    """By their use, not by the order of any list."""
    host = Host(loaded=["small", "medium", "large"])
    host.use("large", "small", "medium")
    assert host.in_memory() == ["large", "small", "medium"]
    assert host.evicted("huge") == ["large", "small", "medium"]
    host.memory = HostMemory(48 * GB, None, 40 * GB)
    assert host.evicted("huge") == ["large"]
    assert host.outlook("huge").evicts == ("Large",)
    host.use("large")
    assert host.evicted("huge") == ["small", "medium"]


def test_a_busy_one_never_goes() -> None:
    """The outlook says that somebody would have to be waited for; its end sets it free, however many it answered."""
    host = Host(loaded=["large", "medium"])
    host.use("medium")
    host.now += 1
    host.residency.used("large", OLLAMA)
    host.residency.used("large", OLLAMA)
    outlook = host.outlook("huge")
    assert (outlook.fits, outlook.evicts, outlook.evicts_busy) == (True, ("Medium", "Large"), True)
    assert host.evicted("huge") is None
    host.residency.released("large", OLLAMA)
    assert host.evicted("huge") is None
    host.residency.released("large", OLLAMA)
    assert host.evicted("huge") == ["medium", "large"]
    host.residency.released("large", OLLAMA)
    host.residency.used("large", OLLAMA)
    assert host.evicted("huge") is None


def test_an_idle_one_goes_in_place_of_a_busy_one() -> None:
    """Though it was used later."""
    host = Host(loaded=["large", "medium"])
    host.residency.used("large", OLLAMA)
    host.use("medium")
    host.memory = HostMemory(36 * GB, None, 22 * GB)
    outlook = host.outlook("small")
    assert (host.evicted("small"), outlook.evicts, outlook.evicts_busy) == (["medium"], ("Medium",), False)


def test_what_cannot_fit_is_said_with_its_figures() -> None:
    """However much goes."""
    host = Host(loaded=["small"], limit=18)
    outlook = host.outlook("huge")
    assert (outlook.fits, outlook.evicts, outlook.needed_bytes, outlook.capacity_bytes) == (False, (), 25 * GB, 18 * GB)
    assert host.evicted("huge") is None


def test_all_backends_here_share_one_memory() -> None:
    """One's model may have to go for another's."""
    host = Host(OLLAMA, MLX, STUDIO)
    host.say(MLX, "mlx_large")
    host.say(STUDIO, "lmstudio_medium")
    assert [resident.endpoint for resident in host.residency.residents()] == [MLX, STUDIO]
    host.use("lmstudio_medium", endpoint=STUDIO)
    going = host.residency.to_evict(host.model("large"), OLLAMA)
    assert going is not None
    assert [(resident.model_id, resident.endpoint, resident.bytes) for resident in going] == [
        ("mlx_large", MLX, 13 * GB)
    ]
    assert [resident.model_id for resident in host.residency.residents(STUDIO)] == ["lmstudio_medium"]


def test_nobody_is_asked_to_go_that_cannot_be_told_to() -> None:
    """A server that decides by itself keeps its model, and the memory is gone."""
    host = Host(OLLAMA, LLAMA)
    host.say(LLAMA, "llamacpp_large")
    outlook = host.outlook("huge")
    assert (outlook.fits, outlook.capacity_bytes) == (False, 13 * GB)
    assert host.outlook("large").fits
    assert host.evicted("large") == []


# --- a load under way -------------------------------------------------------------------------------------------------


def test_what_is_being_loaded_has_its_room() -> None:
    """Nobody else gets it; it counts its own seconds down, and pushes nobody out twice."""
    host = Host(loaded=["small"], limit=17)
    host.residency.loading("large", OLLAMA, 9.0)
    host.now += 4
    outlook = host.outlook("large")
    assert (outlook.loaded, outlook.load_seconds, outlook.evicts) == (False, 5.0, ())
    assert host.outlook("medium").free_bytes == 1 * GB
    assert host.outlook("medium").evicts_busy
    assert host.evicted("medium") is None
    assert host.in_memory() == ["small"]
    host.now += 60
    assert host.outlook("large").load_seconds == 16.0  # it is overdue, and takes ever longer
    host.residency.loaded("large", OLLAMA, 11.0, 12 * GB)
    assert host.in_memory() == ["small", "large"]
    assert (host.outlook("medium").free_bytes, host.evicted("medium")) == (2 * GB, ["large"])


@pytest.mark.parametrize("seconds", [-5.0, 0.0, math.inf, math.nan])
def test_what_no_load_can_have_taken_is_not_learned(seconds: float) -> None:
    """A database may be damaged; decisions go on."""
    host = Host()
    expected = host.outlook("large").load_seconds
    host.residency.teach("large", OLLAMA.address, seconds)
    assert host.outlook("large").load_seconds == expected


def test_of_a_load_that_nobody_can_foretell_nothing_is_said() -> None:
    """Least of all that it is over at once."""
    host = Host()
    host.residency.loading("large", OLLAMA, None)
    assert host.outlook("large").load_seconds is None


def test_a_load_that_failed_gives_its_room_back() -> None:
    """And the model is as far away as before."""
    host = Host()
    host.residency.loading("huge", OLLAMA, None)
    assert host.outlook("small").free_bytes == 1 * GB
    host.residency.unloaded("huge", OLLAMA)
    assert host.outlook("small").free_bytes == 26 * GB
    assert host.outlook("huge").loaded is False


def test_a_load_is_not_counted_twice_when_its_server_is_the_first_to_say() -> None:
    """Its word may come before the load's own end."""
    host = Host()
    host.residency.loading("large", OLLAMA, 9.0)
    host.say(OLLAMA, "large")
    assert host.outlook("small").free_bytes == 13 * GB


def test_an_unloaded_model_leaves_its_size_and_its_seconds() -> None:
    """So that the next load is no guess."""
    host = Host()
    host.residency.loaded("large", OLLAMA, 8.0, 11 * GB)
    host.residency.unloaded("large", OLLAMA)
    outlook = host.outlook("large")
    assert (outlook.loaded, outlook.needed_bytes, outlook.load_seconds) == (False, 11 * GB, 8.0)
    assert host.in_memory() == []


def test_what_an_earlier_run_measured_is_taken_on() -> None:
    """By address, as it was written down."""
    host = Host()
    host.residency.teach("large", OLLAMA.address, 14.0)
    assert host.residency.load_seconds(host.model("large"), OLLAMA) == 14.0


def test_a_size_that_is_told_later_counts_at_once() -> None:
    """The model may be in memory already."""
    host = Host(loaded=["large"])
    assert host.residency.free_bytes == 13 * GB
    host.residency.loaded("large", OLLAMA, None, 10 * GB)
    assert (host.residency.free_bytes, host.outlook("small").free_bytes) == (16 * GB, 16 * GB)
    host.memory = HostMemory(36 * GB, None, 20 * GB)
    assert host.residency.free_bytes == 10 * GB


def test_being_there_already_teaches_nothing() -> None:
    """No seconds, or none at all: the last real load counts."""
    host = Host()
    host.residency.loaded("large", OLLAMA, 8.0)
    host.residency.loaded("large", OLLAMA, 0.0)
    host.residency.loaded("large", OLLAMA)
    assert host.residency.load_seconds(host.model("large"), OLLAMA) == 8.0


# --- the words of servers ---------------------------------------------------------------------------------------------


def test_what_its_server_unloads_by_itself_disappears() -> None:
    """Though we have loaded it, and the server's list is the same as before we did."""
    host = Host()
    host.residency.loaded("large", OLLAMA, 9.0)
    assert host.in_memory() == ["large"]
    host.say(OLLAMA)
    assert (host.in_memory(), host.outlook("large").loaded) == ([], False)


def test_one_server_says_nothing_of_anothers_models() -> None:
    """Its list changes, theirs stay as they were noted."""
    host = Host(OLLAMA, MLX)
    host.residency.loaded("large", OLLAMA)
    host.say(MLX, "mlx_small")
    assert sorted(host.in_memory()) == ["large", "mlx_small"]


def test_a_size_that_a_server_has_told_is_kept() -> None:
    """It told while the model was loaded, and it holds for the next load."""
    host = Host()
    host.say(OLLAMA, "large", loaded_bytes=10 * GB)
    assert host.outlook("small").free_bytes == 16 * GB
    host.say(OLLAMA)
    assert host.outlook("large").needed_bytes == 10 * GB


def test_a_dead_server_holds_no_memory() -> None:
    """Whatever its models did."""
    host = Host(OLLAMA, MLX, loaded=["large"])
    host.residency.used("large", OLLAMA)
    host.registry.apply_offers(OLLAMA, None)
    assert (host.in_memory(), host.outlook("mlx_huge", MLX).free_bytes) == ([], 26 * GB)


def test_one_name_under_two_ids_is_one_in_memory() -> None:
    """It is loaded for both, busy for both, and counted once."""
    registry = ModelRegistry([a_model("qwen", model_id="fast", ram_gb=6), a_model("qwen", model_id="deep", ram_gb=6)])
    residency = ModelResidency(registry, lambda: HostMemory(None, None, 10 * GB))
    registry.apply_offers(OLLAMA, [ModelOffer(OLLAMA, "qwen"), ModelOffer(OLLAMA, "other", size_bytes=5 * GB)])
    fast, deep, other = registry.get_all_models()
    residency.loaded("deep", OLLAMA)
    assert [residency.outlook(model, OLLAMA).loaded for model in (fast, deep)] == [True, True]
    residency.used("deep", OLLAMA)
    residency.released("fast", OLLAMA)
    residency.used("fast", OLLAMA)
    (resident,) = residency.residents()
    assert (resident.bytes, resident.busy) == (6 * GB, 1)
    assert residency.outlook(other, OLLAMA).evicts_busy


def test_models_that_come_and_go_leave_nothing_behind() -> None:
    """Neither their uses nor what was worked out of them."""
    host = Host()
    for number in range(1000):
        name = f"m{number}"
        host.registry.apply_offers(OLLAMA, [ModelOffer(OLLAMA, name, loaded=True)])
        assert host.residency.version
        host.use(f"ollama_{name}")
    host.say(OLLAMA)
    assert host.residency.version
    assert (len(host.residency._uses), len(host.residency._facts)) == (0, 4)


# --- where to ask -----------------------------------------------------------------------------------------------------


def test_the_endpoint_that_has_it_comes_first() -> None:
    """Then one where nobody has to go for it, then the quicker one; where it cannot be had, last."""
    host = Host(OLLAMA, FAR, loaded=["small"])
    host.say(FAR)
    large, huge = host.model("large"), host.model("huge")
    host.residency.teach("large", FAR.address, 60.0)
    assert host.residency.best_first(large, [FAR, OLLAMA]) == [OLLAMA, FAR]
    assert host.residency.outlook_at_best(large, [FAR, OLLAMA]).load_seconds == pytest.approx(5.0)
    assert host.residency.best_first(huge, [OLLAMA, FAR]) == [FAR, OLLAMA]  # small would have to go
    host.say(FAR, "large")
    assert host.residency.best_first(large, [OLLAMA, FAR]) == [FAR, OLLAMA]
    host.memory = HostMemory(8 * GB, None, 8 * GB)
    host.say(FAR)
    assert host.residency.best_first(large, [OLLAMA, FAR]) == [FAR, OLLAMA]


# --- versions ---------------------------------------------------------------------------------------------------------


def version_after(host: Host, *happenings: Any) -> list[bool]:
    """Whether each happening has changed the version."""
    changed, before = [], host.residency.version
    for happening in happenings:
        happening()
        changed.append(host.residency.version != before)
        before = host.residency.version
    return changed


def test_where_there_is_room_no_use_changes_a_decision() -> None:
    """Thousands of requests, one version."""
    host = Host(loaded=["small", "medium"], limit=60)
    before = host.residency.version
    for _ in range(1000):
        host.use("small", "medium")
        assert host.residency.version == before


def test_while_nothing_happens_nothing_is_worked_out_anew() -> None:
    """Not for a decision, and where there is room not for an answer either: decisions stay a matter of microseconds."""
    host = Host(loaded=["small", "medium"], limit=60)
    assert host.residency.version
    room = host.residency._room
    assert host.outlook("huge").fits
    assert (host.residency._room is room, host.residency._reviewed) == (True, True)
    host.use("small")
    assert host.residency._reviewed


def test_the_use_of_a_model_that_would_have_to_go_changes_decisions() -> None:
    """Its beginning and its end do; a second answer of the same does not."""
    host = Host(loaded=["large"])
    used, released = (lambda: host.residency.used("large", OLLAMA)), (lambda: host.residency.released("large", OLLAMA))
    assert version_after(host, used, used, released, released) == [True, False, False, True]


def test_the_use_of_a_model_that_may_stay_changes_nothing() -> None:
    """Another one goes first, and goes on going first."""
    host = Host(loaded=["large", "small"], limit=40)
    host.use("small")
    assert host.evicted("huge") == ["large"]
    before = host.residency.version
    host.use("small", "small")
    assert host.residency.version == before


def test_memory_changes_a_decision_when_it_crosses_a_limit() -> None:
    """A gigabyte more or less is no news; one too few for a model is."""
    host = Host(limit=30)

    def limit(gigabytes: int) -> Any:
        return lambda: setattr(host, "memory", HostMemory(None, None, gigabytes * GB))

    assert version_after(host, limit(29), limit(26), limit(24), limit(23), limit(25)) == [
        False, False, True, False, True,
    ]  # fmt: skip


def test_loads_change_decisions_and_a_little_learnt_does_not() -> None:
    """Begin, end, failure; seconds that are much the same as before are no news."""
    host = Host()
    residency = host.residency
    assert version_after(
        host,
        lambda: residency.teach("large", OLLAMA.address, 20.0),
        lambda: residency.teach("large", OLLAMA.address, 20.4),
        lambda: residency.loading("large", OLLAMA, 20.0),
        lambda: setattr(host, "now", host.now + 5),
        lambda: residency.loaded("large", OLLAMA, 20.0),
        lambda: residency.unloaded("large", OLLAMA),
    ) == [True, False, True, False, True, True]


# --- any history ------------------------------------------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["use", "release", "loading", "load", "unload", "say", "limit"]),
        st.sampled_from(list(SIZES)),
        st.integers(0, 45),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(STEPS)
def test_whatever_happens_the_account_holds(steps: list[tuple[str, str, int]]) -> None:
    """Nobody busy goes, enough is freed, and the version tells of everything that a decision feels."""
    host = Host()
    residency, seen = host.residency, dict[int, object]()
    for what, name, number in steps:
        host.now += 1
        act(host, what, name, number)
        feelings = tuple(
            (o.loaded, round(o.load_seconds or 0), o.fits, o.evicts, o.evicts_busy)
            for o in (host.outlook(each) for each in SIZES)
            if o.loaded is not False or o.free_bytes is not None  # the rest of a load runs down by itself
        )
        assert seen.setdefault(residency.version, feelings) == feelings
        for each in SIZES:
            outlook, going = host.outlook(each), residency.to_evict(host.model(each), OLLAMA)
            assert (outlook.free_bytes or 0) >= 0
            assert all(not resident.busy for resident in going or ())
            if going and outlook.needed_bytes and outlook.free_bytes is not None:
                assert outlook.free_bytes + sum(who.bytes or 0 for who in going) >= outlook.needed_bytes
                assert [host.model(who.model_id).display_name for who in going] == list(outlook.evicts)


def act(host: Host, what: str, name: str, number: int) -> None:
    """Have one thing happen."""
    residency = host.residency
    if what == "use":
        residency.used(name, OLLAMA)
    elif what == "release":
        residency.released(name, OLLAMA)
    elif what == "loading":
        residency.loading(name, OLLAMA, float(number))
    elif what == "load":
        residency.loaded(name, OLLAMA, float(number), number * GB)
    elif what == "unload":
        residency.unloaded(name, OLLAMA)
    elif what == "say":
        host.say(OLLAMA, *list(SIZES)[: number % 5])
    else:
        host.memory = HostMemory(None, None, number * GB)
