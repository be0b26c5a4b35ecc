"""MLXBackend with the real worker on tiny models: its words are those of mlx-lm alone, whatever else goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from routing.errors import BadReply, ContextTooLong, ModelMissing
from routing.execution_engine import ExecutionEngine
from routing.intelligent_router import IntelligentRouter
from routing.model_backends import MLXBackend, MLXOptions
from routing.model_backends.mlx_process import WorkerProcess
from routing.model_backends.mlx_protocol import Configure
from routing.model_registry import ModelRegistry
from routing.types import (
    Completion,
    Endpoint,
    FellBack,
    Finished,
    GenerationRequest,
    LoadProgress,
    LoadStage,
    Message,
    Query,
    Token,
)
from tests.answers import PATIENCE_SECONDS, Gathered, a_model, gather
from tests.fake_backend import ONE, FakeBackend, an_offer
from tests.fake_hub import FakeHub
from tests.mlx_models import make_model
from tests.mlx_reference import reference

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from routing.types import ModelMetadata

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOKENS = 24
QUESTIONS = ("Hello", "Which river?", "Grüße aus Köln 🙂", "日本は\u200dどこ?", "one two three " * 20)
ENDLESS = 3000  # tokens: seconds of work, for what is stopped or disturbed


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of the models: two of them and one that slides; one that drafts; and one that is broken."""
    home = tmp_path_factory.mktemp("models")
    made = {
        "qwen": make_model(home / "Tiny-Qwen", "qwen2", layers=3),
        "draft": make_model(home / "Tiny-Draft", "qwen2", layers=1),
        "sliding": make_model(home / "Tiny-Sliding", "sliding", seed=1),
        "broken": make_model(home / "Broken", "llama"),
    }
    (made["broken"] / "model.safetensors").write_bytes(b"not weights")
    return made


@pytest.fixture(scope="module")
def expected(folders: dict[str, Path]) -> dict[str, dict[str, str]]:
    """What mlx-lm alone answers to each question."""
    asked: list[Any] = [[("user", text)] for text in QUESTIONS]
    return {
        name: dict(zip(QUESTIONS, reference(folders[name], asked, TOKENS), strict=True)) for name in ("qwen", "sliding")
    }


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def backend(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MLXBackend]:
    """One backend, and so one worker, for most of the tests here."""
    backend = a_backend(folders, tmp_path_factory.mktemp("hub"))
    yield backend
    await backend.close()


def a_backend(folders: dict[str, Path], hub: Path, *, hub_url: str = "", **settings: Any) -> MLXBackend:
    reached = {"HF_ENDPOINT": hub_url} if hub_url else {"HF_HUB_OFFLINE": "1"}
    environ = {**os.environ, "HF_HOME": str(hub), **reached}
    paths = (*(str(folder) for folder in folders.values()), str(hub / "nowhere"), "somebody/not-downloaded")
    options = MLXOptions(model_paths=paths, worker=Configure(heartbeat_seconds=0.2, **settings))
    return MLXBackend(Endpoint("mlx"), options=options, process=WorkerProcess(options.worker, environ=environ))


def mlx_model(folder: Path | str, **options: object) -> ModelMetadata:
    return a_model(str(folder), backend="mlx", display_name="Tiny", context_tokens=4096, options=options)


def greedy(*texts: str, max_tokens: int = TOKENS) -> GenerationRequest:
    """A conversation that begins and ends with the user."""
    roles = ("user", "assistant") * len(texts)
    messages = tuple(Message(role, text) for role, text in zip(roles, texts, strict=False))
    return GenerationRequest(messages, temperature=0.0, max_tokens=max_tokens)


async def answer(backend: MLXBackend, folder: Path | str, *texts: str, **options: object) -> Gathered:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await gather(backend, mlx_model(folder, **options), greedy(*texts))


# --- the same words ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["qwen", "sliding"])
async def test_answers_are_those_of_mlx_lm_alone_and_together(
    name: str, backend: MLXBackend, folders: dict[str, Path], expected: dict[str, dict[str, str]]
) -> None:
    """Token for token: one after the other, all at once, and once more from what was kept of their prompts."""
    folder = folders[name]
    alone = {text: (await answer(backend, folder, text)).text for text in QUESTIONS}
    together = await asyncio.gather(*(answer(backend, folder, text) for text in (*QUESTIONS, *QUESTIONS)))
    assert alone == expected[name]
    assert [gathered.text for gathered in together] == [expected[name][text] for text in QUESTIONS] * 2


async def test_two_models_answer_side_by_side(
    backend: MLXBackend, folders: dict[str, Path], expected: dict[str, dict[str, str]]
) -> None:
    names = ("qwen", "sliding") * 3
    answers = await asyncio.gather(*(answer(backend, folders[name], "Which river?") for name in names))
    assert [gathered.text for gathered in answers] == [expected[name]["Which river?"] for name in names]
    loaded = {offer.backend_name: offer for offer in await backend.offers() if offer.loaded}
    assert loaded.keys() == {str(folders["qwen"]), str(folders["sliding"])}
    assert all((offer.loaded_bytes or 0) > 100_000 for offer in loaded.values())


async def test_fifty_at_once_all_get_their_answer(
    backend: MLXBackend, folders: dict[str, Path], expected: dict[str, dict[str, str]]
) -> None:
    texts = [QUESTIONS[n % len(QUESTIONS)] for n in range(50)]
    answers = await asyncio.gather(*(answer(backend, folders["qwen"], text) for text in texts))
    assert [gathered.text for gathered in answers] == [expected["qwen"][text] for text in texts]


async def test_a_draft_model_changes_no_word(
    backend: MLXBackend, folders: dict[str, Path], expected: dict[str, dict[str, str]]
) -> None:
    """It is loaded along with the model that names it, and goes with it."""
    await backend.unload(mlx_model(folders["qwen"]))
    drafted = await answer(backend, folders["qwen"], "Hello", draft_model=str(folders["draft"]))
    (loaded,) = [offer for offer in await backend.offers() if offer.backend_name == str(folders["qwen"])]
    await backend.unload(mlx_model(folders["qwen"]))
    assert drafted.text == expected["qwen"]["Hello"]
    sizes = [folders[name].joinpath("model.safetensors").stat().st_size for name in ("qwen", "draft")]
    assert loaded.loaded_bytes is not None
    assert 0.9 * sum(sizes) < loaded.loaded_bytes < sum(sizes)


# --- figures and settings ---------------------------------------------------------------------------------------------


async def test_every_answer_comes_with_its_figures(backend: MLXBackend, folders: dict[str, Path]) -> None:
    """The second turn of a conversation computes only what is new of its prompt, until prompts are forgotten."""
    first = await answer(backend, folders["qwen"], "What is salt?" * 5)
    turns = ("What is salt?" * 5, first.text, "And light?")
    second = (await answer(backend, folders["qwen"], *turns)).completion
    await backend.forget_prompts()
    third = (await answer(backend, folders["qwen"], *turns)).completion
    assert (second.finish_reason, second.output_tokens) == ("length", TOKENS)
    assert second.tokens_per_second is not None
    assert second.tokens_per_second > 1
    assert second.peak_memory_bytes is not None
    assert second.peak_memory_bytes > 100_000
    assert (second.prompt_tokens, third.cached_tokens) == (third.prompt_tokens, 0)
    assert (second.cached_tokens or 0) >= (first.completion.prompt_tokens or 0) > 0


async def test_options_reach_the_sampler(backend: MLXBackend, folders: dict[str, Path]) -> None:
    """A seed repeats a draw, another seed draws otherwise; a stop text ends the answer before it."""
    hot = GenerationRequest((Message("user", "Hello"),), temperature=1.5, max_tokens=TOKENS)
    one, same, other = [(await gather(backend, mlx_model(folders["qwen"], seed=seed), hot)).text for seed in (7, 7, 8)]
    assert one == same != other
    whole = await answer(backend, folders["qwen"], "Hello")
    word = whole.text.split()[3]
    stopped = await answer(backend, folders["qwen"], "Hello", stop=word)
    assert stopped.completion.finish_reason == "stop"
    assert stopped.text == whole.text.partition(word)[0]


# --- loading ----------------------------------------------------------------------------------------------------------


async def test_a_model_comes_and_goes_and_says_the_same(
    backend: MLXBackend, folders: dict[str, Path], expected: dict[str, dict[str, str]]
) -> None:
    model = mlx_model(folders["qwen"])
    await backend.unload(model)
    await backend.unload(model)
    assert str(folders["qwen"]) not in backend._process.loaded
    steps = [step async for step in backend.load(model)]
    assert {step.stage for step in steps} == {LoadStage.LOADING}
    assert steps[-1].done_bytes == steps[-1].total_bytes is not None
    assert [step async for step in backend.load(model)] == []
    gathered = await answer(backend, folders["qwen"], "Hello")
    assert (gathered.text, gathered.completion.load_seconds) == (expected["qwen"]["Hello"], None)
    await backend.unload(model)
    assert ((await answer(backend, folders["qwen"], "Hello")).completion.load_seconds or 0) > 0


async def test_an_unload_waits_for_the_answers_that_run(
    backend: MLXBackend, folders: dict[str, Path], expected: dict[str, dict[str, str]]
) -> None:
    """They are said to their end; who asks meanwhile has the model loaded again."""
    model = mlx_model(folders["qwen"])
    async with aclosing(backend.stream(model, greedy("Hello", max_tokens=400))) as stream:
        assert isinstance(await anext(stream), Token)
        unloading = asyncio.create_task(backend.unload(model))
        await asyncio.sleep(0)
        later = asyncio.create_task(answer(backend, folders["qwen"], "Hello"))
        assert not unloading.done()
        ends = [item async for item in stream]
    await unloading
    assert isinstance(ends[-1], Completion)
    assert ends[-1].output_tokens == 400
    gathered = await later
    assert gathered.text == expected["qwen"]["Hello"]
    assert (gathered.completion.load_seconds or 0) > 0


async def test_an_answer_nobody_reads_any_more_is_stopped(
    backend: MLXBackend, folders: dict[str, Path], expected: dict[str, dict[str, str]]
) -> None:
    """Within a step: the model is idle, and its neighbours go on as if nothing had been."""
    model = mlx_model(folders["qwen"])
    async with aclosing(backend.stream(model, greedy("Hello", max_tokens=ENDLESS))) as stream:
        assert isinstance(await anext(stream), Token)
        neighbour = asyncio.create_task(answer(backend, folders["qwen"], "Which river?"))
        await anext(stream)
    assert (await neighbour).text == expected["qwen"]["Which river?"]
    began = time.monotonic()
    await backend.unload(model)
    assert time.monotonic() - began < 1.0


# --- what cannot be ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("nowhere", ModelMissing, "no MLX model in the folder"),
        ("broken", BadReply, "damaged"),
        ("somebody/not-downloaded", ModelMissing, "not downloaded yet"),
        ("/etc", ModelMissing, "not among MLX_MODEL_PATHS"),
    ],
)
async def test_what_cannot_be_loaded_is_said_in_a_sentence(
    name: str, kind: type[Exception], words: str, backend: MLXBackend, folders: dict[str, Path]
) -> None:
    """And the worker goes on."""
    path = next((path for path in backend._options.model_paths if path.lower().endswith(name)), name)
    with pytest.raises(kind, match=words):
        await answer(backend, path, "Hello")
    assert (await answer(backend, folders["qwen"], "Hello")).text


async def test_a_download_without_a_network_is_told(backend: MLXBackend) -> None:
    """It is tried for an explicit load alone."""
    with pytest.raises(ModelMissing, match="HF_HUB_OFFLINE is set"):
        [step async for step in backend.load(mlx_model("somebody/not-downloaded"))]


async def test_a_model_of_the_hub_is_fetched_when_it_is_to_be_loaded(folders: dict[str, Path], tmp_path: Path) -> None:
    """With how far it has come; others are answered meanwhile."""
    files = {file.name: file.read_bytes() for file in folders["draft"].iterdir()}
    with FakeHub("somebody/not-downloaded", files) as hub:
        backend = a_backend(folders, tmp_path, hub_url=hub.url)
        try:
            loading = asyncio.create_task(steps_of(backend, "somebody/not-downloaded"))
            assert (await answer(backend, folders["qwen"], "Hello")).text
            stages = [step.stage for step in await loading]
            assert (stages[0], stages[-1]) == (LoadStage.DOWNLOADING, LoadStage.LOADING)
            assert (await answer(backend, "somebody/not-downloaded", "Hello")).completion.load_seconds is None
        finally:
            await backend.close()


async def steps_of(backend: MLXBackend, name: str) -> list[LoadProgress]:
    return [step async for step in backend.load(mlx_model(name))]


async def test_a_prompt_that_does_not_fit_is_refused(backend: MLXBackend, folders: dict[str, Path]) -> None:
    """By the model's own tokens; half a million characters on."""
    with pytest.raises(ContextTooLong, match="The conversation has"):
        await answer(backend, folders["qwen"], "salt and light " * 30_000)
    with pytest.raises(ContextTooLong):
        await answer(backend, folders["qwen"], "one two three " * 20, num_ctx=30)


async def test_what_does_not_fit_the_memory_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    backend = a_backend(folders, tmp_path, memory_limit_bytes=100_000)
    try:
        with pytest.raises(Exception, match=r"needs .* free") as caught:
            await answer(backend, folders["qwen"], "Hello")
        assert type(caught.value).__name__ == "OutOfMemory"
    finally:
        await backend.close()


# --- death ------------------------------------------------------------------------------------------------------------


async def test_killed_in_mid_answer_the_next_backend_answers_at_once(folders: dict[str, Path], tmp_path: Path) -> None:
    """And the next question finds MLX at work again, in a new process."""
    mlx = a_backend({"qwen": folders["qwen"]}, tmp_path)
    other = FakeBackend(ONE, listed=[an_offer("fallback")])
    registry = ModelRegistry([mlx_model(folders["qwen"]), a_model("fallback", model_id="fallback")])
    engine = ExecutionEngine(registry, IntelligentRouter(registry), {"ollama_base_url": "", "lmstudio_base_url": ""})
    engine.pool.put(mlx)
    engine.pool.put(other)
    for backend in (mlx, other):
        registry.apply_offers(backend.endpoint, [offer for offer in await backend.offers() if offer.downloaded])
    asked = Query("Hello", model_id="the_model", temperature=0.0, max_tokens=ENDLESS)
    try:
        old, killed_at, events = None, 0.0, []
        async with aclosing(engine.stream(asked)) as stream:
            async for event in stream:
                events.append(event)
                if isinstance(event, Token) and event.text and not killed_at:
                    old, killed_at = mlx._process.pid, time.monotonic()
                    os.kill(old or 0, signal.SIGKILL)
                if isinstance(event, FellBack):
                    assert time.monotonic() - killed_at < 1.0
        finished = events[-1]
        assert isinstance(finished, Finished)
        assert (finished.result.success, finished.result.model_id) == (True, "fallback")
        again = await engine.execute(Query("Hello", model_id="the_model", temperature=0.0, max_tokens=TOKENS))
        assert (again.model_id, again.fallback_used) == ("the_model", False)
        assert mlx._process.pid not in {None, old}
    finally:
        await engine.cleanup()
