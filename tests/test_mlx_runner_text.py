"""Tokens become text: whole characters, reasoning apart, up to a stop string that is never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routing.model_backends.mlx_engine.answer_text import AnswerText, StopStrings
from tests.mlx_models import make_model
from tests.mlx_runs import Runs, load, streamed

if TYPE_CHECKING:
    from routing.model_backends.mlx_engine.loading import LoadedModel


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> LoadedModel:
    return load(make_model(tmp_path_factory.mktemp("models") / "plain"))


@pytest.fixture(scope="module")
def thinker(tmp_path_factory) -> LoadedModel:
    """Its template opens the reasoning."""
    return load(make_model(tmp_path_factory.mktemp("models") / "thinker", thinking="template"))


def said(loaded: LoadedModel, text: str, *, opens: bool = False, stop: tuple[str, ...] = ()) -> tuple[str, str, bool]:
    """Text, reasoning, and whether it was stopped, of an answer whose tokens are those of `text`."""
    answer = AnswerText(loaded.tokenizer, opens_with_reasoning=opens, stop=stop)
    pieces = []
    for token in loaded.tokenizer.encode(text, add_special_tokens=False):
        if not answer.stopped:
            pieces.append(answer.add(token))
            assert "\ufffd" not in pieces[-1].text + pieces[-1].reasoning
    pieces.append(answer.finish())
    return "".join(piece.text for piece in pieces), "".join(piece.reasoning for piece in pieces), answer.stopped


# --- characters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["naïve größe", "日本 мир", "👩‍👩‍👧 und 🇮🇳!", "a\n\nb  c", "x̂"])
def test_characters_come_whole(plain, text):
    """Every byte is a token here, and no character is ever shown in part."""
    assert said(plain, text)[0] == text


def test_half_a_character_at_the_end_is_left_out(plain):
    """An answer that is cut off in mid-character shows what is whole."""
    answer = AnswerText(plain.tokenizer, opens_with_reasoning=False)
    tokens = plain.tokenizer.encode("ok 👧", add_special_tokens=False)[:-1]
    text = "".join(answer.add(token).text for token in tokens) + answer.finish().text
    assert text.rstrip() == "ok"


# --- reasoning --------------------------------------------------------------------------------------------------------


def test_reasoning_is_told_from_the_answer(thinker):
    """The tokenizer's own markers separate them, and are part of neither; the blank lines between are left out."""
    assert said(thinker, "<think>\nwe see\n</think>\n\nthe man") == ("the man", "we see\n", False)


def test_reasoning_that_the_template_opened(thinker):
    """An answer may begin within its reasoning."""
    assert said(thinker, "we see</think>\n the man", opens=True) == ("the man", "we see", False)


def test_reasoning_that_never_ends_is_no_answer(thinker):
    """A thought that is cut off stays a thought."""
    assert said(thinker, "we see the </thi", opens=True) == ("", "we see the </thi", False)


def test_a_model_without_markers_says_them_as_they_are(plain):
    """What is no marker to the tokenizer is text."""
    assert said(plain, "<think> we </think>")[0] == "<think> we </think>"


def test_the_runner_tells_reasoning_apart(thinker):
    """The tiny model never ends its reasoning, so all that it says is reasoning."""
    runs = Runs(thinker)
    number = runs.ask("the day", 20)
    runs.finish()
    assert runs.text[number] == ""
    assert runs.reasoning[number].split() == streamed(thinker, "the day", 20).split()


def test_a_request_not_to_think_is_answered_at_once(thinker):
    """The template closes the reasoning itself, and everything is text."""
    runs = Runs(thinker)
    number = runs.ask("the day", 20, think=False)
    runs.finish()
    assert runs.reasoning[number] == ""
    assert len(runs.text[number].split()) > 10


def test_a_tool_call_is_ordinary_text_for_now(tmp_path_factory):
    """Its markers are recognised and taken off; what is in it is passed on."""
    template = "{{ messages[0]['content'] }}{# <tool_call> tool_call.name #}"
    loaded = load(make_model(tmp_path_factory.mktemp("models") / "tools", template=template))
    assert loaded.tokenizer.has_tool_calling
    assert said(loaded, 'the <tool_call>{"name": 1}</tool_call> day')[0] == 'the {"name": 1} day'


# --- stop strings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stop", "text"),
    [
        (("day",), "the "),
        (("y of",), "the da"),
        (("sun", "day of"), "the "),
        (("of the", "day of"), "the "),
        (("nothing",), "the day of the man"),
        (("man.",), "the day of the man"),
        (("",), "the day of the man"),
    ],
)
def test_a_stop_string_ends_the_answer(plain, stop, text):
    """What stands before the first one is shown; it may span tokens, and what only began like one is no stop string."""
    shown, _, stopped = said(plain, "the day of the man", stop=stop)
    assert (shown, stopped) == (text, text != "the day of the man")


def test_nothing_of_a_stop_string_is_ever_shown():
    """What may be its beginning is held back until the next character decides."""
    stops = StopStrings(("END", "ENTER"))
    pieces = [stops.feed(piece) for piece in ("a", "E", "N", "x", "EN", "EN", "D", "more")]
    assert pieces == ["a", "", "", "ENx", "", "EN", "", ""]
    assert (stops.found, stops.rest()) == (True, "")


def test_reasoning_is_not_searched_for_stop_strings(thinker):
    """A stop string bounds the answer, and a thought may mention it."""
    assert said(thinker, "we see day</think>the day of", opens=True, stop=("day",)) == ("the ", "we see day", True)


@pytest.mark.parametrize("others", [0, 2])
def test_the_runner_stops_there(plain, others):
    """Alone and in a batch, generation ends with the stop string."""
    whole = streamed(plain, "the day", 40)
    stop = whole[25:32]
    runs = Runs(plain)
    for _ in range(others):
        runs.ask("one two", 40)
    number = runs.ask("the day", 40, stop=(stop,))
    runs.finish()
    assert runs.text[number] == whole[: whole.index(stop)]
    assert runs.done[number].finish_reason == "stop"
    assert runs.done[number].output_tokens < 40
