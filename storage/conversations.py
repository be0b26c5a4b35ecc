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
    from collections.abc import Callable, Sequence

    from storage.database import Database
    from storage.transaction import Statement

logger = logging.getLogger(__name__)

_TURNS_KEPT = 250
# The oldest go so many at a time, and not one with each new turn: what models are told has to begin alike from turn to
# turn, or their servers compute all of it anew.
_TURNS_LET_GO = 50
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
    """A question and its answer. `attachments_note` stands for what came along with the question ("[photo]").

    `user_id` is who asked, 0 where that is not known.
    """

    question: str
    answer: str
    model_id: str
    attachments_note: str = ""
    asked_at: float = 0.0
    token: str = ""
    user_id: int = 0


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
        """The last 200 turns or a few more, oldest first, as user's and assistant's messages."""
        conversation = await self._conversation(key)
        return tuple(message for turn in conversation.turns for message in _messages(turn))

    async def append(  # noqa: PLR0913 - a turn, and what is kept with it
        self,
        key: ConversationKey,
        question: str,
        answer: str,
        model_id: str,
        attachments_note: str = "",
        *,
        user_id: int = 0,
        replaces_last: bool = False,
        along: Sequence[Statement] = (),
    ) -> int:
        """Add a turn that has been answered; returns the ticket of its transaction, for `Database.settle`.

        `user_id` asked (0: not known). `replaces_last`: the turn before is taken back. `along` is committed in the same
        transaction, and even where conversations are not kept on disk.
        """
        conversation = await self._conversation(key)
        statements = [_deletion(conversation.turns.pop())] if replaces_last and conversation.turns else []
        if len(conversation.turns) == _TURNS_KEPT:
            for _ in range(_TURNS_LET_GO):
                conversation.turns.popleft()
        turn = Turn(question, answer, model_id, attachments_note, self._clock(), secrets.token_hex(8), user_id)
        conversation.turns.append(turn)
        if self._on_disk:
            statements.append(_insertion(turn, key))
            conversation.ticket = self._put_turn(statements, along)
            return conversation.ticket
        return self._database.put(*along) if along else 0

    async def last_turn(self, key: ConversationKey) -> Turn | None:
        """The turn that was added last."""
        turns = (await self._conversation(key)).turns
        return turns[-1] if turns else None

    async def clear(self, key: ConversationKey) -> None:
        """Forget the conversation, on disk too."""
        conversation = await self._conversation(key)
        conversation.turns.clear()
        conversation.said.clear()
        self._store(
            conversation,
            ("DELETE FROM turns WHERE chat_id = ? AND thread_id = ?", (key.chat_id, key.thread_id)),
            ("DELETE FROM said WHERE chat_id = ? AND thread_id = ?", (key.chat_id, key.thread_id)),
        )

    def forget_person(self, user_id: int) -> None:
        """Forget in memory what somebody said, in private and in groups; who deletes it on disk calls this then."""
        for key, conversation in self._conversations.items():
            if key.chat_id == user_id:
                conversation.turns.clear()
                conversation.said.clear()
            others = [turn for turn in conversation.turns if turn.user_id != user_id]
            conversation.turns = deque(others, maxlen=_TURNS_KEPT)

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
        self._store(conversation, ("INSERT OR IGNORE INTO said VALUES (?, ?, ?)", (key.chat_id, key.thread_id, what)))
        return True

    async def move_chat(self, old_chat_id: int, new_chat_id: int) -> None:
        """Go on in another chat: Telegram gives a group a new id when it becomes a supergroup.

        What was said there meanwhile comes after what was said before.
        """
        threads = await self._threads(old_chat_id)
        pairs = [(ConversationKey(old_chat_id, thread), ConversationKey(new_chat_id, thread)) for thread in threads]
        # All are read before anything is moved: until that is on disk, a reader would find them in the old chat.
        loaded = {key: await self._conversation(key) for pair in pairs for key in pair}
        ticket = self._database.put(*_moving(old_chat_id, new_chat_id)) if self._on_disk else 0
        for old, new in pairs:
            before = self._conversations.pop(old, loaded[old])
            after = self._conversations.pop(new, loaded[new])
            turns = deque([*before.turns, *after.turns], maxlen=_TURNS_KEPT)
            self._conversations[old] = _Conversation(deque(maxlen=_TURNS_KEPT), set(), ticket)
            self._conversations[new] = _Conversation(turns, before.said | after.said, ticket)

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

    def _put_turn(self, statements: Sequence[Statement], along: Sequence[Statement]) -> int:
        if along and self._database.pending < _TURNS_WAITING_AT_MOST:
            return self._database.put(*statements, *along)
        ticket = self._database.put(*statements, limit=_TURNS_WAITING_AT_MOST)
        # Where even memory has no room for the turn, what must be done with it is done all the same.
        return self._database.put(*along) if along else ticket

    def _store(self, conversation: _Conversation, *statements: Statement) -> None:
        if self._on_disk:
            conversation.ticket = self._database.put(*statements)

    async def _threads(self, chat_id: int) -> list[int]:
        """The topics in which something was said."""
        threads = {key.thread_id for key in self._conversations if key.chat_id == chat_id}
        if self._on_disk:
            try:
                threads.update(thread_id for (thread_id,) in await self._database.read(_THREADS, (chat_id, chat_id)))
            except StorageError as error:
                logger.error("A chat is moved on disk alone: %s", error, exc_info=error)  # noqa: TRY400 - its sentence
        return sorted(threads)

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
            ((count,),) = await self._database.read(
                "SELECT count(*) FROM turns WHERE chat_id = ? AND thread_id = ?", (key.chat_id, key.thread_id)
            )
            turns = await self._database.read(
                "SELECT question, answer, model_id, attachments_note, asked_at, token, user_id FROM turns "
                "WHERE chat_id = ? AND thread_id = ? ORDER BY id DESC LIMIT ?",
                (key.chat_id, key.thread_id, _handed_on(count)),
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


def _handed_on(count: int) -> int:
    """How many of so many turns are still handed on, as they came one after the other."""
    over = count - _TURNS_KEPT
    return count if over <= 0 else _TURNS_KEPT - _TURNS_LET_GO + 1 + (over - 1) % _TURNS_LET_GO


def _insertion(turn: Turn, key: ConversationKey) -> Statement:
    values = (key.chat_id, key.thread_id, turn.asked_at, turn.question, turn.attachments_note, turn.answer)
    return _INSERT, (turn.token, *values, turn.model_id, turn.user_id)


def _deletion(turn: Turn) -> Statement:
    return "DELETE FROM turns WHERE token = ?", (turn.token,)


def _moving(old_chat_id: int, new_chat_id: int) -> tuple[Statement, ...]:
    return (
        ("UPDATE turns SET chat_id = ? WHERE chat_id = ?", (new_chat_id, old_chat_id)),
        ("UPDATE OR IGNORE said SET chat_id = ? WHERE chat_id = ?", (new_chat_id, old_chat_id)),
        ("DELETE FROM said WHERE chat_id = ?", (old_chat_id,)),
    )


def _messages(turn: Turn) -> tuple[Message, Message]:
    question = "\n".join(part for part in (turn.attachments_note, turn.question) if part)
    return Message("user", question), Message("assistant", turn.answer)


_INSERT = """
    INSERT INTO turns (
        token, chat_id, thread_id, asked_at, question, attachments_note, answer, model_id, user_id
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

_THREADS = "SELECT thread_id FROM turns WHERE chat_id = ? UNION SELECT thread_id FROM said WHERE chat_id = ?"
