"""Each request is sampled as it asks to be: with its seed, its penalties and its limits, whoever is beside it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import mlx.core as mx
import pytest
from mlx_lm.models.cache import make_prompt_cache
from mlx_lm.sample_utils import make_logits_processors

from routing.model_backends.mlx_engine.sampling import PENALTY_TOKENS, Samplers, SeededSampler
from routing.model_backends.mlx_engine.sequences import Sequence
from routing.model_backends.mlx_engine.solo import Solo
from routing.model_backends.mlx_protocol import Sampling, WorkerFailure
from tests.mlx_models import make_model
from tests.mlx_runs import GREEDY, Runs, load, streamed

if TYPE_CHECKING:
    from routing.model_backends.mlx_engine.loading import LoadedModel


@pytest.fixture(scope="module")
def loaded(tmp_path_factory) -> LoadedModel:
    return load(make_model(tmp_path_factory.mktemp("models") / "qwen"))


def logprobs(*weights: float) -> mx.array:
    """One row of log probabilities."""
    return mx.log(mx.array([weights]) / sum(weights))


# --- samplers ---------------------------------------------------------------------------------------------------------


def test_the_same_wishes_share_a_sampler():
    """Rows that hold the same object are sampled in one call."""
    samplers = Samplers(4)
    assert samplers.sampler(Sampling(top_p=0.9)) is samplers.sampler(Sampling(top_p=0.9))
    assert samplers.sampler(Sampling(top_p=0.9)) is not samplers.sampler(Sampling(top_p=0.8))
    assert samplers.processors(Sampling(repeat_penalty=1.1)) is samplers.processors(Sampling(repeat_penalty=1.1))


def test_seeded_requests_share_nothing_but_when_greedy():
    """A seed's place in its answer is its own."""
    samplers = Samplers(4)
    assert samplers.sampler(Sampling(seed=1)) is not samplers.sampler(Sampling(seed=1))
    assert samplers.sampler(Sampling(seed=1, temperature=0)) is samplers.sampler(GREEDY)


@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize(
    ("wishes", "drawn"),
    [
        ({"temperature": 0.0}, {1}),
        ({"top_k": 2}, {1, 2}),
        ({"top_k": 9}, {0, 1, 2, 3}),
        ({"top_p": 0.75}, {1, 2}),
        ({"min_p": 0.15}, {1, 2, 3}),
        ({}, {0, 1, 2, 3}),
    ],
)
def test_unlikely_tokens_are_left_out(wishes, drawn, seed):
    """Each option draws from the tokens that it leaves, and from all of them."""
    sampler = Samplers(4).sampler(Sampling(**({"temperature": 1.0} | wishes), seed=seed))
    counts = Counter(str(sampler(logprobs(0.05, 0.5, 0.3, 0.15)).item()) for _ in range(200))
    assert set(counts) == set(map(str, drawn))


def test_seeded_draws_have_the_right_shares():
    """A key for each place draws as often as the probabilities say."""
    sampler = SeededSampler(Sampling(temperature=1.0, seed=3), 3, 3)
    drawn: Any = sampler(mx.repeat(logprobs(0.6, 0.3, 0.1), 600, axis=0)).tolist()
    counts = Counter(drawn)
    assert counts[0] / 600 == pytest.approx(0.6, abs=0.07)
    assert counts[2] / 600 == pytest.approx(0.1, abs=0.05)


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(min_p=3),
        Sampling(min_p=float("nan")),
        Sampling(top_p=-0.1),
        Sampling(temperature=-1),
        Sampling(temperature=float("inf")),
        Sampling(repeat_penalty=0),
    ],
)
def test_wishes_that_make_no_sense_are_told(loaded, sampling):
    """They fail alone, before anything is sampled with them, and the next request can be drawn for."""
    runs = Runs(loaded)
    with pytest.raises(WorkerFailure, match=r"must be from \S+ to \S+: change it in models.toml"):
        runs.ask("the day", sampling=sampling)
    assert runs.answer("the day", 5, sampling=Sampling(temperature=1.0))


# --- seeds ------------------------------------------------------------------------------------------------------------


def test_a_seed_repeats_an_answer_whoever_is_beside_it(loaded):
    """Alone, in a batch, joining, and after its neighbours have gone, a seed gives one answer."""
    sampling = Sampling(temperature=0.8, seed=42)
    alone = Runs(loaded).answer("the day", 50, sampling=sampling)
    runs = Runs(loaded)
    runs.ask("one two three", 20, sampling=Sampling(temperature=1.0))
    runs.steps(3)
    number = runs.ask("the day", 50, sampling=sampling)
    runs.steps(3)
    runs.ask("a man and a tree", 10, sampling=Sampling(temperature=0.9, seed=42))
    runs.finish()
    assert runs.text[number] == alone
    assert Runs(loaded).answer("the day", 50, sampling=Sampling(temperature=0.8, seed=43)) != alone


def test_without_a_seed_answers_differ(loaded):
    """Nobody gets the same story twice."""
    assert len({Runs(loaded).answer("the day", 30, sampling=Sampling(temperature=1.5)) for _ in range(4)}) == 4


def test_greedy_neighbours_of_those_who_draw_stay_greedy(loaded):
    """Each row of a batch is sampled by its own sampler."""
    runs = Runs(loaded)
    runs.ask("one two", 40, sampling=Sampling(temperature=1.2))
    greedy = runs.ask("the day", 40)
    runs.ask("one two", 40, sampling=Sampling(temperature=0.4, seed=1))
    runs.finish()
    assert runs.text[greedy] == streamed(loaded, "the day", 40)


# --- penalties --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("others", [0, 2])
@pytest.mark.parametrize(
    ("sampling", "options"),
    [
        (Sampling(temperature=0, repeat_penalty=1.5), {"repetition_penalty": 1.5}),
        (Sampling(temperature=0, presence_penalty=1.2), {"presence_penalty": 1.2}),
        (Sampling(temperature=0, frequency_penalty=0.9), {"frequency_penalty": 0.9}),
    ],
)
def test_penalties_are_those_of_mlx_lm(loaded, sampling, options, others):
    """With a penalty, too, the answer is stream_generate's, alone and in a batch; and not the one without it."""
    sizes: dict[str, Any] = {name.replace("penalty", "context_size"): PENALTY_TOKENS for name in options}
    processors = make_logits_processors(**options, **sizes)
    expected = streamed(loaded, "the day of the man", 60, logits_processors=processors)
    assert expected != streamed(loaded, "the day of the man", 60)
    runs = Runs(loaded)
    for _ in range(others):
        runs.ask("one two", 30)
    number = runs.ask("the day of the man", 60, sampling=sampling)
    runs.finish()
    assert runs.text[number] == expected


def test_processors_see_each_token_once(loaded):
    """Alone, what a penalty looks at is the latest tokens, the one just fed among them, none twice."""
    seen = []

    def record(tokens, logits):
        seen.append(tokens.tolist())
        return logits

    tokens = list(range(30, 130))
    kv = make_prompt_cache(loaded.model)
    loaded.model(mx.array([tokens[:-1]]), cache=kv)
    sampler = Samplers(len(loaded.tokenizer)).sampler(GREEDY)
    sequence = Sequence(1, list(tokens), len(tokens), 9, kv, len(tokens) - 1, sampler, (record,))
    solo = Solo(loaded.model, sequence)
    for _ in range(3):
        solo.step(ahead=True)
    assert seen[0] == tokens[-PENALTY_TOKENS:]
    assert seen[3] == sequence.tokens[-PENALTY_TOKENS:]


def test_penalties_hold_with_a_draft_model(loaded, tmp_path_factory):
    """What is drafted is judged by the tokens before it, drafted ones included."""
    draft = load(make_model(tmp_path_factory.mktemp("models") / "draft", layers=1))
    sampling = Sampling(temperature=0, repeat_penalty=1.5)
    runs, without = Runs(loaded, draft=draft), Runs(loaded)
    answers = [one.answer("the day of the man", 60, sampling=sampling) for one in (runs, without)]
    assert answers[0] == answers[1]
    assert runs.done[1].drafted_tokens > 10
