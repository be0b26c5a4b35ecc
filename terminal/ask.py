"""One question, one answer: the answer to standard output, its receipt to standard error."""

from __future__ import annotations

import json
import secrets
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from dialogue.receipts import receipt, speed
from dialogue.services import open_services
from routing.types import Finished, Query
from storage.conversations import ConversationKey
from terminal.control_characters import printable
from terminal.conversation import KEY, USER_ID, show
from terminal.screen import open_screen

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from dialogue.services import Services
    from routing.types import Attempt, Event, ExecutionResult
    from settings import Settings

_ASKED_ALONE = ConversationKey(KEY.chat_id, thread_id=1)  # so that /why in the chat tells of the chat


async def ask(settings: Settings, text: str, *, as_json: bool) -> int:
    """Answer one question outside of any conversation; return the exit status.

    Raises InvalidConfiguration, StorageError.
    """
    async with open_services(settings) as services:
        query = Query(
            text,
            chat_id="ask",
            system_prompt=settings.system_prompt,
            temperature=settings.temperature,
            max_tokens=settings.max_tokens,
        )
        streams = sys.stdout.isatty() and not as_json
        result = await (_streamed(services, query) if streams else services.engine.execute(query))
        services.analytics.record(secrets.token_hex(4), query, result, user_id=USER_ID, key=_ASKED_ALONE)
        _print(result, services, as_json=as_json, streamed=streams)
    return 0 if result.success else 1


async def _streamed(services: Services, query: Query) -> ExecutionResult:
    """Show the answer while it grows."""
    results: list[ExecutionResult] = []

    async def noted() -> AsyncGenerator[Event]:
        async with aclosing(services.engine.stream(query)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    results.append(event.result)
                yield event

    with open_screen().answer() as view:
        await show(noted(), view)
    return results[0]


def _print(result: ExecutionResult, services: Services, *, as_json: bool, streamed: bool) -> None:
    """Write the answer to standard output, and what is not the answer to standard error."""
    if as_json:
        print(json.dumps(result_as_json(result), ensure_ascii=False, indent=2))
    elif result.success and not streamed:
        print(printable(result.response))
    if result.success and not as_json:
        remark = receipt(result, services.registry, services.settings.receipts)
    else:
        was_shown = streamed and result.response == result.error
        remark = "" if result.success or was_shown else result.error or "No model answered."
    if remark:
        print(printable(remark), file=sys.stderr)


def result_as_json(result: ExecutionResult) -> dict[str, Any]:
    """Give the answer, who gave it and what came before. Times are in seconds; None where nobody knows."""
    completion = result.completion
    return {
        "success": result.success,
        "response": result.response if result.success else "",
        "error": result.error,
        "model": result.model_id,
        "seconds": round(result.execution_time, 3),
        "first_token_seconds": result.first_token_seconds,
        "tokens": {
            "prompt": completion.prompt_tokens if completion else None,
            "cached": completion.cached_tokens if completion else None,
            "response": completion.output_tokens if completion else None,
        },
        "tokens_per_second": _rounded(speed(result)),
        "prompt_tokens_per_second": _rounded(completion.prompt_tokens_per_second if completion else None),
        "load_seconds": _rounded(completion.load_seconds if completion else None),
        "peak_memory_bytes": completion.peak_memory_bytes if completion else None,
        "fallback_used": result.fallback_used,
        "cut": result.cut,
        "decision": result.decision.explanation() if result.decision else None,
        "attempts": [_attempt_as_json(attempt) for attempt in result.attempts],
    }


def _attempt_as_json(attempt: Attempt) -> dict[str, Any]:
    """Give one try of one model. Times are in seconds."""
    return {
        "model": attempt.model_id,
        "endpoint": attempt.endpoint.url if attempt.endpoint else None,
        "outcome": attempt.outcome,
        "first_token_seconds": attempt.first_token_seconds,
        "total_seconds": attempt.total_seconds,
        "error": attempt.error,
        "error_class": attempt.error_class,
    }


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 3)
