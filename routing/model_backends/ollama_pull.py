"""Has Ollama fetch a model, and tells how far it is; says which version of Ollama runs."""

from __future__ import annotations

from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from routing.errors import BadReply
from routing.model_backends import fields
from routing.model_backends.failures import Subject
from routing.model_backends.http import HttpClient, json_lines

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from routing.types import Endpoint

_CONNECT_TIMEOUT_SECONDS = 5.0
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a model has been fetched: bytes of all layers known so far, and Ollama's word for what it does."""

    status: str
    done_bytes: int = 0
    total_bytes: int = 0


async def pull(endpoint: Endpoint, name: str) -> AsyncGenerator[PullProgress]:
    """Fetch a model, yielding progress up to its success. Closing the generator stops it; Ollama keeps what it has.

    Raises BackendError; its text holds Ollama's own reason, since only that says what to do.
    """
    subject = Subject("Ollama", endpoint.backend, model=name)
    layers: dict[str, tuple[int, int]] = {}
    async with (
        _client() as client,
        client.streaming(f"{endpoint.url}/api/pull", {"model": name, "stream": True}, subject) as response,
        aclosing(json_lines(response.content.iter_any(), subject)) as lines,
    ):
        async for line in lines:
            if "error" in line:
                raise _refused(line, subject)
            yield _progress(line, layers)
            if line.get("status") == "success":
                return
    raise subject.error(BadReply, "{server} broke off before {model} was there; what it has fetched is kept.")


async def version(endpoint: Endpoint) -> str:
    """Ask which version runs; empty where it does not say. Raises BackendError."""
    async with _client() as client:
        reply = await client.get(f"{endpoint.url}/api/version", Subject("Ollama", endpoint.backend))
    return fields.text(fields.mapping(reply).get("version"))


@asynccontextmanager
async def _client() -> AsyncGenerator[HttpClient]:
    client = HttpClient(connect_timeout_seconds=_CONNECT_TIMEOUT_SECONDS, api_key="")
    try:
        yield client
    finally:
        await client.close()


def _progress(line: dict[str, Any], layers: dict[str, tuple[int, int]]) -> PullProgress:
    """Note what a line says of its layer, and sum up all of them."""
    digest, total = fields.text(line.get("digest")), fields.whole(line.get("total"))
    if digest and total:
        layers[digest] = (min(fields.whole(line.get("completed")) or 0, total), total)
    done_bytes, total_bytes = (sum(figures) for figures in zip(*layers.values(), strict=True)) if layers else (0, 0)
    return PullProgress(fields.text(line.get("status")), done_bytes, total_bytes)


def _refused(line: dict[str, Any], subject: Subject) -> Exception:
    cause = " ".join(fields.text(line.get("error")).split())[:_LONGEST_REASON] or "it does not say why"
    return subject.error(BadReply, "{server} could not fetch {model}: {cause}.", cause=cause)
