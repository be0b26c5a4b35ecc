"""The training corpus: every message is whole, labelled by the guide's words, and on its side of the split."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from routing.task_heads import CATEGORIES, NEEDS
from routing.types import Modality, TaskComplexity
from scripts.training_messages import FOLDS, Labelled, corpus, extras, joined, misspelt, rows_of, with_typos
from scripts.training_messages import TRAINING as FOLDER

KEYS = ["text", "category", "level", "tokens", "language", "topic", "modality", "needs", "after", "tags"]
# English, and the nine Indian languages that the specification names beside it.
LANGUAGES = {"en", "hi", "ta", "te", "bn", "mr", "gu", "kn", "ml", "pa"}


@pytest.fixture(scope="module")
def messages():
    return corpus()


@pytest.mark.parametrize("path", sorted((FOLDER / "messages").glob("*.jsonl")), ids=lambda path: path.stem)
def test_each_line_has_the_keys_in_their_order(path):
    """Six keys always, the others where they say something."""
    for row in rows_of(path):
        assert list(row) == [key for key in KEYS if key in row], row
        assert list(row)[:6] == KEYS[:6], row
        assert row.get("modality", Modality.IMAGE) in set(Modality) - {Modality.TEXT}, row


def test_the_labels_are_those_of_the_guide(messages):
    """Categories, levels and needs are known ones, lengths within bounds, and tools are needed for tool use alone."""
    for message in messages:
        assert message.category in CATEGORIES
        assert message.level in set(TaskComplexity)
        assert 20 <= (message.tokens or 0) <= 2000
        assert set(message.needs or ()) <= set(NEEDS)
        assert bool(message.needs) is (message.category == "tool_use"), message.text


def test_there_is_enough_of_every_kind(messages):
    """4,000 messages, every category, 150 in each language of the specification, and twenty other languages."""
    languages = Counter(message.language for message in messages)
    assert len(messages) >= 4000
    assert min(Counter(message.category for message in messages).values()) >= 300
    assert min(languages[language] for language in LANGUAGES) >= 150
    assert len(languages) >= len(LANGUAGES) + 20
    assert len({(message.before, message.text) for message in messages}) == len(messages)


def test_a_fifth_of_the_topics_is_held_out(messages):
    """A topic lies in one fold, the same on every machine."""
    held = sum(message.fold == 0 for message in messages) / len(messages)
    assert 0.1 < held < 0.25
    assert Labelled("", "code", topic="weather").fold == 0
    assert {message.fold for message in messages} == set(range(FOLDS))


def test_nothing_of_the_probe_is_learnt(messages):
    """What is measured on is not among what is trained on."""
    probe = {row["text"].lower() for row in rows_of(FOLDER.parent / "bench" / "routing_probe.jsonl")}
    assert probe.isdisjoint(message.text.lower() for message in messages if len(message.text) > 12)


def test_typing_errors_are_the_same_at_every_run_and_few():
    """The seed decides them; most letters stay."""
    text = "please write a short letter to the school about the trip"
    once, again = (with_typos(text, random.Random(3), 0.1) for _ in range(2))
    assert once == again != text
    assert abs(len(once) - len(text)) < 8
    assert with_typos(text, random.Random(3), 0.0) == text


def test_a_misspelt_copy_keeps_its_labels_and_counts_less():
    """Copies count less than the messages that they come from."""
    message = Labelled("write a poem about the old harbour", "creative", level="simple", tokens=90, topic="sea")
    copies = misspelt([message])
    assert {(copy.category, copy.level, copy.fold) for copy in copies} == {("creative", "simple", message.fold)}
    assert all(copy.weight < message.weight for copy in copies)


def test_a_follow_up_is_read_behind_what_it_goes_on_with():
    """As the classifier reads it."""
    assert joined("write a loop", "in rust?") == "write a loop\nin rust?"
    assert joined("", "in rust?") == "in rust?"


def test_the_specification_outweighs_any_message():
    """Its four queries must come out."""
    assert [one.text for one in extras() if one.weight > 1] == [
        "Hi",
        "What is Python?",
        "Write a function to calculate fibonacci numbers",
        "Explain quantum computing in detail with examples",
    ]
