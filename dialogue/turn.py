"""Turn: one question and its answer; the query is built, run, and what came of it is kept."""

from __future__ import annotations

import secrets
import time
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from dialogue.receipts import is_stopped
from routing.types import Attempt, ExecutionResult, FellBack, Finished, Outcome, Query, Routed, Started, Token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from dialogue.services import Services
    from routing.types import Attachment, Event, RoutingDecision
    from storage.conversations import ConversationKey
    from storage.transaction import Statement

_MESSAGES_OF_A_TURN = 2


class Turn:
    """Read `events` to their end, or close them to stop the model; then `keep` what came of it.

    `query` is complete from the first event on. `result` is there once the run is over or was stopped; a stopped one
    has `success` False and the text so far. `kept`: the conversation has the turn. `request_id` names it in the log and
    the statistics, which have it in any case. `replaces_last`: the conversation's last turn is asked again; it stays if
    nothing comes of it.
    """

    def __init__(  # noqa: PLR0913  # who, where and what; nothing of it belongs together
        self,
        services: Services,
        key: ConversationKey,
        user_id: int,
        text: str,
        *,
        attachments: Sequence[Attachment] = (),
        avoid_model_ids: frozenset[str] = frozenset(),
        replaces_last: bool = False,
    ) -> None:
        self.request_id = secrets.token_hex(4)
        self.key = key
        self.query = Query(text, tuple(attachments), avoid_model_ids=avoid_model_ids)
        self.result: ExecutionResult | None = None
        self.kept = False
        self._services = services
        self.user_id = user_id
        self._replaces_last = replaces_last
        self._decision: RoutingDecision | None = None
        self._expected = ""  # whose first token is waited for
        self._started: Started | None = None
        self._began = 0.0
        self._first_token_seconds: float | None = None
        self._text = ""
        self._failed: list[Attempt] = []

    async def events(self) -> AsyncGenerator[Event]:
        """Run the query and yield its events up to Finished."""
        self.query = await self._complete(self.query)
        self._began = time.monotonic()
        try:
            async with aclosing(self._services.engine.stream(self.query)) as events:
                async for event in events:
                    self._note(event)
                    if isinstance(event, Finished):
                        self._conclude(event.result)
                    yield event
        finally:
            if self.result is None:
                self._conclude(self._stopped(time.monotonic() - self._began))

    async def keep(self, along: Sequence[Statement] = ()) -> int:
        """Keep what was said in the conversation, and commit `along` in the same transaction; its ticket.

        Of a run that said nothing, or only that no model could answer, the conversation keeps nothing.
        """
        answer, model_id = self._said()
        if not answer.strip():
            return self._services.database.put(*along) if along else 0
        note = " ".join(f"[{attachment.modality}]" for attachment in self.query.attachments)
        self.kept = True
        return await self._services.conversations.append(
            self.key,
            self.query.text,
            answer,
            model_id,
            note,
            user_id=self.user_id,
            replaces_last=self._replaces_last,
            along=along,
        )

    async def _complete(self, query: Query) -> Query:
        """Add what the conversation, the person's choice and the settings have to say."""
        services, settings = self._services, self._services.settings
        choice = await services.preferences.model_choice(self.key)
        history = await services.conversations.history(self.key)
        return replace(
            query,
            history=history[:-_MESSAGES_OF_A_TURN] if self._replaces_last else history,
            chat_id=f"{self.key.chat_id}/{self.key.thread_id}",
            system_prompt=settings.system_prompt,
            model_id=None if choice in query.avoid_model_ids else choice,
            current_model_id=await services.conversations.current_model(self.key),
            temperature=settings.temperature,
            max_tokens=settings.max_tokens,
        )

    def _note(self, event: Event) -> None:
        match event:
            case Routed(decision):
                self._decision = decision
                self._expected = decision.candidates[0].model.model_id
            case Started():
                self._started = event
                self._first_token_seconds = time.monotonic() - self._began
            case Token(text):
                self._text += text
            case FellBack(attempt, following=following):
                self._expected = following.model_id
                self._failed.append(attempt)
                self._started, self._text, self._first_token_seconds = None, "", None

    def _stopped(self, seconds: float) -> ExecutionResult:
        """Describe a run that was ended by its reader, perhaps while the first model was still being loaded."""
        started = self._started
        model_id = started.model.model_id if started else self._expected
        endpoint = started.endpoint if started else None
        cancelled = Attempt(model_id, endpoint, Outcome.CANCELLED, seconds)
        return ExecutionResult(
            success=False,
            response=self._text,
            model_id=model_id,
            execution_time=seconds,
            error="stopped",
            attempts=(*self._failed, cancelled),
            decision=self._decision,
            first_token_seconds=self._first_token_seconds,
        )

    def _conclude(self, result: ExecutionResult) -> None:
        self.result = result
        analytics = self._services.analytics
        analytics.record(self.request_id, self.query, result, user_id=self.user_id, key=self.key)

    def _said(self) -> tuple[str, str]:
        """What the conversation keeps as the answer, and whose it is."""
        result = self.result
        if result is None:
            return "", ""
        if result.success or is_stopped(result):
            return result.response, result.model_id
        # Half an answer is better than none, and worse than the one there was.
        return ("", "") if self._replaces_last else (result.partial, _broken_off_model(result))


def _broken_off_model(result: ExecutionResult) -> str:
    """Name the model whose answer is there in part."""
    begun = (attempt for attempt in reversed(result.attempts) if attempt.first_token_seconds is not None)
    return next((attempt.model_id for attempt in begun if attempt.outcome is Outcome.FAILED), result.model_id)
