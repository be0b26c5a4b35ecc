"""The figures of an answer in words: its tokens, what of the prompt was there already, speeds, the load, memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialogue.receipts import speed
from routing.model_backends.builtin import BUILTIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routing.types import Completion, ExecutionResult

_BYTES_PER_GB = 1e9
_BYTES_PER_MB = 1e6
# Servers measure a load where the model was in memory too.
_NOTICED_SECONDS = 0.5


def figures(result: ExecutionResult) -> str:
    """Write what the server measured of an answer as one sentence; empty where it measured nothing."""
    completion = result.completion
    if completion is None or result.model_id == BUILTIN.model_id:  # its figures say nothing
        return ""
    told = "; ".join(_facts(completion, speed(result)))
    return f"{told[0].upper()}{told[1:]}." if told else ""


def memory(size_bytes: float) -> str:
    """Write an amount of memory: 270 MB, 4.3 GB, 19 GB."""
    gigabytes = size_bytes / _BYTES_PER_GB
    if gigabytes < 0.9995:
        return f"{size_bytes / _BYTES_PER_MB:.0f} MB"
    return f"{gigabytes:.1f} GB" if gigabytes < 9.95 else f"{gigabytes:.0f} GB"


def _facts(completion: Completion, tokens_per_second: float | None) -> Iterator[str]:
    if completion.load_seconds and completion.load_seconds >= _NOTICED_SECONDS:
        yield f"the model was loaded in {completion.load_seconds:.1f} s"
    if prompt := _prompt(completion):
        yield prompt
    if completion.output_tokens is not None:
        at = f" at {tokens_per_second:.0f} tok/s" if tokens_per_second else ""
        yield f"{_tokens(completion.output_tokens)} written{at}"
    if completion.peak_memory_bytes:
        yield f"{memory(completion.peak_memory_bytes)} of memory at the most"


def _prompt(completion: Completion) -> str:
    """How long the prompt was, and how much of it was computed for this answer."""
    if completion.prompt_tokens is None:
        return ""
    cached = f", {completion.cached_tokens:,} of them still known" if completion.cached_tokens else ""
    the_rest = ", the rest" if cached else ""
    tokens_per_second = completion.prompt_tokens_per_second
    at = f"{the_rest} at {tokens_per_second:.0f} tok/s" if tokens_per_second else ""
    return f"{_tokens(completion.prompt_tokens)} read{cached}{at}"


def _tokens(count: int) -> str:
    return "1 token" if count == 1 else f"{count:,} tokens"
