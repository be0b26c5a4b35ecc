"""Ids that were met tell which message may be one that was lost."""

from __future__ import annotations

from handlers.known import IDS_REMEMBERED, LATE_MESSAGES, MOST_CANDIDATES, SUPERGROUPS_REMEMBERED, Known

PRIVATE, OTHER, SUPERGROUP = 42, 43, -1_000_000_000_042


def test_private_chats_share_a_counter() -> None:
    """What one chat was sent is no candidate in another."""
    known = Known()
    for message_id in (11, 13):
        known.note(PRIVATE, message_id)
    assert known.highest(OTHER) == 13
    assert list(known.candidates(OTHER, 10)) == [12, 14, 15][:LATE_MESSAGES]


def test_a_supergroup_counts_for_itself() -> None:
    """Its people write what the bot does not see, so more ids are tried."""
    known = Known()
    known.note(SUPERGROUP, 5)
    assert (known.highest(SUPERGROUP), known.highest(PRIVATE)) == (5, 0)
    assert list(known.candidates(SUPERGROUP, 4)) == list(range(6, 6 + MOST_CANDIDATES))


def test_an_earlier_life_says_what_is_known_and_not_how_far_the_counter_is() -> None:
    """Another bot's counter, on the same database, may be far behind."""
    known = Known()
    known.remember(PRIVATE, 1_000)
    known.remember(SUPERGROUP, 6)
    assert (known.highest(PRIVATE), known.highest(SUPERGROUP)) == (0, 0)
    assert 1_000 not in set(known.candidates(PRIVATE, 999, all_unknown=True))
    assert next(known.candidates(SUPERGROUP, 5)) == 7


def test_the_oldest_are_forgotten() -> None:
    """Memory is bounded, in ids and in supergroups."""
    known = Known()
    for message_id in range(1, IDS_REMEMBERED + 2):
        known.note(PRIVATE, message_id)
    assert next(known.candidates(PRIVATE, 0)) == 1
    assert next(known.candidates(PRIVATE, 1)) == IDS_REMEMBERED + 2
    for group in range(SUPERGROUPS_REMEMBERED + 1):
        known.note(SUPERGROUP - group, 9)
    assert known.highest(SUPERGROUP) == 0
    assert known.highest(SUPERGROUP - SUPERGROUPS_REMEMBERED) == 9
