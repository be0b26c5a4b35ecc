"""Decodes several sequences together, those of like length in one batch, so that they don't pad each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mlx_lm.generate import BatchGenerator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routing.model_backends.mlx_engine.sequences import Sequence

_NO_LIMIT = 1 << 30
# A batch is dissolved into another only for a clear gain: moving a sequence costs a copy of its cache and a step.
_DISSOLVE_SHARE = 0.5


class Batch:
    """One BatchGenerator, and the sequences in it. Prompts are read elsewhere: each joins with its cache filled."""

    def __init__(self, model: Any) -> None:
        self._generator = BatchGenerator(model, completion_batch_size=_NO_LIMIT, prefill_batch_size=_NO_LIMIT)
        # It raises the limit of wired memory to all there is, against which the worker has a setting; closing gives
        # that back, and does nothing else.
        self._generator.close()  # type: ignore[no-untyped-call]
        self._sequences: dict[int, Sequence] = {}

    def __len__(self) -> int:
        return len(self._sequences)

    def __iter__(self) -> Iterator[Sequence]:
        return iter(list(self._sequences.values()))

    @property
    def longest(self) -> int:
        """The tokens of the longest sequence, to which the others are padded."""
        return max((len(sequence.tokens) for sequence in self), default=0)

    @property
    def padding_tokens(self) -> int:
        """How many places of the batch's cache hold nothing. It stays as it is while all grow by a token a step."""
        return sum(self.longest - len(sequence.tokens) for sequence in self)

    def padding_with(self, lengths: list[int]) -> int:
        """What the padding would be with sequences of these lengths in it."""
        lengths = [*(len(sequence.tokens) for sequence in self), *lengths]
        return sum(max(lengths) - length for length in lengths)

    def add(self, sequence: Sequence) -> None:
        """Take a sequence that is ready to change hands; its first token comes with the step after the next."""
        [uid] = self._generator.insert_segments(
            [[sequence.tokens[-1:]]],
            max_tokens=[_NO_LIMIT],
            caches=[sequence.kv],
            all_tokens=[sequence.tokens[:-1]],
            samplers=[sequence.sampler],
            logits_processors=[list(sequence.processors)],
        )
        sequence.kv = []
        self._sequences[uid] = sequence

    def step(self) -> list[tuple[Sequence, int]]:
        """Draw one token for each sequence that has been here for a step; they have it already when this returns."""
        _, responses = self._generator.next()  # type: ignore[no-untyped-call]
        drawn = [(self._sequences[response.uid], int(response.token)) for response in responses]
        for sequence, token in drawn:
            sequence.tokens.append(token)
        return drawn

    def remove(self, sequence: Sequence, *, with_cache: bool) -> None:
        """Take a sequence out, at once; its cache is given back to it, or dropped."""
        uid = next(uid for uid, other in self._sequences.items() if other is sequence)
        del self._sequences[uid]
        caches = self._generator.remove([uid], with_cache)  # type: ignore[no-untyped-call]
        if with_cache:
            sequence.kv, covered = caches[uid]
            sequence.covered = len(covered)


class Joining(NamedTuple):
    """What joining a batch costs: bytes of padding that each step reads, or of weights read once more."""

    step_bytes: int
    batch: Batch


class Batches:
    """The batches of one model.

    A step reads the weights once for each batch, and of its cache rows x longest row. So a sequence joins the batch
    where it adds least padding, unless that padding has more bytes than the weights: then a batch of its own reads
    less. The time of a step is that of reading, as long as the rows are few enough for arithmetic to keep up; where a
    mixture of experts reads only part of its weights, padding is taken as cheaper than it is.
    """

    def __init__(self, model: Any, *, weight_bytes: int, kv_bytes_per_token: int) -> None:
        self._model = model
        self._weight_bytes = weight_bytes
        self._kv_bytes_per_token = kv_bytes_per_token
        self._batches: list[Batch] = []

    def __len__(self) -> int:
        return sum(map(len, self._batches))

    def __iter__(self) -> Iterator[Batch]:
        return (batch for batch in list(self._batches) if len(batch))

    @property
    def padding_bytes(self) -> int:
        """What the batches' caches take beyond their rows."""
        return sum(batch.padding_tokens for batch in self) * self._kv_bytes_per_token

    def add(self, sequence: Sequence, room_bytes: int | None) -> None:
        """Put a sequence where it costs least; padding it must not take more than `room_bytes`."""
        best = min((self._joining(batch, sequence) for batch in self), key=lambda join: join.step_bytes, default=None)
        limit = self._weight_bytes if room_bytes is None else min(self._weight_bytes, max(room_bytes, 0))
        (best.batch if best and best.step_bytes <= limit else self._empty()).add(sequence)

    def remove(self, sequence: Sequence, *, with_cache: bool) -> None:
        """Take a sequence out, at once; its cache is given back to it, or dropped."""
        batch = next(batch for batch in self if any(sequence is other for other in batch))
        batch.remove(sequence, with_cache=with_cache)

    def dissolve(self) -> None:
        """Put two batches together where rows have gone and the rest would pad each other little.

        Only for caches that can be cut back: the token that a batch has under way is lost with the move, and drawn
        again.
        """
        batches = sorted(self, key=len)
        if len(batches) < 2:
            return
        smaller, *larger = batches
        lengths = [len(sequence.tokens) for sequence in smaller]
        into = min(larger, key=lambda batch: batch.padding_with(lengths))
        added = into.padding_with(lengths) - into.padding_tokens - smaller.padding_tokens
        if added * self._kv_bytes_per_token <= _DISSOLVE_SHARE * self._weight_bytes:
            for sequence in smaller:
                smaller.remove(sequence, with_cache=True)
                sequence.make_ready()
                into.add(sequence)

    def clear(self) -> None:
        """Give all batches up."""
        self._batches.clear()

    def drop(self, batch: Batch) -> None:
        """Give up a batch that has failed, whatever state it is in."""
        self._batches.remove(batch)

    def _joining(self, batch: Batch, sequence: Sequence) -> Joining:
        added = batch.padding_with([len(sequence.tokens)]) - batch.padding_tokens
        return Joining(added * self._kv_bytes_per_token, batch)

    def _empty(self) -> Batch:
        """A batch without rows: one that has emptied, for making one anew changes the limit of wired memory."""
        for batch in self._batches:
            if not len(batch):
                return batch
        self._batches.append(Batch(self._model))
        return self._batches[-1]
