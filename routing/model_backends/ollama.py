"""OllamaBackend: models served by Ollama, over its own API."""

from __future__ import annotations

import asyncio
import base64
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from routing.errors import BackendError, BackendTimeout, ModelMissing
from routing.model_backends import fields
from routing.model_backends.failures import Refusal, Subject
from routing.model_backends.http import HttpClient, json_lines
from routing.model_backends.ollama_memory import (
    Held,
    full_name,
    load_request,
    name_of,
    read_running,
    runner_request,
    unload_request,
)
from routing.model_backends.reasoning import ReasoningSplitter
from routing.types import (
    Completion,
    Endpoint,
    LoadProgress,
    LoadStage,
    Modality,
    ModelCapability,
    ModelOffer,
    Token,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from routing.types import GenerationRequest, Message, ModelMetadata

_log = logging.getLogger(__name__)

# Questions about single models that are under way at once.
_DETAILS_AT_ONCE = 4
_LOOK_AGAIN_SECONDS = 0.1

_CAPABILITIES = {
    "completion": ModelCapability.GENERAL,
    "vision": ModelCapability.VISION,
    "tools": ModelCapability.FUNCTION_CALLING,
}


class OllamaBackend:
    """One Ollama server. `check_model` False accepts answers that name another model than was asked for.

    A model leaves memory within moments, unless somebody else's answer runs on it: that is waited for so long.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        connect_timeout_seconds: float = 5.0,
        api_key: str = "",
        check_model: bool = True,
        unload_timeout_seconds: float = 30.0,
    ) -> None:
        self.endpoint = endpoint
        self.can_load = True
        self._check_model = check_model
        self._unload_timeout_seconds = unload_timeout_seconds
        self._client = HttpClient(connect_timeout_seconds=connect_timeout_seconds, api_key=api_key)
        self._details: dict[str, dict[str, Any]] = {}  # /api/show by digest: it never changes for one

    async def initialize(self) -> None:
        """Open the connection pool; no request is made."""
        self._client.open()

    async def close(self) -> None:
        """Close every connection; running streams end."""
        await self._client.close()

    async def stream(self, model: ModelMetadata, request: GenerationRequest) -> AsyncGenerator[Token | Completion]:
        """Run the model: tokens as they come, then one Completion. Closing the generator stops the model."""
        subject = self._subject(model)
        body = chat_request(model, request)
        splitter, answers = ReasoningSplitter(), False
        async with (
            self._client.streaming(f"{self.endpoint.url}/api/chat", body, subject) as response,
            aclosing(json_lines(response.content.iter_any(), subject)) as lines,
        ):
            async for line in lines:
                self._check(line, model, subject)
                for token in _tokens(line, splitter):
                    answers = answers or bool(token.text)
                    yield token
                if line.get("done") is True:
                    if not answers and line.get("done_reason") != "length":
                        raise subject.said_nothing()
                    _warn_if_cut(line, body, model)
                    yield _completion(line)
                    return
        raise subject.broke_off()

    async def load(self, model: ModelMetadata) -> AsyncGenerator[LoadProgress]:
        """Bring a model into memory. Ollama says nothing until it is there, for minutes maybe: no time-out ends that.

        Closing the generator hangs up; what Ollama has begun to load it may load to the end.
        """
        subject = self._subject(model)
        yield LoadProgress(LoadStage.LOADING)
        async with (
            self._client.streaming(f"{self.endpoint.url}/api/chat", load_request(model), subject) as response,
            aclosing(json_lines(response.content.iter_any(), subject)) as lines,
        ):
            async for line in lines:
                self._check(line, model, subject)
                if line.get("done") is True:
                    return
        raise subject.broke_off()

    async def unload(self, model: ModelMetadata) -> None:
        """Take a model out of memory, and wait until it is gone. Raises BackendTimeout when it stays."""
        subject = self._subject(model)
        if not await self._may_hold(model):
            return
        try:
            reply = await self._client.post(f"{self.endpoint.url}/api/chat", unload_request(model), subject)
        except ModelMissing:
            return  # removed from the disk, it is not in memory either
        self._check(fields.mapping(reply), model, subject)
        try:
            async with asyncio.timeout(self._unload_timeout_seconds):
                while await self._may_hold(model, unknown=False):  # noqa: ASYNC110  # Ollama has no event for it
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        except TimeoutError as error:
            raise subject.error(BackendTimeout, "{server} still has {model} in memory.") from error

    async def _may_hold(self, model: ModelMetadata, *, unknown: bool = True) -> bool:
        """Whether a model is in memory; `unknown` where Ollama does not say."""
        running = await self._running()
        return unknown if running is None else full_name(model.backend_name) in running

    async def offers(self) -> Sequence[ModelOffer]:
        """Ask which models are installed, what each can do and which are in memory.

        Costs two requests, and one more for each model not seen before. Models that only embed are left out, and so
        are those that Ollama passes on to a cloud: what people write stays on their own machines.
        """
        listed = await self._client.get(f"{self.endpoint.url}/api/tags", self._subject())
        entries = [entry for entry in fields.objects(fields.mapping(listed).get("models")) if _is_local(entry)]
        running, details = await asyncio.gather(self._running(), self._details_of(entries))
        pairs = zip(entries, details, strict=True)
        return [self._offer(entry, known, running) for entry, known in pairs if _answers(known)]

    async def _running(self) -> dict[str, Held] | None:
        """The models in memory; None where the server does not say: an old one has no word for it."""
        try:
            return read_running(await self._client.get(f"{self.endpoint.url}/api/ps", self._subject()))
        except BackendError:
            return None

    async def _details_of(self, entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """What /api/show says of each, known digests from memory; those that are gone are forgotten."""
        turns = asyncio.Semaphore(_DETAILS_AT_ONCE)
        found = await asyncio.gather(*(self._detail(entry, turns) for entry in entries))
        digests = {fields.text(entry.get("digest")) for entry in entries}
        self._details = {digest: known for digest, known in self._details.items() if digest in digests}
        return found

    async def _detail(self, entry: dict[str, Any], turns: asyncio.Semaphore) -> dict[str, Any]:
        digest = fields.text(entry.get("digest"))
        if digest in self._details:
            return self._details[digest]
        async with turns:
            try:
                shown = await self._client.post(
                    f"{self.endpoint.url}/api/show", {"model": name_of(entry)}, self._subject()
                )
            except BackendError as error:
                _log.info("Ollama says nothing of %s: %s", name_of(entry), error)
                return {}
        known = {key: fields.mapping(shown).get(key) for key in ("capabilities", "model_info")}
        if digest:
            self._details[digest] = known
        return known

    def _offer(self, entry: dict[str, Any], known: dict[str, Any], running: Mapping[str, Held] | None) -> ModelOffer:
        held = (running or {}).get(full_name(name_of(entry)))
        about = fields.mapping(entry.get("details"))
        abilities = [fields.text(ability) for ability in fields.items(known.get("capabilities"))]
        return ModelOffer(
            endpoint=self.endpoint,
            backend_name=name_of(entry),
            capabilities=frozenset(_CAPABILITIES[ability] for ability in abilities if ability in _CAPABILITIES),
            context_tokens=_context_tokens(known),
            size_bytes=fields.positive(entry.get("size")),
            parameters=fields.text(about.get("parameter_size")) or None,
            family=fields.text(about.get("family")) or None,
            quantization=fields.text(about.get("quantization_level")) or None,
            thinking="thinking" in abilities,
            loaded=None if running is None else held is not None,
            loaded_bytes=held.bytes if held else None,
            loaded_context_tokens=held.context_tokens if held else None,
        )

    def _subject(self, model: ModelMetadata | None = None) -> Subject:
        if model is None:
            return Subject("Ollama", self.endpoint.backend)
        return Subject("Ollama", self.endpoint.backend, model.model_id, model.display_name)

    def _check(self, line: dict[str, Any], model: ModelMetadata, subject: Subject) -> None:
        """Raise what the line says went wrong, or that another model answers."""
        if line.get("error") is not None:
            raise Refusal.read(200, line).error(subject)
        answering = fields.text(line.get("model"))
        wanted = self._check_model and model.options.get("check_model", True)
        if wanted and answering and full_name(answering) != full_name(model.backend_name):
            raise subject.wrong_model(answering)


def chat_request(model: ModelMetadata, request: GenerationRequest) -> dict[str, Any]:
    """The body for /api/chat.

    `think` is sent only to models that can: it is on by default for them, and an error for the others.
    """
    body = runner_request(model)
    body |= {"messages": [_message(message) for message in request.messages], "stream": True}
    body["options"] |= {"temperature": request.temperature, "num_predict": request.max_tokens}
    if model.thinking:
        body["think"] = model.options.get("think", False)
    return body


def _message(message: Message) -> dict[str, Any]:
    images = [base64.b64encode(file.data).decode() for file in message.attachments if file.modality is Modality.IMAGE]
    return {"role": message.role, "content": message.content, **({"images": images} if images else {})}


def _tokens(line: dict[str, Any], splitter: ReasoningSplitter) -> list[Token]:
    """What one line adds; reasoning comes in a field of its own or, from some models, between tags."""
    message = fields.mapping(line.get("message"))
    thought = fields.text(message.get("thinking"))
    tokens = [Token(reasoning=thought)] if thought else []
    tokens += splitter.feed(fields.text(message.get("content")))
    return tokens + splitter.finish() if line.get("done") is True else tokens


def _completion(line: dict[str, Any]) -> Completion:
    """The last line's figures; Ollama counts time in nanoseconds and leaves out what is 0."""
    count, seconds = fields.whole(line.get("eval_count")), _seconds(line.get("eval_duration"))
    return Completion(
        finish_reason=fields.text(line.get("done_reason")) or "stop",
        prompt_tokens=fields.whole(line.get("prompt_eval_count")),
        output_tokens=count,
        tokens_per_second=count / seconds if count and seconds else None,
        load_seconds=_seconds(line.get("load_duration")),
        prompt_seconds=_seconds(line.get("prompt_eval_duration")),
    )


def _seconds(nanoseconds: object) -> float | None:
    figure = fields.number(nanoseconds)
    return None if figure is None else figure / 1e9


def _warn_if_cut(line: dict[str, Any], body: dict[str, Any], model: ModelMetadata) -> None:
    """Ollama before 0.12.6 ignores `truncate`, and a prompt that was cut shows in nothing but its count."""
    window = body["options"]["num_ctx"]
    counted = fields.positive(line.get("prompt_eval_count"))
    letters = sum(len(message["content"]) for message in body["messages"])
    # No tokenizer known gets more than eight letters of running text into a token on average: then it must be more.
    if counted and (counted >= window or (letters / 8 > window and counted < letters / 8)):
        _log.warning("Ollama cut the prompt for %s: it read %d tokens", model.model_id, counted)


def _is_local(entry: dict[str, Any]) -> bool:
    return bool(name_of(entry)) and not entry.get("remote_host") and not entry.get("remote_model")


def _answers(known: dict[str, Any]) -> bool:
    """A model that says what it can do, and does not say that it completes text, only embeds."""
    abilities = fields.items(known.get("capabilities"))
    return not abilities or "completion" in abilities


def _context_tokens(known: dict[str, Any]) -> int | None:
    """The length trained for, which stands under the architecture's name."""
    info = fields.mapping(known.get("model_info"))
    architecture = fields.text(info.get("general.architecture"))
    return fields.positive(info.get(f"{architecture}.context_length"))
