"""The trained heads: probabilities that add up, prior where nothing is known, and weights that fit the features."""

from __future__ import annotations

import math

import numpy as np
import pytest

from routing.chunk_sums import known_words
from routing.hashed_rows import ROWS
from routing.lexical_figures import LEXICAL_NAMES
from routing.stored_weights import WEIGHTS
from routing.task_heads import CATEGORIES, NEEDS, TaskHeads
from routing.text_features import MARKS, read_features
from routing.types import TaskCategory


@pytest.fixture(scope="module")
def heads():
    return TaskHeads.load()


@pytest.fixture(scope="module")
def weights():
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


@pytest.mark.parametrize(
    "text", ["hi", "", "?", "\ud800", "नमस्ते", "def f(x): return x", "x" * 3000, "你好，今天天气怎么样", "0" * 5000]
)
def test_every_judgement_is_in_its_bounds(heads, text):
    """Probabilities are probabilities, and lengths and scores those of a message, whatever the text."""
    found = heads.judge(read_features(text))
    assert sum(found.categories.values()) == pytest.approx(1)
    assert list(found.categories) == list(TaskCategory)
    assert list(found.needs) == list(NEEDS)
    shares = [*found.categories.values(), *found.needs.values(), found.follows, found.familiarity, found.score]
    assert all(0 <= share <= 1 for share in (*shares, found.benefit))
    assert 20 <= found.answer_tokens <= 3000


def test_what_is_shipped_fits_the_features(weights):
    """A changed table of features needs new weights: their sizes are those of the features."""
    assert weights["category/rows"].shape[0] == ROWS
    assert weights["category/marks"].shape[0] == MARKS
    assert weights["category/lexical"].shape[0] == len(LEXICAL_NAMES)
    assert WEIGHTS.stat().st_size < 2_000_000


def test_a_strange_text_is_less_familiar(heads):
    """The share of known words falls with words that nobody writes."""
    usual = heads.judge(read_features("write a letter to my landlord about the heating"))
    strange = heads.judge(read_features("qwzx vvkrp ttlmnq a zzgh pqrrst"))
    assert usual.familiarity > 0.8
    assert strange.familiarity < 0.4


def test_trust_in_unknown_words_shrinks_to_the_prior(weights):
    """Where no word is known and trust hangs on that, each category has its prior."""
    nobody = TaskHeads(
        weights | {"category/known": known_words(np.zeros(0, np.uint32)), "category/trust": np.array([0.0, 1.0])}
    )
    found = nobody.judge(read_features("write a poem about autumn"))
    assert list(found.categories.values()) == pytest.approx(weights["category/prior"].tolist())


def test_the_temperature_softens_without_changing_the_order(weights):
    """A higher temperature takes confidence away from the first category, which stays the first."""
    text = read_features("write a poem about autumn")
    sharp, soft = (
        TaskHeads(weights | {"category/temperature": np.array(figure, np.float32)}).judge(text).categories
        for figure in (0.5, 3.0)
    )
    assert max(sharp, key=sharp.__getitem__) is max(soft, key=soft.__getitem__) is TaskCategory.CREATIVE
    assert soft[TaskCategory.CREATIVE] < sharp[TaskCategory.CREATIVE]


@pytest.mark.parametrize(
    ("text", "need"),
    [
        ("remind me to call the dentist tomorrow at nine", "reminder"),
        ("will it rain in hamburg this afternoon", "live_data"),
        ("find the invoice pdf in my downloads folder", "file"),
    ],
)
def test_what_is_needed_from_outside_is_told(heads, text, need):
    """The likeliest need is the one that the request has."""
    needs = heads.judge(read_features(text)).needs
    assert max(needs, key=needs.__getitem__) == need


def test_the_score_rises_with_the_effort(heads):
    """A whole project scores above a snippet, and that above a fact."""
    texts = (
        "capital of chile",
        "write a regex for dates",
        "build a complete web shop with login, cart, payments, admin pages, tests and deployment, all files please",
    )
    scores = [heads.judge(read_features(text)).score for text in texts]
    assert scores == sorted(scores)
    assert scores[-1] - scores[0] > 0.3


def test_a_text_without_features_gets_the_bias_alone(weights):
    """With all weights at nought each category is as likely as the bias says."""
    blank = {
        name: np.zeros_like(array) if name in ("category/rows", "category/marks", "category/lexical") else array
        for name, array in weights.items()
    }
    bias = blank["category/bias"][: len(CATEGORIES)] / float(blank["category/temperature"])
    powers = [math.exp(figure) for figure in bias]
    found = TaskHeads(blank | {"category/trust": np.array([1.0, 0.0])}).judge(read_features("anything"))
    assert list(found.categories.values()) == pytest.approx([power / sum(powers) for power in powers], rel=1e-4)
