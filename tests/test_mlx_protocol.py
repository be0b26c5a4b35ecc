"""What the bot and the MLX worker tell each other, as lines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.model_backends.mlx_protocol import (
    Cancel,
    Command,
    Configure,
    Done,
    Failed,
    Forget,
    Forgotten,
    Generate,
    Heartbeat,
    Load,
    Loaded,
    LoadProgressed,
    Piece,
    Queued,
    Ready,
    Report,
    Sampling,
    Unload,
    Unloaded,
    Unusable,
    decode,
    encode,
)

GENERATE = Generate(
    7,
    "/models/Tiny",
    (("system", "Be brief."), ("user", "Grüße 🙂\n\u2028\x00")),
    200,
    Sampling(0.0, top_k=4, seed=3),
    ("###", "\n"),
    think=False,
    context_tokens=4096,
)
MESSAGES: list[Command | Report] = [
    Configure(1, "/cache", 2, 3, None, 0.5),
    Load(1, "owner/name", "owner/draft", fetch=True),
    Unload(2, "owner/name"),
    GENERATE,
    Cancel(3),
    Forget(4),
    Ready("cpu"),
    Ready("gpu", 20_000_000_000),
    Heartbeat(0.5, loading=True, active_bytes=1, peak_bytes=2),
    LoadProgressed(1, "downloading", 10, None),
    Loaded(1, "owner/name", 12, 0.25),
    Unloaded(2, "owner/name"),
    Forgotten(4),
    Queued(7, 2),
    Piece(7, "Hello", "Hm"),
    Done(7, "stop", 12, 4, 9, 0.1, 0.5, 0.2, 99, 3),
    Failed(7, "BadReply", "MLX failed.", "RuntimeError"),
    Unusable("MLX is not installed.", "ImportError"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_what_is_written_is_what_is_read(message: Command | Report) -> None:
    """One line each, whatever text is in it, and equal when read again."""
    line = encode(message)
    assert (line.count(b"\n"), line.endswith(b"\n")) == (1, True)
    assert decode(line) == message


def test_half_a_character_does_not_pass() -> None:
    """Half a surrogate pair, which nothing can encode, becomes a replacement character on the way."""
    sent = Generate(1, "x", (("user", "a\ud83d"),), 5)
    read = decode(encode(sent))
    assert isinstance(read, Generate)
    assert read.messages == (("user", "a\ufffd"),)


def a_line(kind: str, **values: Any) -> bytes:
    return json.dumps({"is": kind, **values}).encode()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"Loading: 100%",
        b"\xff\xfe",
        b"[]",
        b"7",
        b"{}",
        b"[" * 100_000,
        a_line("Nonsense"),
        b'{"is": ["Piece"]}',
        a_line("Piece"),
        a_line("Piece", id=1, text="a", more=1),
        a_line("Piece", id="1"),
        a_line("Piece", id=True),
        a_line("Piece", id=1, text=None),
        a_line("Piece", id=1, text=["a"]),
        a_line("Heartbeat", busy_seconds=float("nan")),
        a_line("Heartbeat", loading=1),
        a_line("Load", id=1, name="x", draft_name=4),
        a_line("Generate", id=1, name="x", messages=[["user"]], max_tokens=1),
        a_line("Generate", id=1, name="x", messages=[], max_tokens=1, sampling={"temperature": "hot"}),
        a_line("Generate", id=1, name="x", messages=[], max_tokens=1, sampling={"heat": 1}),
        a_line("Generate", id=1, name="x", messages=[], max_tokens="many"),
    ],
)
def test_what_is_no_message_is_refused(line: bytes) -> None:
    """With ValueError alone, so that a broken worker cannot bring the bot down."""
    with pytest.raises(ValueError, match=r"."):
        decode(line)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    ),
    st.sampled_from([type(message).__name__ for message in MESSAGES]),
    st.sampled_from(["id", "text", "name", "messages", "sampling", "stop", "busy_seconds", "detail"]),
)
def test_nothing_but_a_message_or_a_value_error_comes_of_a_line(value: Any, kind: str, name: str) -> None:
    """Whatever stands in one of its fields."""
    line = json.dumps({"is": kind, "id": 1, name: value}).encode()
    try:
        message = decode(line)
    except ValueError:
        return
    assert type(message).__name__ == kind
