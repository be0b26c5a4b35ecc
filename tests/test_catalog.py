"""models.toml: what it adds, overrides and disables, and that every bad entry is told with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routing.catalog import Catalog, Server, load_catalog, overlay, shipped_catalog
from routing.errors import InvalidConfiguration
from routing.types import ModelCapability, SpeedClass

if TYPE_CHECKING:
    from pathlib import Path

    from routing.types import ModelMetadata


@pytest.fixture
def models_file(tmp_path: Path) -> Path:
    return tmp_path / "models.toml"


def read(models_file: Path, text: str) -> Catalog:
    """The catalog with this file laid over it."""
    models_file.write_text(text, encoding="utf-8")
    return load_catalog(models_file)


def model_of(catalog: Catalog, model_id: str) -> ModelMetadata:
    return next(model for model in catalog.models if model.model_id == model_id)


def problems(models_file: Path, text: str) -> list[str]:
    """What is said of a bad file, without its path."""
    with pytest.raises(InvalidConfiguration) as raised:
        read(models_file, text)
    assert all(str(models_file) in problem for problem in raised.value.problems)
    return [problem.removeprefix(f"{models_file}:") for problem in raised.value.problems]


# --- what a file can do -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "# nothing\n", "[models]\n"])
def test_a_file_that_says_nothing_changes_nothing(models_file: Path, text: str) -> None:
    """Nor does one that is not there, or none at all."""
    assert read(models_file, text) == shipped_catalog()
    assert load_catalog(models_file.with_name("other.toml")) == load_catalog(None) == shipped_catalog()


def test_single_values_are_overridden(models_file: Path) -> None:
    """The rest stays; quality and options are merged value by value; the order of the catalog stays too."""
    text = """
        [models.ollama_qwen25_7b]
        name = "qwen2.5:7b"
        tokens_per_second = 60.5
        quality = { code = 0.9 }
        capabilities = ["general", "vision"]
        speed_class = "slow"
        [models.ollama_qwen25_7b.options]
        num_ctx = 8192
        keep_alive = "1h"
    """
    catalog = read(models_file, text)
    before, after = model_of(shipped_catalog(), "ollama_qwen25_7b"), model_of(catalog, "ollama_qwen25_7b")
    assert [model.model_id for model in catalog.models] == [model.model_id for model in shipped_catalog().models]
    assert (after.backend_name, after.tokens_per_second, after.speed_class) == ("qwen2.5:7b", 60.5, SpeedClass.SLOW)
    assert (after.quality.general, after.quality.code) == (before.quality.general, 0.9)
    assert after.capabilities == {ModelCapability.GENERAL, ModelCapability.VISION}
    assert after.options == {"num_ctx": 8192, "keep_alive": "1h"}
    assert (after.display_name, after.cost) == (before.display_name, before.cost)


def test_a_model_is_disabled(models_file: Path) -> None:
    """It stays in the list, switched off."""
    catalog = read(models_file, "[models.lmstudio_llava]\nenabled = false\n")
    assert not model_of(catalog, "lmstudio_llava").enabled
    assert sum(model.enabled for model in catalog.models) == 9


def test_a_model_is_added_with_what_is_known_of_it(models_file: Path) -> None:
    """Backend and name are enough; the rest comes from its size."""
    text = '[models.mine]\nbackend = "ollama"\nname = "somebody/great-coder:14b-q4_K_M"\n'
    model = model_of(read(models_file, text), "mine")
    assert (model.display_name, model.size) == ("great-coder:14b-q4_K_M", "14B")
    assert model.quality.code > model.quality.general
    assert (model.cost, model.speed_class) == (0.5, SpeedClass.MEDIUM)
    assert (model.enabled, model.discovered) == (True, False)


def test_what_the_entry_says_of_a_new_model_holds(models_file: Path) -> None:
    """Over what its size would suggest."""
    text = """
        [models.mine]
        backend = "lmstudio"
        name = "x"
        display_name = "Mine"
        size = "32B"
        cost = 0.2
        tokens_per_second = 200
        context_tokens = 1000
        thinking = true
        quality = { general = 0.99, code = 0.1, reasoning = 0.2 }
    """
    model = model_of(read(models_file, text), "mine")
    assert (model.display_name, model.cost, model.context_tokens, model.thinking) == ("Mine", 0.2, 1000, True)
    assert (model.speed_class, model.quality.reasoning) == (SpeedClass.ULTRA_FAST, 0.2)


def test_a_server_is_added_and_its_models_name_it(models_file: Path) -> None:
    """Any OpenAI-compatible one; a trailing slash does not matter."""
    text = """
        [servers.vllm]
        url = "http://gpu:8000/v1/"
        api_key_env = "VLLM_KEY"
        generations = 4
        check_model = false
        [servers.other]
        url = "https://other"
        [models.big]
        backend = "vllm"
        name = "Qwen/Qwen2.5-72B-Instruct"
    """
    catalog = read(models_file, text)
    assert catalog.servers == (
        Server("vllm", "http://gpu:8000/v1", api_key_env="VLLM_KEY", generations=4, check_model=False),
        Server("other", "https://other"),
    )
    assert model_of(catalog, "big").backend == "vllm"


def test_every_option_has_its_shape(models_file: Path) -> None:
    """All of them, in every form that they take."""
    options = """
        num_ctx = 4096
        keep_alive = -1
        think = "high"
        temperature = 0
        top_p = 0.9
        top_k = 40
        min_p = 0.05
        repeat_penalty = 1.1
        presence_penalty = -1.5
        frequency_penalty = 0.5
        seed = -7
        stop = ["</s>", "###"]
        max_tokens = 100
        ttl = 60
        draft_model = "small"
        check_model = false
    """
    text = f'[models.mine]\nbackend = "ollama"\nname = "x"\n[models.mine.options]\n{options}'
    model = model_of(read(models_file, text), "mine")
    assert len(model.options) == 16
    assert (model.options["think"], model.options["stop"]) == ("high", ["</s>", "###"])


# --- what is refused --------------------------------------------------------------------------------------------------

BAD = [
    ("cost = 2", "2 is not between 0 and 1"),
    ("cost = -0.1", "-0.1 is not between 0 and 1"),
    ("cost = nan", "nan is not between 0 and 1"),
    ('cost = "much"', "'much' is not a number"),
    ("cost = true", "True is not a number"),
    ("context_tokens = 1.5", "1.5 is not a whole number"),
    ("context_tokens = 10", "10 is not between 256 and 100000000"),
    ("tokens_per_second = 0", "0 is not between 0.01 and 100000"),
    ("ram_gb = inf", "inf is not between 0 and 10000"),
    ("display_name = 7", "7 is not a text"),
    ('display_name = "  "', "'  ' is not a text"),
    ('speed_class = "warp"', "'warp' is not one of ultra_fast, fast, medium, slow, very_slow"),
    ('capabilities = "code"', "'code' is not a list of capabilities"),
    ("capabilities = []", "[] is not a list of capabilities"),
    ('capabilities = ["code", "smell"]', "'smell' is not one of general, code"),
    ("enabled = 1", "1 is neither true nor false"),
    ('thinking = "yes"', "'yes' is neither true nor false"),
    ("quality = 0.9", "0.9 is not a table"),
    ("options = []", "[] is not a table"),
    ('colour = "red"', "is not a known entry; known are backend, name"),
    ('backend = "nobody"', "'nobody' is neither ollama, lmstudio, mlx nor a [servers.NAME]"),
]


@pytest.mark.parametrize(("entry", "reason"), BAD, ids=[entry for entry, _ in BAD])
def test_a_bad_entry_is_refused_with_its_line_and_reason(models_file: Path, entry: str, reason: str) -> None:
    """The line is that of the entry itself."""
    (problem,) = problems(models_file, f"# mine\n[models.ollama_qwen25_7b]\nsize = '7B'\n{entry}\n")
    key = entry.split(" ", maxsplit=1)[0]
    assert problem.startswith(f"4: models.ollama_qwen25_7b.{key}: ")
    assert reason in problem


@pytest.mark.parametrize(
    ("entry", "where"),
    [
        ("options = { num_ctx = 1 }", "options.num_ctx"),
        ("options = { think = 'hard' }", "options.think"),
        ("options = { stop = [1] }", "options.stop"),
        ("options = { nonsense = 1 }", "options.nonsense"),
        ("quality = { general = 1.5 }", "quality.general"),
        ("quality = { maths = 0.5 }", "quality.maths"),
    ],
)
def test_a_bad_value_within_is_refused(models_file: Path, entry: str, where: str) -> None:
    """In options and quality as well."""
    (problem,) = problems(models_file, f"[models.ollama_qwen25_7b]\n{entry}\n")
    assert problem.startswith(f"2: models.ollama_qwen25_7b.{where}: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[models.new]\nname = 'x'\n", "1: models.new: no shipped model has this id"),
        ("[models]\nnew = 3\n", "2: models.new: should be a table, [models.new]"),
        ("models = 3\n", "1: models: should be tables, [models.NAME]"),
        ("[model.x]\nname = 'x'\n", "1: model: is not a known entry; known are models, servers"),
        ("[models.builtin]\nbackend = 'ollama'\nname = 'x'\n", "1: models.builtin: 'builtin' cannot be the id"),
        ("[servers.x]\ngenerations = 2\n", "1: servers.x: needs a `url`"),
        ("[servers.ollama]\nurl = 'http://x'\n", "1: servers.ollama: this name is taken by a backend"),
        ("[servers.x]\nurl = 'gpu:8000'\n", "2: servers.x.url: is not an address such as"),
        ("[servers.x]\nurl = 'http://'\n", "2: servers.x.url: is not an address such as"),
        ("[servers.x]\nurl = 'http://x'\nkind = 'mlx'\n", "3: servers.x.kind: is not a known entry"),
        ("[servers.x]\nurl = 'http://x'\ngenerations = 0\n", "3: servers.x.generations: 0 is not between 1"),
        ("[models.'qwen2.5:7b']\nbackend = 'ollama'\nname = 'x'\ncost = 9\n", "4: models.qwen2.5:7b.cost: 9 is not"),
    ],
)
def test_an_entry_that_cannot_be_meant_is_refused(models_file: Path, text: str, said: str) -> None:
    """A new model without a name, a table that is none, names that are taken, addresses that are none."""
    (problem,) = problems(models_file, text)
    assert problem.startswith(said)


def test_all_problems_are_told_at_once(models_file: Path) -> None:
    """In the order of the file's lines."""
    text = """[models.a]
name = "x"
[models.ollama_qwen25_7b]
cost = 5
sise = "7B"

[models.ollama_qwen25_14b.options]
num_ctx = "big"
[servers.s]
url = 3
"""
    found = problems(models_file, text)
    assert [problem.split(":")[0] for problem in found] == ["1", "4", "5", "8", "10"]


def test_no_password_of_an_address_is_repeated(models_file: Path) -> None:
    """The message names the line, and the line has it."""
    (problem,) = problems(models_file, "[servers.x]\nurl = 'ftp://me:hunter2@gpu'\n")
    assert "hunter2" not in problem


@pytest.mark.parametrize("text", ["[models", "a = ", "[models.x]\ncost = 1\ncost = 2\n", "x = \x00"])
def test_what_is_no_toml_is_told(models_file: Path, text: str) -> None:
    """With the line, as far as the parser knows it."""
    models_file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidConfiguration, match=r"not valid TOML: .*(line|document)"):
        load_catalog(models_file)


def test_what_cannot_be_read_is_told(models_file: Path) -> None:
    """Letters that are no UTF-8, and a folder in the file's place; a byte order mark is no problem."""
    models_file.write_bytes(b'[models.x]\nname = "\xff"\n')
    with pytest.raises(InvalidConfiguration, match="cannot be read as text"):
        load_catalog(models_file)
    with pytest.raises(InvalidConfiguration, match="cannot be read as text"):
        overlay(shipped_catalog(), models_file.parent)
    models_file.write_bytes(b"\xef\xbb\xbf[models.lmstudio_llava]\nenabled = false\n")
    assert not model_of(load_catalog(models_file), "lmstudio_llava").enabled
