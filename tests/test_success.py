"""Success by model: priors, names, difficulty, what evidence changes, and what is fitted from graded answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from routing.complexity import task_difficulty
from routing.model_registry import ModelRegistry
from routing.standings import Evidence, Standing
from routing.success import CATEGORIES, SuccessModel, model_key
from routing.task_heads import TaskHeads
from routing.text_features import read_features
from routing.types import Quality, TaskCategory
from scripts.train_success import Abilities, Graded, fit_abilities, fit_success
from tests.answers import a_model

if TYPE_CHECKING:
    from pathlib import Path

WILDBENCH_KINDS = (
    "Coding & Debugging",
    "Math & Data Analysis",
    "Planning & Reasoning",
    "Creative Tasks",
    "Information/Advice seeking",
)


def rated(**scores: float) -> dict[str, dict[str, float]]:
    """What WildBench would say of models by name, the same for every kind of task."""
    return {name.replace("_", "-"): dict.fromkeys(WILDBENCH_KINDS, score) for name, score in scores.items()}


def graded(kind: str, count: int, **scores: float) -> list[Graded]:
    """Prompts of one kind from three data sets, each model with the same score on all."""
    forms = {
        "code": "Write a Python function that sorts a list of {} numbers and returns the {}th element of it.",
        "sums": "A farmer has {} sheep and buys {} more each week. How many sheep are there in a month?",
        "facts": "Who was the king of France when the {}th cathedral was built in the year {}?",
    }
    return [
        Graded(forms[kind].format(number + 2, number + 7), f"{kind} {number % 3}", scores) for number in range(count)
    ]


ROWS = [
    *graded("code", 60, coder=0.9, allround=0.6, weak=0.1),
    *graded("sums", 60, coder=0.3, allround=0.8, weak=0.2),
    *graded("facts", 60, coder=0.2, allround=0.7, weak=0.3),
]


@pytest.fixture(scope="module")
def heads() -> TaskHeads:
    return TaskHeads.load()


@pytest.fixture(scope="module")
def abilities(heads: TaskHeads) -> Abilities:
    return fit_abilities(ROWS, heads)


@pytest.fixture(scope="module")
def success(heads: TaskHeads) -> SuccessModel:
    return fit_success(ROWS, rated(tiny_2b=1.0, middle_9b=3.5, large_70b=5.0, strange_7b=5.0), heads)


def best(abilities: Abilities, heads: TaskHeads, text: str) -> str:
    features = read_features(text)
    chances = abilities.chances(features, heads.judge(features))
    return max(chances, key=lambda model: chances[model])


# --- graded answers ---------------------------------------------------------------------------------------------------


def test_a_specialist_is_chosen_for_its_category_and_no_other(abilities: Abilities, heads: TaskHeads) -> None:
    """By texts that were not among the graded ones."""
    assert best(abilities, heads, ROWS[30].prompt.replace("32 numbers", "91 numbers")) == "coder"
    assert best(abilities, heads, ROWS[90].prompt.replace("32 sheep", "91 sheep")) == "allround"


def test_a_text_unlike_all_that_was_graded_goes_to_the_best_single_model(
    abilities: Abilities, heads: TaskHeads
) -> None:
    """Also when it is code."""
    assert (
        best(abilities, heads, "docker: segfault in libc after upgrade, pls fix my Makefile + valgrind log")
        == "allround"
    )
    assert best(abilities, heads, "") == "allround"


def test_one_data_set_is_not_enough(heads: TaskHeads) -> None:
    """What it shows may be its own."""
    one_set = [row._replace(data_set=row.data_set[:-2]) for row in ROWS]
    assert best(fit_abilities(one_set, heads), heads, ROWS[30].prompt) == "allround"


def test_chances_are_probabilities(abilities: Abilities, heads: TaskHeads) -> None:
    """For every model, never certain."""
    features = read_features(ROWS[0].prompt)
    chances = abilities.chances(features, heads.judge(features))
    assert set(chances) == {"coder", "allround", "weak"}
    assert all(0 < chance < 1 for chance in chances.values())


# --- priors -----------------------------------------------------------------------------------------------------------


def test_a_better_model_has_the_better_chance_and_a_harder_task_the_worse(success: SuccessModel) -> None:
    """In every category."""
    weak, strong = (a_model("unknown", quality=Quality(*[quality] * 3)) for quality in (0.5, 0.9))
    for category in CATEGORIES:
        easy, hard = task_difficulty(0.1), task_difficulty(0.9)
        assert success.chance(weak, category, easy) < success.chance(strong, category, easy)
        assert success.chance(strong, category, hard) < success.chance(strong, category, easy)


def test_what_was_published_of_a_model_moves_its_prior(success: SuccessModel) -> None:
    """Towards it, by half of what was measured."""
    named, unknown = (a_model(name, backend_name=name) for name in ("strange:7b-instruct", "unknown:7b"))
    assert success.ability(named, TaskCategory.CREATIVE) > success.ability(unknown, TaskCategory.CREATIVE)


def test_difficulty_comes_in_steps() -> None:
    """So that what is computed for one task serves many."""
    steps = {task_difficulty(score / 1000) for score in range(1001)}
    assert len(steps) <= 14
    assert task_difficulty(0.6) == 0
    assert sorted(steps) == sorted(task_difficulty(score) for score in np.linspace(0, 1, len(steps)))


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("gemma2:9b", "gemma-2-9b-it"),
        ("llama3:8b", "Meta-Llama-3-8B-Instruct"),
        ("mlx-community/Qwen2.5-7B-Instruct-4bit", "qwen2.5-7b-instruct"),
        ("mistral:7b-instruct-q4_K_M", "Mistral-7B-Instruct-v0.2"),
        ("llama3.1:8b", "llama-3.1-8b-instruct"),
    ],
)
def test_a_model_is_known_under_each_of_its_names(name: str, same: str) -> None:
    """Servers, hubs and benchmarks spell differently."""
    assert model_key(name) == model_key(same)


def test_different_models_have_different_keys() -> None:
    """Sizes and generations count."""
    names = ["llama3:8b", "llama3.1:8b", "llama3:70b", "qwen2.5:7b", "qwen2.5-coder:7b", "gemma2:9b", "gemma2:2b"]
    assert len({model_key(name) for name in names}) == len(names)


def test_the_weights_survive_being_written(success: SuccessModel, tmp_path: Path) -> None:
    """With every name, to a file and back."""
    path = tmp_path / "weights.npz"
    np.savez_compressed(
        path, allow_pickle=False, **{f"success/{name}": array for name, array in success.arrays().items()}
    )
    again = SuccessModel.load(path)
    assert set(again.published) == set(success.published)
    for model in ModelRegistry().get_all_models():
        for category in CATEGORIES:
            assert again.ability(model, category) == pytest.approx(success.ability(model, category))


def test_evidence_moves_an_ability_its_way(success: SuccessModel) -> None:
    """And with it the chance."""
    model, code = a_model("any"), TaskCategory.CODE
    up, down = (Standing().after(evidence, 0.5, 0.0) for evidence in (Evidence.THUMB_UP, Evidence.THUMB_DOWN))
    chances = [success.chance(model, code, 0.0, standing) for standing in (down, None, up)]
    assert chances == sorted(chances)
    assert chances[0] < chances[1] < chances[2]
