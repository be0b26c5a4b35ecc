"""The backend without a model: exact sums, units, dates and greetings, and for all else what to do to get a model."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from routing.answers.arithmetic import answer_arithmetic
from routing.answers.clock import answer_clock
from routing.answers.units import UnitConverter
from routing.greetings import is_greeting, reply_to_greeting
from routing.tokens import estimate_tokens
from routing.types import (
    Completion,
    Endpoint,
    LoadProgress,
    Modality,
    ModelCapability,
    ModelMetadata,
    ModelOffer,
    Quality,
    SpeedClass,
    Token,
)
from routing.words import words_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from routing.types import GenerationRequest, Message

BUILTIN = ModelMetadata(
    model_id="builtin",
    backend="builtin",
    backend_name="builtin",
    display_name="Built-in",
    size="0",
    quantization="none",
    capabilities=frozenset({ModelCapability.GENERAL}),
    speed_class=SpeedClass.ULTRA_FAST,
    context_tokens=100_000_000,
    tokens_per_second=10_000.0,
    ram_gb=0.0,
    quality=Quality(general=0.0, code=0.0, reasoning=0.0),
    cost=0.0,
)

NO_MODEL = "no_model"
"""The finish reason of an answer that only says that no model could give one."""

# Longer messages are no sums, and nothing is looked for in them.
LONGEST_QUESTION = 1000

_ADVICE = (
    "Start a model server: `ollama serve`, or the server on LM Studio's Developer page. If it has no model yet, "
    "`ollama pull qwen2.5:7b-instruct-q4_K_M` fetches a good one."
)
_SEEING_ADVICE = "`ollama pull qwen2.5vl:7b` fetches a model that can see."
_MEANWHILE = "Until then I can do sums, units, dates and times."
_AGAIN = "The model servers are there: asking again may help."
_HELP = """I pass each message to the best model on this machine.

/new starts a new conversation
/stop stops the answer that is being written
/retry asks again
/model chooses a model, or "auto"
/why tells why the last model was chosen
/usage shows what you have used
/help shows what I can do

Without a model I do sums ("15% of 80"), units ("3 miles in km"), dates and times ("days until christmas")."""
_HELP_QUESTIONS = frozenset(
    {
        "help", "/help", "/start", "help me", "commands", "what can you do", "who are you", "what are you",
        "how do you work", "how does this work", "how do i use this", "how do i use you", "what commands are there",
        "what are your commands", "which commands", "menu", "how does this bot work", "what is this bot",
        "what can this bot do", "what do you do",
    }
)  # fmt: skip
_ENDPOINT = Endpoint("builtin")


def _local_now() -> datetime:
    return datetime.now(UTC).astimezone()


class BuiltinBackend:
    """Answers without any model, so that a chain always ends in a reply. Holds nothing that must be closed.

    `advice` says in a sentence or two what is wrong with the model servers now and what to do about it.
    """

    def __init__(
        self,
        endpoint: Endpoint = _ENDPOINT,
        *,
        advice: Callable[[], str] | None = None,
        now: Callable[[], datetime] = _local_now,
    ) -> None:
        self.endpoint = endpoint
        self.can_load = False
        self._advice = advice or (lambda: _ADVICE)
        self._now = now
        self._units = UnitConverter()

    async def initialize(self) -> None:
        """Do nothing: there is nothing to open."""

    async def offers(self) -> Sequence[ModelOffer]:
        """Offer the one model, which is always loaded."""
        return (
            ModelOffer(
                endpoint=self.endpoint,
                backend_name=BUILTIN.backend_name,
                display_name=BUILTIN.display_name,
                capabilities=BUILTIN.capabilities,
                context_tokens=BUILTIN.context_tokens,
                loaded=True,
            ),
        )

    async def stream(
        self,
        model: ModelMetadata,  # noqa: ARG002  the protocol's; there is only one
        request: GenerationRequest,
    ) -> AsyncGenerator[Token | Completion]:
        """Answer the last message of the person. In a thread, since units need a slow import."""
        asked = next((message for message in reversed(request.messages) if message.role == "user"), None)
        answer = await asyncio.to_thread(self._answer, asked) if asked else None
        text = answer or self._unable(asked, request.situation)
        yield Token(text)
        reason = "stop" if answer else NO_MODEL
        yield Completion(finish_reason=reason, prompt_tokens=0, output_tokens=estimate_tokens(text))

    async def load(self, model: ModelMetadata) -> AsyncGenerator[LoadProgress]:  # noqa: ARG002  the protocol's
        """Do nothing: there is nothing to load."""
        nothing: tuple[LoadProgress, ...] = ()
        for progress in nothing:
            yield progress

    async def unload(self, model: ModelMetadata) -> None:
        """Do nothing: there is nothing to unload."""

    async def close(self) -> None:
        """Do nothing: nothing is held."""

    def _answer(self, asked: Message) -> str | None:
        text = asked.content.strip()
        if _senses(asked) or len(text) > LONGEST_QUESTION:
            return None
        return self._exact(text) or self._small_talk(text)

    def _exact(self, text: str) -> str | None:
        return answer_clock(text, self._now()) or self._units.answer(text) or answer_arithmetic(text)

    def _small_talk(self, text: str) -> str | None:
        words = words_of(text)
        if is_greeting(words):
            down = "No language model can be reached right now."
            return _joined(reply_to_greeting(words), down, self._advice(), _MEANWHILE)
        return _HELP if text.lower().rstrip(" ?!.") in _HELP_QUESTIONS else None

    def _unable(self, asked: Message | None, situation: str) -> str:
        """Say that nobody can answer, why, and what to do about it."""
        sense = _senses(asked) if asked else None
        if sense is Modality.IMAGE:
            problem = situation or "No vision model can be reached, so I cannot look at this picture."
            return _joined(problem, self._advice(), _SEEING_ADVICE)
        if sense:
            return _joined(situation or f"No model that understands {sense} can be reached.", self._advice())
        problem = situation or "No language model can be reached, so I cannot answer this."
        advice = self._advice()
        return _joined(problem, advice, _MEANWHILE if advice else _AGAIN)


def _senses(message: Message) -> Modality | None:
    """Name the first attachment that only a model with eyes or ears could take in."""
    modalities = (attachment.modality for attachment in message.attachments)
    return next((modality for modality in modalities if modality is not Modality.DOCUMENT), None)


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))
