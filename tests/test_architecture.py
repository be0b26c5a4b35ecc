"""The plan of the house, read from the code itself: which way imports run, and what no module may do."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent

# What each room may import of ours, beside itself. A room not named here may not exist.
MAY_IMPORT = {
    "bot": {"handlers", "terminal", "service", "dialogue", "storage", "routing", "settings", "logs"},
    "handlers": {"dialogue", "storage", "routing", "settings", "log_context"},
    "terminal": {"service", "dialogue", "storage", "routing", "settings", "log_context"},
    "service": set(),
    "dialogue": {"storage", "routing", "settings", "log_context"},
    "logs": {"settings", "routing", "log_context", "log_handlers"},
    "log_context": set(),
    "log_handlers": set(),
    "settings": {"routing"},
    "storage": {"routing"},
    "routing": set(),
    "scripts": {"dialogue", "storage", "routing", "settings"},
}
OUTSIDE = {"tests", "bench"}  # these may look into every room

MLX_WORKER = r"routing/model_backends/mlx_(worker\.py|engine/)"
# The one home of each foreign library, as patterns of module paths. A library not named here is not used.
HOMES = {
    "aiohttp": r"routing/model_backends/|handlers/transport\.py",
    "aiosqlite": r"storage/",
    "certifi": r"handlers/transport\.py",
    "dotenv": r"settings\.py",
    "huggingface_hub": MLX_WORKER,
    "jinja2": MLX_WORKER,
    "markdown_it": r"routing/(markdown_\w+|response_formatter)\.py",
    "mlx": MLX_WORKER,
    "mlx_lm": MLX_WORKER,
    "numpy": r"routing/(benefit|chunk_sums|hashed_rows|stored_weights|success|task_heads)\.py|scripts/train\w+\.py",
    "pint": r"routing/answers/",
    "rich": r"terminal/",
    "scipy": r"scripts/train_\w+\.py",
    "sklearn": r"scripts/train_\w+\.py",
    "sqlite3": r"storage/",
    "telegram": r"handlers/|bot\.py",
    "transformers": MLX_WORKER,
    "wcwidth": r"routing/(markdown_table|message_splitter)\.py",
}
PACKAGES = {"dotenv": "python-dotenv", "markdown_it": "markdown-it-py", "telegram": "python-telegram-bot"}

# The one comes with Python, the others only train the router's weights (requirements-dev.txt).
NOT_PINNED = {"sqlite3", "scipy", "sklearn"}

CATCHES_EVERYTHING = {"bot.py", "handlers/failures.py"}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}


def paths(*rooms: str) -> list[str]:
    """The modules of these rooms, from the project's folder on."""
    found = [ROOT / f"{room}.py" for room in rooms]
    for room in rooms:
        found += (ROOT / room).rglob("*.py")
    return sorted(path.relative_to(ROOT).as_posix() for path in found if path.is_file())


PRODUCT = paths(*MAY_IMPORT)
EVERYTHING = PRODUCT + paths(*OUTSIDE)


@cache
def parsed(path: str) -> ast.Module:
    """One module's syntax."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=path)


def room_of(path: str) -> str:
    """The first part of a module's name: routing for routing/types.py, bot for bot.py."""
    return path.split("/", maxsplit=1)[0].removesuffix(".py")


def imports_of(path: str) -> Iterator[tuple[int, str]]:
    """Every module that a module imports, anywhere in it, with the line."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def name_of(node: ast.expr | None) -> str:
    """A dotted name as it is written, or nothing."""
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


# --- directions -------------------------------------------------------------------------------------------------------


def test_every_folder_of_code_is_a_known_room() -> None:
    """Code stands in a room of the plan, so that its direction is known."""
    modules = [path.stem for path in ROOT.glob("*.py")]
    folders = [path.parent.name for path in ROOT.glob("*/*.py")]
    assert set(modules + folders) <= set(MAY_IMPORT) | OUTSIDE


@pytest.mark.parametrize("path", PRODUCT)
def test_imports_run_one_way(path: str) -> None:
    """A module imports of ours only what lies below its room."""
    ours = set(MAY_IMPORT) | OUTSIDE
    allowed = MAY_IMPORT[room_of(path)] | {room_of(path)}
    wrong = [(line, name) for line, name in imports_of(path) if name.split(".")[0] in ours - allowed]
    assert wrong == []


@pytest.mark.parametrize("path", EVERYTHING)
def test_imports_are_absolute(path: str) -> None:
    """What a module imports is named in full, so that it can be found by its name."""
    assert [(line, name) for line, name in imports_of(path) if name.startswith(".")] == []


@pytest.mark.parametrize("path", PRODUCT)
def test_each_foreign_library_stays_in_its_home(path: str) -> None:
    """A library is spoken to in one place, and exchanged there."""
    own = set(MAY_IMPORT) | OUTSIDE
    foreign = {(line, name.split(".")[0]) for line, name in imports_of(path) if name.split(".")[0] not in own}
    guarded = {(line, name) for line, name in foreign if name in HOMES or name not in sys.stdlib_module_names}
    assert [(line, name) for line, name in guarded if not re.match(HOMES.get(name, "$"), path)] == []


def test_what_is_pinned_is_what_is_used() -> None:
    """requirements.txt names each foreign library that is used, with its exact version, and no other."""
    pinned = re.findall(
        r"^([a-z0-9_-]+)==[\d.]+", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    used = {name.split(".")[0] for path in PRODUCT for _, name in imports_of(path)} & set(HOMES) - NOT_PINNED
    assert {PACKAGES.get(name, name.replace("_", "-")) for name in used} == set(pinned)


# --- what no module does ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PRODUCT)
def test_only_the_outermost_code_catches_everything(path: str) -> None:
    """A bug passes through everywhere but where a person or a log is told of it."""
    if path in CATCHES_EVERYTHING:
        return
    handlers = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.ExceptHandler)]
    calls = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)]
    assert [node.lineno for node in handlers if catches_everything(node)] == []
    assert [
        node.lineno for node in calls if name_of(node.func).endswith("suppress") and any(map(is_all, node.args))
    ] == []


def catches_everything(handler: ast.ExceptHandler) -> bool:
    """A bare except, or one of the classes that every bug belongs to without raising it again."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    raises_again = any(isinstance(node, ast.Raise) and node.exc is None for node in ast.walk(handler))
    return handler.type is None or (any(map(is_all, caught)) and not raises_again)


def is_all(node: ast.expr | None) -> bool:
    """One of the two classes that every bug belongs to."""
    return name_of(node) in {"Exception", "BaseException"}


@pytest.mark.parametrize("path", PRODUCT)
def test_no_error_is_dropped_without_a_word(path: str) -> None:
    """Where an error is ignored, contextlib.suppress says so, and which."""
    handlers = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.ExceptHandler)]
    assert [node.lineno for node in handlers if all(isinstance(line, ast.Pass) for line in node.body)] == []


@pytest.mark.parametrize("path", PRODUCT)
def test_nobody_rebinds_a_name_of_the_module(path: str) -> None:
    """State lives in objects, not in modules."""
    assert [node.lineno for node in ast.walk(parsed(path)) if isinstance(node, ast.Global)] == []


@pytest.mark.parametrize("path", PRODUCT)
def test_a_module_only_defines(path: str) -> None:
    """At the top of a module stand names, not work: no loop, no call for its effect, no attempt."""
    assert [node.lineno for node in parsed(path).body if not is_definition(node)] == []


def is_definition(node: ast.stmt) -> bool:
    """Definitions, imports, constants, docstrings, and the two guards `TYPE_CHECKING` and `__main__`."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.If):
        return ast.unparse(node.test) in {"TYPE_CHECKING", "__name__ == '__main__'"}
    return isinstance(
        node,
        ast.Import
        | ast.ImportFrom
        | ast.FunctionDef
        | ast.AsyncFunctionDef
        | ast.ClassDef
        | ast.Assign
        | ast.AnnAssign,
    )


# Watches what an import does: nothing may be connected, started, opened for writing or looked up.
WATCHED_IMPORT = """
import importlib, os, sys

FORBIDDEN = {"socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "sqlite3.connect",
             "os.mkdir", "os.remove", "os.rename", "_thread.start_new_thread"}
ROOT = os.getcwd()
done = []

def watch(event, args):
    name = args[0] if args else ""
    of_ours = isinstance(name, str) and name.startswith(ROOT) and "__pycache__" not in name and ".venv" not in name
    writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if event in FORBIDDEN or (of_ours and writes):
        done.append((event, str(name)))

sys.dont_write_bytecode = True
sys.addaudithook(watch)
for module in sys.argv[1:]:
    importlib.import_module(module)
print(done)
"""


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_an_import_does_nothing(room: str) -> None:
    """Importing every module of a room connects to nothing, starts nothing and writes nothing."""
    modules = [path.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for path in paths(room)]
    command = [sys.executable, "-c", WATCHED_IMPORT, *modules]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stdout.strip(), ran.stderr) == ("[]", "")


def test_routing_needs_neither_telegram_nor_sql() -> None:
    """Another program can use routing without the libraries of the other rooms."""
    program = "import sys, routing; print(sorted({'telegram', 'aiosqlite', 'rich', 'dotenv'} & set(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout.strip() == "[]"


# --- names and sentences ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EVERYTHING)
def test_a_module_opens_with_one_sentence(path: str) -> None:
    """The first paragraph of a module's docstring is one sentence: its line in the README's tree."""
    opening = (ast.get_docstring(parsed(path)) or "").split("\n\n")[0]
    assert re.fullmatch(r"[^\n]+\.", opening)
    assert not re.search(r"[.!?] [A-Z]", opening)


@pytest.mark.parametrize("path", EVERYTHING)
def test_a_module_is_named_after_what_it_does(path: str) -> None:
    """No module is a drawer for everything."""
    assert Path(path).stem not in EMPTY_NAMES


@pytest.mark.parametrize("path", EVERYTHING)
def test_nothing_is_mocked(path: str) -> None:
    """Tests use real parts, or doubles that behave as the real ones do; none of them needs unittest.mock."""
    assert [line for line, name in imports_of(path) if name.startswith(("unittest", "mock", "pytest_mock"))] == []
    assert "monkeypatch.setattr" not in names_in(path)


def names_in(path: str) -> set[str]:
    """Every name a module uses, as it is written: `len`, `pytest.mark.skip`."""
    return {name_of(node) for node in ast.walk(parsed(path)) if isinstance(node, ast.expr)}


# --- tests ------------------------------------------------------------------------------------------------------------

TESTS = [path for path in paths("tests") if "/test_" in path]


@pytest.mark.parametrize("path", TESTS)
def test_every_test_can_fail(path: str) -> None:
    """A test asserts something, itself or through a function whose name says that it does."""
    functions = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    tests = [function for function in functions if function.name.startswith("test_")]
    assert tests
    assert [test.name for test in tests if not any(asserts(node) for node in ast.walk(test))] == []


def asserts(node: ast.AST) -> bool:
    """An assertion, `pytest.raises`, or a call of something named assert_..., expect_... or check_...."""
    if isinstance(node, ast.Assert):
        return True
    called = name_of(node.func).rsplit(".", 1) if isinstance(node, ast.Call) else [""]
    return called[-1] in {"raises", "warns", "fail"} or called[-1].startswith(("assert_", "expect_", "check_"))


@pytest.mark.parametrize("path", TESTS)
def test_no_test_is_switched_off(path: str) -> None:
    """A test that does not hold is mended or deleted; it is skipped only where its machine lacks something."""
    assert {"pytest.mark.skip", "pytest.mark.xfail"} & names_in(path) == set()
