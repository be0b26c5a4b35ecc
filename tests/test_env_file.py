"""Single settings are written into .env, and what else is there stays."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from terminal.env_file import write_settings

if TYPE_CHECKING:
    from pathlib import Path


def test_other_lines_stay_as_they_are(tmp_path: Path) -> None:
    """Comments, blank lines and other settings are untouched; a name that stands twice stands once, in its place."""
    path = tmp_path / ".env"
    path.write_text("# mine\nA=1\n\nexport B = old\nC='x # y'\nB=older\nlast without end")
    write_settings(path, {"B": "new", "D": "added"})
    assert path.read_text() == "# mine\nA=1\n\nB=new\nC='x # y'\nlast without end\nD=added\n"


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """The token is nobody else's, even where the old file was open to others; nothing is left beside it."""
    path = tmp_path / ".env"
    for _ in range(2):
        write_settings(path, {"A": "1"})
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o666)
    assert [file.name for file in tmp_path.iterdir()] == [".env"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Whoever keeps the file elsewhere finds it there."""
    (tmp_path / "real").write_text("A=1\n")
    (tmp_path / ".env").symlink_to(tmp_path / "real")
    write_settings(tmp_path / ".env", {"A": "2"})
    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "real").read_text() == "A=2\n"


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    """A value that cannot be written changes nothing and leaves nothing behind."""
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    with pytest.raises(UnicodeEncodeError):
        write_settings(path, {"A": "\ud800"})
    assert path.read_text() == "A=1\n"
    assert [file.name for file in tmp_path.iterdir()] == [".env"]


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=40))
def test_a_value_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    """Quotes, backslashes, spaces and number signs survive."""
    path = tmp_path_factory.mktemp("home") / ".env"
    write_settings(path, {"A": value, "B": "1"})
    assert dotenv_values(path, interpolate=False) == {"A": value, "B": "1"}
