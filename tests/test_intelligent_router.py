"""IntelligentRouter: gates, order, the chat's own model, the person's choice, and figures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.intelligent_router import IntelligentRouter
from routing.model_registry import ModelRegistry
from routing.types import (
    Attachment,
    Message,
    Modality,
    ModelCapability,
    Quality,
    Query,
    RoutingStrategy,
    SpeedClass,
)
from tests.answers import a_model
from tests.fake_backend import ONE, TWO, an_offer, some_models

if TYPE_CHECKING:
    from routing.types import Endpoint, ModelMetadata, RoutingDecision

TEXT = "Which river runs through Paris, and where does it end?"


def a_router(*models: ModelMetadata, strategy: str = "balanced", **settings: Any) -> IntelligentRouter:
    registry = ModelRegistry(models or None)
    return IntelligentRouter(registry, RoutingStrategy(strategy), **settings)


def order(decision: RoutingDecision) -> list[str]:
    return [candidate.model.model_id for candidate in decision.candidates]


def out(decision: RoutingDecision) -> dict[str, str]:
    return {exclusion.model.model_id: exclusion.reason for exclusion in decision.exclusions}


def of_quality(model_id: str, quality: float, **facts: Any) -> ModelMetadata:
    facts.setdefault("capabilities", frozenset({ModelCapability.GENERAL}))
    return a_model(model_id, model_id=model_id, display_name=model_id.title(), quality=Quality(*[quality] * 3), **facts)


# --- a decision -------------------------------------------------------------------------------------------------------


def test_a_decision_has_all_that_is_to_be_told() -> None:
    """Candidates with reasons, what it will take, and the built-in one last."""
    decision = a_router().decide("What is Python?")
    first = decision.candidates[0]
    assert order(decision)[-1] == "builtin"
    assert decision.candidates[-1].reasons == ("needs no server",)
    assert first.reasons[:2] == ("0.75 general quality", "fast")
    assert (decision.estimated_tokens, decision.estimated_cost, decision.race) == (100, 0.3, 1)
    assert decision.estimated_seconds == pytest.approx(0.5 + 100 / 85, abs=0.01)
    assert out(decision) == {
        "ollama_qwen25_32b": "over max_cost (0.8 > 0.7)",
        "mlx_qwen25_32b": "over max_cost (0.8 > 0.7)",
    }


def test_with_no_model_at_all_the_built_in_one_is_left() -> None:
    """And nothing pretends otherwise."""
    router = a_router(*some_models("alpha"))
    router.registry.apply_offers(ONE, None)
    decision = router.decide(TEXT)
    assert (order(decision), out(decision)) == (["builtin"], {"alpha": "ollama not reachable"})


def test_the_same_question_gets_the_same_decision() -> None:
    """However often, and in a router of its own."""
    first, second = a_router(), a_router()
    decisions = [router.decide(TEXT) for router in (first, first, second)]
    assert decisions[0] == decisions[1] == decisions[2]


async def test_route_gives_the_first_candidates_model() -> None:
    """The preferred backend may be named in the call, as the specification has it."""
    router = a_router()
    assert (await router.route("What is Python?")).model_id == "ollama_qwen25_7b"
    assert (await router.route("What is Python?", preferred_backend="mlx")).model_id == "mlx_qwen25_7b"
    assert (await router.route(Query("What is Python?"), "lmstudio")).backend == "lmstudio"


@pytest.mark.parametrize("strategy", list(RoutingStrategy))
def test_a_preferred_backend_is_honoured_by_every_strategy(strategy: RoutingStrategy) -> None:
    """Of the router, or of the query, which goes before it."""
    router = a_router(strategy=strategy, preferred_backend="mlx")
    assert router.decide(TEXT).candidates[0].model.backend == "mlx"
    assert router.decide(Query(TEXT, preferred_backend="ollama")).candidates[0].model.backend == "ollama"


def test_a_preferred_backend_that_is_down_is_no_hindrance() -> None:
    """The others answer."""
    router = a_router(preferred_backend="ollama")
    router.registry.apply_offers(ONE, None)
    assert router.decide(TEXT).candidates[0].model.backend == "mlx"


def test_a_strategy_may_come_with_the_query() -> None:
    """And under each of its names."""
    router = a_router(strategy="speed")
    assert router.decide(TEXT).candidates[0].model.model_id == "ollama_smallthinker"
    decision = router.decide(Query(TEXT, strategy=RoutingStrategy("quality_first")))
    assert (decision.strategy, decision.candidates[0].model.model_id) == (RoutingStrategy.QUALITY, "ollama_qwen25_14b")


@pytest.mark.parametrize(
    ("alias", "strategy"), [("quality_first", "quality"), ("cost_first", "cost_optimized"), (" Latency_First", "speed")]
)
def test_the_other_names_of_strategies_are_taken(alias: str, strategy: str) -> None:
    """As the specification calls them elsewhere."""
    router = a_router()
    router.set_strategy(alias)
    assert router.strategy is RoutingStrategy(strategy)


def test_settings_that_make_no_sense_are_refused() -> None:
    """And change nothing."""
    router = a_router()
    with pytest.raises(ValueError, match="fastest"):
        router.set_strategy("fastest")
    for cost in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="between 0 and 1"):
            router.set_max_cost(cost)
    assert (router.strategy, router.max_cost) == (RoutingStrategy.BALANCED, 0.7)


def test_max_cost_holds_from_the_next_decision_on() -> None:
    """Nothing remembers the old one."""
    router = a_router(strategy="quality")
    assert router.decide(TEXT).candidates[0].model.cost == 0.5
    router.set_max_cost(0.3)
    assert router.decide(TEXT).candidates[0].model.cost == 0.3
    router.set_max_cost(1.0)
    assert router.decide(TEXT).candidates[0].model.cost == 0.8


# --- what changes -----------------------------------------------------------------------------------------------------


def test_no_decision_is_older_than_what_is_known() -> None:
    """Every change shows in the next decision."""
    now = [0.0]
    registry = ModelRegistry(some_models("alpha", "beta"), lambda: now[0])
    router = IntelligentRouter(registry, RoutingStrategy.BALANCED)
    assert order(router.decide(TEXT)) == ["alpha", "beta", "builtin"]
    registry.apply_offers(ONE, [an_offer("beta"), an_offer("alpha")])
    registry.mark_loaded("beta", ONE)
    assert order(router.decide(TEXT)) == ["beta", "alpha", "builtin"]
    registry.cool_down("beta", ONE, 10.0)
    assert order(router.decide(TEXT)) == ["alpha", "builtin"]
    now[0] = 10.0
    assert order(router.decide(TEXT)) == ["beta", "alpha", "builtin"]
    registry.apply_offers(ONE, [an_offer("alpha")])
    assert order(router.decide(TEXT)) == ["alpha", "builtin"]
    registry.update_availability("alpha", available=False)
    assert order(router.decide(TEXT)) == ["builtin"]


def test_rankings_do_not_pile_up() -> None:
    """Whatever costs and backends people ask for."""
    router = a_router(*some_models("alpha"))
    for number in range(2000):
        router.decide(Query(TEXT, preferred_backend=f"backend {number}"))
    assert len(router._rankings) <= 256


# --- context ----------------------------------------------------------------------------------------------------------


def turns(count: int, words: int) -> tuple[Message, ...]:
    return tuple(Message(role, "word " * words) for _ in range(count) for role in ("user", "assistant"))


def test_a_context_that_is_too_small_is_left_out() -> None:
    """Prompt and answer must fit, and the reason has the figure."""
    router = a_router(of_quality("small", 0.9, context_tokens=2048), of_quality("large", 0.7, context_tokens=16384))
    decision = router.decide("word " * 4000)
    assert (order(decision), out(decision)) == (["large", "builtin"], {"small": "too small a context (2048 tokens)"})


def test_a_conversation_too_long_for_all_is_trimmed() -> None:
    """The message alone decides then, and it is said."""
    router = a_router(of_quality("small", 0.9, context_tokens=4096), of_quality("tiny", 0.9, context_tokens=512))
    decision = router.decide(Query("And then? " * 100, history=turns(20, 500)))
    assert order(decision) == ["small", "builtin"]
    assert decision.notes[0] == "the conversation is longer than any model's context: its oldest turns are left out"


def test_a_message_too_long_for_all_is_told() -> None:
    """Before anything else that there is to say."""
    router = a_router(of_quality("small", 0.9, context_tokens=4096, capabilities=frozenset()))
    decision = router.decide("def f(): pass\n" * 5000)
    assert order(decision) == ["builtin"]
    assert decision.notes[0].startswith("the message needs about ")
    assert decision.notes[0].endswith("the largest model here takes 4096")


def test_a_long_system_prompt_and_pictures_count() -> None:
    """They cannot be left out either."""
    seeing = frozenset({ModelCapability.VISION})
    router = a_router(of_quality("small", 0.9, context_tokens=4096, capabilities=seeing))
    assert order(router.decide(Query("Hm?", system_prompt="word " * 5000))) == ["builtin"]
    pictures = tuple(Attachment(Modality.IMAGE, b"x", "image/png") for _ in range(10))
    assert order(router.decide(Query("What is this?", attachments=pictures[:1]))) == ["small", "builtin"]
    assert order(router.decide(Query("What is this?", attachments=pictures))) == ["builtin"]


def test_what_the_server_serves_counts_and_not_what_the_model_could() -> None:
    """Ollama's window, or the one that was set."""
    router = a_router(
        of_quality("set", 0.9, context_tokens=100_000, options={"num_ctx": 2048}),
        of_quality("ollama", 0.9, context_tokens=100_000),
        of_quality("studio", 0.9, context_tokens=100_000, backend="lmstudio"),
    )
    assert order(router.decide("word " * 3000)) == ["ollama", "studio", "builtin"]
    assert order(router.decide("word " * 30_000)) == ["studio", "builtin"]


# --- the chat's model -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("margin", "kept"), [(0.1, True), (0.046, True), (0.044, False), (0.0, False)])
def test_a_chat_stays_on_its_model_while_the_choice_is_close(margin: float, kept: bool) -> None:  # noqa: FBT001
    """The two are 0.045 apart: 0.1 of quality, which weighs 0.45."""
    router = a_router(of_quality("best", 0.8), of_quality("chats", 0.7), stickiness_margin=margin)
    decision = router.decide(Query(TEXT, current_model_id="chats"))
    assert (order(decision)[0] == "chats") is kept
    assert ("this chat's model, and close to the best" in decision.candidates[0].reasons) is kept
    assert sorted(order(decision)) == ["best", "builtin", "chats"]


def test_a_chat_leaves_a_model_that_is_gone() -> None:
    """Or that was never there, without a word."""
    router = a_router(*some_models("alpha", "beta"))
    router.registry.apply_offers(ONE, [an_offer("alpha")])
    for current in ("beta", "nobody", "builtin"):
        decision = router.decide(Query(TEXT, current_model_id=current))
        assert (order(decision), decision.notes) == (["alpha", "builtin"], ())


# --- the person's choice ----------------------------------------------------------------------------------------------


def test_the_chosen_model_goes_first() -> None:
    """Whatever it costs, and whatever the chat had before; the others follow."""
    decision = a_router().decide(Query("Hi", model_id="mlx_qwen25_32b", current_model_id="ollama_smallthinker"))
    assert order(decision)[0] == "mlx_qwen25_32b"
    assert decision.candidates[0].reasons[0] == "chosen by you"
    assert len(set(order(decision))) == len(order(decision)) > 5


def test_a_chosen_model_that_cannot_be_had_is_explained() -> None:
    """Gone, not installed, blind, or too small for the message."""
    small = of_quality("small", 0.9, context_tokens=1024)
    router = a_router(small, of_quality("large", 0.9), of_quality("absent", 0.9))
    router.registry.apply_offers(ONE, [an_offer("small", context_tokens=1024), an_offer("large")])
    said = {
        query: router.decide(query).notes[0]
        for query in (
            Query(TEXT, model_id="nobody"),
            Query(TEXT, model_id="absent"),
            Query("Look", model_id="large", attachments=(Attachment(Modality.IMAGE, b"x"),)),
            Query("word " * 3000, model_id="small"),
        )
    }
    assert list(said.values()) == [
        "the chosen model nobody is offered by no server now",
        "Absent, which you chose, was left out: not installed",
        "Large, which you chose, was left out: cannot see images",
        "Small, which you chose, was left out: too small a context (1024 tokens)",
    ]


def test_a_chosen_model_takes_a_conversation_that_is_longer_than_its_context() -> None:
    """The oldest turns are left out for it, though another model could take them all."""
    router = a_router(of_quality("small", 0.9, context_tokens=2048), of_quality("large", 0.9))
    decision = router.decide(Query("And then?", history=turns(10, 300), model_id="small"))
    assert order(decision)[0] == "small"


def test_a_retry_tries_another_model_first() -> None:
    """The one that was tried comes last, and again when there is no other."""
    router = a_router(*some_models("alpha", "beta", "gamma"))
    avoid = frozenset({"alpha", "beta"})
    decision = router.decide(Query(TEXT, avoid_model_ids=avoid, current_model_id="alpha"))
    assert order(decision) == ["gamma", "alpha", "beta", "builtin"]
    assert decision.notes == ("asked again: another model goes first",)
    assert order(router.decide(Query(TEXT, avoid_model_ids=frozenset({"alpha", "beta", "gamma"}))))[0] == "alpha"


# --- by name, after a failure, figures --------------------------------------------------------------------------------


def test_models_asked_for_by_name_are_taken_as_they_are() -> None:
    """In their order, without the built-in one, and not counted as a choice."""
    router = a_router()
    models = [router.registry.get_model(model_id) for model_id in ("lmstudio_llava", "ollama_qwen25_32b")]
    decision = router.decide_among(Query(TEXT), [model for model in models if model])
    assert order(decision) == ["lmstudio_llava", "ollama_qwen25_32b"]
    assert (decision.race, decision.estimated_cost) == (1, 0.4)
    assert router.get_stats()["total_routed"] == 0


def test_a_fallback_comes_as_near_as_it_can() -> None:
    """Most capabilities shared, then the best; never the failed one, never one that is not there."""
    router = a_router()
    failed = router.registry.get_model("ollama_qwen25_14b")
    assert failed is not None
    for lost in (failed, failed.model_id):
        fallback = router.get_fallback_model(lost)
        assert fallback is not None
        assert fallback.model_id == "ollama_qwen25_32b"
    router.registry.apply_offers(ONE, None)
    fallback = router.get_fallback_model("ollama_qwen25_14b")
    assert fallback is not None
    assert fallback.model_id == "mlx_qwen25_32b"
    assert router.get_fallback_model("nobody") is not None
    assert a_router(*some_models("alone")).get_fallback_model("alone") is None


def test_decisions_are_counted() -> None:
    """By complexity and by the model that goes first."""
    router = a_router(*some_models("alpha"))
    for text in ("Hi", "Hello", "What is Python?"):
        router.decide(text)
    router.note_fallback()
    assert router.get_stats() == {
        "total_routed": 3,
        "by_complexity": {"trivial": 2, "simple": 1},
        "by_model": {"alpha": 3},
        "fallbacks": 1,
    }


# --- always -----------------------------------------------------------------------------------------------------------

MODELS = st.lists(
    st.builds(
        lambda number, facts: a_model(f"m{number}", model_id=f"m{number}", **facts),
        st.integers(0, 30),
        st.fixed_dictionaries(
            {
                "backend": st.sampled_from(["ollama", "lmstudio"]),
                "capabilities": st.frozensets(st.sampled_from(ModelCapability)),
                "speed_class": st.sampled_from(SpeedClass),
                "cost": st.floats(0, 1),
                "context_tokens": st.integers(256, 100_000),
                "quality": st.builds(Quality, *[st.floats(0, 1)] * 3),
                "enabled": st.booleans(),
            }
        ),
    ),
    max_size=8,
    unique_by=lambda model: model.model_id,
)
QUERIES = st.builds(
    Query,
    st.one_of(st.text(max_size=200), st.sampled_from([TEXT, "Hi", "word " * 3000, "Write a function"])),
    attachments=st.sampled_from([(), (Attachment(Modality.IMAGE, b"x"),), (Attachment(Modality.AUDIO, b"x"),)]),
    history=st.sampled_from([(), turns(3, 100), turns(30, 500)]),
    strategy=st.one_of(st.none(), st.sampled_from(RoutingStrategy)),
    model_id=st.one_of(st.none(), st.integers(0, 30).map("m{}".format)),
    current_model_id=st.one_of(st.none(), st.integers(0, 30).map("m{}".format)),
    avoid_model_ids=st.frozensets(st.integers(0, 30).map("m{}".format), max_size=2),
    preferred_backend=st.sampled_from([None, "ollama", "lmstudio", "nobody"]),
)


@settings(max_examples=200, deadline=None)
@given(MODELS, QUERIES, st.sets(st.integers(0, 30)), st.sampled_from([(), (ONE,), (TWO,), (ONE, TWO)]))
def test_whatever_is_asked_the_decision_holds(
    models: list[ModelMetadata], query: Query, installed: set[int], asked: tuple[Endpoint, ...]
) -> None:
    """Only available models, each once, best first but for the one that was moved, and the built-in one last."""
    registry = ModelRegistry(models)
    for endpoint in asked:
        registry.apply_offers(endpoint, [an_offer(f"m{number}", endpoint) for number in installed])
    decision = IntelligentRouter(registry).decide(query)
    *chosen, last = decision.candidates
    assert last.model.model_id == "builtin"
    assert all(registry.status(candidate.model.model_id).available for candidate in chosen)
    everything = [model.model_id for model in registry.get_all_models()]
    assert sorted([*order(decision)[:-1], *out(decision)]) == sorted(everything)
    moved = {query.model_id, query.current_model_id} | query.avoid_model_ids
    scores = [candidate.score for candidate in chosen if candidate.model.model_id not in moved]
    assert scores == sorted(scores, reverse=True)
    assert IntelligentRouter(registry).decide(replace(query)) == decision
