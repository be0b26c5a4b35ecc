"""The documents say what is: their links lead somewhere, their commands exist, their examples load."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from handlers import COMMANDS
from routing.catalog import load_catalog, shipped_catalog
from scripts import documents

ROOT = documents.ROOT
DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SHELL = ("scripts/run", "scripts/test", "scripts/check", ".ci/run")


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def fenced(document: str, language: str) -> list[str]:
    """The code blocks of one language in a document."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text_of(document), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", sorted(documents.wanted()), ids=lambda path: path.name)
def test_what_is_generated_is_up_to_date(path: Path) -> None:
    """README.md and config.example.env are as `python -m scripts.documents --write` leaves them."""
    assert path.read_text(encoding="utf-8") == documents.wanted()[path]


def test_the_tree_has_every_source_file_that_is_tracked() -> None:
    """No tracked source file is missing in the README's tree; tests are named by their modules."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("this copy of the project is no git checkout")
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "*.py", "*.sh", "*.toml"]
    tracked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    unnamed = re.compile(r"(.*/)?(__init__\.py|test_\w+\.py|pyproject\.toml)")
    files = [Path(line) for line in tracked.stdout.splitlines() if not unnamed.fullmatch(line)]
    tree = documents.tree()
    assert [str(file) for file in files if (ROOT / file).exists() and f"{file.name} " not in tree] == []


def test_a_sentence_is_taken_from_each_kind_of_file(tmp_path: Path) -> None:
    """The tree's line is a docstring's first sentence, a script's first comment, or a document's title."""
    files = {
        "a.py": '"""One, e.g.this,\nover two lines. And more."""\n',
        "b.sh": "# shellcheck shell=sh\n# Does it.\n",
        "c": "#!/bin/sh\n# Runs it.\n",
        "d.md": "# The title\n\nText.\n",
        "e.txt": "# nothing\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    sentences = [documents.sentence(tmp_path / name) for name in files]
    assert sentences == ["One, e.g.this, over two lines.", "Does it.", "Runs it.", "The title", ""]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_relative_links_lead_somewhere(path: str) -> None:
    """Every link to a file of the project finds that file, and every anchor its heading."""
    prose = re.sub(r"^```.*?^```$", "", text_of(path), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", prose)
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in local if not leads_somewhere(ROOT / path, target)] == []


def leads_somewhere(source: Path, target: str) -> bool:
    """Whether a file and, where one is named, its heading exist."""
    name, _, anchor = target.partition("#")
    file = (source.parent / name) if name else source
    if not file.exists() or not anchor:
        return file.exists()
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS)
def test_paths_that_are_named_exist(path: str) -> None:
    """A file of the project named in `code` is there."""
    rooms = "|".join((*documents.ROOMS, r"\.ci"))
    named = re.findall(rf"`((?:{rooms})/[\w./-]*|[\w]+\.py)`", text_of(path))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_scripts_that_are_named_exist_and_can_be_run() -> None:
    """Every scripts/NAME and `python -m NAME` in the documents is there; shell scripts are executable."""
    everything = "\n".join(map(text_of, DOCUMENTS))
    assert set(re.findall(r"\bscripts/[a-z]+\b(?![./])", everything)) <= set(SHELL)
    modules = set(re.findall(r"python -m ((?:scripts|bench)\.[a-z_]+)", everything))
    assert [module for module in modules if not (ROOT / f"{module.replace('.', '/')}.py").is_file()] == []
    assert [path for path in SHELL if not (ROOT / path).stat().st_mode & 0o111] == []


def test_the_command_line_has_the_commands_of_the_readme() -> None:
    """What the README's table calls after scripts/run is what bot.py offers, all of it."""
    named = set(re.findall(r"^\| `scripts/run \[?([a-z]+)", text_of("README.md"), re.MULTILINE))
    shown = subprocess.run(
        [sys.executable, "bot.py", "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    offered = shown.stdout.partition("\ncommands:\n")[2]
    assert named == set(re.findall(r"^    ([a-z]+)\b", offered, re.MULTILINE))


def test_the_chat_has_the_commands_of_the_readme() -> None:
    """Every command of the table in handlers/ stands in the README's, for those who may give it, and no other."""
    named = re.findall(r"^\| `/(\w+).*\| (everyone|admins) \|$", text_of("README.md"), re.MULTILINE)
    assert dict(named) == {command.name: "admins" if command.for_admins else "everyone" for command in COMMANDS}


@pytest.mark.parametrize("example", fenced("README.md", "toml"))
def test_the_examples_of_models_are_accepted(example: str, tmp_path: Path) -> None:
    """What the README shows of models.toml is a models.toml that is taken without a problem."""
    models_file = tmp_path / "models.toml"
    models_file.write_text(example, encoding="utf-8")
    before, after = shipped_catalog(), load_catalog(models_file)
    assert after != before


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    """CHANGELOG.md begins with what is not released yet, and says something there."""
    assert re.search(r"^# Changelog\n.*?^## Unreleased\n\n- ", text_of("CHANGELOG.md"), re.MULTILINE | re.DOTALL)


def test_decisions_are_dated_and_in_order() -> None:
    """Every decision begins with its day, and the newest is last."""
    headings = re.findall(r"^## (.*)$", text_of("docs/decisions.md"), re.MULTILINE)
    days = [heading[:10] for heading in headings]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", day) for day in days)
    assert days == sorted(days)
