"""Settings: what is written, in the environment or in .env, is what the bot gets, or a sentence says why not."""

from __future__ import annotations

import re
from dataclasses import Field, FrozenInstanceError, fields
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from routing.errors import InvalidConfiguration
from routing.types import RoutingStrategy
from scripts import documents
from settings import Settings, misspelt, readable_by_others

TOKEN = "123456789:AAF-secret_secret_secret_secret_secre"


def load(**environ: str) -> Settings:
    return Settings.load(environ, dotenv=None)


def problems_of(**environ: str) -> tuple[str, ...]:
    with pytest.raises(InvalidConfiguration) as caught:
        load(**environ)
    return caught.value.problems


# --- one truth in three places ----------------------------------------------------------------------------------------


def test_the_example_gives_the_defaults() -> None:
    """config.example.env, taken as .env as it is, changes nothing."""
    assert Settings.load({}, dotenv=documents.EXAMPLE) == Settings()


def test_the_example_names_every_setting_with_its_default_and_comment() -> None:
    """config.example.env has, for each setting, one comment line and then NAME=default."""
    written = re.findall(r"^# (.+)\n([A-Z_]+)=(.*)$", documents.EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    expected = [(about, name, default) for name, default, about in documents.described()]
    assert [(about, name, default.strip('"')) for about, name, default in written] == expected


def test_the_readme_names_every_setting_with_its_default_and_comment() -> None:
    """The README's table has one row for each setting, with the same default and the same words."""
    rows = re.findall(
        r"^\| `([A-Z_]+)` \| (.*) \| (.+) \|$", documents.README.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [(name, default.strip("`"), about) for name, default, about in rows] == list(documents.described())


def test_the_example_has_a_line_for_nothing_else() -> None:
    """No setting is in config.example.env that the bot does not know."""
    assert set(dotenv_values(documents.EXAMPLE)) == {setting.name.upper() for setting in fields(Settings)}


# --- where settings come from -----------------------------------------------------------------------------------------


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """What the environment says is taken; what it leaves out comes from .env."""
    dotenv = tmp_path / ".env"
    dotenv.write_text("MAX_COST=0.2\nMAX_TOKENS=300\n", encoding="utf-8")
    settings = Settings.load({"MAX_COST": "0.9"}, dotenv=dotenv)
    assert (settings.max_cost, settings.max_tokens) == (0.9, 300)


def test_the_environment_of_the_process_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an environment given, the process's own is read."""
    monkeypatch.setenv("MAX_TOKENS", "123")
    assert Settings.load(dotenv=None).max_tokens == 123


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    """Without .env the defaults stand."""
    assert Settings.load({}, dotenv=tmp_path / ".env") == Settings()


def test_names_that_are_not_settings_are_left_alone(tmp_path: Path) -> None:
    """A .env shared with other programs may hold what it likes."""
    dotenv = tmp_path / ".env"
    dotenv.write_text("SWITCHBOARD_COLOUR=blue\nMAX_COSTS=12\nexport PATHLIKE\n", encoding="utf-8")
    assert Settings.load({}, dotenv=dotenv) == Settings()


def test_a_file_from_an_editor_that_marks_its_encoding_is_read(tmp_path: Path) -> None:
    """A byte order mark before the first name is no part of that name."""
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(b"\xef\xbb\xbfMAX_TOKENS=7\r\nRECEIPTS=off\r\n")
    settings = Settings.load({}, dotenv=dotenv)
    assert (settings.max_tokens, settings.receipts) == (7, "off")


def test_a_dollar_in_the_file_is_a_dollar(tmp_path: Path) -> None:
    """Text in .env is taken as it is written; no variable is put in."""
    dotenv = tmp_path / ".env"
    dotenv.write_text('SYSTEM_PROMPT="Prices in ${HOME} dollars"\n', encoding="utf-8")
    assert Settings.load({}, dotenv=dotenv).system_prompt == "Prices in ${HOME} dollars"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00 not text", None], ids=["binary", "a folder"])
def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, content: bytes | None) -> None:
    """A .env that is a folder, or no text, is one clear sentence."""
    dotenv = tmp_path / ".env"
    if content is None:
        dotenv.mkdir()
    else:
        dotenv.write_bytes(content)
    with pytest.raises(InvalidConfiguration, match="cannot be read"):
        Settings.load({}, dotenv=dotenv)


# --- values -----------------------------------------------------------------------------------------------------------


def test_values_are_typed() -> None:
    """Text becomes numbers, ids, addresses, paths and strategies."""
    settings = load(
        ADMIN_USER_IDS="1, 22,,333 ",
        OLLAMA_BASE_URL="http://a:1/, https://b",
        MLX_MODEL_PATHS="one, two",
        DATABASE_PATH="~/x.db",
        ROUTING_STRATEGY="Latency_First",
        RECEIPTS="SHORT",
    )
    assert settings.admin_user_ids == {1, 22, 333}
    assert settings.ollama_base_url == ("http://a:1", "https://b")
    assert settings.mlx_model_paths == ("one", "two")
    assert settings.database_path == Path.home() / "x.db"
    assert settings.routing_strategy is RoutingStrategy.SPEED
    assert settings.receipts == "short"


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda setting: setting.name)
@pytest.mark.parametrize("blank", ["", "  "])
def test_an_empty_value_is_the_default_or_off(setting: Field[object], blank: str) -> None:
    """NAME= means the default, and where the setting's line says what empty means, that."""
    value = getattr(load(**{setting.name.upper(): blank}), setting.name)
    if "empty:" in setting.metadata["about"] or setting.metadata["default"] == "":
        assert not value
    else:
        assert value == setting.default


def test_only_what_says_so_can_be_empty() -> None:
    """Every setting whose emptiness counts tells in its line what that means."""
    silent = [f.name for f in fields(Settings) if f.metadata["empty_counts"] and "empty:" not in f.metadata["about"]]
    assert silent == []


BAD = {
    "TELEGRAM_API_URL": "telegram.org",
    "ADMIN_USER_IDS": "@somebody",
    "ALLOWED_USER_IDS": "1;2",
    "OLLAMA_BASE_URL": "localhost:11434",
    "LMSTUDIO_BASE_URL": "http://",
    "MLX_PROMPT_CACHE_GB": "-1",
    "MLX_PROMPT_CACHE_FOLDER_GB": "much",
    "MLX_WIRED_LIMIT_GB": "inf",
    "MODEL_MEMORY_GB": "nan",
    "PRELOAD_MODELS": "maybe",
    "ROUTING_STRATEGY": "best",
    "MAX_COST": "nan",
    "STICKINESS_MARGIN": "-0.1",
    "TEMPERATURE": "hot",
    "MAX_TOKENS": "1.5",
    "CONNECT_TIMEOUT_SECONDS": "0",
    "FIRST_TOKEN_TIMEOUT_SECONDS": "inf",
    "STALL_TIMEOUT_SECONDS": "1e9",
    "REQUEST_TIMEOUT_SECONDS": "ten",
    "GENERATIONS_PER_ENDPOINT": "0",
    "REFRESH_SECONDS": "0",
    "RECEIPTS": "long",
    "STORE_PROMPTS": "yes",
    "RETENTION_DAYS": "-1",
    "LOG_LEVEL": "loud",
}


def test_every_problem_is_told_at_once() -> None:
    """One run names every setting that is wrong, each in one sentence that says what it must be."""
    problems = problems_of(**BAD)
    assert {problem.split()[0] for problem in problems} == set(BAD)
    assert all(re.fullmatch(r"[A-Z_]+ must be .+\.", problem) for problem in problems)


@pytest.mark.parametrize("url", ["http://[::1", "http://host:port", "ftp://host", "http://:80", "http://a:0"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """An address needs a scheme, a host, and a port that is a number."""
    assert problems_of(OLLAMA_BASE_URL=url) == (
        "OLLAMA_BASE_URL must be addresses such as http://localhost:11434, separated by commas.",
    )
    assert problems_of(TELEGRAM_API_URL=url) == ("TELEGRAM_API_URL must be an address such as http://localhost:11434.",)


@given(st.dictionaries(st.sampled_from([f.name.upper() for f in fields(Settings)]), st.text(max_size=40)))
def test_any_text_gives_settings_or_sentences(environ: dict[str, str]) -> None:
    """Whatever is written, only settings that were written can be wrong."""
    try:
        load(**environ)
        wrong = set()
    except InvalidConfiguration as error:
        wrong = {problem.split()[0] for problem in error.problems}
    assert wrong <= set(environ)


# --- secrets and safety -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_token_in_the_wrong_line_is_not_repeated(name: str) -> None:
    """A problem says what was expected, never what was written."""
    assert not any("secret" in problem for problem in problems_of(**{name: TOKEN}))


def test_secrets_do_not_show() -> None:
    """Settings that are printed or logged show neither the token nor the key."""
    settings = load(TELEGRAM_BOT_TOKEN=f" {TOKEN} ", LMSTUDIO_API_KEY="secret-key")
    assert settings.telegram_bot_token == TOKEN
    assert "secret" not in repr(settings)


def test_settings_do_not_change() -> None:
    """What a process began with, it keeps."""
    with pytest.raises(FrozenInstanceError):
        Settings().max_cost = 1.0  # type: ignore[misc]  # the point of the test


# --- names that are none ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "likely"),
    [
        ("OLAMA_BASE_URL", "OLLAMA_BASE_URL"),
        ("OLLAMA_URL", "OLLAMA_BASE_URL"),
        ("TELEGRAM_TOKEN", "TELEGRAM_BOT_TOKEN"),
        ("ADMIN_IDS", "ADMIN_USER_IDS"),
        ("ALLOWED_USERS", "ALLOWED_USER_IDS"),
        ("max_cost", "MAX_COST"),
    ],
)
def test_a_misspelt_name_is_recognized(tmp_path: Path, name: str, likely: str) -> None:
    """A slip, a part left out, or small letters, which name no setting either."""
    (tmp_path / ".env").write_text(f"{name}=1\nLOG_LEVEL=info\n")
    assert misspelt(tmp_path / ".env") == {name: likely}


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_BASE_URL", "VLLM_API_KEY", "OLLAMA_HOST", "PATH", "LANG"])
def test_names_of_others_are_left_alone(tmp_path: Path, name: str) -> None:
    """.env may serve other programs too, or hold the key of a server in models.toml."""
    (tmp_path / ".env").write_text(f"{name}=1\n")
    assert misspelt(tmp_path / ".env") == {}


def test_every_setting_is_spelt_as_it_is() -> None:
    """None looks like another."""
    assert misspelt(documents.EXAMPLE) == {}


@pytest.mark.parametrize(("mode", "others"), [(0o600, False), (0o640, True), (0o604, True), (0o400, False)])
def test_who_may_read_the_token_is_seen(tmp_path: Path, mode: int, *, others: bool) -> None:
    """Group and others must not; a file that is not there is read by nobody."""
    dotenv = tmp_path / ".env"
    assert not readable_by_others(dotenv)
    dotenv.touch()
    dotenv.chmod(mode)
    assert readable_by_others(dotenv) is others


def test_nobodys_home_is_no_path() -> None:
    """Said in a sentence, as every other mistake is."""
    with pytest.raises(InvalidConfiguration, match="MODELS_FILE must be a path; ~ stands for your own home"):
        Settings.load({"MODELS_FILE": "~nobody-is-called-this/models.toml"}, dotenv=None)
