"""Analytics: every run leaves its rows, and reports count and rank them right."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from routing.types import (
    Attempt,
    Candidate,
    Completion,
    Endpoint,
    ExecutionResult,
    ModelCapability,
    ModelMetadata,
    Outcome,
    Quality,
    Query,
    RoutingDecision,
    RoutingStrategy,
    SpeedClass,
    TaskCategory,
    TaskClassification,
    TaskComplexity,
)
from storage.analytics import Analytics, StoredAttempt, Tally, Timing
from storage.conversations import ConversationKey
from storage.database import Database

pytestmark = pytest.mark.timeout(60)

HERE = ConversationKey(-100, 7)
OLLAMA = Endpoint("ollama", "http://localhost:11434")


def model(model_id, cost=0.3):
    return ModelMetadata(
        model_id=model_id,
        backend="ollama",
        backend_name=model_id,
        display_name=model_id,
        size="7B",
        quantization="Q4",
        capabilities=frozenset({ModelCapability.GENERAL}),
        speed_class=SpeedClass.FAST,
        context_tokens=4096,
        tokens_per_second=50,
        ram_gb=6,
        quality=Quality(0.5, 0.5, 0.5),
        cost=cost,
    )


DECISION = RoutingDecision(
    classification=TaskClassification(
        complexity=TaskComplexity.COMPLEX,
        category=TaskCategory.CODE,
        required_capabilities=frozenset({ModelCapability.CODE}),
        estimated_tokens=800,
        requires_tools=False,
        confidence=0.9,
        score=0.65,
    ),
    strategy=RoutingStrategy.AUTO,
    candidates=(
        Candidate(model("coder", 0.3), 0.9, ("code specialist", "loaded")),
        Candidate(model("general", 0.5), 0.7, ("general",)),
    ),
    estimated_tokens=800,
    estimated_seconds=9.5,
    estimated_cost=0.3,
)
COMPLETION = Completion("stop", prompt_tokens=10, output_tokens=40, tokens_per_second=43.0)
TIMED_OUT = Attempt("coder", OLLAMA, Outcome.FAILED, 3.0, error="It timed out.", error_class="BackendTimeout")
ANSWERED = Attempt("general", OLLAMA, Outcome.ANSWERED, 1.0, 0.2, COMPLETION)
FELL_BACK = ExecutionResult(
    success=True,
    response="print(1)",
    model_id="general",
    execution_time=4.0,
    fallback_used=True,
    attempts=(TIMED_OUT, ANSWERED),
    decision=DECISION,
    first_token_seconds=3.2,
    completion=COMPLETION,
)
FAILED = ExecutionResult(
    success=False, response="", model_id="coder", execution_time=3.0, attempts=(TIMED_OUT,), decision=DECISION
)
STOPPED = ExecutionResult(
    success=False,
    response="pri",
    model_id="coder",
    execution_time=0.5,
    attempts=(Attempt("coder", OLLAMA, Outcome.CANCELLED, 0.5),),
    decision=DECISION,
)


def answered(seconds, model_id="coder"):
    attempt = Attempt(model_id, OLLAMA, Outcome.ANSWERED, seconds, seconds / 10, COMPLETION)
    return ExecutionResult(
        success=True,
        response="ok",
        model_id=model_id,
        execution_time=seconds,
        attempts=(attempt,),
        decision=DECISION,
        first_token_seconds=seconds / 10,
    )


class Clock:
    """Epoch seconds that pass when they are told to."""

    now = 1_000_000.0

    def __call__(self):
        """Tell the time."""
        return self.now


@pytest.fixture
def path(tmp_path):
    return tmp_path / "switchboard.db"


@pytest.fixture
async def database(path):
    async with await Database.open(path, busy_timeout_seconds=0.1, retry_seconds=0.05) as opened:
        yield opened


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def analytics(database, clock):
    return Analytics(database, clock=clock)


def record(analytics, result, *, user_id=1, text="Write a function", key=HERE):
    analytics.record("r1", Query(text), result, user_id=user_id, key=key)


async def rows(database, table="routing_decisions"):
    await database.flush()
    return [dict(row) for row in await database.read(f"SELECT * FROM {table}")]


async def test_a_decision_fills_the_specified_columns(analytics, database):
    """Each column of the specification holds what its name says."""
    record(analytics, FELL_BACK)
    (row,) = await rows(database)
    expected = {
        "timestamp": 1_000_000.0,
        "objective": "Write a function",
        "task_type": "code_generation",
        "complexity": 7,
        "selected_model": "coder",
        "reasoning": "code specialist, loaded",
        "estimated_cost": 0.3,
        "actual_cost": 0.5,
        "execution_time": 4.0,
        "estimated_time": 9.5,
        "success": 1,
        "tokens_used": 50,
        "answer_model": "general",
        "outcome": "answered",
        "fallback_used": 1,
        "chat_id": -100,
        "thread_id": 7,
        "tokens_in": 10,
        "tokens_out": 40,
    }
    assert expected.items() <= row.items()


async def test_each_attempt_has_its_row(analytics, database):
    """In order, each under its own decision."""
    record(analytics, FAILED)
    record(analytics, FELL_BACK)
    attempts = await rows(database, "attempts")
    assert [(row["decision_id"], row["ordinal"], row["model_id"]) for row in attempts] == [
        (1, 1, "coder"),
        (2, 1, "coder"),
        (2, 2, "general"),
    ]
    assert (attempts[1]["error_class"], attempts[1]["outcome"]) == ("BackendTimeout", "failed")
    assert (attempts[2]["tokens_out"], attempts[2]["endpoint"]) == (40, "http://localhost:11434")


async def test_an_apology_is_no_answer_of_the_built_in_model(analytics, database):
    """What says that no model could answer counts for no model, and its tokens nowhere; the question failed."""
    apology = Attempt("builtin", Endpoint("builtin"), Outcome.ANSWERED, 0.0, 0.0, COMPLETION)
    record(analytics, replace(FAILED, attempts=(TIMED_OUT, apology), model_id="builtin", completion=COMPLETION))
    report = await analytics.report(3600)
    assert [tally.name for tally in report.by_model] == ["coder"]
    assert (report.everything.failed, report.everything.answered) == (1, 0)
    (category,) = report.by_category
    assert report.everything.tokens_in == report.everything.tokens_out == category.tokens_in == category.tokens_out == 0
    (row,) = await rows(database)
    assert row["tokens_used"] is None


async def test_a_run_without_a_decision_is_recorded(analytics, database):
    """A run that found no model, with none of its figures, is a failure like any other."""
    record(analytics, ExecutionResult(success=False, response="", model_id="", execution_time=0.0))
    (row,) = await rows(database)
    assert (row["outcome"], row["tokens_used"], row["actual_cost"]) == ("failed", None, None)
    assert (await analytics.last_decision(HERE)).reasoning == ""


async def test_the_last_decision_survives_a_restart(path):
    """/why answers after a restart: the model, the reasons and every attempt."""
    async with await Database.open(path) as database:
        analytics = Analytics(database)
        record(analytics, FAILED)
        record(analytics, FELL_BACK)
        record(analytics, FAILED, key=ConversationKey(5))
    async with await Database.open(path) as database:
        last = await Analytics(database).last_decision(HERE)
    assert last
    assert (last.selected_model, last.answer_model, last.reasoning) == ("coder", "general", "code specialist, loaded")
    assert (last.outcome, last.fallback_used, last.strategy, last.category) == (Outcome.ANSWERED, True, "auto", "code")
    assert last.attempts == (
        StoredAttempt("coder", OLLAMA.url, Outcome.FAILED, None, 3.0, "BackendTimeout"),
        StoredAttempt("general", OLLAMA.url, Outcome.ANSWERED, 0.2, 1.0, None),
    )


async def test_where_nothing_was_decided_there_is_no_decision(analytics):
    """/why in a new chat."""
    assert await analytics.last_decision(HERE) is None


async def test_an_empty_report_has_no_rates(analytics):
    """Nothing happened, nothing is divided by zero."""
    report = await analytics.report(86_400)
    assert (report.everything, report.by_model, report.by_category) == (Tally(""), (), ())
    assert (report.everything.success_rate, report.everything.fallback_rate) == (None, None)


async def test_a_report_counts_outcomes(analytics):
    """A stopped answer is no failure; the model that failed is seen to have failed although another one answered."""
    for result in (FELL_BACK, FELL_BACK, FAILED, STOPPED):
        record(analytics, result)
    report = await analytics.report(86_400)
    everything = report.everything
    assert (everything.count, everything.answered, everything.failed, everything.cancelled) == (4, 2, 1, 1)
    assert (everything.success_rate, everything.fallback_rate) == (2 / 3, 0.5)
    assert (everything.tokens_in, everything.tokens_out, everything.tokens_per_second) == (20, 80, 43.0)
    coder, general = report.by_model
    assert (coder.name, coder.count, coder.failed, coder.fallbacks, coder.success_rate) == ("coder", 4, 3, 2, 0.0)
    assert (general.name, general.count, general.success_rate) == ("general", 2, 1.0)
    assert general.first_token_seconds == Timing(0.2, 0.2)
    assert [(row.name, row.count) for row in report.by_category] == [("code", 4)]


@pytest.mark.parametrize("count", [1, 2, 19, 20, 21, 100, 137])
async def test_percentiles_are_nearest_rank(analytics, count):
    """The value at place p * n, rounded up, of the sorted times."""
    seconds = [number / 7 for number in range(1, count + 1)]
    for value in random.sample(seconds, count):
        record(analytics, answered(value))
    everything = (await analytics.report(86_400)).everything
    places = [math.ceil(percent * count / 100) - 1 for percent in (50, 95)]
    assert everything.total_seconds == Timing(*(seconds[place] for place in places))
    assert everything.first_token_seconds == Timing(*(seconds[place] / 10 for place in places))


async def test_a_report_ends_with_its_period(analytics, clock):
    """What happened before does not count."""
    record(analytics, FAILED)
    clock.now += 3_600
    record(analytics, FELL_BACK)
    assert (await analytics.report(3_599)).everything.count == 1
    assert (await analytics.report(3_600)).everything.count == 2


async def test_usage_is_one_persons(analytics):
    """What others ask does not count."""
    record(analytics, FELL_BACK, user_id=1)
    record(analytics, FAILED, user_id=2)
    usage = await analytics.usage(1, 86_400)
    assert (usage.everything.count, usage.everything.tokens_out) == (1, 40)
    assert [row.name for row in usage.by_model] == ["coder", "general"]


async def test_a_hash_tells_questions_apart_and_nothing_else(database, tmp_path):
    """The same question gives the same hash in one database and another one in the next."""
    hashed = Analytics(database, "hash")
    for text in ("secret", "secret", "other", "x\ud800"):
        record(hashed, FELL_BACK, text=text)
    first, second, other, _odd = [row["objective"] for row in await rows(database)]
    assert first == second != other
    assert "secret" not in first
    async with await Database.open(tmp_path / "another.db") as another:
        record(Analytics(another, "hash"), FELL_BACK, text="secret")
        assert (await rows(another))[0]["objective"] != first


async def test_nothing_is_stored_of_a_question_where_prompts_are_off(database):
    """The figures are kept all the same."""
    record(Analytics(database, "off"), FELL_BACK, text="secret")
    (row,) = await rows(database)
    assert (row["objective"], row["tokens_used"]) == (None, 50)
    assert "secret" not in str(row)


async def test_a_stricter_setting_erases_what_was_stored(database):
    """Each setting leaves what it would have stored itself, and nothing more."""
    record(Analytics(database), FELL_BACK, text="secret")
    record(Analytics(database, "hash"), FELL_BACK, text="secret")
    await database.flush()
    await Analytics(database, "hash").purge(0)
    text, hashed = [row["objective"] for row in await rows(database)]
    assert text is None
    assert hashed
    await Analytics(database, "off").purge(0)
    assert [row["objective"] for row in await rows(database)] == [None, None]


async def test_what_is_erased_stands_in_no_file_of_the_database(tmp_path):
    """Neither in the database itself nor in its log, while the bot goes on running."""
    path = tmp_path / "bot.db"
    for setting in ("full", "off"):
        async with await Database.open(path) as database:
            analytics = Analytics(database, setting)
            record(analytics, FELL_BACK, text="a planted secret")
            await database.flush()
            await analytics.purge(0)
            files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
            assert (b"a planted secret" in files) == (setting == "full")


async def test_old_rows_are_purged_with_their_attempts(analytics, database, clock):
    """Retention in days; 0 keeps everything."""
    record(analytics, FELL_BACK)
    clock.now += 10 * 86_400
    record(analytics, FAILED)
    await database.flush()
    await analytics.purge(0)
    assert len(await rows(database)) == 2
    await analytics.purge(9)
    assert [row["outcome"] for row in await rows(database)] == ["failed"]
    assert [row["decision_id"] for row in await rows(database, "attempts")] == [2]


async def test_a_long_question_is_not_stored_twice(analytics, database):
    """Its beginning recognises it; the conversation has the whole."""
    record(analytics, FELL_BACK, text="x" * 100_000)
    assert len((await rows(database))[0]["objective"]) == 2_000


async def test_hostile_text_is_recorded(analytics, database):
    """NUL, lone surrogates and SQL are text."""
    record(analytics, replace(FELL_BACK, model_id="m\0\ud800"), text="'); DROP TABLE attempts; --\0\udfff")
    (row,) = await rows(database)
    assert row["objective"] == "'); DROP TABLE attempts; --\0\ufffd"
    assert row["answer_model"] == "m\0\ufffd"


async def test_statistics_give_way_while_the_disk_is_full(analytics, database):
    """A thousand rows wait at most; recording more neither fails nor fills the memory."""
    ((pages,),) = await database.read("PRAGMA page_count")
    await database._writing.execute_fetchall(f"PRAGMA max_page_count = {pages}")
    database.put(("INSERT INTO preferences VALUES ('big', ?)", ("x" * 100_000,)))
    for _ in range(1_200):
        record(analytics, FELL_BACK)
    assert database.pending == 1_000
    assert (await analytics.report(86_400)).everything.count == 0
    await database._writing.execute_fetchall("PRAGMA max_page_count = 1000000")
    assert (await analytics.report(86_400)).everything.count == 999
