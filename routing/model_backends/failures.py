"""What goes wrong at a model server, told as one of our errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from routing.errors import (
    BackendError,
    BackendTimeout,
    BackendUnreachable,
    BadReply,
    ContextTooLong,
    ModelMissing,
    OutOfMemory,
)
from routing.model_backends import fields

# `error.code` or `error.type` of llama.cpp (Ollama passes it on), vLLM, LM Studio and OpenAI.
_BY_CODE: dict[str, type[BackendError]] = {
    "context_length_exceeded": ContextTooLong,
    "exceed_context_size_error": ContextTooLong,
    "model_not_found": ModelMissing,
    "not_found_error": ModelMissing,
    "NotFoundError": ModelMissing,
}

_BY_STATUS: dict[int, type[BackendError]] = {
    401: BackendUnreachable,
    403: BackendUnreachable,
    404: ModelMissing,
    413: ContextTooLong,
    429: BackendUnreachable,
    502: BackendUnreachable,
    503: BackendUnreachable,
    504: BackendUnreachable,
}

# Ollama and LM Studio give neither code nor type for these two, so here, at the edge and nowhere else, their words
# decide. A phrase that a later version changes costs the finer class: the failure is a BadReply then.
_BY_WORDS: dict[str, type[BackendError]] = {
    "exceeds the context length": ContextTooLong,  # Ollama before 0.34
    "is longer than the context length": ContextTooLong,  # Ollama 0.33.2
    "exceeds the available context size": ContextTooLong,  # llama.cpp
    "context size has been exceeded": ContextTooLong,  # LM Studio, MLX models
    "when context the overflows": ContextTooLong,  # LM Studio, GGUF models; the order of words is theirs
    "requires more system memory": OutOfMemory,  # Ollama
    "out of memory": OutOfMemory,  # Metal and CUDA, through either
    "insufficient system resources": OutOfMemory,  # LM Studio's guardrails
    "not enough resources to load": OutOfMemory,  # LM Studio 0.4
}

_SENTENCES: dict[type[BackendError], str] = {
    BackendUnreachable: "{server} is not reachable.",
    BackendTimeout: "{server} did not answer in time.",
    ModelMissing: "{server} does not have {model}.",
    ContextTooLong: "The conversation is too long for {model}.",
    OutOfMemory: "{server} has too little memory for {model}.",
    BadReply: "{server} failed while it ran {model}.",
}


class ServerSaid(Exception):
    """A server's status and words, kept as the cause of our error: for the log, never for people."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"HTTP {status}: {words}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom an error is about. `server` and `model` are what people call them."""

    server: str
    backend: str
    model_id: str = ""
    model: str = "the model"

    def error(self, kind: type[BackendError], sentence: str = "", *, reason: str = "", **words: str) -> BackendError:
        """Build an error of this kind; without a sentence or a reason it gets those that go with its kind."""
        sentence = (sentence or _SENTENCES[kind]).format(server=self.server, model=self.model, **words)
        return kind(sentence, backend=self.backend, model=self.model_id, reason=reason)

    def broke_off(self) -> BackendError:
        """Say that the server ended its answer before the end."""
        return self.error(BadReply, "{server} broke off.", reason="broke off")

    def said_nothing(self) -> BackendError:
        """Say that the model's answer was empty."""
        return self.error(BadReply, "{model} answered with nothing.", reason="empty answer")

    def wrong_model(self, other: str) -> BackendError:
        """Say that another model answers than the one that was asked for."""
        sentence = "{server} answered with {other} instead of {model}."
        return self.error(ModelMissing, sentence, reason="wrong model", other=other)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A failure as a server tells it. `status` is that of HTTP: 200 for one that came in mid-stream."""

    status: int
    code: str = ""
    words: str = ""

    @classmethod
    def read(cls, status: int, reply: Any) -> Refusal:
        """Find code and words in a reply's `error`, `detail` or `message`: a text, an object, or JSON in a text."""
        reply = fields.mapping(reply)
        error = _unwrapped(reply.get("error") or reply.get("detail") or reply.get("message"))
        if not isinstance(error, dict):
            return cls(status, words=fields.text(error))
        named = (fields.text(error.get(key)) for key in ("code", "type"))
        return cls(status, next((name for name in named if name in _BY_CODE), ""), fields.text(error.get("message")))

    @property
    def kind(self) -> type[BackendError]:
        """The class of our error: by code, else by the server's words, else by status."""
        if self.code:
            return _BY_CODE[self.code]
        words = self.words.lower()
        spoken = next((kind for phrase, kind in _BY_WORDS.items() if phrase in words), None)
        return spoken or _BY_STATUS.get(self.status, BadReply)

    def error(self, subject: Subject) -> BackendError:
        """Tell it as one of our errors, with the server's words as its cause."""
        kind = self.kind
        sentence, reason = _BY_STATUS_WORDS.get(self.status, ("", "server error" if kind is BadReply else ""))
        error = subject.error(kind, sentence, reason=reason)
        error.__cause__ = ServerSaid(self.status, self.words)
        return error


# A sentence and its short form.
_BY_STATUS_WORDS = {
    401: ("{server} refused access: check its API key.", "access refused"),
    403: ("{server} refused access: check its API key.", "access refused"),
    429: ("{server} is too busy to answer.", "too busy"),
    503: ("{server} is too busy to answer.", "too busy"),
}


def _unwrapped(error: Any) -> Any:
    """Ollama passes llama.cpp's error on as JSON inside its own error's text."""
    if not isinstance(error, str) or not error.startswith("{"):
        return error
    try:
        return fields.mapping(fields.parse(error.encode("utf-8", "replace"))).get("error") or error
    except ValueError:
        return error
