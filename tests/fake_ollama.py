"""A double of Ollama: /api/chat by script, /api/tags, /api/show, /api/ps, /api/version, /api/pull.

`python -m tests.fake_ollama --port 11434 --model llama3.2:1b` runs it as a process of its own.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fake_model_server import BODY, FakeModel, FakeModelServer, Script, serve_from_command_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class FakeOllama(FakeModelServer):
    """Answers as Ollama 0.33 does; with `only_lists` it has neither details nor a list of what is in memory."""

    def __init__(
        self, models: Mapping[str, FakeModel] | None = None, *, only_lists: bool = False, **address: Any
    ) -> None:
        super().__init__(models, **address)
        self.pulling = Script()  # how pulls go; its pieces do not count
        self.app.router.add_get("/", self._alive)
        self.app.router.add_post("/api/chat", self._chat)
        self.app.router.add_get("/api/tags", self._tags)
        if not only_lists:
            self.app.router.add_post("/api/show", self._show)
            self.app.router.add_get("/api/ps", self._ps)
        self.app.router.add_get("/api/version", self._version)
        self.app.router.add_post("/api/pull", self._pull)

    async def _alive(self, request: web.Request) -> web.Response:
        return web.Response(text="Ollama is running")

    async def _version(self, request: web.Request) -> web.Response:
        return web.json_response({"version": "0.33.0"})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = request[BODY]
        name = self._installed(body["model"])
        if name is None:
            return web.json_response({"error": f"model '{body['model']}' not found"}, status=404)
        model, script = self.models[name], self.next_script(name, body)
        if script.status != 200:
            return web.json_response({"error": script.error}, status=script.status)
        if body.get("think") and not model.thinking:
            return web.json_response({"error": f'"{name}" does not support thinking'}, status=400)
        await self.load(name, script)
        return await self.send(request, script, "application/x-ndjson", self._lines(body["model"], body, script))

    def _lines(self, name: str, body: dict[str, Any], script: Script) -> Iterator[bytes]:
        head = {"model": script.answers_as or name, "created_at": "2026-01-01T00:00:00.000000Z"}
        messages = [{"role": "assistant", "content": "", "thinking": piece} for piece in script.reasoning]
        messages += [{"role": "assistant", "content": piece} for piece in script.pieces]
        for sent, message in enumerate(messages):
            if sent == script.error_after:
                yield _line({"error": script.error})
                return
            yield _line({**head, "message": message, "done": False})
        yield _line({**head, "message": {"role": "assistant", "content": ""}, **_figures(script)})

    async def _tags(self, request: web.Request) -> web.Response:
        return web.json_response({"models": [self._entry(name) for name in self.models]})

    async def _ps(self, request: web.Request) -> web.Response:
        loaded = [name for name, model in self.models.items() if model.loaded]
        return web.json_response(
            {"models": [{**self._entry(name), "size_vram": 1, "context_length": 4096} for name in loaded]}
        )

    async def _show(self, request: web.Request) -> web.Response:
        name = self._installed(request[BODY]["model"])
        if name is None:
            return web.json_response({"error": "model not found"}, status=404)
        model = self.models[name]
        info = {"general.architecture": model.family, f"{model.family}.context_length": model.context_tokens}
        return web.json_response({"capabilities": _capabilities(model), "details": _details(model), "model_info": info})

    async def _pull(self, request: web.Request) -> web.StreamResponse:
        name, script = request[BODY]["model"], self.pulling
        if script.status != 200:
            return web.json_response({"error": script.error}, status=script.status)
        if script == Script():
            self.models[name] = FakeModel()
        return await self.send(request, script, "application/x-ndjson", _pull_lines(script))

    def _installed(self, name: str) -> str | None:
        return next(
            (known for known in (name, f"{name}:latest", name.removesuffix(":latest")) if known in self.models), None
        )

    def _entry(self, name: str) -> dict[str, Any]:
        model = self.models[name]
        digest = hashlib.sha256(f"{name} {model.parameters}".encode()).hexdigest()
        cloud = {"remote_model": name, "remote_host": model.remote_host} if model.remote_host else {}
        return {
            "name": name,
            "model": name,
            "digest": digest,
            "size": model.size_bytes,
            "details": _details(model),
            **cloud,
        }


def _pull_lines(script: Script) -> Iterator[bytes]:
    total = 1000
    steps: list[dict[str, Any]] = [{"status": "pulling manifest"}]
    steps += [
        {"status": "pulling layer", "digest": "sha256:0", "total": total, "completed": done} for done in (0, 500, total)
    ]
    for sent, step in enumerate([*steps, {"status": "success"}]):
        if sent == script.error_after:
            yield _line({"error": script.error})
            return
        yield _line(step)


def _figures(script: Script) -> dict[str, Any]:
    return {
        "done": True,
        "done_reason": script.finish_reason,
        "total_duration": 5_000_000_000,
        "load_duration": 2_000_000_000,
        "prompt_eval_count": script.prompt_tokens,
        "prompt_eval_duration": 500_000_000,
        "eval_count": len(script.pieces) + len(script.reasoning),
        "eval_duration": 100_000_000,
    }


def _capabilities(model: FakeModel) -> list[str]:
    if model.embeds_only:
        return ["embedding"]
    abilities = {"tools": model.tools, "vision": model.vision, "thinking": model.thinking}
    return ["completion", *(name for name, able in abilities.items() if able)]


def _details(model: FakeModel) -> dict[str, Any]:
    return {
        "format": "gguf",
        "family": model.family,
        "parameter_size": model.parameters,
        "quantization_level": model.quantization,
    }


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode() + b"\n"


if __name__ == "__main__":
    serve_from_command_line(FakeOllama, "llama3.2:latest")
