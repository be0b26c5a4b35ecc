"""CircuitBreaker: opens after failures, lets one request try, closes on success."""

from __future__ import annotations

import pytest

from routing.circuit_breaker import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    LONGEST_UNREACHABLE_SECONDS,
    TRIAL_SECONDS,
    CircuitBreaker,
)
from routing.errors import (
    BackendError,
    BackendTimeout,
    BackendUnreachable,
    BadReply,
    ContextTooLong,
    ModelMissing,
    OutOfMemory,
)
from routing.model_registry import ModelRegistry
from tests.fake_backend import ONE, TWO, an_offer, some_models


class Bench:
    """A breaker, its registry and the clock of both."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.registry = ModelRegistry(some_models("alpha", "beta"), self.time)
        for endpoint in (ONE, TWO):
            self.registry.apply_offers(endpoint, [an_offer(name, endpoint) for name in ("alpha", "beta")])
        self.breaker = CircuitBreaker(self.registry, self.time)

    def time(self) -> float:
        """The time now."""
        return self.now

    def fail(self, kind: type[BackendError] = BackendUnreachable, **about: bool) -> None:
        """Fail alpha at the first host."""
        self.breaker.failed("alpha", ONE, kind("failed", backend="ollama"), **about)

    def is_open(self) -> bool:
        """Whether alpha is kept away from the first host."""
        return ONE not in self.registry.status("alpha").endpoints


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("kind", "failures"),
    [(BackendUnreachable, 1), (ModelMissing, 1), (OutOfMemory, 1), (BackendTimeout, 3), (BadReply, 3)],
)
def test_it_opens_after_so_many_failures(bench: Bench, kind: type[BackendError], failures: int) -> None:
    """At once where the next try would fail too, else after three in a row."""
    for _ in range(failures - 1):
        bench.fail(kind)
    assert not bench.is_open()
    bench.fail(kind)
    assert bench.is_open()


def test_one_circuit_is_one_model_at_one_host(bench: Bench) -> None:
    """The other host, and the other model, are not touched."""
    bench.fail()
    assert bench.registry.status("alpha").endpoints == (TWO,)
    assert set(bench.registry.status("beta").endpoints) == {ONE, TWO}


def test_a_success_between_failures_starts_the_count_anew(bench: Bench) -> None:
    """Only failures in a row count."""
    for _ in range(5):
        bench.fail(BadReply)
        bench.fail(BadReply)
        bench.breaker.succeeded("alpha", ONE)
    assert not bench.is_open()


def test_what_says_nothing_about_the_model_does_not_count(bench: Bench) -> None:
    """A prompt that is too long, and a time-out while it loads."""
    for _ in range(10):
        bench.fail(ContextTooLong)
        bench.fail(BackendTimeout, loading=True)
    assert not bench.is_open()


def test_it_half_opens_by_time_and_one_request_tries(bench: Bench) -> None:
    """While it does, the others stay away; its success closes the circuit."""
    bench.fail()
    bench.now += FIRST_PAUSE_SECONDS
    assert not bench.is_open()
    bench.breaker.started("alpha", ONE)
    assert bench.is_open()
    bench.breaker.succeeded("alpha", ONE)
    assert not bench.is_open()
    bench.breaker.started("alpha", ONE)
    assert not bench.is_open()


def test_a_trial_that_fails_doubles_the_pause(bench: Bench) -> None:
    """Up to the longest; one failure is enough then, whatever its kind."""
    bench.fail()
    pauses = []
    for _ in range(8):
        pause = 0
        while bench.is_open():
            bench.now += 1
            pause += 1
        pauses.append(pause)
        bench.breaker.started("alpha", ONE)
        bench.fail(BadReply)
    assert pauses == [10, 20, 40, 80, 160, 300, 300, 300]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


def test_a_server_that_takes_no_request_never_rests_long(bench: Bench) -> None:
    """A host that comes back is used again within 30 s, whatever it did before."""
    for kind in (BadReply, BadReply, BadReply, *[BadReply] * 5, BackendUnreachable):
        bench.fail(kind)
    bench.now += LONGEST_UNREACHABLE_SECONDS
    assert not bench.is_open()
    assert LONGEST_UNREACHABLE_SECONDS <= 30


def test_a_host_that_comes_back_begins_anew(bench: Bench) -> None:
    """Every circuit there closes, for good: the next failure counts as the first. Other hosts have their own."""
    for _ in range(6):
        bench.fail(OutOfMemory)
    bench.breaker.failed("alpha", TWO, OutOfMemory("failed", backend="ollama"))
    bench.breaker.came_back(ONE)
    assert bench.registry.status("alpha").endpoints == (ONE,)
    bench.breaker.started("alpha", ONE)
    assert not bench.is_open()
    bench.fail(OutOfMemory)
    bench.now += FIRST_PAUSE_SECONDS
    assert not bench.is_open()


def test_a_trial_that_is_called_off_lets_the_next_one_try(bench: Bench) -> None:
    """Somebody stopped it: nothing was learnt."""
    bench.fail()
    bench.now += FIRST_PAUSE_SECONDS
    bench.breaker.started("alpha", ONE)
    bench.breaker.released("alpha", ONE)
    assert not bench.is_open()


def test_a_trial_that_never_ends_does_not_close_the_door_for_ever(bench: Bench) -> None:
    """After a while another request may try."""
    bench.fail()
    bench.now += FIRST_PAUSE_SECONDS
    bench.breaker.started("alpha", ONE)
    bench.now += TRIAL_SECONDS
    assert not bench.is_open()


def test_a_closed_circuit_is_not_kept(bench: Bench) -> None:
    """Nothing grows with the models that have come and gone well."""
    bench.breaker.started("alpha", ONE)
    bench.breaker.succeeded("alpha", ONE)
    bench.fail()
    bench.breaker.succeeded("alpha", ONE)
    bench.breaker.released("alpha", ONE)
    assert bench.breaker._circuits == {}


def test_a_host_that_was_only_doubted_has_its_pause(bench: Bench) -> None:
    """It lists its models, and takes no request: asking it again at once would cost everybody a time-out."""
    bench.fail()
    bench.registry.doubt(ONE)
    bench.registry.apply_offers(ONE, [an_offer("alpha"), an_offer("beta")])
    assert bench.is_open()
