"""Kept prompts: what is found of them is what the model would compute anew, in memory and from disk."""

from __future__ import annotations

import dataclasses
import os
import random
import time
from array import array
from typing import TYPE_CHECKING, Any

import mlx.core as mx
import pytest
from mlx_lm.models.cache import ArraysCache, ChunkedKVCache, KVCache, make_prompt_cache

from routing.model_backends.mlx_engine.loading import load_model
from routing.model_backends.mlx_engine.prefix_files import PrefixFiles
from routing.model_backends.mlx_engine.prefixes import PrefixCache
from tests.mlx_models import SLIDING_WINDOW, make_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from routing.model_backends.mlx_engine.loading import LoadedModel

MANY = 10**9
CHAT = [number % 200 for number in range(3, 143)]
OTHER = CHAT[:50] + [number % 150 for number in range(7, 60)]


@pytest.fixture(scope="module", params=["qwen2", "sliding"])
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    """A model whose caches can be cut back, and one whose window has forgotten what it would have to go back to."""
    return load_tiny(tmp_path_factory.mktemp("models") / request.param, request.param)


@pytest.fixture(scope="module")
def trimmable(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    return load_tiny(tmp_path_factory.mktemp("models") / "qwen2", "qwen2")


@pytest.fixture(scope="module")
def sliding(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    return load_tiny(tmp_path_factory.mktemp("models") / "sliding", "sliding")


def load_tiny(folder: Path, shape: Any) -> LoadedModel:
    return load_model(str(make_model(folder, shape)), room_bytes=None, on_progress=lambda *_: None)


def computed(loaded: LoadedModel, tokens: list[int], kv: list[Any] | None = None, covered: int = 0) -> list[Any]:
    """The keys and values of a prompt, computed as far as they are not there."""
    kv = kv or make_prompt_cache(loaded.model)
    loaded.model(mx.array(tokens[covered:])[None], cache=kv)
    mx.eval([layer.state for layer in kv])
    return kv


def next_scores(loaded: LoadedModel, tokens: list[int], kv: list[Any] | None = None, covered: int = 0) -> mx.array:
    """What the model expects after a prompt: a number for each token."""
    kv = kv or make_prompt_cache(loaded.model)
    scores: mx.array = loaded.model(mx.array(tokens[covered:])[None], cache=kv)[0, -1]
    return scores


def cache_with(loaded: LoadedModel, *prompts: list[int], **words: Any) -> PrefixCache:
    cache = PrefixCache(MANY, **words)
    for tokens in prompts:
        cache.keep(loaded, tokens, computed(loaded, tokens))
    return cache


def assert_right(loaded: LoadedModel, cache: PrefixCache, tokens: list[int], covered: int) -> None:
    """So many tokens are covered, and going on from there gives what the whole prompt gives."""
    kv, found = cache.fetch(loaded, tokens)
    assert found == covered
    whole, reused = next_scores(loaded, tokens), next_scores(loaded, tokens, kv, found)
    assert mx.allclose(whole, reused, atol=1e-4).item()


def test_the_next_turn_computes_only_what_is_new(loaded: LoadedModel) -> None:
    assert_right(loaded, cache_with(loaded, CHAT), [*CHAT, 5, 6, 7], covered=len(CHAT))


def test_a_prompt_that_is_kept_whole_leaves_one_token_to_compute(trimmable: LoadedModel) -> None:
    """An answer begins with computing one."""
    assert_right(trimmable, cache_with(trimmable, CHAT), CHAT, covered=len(CHAT) - 1)


def test_what_cannot_be_cut_gives_the_next_shorter_boundary(sliding: LoadedModel) -> None:
    """The window has gone on; only what was kept on the way there is of use."""
    assert len(CHAT) > 4 * SLIDING_WINDOW
    cache = cache_with(sliding, CHAT[:60], CHAT[:100], CHAT)
    assert_right(sliding, cache, CHAT, covered=100)
    assert_right(sliding, cache, CHAT[:99], covered=60)
    assert cache.fetch(sliding, CHAT[:59]) == (None, 0)


def test_another_branch_of_a_chat_uses_what_both_have_in_common(trimmable: LoadedModel) -> None:
    """A retry, or a new chat with the same instructions."""
    assert_right(trimmable, cache_with(trimmable, CHAT), OTHER, covered=50)


def test_several_chats_each_keep_theirs(loaded: LoadedModel) -> None:
    cache = cache_with(loaded, CHAT, OTHER)
    assert_right(loaded, cache, [*CHAT, 9], covered=len(CHAT))
    assert_right(loaded, cache, [*OTHER, 9], covered=len(OTHER))


def test_what_was_fetched_is_ours_to_change(loaded: LoadedModel) -> None:
    """Going on with it changes nothing for the next who comes with the same prompt."""
    cache = cache_with(loaded, CHAT)
    for word in (1, 2, 3):
        assert_right(loaded, cache, [*CHAT, word, 60, 61], covered=len(CHAT))


def test_what_was_kept_is_safe_from_its_giver(loaded: LoadedModel) -> None:
    """A prompt is kept on the way, and its cache goes on growing."""
    cache, kv = PrefixCache(MANY), computed(loaded, CHAT[:60])
    cache.keep(loaded, CHAT[:60], kv)
    computed(loaded, CHAT, kv, covered=60)
    assert_right(loaded, cache, [*CHAT[:60], 9, 8], covered=60)


@pytest.mark.parametrize("tokens", [[], [1], [250, 251]])
def test_nothing_of_use_is_nothing(loaded: LoadedModel, tokens: list[int]) -> None:
    assert cache_with(loaded, CHAT).fetch(loaded, tokens) == (None, 0)


def test_another_models_prompts_are_not_used(trimmable: LoadedModel) -> None:
    """Nor those that the same model computed before its files changed."""
    cache = cache_with(trimmable, CHAT)
    assert cache.fetch(dataclasses.replace(trimmable, identity="another"), CHAT) == (None, 0)


def test_keys_and_values_of_another_length_are_refused(loaded: LoadedModel) -> None:
    """They would make every later answer wrong."""
    with pytest.raises(ValueError, match="not those of the tokens"):
        PrefixCache(MANY).keep(loaded, CHAT[:-1], computed(loaded, CHAT))


def test_what_a_longer_prompt_covers_is_not_kept_twice(trimmable: LoadedModel) -> None:
    cache = cache_with(trimmable, CHAT)
    before = cache.bytes
    cache.keep(trimmable, CHAT[:40], computed(trimmable, CHAT[:40]))
    assert cache.bytes == before
    assert cache_with(trimmable, CHAT[:40], CHAT).bytes == before


def test_what_cannot_be_cut_is_kept_at_each_boundary(sliding: LoadedModel) -> None:
    cache = cache_with(sliding, CHAT[:60])
    before = cache.bytes
    cache.keep(sliding, CHAT, computed(sliding, CHAT))
    assert cache.bytes > before
    assert_right(sliding, cache, CHAT[:70], covered=60)


def test_the_least_used_chat_goes_first(trimmable: LoadedModel) -> None:
    """Being asked for counts as use."""
    size = cache_with(trimmable, CHAT).bytes
    cache = PrefixCache(2 * size)
    chats = [[first, *CHAT] for first in (201, 202, 203)]
    for tokens in chats[:2]:
        cache.keep(trimmable, tokens, computed(trimmable, tokens))
    assert cache.fetch(trimmable, [*chats[0], 1])[1]
    cache.keep(trimmable, chats[2], computed(trimmable, chats[2]))
    assert cache.bytes == 2 * size
    assert [bool(cache.fetch(trimmable, [*tokens, 1])[1]) for tokens in chats] == [True, False, True]


def test_what_is_larger_than_everything_drives_nobody_out(trimmable: LoadedModel) -> None:
    small = [201, *CHAT[:10]]
    cache = PrefixCache(cache_with(trimmable, small).bytes)
    cache.keep(trimmable, small, computed(trimmable, small))
    long = CHAT * 4
    cache.keep(trimmable, long, computed(trimmable, long))
    assert cache.fetch(trimmable, [*small, 1])[1] == len(small)
    assert cache.fetch(trimmable, [*long, 1])[1] == 0


def test_a_model_that_goes_takes_its_prompts_along(trimmable: LoadedModel) -> None:
    cache = cache_with(trimmable, CHAT)
    other = dataclasses.replace(trimmable, name="other", identity="other")
    cache.keep(other, OTHER, computed(other, OTHER))
    both = cache.bytes
    cache.drop_model(trimmable.name)
    assert cache.fetch(trimmable, CHAT) == (None, 0)
    assert cache.fetch(other, [*OTHER, 1])[1] == len(OTHER)
    assert cache.bytes == both // 2


def test_memory_is_free_when_everything_is_forgotten(trimmable: LoadedModel) -> None:
    mx.clear_cache()
    before = mx.get_active_memory()
    cache = cache_with(trimmable, CHAT)
    assert mx.get_active_memory() - before >= cache.bytes > 0
    cache.clear()
    assert (cache.bytes, mx.get_active_memory() - before) == (0, 0)


def test_nothing_of_the_batch_that_a_prompt_was_cut_from_stays(trimmable: LoadedModel) -> None:
    """MLX cuts it only when it must, and holds on to all of the batch until then."""
    batch = mx.ones((100, 1, 1000, 16))
    mx.eval(batch)
    row = KVCache()
    row.state = (mx.contiguous(batch[3:4]), mx.contiguous(batch[4:5]), 1000)
    cache, tokens = PrefixCache(MANY), [7] * 1000
    cache.keep(trimmable, tokens, [row])
    with_batch = mx.get_active_memory()
    del batch, row
    assert with_batch - mx.get_active_memory() == 6_400_000
    assert cache.bytes == 128_000


def recurrent() -> Any:
    layer = ArraysCache(1)
    layer[0] = mx.ones((1, 4))
    return layer


def chunked() -> Any:
    layer = ChunkedKVCache(8)
    layer.update_and_fetch(mx.ones((1, 1, 10, 4)), mx.ones((1, 1, 10, 4)))
    return layer


@pytest.mark.parametrize("layer", [recurrent, chunked])
def test_a_layer_of_an_unknown_kind_is_used_whole_or_not_at_all(
    trimmable: LoadedModel, layer: Callable[[], Any]
) -> None:
    """A state that cannot be cut, or of which nobody knows what the cut leaves."""
    attention = KVCache()
    attention.update_and_fetch(mx.ones((1, 1, 10, 4)), mx.ones((1, 1, 10, 4)))
    cache = PrefixCache(MANY)
    cache.keep(trimmable, CHAT[:10], [layer(), attention])
    assert cache.fetch(trimmable, CHAT[:10]) == (None, 0)
    assert cache.fetch(trimmable, CHAT[:9]) == (None, 0)
    assert cache.fetch(trimmable, CHAT[:11])[1] == 10


def test_a_search_beside_many_long_chats_holds_nobody_up(trimmable: LoadedModel) -> None:
    """Twenty chats of 4,000 tokens with the same beginning: streams notice a wait of a twentieth of a second."""
    draw = random.Random(1)
    cache, kv = PrefixCache(MANY), KVCache()
    kv.update_and_fetch(mx.zeros((1, 1, 4000, 1)), mx.zeros((1, 1, 4000, 1)))
    for _ in range(20):
        cache.keep(trimmable, CHAT + [draw.randrange(300) for _ in range(4000 - len(CHAT))], [kv])
    began = time.perf_counter()
    assert cache.fetch(trimmable, CHAT + [301] * 500)[1] == len(CHAT)
    assert time.perf_counter() - began < 0.05


# --- on disk ----------------------------------------------------------------------------------------------------------


def saved(loaded: LoadedModel, folder: Path, *prompts: list[int], **words: Any) -> PrefixCache:
    cache = cache_with(loaded, *prompts, folder=folder, **words)
    while cache.save(settled_seconds=0):
        pass
    return cache


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_prompt_outlives_a_restart(loaded: LoadedModel, tmp_path: Path) -> None:
    saved(loaded, tmp_path, CHAT)
    again = PrefixCache(MANY, tmp_path)
    assert again.bytes == 0
    assert_right(loaded, again, [*CHAT, 5, 6], covered=len(CHAT))
    assert again.bytes > 0


def test_a_prompt_from_disk_is_cut_back_too(trimmable: LoadedModel, tmp_path: Path) -> None:
    saved(trimmable, tmp_path, CHAT)
    assert_right(trimmable, PrefixCache(MANY, tmp_path), OTHER, covered=50)


def test_what_has_left_memory_is_found_on_disk(trimmable: LoadedModel, tmp_path: Path) -> None:
    chats = [[first, *CHAT] for first in (201, 202)]
    size = cache_with(trimmable, chats[0]).bytes
    cache = PrefixCache(size, tmp_path)
    for tokens in chats:
        cache.keep(trimmable, tokens, computed(trimmable, tokens))
        assert not cache.save(settled_seconds=0)
    for tokens in chats:
        assert_right(trimmable, cache, [*tokens, 1], covered=len(tokens))
        assert cache.bytes == size


def test_a_model_that_comes_back_finds_its_prompts_on_disk(trimmable: LoadedModel, tmp_path: Path) -> None:
    cache = saved(trimmable, tmp_path, CHAT)
    assert cache.fetch(trimmable, CHAT)[1]
    cache.drop_model(trimmable.name)
    assert cache.bytes == 0
    assert_right(trimmable, cache, [*CHAT, 1], covered=len(CHAT))


def test_what_is_in_memory_goes_before_what_would_have_to_be_read(trimmable: LoadedModel, tmp_path: Path) -> None:
    """Where both cover as much."""
    saved(trimmable, tmp_path, [*CHAT, 1])
    cache = PrefixCache(MANY, tmp_path)
    assert cache.fetch(trimmable, [1]) == (None, 0)
    cache.keep(trimmable, [*CHAT, 2], computed(trimmable, [*CHAT, 2]))
    before = cache.bytes
    assert cache.fetch(trimmable, [*CHAT, 3])[1] == len(CHAT)
    assert cache.bytes == before


def test_one_prompt_is_written_at_a_time_once_it_has_settled(trimmable: LoadedModel, tmp_path: Path) -> None:
    """What the next turn replaces a moment later is never written."""
    now = 100.0
    cache = cache_with(trimmable, CHAT, OTHER, folder=tmp_path, clock=lambda: now)
    now = 129.0
    assert not cache.save()
    assert files(tmp_path) == []
    now = 130.0
    assert cache.save()
    assert len(files(tmp_path)) == 1
    assert not cache.save()
    assert len(files(tmp_path)) == 2
    assert not cache.save()
    assert len(files(tmp_path)) == 2


def test_a_longer_prompt_replaces_the_shorter_ones_file(trimmable: LoadedModel, tmp_path: Path) -> None:
    cache = saved(trimmable, tmp_path, CHAT)
    before = files(tmp_path)
    cache.keep(trimmable, [*CHAT, 1], computed(trimmable, [*CHAT, 1]))
    assert files(tmp_path) == []
    cache.save(settled_seconds=0)
    assert len(files(tmp_path)) == 1
    assert files(tmp_path) != before


def test_without_a_folder_nothing_is_written(trimmable: LoadedModel) -> None:
    assert not cache_with(trimmable, CHAT).save(settled_seconds=0)


def test_nobody_else_may_read_what_people_said(trimmable: LoadedModel, tmp_path: Path) -> None:
    """Whatever the umask, and whatever the folder allowed before; the names tell neither the model nor the words."""
    (tmp_path / "cache" / "prompts").mkdir(parents=True)
    (tmp_path / "cache" / "prompts").chmod(0o777)
    before = os.umask(0)
    try:
        saved(trimmable, tmp_path / "cache", CHAT)
    finally:
        os.umask(before)
    (file,) = files(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert set(file.name) <= set("0123456789abcdef-.") | set("safetensors")


def test_a_folder_that_is_a_link_is_not_used(
    trimmable: LoadedModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody else may have put it there."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "prompts").symlink_to(tmp_path / "elsewhere")
    cache = saved(trimmable, tmp_path / "cache", CHAT)
    assert files(tmp_path) == []
    assert "their folder cannot be used" in caplog.text
    assert_right(trimmable, cache, [*CHAT, 1], covered=len(CHAT))


def test_a_changed_model_never_gets_what_another_computed(trimmable: LoadedModel, tmp_path: Path) -> None:
    """Its old prompts are deleted; another model's stay."""
    saved(trimmable, tmp_path, CHAT)
    other = dataclasses.replace(trimmable, name="other", identity="other")
    saved(other, tmp_path, OTHER)
    changed = dataclasses.replace(trimmable, identity="changed")
    assert PrefixCache(MANY, tmp_path).fetch(changed, CHAT) == (None, 0)
    assert len(files(tmp_path)) == 1
    assert_right(other, PrefixCache(MANY, tmp_path), [*OTHER, 1], covered=len(OTHER))


@pytest.mark.parametrize("keep", [0, 7, 8, 500, -1])
def test_a_file_that_is_cut_off_is_deleted(
    trimmable: LoadedModel, tmp_path: Path, keep: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Before it is found, or after: the prompt is computed anew, and no answer fails."""
    saved(trimmable, tmp_path, CHAT)
    (file,) = files(tmp_path)
    whole, found = file.read_bytes(), PrefixCache(MANY, tmp_path)
    assert found.fetch(trimmable, OTHER[:1]) == (None, 0)
    file.write_bytes(whole[:keep])
    assert found.fetch(trimmable, CHAT) == (None, 0)
    assert files(tmp_path) == []
    assert "damaged prompt file" in caplog.text
    file.write_bytes(whole[:keep])
    assert PrefixCache(MANY, tmp_path).fetch(trimmable, CHAT) == (None, 0)
    assert files(tmp_path) == []


def test_a_file_of_another_length_is_not_believed(trimmable: LoadedModel, tmp_path: Path) -> None:
    """It would put every later word in the wrong place."""
    saved(trimmable, tmp_path, CHAT)
    (file,) = files(tmp_path)
    kv = computed(trimmable, CHAT[:-1])
    with_its_words = PrefixFiles(tmp_path, MANY)
    with_its_words.write(trimmable.name, trimmable.identity, array("I", CHAT).tobytes(), kv)
    assert files(tmp_path) == [file]
    assert PrefixCache(MANY, tmp_path).fetch(trimmable, [*CHAT, 1]) == (None, 0)
    assert files(tmp_path) == []


def test_a_file_of_other_layers_is_not_believed(trimmable: LoadedModel, sliding: LoadedModel, tmp_path: Path) -> None:
    """A class's name in a file is never looked up unless the model makes such layers itself."""
    claimed = dataclasses.replace(sliding, name=trimmable.name, identity=trimmable.identity)
    saved(claimed, tmp_path, CHAT)
    assert PrefixCache(MANY, tmp_path).fetch(trimmable, [*CHAT, 1]) == (None, 0)
    assert files(tmp_path) == []


@pytest.mark.parametrize(("read_again", "there"), [(False, [False, True, True]), (True, [True, False, True])])
def test_the_file_that_was_not_used_for_longest_makes_room(
    trimmable: LoadedModel,
    tmp_path: Path,
    *,
    read_again: bool,
    there: list[bool],
) -> None:
    """Being read counts as use."""
    chats = [[first, *CHAT] for first in (201, 202, 203)]
    most = 2 * cache_with(trimmable, chats[0]).bytes + 20_000
    for tokens in chats:
        if tokens is chats[2] and read_again:
            assert PrefixCache(MANY, tmp_path).fetch(trimmable, [*chats[0], 1])[1]
        saved(trimmable, tmp_path, tokens, folder_max_bytes=most)
        for file in files(tmp_path):
            os.utime(file, (file.stat().st_atime - 10, file.stat().st_mtime - 10))
    assert sum(file.stat().st_size for file in files(tmp_path)) <= most
    again = PrefixCache(MANY, tmp_path)
    assert [again.fetch(trimmable, [*tokens, 1])[1] > 0 for tokens in chats] == there


def test_what_is_larger_than_the_folder_may_be_is_not_written(trimmable: LoadedModel, tmp_path: Path) -> None:
    saved(trimmable, tmp_path, CHAT, folder_max_bytes=1000)
    assert files(tmp_path) == []


def test_forgetting_deletes_the_files_and_nothing_else(trimmable: LoadedModel, tmp_path: Path) -> None:
    """A half-written one too; a file of somebody else's stays."""
    cache = saved(trimmable, tmp_path, CHAT, OTHER)
    first = files(tmp_path)[0]
    first.with_suffix(".part.safetensors").write_bytes(b"half")
    mine = first.with_name("mine.safetensors")
    mine.write_bytes(b"not a prompt")
    cache.clear()
    assert files(tmp_path) == [mine]
    assert cache.fetch(trimmable, CHAT) == (None, 0)


def test_a_disk_that_fails_makes_no_answer_fail(
    trimmable: LoadedModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once; what was written before can still be forgotten."""
    cache = saved(trimmable, tmp_path, CHAT)
    (file,) = files(tmp_path)
    file.parent.rename(tmp_path / "away")
    file.parent.write_text("a file where the folder was")
    for tokens in (OTHER, [250, *OTHER]):
        cache.keep(trimmable, tokens, computed(trimmable, tokens))
        assert not cache.save(settled_seconds=0)
    assert caplog.text.count("cannot be written") == 1
    assert_right(trimmable, cache, [*OTHER, 1], covered=len(OTHER))
    file.parent.unlink()
    (tmp_path / "away").rename(file.parent)
    cache.clear()
    assert files(tmp_path) == []
