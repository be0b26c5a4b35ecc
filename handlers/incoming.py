"""What somebody sent, as the text and the attachments of a question."""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telegram import MessageEntity
from telegram.error import TelegramError

from handlers.backoff import outlast
from routing.types import Attachment, Modality

if TYPE_CHECKING:
    from telegram import Bot, Document, Message, PhotoSize

LARGEST_TEXT_BYTES = 200 * 1024
LARGEST_IMAGE_BYTES = 10 * 1024 * 1024
IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
TEXTUAL_IMAGE_TYPES = frozenset({"image/svg+xml"})

ABOUT_A_PICTURE = "What is in this picture?"
ABOUT_A_FILE = "What is in this file?"
WHAT_CAN_BE_READ = "I can read text, pictures (up to 10 MB) and text files (UTF-8, up to 200 KB), but nothing else yet."
NOT_TEXT = "This file is not text in UTF-8. If it is text, save it as UTF-8, and send it again."
OTHER_PICTURE = "I can read pictures as JPEG, PNG, WebP or GIF. Save this one as one of these, and send it again."
TEXT_TOO_LARGE = "This file is too large: I read text files up to 200 KB."
PICTURE_TOO_LARGE = "This picture is too large: I read pictures up to 10 MB."
EMPTY = "This file is empty."
TOO_LONG = (
    "This is too long: {count:,} characters, and I read up to {most:,} at once. "
    "Please send less of it, or a part at a time, each after my answer to the one before."
)
NOTHING_WRITTEN = "There is nothing in this message that I can read. Please write your question."

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Unreadable(Exception):
    """Raised when a message cannot become a question; the text says what can, and is shown to its sender."""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks."""

    text: str
    attachments: tuple[Attachment, ...] = ()


async def read(message: Message, most_characters: int) -> Question:
    """Make a question of a message, and of the one that it replies to. Raises Unreadable.

    `most_characters` is how long what was written and the text of a file may be together.
    """
    text = written(message)
    source = message if _file_of(message) else _answered(message)
    attachment, content = await _attached(source) if source else (None, "")
    if source is None and message.effective_attachment is not None:
        raise Unreadable(WHAT_CAN_BE_READ)
    if not text and not (attachment or content):
        raise Unreadable(NOTHING_WRITTEN)
    if (count := len(text) + len(content)) > most_characters:
        raise Unreadable(TOO_LONG.format(count=count, most=most_characters))
    asked = text or (ABOUT_A_PICTURE if attachment else ABOUT_A_FILE)
    parts = (quoted_context(message), content, asked)
    return Question("\n\n".join(filter(None, parts)), (attachment,) if attachment else ())


def written(message: Message) -> str:
    """What somebody wrote, without the bot's name in it and without control characters."""
    text = message.text or message.caption or ""
    units = text.encode("utf-16-le", "surrogatepass")
    for entity in reversed(mentions(message)):
        units = units[: entity.offset * 2] + units[(entity.offset + entity.length) * 2 :]
    return cleaned(units.decode("utf-16-le", "replace")).strip()


def cleaned(text: str) -> str:
    """Text without control characters and without halves of characters."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _CONTROL.sub("", whole.replace("\r\n", "\n"))


def mentions(message: Message) -> list[MessageEntity]:
    """The places at which a message names the bot, in order."""
    bot = message.get_bot()
    kinds: list[str | None] = [MessageEntity.MENTION, MessageEntity.TEXT_MENTION]
    named = message.parse_entities(kinds) if message.text else message.parse_caption_entities(kinds)
    ours = (
        entity
        for entity, text in named.items()
        if (entity.user.id == bot.id if entity.user else text.lower() == f"@{bot.username.lower()}")
    )
    return sorted(ours, key=lambda entity: entity.offset)


def replied_to(message: Message) -> Message | None:
    """The message that somebody replied to; every message of a forum topic "replies" to the topic's opening."""
    reply = message.reply_to_message
    return None if reply is None or reply.forum_topic_created else reply


def quoted_context(message: Message) -> str:
    """What a reply is about: the passage chosen, or somebody else's whole message. The bot knows its own."""
    reply = replied_to(message)
    if message.quote:
        passage = message.quote.text
    elif reply and reply.from_user and reply.from_user.id != message.get_bot().id:
        passage = reply.text or reply.caption or ""
    else:
        return ""
    return "\n".join(f"> {line}" for line in cleaned(passage).split("\n")) if passage.strip() else ""


def _file_of(message: Message) -> tuple[PhotoSize, ...] | Document | None:
    return message.photo or message.document


def _answered(message: Message) -> Message | None:
    reply = replied_to(message)
    return reply if reply and _file_of(reply) and message.effective_attachment is None else None


async def _attached(message: Message) -> tuple[Attachment | None, str]:
    """The picture of a message, or the text of its file as a block of Markdown."""
    if message.photo:
        return await _picture(message.get_bot(), message.photo), ""
    document = message.document
    if document is None:
        return None, ""
    media_type = document.mime_type or ""
    if media_type in IMAGE_TYPES:
        data = await _content(document, LARGEST_IMAGE_BYTES, PICTURE_TOO_LARGE)
        return Attachment(Modality.IMAGE, data, media_type, document.file_name or ""), ""
    if media_type.startswith("image/") and media_type not in TEXTUAL_IMAGE_TYPES:
        raise Unreadable(OTHER_PICTURE)
    data = await _content(document, LARGEST_TEXT_BYTES, TEXT_TOO_LARGE)
    return None, _fenced(document.file_name or "file", _text_of(data))


async def _picture(bot: Bot, sizes: tuple[PhotoSize, ...]) -> Attachment:
    fitting = [size for size in sizes if (size.file_size or 0) <= LARGEST_IMAGE_BYTES]
    if not fitting:
        raise Unreadable(PICTURE_TOO_LARGE)
    largest = max(fitting, key=lambda size: size.width * size.height)
    return Attachment(Modality.IMAGE, await _download(bot, largest.file_id), "image/jpeg")


async def _content(document: Document, limit: int, too_large: str) -> bytes:
    if document.file_size is not None and document.file_size > limit:
        raise Unreadable(too_large)
    data = await _download(document.get_bot(), document.file_id)
    if not data:
        raise Unreadable(EMPTY)
    return data


async def _download(bot: Bot, file_id: str) -> bytes:
    try:
        return await outlast(lambda: _fetched(bot, file_id))
    except TelegramError as error:
        raise Unreadable("Telegram did not hand over the file. Please send it again.") from error


async def _fetched(bot: Bot, file_id: str) -> bytes:
    # Each try asks for the path anew: Telegram lets one be used for an hour.
    file = await bot.get_file(file_id)
    return bytes(await file.download_as_bytearray())


def _text_of(data: bytes) -> str:
    """Decode a text file: UTF-8, or UTF-16 with its byte order mark. Other encodings could only be guessed."""
    try:
        text = data.decode("utf-16" if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(NOT_TEXT) from error
    if "\0" in text:
        raise Unreadable(NOT_TEXT)
    if not text.strip():
        raise Unreadable(EMPTY)
    return text


def _fenced(name: str, text: str) -> str:
    """The text of a file in a code block that it cannot end by itself."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{cleaned(name)}:\n{fence}\n{cleaned(text)}\n{fence}"
