"""Requests run together say what each would say alone, whoever comes and goes beside them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import mlx.core as mx
import pytest

from routing.model_backends.mlx_engine.prefixes import PrefixCache
from routing.model_backends.mlx_engine.solo import Solo
from routing.model_backends.mlx_protocol import Sampling, WorkerFailure
from tests.mlx_models import SHAPES, make_model
from tests.mlx_runs import WORDS, Runs, load, prompt, responses, streamed

if TYPE_CHECKING:
    from routing.model_backends.mlx_engine.loading import LoadedModel

LENGTHS = (1, 30, 4, 90, 12, 2, 55, 8)  # words; the longest prompt is some windows long


def question(words: int, seed: int = 0) -> str:
    """Some words, different for each seed."""
    return " ".join(random.Random(f"{words} {seed}").choices(WORDS, k=words))


@pytest.fixture(scope="module", params=SHAPES)
def loaded(request, tmp_path_factory) -> LoadedModel:
    return load(make_model(tmp_path_factory.mktemp("models") / request.param, request.param))


@pytest.fixture(scope="module")
def qwen(tmp_path_factory) -> LoadedModel:
    return load(make_model(tmp_path_factory.mktemp("models") / "qwen"))


# --- the same answers -------------------------------------------------------------------------------------------------


def test_answers_alone_as_stream_generate_does(loaded):
    """One request gets the tokens of single-stream greedy decoding."""
    for words in (1, 30, 90):
        assert Runs(loaded).answer(question(words)) == streamed(loaded, question(words), 40)


def test_these_models_answer_differently(qwen):
    """The comparison means something: answers are long, varied, and depend on the whole question."""
    answers = [streamed(qwen, question(12, seed), 40) for seed in range(5)]
    assert len(set(answers)) == 5
    assert all(len(set(answer.split())) > 5 for answer in answers)


@pytest.mark.parametrize("width", [2, 3, 8])
def test_a_batch_answers_as_each_would_alone(loaded, width):
    """Requests of different lengths that come at once don't change each other's answers."""
    runs = Runs(loaded)
    asked = {runs.ask(question(words), 30 + words % 7): words for words in LENGTHS[:width]}
    runs.finish()
    expected = {number: streamed(loaded, question(words), 30 + words % 7) for number, words in asked.items()}
    assert {number: runs.text[number] for number in asked} == expected


def test_joining_in_mid_stream_changes_nothing(loaded):
    """A newcomer joins a running answer, and another both of them."""
    runs = Runs(loaded)
    asked = {}
    for words in LENGTHS[:5]:
        asked[runs.ask(question(words), 50)] = words
        runs.steps(7)
    assert len(runs.runner.running_ids) == 5
    runs.finish()
    assert all(runs.text[number] == streamed(loaded, question(words), 50) for number, words in asked.items())


def test_moves_from_alone_to_a_batch_and_back(loaded):
    """An answer that begins alone, has company for a while and ends alone is the same as ever."""
    runs = Runs(loaded)
    long = runs.ask(question(20), 90)
    runs.steps(11)
    for seed in range(2):
        short = runs.ask(question(9, seed), 12)
        runs.steps(5)
        assert len(runs.runner._decoding._batched) == 2
        runs.steps(20)
        assert len(runs.runner._decoding._alone) == runs.runner._decoding.movable
        assert runs.text[short] == streamed(loaded, question(9, seed), 12)
    runs.finish()
    assert runs.text[long] == streamed(loaded, question(20), 90)


@pytest.mark.parametrize("at", [0, 1, 2, 5, 20])
def test_cancelling_leaves_the_neighbours_alone(loaded, at):
    """A cancelled request says nothing more, and its neighbours say what they would have said."""
    runs = Runs(loaded)
    first, second, third = (runs.ask(question(words), 40) for words in (30, 60, 7))
    runs.steps(at)
    runs.runner.cancel(second)
    said = runs.text[second]
    assert second not in runs.runner.running_ids
    runs.finish()
    assert runs.text[second] == said
    assert second not in runs.done
    assert runs.text[first] == streamed(loaded, question(30), 40)
    assert runs.text[third] == streamed(loaded, question(7), 40)


def test_a_cancelled_request_leaves_the_runner_idle(qwen):
    """The only request is gone at once, whether it waits, reads or answers."""
    for steps in (0, 1, 9):
        runs = Runs(qwen)
        number = runs.ask(question(30))
        runs.steps(steps)
        runs.runner.cancel(number)
        assert runs.runner.idle
        assert runs.runner.step() == []


def test_many_come_and_go(loaded):
    """A long shuffle of arrivals and cancellations, with prefixes reused, changes no answer."""
    dice = random.Random(5)
    runs = Runs(loaded, prefix_bytes=10**8)
    asked, cancelled = {}, set()
    for seed in range(25):
        words, tokens = dice.choice(LENGTHS), dice.choice([1, 2, 10, 40])
        asked[runs.ask(question(words, seed % 6), tokens)] = (words, seed % 6, tokens)
        runs.steps(dice.choice([0, 1, 2, 9]))
        if dice.random() < 0.2 and runs.runner.running_ids:
            cancelled.add(dice.choice(runs.runner.running_ids))
            runs.runner.cancel(max(cancelled))
    runs.finish()
    for number, (words, seed, tokens) in asked.items():
        expected = streamed(loaded, question(words, seed), tokens)
        assert expected.startswith(runs.text[number]) if number in cancelled else runs.text[number] == expected


# --- prefixes ---------------------------------------------------------------------------------------------------------


def test_the_second_turn_reads_only_what_is_new(loaded):
    """A chat's next turn finds the turn before in the cache, and answers as if it had not."""
    runs = Runs(loaded, prefix_bytes=10**8)
    talk = [("system", question(12)), ("user", question(40))]
    before = 1
    for _ in range(3):
        number = runs.ask(talk)
        runs.finish()
        assert runs.text[number] == streamed(loaded, talk, 40)
        assert runs.done[number].cached_tokens >= before - 1
        before = runs.done[number].prompt_tokens
        talk += [("assistant", runs.text[number]), ("user", question(3, len(talk)))]


def test_several_chats_keep_theirs_side_by_side(loaded):
    """Chats that run in one batch find their own prefixes again."""
    runs = Runs(loaded, prefix_bytes=10**8)
    chats = [[("user", question(20 + n, n))] for n in range(3)]
    for turn in range(2):
        asked = [runs.ask(chat, 20) for chat in chats]
        runs.finish()
        for chat, number in zip(chats, asked, strict=True):
            assert runs.text[number] == streamed(loaded, chat, 20)
            assert (runs.done[number].cached_tokens > 20) is (turn == 1)
            chat += [("assistant", runs.text[number]), ("user", question(2))]


def test_the_same_question_again_computes_next_to_nothing(loaded):
    """An exact hit leaves one token to compute, and gets the same answer."""
    runs = Runs(loaded, prefix_bytes=10**8)
    first, second = runs.answer(question(30)), runs.answer(question(30))
    assert first == second == streamed(loaded, question(30), 40)
    assert runs.done[2].cached_tokens == runs.done[2].prompt_tokens - 1


def test_what_was_cancelled_is_kept_too(qwen):
    """Asking again after a stop, in mid-prompt or in mid-answer, does not read the prompt again."""
    runs = Runs(qwen, prefix_bytes=10**8)
    number = runs.ask(question(60))
    runs.steps(5)
    runs.runner.cancel(number)
    assert runs.answer(question(60)) == streamed(qwen, question(60), 40)
    assert runs.done[2].cached_tokens == runs.done[2].prompt_tokens - 1


# --- a draft model ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def draft(tmp_path_factory) -> LoadedModel:
    """The first layer of `qwen`, which guesses two tokens of three."""
    return load(make_model(tmp_path_factory.mktemp("models") / "draft", layers=1))


@pytest.mark.parametrize("tokens", [1, 2, 3, 5, 61])
def test_a_draft_model_changes_no_answer(qwen, draft, tokens):
    """Greedy output with a draft model is that without one, to the last token."""
    runs = Runs(qwen, draft=draft)
    assert runs.answer(question(9), tokens) == streamed(qwen, question(9), tokens)
    assert runs.done[1].output_tokens == tokens
    assert (runs.done[1].drafted_tokens > 20) is (tokens == 61)


def test_the_draft_model_forgets_what_was_wrong(qwen, draft):
    """Each guess follows from what was really said: just as many are right as when the draft model reads it anew."""
    runs = Runs(qwen, draft=draft)
    runs.answer(question(9), 60)
    read = prompt(qwen, question(9))
    said = [response.token for response in responses(qwen, question(9), 60)]
    guesses: Any = mx.argmax(draft.model(mx.array([read + said]))[0], axis=-1).tolist()
    right = [guess == token for guess, token in zip(guesses[len(read) - 1 :], said, strict=False)]
    at, drafted = 1, 0  # the first token is drawn from the prompt
    while at < len(said):
        run = next((n for n in range(min(3, len(said) - at - 1)) if not right[at + n]), min(3, len(said) - at - 1))
        at, drafted = at + run + 1, drafted + run
    assert runs.done[1].drafted_tokens == drafted


def test_a_draft_model_saves_steps(qwen, draft):
    """What was guessed rightly is said at once."""
    with_draft, without = Runs(qwen, draft=draft), Runs(qwen)
    for runs in (with_draft, without):
        runs.answer(question(9), 60)
    assert with_draft.now < 0.7 * without.now


def test_a_second_request_ends_the_drafting(qwen, draft):
    """Two requests share a batch; when one is left it has help again, and neither says anything else."""
    runs = Runs(qwen, draft=draft, prefix_bytes=10**8)
    long = runs.ask(question(9), 120)
    runs.steps(5)
    short = runs.ask(question(30), 30)
    runs.finish()
    assert runs.text[long] == streamed(qwen, question(9), 120)
    assert runs.text[short] == streamed(qwen, question(30), 30)
    assert 20 < runs.done[long].drafted_tokens < 100


def test_a_bad_draft_model_is_given_up(qwen, tmp_path_factory):
    """One that never guesses rightly changes nothing, and is soon not asked any more."""
    bad = load(make_model(tmp_path_factory.mktemp("models") / "bad", layers=1, seed=9))
    runs = Runs(qwen, draft=bad)
    number = runs.ask(question(9), 120)
    runs.steps(70)
    assert isinstance(runs.runner._decoding._alone[number], Solo)
    runs.finish()
    assert runs.text[number] == streamed(qwen, question(9), 120)


def test_a_draft_model_that_reads_otherwise_is_not_used(qwen, tmp_path_factory):
    """Another vocabulary makes another model's tokens mean something else."""
    other = load(make_model(tmp_path_factory.mktemp("models") / "other", layers=1, thinking="model"))
    runs = Runs(qwen, draft=other)
    assert runs.answer(question(9), 60) == streamed(qwen, question(9), 60)
    assert runs.done[1].drafted_tokens == 0


def test_a_sliding_window_is_not_drafted_for(tmp_path_factory, draft):
    """A cache that cannot be cut back at any length has no draft model's help."""
    sliding = load(make_model(tmp_path_factory.mktemp("models") / "sliding", "sliding"))
    runs = Runs(sliding, draft=draft)
    assert runs.answer(question(9), 60) == streamed(sliding, question(9), 60)
    assert runs.done[1].drafted_tokens == 0


def test_seeded_draws_are_the_same_with_a_draft(qwen, draft):
    """Both models draw with the same keys, so a seed gives the same answer, and drafting still helps."""
    seeded = Sampling(temperature=0.7, seed=3)
    with_draft, without = Runs(qwen, draft=draft), Runs(qwen)
    assert with_draft.answer(question(9), 80, sampling=seeded) == without.answer(question(9), 80, sampling=seeded)
    assert with_draft.done[1].drafted_tokens > 20


# --- room -------------------------------------------------------------------------------------------------------------


def test_who_finds_no_room_waits_in_line(qwen):
    """What two answers may need is there, the others wait, are told their place, and come in their order."""
    runs = Runs(qwen)
    need = qwen.kv_bytes(len(prompt(qwen, question(10))) + 30)
    runs = Runs(qwen, room=lambda: 2 * need + need // 2 - runs.runner.kv_bytes)
    numbers = [runs.ask(question(10), 30) for _ in range(5)]
    runs.steps(3)
    assert [runs.positions[number] for number in numbers] == [[], [], [1], [2], [3]]
    runs.finish()
    assert runs.positions[numbers[4]] == [3, 1] or runs.positions[numbers[4]] == [3, 2, 1]
    assert [runs.text[number] for number in numbers] == [streamed(qwen, question(10), 30)] * 5
    ends = [runs.done[number].first_token_seconds for number in numbers]
    assert ends == sorted(ends)


def test_a_small_request_does_not_overtake_a_large_one(qwen):
    """First in, first out: what is large would never come otherwise."""
    runs = Runs(qwen)
    runs = Runs(qwen, room=lambda: qwen.kv_bytes(200) - runs.runner.kv_bytes)
    runs.ask(question(10), 60)
    large, small = runs.ask(question(10), 120), runs.ask(question(1), 5)
    runs.finish()
    assert (runs.positions[large], runs.positions[small]) == ([1], [2])
    assert runs.done[small].first_token_seconds > 60


def test_what_cannot_fit_alone_is_refused(qwen):
    """A request that would never find room is told so; those behind it go on."""
    runs = Runs(qwen, room=lambda: qwen.kv_bytes(100))
    large, small = runs.ask(question(90), 400), runs.ask(question(3), 10)
    runs.finish()
    assert runs.failed[large].kind == "OutOfMemory"
    assert "Start a new chat, or pick a smaller model." in runs.failed[large].sentence
    assert runs.text[small] == streamed(qwen, question(3), 10)


def test_kept_prefixes_make_room_before_anybody_is_refused(qwen):
    """They only save time; the request that needs their memory gets it."""
    runs = Runs(qwen, prefix_bytes=10**8)
    runs.answer(question(60), 10)
    kept = runs.prefixes.bytes
    assert kept > 0
    need = qwen.kv_bytes(len(prompt(qwen, question(3))) + 85)
    runs.runner._kv_room_bytes = lambda: need + kept - 1 - runs.prefixes.bytes
    assert runs.answer(question(3), 85) == streamed(qwen, question(3), 85)


def test_a_prefix_that_cannot_be_kept_costs_no_answer(qwen, caplog):
    """The log has why."""
    runs = Runs(qwen, prefix_bytes=10**8)

    class Full(PrefixCache):
        def keep(self, loaded, tokens, kv):
            raise RuntimeError("no room")

    runs.runner._prefixes = Full(0)
    assert runs.answer(question(9)) == streamed(qwen, question(9), 40)
    assert runs.done[1].output_tokens == 40
    assert "could not be kept" in caplog.text


def test_a_large_request_waits_for_those_that_run(qwen):
    """It is refused only if nothing that runs could make room for it."""
    runs = Runs(qwen)
    runs = Runs(qwen, room=lambda: qwen.kv_bytes(150) - runs.runner.kv_bytes)
    runs.ask(question(3), 60)
    runs.steps(1)
    large = runs.ask(question(3), 110)
    runs.finish()
    assert runs.text[large] == streamed(qwen, question(3), 110)


def test_promises_are_counted_until_they_are_kept(qwen):
    """What an answer holds and what it may still take add up to what it was let in for."""
    runs = Runs(qwen)
    runs.ask(question(10), 30)
    runs.steps(10)
    promised = qwen.kv_bytes(len(prompt(qwen, question(10))) + 30)
    assert 0 < runs.runner.kv_bytes < promised
    assert runs.runner.kv_bytes + runs.runner.promised_bytes == promised
    runs.finish()
    assert (runs.runner.kv_bytes, runs.runner.promised_bytes) == (0, 0)


def test_a_conversation_longer_than_the_context_is_refused(qwen):
    """The sentence says how long both are, whichever limit is the smaller."""
    runs = Runs(qwen)
    with pytest.raises(WorkerFailure, match="and the model reads 50: start a new chat") as failure:
        runs.ask(question(60), context_tokens=50)
    assert failure.value.kind == "ContextTooLong"
    assert runs.runner.idle


def test_the_context_bounds_the_answer(qwen):
    """What the prompt leaves of the context is what the answer may have."""
    runs = Runs(qwen)
    tokens = len(prompt(qwen, question(10)))
    answer = runs.answer(question(10), 40, context_tokens=tokens + 6)
    assert answer == streamed(qwen, question(10), 6)
    assert runs.done[1].finish_reason == "length"


# --- failures ---------------------------------------------------------------------------------------------------------


def test_options_that_cannot_be_sampled_with_fail_alone(qwen):
    """They are tried out before a batch has to do with them."""
    runs = Runs(qwen)
    runs.ask(question(9))
    runs.steps(2)
    with pytest.raises(WorkerFailure) as failure:
        runs.ask(question(3), sampling=Sampling(min_p=7.0))
    assert failure.value.kind == "BadReply"
    runs.finish()
    assert runs.text[1] == streamed(qwen, question(9), 40)


@pytest.mark.parametrize("beside", [0, 2])
def test_text_that_fails_ends_its_own_request(qwen, beside):
    """A tokenizer that chokes on one answer's tokens leaves the other answers alone."""
    runs = Runs(qwen)
    others = [runs.ask(question(9, seed)) for seed in range(beside)]
    bad = runs.ask(question(4))
    runs.steps(3)
    runs.runner._answers[bad].text._detokenizer.tokenmap = None  # its vocabulary is lost
    runs.finish()
    assert runs.failed[bad].kind == "BadReply"
    assert "ask again" in runs.failed[bad].sentence
    assert "Traceback" in runs.failed[bad].detail
    assert [runs.text[number] for number in others] == [streamed(qwen, question(9, n), 40) for n in range(beside)]


def test_a_batch_that_fails_leaves_the_runner_usable(qwen):
    """Whoever was in it is told; the next request is answered."""
    runs = Runs(qwen)
    numbers = [runs.ask(question(9, seed)) for seed in range(2)]
    runs.steps(4)
    [batch] = runs.runner._decoding._batches
    batch._model = None
    runs.finish()
    assert set(runs.failed) == set(numbers)
    assert runs.answer(question(5)) == streamed(qwen, question(5), 40)


# --- figures ----------------------------------------------------------------------------------------------------------


def test_an_answer_ends_with_its_figures(qwen):
    """Tokens, seconds by the worker's clock, and memory."""
    runs = Runs(qwen)
    runs.now = 100.0
    number = runs.ask(question(10), 25)
    runs.finish()
    done = runs.done[number]
    assert (done.finish_reason, done.output_tokens, done.cached_tokens) == ("length", 25, 0)
    assert done.prompt_tokens == len(prompt(qwen, question(10)))
    assert done.first_token_seconds == 1
    assert done.decode_seconds == 24
    assert 0 < done.prompt_seconds < 1
    assert done.peak_bytes > qwen.weight_bytes


def test_an_answer_that_ends_by_itself(qwen):
    """The token that ends an answer is no part of its text, nor of its count."""
    tokens = [response.token for response in responses(qwen, question(10), 40)]
    ends = next(n for n in range(10, 40) if tokens[n] not in tokens[:n])
    qwen.tokenizer.eos_token_ids.add(tokens[ends])
    try:
        runs = Runs(qwen)
        numbers = [runs.ask(question(10)) for _ in range(2)]
        runs.finish()
    finally:
        qwen.tokenizer.eos_token_ids.discard(tokens[ends])
    for number in numbers:
        assert runs.text[number] == streamed(qwen, question(10), ends)
        assert (runs.done[number].finish_reason, runs.done[number].output_tokens) == ("stop", ends)


def test_nothing_is_said_after_the_end(qwen, draft):
    """An answer may end amid tokens that were drafted at once: those behind its end are none of it."""
    tokens = [response.token for response in responses(qwen, question(10), 40)]
    for ends in [n for n in range(1, 40) if tokens[n] not in tokens[:n]][:6]:
        qwen.tokenizer.eos_token_ids.add(tokens[ends])
        try:
            runs = Runs(qwen, draft=draft)
            answer = runs.answer(question(10))
        finally:
            qwen.tokenizer.eos_token_ids.discard(tokens[ends])
        assert answer == streamed(qwen, question(10), ends)
        assert runs.done[1].output_tokens == ends
