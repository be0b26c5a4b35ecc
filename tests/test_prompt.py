"""build_prompt: what a model is told, and what is left out when it is too much."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.prompt import Prompt, build_prompt
from routing.tokens import estimate_tokens
from routing.types import Attachment, Message, Modality, Query
from tests.answers import a_model

PICTURE = Attachment(Modality.IMAGE, b"x", "image/png")


def turns(count: int, words: int = 50) -> tuple[Message, ...]:
    """So many questions with their answers, numbered."""
    return tuple(
        message
        for number in range(count)
        for message in (Message("user", f"Question {number}: " + "why " * words), Message("assistant", "so " * words))
    )


def a_prompt(query: Query, answer_tokens: int = 100, **facts: Any) -> Prompt:
    return build_prompt(query, a_model("m", **facts), answer_tokens)


def size(prompt: Prompt) -> int:
    return sum(estimate_tokens(message.content) for message in prompt.request.messages)


def test_all_of_it_is_told_in_order() -> None:
    """System prompt, conversation, question, with what came along."""
    query = Query("And this?", (PICTURE,), turns(2), system_prompt="Be brief.")
    prompt = a_prompt(query)
    assert prompt.request.messages == (
        Message("system", "Be brief."),
        *query.history,
        Message("user", "And this?", (PICTURE,)),
    )
    assert prompt.turns_dropped == 0


def test_without_a_system_prompt_there_is_none() -> None:
    """The question alone is the shortest prompt."""
    assert a_prompt(Query("Hi")).request.messages == (Message("user", "Hi"),)


def test_the_oldest_turns_are_left_out_whole_and_it_is_said_once() -> None:
    """In one sentence behind the system prompt."""
    prompt = a_prompt(Query("Now?", history=turns(40), system_prompt="Be brief."), context_tokens=1024)
    system, first, *_, question = prompt.request.messages
    assert 0 < prompt.turns_dropped < 40
    assert system.content.startswith("Be brief.\n\nEarlier turns of this conversation (")
    assert f"({prompt.turns_dropped}) are left out here" in system.content
    assert f"“Question {prompt.turns_dropped - 1}: why" in system.content
    assert first.content.startswith(f"Question {prompt.turns_dropped}: ")
    assert (question, len(prompt.request.messages)) == (Message("user", "Now?"), 2 + 2 * (40 - prompt.turns_dropped))


def grown(context: int, seed: int, count: int = 60) -> list[tuple[Prompt, tuple[Message, ...]]]:
    """A conversation turn by turn: each prompt, and what the next one has to begin with to be of use to it."""
    chance, history, told = random.Random(seed), list[Message](), list[tuple[Prompt, tuple[Message, ...]]]()
    for number in range(count):
        question = Message("user", f"Question {number}: " + "why " * chance.choice([5, 20, 60, 200]))
        query = Query(question.content, history=tuple(history), system_prompt="Be brief.")
        prompt = a_prompt(query, chance.choice([50, 100, 400, 800]), context_tokens=context, backend="mlx")
        answer = Message("assistant", "so " * chance.choice([5, 50, 300]))
        told.append((prompt, (*prompt.request.messages, answer)))
        history += [question, answer]
    return told


@pytest.mark.parametrize("seed", range(3))
def test_a_prompt_begins_as_the_one_before_it(seed: int) -> None:
    """With all of it and its answer, until turns are left out; then a server computes it anew, and that is rare."""
    for context, most_cuts in ((4096, 16), (8192, 7), (65536, 0)):
        told, cuts = grown(context, seed), 0
        for (before, beginning), (prompt, _) in pairwise(told):
            is_cut = prompt.turns_dropped != before.turns_dropped
            cuts += is_cut
            assert is_cut or prompt.request.messages[: len(beginning)] == beginning
        assert cuts <= most_cuts


def test_what_is_left_out_does_not_depend_on_the_question() -> None:
    """Unless that is so long that there is no room for more."""
    history = turns(60)
    dropped = {
        a_prompt(Query("why " * words, history=history), answer, context_tokens=8192).turns_dropped
        for words in (1, 100, 400)
        for answer in (50, 500, 1500)
    }
    assert len(dropped) == 1
    assert a_prompt(Query("why " * 5000, history=history), 50, context_tokens=8192).turns_dropped > max(dropped)


def test_much_of_the_window_is_used() -> None:
    """At least a third of it is for the conversation, once that is longer than the window."""
    for count in range(60, 90):
        assert size(a_prompt(Query("Now?", history=turns(count)), context_tokens=8192)) > 8192 / 3


def test_a_system_prompt_that_leaves_no_room_is_told_all_the_same() -> None:
    """And the question with it."""
    prompt = a_prompt(Query("Now?", history=turns(3), system_prompt="word " * 3000), context_tokens=1024)
    assert (prompt.turns_dropped, len(prompt.request.messages)) == (3, 2)


def test_a_question_that_leaves_no_room_goes_alone() -> None:
    """All turns are left out then."""
    prompt = a_prompt(Query("word " * 700, history=turns(5)), context_tokens=1024)
    assert prompt.turns_dropped == 5
    assert [message.role for message in prompt.request.messages] == ["system", "user"]


def test_the_summary_takes_room_too() -> None:
    """Long questions make a long one, and more turns have to go for it, at any size of the context."""
    history = turns(40)
    for context in range(600, 3000, 7):
        prompt = a_prompt(Query("Now?", history=history), context_tokens=context, backend="lmstudio")
        assert size(prompt) + 100 <= context


def test_what_fits_is_told_whole() -> None:
    """Though it takes most of the window."""
    history = turns(10)
    prompts = [a_prompt(Query("?", history=history), context_tokens=context) for context in range(1200, 4000, 100)]
    whole = [prompt for prompt in prompts if not prompt.turns_dropped]
    assert max(size(prompt) / context for prompt, context in zip(prompts, range(1200, 4000, 100), strict=True)) > 0.7
    assert all(len(prompt.request.messages) == 21 for prompt in whole)


def test_the_summary_takes_room_beside_a_long_question_too() -> None:
    """Then more turns have to go than lastingly."""
    history = turns(40, words=20)
    for words in range(0, 1200, 13):
        prompt = a_prompt(Query("word " * words, history=history), context_tokens=2048, backend="lmstudio")
        assert size(prompt) + 100 <= 2048


def test_a_picture_takes_room() -> None:
    """A conversation that fits with a word does not with a picture."""
    history = turns(10)
    needed = next(
        n for n in range(300, 4000) if a_prompt(Query("?", history=history), context_tokens=n).turns_dropped < 1
    )
    assert a_prompt(Query("?", (PICTURE,), history), context_tokens=needed).turns_dropped > 0


@settings(max_examples=60, deadline=None)
@given(
    st.integers(512, 8000),
    st.integers(50, 400),
    st.lists(st.tuples(st.text(max_size=400), st.text(max_size=2000)), max_size=30),
    st.text(max_size=200),
)
def test_prompt_and_answer_fit(context: int, answer: int, pairs: list[tuple[str, str]], text: str) -> None:
    """Whatever was said before, in whatever script, the summary of it included."""
    history = tuple(
        Message(role, said) for pair in pairs for role, said in zip(("user", "assistant"), pair, strict=True)
    )
    prompt = a_prompt(Query(text, history=history), answer, context_tokens=context, backend="lmstudio")
    kept = [message for message in prompt.request.messages if message.role != "system"]
    assert len(kept) == 1 + 2 * (len(pairs) - prompt.turns_dropped)
    if prompt.turns_dropped < len(pairs):
        assert size(prompt) + answer <= context
    assert prompt.request.max_tokens >= min(answer, 2000)


@pytest.mark.parametrize(
    ("options", "temperature", "most"),
    [
        ({}, 0.2, 300),
        ({"temperature": 1, "max_tokens": 90}, 1, 90),
        ({"temperature": "x", "max_tokens": "y"}, 0.2, 300),
    ],
)
def test_a_models_options_go_before_the_query(options: dict[str, object], temperature: float, most: int) -> None:
    """Where they make sense."""
    request = a_prompt(Query("Hi", temperature=0.2, max_tokens=300), 50, options=options).request
    assert (request.temperature, request.max_tokens) == (temperature, most)


def test_an_answer_is_not_longer_than_what_is_left() -> None:
    """But never shorter than it is expected to be."""
    assert a_prompt(Query("word " * 500, max_tokens=2000), 100, context_tokens=1024).request.max_tokens < 420
    assert a_prompt(Query("word " * 900, max_tokens=2000), 100, context_tokens=1024).request.max_tokens == 100


def test_what_the_engine_has_to_say_reaches_the_backend() -> None:
    """The built-in one repeats it."""
    assert a_prompt(Query("Hi", situation="Nobody is there.")).request.situation == "Nobody is there."
