"""Prompts on disk are deleted without MLX: all of them, or those that are too old, and nothing else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from routing.model_backends.mlx_prompt_files import delete_prompt_files

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = f"{'a' * 16}-{'1' * 32}.safetensors", f"{'a' * 16}-{'2' * 32}.part.safetensors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompts").mkdir()
    for name, used_at in ((OLD, 1000.0), (NEW, 2000.0), ("model.safetensors", 1000.0)):
        (tmp_path / "prompts" / name).write_bytes(b"x")
        os.utime(tmp_path / "prompts" / name, (used_at, used_at))
    return tmp_path


def names(folder: Path) -> set[str]:
    return {path.name for path in (folder / "prompts").iterdir()}


def test_all_prompts_are_deleted_and_no_other_file(folder: Path) -> None:
    """A half-written one too; whatever else somebody has put there stays."""
    delete_prompt_files(folder)
    assert names(folder) == {"model.safetensors"}


def test_only_what_was_not_used_lately_is_deleted(folder: Path) -> None:
    """The time is that of the last use."""
    delete_prompt_files(folder, unused_since=1500.0)
    assert names(folder) == {NEW, "model.safetensors"}


def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    """Nobody can have the files of another folder deleted."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "prompts").symlink_to(folder / "prompts")
    delete_prompt_files(other)
    assert OLD in names(folder)


def test_a_folder_that_is_not_there_is_no_problem(tmp_path: Path) -> None:
    """Nothing was ever kept."""
    delete_prompt_files(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_deleted_is_said(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And it does not keep the others."""
    stubborn = folder / "prompts" / f"{'b' * 16}-{'3' * 32}.safetensors"
    stubborn.mkdir()
    delete_prompt_files(folder)
    assert names(folder) == {stubborn.name, "model.safetensors"}
    assert "could not be deleted" in caplog.text
