"""EngineStats: counts what an engine has executed since its start."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from routing.types import ExecutionResult


class EngineStats:
    """Running totals; times are in seconds."""

    def __init__(self) -> None:
        self.parallel = 0
        self._total = 0
        self._successful = 0
        self._fallback = 0
        self._seconds = 0.0
        self._by_model: Counter[str] = Counter()

    def add(self, result: ExecutionResult) -> None:
        """Count one result."""
        self._total += 1
        self._successful += result.success
        self._fallback += result.fallback_used
        self._seconds += result.execution_time
        self._by_model[result.model_id] += 1

    def as_dict(self) -> dict[str, Any]:
        """Give every count under the specification's words."""
        return {
            "total_executions": self._total,
            "successful_executions": self._successful,
            "failed_executions": self._total - self._successful,
            "fallback_executions": self._fallback,
            "parallel_executions": self.parallel,
            "average_execution_time": self._seconds / self._total if self._total else 0.0,
            "success_rate": self._successful / self._total if self._total else 0.0,
            "by_model": dict(self._by_model),
        }
