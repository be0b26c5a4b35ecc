"""The built-in backend: exact answers without a model, honest words for all else, and no harm from hostile input."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from datetime import UTC, datetime, timedelta, timezone

import pytest

from routing.answers.arithmetic import Incalculable, calculate
from routing.model_backends.builtin import BUILTIN, NO_MODEL, BuiltinBackend
from routing.types import Attachment, Completion, Endpoint, GenerationRequest, Message, Modality, Token

NOW = datetime(2026, 11, 21, 1, 5, tzinfo=timezone(timedelta(hours=1), "CET"))


@pytest.fixture
async def ask():
    """Ask one backend a question and get its whole answer."""
    backend = BuiltinBackend(now=lambda: NOW)
    await backend.initialize()

    async def answer(text, *attachments):
        events = await _events(backend, Message("user", text, attachments))
        assert isinstance(events[-1], Completion)
        return "".join(event.text for event in events[:-1])

    yield answer
    await backend.close()


async def _events(backend, *messages):
    async with aclosing(backend.stream(BUILTIN, GenerationRequest(messages))) as stream:
        return [event async for event in stream]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("what is 15% of 80", "15% of 80 = 12"),
        ("12*(3+4)", "12*(3+4) = 84"),
        ("0.1+0.2", "0.1+0.2 = 0.3"),
        ("Whats 45 times 3?", "45 times 3 = 135"),
        ("how much is 144 divided by 12", "144 divided by 12 = 12"),
        ("2^100", "2^100 = 1267650600228229401496703205376"),
        ("2 ** 10 =", "2 ** 10 = 1024"),
        ("-3^2", "-3^2 = -9"),
        ("2^3^2", "2^3^2 = 512"),
        ("2(3+4)", "2(3+4) = 14"),
        ("3 * -2", "3 * -2 = -6"),
        ("1/3", "1/3 ≈ 0.333333333333333 (1/3)"),
        ("10 / 4", "10 / 4 = 2.5"),
        ("17 % 5", "17 % 5 = 2"),
        ("17 // 5", "17 // 5 = 3"),
        ("100 + 10%", "100 + 10% = 110"),
        ("80 - 15%", "80 - 15% = 68"),
        ("20% off 50", "20% off 50 = 40"),
        ("15% tip on 60", "15% tip on 60 = 9"),
        ("12 is what percent of 80", "12 is what percent of 80 = 15%"),
        ("what percent of 80 is 12?", "what percent of 80 is 12 = 15%"),
        ("increase 80 by 15%", "increase 80 by 15% = 92"),
        ("square root of 144", "square root of 144 = 12"),
        ("sqrt 2", "sqrt 2 ≈ 1.41421356237310"),
        ("5 squared", "5 squared = 25"),
        ("5!", "5! = 120"),
        ("1,234.50 + 1", "1,234.50 + 1 = 1235.5"),
        ("3,5 + 1", "3,5 + 1 = 4.5"),
        ("7 x 8", "7 x 8 = 56"),
        ("half of 90", "half of 90 = 45"),
        ("wieviel ist 17 mal 23", "17 mal 23 = 391"),
        ("2^-3", "2^-3 = 0.125"),
        ("pi * 2", "pi * 2 ≈ 6.28318530717959"),
    ],
)
async def test_sums_are_exact(ask, text, answer):
    """A sum is answered with its exact value, or with ≈ where decimals never end."""
    assert await ask(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("3 miles in km", "3 mi = 4.828032 km"),
        ("72 F to C", "72 °F = 22.22222222 °C"),
        ("-40 f in c", "-40 °F = -40 °C"),
        ("5'11\" to cm", "5′11″ = 180.34 cm"),
        ("5’11” to cm", "5′11″ = 180.34 cm"),
        ("5 ft 11 in in cm", "5′11″ = 180.34 cm"),
        ("how many ounces in a pound", "1 lb = 16 oz"),
        ("how many km is 5 miles?", "5 mi = 8.04672 km"),
        ("convert 10 lbs to kg", "10 lb = 4.5359237 kg"),
        ("60 mph to km/h", "60 mi/h = 96.56064 km/h"),
        ("10 square feet to square meters", "10 ft² = 0.9290304 m²"),
        ("2 cups in ml", "2 cups = 473.176473 ml"),
        ("1 GB in MB", "1 GB = 1000 MB"),
        ("0,5 l in ml", "0.5 l = 500 ml"),
        ("how many feet in a mile", "1 mi = 5280 ft"),
        ("90 minutes in hours", "90 min = 1.5 h"),
        ("3 kg in meters", "kg and meters measure different things: one cannot become the other."),
    ],
)
async def test_units_are_converted(ask, text, answer):
    """A quantity is given in the unit asked for, as people write units."""
    assert await ask(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("what time is it", "It is 01:05 (Saturday, 21 November 2026, CET)."),
        ("What time is it in Tokyo?", "It is 09:05 in Tokyo (Saturday, JST)."),
        ("time in new york", "It is 19:05 in New York (Friday, EST)."),
        ("what's the time in india right now", "It is 05:35 in India (Saturday, IST)."),
        ("wie spät ist es?", "It is 01:05 (Saturday, 21 November 2026, CET)."),
        ("what day is it", "Today is Saturday, 21 November 2026."),
        ("what's today's date?", "Today is Saturday, 21 November 2026."),
        ("what day is tomorrow", "Tomorrow is Sunday, 22 November 2026."),
        ("what day was yesterday", "Yesterday was Friday, 20 November 2026."),
        ("days until christmas", "34 days until Friday, 25 December 2026."),
        ("how many days until 1 january", "41 days until Friday, 1 January 2027."),
        ("what day was 29 february 2024?", "29 February 2024 was a Thursday."),
        ("days between 2026-01-01 and 2026-03-01", "59 days between 1 January 2026 and 1 March 2026."),
        ("what day is it in 10 days", "In 10 days it will be Tuesday, 1 December 2026."),
        ("how many days since 1 november 2026", "20 days since Sunday, 1 November 2026."),
        ("weeks until new year", "5 weeks and 6 days until Friday, 1 January 2027."),
    ],
)
async def test_dates_and_times_are_told(ask, text, answer):
    """The clock and the calendar are those of the host, or of the place that is named."""
    assert await ask(text) == answer


@pytest.mark.parametrize(
    ("text", "greeting"),
    [
        ("Hi", "Hello!"),
        ("bonjour", "Bonjour !"),
        ("Guten Morgen", "Hallo!"),
        ("¡Hola!", "¡Hola!"),
        ("नमस्ते", "नमस्ते!"),
        ("வணக்கம்", "வணக்கம்!"),
        ("你好", "你好！"),
        ("thanks a lot", "You're welcome!"),
    ],
)
async def test_a_greeting_is_returned_in_its_language(ask, text, greeting):
    """A greeting gets a greeting, and the truth about the models."""
    answer = await ask(text)
    assert answer.startswith(greeting)
    assert "No language model can be reached" in answer


@pytest.mark.parametrize("text", ["help", "What can you do?", "who are you", "commands"])
async def test_help_names_the_commands(ask, text):
    """Asked about itself, the bot names every command of a chat."""
    answer = await ask(text)
    assert all(command in answer for command in ("/new", "/stop", "/retry", "/model", "/why", "/usage", "/help"))


@pytest.mark.parametrize(
    "text",
    [
        "write a poem about the sea",
        "what is the capital of France",
        "100 usd to eur",
        "time in atlantis",
        "days until february 30",
        "10",
        "2024-05-06",
        "",
        "5 bananas in apples",
    ],
)
async def test_what_it_cannot_do_it_says(ask, text):
    """No answer is made up: the reply says that no model is there, what to start and what to pull."""
    answer = await ask(text)
    assert answer.startswith("No language model can be reached, so I cannot answer this.")
    assert "`ollama serve`" in answer
    assert "`ollama pull qwen2.5:7b-instruct-q4_K_M`" in answer
    assert "LM Studio" in answer


async def test_a_picture_gets_its_own_sentence(ask):
    """An image is answered with the want of a vision model, whatever its caption asks."""
    picture = Attachment(Modality.IMAGE, b"\x89PNG", "image/png")
    for caption in ("what is this?", "2+2", ""):
        assert (await ask(caption, picture)).startswith("No vision model can be reached")


async def test_live_advice_takes_the_place_of_the_general_one():
    """What the router knows of its servers is what the person is told."""
    backend = BuiltinBackend(advice=lambda: "Ollama at http://mac:11434 cannot be reached: start it.")
    events = await _events(backend, Message("user", "tell me a story"))
    assert "Ollama at http://mac:11434 cannot be reached" in events[0].text
    assert "ollama pull" not in events[0].text


async def test_the_last_message_of_the_person_is_answered(ask):
    """Earlier turns and the system prompt are not mistaken for the question."""
    events = await _events(
        BuiltinBackend(),
        Message("system", "Be brief."),
        Message("user", "2+2"),
        Message("assistant", "2+2 = 4"),
        Message("user", "3+3"),
    )
    assert events[0] == Token("3+3 = 6")


async def test_it_offers_its_one_model():
    """The backend lists one model that is always loaded and costs nothing."""
    (offer,) = await BuiltinBackend(Endpoint("builtin")).offers()
    assert (offer.backend_name, offer.loaded) == ("builtin", True)
    assert (BUILTIN.model_id, BUILTIN.backend, BUILTIN.display_name, BUILTIN.cost) == (
        "builtin",
        "builtin",
        "Built-in",
        0,
    )


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9",
        "9^9^9^9^9",
        "(9!)!",
        "500!",
        "10^100000",
        "0.1^99999",
        "2^0.5^-99999999",
        "1e999 * 1e999",
        "99^99^(1/3)^99",
        "*".join(["99999999"] * 90),
    ],
)
async def test_numbers_beyond_all_paper_are_refused_at_once(ask, text):
    """Towers of powers and factorials end in a sentence, in no time and no memory."""
    began = time.perf_counter()
    answer = await ask(text)
    assert "too large" in answer or "=" in answer or "≈" in answer
    assert len(answer) < 1200
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('ls')",
        "().__class__.__bases__[0].__subclasses__()",
        "eval('2+2')",
        "[x for x in range(10**9)]",
        "lambda: 1",
        "(" * 10_000 + "1" + ")" * 10_000,
        "(" * 400,
        "-" * 900 + "1",
        "a" * 100_000,
        "1 " * 50_000,
        "5 m**9999 to m",
        "5 os.system to m",
        "1 " + "square " * 15 + "m to m",
        "\ud800\udfff",
        "\x00",
        "what time is it in ../../etc/passwd",
        "1e9999999999",
        "days until 99999-99-99",
        "1" * 900,
    ],
    ids=lambda text: f"{text[:10]!a}x{len(text)}",
)
async def test_hostile_input_does_no_harm(ask, text):
    """Code, endless nesting and endless text are answered like anything that is no sum."""
    began = time.perf_counter()
    assert (await ask(text)).startswith("No language model can be reached") or text.startswith("-")
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("text", "says"), [("1/0", "division by zero"), ("0^-1", "zero"), ("5 // 0", "zero"), ("sqrt(-1)", "real")]
)
async def test_sums_without_a_result_say_why(ask, text, says):
    """A division by zero or the root of a negative number is answered with the reason."""
    assert says in await ask(text)


def test_deep_nesting_needs_no_recursion():
    """Ten thousand parentheses are worked through like two."""
    assert calculate("(" * 10_000 + "1+1" + ")" * 10_000) == 2
    with pytest.raises(Incalculable):
        calculate("(" * 10_000 + "1/0" + ")" * 10_000)


async def test_the_event_loop_runs_on_while_units_load():
    """Importing the unit library, which is slow, holds nobody else up."""
    backend = BuiltinBackend(now=lambda: datetime.now(UTC))
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticker = asyncio.create_task(tick())
    await _events(backend, Message("user", "3 miles in km"))
    ticker.cancel()
    assert ticks > 1


async def test_an_answer_is_told_from_an_apology():
    """The finish reason says which it is, and the apology begins with what the engine knows of the situation."""
    backend = BuiltinBackend(advice=lambda: "Start a server.")
    reasons = {}
    for text in ("12*2", "Hello", "help", "Write a poem about the sea"):
        request = GenerationRequest((Message("user", text),), situation="Qwen timed out.")
        async with aclosing(backend.stream(BUILTIN, request)) as stream:
            token, completion = [event async for event in stream]
        assert isinstance(token, Token)
        assert isinstance(completion, Completion)
        reasons[text], said = completion.finish_reason, token.text
    assert reasons == {"12*2": "stop", "Hello": "stop", "help": "stop", "Write a poem about the sea": NO_MODEL}
    assert said.startswith("Qwen timed out. Start a server.")
    assert "No language model" not in said
