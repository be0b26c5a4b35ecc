"""What Switchboard adds to a model's own time: `python -m bench.overhead [--rounds N]` prints the tables.

The bot runs as its own process against the local Bot API server and an Ollama double, which share the benchmark's
process; their time is in the figures too. Medians over all rounds; the two cores are shared with whatever else runs.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from routing.intelligent_router import IntelligentRouter
from routing.model_registry import ModelRegistry
from routing.response_formatter import ResponseFormatter
from tests.bot_process import OWNER_ID, BotProcess
from tests.fake_model_server import FakeModel, Script
from tests.fake_ollama import FakeOllama
from tests.telegram_server import TelegramServer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.fake_model_server import Recorded
    from tests.telegram_server import Call

MODEL = "qwen2.5:7b-instruct-q4_K_M"
RECEIPT = "Qwen2\\.5 7B · "  # as MarkdownV2
MANY_CHATS = 50
TEXTS = {
    "short": "What is Python?",
    "long": "Explain in detail how a hash table works, then compare it with a balanced tree. " * 20,
    "50,000 characters": "word " * 10_000,
}
REPLY = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def median_ms(seconds: Sequence[float]) -> str:
    """Give the median in milliseconds."""
    return f"{statistics.median(seconds) * 1000:8.1f}"


def percentile(figures: Sequence[float], share: float) -> float:
    """Give the nearest-rank percentile."""
    return sorted(figures)[min(len(figures) - 1, int(share * len(figures)))]


# --- in this process --------------------------------------------------------------------------------------------------


def routing_table(rounds: int) -> None:
    """Time classify + decide by text and by number of models."""
    print("\nclassify + decide, microseconds (p50 / p99)")
    print(f"{'models':>8}" + "".join(f"{name:>24}" for name in TEXTS))
    shipped = ModelRegistry().get_all_models()
    for count in (10, 100, 1000):
        copies = (
            dataclasses.replace(shipped[n % len(shipped)], model_id=f"m{n}", backend_name=f"n{n}") for n in range(count)
        )
        router = IntelligentRouter(ModelRegistry(copies))
        cells = (timed(lambda text=text, router=router: router.decide(text), rounds) for text in TEXTS.values())  # type: ignore[misc]  # defaults bind
        print(f"{count:>8}" + "".join(f"{p50 * 1e6:>14.0f} / {p99 * 1e6:>7.0f}" for p50, p99 in cells))


def timed(call: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Give the p50 and p99 of one call, in seconds."""
    call()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return statistics.median(times), percentile(times, 0.99)


def formatter_table(rounds: int) -> None:
    """Time the formatter on the README."""
    formatter = ResponseFormatter()
    p50, p99 = timed(lambda: formatter.format(REPLY), max(5, rounds // 50))
    kilobytes = len(REPLY.encode()) / 1024
    print(f"\nformatter, ms per KB (README, {kilobytes:.0f} KB): p50 {p50 * 1000 / kilobytes:.2f}", end="")
    print(f", p99 {p99 * 1000 / kilobytes:.2f}")


# --- the bot as a process ---------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Way:
    """The way of one message, in seconds; `model` is what the model itself took."""

    to_model: float
    model: float
    from_model: float
    total: float


def answers(telegram: TelegramServer) -> dict[int, Call]:
    """Find the call that finished each chat's answer: the one whose text has the receipt. Previews have none."""
    calls = telegram.called("sendMessage") + telegram.called("editMessageText")
    return {int(call.given["chat_id"]): call for call in calls if call.ok and RECEIPT in call.given["text"]}


async def ask_at_once(telegram: TelegramServer, ollama: FakeOllama, chats: int) -> list[Way]:
    """Have `chats` people ask at once, and wait until everybody has the whole answer."""
    telegram.calls.clear()
    ollama.requests.clear()
    ids = [OWNER_ID + number for number in range(chats)]
    asked = {}
    for user_id in ids:
        asked[user_id] = time.monotonic()
        await telegram.user(user_id).say(f"What is Python, asks {user_id}?")
    await telegram.wait_for(lambda: len(answers(telegram)) == chats or None, timeout_seconds=60)
    finals = answers(telegram)
    requests = {asker(request): request for request in ollama.asked("/api/chat")}
    return [way(asked[user_id], requests[user_id], finals[user_id]) for user_id in ids]


def way(asked: float, request: Recorded, final: Call) -> Way:
    """Put together when a message was sent, when its request came and ended, and when its answer came."""
    assert request.finished_at is not None, "the answer came before its model was done"
    return Way(request.at - asked, request.finished_at - request.at, final.at - request.finished_at, final.at - asked)


def asker(request: Recorded) -> int:
    """Read who asked out of the question."""
    return int(request.body["messages"][-1]["content"].rstrip("?").split()[-1])


async def way_table(rounds: int) -> None:
    """Time the way of a message, start-up and memory."""
    everybody = ",".join(str(OWNER_ID + number) for number in range(MANY_CHATS))
    models = {MODEL: FakeModel(Script(pieces=("Python is ", "a programming ", "language.")))}
    with tempfile.TemporaryDirectory() as folder:
        async with TelegramServer() as telegram, FakeOllama(models) as ollama:
            telegram.faults.limits = None
            settings = {"OLLAMA_BASE_URL": ollama.root, "ALLOWED_USER_IDS": everybody, "LOG_LEVEL": "warning"}
            async with BotProcess(telegram, Path(folder), **settings) as bot:
                starts = [bot.poll_seconds]
                idle = bot.resident_megabytes
                await ask_at_once(telegram, ollama, 1)  # warm
                print("\nan instant model, ms (p50)        update -> model   last token -> answer   update -> answer")
                for chats in (1, MANY_CHATS):
                    ways = [
                        one
                        for _ in range(rounds if chats == 1 else 4)
                        for one in await ask_at_once(telegram, ollama, chats)
                    ]
                    columns = (
                        [one.to_model for one in ways],
                        [one.from_model for one in ways],
                        [one.total for one in ways],
                    )
                    print(
                        f"{chats:>3} chat{'s' * (chats > 1):<25}"
                        + "".join(f"{median_ms(column):>20}" for column in columns)
                    )
                ollama.models[MODEL].script = Script(pieces=("Python is ", "slow today."), token_seconds=0.75)
                ways = [one for _ in range(4) for one in await ask_at_once(telegram, ollama, MANY_CHATS)]
                totals = [one.total for one in ways]
                model = statistics.median(one.model for one in ways)
                print(f"\n{MANY_CHATS} chats at once, a model that takes {model:.2f} s: ", end="")
                print(f"p50 {statistics.median(totals):.2f} s, p95 {percentile(totals, 0.95):.2f} s")
                busy = bot.resident_megabytes
            for _ in range(4):
                async with BotProcess(telegram, Path(folder), **settings) as bot:
                    starts.append(bot.poll_seconds)
    print(f"\nstart to first poll: p50 {statistics.median(starts):.2f} s of {len(starts)} starts")
    print(f"resident memory: {idle:.0f} MB after the start, {busy:.0f} MB after {MANY_CHATS} chats")


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="messages timed at one chat (default 40)")
    rounds = parser.parse_args().rounds
    routing_table(50 * rounds)
    formatter_table(50 * rounds)
    asyncio.run(way_table(rounds))


if __name__ == "__main__":
    main()
