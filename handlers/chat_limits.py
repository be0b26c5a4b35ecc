"""ChatLimits: what one chat takes now: its budgets, its bans, who waits for it, and the pace of its previews."""

from __future__ import annotations

import math
from contextlib import ExitStack, contextmanager
from enum import Enum
from typing import TYPE_CHECKING

from handlers.budget import Budget, Window
from handlers.line import Line
from handlers.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

PRIVATE = (Window(5, 5.0, spare=1),)
GROUP = (Window(5, 5.0, spare=1), Window(20, 60.0, spare=5))
LIGHT = (Window(20, 5.0), Window(40, 30.0))

# The pace at which a growing answer never uses what is spared for its end: 4 of 5 calls in 5 s, 15 of 20 in 60 s.
PRIVATE_PREVIEW_SECONDS = 1.25
GROUP_PREVIEW_SECONDS = 4.0
# How often floods halve that pace at most.
MOST_HALVINGS = 4
# For so long after a flood nothing must happen before previews go at twice the pace again.
RECOVERY_SECONDS = 60.0
# Looking again after this is soon enough where nobody can say how long it takes.
NEXT_LOOK_SECONDS = 0.2


class Family(Enum):
    """Calls that Telegram counts alike."""

    MESSAGE = "a new message"
    EDIT = "another text for a message that stands"
    TOUCH = "a deletion or a reaction"
    LIGHT = "typing and drafts"


# What an answer's previews are made of, and what keeps to their pace.
PACED = (Family.MESSAGE, Family.EDIT)


class ChatLimits:
    """One chat's limits. Lives until the chat has been quiet for a while.

    Messages, edits and touches share a budget; what is light has its own, and heeds the bans of both. `line` is for
    those who wait for their turn, `sends` are the new messages under way.
    """

    def __init__(self, *, is_group: bool, clock: Callable[[], float]) -> None:
        self.line = Line()
        self.sends = Traffic()
        self._clock = clock
        self._heavy = Budget(GROUP if is_group else PRIVATE, clock)
        self._light = Budget(LIGHT, clock)
        self._preview_seconds = GROUP_PREVIEW_SECONDS if is_group else PRIVATE_PREVIEW_SECONDS
        self._next_preview_at = -math.inf
        self._floods = 0
        self._flood_over_at = -math.inf

    @property
    def interval_seconds(self) -> float:
        """The least time between two previews: longer after floods."""
        return self._preview_seconds * float(2**self._halvings)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing would be lost by forgetting it."""
        unused = self._heavy.is_unused and self._light.is_unused
        return unused and self.line.is_empty and self.sends.is_idle and not self._halvings

    def budget(self, family: Family) -> Budget:
        """The budget that calls of this family share."""
        return self._light if family is Family.LIGHT else self._heavy

    def wait_seconds(self, family: Family, *, droppable: bool = False) -> float:
        """How long a call must wait for budget and bans; infinite when another one must end first."""
        return max(self.budget(family).wait_seconds(droppable=droppable), self._heavy.ban_seconds)

    def is_halted(self, family: Family) -> bool:
        """Whether somebody looks for a message, and nothing new may be sent."""
        return family is Family.MESSAGE and self.sends.is_halted

    def preview_wait_seconds(self, family: Family) -> float:
        """How long a call must wait that can be dropped: it stands behind everybody in line."""
        if not self.line.is_empty or self.sends.is_halted:
            return NEXT_LOOK_SECONDS
        pace = self._next_preview_at - self._clock() if family in PACED else 0.0
        seconds = max(pace, self.wait_seconds(family, droppable=True))
        return NEXT_LOOK_SECONDS if math.isinf(seconds) else seconds

    def flooded(self, family: Family, seconds: float) -> None:
        """Note a 429: nothing until it is over, and previews at half the pace from now on."""
        self.budget(family).ban(seconds)
        if family is Family.LIGHT:
            return
        if self._clock() >= self._flood_over_at:  # calls that were refused together are one flood
            self._floods = min(self._halvings + 1, MOST_HALVINGS)
        self._flood_over_at = max(self._flood_over_at, self._clock() + seconds)

    def previewed(self, family: Family) -> None:
        """Note that a call that could have been dropped goes out now."""
        if family in PACED:
            self._next_preview_at = self._clock() + self.interval_seconds

    @contextmanager
    def call(self, family: Family) -> Generator[None]:
        """Count a call while it is under way, and from its end on."""
        with ExitStack() as under_way:
            under_way.enter_context(self.budget(family).call())
            if family is Family.MESSAGE:
                under_way.enter_context(self.sends.passing())
            yield

    @property
    def _halvings(self) -> int:
        """How often the pace is halved now."""
        if not self._floods:
            return 0
        recovered = max(self._clock() - self._flood_over_at, 0.0) // RECOVERY_SECONDS
        return max(self._floods - int(recovered), 0)
