"""One request from its arrival to its last report: what it was promised, how far it is, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import mlx.core as mx

from routing.model_backends.mlx_protocol import Done, Piece

if TYPE_CHECKING:
    from routing.model_backends.mlx_engine.answer_text import AnswerText
    from routing.model_backends.mlx_engine.prefill import Prefill
    from routing.model_backends.mlx_engine.prompts import PromptTokens
    from routing.model_backends.mlx_engine.sampling import LogitsProcessor, Sampler
    from routing.model_backends.mlx_engine.sequences import Sequence


@dataclass(slots=True, eq=False)
class Answer:
    """One request. It waits; then `prefill` reads its prompt; then its `sequence` is decoded.

    `promised_bytes` is the KV cache of prompt and answer, should it become `most_tokens` long. What ends in `at` is a
    reading of the runner's clock; `arrived` is the worker's reading of the same one.
    """

    id: int
    arrived: float
    prompt: PromptTokens
    tokens: list[int]
    most_tokens: int
    promised_bytes: int
    text: AnswerText
    eos_token_ids: frozenset[int]
    sampler: Sampler
    processors: tuple[LogitsProcessor, ...]
    position: int = 0
    cached_tokens: int = 0
    prefill: Prefill | None = None
    sequence: Sequence | None = None
    said_tokens: int = 0
    finish_reason: str = ""
    read_at: float = 0.0
    first_token_at: float = 0.0
    last_token_at: float = 0.0

    @property
    def held_tokens(self) -> int:
        """How many tokens the KV cache holds by now."""
        if self.sequence:
            return len(self.sequence.tokens)
        return self.prefill.covered if self.prefill else 0

    def accept(self, token: int, now: float) -> Piece | None:
        """Take the next token; `finish_reason` is set when it was the last. None: it adds no text (yet)."""
        if self.finish_reason:
            return None
        self.first_token_at = self.first_token_at or now
        self.last_token_at = now
        if token in self.eos_token_ids:
            return self._finish("stop", "", "")
        self.said_tokens += 1
        said = self.text.add(token)
        if self.text.stopped or self.said_tokens >= self.most_tokens:
            return self._finish("stop" if self.text.stopped else "length", said.text, said.reasoning)
        return self._piece(said.text, said.reasoning)

    def done(self) -> Done:
        """The figures of a finished answer."""
        read_seconds = self.prefill.seconds if self.prefill else 0.0
        return Done(
            id=self.id,
            finish_reason=self.finish_reason,
            prompt_tokens=len(self.tokens),
            cached_tokens=self.cached_tokens,
            output_tokens=self.said_tokens,
            prompt_seconds=read_seconds + self.first_token_at - self.read_at,
            decode_seconds=self.last_token_at - self.first_token_at,
            first_token_seconds=self.first_token_at - self.arrived,
            peak_bytes=mx.get_peak_memory(),
            drafted_tokens=min(self.sequence.drafted, self.said_tokens) if self.sequence else 0,
        )

    def _finish(self, reason: str, text: str, reasoning: str) -> Piece | None:
        self.finish_reason = reason
        rest = self.text.finish()
        return self._piece(text + rest.text, reasoning + rest.reasoning)

    def _piece(self, text: str, reasoning: str) -> Piece | None:
        return Piece(self.id, text, reasoning) if text or reasoning else None
