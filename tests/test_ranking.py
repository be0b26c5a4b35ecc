"""Strategies and ranking: what each strategy prefers, what stops a model at the gates, and the reasons in words."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.complexity import task_difficulty
from routing.model_registry import ModelRegistry
from routing.model_speeds import ModelSpeeds
from routing.ranking import Knowledge, Ranking, TaskKind, rank
from routing.standings import Standings
from routing.stored_weights import WEIGHTS
from routing.strategies import STRATEGIES, close_enough, promptness, weights_for
from routing.success import SuccessModel
from routing.types import (
    AVERAGE_BENEFIT,
    Modality,
    ModelCapability,
    ModelMetadata,
    Quality,
    RoutingStrategy,
    SpeedClass,
    TaskCategory,
    TaskClassification,
    TaskComplexity,
)
from tests.answers import a_model
from tests.fake_backend import ONE, an_offer

CODE, VISION, TOOLS = ModelCapability.CODE, ModelCapability.VISION, ModelCapability.FUNCTION_CALLING


def ranked(models: list[ModelMetadata] | ModelRegistry, strategy: str = "balanced", **facts: Any) -> Ranking:
    """The ranking for one kind of task: a simple question in text unless something else is said."""
    kind = {
        "category": TaskCategory.QUESTION,
        "required": frozenset({ModelCapability.GENERAL}),
        "modality": Modality.TEXT,
        "requires_tools": False,
        "weights": STRATEGIES[RoutingStrategy(strategy)],
        "max_cost": 0.7,
        "preferred_backend": None,
        "difficulty": task_difficulty(0.15),
        "benefit": AVERAGE_BENEFIT,
        "tokens": 100,
    }
    registry = models if isinstance(models, ModelRegistry) else ModelRegistry(models)
    knowledge = Knowledge(SuccessModel.load(WEIGHTS), Standings(), ModelSpeeds())
    return rank(registry, TaskKind(**{**kind, **facts}), knowledge)


def order(ranking: Ranking) -> list[str]:
    return [candidate.model.model_id for candidate in ranking.candidates]


def out(ranking: Ranking) -> dict[str, str]:
    return {exclusion.model.model_id: exclusion.reason for exclusion in ranking.exclusions}


def model(model_id: str, **facts: Any) -> ModelMetadata:
    facts.setdefault("capabilities", frozenset({ModelCapability.GENERAL}))
    return a_model(model_id, model_id=model_id, **facts)


def a_task(category: str, complexity: str) -> TaskClassification:
    return TaskClassification(
        TaskComplexity(complexity), TaskCategory(category), frozenset(), 100, requires_tools=False, confidence=1.0
    )


# --- strategies -------------------------------------------------------------------------------------------------------


def test_speed_takes_the_fastest_class_whatever_it_costs_in_quality() -> None:
    """Always."""
    fast = model("fast", speed_class=SpeedClass.ULTRA_FAST, quality=Quality(0.1, 0.1, 0.1))
    good = model("good", speed_class=SpeedClass.FAST, quality=Quality(1, 1, 1))
    assert order(ranked([good, fast], "speed")) == ["fast", "good"]


def test_quality_takes_the_best_within_max_cost() -> None:
    """However slow it is, even by a hair; what costs more is out."""
    models = [
        model("quick", quality=Quality(0.80, 0.5, 0.5), speed_class=SpeedClass.ULTRA_FAST, cost=0.1),
        model("best", quality=Quality(0.81, 0.5, 0.5), speed_class=SpeedClass.VERY_SLOW, cost=0.7),
        model("dear", quality=Quality(0.99, 0.5, 0.5), cost=0.71),
    ]
    ranking = ranked(models, "quality")
    assert order(ranking) == ["best", "quick"]
    assert out(ranking) == {"dear": "over max_cost (0.71 > 0.7)"}


def test_cost_optimized_takes_the_least_resources() -> None:
    """Even of two that are far apart in quality."""
    small = model("small", cost=0.1, quality=Quality(0.3, 0.3, 0.3), speed_class=SpeedClass.SLOW)
    large = model("large", cost=0.3, quality=Quality(0.95, 0.9, 0.9), speed_class=SpeedClass.FAST)
    assert order(ranked([large, small], "cost_optimized")) == ["small", "large"]


def test_balanced_weighs_all_three() -> None:
    """Neither the fastest nor the best of the catalog."""
    assert order(ranked(ModelRegistry(), "balanced"))[0] == "ollama_qwen25_7b"


def test_only_redundant_starts_several() -> None:
    """Two at once."""
    assert {strategy.value: row.race for strategy, row in STRATEGIES.items() if row.race != 1} == {"redundant": 2}


def test_every_strategy_has_a_row() -> None:
    """Whose figures add up to one."""
    assert set(STRATEGIES) == set(RoutingStrategy)
    for row in STRATEGIES.values():
        assert row.success + row.promptness + row.thrift == pytest.approx(1)


def test_waiting_is_worth_less_the_longer_it_is() -> None:
    """Each doubling of some seconds costs the same; the first second counts, and the hundredth hardly."""
    falls = [promptness(seconds) for seconds in (0, 1, 3, 7, 15, 31, 63, 127, 500)]
    steps = [before - after for before, after in pairwise(falls)]
    assert falls[0] == 1
    assert steps[:-1] == pytest.approx([1 / 7] * 7)
    assert falls[-2:] == [0, 0]


def test_auto_takes_the_fastest_of_those_that_are_close_enough() -> None:
    """Not the best one, and not one that is faster still but too far behind."""
    models = [
        model("best", quality=Quality(0.9, 0.9, 0.9), speed_class=SpeedClass.SLOW),
        model("close", quality=Quality(0.8, 0.8, 0.8), speed_class=SpeedClass.FAST),
        model("closer", quality=Quality(0.85, 0.85, 0.85), speed_class=SpeedClass.MEDIUM),
        model("far", quality=Quality(0.4, 0.4, 0.4), speed_class=SpeedClass.ULTRA_FAST),
    ]
    assert order(ranked(models, "auto")) == ["close", "closer", "best", "far"]


def test_close_enough_gets_narrower_with_the_task() -> None:
    """The harder it is, and the more a stronger model is worth."""
    by_score = [close_enough(score, AVERAGE_BENEFIT) for score in (0.0, 0.2, 0.4, 0.6)]
    by_benefit = [close_enough(0.2, benefit) for benefit in (0.0, AVERAGE_BENEFIT, 0.4)]
    assert by_score == sorted(by_score, reverse=True)
    assert by_benefit == sorted(by_benefit, reverse=True)
    assert len(set(by_score)) == 4
    assert min(close_enough(1.0, benefit) for benefit in (0.0, 1.0)) > 0


def test_a_harder_task_goes_to_a_better_model() -> None:
    """The same question otherwise."""
    firsts = [
        order(ranked(ModelRegistry(), "auto", difficulty=task_difficulty(score), max_cost=1.0))[0]
        for score in (0.0, 0.15, 0.5)
    ]
    assert firsts == ["ollama_smallthinker", "ollama_qwen25_7b", "ollama_qwen25_32b"]


@given(st.floats(0, 1), st.floats(0, 200), st.floats(0, 1), st.floats(0, 1), st.sampled_from(list(STRATEGIES)))
def test_more_success_never_hurts_and_more_waiting_never_helps(
    success: float, seconds: float, cost: float, enough: float, strategy: RoutingStrategy
) -> None:
    """In no strategy; and no utility outweighs the preferred backend."""
    row = STRATEGIES[strategy]
    here = row.utility(success, seconds, cost, enough)
    assert row.utility(min(1.0, success + 0.01), seconds, cost, enough) >= here
    assert row.utility(success, seconds + 1, cost, enough) <= here
    assert row.utility(success, seconds, min(1.0, cost + 0.01), enough) <= here
    assert -1.5 <= here <= 1.0 + 1e-9


@pytest.mark.parametrize("category", list(TaskCategory))
@pytest.mark.parametrize("complexity", list(TaskComplexity))
def test_auto_has_a_row_for_every_task(category: TaskCategory, complexity: TaskComplexity) -> None:
    """Only a task that is complex may cost more than max_cost."""
    row = weights_for(RoutingStrategy.AUTO, a_task(category, complexity))
    hard = complexity in {TaskComplexity.COMPLEX, TaskComplexity.VERY_COMPLEX}
    assert row.capped or hard


# --- gates ------------------------------------------------------------------------------------------------------------


def test_a_picture_goes_to_who_can_see() -> None:
    """And to nobody where nobody can."""
    seeing = model("seeing", capabilities=frozenset({VISION}), quality=Quality(0.1, 0.1, 0.1))
    ranking = ranked([model("blind"), seeing], modality=Modality.IMAGE)
    assert (order(ranking), out(ranking)) == (["seeing"], {"blind": "cannot see images"})
    assert order(ranked([model("blind")], modality=Modality.IMAGE)) == []


@pytest.mark.parametrize("modality", [Modality.AUDIO, Modality.VIDEO])
def test_nobody_takes_in_what_no_backend_passes_on(modality: Modality) -> None:
    """Better no answer than one to something that was not heard."""
    ranking = ranked([model("a", capabilities=frozenset({VISION}))], modality=modality)
    assert out(ranking) == {"a": f"cannot take in {modality}"}


def test_tools_are_called_by_who_can_and_else_by_the_next_best() -> None:
    """The gate gives way, with a note."""
    able = model("able", capabilities=frozenset({TOOLS}))
    ranking = ranked([model("unable"), able], requires_tools=True)
    assert (order(ranking), out(ranking)) == (["able"], {"unable": "cannot call tools"})
    assert ranking.notes == ()
    ranking = ranked([model("unable")], requires_tools=True)
    assert (order(ranking), ranking.notes) == (["unable"], ("no model can call tools; the next best answers",))


def test_max_cost_gives_way_when_everything_is_dearer() -> None:
    """An answer is better than none."""
    ranking = ranked([model("dear", cost=0.8), model("dearer", cost=0.9)])
    assert order(ranking) == ["dear", "dearer"]
    assert ranking.notes == ("every model is over max_cost 0.7; the next best answers",)


def test_a_capability_that_nobody_has_is_told() -> None:
    """The next best is used, and the reason says so; who has it goes before who has not."""
    wanted = frozenset({CODE, ModelCapability.GENERAL})
    lacking, having = model("lacking"), model("having", capabilities=wanted)
    ranking = ranked([lacking], required=wanted, category=TaskCategory.CODE)
    assert ranking.notes == ("no available model has code; the next best answers",)
    assert "lacks code" in ranking.candidates[0].reasons
    ranking = ranked([lacking, having], required=wanted, category=TaskCategory.CODE)
    assert (order(ranking), ranking.notes) == (["having", "lacking"], ())


def test_what_is_not_there_is_left_out_with_its_reason() -> None:
    """As the registry words it."""
    registry = ModelRegistry([model("there"), model("gone"), model("ill")])
    registry.apply_offers(ONE, [an_offer("there"), an_offer("ill")])
    registry.cool_down("ill", ONE, float("inf"))
    ranking = ranked(registry)
    assert (order(ranking), out(ranking)) == (["there"], {"gone": "not installed", "ill": "cooling down"})


# --- order and reasons ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", list(RoutingStrategy))
def test_a_preferred_backend_goes_first_in_every_strategy(strategy: RoutingStrategy) -> None:
    """The catalog's LM Studio models are the slowest of their size, and still."""
    ranking = ranked(ModelRegistry(), strategy, preferred_backend="lmstudio")
    assert order(ranking)[:2] in (
        ["lmstudio_qwen25_7b", "lmstudio_llava"],
        ["lmstudio_llava", "lmstudio_qwen25_7b"],
    )
    assert ranking.candidates[0].reasons[0] == "preferred backend"
    assert ranking.candidates[2].model.backend != "lmstudio"


def test_among_equals_the_order_of_the_catalog_decides() -> None:
    """Nothing else does."""
    names = ["c", "a", "b"]
    assert order(ranked([model(name) for name in names])) == names


def test_one_in_memory_goes_before_an_equal_one() -> None:
    """But not before one that is clearly better."""
    registry = ModelRegistry([model("cold"), model("warm"), model("better", quality=Quality(0.95, 0.9, 0.9))])
    registry.apply_offers(ONE, [an_offer("cold"), an_offer("warm", loaded=True), an_offer("better")])
    assert order(ranked(registry)) == ["better", "warm", "cold"]


def test_too_little_quality_comes_after_all_others() -> None:
    """But before nothing."""
    poor = model("poor", quality=Quality(0.3, 0.3, 0.3), speed_class=SpeedClass.ULTRA_FAST, cost=0.0)
    fair = model("fair", quality=Quality(0.6, 0.6, 0.6), speed_class=SpeedClass.VERY_SLOW, cost=0.7)
    ranking = ranked([poor, fair])
    assert order(ranking) == ["fair", "poor"]
    assert "only 0.3 general quality" in ranking.candidates[1].reasons


def test_the_reasons_are_words_best_first() -> None:
    """What the person reads under /why."""
    registry = ModelRegistry()
    registry.apply_offers(ONE, [an_offer("deepseek-coder:6.7b-instruct-q4_K_M", loaded=True)])
    wanted = frozenset({CODE, ModelCapability.GENERAL})
    ranking = ranked(registry, category=TaskCategory.CODE, required=wanted)
    first = next(each for each in ranking.candidates if each.model.model_id == "ollama_deepseek_coder")
    assert first.reasons == ("code specialist", "0.85 code quality", "fast", "loaded", "0.3 cost")
