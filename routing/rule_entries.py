"""Reads the [[rule]] entries of models.toml: each mistake is told with its line, those between two rules as well."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from routing.bounded_pattern import PatternRefused, bounded_pattern
from routing.custom_rules import Rule
from routing.rule_conditions import Hours, Matches, Needs, OneOf, Within, Words
from routing.task_views import TaskType
from routing.types import Modality, ModelCapability, TaskCategory, TaskComplexity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from routing.rule_conditions import Condition
    from routing.toml_document import Table, TomlDocument

    Read = Callable[[object, bool], Condition]

_ACTIONS = ("use", "prefer", "never")
_KEYS = ("if", *_ACTIONS, "local_only")
_COMPARISON = re.compile(r"\s*(>=|<=|>|<|=)\s*(\d+(?:\.\d+)?)\s*")
_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*(?:-|–|to)\s*([01]?\d|2[0-3]):([0-5]\d)")
# What a task may need from outside the model: TaskClassification.needs, and any of them.
_OUTSIDE = ("tools", "live_data", "url", "file", "reminder", "shell")
_MOST_RULES = 500


class _Wrong(Exception):
    """Raised for a value that a condition or an action cannot take; the text says why."""


def read_rules(document: TomlDocument) -> tuple[Rule, ...]:
    """Read the rules of a file; every problem is reported to the document."""
    tables = document.content.get("rule", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        document.report(("rule",), "should be written as [[rule]], once for each rule")
        return ()
    if len(tables) > _MOST_RULES:
        document.report(("rule",), f"more than {_MOST_RULES} rules cannot be overseen")
        return ()
    rules: dict[tuple[str, ...], Rule] = {}
    for index, table in enumerate(tables):
        where: tuple[str, ...] = ("rule", str(index))
        before = len(document.problems)
        rule = _read_rule(document, where, table)
        if len(document.problems) == before:
            rules[where] = rule
    for where, reason in _contradictions(rules):
        document.report(where, reason)
    return tuple(rules.values())


def _read_rule(document: TomlDocument, where: tuple[str, ...], table: Table) -> Rule:
    document.check_keys(where, table, _KEYS)
    local_only = table.get("local_only", False)
    if local_only is not True and "local_only" in table:
        document.report((*where, "local_only"), "can only be true; leave it out otherwise")
    actions = {key: _read_names(document, (*where, key), table[key]) for key in _ACTIONS if key in table}
    if not actions and "local_only" not in table:
        document.report(where, f"says nothing of what to do: it needs one of {', '.join(_KEYS[1:])}")
    denies = bool(local_only) or "never" in actions
    return Rule(
        place=f"{document.path.name}:{document.line(where)}",
        conditions=_read_conditions(document, (*where, "if"), table.get("if", {}), denies=denies),
        local_only=bool(local_only),
        **actions,
    )


def _read_names(document: TomlDocument, where: tuple[str, ...], value: object) -> tuple[str, ...]:
    try:
        return tuple(_texts(value))
    except _Wrong as error:
        document.report(where, str(error))
        return ()


def _read_conditions(
    document: TomlDocument, where: tuple[str, ...], table: object, *, denies: bool
) -> dict[str, Condition]:
    if not isinstance(table, dict):
        document.report(where, 'should be a table, such as { category = "code" }')
        return {}
    document.check_keys(where, table, tuple(_CONDITIONS))
    conditions = {}
    # In the order of _CONDITIONS, not of the file: what is cheap to look at comes first.
    for key, read in _CONDITIONS.items():
        if key not in table:
            continue
        try:
            conditions[key] = read(table[key], denies)
        except (_Wrong, PatternRefused) as error:
            document.report((*where, key), str(error))
    return conditions


# --- values -----------------------------------------------------------------------------------------------------------


def _texts(value: object) -> list[str]:
    """Take one text, or a list of them."""
    values = value if isinstance(value, list) else [value]
    texts = [item.strip() for item in values if isinstance(item, str) and item.strip()]
    if not texts or len(texts) < len(values):
        raise _Wrong(f"{value!r} is neither a text nor a list of texts")
    return texts


def _one_of(key: str, known: Iterable[str]) -> Read:
    options = tuple(known)

    def read(value: object, _: bool) -> Condition:  # noqa: FBT001  # all readers take the same
        return OneOf(key, _known(value, options))

    return read


def _known(value: object, options: Sequence[str]) -> frozenset[str]:
    values = _texts(value)
    if bad := [item for item in values if item not in options]:
        raise _Wrong(f"{bad[0]!r} is not one of {', '.join(options)}")
    return frozenset(values)


def _needs(value: object, _: bool) -> Condition:  # noqa: FBT001  # all readers take the same
    return Needs(_known(value, (*ModelCapability, *_OUTSIDE)))


def _languages(value: object, _: bool) -> Condition:  # noqa: FBT001  # all readers take the same
    codes = _texts(value)
    if bad := [code for code in codes if not re.fullmatch("[a-z]{2,3}", code)]:
        raise _Wrong(f"{bad[0]!r} is not the code of a language, such as en, ta or hi")
    return OneOf("language", frozenset(codes))


def _chats(value: object, _: bool) -> Condition:  # noqa: FBT001  # all readers take the same
    chats = value if isinstance(value, list) else [value]
    if not chats or not all(isinstance(chat, int) and not isinstance(chat, bool) for chat in chats):
        raise _Wrong(f"{value!r} is neither the number of a chat nor a list of such; 0 is the terminal's")
    return OneOf("chat", frozenset(map(str, chats)))


def _within(key: str, most: float) -> Read:
    def read(value: object, _: bool) -> Condition:  # noqa: FBT001  # all readers take the same
        low, high = 0.0, most
        for sign, bound in _comparisons(value):
            if bound > most:
                raise _Wrong(f"{bound:g} is more than there can be, {most:g}")
            if sign in {">=", ">", "="}:
                low = max(low, math.nextafter(bound, math.inf) if sign == ">" else bound)
            if sign in {"<=", "<", "="}:
                high = min(high, math.nextafter(bound, -math.inf) if sign == "<" else bound)
        if low > high:
            raise _Wrong(f"{value!r} can never be true")
        return Within(key, low, high, str(value).replace(",", " and"))

    return read


def _comparisons(value: object) -> Iterator[tuple[str, float]]:
    parts = value.split(",") if isinstance(value, str) else [""]
    for part in parts:
        found = _COMPARISON.fullmatch(part)
        if not found:
            raise _Wrong(f'{value!r} is not a comparison, such as ">= 0.6" or ">= 0.3, < 0.7"')
        yield found[1], float(found[2])


def _words(value: object, denies: bool) -> Condition:  # noqa: FBT001  # all readers take the same
    words = [" ".join(word.casefold().split()) for word in _texts(value)]
    if bad := [word for word in words if "*" in word.rstrip("*") or not word.strip("* ") or word.endswith("**")]:
        raise _Wrong(f"{bad[0]!r}: a * may only stand once, at the end of a word, for any ending")
    return Words.of(frozenset(words), everywhere=denies)


def _pattern(value: object, denies: bool) -> Condition:  # noqa: FBT001  # all readers take the same
    if not isinstance(value, str) or not value:
        raise _Wrong(f"{value!r} is not a text")
    return Matches(bounded_pattern(value), everywhere=denies)


def _hours(value: object, _: bool) -> Condition:  # noqa: FBT001  # all readers take the same
    found = _HOURS.fullmatch(str(value).strip())
    if not found:
        raise _Wrong(f'{value!r} is not a time of day, such as "22:00-07:00"')
    hour, minute, end_hour, end_minute = map(int, found.groups())
    if (hour, minute) == (end_hour, end_minute):
        raise _Wrong(f"{value!r} begins and ends at the same time; leave it out for the whole day")
    return Hours(hour * 60 + minute, end_hour * 60 + end_minute)


_CONDITIONS: Mapping[str, Read] = {
    "category": _one_of("category", TaskCategory),
    "task_type": _one_of("task_type", TaskType),
    "chat": _chats,
    "language": _languages,
    "modality": _one_of("modality", Modality),
    "complexity": _within("complexity", 1.0),
    "level": _one_of("level", TaskComplexity),
    "tokens": _within("tokens", math.inf),
    "answer_tokens": _within("answer_tokens", math.inf),
    "needs": _needs,
    "time": _hours,
    "text": _words,
    "regex": _pattern,
}


# --- rules that cannot both be meant ----------------------------------------------------------------------------------


def _contradictions(rules: Mapping[tuple[str, ...], Rule]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Find rules of which one takes back what the other says wherever it holds."""
    pairs = list(rules.items())
    for place, (where, rule) in enumerate(pairs):
        for other_place, (_, other) in enumerate(pairs):
            if reason := _contradiction(rule, other, is_later=place > other_place):
                yield where, reason


def _contradiction(rule: Rule, other: Rule, *, is_later: bool) -> str:
    """Say what is wrong with a rule beside another one, or by itself; "" if nothing is."""
    if not other.covers(rule):
        return ""
    wanted, forbidden = {*rule.use, *rule.prefer}, set(other.never)
    if both := sorted(wanted & forbidden):
        which = "the same rule" if rule is other else f"the rule at {other.place}"
        return f"{both[0]} is wanted here, and {which} says never to use it"
    if is_later and rule.use and other.use:
        return (
            f"can never come first: the rule at {other.place} says what to use wherever this one holds; "
            "put this one before it, or narrow that one down"
        )
    return ""
