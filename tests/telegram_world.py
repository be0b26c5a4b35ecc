"""The people, chats, messages and updates of a Telegram that exists only in a test."""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
_T = TypeVar("_T")

# Telegram sends these only to a bot that has asked for them.
ON_REQUEST_ONLY = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
STOP_LABEL = "Stop"
SUPERGROUPS_BELOW = -1_000_000_000_000
_SPECIAL = re.compile(r"(?<![\w/])(?P<bot_command>/\w{1,32}(?:@\w{3,32})?)|(?<!\w)(?P<mention>@\w{3,32})")


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, the unit of Telegram's offsets and limits."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def entities_of(text: str) -> list[Json]:
    """The commands and mentions that Telegram marks in what people write."""
    return [
        {"type": found.lastgroup, "offset": utf16_length(text[: found.start()]), "length": utf16_length(found.group())}
        for found in _SPECIAL.finditer(text)
    ]


@dataclass
class Message:
    """One message as it stands now. `texts` holds every text it ever had, oldest first."""

    chat: Chat
    message_id: int
    sender: Json
    text: str = ""
    entities: list[Json] = field(default_factory=list)
    keyboard: list[list[Json]] = field(default_factory=list)
    thread_id: int | None = None
    reply_to: Message | None = None
    extra: Json = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    reactions: list[Json] = field(default_factory=list)
    link_preview_disabled: bool = False
    date: int = field(default_factory=lambda: int(time.time()))
    sent_at: float = field(default_factory=time.monotonic)
    changed_at: float = field(default_factory=time.monotonic)
    edit_date: int | None = None
    deleted: bool = False

    @property
    def from_bot(self) -> bool:
        """Whether the bot wrote it."""
        return bool(self.sender["is_bot"])

    @property
    def buttons(self) -> list[str]:
        """The labels of the inline buttons, row after row."""
        return [button["text"] for row in self.keyboard for button in row]

    @property
    def growing(self) -> bool:
        """Whether the bot is still at it: the message carries a Stop button."""
        return any(STOP_LABEL in label for label in self.buttons)

    def change(self, text: str, entities: list[Json], keyboard: list[list[Json]]) -> None:
        """Take a new content, as an edit does."""
        if text != self.text:
            self.texts.append(text)
        self.text, self.entities, self.keyboard = text, entities, keyboard
        self.edit_date, self.changed_at = int(time.time()), time.monotonic()

    def as_json(self, *, deep: bool = True) -> Json:
        """The Message object of the Bot API; with `deep` the message replied to is part of it."""
        body: Json = {"message_id": self.message_id, "date": self.date, "chat": self.chat.as_json(), **self.extra}
        body["from"] = self.sender
        text_name, entities_name = ("caption", "caption_entities") if self.extra else ("text", "entities")
        if self.text:
            body[text_name] = self.text
        if self.entities:
            body[entities_name] = self.entities
        if self.keyboard:
            body["reply_markup"] = {"inline_keyboard": self.keyboard}
        if self.edit_date is not None:
            body["edit_date"] = self.edit_date
        if self.thread_id is not None:
            body |= {"message_thread_id": self.thread_id, "is_topic_message": True}
        if deep and self.reply_to is not None:
            body["reply_to_message"] = self.reply_to.as_json(deep=False)
        return body


@dataclass
class Chat:
    """A private chat, a group or a forum, and everything that is in it."""

    world: World
    chat_id: int
    type: str
    names: Json
    is_forum: bool = False
    refusal: str = ""
    migrated_to: int | None = None
    messages: dict[int, Message] = field(default_factory=dict)
    topics: dict[int, str] = field(default_factory=dict)
    drafts: dict[int, list[str]] = field(default_factory=dict)
    actions: list[tuple[float, str, int | None]] = field(default_factory=list)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def is_group(self) -> bool:
        """Whether it is a group or a forum."""
        return self.type != "private"

    @property
    def sent(self) -> list[Message]:
        """What the bot has written and not deleted, oldest first."""
        return [message for message in self.messages.values() if message.from_bot and not message.deleted]

    @property
    def texts(self) -> list[str]:
        """The texts of `sent` as they stand now."""
        return [message.text for message in self.sent]

    def topic(self, name: str) -> int:
        """Open a forum topic; its thread id."""
        thread_id = self.add(self.world.bot).message_id
        self.messages[thread_id].deleted = True  # the service message is nobody's concern
        self.topics[thread_id] = name
        return thread_id

    def add(self, sender: Json, **content: Any) -> Message:
        """Put a message into the chat."""
        message = Message(chat=self, message_id=next(self._ids), sender=sender, **content)
        if message.text:
            message.texts.append(message.text)
        self.messages[message.message_id] = message
        return message

    def after_last_question(self, thread_id: int | None = None) -> list[Message]:
        """What the bot has written since somebody last wrote in this chat or topic."""
        here = [m for m in self.messages.values() if m.thread_id == thread_id and not m.deleted]
        last = max((m.message_id for m in here if not m.from_bot), default=0)
        return [m for m in here if m.from_bot and m.message_id > last]

    async def reply(
        self, timeout_seconds: float = 10, *, thread_id: int | None = None, quiet_seconds: float = 0.3
    ) -> list[Message]:
        """Wait until the bot has answered the last message and is done: no Stop button, and nothing changed lately."""

        def settled() -> list[Message] | None:
            answer = self.after_last_question(thread_id)
            changed_at = max((message.changed_at for message in answer), default=time.monotonic())
            quiet = time.monotonic() - changed_at >= quiet_seconds
            return answer if answer and quiet and not any(message.growing for message in answer) else None

        return await self.world.wait_for(settled, timeout_seconds)

    def as_json(self) -> Json:
        """The Chat object of the Bot API."""
        forum = {"is_forum": True} if self.is_forum else {}
        return {"id": self.chat_id, "type": self.type, **self.names, **forum}


@dataclass
class Person:
    """Somebody with a Telegram account."""

    world: World
    user_id: int
    name: str
    language: str = "en"
    username: str = ""
    notices: list[Json] = field(default_factory=list)

    @property
    def chat(self) -> Chat:
        """The private chat with the bot."""
        return self.world.chats[self.user_id]

    def as_json(self) -> Json:
        """The User object of the Bot API."""
        body = {"id": self.user_id, "is_bot": False, "first_name": self.name, "language_code": self.language}
        return body | ({"username": self.username} if self.username else {})

    async def say(
        self, text: str, chat: Chat | None = None, *, thread_id: int | None = None, reply_to: Message | None = None
    ) -> Message:
        """Send a text message."""
        return self._send(chat, text=text, entities=entities_of(text), thread_id=thread_id, reply_to=reply_to)

    async def paste(self, text: str, chat: Chat | None = None) -> list[Message]:
        """Send a long text as Telegram's clients do: in pieces of 4096 characters."""
        return [await self.say(text[start : start + 4096], chat) for start in range(0, len(text), 4096)]

    async def ask(self, text: str, chat: Chat | None = None, timeout_seconds: float = 10) -> list[Message]:
        """Send a text message and wait for the whole answer."""
        message = await self.say(text, chat)
        return await message.chat.reply(timeout_seconds)

    async def send_photo(self, data: bytes, caption: str = "", chat: Chat | None = None) -> Message:
        """Send a photo, in two sizes as Telegram makes them."""
        small, large = self.world.keep_file(data[:64], "photos/s.jpg"), self.world.keep_file(data, "photos/l.jpg")
        sizes = [{**small, "width": 90, "height": 90}, {**large, "width": 800, "height": 800}]
        return self._send(chat, text=caption, entities=entities_of(caption), extra={"photo": sizes})

    async def send_voice(self, data: bytes, seconds: int = 1, chat: Chat | None = None) -> Message:
        """Send a voice message."""
        voice = {**self.world.keep_file(data, "voice/v.oga"), "duration": seconds, "mime_type": "audio/ogg"}
        return self._send(chat, extra={"voice": voice})

    async def send_document(
        self, data: bytes, file_name: str, media_type: str, caption: str = "", chat: Chat | None = None
    ) -> Message:
        """Send a file."""
        kept = self.world.keep_file(data, f"documents/{file_name}")
        document = {**kept, "file_name": file_name, "mime_type": media_type}
        return self._send(chat, text=caption, entities=entities_of(caption), extra={"document": document})

    async def send_sticker(self, emoji: str = "👍", chat: Chat | None = None) -> Message:
        """Send a sticker."""
        kept = self.world.keep_file(b"sticker", "stickers/s.webp")
        kind = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
        return self._send(chat, extra={"sticker": {**kept, **kind, "emoji": emoji}})

    async def edit(self, message: Message, text: str) -> None:
        """Edit a message of one's own."""
        message.change(text, entities_of(text), [])
        self.world.post("edited_message", message.as_json())

    async def press(self, message: Message, label: str) -> str:
        """Press the first button of a message whose label contains `label`; the callback query's id."""
        button = next(b for row in message.keyboard for b in row if label in b["text"])
        return await self.press_data(message, button["callback_data"])

    async def press_data(self, message: Message, data: str) -> str:
        """Press a button that carries `data`, also one that is long gone from the message."""
        query_id = str(next(self.world.query_ids))
        self.world.open_queries[query_id] = self
        query = {"id": query_id, "from": self.as_json(), "chat_instance": str(message.chat.chat_id), "data": data}
        self.world.post("callback_query", {**query, "message": message.as_json()})
        return query_id

    async def react(self, message: Message, emoji: str) -> None:
        """Put a reaction under a message."""
        body = {"chat": message.chat.as_json(), "message_id": message.message_id, "user": self.as_json()}
        new = [{"type": "emoji", "emoji": emoji}]
        self.world.post("message_reaction", {**body, "date": int(time.time()), "old_reaction": [], "new_reaction": new})

    async def block(self) -> None:
        """Block the bot."""
        self.chat.refusal = "Forbidden: bot was blocked by the user"
        was = {"status": "member", "user": self.world.bot}
        now = {"status": "kicked", "user": self.world.bot, "until_date": 0}
        change = {"chat": self.chat.as_json(), "from": self.as_json(), "date": int(time.time())}
        self.world.post("my_chat_member", {**change, "old_chat_member": was, "new_chat_member": now})

    def _send(self, chat: Chat | None, **content: Any) -> Message:
        message = (chat or self.chat).add(self.as_json(), **content)
        self.world.post("message", message.as_json())
        return message


class World:
    """Everything the double knows. Updates are numbered upwards and kept until the bot acknowledges them."""

    def __init__(self, bot_name: str, bot_username: str) -> None:
        self.bot: Json = {"id": 123, "is_bot": True, "first_name": bot_name, "username": bot_username}
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.updates: list[Json] = []
        self.allowed_updates: frozenset[str] | None = None
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.query_ids = itertools.count(1000)
        self.open_queries: dict[str, Person] = {}
        self.arrived = asyncio.Event()
        self._update_ids = itertools.count(secrets.randbelow(2**29))  # another Telegram has others
        self._file_ids = itertools.count(1)
        self._message_ids = itertools.count(1)

    def user(self, user_id: int, name: str = "", **more: Any) -> Person:
        """The person with this id, made on first mention; their private chat with the bot is open."""
        if user_id not in self.people:
            person = self.people[user_id] = Person(self, user_id, name or f"User {user_id}", **more)
            names = {"first_name": person.name} | ({"username": person.username} if person.username else {})
            self.chats[user_id] = Chat(self, user_id, "private", names, _ids=self._message_ids)
        return self.people[user_id]

    def group(self, chat_id: int, title: str = "Group", *, forum: bool = False) -> Chat:
        """The group with this id (negative), made on first mention."""
        # Supergroups number their messages each on its own, private chats and basic groups all together.
        ids = itertools.count(1) if chat_id < SUPERGROUPS_BELOW else self._message_ids
        chat = Chat(self, chat_id, "supergroup", {"title": title}, is_forum=forum, _ids=ids)
        return self.chats.setdefault(chat_id, chat)

    def post(self, kind: str, body: Json) -> int:
        """Queue an update for the bot, if it wants this kind; the update's id."""
        update_id = next(self._update_ids)
        if self._wanted(kind):
            self.updates.append({"update_id": update_id, kind: body})
            self.arrived.set()
        return update_id

    def acknowledge(self, before_id: int) -> None:
        """Forget the updates below `before_id`; a negative one keeps only so many of the latest."""
        if before_id < 0:
            self.updates = self.updates[before_id:]
        else:
            self.updates = [update for update in self.updates if update["update_id"] >= before_id]

    def keep_file(self, data: bytes, path: str) -> Json:
        """Store a file; the fields that every Telegram file has."""
        number = next(self._file_ids)
        file_id = f"file-{number}"
        self.files[file_id] = (f"{number}/{path}", data)
        return {"file_id": file_id, "file_unique_id": f"unique-{number}", "file_size": len(data)}

    async def wait_for(self, condition: Callable[[], _T | None], timeout_seconds: float = 10) -> _T:
        """Wait until `condition` returns something true, and return it. Raises TimeoutError."""
        async with asyncio.timeout(timeout_seconds):
            while not (result := condition()):  # noqa: ASYNC110 -- a condition may look at anything
                await asyncio.sleep(0.01)
        return result

    def _wanted(self, kind: str) -> bool:
        if self.allowed_updates is None:
            return kind not in ON_REQUEST_ONLY
        return kind in self.allowed_updates
