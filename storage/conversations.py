"""Conversations by chat and topic: held in memory for the answer's path, written to disk behind it."""

from __future__ import annotations

import logging
import secrets
import time
from collections import OrderedDict, deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from routing.types import Message
from storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.database import Database

logger = logging.getLogger(__name__)

_TURNS_KEPT = 200
_CONVERSATIONS_IN_MEMORY = 500
_TURNS_WAITING_AT_MOST = 10_000
_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class ConversationKey:
    """Where a conversation takes place; `thread_id` is the topic of a group with topics, else 0."""

    chat_id: int
    thread_id: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer. `attachments_note` stands for what came along with the question ("[photo]")."""

    question: str
    answer: str
    model_id: str
    attachments_note: str = ""
    asked_at: float = 0.0
    token: str = ""


@dataclass(slots=True)
class _Conversation:
    turns: deque[Turn]
    said: set[str]
    # The last of its writes: until that is on disk, memory alone has the whole conversation.
    ticket: int = 0


class Conversations:
    """Every conversation of the bot.

    `store_prompts`: with "full" conversations are kept over restarts; with "hash" and "off" they live in memory alone.
    The disk never holds up an answer: a conversation that cannot be read begins anew, one that cannot be written stays
    in memory and is written when the disk is back. `in_memory` conversations at most are held once they are on disk.
    """

    def __init__(
        self,
        database: Database,
        store_prompts: str = "full",
        *,
        clock: Callable[[], float] = time.time,
        in_memory: int = _CONVERSATIONS_IN_MEMORY,
    ) -> None:
        self._database = database
        self._on_disk = store_prompts == "full"
        self._clock = clock
        self._in_memory = in_memory
        self._conversations: OrderedDict[ConversationKey, _Conversation] = OrderedDict()

    async def history(self, key: ConversationKey) -> tuple[Message, ...]:
        """The last 200 turns, oldest first, as user's and assistant's messages."""
        conversation = await self._conversation(key)
        return tuple(message for turn in conversation.turns for message in _messages(turn))

    async def append(
        self, key: ConversationKey, question: str, answer: str, model_id: str, attachments_note: str = ""
    ) -> None:
        """Add a turn that has been answered."""
        conversation = await self._conversation(key)
        turn = Turn(question, answer, model_id, attachments_note, self._clock(), secrets.token_hex(8))
        conversation.turns.append(turn)
        self._store(
            conversation,
            "INSERT INTO turns (token, chat_id, thread_id, asked_at, question, attachments_note, answer, model_id) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (turn.token, key.chat_id, key.thread_id, turn.asked_at, question, attachments_note, answer, model_id),
            limit=_TURNS_WAITING_AT_MOST,
        )

    async def last_turn(self, key: ConversationKey) -> Turn | None:
        """The turn that was added last."""
        turns = (await self._conversation(key)).turns
        return turns[-1] if turns else None

    async def drop_last_turn(self, key: ConversationKey) -> Turn | None:
        """Take back the turn that was added last, and return it."""
        conversation = await self._conversation(key)
        if not conversation.turns:
            return None
        turn = conversation.turns.pop()
        self._store(conversation, "DELETE FROM turns WHERE token = ?", (turn.token,))
        return turn

    async def clear(self, key: ConversationKey) -> None:
        """Forget the conversation, on disk too."""
        conversation = await self._conversation(key)
        conversation.turns.clear()
        conversation.said.clear()
        self._store(conversation, "DELETE FROM turns WHERE chat_id = ? AND thread_id = ?", (key.chat_id, key.thread_id))
        self._store(conversation, "DELETE FROM said WHERE chat_id = ? AND thread_id = ?", (key.chat_id, key.thread_id))

    async def current_model(self, key: ConversationKey) -> str | None:
        """The id of the model that answered last."""
        turn = await self.last_turn(key)
        return turn.model_id if turn else None

    async def say_once(self, key: ConversationKey, what: str) -> bool:
        """True the first time in a conversation, which lasts until it is cleared."""
        conversation = await self._conversation(key)
        if what in conversation.said:
            return False
        conversation.said.add(what)
        self._store(conversation, "INSERT OR IGNORE INTO said VALUES (?, ?, ?)", (key.chat_id, key.thread_id, what))
        return True

    async def purge(self, retention_days: float) -> None:
        """Forget turns older than that (0: keep them). What a laxer `store_prompts` once stored is erased. Raises
        StorageError.
        """
        if not self._on_disk:
            await self._database.write(("DELETE FROM turns", ()), ("DELETE FROM said", ()))
        if retention_days:
            await self._forget_before(self._clock() - retention_days * _SECONDS_PER_DAY)
        await self._database.erase_traces()

    async def _forget_before(self, oldest: float) -> None:
        for conversation in self._conversations.values():
            while conversation.turns and conversation.turns[0].asked_at < oldest:
                conversation.turns.popleft()
        await self._database.write(("DELETE FROM turns WHERE asked_at < ?", (oldest,)))

    def _store(
        self, conversation: _Conversation, sql: str, values: tuple[object, ...], *, limit: int | None = None
    ) -> None:
        if self._on_disk:
            conversation.ticket = self._database.put((sql, values), limit=limit)

    async def _conversation(self, key: ConversationKey) -> _Conversation:
        if key not in self._conversations:
            loaded = await self._load(key)
            # Somebody else may have loaded it meanwhile, and added to it: theirs counts.
            self._conversations.setdefault(key, loaded)
        self._conversations.move_to_end(key)
        self._make_room()
        return self._conversations[key]

    async def _load(self, key: ConversationKey) -> _Conversation:
        conversation = _Conversation(deque(maxlen=_TURNS_KEPT), set())
        if not self._on_disk:
            return conversation
        try:
            turns = await self._database.read(
                "SELECT question, answer, model_id, attachments_note, asked_at, token FROM turns "
                "WHERE chat_id = ? AND thread_id = ? ORDER BY id DESC LIMIT ?",
                (key.chat_id, key.thread_id, _TURNS_KEPT),
            )
            said = await self._database.read(
                "SELECT what FROM said WHERE chat_id = ? AND thread_id = ?", (key.chat_id, key.thread_id)
            )
        except StorageError as error:
            logger.error("A conversation begins anew: %s", error, exc_info=error)  # noqa: TRY400 - with its sentence
            return conversation
        conversation.turns.extend(Turn(*turn) for turn in reversed(turns))
        conversation.said.update(what for (what,) in said)
        return conversation

    def _make_room(self) -> None:
        """Let go of those unused for longest, but of none that is not yet on disk, and never of the newest."""
        surplus = len(self._conversations) - self._in_memory
        if surplus <= 0:
            return
        *older, _newest = self._conversations.items()
        on_disk = (key for key, conversation in older if self._database.settled(conversation.ticket))
        for key in list(islice(on_disk, surplus)):
            del self._conversations[key]


def _messages(turn: Turn) -> tuple[Message, Message]:
    question = "\n".join(part for part in (turn.attachments_note, turn.question) if part)
    return Message("user", question), Message("assistant", turn.answer)
