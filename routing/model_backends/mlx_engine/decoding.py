"""Decodes every answer under way by a token a step: one alone in a plain loop, several in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import mlx.core as mx
from mlx_lm.models.cache import make_prompt_cache

from routing.model_backends.mlx_engine.batches import Batches
from routing.model_backends.mlx_engine.sequences import is_unbounded
from routing.model_backends.mlx_engine.solo import Solo
from routing.model_backends.mlx_engine.speculative import Draft, Speculative

if TYPE_CHECKING:
    from collections.abc import Callable

    from routing.model_backends.mlx_engine.batches import Batch
    from routing.model_backends.mlx_engine.loading import LoadedModel
    from routing.model_backends.mlx_engine.prefixes import PrefixCache
    from routing.model_backends.mlx_engine.sequences import Sequence

# What one request's tokens or options can make MLX and the tokenizer raise. It ends that request, or that batch, and
# the others go on; any other error is a bug, and passes through.
REQUEST_ERRORS = (LookupError, RuntimeError, TypeError, ValueError)


# MLX keeps memory that it has freed, of every size that there was; caches grow, and sizes change all the time.
_STEPS_BETWEEN_CLEANINGS = 256


class Drawn(NamedTuple):
    """What a step has drawn for one sequence, or why it could not; the sequence is dropped then."""

    id: int
    tokens: list[int]
    error: Exception | None = None


class Decoding:
    """The sequences of one model that are being answered.

    `draft` is used if it reads the same vocabulary and both models' caches can be cut back at any length.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        prefixes: PrefixCache,
        draft: LoadedModel | None,
        room_bytes: Callable[[], int | None],
    ) -> None:
        kv = make_prompt_cache(loaded.model)
        # Caches that cannot be cut back lose the token that a batch has under way, and those that cannot be merged
        # make no batch: such models' answers stay in the batch they joined, or take turns.
        self.movable = is_unbounded(kv)
        self.batchable = all(hasattr(cache, "merge") for cache in kv)
        self._loaded = loaded
        self._prefixes = prefixes
        self._draft = draft if draft and self.movable and _can_draft(draft, loaded) else None
        self._room_bytes = room_bytes
        self._batches = Batches(
            loaded.model, weight_bytes=loaded.weight_bytes, kv_bytes_per_token=loaded.kv_bytes_per_token
        )
        self._alone: dict[int, Solo | Speculative] = {}
        self._batched: dict[int, Sequence] = {}
        self._steps = 0

    def __len__(self) -> int:
        return len(self._alone) + len(self._batched)

    @property
    def drafts(self) -> bool:
        """Whether there is a draft model that can be used."""
        return self._draft is not None

    @property
    def padding_bytes(self) -> int:
        """What the batches' caches take beyond their sequences."""
        return self._batches.padding_bytes

    def add(self, sequence: Sequence) -> None:
        """Begin to decode a sequence that is ready to change hands."""
        if len(self) and self.batchable:
            self._join(sequence)
        else:
            self._alone[sequence.id] = self._decoder(sequence)

    def remove(self, sequence: Sequence, *, with_cache: bool) -> None:
        """Stop decoding a sequence, at once. Its cache is given back to it, or dropped."""
        if self._batched.pop(sequence.id, None):
            self._batches.remove(sequence, with_cache=with_cache)
            if self.movable:
                self._batches.dissolve()
        elif decoder := self._alone.get(sequence.id):
            self._leave(decoder)

    def step(self, *, expecting: bool) -> list[Drawn]:
        """Draw a token for each sequence; several, where a draft model guesses well. `expecting`: others come soon."""
        self._steps += 1
        if self._steps % _STEPS_BETWEEN_CLEANINGS == 0:
            mx.clear_cache()
        together = len(self) > 1
        if not together and not expecting:
            self._take_out()
        drawn = [self._step_alone(decoder, joins=together and self.batchable) for decoder in [*self._alone.values()]]
        for batch in self._batches:
            drawn += self._step_batch(batch)
        return drawn

    def clear(self) -> None:
        """Drop everything."""
        self._alone.clear()
        self._batched.clear()
        self._batches.clear()

    # --- alone ------------------------------------------------------------------------------------------------------

    def _decoder(self, sequence: Sequence) -> Solo | Speculative:
        if self._draft is None or len(self):
            return Solo(self._loaded.model, sequence)
        kv, covered = self._prefixes.fetch(self._draft, sequence.tokens)
        if kv is None:
            kv, covered = make_prompt_cache(self._draft.model), 0
        return Speculative(self._loaded.model, sequence, Draft(self._draft.model, kv, covered))

    def _step_alone(self, decoder: Solo | Speculative, *, joins: bool) -> Drawn:
        sequence = decoder.sequence
        try:
            tokens = decoder.step(ahead=not joins) if decoder.pending or not joins else []
            if joins and sequence.left > 0:
                self._leave(decoder)
                self._join(sequence)
        except REQUEST_ERRORS as error:
            self._alone.pop(sequence.id, None)
            return Drawn(sequence.id, [], error)
        if isinstance(decoder, Speculative) and decoder.pointless and not joins:
            self._alone[sequence.id] = Solo(self._loaded.model, sequence)
        return Drawn(sequence.id, tokens)

    def _leave(self, decoder: Solo | Speculative) -> None:
        """Stop decoding alone; what the draft model has read is kept for the next turn."""
        del self._alone[decoder.sequence.id]
        if isinstance(decoder, Speculative) and self._draft and decoder.draft.covered:
            covered = decoder.sequence.tokens[: decoder.draft.covered]
            self._prefixes.keep(self._draft, covered, decoder.draft.kv)

    # --- together ---------------------------------------------------------------------------------------------------

    def _join(self, sequence: Sequence) -> None:
        sequence.make_ready()
        self._batches.add(sequence, self._room_bytes())
        self._batched[sequence.id] = sequence

    def _take_out(self) -> None:
        """Decode the last sequence of a batch alone."""
        if not self._batched or not self.movable:
            return
        _, sequence = self._batched.popitem()
        self._batches.remove(sequence, with_cache=True)
        sequence.make_ready()
        self.add(sequence)

    def _step_batch(self, batch: Batch) -> list[Drawn]:
        try:
            return [Drawn(sequence.id, [token]) for sequence, token in batch.step()]
        except REQUEST_ERRORS as error:
            self._batches.drop(batch)
            for sequence in batch:
                del self._batched[sequence.id]
            return [Drawn(sequence.id, [], error) for sequence in batch]


def _can_draft(draft: LoadedModel, loaded: LoadedModel) -> bool:
    """Whether both models mean the same by each token, and what was drafted in vain can be forgotten."""
    same: bool = draft.tokenizer.get_vocab() == loaded.tokenizer.get_vocab()
    return same and is_unbounded(make_prompt_cache(draft.model))
