"""Loads and unloads of models that admins ask for, by a button or by name; a load is shown while it goes on."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from telegram import InlineKeyboardButton

from dialogue.model_loading import in_memory, loading, unload
from dialogue.model_names import NotOneModel, find_model
from dialogue.reports import plain
from handlers.answer import RESTARTING, TRYING_AGAIN
from handlers.dispatch import OldButton
from handlers.front import Screen, target_of
from handlers.growing_message import GrowingMessage
from handlers.model_list import model_by_tag
from handlers.screens import STOP_LOAD, load_name, model_switches
from routing.errors import RoutingError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from handlers.dispatch import Press, Request
    from handlers.front import Front, Rows
    from routing.types import ModelMetadata
    from storage.conversations import ConversationKey

    Shown = Callable[[str], Awaitable[Screen]]

BEGUN = "Loading {name}."
LOADING_ALREADY = "{name} is being loaded already."
LEAVING = "Taking {name} out of memory."
STOPPED = "{name} is not loaded: somebody stopped it."


async def load_named(request: Request, wanted: Sequence[str]) -> str | None:
    """Load the model that is meant, in a message that grows; a sentence where no model is, or several are."""
    try:
        model = await _meant(request, wanted)
    except NotOneModel as reason:
        return plain(str(reason))
    front, name, target = request.front, f"u{request.update_id}", target_of(request.message)
    stop = ((InlineKeyboardButton("⏹ Stop", callback_data=f"{STOP_LOAD}:{name}"),),)
    message = GrowingMessage(
        front.delivery(target),
        front.limiter,
        front.formatter,
        keyboard=partial(front.keyboard, target),
        message_id=next((place for place in front.inbox.remains(request.update_id).message_ids), None),
        on_standing=partial(front.inbox.standing, request.update_id),
    )
    load = _Load(front, request.key, name, model, message, partial(_alone, stop), partial(_alone, ()))
    await load.run()
    return None


async def unload_named(request: Request, wanted: Sequence[str]) -> str:
    """Take the model that is meant out of memory; a sentence on what came of it."""
    try:
        model = await _meant(request, wanted)
    except NotOneModel as reason:
        return plain(str(reason))
    return plain(await _unloaded(request.front, model))


async def load_pressed(press: Press) -> tuple[str, Callable[[], Awaitable[None]] | None]:
    """Load a model of the screen whose button was pressed; how that goes on is shown in the screen itself."""
    front, model = press.front, model_by_tag(press.services.registry, press.argument)
    name, target = load_name(press.message.message_id, model), target_of(press.message)
    if front.runs.has(name):
        return LOADING_ALREADY.format(name=model.display_name), None
    message = GrowingMessage(
        front.delivery(target),
        front.limiter,
        front.formatter,
        keyboard=partial(front.keyboard, target),
        message_id=press.message.message_id,
    )
    shown = partial(_in_list, press, model)
    return BEGUN.format(name=model.display_name), _Load(front, press.key, name, model, message, shown, shown).run


async def unload_pressed(press: Press) -> tuple[str, Callable[[], Awaitable[None]]]:
    """Take a model of the screen whose button was pressed out of memory, and say in the screen what came of it."""
    model = model_by_tag(press.services.registry, press.argument)

    async def work() -> None:
        await press.front.redraw(
            press.message, await _in_list(press, model, await unload(press.services.engine, model))
        )

    return LEAVING.format(name=model.display_name), work


async def stop_load(press: Press) -> tuple[str, None]:
    """Stop the load that carries the button."""
    if not press.front.runs.stop(press.key, press.argument):
        raise OldButton
    return "Stopped.", None


@dataclass(frozen=True, slots=True)
class _Load:
    """One load, shown in a message. `underway` makes a screen of what is said meanwhile, `ended` of what is said last.

    It belongs to the update that asked for it, and ends with it: a load that a restart has broken off goes on
    afterwards, in the same message. `name` is what it can be stopped by.
    """

    front: Front
    key: ConversationKey
    name: str
    model: ModelMetadata
    message: GrowingMessage
    underway: Shown
    ended: Shown

    async def run(self) -> None:
        """Load, and show it to the end. Cancelled when the program is being stopped."""
        if self.front.runs.has(self.name):  # pressed twice, or the update was already at it
            return
        task = asyncio.create_task(self._follow(), name=f"load {self.model.model_id}")
        with self.front.runs.entered(self.name, self.key, task):
            try:
                await asyncio.wait([task])
            finally:
                task.cancel()
        if task.cancelled() and self.front.runs.closing:
            await self.message.leave(await self.ended(RESTARTING))
            raise asyncio.CancelledError
        error = None if task.cancelled() else task.exception()
        await self.message.end(await self.ended(await self._result(task, error)))
        if error and not isinstance(error, RoutingError):
            raise error

    async def _follow(self) -> str:
        """Show how it goes on until it is over; what came of it."""
        began: list[float] = []
        async with aclosing(self._screens(began)) as screens:
            await self.message.follow(screens)
        return in_memory(self.model, time.monotonic() - began[0] if began else None)

    async def _screens(self, began: list[float]) -> AsyncGenerator[Screen]:
        async with aclosing(loading(self.front.services.engine, self.model)) as sentences:
            async for sentence in sentences:
                began.append(time.monotonic())
                yield await self.underway(sentence)

    async def _result(self, task: asyncio.Task[str], error: BaseException | None) -> str:
        if task.cancelled():
            await self.front.services.engine.keeper.give_up(self.model.model_id)
            return STOPPED.format(name=self.model.display_name)
        if error:
            return str(error) if isinstance(error, RoutingError) else TRYING_AGAIN
        return task.result()


async def _unloaded(front: Front, model: ModelMetadata) -> str:
    """Take a model out of memory, and say what came of it, of what went wrong too."""
    try:
        return await unload(front.services.engine, model)
    except RoutingError as error:
        return str(error)


async def _alone(rows: Rows, text: str) -> Screen:
    return Screen(plain(text), rows)


async def _in_list(press: Press, model: ModelMetadata, text: str) -> Screen:
    """The list of all models, on the page of this one, with what there is to say of it."""
    return await model_switches(press.front, press.message.message_id, at=model, remark=plain(text))


async def _meant(request: Request, wanted: Sequence[str]) -> ModelMetadata:
    """Find a model by its name. Raises NotOneModel."""
    await request.services.models_known()
    return find_model(request.services.registry, " ".join(wanted))
