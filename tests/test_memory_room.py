"""MemoryRoom: what is free beside the models in memory, and the fewest that must go for another."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.host_memory import HostMemory
from routing.memory_room import MemoryRoom, Resident, fewest_to_free, room_beside
from routing.types import Endpoint

HERE = Endpoint("ollama", "http://localhost:11434")
SIZES = st.lists(st.one_of(st.none(), st.integers(0, 40)), max_size=6)


def residents(*sizes: int | None, busy: int = 0) -> list[Resident]:
    """Models of these sizes, the first used least recently."""
    return [Resident(f"m{n}", HERE, size, busy, float(n)) for n, size in enumerate(sizes)]


def names(going: tuple[Resident, ...] | None) -> list[str] | None:
    return None if going is None else [resident.model_id for resident in going]


def room(memory: dict[str, Any], *sizes: int | None, coming: int = 0, movable: int | None = None) -> MemoryRoom:
    """The room beside models of these sizes, of which only the first `movable` can be unloaded."""
    there = residents(*sizes)
    told = {"total_bytes": 100, "available_bytes": None, "models_limit_bytes": None, **memory}
    return room_beside(there, there[:movable], coming, HostMemory(**told))


# --- who must go ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "short", "going"),
    [
        ((5, 5, 5), 0, []),
        ((5, 5, 5), 4, ["m0"]),
        ((5, 5, 5), 6, ["m0", "m1"]),
        ((1, 20), 15, ["m1"]),
        ((1, 2, 20), 21, ["m0", "m2"]),
        ((5, None, 5), 10, ["m0", "m2"]),
        ((5, 5), 11, None),
        ((), 1, None),
        ((), -1, []),
    ],
)
def test_the_least_recently_used_go_and_nobody_in_vain(
    sizes: tuple[int | None, ...], short: int, going: list[str] | None
) -> None:
    """A small one that frees too little stays when a large one has to go anyway, the later used one first."""
    assert names(fewest_to_free(short, residents(*sizes))) == going


@given(SIZES, st.integers(-5, 120))
def test_who_goes_frees_enough_and_is_needed(sizes: list[int | None], short: int) -> None:
    """In every case: enough, nobody without whom it were enough too, in the order of use, and no later than need be."""
    there = residents(*sizes)
    going = fewest_to_free(short, there)
    total = sum(size or 0 for size in sizes)
    assert (going is None) == (total < short)
    if going is None:
        return
    freed = sum(each.bytes or 0 for each in going)
    assert freed >= short
    assert all(freed - (each.bytes or 0) < short for each in going)
    assert list(going) == [each for each in there if each in going]
    if going:
        earlier = there[: there.index(going[-1])]
        assert sum(each.bytes or 0 for each in earlier) < short


@given(SIZES, st.integers(1, 120))
def test_the_last_to_go_is_the_least_recently_used_that_can_be(sizes: list[int | None], short: int) -> None:
    """No other choice keeps all that were used as lately."""
    there = residents(*sizes)
    going = fewest_to_free(short, there)
    choices = [choice for count in range(len(there) + 1) for choice in combinations(there, count)]
    latest = [
        max(each.last_used for each in choice) for choice in choices if sum(e.bytes or 0 for e in choice) >= short
    ]
    assert (going is not None) == bool(latest)
    assert going is None or going[-1].last_used == min(latest)


# --- what is free -----------------------------------------------------------------------------------------------------


def test_the_limit_holds_for_all_together() -> None:
    """What is loaded, and what is being loaded, is off it."""
    there = room({"models_limit_bytes": 24}, 6, 8, coming=4)
    assert (there.free_bytes, there.capacity_bytes) == (6, 24)


def test_what_is_available_is_free_beside_what_is_loaded() -> None:
    """And with the loaded ones gone there is theirs as well; the smaller of the two figures holds."""
    there = room({"available_bytes": 5}, 6, 8)
    assert (there.free_bytes, there.capacity_bytes) == (5, 19)
    there = room({"available_bytes": 5, "models_limit_bytes": 17}, 6, 8)
    assert (there.free_bytes, there.capacity_bytes) == (3, 17)
    there = room({"available_bytes": 2, "models_limit_bytes": 17}, 6, 8)
    assert (there.free_bytes, there.capacity_bytes) == (2, 16)


def test_what_is_being_loaded_has_not_taken_all_its_memory_yet() -> None:
    """It is off what is available, and in what there would be with everybody gone."""
    there = room({"available_bytes": 20}, 6, coming=4)
    assert (there.free_bytes, there.capacity_bytes) == (16, 30)


def test_what_a_server_keeps_for_itself_cannot_be_had() -> None:
    """A model that nobody can unload stays in the account."""
    there = room({"models_limit_bytes": 24}, 6, 8, movable=1)
    assert (there.free_bytes, there.capacity_bytes) == (10, 16)
    assert names(there.movable) == ["m0"]


def test_where_nobody_knows_nothing_is_said() -> None:
    """Neither a limit nor what is available."""
    assert room({}, 6).free_bytes is None
    assert room({}, 6).capacity_bytes is None
    assert room({"pressure": "critical"}, 6).free_bytes is None


@pytest.mark.parametrize(("pressure", "free"), [("normal", 18), ("warning", 5), ("critical", 0)])
def test_an_elastic_system_is_believed_while_it_is_at_ease(pressure: str, free: int) -> None:
    """A Mac makes room by itself; under pressure what is available counts, and at the worst nothing is free."""
    memory = {"models_limit_bytes": 24, "available_bytes": 5, "elastic": True, "pressure": pressure}
    assert room(memory, 6).free_bytes == free


def test_a_busy_model_is_not_idle() -> None:
    """It can be unloaded, but not now; one of unknown size frees nothing."""
    there = [*residents(6, busy=1), *residents(8, None)]
    memory = HostMemory(100, None, 24)
    found = room_beside(there, there, 0, memory)
    assert ([each.bytes for each in found.movable], [each.bytes for each in found.idle]) == ([6, 8], [8])


@given(SIZES, st.integers(0, 60), st.integers(-9, 120), st.one_of(st.none(), st.integers(0, 120)))
def test_no_figure_is_below_nothing(sizes: list[int | None], coming: int, limit: int, available: int | None) -> None:
    """Whatever is loaded beside a limit that was lowered, and what is free is never more than there could be."""
    there = room({"models_limit_bytes": limit, "available_bytes": available}, *sizes, coming=coming)
    assert there.free_bytes is not None
    assert there.capacity_bytes is not None
    assert 0 <= there.free_bytes <= there.capacity_bytes
