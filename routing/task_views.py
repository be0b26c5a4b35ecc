"""The names the specification gives to tasks beside its categories, each a small table over a classification."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from routing.types import Modality, TaskCategory, TaskComplexity

if TYPE_CHECKING:
    from routing.types import TaskClassification

# From here on a context is long (specification S3).
LONG_DOCUMENT_TOKENS = 50_000


class TaskType(StrEnum):
    """The eight task types of orchestration over many providers (specification S3)."""

    COMPLEX_CODE = "complex_code"
    SIMPLE_CODE = "simple_code"
    MATH_LOGIC = "math_logic"
    LONG_DOCUMENT = "long_document"
    CHAT_SIMPLE = "chat_simple"
    CREATIVE = "creative"
    DATA_ANALYSIS = "data_analysis"
    MULTIMODAL = "multimodal"


class ObjectiveType(StrEnum):
    """The six task types of local first, commercial when needed (specification S2)."""

    CODE_GENERATION = "code_generation"
    CODE_REFACTOR = "code_refactor"
    REASONING = "reasoning"
    ANALYSIS = "analysis"
    COMPLETION = "completion"
    CREATIVE = "creative"


class UseCase(StrEnum):
    """The use cases of specification S5."""

    AVATAR = "avatar"
    SPEECH_TO_TEXT = "speech_to_text"
    TEXT_TO_SPEECH = "text_to_speech"
    AGENT = "agent"
    MULTIMODAL = "multimodal"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Preference:
    """Who is asked for a kind of task, and who stands in: a model's or a provider's name, or a backend's."""

    primary: str
    fallback: str
    backend: str = ""


# Specification S3's models, by the names that their providers give them.
TASK_MODELS = {
    TaskType.COMPLEX_CODE: Preference("claude-opus-4-5-20251101", "gpt-5"),
    TaskType.SIMPLE_CODE: Preference("claude-sonnet-4-20250514", "gpt-4o"),
    TaskType.MATH_LOGIC: Preference("deepseek-r1", "claude-opus-4-5-20251101"),
    TaskType.LONG_DOCUMENT: Preference("gemini-2.0-pro", "claude-opus-4-5-20251101"),
    TaskType.CHAT_SIMPLE: Preference("claude-haiku-3-5-20241022", "gpt-4o-mini"),
    TaskType.CREATIVE: Preference("claude-opus-4-5-20251101", "gpt-5"),
    TaskType.DATA_ANALYSIS: Preference("claude-sonnet-4-20250514", "gpt-4o"),
    TaskType.MULTIMODAL: Preference("gpt-4o", "gemini-2.0-flash"),
}

# Specification S2's providers: `local` is a model on this machine.
OBJECTIVE_PROVIDERS = {
    ObjectiveType.CODE_GENERATION: Preference("local", "openai"),
    ObjectiveType.CODE_REFACTOR: Preference("local", "anthropic"),
    ObjectiveType.REASONING: Preference("anthropic", "google"),
    ObjectiveType.ANALYSIS: Preference("anthropic", "google"),
    ObjectiveType.CREATIVE: Preference("anthropic", "google"),
    ObjectiveType.COMPLETION: Preference("openai", "local"),
}

_TASK_TYPES = {
    TaskCategory.GREETING: TaskType.CHAT_SIMPLE,
    TaskCategory.QUESTION: TaskType.CHAT_SIMPLE,
    TaskCategory.CODE: TaskType.SIMPLE_CODE,
    TaskCategory.MATH: TaskType.MATH_LOGIC,
    TaskCategory.REASONING: TaskType.MATH_LOGIC,
    TaskCategory.TOOL_USE: TaskType.CHAT_SIMPLE,
    TaskCategory.CREATIVE: TaskType.CREATIVE,
    TaskCategory.ANALYSIS: TaskType.DATA_ANALYSIS,
}
_OBJECTIVE_TYPES = {
    TaskCategory.GREETING: ObjectiveType.COMPLETION,
    TaskCategory.QUESTION: ObjectiveType.COMPLETION,
    TaskCategory.CODE: ObjectiveType.CODE_GENERATION,
    TaskCategory.MATH: ObjectiveType.REASONING,
    TaskCategory.REASONING: ObjectiveType.REASONING,
    TaskCategory.TOOL_USE: ObjectiveType.COMPLETION,
    TaskCategory.CREATIVE: ObjectiveType.CREATIVE,
    TaskCategory.ANALYSIS: ObjectiveType.ANALYSIS,
}
_HARD = frozenset({TaskComplexity.COMPLEX, TaskComplexity.VERY_COMPLEX})
_SENSED = frozenset({Modality.IMAGE, Modality.AUDIO, Modality.VIDEO})
# Words of those who have code and want it changed.
_CHANGING = frozenset(
    {"refactor", "refactoring", "restructure", "rewrite", "rework", "clean", "cleanup", "tidy", "simplify", "optimise"}
    | {"optimize", "modernise", "modernize", "rename", "extract", "split", "migrate", "port", "convert", "improve"}
    | {"deduplicate", "fix", "debug", "refaktoriere", "refactoriza", "refatora", "refactorise", "отрефактори"}
)

# What serves a use case, by its name for the backend. The catalog's own models talk, act and see one picture; a model
# that hears, speaks or sees moving pictures needs a backend that runs it (specification S5 names Transformers).
USE_CASE_MODELS = {
    UseCase.AVATAR: Preference("qwen2.5:7b-instruct-q4_K_M", "mlx-community/Qwen2.5-7B-Instruct-4bit", "ollama"),
    UseCase.AGENT: Preference("qwen2.5:32b-instruct-q4_K_M", "qwen2.5:14b-instruct-q4_K_M", "ollama"),
    UseCase.MULTIMODAL: Preference("llava-v1.5-7b", "Qwen/Qwen2.5-VL-7B-Instruct", "lmstudio"),
    UseCase.SPEECH_TO_TEXT: Preference("openai/whisper-large-v3-turbo", "openai/whisper-small", "transformers"),
    UseCase.TEXT_TO_SPEECH: Preference("hexgrad/Kokoro-82M", "suno/bark-small", "transformers"),
    UseCase.VIDEO: Preference("Qwen/Qwen2.5-VL-7B-Instruct", "llava-v1.5-7b", "transformers"),
}

_USE_CASES = {
    Modality.IMAGE: UseCase.MULTIMODAL,
    Modality.DOCUMENT: UseCase.MULTIMODAL,
    Modality.AUDIO: UseCase.SPEECH_TO_TEXT,
    Modality.VIDEO: UseCase.VIDEO,
}
# Sound is made for these; for all others it is written down.
_SPOKEN = frozenset({TaskCategory.CREATIVE, TaskCategory.TOOL_USE})
# An avatar talks; all else is work.
_TALK = frozenset({TaskCategory.GREETING, TaskCategory.QUESTION, TaskCategory.CREATIVE})


def task_type(task: TaskClassification) -> TaskType:
    """The task type of S3: what a task is made of and how long it is come before what is asked."""
    if task.modality in _SENSED:
        return TaskType.MULTIMODAL
    if task.prompt_tokens > LONG_DOCUMENT_TOKENS:
        return TaskType.LONG_DOCUMENT
    if task.category is TaskCategory.CODE and task.complexity in _HARD:
        return TaskType.COMPLEX_CODE
    return _TASK_TYPES[task.category]


def objective_type(task: TaskClassification, text: str = "") -> ObjectiveType:
    """The task type of S2. Only the words of a request, `text`, tell code to be changed from code to be written."""
    kind = _OBJECTIVE_TYPES[task.category]
    if kind is ObjectiveType.CODE_GENERATION and not _CHANGING.isdisjoint(text.lower().split()):
        return ObjectiveType.CODE_REFACTOR
    return kind


def use_case(task: TaskClassification) -> UseCase:
    """The use case of S5: what a task is made of, and in text whether it is talk or work."""
    if task.modality is Modality.AUDIO and task.category in _SPOKEN:
        return UseCase.TEXT_TO_SPEECH
    if task.modality in _USE_CASES:
        return _USE_CASES[task.modality]
    return UseCase.AVATAR if task.category in _TALK else UseCase.AGENT
