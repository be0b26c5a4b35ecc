"""What the bot did: a row for each decision and each attempt, and the reports over them."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.types import Outcome
from storage.decision_rows import insert_attempt, insert_decision, tried
from storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Row

    from routing.types import ExecutionResult, Query
    from storage.conversations import ConversationKey
    from storage.database import Database

_ROWS_WAITING_AT_MOST = 1_000
_OBJECTIVE_CHARACTERS = 2_000
_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Timing:
    """Nearest-rank percentiles of a time, in seconds; None where none was measured."""

    p50: float | None = None
    p95: float | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of a group of questions; `name` is a model's id, a category, or empty for all of them.

    A model's tally counts its attempts, the others count questions. Times are over what was answered, and
    `tokens_per_second` is the median of that. Who stops an answer has not seen it fail, so `success_rate` leaves
    `cancelled` out. Rates are in [0, 1]; None where nothing was counted.
    """

    name: str
    count: int = 0
    answered: int = 0
    failed: int = 0
    cancelled: int = 0
    fallbacks: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    first_token_seconds: Timing = Timing()
    total_seconds: Timing = Timing()
    tokens_per_second: float | None = None

    @property
    def success_rate(self) -> float | None:
        """Answered questions among those that were answered or failed."""
        finished = self.answered + self.failed
        return self.answered / finished if finished else None

    @property
    def fallback_rate(self) -> float | None:
        """Questions for which a second model had to be tried (or attempts that led to one), among all."""
        return self.fallbacks / self.count if self.count else None


@dataclass(frozen=True, slots=True)
class Report:
    """What the bot did in the last `period_seconds`. Groups run from the most asked to the least."""

    period_seconds: float
    everything: Tally
    by_model: tuple[Tally, ...]
    by_category: tuple[Tally, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """What one person asked for in the last `period_seconds`."""

    period_seconds: float
    everything: Tally
    by_model: tuple[Tally, ...]


@dataclass(frozen=True, slots=True)
class StoredAttempt:
    """One try of one model, as it was recorded. `endpoint` is a server's address, empty for this process."""

    model_id: str
    endpoint: str | None
    outcome: Outcome
    first_token_seconds: float | None
    total_seconds: float
    error_class: str | None


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """One decision, as it was recorded: `selected_model` was chosen, `answer_model` answered. `reasoning` is words."""

    request_id: str
    timestamp: float
    selected_model: str
    answer_model: str
    reasoning: str
    strategy: str | None
    category: str | None
    complexity: int | None
    execution_time: float
    outcome: Outcome
    fallback_used: bool
    attempts: tuple[StoredAttempt, ...] = ()


class Analytics:
    """Records what the bot does, off the answer's path, and reports on it.

    `store_prompts` says what is kept of a question's text: "full" its first 2000 characters, "hash" a hash under a key
    that never leaves the database, "off" nothing.
    """

    def __init__(
        self, database: Database, store_prompts: str = "full", *, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._store_prompts = store_prompts
        self._clock = clock

    def record(
        self, request_id: str, query: Query, result: ExecutionResult, *, user_id: int, key: ConversationKey
    ) -> None:
        """Have one decision and its attempts written soon. Never waits; while the disk refuses, 1000 are kept."""
        decision = insert_decision(
            result,
            key,
            timestamp=self._clock(),
            request_id=request_id,
            user_id=user_id,
            objective=self._objective(query.text),
            objective_form=self._store_prompts,
        )
        attempts = (insert_attempt(ordinal, attempt) for ordinal, attempt in enumerate(tried(result), start=1))
        self._database.put(decision, *attempts, limit=_ROWS_WAITING_AT_MOST)

    async def report(self, period_seconds: float) -> Report:
        """What happened in the last `period_seconds`. Raises StorageError."""
        await self._catch_up()
        return Report(
            period_seconds,
            await self._everything(period_seconds, None),
            await self._tallies("model", period_seconds, None),
            await self._tallies("category", period_seconds, None),
        )

    async def usage(self, user_id: int, period_seconds: float) -> Usage:
        """What one person asked for in the last `period_seconds`. Raises StorageError."""
        await self._catch_up()
        return Usage(
            period_seconds,
            await self._everything(period_seconds, user_id),
            await self._tallies("model", period_seconds, user_id),
        )

    async def last_decision(self, key: ConversationKey) -> StoredDecision | None:
        """The last decision in a conversation, with its attempts. Raises StorageError."""
        await self._catch_up()
        rows = await self._database.read(_LAST_DECISION, (key.chat_id, key.thread_id))
        if not rows:
            return None
        decision = dict(rows[0])
        attempts = await self._database.read(_ATTEMPTS, (decision.pop("id"),))
        decision["outcome"] = Outcome(decision["outcome"])
        decision["fallback_used"] = bool(decision["fallback_used"])
        return StoredDecision(**decision, attempts=tuple(_stored_attempt(attempt) for attempt in attempts))

    async def purge(self, retention_days: float) -> None:
        """Delete rows older than that (0: keep them), and what a laxer `store_prompts` once kept of questions. Raises
        StorageError.
        """
        if self._store_prompts != "full":
            await self._database.write((_FORGET_OBJECTIVES, (self._store_prompts,)))
        if retention_days:
            oldest = self._clock() - retention_days * _SECONDS_PER_DAY
            await self._database.write(("DELETE FROM routing_decisions WHERE timestamp < ?", (oldest,)))
        await self._database.erase_traces()

    def _objective(self, text: str) -> str | None:
        if self._store_prompts == "full":
            return text[:_OBJECTIVE_CHARACTERS]
        if self._store_prompts == "hash":
            return hmac.new(self._database.prompt_key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
        return None

    async def _catch_up(self) -> None:
        # A report is late by what waits for the disk, rather than not there at all.
        with contextlib.suppress(StorageError):
            await self._database.flush()

    async def _everything(self, period_seconds: float, user_id: int | None) -> Tally:
        tallies = await self._tallies("", period_seconds, user_id)
        return tallies[0] if tallies else Tally("")

    async def _tallies(self, grouping: str, period_seconds: float, user_id: int | None) -> tuple[Tally, ...]:
        scope = {"grouping": grouping, "since": self._clock() - period_seconds, "user_id": user_id}
        timings = {
            (name, measure): Timing(p50, p95)
            for name, measure, p50, p95 in await self._database.read(_PERCENTILES, scope)
        }
        tallies = (dict(row) for row in await self._database.read(_COUNTS, scope))
        return tuple(
            Tally(
                **tally,
                first_token_seconds=timings.get((tally["name"], "first_token_seconds"), Timing()),
                total_seconds=timings.get((tally["name"], "total_seconds"), Timing()),
                tokens_per_second=timings.get((tally["name"], "tokens_per_second"), Timing()).p50,
            )
            for tally in tallies
        )


def _stored_attempt(row: Row) -> StoredAttempt:
    attempt = dict(row)
    attempt["outcome"] = Outcome(attempt["outcome"])
    return StoredAttempt(**attempt)


_FORGET_OBJECTIVES = """
    UPDATE routing_decisions SET objective = NULL, objective_form = 'off'
    WHERE objective_form = 'full' OR (objective_form = 'hash' AND ? = 'off')
"""

_LAST_DECISION = """
    SELECT id, outcome, fallback_used, request_id, timestamp, selected_model, answer_model,
           coalesce(reasoning, '') AS reasoning, strategy, category, complexity, execution_time
    FROM routing_decisions WHERE chat_id = ? AND thread_id = ? ORDER BY id DESC LIMIT 1
"""

_ATTEMPTS = """
    SELECT model_id, endpoint, outcome, first_token_seconds, total_seconds, error_class
    FROM attempts WHERE decision_id = ? ORDER BY ordinal
"""

_COUNTS = """
    SELECT name, count(*) AS count, sum(outcome = 'answered') AS answered, sum(outcome = 'failed') AS failed,
           sum(outcome = 'cancelled') AS cancelled, sum(fell_back) AS fallbacks,
           coalesce(sum(tokens_in), 0) AS tokens_in, coalesce(sum(tokens_out), 0) AS tokens_out
    FROM outcomes
    WHERE grouping = :grouping AND timestamp >= :since AND (:user_id IS NULL OR user_id = :user_id)
    GROUP BY name ORDER BY count(*) DESC, name
"""

# The place of the nearest-rank percentile p among n values is p * n / 100, rounded up.
_PERCENTILES = """
    WITH answered AS (
        SELECT * FROM outcomes
        WHERE grouping = :grouping AND timestamp >= :since AND (:user_id IS NULL OR user_id = :user_id)
          AND outcome = 'answered'
    ), measured AS (
        SELECT name, 'first_token_seconds' AS measure, first_token_seconds AS value FROM answered
        UNION ALL SELECT name, 'total_seconds', total_seconds FROM answered
        UNION ALL SELECT name, 'tokens_per_second', tokens_per_second FROM answered
    ), ranked AS (
        SELECT name, measure, value,
               row_number() OVER (PARTITION BY name, measure ORDER BY value) AS place,
               count(*) OVER (PARTITION BY name, measure) AS n
        FROM measured WHERE value IS NOT NULL
    )
    SELECT name, measure, max(value) FILTER (WHERE place = (50 * n + 99) / 100),
           max(value) FILTER (WHERE place = (95 * n + 99) / 100)
    FROM ranked GROUP BY name, measure
"""
