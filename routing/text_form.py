"""What the form of a text says, whatever its words: code, formulas, word problems, web addresses."""

from __future__ import annotations

import re

# Lines of code begin so.
_CODE_LINES = (
    "def ", "class ", "import ", "#include", "#!/", "const ", "let ", "var ", "function ", "async ", "return ",
    "SELECT ", "select * ", "INSERT INTO", "UPDATE ", "CREATE TABLE", "public ", "private ", "$ ", ">>> ", "for (",
    "if (", "while (", "}", "Traceback (", 'File "', "fn ", "sudo ", "func ", "<?php", "<!DOCTYPE", "<html", "@app.",
    "git ", "npm ", "pip ", "docker ", "Exception in thread", "elif ", "else:", "except ", "@Override", "SyntaxError",
    "TypeError", "ValueError", "KeyError", "error[E",
)  # fmt: skip
# Rare outside code, anywhere in a text; under a character each of them holds, which is looked for first.
_CODE_PIECES = {
    "(": (
        "():",
        "):",
        '("',
        "('",
        "();",
        "() {",
        "){",
        ") {",
        "console.log(",
        "print(",
        "range(",
        "System.out",
        ".get(",
        "len(",
    ),
    "=": ("=>", "==", "!=", "+=", " = [", " = {", ' = "', "const ", "let ", "var "),
    "{": ("{}", "{\n", "{ "),
    ";": (";\n", "; }"),
    "<": ("</", "/>", "<div", "<T>"),
    ">": ("->",),
    "&": ("&&",),
    "|": ("||",),
    ":": ("std::", "Error:", "Exception:", "::"),
    "*": ("SELECT *", "select *"),
    "[": ("[i]", "[0]"),
    "+": ("i++",),
}
_LINES_READ = 40
_FENCE_WEIGHT, _LINE_WEIGHT, _PIECE_WEIGHT, _DEFINITION_WEIGHT = 3.0, 2.0, 1.6, 5.0
_CODE_CEILING = 6.0
_FORMULA_WEIGHT, _ASKED_WEIGHT = 4.0, 3.5

_FORMULA = re.compile(
    r"\d\s*[+*×÷^]\s*\(?-?\d"  # 2 + 2, 3*(4
    r"|\d\s+[-/]\s+\(?\d"  # 9 - 4, where a date or a score has no spaces
    r"|\d\)?\s*%\s*(?:of|off|von|de|di|от)\b"  # 15% of
    r"|\d\s+x\s+\d"
    r"|\b[a-z]\s?\^\s?\d|\b\d*[xyz]\s*[-+=]\s*\d|\bf\(x\)|√|∫|∑"
    r"|\\[a-z]{3,}|\$\$|\$[a-z]{1,3}\$|\$[^$\n]{0,80}[\\^_=][^$\n]{0,80}\$"
)
_EXPRESSION = re.compile(r"[\d\s.,+\-*/^×÷()%!=?]+")
_OPERATORS = frozenset("+-*/^×÷%!")
_DATE_OR_PHONE = re.compile(r"\s*\+?\d{1,4}([-/.]\d{1,4}){1,4}\s*")
_ASKS_FOR_NUMBER = re.compile(
    r"\bwhat (?:do|will|did|would) (?:i|we|he|she|they) (?:pay|earn|get|owe|save)\b"
    r"|\bhow (?:many|much|far|long|old|fast|tall)\b"
    r"|\bwhat (?:percent|fraction|is the (?:total|average|sum|probability))\b"
    r"|\bwie ?viele?\b|\bcu[aá]nt[oa]s?\b|\bcombien\b|\bquant[ie]\b|\bсколько\b|\bकितन"
)
_SYMBOLS = ("^", "√", "∫", "∑", "\\", "$", "f(x)")
_NUMBER = re.compile(r"\d+|\b(?:two|three|four|five|six|seven|eight|nine|ten|twice|half|dozen)\b")
# Rare in prose, unlike "function f(x)".
_DEFINITION = re.compile(r"\b(?:def|func|fn)\s+\w+\s*\(")
_ADDRESS = re.compile(r"https?://|\bwww\.")


def code_weight(sample: str) -> float:
    """0 for prose, 3 and more for a text that holds code or a traceback."""
    weight = _FENCE_WEIGHT * ("```" in sample)
    weight += _PIECE_WEIGHT * sum(
        piece in sample for character, pieces in _CODE_PIECES.items() if character in sample for piece in pieces
    )
    if "(" in sample and _DEFINITION.search(sample):
        weight += _DEFINITION_WEIGHT
    lines = sample.split("\n", _LINES_READ)
    if len(lines) > 1 or weight:
        weight += _LINE_WEIGHT * sum(line.lstrip().startswith(_CODE_LINES) for line in lines[:_LINES_READ])
    return min(_CODE_CEILING, weight)


def math_weight(sample: str) -> float:
    """0 for prose, 3 and more for a text that is or holds a formula, or that tells numbers and asks for one."""
    lowered = sample.lower()
    numbers = len(_NUMBER.findall(lowered))
    if not numbers and not any(symbol in lowered for symbol in _SYMBOLS):
        return 0.0
    if _is_expression(lowered):
        return 6.0
    weight = _FORMULA_WEIGHT if _FORMULA.search(lowered) else 0.0
    if numbers >= 2 and _ASKS_FOR_NUMBER.search(lowered):
        weight += _ASKED_WEIGHT
    return weight


def _is_expression(text: str) -> bool:
    if not _EXPRESSION.fullmatch(text) or _DATE_OR_PHONE.fullmatch(text):
        return False
    return not _OPERATORS.isdisjoint(text)


def has_address(sample: str) -> bool:
    """Whether the text names a page of the web."""
    return _ADDRESS.search(sample) is not None
