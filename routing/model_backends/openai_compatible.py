"""OpenAICompatibleBackend: vLLM, llama.cpp, mlx_lm.server and whatever else speaks the API of OpenAI."""

from __future__ import annotations

import base64
import re
import time
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from routing.context_window import served_context_tokens
from routing.errors import BadReply, ContextTooLong, ModelMissing
from routing.model_backends import fields
from routing.model_backends.failures import Refusal, ServerSaid, Subject
from routing.model_backends.http import HttpClient, decode, events, read_bounded
from routing.model_backends.reasoning import ReasoningSplitter
from routing.types import Completion, Endpoint, Modality, ModelCapability, ModelOffer, Token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    import aiohttp

    from routing.errors import BackendError
    from routing.types import Attachment, GenerationRequest, Message, ModelMetadata

# Options that are ours or Ollama's; all others are handed to the server as they are.
_OWN_OPTIONS = frozenset({"num_ctx", "keep_alive", "think", "check_model"})


class OpenAICompatibleBackend:
    """One server whose `endpoint.url` ends where `/chat/completions` follows, usually in `/v1`.

    `check_model` False accepts answers that name another model than was asked for, for servers that always do.
    """

    label: ClassVar[str] = ""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        connect_timeout_seconds: float = 5.0,
        api_key: str = "",
        check_model: bool = True,
    ) -> None:
        self.endpoint = endpoint
        self._url = endpoint.url
        self._check_model = check_model
        self._client = HttpClient(connect_timeout_seconds=connect_timeout_seconds, api_key=api_key)
        self._takes_stream_options: bool | None = None  # None: not known yet

    async def initialize(self) -> None:
        """Open the connection pool; no request is made."""
        self._client.open()

    async def close(self) -> None:
        """Close every connection; running streams end."""
        await self._client.close()

    async def stream(self, model: ModelMetadata, request: GenerationRequest) -> AsyncGenerator[Token | Completion]:
        """Run the model: tokens as they come, then one Completion. Closing the generator stops the model."""
        subject = self._subject(model)
        answer = ChatAnswer(model, subject, check_model=self._check_model)
        async with (
            self._chat(chat_request(model, request), subject) as response,
            aclosing(_payloads(response, subject)) as payloads,
        ):
            async for payload in payloads:
                if payload == b"[DONE]":
                    answer.done = True
                    break
                for token in answer.read(decode(payload, subject)):
                    yield token
        for token in answer.finish():
            yield token
        yield answer.completion()

    async def offers(self) -> Sequence[ModelOffer]:
        """Ask which models are served, by /models."""
        listed = await self._client.get(f"{self._url}/models", self._subject())
        entries = fields.objects(fields.mapping(listed).get("data"))
        if not entries and not isinstance(fields.mapping(listed).get("data"), list):
            raise self._subject().error(BadReply, "{server} does not list its models.")
        return [self._offer(entry, alone=len(entries) == 1) for entry in entries if fields.text(entry.get("id"))]

    def _offer(self, entry: dict[str, Any], *, alone: bool) -> ModelOffer:
        """`meta` comes from llama.cpp, `max_model_len` from vLLM, `status` from llama.cpp's router."""
        meta, status = fields.mapping(entry.get("meta")), fields.mapping(entry.get("status"))
        context = entry.get("max_model_len") or meta.get("n_ctx") or meta.get("n_ctx_train")
        return ModelOffer(
            endpoint=self.endpoint,
            backend_name=fields.text(entry.get("id")),
            capabilities=frozenset({ModelCapability.GENERAL}),
            context_tokens=fields.positive(context),
            size_bytes=fields.positive(meta.get("size")),
            parameters=_parameters(fields.number(meta.get("n_params"))),
            loaded=fields.text(status.get("value")) == "loaded" if status else alone,
        )

    def _subject(self, model: ModelMetadata | None = None) -> Subject:
        server = self.label or f"The {self.endpoint.backend} server"
        if model is None:
            return Subject(server, self.endpoint.backend)
        return Subject(server, self.endpoint.backend, model.model_id, model.display_name)

    @asynccontextmanager
    async def _chat(self, body: dict[str, Any], subject: Subject) -> AsyncIterator[aiohttp.ClientResponse]:
        async with AsyncExitStack() as stack:
            yield await self._opened(body, subject, stack)

    async def _opened(self, body: dict[str, Any], subject: Subject, stack: AsyncExitStack) -> aiohttp.ClientResponse:
        """Ask for the answer, with usage where the server gives it.

        Some servers refuse `stream_options` as an unknown field. The first refusal of a request as invalid is tried
        once more without it; if that is taken, it is never sent again, and once it was taken there is no second try.
        """
        if self._takes_stream_options is not False:
            try:
                response = await self._begin({**body, "stream_options": {"include_usage": True}}, subject, stack)
            except BadReply as error:
                if self._takes_stream_options or not _is_invalid_request(error):
                    raise
            else:
                self._takes_stream_options = True
                return response
        response = await self._begin(body, subject, stack)
        self._takes_stream_options = False
        return response

    async def _begin(self, body: dict[str, Any], subject: Subject, stack: AsyncExitStack) -> aiohttp.ClientResponse:
        return await stack.enter_async_context(self._client.streaming(f"{self._url}/chat/completions", body, subject))


class ChatAnswer:
    """What has been read of one answer, and what it comes to."""

    def __init__(self, model: ModelMetadata, subject: Subject, *, check_model: bool = True) -> None:
        self.done = False
        self._model, self._subject = model, subject
        self._check_model = check_model and bool(model.options.get("check_model", True))
        self._splitter = ReasoningSplitter()
        self._finish_reason = ""
        self._promises_reason = False
        self._figures: dict[str, dict[str, Any]] = {}
        self._spoke_at: list[float] = []

    def read(self, chunk: Any) -> list[Token]:
        """Take the next chunk. Raises the error that it tells of, ModelMissing if another model answers."""
        chunk = fields.mapping(chunk)
        if chunk.get("error"):
            raise Refusal.read(200, chunk).error(self._subject)
        self._check(fields.text(chunk.get("model")))
        for name in ("usage", "timings", "stats"):
            if figures := fields.mapping(chunk.get(name)):
                self._figures[name] = figures
        choice = next(iter(fields.objects(chunk.get("choices"))), {})
        self._finish_reason = fields.text(choice.get("finish_reason")) or self._finish_reason
        self._promises_reason |= "finish_reason" in choice
        return self._noted(self._tokens(fields.mapping(choice.get("delta") or choice.get("message"))))

    def finish(self) -> list[Token]:
        """Give back what was held. Raises BadReply if the answer has not come to its end, or is none.

        A server that names a finish reason in its chunks and then says [DONE] without one was interrupted: so
        llama_cpp.server ends an answer when the next request comes in.
        """
        if not self._finish_reason and (self._promises_reason or not self.done):
            raise self._subject.error(BadReply, "{server} broke off.")
        tokens = self._noted(self._splitter.finish())
        if not self._spoke_at and self._finish_reason != "length":
            raise self._nothing()
        return tokens

    def completion(self) -> Completion:
        """The server's figures: `usage`, llama.cpp's `timings`, LM Studio's `stats`; else the pace by our clock."""
        usage, timings, stats = (self._figures.get(name, {}) for name in ("usage", "timings", "stats"))
        output_tokens = fields.whole(usage.get("completion_tokens"))
        pace = fields.number(timings.get("predicted_per_second")) or fields.number(stats.get("tokens_per_second"))
        prompt_ms = fields.number(timings.get("prompt_ms"))
        return Completion(
            finish_reason=self._finish_reason or "stop",
            prompt_tokens=fields.whole(usage.get("prompt_tokens")),
            output_tokens=output_tokens,
            tokens_per_second=pace or self._pace(output_tokens),
            prompt_seconds=prompt_ms / 1e3 if prompt_ms else fields.number(stats.get("time_to_first_token")),
        )

    def _check(self, answering: str) -> None:
        if self._check_model and answering and not same_model(self._model.backend_name, answering):
            sentence = "{server} answered with {other} instead of {model}."
            raise self._subject.error(ModelMissing, sentence, other=answering)

    def _tokens(self, delta: dict[str, Any]) -> list[Token]:
        """Reasoning comes in a field of its own (`reasoning_content`, `reasoning`) or between tags."""
        thought = fields.text(delta.get("reasoning_content")) or fields.text(delta.get("reasoning"))
        tokens = [Token(reasoning=thought)] if thought else []
        return tokens + self._splitter.feed(fields.text(delta.get("content")))

    def _noted(self, tokens: list[Token]) -> list[Token]:
        if tokens:
            self._spoke_at = [*self._spoke_at[:1], time.perf_counter()]
        return tokens

    def _nothing(self) -> BackendError:
        """LM Studio answers a prompt that does not fit its GGUF models with an empty stream."""
        prompt_tokens = fields.whole(self._figures.get("usage", {}).get("prompt_tokens")) or 0
        if prompt_tokens >= served_context_tokens(self._model):
            return self._subject.error(ContextTooLong)
        return self._subject.error(BadReply, "{model} answered with nothing.")

    def _pace(self, output_tokens: int | None) -> float | None:
        """Tokens a second between the first and the last; None where both came in one go."""
        seconds = self._spoke_at[-1] - self._spoke_at[0] if self._spoke_at else 0.0
        return (output_tokens - 1) / seconds if output_tokens and output_tokens > 1 and seconds > 0.01 else None


def same_model(asked: str, answered: str) -> bool:
    """Whether two names mean one model: folders, `.gguf`, the number of an instance (`:2`) and case do not count."""
    return _bare(asked) == _bare(answered)


def _bare(name: str) -> str:
    name = re.sub(r":\d+$", "", name.strip().lower())
    return re.split(r"[/\\]", name.rstrip("/\\"))[-1].removesuffix(".gguf")


def chat_request(model: ModelMetadata, request: GenerationRequest) -> dict[str, Any]:
    """The body for /chat/completions. `think` becomes the chat template's `enable_thinking`, where it is set."""
    body = {name: value for name, value in model.options.items() if name not in _OWN_OPTIONS}
    if model.thinking and "think" in model.options:
        template = fields.mapping(body.get("chat_template_kwargs"))
        body["chat_template_kwargs"] = {"enable_thinking": model.options["think"], **template}
    return {
        **body,
        "model": model.backend_name,
        "messages": [_message(message) for message in request.messages],
        "stream": True,
        "temperature": request.temperature,
        "max_tokens": request.max_tokens,
    }


def _message(message: Message) -> dict[str, Any]:
    images = [file for file in message.attachments if file.modality is Modality.IMAGE]
    if not images:
        return {"role": message.role, "content": message.content}
    parts: list[dict[str, Any]] = [{"type": "text", "text": message.content}] if message.content else []
    return {"role": message.role, "content": parts + [_image(file) for file in images]}


def _image(file: Attachment) -> dict[str, Any]:
    data = base64.b64encode(file.data).decode()
    return {"type": "image_url", "image_url": {"url": f"data:{file.media_type or 'image/jpeg'};base64,{data}"}}


async def _payloads(response: aiohttp.ClientResponse, subject: Subject) -> AsyncGenerator[bytes]:
    """The data of each event; a reply in one piece, which an error under 200 is too, counts as the only one."""
    if response.content_type == "application/json":
        yield await read_bounded(response)
        return
    async with aclosing(events(response.content.iter_any(), subject)) as found:
        async for data in found:
            yield data


def _is_invalid_request(error: BadReply) -> bool:
    return isinstance(error.__cause__, ServerSaid) and error.__cause__.status in {400, 422}


def _parameters(count: float | None) -> str | None:
    """7,615,616,512 as "7.6B"."""
    if not count:
        return None
    return f"{count / 1e9:.1f}B" if count >= 1e9 else f"{count / 1e6:.0f}M"
