"""A prompt and its answer as the model sees them: the tokens, and the KV cache over all but the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlx_lm.models.cache import KVCache, trim_prompt_cache

from routing.model_backends.mlx_engine.sampling import place_at

if TYPE_CHECKING:
    from routing.model_backends.mlx_engine.sampling import LogitsProcessor, Sampler


@dataclass(slots=True, eq=False)
class Sequence:
    """One request's tokens. Whoever decodes it adds to them, and says how many of them the KV cache covers.

    A sequence changes hands with `covered == len(tokens) - 1`: the last token is still to be fed to the model.
    `drafted` counts the tokens that came from a draft model.
    """

    id: int
    tokens: list[int]
    prompt_tokens: int
    most_tokens: int
    kv: list[Any]
    covered: int
    sampler: Sampler
    processors: tuple[LogitsProcessor, ...] = ()
    drafted: int = 0

    @property
    def output_tokens(self) -> int:
        """How many tokens have been drawn."""
        return len(self.tokens) - self.prompt_tokens

    @property
    def left(self) -> int:
        """How many tokens may still be drawn."""
        return self.most_tokens - self.output_tokens

    def make_ready(self) -> None:
        """Cut the cache back to all but the last token, so that the sequence can change hands."""
        surplus = self.covered - (len(self.tokens) - 1)
        if surplus:
            trim_prompt_cache(self.kv, surplus)
            self.covered -= surplus
        place_at(self.sampler, self.output_tokens)


def is_unbounded(kv: list[Any]) -> bool:
    """Whether a cache can be cut back at any length: a sliding window forgets what it would have to go back to."""
    return all(isinstance(cache, KVCache) for cache in kv)
