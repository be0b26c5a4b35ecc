"""Reads a prompt into a KV cache chunk by chunk, so that nobody who streams waits long for it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mlx.core as mx

from routing.model_backends.mlx_engine.drawing import draw

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from routing.model_backends.mlx_engine.drawing import Drawer

# Beside running streams a chunk may take this long, or as long as so many of their steps if they are slower: a gap
# that nobody reading notices, while the newcomer has most of the machine. With nobody streaming only the next command
# waits for the chunk's end.
_STALL_SECONDS = 0.2
_STALL_STEPS = 4
_ALONE_SECONDS = 1.0
_SMALLEST, _LARGEST_BESIDE, _LARGEST = 16, 512, 2048
_FIRST_BESIDE, _FIRST = 32, 512
# Prompts read in one go may be padded by half of their tokens.
_PADDING_SHARE = 1.5
# Logits are computed for each position of the piece that the first token is drawn from, so that piece is short where
# the vocabulary is large: with 150,000 tokens it has 128.
_LOGITS_BYTES = 77_000_000
_LOGIT_BYTES = 4
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
    """A prompt on its way into `kv`. `first` is the answer's first token, drawn when all of it is read.

    At each of `boundaries`, counts of tokens, `keep` is called with the tokens and the cache as they stand.
    """

    id: int
    model: Any
    tokens: list[int]
    kv: list[Any]
    covered: int
    boundaries: Sequence[int]
    keep: Callable[[list[int], list[Any]], None]
    drawer: Drawer
    vocabulary_size: int
    seconds: float = 0.0
    first: int | None = None

    @property
    def left(self) -> int:
        """How many tokens are still to be read."""
        return len(self.tokens) - self.covered

    @property
    def logits_positions(self) -> int:
        """At how many places of the prompt logits may be computed at once."""
        return _LOGITS_BYTES // (_LOGIT_BYTES * self.vocabulary_size)

    def piece(self, most_tokens: int, end: int) -> list[int]:
        """The tokens to read next: as many as allowed, but not beyond a boundary, nor beyond the last `end` ones."""
        stops = [stop for stop in self.boundaries if stop > self.covered]
        return self.tokens[self.covered : min(self.covered + most_tokens, len(self.tokens) - end, *stops)]

    def took(self, kv: list[Any], tokens: int, seconds: float) -> None:
        """So many tokens more are in the cache, which took its share of a chunk's seconds."""
        self.kv = kv
        self.covered += tokens
        self.seconds += seconds
        if self.covered in self.boundaries:
            self.keep(self.tokens[: self.covered], kv)


def read(prefills: Sequence[Prefill], most_tokens: int) -> tuple[int, float]:
    """Read the next piece of one prompt, or of several at once; how many tokens it had in all, and how long it took.

    Short pieces are padded at their ends, behind what their own tokens look at; the padding is rolled out of the cache
    afterwards. Where a piece is a prompt's last, the answer's first token is drawn from it.
    """
    began = time.perf_counter()
    last = max(prefill.left for prefill in prefills) * len(prefills) <= prefills[0].logits_positions
    pieces = [prefill.piece(most_tokens, end=0 if last else 1) for prefill in prefills]
    kv = _one_cache([prefill.kv for prefill in prefills])
    logits = _fed(prefills[0].model, pieces, kv)
    whole = [n for n, prefill in enumerate(prefills) if len(pieces[n]) == prefill.left]
    drawn = _drawn([prefills[n] for n in whole], [pieces[n] for n in whole], [logits[n : n + 1] for n in whole])
    mx.eval(drawn, [cache.state for cache in kv])
    rows = [kv] if len(prefills) == 1 else [[cache.extract(row) for cache in kv] for row in range(len(prefills))]
    mx.eval([cache.state for row in rows for cache in row])
    mx.clear_cache()
    seconds = time.perf_counter() - began
    firsts: Any = drawn.tolist()
    for n, first in zip(whole, firsts, strict=True):
        prefills[n].first = first
    for prefill, row, piece in zip(prefills, rows, pieces, strict=True):
        prefill.took(row, len(piece), seconds)
    return sum(map(len, pieces)), seconds


def _one_cache(kvs: list[list[Any]]) -> list[Any]:
    """A cache of all the prompts."""
    return kvs[0] if len(kvs) == 1 else [layer[0].merge(layer) for layer in zip(*kvs, strict=True)]


def _fed(model: Any, pieces: list[list[int]], kv: list[Any]) -> mx.array:
    """Feed a piece a row to the model; its logits, (rows, longest piece, vocabulary), which nobody has computed yet."""
    padding = [max(map(len, pieces)) - len(piece) for piece in pieces]
    if any(padding):
        for cache in kv:
            cache.prepare(lengths=[len(piece) for piece in pieces], right_padding=padding)
    rows = [piece + [0] * short for piece, short in zip(pieces, padding, strict=True)]
    logits: mx.array = model(mx.array(rows), cache=kv)
    if any(padding):
        for cache in kv:
            cache.finalize()
    return logits


def _drawn(prefills: list[Prefill], pieces: list[list[int]], logits: list[mx.array]) -> mx.array:
    """Draw each answer's first token, (answers,), from the logits, (1, positions, vocabulary), at its prompt's end."""
    if not prefills:
        return mx.array([], dtype=mx.uint32)
    ends = mx.concatenate([row[:, len(piece) - 1] for row, piece in zip(logits, pieces, strict=True)])
    fed = mx.array([piece[-1] for piece in pieces], dtype=mx.uint32)
    return draw([prefill.drawer for prefill in prefills], fed, ends)


def next_to_read(prefills: Sequence[Prefill], most_tokens: int) -> list[Prefill]:
    """Whose prompts are read next: those of which least is left, so that nobody waits for a long one.

    Several with at most so many tokens are read in one go, which reads the weights once, if they pad each other little.
    """
    waiting = sorted(prefills, key=lambda prefill: prefill.left)
    chosen = waiting[:1]
    for prefill in waiting[1:]:
        padded = prefill.left * (len(chosen) + 1)
        if padded > min(most_tokens, _PADDING_SHARE * sum(one.left for one in (*chosen, prefill))):
            break
        chosen.append(prefill)
    return chosen


def boundaries_to_keep(segments: Sequence[Sequence[int]], *, trimmable: bool) -> list[int]:
    """After which tokens of a prompt its cache is kept for others, apart from the finished answer's.

    After the first message, which is what chats have in common, where there are others. A cache that cannot be cut back
    is of use only where another prompt begins with all of it: so after the last messages too, where the next turn and a
    retry meet it.
    """
    ends: list[int] = []
    for segment in segments:
        ends.append((ends[-1] if ends else 0) + len(segment))
    whole = ends.pop() if ends else 0
    chosen = {*ends[:-1][:1]} if trimmable else {*ends[:1], *ends[-2:], whole - 1}
    return sorted(end for end in chosen if _WORTH_KEEPING_TOKENS <= end < whole)
