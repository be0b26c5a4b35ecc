"""The stage of the chaos bench: the real bot, the doubles it talks to, and people who go on writing."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import shutil
import sqlite3
import time
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

from bench.chaos_count import is_answered, verdicts
from bench.chaos_words import PICTURE, TOKEN, Asked, Echo, Kind, Wanted, pasted, wanted
from tests.bot_process import OWNER_ID, BotProcess
from tests.fake_model_server import FakeModel
from tests.fake_ollama import FakeOllama
from tests.telegram_server import TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from bench.chaos_count import Verdict
    from tests.telegram_faults import Limits
    from tests.telegram_world import Person

MODEL = "gemma3:4b"
# How often people send what, in percent.
_KINDS = {Kind.QUESTION: 72, Kind.LONG: 8, Kind.PASTE: 5, Kind.PHOTO: 8, Kind.COMMAND: 7}
_MOST_UNANSWERED = 3
_PATIENCE_SECONDS = 20.0
# The bot retries what failed after at most 30 s.
_SILENCE_SECONDS = 35.0
_LATE_SECONDS = 3.0


class Stage:
    """One bot and its people. Made by `set_up`. `asked` is what every chat has sent so far."""

    def __init__(  # noqa: PLR0913 - `set_up` alone calls it, with what it has opened
        self,
        telegram: TelegramServer,
        ollama: FakeOllama,
        echo: Echo,
        bot: BotProcess,
        database: Path,
        *,
        chats: int,
        seed: int,
    ) -> None:
        self.telegram = telegram
        self.ollama = ollama
        self.echo = echo
        self.bot = bot
        self.database = database
        self.asked: dict[int, list[Asked]] = {OWNER_ID + number: [] for number in range(chats)}
        self._seed = seed
        self._last_turn = 0

    # --- people -------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def people_writing(self, *, pause_seconds: float = 3.0) -> AsyncGenerator[None]:
        """Have everybody write while the context is open, up to `pause_seconds` apart."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._write_on(user_id, pause_seconds)) for user_id in self.asked]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()

    async def _write_on(self, user_id: int, pause_seconds: float) -> None:
        rng = random.Random(f"{self._seed} {user_id}")
        person, numbers = self.telegram.user(user_id), itertools.count()
        while True:
            await asyncio.sleep(rng.uniform(0.05, pause_seconds))
            if len(self._unanswered(user_id)) < _MOST_UNANSWERED:
                await self._send(rng, person, numbers)

    def _unanswered(self, user_id: int) -> list[Asked]:
        """What somebody still waits for."""
        patient_since = time.monotonic() - _PATIENCE_SECONDS
        chat = self.telegram.chat(user_id)
        return [asked for asked in self.asked[user_id] if asked.at > patient_since and not is_answered(chat, asked)]

    async def _send(self, rng: random.Random, person: Person, numbers: itertools.count[int]) -> None:
        kind = rng.choices(list(_KINDS), list(_KINDS.values()))[0]
        first = wanted(rng, f"q{person.user_id}n{next(numbers)}", kind)
        if kind is Kind.PHOTO:
            self._note(first, (await person.send_photo(PICTURE, first.words)).message_id, person)
        elif kind is Kind.PASTE:
            second = wanted(rng, f"q{person.user_id}n{next(numbers)}", kind)
            for one, words in zip((first, second), pasted(first, second), strict=True):
                self._note(one, (await person.say(words)).message_id, person)
        else:
            await self.ask(person, first)

    async def ask(self, person: Person, one: Wanted) -> Asked:
        """Have somebody write one message."""
        return self._note(one, (await person.say(one.words)).message_id, person)

    def _note(self, one: Wanted, message_id: int, person: Person) -> Asked:
        asked = Asked(one, person.user_id, message_id)
        self.asked[person.user_id].append(asked)
        return asked

    # --- how it stands ------------------------------------------------------------------------------------------------

    def verdicts(self) -> list[list[Verdict]]:
        """What became of every message until now, chat by chat."""
        return [verdicts(self.telegram.user(user_id).chat, asked) for user_id, asked in self.asked.items()]

    @property
    def growing(self) -> int:
        """How many messages carry a Stop button."""
        chats = (self.telegram.user(user_id).chat for user_id in self.asked)
        return sum(message.growing for chat in chats for message in chat.sent)

    async def until_quiet(self, timeout_seconds: float = 180.0) -> None:
        """Wait until everything is answered, or nothing has happened for longer than the bot ever waits."""
        give_up_at = time.monotonic() + timeout_seconds
        await until(lambda: self._all_answered() or time.monotonic() > min(give_up_at, self._silent_from()), 0.2)
        await asyncio.sleep(_LATE_SECONDS)  # what comes twice comes late

    def _all_answered(self) -> bool:
        chats = [(self.telegram.user(user_id).chat, asked) for user_id, asked in self.asked.items()]
        return not self.growing and all(is_answered(chat, one) for chat, asked in chats for one in asked)

    def _silent_from(self) -> float:
        """When the bot's last call will be too long ago for another one to come; not while updates wait for it."""
        if self.telegram.world.updates:
            return math.inf
        latest = self.telegram.calls[-1000:]
        last = max((call.at for call in latest if call.method != "getUpdates"), default=time.monotonic())
        return last + _SILENCE_SECONDS

    def newly_stored(self) -> frozenset[str]:
        """The tokens whose answers have come into the database since this was last asked; nobody may be writing to it.

        A copy is read: what a killed process left behind is for the next one to put in order.
        """
        copy = self.database.with_name("copy.db")
        for ending in ("", "-wal"):
            source = self.database.with_name(self.database.name + ending)
            if not source.exists():
                return frozenset()
            shutil.copyfile(source, copy.with_name(copy.name + ending))
        with closing(sqlite3.connect(copy)) as connection:
            rows = connection.execute("SELECT id, question FROM turns WHERE id > ?", (self._last_turn,)).fetchall()
        self._last_turn = max((turn for turn, _ in rows), default=self._last_turn)
        return frozenset(token for _, question in rows for token in TOKEN.findall(question))


async def until(condition: Callable[[], object], pause_seconds: float = 0.001) -> None:
    """Wait until something holds that has no event of its own."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(pause_seconds)


@asynccontextmanager
async def set_up(
    folder: Path,
    *,
    chats: int,
    seed: int,
    limits: Limits | None = None,
    database: Path | None = None,
    **settings: object,
) -> AsyncGenerator[Stage]:
    """Open a stage; the bot is not started yet, and is ended with the stage."""
    echo, database = Echo(), database or folder / "switchboard.db"
    async with TelegramServer(limits=limits) as telegram:
        ollama = await FakeOllama({MODEL: FakeModel(replies=echo.script, vision=True)}).start()
        bot = BotProcess(
            telegram,
            folder,
            OLLAMA_BASE_URL=ollama.root,
            ALLOWED_USER_IDS=",".join(str(OWNER_ID + number) for number in range(chats)),
            DATABASE_PATH=database,
            MESSAGES_PER_MINUTE=0,
            **settings,
        )
        stage = Stage(telegram, ollama, echo, bot, database, chats=chats, seed=seed)
        for user_id in stage.asked:
            telegram.user(user_id)
        try:
            yield stage
        finally:
            await bot.kill()
            await stage.ollama.stop()  # which may not be the first one
