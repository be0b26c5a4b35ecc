"""Reads an answer over OpenAI's API chunk by chunk, and tells what it comes to."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from routing.context_window import served_context_tokens
from routing.errors import ContextTooLong
from routing.model_backends import fields
from routing.model_backends.failures import Refusal, Subject
from routing.model_backends.reasoning import ReasoningSplitter
from routing.types import Completion, Token

if TYPE_CHECKING:
    from routing.errors import BackendError
    from routing.types import ModelMetadata


class ChatAnswer:
    """What has been read of one answer, and what it comes to. `done` is set when the server has said [DONE]."""

    def __init__(self, model: ModelMetadata, subject: Subject, *, check_model: bool = True) -> None:
        self.done = False
        self._model, self._subject = model, subject
        self._check_model = check_model and bool(model.options.get("check_model", True))
        self._splitter = ReasoningSplitter()
        self._finish_reason = ""
        self._promises_reason = False
        self._figures: dict[str, dict[str, Any]] = {}
        self._answers = False
        self._spoke_at: list[float] = []

    @property
    def ended(self) -> bool:
        """Whether the answer is complete: its finish reason has come.

        A server that names the reason in its chunks and then says [DONE] without one was interrupted: so
        llama_cpp.server ends an answer when the next request comes in.
        """
        return bool(self._finish_reason) or (self.done and not self._promises_reason)

    def read(self, chunk: Any) -> list[Token]:
        """Take the next chunk. Raises the error that it tells of, ModelMissing if another model answers."""
        chunk = fields.mapping(chunk)
        if chunk.get("error") is not None:
            raise Refusal.read(200, chunk).error(self._subject)
        self._check(fields.text(chunk.get("model")))
        for name in ("usage", "timings", "stats"):
            if figures := fields.mapping(chunk.get(name)):
                self._figures[name] = figures
        choice = next(iter(fields.objects(chunk.get("choices"))), {})
        self._finish_reason = fields.text(choice.get("finish_reason")) or self._finish_reason
        self._promises_reason |= "finish_reason" in choice
        return self._noted(self._tokens(fields.mapping(choice.get("delta") or choice.get("message"))))

    def finish(self) -> list[Token]:
        """Give back what was held. Raises BadReply if the answer has not come to its end, or is none."""
        if not self.ended:
            raise self._subject.broke_off()
        tokens = self._noted(self._splitter.finish())
        if not self._answers and self._finish_reason != "length":
            raise self._nothing()
        return tokens

    def completion(self) -> Completion:
        """The server's figures: `usage`, llama.cpp's `timings`, LM Studio's `stats`; else the pace by our clock."""
        usage, timings, stats = (self._figures.get(name, {}) for name in ("usage", "timings", "stats"))
        output_tokens = fields.whole(usage.get("completion_tokens"))
        pace = fields.number(timings.get("predicted_per_second")) or fields.number(stats.get("tokens_per_second"))
        prompt_ms = fields.number(timings.get("prompt_ms"))
        return Completion(
            finish_reason=self._finish_reason or "stop",
            prompt_tokens=fields.whole(usage.get("prompt_tokens")),
            output_tokens=output_tokens,
            tokens_per_second=pace or self._pace(output_tokens),
            prompt_seconds=prompt_ms / 1e3 if prompt_ms else fields.number(stats.get("time_to_first_token")),
        )

    def _check(self, answering: str) -> None:
        if self._check_model and answering and not same_model(self._model.backend_name, answering):
            raise self._subject.wrong_model(answering)

    def _tokens(self, delta: dict[str, Any]) -> list[Token]:
        """Reasoning comes in a field of its own (`reasoning_content`, `reasoning`) or between tags."""
        thought = fields.text(delta.get("reasoning_content")) or fields.text(delta.get("reasoning"))
        tokens = [Token(reasoning=thought)] if thought else []
        return tokens + self._splitter.feed(fields.text(delta.get("content")))

    def _noted(self, tokens: list[Token]) -> list[Token]:
        if tokens:
            self._answers = self._answers or any(token.text for token in tokens)
            self._spoke_at = [*self._spoke_at[:1], time.perf_counter()]
        return tokens

    def _nothing(self) -> BackendError:
        """LM Studio answers a prompt that does not fit its GGUF models with an empty stream."""
        prompt_tokens = fields.whole(self._figures.get("usage", {}).get("prompt_tokens")) or 0
        if prompt_tokens >= served_context_tokens(self._model):
            return self._subject.error(ContextTooLong)
        return self._subject.said_nothing()

    def _pace(self, output_tokens: int | None) -> float | None:
        """Tokens a second between the first and the last; None where both came in one go."""
        seconds = self._spoke_at[-1] - self._spoke_at[0] if self._spoke_at else 0.0
        return (output_tokens - 1) / seconds if output_tokens and output_tokens > 1 and seconds > 0.01 else None


def same_model(asked: str, answered: str) -> bool:
    """Whether two names mean one model: folders, `.gguf`, the number of an instance (`:2`) and case do not count."""
    return _bare(asked) == _bare(answered)


def _bare(name: str) -> str:
    name = re.sub(r":\d+$", "", name.strip().lower())
    return re.split(r"[/\\]", name.rstrip("/\\"))[-1].removesuffix(".gguf")
