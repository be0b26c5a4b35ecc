"""OpenAICompatibleBackend against a scripted server on loopback and against two real engines."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from routing.errors import (
    BackendError,
    BackendUnreachable,
    BadReply,
    ContextTooLong,
    ModelMissing,
    OutOfMemory,
)
from routing.model_backends.chat_answer import ChatAnswer, same_model
from routing.model_backends.openai_compatible import OpenAICompatibleBackend
from routing.types import Attachment, Completion, Endpoint, Message, Modality, ModelCapability, ModelOffer, Token
from tests import tiny_models
from tests.answers import PATIENCE_SECONDS, Gathered, a_model, a_request, gather
from tests.fake_lmstudio import FakeLMStudio
from tests.fake_model_server import FakeModel, FakeModelServer, Script

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytest_plugins = ("tests.engines",)

NAME = "qwen2.5-7b-instruct"
MODEL = a_model(NAME, backend="vllm")
CHAT = "/v1/chat/completions"


@pytest.fixture
async def server() -> AsyncIterator[FakeLMStudio]:
    async with FakeLMStudio({NAME: FakeModel()}) as server:
        yield server


@pytest.fixture
async def backend(server: FakeLMStudio) -> AsyncIterator[OpenAICompatibleBackend]:
    backend = OpenAICompatibleBackend(Endpoint("vllm", server.url))
    await backend.initialize()
    yield backend
    await backend.close()


def event(**chunk: Any) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def piece(text: str, reason: str | None = None) -> bytes:
    return event(choices=[{"index": 0, "delta": {"content": text}, "finish_reason": reason}])


# --- answers ----------------------------------------------------------------------------------------------------------


async def test_an_answer_streams_and_ends_in_the_servers_usage(backend: OpenAICompatibleBackend) -> None:
    """The last events bring the reason and the counts."""
    answer = await gather(backend, MODEL)
    assert (answer.text, answer.tokens) == ("Hello from here.", 3)
    figures = answer.completion
    assert (figures.finish_reason, figures.prompt_tokens, figures.output_tokens) == ("stop", 26, 3)


async def test_the_pace_is_measured_where_the_server_does_not_tell_it(
    server: FakeLMStudio, backend: OpenAICompatibleBackend
) -> None:
    """From the first token to the last, by our clock; none for an answer that came in one go."""
    server.play(NAME, Script(pieces=("x ",) * 11, token_seconds=0.02))
    pace = (await gather(backend, MODEL)).completion.tokens_per_second
    assert pace
    server.play(NAME, Script(raw=piece("x", "stop") + event(choices=[], usage={"completion_tokens": 500})))
    assert (await gather(backend, MODEL)).completion.tokens_per_second is None


@pytest.mark.parametrize(
    ("figures", "wanted"),
    [
        ({"timings": {"predicted_per_second": 42.5, "prompt_ms": 250}}, (42.5, 0.25)),
        ({"stats": {"tokens_per_second": 51.4, "time_to_first_token": 0.11}}, (51.4, 0.11)),
        ({"timings": "soon", "usage": 7}, (None, None)),
    ],
)
async def test_the_servers_own_pace_is_preferred(
    server: FakeLMStudio, backend: OpenAICompatibleBackend, figures: Any, wanted: Any
) -> None:
    """llama.cpp's `timings`, LM Studio's `stats`; what is no figure counts as absent."""
    server.play(NAME, Script(raw=piece("x", "stop") + event(choices=[], **figures) + b"data: [DONE]\n\n"))
    completion = (await gather(backend, MODEL)).completion
    assert (completion.tokens_per_second, completion.prompt_seconds) == wanted


@pytest.mark.parametrize("split_bytes", range(1, 12))
async def test_an_answer_survives_any_cut(
    server: FakeLMStudio, backend: OpenAICompatibleBackend, split_bytes: int
) -> None:
    """Events and the bytes of one letter arrive in pieces of every size."""
    server.play(NAME, Script(pieces=("Grüße ", "🙂", " 中文"), reasoning=("é?",), split_bytes=split_bytes))
    answer = await gather(backend, MODEL)
    assert (answer.reasoning, answer.text) == ("é?", "Grüße 🙂 中文")


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_reasoning_comes_in_either_field(
    server: FakeLMStudio, backend: OpenAICompatibleBackend, field: str
) -> None:
    """Servers have not agreed on a name; in the text it stands between tags."""
    thought = event(choices=[{"delta": {field: "Add."}, "finish_reason": None}])
    server.play(NAME, Script(raw=thought + piece("4", "stop")))
    answer = await gather(backend, MODEL)
    assert (answer.reasoning, answer.text) == ("Add.", "4")
    server.play(NAME, Script(pieces=("<think>Ad", "d.</thi", "nk>4")))
    answer = await gather(backend, MODEL)
    assert (answer.reasoning, answer.text) == ("Add.", "4")


@pytest.mark.parametrize(
    "raw",
    [
        b": ping\r\n\r\n" + piece("x", "stop").replace(b"\n", b"\r\n") + b"data: [DONE]\r\n\r\n",
        piece("x", "stop"),
        piece("x", "stop") + b"data: [DONE]",
        event(choices=[{"delta": {"content": "x"}}]) + b"data: [DONE]\n\n",
        event(choices=[{"delta": None, "finish_reason": None}]) + piece("x", "stop"),
    ],
)
async def test_every_usual_ending_is_an_ending(
    server: FakeLMStudio, backend: OpenAICompatibleBackend, raw: bytes
) -> None:
    """A finish reason, or [DONE] from a server that never speaks of reasons."""
    server.play(NAME, Script(raw=raw))
    assert (await gather(backend, MODEL)).text == "x"


@pytest.mark.parametrize(
    "script", [Script(cut_after=4, token_seconds=0.1), Script(garbage_after=4, garbage=b"data: {\n\n")]
)
async def test_what_breaks_after_the_end_does_not_undo_the_answer(
    server: FakeLMStudio, backend: OpenAICompatibleBackend, script: Script
) -> None:
    """The finish reason has come; only the usage is lost."""
    server.play(NAME, script)
    answer = await gather(backend, MODEL)
    assert (answer.text, answer.completion.finish_reason) == ("Hello from here.", "stop")
    assert answer.completion.prompt_tokens is None


async def test_an_answer_in_one_piece_counts(server: FakeLMStudio, backend: OpenAICompatibleBackend) -> None:
    """From a server that does not stream."""
    whole = {"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}], "usage": {"completion_tokens": 1}}
    server.play(NAME, Script(raw=json.dumps(whole).encode(), content_type="application/json"))
    answer = await gather(backend, MODEL)
    assert (answer.text, answer.completion.output_tokens) == ("x", 1)


async def test_the_token_limit_is_told(server: FakeLMStudio, backend: OpenAICompatibleBackend) -> None:
    """Also of an answer that had not got beyond thinking."""
    server.play(NAME, Script(finish_reason="length"), Script(pieces=(), finish_reason="length"))
    for _ in range(2):
        assert (await gather(backend, MODEL)).completion.finish_reason == "length"


# --- requests ---------------------------------------------------------------------------------------------------------


async def test_a_request_is_what_the_api_asks_for(server: FakeLMStudio, backend: OpenAICompatibleBackend) -> None:
    """Ollama's options stay out, all others go along; `think` becomes the template's switch."""
    options = {"num_ctx": 4096, "keep_alive": "5m", "think": False, "top_k": 5, "seed": 7, "check_model": True}
    await gather(
        backend, replace(MODEL, thinking=True, options=options), a_request("Hi", temperature=0.1, max_tokens=9)
    )
    assert server.asked(CHAT)[0].body == {
        "model": NAME,
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.1,
        "max_tokens": 9,
        "top_k": 5,
        "seed": 7,
        "chat_template_kwargs": {"enable_thinking": False},
    }


async def test_images_travel_as_data_urls(server: FakeLMStudio, backend: OpenAICompatibleBackend) -> None:
    """With the turn that they belong to; other attachments are no business of this API."""
    picture = Attachment(Modality.IMAGE, b"\x89PNG", "image/png")
    await gather(backend, MODEL, a_request("What?", picture, Attachment(Modality.AUDIO, b"beep", "audio/ogg")))
    assert server.asked(CHAT)[0].body["messages"][0]["content"] == [
        {"type": "text", "text": "What?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
    ]


async def test_a_server_that_refuses_stream_options_is_asked_without(
    server: FakeLMStudio, backend: OpenAICompatibleBackend
) -> None:
    """Once twice, and then never again."""
    server.play(NAME, Script(refuses_fields=("stream_options",)))
    for _ in range(3):
        assert (await gather(backend, MODEL)).completion.prompt_tokens is None
    assert ["stream_options" in request.body for request in server.asked(CHAT)] == [True, False, False, False]


async def test_other_refusals_make_no_storm(server: FakeLMStudio, backend: OpenAICompatibleBackend) -> None:
    """Where `stream_options` was taken before, a 400 means something else and is not tried again."""
    server.play(NAME, Script(), Script(status=400, error="no system role here"))
    await gather(backend, MODEL)
    for _ in range(2):
        with pytest.raises(BadReply):
            await gather(backend, MODEL)
    assert len(server.asked(CHAT)) == 3


# --- failures ---------------------------------------------------------------------------------------------------------

TOO_LONG = {"message": "This model's maximum context length is …", "type": "invalid_request_error"}


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (Script(status=400, error={**TOO_LONG, "code": "context_length_exceeded"}), ContextTooLong),
        (Script(status=400, error={"message": "…", "type": "exceed_context_size_error", "code": 400}), ContextTooLong),
        (Script(status=400, error={"message": "?", "code": "model_not_found"}), ModelMissing),
        (Script(status=400, error={"message": ["?"], "code": ["?"]}), BadReply),
        (Script(status=401, error={"message": "no key", "code": "invalid_api_key"}), BackendUnreachable),
        (Script(status=404, error="Not Found"), ModelMissing),
        (Script(status=429, error="slow down"), BackendUnreachable),
        (Script(status=500, error={"message": "CUDA error: out of memory"}), OutOfMemory),
        (Script(status=500, error=None), BadReply),
        (Script(error_after=0, error={"message": "Context size has been exceeded."}), ContextTooLong),
        (Script(error_after=1, error="Model unloaded."), BadReply),
        (Script(raw=b'{"error": "The model has crashed"}', content_type="application/json"), BadReply),
        (Script(raw=b"[]", content_type="application/json"), BadReply),
        (Script(raw=b"<html></html>", content_type="text/html"), BadReply),
        (Script(raw=b""), BadReply),
        (Script(raw=piece("x")), BadReply),
        (Script(raw=piece("x") + b"data: [DONE]\n\n"), BadReply),
        (Script(raw=piece("x") + b"data: [DON"), BadReply),
        (Script(raw=b"data: null\n\n" * 3), BadReply),
        (Script(pieces=()), BadReply),
        (Script(pieces=(), reasoning=("Hm.",)), BadReply),
        (Script(pieces=(), prompt_tokens=40_000), ContextTooLong),
        (Script(cut_after=0), BadReply),
        (Script(cut_after=2), BadReply),
        (Script(end_after=2), BadReply),
        (Script(garbage_after=1, garbage=b"data: {garbage\n\n"), BadReply),
        (Script(garbage_after=1, garbage=b"data: " + b"[" * 100_000 + b"\n\n"), BadReply),
        (Script(answers_as="llama-3.2-1b"), ModelMissing),
        (Script(answers_as="{0}"), ModelMissing),
    ],
)
async def test_every_failure_is_one_of_ours(
    server: FakeLMStudio, backend: OpenAICompatibleBackend, script: Script, kind: type[BackendError]
) -> None:
    """By status, code and structure where there are any; nobody is told that an answer is finished."""
    server.play(NAME, script)
    gathered = Gathered()
    with pytest.raises(BackendError) as caught:
        await gather(backend, MODEL, into=gathered)
    assert type(caught.value) is kind
    assert (caught.value.backend, caught.value.model) == ("vllm", "the_model")
    assert not gathered.completions


async def test_an_answer_that_is_cut_at_any_byte_is_never_taken_for_a_whole_one(
    server: FakeLMStudio, backend: OpenAICompatibleBackend
) -> None:
    """The event with the finish reason must have come whole, if only without its blank line."""
    body = piece("Grüße") + piece("!", "stop") + b"data: [DONE]\n\n"
    whole = len(piece("Grüße") + piece("!", "stop").rstrip())
    for length in range(len(body) + 1):
        server.play(NAME, Script(raw=body[:length]))
        if length < whole:
            with pytest.raises(BadReply):
                await gather(backend, MODEL)
        else:
            assert (await gather(backend, MODEL)).text == "Grüße!"


async def test_an_answer_of_another_model_shows_no_word_of_it(
    server: FakeLMStudio, backend: OpenAICompatibleBackend
) -> None:
    """The first chunk already tells; a server that always answers another name can be allowed to."""
    server.play(NAME, Script(answers_as="gpt-3.5-turbo"))
    gathered = Gathered()
    with pytest.raises(ModelMissing, match=r"^The vllm server answered with gpt-3\.5-turbo instead of The Model\.$"):
        await gather(backend, MODEL, into=gathered)
    assert not gathered.text
    assert (await gather(backend, replace(MODEL, options={"check_model": False}))).text
    lenient = OpenAICompatibleBackend(backend.endpoint, check_model=False)
    assert (await gather(lenient, MODEL)).text
    await lenient.close()


@pytest.mark.parametrize(
    ("asked", "answered", "same"),
    [
        ("qwen2.5-7b-instruct", "qwen2.5-7b-instruct:2", True),
        ("Qwen/Qwen2.5-7B-Instruct", "qwen2.5-7b-instruct", True),
        ("/models/tiny.gguf", "tiny", True),
        ("C:\\models\\tiny.gguf", "/other/tiny.GGUF", True),
        ("/models/tiny/", "/models/tiny", True),
        ("qwen2.5-7b-instruct", "qwen2.5-14b-instruct", False),
        ("llama3:8b", "llama3:70b", False),
    ],
)
def test_names_that_mean_one_model(asked: str, answered: str, same: bool) -> None:  # noqa: FBT001 - a table's column
    """Folders, `.gguf`, the number of an instance and case do not count."""
    assert same_model(asked, answered) is same
    assert same_model(answered, asked) is same


# --- time and stopping ------------------------------------------------------------------------------------------------


async def test_tokens_come_as_they_are_made(server: FakeLMStudio, backend: OpenAICompatibleBackend) -> None:
    """The first one is there although the second never comes."""
    server.play(NAME, Script(stall_after=1))
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(backend.stream(MODEL, a_request())) as events:
        assert await anext(events) == Token("Hello")


async def test_closing_the_stream_hangs_up_at_once(server: FakeLMStudio, backend: OpenAICompatibleBackend) -> None:
    """The server sees it and stops the model."""
    server.play(NAME, Script(pieces=("x",) * 1000, token_seconds=0.01))
    events = backend.stream(MODEL, a_request())
    await anext(events)
    closed_at = time.monotonic()
    await events.aclose()
    assert await server.until_disconnected(server.asked(CHAT)[0]) - closed_at < 1.0


async def test_cancelling_before_the_first_byte_hangs_up(
    server: FakeLMStudio, backend: OpenAICompatibleBackend
) -> None:
    """Also while a model loads, when there is no response yet."""
    server.models[NAME].loaded = False
    server.play(NAME, Script(load_seconds=600))
    task = asyncio.create_task(gather(backend, MODEL))
    request = await server.until_asked(CHAT)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await server.until_disconnected(request)


# --- offers -----------------------------------------------------------------------------------------------------------


async def offered(*entries: Any) -> list[ModelOffer]:
    """What is made of a list of models."""

    async def listing(request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": list(entries)})

    server = FakeModelServer()
    server.app.router.add_get("/v1/models", listing)
    async with server:
        backend = OpenAICompatibleBackend(Endpoint("vllm", f"{server.root}/v1"))
        offers = list(await backend.offers())
        await backend.close()
    return offers


async def test_offers_read_what_llama_cpp_tells() -> None:
    """Its `meta`; a server that lists one model has it in memory."""
    (offer,) = await offered({"id": "tiny", "meta": {"n_ctx_train": 4096, "n_params": 7.6e9, "size": 4_000_000_000}})
    assert (offer.backend_name, offer.context_tokens, offer.parameters, offer.loaded) == ("tiny", 4096, "7.6B", True)
    assert offer.size_bytes == 4_000_000_000
    assert offer.capabilities == {ModelCapability.GENERAL}


async def test_offers_read_what_vllm_and_a_router_tell() -> None:
    """`max_model_len`, and `status` for each of several, without which nobody knows what is loaded.

    Entries without a name are no models.
    """
    served, idle, waiting = await offered(
        {"id": "a", "max_model_len": 8192, "status": {"value": "loaded"}},
        {"id": "a2", "status": {"value": "unloaded"}},
        {"id": "b"},
        {"id": 7},
        "c",
    )
    assert idle.loaded is False
    assert (served.context_tokens, served.loaded) == (8192, True)
    assert (waiting.context_tokens, waiting.loaded) == (None, None)


async def test_a_server_without_a_list_is_a_bad_reply(backend: OpenAICompatibleBackend) -> None:
    """And an empty list is one without models."""
    async with FakeLMStudio(lists=()) as server:
        strange = OpenAICompatibleBackend(Endpoint("vllm", server.url))
        with pytest.raises(BadReply):
            await strange.offers()
        await strange.close()
    assert await offered() == []


async def test_this_api_has_no_word_for_loading(server: FakeLMStudio, backend: OpenAICompatibleBackend) -> None:
    """Whoever tries it all the same is told so, and the server hears nothing."""
    assert not backend.can_load
    with pytest.raises(BadReply, match=r"^The vllm server decides by itself when The Model is in memory\.$"):
        await anext(backend.load(MODEL))
    with pytest.raises(BadReply):
        await backend.unload(MODEL)
    assert server.requests == []


# --- any JSON at all --------------------------------------------------------------------------------------------------

_NAMES = st.sampled_from(
    ["choices", "delta", "content", "finish_reason", "usage", "error", "model", "completion_tokens"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=5),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(_NAMES, _JSON) | _JSON, max_size=4))
def test_no_chunk_of_json_breaks_the_reader(chunks: list[Any]) -> None:
    """Whatever has the wrong type counts as absent; the only errors are ours."""
    backend = OpenAICompatibleBackend(Endpoint("vllm", "http://localhost"))
    answer = ChatAnswer(MODEL, backend._subject(MODEL))
    with suppress(BackendError):
        for chunk in chunks:
            answer.read(chunk)
        answer.finish()
    assert isinstance(answer.completion(), Completion)


# --- real engines -----------------------------------------------------------------------------------------------------


async def engine_answers(url: str, name: str) -> tuple[Gathered, list[ModelOffer]]:
    """One answer of a real engine, and what it offers; the loop is stopped in mid-stream first."""
    backend = OpenAICompatibleBackend(Endpoint("engine", url))
    model = a_model(name, backend="engine", context_tokens=tiny_models.CONTEXT_TOKENS)
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(backend.stream(model, a_request("loop"))) as events:
        for _ in range(5):
            assert await anext(events) == Token(tiny_models.LOOP_WORD)
    offers = list(await backend.offers())
    answer = await gather(backend, model, a_request("Grüße 🙂"))
    await backend.close()
    return answer, offers


async def test_mlx_lm_answers(mlx_server: str, mlx_model: Path) -> None:
    """mlx_lm's own server: the text that the weights spell, stopped at its end token, with usage."""
    answer, offers = await engine_answers(mlx_server, str(mlx_model))
    assert (answer.text, answer.completion.finish_reason) == (tiny_models.ANSWER, "stop")
    assert answer.tokens > 1
    assert answer.completion.prompt_tokens is not None
    assert [offer.backend_name for offer in offers] == [str(mlx_model)]


async def test_llama_cpp_answers(llama_cpp_server: str) -> None:
    """llama.cpp's server: the same words from the same weights; it has no usage to tell."""
    answer, offers = await engine_answers(llama_cpp_server, "tiny")
    assert (answer.text, answer.completion.finish_reason) == (tiny_models.ANSWER, "stop")
    assert answer.tokens > 1
    assert [offer.backend_name for offer in offers] == ["tiny"]


async def test_llama_cpp_breaks_off_over_a_prompt_that_is_too_long(llama_cpp_server: str) -> None:
    """Its stream ends without a word of why, and that is no answer."""
    backend = OpenAICompatibleBackend(Endpoint("engine", llama_cpp_server))
    with pytest.raises(BadReply, match="broke off"):
        await gather(backend, a_model("tiny"), a_request("x" * 5000))
    await backend.close()


async def test_mlx_lm_says_that_a_model_is_not_there(mlx_server: str) -> None:
    """It would look for it in a hub that cannot be reached."""
    backend = OpenAICompatibleBackend(Endpoint("engine", mlx_server))
    with pytest.raises(ModelMissing):
        await gather(backend, a_model("nobody/nothing"))
    await backend.close()


async def test_engines_take_a_conversation(llama_cpp_server: str) -> None:
    """System, user and assistant turns, and the limit of tokens."""
    backend = OpenAICompatibleBackend(Endpoint("engine", llama_cpp_server))
    turns = (Message("system", "Be brief."), Message("user", "a"), Message("assistant", "b"), Message("user", "loop"))
    answer = await gather(backend, a_model("tiny"), replace(a_request(), messages=turns, max_tokens=7))
    assert (answer.text, answer.completion.finish_reason) == (tiny_models.LOOP_WORD * 7, "length")
    await backend.close()
