"""What became of the messages of the chaos bench: answered once, twice, by half, or not at all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from bench.chaos_words import MARKS, TOKEN, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.chaos_words import Asked
    from tests.telegram_server import Call
    from tests.telegram_world import Chat, Message

# A kill takes effect, and the double notices it, within this time; the next process calls nothing so early.
_NOTICED_SECONDS = 0.25
# An answer that went out so shortly before a kill was not read any more; for a while longer, not written down.
_UNREAD_SECONDS = 0.002
_UNWRITTEN_SECONDS = 0.05


class Fate(Enum):
    """What became of a message."""

    ONCE = "answered exactly once"
    TWICE = "answered twice or more"
    HALF = "half an answer left standing"
    TOLD = "told that there is no answer"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one message. `first_id` is the message with which its answer begins."""

    asked: Asked
    fate: Fate
    first_id: int = 0
    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Kill:
    """One end by SIGKILL. `stored` are the tokens whose answers were in the database then."""

    at: float
    moment: str
    stored: frozenset[str] = frozenset()


class Where(Enum):
    """Where the kill was that made a double."""

    IN_CALL = "killed within the call that sends it"
    AFTER_CALL = "killed less than 50 ms after that call"
    OTHER = "otherwise"


def verdicts(chat: Chat, asked: Sequence[Asked]) -> list[Verdict]:
    """Judge the messages of a chat by what stands in it now."""
    standing = _Standing(chat.sent)
    return _with_sentences([standing.verdict(one) for one in asked], len(standing.sentences))


def is_answered(chat: Chat, asked: Asked) -> bool:
    """Whether the whole answer stands in the chat."""
    later = [message for message in chat.messages.values() if message.from_bot and not message.deleted
             and message.message_id > asked.message_id]  # fmt: skip
    return _Standing(later).verdict(asked).fate in {Fate.ONCE, Fate.TWICE}


def out_of_order(found: Iterable[Verdict]) -> list[Verdict]:
    """Find the messages of a chat whose answer stands above that of an earlier one; commands need not wait."""
    last, wrong = 0, []
    for verdict in sorted(found, key=lambda one: one.asked.message_id):
        if verdict.asked.wanted.kind is Kind.COMMAND or not verdict.first_id:
            continue
        if verdict.first_id < last:
            wrong.append(verdict)
        last = max(last, verdict.first_id)
    return wrong


def where_doubled(token: str, kills: Iterable[Kill], calls: Iterable[Call]) -> Where:
    """Say whether a kill fell into a call that sends what has this token."""
    sending = [call for call in calls if call.method == "sendMessage" and token in TOKEN.findall(call.given["text"])]
    pairs = [(call, kill) for kill in kills for call in sending if call.at <= kill.at + _NOTICED_SECONDS]
    if any(call.at + call.seconds >= kill.at - _UNREAD_SECONDS for call, kill in pairs):
        return Where.IN_CALL
    if any(call.at + call.seconds >= kill.at - _UNWRITTEN_SECONDS for call, kill in pairs):
        return Where.AFTER_CALL
    return Where.OTHER


def needless_runs(kills: Iterable[Kill], asked_at: dict[str, list[float]]) -> list[str]:
    """Find the tokens that a model was asked for once more although their answer was stored when the bot was killed."""
    return [token for kill in kills for token in sorted(kill.stored) if any(at > kill.at for at in asked_at[token])]


class _Standing:
    """The bot's messages as they stand in a chat, by the tokens in them."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self._marks: dict[str, Counter[str]] = {}
        self._messages: dict[str, list[Message]] = {}
        self.sentences: list[Message] = []
        for message in messages:
            self._take(message)

    def _take(self, message: Message) -> None:
        for mark, token in MARKS.findall(message.text):
            self._marks.setdefault(token, Counter())[mark] += 1
        tokens = set(TOKEN.findall(message.text))
        for token in tokens:
            self._messages.setdefault(token, []).append(message)
        if not tokens and not message.growing:
            self.sentences.append(message)

    def verdict(self, asked: Asked) -> Verdict:
        messages = self._messages.get(asked.wanted.token, [])
        if not messages:
            return Verdict(asked, Fate.LOST)
        wait_seconds = max(message.changed_at for message in messages) - asked.at
        return Verdict(asked, self._fate(asked), min(message.message_id for message in messages), wait_seconds)

    def _fate(self, asked: Asked) -> Fate:
        token, messages = asked.wanted.token, self._messages[asked.wanted.token]
        if asked.wanted.kind is Kind.COMMAND:
            return Fate.ONCE if len(messages) == 1 else Fate.TWICE
        marks = self._marks.get(token, Counter())
        if any(not marks[mark] for mark in asked.wanted.marks) or any(message.growing for message in messages):
            return Fate.HALF
        return Fate.ONCE if all(count == 1 for count in marks.values()) else Fate.TWICE


def _with_sentences(found: Sequence[Verdict], sentences: int) -> list[Verdict]:
    """Have each of the bot's sentences stand for one message without an answer, or for both parts of a paste."""
    judged: list[Verdict] = []
    second_is_told = False
    for verdict in found:
        is_paste = verdict.asked.wanted.kind is Kind.PASTE
        is_second = is_paste and second_is_told
        is_told = verdict.fate is Fate.LOST and (is_second or sentences > 0)
        sentences -= is_told and not is_second
        second_is_told = is_told and is_paste and not is_second
        judged.append(replace(verdict, fate=Fate.TOLD) if is_told else verdict)
    return judged
