"""Conversation: a message typed in the terminal becomes an answer on the screen."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialogue.receipts import is_stopped, receipt
from dialogue.turn import Turn
from dialogue.waits import words
from routing.model_backends.builtin import BUILTIN
from routing.types import FellBack, Token
from storage.conversations import ConversationKey

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from dialogue.services import Services
    from routing.types import Event, ExecutionResult
    from terminal.screen import AnswerView, Screen

KEY = ConversationKey(0)
"""The terminal's conversation among those of Telegram, whose ids are never 0."""
USER_ID = 0


@dataclass(slots=True)
class Conversation:
    """The conversation of this terminal; it is the same one after a restart."""

    services: Services
    screen: Screen
    last_result: ExecutionResult | None = None

    async def answer(self, text: str) -> None:
        """Answer a message. When cancelled, the model is stopped and what it said stays. Raises StorageError."""
        await self._run(Turn(self.services, KEY, USER_ID, text))

    async def retry(self) -> bool:
        """Answer the last message again, another model first; False: there is none. Raises StorageError."""
        last = await self.services.conversations.last_turn(KEY)
        if last is None:
            return False
        avoid = frozenset({last.model_id})
        await self._run(Turn(self.services, KEY, USER_ID, last.question, avoid_model_ids=avoid, replaces_last=True))
        return True

    async def _run(self, turn: Turn) -> None:
        try:
            with self.screen.answer() as view:
                await show(turn.events(), view)
        finally:
            await turn.keep()
            if turn.result:
                await self._conclude(turn.result)

    async def _conclude(self, result: ExecutionResult) -> None:
        """Write the receipt, and once in a conversation that its oldest turns are left out."""
        self.last_result = result
        if not result.success and not result.response and result.error and not is_stopped(result):
            self.screen.note(result.error)
        if line := receipt(result, self.services.registry, self.services.settings.receipts):
            self.screen.note(line)
        if result.turns_dropped and await self.services.conversations.say_once(KEY, "turns dropped"):
            self.screen.note(
                "ⓘ this conversation is longer than the model's context: "
                f"its oldest {result.turns_dropped} turns are left out; /new begins a new one"
            )


async def show(events: AsyncGenerator[Event], view: AnswerView) -> None:
    """Show the events of a run as they come."""
    async with aclosing(events) as run:
        async for event in run:
            match event:
                case Token(text) if text:
                    view.write(text)
                case FellBack(attempt, failed, following, void=True):
                    # Where no other model is left, what was said so far stays part of the conversation.
                    anew = "" if following is BUILTIN else f" {following.display_name} begins anew:"
                    view.void(f"⚠ {failed.display_name}: {attempt.reason or 'failed'}.{anew}")
                case _ if waits := words(event):
                    view.status(waits)
