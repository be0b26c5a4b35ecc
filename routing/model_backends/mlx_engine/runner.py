"""Runs one model's requests, as many at once as there is memory for, and reports what each of them says."""

from __future__ import annotations

import logging
import time
import traceback
from collections import deque
from typing import TYPE_CHECKING, Any

import mlx.core as mx
from mlx_lm.generate import generation_stream
from mlx_lm.models.cache import make_prompt_cache

from routing.model_backends.mlx_engine.answer_text import AnswerText
from routing.model_backends.mlx_engine.answers import Answer
from routing.model_backends.mlx_engine.decoding import REQUEST_ERRORS, Decoding, Drawn
from routing.model_backends.mlx_engine.drawing import Drawer
from routing.model_backends.mlx_engine.prefill import ChunkSizes, Prefill, boundaries_to_keep, next_to_read, read
from routing.model_backends.mlx_engine.prompts import tokenize_conversation
from routing.model_backends.mlx_engine.sampling import Samplers, check
from routing.model_backends.mlx_engine.sequences import Sequence
from routing.model_backends.mlx_protocol import Failed, Piece, Queued, WorkerFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from routing.model_backends.mlx_engine.loading import LoadedModel
    from routing.model_backends.mlx_engine.prefixes import PrefixCache
    from routing.model_backends.mlx_protocol import Generate, Report


_log = logging.getLogger(__name__)


class ModelRunner:
    """One model's requests. Everything happens on the thread that loaded the model, most of it in `step`.

    `kv_room_bytes` says how much memory is free now, less what other runners' `promised_bytes` say; None: nobody knows,
    and nobody waits. `clock` is the one that `arrived` is read from.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        prefixes: PrefixCache,
        draft: LoadedModel | None,
        kv_room_bytes: Callable[[], int | None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._loaded = loaded
        self._prefixes = prefixes
        self._draft = draft
        self._kv_room_bytes = kv_room_bytes
        self._clock = clock
        self._decoding = Decoding(loaded, prefixes, draft, self._room_bytes)
        self._samplers = Samplers(len(loaded.tokenizer))
        self._chunks = ChunkSizes()
        self._answers: dict[int, Answer] = {}  # those that run, by their ids
        self._reading: dict[int, Prefill] = {}
        self._waiting: deque[Answer] = deque()
        self._step_seconds = 0.0
        self._owes_tokens = False  # the last step told first tokens alone

    @property
    def idle(self) -> bool:
        """Nothing is asked, so `step` has nothing to do."""
        return not (self._answers or self._waiting)

    @property
    def running_ids(self) -> list[int]:
        """The requests that have neither ended nor been cancelled, those that wait for room included."""
        return [*self._answers, *(answer.id for answer in self._waiting)]

    @property
    def kv_bytes(self) -> int:
        """What the requests' KV caches hold now, padding included."""
        held = sum(self._loaded.kv_bytes(answer.held_tokens) for answer in self._answers.values())
        return held + self._decoding.padding_bytes

    @property
    def promised_bytes(self) -> int:
        """How much more the requests that run may take until they end."""
        held = [(answer.promised_bytes, answer.held_tokens) for answer in self._answers.values()]
        return sum(max(promised - self._loaded.kv_bytes(tokens), 0) for promised, tokens in held)

    def submit(self, job: Generate, arrived: float) -> None:
        """Take a request; it begins with the next step. Raises WorkerFailure if it cannot be run at all."""
        check(job.sampling)
        prompt = tokenize_conversation(self._loaded, job.messages, think=job.think)
        tokens = [token for segment in prompt.segments for token in segment]
        most_tokens = self._most_tokens(job, len(tokens))
        answer = Answer(
            id=job.id,
            arrived=arrived,
            prompt=prompt,
            tokens=tokens,
            most_tokens=most_tokens,
            promised_bytes=self._bytes_for(len(tokens) + most_tokens),
            text=AnswerText(self._loaded.tokenizer, opens_with_reasoning=prompt.opens_with_reasoning, stop=job.stop),
            eos_token_ids=frozenset(self._loaded.tokenizer.eos_token_ids),
            sampler=self._samplers.sampler(job.sampling),
            processors=self._samplers.processors(job.sampling),
        )
        if self.idle:
            mx.reset_peak_memory()
        self._waiting.append(answer)

    def cancel(self, job_id: int) -> None:
        """End a request at once; its neighbours go on as if it had never been. An id that has ended already is let be.

        What was read of its prompt and said in answer is kept for the next turn.
        """
        self._waiting = deque(answer for answer in self._waiting if answer.id != job_id)
        if answer := self._answers.get(job_id):
            with mx.stream(generation_stream):
                self._release(answer)

    def step(self) -> list[Report]:
        """Read at most one chunk's worth of prompts, and draw the next token of every answer under way.

        An answer's first token is told at once, before the others' next ones: those come with the next step.
        """
        with mx.stream(generation_stream):
            owed, self._owes_tokens = self._owes_tokens, False
            reports = [*self._admit(), *([] if owed else self._read())]
            return reports if self._owes_tokens else [*reports, *self._decode()]

    def close(self) -> None:
        """Drop every request; nothing more is said of them."""
        self._answers.clear()
        self._reading.clear()
        self._waiting.clear()
        self._decoding.clear()

    # --- who may run ------------------------------------------------------------------------------------------------

    def _bytes_for(self, tokens: int) -> int:
        draft = self._draft.kv_bytes(tokens) if self._draft and self._decoding.drafts else 0
        return self._loaded.kv_bytes(tokens) + draft

    def _most_tokens(self, job: Generate, prompt_tokens: int) -> int:
        """How long the answer may become: as was asked for, or what the context leaves."""
        context_tokens = min(filter(None, (self._loaded.context_tokens, job.context_tokens)), default=None)
        if context_tokens is None:
            return max(job.max_tokens, 1)
        if prompt_tokens >= context_tokens:
            raise WorkerFailure(
                "ContextTooLong",
                f"The conversation has {prompt_tokens:,} tokens, and the model reads {context_tokens:,}: "
                "start a new chat, or pick a model with a longer context.",
            )
        return max(min(job.max_tokens, context_tokens - prompt_tokens), 1)

    def _room_bytes(self) -> int | None:
        """What is free and not promised to anybody."""
        free = self._kv_room_bytes()
        return None if free is None else free - self.promised_bytes

    def _admit(self) -> list[Report]:
        """Begin with those who wait, in their order, as far as there is room; tell the rest how many are before."""
        reports: list[Report] = []
        while self._waiting:
            answer = self._waiting[0]
            fits = self._fits(answer)
            if not fits and self._answers:
                break
            self._waiting.popleft()
            reports += self._begin(answer) if fits else [_refusal(answer, self._room_bytes() or 0)]
        return reports + self._positions()

    def _fits(self, answer: Answer) -> bool:
        if self._has_room(answer):
            return True
        if not self._answers and self._prefixes.bytes:
            # Before anybody is refused, what this model keeps for later turns goes.
            self._prefixes.drop_model(self._loaded.name)
            mx.clear_cache()
        return self._has_room(answer)

    def _has_room(self, answer: Answer) -> bool:
        room = self._room_bytes()
        return room is None or answer.promised_bytes <= room

    def _positions(self) -> list[Report]:
        moved = [(n, answer) for n, answer in enumerate(self._waiting, 1) if answer.position != n]
        for position, answer in moved:
            answer.position = position
        return [Queued(answer.id, position) for position, answer in moved]

    # --- reading prompts --------------------------------------------------------------------------------------------

    def _begin(self, answer: Answer) -> list[Report]:
        """Take what is known of the prompt from before; the rest is to be read."""
        self._answers[answer.id] = answer
        try:
            kv, covered = self._prefixes.fetch(self._loaded, answer.tokens)
        except REQUEST_ERRORS as error:
            return [self._fail(answer, error)]
        if kv is None:
            kv, covered = make_prompt_cache(self._loaded.model), 0
        boundaries = boundaries_to_keep(answer.prompt.segments, trimmable=self._decoding.movable)
        answer.cached_tokens = covered
        answer.prefill = Prefill(
            id=answer.id,
            model=self._loaded.model,
            tokens=answer.tokens,
            kv=kv,
            covered=covered,
            boundaries=boundaries,
            keep=self._keep,
            drawer=Drawer(answer.tokens, answer.sampler, answer.processors),
            vocabulary_size=len(self._loaded.tokenizer),
        )
        self._reading[answer.id] = answer.prefill
        return []

    def _read(self) -> list[Report]:
        """Read a chunk's worth of prompts, up to the first that is read to its end."""
        reports: list[Report] = []
        budget = self._chunks.size(self._step_seconds if len(self._decoding) else None)
        while self._reading and budget > 0 and not self._owes_tokens:
            prefills = next_to_read([*self._reading.values()], budget if self._decoding.batchable else 0)
            try:
                tokens, seconds = read(prefills, budget)
            except REQUEST_ERRORS as error:
                reports += [self._fail(self._answers[prefill.id], error) for prefill in prefills]
                continue
            self._chunks.measured(tokens, seconds)
            budget -= tokens
            reports += [report for prefill in prefills for report in self._take(prefill)]
        return reports

    def _take(self, prefill: Prefill) -> list[Report]:
        """Begin an answer whose prompt is read; of another, say that it lives, or a long one would be given up."""
        if prefill.first is None:
            return [Piece(prefill.id)]
        answer = self._answers[prefill.id]
        self._owes_tokens = True
        self._start(answer, prefill, prefill.first)
        return self._tell(Drawn(answer.id, [prefill.first]))

    def _start(self, answer: Answer, prefill: Prefill, first: int) -> None:
        """The prompt is read, and the answer's first token drawn: it is decoded from now on."""
        del self._reading[answer.id]
        answer.read_at = self._clock()
        answer.sequence = Sequence(
            id=answer.id,
            tokens=[*answer.tokens, first],
            prompt_tokens=len(answer.tokens),
            most_tokens=answer.most_tokens,
            kv=prefill.kv,
            covered=prefill.covered,
            sampler=answer.sampler,
            processors=answer.processors,
        )
        prefill.kv = []
        self._decoding.add(answer.sequence)

    # --- decoding ---------------------------------------------------------------------------------------------------

    def _decode(self) -> list[Report]:
        if not len(self._decoding):
            return []
        began = time.perf_counter()
        drawn = self._decoding.step(expecting=bool(self._reading))
        self._step_seconds = time.perf_counter() - began
        return [report for one in drawn for report in self._tell(one)]

    def _tell(self, drawn: Drawn) -> list[Report]:
        """What one step means for one request; a token that its text cannot take ends that request alone."""
        answer = self._answers[drawn.id]
        if drawn.error:
            return [self._fail(answer, drawn.error)]
        try:
            return self._accept(answer, drawn.tokens)
        except REQUEST_ERRORS as error:
            return [self._fail(answer, error)]

    def _accept(self, answer: Answer, tokens: list[int]) -> list[Report]:
        now = self._clock()
        pieces = [answer.accept(token, now) for token in tokens]
        reports: list[Report] = [piece for piece in pieces if piece]
        if answer.finish_reason:
            reports.append(answer.done())
            self._release(answer)
        return reports

    # --- the end ----------------------------------------------------------------------------------------------------

    def _fail(self, answer: Answer, error: Exception) -> Report:
        self._release(answer, with_cache=False)
        detail = "".join(traceback.format_exception(error))
        return Failed(answer.id, "BadReply", "The model failed while it answered: ask again, or pick another.", detail)

    def _release(self, answer: Answer, *, with_cache: bool = True) -> None:
        """Let go of a request, and keep what is in its cache for the next turn."""
        del self._answers[answer.id]
        sequence = answer.sequence
        if sequence is None:
            self._release_prompt(answer, with_cache=with_cache)
            return
        self._decoding.remove(sequence, with_cache=with_cache)
        if with_cache:
            self._keep(sequence.tokens[: sequence.covered], sequence.kv)

    def _release_prompt(self, answer: Answer, *, with_cache: bool) -> None:
        self._reading.pop(answer.id, None)
        if answer.prefill and with_cache:
            self._keep(answer.tokens[: answer.prefill.covered], answer.prefill.kv)

    def _keep(self, tokens: list[int], kv: list[Any]) -> None:
        """Keep what is computed for later turns. If that fails, those are slower, and this answer is as good."""
        try:
            if tokens:
                self._prefixes.keep(self._loaded, tokens, kv)
        except REQUEST_ERRORS:
            _log.exception("what was computed of a prompt could not be kept")


def _refusal(answer: Answer, room_bytes: int) -> Failed:
    sentence = (
        f"There is too little memory for this conversation: it needs {answer.promised_bytes / 1e9:.1f} GB beside the "
        f"model, and {max(room_bytes, 0) / 1e9:.1f} GB are free. Start a new chat, or pick a smaller model."
    )
    return Failed(answer.id, "OutOfMemory", sentence)
