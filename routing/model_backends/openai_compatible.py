"""OpenAICompatibleBackend: vLLM, llama.cpp, mlx_lm.server and whatever else speaks the API of OpenAI."""

from __future__ import annotations

import base64
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from routing.errors import BackendError, BadReply
from routing.model_backends import fields
from routing.model_backends.chat_answer import ChatAnswer
from routing.model_backends.failures import ServerSaid, Subject
from routing.model_backends.http import HttpClient, decode, events, read_bounded
from routing.types import Endpoint, Modality, ModelCapability, ModelOffer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    import aiohttp

    from routing.types import Attachment, Completion, GenerationRequest, LoadProgress, Message, ModelMetadata, Token

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
        self.can_load = False  # this API has no word for it: such a server loads what it is asked something
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
        try:
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
        except BadReply:
            if not answer.ended:  # what breaks after the end costs some figures, not the answer
                raise
        for token in answer.finish():
            yield token
        yield answer.completion()

    def load(self, model: ModelMetadata) -> AsyncGenerator[LoadProgress]:
        """Raise BadReply: models come and go here as the server likes."""
        raise self._cannot_load(model)

    async def unload(self, model: ModelMetadata) -> None:
        """Raise BadReply: models come and go here as the server likes."""
        raise self._cannot_load(model)

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
            # Beside others nobody knows: mlx_lm.server, for one, lists all that lies on the disk.
            loaded=fields.text(status.get("value")) == "loaded" if status else alone or None,
        )

    def _cannot_load(self, model: ModelMetadata) -> BackendError:
        sentence = "{server} decides by itself when {model} is in memory."
        return self._subject(model).error(BadReply, sentence, reason="cannot be loaded from here")

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
