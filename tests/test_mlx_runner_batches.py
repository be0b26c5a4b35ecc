"""Rows of like length share a batch, and prompts are read in chunks that let the others stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mlx.core as mx
import pytest
from mlx_lm.models.cache import make_prompt_cache

from routing.model_backends.mlx_engine.batches import Batches
from routing.model_backends.mlx_engine.drawing import Drawer
from routing.model_backends.mlx_engine.prefill import ChunkSizes, Prefill, boundaries_to_keep, next_to_read, read
from routing.model_backends.mlx_engine.sampling import Samplers
from routing.model_backends.mlx_engine.sequences import Sequence
from tests.mlx_models import make_model
from tests.mlx_runs import GREEDY, Runs, load, prompt, streamed

if TYPE_CHECKING:
    from routing.model_backends.mlx_engine.loading import LoadedModel


@pytest.fixture(scope="module")
def loaded(tmp_path_factory) -> LoadedModel:
    return load(make_model(tmp_path_factory.mktemp("models") / "qwen"))


def a_prefill(loaded: LoadedModel, tokens: list[int], kv: list[Any] | None = None, **fields: Any) -> Prefill:
    """A prompt that nothing is read of; `fields` are those of Prefill."""
    given: dict[str, Any] = {
        "id": len(tokens),
        "model": loaded.model,
        "tokens": tokens,
        "kv": make_prompt_cache(loaded.model) if kv is None else kv,
        "covered": 0,
        "boundaries": (),
        "keep": lambda *_: None,
        "drawer": Drawer(tokens, Samplers(len(loaded.tokenizer)).sampler(GREEDY), ()),
        "vocabulary_size": len(loaded.tokenizer),
    }
    return Prefill(**{**given, **fields})


def sequence(loaded: LoadedModel, tokens: int) -> Sequence:
    """A sequence of that many tokens, read and ready to be decoded."""
    kv = make_prompt_cache(loaded.model)
    listed = [n % 40 for n in range(tokens)]
    listed, last = listed[:-1], listed[-1]
    prefill = a_prefill(loaded, listed, kv)
    while prefill.left:
        read([prefill], 512)
    return Sequence(tokens, [*listed, last], tokens, 1000, kv, prefill.covered, prefill.drawer.sampler)


def grouped(batches: Batches) -> list[list[int]]:
    """The lengths in each batch."""
    return sorted(sorted(len(one.tokens) for one in batch) for batch in batches)


def filled(loaded: LoadedModel, lengths: list[int], weight_tokens: int, room_bytes: int | None = None) -> Batches:
    """Batches of sequences of these lengths; the weights have the bytes of that many tokens' cache."""
    batches = Batches(loaded.model, weight_bytes=weight_tokens * 512, kv_bytes_per_token=512)
    for length in lengths:
        batches.add(sequence(loaded, length), room_bytes)
    return batches


# --- who shares a batch -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lengths", "weight_tokens", "groups"),
    [
        ([10, 20, 30], 100, [[10, 20, 30]]),  # 10 + 20 tokens of padding are less than the weights
        ([10, 200], 100, [[10], [200]]),  # 190 are more
        ([10, 200, 20, 190, 30], 100, [[10, 20, 30], [190, 200]]),
        ([200, 150, 150, 150], 100, [[150, 150, 150, 200]]),  # it is each newcomer's own padding that counts
        ([10, 12, 14, 60], 100, [[10, 12, 14], [60]]),  # a long one would pad all who are there
    ],
)
def test_a_sequence_joins_where_it_costs_least(loaded, lengths, weight_tokens, groups):
    """Padding that has more bytes than the weights would make each step slower than another pass over them."""
    assert grouped(filled(loaded, lengths, weight_tokens)) == groups


def test_padding_needs_room(loaded):
    """Where there is no memory for the padding, a batch of its own has none."""
    assert grouped(filled(loaded, [10, 60], 1000)) == [[10, 60]]
    assert grouped(filled(loaded, [10, 60], 1000, room_bytes=49 * 512)) == [[10], [60]]


def test_padding_is_counted(loaded):
    """It takes memory like any row, and stays what it is while all rows grow."""
    batches = filled(loaded, [10, 20, 30], 1000)
    assert batches.padding_bytes == 30 * 512
    [batch] = batches
    for _ in range(4):
        batch.step()
    assert grouped(batches) == [[13, 23, 33]]
    assert batches.padding_bytes == 30 * 512


def test_batches_are_put_together_when_it_pays(loaded):
    """When those have gone who would be padded, the rest need no pass of their own."""
    batches = filled(loaded, [10, 12, 14, 60], 100)
    assert grouped(batches) == [[10, 12, 14], [60]]
    batches.dissolve()
    assert grouped(batches) == [[10, 12, 14], [60]]
    first, second, _ = next(batch for batch in batches if len(batch) == 3)
    for gone in (first, second):
        batches.remove(gone, with_cache=False)
    batches.dissolve()
    assert grouped(batches) == [[14, 60]]


def test_a_removed_row_is_gone_at_once_with_its_cache(loaded):
    """What is given back covers exactly the tokens that were fed."""
    batches = filled(loaded, [10, 20], 1000)
    [batch] = batches
    for _ in range(3):
        batch.step()
    short, long = batch
    batches.remove(short, with_cache=True)
    assert [layer.offset for layer in short.kv] == [short.covered] * 2
    assert short.covered == len(short.tokens) == 12
    batches.remove(long, with_cache=False)
    assert (len(batches), long.kv) == (0, [])


def test_who_leaves_before_the_first_step_has_its_cache_as_it_was(loaded):
    """Nothing was merged yet, and the others are not disturbed."""
    batches = filled(loaded, [10, 20], 1000)
    short, long = next(iter(batches))
    batches.remove(short, with_cache=True)
    assert (short.covered, [layer.offset for layer in short.kv]) == (9, [9, 9])
    [batch] = batches
    batch.step()
    assert [one for one, _ in batch.step()] == [long]


def test_an_emptied_batch_makes_room_for_another(loaded):
    batches = filled(loaded, [10], 1000)
    [batch] = batches
    batches.remove(*batch, with_cache=False)
    batches.add(sequence(loaded, 20), None)
    assert grouped(batches) == [[20]]
    assert len(batches._batches) == 1


def test_a_newcomer_shares_the_very_next_step(loaded):
    """Its last token is fed beside the others', whose next ones are told meanwhile; then it has its own."""
    batches = filled(loaded, [10, 12], 1000)
    [batch] = batches
    first, second = batch
    assert batch.step() == []
    third = sequence(loaded, 14)
    batches.add(third, None)
    assert [one for one, _ in batch.step()] == [first, second]
    assert [one for one, _ in batch.step()] == [first, second, third]


def test_groups_change_no_answer(loaded):
    """Long and short requests that come and go in several batches say what each says alone."""
    runs = Runs(loaded)
    runs.runner._decoding._batches._weight_bytes = 20 * 512
    questions = ["the " * n for n in (2, 100, 4, 110, 300)]
    asked = {runs.ask(question, 30 + 5 * n): (question, 30 + 5 * n) for n, question in enumerate(questions)}
    most = 0
    while not runs.runner.idle:
        runs.steps(1)
        most = max(most, len(list(runs.runner._decoding._batches)))
    assert most == 3
    assert all(runs.text[number] == streamed(loaded, *wish) for number, wish in asked.items())


def test_batches_are_put_together_as_answers_end(loaded):
    """When those have gone that a longer one would have padded, it shares a batch with who is left."""
    runs = Runs(loaded)
    runs.runner._decoding._batches._weight_bytes = 40 * 512
    asked = {
        runs.ask("the " * words, tokens): (words, tokens) for words, tokens in ((4, 10), (4, 10), (6, 50), (25, 50))
    }
    runs.steps(6)
    assert sorted(map(len, runs.runner._decoding._batches)) == [1, 3]
    runs.steps(10)
    assert list(map(len, runs.runner._decoding._batches)) == [2]
    runs.finish()
    assert all(runs.text[number] == streamed(loaded, "the " * words, n) for number, (words, n) in asked.items())


# --- reading prompts --------------------------------------------------------------------------------------------------


def test_chunks_are_sized_by_the_speed():
    """Beside streams a chunk takes a fifth of a second, or four of their steps; alone a second."""
    sizes = ChunkSizes()
    assert (sizes.size(None), sizes.size(0.01)) == (512, 32)
    sizes.measured(100, 0.2)
    assert (sizes.size(None), sizes.size(0.01), sizes.size(0.1)) == (500, 100, 200)


def test_chunks_have_bounds():
    """A very fast machine reads no more than fits its caches, a slow one enough to come to an end."""
    sizes = ChunkSizes()
    sizes.measured(1000, 0.001)
    assert (sizes.size(None), sizes.size(0.01)) == (2048, 512)
    sizes.measured(100, 100.0)
    assert (sizes.size(None), sizes.size(0.01)) == (16, 16)
    sizes.measured(3, 0.000001)
    assert sizes.size(None) == 16


class SlowMachine(ChunkSizes):
    """Reads 16 tokens at a time."""

    def measured(self, tokens: int, seconds: float) -> None:
        """Learn that a chunk took an age."""
        super().measured(100, 100.0)


def test_streams_go_on_while_a_long_prompt_is_read(loaded):
    """Between two chunks of a newcomer's prompt everybody else gets a token, and the newcomer a sign of life."""
    runs = Runs(loaded)
    stream = runs.ask("the day", 200)
    runs.steps(3)
    runs.runner._chunks = SlowMachine()
    long = runs.ask("the man " * 60, 5)
    before = len(runs.pieces[stream])
    while not runs.text[long]:
        runs.steps(1)
    chunks = (len(prompt(loaded, "the man " * 60)) - 1) // 16
    assert chunks - 2 <= len(runs.pieces[stream]) - before <= chunks + 3
    assert runs.pieces[long][: chunks - 2] == [""] * (chunks - 2)


def test_a_short_prompt_does_not_wait_for_a_long_one(loaded):
    """The prompt of which least is left is read first."""
    runs = Runs(loaded)
    runs.ask("the day", 200)
    runs.steps(3)
    runs.runner._chunks = SlowMachine()
    long, short = runs.ask("the man " * 200, 5), runs.ask("one", 5)
    runs.finish()
    assert runs.done[short].first_token_seconds <= 4 < runs.done[long].first_token_seconds


def test_short_prompts_share_a_chunk(loaded):
    """Several newcomers that fit one chunk together begin in the same step."""
    runs = Runs(loaded)
    runs.ask("the day", 200)
    runs.steps(3)
    runs.runner._chunks.measured(1000, 1.0)
    numbers = [runs.ask("one two", 5) for _ in range(3)]
    runs.finish()
    assert len({runs.done[number].first_token_seconds for number in numbers}) == 1


def test_a_prompt_is_read_in_chunks(loaded):
    """With a stop at each boundary, where what is read so far is kept; the answer's first token comes with the last."""
    kept = []
    prefill = a_prefill(
        loaded, list(range(40)), boundaries=[10, 25], keep=lambda ts, kv: kept.append((ts, kv[0].offset))
    )
    sizes, firsts = [], []
    while prefill.left:
        sizes.append(read([prefill], 12)[0])
        firsts.append(prefill.first)
    assert sizes == [10, 12, 3, 12, 3]
    assert [(len(ts), offset) for ts, offset in kept] == [(10, 10), (25, 25)]
    assert (prefill.kv[0].offset, prefill.covered) == (40, 40)
    assert mx.all(prefill.kv[0].keys[..., :40, :] != 0).item()
    logits = loaded.model(mx.array([list(range(40))]))[0, -1]
    assert firsts == [None] * 4 + [mx.argmax(logits).item()]


@pytest.mark.parametrize(("vocabulary_size", "sizes"), [(100, [30]), (1_000_000, [29, 1])])
def test_logits_are_computed_for_few_places_where_there_are_many(loaded, vocabulary_size, sizes):
    """A large vocabulary's would take more memory than the prompt itself, so the last token is read by itself."""
    prefill, read_sizes = a_prefill(loaded, list(range(30)), vocabulary_size=vocabulary_size), []
    while prefill.left:
        read_sizes.append(read([prefill], 512)[0])
    assert read_sizes == sizes
    assert prefill.first == mx.argmax(loaded.model(mx.array([list(range(30))]))[0, -1]).item()


@pytest.mark.parametrize(
    ("lengths", "trimmable", "ends"),
    [
        ([50, 30, 20], True, [50]),
        ([50, 20], True, []),  # the only message, which no other chat begins with
        ([50, 30, 20], False, [50, 80, 99]),
        ([50, 30, 20, 25, 30], False, [50, 100, 125, 154]),
        ([5, 30], True, []),
        ([100], True, []),
        ([100], False, [99]),
        ([], True, []),
    ],
)
def test_prompts_are_kept_where_others_meet_them(lengths, trimmable, ends):
    """After the first message, and where a cache cannot be cut back after the last ones too."""
    assert boundaries_to_keep([[1] * length for length in lengths], trimmable=trimmable) == ends


# --- reading several prompts in one go --------------------------------------------------------------------------------


def waiting(loaded: LoadedModel, lengths: list[int]) -> list[Prefill]:
    """Prompts of these lengths that have not been read."""
    return [a_prefill(loaded, list(range(1, length + 1))) for length in lengths]


@pytest.mark.parametrize(
    ("lengths", "most_tokens", "chosen"),
    [
        ([30, 10, 20], 500, [10, 20, 30]),
        ([30, 10, 20], 40, [10, 20]),
        ([300, 10, 12], 500, [10, 12]),  # the long one would pad the others
        ([300], 100, [300]),
        ([10, 10], 0, [10]),
    ],
)
def test_short_prompts_are_read_together(loaded, lengths, most_tokens, chosen):
    """As many of the shortest as fit the chunk and pad each other little; one at least."""
    assert [prefill.left for prefill in next_to_read(waiting(loaded, lengths), most_tokens)] == chosen


def test_prompts_read_together_are_read_as_if_alone(loaded):
    """Each one's cache holds its own tokens and no padding, whatever lengths they have."""
    together, alone = waiting(loaded, [5, 9, 30]), waiting(loaded, [5, 9, 30])
    assert read(together, 12)[0] == 5 + 9 + 12
    assert [prefill.covered for prefill in together] == [5, 9, 12]
    for prefill, other in zip(together, alone, strict=True):
        read([other], 12)
        for mine, theirs in zip(prefill.kv, other.kv, strict=True):
            assert mine.offset == theirs.offset
            assert mx.allclose(mine.keys[..., : mine.offset, :], theirs.keys[..., : mine.offset, :], atol=1e-5).item()


def test_first_tokens_of_prompts_that_are_read_together_are_those_of_each(loaded):
    together = waiting(loaded, [5, 9, 30])
    read(together, 500)
    alone = [mx.argmax(loaded.model(mx.array([one.tokens]))[0, -1]).item() for one in together]
    assert [one.first for one in together] == alone
