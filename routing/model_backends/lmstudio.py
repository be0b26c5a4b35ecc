"""LMStudioBackend: models served by LM Studio, over its OpenAI API, and its own API for what it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from routing.context_window import OLLAMA_WINDOW_TOKENS, served_context_tokens
from routing.errors import BackendUnreachable, BadReply, ModelMissing
from routing.model_backends import fields
from routing.model_backends.chat_answer import same_model
from routing.model_backends.failures import Refusal, Subject
from routing.model_backends.http import decode, read_bounded
from routing.model_backends.openai_compatible import OpenAICompatibleBackend
from routing.types import Endpoint, LoadProgress, LoadStage, ModelCapability, ModelOffer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from routing.types import ModelMetadata

_V1_MODELS = "/api/v1/models"
_Entry = dict[str, Any]
_Reader = tuple[str, "Callable[[Endpoint, Any], list[ModelOffer] | None]"]


class LMStudioBackend(OpenAICompatibleBackend):
    """One LM Studio server. `endpoint.url` is that of its OpenAI API; its own API lies at the host's root.

    `can_load` is true from the first list of LM Studio 0.4 on: older ones load a model when it is asked something.
    """

    label: ClassVar[str] = "LM Studio"

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        connect_timeout_seconds: float = 5.0,
        api_key: str = "",
        check_model: bool = True,
    ) -> None:
        super().__init__(
            endpoint,
            connect_timeout_seconds=connect_timeout_seconds,
            api_key=api_key,
            check_model=check_model,
        )
        self._root = endpoint.url.removesuffix("/v1")
        self._url = f"{self._root}/v1"
        self._readers = _READERS

    async def offers(self) -> Sequence[ModelOffer]:
        """Ask which models there are: /api/v1/models, else /api/v0/models, else /v1/models.

        An unknown path answers 200 too, so the shape of the reply decides; what has answered once is asked first, until
        the server was gone for a while: it may be a newer one then.
        """
        subject = self._subject()
        for reader in self._readers:
            path, read = reader
            try:
                reply = await self._client.get(f"{self._root}{path}", subject)
            except BackendUnreachable:
                self._readers = _READERS
                raise
            offers = read(self.endpoint, reply)
            if offers is not None:
                self._readers = (reader, *(other for other in _READERS if other != reader))
                self.can_load = path == _V1_MODELS
                return offers
        raise subject.error(BadReply, "{server} does not list its models.")

    async def load(self, model: ModelMetadata) -> AsyncGenerator[LoadProgress]:
        """Bring a model into memory, where it stays until it is unloaded; nothing happens if it is there.

        LM Studio says nothing until it is there, which may take minutes: no time-out ends it. Closing the generator
        hangs up; what LM Studio has begun to load it may load to the end.
        """
        if not self.can_load:
            raise self._cannot_load(model)
        if await self._instances(model):
            return  # another load would make a second one beside it
        subject = self._subject(model)
        yield LoadProgress(LoadStage.LOADING)
        async with self._client.streaming(f"{self._root}{_V1_MODELS}/load", load_request(model), subject) as response:
            reply = fields.mapping(decode(await read_bounded(response), subject))
        if not fields.text(reply.get("instance_id")):
            raise Refusal.read(200, reply).error(subject)

    async def unload(self, model: ModelMetadata) -> None:
        """Take every instance of a model out of memory; LM Studio does not wait for answers that run on it."""
        if not self.can_load:
            raise self._cannot_load(model)
        for instance in await self._instances(model):
            await self._unload(instance, self._subject(model))

    async def _unload(self, instance: str, subject: Subject) -> None:
        try:
            reply = await self._client.post(f"{self._root}{_V1_MODELS}/unload", {"instance_id": instance}, subject)
        except ModelMissing:
            return  # gone in the meantime: LM Studio unloads by itself, too
        if not fields.text(fields.mapping(reply).get("instance_id")):
            raise Refusal.read(200, reply).error(subject)

    async def _instances(self, model: ModelMetadata) -> list[str]:
        """The ids of what is in memory of a model; none if LM Studio has no such model."""
        reply = await self._client.get(f"{self._root}{_V1_MODELS}", self._subject(model))
        entries = {
            fields.text(entry.get("key")): entry for entry in fields.objects(fields.mapping(reply).get("models"))
        }
        close = next((key for key in entries if same_model(model.backend_name, key)), "")
        entry = entries.get(model.backend_name) or entries.get(close, {})
        loaded = fields.objects(entry.get("loaded_instances"))
        return [name for instance in loaded if (name := fields.text(instance.get("id")))]


def load_request(model: ModelMetadata) -> dict[str, Any]:
    """The body for /api/v1/models/load: the window is the model's `num_ctx`, or the one that Ollama would get.

    The longest that a model can have would often take more memory than its weights.
    """
    chosen = "num_ctx" in model.options
    window = served_context_tokens(model) if chosen else min(model.context_tokens, OLLAMA_WINDOW_TOKENS)
    return {"model": model.backend_name, "context_length": window}


def read_v1(endpoint: Endpoint, reply: Any) -> list[ModelOffer] | None:
    """Read the list of LM Studio 0.4 and newer; None if it is none.

    A loaded model has the context it was loaded with, the others the longest they can have.
    """
    entries = fields.mapping(reply).get("models")
    if not isinstance(entries, list):
        return None
    named = [entry for entry in fields.objects(entries) if fields.text(entry.get("key"))]
    return [_offer_v1(endpoint, entry) for entry in named if entry.get("type") != "embedding"]


def _offer_v1(endpoint: Endpoint, entry: _Entry) -> ModelOffer:
    able = fields.mapping(entry.get("capabilities"))
    instances = fields.objects(entry.get("loaded_instances"))
    return ModelOffer(
        endpoint=endpoint,
        backend_name=fields.text(entry.get("key")),
        display_name=fields.text(entry.get("display_name")) or None,
        capabilities=_capabilities(vision=able.get("vision") is True, tools=able.get("trained_for_tool_use") is True),
        context_tokens=_loaded_context(instances) or fields.positive(entry.get("max_context_length")),
        size_bytes=fields.positive(entry.get("size_bytes")),
        parameters=fields.text(entry.get("params_string")) or None,
        family=fields.text(entry.get("architecture")) or None,
        quantization=fields.text(fields.mapping(entry.get("quantization")).get("name")) or None,
        thinking=bool(able.get("reasoning")),
        loaded=bool(instances),
    )


def _loaded_context(instances: list[_Entry]) -> int | None:
    """The smallest context of the instances: nobody says which of them will answer."""
    lengths = [fields.positive(fields.mapping(instance.get("config")).get("context_length")) for instance in instances]
    return min((length for length in lengths if length), default=None)


def read_v0(endpoint: Endpoint, reply: Any) -> list[ModelOffer] | None:
    """Read the list of LM Studio 0.3; None if it is none."""
    entries = fields.objects(fields.mapping(reply).get("data"))
    if not entries or not all("type" in entry for entry in entries):
        return None
    named = [entry for entry in entries if fields.text(entry.get("id"))]
    return [_offer_v0(endpoint, entry) for entry in named if entry["type"] != "embeddings"]


def _offer_v0(endpoint: Endpoint, entry: _Entry) -> ModelOffer:
    loaded = entry.get("state") == "loaded"
    context = fields.positive(entry.get("loaded_context_length")) if loaded else None
    tools = "tool_use" in fields.items(entry.get("capabilities"))
    return ModelOffer(
        endpoint=endpoint,
        backend_name=fields.text(entry.get("id")),
        capabilities=_capabilities(vision=entry["type"] == "vlm", tools=tools),
        context_tokens=context or fields.positive(entry.get("max_context_length")),
        family=fields.text(entry.get("arch")) or None,
        quantization=fields.text(entry.get("quantization")) or None,
        loaded=loaded,
    )


def read_openai(endpoint: Endpoint, reply: Any) -> list[ModelOffer] | None:
    """Read the OpenAI API's bare list, where only LM Studio's prefix tells what embeds; None if it is none."""
    entries = fields.mapping(reply).get("data")
    if not isinstance(entries, list):
        return None
    names = [fields.text(entry.get("id")) for entry in fields.objects(entries)]
    return [
        ModelOffer(endpoint, name, capabilities=_capabilities(), loaded=None)
        for name in names
        if name and not name.startswith("text-embedding-")
    ]


def _capabilities(*, vision: bool = False, tools: bool = False) -> frozenset[ModelCapability]:
    able = {ModelCapability.GENERAL: True, ModelCapability.VISION: vision, ModelCapability.FUNCTION_CALLING: tools}
    return frozenset(capability for capability, has in able.items() if has)


_READERS: tuple[_Reader, ...] = (
    (_V1_MODELS, read_v1),
    ("/api/v0/models", read_v0),
    ("/v1/models", read_openai),
)
