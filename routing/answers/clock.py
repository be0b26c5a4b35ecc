"""Dates and times: what time it is here or elsewhere, what day a date is, how many days lie between."""

from __future__ import annotations

import re
import zoneinfo
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_QUESTION = 120

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("january", "jan"), ("february", "feb"), ("march", "mar"), ("april", "apr"), ("may",), ("june", "jun"),
            ("july", "jul"), ("august", "aug"), ("september", "sep", "sept"), ("october", "oct"), ("november", "nov"),
            ("december", "dec"),
        ),
        start=1,
    )
    for name in names
}  # fmt: skip
_FEASTS = {
    "christmas": (12, 25), "christmas day": (12, 25), "xmas": (12, 25), "christmas eve": (12, 24),
    "new year": (1, 1), "new year's": (1, 1), "new year's day": (1, 1), "new years": (1, 1),
    "new year's eve": (12, 31), "halloween": (10, 31), "valentine's day": (2, 14), "valentines day": (2, 14),
}  # fmt: skip
_RELATIVE = {"today": 0, "tomorrow": 1, "tmrw": 1, "tomorow": 1, "yesterday": -1, "the day after tomorrow": 2}

# Places people name that are not the city of a time zone.
_PLACES = {
    "india": "Asia/Kolkata", "delhi": "Asia/Kolkata", "new delhi": "Asia/Kolkata", "mumbai": "Asia/Kolkata",
    "bangalore": "Asia/Kolkata", "chennai": "Asia/Kolkata", "ist": "Asia/Kolkata", "japan": "Asia/Tokyo",
    "china": "Asia/Shanghai", "beijing": "Asia/Shanghai", "germany": "Europe/Berlin", "france": "Europe/Paris",
    "spain": "Europe/Madrid", "italy": "Europe/Rome", "uk": "Europe/London", "england": "Europe/London",
    "california": "America/Los_Angeles", "san francisco": "America/Los_Angeles", "la": "America/Los_Angeles",
    "seattle": "America/Los_Angeles", "nyc": "America/New_York", "boston": "America/New_York",
    "washington": "America/New_York", "texas": "America/Chicago", "pst": "America/Los_Angeles",
    "pt": "America/Los_Angeles", "est": "America/New_York", "et": "America/New_York", "cst": "America/Chicago",
    "cet": "Europe/Berlin", "utc": "UTC", "gmt": "UTC", "brazil": "America/Sao_Paulo", "korea": "Asia/Seoul",
    "geneva": "Europe/Zurich", "munich": "Europe/Berlin",
}  # fmt: skip

_LEAD = re.compile(r"^(?:(?:hey|hi|please|pls|ok|so|and|can you|could you|do you know|tell me)[\s,]+)+")
_TIME = re.compile(
    r"(?:what(?:'s| is|s)? )?(?:the )?(?:current |local )?time(?: is it)?(?: right)?(?: now)?"
    r"(?: (?:in|at) (?P<place>[a-z .'/_-]+?))?(?: right now| now)?|wie spät ist es|quelle heure est[- ]il|qué hora es"
    r"|que hora es|che ore sono|que horas são|который час|how late is it"
)
_DATE = re.compile(
    r"(?:what(?:'s| is|s)? )?(?:the )?(?:date|day)(?: is it| of the week is it)?"
    r"(?: (?P<relative>today|tomorrow|yesterday))?"
    r"|what(?:'s| is|s)? (?:the )?(?:today|tomorrow|yesterday)(?:'s)? date|today'?s date"
    r"|what (?:day|date) (?:is|was|will) (?P<named>.+?)(?: be)?"
)
_UNTIL = re.compile(
    r"(?:how many )?(?P<unit>days|weeks) (?:are )?(?:there )?(?:left )?(?:until|till|til|to|before) (?P<date>.+)"
)
_SINCE = re.compile(r"(?:how many )?days (?:have passed )?since (?P<date>.+)")
_BETWEEN = re.compile(r"(?:how many )?days (?:are )?(?:there )?between (?P<first>.+?) and (?P<second>.+)")
_IN_DAYS = re.compile(
    r"what (?:day|date) (?:is|will it be|will be|is it) (?:in )?(?P<days>\d{1,5}) days?(?: from (?:now|today))?"
)

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DAY_MONTH = re.compile(r"(?:the )?(\d{1,2})(?:st|nd|rd|th)?(?: of)? ([a-z]+)(?:,? (\d{4}))?")
_MONTH_DAY = re.compile(r"([a-z]+) (\d{1,2})(?:st|nd|rd|th)?(?:,? (\d{4}))?")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


def answer_clock(text: str, now: datetime) -> str | None:
    """The time or date asked for, or None when `text` asks for none. `now` carries the host's time zone."""
    if len(text) > LONGEST_QUESTION:
        return None
    asked = _LEAD.sub("", " ".join(text.lower().replace("’", "'").split())).rstrip(" ?!.")
    for pattern, answer in _QUESTIONS:
        match = pattern.fullmatch(asked)
        if match:
            found = answer(match, now)
            if found:
                return found
    return None


def _tell_time(match: re.Match[str], now: datetime) -> str | None:
    place = match["place"]
    if place in (None, "here"):
        return f"It is {now:%H:%M} ({now:%A}, {_written(now.date())}, {now.tzname()})."
    zone = _zone(place)
    if zone is None:
        return None
    there = now.astimezone(zone)
    return (
        f"It is {there:%H:%M} in {place.title() if len(place) > 3 else place.upper()} ({there:%A}, {there.tzname()})."
    )


def _zone(place: str) -> zoneinfo.ZoneInfo | None:
    name = _PLACES.get(place)
    if name is None:
        wanted = place.replace(" ", "_")
        zones = zoneinfo.available_timezones()
        name = next((zone for zone in sorted(zones) if wanted in (zone.lower(), zone.lower().rpartition("/")[2])), None)
    return zoneinfo.ZoneInfo(name) if name else None


def _tell_date(match: re.Match[str], now: datetime) -> str | None:
    today = now.date()
    spoken = match["relative"] or next((word for word in _RELATIVE if word in match[0]), "today")
    if match["named"] and match["named"] not in _RELATIVE:
        day = _parse(match["named"], today)
        return f"{_written(day)} {'was' if day < today else 'is'} a {day:%A}." if day else None
    day = today + timedelta(days=_RELATIVE[match["named"] or spoken])
    return f"{(match['named'] or spoken).capitalize()} {'was' if day < today else 'is'} {day:%A}, {_written(day)}."


def _tell_until(match: re.Match[str], now: datetime) -> str | None:
    day = _parse(match["date"], now.date())
    if day is None:
        return None
    days = (day - now.date()).days
    if days < 0:
        return _ago(-days, day)
    if match["unit"] == "weeks":
        return f"{_count(days // 7, 'week')} and {_count(days % 7, 'day')} until {day:%A}, {_written(day)}."
    return f"{_count(days, 'day')} until {day:%A}, {_written(day)}."


def _tell_since(match: re.Match[str], now: datetime) -> str | None:
    day = _parse(match["date"], now.date(), past=True)
    return _ago((now.date() - day).days, day) if day else None


def _tell_between(match: re.Match[str], now: datetime) -> str | None:
    first, second = (_parse(match[name], now.date()) for name in ("first", "second"))
    if first is None or second is None:
        return None
    return f"{_count(abs((second - first).days), 'day')} between {_written(first)} and {_written(second)}."


def _tell_in_days(match: re.Match[str], now: datetime) -> str | None:
    day = now.date() + timedelta(days=int(match["days"]))
    return f"In {_count(int(match['days']), 'day')} it will be {day:%A}, {_written(day)}."


_QUESTIONS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], datetime], str | None]], ...] = (
    (_TIME, _tell_time),
    (_IN_DAYS, _tell_in_days),
    (_BETWEEN, _tell_between),
    (_UNTIL, _tell_until),
    (_SINCE, _tell_since),
    (_DATE, _tell_date),
)


def _ago(days: int, day: date) -> str:
    return f"{_count(days, 'day')} since {day:%A}, {_written(day)}."


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _written(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


def _parse(written: str, today: date, *, past: bool = False) -> date | None:
    """The date in words or figures; one without a year is the next such day, or the last where `past`."""
    written = written.strip()
    if written in _RELATIVE:
        return today + timedelta(days=_RELATIVE[written])
    year, month, day = _year_month_day(written)
    if month is None or day is None:
        return None
    if year is not None:
        return _date(year, month, day)
    near = _date(today.year, month, day)
    if near is not None and (near > today if past else near < today):
        return _date(today.year + (-1 if past else 1), month, day)
    return near


def _year_month_day(written: str) -> tuple[int | None, int | None, int | None]:
    if written in _FEASTS:
        return None, *_FEASTS[written]
    if match := _ISO.fullmatch(written):
        return int(match[1]), int(match[2]), int(match[3])
    if match := _DOTTED.fullmatch(written):
        return int(match[3]), int(match[2]), int(match[1])
    if match := _DAY_MONTH.fullmatch(written):
        return _year(match[3]), _MONTHS.get(match[2]), int(match[1])
    if match := _MONTH_DAY.fullmatch(written):
        return _year(match[3]), _MONTHS.get(match[1]), int(match[2])
    return None, None, None


def _year(written: str | None) -> int | None:
    return int(written) if written else None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
