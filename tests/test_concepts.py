"""The concepts of words: whole words, beginnings, phrases, scripts without spaces, and misspelt ones."""

from __future__ import annotations

import pytest

from routing.concepts import Concepts, shipped_concepts
from routing.words import words_of

TABLE = """
# a remark
poem: poem poems gedicht* कविता 诗
weather: weather the_forecast 天气
code: function script
"""


def found(text, concepts=None):
    table = concepts or Concepts(TABLE)
    return [table.names[concept] for concept in table.found_in(words_of(text))]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a poem on the weather", ["poem", "weather"]),
        ("Gedichte", ["poem"]),
        ("what does the forecast say", ["weather"]),
        ("कविताएँ लिखो", ["poem"]),
        ("写一首关于天气的诗", ["weather", "poem"]),
        ("a fucntion, a functon, a funcction", ["code", "code", "code"]),
        ("nothing of it", []),
        ("", []),
    ],
)
def test_words_are_found_in_their_order(text, names):
    """Whole, by their beginning where a star or the script allows, as a phrase, within a run, and misspelt."""
    assert found(text) == names


@pytest.mark.parametrize("text", ["poetry", "whether", "subscript", "forecast"])
def test_a_word_within_another_is_none(text):
    """A concept is not found by letters alone, nor a phrase by one of its words."""
    assert found(text) == []


@pytest.mark.parametrize(
    ("concept", "texts"),
    [
        ("poem", ["a poem", "ein Gedicht", "un poema", "стихотворение", "एक कविता", "ஒரு கவிதை", "一首诗"]),
        ("remind", ["remind me", "erinnere mich", "напомни мне", "मुझे याद दिलाना", "알람 맞춰", "提醒我"]),
    ],
)
def test_the_shipped_table_speaks_many_languages(concept, texts):
    """The same thing said in another language is the same concept."""
    assert all(concept in found(text, shipped_concepts()) for text in texts)


def test_there_is_room_for_every_concept():
    """The marks hold the first 128."""
    assert len(shipped_concepts().names) <= 128
    assert len(set(shipped_concepts().names)) == len(shipped_concepts().names)
