"""Results of runs as tests need them: decisions, attempts, completions, with everything but the point left ordinary."""

from __future__ import annotations

from typing import Any

from routing.intelligent_router import IntelligentRouter
from routing.model_registry import ModelRegistry
from routing.types import Attempt, Completion, Endpoint, ExecutionResult, Outcome, Query

SEVEN, FOURTEEN, CODER = "ollama_qwen25_7b", "ollama_qwen25_14b", "ollama_deepseek_coder"
OLLAMA = Endpoint("ollama", "http://localhost:11434")
REGISTRY = ModelRegistry()


def decided(text: str = "What is Python?") -> Any:
    """What the router decides with the whole catalog there."""
    return IntelligentRouter(REGISTRY).decide(Query(text))


def answered(model_id: str = SEVEN, **facts: Any) -> Attempt:
    """An attempt that went well."""
    completion = Completion(prompt_tokens=10, output_tokens=50, tokens_per_second=43.2)
    return Attempt(model_id, OLLAMA, Outcome.ANSWERED, **{"total_seconds": 1.2, "completion": completion, **facts})


def failed(model_id: str = CODER, **facts: Any) -> Attempt:
    """An attempt that did not."""
    return Attempt(model_id, OLLAMA, Outcome.FAILED, **{"total_seconds": 2.0, "reason": "timed out", **facts})


def a_result(**facts: Any) -> ExecutionResult:
    """A run that ended in an answer of Qwen2.5 7B's, unless the facts say otherwise."""
    attempts = facts.get("attempts", (answered(),))
    ordinary: dict[str, Any] = {
        "success": True,
        "response": "An answer.",
        "model_id": SEVEN,
        "execution_time": 1.2,
        "attempts": attempts,
        "decision": decided(),
        "completion": attempts[-1].completion if attempts else None,
    }
    return ExecutionResult(**{**ordinary, **facts})
