"""Polling: each update is written down before Telegram is told that we have it, and then read on its own."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from telegram import Update
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from dialogue.errors import TokenUnusable
from handlers.tries import TRIES
from handlers.well_formed import is_well_formed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from handlers.polling_bot import PollingBot
    from storage.inbox import Inbox

log = logging.getLogger(__name__)
_T = TypeVar("_T")

WANTED_UPDATES = ("message", "edited_message", "callback_query")
FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 30.0
# A process that dies says little about any one update, as others were in work too: of many kills within seconds, ten in
# a row met one answer now and then (bench/chaos.py).
MOST_STARTS = 25
# What Telegram has not been told that we have, it gives again at once.
STUCK_SECONDS = 1.0
SECONDS_BETWEEN_CONFLICTS_SAID = 300.0

REFUSED = "Telegram refuses the token in TELEGRAM_BOT_TOKEN: copy it again from @BotFather, then start anew."
CONFLICT = "another program polls with this token: stop it, or give this bot a token of its own"

# What python-telegram-bot raises for an update that is not as it expects, whichever field that is about.
_UNREADABLE = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, OSError, RuntimeError)


class Poller:
    """Polls for as long as `run` runs. `take` is given each update that is new, in order; `give_up` those left undone.

    `heard` is told of each answer to a poll, with the seconds for which Telegram wants no other; `announce` shows a
    line to whoever started the program. `clock` and `sleep` are in seconds, `jitter` picks a number between two.
    """

    def __init__(  # noqa: PLR0913  # the last three are there to be others in tests
        self,
        bot: PollingBot,
        inbox: Inbox,
        *,
        take: Callable[[Update], None],
        give_up: Callable[[Update], None],
        heard: Callable[[float], None],
        announce: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._bot = bot
        self._inbox = inbox
        self._take = take
        self._give_up = give_up
        self._heard = heard
        self._conflicts = _Conflicts(bot, announce, clock)
        self._sleep = sleep
        self._backoff = Backoff(jitter)
        self._last_id: int | None = None
        self._step: asyncio.Task[Any] | None = None

    async def take_up(self) -> None:
        """Take what an earlier life has not done. Raises StorageError."""
        for entry in await self._inbox.load():
            update = self._read(entry.update_id, entry.body)
            if update and entry.starts < MOST_STARTS and entry.errors < TRIES:
                self._take(update)
            elif update:
                log.error("update %s was begun %d times to no end: it is set aside", entry.update_id, entry.starts)
                self._inbox.set_aside(entry.update_id)
                self._give_up(update)

    async def run(self) -> NoReturn:
        """Poll for ever. Raises TokenUnusable."""
        while True:
            await self._poll()

    def abandon(self) -> None:
        """Give up the poll or the pause that is under way, and poll anew: what it waits for may never come."""
        if self._step:
            self._step.cancel()

    async def _poll(self) -> None:
        try:
            found = await self._unless_abandoned(self._bot.poll(self._offset, WANTED_UPDATES))
        except RetryAfter as error:
            await self._obey(retry_seconds(error))
        except Conflict:
            self._heard(0.0)
            await self._conflicts.met()
            await self._pause(self._backoff.next_seconds())
        except InvalidToken as error:
            await self._check_token(error)
        except TelegramError as error:
            await self._retry(error)
        else:
            if found is not None:
                self._succeeded()
                await self._accept(found)

    @property
    def _offset(self) -> int | None:
        return None if self._last_id is None else self._inbox.offset_after(self._last_id)

    # --- what came ----------------------------------------------------------------------------------------------------

    async def _accept(self, found: list[object]) -> None:
        """Write down what came, then take what of it is new."""
        before, bodies = self._offset, dict(_numbered(found))
        new_ids = await self._inbox.accept(list(bodies.items()))
        self._last_id = max(bodies, default=self._last_id)
        for update_id in new_ids:
            if update := self._read(update_id, bodies[update_id]):
                self._take(update)
        if found and (self._inbox.unsafe or self._offset == before):
            await self._pause(STUCK_SECONDS)

    def _read(self, update_id: int, body: str) -> Update | None:
        """Read one update. None: python-telegram-bot cannot, or it is not as Telegram makes them; it is set aside."""
        try:
            update = Update.de_json(json.loads(body), self._bot)
            if is_well_formed(update):
                return update
            reason = "a wrong type"
        except _UNREADABLE as error:  # the text of the error may hold what somebody wrote
            reason = type(error).__name__
        log.error("update %s cannot be read (%s): it is set aside", update_id, reason)
        self._inbox.set_aside(update_id)
        return None

    # --- what goes wrong ----------------------------------------------------------------------------------------------

    def _succeeded(self) -> None:
        self._heard(0.0)
        self._conflicts.over()
        if self._backoff.failures:
            log.warning("polling works again, after %d failures", self._backoff.failures)
        self._backoff.reset()

    async def _obey(self, seconds: float) -> None:
        log.warning("Telegram wants no poll for %.0f s", seconds)
        self._heard(seconds)
        await self._sleep(seconds)  # to poll before would lengthen it: not even a sleep of the machine ends it

    async def _retry(self, error: TelegramError) -> None:
        seconds = self._backoff.next_seconds()
        level = logging.WARNING if self._backoff.failures == 1 else logging.INFO
        log.log(level, "polling failed (%s), trying again in %.1f s", type(error).__name__, seconds)
        await self._pause(seconds)

    async def _check_token(self, error: InvalidToken) -> None:
        """Find out whether Telegram means it. Raises TokenUnusable if it does."""
        await self._retry(error)
        try:
            await self._bot.get_me()
        except InvalidToken as again:
            raise TokenUnusable(REFUSED) from again
        except TelegramError as other:
            log.warning("the token could not be checked: %s", type(other).__name__)

    # --- waiting ------------------------------------------------------------------------------------------------------

    async def _pause(self, seconds: float) -> None:
        await self._unless_abandoned(self._sleep(seconds))

    async def _unless_abandoned(self, work: Coroutine[Any, Any, _T]) -> _T | None:
        """What comes of a piece of work; None when it was abandoned."""
        self._step = step = asyncio.create_task(work, name="a step of polling")
        try:
            await asyncio.wait([step])
        finally:
            step.cancel()
        return None if step.cancelled() else step.result()


class Backoff:
    """Pauses between tries: random, so that many do not come at once, and longer as failures add up."""

    def __init__(self, jitter: Callable[[float, float], float] = random.uniform) -> None:
        self.failures = 0
        self._jitter = jitter
        self._longest_seconds = FIRST_RETRY_SECONDS

    def next_seconds(self) -> float:
        """Count a failure; how long to wait before the next try."""
        self.failures += 1
        self._longest_seconds = min(self._longest_seconds * 2, LONGEST_RETRY_SECONDS)
        return self._jitter(FIRST_RETRY_SECONDS, self._longest_seconds)

    def reset(self) -> None:
        """Begin anew: it works."""
        self.failures, self._longest_seconds = 0, FIRST_RETRY_SECONDS


class _Conflicts:
    """What is done about another receiver of this bot's updates: a webhook is removed, another program is told of."""

    def __init__(self, bot: PollingBot, announce: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._bot = bot
        self._announce = announce
        self._clock = clock
        self._said_at: float | None = None
        self._looked_for_webhook = False

    async def met(self) -> None:
        """Deal with one refusal of a poll."""
        if not self._looked_for_webhook and await self._removed_webhook():
            return
        now = self._clock()
        if self._said_at is None:
            self._announce(f"{CONFLICT[0].upper()}{CONFLICT[1:]}. I keep trying.")
        if self._said_at is None or now - self._said_at >= SECONDS_BETWEEN_CONFLICTS_SAID:
            self._said_at = now
            log.error(CONFLICT)

    def over(self) -> None:
        """A poll was answered."""
        self._looked_for_webhook = False

    async def _removed_webhook(self) -> bool:
        """Whether updates went to a webhook, and do so no more; what it has not yet got, the next poll gets."""
        try:
            webhook = await self._bot.get_webhook_info()
            self._looked_for_webhook = True
            if not webhook.url:
                return False
            log.warning("a webhook was set for this bot: it is removed, so that polling works")
            return await self._bot.delete_webhook(drop_pending_updates=False)
        except TelegramError as error:
            log.warning("it could not be found out whether there is a webhook: %s", type(error).__name__)
            return False


def retry_seconds(error: RetryAfter) -> float:
    """Seconds that Telegram asks to wait; python-telegram-bot gives a number or a timedelta."""
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


def _numbered(found: Iterable[object]) -> Iterable[tuple[int, str]]:
    """The updates among what came: id and JSON."""
    for raw in found:
        update_id = raw.get("update_id") if isinstance(raw, dict) else None
        if isinstance(update_id, int) and not isinstance(update_id, bool) and 0 <= update_id < 2**63 - 1:
            yield update_id, json.dumps(raw)
        else:
            log.error("something that is no update came among the updates: it is left out")
