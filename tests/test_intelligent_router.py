"""IntelligentRouter: gates, order, the chat's own model, the person's choice, and figures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.host_memory import HostMemory
from routing.intelligent_router import IntelligentRouter
from routing.model_registry import ModelRegistry
from routing.model_residency import ModelResidency
from routing.standings import Evidence
from routing.types import (
    Attachment,
    Endpoint,
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
    from routing.types import ModelMetadata, RoutingDecision

TEXT = "What is the name of the river that runs through Paris?"


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
    assert len(router._rankings) <= 512


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
    decision = router.decide(Query("And then? " * 200, history=turns(20, 500)))
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


@pytest.mark.parametrize(("share", "kept"), [(2.0, True), (1.02, True), (0.98, False), (0.0, False)])
def test_a_chat_stays_on_its_model_while_the_choice_is_close(share: float, kept: bool) -> None:  # noqa: FBT001
    """Up to the margin behind the best, and no further."""
    models = of_quality("best", 0.8), of_quality("chats", 0.75)
    best, chats, _ = a_router(*models).decide(TEXT).candidates
    router = a_router(*models, stickiness_margin=share * (best.score - chats.score))
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


# --- what is in memory ------------------------------------------------------------------------------------------------

GB = 1_000_000_000
MAC = Endpoint("ollama", "http://localhost:11434")
STUDIO = Endpoint("lmstudio", "http://localhost:1234/v1")
QUESTIONS = {
    "hi": "Hi",
    "simple": "What is Python?",
    "moderate": "Explain the difference between TCP and UDP, and when to use each of them",
    "hard": "Explain quantum computing in detail with examples",
    "code": "Write a function to calculate fibonacci numbers",
}
# Name, GB on disk, seconds of a load: with 1.2 times the disk and 1 GB each, 26 GB hold none beside the largest.
SIZES = {
    "270M": ("smallthinker:270m-preview-q4_K_M", 0.2, 1.0),
    "3B": ("llama3.2:3b", 2.0, 9.0),
    "7B": ("qwen2.5:7b-instruct-q4_K_M", 4.7, 4.0),
    "6.7B": ("deepseek-coder:6.7b-instruct-q4_K_M", 3.8, 4.0),
    "14B": ("qwen2.5:14b-instruct-q4_K_M", 9.0, 6.0),
    "32B": ("qwen2.5:32b-instruct-q4_K_M", 19.8, 14.0),
}


class Mac:
    """A Mac of 36 GB, 26 of them for models, with all sizes installed unless fewer are named."""

    def __init__(
        self, loaded: str = "", busy: str = "", *, strategy: str = "auto", limit: float = 26, installed: str = ""
    ) -> None:
        self.registry = ModelRegistry()
        for backend in ("mlx", "lmstudio"):
            self.registry.close_backend(backend, "not here")
        self.loaded = loaded.split()
        self.installed = installed.split() or list(SIZES)
        self.say()
        self.residency = ModelResidency(self.registry, lambda: HostMemory(36 * GB, None, int(limit * GB)))
        self.ids = {
            size: model.model_id
            for size in self.installed
            for model in self.registry.get_all_models()
            if model.backend_name == SIZES[size][0] and model.backend == "ollama"
        }
        for size, model_id in self.ids.items():
            self.residency.teach(model_id, MAC.address, SIZES[size][2])
        for size in busy.split():
            self.residency.used(self.ids[size], MAC)
        self.router = IntelligentRouter(self.registry, RoutingStrategy(strategy), residency=self.residency)

    def say(self, **facts: Any) -> None:
        """Have Ollama list what is installed, and what of it is in memory."""
        offers = [
            an_offer(
                name,
                MAC,
                parameters=size,
                size_bytes=int(disk * GB),
                loaded=size in self.loaded,
                **facts if size not in self.loaded else {},
            )
            for size, (name, disk, _) in SIZES.items()
            if size in self.installed
        ]
        self.registry.apply_offers(MAC, offers)

    def decide(self, question: str, **about: Any) -> RoutingDecision:
        """Decide on one of the questions."""
        return self.router.decide(Query(QUESTIONS[question], **about))

    def choice(self, question: str) -> str:
        """The size of the model that goes first."""
        first = self.decide(question).candidates[0].model.model_id
        return next((size for size, model_id in self.ids.items() if model_id == first), first)

    def reasons(self, question: str, size: str) -> tuple[str, ...]:
        """What a decision says of one model."""
        candidates = self.decide(question).candidates
        return next(each.reasons for each in candidates if each.model.model_id == self.ids[size])


@pytest.mark.parametrize(
    ("strategy", "loaded", "busy", "question", "choice"),
    [
        # A greeting is answered by whoever is there; nobody is woken for it but the one that is up in a second.
        ("auto", "7B", "", "hi", "7B"),
        ("auto", "7B 14B", "7B", "hi", "7B"),
        ("auto", "3B", "", "hi", "3B"),
        ("auto", "", "", "hi", "270M"),
        ("auto", "14B", "", "hi", "270M"),
        # A simple question neither waits 9 s for a small model, nor 4 s for one that is hardly better.
        ("auto", "7B", "", "simple", "7B"),
        ("auto", "14B", "", "simple", "14B"),
        ("auto", "3B", "", "simple", "3B"),
        ("auto", "", "", "simple", "7B"),
        # The smallest is too poor for it, though it is there.
        ("auto", "270M", "", "simple", "7B"),
        ("auto", "7B", "", "moderate", "7B"),
        ("auto", "14B", "", "moderate", "14B"),
        # A hard question is worth a load, and whoever idles goes for it.
        ("auto", "7B", "", "hard", "32B"),
        ("auto", "7B 14B", "", "hard", "32B"),
        ("auto", "", "", "hard", "32B"),
        # But nobody who is answering: the best of the others answers, loaded for it where there is room.
        ("auto", "7B 14B", "14B", "hard", "14B"),
        ("auto", "7B 14B", "7B", "hard", "14B"),
        ("auto", "7B", "7B", "hard", "14B"),
        # Much code is worth the specialist's 4 s.
        ("auto", "7B", "", "code", "6.7B"),
        ("auto", "14B", "", "code", "6.7B"),
        ("speed", "7B", "", "simple", "7B"),
        ("speed", "14B", "", "simple", "270M"),
        ("quality", "7B", "", "simple", "14B"),
        ("cost_optimized", "7B", "", "simple", "270M"),
        ("balanced", "14B", "", "simple", "14B"),
        ("balanced", "3B", "", "hard", "14B"),
        ("balanced", "3B", "", "simple", "3B"),
    ],
)
def test_what_is_in_memory_counts_as_much_as_the_task_allows(
    strategy: str, loaded: str, busy: str, question: str, choice: str
) -> None:
    """A table of situations."""
    assert Mac(loaded, busy, strategy=strategy).choice(question) == choice


def test_speed_does_not_wait_for_the_fastest() -> None:
    """9 s for a small model are longer than what a larger one takes to answer."""
    assert Mac("7B", strategy="speed", installed="3B 7B 14B").choice("simple") == "7B"
    assert Mac("", strategy="speed", installed="3B 7B 14B").choice("simple") == "7B"


def test_a_greeting_never_wakes_the_largest() -> None:
    """Whatever the others would take."""
    for loaded in ("", "270M", "3B", "7B", "14B"):
        assert Mac(loaded, installed="3B 7B 14B 32B").choice("hi") != "32B"


def test_a_longer_load_counts_more() -> None:
    """So that 2 s are not like 60."""
    scores = []
    for seconds in (2.0, 9.0, 60.0):
        mac = Mac("14B")
        for _ in range(5):
            mac.residency.teach(mac.ids["7B"], MAC.address, seconds)
        candidates = mac.decide("simple").candidates
        scores.append(next(each.score for each in candidates if each.model.model_id == mac.ids["7B"]))
    assert scores[0] > scores[1] + 0.05 > scores[2] + 0.1


def test_a_load_is_told_in_words() -> None:
    """How long it takes, who goes for it, and that somebody has to be waited for."""
    mac = Mac("7B 14B")
    assert "loaded" in mac.reasons("hard", "14B")
    mac.residency.used(mac.ids["7B"], MAC)
    mac.residency.released(mac.ids["7B"], MAC)
    assert mac.reasons("hard", "32B")[2:4] == ("needs 14 s to load", "would evict Qwen2.5 14B and Qwen2.5 7B")
    assert "needs 1 s to load" in mac.reasons("hi", "270M")
    assert not any(reason.startswith("would") for reason in mac.reasons("hi", "270M"))
    assert "would wait for a busy model" in Mac("7B 14B", "14B").reasons("hard", "32B")


def test_what_cannot_fit_is_no_candidate() -> None:
    """Not even for somebody who chose it; the arithmetic says why."""
    mac = Mac("7B", limit=18)
    assert mac.choice("hard") == "14B"
    assert out(mac.decide("hard"))[mac.ids["32B"]] == "needs 25 GB, and 18 GB are there for models"
    decision = mac.decide("hard", model_id=mac.ids["32B"])
    assert decision.notes[0] == (
        "Qwen2.5 32B, which you chose, was left out: needs 25 GB, and 18 GB are there for models"
    )


def test_where_nothing_fits_the_decision_says_so() -> None:
    """Or people would be told that no model can be reached."""
    decision = Mac("", limit=1, installed="7B").decide("hard")
    assert [candidate.model.model_id for candidate in decision.candidates] == ["builtin"]
    assert decision.notes[0].startswith("Qwen2.5 7B needs ")
    assert decision.notes[0].endswith(" GB, and 1 GB are there for models")


def test_what_is_not_downloaded_is_no_candidate() -> None:
    """Only somebody who asks for the download gets it."""
    mac = Mac("7B")
    mac.say(downloaded=False)
    assert order(mac.decide("hard")) == [mac.ids["7B"], "builtin"]
    assert out(mac.decide("hard"))[mac.ids["32B"]] == "not downloaded yet"


def test_the_time_of_a_load_is_in_the_estimate() -> None:
    """Whether the router chose the model or a person named it."""
    cold, warm = Mac("7B"), Mac("32B")
    assert cold.choice("hard") == warm.choice("hard") == "32B"
    waits = [mac.decide("hard").estimated_seconds for mac in (cold, warm)]
    assert waits[0] - waits[1] == pytest.approx(14.0)
    models = [mac.registry.get_model(mac.ids["32B"]) for mac in (cold, warm)]
    named = [
        mac.router.decide_among(Query(QUESTIONS["hard"]), [model]).estimated_seconds
        for mac, model in zip((cold, warm), models, strict=True)
        if model
    ]
    assert named == waits


@pytest.mark.parametrize(("loaded", "first"), [("7B 14B", "14B"), ("7B", "7B")])
def test_a_chat_stays_on_its_model_only_while_that_is_in_memory(loaded: str, first: str) -> None:
    """Once it has been unloaded nothing of the conversation is warm there, and close is not close enough."""
    mac = Mac(loaded)
    mac.router = IntelligentRouter(mac.registry, stickiness_margin=0.5, residency=mac.residency)
    decision = mac.decide("simple", current_model_id=mac.ids["14B"])
    assert decision.candidates[0].model.model_id == mac.ids[first]


def test_every_change_of_memory_shows_in_the_next_decision() -> None:
    """And while nothing changes, the ranking is the one that is there."""
    mac = Mac("7B 14B")
    assert mac.choice("hard") == "32B"
    (ranking,) = mac.router._rankings.values()
    mac.residency.used(mac.ids["14B"], MAC)
    assert mac.choice("hard") == "14B"
    mac.residency.released(mac.ids["14B"], MAC)
    assert mac.choice("hard") == "32B"
    again = next(iter(mac.router._rankings.values()))
    assert again is not ranking
    assert mac.choice("hard") == "32B"
    assert next(iter(mac.router._rankings.values())) is again
    mac.residency.loaded(mac.ids["32B"], MAC, 14.0)
    assert "loaded" in mac.reasons("hard", "32B")


def test_a_residency_that_knows_nothing_changes_nothing() -> None:
    """The catalog alone, on a machine with next to no memory."""
    registry = ModelRegistry()
    residency = ModelResidency(registry, lambda: HostMemory(2 * GB, 1 * GB, 1 * GB))
    knowing, unknowing = IntelligentRouter(registry, residency=residency), IntelligentRouter(registry)
    for question in QUESTIONS.values():
        assert knowing.decide(question) == unknowing.decide(question)


def test_of_several_endpoints_the_best_one_counts() -> None:
    """One host has it in memory, another would have to load it, and cannot even."""
    far = Endpoint("ollama", "http://studio.local:11434")
    mac = Mac("7B", limit=18)
    mac.registry.apply_offers(far, [an_offer(SIZES["32B"][0], far, size_bytes=20 * GB, loaded=True)])
    assert mac.choice("hard") == "32B"
    assert "loaded" in mac.reasons("hard", "32B")


# --- what is learnt ---------------------------------------------------------------------------------------------------


def test_a_measured_speed_counts_from_the_next_decision_on() -> None:
    """Of two equals the one that has shown to be faster here; the first estimate is the catalog's."""
    router = a_router(*some_models("alpha", "beta"))
    alpha, beta = (router.registry.get_model(name) for name in ("alpha", "beta"))
    assert alpha and beta  # noqa: PT018  # for the types
    router.speeds.learn(alpha, alpha.tokens_per_second)
    router.speeds.learn(beta, 2 * beta.tokens_per_second)
    assert order(router.decide(TEXT))[0] == "beta"
    for _ in range(2):
        router.speeds.learn(alpha, 4 * alpha.tokens_per_second)
    decision = router.decide(TEXT)
    assert order(decision)[0] == "alpha"
    seconds = decision.estimated_tokens / (4 * alpha.tokens_per_second)
    assert decision.estimated_seconds == pytest.approx(seconds + router.speeds.first_token_seconds(alpha), abs=0.01)


def test_thumbs_turn_a_choice_round() -> None:
    """Not the first of them, but some; and in their category alone."""
    router = a_router(*some_models("alpha", "beta"))
    alpha = router.registry.get_model("alpha")
    assert alpha
    task = router.decide(TEXT).classification
    for _ in range(6):
        router.learn(alpha, task, Evidence.THUMB_DOWN)
    assert order(router.decide(TEXT))[0] == "beta"
    assert order(router.decide("Write a function that sorts a list of dates in Python"))[0] == "alpha"


def test_who_has_a_line_is_passed_by_where_another_is_as_good() -> None:
    """The reason is told; for a much better model people wait."""
    line = {ONE: 20.0}
    models = [of_quality("good", 0.8), of_quality("equal", 0.8, backend="lmstudio"), of_quality("poor", 0.4)]
    router = a_router(*models, strategy="auto")
    router.registry.apply_offers(ONE, [an_offer("good"), an_offer("poor")])
    router.registry.apply_offers(STUDIO, [an_offer("equal", STUDIO)])
    assert order(router.decide(TEXT))[0] == "good"
    router.line_seconds = lambda: line
    decision = router.decide(TEXT)
    assert order(decision) == ["equal", "good", "poor", "builtin"]
    assert decision.candidates[1].reasons[-1] == "about 20 s in line"
    router.registry.apply_offers(STUDIO, [])
    assert order(router.decide(TEXT)) == ["good", "poor", "builtin"]
    line.clear()
    assert router.decide(TEXT).candidates[0].reasons[-1] != "about 20 s in line"


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
