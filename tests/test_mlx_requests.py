"""MLXBackend against a scripted worker: what it asks for, what it makes of reports, and what it refuses."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from routing.errors import BackendUnreachable, BadReply, ContextTooLong, OutOfMemory
from routing.model_backends import MLXBackend, MLXOptions
from routing.model_backends.failures import Subject
from routing.model_backends.mlx import completion, generation
from routing.model_backends.mlx_process import WorkerProcess
from routing.model_backends.mlx_protocol import Done, Generate, Sampling
from routing.model_backends.mlx_requests import WorkerSaid
from routing.types import (
    Attachment,
    Completion,
    Endpoint,
    GenerationRequest,
    LoadProgress,
    LoadStage,
    Message,
    Modality,
    ModelCapability,
    Token,
    Waiting,
)
from tests.answers import PATIENCE_SECONDS, a_model, a_request, gather
from tests.mlx_models import make_model
from tests.scripted_worker import COMMAND

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from routing.types import ModelMetadata

NAMES = ("echo", "queued", "silent", "loading", "fails", "junk", "unusable", "pieces", "stubborn")
SUBJECT = Subject("MLX", "mlx", "tiny", "Tiny")


@asynccontextmanager
async def a_backend(*paths: str, clock: Any = None, installed: bool = True) -> AsyncIterator[MLXBackend]:
    process = WorkerProcess(command=COMMAND, **({"clock": clock} if clock else {}))
    options = MLXOptions(model_paths=paths or NAMES)
    backend = MLXBackend(Endpoint("mlx"), options=options, process=process, installed=lambda: installed)
    await backend.initialize()
    try:
        yield backend
    finally:
        await backend.close()


def tiny(name: str, **changes: Any) -> ModelMetadata:
    return a_model(name, backend="mlx", model_id="tiny", display_name="Tiny", **changes)


# --- what is asked for ------------------------------------------------------------------------------------------------


def test_a_request_becomes_the_workers_with_all_options() -> None:
    """Those of the sampler by their names; what belongs to other backends stays here."""
    options = {"top_p": 0.9, "top_k": 4, "min_p": 0.1, "repeat_penalty": 1.1, "presence_penalty": 0.2, "seed": 3}
    others = {"frequency_penalty": 0.3, "stop": ["###", ""], "think": True, "num_ctx": 4096, "keep_alive": "5m"}
    request = GenerationRequest((Message("system", "Be brief."), Message("user", "Hi")), 0.4, 99)
    command = generation(tiny("/m", options={**options, **others}), request, SUBJECT)
    sampling = Sampling(0.4, 0.9, 4, 0.1, 1.1, 0.2, 0.3, 3)
    messages = (("system", "Be brief."), ("user", "Hi"))
    assert command == Generate(0, "/m", messages, 99, sampling, ("###",), think=True, context_tokens=4096)


def test_without_options_the_template_and_the_model_decide() -> None:
    command = generation(tiny("/m", options={"stop": "END"}), a_request(), SUBJECT)
    assert (command.think, command.context_tokens, command.stop) == (None, 32768, ("END",))
    assert command.sampling == Sampling(0.7)


@pytest.mark.parametrize("modality", [Modality.IMAGE, Modality.DOCUMENT])
def test_pictures_are_refused_wherever_they_stand(modality: Modality) -> None:
    """They would be lost without a word; what was read of a document is text already."""
    file = Attachment(modality, b"\x89PNG", "image/png")
    request = GenerationRequest((Message("user", "Look", (file,)), Message("assistant", "Yes"), Message("user", "?")))
    if modality is Modality.DOCUMENT:
        assert len(generation(tiny("/m"), request, SUBJECT).messages) == 3
        return
    with pytest.raises(BadReply, match=r"^Tiny cannot see pictures\.$"):
        generation(tiny("/m"), request, SUBJECT)


def test_the_figures_are_those_of_what_was_computed() -> None:
    """A prompt's speed is that of its part which was not known; between ten tokens there are nine steps."""
    done = Done(1, "stop", 100, 60, 10, 0.5, 3.0, 0.6, 77, 4)
    assert completion(done, 2.5) == Completion("stop", 100, 10, 3.0, 2.5, 0.5, 60, 80.0, 77)
    short = completion(Done(1, "length", 5, 5, 1, 0.0, 0.0, 0.1, 0), None)
    assert (short.tokens_per_second, short.prompt_tokens_per_second, short.peak_memory_bytes) == (None, None, None)


# --- what is made of reports ------------------------------------------------------------------------------------------


async def test_a_model_that_is_not_in_memory_is_loaded_and_then_asked() -> None:
    async with a_backend() as backend:
        first, second = [await gather(backend, tiny("echo"), a_request("Grüße 🙂")) for _ in range(2)]
    assert (first.text, first.completion.load_seconds) == ("Grüße 🙂", 0.5)
    assert (second.text, second.completion.load_seconds) == ("Grüße 🙂", None)


async def test_a_place_in_the_workers_line_is_told() -> None:
    """Once more while a model is loaded, for who waits in line has more patience than who waits for a word."""
    async with a_backend() as backend, aclosing(backend.stream(tiny("queued"), a_request())) as stream:
        told = [item async for item in stream]
    assert [item for item in told if not isinstance(item, Completion)] == [Token("Once "), Waiting(2), Waiting(2)]


async def test_while_another_model_loads_there_are_signs_of_life() -> None:
    """Empty tokens, which nobody reads: else the pause would be taken for a failure."""
    async with a_backend() as backend, aclosing(backend.stream(tiny("silent"), a_request())) as stream:
        assert await anext(stream) == Token("Once ")
        loading = asyncio.create_task(gather(backend, tiny("loading")))
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await anext(stream) == Token()
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)


async def test_an_answer_of_nothing_is_no_answer() -> None:
    async with a_backend() as backend:
        with pytest.raises(BadReply, match="answered with nothing"):
            await gather(backend, tiny("echo"), a_request(""))


@pytest.mark.parametrize(("kind", "expected"), [("OutOfMemory", OutOfMemory), ("ContextTooLong", ContextTooLong)])
async def test_a_failure_is_one_of_ours_with_its_details_for_the_log(kind: str, expected: type[Exception]) -> None:
    async with a_backend() as backend:
        with pytest.raises(expected, match=r"^It did not work\.$") as caught:
            await gather(backend, tiny("fails"), a_request(kind))
        assert isinstance(caught.value.__cause__, WorkerSaid)
        with pytest.raises(BadReply):
            await gather(backend, tiny("fails"), a_request("OfAKindUnknown"))


async def test_a_broken_line_breaks_the_answer_and_not_the_bot() -> None:
    async with a_backend() as backend:
        with pytest.raises(BadReply, match="MLX's process ended unexpectedly") as caught:
            await gather(backend, tiny("junk"))
        assert (caught.value.reason, caught.value.backend, caught.value.model) == ("broke off", "mlx", "tiny")
        assert (await gather(backend, tiny("echo"), a_request("Still here"))).text == "Still here"


async def test_loads_tell_how_far_they_are_and_unloads_end_them() -> None:
    async with a_backend() as backend:
        steps = [step async for step in backend.load(tiny("echo"))]
        assert steps == [LoadProgress(LoadStage.LOADING, 5, 10)]
        assert [step async for step in backend.load(tiny("echo"))] == []
        await backend.unload(tiny("echo"))
        await backend.unload(tiny("echo"))
        assert backend._process.loaded == {}
        await backend.forget_prompts()


# --- what there is ----------------------------------------------------------------------------------------------------


async def test_offers_are_the_folders_with_what_is_in_memory(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A model that could see does not here; a folder that holds none is told once; a hub name is still to be had."""
    folder = make_model(tmp_path / "Tiny-Seer")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "vision_config": {}}))
    async with a_backend(str(folder), str(tmp_path / "nothing"), "somebody/not-here") as backend:
        seer, hub = await backend.offers()
        assert (seer.loaded, seer.loaded_bytes, hub.downloaded) == (False, None, False)
        assert seer.capabilities == {ModelCapability.GENERAL}
        assert [step async for step in backend.load(tiny(str(folder)))]
        seer, _ = await backend.offers()
        assert (seer.loaded, seer.loaded_bytes) == (True, 10)
    assert caplog.text.count("MLX_MODEL_PATHS: There is no MLX model in the folder nothing.") == 1


async def test_without_mlx_nothing_is_offered_and_the_reason_says_what_to_do() -> None:
    async with a_backend(installed=False) as backend:
        with pytest.raises(BackendUnreachable, match=r"^MLX is not installed: on a Mac .*`pip install") as caught:
            await backend.offers()
        assert caught.value.reason == "not installed"
        with pytest.raises(BackendUnreachable):
            await gather(backend, tiny("echo"))
        with pytest.raises(BackendUnreachable):
            [step async for step in backend.load(tiny("echo"))]
        assert not backend._process.runs


async def test_a_worker_that_keeps_dying_is_no_offer() -> None:
    """Until it may be tried again."""
    now = [100.0]
    async with a_backend(clock=lambda: now[0]) as backend:
        for _ in range(3):
            with pytest.raises(BackendUnreachable, match=r"^MLX is not installed\.$"):
                await gather(backend, tiny("unusable"))
            now[0] += 4.0
        now[0] -= 3.0
        with pytest.raises(BackendUnreachable):
            await backend.offers()
        now[0] += 3.0
        assert await backend.offers() == []


async def test_nothing_is_started_to_look_or_to_forget() -> None:
    async with a_backend() as backend:
        assert await backend.offers() == []
        await backend.unload(tiny("echo"))
        await backend.forget_prompts()
        assert backend.working_set_bytes is None
        assert not backend._process.runs
