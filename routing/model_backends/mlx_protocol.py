"""What the bot and the MLX worker tell each other: plain values, one JSON object a line."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from routing.model_backends import fields

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn; the defaults draw freely from the whole distribution. 0 temperature is greedy.

    `seed` makes a request's draws repeatable, whoever else is in its batch.
    """

    temperature: float = 0.7
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repeat_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    seed: int | None = None


# --- what the bot asks for --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Configure:
    """The worker's settings: the first line that it reads.

    `prompt_cache_folder` empty: prompts are kept in memory alone. `memory_limit_bytes` caps all models together, None:
    what the device can hold. `wired_limit_bytes` None: the loaded models' own bytes.
    """

    prompt_cache_bytes: int = 2_000_000_000
    prompt_cache_folder: str = ""
    prompt_cache_folder_bytes: int = 4_000_000_000
    memory_limit_bytes: int | None = None
    wired_limit_bytes: int | None = None
    heartbeat_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Load:
    """Bring a model into memory. `name` is a folder or a hub name, and so is `draft_name`, for speculative decoding.

    `fetch` lets the worker download what is missing.
    """

    id: int
    name: str
    draft_name: str | None = None
    fetch: bool = False


@dataclass(frozen=True, slots=True)
class Unload:
    """Take a model out of memory, once its answers have ended."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Generate:
    """Answer a conversation. `messages` are pairs of role and text; `think` None leaves it to the template."""

    id: int
    name: str
    messages: tuple[tuple[str, str], ...]
    max_tokens: int
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    think: bool | None = None
    context_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop a generation or give a load up; nothing more is said of it."""

    id: int


@dataclass(frozen=True, slots=True)
class Forget:
    """Drop every prompt that is kept for reuse, in memory and on disk."""

    id: int


# --- what the worker says ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker is up. `working_set_bytes` is what Metal recommends at the most; None on a CPU."""

    device: str
    working_set_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life. `busy_seconds`: how long the thread that owns MLX has been at its present step.

    `loading` says that this step belongs to the loading of a model, for which others have to wait.
    """

    busy_seconds: float = 0.0
    loading: bool = False
    active_bytes: int = 0
    peak_bytes: int = 0


@dataclass(frozen=True, slots=True)
class LoadProgressed:
    """How far a download or a load has come."""

    id: int
    stage: str
    done_bytes: int | None = None
    total_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model is in memory. `seconds` without the download; 0 if it was there already."""

    id: int
    name: str
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Unloaded:
    """The model is out of memory."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Forgotten:
    """No prompt is kept any more."""

    id: int


@dataclass(frozen=True, slots=True)
class Queued:
    """A generation waits for room; `position` 1 is next."""

    id: int
    position: int


@dataclass(frozen=True, slots=True)
class Piece:
    """What one step has added to an answer."""

    id: int
    text: str = ""
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """An answer has ended. Seconds: `prompt_seconds` for the prompt, `decode_seconds` from the first token to the last.

    `prompt_tokens` counts the whole prompt, `cached_tokens` the part of it that was not computed anew. `drafted_tokens`
    is how many tokens of the answer came from the draft model. `first_token_seconds` counts from the request's arrival.
    """

    id: int
    finish_reason: str
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    prompt_seconds: float
    decode_seconds: float
    first_token_seconds: float
    peak_bytes: int
    drafted_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """A request failed. `kind` names a class of routing/errors.py; `detail` is for the log alone."""

    id: int
    kind: str
    sentence: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Unusable:
    """The worker cannot work at all, for want of a library, say, and ends."""

    sentence: str
    detail: str = ""


class WorkerFailure(Exception):
    """What fails inside the worker for a reason that people can be told; it becomes Failed, and that becomes it again.

    `kind` names a class of routing/errors.py, `reason` is the short form, where the class's own is not fine enough.
    """

    def __init__(self, kind: str, sentence: str, *, reason: str = "") -> None:
        super().__init__(sentence)
        self.kind = kind
        self.reason = reason


Command = Configure | Load | Unload | Generate | Cancel | Forget
Report = Ready | Heartbeat | LoadProgressed | Loaded | Unloaded | Forgotten | Queued | Piece | Done | Failed | Unusable
_KINDS: Mapping[str, type[Any]] = MappingProxyType(
    {kind.__name__: kind for kind in (*Command.__args__, *Report.__args__)}
)


def encode(message: Command | Report) -> bytes:
    """Write a message as one line. There is one for each token, which is too often for `dataclasses.asdict`."""
    values = {name: getattr(message, name) for name in message.__slots__}
    return json.dumps({"is": type(message).__name__, **values}, default=dataclasses.asdict).encode() + b"\n"


def decode(line: bytes) -> Command | Report:
    """Read one line. Raises ValueError for what is no message, a field of the wrong type included."""
    values = fields.mapping(fields.parse(line))
    kind = _KINDS.get(fields.text(values.pop("is", None)))
    if kind is None:
        raise ValueError("a line that is no message")
    if kind is Generate:
        values = _read_generate(values)
    try:
        message: Command | Report = kind(**values)
    except TypeError as error:
        raise ValueError(f"a {kind.__name__} with other fields") from error
    _check(message)
    return message


def _read_generate(values: dict[str, Any]) -> dict[str, Any]:
    """Make of JSON's arrays and objects what a Generate holds."""
    sampling = fields.mapping(values.get("sampling"))
    try:
        drawn = Sampling(**sampling)
    except TypeError as error:
        raise ValueError("a Sampling with other fields") from error
    _check(drawn)
    messages = [(fields.text(role), fields.text(text)) for role, text in _pairs(values.get("messages"))]
    stop = tuple(fields.text(text) for text in fields.items(values.get("stop")))
    return {**values, "sampling": drawn, "messages": tuple(messages), "stop": stop}


def _pairs(value: object) -> list[list[Any]]:
    pairs = fields.items(value)
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise ValueError("a message that is no pair of role and text")
    return pairs


def _check(message: Command | Report | Sampling) -> None:
    """Raise ValueError for a plain field that does not hold what it is declared to."""
    for name, declared in _DECLARED[type(message)]:
        value = getattr(message, name)
        if not any(_is(value, kind) for kind in declared):
            raise ValueError(f"a {type(message).__name__} with a {type(value).__name__} as its {name}")


_PLAIN: Mapping[str, tuple[type, ...]] = MappingProxyType(
    {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,), "None": (type(None),)}
)
# The plain fields of every message, each with the names of the types that it may have.
_DECLARED: Mapping[type[Any], tuple[tuple[str, tuple[str, ...]], ...]] = MappingProxyType(
    {
        kind: tuple(
            (field.name, tuple(str(field.type).split(" | ")))
            for field in dataclasses.fields(kind)
            if set(str(field.type).split(" | ")) <= set(_PLAIN)
        )
        for kind in (*_KINDS.values(), Sampling)
    }
)


def _is(value: object, name: str) -> bool:
    """Compare a value with a declaration: True is an int too, but none of ours, and nan is no figure."""
    fits = isinstance(value, _PLAIN[name]) and isinstance(value, bool) == (name == "bool")
    return fits and not (isinstance(value, float) and not math.isfinite(value))
