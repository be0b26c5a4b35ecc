"""Views of a classification: the task types of S2 and S3, and the use cases of S5."""

from __future__ import annotations

from itertools import product

import pytest

from routing.task_views import (
    LONG_DOCUMENT_TOKENS,
    OBJECTIVE_PROVIDERS,
    TASK_MODELS,
    USE_CASE_MODELS,
    ObjectiveType,
    TaskType,
    UseCase,
    objective_type,
    task_type,
    use_case,
)
from routing.types import Modality, TaskCategory, TaskClassification, TaskComplexity


def a_task(category="question", complexity="simple", modality="text", prompt_tokens=10):
    return TaskClassification(
        complexity=TaskComplexity(complexity),
        category=TaskCategory(category),
        required_capabilities=frozenset(),
        estimated_tokens=100,
        requires_tools=category == "tool_use",
        confidence=0.9,
        modality=Modality(modality),
        prompt_tokens=prompt_tokens,
    )


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"category": "greeting", "complexity": "trivial"}, "chat_simple"),
        ({}, "chat_simple"),
        ({"category": "code"}, "simple_code"),
        ({"category": "code", "complexity": "moderate"}, "simple_code"),
        ({"category": "code", "complexity": "complex"}, "complex_code"),
        ({"category": "code", "complexity": "very_complex"}, "complex_code"),
        ({"category": "math"}, "math_logic"),
        ({"category": "reasoning"}, "math_logic"),
        ({"category": "creative"}, "creative"),
        ({"category": "analysis"}, "data_analysis"),
        ({"category": "analysis", "prompt_tokens": LONG_DOCUMENT_TOKENS}, "data_analysis"),
        ({"category": "analysis", "prompt_tokens": LONG_DOCUMENT_TOKENS + 1}, "long_document"),
        ({"category": "analysis", "modality": "document"}, "data_analysis"),
        ({"category": "code", "modality": "image"}, "multimodal"),
        ({"modality": "audio", "prompt_tokens": 60_000}, "multimodal"),
        ({"modality": "video"}, "multimodal"),
    ],
)
def test_the_task_types_of_orchestration(facts, expected):
    """S3: what a task is made of, then its length, then what is asked and how hard it is."""
    assert task_type(a_task(**facts)) == expected


@pytest.mark.parametrize(
    ("category", "text", "expected"),
    [
        ("greeting", "", "completion"),
        ("question", "fix", "completion"),
        ("tool_use", "", "completion"),
        ("code", "", "code_generation"),
        ("code", "write a prefix tree", "code_generation"),
        ("code", "please Refactor this class", "code_refactor"),
        ("math", "simplify x + x", "reasoning"),
        ("reasoning", "", "reasoning"),
        ("creative", "rewrite my mail", "creative"),
        ("analysis", "", "analysis"),
    ],
)
def test_the_task_types_of_local_first(category, text, expected):
    """S2: by category, and code that is to be changed by the words of the request."""
    assert objective_type(a_task(category), text) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"category": "greeting"}, "avatar"),
        ({"category": "creative"}, "avatar"),
        ({"category": "code"}, "agent"),
        ({"category": "tool_use"}, "agent"),
        ({"modality": "image"}, "multimodal"),
        ({"category": "analysis", "modality": "document"}, "multimodal"),
        ({"category": "analysis", "modality": "audio"}, "speech_to_text"),
        ({"category": "creative", "modality": "audio"}, "text_to_speech"),
        ({"category": "creative", "modality": "video"}, "video"),
    ],
)
def test_the_use_cases(facts, expected):
    """S5: by modality, and text by whether it is talk or work."""
    assert use_case(a_task(**facts)) == expected


def test_every_task_has_a_place_in_every_view():
    """Each name is reached, and each has a primary, and another one as its fallback."""
    kinds = product(TaskCategory, TaskComplexity, Modality, (10, 60_000))
    tasks = [a_task(*kind) for kind in kinds]
    assert {task_type(task) for task in tasks} == set(TaskType) == TASK_MODELS.keys()
    objectives = {objective_type(task, text) for task in tasks for text in ("", "refactor it")}
    assert objectives == set(ObjectiveType) == OBJECTIVE_PROVIDERS.keys()
    assert {use_case(task) for task in tasks} == set(UseCase) == USE_CASE_MODELS.keys()
    for table in (TASK_MODELS, OBJECTIVE_PROVIDERS, USE_CASE_MODELS):
        assert all(choice.primary and choice.fallback not in {"", choice.primary} for choice in table.values())
    assert all(choice.backend for choice in USE_CASE_MODELS.values())


def test_the_tables_are_the_specifications():
    """S3's models and S2's providers, at the places where a slip would cost most."""
    assert TASK_MODELS[TaskType.MATH_LOGIC].primary == "deepseek-r1"
    assert TASK_MODELS[TaskType.CHAT_SIMPLE].fallback == "gpt-4o-mini"
    assert TASK_MODELS[TaskType.LONG_DOCUMENT].primary == "gemini-2.0-pro"
    assert OBJECTIVE_PROVIDERS[ObjectiveType.COMPLETION].fallback == "local"
    assert OBJECTIVE_PROVIDERS[ObjectiveType.CODE_REFACTOR].fallback == "anthropic"
