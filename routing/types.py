"""The words of the domain: models, queries, classifications, decisions, attempts and the events of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from routing import explanation
from routing.errors import AllModelsFailed, NoModelAvailable

if TYPE_CHECKING:
    from collections.abc import Mapping


class ModelCapability(StrEnum):
    """What a model can do."""

    GENERAL = "general"
    CODE = "code"
    MATH = "math"
    REASONING = "reasoning"
    SPEED = "speed"
    VISION = "vision"
    FUNCTION_CALLING = "function_calling"


class SpeedClass(StrEnum):
    """Time to a short answer: < 0.5 s, 0.5-1.5 s, 1.5-3 s, 3-5 s, > 5 s. Members run from fastest to slowest."""

    ULTRA_FAST = "ultra_fast"
    FAST = "fast"
    MEDIUM = "medium"
    SLOW = "slow"
    VERY_SLOW = "very_slow"

    @property
    def rank(self) -> int:
        """0 for the fastest class, 4 for the slowest."""
        return _SPEED_RANK[self]


_SPEED_RANK = {speed: rank for rank, speed in enumerate(SpeedClass)}


class TaskComplexity(StrEnum):
    """The five levels of `TaskClassification.score`, from least to most."""

    TRIVIAL = "trivial"
    SIMPLE = "simple"
    MODERATE = "moderate"
    COMPLEX = "complex"
    VERY_COMPLEX = "very_complex"


class TaskCategory(StrEnum):
    """What kind of thing is asked."""

    GREETING = "greeting"
    QUESTION = "question"
    CODE = "code"
    MATH = "math"
    REASONING = "reasoning"
    TOOL_USE = "tool_use"
    CREATIVE = "creative"
    ANALYSIS = "analysis"


class Tier(StrEnum):
    """How heavy a model a task deserves: score < 0.3, < 0.7, and the rest."""

    LIGHT = "light"
    STANDARD = "standard"
    HEAVY = "heavy"

    @classmethod
    def of(cls, score: float) -> Tier:
        """The tier of a complexity score (specification S4)."""
        if score < 0.3:
            return cls.LIGHT
        return cls.STANDARD if score < 0.7 else cls.HEAVY


class Modality(StrEnum):
    """What a query is made of."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"


class RoutingStrategy(StrEnum):
    """How the router weighs things up; quality_first, cost_first and latency_first are accepted too."""

    AUTO = "auto"
    SPEED = "speed"
    QUALITY = "quality"
    BALANCED = "balanced"
    COST_OPTIMIZED = "cost_optimized"
    REDUNDANT = "redundant"

    @classmethod
    def _missing_(cls, value: object) -> RoutingStrategy | None:
        name = _STRATEGY_ALIASES.get(str(value).strip().lower())
        return cls(name) if name else None


_STRATEGY_ALIASES = {"quality_first": "quality", "cost_first": "cost_optimized", "latency_first": "speed"}


# --- models -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a model does, each figure in [0, 1]."""

    general: float
    code: float
    reasoning: float

    @staticmethod
    def figure(category: TaskCategory) -> str:
        """Name the figure that counts for a category."""
        return _QUALITY_FIGURES.get(category, "general")

    def of(self, category: TaskCategory) -> float:
        """Give the figure that counts for a category."""
        figure: float = getattr(self, self.figure(category))
        return figure


_QUALITY_FIGURES = {
    TaskCategory.CODE: "code",
    TaskCategory.MATH: "reasoning",
    TaskCategory.REASONING: "reasoning",
    TaskCategory.ANALYSIS: "reasoning",
}


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    """One model as the router sees it.

    `cost` is unitless, 0-1: how much of the machine the model takes. `tokens_per_second` is for an M4 Pro unless it
    was measured. `backend_name` is the model's name in requests to its backend. `options` are passed to the backend
    (`num_ctx`, `keep_alive`, `think`, `top_p`, `top_k`, `min_p`, `repeat_penalty`, `seed`, `stop`, ...).
    `thinking`: the model can reason aloud before it answers. `discovered`: it came from a server, not from a catalog.
    """

    model_id: str
    backend: str
    backend_name: str
    display_name: str
    size: str
    quantization: str
    capabilities: frozenset[ModelCapability]
    speed_class: SpeedClass
    context_tokens: int
    tokens_per_second: float
    ram_gb: float
    quality: Quality
    cost: float
    thinking: bool = False
    discovered: bool = False
    enabled: bool = True
    options: Mapping[str, object] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server, on one host, of one backend.

    `url` has no trailing slash; it is empty for a backend in this process.
    """

    backend: str
    url: str = ""

    @property
    def address(self) -> str:
        """The URL as it may be shown and logged: without the name and password that may stand in it."""
        scheme, separator, rest = self.url.rpartition("://")
        return scheme + separator + rest.rpartition("@")[2]

    @property
    def label(self) -> str:
        """What a log or a table calls it: its address, or its backend where it has none."""
        return self.address or self.backend


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """What an endpoint says of one model it can serve; None where it does not say.

    `size_bytes` is the model on disk, `loaded_bytes` what it takes in memory where it is loaded.
    `loaded_context_tokens` is the window of a loaded model that a request for another window would load anew.
    `downloaded` False: the endpoint would have to fetch it first.
    """

    endpoint: Endpoint
    backend_name: str
    display_name: str | None = None
    capabilities: frozenset[ModelCapability] = frozenset()
    context_tokens: int | None = None
    size_bytes: int | None = None
    parameters: str | None = None
    family: str | None = None
    quantization: str | None = None
    thinking: bool = False
    loaded: bool | None = False
    loaded_bytes: int | None = None
    loaded_context_tokens: int | None = None
    downloaded: bool = True


# --- what is asked ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something sent along with the text. `data` is the file's bytes; `media_type` an IANA name such as image/jpeg."""

    modality: Modality
    data: bytes = b""
    media_type: str = ""
    file_name: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation. `role` is system, user or assistant; attachments only with a user's turn."""

    role: str
    content: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody asks, free of Telegram.

    `history` is the conversation so far, oldest first, without `text`. `chat_id` is an opaque key of the conversation:
    fairness in the queue goes by it. `model_id` is the model the person insists on, `current_model_id` the one that
    answered last in this chat, `avoid_model_ids` those that a retry should not take first. `situation` is the engine's:
    a sentence on why no model has answered so far.
    """

    text: str
    attachments: tuple[Attachment, ...] = ()
    history: tuple[Message, ...] = ()
    chat_id: str = ""
    system_prompt: str | None = None
    model_id: str | None = None
    current_model_id: str | None = None
    avoid_model_ids: frozenset[str] = frozenset()
    preferred_backend: str | None = None
    strategy: RoutingStrategy | None = None
    temperature: float = 0.7
    max_tokens: int = 2000
    situation: str = ""


AVERAGE_BENEFIT = 0.18
"""How many of 7,655 exam questions GPT-4 answers right and Mixtral 8x7B wrong (RouteLLM's data: MMLU and GSM8K)."""


@dataclass(frozen=True, slots=True)
class TaskClassification:
    """What a query is, in the words of the specification.

    `score` is the complexity in [0, 1]; `complexity`, `tier` and `level` are views of it. `estimated_tokens` is the
    length of the answer (50-2000), `prompt_tokens` that of text and history together. `language` is an ISO 639-1 code.
    `factors` names what the score is made of, each in [0, 1] before its weight.
    `benefit` is the probability that a strong model answers right what a weak one answers wrong.
    `probabilities` has each category's; `needs` names what is really needed from outside the model (live_data, url,
    file, reminder, shell). `familiarity`, in [0, 1], says how much of the text is like what the router learnt from.
    """

    complexity: TaskComplexity
    category: TaskCategory
    required_capabilities: frozenset[ModelCapability]
    estimated_tokens: int
    requires_tools: bool
    confidence: float
    score: float = 0.0
    modality: Modality = Modality.TEXT
    language: str = "en"
    prompt_tokens: int = 0
    factors: Mapping[str, float] = field(default_factory=dict, hash=False)
    benefit: float = AVERAGE_BENEFIT
    probabilities: Mapping[TaskCategory, float] = field(default_factory=dict, hash=False)
    needs: frozenset[str] = frozenset()
    familiarity: float = 1.0

    @property
    def tier(self) -> Tier:
        """LIGHT below 0.3, HEAVY from 0.7 on, STANDARD between (specification S4)."""
        return Tier.of(self.score)

    @property
    def level(self) -> int:
        """The score on the scale of 1 to 10 (specification S2)."""
        return min(10, 1 + int(self.score * 10))


# --- what is decided and what came of it ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model that may answer, with its score and the reasons for it in words, best reason first.

    `success` is the probability that it answers well, as far as that is known.
    """

    model: ModelMetadata
    score: float
    reasons: tuple[str, ...] = ()
    success: float = 0.0


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One model that was left out, and why, in words ("not installed", "cooling down", "over max_cost")."""

    model: ModelMetadata
    reason: str


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """What became of a rule that held: the rule in words, where it stands, and what it did or why it could not."""

    rule: str
    place: str
    effect: str
    followed: bool = True


@dataclass(frozen=True, slots=True)
class RoutingDecision:
    """The candidates in the order in which they will be tried, and how that order came about.

    `estimated_tokens` is the answer's length, `estimated_seconds` the time to its end on the first candidate,
    `estimated_cost` that candidate's cost. `race` is how many candidates start at once (1, or more for `redundant`).
    `notes` are sentences about the decision as a whole, such as a capability that no model has. `rules` are those of
    models.toml that held; with `local_only` one of them keeps what is asked on this machine, whatever fails.
    """

    classification: TaskClassification
    strategy: RoutingStrategy
    candidates: tuple[Candidate, ...]
    exclusions: tuple[Exclusion, ...] = ()
    estimated_tokens: int = 0
    estimated_seconds: float = 0.0
    estimated_cost: float = 0.0
    race: int = 1
    notes: tuple[str, ...] = ()
    rules: tuple[RuleEffect, ...] = ()
    local_only: bool = False

    def explain(self, *, left_out: bool = True) -> str:
        """Say in one short paragraph what was understood, who answers, why, what it takes, and what was left out."""
        return explanation.in_words(self, left_out=left_out)

    def explanation(self) -> dict[str, Any]:
        """Give the whole decision as plain values, ready for JSON."""
        return explanation.as_data(self)


class Outcome(StrEnum):
    """How one attempt ended."""

    ANSWERED = "answered"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Completion:
    """How a model's stream ended, from the server's own figures; None where it gave none.

    `finish_reason` is "stop", "length", "repetition", "timeout" or another word of the server's. Times are in seconds.
    `cached_tokens` is how much of the prompt was not computed anew, `prompt_tokens_per_second` how fast the rest was.
    `peak_memory_bytes` is the most that the engine has held so far.
    """

    finish_reason: str = "stop"
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    tokens_per_second: float | None = None
    load_seconds: float | None = None
    prompt_seconds: float | None = None
    cached_tokens: int | None = None
    prompt_tokens_per_second: float | None = None
    peak_memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one model.

    `error` is a sentence for people, `reason` its short form for a receipt ("timed out"), `error_class` the name of
    the error's class.
    """

    model_id: str
    endpoint: Endpoint | None
    outcome: Outcome
    total_seconds: float
    first_token_seconds: float | None = None
    completion: Completion | None = None
    error: str | None = None
    error_class: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ExecutionResult:
    """What came of a query. `execution_time` is in seconds; `attempts` holds every try, the last one decisive.

    `first_token_seconds` is how long the answer let its reader wait: the line and models that failed before are in it,
    which an attempt's own figure leaves out.
    `reasoning` is what the model thought aloud, kept apart from `response`. `turns_dropped` counts the oldest turns of
    the conversation that did not fit the model's context. `cut` says why an answer is shorter than the model wanted:
    "repetition" (a runaway loop was stopped), "length" (its token limit), "timeout" (the whole time was over), or "".
    `partial` is what the last model to fail in mid-answer had said, when no other could answer.
    """

    success: bool
    response: str
    model_id: str
    execution_time: float
    error: str | None = None
    fallback_used: bool = False
    reasoning: str = ""
    attempts: tuple[Attempt, ...] = ()
    decision: RoutingDecision | None = None
    first_token_seconds: float | None = None
    completion: Completion | None = None
    turns_dropped: int = 0
    cut: str = ""
    partial: str = ""

    def unwrap(self) -> str:
        """Return the response. Raises AllModelsFailed, or NoModelAvailable when there was none to try."""
        if self.success:
            return self.response
        if any(attempt.outcome is Outcome.FAILED for attempt in self.attempts):
            raise AllModelsFailed(self.error or "every model failed", self.attempts)
        raise NoModelAvailable(self.error or "no model is available")


# --- the events of a run ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Routed:
    """The decision is made."""

    decision: RoutingDecision


@dataclass(frozen=True, slots=True)
class Queued:
    """The model's host is busy; `position` 1 is next in line. `seconds` is the expected wait; None: nobody knows."""

    model: ModelMetadata
    position: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Loading:
    """The model is not in memory and is being loaded by its server.

    `seconds` is how much longer that is expected to take; None: nobody knows. `makes_room`: others are unloaded for it,
    by the names that people know.
    """

    model: ModelMetadata
    seconds: float | None = None
    makes_room: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Started:
    """A model has begun to answer: its first token follows."""

    model: ModelMetadata
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer (`text`), or of what the model thinks before it (`reasoning`)."""

    text: str = ""
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class FellBack:
    """A model failed and the next one is tried. `void` says that text already streamed no longer counts."""

    attempt: Attempt
    failed: ModelMetadata
    following: ModelMetadata
    void: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """The run is over."""

    result: ExecutionResult


Event = Routed | Queued | Loading | Started | Token | FellBack | Finished


# --- what backends speak ----------------------------------------------------------------------------------------------


class LoadStage(StrEnum):
    """What a backend does to bring a model into memory."""

    DOWNLOADING = "downloading"
    LOADING = "loading"


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """How far the loading of a model has come. None where the backend does not say."""

    stage: LoadStage
    done_bytes: int | None = None
    total_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request waits inside the backend for room; `position` 1 is next."""

    position: int


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What a backend is asked for. The last message is the user's.

    `situation` is for the built-in backend alone: a sentence on why no model has answered so far.
    """

    messages: tuple[Message, ...]
    temperature: float = 0.7
    max_tokens: int = 2000
    situation: str = ""
