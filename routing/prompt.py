"""Builds what a model is told: system prompt, as much of the conversation as fits, the question; in a lasting order."""

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

# A prompt begins as the one before it, so that its server computes only what is new. So nothing that changes stands
# before the conversation, and of one that is too long so much is left out at once that it fits for many turns: when it
# takes more than the first share of the window, it is cut to the second one of that. Which turns go follows from the
# conversation alone, and not from the question or the length of its answer.
_HISTORY_SHARE = 0.6
_KEPT_SHARE = 0.6
# Where not even that makes room, for a long question, say.
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
    budget = _HISTORY_SHARE * max(0, context - sum(map(_cost, system)))
    dropped = _turns_to_summarise(turns, room, budget)
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


def _turns_to_summarise(turns: Sequence[Sequence[Message]], room: int, budget: float) -> int:
    """Count the oldest turns to leave out so that the rest and the summary of what is left out fit into `room`."""
    costs = [sum(map(_cost, turn)) for turn in turns]
    if sum(costs) <= room:
        return 0
    dropped = _lasting_cut(costs, budget)
    while dropped < len(turns) and sum(costs[dropped:]) + _summary_cost(turns[:dropped]) > room:
        dropped += _BLOCK_TURNS if len(turns) - dropped > _BLOCK_TURNS else 1
    return dropped


def _lasting_cut(costs: Sequence[int], budget: float) -> int:
    """Go through a conversation as it grew, and cut it as often as it took more than `budget` tokens."""
    cut = held = 0
    for cost in costs:
        held += cost
        if held > budget:
            while held > _KEPT_SHARE * budget:
                held -= costs[cut]
                cut += 1
    return cut


def _summary_cost(turns: Sequence[Sequence[Message]]) -> int:
    return estimate_tokens(_summary(turns)) + MESSAGE_TOKENS if turns else 0


def _summary(turns: Sequence[Sequence[Message]]) -> str:
    """Say in one sentence what the turns that were left out had been about."""
    asked = [" ".join(turn[0].content.split())[:_SUMMARY_CHARACTERS] for turn in turns if turn[0].role == "user"]
    latest = "; ".join(f"“{question}”" for question in asked[-_SUMMARY_QUESTIONS:])
    return f"Earlier turns of this conversation ({len(turns)}) are left out here. The person had asked: {latest}."
