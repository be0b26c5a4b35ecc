"""The order of updates: first in, first out within a chat or forum topic, chats side by side, urgent ones at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from telegram import Message, MessageEntity, Update
from telegram.ext import BaseUpdateProcessor

from handlers.failures import in_background
from handlers.lane import Lane, Place
from handlers.pastes import Paste
from handlers.tries import PAUSES_SECONDS, Tries
from handlers.well_formed import is_well_formed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence

    from handlers.lane import BusyPeriod
    from storage.inbox import Inbox

# python-telegram-bot counts an update that waits in its lane as one in work: there must be room for all of them.
MOST_UPDATES_AT_ONCE = 100_000
# Telegram's clients send the pieces of a pasted text within about a second.
PASTE_SECONDS = 1.2
MOST_CHARACTERS = 100_000

LaneKey = tuple[int, int | None]  # chat id, thread id


class Waiting(Protocol):
    """What shows people that their messages wait. Nothing here waits for it."""

    def busy_period(self) -> BusyPeriod:
        """Somebody has entered an empty lane."""

    async def close(self) -> None:
        """Show nothing any more."""


class Lanes(BaseUpdateProcessor):
    """Keeps each chat and forum topic in order. Lives as long as the application it is given to.

    `urgent_commands` ("stop", without the slash) are worked on at once, as are buttons and everything else that is not
    a message: waiting behind the answer that they are meant to stop would make them useless.

    `process` is to be set, once it is there, to what has the handlers work on an update: what failed is tried again, in
    its place, after `pauses_seconds`. The pieces of a text that Telegram's clients have cut become one message:
    `paste_seconds` is how long the next piece may take, `most_characters` how long a message may be.
    """

    process: Callable[[Update], Awaitable[Any]]

    def __init__(  # noqa: PLR0913  # the last two are there to be shorter in tests
        self,
        inbox: Inbox,
        waiting: Waiting,
        urgent_commands: Collection[str] = ("stop",),
        *,
        most_characters: int = MOST_CHARACTERS,
        paste_seconds: float = PASTE_SECONDS,
        pauses_seconds: Sequence[float] = PAUSES_SECONDS,
    ) -> None:
        super().__init__(MOST_UPDATES_AT_ONCE)
        self._inbox = inbox
        self._waiting = waiting
        self._urgent_commands = frozenset(urgent_commands)
        self._most_characters = most_characters
        self._paste_seconds = paste_seconds
        self._tries = Tries(inbox, pauses_seconds)
        self._lanes: dict[LaneKey, Lane] = {}
        self._befores: set[asyncio.Task[None]] = set()

    async def initialize(self) -> None:
        """Nothing is opened."""

    async def shutdown(self) -> None:
        """Break off what came before all updates."""
        for task in self._befores:
            task.cancel()
        await asyncio.gather(*self._befores, return_exceptions=True)
        await self._waiting.close()

    def close(self) -> None:
        """Begin nothing more: what waits stays in the inbox. What is in work goes on."""
        self._tries.close()
        for lane in self._lanes.values():
            lane.close()

    def failed(self, update: object) -> bool:
        """Note that this try of an update failed, for the error handler to call; whether that was the last try."""
        return self._tries.failed(update)

    def before(self, chat_id: int, thread_id: int | None, work: Callable[[], Awaitable[None]]) -> None:
        """Have work done in a lane before all updates that wait there."""
        key, place = (chat_id, thread_id), Place()
        lane = self._lane(key)
        lane.enter_before(place)
        what = partial(self._do_before, key, lane, place, work)
        task = in_background(what, "do what comes before the updates of a chat")
        self._befores.add(task)
        task.add_done_callback(self._befores.discard)

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Await the work on an update when it is its turn."""
        try:
            if not isinstance(update, Update):
                await coroutine
            elif key := self._key(update):
                await self._wait_and_work(key, update, coroutine)
            else:
                await self._tries.work(update, lambda: coroutine, self.process)
        finally:
            if isinstance(coroutine, Coroutine):
                coroutine.close()  # where something else was done instead, or nothing, it was never started

    # --- the way through a lane ---------------------------------------------------------------------------------------

    def _key(self, update: Update) -> LaneKey | None:
        message = update.message or update.edited_message
        if message is None or not is_well_formed(update) or command_of(message) in self._urgent_commands:
            return None
        return message.chat.id, message.message_thread_id if message.is_topic_message else None

    def _lane(self, key: LaneKey) -> Lane:
        if key not in self._lanes:
            self._lanes[key] = Lane(self._waiting.busy_period())
            if self._tries.is_closed:
                self._lanes[key].close()
        return self._lanes[key]

    async def _wait_and_work(self, key: LaneKey, update: Update, coroutine: Awaitable[Any]) -> None:
        lane = self._lane(key)
        if self._renewed(lane, update):
            return
        place = Place(update)
        lane.enter(place)
        shown = lane.period.show(update.message, place.turn) if update.message and not place.turn.done() else None
        async with self._turn(key, lane, place) as begins:
            if begins:
                await self._begin(lane, place, update, coroutine)
        if shown and not begins:
            await shown

    @asynccontextmanager
    async def _turn(self, key: LaneKey, lane: Lane, place: Place) -> AsyncGenerator[bool]:
        try:
            yield await place.turn
        finally:
            lane.leave(place)
            if lane.is_empty and self._lanes.get(key) is lane:
                del self._lanes[key]

    def _renewed(self, lane: Lane, update: Update) -> bool:
        """Have the new version of a message that still waits answered, instead of the old one."""
        edited = update.edited_message
        place = lane.place_of(edited) if edited else None
        if place is None or place.update is None:
            return False
        place.update = Update(place.update.update_id, message=edited)
        self._inbox.join(place.update.update_id, [update.update_id])
        return True

    async def _begin(self, lane: Lane, place: Place, update: Update, coroutine: Awaitable[Any]) -> None:
        whole = await self._whole(lane, place, place.update or update)
        first = (lambda: coroutine) if whole is update else partial(self.process, whole)
        await self._tries.work(whole, first, self.process)

    async def _whole(self, lane: Lane, place: Place, update: Update) -> Update:
        """An update with the rest of its text, where Telegram's clients have cut that."""
        paste = Paste(update, self._most_characters)
        while paste.is_open and (following := await self._following(lane, place)) and paste.take(following.update):
            lane.send_away(following)
            place = following
        if paste.later_ids:
            self._inbox.join(update.update_id, paste.later_ids)
        return paste.whole()

    async def _following(self, lane: Lane, place: Place) -> Place | None:
        """What its sender sent next, if it comes in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(place.arrived_at + self._paste_seconds):
                return await lane.next_of(place)
        return None

    async def _do_before(self, key: LaneKey, lane: Lane, place: Place, work: Callable[[], Awaitable[None]]) -> None:
        async with self._turn(key, lane, place) as begins:
            if begins:
                await work()


def command_of(message: Message) -> str:
    """The command with which a message begins, without slash and bot name, in lower case; empty when it has none."""
    entity = message.entities[0] if message.entities else None
    if not message.text or entity is None or entity.type != MessageEntity.BOT_COMMAND or entity.offset != 0:
        return ""
    return message.text[1 : entity.length].partition("@")[0].lower()
