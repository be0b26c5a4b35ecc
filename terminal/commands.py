"""The commands of the terminal chat: a table of names, and what each does."""

from __future__ import annotations

import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialogue import reports
from dialogue.choices import choose_model, choose_strategy
from dialogue.model_loading import in_memory, loading, unload
from dialogue.model_names import NotOneModel, find_model
from dialogue.model_report import model_report
from routing.errors import RoutingError
from routing.types import RoutingStrategy
from terminal.conversation import KEY, USER_ID

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from routing.types import ModelMetadata
    from terminal.conversation import Conversation


@dataclass(frozen=True, slots=True)
class Command:
    """What stands behind a /name. `usage` shows its arguments."""

    run: Callable[[Conversation, str], Awaitable[None]]
    about: str
    usage: str = ""


async def obey(conversation: Conversation, line: str) -> None:
    """Do what a line that begins with a slash says. Raises StorageError."""
    name, _, argument = line.removeprefix("/").partition(" ")
    command = COMMANDS.get(name.lower())
    if command:
        await command.run(conversation, argument.strip())
    else:
        conversation.screen.note(f"There is no command /{name}. /help lists them.")


async def _help(conversation: Conversation, _: str) -> None:
    lines = [f"- `/{' '.join(filter(None, (name, known.usage)))}` {known.about}" for name, known in COMMANDS.items()]
    lines.append(f"- `/{LEAVE[0]}` leaves")
    conversation.screen.markdown("\n".join(("Write a message, or one of these:", "", *lines)))


async def _new(conversation: Conversation, _: str) -> None:
    await conversation.services.conversations.clear(KEY)
    conversation.screen.note("A new conversation; the one before is forgotten.")


async def _stop(conversation: Conversation, _: str) -> None:
    conversation.screen.note("Nothing is being written. While something is, Ctrl-C stops it.")


async def _retry(conversation: Conversation, _: str) -> None:
    if not await conversation.retry():
        conversation.screen.note("There is nothing to answer again yet.")


async def _model(conversation: Conversation, wanted: str) -> None:
    if wanted:
        conversation.screen.note(await choose_model(conversation.services, KEY, wanted))
    else:
        conversation.screen.markdown(await _choices(conversation))


async def _choices(conversation: Conversation) -> str:
    services = conversation.services
    await services.models_known()
    chosen = await services.preferences.model_choice(KEY)
    rows = [("auto", "the best for each message", chosen is None)]
    rows += [
        (model.model_id, model.display_name, model.model_id == chosen)
        for model in services.registry.get_all_models()
        if services.registry.status(model.model_id).available or model.model_id == chosen
    ]
    lines = [f"- `{name}` {about}{' (chosen)' * is_chosen}" for name, about, is_chosen in rows]
    return "\n".join((*lines, "", "`/model ID` chooses one."))


async def _why(conversation: Conversation, _: str) -> None:
    told = conversation.last_result or await conversation.services.analytics.last_decision(KEY)
    conversation.screen.markdown(reports.why(told, conversation.services.registry))


async def _usage(conversation: Conversation, _: str) -> None:
    usage = await conversation.services.analytics.usage(USER_ID, reports.PERIODS["30d"])
    conversation.screen.markdown(reports.usage(usage, conversation.services.registry))


async def _stats(conversation: Conversation, period: str) -> None:
    if (period or "24h") not in reports.PERIODS:
        conversation.screen.note(f"The period is {' or '.join(reports.PERIODS)}.")
        return
    report = await conversation.services.analytics.report(reports.PERIODS[period or "24h"])
    conversation.screen.markdown(reports.stats(report, conversation.services.registry))


async def _strategy(conversation: Conversation, wanted: str) -> None:
    services = conversation.services
    if not wanted:
        names = (f"`{name}`{' (now)' * (name == services.router.strategy)}" for name in RoutingStrategy)
        conversation.screen.markdown(f"{', '.join(names)}. `/strategy NAME` changes it, for everybody.")
        return
    conversation.screen.note(await choose_strategy(services, wanted))


async def _models(conversation: Conversation, wanted: str) -> None:
    services = conversation.services
    await services.models_known()
    action, _, name = wanted.partition(" ")
    if not wanted:
        conversation.screen.markdown(await model_report(services.engine))
    elif action.lower() in {"load", "unload"} and name.strip():
        try:
            await _move(conversation, find_model(services.registry, name.strip()), loads=action.lower() == "load")
        except (NotOneModel, RoutingError) as reason:
            conversation.screen.note(str(reason))
    else:
        conversation.screen.note("`/models load NAME` brings a model into memory, `/models unload NAME` takes it out.")


async def _move(conversation: Conversation, model: ModelMetadata, *, loads: bool) -> None:
    """Load or unload a model, and say so."""
    engine, screen = conversation.services.engine, conversation.screen
    if not loads:
        screen.note(await unload(engine, model))
        return
    began: float | None = None
    with screen.answer() as view:
        async with aclosing(loading(engine, model)) as sentences:
            async for sentence in sentences:
                began = began or time.monotonic()
                view.status(sentence)
    screen.note(in_memory(model, time.monotonic() - began if began else None))


COMMANDS = {
    "help": Command(_help, "what can be written here"),
    "new": Command(_new, "forgets the conversation and begins a new one"),
    "stop": Command(_stop, "stops an answer in Telegram; here Ctrl-C does"),
    "retry": Command(_retry, "answers the last message again, with another model"),
    "model": Command(_model, "lists the models, or chooses one for this conversation", "[ID|auto]"),
    "why": Command(_why, "why the last answer came from the model it came from"),
    "usage": Command(_usage, "what you have used"),
    "stats": Command(_stats, "counts, success and fallback rates, times, tokens", f"[{'|'.join(reports.PERIODS)}]"),
    "strategy": Command(_strategy, "how models are chosen", "[NAME]"),
    "models": Command(_models, "every model: state, memory, speed; loads or unloads one", "[load|unload NAME]"),
}
LEAVE = ("quit", "exit")
