"""The specification's own check, through the public names, with no server running."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from routing import (
    ExecutionEngine,
    IntelligentRouter,
    ModelCapability,
    ModelRegistry,
    RoutingStrategy,
    SpeedClass,
    TaskCategory,
    TaskClassifier,
    TaskComplexity,
)

ROOT = Path(__file__).resolve().parent.parent

# Query, complexity, category, estimated tokens, display name, backend, speed class, cost.
CHECK = [
    ("Hi", "trivial", "greeting", 50, "SmallThinker 270M", "ollama", "ultra_fast", 0.1),
    ("What is Python?", "simple", "question", 100, "Qwen2.5 7B", "ollama", "fast", 0.3),
    (
        "Write a function to calculate fibonacci numbers",
        "complex", "code", 800, "DeepSeek Coder 6.7B", "ollama", "fast", 0.3,
    ),
    (
        "Explain quantum computing in detail with examples",
        "complex", "question", 1200, "Qwen2.5 32B", "ollama", "slow", 0.8,
    ),
]  # fmt: skip

# S1.1: id, backend, display name, size, quantization, capabilities, speed, context, tok/s, GB, quality, cost, name.
CATALOG = """
ollama_smallthinker|ollama|SmallThinker 270M|270M|Q4_K_M|general, speed|ultra_fast|4096|150|2|0.5 / 0.3 / 0.3|0.1|smallthinker:270m-preview-q4_K_M
ollama_qwen25_7b|ollama|Qwen2.5 7B|7B|Q4_K_M|general, code, math|fast|32768|85|6|0.75 / 0.7 / 0.7|0.3|qwen2.5:7b-instruct-q4_K_M
ollama_qwen25_14b|ollama|Qwen2.5 14B|14B|Q4_K_M|general, code, reasoning|medium|32768|45|12|0.82 / 0.8 / 0.78|0.5|qwen2.5:14b-instruct-q4_K_M
ollama_qwen25_32b|ollama|Qwen2.5 32B|32B|Q4_K_M|general, code, reasoning|slow|32768|25|24|0.9 / 0.88 / 0.85|0.8|qwen2.5:32b-instruct-q4_K_M
ollama_deepseek_coder|ollama|DeepSeek Coder 6.7B|6.7B|Q4_K_M|code, general|fast|16384|75|6|0.65 / 0.85 / 0.6|0.3|deepseek-coder:6.7b-instruct-q4_K_M
mlx_qwen25_7b|mlx|Qwen2.5 7B (MLX)|7B|4bit|general, code, speed|fast|32768|110|8|0.75 / 0.7 / 0.7|0.3|mlx-community/Qwen2.5-7B-Instruct-4bit
mlx_qwen25_14b|mlx|Qwen2.5 14B (MLX)|14B|4bit|general, code, reasoning|medium|32768|60|14|0.82 / 0.8 / 0.78|0.5|mlx-community/Qwen2.5-14B-Instruct-4bit
mlx_qwen25_32b|mlx|Qwen2.5 32B (MLX)|32B|4bit|general, code, reasoning|slow|32768|35|26|0.9 / 0.88 / 0.85|0.8|mlx-community/Qwen2.5-32B-Instruct-4bit
lmstudio_qwen25_7b|lmstudio|Qwen2.5 7B (LM Studio)|7B|Q4_K_M|general, code|medium|32768|40|8|0.75 / 0.7 / 0.7|0.3|qwen2.5-7b-instruct
lmstudio_llava|lmstudio|LLaVA 1.5 7B|7B|Q4_K_M|vision, general|medium|4096|35|8|0.65 / 0.4 / 0.5|0.4|llava-v1.5-7b
"""  # noqa: E501  # one row a model, as in the specification
ROWS = [line.split("|") for line in CATALOG.strip().splitlines()]


@pytest.mark.parametrize("row", CHECK, ids=[row[0] for row in CHECK])
async def test_each_query_goes_where_the_specification_sends_it(row: tuple[Any, ...]) -> None:
    """The whole table of S1.7, row by row."""
    query, complexity, category, tokens, name, backend, speed, cost = row
    task = TaskClassifier().classify(query)
    assert (task.complexity, task.category) == (TaskComplexity(complexity), TaskCategory(category))
    assert task.estimated_tokens == tokens
    model = await IntelligentRouter(ModelRegistry(), strategy=RoutingStrategy.AUTO).route(query)
    assert (model.display_name, model.backend, model.speed_class, model.cost) == (
        name,
        backend,
        SpeedClass(speed),
        cost,
    )


async def test_the_statistics_after_the_four_come_out() -> None:
    """Total 4; trivial 1, simple 1, complex 2; no model server was needed, and cleanup closes what was opened."""
    before = asyncio.all_tasks()
    registry = ModelRegistry()
    router = IntelligentRouter(registry, strategy=RoutingStrategy.AUTO)
    config = {"ollama_base_url": "http://localhost:11434", "lmstudio_base_url": "http://localhost:1234/v1"}
    engine = ExecutionEngine(registry, router, config)
    for query, *_ in CHECK:
        await router.route(query)
    await engine.cleanup()
    assert router.get_stats() == {
        "total_routed": 4,
        "by_complexity": {"trivial": 1, "simple": 1, "complex": 2},
        "by_model": {
            "ollama_smallthinker": 1,
            "ollama_qwen25_7b": 1,
            "ollama_deepseek_coder": 1,
            "ollama_qwen25_32b": 1,
        },
        "fallbacks": 0,
    }
    assert engine.get_stats()["total_executions"] == 0
    assert asyncio.all_tasks() == before


def test_the_catalog_is_the_specifications() -> None:
    """Every model in its place."""
    assert [model.model_id for model in ModelRegistry().get_all_models()] == [row[0] for row in ROWS]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_each_model_is_as_specified(row: list[str]) -> None:
    """Every value of S1.1."""
    model_id, backend, name, size, quantization, able, speed, context, pace, memory, quality, cost, backend_name = row
    model = ModelRegistry().get_model(model_id)
    assert model is not None
    assert (model.backend, model.display_name, model.backend_name) == (backend, name, backend_name)
    assert (model.size, model.quantization) == (size, quantization)
    assert model.capabilities == set(map(ModelCapability, able.split(", ")))
    assert model.speed_class is SpeedClass(speed)
    assert (model.context_tokens, model.tokens_per_second) == (int(context), float(pace))
    assert (model.ram_gb, model.cost) == (float(memory), float(cost))
    figures = (model.quality.general, model.quality.code, model.quality.reasoning)
    assert figures == tuple(map(float, quality.split(" / ")))
    assert (model.enabled, model.discovered, model.options) == (True, False, {})


def test_every_public_name_is_there() -> None:
    """What `routing` promises it has, and the names of the specification are among it."""
    import routing  # noqa: PLC0415  # the module itself is looked at

    assert [name for name in routing.__all__ if not hasattr(routing, name)] == []
    wanted = """ModelRegistry ModelMetadata ModelCapability SpeedClass registry ModelBackend OllamaBackend
        LMStudioBackend ModelAdapter ModelAdapterFactory ModelAdapterPool TaskClassifier TaskClassification
        TaskComplexity TaskCategory IntelligentRouter RoutingStrategy RoutingDecision ExecutionEngine ExecutionResult
        ResponseFormatter FormattedResponse format_for_telegram"""
    assert set(wanted.split()) <= set(routing.__all__)
    assert len(routing.registry.get_all_models()) == 10


def test_an_import_is_light() -> None:
    """What one backend or one kind of answer needs is loaded when it is needed."""
    heavy = {"pint", "rich", "telegram", "aiosqlite", "numpy", "mlx", "sqlite3", "simpleeval", "dotenv"}
    program = f"import sys, routing; print(sorted({heavy!r} & set(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout.strip() == "[]"
