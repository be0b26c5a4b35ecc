"""Log files are shown from their end, and followed through whatever becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import pytest

from service.log_view import LogView, last_lines

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.log"


class Shown(list[str]):
    """What a view of some files shows."""

    def __init__(self, *paths: Path, lines: int = 0) -> None:
        super().__init__()
        self.view = LogView(paths, self.append)
        self.has_shown = self.view.show_last(lines)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.view.close()

    def new(self) -> list[str]:
        """What is new since the last look."""
        del self[:]
        self.view.show_new()
        return [line for line in self if not line.startswith("==>")]


def test_the_last_lines_are_shown(path: Path) -> None:
    """As many as there are, and as are asked for; no file has none."""
    assert last_lines(path, 5) == []
    path.write_text("one\ntwo\nthree\n")
    assert last_lines(path, 2) == ["two", "three"]
    assert last_lines(path, 9) == ["one", "two", "three"]
    assert last_lines(path, 0) == []


def test_a_huge_file_is_read_from_its_end(path: Path) -> None:
    """Only its last part is looked at, however much is asked for."""
    path.write_text("a line\n" * 500_000)
    assert 100_000 < len(last_lines(path, 500_000)) < 200_000


def test_what_a_terminal_would_obey_is_not_shown(path: Path) -> None:
    """Nor bytes that are no text."""
    path.write_bytes(b"a\x1b[2Jb\tc\xffd\x07\n")
    assert last_lines(path, 1) == ["a\ufffd[2Jb\tc\ufffdd\ufffd"]


def test_new_lines_are_shown_once_they_are_whole(path: Path) -> None:
    """Not what was there before, and each line once."""
    path.write_text("old\nhalf")
    with Shown(path) as shown:
        assert shown.new() == []
        with path.open("a") as file:
            file.write(" of it\nnew\nbegun")
        assert shown.new() == [" of it", "new"]
        assert shown.new() == []
        with path.open("a") as file:
            file.write(" and ended\n")
        assert shown.new() == ["begun and ended"]


def test_a_file_that_is_begun_anew_is_followed(path: Path) -> None:
    """The last lines of the old one are not missed."""
    path.write_text("old\n")
    with Shown(path) as shown:
        with path.open("a") as file:
            file.write("last of the old\n")
        path.rename(path.with_name("bot.log.1"))
        path.write_text("first of the new\n")
        assert shown.new() == ["last of the old", "first of the new"]
        with path.open("a") as file:
            file.write("second\n")
        assert shown.new() == ["second"]


def test_a_file_that_is_emptied_is_followed(path: Path) -> None:
    """As the console's is at a start."""
    path.write_text("a long line that was there before\n")
    with Shown(path) as shown:
        path.write_text("new\n")
        assert shown.new() == ["new"]


def test_a_file_that_comes_later_is_followed(path: Path) -> None:
    """And one that is deleted meanwhile is no fault."""
    with Shown(path) as shown:
        assert shown.new() == []
        path.write_text("first\n")
        assert shown.new() == ["first"]
        path.unlink()
        assert shown.new() == []
        path.write_text("second\n")
        assert shown.new() == ["second"]


def test_a_heading_tells_the_files_apart(path: Path, tmp_path: Path) -> None:
    """It stands where the lines change from one file to the other, and where there are none there is none."""
    other, empty = tmp_path / "console.log", tmp_path / "empty.log"
    path.write_text("one\ntwo\n")
    other.write_text("three\n")
    with Shown(path, empty, other, lines=5) as shown:
        assert list(shown) == [f"==> {path} <==", "one", "two", f"==> {other} <==", "three"]
        with other.open("a") as file:
            file.write("four\n")
        assert [*shown.new(), *shown] == ["four", "four"]
    with Shown(empty, lines=5) as shown:
        assert not shown.has_shown
