"""AttemptRun: one try of one model at one endpoint, with its place in the line, its time-outs and its record."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from routing.errors import BackendError, BackendTimeout, BadReply
from routing.repetition import RepetitionGuard
from routing.types import Attempt, Completion, Loading, Outcome, Queued, Started, Token, Waiting

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable

    from routing.circuit_breaker import CircuitBreaker
    from routing.endpoint_queue import EndpointQueue, Ticket
    from routing.model_backends import ModelAdapterPool
    from routing.model_keeper import ModelKeeper
    from routing.model_registry import ModelRegistry
    from routing.prompt import Prompt
    from routing.types import Endpoint, Event, ModelMetadata

T = TypeVar("T")

# How often the promise to those who wait in line is looked at again.
_LOOK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long to wait, in seconds: for the first token of a model in memory, and between two tokens.

    Where a server loads models by itself, nobody else knows when it has: the load counts as part of the first wait.
    """

    first_token_seconds: float
    stall_seconds: float


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every attempt of an engine works with."""

    registry: ModelRegistry
    pool: ModelAdapterPool
    keeper: ModelKeeper
    breaker: CircuitBreaker
    limits: TimeLimits


class AttemptRun:
    """One try. Read `events` to their end; then `record`, `text`, `reasoning` and `error` say what came of it.

    A BackendError does not leave `events`: it becomes a failed record. Closing `events` early cancels the model.
    `patience_seconds`: how long it waits for room in memory while others answer, before the next model is tried.
    """

    def __init__(  # noqa: PLR0913  # each is a different thing, and none has a default
        self,
        around: Surroundings,
        model: ModelMetadata,
        endpoint: Endpoint,
        *,
        queue: EndpointQueue,
        prompt: Prompt,
        chat_id: str,
        deadline: float,
        patience_seconds: float = float("inf"),
    ) -> None:
        self.model = model
        self.endpoint = endpoint
        self.prompt = prompt
        self.reasoning = ""
        self._around = around
        self._queue = queue
        self._chat_id = chat_id
        self._deadline = deadline
        self._patience_seconds = patience_seconds
        self._answer = RepetitionGuard()
        self._outcome = Outcome.CANCELLED
        self.error: BackendError | None = None
        self._completion: Completion | None = None
        self._began = self._ended = time.monotonic()
        self._first_token_at: float | None = None
        self._asked = self._in_use = False
        self._load_seconds: float | None = None
        self._loaded = around.registry.is_loaded(model.model_id, endpoint)

    @property
    def runs(self) -> list[AttemptRun]:
        """Itself, so that an attempt and a Race are read alike."""
        return [self]

    @property
    def text(self) -> str:
        """The answer so far."""
        return self._answer.text

    @property
    def answered(self) -> bool:
        """True once the model has answered in full."""
        return self._outcome is Outcome.ANSWERED

    @property
    def first_token_at(self) -> float | None:
        """When the first token came, by time.monotonic(); None before."""
        return self._first_token_at

    @property
    def record(self) -> Attempt:
        """How the attempt went; its seconds count from the end of the wait in line."""
        error = self.error
        return Attempt(
            model_id=self.model.model_id,
            endpoint=self.endpoint,
            outcome=self._outcome,
            total_seconds=self._ended - self._began,
            first_token_seconds=self._first_token_at and self._first_token_at - self._began,
            completion=self._completion,
            error=str(error) if error else None,
            error_class=type(error).__name__ if error else None,
            reason=error.reason if error else None,
        )

    async def events(self) -> AsyncGenerator[Event]:
        """Wait in line, run the model, and yield Queued, Loading, Started and Token as they happen."""
        ticket = self._queue.enter(self._chat_id)
        try:
            async with aclosing(self._in_line(ticket)) as places:
                async for place in places:
                    yield place
            self._began = time.monotonic()
            self._asked = True
            self._around.breaker.started(self.model.model_id, self.endpoint)
            async with aclosing(self._in_memory()) as loads:
                async for load in loads:
                    yield load
            ticket.loaded()
            async with aclosing(self._tokens(ticket)) as tokens:
                async for event in tokens:
                    yield event
            self._outcome = Outcome.ANSWERED
        except BackendError as error:
            self.error, self._outcome = error, Outcome.FAILED
        finally:
            self._ended = time.monotonic()
            self._queue.leave(ticket)
            if self._asked:
                self._tell_breaker()
            if self._in_use:
                self._around.keeper.release(self.model, self.endpoint)

    async def _in_line(self, ticket: Ticket) -> AsyncGenerator[Queued]:
        """Yield the place in the line when it changes, and when what it promises does."""
        said: Queued | None = None
        while not ticket.granted:
            place = Queued(self.model, ticket.position, ticket.seconds)
            if place != said:
                said = place
                yield place
            left = self._left
            with suppress(TimeoutError):
                async with asyncio.timeout(min(_LOOK_AGAIN_SECONDS, max(0.0, left))):
                    await ticket.moved()
            if left <= 0 and not ticket.granted:
                raise BackendTimeout(f"{self.model.display_name} had no room in time.", **self._blame())

    async def _in_memory(self) -> AsyncGenerator[Loading]:
        """Have the model in memory, and in use from then on."""
        keeper, began = self._around.keeper, time.monotonic()
        async with aclosing(keeper.ensure(self.model, self.endpoint, self._patience_seconds)) as steps:
            while step := await self._within(anext(steps, None), self._left, "was not loaded in time"):
                yield step
        self._in_use = True
        before, self._loaded = self._loaded, self._around.registry.is_loaded(self.model.model_id, self.endpoint)
        if self._loaded and before is False:
            self._load_seconds = time.monotonic() - began

    async def _tokens(self, ticket: Ticket) -> AsyncGenerator[Queued | Started | Token]:
        """Read the model's stream up to its Completion, or up to where it has to be cut."""
        adapter = await self._around.pool.adapter(self.model, self.endpoint)
        item: Waiting | Token | Completion | None = None
        async with aclosing(adapter.stream(self.prompt.request)) as stream:
            while self._completion is None:
                item = await self._next(stream, self._patience(item))
                if item is None:
                    raise BadReply(
                        f"{self.model.display_name} broke off without a word.", reason="broke off", **self._blame()
                    )
                if isinstance(item, Waiting):
                    yield Queued(self.model, item.position, ticket.waits_inside(item.position))
                elif isinstance(item, Completion):
                    self._conclude(item)
                elif item.text or item.reasoning:
                    if self._first_token_at is None:
                        self._first_token_at = time.monotonic()
                        ticket.begins()
                        yield Started(self.model, self.endpoint)
                    yield self._take(item)
        if not self.text.strip():
            raise self._said_nothing()

    def _said_nothing(self) -> BadReply:
        name = self.model.display_name
        if self.reasoning and self._completion and self._completion.finish_reason == "length":
            sentence = f"{name} spent all the tokens of its answer on thinking: raise MAX_TOKENS, or ask another model."
            return BadReply(sentence, reason="only thought", **self._blame())
        return BadReply(f"{name} gave an empty answer.", reason="empty answer", **self._blame())

    def _patience(self, last: Waiting | Token | Completion | None) -> float:
        """How long to wait for the next item: in the server's own line, for as long as there is."""
        if isinstance(last, Waiting):
            return float("inf")
        limits = self._around.limits
        return limits.first_token_seconds if self._first_token_at is None else limits.stall_seconds

    async def _next(
        self, stream: AsyncGenerator[Waiting | Token | Completion], wait_seconds: float
    ) -> Waiting | Token | Completion | None:
        """Read one item. When the whole time is over, what there is of the answer becomes the answer."""
        left = self._left
        if left <= 0 and self.text.strip():
            return Completion("timeout")
        what = "sent no first token in time" if self._first_token_at is None else "sent no further token in time"
        try:
            return await self._within(anext(stream, None), min(wait_seconds, left), what)
        except BackendTimeout:
            if left > wait_seconds or not self.text.strip():
                raise
            return Completion("timeout")

    def _conclude(self, completion: Completion) -> None:
        """Take the server's figures; what the load took that came before, the server does not know."""
        load_seconds = completion.load_seconds if self._load_seconds is None else self._load_seconds
        self._completion = replace(completion, load_seconds=load_seconds)

    def _take(self, token: Token) -> Token:
        self.reasoning += token.reasoning
        if token.text and self._answer.feed(token.text):
            self._completion = Completion("repetition")
        return token

    async def _within(self, awaitable: Awaitable[T], seconds: float, what: str) -> T:
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                return await awaitable
        except TimeoutError as error:
            raise BackendTimeout(f"{self.model.display_name} {what}.", **self._blame()) from error

    @property
    def _left(self) -> float:
        """Seconds until the whole time is over."""
        return self._deadline - time.monotonic()

    def _blame(self) -> dict[str, str]:
        return {"backend": self.model.backend, "model": self.model.model_id}

    def _tell_breaker(self) -> None:
        breaker, model_id = self._around.breaker, self.model.model_id
        if self.error:
            # Nobody can tell a model that loads slowly from one that hangs, unless it is known to be in memory.
            loading = self._first_token_at is None and self._loaded is not True
            breaker.failed(model_id, self.endpoint, self.error, loading=loading)
        elif self._outcome is Outcome.ANSWERED:
            breaker.succeeded(model_id, self.endpoint)
            self._note_loaded()
        else:
            breaker.released(model_id, self.endpoint)

    def _note_loaded(self) -> None:
        """Note that the model is in memory, as it has answered; and what that took, if its server has loaded it."""
        if self._loaded is False and self._completion:
            self._around.keeper.answered(self.model, self.endpoint, self._completion)
        else:
            self._around.registry.mark_loaded(self.model.model_id, self.endpoint)
