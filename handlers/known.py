"""Known: the message ids we have met, by which a message that was never seen is told from the others."""

from __future__ import annotations

from collections import OrderedDict, deque
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

# Telegram gives ids below this one to supergroups and channels. Each of them numbers its messages on its own, while all
# private chats and basic groups of an account share one counter: https://core.telegram.org/api/channel#basic-groups
_SUPERGROUPS_BELOW = -1_000_000_000_000
IDS_REMEMBERED = 500
SUPERGROUPS_REMEMBERED = 500
# So many messages that nobody told us of may stand before one that was lost. In supergroups people say what a bot does
# not see. Elsewhere it learns of every message, if a little late, but for those that were lost at the same time; and
# with four tries, of five calls in five seconds one is left to send the message anew.
MOST_CANDIDATES = 10
LATE_MESSAGES = 3


class _Ids:
    """The ids of one counter."""

    def __init__(self) -> None:
        self.highest = 0
        self.recent: deque[int] = deque(maxlen=IDS_REMEMBERED)

    def note(self, message_id: int) -> None:
        self.highest = max(self.highest, message_id)
        self.recent.append(message_id)


class Known:
    """Remembers, for each counter of message ids, the highest and the latest ids that were sent or received.

    Telegram counts upwards, so what is sent after an id was noted has a higher one.
    """

    def __init__(self) -> None:
        self._doubts = 0
        self._of_the_bot = _Ids()
        self._of_supergroups: OrderedDict[int, _Ids] = OrderedDict()

    def note(self, chat_id: int, message_id: int) -> None:
        """Note a message that was sent to a chat, or came from it."""
        self._counter(chat_id).note(message_id)

    def remember(self, chat_id: int, message_id: int) -> None:
        """Remember a message of an earlier life. It does not say how far the counter is now."""
        self._counter(chat_id).recent.append(message_id)

    def _counter(self, chat_id: int) -> _Ids:
        if chat_id >= _SUPERGROUPS_BELOW:
            return self._of_the_bot
        ids = self._of_supergroups.setdefault(chat_id, _Ids())
        self._of_supergroups.move_to_end(chat_id)
        if len(self._of_supergroups) > SUPERGROUPS_REMEMBERED:
            self._of_supergroups.popitem(last=False)
        return ids

    def highest(self, chat_id: int) -> int:
        """The highest id known to be given out where this chat's messages are numbered; 0 when none is."""
        return self._ids(chat_id).highest

    def candidates(
        self, chat_id: int, after_message_id: int, most: int = MOST_CANDIDATES, *, all_unknown: bool = False
    ) -> Iterator[int]:
        """The ids that a message lost in this chat may have, the likeliest first: those that are unknown by then.

        `most` of them. `all_unknown`: nobody told us of the messages of those days, whatever the chat.
        """
        ids = self._ids(chat_id)
        told = ids is self._of_the_bot and not all_unknown
        message_id = after_message_id
        for _ in range(min(LATE_MESSAGES + self._doubts, most) if told else most):
            message_id = next(unknown for unknown in count(message_id + 1) if unknown not in ids.recent)
            yield message_id

    @contextmanager
    def doubt(self) -> Generator[None]:
        """Count a message that may stand under an unknown id, until it was looked for."""
        self._doubts += 1
        try:
            yield
        finally:
            self._doubts -= 1

    def _ids(self, chat_id: int) -> _Ids:
        if chat_id >= _SUPERGROUPS_BELOW:
            return self._of_the_bot
        return self._of_supergroups.get(chat_id, _Ids())
