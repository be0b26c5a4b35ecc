"""Builds what a model is told: system prompt, as much of the conversation as fits, and the question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.context_window import served_context_tokens
from routing.task_classifier import IMAGE_TOKENS, MESSAGE_TOKENS
from routing.tokens import estimate_tokens
from routing.types import GenerationRequest, Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routing.types import ModelMetadata, Query

# Turns are left out in blocks, so that the prompt keeps its beginning, and the server its cache, for some turns.
_BLOCK_TURNS = 4
_SUMMARY_QUESTIONS = 8
_SUMMARY_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request, and how many of the conversation's oldest turns did not fit into it."""

    request: GenerationRequest
    turns_dropped: int


def build_prompt(query: Query, model: ModelMetadata, answer_tokens: int) -> Prompt:
    """Fit a query to a model's context, with room for an answer of `answer_tokens`; turns go whole, oldest first.

    What was left out is told to the model in one sentence behind the system prompt.
    """
    context = served_context_tokens(model)
    question = Message("user", query.text, query.attachments)
    system = [Message("system", query.system_prompt)] if query.system_prompt else []
    room = context - answer_tokens - sum(map(_cost, (*system, question)))
    turns = _turns(query.history)
    dropped = _turns_to_summarise(turns, room)
    if dropped:
        system = [Message("system", "\n\n".join((*(m.content for m in system), _summary(turns[:dropped]))))]
    messages = (*system, *(message for turn in turns[dropped:] for message in turn), question)
    left = context - sum(map(_cost, messages))
    asked = model.options.get("max_tokens", query.max_tokens)
    most = min(asked if isinstance(asked, int) else query.max_tokens, max(left, answer_tokens))
    temperature = model.options.get("temperature", query.temperature)
    temperature = temperature if isinstance(temperature, int | float) else query.temperature
    return Prompt(GenerationRequest(messages, temperature, most, query.situation), dropped)


def _cost(message: Message) -> int:
    return estimate_tokens(message.content) + MESSAGE_TOKENS + IMAGE_TOKENS * len(message.attachments)


def _turns(history: Sequence[Message]) -> list[list[Message]]:
    """Group messages into turns, each beginning with the person's message."""
    turns: list[list[Message]] = []
    for message in history:
        if message.role == "user" or not turns:
            turns.append([])
        turns[-1].append(message)
    return turns


def _turns_to_summarise(turns: Sequence[Sequence[Message]], room: int) -> int:
    """Count the oldest turns to leave out so that the rest and the summary of what is left out fit into `room`."""
    dropped, needed = 0, _turns_to_drop(turns, room)
    while needed > dropped:
        dropped = needed
        needed = _turns_to_drop(turns, room - estimate_tokens(_summary(turns[:dropped])) - MESSAGE_TOKENS)
    return dropped


def _turns_to_drop(turns: Sequence[Sequence[Message]], room: int) -> int:
    """Count the oldest turns to leave out so that the rest fits into `room` tokens: by blocks, the last few singly."""
    costs = [sum(map(_cost, turn)) for turn in turns]
    total, dropped = sum(costs), 0
    while total > room and dropped < len(turns):
        block = costs[dropped : dropped + (_BLOCK_TURNS if len(turns) - dropped > _BLOCK_TURNS else 1)]
        total -= sum(block)
        dropped += len(block)
    return dropped


def _summary(turns: Sequence[Sequence[Message]]) -> str:
    """Say in one sentence what the turns that were left out had been about."""
    asked = [" ".join(turn[0].content.split())[:_SUMMARY_CHARACTERS] for turn in turns if turn[0].role == "user"]
    latest = "; ".join(f"“{question}”" for question in asked[-_SUMMARY_QUESTIONS:])
    return f"Earlier turns of this conversation ({len(turns)}) are left out here. The person had asked: {latest}."
