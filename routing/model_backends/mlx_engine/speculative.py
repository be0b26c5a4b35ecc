"""Decodes one sequence alone with a smaller model's help: it drafts some tokens, the model checks them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mlx.core as mx
from mlx_lm.models.cache import trim_prompt_cache

from routing.model_backends.mlx_engine.drawing import normalized
from routing.model_backends.mlx_engine.sampling import PENALTY_TOKENS, SeededSampler

if TYPE_CHECKING:
    from routing.model_backends.mlx_engine.sequences import Sequence

DRAFTED_AT_ONCE = 3
# A draft model reads what it has not seen yet in chunks of this size, one beside each token of the model's own.
_CATCH_UP_TOKENS = 256
# Where fewer than this share of so many drafted tokens was right, drafting costs more than it brings.
_TRIAL_TOKENS = 96
_WORTH_SHARE = 0.25


class Draft:
    """The draft model's view of a sequence: its own KV cache, and how many of the tokens that covers."""

    def __init__(self, model: Any, kv: list[Any], covered: int) -> None:
        self.kv = kv
        self.covered = covered
        self._model = model

    def read(self, tokens: list[int]) -> bool:
        """Take in what was said so far, all but the last token; False if there is more than is read in one go."""
        missing = tokens[self.covered : -1][:_CATCH_UP_TOKENS]
        if not missing:
            return True
        self._model(mx.array(missing)[None], cache=self.kv)
        mx.eval([cache.state for cache in self.kv])
        self.covered += len(missing)
        return self.covered == len(tokens) - 1

    def feed(self, token: mx.array) -> mx.array:
        """Logits of what follows `token`, (1, vocabulary)."""
        self.covered += 1
        logits: mx.array = self._model(token[None], cache=self.kv)[:, -1, :]
        return logits

    def cut(self, covered: int) -> None:
        """Forget what was drafted in vain."""
        trim_prompt_cache(self.kv, max(self.covered - covered, 0))
        self.covered = min(self.covered, covered)


class Speculative:
    """Says exactly what the model alone would say: a drafted token counts only if the model draws the same one.

    Both models draw with the same random key at each place of the answer, which makes them agree as often as they can.
    """

    def __init__(self, model: Any, sequence: Sequence, draft: Draft) -> None:
        self.sequence = sequence
        self.draft = draft
        self._model = model
        self._tried = self._right = 0

    @property
    def pending(self) -> bool:
        """Nothing is under way between its steps."""
        return False

    @property
    def pointless(self) -> bool:
        """The draft model guesses too badly to be of use."""
        return self._tried >= _TRIAL_TOKENS and self._right < _WORTH_SHARE * self._tried

    def step(self, *, ahead: bool) -> list[int]:  # noqa: ARG002 - see `pending`
        """Draw one to DRAFTED_AT_ONCE + 1 tokens. The sequence can change hands afterwards."""
        tokens = self.sequence.tokens
        wanted = min(DRAFTED_AT_ONCE, self.sequence.left - 1) if self.draft.read(tokens) else 0
        recent = mx.array(tokens[-PENALTY_TOKENS:], dtype=mx.uint32)
        drafted = self._drafts(recent, wanted)
        drawn = self._checked(recent, drafted)
        guesses = _listed(mx.concatenate(drafted)) if drafted else []
        right = next((n for n, guess in enumerate(guesses) if guess != drawn[n]), len(guesses))
        return self._accept(drawn[: right + 1], len(guesses))

    def _accept(self, said: list[int], drafted: int) -> list[int]:
        right = len(said) - 1
        trim_prompt_cache(self.sequence.kv, drafted - right)
        self.sequence.tokens.extend(said)
        self.sequence.covered += len(said)
        self.sequence.drafted += right
        self.draft.cut(self.sequence.covered)
        self._tried += drafted
        self._right += right
        return said

    def _drafts(self, recent: mx.array, wanted: int) -> list[mx.array]:
        drafted: list[mx.array] = []
        for place in range(wanted):
            logits = self.draft.feed(drafted[-1] if drafted else recent[-1:])
            drafted.append(self._draw(logits, mx.concatenate([recent, *drafted]), place))
            mx.async_eval(drafted[-1])  # type: ignore[no-untyped-call]
        return drafted

    def _checked(self, recent: mx.array, drafted: list[mx.array]) -> list[int]:
        """What the model draws after the last token and after each drafted one, (drafted + 1)."""
        fed = mx.concatenate([recent[-1:], *drafted])
        logits = self._model(fed[None], cache=self.sequence.kv)[0]
        if not self.sequence.processors:
            return _listed(self._draw(logits, None, 0))
        seen = mx.concatenate([recent, *drafted])
        ends = range(seen.size - len(drafted), seen.size + 1)
        rows = [self._draw(logits[n : n + 1], seen[:end], n) for n, end in enumerate(ends)]
        return _listed(mx.concatenate(rows))

    def _draw(self, logits: mx.array, seen: mx.array | None, place: int) -> mx.array:
        """Draw from each row of logits; `place` counts from the next token of the answer."""
        if seen is not None:
            for processor in self.sequence.processors:
                logits = processor(seen[-PENALTY_TOKENS:], logits)
        sampler = self.sequence.sampler
        if isinstance(sampler, SeededSampler):
            return sampler.draw(normalized(logits), self.sequence.output_tokens + place)
        drawn: mx.array = sampler(normalized(logits))
        return drawn


def _listed(drawn: mx.array) -> list[int]:
    tokens: Any = drawn.tolist()
    return list(tokens)
