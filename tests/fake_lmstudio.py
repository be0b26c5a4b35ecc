"""A double of LM Studio: the OpenAI API by script, and its own list of models in the shapes of 0.4 and of 0.3.

`python -m tests.fake_lmstudio --port 1234 --model qwen2.5-7b-instruct` runs it as a process of its own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fake_model_server import BODY, FakeModel, FakeModelServer, Script, serve_from_command_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class FakeLMStudio(FakeModelServer):
    """Answers as LM Studio does: unknown paths with 200, and a wrong name by the one model that is loaded.

    `lists` are the lists of models that it has: "v1" (0.4), "v0" (0.3) and "openai". With `api_key` it asks for it.
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
        self.app.router.add_post("/v1/chat/completions", self._chat)
        listings = {"v1": ("/api/v1/models", self._v1), "v0": ("/api/v0/models", self._v0)}
        listings["openai"] = ("/v1/models", self._openai)
        for name in lists:
            self.app.router.add_get(*listings[name])
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
        await self.load(name, script)
        return await self.send(request, script, "text/event-stream", self._events(name, body, script))

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
        return web.json_response({"models": [_entry_v1(name, model) for name, model in self.models.items()]})

    async def _v0(self, request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [_entry_v0(*item) for item in self.models.items()]})

    async def _openai(self, request: web.Request) -> web.Response:
        entries = [{"id": name, "object": "model", "owned_by": "organization_owner"} for name in self.models]
        return web.json_response({"object": "list", "data": entries})


def _refused(status: int, message: str, code: str | None) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return web.json_response({"error": error}, status=status)


def _entry_v1(name: str, model: FakeModel) -> dict[str, Any]:
    config = {"context_length": model.loaded_context_tokens or model.context_tokens}
    common = {
        "key": name,
        "display_name": name.title(),
        "publisher": "somebody",
        "quantization": {"name": model.quantization, "bits_per_weight": 4},
        "size_bytes": model.size_bytes,
        "params_string": model.parameters,
        "loaded_instances": [{"id": name, "config": config}] if model.loaded else [],
        "max_context_length": model.context_tokens,
        "format": "gguf",
    }
    if model.embeds_only:
        return {**common, "type": "embedding"}
    able: dict[str, Any] = {"vision": model.vision, "trained_for_tool_use": model.tools}
    if model.thinking:
        able["reasoning"] = {"allowed_options": ["off", "on"], "default": "on"}
    return {**common, "type": "llm", "architecture": model.family, "capabilities": able}


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
