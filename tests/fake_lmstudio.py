"""A double of LM Studio: the OpenAI API by script, and its own list of models in the shapes of 0.4 and of 0.3.

`python -m tests.fake_lmstudio --port 1234 --model qwen2.5-7b-instruct` runs it as a process of its own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fake_memory import NoRoom
from tests.fake_model_server import BODY, FakeModel, FakeModelServer, Script, serve_from_command_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class FakeLMStudio(FakeModelServer):
    """Answers as LM Studio does: unknown paths with 200, and a wrong name by the one model that is loaded.

    `lists` are the lists of models that it has: "v1" (0.4, which can load, too), "v0" (0.3) and "openai". With
    `api_key` it asks for it. A model that is loaded because somebody asked it something makes the one leave that came
    in the same way before; one that is loaded by request makes none leave, and one of too many bytes is refused.
    """

    def __init__(
        self,
        models: Mapping[str, FakeModel] | None = None,
        *,
        lists: tuple[str, ...] = ("v1", "v0", "openai"),
        api_key: str = "",
        **address: Any,
    ) -> None:
        super().__init__(models, **address)
        self._api_key = api_key
        self.on_demand: set[str] = set()  # what came into memory because somebody asked it something
        self._instances: dict[str, list[str]] = {}
        self.app.router.add_post("/v1/chat/completions", self._chat)
        listings = {"v1": ("/api/v1/models", self._v1), "v0": ("/api/v0/models", self._v0)}
        listings["openai"] = ("/v1/models", self._openai)
        for name in lists:
            self.app.router.add_get(*listings[name])
        if "v1" in lists:
            self.app.router.add_post("/api/v1/models/load", self._load)
            self.app.router.add_post("/api/v1/models/unload", self._unload)
        self.app.router.add_route("*", "/{path:.*}", self._unknown)

    @property
    def url(self) -> str:
        """The address of the OpenAI API."""
        return f"{self.root}/v1"

    async def _unknown(self, request: web.Request) -> web.Response:
        return web.json_response({"error": f"Unexpected endpoint or method. ({request.method} {request.path})"})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = request[BODY]
        if self._api_key and request.headers.get("Authorization") != f"Bearer {self._api_key}":
            return _refused(401, "invalid api key", "invalid_api_key")
        name = self._serving(body["model"])
        if name is None:
            return _refused(404, f"Model {body['model']} not found", "model_not_found")
        script = self.next_script(name)
        if script.status != 200:
            return web.json_response({"error": script.error}, status=script.status)
        if unknown := [field for field in script.refuses_fields if field in body]:
            return _refused(422, f"extra fields not permitted: {unknown}", None)
        if name not in self.memory.loaded() and (refused := await self._load_on_demand(name, script)):
            return refused
        with self.memory.used(name, body.get("ttl")):
            return await self.send(request, script, "text/event-stream", self._events(name, body, script))

    async def _load_on_demand(self, name: str, script: Script) -> web.Response | None:
        for other in self.on_demand - {name}:
            self.memory.drop(other)
        self.on_demand = {name}
        return await self._bring(name, max(script.load_seconds, self.models[name].load_seconds), None)

    async def _bring(self, name: str, seconds: float, context_tokens: int | None) -> web.Response | None:
        """Load a model; its refusal if it cannot be."""
        if self.models[name].load_error is not None:
            return _refused(500, self.models[name].load_error, None)
        try:
            await self.memory.bring(name, seconds, context_tokens=context_tokens, may_go=lambda name: False)
        except NoRoom:
            return _refused(500, "Model loading was stopped due to insufficient system resources.", None)
        return None

    async def _load(self, request: web.Request) -> web.Response:
        body = request[BODY]
        name = body["model"]
        if name not in self.models:
            return _refused(404, f"Model {name} not found", "model_not_found")
        began = self.clock()
        instances = self.instances(name)
        if not instances:
            refused = await self._bring(name, self.next_load_seconds(name), body.get("context_length"))
            if refused is not None:
                return refused
        instances.append(name if not instances else f"{name}:{len(instances) + 1}")
        self.on_demand.discard(name)
        self._instances[name] = instances
        seconds = self.clock() - began
        reply = {"type": "llm", "instance_id": instances[-1], "load_time_seconds": seconds, "status": "loaded"}
        return web.json_response(reply)

    async def _unload(self, request: web.Request) -> web.Response:
        instance = request[BODY]["instance_id"]
        name = next((name for name in self.models if instance in self.instances(name)), None)
        if name is None:
            return _refused(404, f"No model instance {instance}", "model_not_found")
        self._instances[name] = [other for other in self.instances(name) if other != instance]
        if not self._instances[name]:
            self.models[name].loaded = False  # LM Studio waits for nobody
        return web.json_response({"instance_id": instance})

    def instances(self, name: str) -> list[str]:
        """The ids of what is in memory of a model; the first is that of the model itself."""
        if name not in self.memory.loaded():
            return []
        return list(self._instances.get(name) or [name])

    def _serving(self, name: str) -> str | None:
        if name in self.models:
            return name
        loaded = [known for known, model in self.models.items() if model.loaded and not model.embeds_only]
        return loaded[0] if len(loaded) == 1 else None

    def _events(self, name: str, body: dict[str, Any], script: Script) -> Iterator[bytes]:
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": script.answers_as or name}
        deltas = [{"reasoning_content": piece} for piece in script.reasoning]
        deltas += [{"role": "assistant", "content": piece} for piece in script.pieces]
        for sent, delta in enumerate(deltas):
            if sent == script.error_after:
                yield b"event: error\n" + _event({"error": script.error})
                return
            yield _event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        yield _event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": script.finish_reason}]})
        if body.get("stream_options", {}).get("include_usage"):
            usage = {"prompt_tokens": script.prompt_tokens, "completion_tokens": len(deltas)}
            yield _event({**head, "choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"

    async def _v1(self, request: web.Request) -> web.Response:
        return web.json_response({"models": [self._entry_v1(name, model) for name, model in self.models.items()]})

    def _entry_v1(self, name: str, model: FakeModel) -> dict[str, Any]:
        config = {"context_length": model.loaded_context_tokens or model.context_tokens}
        common = {
            "key": name,
            "display_name": name.title(),
            "publisher": "somebody",
            "quantization": {"name": model.quantization, "bits_per_weight": 4},
            "size_bytes": model.size_bytes,
            "params_string": model.parameters,
            "loaded_instances": [{"id": instance, "config": config} for instance in self.instances(name)],
            "max_context_length": model.context_tokens,
            "format": model.file_format,
        }
        if model.embeds_only:
            return {**common, "type": "embedding"}
        able: dict[str, Any] = {"vision": model.vision, "trained_for_tool_use": model.tools}
        if model.thinking:
            able["reasoning"] = {"allowed_options": ["off", "on"], "default": "on"}
        return {**common, "type": "llm", "architecture": model.family, "capabilities": able}

    async def _v0(self, request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [_entry_v0(*item) for item in self.models.items()]})

    async def _openai(self, request: web.Request) -> web.Response:
        entries = [{"id": name, "object": "model", "owned_by": "organization_owner"} for name in self.models]
        return web.json_response({"object": "list", "data": entries})


def _refused(status: int, message: str, code: str | None) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return web.json_response({"error": error}, status=status)


def _entry_v0(name: str, model: FakeModel) -> dict[str, Any]:
    kind = "embeddings" if model.embeds_only else "vlm" if model.vision else "llm"
    loaded = {"loaded_context_length": model.loaded_context_tokens} if model.loaded else {}
    return {
        "id": name,
        "object": "model",
        "type": kind,
        "publisher": "somebody",
        "arch": model.family,
        "quantization": model.quantization,
        "state": "loaded" if model.loaded else "not-loaded",
        "max_context_length": model.context_tokens,
        "capabilities": ["tool_use"] if model.tools else [],
        **loaded,
    }


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


if __name__ == "__main__":
    serve_from_command_line(FakeLMStudio, "qwen2.5-7b-instruct")
