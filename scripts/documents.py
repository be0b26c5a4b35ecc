"""Keeps the README's tree and settings table, and config.example.env, as the code has them."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
EXAMPLE = ROOT / "config.example.env"
# In the order of the tree: from the door to the cellar.
ROOMS = (
    "handlers",
    "terminal",
    "service",
    "dialogue",
    "storage",
    "routing",
    "scripts",
    "bench",
    "tests",
    "docs",
    "deploy",
)


def main() -> int:
    """`--write` brings the documents up to date; without it they are only checked. Returns the exit status."""
    stale = {path: text for path, text in wanted().items() if _read(path) != text}
    for path, text in stale.items():
        if "--write" in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(ROOT)} {'is brought' if '--write' in sys.argv[1:] else 'is not'} up to date")
    return 1 if stale and "--write" not in sys.argv[1:] else 0


def wanted() -> dict[Path, str]:
    """The text that each generated document should have now."""
    readme = _fill(_fill(README.read_text(encoding="utf-8"), "tree", tree()), "settings", settings_table())
    return {README: readme, EXAMPLE: example()}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _fill(document: str, name: str, text: str) -> str:
    """Replace what stands between `<!-- NAME -->` and `<!-- /NAME -->`."""
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    head, rest = document.split(start, 1)
    return f"{head}{start}\n{text}\n{end}{rest.split(end, 1)[1]}"


# --- settings ---------------------------------------------------------------------------------------------------------


def example() -> str:
    """config.example.env: for each setting one comment line, then NAME=default."""
    opening = "# Every setting with its default. Copy the lines you change to .env; the environment wins over .env."
    return opening + "\n" + "".join(f"\n# {about}\n{name}={_quoted(default)}\n" for name, default, about in described())


def settings_table() -> str:
    """The README's table of settings."""
    rows = (f"| `{name}` | {_code(default)} | {about} |" for name, default, about in described())
    return "\n".join(["| name | default | what it is |", "|---|---|---|", *rows]) + "\n"


def described() -> Iterator[tuple[str, str, str]]:
    """Each setting's name in the environment, its default as written there, and what it is for."""
    for setting in fields(Settings):
        yield setting.name.upper(), setting.metadata["default"], setting.metadata["about"]


def _quoted(default: str) -> str:
    return f'"{default}"' if " " in default else default


def _code(default: str) -> str:
    return f"`{default}`" if default else ""


# --- the tree ---------------------------------------------------------------------------------------------------------


def tree() -> str:
    """The README's tree: every source file with its own opening sentence."""
    lines = list(_listing(sorted(ROOT.glob("*.py")), indent=""))
    for room in ROOMS:
        if (ROOT / room).is_dir():
            lines += _room(ROOT / room, indent="")
    return "\n".join(["```", *lines, "```"]) + "\n"


def _room(folder: Path, indent: str) -> Iterator[str]:
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and sentence(path)]
    if not files:
        return
    yield _line(f"{indent}{folder.name}/", _purpose(folder))
    yield from _listing([path for path in files if path.name != "__init__.py"], indent + "  ")
    for below in sorted(folder.iterdir()):
        if below.is_dir() and not below.name.startswith(("_", ".")):
            yield from _room(below, indent + "  ")


def _purpose(folder: Path) -> str:
    opening = folder / "__init__.py"
    return sentence(opening) if opening.is_file() else ""


def _listing(paths: list[Path], indent: str) -> Iterator[str]:
    for path in paths:
        if path.parent.name != "tests" or not path.name.startswith("test_"):  # a test is named after what it tests
            yield _line(indent + path.name, sentence(path))


def _line(name: str, about: str) -> str:
    return f"{name:<27} {about}".rstrip()


def sentence(path: Path) -> str:
    """What a file says of itself first: a docstring's opening, a script's or a TOML's first comment, or a title."""
    if path.suffix == ".py":
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    elif path.suffix in {".md", ".toml", ".sh", ".service", ".plist", ""} and not path.name.startswith("."):
        text = _first_comment(path.read_text(encoding="utf-8"))
    else:
        return ""
    return " ".join(re.split(r"\n\n|(?<=[.!?])\s", text, maxsplit=1)[0].split())


def _first_comment(text: str) -> str:
    comments = (found[1] for line in text.splitlines() if (found := re.match(r"(?:#|<!--) (?!shellcheck)(.*)", line)))
    return next(comments, "")


if __name__ == "__main__":
    sys.exit(main())
