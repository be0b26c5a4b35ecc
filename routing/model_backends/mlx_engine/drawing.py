"""Draws the next token of one sequence or several from a model's logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mlx.core as mx

from routing.model_backends.mlx_engine.sampling import PENALTY_TOKENS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routing.model_backends.mlx_engine.sampling import LogitsProcessor, Sampler


class Drawer:
    """How one sequence's tokens are drawn, and the tokens that its penalties look back at.

    `tokens` are those so far; the last of them is the one that is fed to the model next.
    """

    def __init__(self, tokens: list[int], sampler: Sampler, processors: tuple[LogitsProcessor, ...]) -> None:
        self.sampler = sampler
        self.processors = processors
        self._recent = mx.array(tokens[-PENALTY_TOKENS - 1 : -1], dtype=mx.uint32)

    def processed(self, fed: mx.array, logits: mx.array) -> mx.array:
        """Logits, (1, vocabulary), of what follows the token `fed`, (1,), after penalties."""
        if self.processors:
            self._recent = mx.concatenate([self._recent, fed])[-PENALTY_TOKENS:]
        for processor in self.processors:
            logits = processor(self._recent, logits)
        return logits


def draw(drawers: Sequence[Drawer], fed: mx.array, logits: mx.array) -> mx.array:
    """Draw a token for each row, (rows,), after the tokens `fed`, (rows,), by the model's (rows, vocabulary)."""
    if any(drawer.processors for drawer in drawers):
        rows = [drawer.processed(fed[n : n + 1], logits[n : n + 1]) for n, drawer in enumerate(drawers)]
        logits = mx.concatenate(rows)
    logprobs = normalized(logits)
    sampler = drawers[0].sampler
    if all(drawer.sampler is sampler for drawer in drawers):
        return sampler(logprobs)
    return mx.concatenate([drawer.sampler(logprobs[n : n + 1]) for n, drawer in enumerate(drawers)])


def normalized(logits: mx.array) -> mx.array:
    """Log probabilities, by the same operations as mlx_lm's own loops, so that roundings are the same too."""
    return logits - mx.logsumexp(logits, axis=-1, keepdims=True)
