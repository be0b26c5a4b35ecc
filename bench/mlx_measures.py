"""What bench.mlx measures: one coroutine a row, each giving figures of one contestant by the name of their row."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.mlx_answers import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from bench.mlx_answers import Contestant, Messages, Prompts

Figures = dict[str, list[float]]
"""Figures by the name of their row, in the row's unit."""

ALONE = "decode alone, tok/s"
NEWCOMER, WORST_NEWCOMER = "newcomer's first token, ms", "newcomer's worst, ms"
GAP, PREFILL = "worst gap in a prefill, ms", "that prompt's first token, s"
COLD, WARM = "turn 2 without reuse, s", "turn 2 with reuse, s"

_LONG_TOKENS = 3000  # longer than anything here that is not cut off
_SETTLING_SECONDS = 0.7  # the server notices within 0.5 s that somebody has left


def aggregate(width: int) -> str:
    """Name the row of so many requests at once."""
    return f"{width} at once, tok/s"


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is asked. Tokens are those of an answer but for `history_tokens`, the long prompt's."""

    tokens: int = 32
    prompt_tokens: int = 16
    history_tokens: int = 2048
    widths: tuple[int, ...] = (1, 2, 4, 8, 16)
    streams: int = 2
    newcomers: int = 4


async def warm_up(contestant: Contestant, prompts: Prompts, scale: Scale) -> None:
    """Have the first answers, which pay for what is made on first use."""
    widest = max(scale.widths) if contestant.several else 1
    await _together(contestant, [prompts.one(scale.prompt_tokens) for _ in range(widest)], 4)


async def alone(contestant: Contestant, prompts: Prompts, scale: Scale) -> Figures:
    """One request by itself."""
    (answer,) = await _together(contestant, [prompts.one(scale.prompt_tokens)], scale.tokens)
    return {ALONE: [answer.decode_tokens_per_second]}


async def at_once(contestant: Contestant, prompts: Prompts, scale: Scale, width: int) -> Figures:
    """So many requests at the same moment: all their tokens, over the time until the last one's end."""
    answers = await _together(contestant, [prompts.one(scale.prompt_tokens) for _ in range(width)], scale.tokens)
    seconds = max(answer.ended for answer in answers) - min(answer.asked for answer in answers)
    return {aggregate(width): [sum(answer.tokens for answer in answers) / seconds]}


async def newcomers(contestant: Contestant, prompts: Prompts, scale: Scale) -> Figures:
    """One after the other comes to a few that are streaming."""
    firsts = []
    async with _streaming(contestant, (prompts.one(scale.prompt_tokens) for _ in range(scale.streams))) as streams:
        for number in range(scale.newcomers):
            # At moments that keep no step with a loop of theirs.
            await asyncio.sleep(0.11 + 0.37 * (number * 0.618 % 1))
            newcomer = Answer(prompts.one(scale.prompt_tokens), 4)
            await contestant.ask(newcomer)
            firsts.append(newcomer.first_seconds * 1000)
        assert all(not stream.ended for stream in streams), "the streams have ended before the newcomers came"
    return {NEWCOMER: firsts, WORST_NEWCOMER: [max(firsts)]}


async def prefill(contestant: Contestant, prompts: Prompts, scale: Scale) -> Figures:
    """A long prompt comes to one that is streaming, which goes on beside it as well as it can."""
    async with _streaming(contestant, [prompts.one(scale.prompt_tokens)]) as (stream,):
        newcomer = Answer(prompts.one(scale.history_tokens), 4)
        await contestant.ask(newcomer)
        await _grow(stream, 3)
    gap_seconds = stream.worst_gap_seconds(newcomer.asked, newcomer.times[0])
    return {GAP: [gap_seconds * 1000], PREFILL: [newcomer.first_seconds]}


async def turn_two(contestant: Contestant, prompts: Prompts, scale: Scale) -> Figures:
    """A conversation that nothing is kept of, then its next turn."""
    history = prompts.history(scale.history_tokens)
    (cold,) = await _together(contestant, [history], 4)
    (warm,) = await _together(contestant, [prompts.following(history)], 4)
    return {COLD: [cold.first_seconds], WARM: [warm.first_seconds]}


# --- inside -----------------------------------------------------------------------------------------------------------


async def _together(contestant: Contestant, conversations: Iterable[Messages], max_tokens: int) -> list[Answer]:
    answers = [Answer(messages, max_tokens) for messages in conversations]
    async with asyncio.TaskGroup() as group:
        for answer in answers:
            group.create_task(contestant.ask(answer))
    assert all(answer.times for answer in answers), f"{contestant.name} answered with no text"
    return answers


@asynccontextmanager
async def _streaming(contestant: Contestant, conversations: Iterable[Messages]) -> AsyncIterator[list[Answer]]:
    """Have answers stream until the end of the block, which begins when all of them have begun."""
    answers = [Answer(messages, _LONG_TOKENS) for messages in conversations]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(contestant.ask(answer)) for answer in answers]
        for answer in answers:
            await _grow(answer, 3)
        yield answers
        for task in tasks:
            task.cancel()
    await asyncio.sleep(_SETTLING_SECONDS)


async def _grow(answer: Answer, pieces: int) -> None:
    """Wait until so many more pieces have come."""
    wanted = len(answer.times) + pieces
    while len(answer.times) < wanted:
        assert not answer.ended, "a stream has ended too soon"
        await asyncio.sleep(0.01)
