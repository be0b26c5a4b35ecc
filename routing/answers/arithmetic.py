"""Sums in exact fractions: what people type at a calculator, percentages included, bounded in time and memory."""

from __future__ import annotations

import math
import operator
import re
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST_EXPRESSION = 1000
LARGEST_BITS = 3400  # 1,023 decimal digits
_SHOWN_CHARACTERS = 80
_APPROXIMATE_DIGITS = 15
_EXACT_DIGITS = 30
_ROOT_DIGITS = 40

_PREFIX = re.compile(
    r"^(?:(?:hey|hi|please|pls|ok|so|and|now|can you|could you|tell me|quick(?:ly)?|just)[\s,]+)*"
    r"(?:what\s*(?:is|are|'s|s)\s+|whats\s+|what\s+does\s+|how much (?:is|are)\s+|calculate\s+|calc\s+|compute\s+"
    r"|evaluate\s+|solve\s+|work out\s+|was ist\s+|wie ?viel (?:ist|sind)\s+|combien font\s+|cu[aá]nto (?:es|son)\s+"
    r"|quanto (?:fa|é)\s+|сколько будет\s+)?"
    r"(?:the\s+(?:result|value|answer)\s+(?:of|to)\s+)?"
)
_SUFFIX = re.compile(r"(?:\s*(?:please|pls|equals?(?: to)?|make|thanks|[=?!.]))+$")
# A final factorial keeps its mark: "5!" is 120, "2+2!" as a cry is rare.
_FACTORIAL_END = re.compile(r"[\d)]!\s*=?\s*\??$")

_DATE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}|24/7")

_SHARE_ASKED = re.compile(r"what (?:percent|percentage|%) of|^(?:percent|percentage|%) of")
_REPHRASED = (
    (re.compile(r"^(\S+)\s+is what (?:percent|percentage|%) of (\S+)$"), r"(\1)/(\2)*100"),
    (re.compile(r"^(?:what )?(?:percent|percentage|%) of (\S+) is (\S+)$"), r"(\2)/(\1)*100"),
    (re.compile(r"^(\S+?)\s*(?:%|percent) (?:off|discount on|less than) (?:of )?(\S+)$"), r"(\2)-(\1)%"),
    (re.compile(r"^(?:an? )?(\S+?)\s*(?:%|percent) tip (?:on|for) (\S+)$"), r"(\1)%*(\2)"),
    (re.compile(r"^(?:increase|raise) (\S+) by (\S+?)\s*(?:%|percent)$"), r"(\1)+(\2)%"),
    (re.compile(r"^(?:decrease|reduce|lower) (\S+) by (\S+?)\s*(?:%|percent)$"), r"(\1)-(\2)%"),
    (re.compile(r"^sum of ([\d.,]+) and ([\d.,]+)$"), r"(\1)+(\2)"),
)
_WORDS = (
    (re.compile(r"\b(?:square root of|sqrt of|root of)\b|√"), " sqrt "),
    (re.compile(r"\bto the power of\b|\braised to(?: the power of)?\b|\*\*"), "^"),
    (re.compile(r"\b(?:multiplied by|times|mal|fois|por)\b|[×·]|(?<=[\d)\s])x(?=[\s\d(])"), "*"),
    (re.compile(r"\b(?:divided by|over|geteilt durch)\b|[÷:]"), "/"),
    (re.compile(r"\b(?:plus|add|added to)\b"), "+"),
    (re.compile(r"\b(?:minus|less|subtract)\b|[−–]"), "-"),
    (re.compile(r"\b(?:percent|per cent|prozent)\b"), "%"),
    (re.compile(r"\b(?:modulo|mod)\b"), " mod "),
    (re.compile(r"\bsquared\b|²"), "^2"),
    (re.compile(r"\bcubed\b|³"), "^3"),
    (re.compile(r"\bhalf of\b"), "1/2 of"),
    (re.compile(r"\b(?:of|von|de|di)\b"), " of "),
    (re.compile(r"(?<=\d)\s*factorial\b"), "!"),
    (re.compile(r"(?<=\d),(?=\d{3}(?!\d))(?!\d{3},\d{1,2}\b)"), ""),
    (re.compile(r"(?<=\d),(?=\d)"), "."),
    (re.compile(r"[$€£₹]"), ""),
)
_TOKEN = re.compile(r"\s*(\d+\.?\d*(?:e[+-]?\d{1,3})?|\.\d+|sqrt|abs|pi|mod|of|//|[-+*/^%!()])")


class Incalculable(Exception):
    """Raised for a sum that has no result that could be written out; the text says why."""


def answer_arithmetic(text: str) -> str | None:
    """The sum with its result, or None when `text` is no sum."""
    if (
        len(text) > LONGEST_EXPRESSION
        or _DATE.fullmatch(text.strip())
        or not any(character.isdigit() for character in text)
    ):
        return None
    typed = _stripped(text)
    try:
        result = calculate(_expression_of(typed))
    except Incalculable as error:
        return str(error)
    except NotASum:
        return None
    return f"{_shown(typed)} {_written(result)}{'%' if _SHARE_ASKED.search(typed) else ''}"


def calculate(expression: str) -> Fraction:
    """The exact value of an expression of + - * / // % ^ ! sqrt abs pi and parentheses.

    Raises Incalculable for a division by zero or a number beyond LARGEST_BITS, and NotASum for anything else that is
    not such an expression. Nested parentheses use no recursion.
    """
    tokens = list(_tokens(expression))
    if len(tokens) < 2:
        raise NotASum
    return _Machine().run(tokens)


class NotASum(Exception):
    """Raised where a text turns out not to be a sum."""


def _stripped(text: str) -> str:
    """The sum without what stands around it, in lower case."""
    lowered = _PREFIX.sub("", " ".join(text.lower().replace("’", "'").split()), count=1)
    if not _FACTORIAL_END.search(lowered):
        lowered = _SUFFIX.sub("", lowered)
    return lowered.rstrip(" =?")


def _expression_of(typed: str) -> str:
    for pattern, replacement in (*_REPHRASED, *_WORDS):
        typed = pattern.sub(replacement, typed)
    return typed


def _shown(typed: str) -> str:
    return typed if len(typed) <= _SHOWN_CHARACTERS else typed[:_SHOWN_CHARACTERS] + "…"


def _written(value: Fraction) -> str:
    """`= 12`, or `≈ 0.333333333333333 (1/3)` where decimals never end."""
    if value.denominator == 1:
        return f"= {value.numerator}"
    with localcontext() as context:
        context.prec = 1200
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        if Fraction(exact) == value and len(exact.as_tuple().digits) <= _EXACT_DIGITS:
            return f"= {exact:f}"
        context.prec = _APPROXIMATE_DIGITS
        rounded = +exact
    simple = f" ({value.numerator}/{value.denominator})" if value.denominator < 1000 else ""
    return f"≈ {rounded:f}{simple}" if -20 < rounded.adjusted() < 20 else f"≈ {rounded}"


def _tokens(expression: str) -> Iterator[str]:
    at = 0
    expression = expression.rstrip()
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None:
            raise NotASum
        yield match[1]
        at = match.end()


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > LARGEST_BITS:
        raise Incalculable("That number is too large to write out here.")
    return value


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        return _root_power(base, exponent)
    bits = max(abs(base.numerator).bit_length(), base.denominator.bit_length())
    if abs(base) != 1 and base and bits * abs(exponent.numerator) > 2 * LARGEST_BITS:
        raise Incalculable("That number is too large to write out here.")
    if not base and exponent < 0:
        raise Incalculable("A division by zero has no result.")
    if abs(base) == 1:
        return base if exponent.numerator % 2 else Fraction(1)
    return base**exponent.numerator if base else Fraction(int(exponent == 0))


def _root_power(base: Fraction, exponent: Fraction) -> Fraction:
    """A power with a broken exponent: exact for square roots of squares, to 40 digits otherwise."""
    if base < 0:
        raise Incalculable("A root of a negative number is not a real number.")
    if exponent == Fraction(1, 2):
        return _square_root(base)
    if abs(exponent) > LARGEST_BITS or not base:
        raise Incalculable("That number is too large to write out here.")
    with localcontext() as context:
        context.prec = _ROOT_DIGITS
        power = (Decimal(base.numerator) / base.denominator) ** (Decimal(exponent.numerator) / exponent.denominator)
        if abs(power.adjusted()) > LARGEST_BITS // 4:
            raise Incalculable("That number is too large to write out here.")
        return Fraction(power)


def _square_root(value: Fraction) -> Fraction:
    if value < 0:
        raise Incalculable("A root of a negative number is not a real number.")
    above, below = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if above * above == value.numerator and below * below == value.denominator:
        return Fraction(above, below)
    with localcontext() as context:
        context.prec = _ROOT_DIGITS
        return Fraction((Decimal(value.numerator) / value.denominator).sqrt())


def _factorial(value: Fraction) -> Fraction:
    if value.denominator != 1 or value < 0:
        raise Incalculable("Only whole numbers from 0 on have a factorial.")
    if value > 400:
        raise Incalculable("That number is too large to write out here.")
    return Fraction(math.factorial(value.numerator))


def _divider(divide: Callable[[Fraction, Fraction], Fraction | int]) -> Callable[[Fraction, Fraction], Fraction]:
    def divided(left: Fraction, right: Fraction) -> Fraction:
        if not right:
            raise Incalculable("A division by zero has no result.")
        return Fraction(divide(left, right))

    return divided


_BINARY: dict[str, tuple[int, Callable[[Fraction, Fraction], Fraction]]] = {
    "+": (1, operator.add),
    "-": (1, operator.sub),
    "*": (2, operator.mul),
    "of": (2, operator.mul),
    "/": (2, _divider(operator.truediv)),
    "//": (2, _divider(operator.floordiv)),
    "mod": (2, _divider(operator.mod)),
    "^": (4, _power),
}
_UNARY: dict[str, tuple[int, Callable[[Fraction], Fraction]]] = {
    "negative": (3, operator.neg),
    "positive": (3, operator.pos),
    "sqrt": (5, _square_root),
    "abs": (5, abs),
}
_CONSTANTS = {"pi": Fraction("3.141592653589793238462643383279502884197")}
_SIGNS = {"-": "negative", "+": "positive"}


class _Machine:
    """Runs tokens by the shunting-yard method: one stack of values, one of operators that wait."""

    def __init__(self) -> None:
        self._values: list[Fraction] = []
        self._waiting: list[str] = []

    def run(self, tokens: list[str]) -> Fraction:
        wants_value = True
        tokens = _with_products(tokens)
        for position, token in enumerate(tokens):
            following = tokens[position + 1] if position + 1 < len(tokens) else ""
            wants_value = self._take_value(token) if wants_value else self._take_operator(token, following)
        if wants_value:
            raise NotASum
        while self._waiting:
            self._apply(self._waiting.pop())
        if len(self._values) != 1:
            raise NotASum
        return self._values[0]

    def _take_value(self, token: str) -> bool:
        """Take a number, a sign, a function or an opening parenthesis; True while a value is still to come."""
        if token[0].isdigit() or token[0] == ".":
            self._values.append(_bounded(Fraction(token)))
            return False
        if token in _CONSTANTS:
            self._values.append(_CONSTANTS[token])
            return False
        token = _SIGNS.get(token, token)
        if token != "(" and token not in _UNARY:  # noqa: S105  a token of a sum
            raise NotASum
        self._waiting.append(token)
        return True

    def _take_operator(self, token: str, following: str) -> bool:
        """Take what stands after a value; True when another value has to follow."""
        if token == "!":  # noqa: S105  a token of a sum
            self._values.append(_bounded(_factorial(self._pop())))
            return False
        if token == ")":  # noqa: S105  a token of a sum
            self._close()
            return False
        if token == "%":  # noqa: S105  a token of a sum
            if not _begins_value(following):
                self._percent()
                return False
            token = "mod"  # noqa: S105  a token of a sum
        if token not in _BINARY:
            raise NotASum
        self._push(token)
        return True

    def _push(self, token: str) -> None:
        rank = _BINARY[token][0]
        while self._waiting and self._waiting[-1] != "(":
            waiting = self._waiting[-1]
            waiting_rank = (_BINARY.get(waiting) or _UNARY[waiting])[0]
            if waiting_rank < rank or (waiting_rank == rank and token == "^"):  # noqa: S105  a token of a sum
                break
            self._apply(self._waiting.pop())
        self._waiting.append(token)

    def _percent(self) -> None:
        """Make the last value a percentage: of what it is added to or taken from, as calculators do."""
        share = self._pop() / 100
        waiting = self._waiting[-1] if self._waiting else ""
        if waiting in ("+", "-"):
            share *= self._values[-1]
        self._values.append(_bounded(share))

    def _close(self) -> None:
        while self._waiting and self._waiting[-1] != "(":
            self._apply(self._waiting.pop())
        if not self._waiting:
            raise NotASum
        self._waiting.pop()

    def _apply(self, token: str) -> None:
        if token in _UNARY:
            self._values.append(_bounded(_UNARY[token][1](self._pop())))
        elif token in _BINARY:
            right, left = self._pop(), self._pop()
            self._values.append(_bounded(_BINARY[token][1](left, right)))
        else:
            raise NotASum

    def _pop(self) -> Fraction:
        if not self._values:
            raise NotASum
        return self._values.pop()


def _with_products(tokens: list[str]) -> list[str]:
    """Write out the multiplication of 2(3+4), 2pi and (1)(2); two numbers side by side stay an error."""
    written = tokens[:1]
    for before, token in pairwise(tokens):
        if (before == ")" and _begins_value(token)) or (
            before[0].isdigit() and _begins_value(token) and not token[0].isdigit()
        ):
            written.append("*")
        written.append(token)
    return written


def _begins_value(token: str) -> bool:
    return token == "(" or token in _CONSTANTS or token in ("sqrt", "abs") or token[:1].isdigit()  # noqa: S105
