"""OllamaBackend against a double of Ollama on loopback: every way in which it answers, fails and lists its models."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
import time
import urllib.request
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from routing.context_window import serves_loaded
from routing.errors import (
    BackendError,
    BackendTimeout,
    BackendUnreachable,
    BadReply,
    ContextTooLong,
    ModelMissing,
    OutOfMemory,
)
from routing.model_backends import ollama
from routing.model_backends.ollama import OllamaBackend
from routing.model_backends.ollama_memory import Held, read_running
from routing.model_backends.reasoning import ReasoningSplitter
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
    ModelOffer,
    Token,
)
from tests.answers import PATIENCE_SECONDS, Gathered, a_model, a_request, gather
from tests.fake_model_server import FakeModel, FakeModelServer, Script
from tests.fake_ollama import FakeOllama

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from routing.types import ModelMetadata

NAME = "qwen2.5:7b"
MODEL = a_model(NAME)
CHAT = "/api/chat"

# What llama.cpp says of a prompt that does not fit, and how Ollama passes it on.
OVERFLOW = {"code": 400, "message": "request (9000 tokens) exceeds …", "type": "exceed_context_size_error"}
MEMORY = "model requires more system memory (5.0 GiB) than is available (3.9 GiB)"


@pytest.fixture
async def server() -> AsyncIterator[FakeOllama]:
    async with FakeOllama({NAME: FakeModel()}) as server:
        yield server


@pytest.fixture
async def backend(server: FakeOllama) -> AsyncIterator[OllamaBackend]:
    backend = OllamaBackend(Endpoint("ollama", server.root))
    await backend.initialize()
    yield backend
    await backend.close()


async def sent(server: FakeOllama, backend: OllamaBackend, model: Any = MODEL, request: Any = None) -> Any:
    """The body of the request that an answer was asked for with."""
    await gather(backend, model, request)
    return server.asked(CHAT)[-1].body


# --- answers ----------------------------------------------------------------------------------------------------------


async def test_an_answer_streams_and_ends_in_the_servers_figures(backend: OllamaBackend) -> None:
    """Nanoseconds become seconds, and 3 tokens in 0.1 s are 30 a second."""
    answer = await gather(backend, MODEL)
    assert (answer.text, answer.tokens) == ("Hello from here.", 3)
    assert answer.completion == Completion("stop", 26, 3, 30.0, 2.0, 0.5)


async def test_figures_that_are_left_out_are_none(server: FakeOllama, backend: OllamaBackend) -> None:
    """Ollama leaves out what is 0; nothing is divided by it."""
    server.play(NAME, Script(raw=b'{"message": {"content": "x"}, "done": false}\n{"done": true}'))
    answer = await gather(backend, MODEL)
    assert answer.completion == Completion("stop")


@pytest.mark.parametrize("split_bytes", range(1, 12))
async def test_an_answer_survives_any_cut(server: FakeOllama, backend: OllamaBackend, split_bytes: int) -> None:
    """Lines and the bytes of one letter arrive in pieces of every size."""
    server.play(NAME, Script(pieces=("Grüße ", "🙂", " 中文"), reasoning=("é?",), split_bytes=split_bytes))
    answer = await gather(backend, MODEL)
    assert (answer.reasoning, answer.text) == ("é?", "Grüße 🙂 中文")


async def test_thinking_is_kept_apart(server: FakeOllama, backend: OllamaBackend) -> None:
    """It comes in a field of its own, or between tags in the text."""
    server.play(NAME, Script(reasoning=("Add. ", "Carry."), pieces=("4",)))
    answer = await gather(backend, MODEL)
    assert (answer.reasoning, answer.text) == ("Add. Carry.", "4")
    server.play(NAME, Script(pieces=("<th", "ink>Add.</", "think>\n\n", "4")))
    answer = await gather(backend, MODEL)
    assert (answer.reasoning, answer.text) == ("Add.", "4")


async def test_the_token_limit_is_told(server: FakeOllama, backend: OllamaBackend) -> None:
    """An answer that ends at its limit says so, even one that had not got beyond thinking."""
    server.play(NAME, Script(finish_reason="length"), Script(pieces=(), finish_reason="length"))
    for _ in range(2):
        assert (await gather(backend, MODEL)).completion.finish_reason == "length"


async def test_nothing_at_all_is_no_answer(server: FakeOllama, backend: OllamaBackend) -> None:
    """The next model is better than an empty message."""
    server.play(NAME, Script(pieces=()), Script(pieces=(), reasoning=("Hm.",)))
    for _ in range(2):
        with pytest.raises(BadReply, match=r"^The Model answered with nothing\.$"):
            await gather(backend, MODEL)


async def test_half_a_surrogate_pair_does_no_harm(server: FakeOllama, backend: OllamaBackend) -> None:
    """Such text could be neither sent nor stored."""
    server.play(NAME, Script(raw=b'{"message": {"content": "a\\ud83d"}, "done": true}\n'))
    assert (await gather(backend, MODEL)).text.encode()


async def test_answers_at_the_same_time_do_not_mix(server: FakeOllama, backend: OllamaBackend) -> None:
    """Fifty streams over one backend."""
    server.play(NAME, *(Script(pieces=(f"{n} ",) * 5, token_seconds=0.001) for n in range(50)))
    answers = await asyncio.gather(*(gather(backend, MODEL) for _ in range(50)))
    assert sorted(answer.text for answer in answers) == sorted(f"{n} " * 5 for n in range(50))


# --- requests ---------------------------------------------------------------------------------------------------------


async def test_a_request_says_all_that_ollama_must_know(server: FakeOllama, backend: OllamaBackend) -> None:
    """The window is constant for a model, and a prompt that does not fit is refused rather than cut."""
    messages = (
        Message("system", "Be brief."),
        Message("user", "Hi"),
        Message("assistant", "Hello"),
        Message("user", "?"),
    )
    body = await sent(server, backend, MODEL, GenerationRequest(messages, 0.2, 77))
    assert body == {
        "model": NAME,
        "messages": [{"role": message.role, "content": message.content} for message in messages],
        "stream": True,
        "truncate": False,
        "shift": False,
        "keep_alive": "30m",
        "options": {"temperature": 0.2, "num_predict": 77, "num_ctx": 16384},
    }


async def test_options_of_the_model_go_along(server: FakeOllama, backend: OllamaBackend) -> None:
    """Sampling options as they are; ours where they belong; the window never above what the model can."""
    options = {"num_ctx": 999_999, "keep_alive": "5m", "top_k": 5, "stop": ["\n"], "check_model": True, "think": True}
    body = await sent(server, backend, replace(MODEL, options=options))
    assert body["keep_alive"] == "5m"
    assert body["options"] == {"top_k": 5, "stop": ["\n"], "temperature": 0.7, "num_predict": 2000, "num_ctx": 32768}
    assert "think" not in body, "it is an error for models that cannot"


@pytest.mark.parametrize(("options", "think"), [({}, False), ({"think": True}, True), ({"think": "low"}, "low")])
async def test_a_model_that_can_think_is_told_whether(
    server: FakeOllama, backend: OllamaBackend, options: Any, think: Any
) -> None:
    """Unset would mean on: half a minute of thinking before a greeting."""
    server.models[NAME].thinking = True
    body = await sent(server, backend, replace(MODEL, thinking=True, options=options))
    assert body["think"] == think


async def test_images_travel_as_base64(server: FakeOllama, backend: OllamaBackend) -> None:
    """With the turn that they belong to."""
    body = await sent(server, backend, MODEL, a_request("What?", Attachment(Modality.IMAGE, b"\x89PNG", "image/png")))
    assert body["messages"] == [{"role": "user", "content": "What?", "images": ["iVBORw=="]}]


async def test_a_large_photo_travels_whole(server: FakeOllama, backend: OllamaBackend) -> None:
    """Several megabytes; aiohttp warns of bodies that would lock the event loop."""
    photo = Attachment(Modality.IMAGE, bytes(5_000_000), "image/jpeg")
    body = await sent(server, backend, MODEL, a_request("What?", photo))
    assert len(body["messages"][0]["images"][0]) == 6_666_668


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (Script(status=404, error="model 'x' not found"), ModelMissing),
        (Script(status=400, error=OVERFLOW), ContextTooLong),
        (Script(status=400, error=json.dumps({"error": OVERFLOW})), ContextTooLong),
        (Script(status=400, error="the input length exceeds the context length"), ContextTooLong),
        (Script(status=400, error="the prompt is longer than the context length currently …"), ContextTooLong),
        (Script(status=400, error='"x" does not support thinking'), BadReply),
        (Script(status=401, error="unauthorized"), BackendUnreachable),
        (Script(status=499, error=""), BadReply),
        (Script(status=500, error=MEMORY), OutOfMemory),
        (Script(status=500, error="llama runner process has terminated: exit status 2"), BadReply),
        (Script(status=503, error="server busy, please try again."), BackendUnreachable),
        (Script(error_after=1), BadReply),
        (Script(error_after=0, error=MEMORY), OutOfMemory),
        (Script(error_after=1, error="{not json"), BadReply),
        (Script(cut_after=0), BadReply),
        (Script(cut_after=2), BadReply),
        (Script(end_after=2), BadReply),
        (Script(end_after=0), BadReply),
        (Script(garbage_after=1), BadReply),
        (Script(raw=b""), BadReply),
        (Script(raw=b"<html></html>", content_type="text/html"), BadReply),
        (Script(raw=b'{"message": "text", "done": "yes"}\n'), BadReply),
        (Script(raw=b'{"message": {"content": 7}, "done": true}'), BadReply),
        (Script(raw=b"x" * (17 * 1024 * 1024)), BadReply),
        (Script(answers_as="llama3.2:1b"), ModelMissing),
        (Script(answers_as="{qwen}:7b"), ModelMissing),
    ],
)
async def test_every_failure_is_one_of_ours(
    server: FakeOllama, backend: OllamaBackend, script: Script, kind: type[BackendError]
) -> None:
    """By status and structure where there are any; nobody is told that an answer is finished."""
    server.play(NAME, script)
    gathered = Gathered()
    with pytest.raises(BackendError) as caught:
        await gather(backend, MODEL, into=gathered)
    assert type(caught.value) is kind
    assert (caught.value.backend, caught.value.model) == ("ollama", "the_model")
    assert not gathered.completions


async def test_an_answer_that_is_cut_at_any_byte_is_never_taken_for_a_whole_one(
    server: FakeOllama, backend: OllamaBackend
) -> None:
    """Only the last line's closing brace makes it one."""
    head = '{"message": {"content": "Grüße"}, "done": false}\n'
    body = (head + '{"message": {"content": ""}, "done": true, "done_reason": "stop"}\n').encode()
    for length in range(len(body) - 1):
        server.play(NAME, Script(raw=body[:length]))
        with pytest.raises(BadReply):
            await gather(backend, MODEL)
    server.play(NAME, Script(raw=body[:-1]), Script(raw=body))
    for _ in range(2):
        assert (await gather(backend, MODEL)).text == "Grüße"


async def test_an_error_speaks_to_people_and_keeps_the_servers_words_for_the_log(
    server: FakeOllama, backend: OllamaBackend
) -> None:
    """A path on the server, or a stack trace, is nobody's business in a chat."""
    server.play(NAME, Script(status=500, error="open /Users/owner/.ollama/x: secret"))
    with pytest.raises(BadReply, match=r"^Ollama failed while it ran The Model\.$") as caught:
        await gather(backend, MODEL)
    assert "/Users/owner" in str(caught.value.__cause__)


async def test_text_before_a_break_has_been_given(server: FakeOllama, backend: OllamaBackend) -> None:
    """Whoever falls back knows what is void."""
    server.play(NAME, Script(cut_after=2, token_seconds=0.2))
    gathered = Gathered()
    with pytest.raises(BadReply, match="broke off"):
        await gather(backend, MODEL, into=gathered)
    assert gathered.text == "Hello from"


async def test_no_server_means_unreachable(server: FakeOllama, backend: OllamaBackend) -> None:
    """For an answer as for the list."""
    await server.stop()
    await server.start()  # on another port, so that the fixture can stop it again
    with pytest.raises(BackendUnreachable):
        await gather(backend, MODEL)
    with pytest.raises(BackendUnreachable):
        await backend.offers()


@pytest.mark.parametrize(
    ("asked", "answering"),
    [("llama3.2", "llama3.2:latest"), ("llama3.2:latest", "llama3.2"), ("HF.co/A/b:q4", "hf.co/a/B:Q4")],
)
async def test_names_that_mean_one_model(
    server: FakeOllama, backend: OllamaBackend, asked: str, answering: str
) -> None:
    """`latest` is implied, and case does not count."""
    server.models[asked] = FakeModel(Script(answers_as=answering))
    assert (await gather(backend, a_model(asked))).text


async def test_another_name_is_taken_where_somebody_allows_it(server: FakeOllama, backend: OllamaBackend) -> None:
    """For a proxy that renames: by the model or by the server."""
    server.play(NAME, Script(answers_as="other"))
    assert (await gather(backend, replace(MODEL, options={"check_model": False}))).text
    lenient = OllamaBackend(backend.endpoint, check_model=False)
    assert (await gather(lenient, MODEL)).text
    await lenient.close()


async def test_a_prompt_that_was_cut_is_noted(
    server: FakeOllama, backend: OllamaBackend, caplog: pytest.LogCaptureFixture
) -> None:
    """Ollama before 0.12.6 ignores `truncate`; only its count gives it away."""
    tiny = replace(MODEL, options={"num_ctx": 512})
    cases = [(512, "Hi", True), (300, "word " * 2000, True), (26, "Hi", False), (500, "word " * 400, False)]
    for counted, text, noted in cases:
        caplog.clear()
        server.play(NAME, Script(prompt_tokens=counted))
        with caplog.at_level(logging.WARNING):
            await gather(backend, tiny, a_request(text))
        assert bool(caplog.records) is noted


# --- time and stopping ------------------------------------------------------------------------------------------------


async def test_a_cold_load_is_waited_for(server: FakeOllama, backend: OllamaBackend) -> None:
    """No byte comes while a model loads, and no time-out of the connection ends that."""
    quick = OllamaBackend(backend.endpoint, connect_timeout_seconds=0.1)
    server.models[NAME].loaded = False
    server.play(NAME, Script(load_seconds=0.5))
    assert (await gather(quick, MODEL)).text == "Hello from here."
    await quick.close()


async def test_tokens_come_as_they_are_made(server: FakeOllama, backend: OllamaBackend) -> None:
    """The first one is there although the second never comes."""
    server.play(NAME, Script(stall_after=1))
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(backend.stream(MODEL, a_request())) as events:
        assert await anext(events) == Token("Hello")


@pytest.mark.parametrize("tokens_read", [1, 2])
async def test_closing_the_stream_hangs_up_at_once(
    server: FakeOllama, backend: OllamaBackend, tokens_read: int
) -> None:
    """The server sees it and stops the model."""
    server.play(NAME, Script(pieces=("x",) * 1000, token_seconds=0.01))
    events = backend.stream(MODEL, a_request())
    for _ in range(tokens_read):
        await anext(events)
    closed_at = time.monotonic()
    await events.aclose()
    assert await server.until_disconnected(server.asked(CHAT)[0]) - closed_at < 1.0


async def test_cancelling_before_the_first_byte_hangs_up(server: FakeOllama, backend: OllamaBackend) -> None:
    """Also while a model loads, when there is no response yet."""
    server.models[NAME].loaded = False
    server.play(NAME, Script(load_seconds=600))
    task = asyncio.create_task(gather(backend, MODEL))
    request = await server.until_asked(CHAT)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await server.until_disconnected(request)


async def test_closing_the_backend_ends_its_streams(server: FakeOllama, backend: OllamaBackend) -> None:
    """A stream that is being read fails like any other; closing twice is fine."""
    server.play(NAME, Script(stall_after=1))
    task = asyncio.create_task(gather(backend, MODEL))
    await server.until_asked(CHAT)
    await asyncio.sleep(0.05)
    await backend.close()
    await backend.close()
    with pytest.raises(BackendError):
        await asyncio.wait_for(task, PATIENCE_SECONDS)


# --- offers -----------------------------------------------------------------------------------------------------------


async def test_offers_tell_what_each_model_is(server: FakeOllama, backend: OllamaBackend) -> None:
    """From the list, the details and what is in memory; what only embeds or lies in a cloud is left out."""
    server.models[NAME].loaded_bytes, server.models[NAME].loaded_context_tokens = 5_000_000_000, 16384
    server.models.update(
        {
            "llava:7b": FakeModel(vision=True, tools=False, loaded=False, family="llama", context_tokens=4096),
            "qwen3:4b": FakeModel(thinking=True, loaded=False, family="qwen3"),
            "nomic-embed-text:latest": FakeModel(embeds_only=True),
            "gpt-oss:120b-cloud": FakeModel(remote_host="https://ollama.com:443"),
        }
    )
    qwen, llava, thinker = await backend.offers()
    assert qwen == ModelOffer(
        endpoint=backend.endpoint,
        backend_name=NAME,
        capabilities=frozenset({ModelCapability.GENERAL, ModelCapability.FUNCTION_CALLING}),
        context_tokens=32768,
        size_bytes=4_683_087_332,
        parameters="7.6B",
        family="qwen2",
        quantization="Q4_K_M",
        loaded=True,
        loaded_bytes=5_000_000_000,
        loaded_context_tokens=16384,
    )
    assert llava.capabilities == {ModelCapability.GENERAL, ModelCapability.VISION}
    assert (llava.context_tokens, llava.loaded, llava.thinking) == (4096, False, False)
    assert (llava.loaded_bytes, llava.loaded_context_tokens) == (None, None)
    assert thinker.thinking


async def test_details_are_asked_for_once_for_each_version(server: FakeOllama, backend: OllamaBackend) -> None:
    """The refresh every 30 s costs two requests; a model that was pulled anew is asked about again."""
    for _ in range(3):
        await backend.offers()
    assert len(server.asked("/api/show")) == 1
    server.models[NAME].parameters = "8B"  # the double makes the digest from it
    await backend.offers()
    assert len(server.asked("/api/show")) == 2
    assert len(backend._details) == 1


async def test_a_server_without_details_still_offers() -> None:
    """Something that only resembles Ollama, or an old one: what is in memory nobody knows, and nobody claims."""
    async with FakeOllama({NAME: FakeModel()}, only_lists=True) as server:
        backend = OllamaBackend(Endpoint("ollama", server.root))
        (offer,) = await backend.offers()
        await backend.close()
    assert (offer.backend_name, offer.context_tokens, offer.loaded) == (NAME, None, None)


# --- loads and unloads ------------------------------------------------------------------------------------------------


async def loaded_by(backend: OllamaBackend, model: ModelMetadata = MODEL) -> list[LoadProgress]:
    """Load a model to the end; what is said of it."""
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(backend.load(model)) as steps:
        return [step async for step in steps]


async def test_a_model_is_loaded_as_its_answers_will_want_it(server: FakeOllama, backend: OllamaBackend) -> None:
    """Window, `shift` and every other option are those of an answer: Ollama would load it anew for another one."""
    server.models[NAME].loaded = False
    model = replace(MODEL, options={"num_ctx": 8192, "keep_alive": "2h", "num_gpu": 20, "think": True})
    assert await loaded_by(backend, model) == [LoadProgress(LoadStage.LOADING)]
    await gather(backend, model)
    asked, answered = (request.body for request in server.asked(CHAT))
    assert (asked["messages"], asked["keep_alive"]) == ([], "2h")
    assert asked["options"] == {"num_gpu": 20, "num_ctx": 8192}
    assert [asked[name] for name in ("truncate", "shift")] == [answered[name] for name in ("truncate", "shift")]
    assert server.memory.loads == [NAME]
    (offer,) = await backend.offers()
    assert (offer.loaded, offer.loaded_context_tokens) == (True, 8192)


async def test_a_load_takes_as_long_as_it_takes(server: FakeOllama, backend: OllamaBackend) -> None:
    """No byte comes before its end, and no time-out of the connection ends it; two that load take turns."""
    quick = OllamaBackend(backend.endpoint, connect_timeout_seconds=0.1)
    server.models.update({name: FakeModel(load_seconds=0.3, loaded=False) for name in ("a:1b", "b:1b")})
    began = time.monotonic()
    await asyncio.gather(loaded_by(quick, a_model("a:1b")), loaded_by(quick, a_model("b:1b")))
    assert time.monotonic() - began > 0.6
    assert {offer.backend_name for offer in await quick.offers() if offer.loaded} == {NAME, "a:1b", "b:1b"}
    await quick.close()


async def test_giving_a_load_up_hangs_up(server: FakeOllama, backend: OllamaBackend) -> None:
    """Whoever closes the generator waits no longer, and neither does the server."""
    server.models[NAME] = FakeModel(load_seconds=600, loaded=False)
    task = asyncio.create_task(loaded_by(backend))
    request = await server.until_asked(CHAT)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await server.until_disconnected(request)
    assert server.memory.loaded() == []


@pytest.mark.parametrize(
    ("words", "kind"), [(MEMORY, OutOfMemory), ("llama runner process has terminated: exit status 2", BadReply)]
)
async def test_a_load_that_fails_is_one_of_our_errors(
    server: FakeOllama, backend: OllamaBackend, words: str, kind: type[BackendError]
) -> None:
    """As the failures of an answer are."""
    server.models[NAME] = FakeModel(load_error=words, loaded=False)
    with pytest.raises(BackendError) as caught:
        await loaded_by(backend)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (json.dumps({"error": MEMORY}), OutOfMemory),
        (json.dumps({"model": "llama3.2:1b", "done": True, "done_reason": "load"}), ModelMissing),
        (json.dumps({"model": NAME, "done": False}), BadReply),
        ("", BadReply),
        ("<html></html>", BadReply),
    ],
)
async def test_a_reply_that_is_no_load_is_not_taken_for_one(reply: str, kind: type[BackendError]) -> None:
    """Although its status is 200."""

    async def chat(request: web.Request) -> web.Response:
        return web.Response(text=reply)

    server = FakeModelServer()
    server.app.router.add_post(CHAT, chat)
    async with server:
        backend = OllamaBackend(Endpoint("ollama", server.root))
        with pytest.raises(BackendError) as caught:
            await loaded_by(backend)
        await backend.close()
    assert type(caught.value) is kind


async def test_what_is_too_large_or_not_there_is_not_loaded(backend: OllamaBackend, server: FakeOllama) -> None:
    """The server says which, and the sentence is for people."""
    server.memory.limit_bytes = 1_000_000_000
    server.models[NAME].loaded = False
    with pytest.raises(OutOfMemory, match=r"^Ollama has too little memory for The Model\.$"):
        await loaded_by(backend)
    with pytest.raises(ModelMissing, match=r"^Ollama does not have The Model\.$"):
        await loaded_by(backend, a_model("nothing:1b"))
    await server.stop()
    with pytest.raises(BackendUnreachable):
        await loaded_by(backend)
    await server.start()


async def test_a_model_leaves_when_it_is_told_to(server: FakeOllama, backend: OllamaBackend) -> None:
    """Once it is gone it is not asked to go again."""
    await backend.unload(MODEL)
    assert server.memory.loaded() == []
    assert server.asked(CHAT)[0].body["keep_alive"] == 0
    await backend.unload(MODEL)
    await backend.unload(a_model("nothing:1b"))
    assert len(server.asked(CHAT)) == 1


async def test_a_model_leaves_after_its_last_answer(server: FakeOllama, backend: OllamaBackend) -> None:
    """Somebody else may still be reading; whoever wants the memory waits, but not for ever."""
    server.play(NAME, Script(pieces=("x",) * 40, token_seconds=0.01))
    answer = asyncio.create_task(gather(backend, MODEL))
    await server.until_asked(CHAT)
    hasty = OllamaBackend(backend.endpoint, unload_timeout_seconds=0.1)
    with pytest.raises(BackendTimeout, match=r"^Ollama still has The Model in memory\.$"):
        await hasty.unload(MODEL)
    await hasty.close()
    await backend.unload(MODEL)
    assert (answer.done(), server.memory.loaded()) == (True, [])
    assert (await answer).tokens == 40


async def test_an_old_server_is_told_to_unload_and_believed() -> None:
    """It has no list of what is in memory."""
    async with FakeOllama({NAME: FakeModel()}, only_lists=True) as server:
        backend = OllamaBackend(Endpoint("ollama", server.root))
        await backend.unload(MODEL)
        await backend.unload(a_model("nothing:1b"))
        await backend.close()
        assert not server.models[NAME].loaded


async def test_somebody_elses_window_is_not_ours(server: FakeOllama, backend: OllamaBackend) -> None:
    """Our request loads the model anew, so it does not count as loaded for us; a rounded window is the same one."""
    server.models[NAME].loaded_context_tokens = 4096
    (offer,) = await backend.offers()
    assert (offer.loaded, offer.loaded_context_tokens) == (True, 4096)
    assert not serves_loaded(MODEL, offer.loaded_context_tokens)
    await gather(backend, MODEL)
    assert server.memory.loads == [NAME]
    (offer,) = await backend.offers()
    assert serves_loaded(MODEL, offer.loaded_context_tokens)
    assert serves_loaded(replace(MODEL, options={"num_ctx": 10_000}), 10_240)
    assert not serves_loaded(replace(MODEL, options={"num_ctx": 10_000}), 16_384)


async def test_a_model_of_ollamas_mlx_engine_takes_any_window(server: FakeOllama, backend: OllamaBackend) -> None:
    """It is never loaded anew for one."""
    server.models[NAME].file_format = "safetensors"
    server.models[NAME].loaded_context_tokens = 4096
    (offer,) = await backend.offers()
    assert (offer.loaded, offer.loaded_context_tokens) == (True, None)
    assert serves_loaded(MODEL, offer.loaded_context_tokens)


async def test_a_model_that_nobody_asks_is_gone_after_its_time(server: FakeOllama, backend: OllamaBackend) -> None:
    """Ollama unloads it by itself, and the next list says so."""
    await gather(backend, replace(MODEL, options={"keep_alive": "0.2s"}))
    assert (await backend.offers())[0].loaded
    await asyncio.sleep(0.25)
    assert (await backend.offers())[0].loaded is False


async def test_loading_one_may_make_another_leave(server: FakeOllama, backend: OllamaBackend) -> None:
    """Ollama makes room by itself, the least recently used first."""
    server.models.update({name: FakeModel(loaded=False) for name in ("a:7b", "b:7b")})
    server.memory.limit_bytes = 2 * server.models[NAME].size_bytes
    for name in ("a:7b", NAME, "b:7b"):
        await gather(backend, a_model(name))
    assert {offer.backend_name for offer in await backend.offers() if offer.loaded} == {NAME, "b:7b"}


@pytest.mark.parametrize(
    ("entry", "held"),
    [
        ({"model": "A", "size": 9, "size_vram": 5, "context_length": 7}, Held(9, 7)),
        ({"name": "A", "size": 9, "size_vram": 0}, Held(9)),
        ({"name": "A", "size_vram": 5, "details": {"format": "safetensors"}, "context_length": 7}, Held(5)),
        ({"name": "A", "size": "9", "context_length": -1, "details": 3}, Held()),
    ],
)
def test_what_is_in_memory_is_read_by_full_name(entry: dict[str, Any], held: Held) -> None:
    """All of a model counts, whether on a GPU or not."""
    assert read_running({"models": [entry, {}, 7]}) == {"a:latest": held}


@pytest.mark.parametrize("reply", [None, [], {}, {"models": None}, "x"])
def test_no_list_is_not_an_empty_list(reply: Any) -> None:
    """Then nobody knows what is in memory."""
    assert read_running(reply) is None
    assert read_running({"models": []}) == {}


# --- any JSON at all --------------------------------------------------------------------------------------------------

_NAMES = st.sampled_from(
    ["model", "message", "content", "thinking", "done", "error", "details", "capabilities", "eval_count"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=5),
    max_leaves=12,
)


@given(st.dictionaries(_NAMES, _JSON))
def test_no_line_of_json_breaks_the_reader(line: dict[str, Any]) -> None:
    """Whatever has the wrong type counts as absent; the only errors are ours."""
    backend = OllamaBackend(Endpoint("ollama", "http://localhost"))
    with contextlib.suppress(BackendError):
        backend._check(line, MODEL, backend._subject(MODEL))
    for token in ollama._tokens(line, ReasoningSplitter()):
        (token.text + token.reasoning).encode()
    assert isinstance(ollama._completion(line), Completion)
    assert isinstance(backend._offer(line, line, read_running(line)), ModelOffer)


# --- the double as a process ------------------------------------------------------------------------------------------


async def test_the_double_runs_as_a_process_of_its_own() -> None:
    """For benchmarks and end-to-end tests."""
    command = [sys.executable, "-m", "tests.fake_ollama", "--model", "a:1b", "--text", "One two"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        url = (await asyncio.wait_for(process.stdout.readline(), PATIENCE_SECONDS)).decode().strip()
        with await asyncio.to_thread(urllib.request.urlopen, f"{url}/api/version", timeout=10) as reply:
            assert json.load(reply)["version"]
        backend = OllamaBackend(Endpoint("ollama", url))
        assert (await gather(backend, a_model("a:1b"))).text == "One two "
        await backend.close()
    finally:
        process.kill()
        await process.wait()
