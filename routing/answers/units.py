"""Units of measure, converted exactly, as people ask for it: "3 miles in km", "72 F to C"."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pint

LONGEST_QUESTION = 120
_DIGITS = 10

_UNIT = r"(?:sq(?:uare)?\.? |cubic )?[a-zµ°º'\"″′]+(?: (?:per|an) [a-z]+|/[a-z]+)?[²³23]?"
_NUMBER = r"[-−]?\d{1,15}(?:[.,]\d{1,15})?"
_CONVERSION = re.compile(
    rf"(?P<value>{_NUMBER})\s*(?:degrees? )?(?P<unit>{_UNIT}(?: (?:fl )?oz)?)"
    rf"\s+(?:in|to|into|as|en|nach|auf)\s+(?:degrees? )?(?P<target>{_UNIT})"
)
_HOW_MANY = re.compile(
    rf"how many (?P<target>{_UNIT}) (?:are |is )?(?:there )?(?:in|is|make)"
    rf" (?P<value>{_NUMBER}|an?|one)\s*(?P<unit>{_UNIT})"
)
_FEET_AND_INCHES = re.compile(
    r"(?P<feet>\d{1,4})\s*(?:'|′|ft|feet|foot)\s*(?:and )?(?P<inches>\d{1,3}(?:\.\d+)?)"
    r"\s*(?:\"|″|''|in|inch|inches)?\s+(?:in|to|into|as)\s+(?P<target>[a-z]+)"
)
_LEAD = re.compile(
    r"^(?:(?:hey|hi|please|pls|ok|so|and|can you|could you|tell me|just)[\s,]+)*"
    r"(?:what\s*(?:is|are|'s|s)\s+|whats\s+|convert\s+|how much (?:is|are)\s+"
    r"|how (?:long|tall|heavy|hot|cold|far|fast) is\s+)?"
)

# What people write, in lower case, where pint knows the unit by another name or the letter means something else there.
_ALIASES = {
    "f": "degF", "°f": "degF", "ºf": "degF", "fahrenheit": "degF", "c": "degC", "°c": "degC", "ºc": "degC",
    "celsius": "degC", "centigrade": "degC", "k": "kelvin", "lbs": "pound", "lb": "pound", "pounds": "pound",
    "kgs": "kilogram", "kilo": "kilogram", "kilos": "kilogram", "kms": "kilometer", "mtr": "meter", "mtrs": "meter",
    "m": "meter", "l": "liter", "ltr": "liter", "ltrs": "liter", "ml": "milliliter", "g": "gram", "gm": "gram",
    "gms": "gram", "mg": "milligram", "t": "metric_ton", "ton": "ton", "tonne": "metric_ton", "tonnes": "metric_ton",
    "sqft": "foot**2", "sqm": "meter**2", "acres": "acre", "mph": "mile/hour", "kph": "kilometer/hour",
    "kmh": "kilometer/hour", "km/h": "kilometer/hour", "kmph": "kilometer/hour", "m/s": "meter/second",
    "b": "byte", "kb": "kilobyte", "mb": "megabyte", "gb": "gigabyte", "tb": "terabyte", "kib": "kibibyte",
    "mib": "mebibyte", "gib": "gibibyte", "hr": "hour", "hrs": "hour", "h": "hour", "min": "minute", "mins": "minute",
    "s": "second", "sec": "second", "secs": "second", "'": "foot", "′": "foot", '"': "inch", "″": "inch", "in": "inch",
    "ft": "foot", "feet": "foot", "inches": "inch", "yd": "yard", "yds": "yard", "nm": "nautical_mile",
    "fl oz": "fluid_ounce", "floz": "fluid_ounce", "gal": "gallon", "pt": "pint", "hp": "horsepower", "kw": "kilowatt",
    "kwh": "kilowatt_hour", "j": "joule", "cal": "calorie", "kcal": "kilocalorie", "calories": "calorie",
    "pa": "pascal",
    "bar": "bar", "atm": "atmosphere", "stones": "stone", "years": "year", "months": "month",
    "weeks": "week", "days": "day", "meilen": "mile", "millas": "mile", "grados": "degC",
}  # fmt: skip
_SHOWN = {"cp": "cups", "d": "days", "a": "years"}


class UnitConverter:
    """Converts quantities. The first conversion imports pint (0.3 s): call it off the event loop."""

    def answer(self, text: str) -> str | None:
        """The quantity in the other unit, or None when `text` asks for no conversion."""
        if len(text) > LONGEST_QUESTION:
            return None
        lowered = " ".join(text.lower().replace("’", "'").replace("”", '"').split())
        lowered = _LEAD.sub("", lowered, count=1).rstrip(" ?!.=")
        body = _FEET_AND_INCHES.fullmatch(lowered)
        if body:
            inches = Decimal(body["feet"]) * 12 + Decimal(body["inches"])
            return self._convert(inches, "inch", body["target"], f"{body['feet']}′{body['inches']}″")
        asked = _CONVERSION.fullmatch(lowered) or _HOW_MANY.fullmatch(lowered)
        return self._convert(_number(asked["value"]), asked["unit"], asked["target"]) if asked else None

    def _convert(self, value: Decimal, unit: str, target: str, shown: str = "") -> str | None:
        """None where a unit is unknown; a sentence where the two measure different things."""
        import pint  # noqa: PLC0415  it takes 0.3 s, and few questions need it

        try:
            source, goal = (self._registry.parse_units(_pint_name(name)) for name in (unit, target))
            result = self._registry.Quantity(value, source).to(goal)
        except pint.DimensionalityError:
            return f"{unit.strip()} and {target.strip()} measure different things: one cannot become the other."
        except (pint.PintError, ValueError, AttributeError, TypeError):
            return None
        return f"{shown or _quantity(value, source)} = {_quantity(result.magnitude, goal)}"

    @cached_property
    def _registry(self) -> pint.UnitRegistry[Any]:
        import pint  # noqa: PLC0415  it takes 0.3 s, and few questions need it

        return pint.UnitRegistry(non_int_type=Decimal, cache_folder=None)


def _number(written: str) -> Decimal:
    if written in ("a", "an", "one"):
        return Decimal(1)
    return Decimal(written.replace(",", ".").replace("−", "-"))


def _pint_name(unit: str) -> str:
    unit = unit.strip().replace(" per ", "/").replace("²", "2").replace("³", "3")
    if unit in _ALIASES:
        return _ALIASES[unit]
    if unit[-1] in "23" and unit[:-1]:
        return f"({_pint_name(unit[:-1])})**{unit[-1]}"
    for words, power in (("square ", 2), ("sq ", 2), ("sq. ", 2), ("cubic ", 3)):
        if unit.startswith(words):
            return f"({_pint_name(unit.removeprefix(words))})**{power}"
    if "/" in unit:
        return "/".join(f"({_pint_name(part)})" for part in unit.split("/"))
    return unit


def _quantity(value: Decimal, unit: object) -> str:
    rounded = Decimal(f"{value:.{_DIGITS}g}").normalize()
    written = f"{rounded:f}" if -12 < rounded.adjusted() < 18 else str(rounded)
    name = f"{unit:~P}"
    return f"{written} {_SHOWN.get(name, name)}"
