"""The bench of routing: what it reads, what it never trains on, its contestants, and that it runs to its tables."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bench import routing
from bench.routing_categories import held_out_categories, probe_tables
from bench.routing_data import (
    FILES,
    PROBE,
    DataMissing,
    Exam,
    Scored,
    TaskPrompt,
    our_messages,
    read_messages,
    read_sets,
    unseen_probe,
)
from bench.routing_gap import figures, held_out_scores
from bench.routing_litellm import decided, judged, microseconds
from bench.routing_models import folded, left_out
from bench.routing_nearest import NearestUtterance
from bench.routing_noise import NOISES, padded, with_typos
from bench.routing_ours import HeadsFit
from bench.routing_rival import litellm
from bench.routing_robustness import robustness_table
from bench.routing_table import Row, Table, Target
from bench.routing_times import LENGTHS, texts_of, time_table
from routing.task_heads import TaskHeads
from routing.types import Modality, TaskCategory
from scripts.training_messages import Labelled as Message

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.routing_data import Labelled

PROMPTS = [f"What is {number} plus {number + 1}, and why does it matter to a cook?" for number in range(80)]


@pytest.fixture(scope="module")
def probe() -> list[Labelled]:
    return read_messages(PROBE)


@pytest.fixture(scope="module")
def nearest(probe: list[Labelled]) -> NearestUtterance:
    return NearestUtterance(probe[::4])


# --- data -------------------------------------------------------------------------------------------------------------


def write_sets(folder: Path) -> None:
    """Four small files of the shape of the public ones."""
    exams: list[dict[str, object]] = [
        {"prompt": prompt, "subject": "cooking", "weak_right": number % 2 == 0, "strong_right": number % 3 > 0}
        for number, prompt in enumerate(PROMPTS)
    ]
    nine: list[dict[str, object]] = [
        {"prompt": prompt, "scores": {"small": number % 2, "large": (number + 1) % 4 > 0}}
        for number, prompt in enumerate(PROMPTS)
    ]
    tasks: list[dict[str, object]] = [
        {"prompt": prompt, "task": ("gsm8k", "mbpp")[number % 2]} for number, prompt in enumerate(PROMPTS)
    ]
    files: list[list[dict[str, object]]] = [exams, exams, nine, tasks]
    for name, lines in zip(FILES, files, strict=True):
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def test_sets_that_are_not_there_are_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=r"gsm8k_train.*--data"):
        read_sets(tmp_path)


def test_sets_are_read_whole_or_thinned_evenly(tmp_path: Path) -> None:
    """The nine models' rows get their data set by the prompt."""
    write_sets(tmp_path)
    sets = read_sets(tmp_path)
    assert [len(rows) for rows in sets.exams.values()] == [80, 80]
    assert {row.data_set for row in sets.scored} == {"gsm8k", "mbpp"}
    assert [row.prompt for row in read_sets(tmp_path, 4).prompts] == PROMPTS[::20]


def test_the_probe_is_as_large_as_wanted_and_apart_from_what_is_trained_on(probe: list[Labelled]) -> None:
    """The few messages that anybody writes are in both by chance, and are not asked about."""
    ours = our_messages()
    unseen = unseen_probe(ours)
    assert len(unseen) >= 300
    assert not {(message.text, message.after) for message in ours} & {(one.text, one.after) for one in unseen}
    assert unseen_probe(probe) == []


def test_a_message_is_asked_as_the_bot_would_get_it(probe: list[Labelled]) -> None:
    """A follow-up has what went before, a caption its attachment."""
    follow_up = next(message for message in probe if message.after)
    assert follow_up.query.history[0].content == follow_up.after
    caption = next(message for message in probe if "caption" in message.tags)
    assert caption.query.attachments[0].modality is caption.modality is not Modality.TEXT


class ShippedHeads(HeadsFit):
    """Takes the trained heads instead of training some."""

    def __call__(self, train_on: object) -> TaskHeads:
        """Whatever the rows."""
        return TaskHeads.load()


# --- what is trained on -----------------------------------------------------------------------------------------------


def test_no_score_comes_from_a_fit_on_its_own_row() -> None:
    """Each row is asked about once, by a fit on the four other folds."""

    def fit(train: Sequence[Exam]):
        known = {row.prompt for row in train}
        assert len(known) == 64
        return lambda prompts: np.array([float(prompt in known) - 1 for prompt in prompts])

    rows = [Exam(prompt, "cooking", weak_right=True, strong_right=True) for prompt in PROMPTS]
    assert set(held_out_scores(rows, 0, fit)) == {-1.0}


def test_no_category_comes_from_a_fit_on_its_own_row() -> None:
    def fit(train: Sequence[TaskPrompt]):
        known = {row.prompt for row in train}
        return lambda prompt: TaskCategory.CODE if prompt in known else TaskCategory.MATH

    rows = [TaskPrompt(prompt, "gsm8k") for prompt in PROMPTS]
    assert held_out_categories(rows, fit, 0) == [TaskCategory.MATH] * 80


def test_a_prompt_that_is_asked_about_is_not_trained_on_in_any_form() -> None:
    """Neither as it is, nor with the options that another set prints behind it."""
    seen, asked = TaskPrompt("What is iron?", "mmlu"), TaskPrompt("What is wood?", "mmlu")
    options = "\nA. a metal\nB. a plant\nAnswer:"
    sets = [Message(text, "question") for one in (seen, asked) for text in (one.prompt, one.prompt + options)]
    fit = HeadsFit([Message("hi", "greeting")], sets, frozenset({seen.prompt, asked.prompt}))
    assert [message.text for message in fit.messages([seen])] == ["hi", seen.prompt, seen.prompt + options]


def test_a_data_set_that_is_left_out_is_not_trained_on() -> None:
    """Neither in the folds, by rows, nor where a whole set is unseen."""
    seen: list[set[str]] = []

    def fit(train: Sequence[Scored]):
        known = {row.prompt for row in train}
        seen.append({row.data_set for row in train})

        def chances(prompt: str) -> dict[str, float]:
            return {"right": float(prompt not in known), "wrong": 0.5}

        return chances, chances

    rows = [Scored(prompt, "ab"[number % 2], {"right": 1.0, "wrong": 0.0}) for number, prompt in enumerate(PROMPTS)]
    assert all(one.ours == 1.0 for one in folded(rows, fit, 0))
    seen.clear()
    assert all(one.ours == 1.0 for one in left_out(rows, fit))
    assert seen == [{"b"}, {"a"}]


def test_the_gap_is_recovered_by_who_knows_and_by_half_at_random() -> None:
    """With the metric's ten steps, of which an oracle needs the fifth."""
    rows = [Exam(str(number), "numbers", weak_right=number >= 50, strong_right=True) for number in range(100)]
    oracle = figures(np.arange(100)[::-1].astype(float), rows)
    assert oracle == pytest.approx((0.75, 0.25, 0.4))
    assert figures(np.random.default_rng(0).random(100), rows)[0] == pytest.approx(0.5, abs=0.1)


# --- contestants ------------------------------------------------------------------------------------------------------


def test_a_text_is_what_its_nearest_utterances_are(probe: list[Labelled], nearest: NearestUtterance) -> None:
    """What it knows it gives back, and it bears a text without words."""
    known = probe[0]
    assert NearestUtterance([known] * 6).category(known.text) is known.category
    assert nearest.category("") in TaskCategory
    assert 0.0 <= nearest.effort("write me an app that sorts photos") <= 4.0


class LocalRouter:
    """Classifies in the way of LiteLLM: a coroutine that waits for nothing."""

    def __init__(self, forecast: object) -> None:
        self._forecast = forecast

    async def aclassify(self, text: str) -> SimpleNamespace:
        """Give its longest answer to the longest text."""
        return SimpleNamespace(score=float(len(text)), heuristic_v2_forecast=self._forecast)


def test_litellm_is_asked_by_the_call_that_decides() -> None:
    """v1 gives a score, v2 the chance that its least tier does."""
    assert judged(LocalRouter(None), ["four"]) == [(4.0, "")]
    forecast = {"probabilities": {"SIMPLE": 0.75}, "request_type": "writing"}
    assert judged(LocalRouter(forecast), ["four"]) == [(0.25, "writing")]


def test_a_call_that_waits_is_not_taken_for_a_decision() -> None:
    class Waiting:
        def aclassify(self, text: str):
            yield text

    with pytest.raises(RuntimeError, match="waited"):
        decided(Waiting(), "hello")


def test_each_call_is_timed() -> None:
    asked: list[str] = []
    assert len(microseconds(asked.append, ["a", "b"], 3)) == 6
    assert asked == ["a", "b"] * 4


def test_an_interpreter_without_litellm_is_found_out(tmp_path: Path) -> None:
    """Instead of a table without it, when it was asked for."""
    empty = tmp_path / "python"
    empty.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    empty.chmod(0o755)
    with pytest.raises(RuntimeError, match="has ended"), litellm(str(empty)):
        pytest.fail("it must not be taken for one that answers")


def test_the_child_answers_a_line_with_a_line(tmp_path: Path) -> None:
    """Spoken to through its pipes, as bench.routing does, with a stand-in of the same protocol."""
    child = tmp_path / "python"
    child.write_text(
        f"#!{sys.executable}\nimport json, sys\nprint(json.dumps('1.0'), flush=True)\n"
        "for line in sys.stdin:\n    texts = json.loads(line)['texts']\n"
        "    print(json.dumps([[len(text), 'writing'] for text in texts]), flush=True)\n",
        encoding="utf-8",
    )
    child.chmod(0o755)
    with litellm(str(child)) as rival:
        assert rival is not None
        assert rival.version == "1.0"
        assert rival.scores("LiteLLM v1", ["a", "bb\n"]) == [1, 3]
        assert rival.categories("LiteLLM v2", ["a"]) == [TaskCategory.CREATIVE]


# --- noise ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NOISES)
def test_noise_is_drawn_by_its_seed(name: str) -> None:
    """The same again for a seed, and never an error, whatever the text."""
    for text in ("", "a", "What is the capital of France?", "x" * 5, "कितने बजे हैं", "\ud800"):
        assert NOISES[name](text, 1) == NOISES[name](text, 1)


def test_typos_touch_one_word_in_eight_and_one_at_least() -> None:
    text = "Explain " * 32
    changed = with_typos(text, 1)
    assert sum(word != "Explain" for word in changed.split()) == 4
    assert with_typos("Explain it", 1) != "Explain it"
    assert len({with_typos(text, seed) for seed in range(5)}) == 5


def test_padding_adds_white_space_alone() -> None:
    text = "How do I cook rice without a lid, please?"
    assert padded(text, 1) != text
    assert padded(text, 1).split() == text.split()


# --- tables -----------------------------------------------------------------------------------------------------------


def test_a_target_says_whether_it_is_met() -> None:
    assert Target(0.68).verdict(0.68) == "at least 0.68: met"
    assert Target(0.68).verdict(0.679) == "at least 0.68: NOT MET"
    assert Target(60.0, at_most=True).verdict(60.0) == "under 60: NOT MET"
    assert Target(60.0, at_most=True).verdict(59.9) == "under 60: met"


def test_figures_stand_under_their_columns() -> None:
    table = Table("title", ("APGR", "CPT50"), [Row("ours", (0.5, None), ("met",))])
    title, head, row = table.lines()
    assert title == "title"
    assert [head.index("APGR") + 4, head.index("CPT50") + 5] == [row.index("0.500") + 5, row.index("-") + 1]
    assert row.endswith("   met")


def test_texts_have_exactly_their_length(probe: list[Labelled]) -> None:
    for length in LENGTHS:
        texts = texts_of(probe, length)
        assert {len(text) for text in texts} == {length}
        assert len(set(texts)) > len(texts) / 2
    assert texts_of(probe, 100) == texts_of(probe, 100)


@pytest.mark.parametrize("given", ["", "g", "a,x"])
def test_parts_that_do_not_exist_are_refused(given: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="name parts out of a, b"):
        routing.parts(given)


def test_a_misread_probe_shows_in_its_table(probe: list[Labelled], nearest: NearestUtterance) -> None:
    """Of two messages, one with a wrong label on purpose, half are right."""
    greeting = next(message for message in probe if message.category is TaskCategory.GREETING)
    wrong = replace(greeting, category=TaskCategory.MATH, language="de")
    by_tag, by_language = probe_tables([greeting, wrong], nearest, None)
    assert by_tag.rows[0].figures[0] == 50.0
    assert by_tag.rows[0].verdicts == ("at least 95: NOT MET",)
    assert by_tag.rows[0].figures[2] is None
    assert [row.name for row in by_language.rows] == ["all", *sorted({greeting.language, "de"})]


def test_a_choice_that_stays_counts_as_one(nearest: NearestUtterance) -> None:
    """Greetings in any case are greetings."""
    table = robustness_table({"probe": ["thank you very much"]}, nearest, 0)
    cased = next(row for row in table.rows if row.name == "upper case")
    assert cased.figures[:3] == [100.0, 100.0, 100.0]


def test_every_contestant_is_timed_at_every_length(probe: list[Labelled], nearest: NearestUtterance) -> None:
    table = time_table(probe, nearest, None, 0.001)
    assert [len(row.figures) for row in table.rows] == [2 * len(LENGTHS)] * 5
    assert all(figure > 0 for row in table.rows for figure in row.figures if figure)
    assert len(table.rows[0].verdicts) == 2


def test_the_bench_runs_to_its_tables(tmp_path: Path, probe: list[Labelled], nearest: NearestUtterance) -> None:
    """All that needs the public sets, on small ones; without them it is left out."""
    write_sets(tmp_path)
    bench = routing.Bench(
        sets=read_sets(tmp_path),
        fit=ShippedHeads([], [], frozenset()),
        messages=probe[:60],
        probe=probe[:20],
        nearest=nearest,
        rival=None,
        seed=0,
        seeds=1,
        calls=0.001,
    )
    lines = [line for table in bench.tables("abcd") for line in table.lines()]
    shown = "".join(line[1] for line in lines if line.startswith("("))
    assert shown == "aabccdddd"
    without = replace(bench, sets=None)
    assert [table.title[:3] for table in without.tables("abcd")] == ["(d)", "(d)", "(d)"]
