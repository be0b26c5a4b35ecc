"""Decodes one sequence alone, the next token always under way while the last one is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mlx.core as mx

from routing.model_backends.mlx_engine.drawing import Drawer, draw

if TYPE_CHECKING:
    from routing.model_backends.mlx_engine.sequences import Sequence


class Solo:
    """A plain loop over one sequence: at width one it is faster than a batch, which has masks and padding to mind."""

    def __init__(self, model: Any, sequence: Sequence) -> None:
        self.sequence = sequence
        self._model = model
        self._drawers = [Drawer(sequence.tokens, sequence.sampler, sequence.processors)]
        self._pending: mx.array | None = None

    @property
    def pending(self) -> bool:
        """A token is under way, which would be lost if the sequence changed hands now."""
        return self._pending is not None

    def step(self, *, ahead: bool) -> list[int]:
        """Draw one token. `ahead`: begin the one after it too; otherwise the sequence can change hands afterwards."""
        tokens = self.sequence.tokens
        drawn = self._pending if self._pending is not None else self._begin(mx.array(tokens[-1:], dtype=mx.uint32))
        self._pending = self._begin(drawn) if ahead and self.sequence.left > 1 else None
        token: Any = drawn.item()
        tokens.append(token)
        self.sequence.covered = len(tokens) - (self._pending is None)
        return [token]

    def _begin(self, token: mx.array) -> mx.array:
        """Start computing the token that follows; nothing is waited for."""
        logits = self._model(token[None], cache=self.sequence.kv)[:, -1, :]
        drawn = draw(self._drawers, token, logits)
        mx.async_eval(drawn)  # type: ignore[no-untyped-call]
        return drawn
