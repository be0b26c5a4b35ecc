"""What people have chosen: a model for a conversation, the strategy and the models switched off for the whole bot."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from storage.conversations import ConversationKey

if TYPE_CHECKING:
    from storage.database import Database


class Preferences:
    """Every choice, held in memory and written to disk behind it.

    All is read at the first use; `load` does it beforehand, so that later nothing here raises or waits for the disk.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loading = asyncio.Lock()
        self._loaded = False
        self._values: dict[str, str] = {}
        self._models: dict[ConversationKey, str] = {}
        self._disabled: frozenset[str] = frozenset()

    async def load(self) -> None:
        """Read every choice, if that has not been done yet. Raises StorageError."""
        async with self._loading:
            if self._loaded:
                return
            values = await self._database.read("SELECT name, value FROM preferences")
            models = await self._database.read("SELECT chat_id, thread_id, model_id FROM model_choices")
            disabled = await self._database.read("SELECT model_id FROM disabled_models")
            self._values = {name: value for name, value in values}  # noqa: C416 - rows, not tuples
            self._models = {ConversationKey(chat_id, thread_id): model_id for chat_id, thread_id, model_id in models}
            self._disabled = frozenset(model_id for (model_id,) in disabled)
            self._loaded = True

    async def model_choice(self, key: ConversationKey) -> str | None:
        """The id of the model that this conversation insists on; None: the router chooses."""
        await self.load()
        return self._models.get(key)

    async def choose_model(self, key: ConversationKey, model_id: str | None) -> None:
        """Have a conversation insist on a model, or on none."""
        await self.load()
        if model_id is None:
            self._models.pop(key, None)
            self._database.put(
                ("DELETE FROM model_choices WHERE chat_id = ? AND thread_id = ?", (key.chat_id, key.thread_id))
            )
        else:
            self._models[key] = model_id
            self._database.put(
                ("INSERT OR REPLACE INTO model_choices VALUES (?, ?, ?)", (key.chat_id, key.thread_id, model_id))
            )

    async def move_chat(self, old_chat_id: int, new_chat_id: int) -> None:
        """Have a chat's choices count under its new id, except where another was made there already."""
        await self.load()
        for old in [key for key in self._models if key.chat_id == old_chat_id]:
            self._models.setdefault(ConversationKey(new_chat_id, old.thread_id), self._models.pop(old))
        self._database.put(
            ("UPDATE OR IGNORE model_choices SET chat_id = ? WHERE chat_id = ?", (new_chat_id, old_chat_id)),
            ("DELETE FROM model_choices WHERE chat_id = ?", (old_chat_id,)),
        )

    async def get(self, name: str) -> str | None:
        """A value of the whole bot's, such as `strategy`."""
        await self.load()
        return self._values.get(name)

    async def set(self, name: str, value: str) -> None:
        """Keep a value of the whole bot's."""
        await self.load()
        self._values[name] = value
        self._database.put(("INSERT OR REPLACE INTO preferences VALUES (?, ?)", (name, value)))

    async def disabled_models(self) -> frozenset[str]:
        """The ids of the models that an admin has switched off."""
        await self.load()
        return self._disabled

    async def set_disabled(self, model_id: str, disabled: bool) -> None:  # noqa: FBT001 - it is the value that is set
        """Switch a model off, or on again."""
        await self.load()
        if disabled:
            self._disabled |= {model_id}
            self._database.put(("INSERT OR IGNORE INTO disabled_models VALUES (?)", (model_id,)))
        else:
            self._disabled -= {model_id}
            self._database.put(("DELETE FROM disabled_models WHERE model_id = ?", (model_id,)))
