"""The shell scripts: one command makes everything that is missing, mends what is broken, and starts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# A bot that shows what reached it.
BOT = """
import os, sys
print(sys.argv[1:], os.path.basename(os.getcwd()), sys.stdin.read())
sys.exit(7)
"""
INSTALLING = "installing the packages"


def project(folder: Path, requirements: str = "") -> Path:
    """A project with the real scripts, a small bot, and packages that need no network."""
    shutil.copytree(ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (folder / "bot.py").write_text(BOT, encoding="utf-8")
    (folder / "requirements.txt").write_text(requirements, encoding="utf-8")
    return folder


def run(folder: Path, *arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [folder / "scripts" / "run", *arguments],
        cwd=cwd,
        input="a line",
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in a folder with a space in its name, after its first run."""
    folder = project(tmp_path_factory.mktemp("a project") / "with spaces")
    assert INSTALLING in run(folder, cwd=folder).stderr
    return folder


def test_arguments_input_and_status_pass_through(installed: Path, tmp_path: Path) -> None:
    """From any folder, bot.py gets the arguments and the input as they are, and its status is the script's."""
    ran = run(installed, "ask", "two words", "*", "", cwd=tmp_path)
    assert ran.stdout.strip() == "['ask', 'two words', '*', ''] with spaces a line"
    assert ran.returncode == 7


def test_the_second_start_installs_nothing(installed: Path, tmp_path: Path) -> None:
    """When nothing changed, the script only starts the bot."""
    assert run(installed, cwd=tmp_path).stderr == ""


def test_a_changed_list_is_installed(installed: Path, tmp_path: Path) -> None:
    """A requirements.txt that changed is installed once, into the environment that is there."""
    (installed / ".venv" / "keepsake").touch()
    (installed / "requirements.txt").write_text("# changed\n", encoding="utf-8")
    assert INSTALLING in run(installed, cwd=tmp_path).stderr
    assert run(installed, cwd=tmp_path).stderr == ""
    assert (installed / ".venv" / "keepsake").exists()


def test_an_environment_that_lost_its_python_is_made_anew(installed: Path, tmp_path: Path) -> None:
    """When the Python it was made with is gone, the next start makes the environment again."""
    for name in (installed / ".venv" / "bin").glob("python*"):
        name.unlink()
        name.symlink_to(tmp_path / "gone")
    assert run(installed, cwd=tmp_path).returncode == 7


def test_a_failed_installation_is_said_and_done_again(tmp_path: Path) -> None:
    """A package that cannot be installed is a clear sentence; with the reason gone, the next run starts afresh."""
    folder = project(tmp_path / "project", "./not-there\n")
    failed = run(folder, cwd=tmp_path)
    assert failed.returncode == 1
    assert failed.stderr.endswith("Run this again once it is gone.\n")
    (folder / ".venv" / "half").touch()
    (folder / "requirements.txt").write_text("", encoding="utf-8")
    assert run(folder, cwd=tmp_path).returncode == 7
    assert not (folder / ".venv" / "half").exists()


def test_uv_is_used_where_it_is_installed(tmp_path: Path) -> None:
    """It makes the environment and installs into it; once it is gone, an environment without pip is made anew."""
    folder, tools = project(tmp_path / "project"), tmp_path / "tools"
    tools.mkdir()
    (tools / "uv").write_text(
        f'#!/bin/sh\necho "$*" >>"{tmp_path}/calls"\n'
        f'[ "$1" = pip ] || exec "{sys.executable}" -m venv --without-pip .venv\n',
        encoding="utf-8",
    )
    (tools / "uv").chmod(0o755)
    with_uv = f"{tools}{os.pathsep}{os.environ['PATH']}"
    assert [run(folder, cwd=tmp_path, PATH=with_uv).returncode for _ in range(2)] == [7, 7]
    assert (tmp_path / "calls").read_text(encoding="utf-8").splitlines() == [
        "venv --quiet --python >=3.11 .venv",
        "pip install --quiet --python .venv/bin/python -r requirements.txt",
    ]
    if shutil.which("uv"):
        return
    (folder / "requirements.txt").write_text("# changed\n", encoding="utf-8")
    assert run(folder, cwd=tmp_path).returncode == 7


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac's Homebrew is looked at whatever PATH says")
@pytest.mark.parametrize("old", [False, True], ids=["none", "too old"])
def test_without_a_python_it_says_how_to_get_one(tmp_path: Path, *, old: bool) -> None:
    """A machine without Python 3.11 is told what to install."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("sh", "dirname", "uname", "cat", "cksum", "rm"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    if old:
        (tools / "python3").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (tools / "python3").chmod(0o755)
    ran = run(project(tmp_path / "project"), cwd=tmp_path, PATH=str(tools))
    assert ran.returncode == 1
    assert ran.stderr.startswith("Switchboard: Python 3.11 or newer is needed, and there is none here. Install it")


def test_the_scripts_are_portable() -> None:
    """The scripts are free of what shellcheck knows to go wrong."""
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    scripts = [
        "scripts/run",
        "scripts/test",
        "scripts/check",
        "scripts/environment.sh",
        "scripts/packages.sh",
        ".ci/run",
    ]
    checked = subprocess.run(["shellcheck", "-x", *scripts], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.stdout == ""
