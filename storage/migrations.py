"""How the database's tables came about, step by step; steps are only ever added at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.errors import DatabaseForeign, DatabaseNewer
from storage.transaction import transaction

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    import aiosqlite

    Migration = Callable[[aiosqlite.Connection], Awaitable[None]]

_CONVERSATIONS = (
    """
    CREATE TABLE turns (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        token TEXT NOT NULL UNIQUE,
        chat_id INTEGER NOT NULL,
        thread_id INTEGER NOT NULL,
        asked_at REAL NOT NULL,
        question TEXT NOT NULL,
        attachments_note TEXT NOT NULL,
        answer TEXT NOT NULL,
        model_id TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX turns_by_conversation ON turns (chat_id, thread_id, id)",
    "CREATE INDEX turns_by_time ON turns (asked_at)",
    """
    CREATE TABLE said (
        chat_id INTEGER NOT NULL,
        thread_id INTEGER NOT NULL,
        what TEXT NOT NULL,
        PRIMARY KEY (chat_id, thread_id, what)
    ) STRICT, WITHOUT ROWID
    """,
)

_PREFERENCES = (
    "CREATE TABLE preferences (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """
    CREATE TABLE model_choices (
        chat_id INTEGER NOT NULL,
        thread_id INTEGER NOT NULL,
        model_id TEXT NOT NULL,
        PRIMARY KEY (chat_id, thread_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE TABLE disabled_models (model_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
)

_PEOPLE = (
    """
    CREATE TABLE people (
        user_id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        role TEXT NOT NULL,
        added_at REAL NOT NULL
    ) STRICT
    """,
)

# The first thirteen columns are those of the specification (S2), under its names and types.
_ANALYTICS = (
    """
    CREATE TABLE routing_decisions (
        id INTEGER PRIMARY KEY,
        timestamp REAL,
        objective TEXT,
        task_type TEXT,
        complexity INTEGER,
        selected_model TEXT,
        reasoning TEXT,
        estimated_cost REAL,
        actual_cost REAL,
        execution_time REAL,
        estimated_time REAL,
        success BOOLEAN,
        tokens_used INTEGER,
        objective_form TEXT NOT NULL,
        request_id TEXT NOT NULL,
        chat_id INTEGER NOT NULL,
        thread_id INTEGER NOT NULL,
        user_id INTEGER NOT NULL,
        strategy TEXT,
        category TEXT,
        modality TEXT,
        language TEXT,
        score REAL,
        answer_model TEXT NOT NULL,
        outcome TEXT NOT NULL,
        fallback_used BOOLEAN NOT NULL,
        first_token_seconds REAL,
        tokens_in INTEGER,
        tokens_out INTEGER,
        tokens_per_second REAL
    )
    """,
    "CREATE INDEX decisions_by_time ON routing_decisions (timestamp)",
    "CREATE INDEX decisions_by_conversation ON routing_decisions (chat_id, thread_id, id)",
    "CREATE INDEX decisions_by_user ON routing_decisions (user_id, timestamp)",
    """
    CREATE TABLE attempts (
        decision_id INTEGER NOT NULL REFERENCES routing_decisions (id) ON DELETE CASCADE,
        ordinal INTEGER NOT NULL,
        model_id TEXT NOT NULL,
        endpoint TEXT,
        outcome TEXT NOT NULL,
        first_token_seconds REAL,
        total_seconds REAL NOT NULL,
        tokens_in INTEGER,
        tokens_out INTEGER,
        tokens_per_second REAL,
        error_class TEXT,
        PRIMARY KEY (decision_id, ordinal)
    ) STRICT, WITHOUT ROWID
    """,
    # What reports are made of: each question once for all and once for its category, each attempt for its model.
    """
    CREATE VIEW outcomes AS
    SELECT '' AS grouping, '' AS name, timestamp, user_id, outcome, fallback_used AS fell_back, first_token_seconds,
           execution_time AS total_seconds, tokens_in, tokens_out, tokens_per_second
    FROM routing_decisions
    UNION ALL
    SELECT 'category', category, timestamp, user_id, outcome, fallback_used, first_token_seconds,
           execution_time, tokens_in, tokens_out, tokens_per_second
    FROM routing_decisions WHERE category IS NOT NULL
    UNION ALL
    SELECT 'model', attempts.model_id, timestamp, user_id, attempts.outcome,
           attempts.outcome = 'failed' AND fallback_used, attempts.first_token_seconds,
           attempts.total_seconds, attempts.tokens_in, attempts.tokens_out, attempts.tokens_per_second
    FROM attempts JOIN routing_decisions ON routing_decisions.id = attempts.decision_id
    """,
)

_SECRETS = (
    "CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "INSERT INTO secrets (name, value) VALUES ('prompt_key', randomblob(32))",
)


async def m001_initial(connection: aiosqlite.Connection) -> None:
    """Conversations, preferences, people, analytics, and the key under which prompts are hashed."""
    for sql in (*_CONVERSATIONS, *_PREFERENCES, *_PEOPLE, *_ANALYTICS, *_SECRETS):
        await connection.execute_fetchall(sql)


# `state` is waiting, ended or set aside. `body` is the update as it came, in JSON, and is erased with the end. `starts`
# counts how often it was begun, `errors` how often that ended in an error. `standing` are the ids of the messages in
# which an answer was growing, in JSON, and `partial` its text, as an ending process left them.
_INBOX = (
    """
    CREATE TABLE inbox (
        place INTEGER PRIMARY KEY AUTOINCREMENT,
        update_id INTEGER NOT NULL UNIQUE,
        received_at REAL NOT NULL,
        state TEXT NOT NULL DEFAULT 'waiting',
        body TEXT NOT NULL,
        starts INTEGER NOT NULL DEFAULT 0,
        errors INTEGER NOT NULL DEFAULT 0,
        standing TEXT NOT NULL DEFAULT '[]',
        partial TEXT NOT NULL DEFAULT ''
    ) STRICT
    """,
    "CREATE INDEX inbox_waiting ON inbox (place) WHERE state = 'waiting'",
    "CREATE INDEX inbox_by_time ON inbox (received_at)",
)

# One row a message that is to be sent, edited or deleted. `state` is waiting, sent or refused. `body` is the message in
# JSON ('': the message `message_id` is to be deleted), erased once it is sent; `message_id` is the message whose place
# it takes, and in the end the one it became.
_OUTBOX = (
    """
    CREATE TABLE outbox (
        place INTEGER PRIMARY KEY AUTOINCREMENT,
        answer_id TEXT NOT NULL,
        part INTEGER NOT NULL,
        created_at REAL NOT NULL,
        user_id INTEGER NOT NULL,
        chat_id INTEGER NOT NULL,
        thread_id INTEGER NOT NULL,
        reply_to_message_id INTEGER,
        is_group INTEGER NOT NULL,
        state TEXT NOT NULL DEFAULT 'waiting',
        body TEXT NOT NULL,
        message_id INTEGER,
        UNIQUE (answer_id, part)
    ) STRICT
    """,
    "CREATE INDEX outbox_waiting ON outbox (place) WHERE state = 'waiting'",
    "CREATE INDEX outbox_by_time ON outbox (created_at)",
)


async def m002_inbox_and_outbox(connection: aiosqlite.Connection) -> None:
    """What came and is not done, what is to be sent, and who asked each turn of a conversation (0: not known)."""
    for sql in (*_INBOX, *_OUTBOX, "ALTER TABLE turns ADD COLUMN user_id INTEGER NOT NULL DEFAULT 0"):
        await connection.execute_fetchall(sql)


# `address` is a server's, without a password; `bytes` what the model took in memory then, where the server says so.
_MODEL_LOADS = (
    """
    CREATE TABLE model_loads (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        model_id TEXT NOT NULL,
        address TEXT NOT NULL,
        seconds REAL NOT NULL,
        bytes INTEGER,
        loaded_at REAL NOT NULL
    ) STRICT
    """,
    "CREATE INDEX model_loads_by_model ON model_loads (model_id, address, id)",
)


async def m003_model_loads(connection: aiosqlite.Connection) -> None:
    """How long models took to load."""
    for sql in _MODEL_LOADS:
        await connection.execute_fetchall(sql)


MIGRATIONS: tuple[Migration, ...] = (m001_initial, m002_inbox_and_outbox, m003_model_loads)


async def migrate(connection: aiosqlite.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring the database up to date, each step in a transaction of its own.

    Something is written even where nothing is to be done, so that a file that cannot be written is noticed at start.
    """
    async with transaction(connection):
        await _begin_record(connection, path)
        # Changes no row; but where the file is read-only, SQLite lets a transaction begin and refuses only a statement.
        await connection.execute_fetchall("UPDATE migrations SET name = name WHERE name IS NULL")
        if await _applied(connection) - {migration.__name__ for migration in migrations}:
            raise DatabaseNewer(path)
    for migration in migrations:
        async with transaction(connection):  # which another process may have waited for with the same step in mind
            if migration.__name__ not in await _applied(connection):
                await migration(connection)
                await connection.execute_fetchall("INSERT INTO migrations (name) VALUES (?)", (migration.__name__,))


async def _begin_record(connection: aiosqlite.Connection, path: Path) -> None:
    tables = {name for (name,) in await connection.execute_fetchall("SELECT name FROM sqlite_schema")}
    if tables and "migrations" not in tables:
        raise DatabaseForeign(path)
    if not tables:
        await connection.execute_fetchall(
            "CREATE TABLE migrations (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP) STRICT"
        )


async def _applied(connection: aiosqlite.Connection) -> set[str]:
    return {name for (name,) in await connection.execute_fetchall("SELECT name FROM migrations")}
