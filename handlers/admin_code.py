"""The one-time code with which the first admin is made."""

from __future__ import annotations

import secrets
from collections import Counter

WRONG_TRIES = 5
# Nobody guesses 64 random bits; this only keeps the count of those who try from growing without end.
PEOPLE_COUNTED = 10_000


class AdminCode:
    """A code that works once. Whoever gives a wrong one `WRONG_TRIES` times is not listened to any more."""

    def __init__(self) -> None:
        self.text = secrets.token_urlsafe(8)
        self._wrong_tries: Counter[int] = Counter()
        self._is_taken = False

    def take(self, given: str, user_id: int) -> bool:
        """Use the code up; False for a wrong or a used one, and for somebody who has tried too often."""
        if self._is_taken or self._wrong_tries[user_id] >= WRONG_TRIES or len(self._wrong_tries) > PEOPLE_COUNTED:
            return False
        self._is_taken = secrets.compare_digest(given.encode(), self.text.encode())
        self._wrong_tries[user_id] += not self._is_taken
        return self._is_taken

    def give_back(self) -> None:
        """Make the code good again: what it was taken for could not be done."""
        self._is_taken = False
