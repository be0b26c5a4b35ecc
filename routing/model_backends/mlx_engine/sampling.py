"""Draws the next token as each request wants it: samplers shared by those who want the same, seeded ones apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mlx.core as mx
from mlx_lm.sample_utils import apply_min_p, apply_top_k, apply_top_p, make_logits_processors, make_sampler

from routing.model_backends.mlx_protocol import WorkerFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from routing.model_backends.mlx_protocol import Sampling

    Sampler = Callable[[mx.array], mx.array]
    LogitsProcessor = Callable[[mx.array, mx.array], mx.array]

# How many of the latest tokens, prompt included, the penalties look at: what Ollama's repeat_last_n is by default.
PENALTY_TOKENS = 64
_KEPT = 64


class Samplers:
    """The samplers and logits processors of one model. Rows that hold the same object are sampled in one call."""

    def __init__(self, vocabulary_size: int) -> None:
        self._vocabulary_size = vocabulary_size
        self._samplers: dict[tuple[float, ...], Sampler] = {}
        self._processors: dict[tuple[float, ...], tuple[LogitsProcessor, ...]] = {}

    def sampler(self, sampling: Sampling) -> Sampler:
        """A sampler of rows of log probabilities, (rows, vocabulary) to (rows,)."""
        if sampling.seed is not None and sampling.temperature > 0:
            return SeededSampler(sampling, sampling.seed, self._vocabulary_size)
        options = (sampling.temperature, sampling.top_p, sampling.min_p, sampling.top_k)
        if options not in self._samplers:
            _make_room(self._samplers)
            self._samplers[options] = self._made(sampling)
        return self._samplers[options]

    def processors(self, sampling: Sampling) -> tuple[LogitsProcessor, ...]:
        """What changes the logits before they are sampled: the penalties, if there are any."""
        options = (sampling.repeat_penalty, sampling.presence_penalty, sampling.frequency_penalty)
        if options not in self._processors:
            _make_room(self._processors)
            self._processors[options] = _penalties(sampling)
        return self._processors[options]

    def _made(self, sampling: Sampling) -> Sampler:
        made: Sampler = make_sampler(
            temp=sampling.temperature,
            top_p=sampling.top_p,
            min_p=sampling.min_p,
            top_k=_top_k(sampling, self._vocabulary_size),
        )
        return made


def check(sampling: Sampling) -> None:
    """Raise WorkerFailure for options that cannot be sampled with.

    To be called before anything is sampled: what mlx_lm's samplers raise leaves MLX's random state unusable for all,
    as they are compiled together with it.
    """
    bounds = {
        "temperature": (0.0, 100.0),
        "top_p": (0.0, 1.0),
        "min_p": (0.0, 1.0),
        "repeat_penalty": (0.01, 100.0),
        "presence_penalty": (-100.0, 100.0),
        "frequency_penalty": (-100.0, 100.0),
    }
    for option, (least, most) in bounds.items():
        if not least <= getattr(sampling, option) <= most:
            sentence = f"The model's option {option} must be from {least:g} to {most:g}: change it in models.toml."
            raise WorkerFailure("BadReply", sentence)


class SeededSampler:
    """Draws the token at each place of an answer with a key of its own, made from the seed and the place.

    So the draws of a request are the same whoever is in its batch, and however often it changes batches. The
    probabilities they are made from are not quite: sums that are rounded in another order differ in the last digits,
    and in a half-precision model a draw that falls between two tokens can then come out as the other one.
    """

    def __init__(self, sampling: Sampling, seed: int, vocabulary_size: int) -> None:
        self.place = 0
        self._seed = seed
        self._scale = 1.0 / sampling.temperature
        self._filters = _filters(sampling, vocabulary_size)

    def __call__(self, logprobs: mx.array) -> mx.array:
        """Draw for one place after the other; `logprobs` has one row for each."""
        drawn = self.draw(logprobs, self.place)
        self.place += logprobs.shape[0]
        return drawn

    def draw(self, logprobs: mx.array, place: int) -> mx.array:
        """Draw for the places from `place` on, without moving on."""
        for keep in self._filters:
            logprobs = keep(logprobs)
        rows = [
            mx.random.categorical(logprobs[n : n + 1] * self._scale, key=self._key(place + n))
            for n in range(logprobs.shape[0])
        ]
        return mx.concatenate(rows)

    def _key(self, place: int) -> mx.array:
        # The factor keeps the places of neighbouring seeds apart for as long as an answer can be.
        return mx.random.key((self._seed * 16_777_619 + place) % 2**64)


def place_at(sampler: Any, place: int) -> None:
    """Tell a seeded sampler which token of the answer is drawn next; others need not know."""
    if isinstance(sampler, SeededSampler):
        sampler.place = place


def _filters(sampling: Sampling, vocabulary_size: int) -> list[Sampler]:
    """What leaves unlikely tokens out, in the order of mlx_lm's own sampler."""
    filters: list[Sampler] = []
    if 0 < sampling.top_p < 1:
        filters.append(lambda logprobs: apply_top_p(logprobs, sampling.top_p))
    if sampling.min_p:
        filters.append(lambda logprobs: apply_min_p(logprobs, sampling.min_p, 1))
    if top_k := _top_k(sampling, vocabulary_size):
        filters.append(lambda logprobs: apply_top_k(logprobs, top_k))
    return filters


def _top_k(sampling: Sampling, vocabulary_size: int) -> int:
    """0 where all tokens may be drawn anyway, which mlx_lm would refuse to be told otherwise."""
    return sampling.top_k if 0 < sampling.top_k < vocabulary_size else 0


def _penalties(sampling: Sampling) -> tuple[LogitsProcessor, ...]:
    made = make_logits_processors(
        repetition_penalty=sampling.repeat_penalty if sampling.repeat_penalty != 1 else None,
        repetition_context_size=PENALTY_TOKENS,
        presence_penalty=sampling.presence_penalty,
        presence_context_size=PENALTY_TOKENS,
        frequency_penalty=sampling.frequency_penalty,
        frequency_context_size=PENALTY_TOKENS,
    )
    return tuple(made)


def _make_room(made: dict[tuple[float, ...], Any]) -> None:
    """Nobody asks for many kinds of sampling at once: requests that run hold what they need themselves."""
    if len(made) >= _KEPT:
        made.clear()
