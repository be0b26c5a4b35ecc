"""What can go wrong between a bot and Telegram: floods, outages, dropped connections, late and lost answers."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Fault(Enum):
    """What happens to a call."""

    FLOOD = "answered 429"
    STATUS = "answered with a bare HTTP status"
    GATEWAY = "done, and answered with a bare HTTP status"
    DROP = "the connection closes without an answer, and nothing was done"
    SLOW = "done and answered late"
    LOST = "done, and the answer never comes"
    REFUSE = "answered 400 with a description"


@dataclass
class Rule:
    """A fault for the next `times` calls that match. Without a method: every call but getUpdates."""

    fault: Fault
    times: int
    method: str | None = None
    chat_id: int | None = None
    seconds: float = 0.0
    status: int = 0
    description: str = ""
    text: str = ""

    def matches(self, method: str, chat_id: int | None, text: str = "") -> bool:
        """Whether this call is one of those that go wrong; `text` is what it says."""
        by_method = method == self.method if self.method else method != "getUpdates"
        return self.times > 0 and by_method and self.chat_id in (None, chat_id) and self.text in text


@dataclass
class Limits:
    """Telegram's flood control as its figures are known; the window of a rule is in seconds.

    Messages and edits share one budget per chat: `burst` at once, then about one a second; 20 a minute in a group. All
    chats together share 30 a second. Drafts and chat actions have a budget of their own per chat: 20 in 5 s and 40 in
    30 s.
    """

    burst: int = 5
    burst_seconds: float = 5.0
    group_count: int = 20
    group_seconds: float = 60.0
    bot_count: int = 30
    bot_seconds: float = 1.0
    clock: Callable[[], float] = time.monotonic
    _times: dict[tuple[str, int], deque[float]] = field(default_factory=dict)

    def retry_after(self, method: str, chat_id: int) -> float:
        """0 when the call may pass (it is then counted), otherwise the seconds to wait."""
        light = method in ("sendMessageDraft", "sendChatAction")
        times = self._times.setdefault(("light" if light else "messages", chat_id), deque(maxlen=64))
        of_bot = self._times.setdefault(("all", 0), deque(maxlen=64))
        now = self.clock()
        wait = max(_wait(times, now, count, seconds) for count, seconds in self._windows(chat_id, light=light))
        if not light:
            wait = max(wait, _wait(of_bot, now, self.bot_count, self.bot_seconds))
        if wait <= 0:
            times.append(now)
            of_bot.extend([] if light else [now])
        return max(wait, 0.0)

    def _windows(self, chat_id: int, *, light: bool) -> list[tuple[int, float]]:
        if light:
            return [(20, 5.0), (40, 30.0)]
        windows = [(self.burst, self.burst_seconds)]
        return [*windows, (self.group_count, self.group_seconds)] if chat_id < 0 else windows


def _wait(times: deque[float], now: float, count: int, seconds: float) -> float:
    """Seconds until fewer than `count` of `times` lie in the window that ends now."""
    return times[-count] + seconds - now if len(times) >= count else 0.0


@dataclass
class Faults:
    """The script of what goes wrong. Rules are taken in the order in which they were given."""

    limits: Limits | None = None
    rules: list[Rule] = field(default_factory=list)
    _bans: dict[int, float] = field(default_factory=dict)

    def flood(
        self, times: int = 1, retry_after: int = 1, *, chat_id: int | None = None, method: str | None = None
    ) -> None:
        """Answer the next calls with 429 and this `retry_after` (seconds)."""
        self.rules.append(Rule(Fault.FLOOD, times, method, chat_id, seconds=retry_after))

    def ban(self, chat_id: int, seconds: float) -> None:
        """Answer 429 to every message, edit and draft to this chat for so long."""
        self._bans[chat_id] = time.monotonic() + seconds

    def fail(self, times: int = 1, *, status: int = 502, method: str | None = None, chat_id: int | None = None) -> None:
        """Answer the next calls with a gateway's error page, or whatever else is not Telegram's."""
        self.rules.append(Rule(Fault.STATUS, times, method, chat_id, status=status))

    def fail_after(
        self, times: int = 1, *, status: int = 502, method: str | None = None, chat_id: int | None = None
    ) -> None:
        """Do the next calls, and answer them with a gateway's error page."""
        self.rules.append(Rule(Fault.GATEWAY, times, method, chat_id, status=status))

    def refuse(
        self, description: str, times: int = 1, *, method: str | None = None, chat_id: int | None = None
    ) -> None:
        """Answer the next calls with 400 and this description."""
        self.rules.append(Rule(Fault.REFUSE, times, method, chat_id, description=description))

    def drop(
        self,
        times: int = 1,
        *,
        seconds: float = 0.0,
        method: str | None = None,
        chat_id: int | None = None,
        text: str = "",
    ) -> Rule:
        """Close the connection of the next calls after `seconds` without doing or answering anything."""
        self.rules.append(Rule(Fault.DROP, times, method, chat_id, seconds=seconds, text=text))
        return self.rules[-1]

    def slow(self, seconds: float, times: int = 1, *, method: str | None = None, chat_id: int | None = None) -> None:
        """Do the next calls at once and answer them late."""
        self.rules.append(Rule(Fault.SLOW, times, method, chat_id, seconds=seconds))

    def lose_answer(
        self,
        times: int = 1,
        *,
        seconds: float = 3600,
        method: str | None = None,
        chat_id: int | None = None,
        text: str = "",
    ) -> Rule:
        """Do the next calls and never answer: after `seconds` the connection closes."""
        self.rules.append(Rule(Fault.LOST, times, method, chat_id, seconds=seconds, text=text))
        return self.rules[-1]

    def next_for(self, method: str, chat_id: int | None, text: str = "") -> Rule | None:
        """The fault that this call meets, if any."""
        for rule in self.rules:
            if rule.matches(method, chat_id, text):
                rule.times -= 1
                return rule
        wait = self._flooded(method, chat_id)
        return Rule(Fault.FLOOD, 0, seconds=math.ceil(wait)) if wait > 0 else None

    def clear(self) -> None:
        """Let everything pass again."""
        self.rules.clear()
        self._bans.clear()

    def _flooded(self, method: str, chat_id: int | None) -> float:
        if chat_id is None or not method.startswith(("send", "edit")):
            return 0.0
        banned = self._bans.get(chat_id, 0.0) - time.monotonic()
        if banned > 0 or self.limits is None:
            return max(banned, 0.0)
        return self.limits.retry_after(method, chat_id)
