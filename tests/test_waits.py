"""What people wait for is said in a few words, and only anew when there is something new to say."""

from __future__ import annotations

import pytest

from dialogue.waits import WaitNote, duration, words
from handlers.progress import Progress
from routing.model_backends.builtin import BUILTIN
from routing.model_registry import ModelRegistry
from routing.types import Attempt, Event, FellBack, Loading, Outcome, Queued, Token

SMALL, LARGE = ModelRegistry().get_all_models()[1], ModelRegistry().get_all_models()[3]
FAILED = Attempt(SMALL.model_id, None, Outcome.FAILED, 1.0)


def texts(*events: Event) -> list[str]:
    """Every text that a note has had, one after the other."""
    note, said = WaitNote(), list[str]()
    for event in events:
        note.take(event)
        if note.text not in said[-1:]:
            said.append(note.text)
    return said


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Queued(LARGE, 1), "Next in line…"),
        (Queued(LARGE, 2), "2nd in line…"),
        (Queued(LARGE, 2, 20.4), "2nd in line, about 20 s…"),
        (Queued(LARGE, 1, 3.2), "Next in line, about 3 s…"),
        (Queued(LARGE, 3, 0.0), "3rd in line…"),
        (Loading(LARGE), "Loading Qwen2.5 32B…"),
        (Loading(LARGE, 14.2), "Loading Qwen2.5 32B, about 14 s…"),
        (Loading(LARGE, -2.0), "Loading Qwen2.5 32B…"),
        (Loading(LARGE, 14.2, ("Qwen2.5 14B",)), "Loading Qwen2.5 32B in place of Qwen2.5 14B, about 14 s…"),
        (Loading(LARGE, None, ("A", "B", "C")), "Loading Qwen2.5 32B in place of A, B and C…"),
        (Token(reasoning="Hm."), "Thinking…"),
        (Token("Hello"), ""),
        (FellBack(FAILED, SMALL, LARGE, void=False), "Qwen2.5 7B failed, Qwen2.5 32B is asked…"),
        (FellBack(FAILED, SMALL, LARGE, void=True), "Qwen2.5 7B failed, starting again with Qwen2.5 32B…"),
        (FellBack(FAILED, SMALL, BUILTIN, void=True), "Qwen2.5 7B failed…"),
    ],
)
def test_each_wait_has_its_words(event: Event, said: str) -> None:
    """What is waited for, and for how long if that is known; an estimate that has run out is none."""
    assert words(event) == said


@pytest.mark.parametrize(
    ("position", "ordinal"),
    [(3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (22, "22nd"), (112, "112th")],
)
def test_places_in_line_are_spelled(position: int, ordinal: str) -> None:
    """English ordinals, eleven to thirteen included."""
    assert words(Queued(LARGE, position)) == f"{ordinal} in line…"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 s"),
        (5.4, "5 s"),
        (14.0, "14 s"),
        (19.4, "19 s"),
        (19.6, "20 s"),
        (22.4, "20 s"),
        (57.0, "55 s"),
        (58.0, "1 min"),
        (80.0, "1½ min"),
        (118.0, "2 min"),
        (164.0, "2½ min"),
        (170.0, "3 min"),
        (3500.0, "58 min"),
        (3580.0, "1 h"),
        (7200.0, "2 h"),
    ],
)
def test_durations_are_rounded_as_people_say_them(seconds: float, said: str) -> None:
    """Nobody waits 118.4 seconds."""
    assert duration(seconds) == said


def test_a_wait_that_counts_down_is_told_a_few_times() -> None:
    """Two minutes that are told each second are a dozen texts, each below the one before, and not a hundred."""
    said = texts(*(Loading(LARGE, float(left)) for left in range(120, 0, -1)))
    assert said[0] == "Loading Qwen2.5 32B, about 2 min…"
    assert 6 <= len(said) <= 14


def test_what_is_new_is_told_at_once() -> None:
    """Another place, another model, another one that must go, an estimate where there was none."""
    events = (
        Queued(LARGE, 2, 20.0),
        Queued(LARGE, 1, 20.0),
        Loading(LARGE, 14.0),
        Loading(LARGE, 13.0),
        Loading(LARGE, 14.0, ("Qwen2.5 7B",)),
        Loading(SMALL, 14.0),
        Loading(SMALL),
        Loading(SMALL, 14.0),
    )
    assert texts(*events) == [words(event) for event in events if event != Loading(LARGE, 13.0)]


def test_an_estimate_that_grows_is_told() -> None:
    """Who was promised ten seconds hears that it will be thirty."""
    assert texts(Loading(LARGE, 10.0), Loading(LARGE, 30.0))[-1] == "Loading Qwen2.5 32B, about 30 s…"


def test_an_estimate_that_has_run_out_is_told() -> None:
    """Two seconds that are over must not stand there for a minute."""
    assert texts(Loading(LARGE, 2.0), Loading(LARGE, 1.0), Loading(LARGE, 0.0))[-1] == "Loading Qwen2.5 32B…"


def test_events_that_are_no_waits_change_no_note() -> None:
    """The text of the answer stands for itself."""
    assert texts(Loading(LARGE, 9.0), Token("Hello")) == ["Loading Qwen2.5 32B, about 9 s…"]


def test_a_model_that_failed_unnoticed_is_not_told_of() -> None:
    """Unless people were told that they wait for it."""
    failed = FellBack(FAILED, SMALL, LARGE, void=False)
    assert texts(failed) == [""]
    assert texts(Loading(SMALL), failed)[-1] == "Qwen2.5 7B failed, Qwen2.5 32B is asked…"


def test_a_change_that_nobody_notices_is_no_change() -> None:
    """A preview is a call to Telegram, and a chat may have one a second."""
    progress = Progress()
    assert progress.take(Loading(LARGE, 20.0))
    assert not progress.take(Loading(LARGE, 19.0))
    assert progress.take(Loading(LARGE, 12.0))
    assert progress.note == "Loading Qwen2.5 32B, about 12 s…"


def test_a_void_answer_gives_way_to_why() -> None:
    """Its text is gone, and the note says who begins anew, until something else is waited for."""
    progress = Progress()
    progress.take(Token("Wrong."))
    assert progress.take(FellBack(FAILED, SMALL, LARGE, void=True))
    assert (progress.text, progress.note) == ("", "Qwen2.5 7B failed, starting again with Qwen2.5 32B…")
    progress.take(Loading(LARGE))
    assert progress.note == "Loading Qwen2.5 32B…"
