"""Known: the message ids we have met, by which a message that was never seen is told from the others."""

from __future__ import annotations

from collections import OrderedDict, deque
from itertools import count, islice

# Telegram gives ids below this one to supergroups and channels. Each of them numbers its messages on its own, while a
# bot's private chats and basic groups share one counter: https://core.telegram.org/api/channel#messages
_SUPERGROUPS_BELOW = -1_000_000_000_000
_OWN_COUNTER = 0
IDS_REMEMBERED = 500
SUPERGROUPS_REMEMBERED = 500


class _Ids:
    def __init__(self) -> None:
        self.highest = 0
        self.recent: deque[int] = deque(maxlen=IDS_REMEMBERED)


class Known:
    """Remembers, for each counter of message ids, the highest and the latest ids that were sent or received.

    Telegram counts upwards, so what is sent after an id was noted has a higher one.
    """

    def __init__(self) -> None:
        self._counters: OrderedDict[int, _Ids] = OrderedDict()

    def note(self, chat_id: int, message_id: int) -> None:
        """Note a message that was sent to a chat, or came from it."""
        counter = _counter(chat_id)
        ids = self._counters.setdefault(counter, _Ids())
        ids.highest = max(ids.highest, message_id)
        ids.recent.append(message_id)
        self._counters.move_to_end(counter)
        if len(self._counters) > SUPERGROUPS_REMEMBERED:
            self._counters.popitem(last=False)

    def highest(self, chat_id: int) -> int:
        """The highest id known to be given out where this chat's messages are numbered; 0 when none is."""
        ids = self._counters.get(_counter(chat_id))
        return ids.highest if ids else 0

    def unknown_after(self, chat_id: int, message_id: int, limit: int) -> list[int]:
        """The next ids after one that belong to no message we know."""
        ids = self._counters.get(_counter(chat_id))
        known = frozenset(ids.recent) if ids else frozenset()
        return list(islice((unknown for unknown in count(message_id + 1) if unknown not in known), limit))


def _counter(chat_id: int) -> int:
    return chat_id if chat_id < _SUPERGROUPS_BELOW else _OWN_COUNTER
