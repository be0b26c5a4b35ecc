"""Ollama fetches a model and says how far it is; every way in which it fails is one of our errors."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from routing.errors import BackendError, BackendUnreachable, BadReply
from routing.model_backends.ollama_pull import PullProgress, pull, version
from routing.types import Endpoint
from tests.fake_model_server import Script
from tests.fake_ollama import FakeOllama

pytestmark = pytest.mark.timeout(30)


async def progress_of(server: FakeOllama) -> list[PullProgress]:
    async with aclosing(pull(Endpoint("ollama", server.root), "tiny:1b")) as steps:
        return [step async for step in steps]


async def test_progress_is_told_in_bytes() -> None:
    """From nothing to the whole, and the model is there afterwards."""
    async with FakeOllama() as server:
        steps = await progress_of(server)
        assert [step.done_bytes for step in steps] == [0, 0, 500, 1000, 1000]
        assert steps[-1] == PullProgress("success", 1000, 1000)
        assert "tiny:1b" in server.models


@pytest.mark.parametrize("split_bytes", [1, 7])
async def test_lines_may_be_cut_anywhere(split_bytes: int) -> None:
    """What arrives in crumbs is the same."""
    async with FakeOllama() as server:
        server.pulling = Script(split_bytes=split_bytes)
        assert len(await progress_of(server)) == 5


async def test_an_error_in_the_stream_says_ollamas_reason() -> None:
    """The reason stands in the sentence: only it says what to do. It is one line, however it came."""
    async with FakeOllama() as server:
        server.pulling = Script(error_after=2, error="no space\nleft on device")
        with pytest.raises(BadReply, match=r"could not fetch tiny:1b: no space left on device\."):
            await progress_of(server)


@pytest.mark.parametrize(
    "script",
    [Script(end_after=2), Script(cut_after=2), Script(garbage_after=2), Script(status=500, error="x"), Script(raw=b"")],
    ids=["end", "cut", "garbage", "500", "nothing"],
)
async def test_whatever_else_goes_wrong_is_a_backend_error(script: Script) -> None:
    """A pull that does not say success has failed."""
    async with FakeOllama() as server:
        server.pulling = script
        with pytest.raises(BackendError):
            await progress_of(server)


async def test_closing_stops_the_pull() -> None:
    """Ollama is hung up on at once; what it has fetched it keeps."""
    async with FakeOllama() as server:
        server.pulling = Script(stall_after=3)
        async with aclosing(pull(Endpoint("ollama", server.root), "tiny:1b")) as steps:
            async for step in steps:
                if step.done_bytes == 500:
                    break
        await server.until_disconnected(server.asked("/api/pull")[0])
        assert "tiny:1b" not in server.models


async def test_the_version_is_asked() -> None:
    """As Ollama says it; a server that is down is told from one that does not say."""
    async with FakeOllama() as server:
        endpoint = Endpoint("ollama", server.root)
        assert await version(endpoint) == "0.33.0"
    with pytest.raises(BackendUnreachable):
        async with asyncio.timeout(10):
            await version(endpoint)
