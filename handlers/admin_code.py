"""The one-time code with which the first admin is made."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from enum import Enum

WRONG_TRIES = 5
# Beyond them, those whose last try is the longest ago are forgotten, and may try again: nobody guesses 64 random bits.
PEOPLE_COUNTED = 10_000


class Claim(Enum):
    """What came of giving a code."""

    ACCEPTED = "it was right, and is used up"
    WRONG = "it was wrong"
    LAST_WRONG = "it was wrong, and no more are taken from this person"
    IGNORED = "no code is taken, at all or from this person"


class AdminCode:
    """A code that works once. Whoever gives a wrong one `WRONG_TRIES` times is not listened to any more."""

    def __init__(self) -> None:
        self.text = secrets.token_urlsafe(8)
        self._wrong_tries: OrderedDict[int, int] = OrderedDict()
        self._is_taken = False

    def take(self, given: str, user_id: int) -> Claim:
        """Use the code up, if it is the right one. How long that takes says nothing of the code."""
        if self._is_taken or self._wrong_tries.get(user_id, 0) >= WRONG_TRIES:
            return Claim.IGNORED
        self._is_taken = secrets.compare_digest(given.encode(errors="replace"), self.text.encode())
        if self._is_taken:
            return Claim.ACCEPTED
        return Claim.WRONG if self._count_wrong(user_id) < WRONG_TRIES else Claim.LAST_WRONG

    def _count_wrong(self, user_id: int) -> int:
        tries = self._wrong_tries[user_id] = self._wrong_tries.get(user_id, 0) + 1
        self._wrong_tries.move_to_end(user_id)
        if len(self._wrong_tries) > PEOPLE_COUNTED:
            self._wrong_tries.popitem(last=False)
        return tries

    def give_back(self) -> None:
        """Make the code good again: what it was taken for could not be done."""
        self._is_taken = False
