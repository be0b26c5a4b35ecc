"""Decodes several sequences together, those of like length in one batch, so that they don't pad each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import mlx.core as mx

from routing.model_backends.mlx_engine.drawing import Drawer, draw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routing.model_backends.mlx_engine.sequences import Sequence

# A batch is dissolved into another only for a clear gain: moving a sequence costs a copy of its cache and a step.
_DISSOLVE_SHARE = 0.5


@dataclass(slots=True, eq=False)
class _Row:
    """A sequence in a batch. `told`: the token that is fed next is one of the sequence's already."""

    sequence: Sequence
    drawer: Drawer
    told: bool = True


class Batch:
    """Sequences that are decoded together, the next tokens always under way while the last ones are read.

    The keys and values of all are in mlx-lm's caches for batches, a row for each sequence, padded at their beginnings.
    Prompts are read elsewhere: who joins has its cache filled, and shares the very next step.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._rows: list[_Row] = []
        self._joining: list[_Row] = []
        self._kv: list[Any] = []
        self._fed = mx.array([], dtype=mx.uint32)  # a token for each row, which may still be under way

    def __len__(self) -> int:
        return len(self._rows) + len(self._joining)

    def __iter__(self) -> Iterator[Sequence]:
        return (row.sequence for row in [*self._rows, *self._joining])

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
        """Take a sequence that is ready to change hands."""
        self._joining.append(_Row(sequence, Drawer(sequence.tokens, sequence.sampler, sequence.processors)))

    def step(self) -> list[tuple[Sequence, int]]:
        """Give the token that the last step drew for each sequence, and begin the next ones.

        The sequences have it already when this returns; those that joined since then have one with the next step.
        """
        self._take_in()
        fed = self._fed
        logits = self._model(fed[:, None], cache=self._kv)[:, -1, :]
        self._fed = draw([row.drawer for row in self._rows], fed, logits)
        mx.async_eval(self._fed)  # type: ignore[no-untyped-call]
        tokens: Any = fed.tolist()
        return [(row.sequence, token) for row, token in zip(self._rows, tokens, strict=True) if _tell(row, token)]

    def remove(self, sequence: Sequence, *, with_cache: bool) -> None:
        """Take a sequence out, at once; its cache is given back to it, or dropped."""
        self._joining = [row for row in self._joining if row.sequence is not sequence]
        place = next((n for n, row in enumerate(self._rows) if row.sequence is sequence), None)
        if place is None:
            return
        if with_cache:
            sequence.kv = [layer.extract(place) for layer in self._kv]
        del self._rows[place]
        self._keep([n for n in range(len(self._rows) + 1) if n != place])

    def _take_in(self) -> None:
        """Put those who join into the batch's cache, all in one go."""
        if not self._joining:
            return
        sequences = [row.sequence for row in self._joining]
        kv = [layers[0].merge(layers) for layers in zip(*(sequence.kv for sequence in sequences), strict=True)]
        for sequence in sequences:
            sequence.kv = []
        for mine, theirs in zip(self._kv, kv, strict=bool(self._rows)):
            mine.extend(theirs)
        self._kv = self._kv or kv
        last = mx.array([sequence.tokens[-1] for sequence in sequences], dtype=mx.uint32)
        self._fed = mx.concatenate([self._fed, last])
        self._rows += self._joining
        self._joining = []

    def _keep(self, places: list[int]) -> None:
        """Cut the cache and the tokens under way down to these rows."""
        self._fed = self._fed[mx.array(places, dtype=mx.uint32)]
        if not places:
            self._kv = []
        for layer in self._kv:
            layer.filter(places)


def _tell(row: _Row, token: int) -> bool:
    """Note that a token of this row was fed to the model; whether it is new to the sequence."""
    new, row.told = not row.told, False
    if new:
        row.sequence.tokens.append(token)
    row.sequence.covered = len(row.sequence.tokens)
    return new


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
        """A batch without rows, in the place of those that have emptied."""
        self._batches = [*self, Batch(self._model)]
        return self._batches[-1]
