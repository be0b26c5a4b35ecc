"""The error tree of routing, drawn here.

RoutingError
├── InvalidConfiguration      models.toml or a setting is wrong; every problem is listed
├── NoModelAvailable          nothing can serve the query
├── AllModelsFailed           every candidate was tried; `attempts` says how each ended
└── BackendError              one model at one endpoint failed; the next candidate is tried
    ├── BackendUnreachable    no connection could be made, or it was refused
    ├── BackendTimeout        connected, but no token, or none any more, in time
    ├── ModelMissing          the server does not have the model, or answered with another one
    ├── ContextTooLong        the prompt does not fit the model's context
    ├── OutOfMemory           the server could not load or run the model for want of memory
    └── BadReply              the server failed, or said something that cannot be understood

The text of each is one plain sentence that is shown to people. Foreign errors are translated once, at the edge, with
`raise ... from error`, so that the log keeps their traceback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routing.types import Attempt


class RoutingError(Exception):
    """Anything that routing raises on purpose."""


class InvalidConfiguration(RoutingError):
    """Raised with every problem of a configuration at once: `problems` holds one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class NoModelAvailable(RoutingError):
    """Raised when no model can serve a query; the text says what to do."""


class AllModelsFailed(RoutingError):
    """Raised when every candidate failed."""

    def __init__(self, message: str, attempts: Sequence[Attempt]) -> None:
        super().__init__(message)
        self.attempts = tuple(attempts)


class BackendError(RoutingError):
    """Raised by a backend for one model; the engine falls back to the next candidate.

    `reason` is the short form for a receipt ("timed out", "not reachable"): the class's, or a finer one of its own.
    """

    reason = "failed"

    def __init__(self, message: str, *, backend: str, model: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.backend = backend
        self.model = model
        self.reason = reason or self.reason


class BackendUnreachable(BackendError):
    """Raised when no connection could be made; the endpoint cools down."""

    reason = "not reachable"


class BackendTimeout(BackendError):
    """Raised when a connected server sent no token, or none any more, in time."""

    reason = "timed out"


class ModelMissing(BackendError):
    """Raised when the server does not have the model, or answered with another one."""

    reason = "not installed"


class ContextTooLong(BackendError):
    """Raised when the prompt does not fit the model's context; a model with a larger one is tried."""

    reason = "prompt too long"


class OutOfMemory(BackendError):
    """Raised when the server could not load or run the model for want of memory."""

    reason = "out of memory"


class BadReply(BackendError):
    """Raised when the server failed, broke off, or said something that cannot be understood."""

    reason = "broken reply"
