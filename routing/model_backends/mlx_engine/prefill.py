"""Reads a prompt into a KV cache chunk by chunk, so that nobody who streams waits long for it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mlx.core as mx

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Beside running streams a chunk may take this long, or as long as so many of their steps if they are slower: a gap
# that nobody reading notices, while the newcomer has most of the machine. With nobody streaming only the next command
# waits for the chunk's end.
_STALL_SECONDS = 0.2
_STALL_STEPS = 4
_ALONE_SECONDS = 1.0
_SMALLEST, _LARGEST_BESIDE, _LARGEST = 16, 512, 2048
_FIRST_BESIDE, _FIRST = 32, 512
# Boundaries nearer to the beginning than this are read again faster than they are looked up and copied.
_WORTH_KEEPING_TOKENS = 16


class ChunkSizes:
    """How many prompt tokens are read in one go, by the speed at which the last ones were."""

    def __init__(self) -> None:
        self._tokens_per_second: float | None = None

    def size(self, step_seconds: float | None) -> int:
        """The tokens of the next chunk. `step_seconds`: how long the running streams' steps take; None: no streams."""
        alone = step_seconds is None
        largest = _LARGEST if alone else _LARGEST_BESIDE
        if self._tokens_per_second is None:
            return _FIRST if alone else _FIRST_BESIDE
        seconds = _ALONE_SECONDS if step_seconds is None else max(_STALL_SECONDS, _STALL_STEPS * step_seconds)
        return max(_SMALLEST, min(largest, int(self._tokens_per_second * seconds)))

    def measured(self, tokens: int, seconds: float) -> None:
        """Learn from a chunk. Small ones tell little: most of their time goes into reading the weights."""
        if tokens >= _SMALLEST and seconds > 0:
            self._tokens_per_second = tokens / seconds


@dataclass(slots=True, eq=False)
class Prefill:
    """A prompt on its way into `kv`, all but its last token, from which the answer begins.

    At each of `boundaries`, counts of tokens, `keep` is called with the tokens and the cache as they stand.
    """

    model: Any
    tokens: list[int]
    kv: list[Any]
    covered: int
    boundaries: Sequence[int]
    keep: Callable[[list[int], list[Any]], None]
    seconds: float = 0.0

    @property
    def left(self) -> int:
        """How many tokens are still to be read."""
        return len(self.tokens) - 1 - self.covered

    def read(self, most_tokens: int) -> tuple[int, float]:
        """Read one chunk; how many tokens it had and the seconds it took."""
        began = time.perf_counter()
        stops = [stop for stop in self.boundaries if stop > self.covered]
        end = min(self.covered + most_tokens, len(self.tokens) - 1, *stops)
        chunk = self.tokens[self.covered : end]
        self.model(mx.array(chunk)[None], cache=self.kv)
        mx.eval([cache.state for cache in self.kv])
        mx.clear_cache()
        self.covered = end
        if end in stops:
            self.keep(self.tokens[:end], self.kv)
        seconds = time.perf_counter() - began
        self.seconds += seconds
        return len(chunk), seconds


def boundaries_to_keep(segments: Sequence[Sequence[int]], *, trimmable: bool) -> list[int]:
    """After which tokens of a prompt its cache is kept for others, apart from the finished answer's.

    After the first message, which is what chats have in common. A cache that cannot be cut back is of use only where
    another prompt begins with all of it: so after the last messages too, where the next turn and a retry meet it.
    """
    ends: list[int] = []
    for segment in segments:
        ends.append((ends[-1] if ends else 0) + len(segment))
    whole = ends.pop() if ends else 0
    chosen = {*ends[:1], *([] if trimmable else [*ends[-2:], whole - 1])}
    return sorted(end for end in chosen if _WORTH_KEEPING_TOKENS <= end < whole)
