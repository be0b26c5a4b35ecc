"""Models from the hub, by its own client and a double of it: what is fetched, what is told, and each refusal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from routing.model_backends.mlx_engine.downloads import fetch_model
from routing.model_backends.mlx_engine.loading import load_model
from routing.model_backends.mlx_folder import read_model_folder
from routing.model_backends.mlx_protocol import WorkerFailure
from routing.types import LoadStage
from tests.fake_hub import FakeHub
from tests.mlx_models import make_model

NAME = "somebody/Tiny-1B"
OTHERS = {
    "modeling_tiny.py": b"raise SystemExit",
    "pytorch_model.bin": b"pickle",
    "model.gguf": b"GGUF",
    "consolidated.safetensors": b"the same again",
    "original/model.safetensors": b"and again",
    "onnx/config.json": b"{}",
    "README.md": b"# Tiny",
}

if TYPE_CHECKING:
    Progress = tuple[LoadStage, int | None, int | None]


@pytest.fixture(scope="module")
def model_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A real model's files, by name."""
    folder = make_model(tmp_path_factory.mktemp("models") / "Tiny-1B", layers=1)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def told(hub: FakeHub, cache: Path, name: str = NAME) -> WorkerFailure:
    """Fetch a model and get no further than to be told why not."""
    with pytest.raises(WorkerFailure) as caught:
        fetch_model(name, on_progress=lambda *_: None, hub_cache=cache, endpoint=hub.url)
    return caught.value


def test_a_model_is_fetched_and_runs(
    model_files: dict[str, bytes], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What is read of it, and nothing that could be run; nothing is written where the worker speaks to the bot."""
    seen: list[Progress] = []
    with FakeHub(NAME, model_files | OTHERS) as hub:
        folder = fetch_model(NAME, on_progress=lambda *step: seen.append(step), hub_cache=tmp_path, endpoint=hub.url)
        assert sorted(hub.asked) == sorted(model_files)
    assert {path.name for path in folder.iterdir()} == set(model_files)
    assert load_model(str(folder), room_bytes=None, on_progress=lambda *_: None).weight_bytes > 0
    assert read_model_folder(NAME, tmp_path).downloaded
    assert {stage for stage, _, _ in seen} == {LoadStage.DOWNLOADING}
    assert {total for _, _, total in seen} == {sum(map(len, model_files.values()))}
    assert capfd.readouterr().out == ""


def test_progress_is_told_in_bytes_to_the_end(model_files: dict[str, bytes], tmp_path: Path) -> None:
    """The last thing said is that all of it has come."""
    seen: list[Progress] = []
    with FakeHub(NAME, model_files) as hub:
        fetch_model(NAME, on_progress=lambda *step: seen.append(step), hub_cache=tmp_path, endpoint=hub.url)
    size = sum(map(len, model_files.values()))
    assert seen[-1] == (LoadStage.DOWNLOADING, size, size)


def test_a_model_that_is_there_is_not_asked_for(model_files: dict[str, bytes], tmp_path: Path) -> None:
    with FakeHub(NAME, model_files) as hub:
        first = fetch_model(NAME, on_progress=lambda *_: None, hub_cache=tmp_path, endpoint=hub.url)
        hub.refusal = (500, "")
        assert fetch_model(NAME, on_progress=lambda *_: None, hub_cache=tmp_path, endpoint=hub.url) == first


def test_a_folder_is_its_own_name(tmp_path: Path) -> None:
    """One that is not there is left for the load to tell."""
    assert fetch_model(str(tmp_path), on_progress=lambda *_: None) == tmp_path


def test_a_broken_download_goes_on_where_it_stood(model_files: dict[str, bytes], tmp_path: Path) -> None:
    with FakeHub(NAME, model_files, breaks_after_files=1) as hub:
        assert told(hub, tmp_path).kind == "ModelMissing"
        assert not read_model_folder(NAME, tmp_path).downloaded
        hub.breaks_after_files = None
        fetch_model(NAME, on_progress=lambda *_: None, hub_cache=tmp_path, endpoint=hub.url)
        assert sorted(hub.asked) == sorted(model_files)


def test_a_download_can_be_given_up(model_files: dict[str, bytes], tmp_path: Path) -> None:
    """By what is raised when its progress is told."""

    class Enough(Exception):
        pass

    def enough(*_: object) -> None:
        raise Enough

    with FakeHub(NAME, model_files) as hub, pytest.raises(Enough):
        fetch_model(NAME, on_progress=enough, hub_cache=tmp_path, endpoint=hub.url)


@pytest.mark.parametrize(
    ("refusal", "advice"),
    [
        ((401, "RepoNotFound"), "the hub has no such model, or it is private"),
        ((404, "RepoNotFound"), "the hub has no such model, or it is private"),
        ((403, "GatedRepo"), "its owner lets people in one by one"),
        ((404, "RevisionNotFound"), "it has no main branch on the hub"),
        ((403, ""), "the hub refused or failed"),
        ((500, ""), "the hub refused or failed"),
    ],
)
def test_each_refusal_has_its_own_advice(tmp_path: Path, refusal: tuple[int, str], advice: str) -> None:
    """The model is missing, not the whole backend: others can still answer."""
    with FakeHub(NAME, {}, refusal=refusal) as hub:
        failure = told(hub, tmp_path)
    assert failure.kind == "ModelMissing"
    assert str(failure).startswith(f"{NAME} cannot be downloaded: {advice}")
    assert str(failure).count(".") - NAME.count(".") == 1


def test_without_a_network_the_advice_is_to_check_it(tmp_path: Path) -> None:
    with FakeHub(NAME, {}) as hub:
        pass  # nothing listens there any more
    assert "the hub cannot be reached; check the network" in str(told(hub, tmp_path))


def test_a_name_that_is_none_is_told(tmp_path: Path) -> None:
    """The hub's client has rules of its own for names."""
    with FakeHub(NAME, {}) as hub:
        assert "no name of a model" in str(told(hub, tmp_path, "some--body/x..y"))


def test_a_repository_of_another_kind_is_told(tmp_path: Path) -> None:
    """What was made for other engines has no weights that MLX reads."""
    with FakeHub(NAME, {"config.json": b"{}", **OTHERS}) as hub:
        assert str(told(hub, tmp_path)) == f"{NAME} holds no MLX model: take one that was made for MLX."


def test_a_cache_that_cannot_be_written_is_told(model_files: dict[str, bytes], tmp_path: Path) -> None:
    """A file stands where its folder should."""
    (tmp_path / "hub").touch()
    with FakeHub(NAME, model_files) as hub:
        assert "the hub's cache cannot be written" in str(told(hub, tmp_path / "hub"))


def test_a_model_larger_than_the_disk_is_refused_before_it_comes(model_files: dict[str, bytes], tmp_path: Path) -> None:
    class Huge(bytes):
        """A file that claims more than any disk has."""

        def __len__(self) -> int:
            return 10**15

    with FakeHub(NAME, model_files | {"model-2.safetensors": Huge(b"x")}) as hub:
        failure = told(hub, tmp_path)
        assert hub.asked == []
    assert "the disk is full (1000000.0 GB are to come, and " in str(failure)


def test_offline_the_advice_is_how_to_get_it(tmp_path: Path) -> None:
    """The hub's client reads HF_HUB_OFFLINE as it starts."""
    script = (
        "from routing.model_backends.mlx_engine.downloads import fetch_model\n"
        "from routing.model_backends.mlx_protocol import WorkerFailure\n"
        "try:\n"
        f"    fetch_model({NAME!r}, on_progress=print)\n"
        "except WorkerFailure as failure:\n"
        "    print(failure.kind, failure)\n"
    )
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
        cwd=Path(__file__).parent.parent,
    )
    assert ran.stdout == (
        f"ModelMissing {NAME} cannot be downloaded: HF_HUB_OFFLINE is set; unset it, or download the model with"
        f" `hf download {NAME}`.\n"
    )
