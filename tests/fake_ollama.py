"""A double of Ollama: /api/chat by script, loads and unloads included, and its lists of models; it pulls, too.

`python -m tests.fake_ollama --port 11434 --model llama3.2:1b` runs it as a process of its own.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fake_memory import NoRoom
from tests.fake_model_server import BODY, FakeModel, FakeModelServer, Script, serve_from_command_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_DEFAULT_KEEP_SECONDS = 300.0
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


class FakeOllama(FakeModelServer):
    """Answers as Ollama 0.33 does; with `only_lists` it has neither details nor a list of what is in memory.

    A request for another window than the one that a model was loaded with loads it anew. With `limit_bytes` idle models
    go for new ones, and a model that is larger than that is refused.
    """

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
        if not body["messages"]:
            return await self._load_or_unload(name, body)
        model, script = self.models[name], self.next_script(name, body)
        if script.status != 200:
            return web.json_response({"error": script.error}, status=script.status)
        if body.get("think") and not model.thinking:
            return web.json_response({"error": f'"{name}" does not support thinking'}, status=400)
        refused = await self._bring(name, max(script.load_seconds, model.load_seconds), body)
        if refused is not None:
            return refused
        with self.memory.used(name, _keep_seconds(body.get("keep_alive"))):
            return await self.send(request, script, "application/x-ndjson", self._lines(body["model"], body, script))

    async def _load_or_unload(self, name: str, body: dict[str, Any]) -> web.Response:
        """What a conversation without messages does."""
        unloads = _keep_seconds(body.get("keep_alive")) == 0
        if unloads:
            self.memory.drop(name)
        elif refused := await self._bring(name, self.next_load_seconds(name), body):
            return refused
        else:
            with self.memory.used(name, _keep_seconds(body.get("keep_alive"))):
                pass
        done = {"done": True, "done_reason": "unload" if unloads else "load"}
        return web.json_response({"model": body["model"], "message": {"role": "assistant", "content": ""}, **done})

    async def _bring(self, name: str, seconds: float, body: dict[str, Any]) -> web.Response | None:
        """Load a model, with the window that is asked for; its refusal if it cannot be."""
        model = self.models[name]
        if model.load_error is not None and not model.loaded:
            return web.json_response({"error": model.load_error}, status=500)
        window = body.get("options", {}).get("num_ctx") if model.file_format == "gguf" else None
        try:
            await self.memory.bring(name, seconds, context_tokens=window)
        except NoRoom as error:
            sizes = [f"{size / 2**30:.1f} GiB" for size in (error.needed_bytes, error.free_bytes)]
            words = f"model requires more system memory ({sizes[0]}) than is available ({sizes[1]})"
            return web.json_response({"error": words}, status=500)
        return None

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
        return web.json_response({"models": [self._running(name) for name in self.memory.loaded()]})

    def _running(self, name: str) -> dict[str, Any]:
        model = self.models[name]
        window = {"context_length": model.loaded_context_tokens} if model.loaded_context_tokens else {}
        seconds = 10**9 if model.expires_at is None else model.expires_at - self.clock()
        expiry = datetime.now(UTC) + timedelta(seconds=seconds)
        sizes = {"size": model.memory_bytes, "size_vram": model.memory_bytes}
        return {**self._entry(name), **sizes, **window, "expires_at": expiry.isoformat()}

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
        "format": model.file_format,
        "family": model.family,
        "parameter_size": model.parameters,
        "quantization_level": model.quantization,
    }


def _keep_seconds(keep_alive: Any) -> float | None:
    """A number of seconds, or a text such as "30m"; less than nothing is for ever."""
    if keep_alive is None:
        return _DEFAULT_KEEP_SECONDS
    parts = re.findall(r"(-?[\d.]+)([smh]?)", str(keep_alive))
    seconds = sum(float(count) * _UNITS.get(unit, 1.0) for count, unit in parts)
    return None if seconds < 0 else seconds


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode() + b"\n"


if __name__ == "__main__":
    serve_from_command_line(FakeOllama, "llama3.2:latest")
