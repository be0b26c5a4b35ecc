"""ExecutionEngine: runs a decision; streams, falls back, races and compares."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from routing.advice import what_failed, what_to_do
from routing.attempt import AttemptRun, Surroundings, TimeLimits
from routing.circuit_breaker import CircuitBreaker
from routing.discovery import Discovery
from routing.endpoint_queue import EndpointLoad, EndpointQueue
from routing.engine_config import EngineConfig
from routing.engine_stats import EngineStats
from routing.errors import BackendUnreachable
from routing.host_memory import HostMemoryReader
from routing.model_backends import MLXBackend, ModelAdapterPool
from routing.model_backends.builtin import BUILTIN, NO_MODEL, BuiltinBackend
from routing.model_backends.failures import ServerSaid
from routing.model_keeper import ModelKeeper
from routing.model_residency import ModelResidency
from routing.preloading import Preloading
from routing.prompt import build_prompt
from routing.race import Race
from routing.this_machine import is_on_this_machine
from routing.types import (
    Endpoint,
    ExecutionResult,
    FellBack,
    Finished,
    Outcome,
    Query,
    Routed,
    RoutingDecision,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence

    from routing.host_memory import HostMemory
    from routing.intelligent_router import IntelligentRouter
    from routing.model_registry import ModelRegistry
    from routing.types import Event, ModelMetadata

logger = logging.getLogger(__name__)

_BUILTIN_ENDPOINT = Endpoint(BUILTIN.backend)
_MLX_ENDPOINT = Endpoint("mlx")
# How long a first message waits for the first word of the model servers; one that is dead answers much sooner.
_FIRST_ROUND_SECONDS = 2.0
# Nobody waits for what is loaded ahead: the slowest server may say first what it has.
_FIRST_LISTS_SECONDS = 30.0
_BUILTIN_GENERATIONS = 512
# The speed of an answer shorter than this is mostly chance.
_TELLING_TOKENS = 16
_KEPT_HERE = "not on this machine"
# What stands before the host in an address, which other libraries repeat in their errors.
_PASSWORD = re.compile(r"(?<=://)\S*@")


class ExecutionEngine:
    """Runs queries. Lives in one event loop from `start` (or from its first use without discovery) to `cleanup`.

    `config` holds EngineConfig's fields; the specification's ollama_base_url and lmstudio_base_url are among them.
    Without `start` the registry stays as it is: a catalogued model is then taken to be there until it fails.
    `residency` knows what is in memory, `keeper` loads and unloads, `preloading` does so when nobody asks anything.
    """

    def __init__(
        self, registry: ModelRegistry, router: IntelligentRouter, config: Mapping[str, Any] | None = None
    ) -> None:
        self.registry = registry
        self.router = router
        self.config = EngineConfig(**config or {})
        self.pool = ModelAdapterPool(self.config.adapter_factory())
        self.pool.put(BuiltinBackend(_BUILTIN_ENDPOINT, advice=self._advice))
        breaker = CircuitBreaker(registry)
        self.discovery = Discovery(
            registry,
            self.pool,
            self.config.endpoints(),
            self.config.refresh_seconds,
            came_back=breaker.came_back,
        )
        self._memory = HostMemoryReader(round(self.config.model_memory_gb * 1e9) or None)
        self.residency = ModelResidency(registry, self._read_memory, can_unload=self._can_unload)
        if router.residency is None:
            router.residency = self.residency
        if router.line_seconds is None:
            router.line_seconds = self._line_seconds
        limit_seconds = self.config.first_token_timeout_seconds
        self.keeper = ModelKeeper(registry, self.residency, self.pool, load_limit_seconds=limit_seconds)
        self.keeper.loader.look_at = self._look_at
        self.preloading = Preloading(registry, self.keeper, memory=self._read_memory, ready=self._all_listed)
        self._queues: dict[Endpoint, EndpointQueue] = {}
        self._closed = False
        self._stats = EngineStats()
        self._around = Surroundings(
            registry,
            self.pool,
            self.keeper,
            breaker,
            TimeLimits(self.config.first_token_timeout_seconds, self.config.stall_timeout_seconds),
        )

    async def start(self, *, keeps_house: bool = False) -> None:
        """Begin to ask the model servers, now and then on, what they can serve.

        `keeps_house`: models are loaded ahead, and idle ones unloaded when memory is short, which is for one process
        of a machine: the one that goes on for longer.
        """
        self._closed = False
        self.config.close_absent_backends(self.registry)
        self.discovery.start()
        if keeps_house:
            self.preloading.start()

    async def cleanup(self) -> None:
        """Stop asking, and close every connection; running streams end, and no other model is tried for them."""
        self._closed = True
        await self.preloading.close()
        await self.keeper.close()
        await self.discovery.close()
        await self.pool.close()

    async def stream(self, query: Query | str) -> AsyncGenerator[Event]:
        """Route a query and run it, yielding events up to Finished. Closing the generator cancels the model."""
        query = Query(query) if isinstance(query, str) else query
        await self.discovery.ready(_FIRST_ROUND_SECONDS)
        async with aclosing(self.run(query, self.router.decide(query))) as events:
            async for event in events:
                yield event

    async def run(self, query: Query, decision: RoutingDecision) -> AsyncGenerator[Event]:
        """Try a decision's candidates in order until one answers; a race takes several at once, first."""
        began = time.monotonic()
        deadline = began + self.config.request_timeout_seconds
        runs: list[AttemptRun] = []
        failed: list[AttemptRun] = []
        yield Routed(decision)
        for step in self._steps(query, decision, deadline, runs):
            for run in failed:
                yield FellBack(run.record, run.model, step.runs[0].model, void=bool(run.text))
            async with aclosing(step.events()) as events:
                async for event in events:
                    yield event
            runs += step.runs
            self._learn_speeds(step.runs)
            failed = [run for run in step.runs if run.error]
            self._note(failed)
            if runs[-1].answered or time.monotonic() >= deadline or self._closed:
                break
        result = self._result(decision, runs, began)
        self._count(result)
        yield Finished(result)

    async def execute(
        self,
        query: Query | str,
        system_prompt: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        preferred_backend: str | None = None,
    ) -> ExecutionResult:
        """Run a query to its end. What is given here replaces what the query says."""
        query = Query(query) if isinstance(query, str) else query
        given = {
            "system_prompt": system_prompt,
            "temperature": temperature,
            "max_tokens": max_tokens,
            "preferred_backend": preferred_backend,
        }
        changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        return await _finished(self.stream(replace(query, **changes)))

    async def execute_parallel(self, query: Query | str, model_ids: Sequence[str]) -> list[ExecutionResult]:
        """Run a query on several models side by side; one result each, in their order. A failure is a result."""
        self._stats.parallel += 1
        chains = (self.execute_with_fallback_chain(query, [model_id]) for model_id in model_ids)
        return list(await asyncio.gather(*chains))

    async def execute_with_fallback_chain(self, query: Query | str, model_ids: Sequence[str]) -> ExecutionResult:
        """Run a query on the first of these models that answers; no other is tried, not even the built-in one."""
        query = Query(query) if isinstance(query, str) else query
        models = [model for model_id in model_ids if (model := self.registry.get_model(model_id))]
        if models:
            return await _finished(self.run(query, self.router.decide_among(query, models)))
        wanted = ", ".join(model_ids) or "no model at all"
        error = f"There is no model by that id: {wanted}. `bot.py models` lists them."
        result = ExecutionResult(success=False, response="", model_id=wanted, execution_time=0.0, error=error)
        self._stats.add(result)
        return result

    async def health_check(self) -> dict[str, bool]:
        """Ask every model server now, and say for each model whether it can be used."""
        self.config.close_absent_backends(self.registry)
        await self.discovery.refresh()
        return {
            model.model_id: self.registry.status(model.model_id).available for model in self.registry.get_all_models()
        }

    def load(self, endpoint: Endpoint) -> EndpointLoad:
        """Say how busy an endpoint is with what this engine has asked of it."""
        return self._queues[endpoint].loads if endpoint in self._queues else EndpointLoad()

    def get_stats(self) -> dict[str, Any]:
        """Count what was executed since the start; see EngineStats."""
        return self._stats.as_dict()

    async def forget_prompts(self) -> None:
        """Drop every prompt that a backend keeps for reuse, in memory and on disk. Raises BackendError."""
        for endpoint in self.discovery.endpoints:
            backend = await self.pool.backend(endpoint)
            if isinstance(backend, MLXBackend):
                await backend.forget_prompts()

    # --- inside -------------------------------------------------------------------------------------------------------

    def _steps(
        self, query: Query, decision: RoutingDecision, deadline: float, so_far: Sequence[AttemptRun]
    ) -> Iterator[AttemptRun | Race]:
        """Yield what to try next: a race of the first candidates when the decision wants one, then one by one."""
        if len(runs := self._racers(query, decision, deadline)) > 1:
            yield Race(runs)
        # Whoever lost the race was stopped in good health, and may be tried when the winner fails later on.
        beaten = {run.model.model_id for run in so_far if run.error}
        for candidate in decision.candidates:
            if candidate.model.model_id in beaten:
                continue
            if candidate.model is BUILTIN:
                query = replace(query, situation=self._situation(decision, so_far))
            for run in self._attempts(query, decision, candidate.model, deadline):
                if run.endpoint not in _unreachable(so_far):
                    yield run

    def _racers(self, query: Query, decision: RoutingDecision, deadline: float) -> list[AttemptRun]:
        """Choose who starts at once: none that would push another one out of memory."""
        racing = [
            candidate.model for candidate in decision.candidates[: decision.race] if candidate.model is not BUILTIN
        ]
        starters = (next(self._attempts(query, decision, model, deadline), None) for model in racing)
        runs = [run for run in starters if run]
        together = self.keeper.side_by_side([(run.model, run.endpoint) for run in runs])
        return [run for run in runs if run.model in together]

    def _attempts(
        self, query: Query, decision: RoutingDecision, model: ModelMetadata, deadline: float
    ) -> Iterator[AttemptRun]:
        """Yield an attempt at each endpoint that can serve the model: the least busy first, then those that have it."""
        prompt = build_prompt(query, model, decision.estimated_tokens)
        endpoints = self.residency.best_first(model, self._endpoints(model))
        if decision.local_only:
            endpoints = [endpoint for endpoint in endpoints if is_on_this_machine(endpoint)]
        for endpoint in sorted(endpoints, key=lambda endpoint: self._queue(endpoint).load):
            yield AttemptRun(
                self._around,
                self.registry.model_at(model, endpoint),
                endpoint,
                queue=self._queue(endpoint),
                prompt=prompt,
                chat_id=query.chat_id,
                deadline=deadline,
                patience_seconds=self._patience_seconds(query, decision, model),
            )

    def _patience_seconds(self, query: Query, decision: RoutingDecision, model: ModelMetadata) -> float:
        """How long to wait for room: to the end for the model that a person chose, or that is the only one."""
        others = [candidate for candidate in decision.candidates if candidate.model not in (model, BUILTIN)]
        is_free = others and query.model_id != model.model_id
        return self.config.room_patience_seconds if is_free else float("inf")

    def _situation(self, decision: RoutingDecision, runs: Sequence[AttemptRun]) -> str:
        """Say why it has come to the built-in backend; empty when there is simply no model."""
        failures = [run.record for run in runs if not run.answered]
        if failures:
            return what_failed(self.registry, failures)
        alone = len(decision.candidates) == 1
        return f"No model can take this: {decision.notes[0]}." if alone and decision.notes else ""

    def _advice(self) -> str:
        discovery = self.discovery
        return what_to_do(self.registry, discovery.endpoints, discovery.notices_within_seconds)

    def _endpoints(self, model: ModelMetadata) -> Sequence[Endpoint]:
        """List where a model can be served; before any endpoint was asked, everywhere its backend is."""
        if model is BUILTIN:
            return (_BUILTIN_ENDPOINT,)
        if self.registry.get_model(model.model_id) is None:
            return ()  # gone since the decision
        status = self.registry.status(model.model_id)
        if status.endpoints or not status.available:
            return status.endpoints
        return [endpoint for endpoint in self.discovery.endpoints if endpoint.backend == model.backend]

    def _read_memory(self) -> HostMemory:
        """How much memory there is for models: Metal's own word counts as soon as the MLX worker has passed it on."""
        backend = self.pool.opened(_MLX_ENDPOINT)
        if isinstance(backend, MLXBackend):
            self._memory.working_set_bytes = backend.working_set_bytes or self._memory.working_set_bytes
        return self._memory.read()

    def _look_at(self, endpoint: Endpoint) -> None:
        """Ask what there is: a model has come or gone at this endpoint."""
        self._memory.expire()
        self.discovery.poke(endpoint)

    def _can_unload(self, endpoint: Endpoint) -> bool:
        """Whether an endpoint takes models out of memory on request, as far as is known."""
        backend = self.pool.opened(endpoint)
        return backend is not None and backend.can_load

    async def _all_listed(self) -> None:
        await self.discovery.ready(_FIRST_LISTS_SECONDS)

    def _line_seconds(self) -> dict[Endpoint, float]:
        """Say where somebody who came now would have to wait in line, and how long."""
        lines = ((endpoint, queue.newcomer_seconds) for endpoint, queue in self._queues.items())
        return {endpoint: seconds for endpoint, seconds in lines if seconds}

    def _queue(self, endpoint: Endpoint) -> EndpointQueue:
        if endpoint not in self._queues:
            limit = _BUILTIN_GENERATIONS if endpoint is _BUILTIN_ENDPOINT else self.config.generations(endpoint)
            self._queues[endpoint] = EndpointQueue(limit)
        return self._queues[endpoint]

    def _note(self, failed: Sequence[AttemptRun]) -> None:
        """Write failures down; their endpoints are asked at once whether they are still there.

        One that took no connection counts as down meanwhile; one that is too busy has said so itself, and is there.
        """
        for run in failed:
            cause = run.error and run.error.__cause__
            logger.warning(
                "%s failed at %s: %s%s",
                run.model.model_id,
                run.endpoint.label,
                run.error,
                f" ({type(cause).__name__}: {_PASSWORD.sub('', str(cause))})" if cause else "",
            )
            logger.debug("How %s failed", run.model.model_id, exc_info=run.error)
            if isinstance(run.error, BackendUnreachable) and not isinstance(cause, ServerSaid):
                self.discovery.unreachable(run.endpoint)
            else:
                self.discovery.poke(run.endpoint)

    def _learn_speeds(self, runs: Sequence[AttemptRun]) -> None:
        for run in runs:
            completion = run.record.completion
            if run.answered and completion and (completion.output_tokens or 0) >= _TELLING_TOKENS:
                self.router.speeds.learn(run.model, completion.tokens_per_second)

    def _result(self, decision: RoutingDecision, runs: Sequence[AttemptRun], began: float) -> ExecutionResult:
        seconds = time.monotonic() - began
        attempts = tuple(run.record for run in runs)
        failures = [attempt for attempt in attempts if attempt.outcome is Outcome.FAILED]
        last = runs[-1] if runs else None
        if last is None or not last.answered:
            error = what_failed(self.registry, failures) if failures else self._why_nothing_ran(decision)
            named = [each.model for each in decision.candidates] + [each.model for each in decision.exclusions]
            first = named[0].model_id
            return ExecutionResult(
                success=False,
                response="",
                model_id=first,
                execution_time=seconds,
                error=error,
                attempts=attempts,
                decision=decision,
                partial=_broken_off(runs),
            )
        completion = last.record.completion
        reason = completion.finish_reason if completion else ""
        return ExecutionResult(
            success=reason != NO_MODEL,
            response=last.text,
            model_id=last.model.model_id,
            execution_time=seconds,
            error=last.text if reason == NO_MODEL else None,
            fallback_used=bool(failures) or last.model.model_id not in _first_choices(decision),
            reasoning=last.reasoning,
            attempts=attempts,
            decision=decision,
            first_token_seconds=last.first_token_at and last.first_token_at - began,
            completion=completion,
            turns_dropped=last.prompt.turns_dropped,
            cut=reason if reason in {"repetition", "length", "timeout"} else "",
            partial=_broken_off(runs) if reason == NO_MODEL else "",
        )

    def _why_nothing_ran(self, decision: RoutingDecision) -> str:
        """Say why no candidate could even be tried."""
        reasons = [
            f"{model.display_name} ({self.registry.why_not(model.model_id) or _KEPT_HERE})"
            for model in (candidate.model for candidate in decision.candidates)
        ]
        reasons += [f"{out.model.display_name} ({out.reason})" for out in decision.exclusions]
        return f"No model could be tried: {', '.join(reasons)}."

    def _count(self, result: ExecutionResult) -> None:
        self._stats.add(result)
        if result.fallback_used:
            self.router.note_fallback()


def _unreachable(runs: Sequence[AttemptRun]) -> set[Endpoint]:
    """Find the endpoints that this very run has found dead, so that it knocks there only once."""
    return {run.endpoint for run in runs if isinstance(run.error, BackendUnreachable)}


def _broken_off(runs: Sequence[AttemptRun]) -> str:
    """Find what the last model that failed in mid-answer had said."""
    return next((run.text for run in reversed(runs) if run.error and run.text.strip()), "")


def _first_choices(decision: RoutingDecision) -> set[str]:
    """Name the models whose answer is no fallback: the first, or those that race."""
    return {candidate.model.model_id for candidate in decision.candidates[: decision.race]}


async def _finished(events: AsyncGenerator[Event]) -> ExecutionResult:
    """Read a run to its end."""
    async with aclosing(events) as run:
        async for event in run:
            if isinstance(event, Finished):
                return event.result
    raise RuntimeError("a run ended without Finished")
