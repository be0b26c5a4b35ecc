"""What is kept about one person: counted, written out, and deleted."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from storage.conversations import ConversationKey
from storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from sqlite3 import Row

    from routing.types import Message
    from storage.conversations import Conversations
    from storage.database import Database
    from storage.people import Person
    from storage.preferences import Preferences

    Json = dict[str, object]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """How much is kept about somebody.

    `turns` are those of the private chat, `unanswered` messages that were given up. `unattributed`: there are turns in
    groups from before it was noted who asks, and nobody knows whose they are.
    """

    turns: int
    group_turns: int
    decisions: int
    chosen_models: int
    unsent: int
    unanswered: int
    unattributed: bool

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to delete."""
        return not any((self.turns, self.group_turns, self.decisions, self.chosen_models, self.unsent, self.unanswered))


class PersonalData:
    """What the database and the memory hold of one person, apart from that they may talk to the bot."""

    def __init__(self, database: Database, conversations: Conversations, preferences: Preferences) -> None:
        self._database = database
        self._conversations = conversations
        self._preferences = preferences

    async def count(self, user_id: int) -> Kept:
        """Say how much there is. Raises StorageError."""
        await self._catch_up()
        (row,) = await self._database.read(_COUNTS, (user_id,))
        in_memory = len(await self._in_memory(user_id)) // 2
        counts = {name: row[name] for name in row.keys()}  # noqa: SIM118 - a row is no mapping
        return Kept(**{**counts, "turns": max(row["turns"], in_memory), "unattributed": bool(row["unattributed"])})

    async def export(self, user_id: int, role: str, person: Person | None) -> Json:
        """Write out everything, for reading; times are in UTC. Raises StorageError."""
        await self._catch_up()
        found = {name: await self._database.read(sql, (user_id,)) for name, sql in _EXPORTED.items()}
        in_memory = await self._in_memory(user_id)
        name, since = (person.name, _utc(person.added_at)) if person else (None, None)
        access: Json = {"role": role, "name": name, "since": since}
        return await asyncio.to_thread(_document, user_id, access, found, in_memory)

    async def forget(self, user_id: int) -> None:
        """Delete everything in one transaction, and from memory, and leave no trace of it in the files.

        Raises StorageError: then nothing was deleted.
        """
        await self._database.flush()  # what waits to be written is theirs too
        chosen = await self._database.read("SELECT thread_id FROM model_choices WHERE chat_id = ?", (user_id,))
        await self._database.write(*((sql, (user_id,)) for sql in _DELETIONS))
        self._conversations.forget_person(user_id)
        for (thread_id,) in chosen:
            await self._preferences.choose_model(ConversationKey(user_id, thread_id), None)
        try:
            await self._database.erase_traces()
        except StorageError as error:  # the daily round does it
            log.warning("what was deleted is not overwritten yet: %s", error, exc_info=error)

    async def _catch_up(self) -> None:
        # What waits for a disk that refuses is shown later, rather than nothing now.
        with suppress(StorageError):
            await self._database.flush()

    async def _in_memory(self, user_id: int) -> tuple[Message, ...]:
        """The private conversation as it stands: where prompts are not kept on disk, there is no other."""
        return await self._conversations.history(ConversationKey(user_id))


def _document(user_id: int, access: Json, found: Mapping[str, Sequence[Row]], in_memory: Sequence[Message]) -> Json:
    attempts: dict[object, list[Json]] = {}
    for row in found["attempts"]:
        attempt = _fields(row)
        attempts.setdefault(attempt.pop("decision_id"), []).append(attempt)
    turns = [_fields(row) for row in found["turns"]]
    return {
        "user_id": user_id,
        "access": access,
        "turns": turns or [{message.role: message.content} for message in in_memory],
        "decisions": [{**_fields(row), "attempts": attempts.get(row["id"], [])} for row in found["decisions"]],
        "chosen_models": [_fields(row) for row in found["chosen_models"]],
        "answers_not_sent": [_fields(row) for row in found["unsent"]],
        "messages_not_answered": [_fields(row) for row in found["unanswered"]],
    }


def _fields(row: Row) -> Json:
    return {name: _readable(name, row[name]) for name in row.keys()}  # noqa: SIM118 - a row is no mapping


def _readable(name: str, value: object) -> object:
    if isinstance(value, float) and name in _TIMES:
        return _utc(value)
    if isinstance(value, str) and name == "body":
        with suppress(ValueError):
            return json.loads(value)
    return value


def _utc(epoch_seconds: float) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat(timespec="seconds")


_TIMES = {"timestamp", "asked_at", "received_at", "created_at"}

# Everywhere ?1 is the person's id, which a private chat has too.
_MADE_BY_THEM = """
    CASE WHEN json_valid(body) THEN ?1 IN (
        json_extract(body, '$.message.from.id'), json_extract(body, '$.edited_message.from.id'),
        json_extract(body, '$.callback_query.from.id')
    ) END
"""

_COUNTS = f"""
    SELECT
        (SELECT count(*) FROM turns WHERE chat_id = ?1) AS turns,
        (SELECT count(*) FROM turns WHERE user_id = ?1 AND chat_id <> ?1) AS group_turns,
        (SELECT count(*) FROM routing_decisions WHERE user_id = ?1 OR chat_id = ?1) AS decisions,
        (SELECT count(*) FROM model_choices WHERE chat_id = ?1) AS chosen_models,
        (SELECT count(DISTINCT answer_id) FROM outbox
         WHERE (user_id = ?1 OR chat_id = ?1) AND state = 'waiting') AS unsent,
        (SELECT count(*) FROM inbox WHERE state = 'set aside' AND {_MADE_BY_THEM}) AS unanswered,
        (SELECT count(*) FROM turns WHERE user_id = 0 AND chat_id < 0) > 0 AS unattributed
"""  # noqa: S608 - our own words

# The addresses of the servers that were asked are the owner's, not the person's.
_EXPORTED = {
    "turns": """
        SELECT chat_id, thread_id, asked_at, question, attachments_note, answer, model_id FROM turns
        WHERE user_id = ?1 OR chat_id = ?1 ORDER BY id
    """,
    "decisions": "SELECT * FROM routing_decisions WHERE user_id = ?1 OR chat_id = ?1 ORDER BY id",
    "attempts": """
        SELECT decision_id, model_id, attempts.outcome, attempts.first_token_seconds, total_seconds,
               attempts.tokens_in, attempts.tokens_out, attempts.tokens_per_second, error_class
        FROM attempts JOIN routing_decisions ON routing_decisions.id = decision_id
        WHERE user_id = ?1 OR chat_id = ?1 ORDER BY decision_id, ordinal
    """,
    "chosen_models": "SELECT chat_id, thread_id, model_id FROM model_choices WHERE chat_id = ?1",
    "unsent": """
        SELECT chat_id, thread_id, created_at, body FROM outbox
        WHERE (user_id = ?1 OR chat_id = ?1) AND state = 'waiting' ORDER BY place
    """,
    "unanswered": f"""
        SELECT received_at, state, body FROM inbox WHERE state <> 'ended' AND {_MADE_BY_THEM} ORDER BY place
    """,  # noqa: S608 - our own words
}

_DELETIONS = (
    "DELETE FROM turns WHERE user_id = ?1 OR chat_id = ?1",
    "DELETE FROM said WHERE chat_id = ?1",
    "DELETE FROM model_choices WHERE chat_id = ?1",
    "DELETE FROM routing_decisions WHERE user_id = ?1 OR chat_id = ?1",
    "DELETE FROM outbox WHERE user_id = ?1 OR chat_id = ?1",
    # What waits is being worked on and is erased with its end; the id stays, so that nothing is answered twice.
    f"UPDATE inbox SET body = '', standing = '[]', partial = '' WHERE state = 'set aside' AND {_MADE_BY_THEM}",  # noqa: S608
)
