"""The methods of the Bot API, each doing to the double's world what Telegram would, refusals included."""

from __future__ import annotations

import base64
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.telegram_parser import ParseRefused, parse_markdown_v2
from tests.telegram_world import Json, utf16_length

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.telegram_world import Chat, Message, World

MAX_ENTITIES = 100
MAX_RAW_BYTES = 32_768
MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_FILE_BYTES = 20 * 1024 * 1024
MAX_UPLOAD_BYTES = 50 * 1024 * 1024
UNMODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
_CHAT_ACTIONS = {
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
    "choose_sticker", "find_location", "record_video_note", "upload_video_note",
}  # fmt: skip


class Refused(Exception):
    """Raised when Telegram would refuse a call."""

    def __init__(self, description: str, code: int = 400, parameters: Json | None = None) -> None:
        prefix = "Bad Request: " if code == 400 else ""
        super().__init__(prefix + description)
        self.code = code
        self.parameters = parameters or {}


class Methods:
    """The Bot API over one world. `call` takes what came in and returns the `result` of the answer."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._table: dict[str, Callable[[Json], object]] = {
            "getme": self._get_me,
            "deletewebhook": lambda _: True,
            "getwebhookinfo": lambda _: {"url": "", "has_custom_certificate": False, "pending_update_count": 0},
            "sendmessage": self._send_message,
            "senddocument": self._send_document,
            "editmessagetext": self._edit_message_text,
            "editmessagereplymarkup": self._edit_reply_markup,
            "deletemessage": self._delete_message,
            "sendchataction": self._send_chat_action,
            "sendmessagedraft": self._send_message_draft,
            "answercallbackquery": self._answer_callback_query,
            "setmycommands": self._set_my_commands,
            "deletemycommands": self._delete_my_commands,
            "getmycommands": lambda given: self.world.commands.get(_scope_key(given), []),
            "setmessagereaction": self._set_message_reaction,
            "getfile": self._get_file,
            "getchat": self._get_chat,
            "getchatmember": self._get_chat_member,
        }

    def call(self, method: str, given: Json) -> object:
        """Do one call. Raises Refused."""
        if method.lower() not in self._table:
            raise Refused("Not Found", 404)
        return self._table[method.lower()](given)

    # --- messages -----------------------------------------------------------------------------------------------------

    def _send_message(self, given: Json) -> Json:
        chat = self._writable_chat(given)
        text, entities = _content(given)
        message = chat.add(
            self.world.bot,
            text=text,
            entities=entities,
            keyboard=_keyboard(given),
            thread_id=_thread(chat, given),
            reply_to=_replied_to(chat, given),
            link_preview_disabled=bool(given.get("link_preview_options", {}).get("is_disabled")),
        )
        return message.as_json()

    def _send_document(self, given: Json) -> Json:
        chat = self._writable_chat(given)
        document = self._document(given)
        caption, entities = _caption(given)
        message = chat.add(
            self.world.bot,
            text=caption,
            entities=entities,
            keyboard=_keyboard(given),
            thread_id=_thread(chat, given),
            reply_to=_replied_to(chat, given),
            extra={"document": document},
        )
        return message.as_json()

    def _document(self, given: Json) -> Json:
        """The file of a call: uploaded with it, by itself or as an attachment, or known already by its id."""
        file = given.get("document")
        if isinstance(file, str) and file.startswith("attach://"):
            file = given.get(file.removeprefix("attach://"))
        if not file:
            raise Refused("there is no document in the request")
        if isinstance(file, dict) and "base64" in file:
            return self._uploaded(file)
        if file not in self.world.files:
            raise Refused("wrong file identifier/HTTP URL specified")
        path, data = self.world.files[file]
        return {"file_id": file, "file_unique_id": f"u-{file}", "file_size": len(data), "file_name": Path(path).name}

    def _uploaded(self, file: Json) -> Json:
        data = base64.b64decode(file["base64"])
        if not data:
            raise Refused("file must be non-empty")
        if len(data) > MAX_UPLOAD_BYTES:
            raise Refused("Request Entity Too Large", 413)
        kept = self.world.keep_file(data, f"documents/{file['file_name']}")
        return {**kept, "file_name": file["file_name"], "mime_type": file["mime_type"]}

    def _edit_message_text(self, given: Json) -> Json:
        message = _own_message(self._writable_chat(given), given)
        text, entities = _content(given)
        keyboard = _keyboard(given)
        if (text, entities, keyboard) == (message.text, message.entities, message.keyboard):
            raise Refused(UNMODIFIED)
        message.change(text, entities, keyboard)
        return message.as_json()

    def _edit_reply_markup(self, given: Json) -> Json:
        message = _own_message(self._writable_chat(given), given)
        keyboard = _keyboard(given)
        if keyboard == message.keyboard:
            raise Refused(UNMODIFIED)
        message.change(message.text, message.entities, keyboard)
        return message.as_json()

    def _delete_message(self, given: Json) -> bool:
        message = self._chat(given).messages.get(int(given.get("message_id", 0)))
        if message is None or message.deleted:
            raise Refused("message to delete not found")
        message.deleted = True
        return True

    def _send_chat_action(self, given: Json) -> bool:
        chat = self._writable_chat(given)
        if given.get("action") not in _CHAT_ACTIONS:
            raise Refused("wrong parameter action in request")
        chat.actions.append((time.monotonic(), given["action"], _thread(chat, given)))
        return True

    def _send_message_draft(self, given: Json) -> bool:
        chat = self._writable_chat(given)
        if chat.is_group:
            raise Refused("TEXTDRAFT_PEER_INVALID")
        if not int(given.get("draft_id", 0)):
            raise Refused("RANDOM_ID_INVALID")
        text = _content(given)[0] if given.get("text") else ""
        chat.drafts.setdefault(int(given["draft_id"]), []).append(text)
        return True

    def _set_message_reaction(self, given: Json) -> bool:
        message = self._writable_chat(given).messages.get(int(given.get("message_id", 0)))
        if message is None or message.deleted:
            raise Refused("message to react not found")
        message.reactions = given.get("reaction", [])
        return True

    def _answer_callback_query(self, given: Json) -> bool:
        person = self.world.open_queries.pop(str(given.get("callback_query_id")), None)
        if person is None:
            raise Refused("query is too old and response timeout expired or query ID is invalid")
        if utf16_length(given.get("text", "")) > 200:
            raise Refused("MESSAGE_TOO_LONG")
        person.notices.append({"text": given.get("text", ""), "show_alert": bool(given.get("show_alert"))})
        return True

    # --- the bot, its commands, chats and files -----------------------------------------------------------------------

    def _get_me(self, _: Json) -> Json:
        rights = {"can_join_groups": True, "can_read_all_group_messages": True, "supports_inline_queries": False}
        return {**self.world.bot, **rights, "can_connect_to_business": False, "has_main_web_app": False}

    def _set_my_commands(self, given: Json) -> bool:
        commands = given.get("commands", [])
        if len(commands) > 100:
            raise Refused("BOT_COMMANDS_TOO_MUCH")
        for command in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command.get("command", "")):
                raise Refused("BOT_COMMAND_INVALID")
            if not 1 <= len(command.get("description", "")) <= 256:
                raise Refused("BOT_COMMAND_DESCRIPTION_INVALID")
        self._check_scope(given)
        self.world.commands[_scope_key(given)] = commands
        return True

    def _delete_my_commands(self, given: Json) -> bool:
        self._check_scope(given)
        self.world.commands.pop(_scope_key(given), None)
        return True

    def _get_file(self, given: Json) -> Json:
        file_id = given.get("file_id", "")
        if file_id not in self.world.files:
            raise Refused("wrong file_id or the file is temporarily unavailable")
        path, data = self.world.files[file_id]
        if len(data) > MAX_FILE_BYTES:
            raise Refused("file is too big")
        return {"file_id": file_id, "file_unique_id": f"u-{file_id}", "file_size": len(data), "file_path": path}

    def _get_chat(self, given: Json) -> Json:
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
        more = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(gifts, False)}
        return {**self._chat(given).as_json(), **more}

    def _get_chat_member(self, given: Json) -> Json:
        self._chat(given)
        person = self.world.people.get(int(given.get("user_id", 0)))
        if person is None:
            raise Refused("PARTICIPANT_ID_INVALID")
        return {"status": "member", "user": person.as_json()}

    # --- chats --------------------------------------------------------------------------------------------------------

    def _chat(self, given: Json) -> Chat:
        if not given.get("chat_id"):
            raise Refused("chat_id is empty")
        chat = self.world.chats.get(given["chat_id"])
        if chat is None:
            raise Refused("chat not found")
        return chat

    def _writable_chat(self, given: Json) -> Chat:
        chat = self._chat(given)
        if chat.refusal:
            raise Refused(chat.refusal, 403)
        if chat.migrated_to is not None:
            moved = {"migrate_to_chat_id": chat.migrated_to}
            raise Refused("group chat was upgraded to a supergroup chat", parameters=moved)
        return chat

    def _check_scope(self, given: Json) -> None:
        scope = given.get("scope", {})
        if scope.get("type") in ("chat", "chat_administrators", "chat_member"):
            self._chat(scope)


def _content(given: Json) -> tuple[str, list[Json]]:
    """The text and entities of a call as Telegram keeps them: parsed, trimmed, within the limits."""
    raw = given.get("text", "")
    if not raw:
        raise Refused("message text is empty")
    if len(raw.encode("utf-8", "replace")) > MAX_RAW_BYTES:
        raise Refused("message is too long")
    text, entities = _trimmed(*_parsed(raw, given))
    if not text:
        raise Refused("text must be non-empty")
    if utf16_length(text) > MAX_TEXT:
        raise Refused("message is too long")
    return text, entities[:MAX_ENTITIES]


def _caption(given: Json) -> tuple[str, list[Json]]:
    """The same of what stands under a file, where nothing need stand."""
    raw = given.get("caption", "")
    entities = {"entities": given.get("caption_entities", [])}
    text, entities_found = _trimmed(*_parsed(raw, {**given, **entities})) if raw else ("", [])
    if utf16_length(text) > MAX_CAPTION:
        raise Refused("message caption is too long")
    return text, entities_found[:MAX_ENTITIES]


def _parsed(raw: str, given: Json) -> tuple[str, list[Json]]:
    mode = str(given.get("parse_mode", ""))
    if not mode:
        return raw, list(given.get("entities", []))
    if mode.lower() != "markdownv2":
        raise Refused("unsupported parse_mode")
    try:
        parsed = parse_markdown_v2(raw)
    except ParseRefused as refusal:
        raise Refused(str(refusal).removeprefix("Bad Request: ")) from refusal
    return parsed.text, parsed.entities


def _trimmed(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Without the white space at both ends; entities move along and end where the text ends."""
    cut = utf16_length(text) - utf16_length(text.lstrip())
    text = text.strip()
    end = utf16_length(text)
    moved = []
    for entity in entities:
        start = max(entity["offset"] - cut, 0)
        stop = min(entity["offset"] + entity["length"] - cut, end)
        if stop > start:
            moved.append({**entity, "offset": start, "length": stop - start})
    return text, moved


def _keyboard(given: Json) -> list[list[Json]]:
    rows: list[list[Json]] = given.get("reply_markup", {}).get("inline_keyboard", [])
    for button in (button for row in rows for button in row):
        if not button.get("text"):
            raise Refused("can't parse inline keyboard button: text must be non-empty")
        data = button.get("callback_data")
        if data is not None and not 1 <= len(data.encode()) <= 64:
            raise Refused("BUTTON_DATA_INVALID")
        if data is None and not button.get("url"):
            raise Refused("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    return [row for row in rows if row]


def _thread(chat: Chat, given: Json) -> int | None:
    thread_id = given.get("message_thread_id")
    if thread_id is None:
        return None
    if int(thread_id) not in chat.topics:
        raise Refused("message thread not found")
    return int(thread_id)


def _replied_to(chat: Chat, given: Json) -> Message | None:
    reply = given.get("reply_parameters")
    if not reply:
        return None
    message = chat.messages.get(int(reply["message_id"]))
    if message is not None and not message.deleted:
        return message
    if reply.get("allow_sending_without_reply"):
        return None
    raise Refused("message to be replied not found")


def _own_message(chat: Chat, given: Json) -> Message:
    message = chat.messages.get(int(given.get("message_id", 0)))
    if message is None or message.deleted:
        raise Refused("message to edit not found")
    if not message.from_bot:
        raise Refused("message can't be edited")
    return message


def _scope_key(given: Json) -> tuple[str, str]:
    scope = given.get("scope", {"type": "default"})
    parts = [scope.get("type", "default"), *(str(scope[name]) for name in ("chat_id", "user_id") if name in scope)]
    return ":".join(parts), given.get("language_code", "")
