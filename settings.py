"""Every setting, typed, from the environment and .env."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from routing.errors import InvalidConfiguration
from routing.types import RoutingStrategy

# A dataclass instead of pydantic-settings: importing pydantic would cost a fifth of the start-up budget and 15 MB.


def _setting(default: object, about: str, parse: Callable[[str], Any]) -> Any:
    """Declare one setting: its default as written in .env, what it is for, and how its text becomes a value."""
    return field(default=parse(str(default)), metadata={"default": str(default), "about": about, "parse": parse})


def _text(value: str) -> str:
    return value.strip()


def _items(value: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in value.split(",") if item.strip())


def _urls(value: str) -> tuple[str, ...]:
    urls = tuple(url.rstrip("/") for url in _items(value))
    for url in urls:
        _url(url)
    return urls


def _url(value: str) -> str:
    if not value.strip().startswith(("http://", "https://")):
        raise ValueError(f"{value!r} is not an address that begins with http:// or https://")
    return value.strip().rstrip("/")


def _ids(value: str) -> frozenset[int]:
    try:
        return frozenset(int(item) for item in _items(value))
    except ValueError:
        raise ValueError(f"{value!r} is not a comma-separated list of numeric Telegram ids") from None


def _path(value: str) -> Path | None:
    return Path(value.strip()).expanduser() if value.strip() else None


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            raise ValueError(f"{value!r} is not a number") from None
        if not low <= number <= high:
            raise ValueError(f"{value} is not between {low:g} and {high:g}")
        return number

    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError(f"{value!r} is not a whole number") from None
        if not low <= number <= high:
            raise ValueError(f"{value} is not between {low} and {high}")
        return number

    return parse


def _choice(*options: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.strip().lower() not in options:
            raise ValueError(f"{value!r} is not one of {', '.join(options)}")
        return value.strip().lower()

    return parse


def _strategy(value: str) -> RoutingStrategy:
    try:
        return RoutingStrategy(value.strip().lower())
    except ValueError:
        raise ValueError(f"{value!r} is not one of {', '.join(RoutingStrategy)}") from None


_DEFAULT_PROMPT = "You are a helpful assistant. Answer in the language of the question, and no longer than it needs."


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process; field names are the environment's names in lower case."""

    telegram_bot_token: str = field(
        default="",
        repr=False,
        metadata={"default": "", "about": "the token from @BotFather; empty: the terminal only", "parse": _text},
    )
    telegram_api_url: str = _setting("https://api.telegram.org", "the Bot API server", _url)
    admin_user_ids: frozenset[int] = _setting("", "numeric Telegram ids of the admins, comma-separated", _ids)
    allowed_user_ids: frozenset[int] = _setting("", "numeric Telegram ids of others who may talk", _ids)
    ollama_base_url: tuple[str, ...] = _setting(
        "http://localhost:11434", "Ollama servers, comma-separated; empty: off", _urls
    )
    lmstudio_base_url: tuple[str, ...] = _setting(
        "http://localhost:1234/v1", "LM Studio servers, comma-separated; empty: off", _urls
    )
    lmstudio_api_key: str = field(
        default="",
        repr=False,
        metadata={"default": "", "about": "LM Studio's bearer token, where it asks for one", "parse": _text},
    )
    mlx_model_paths: tuple[str, ...] = _setting("", "MLX model folders, comma-separated; empty: off", _items)
    models_file: Path | None = _setting("models.toml", "your additions to the model catalog", _path)
    database_path: Path = _setting("switchboard.db", "the SQLite file", lambda value: Path(value.strip()).expanduser())
    routing_strategy: RoutingStrategy = _setting(
        "auto", "auto, speed, quality, balanced, cost_optimized or redundant", _strategy
    )
    max_cost: float = _setting("0.7", "0-1: the largest share of the machine a model may take", _number(0, 1))
    preferred_backend: str = _setting("", "ollama, lmstudio or mlx: taken first where it can serve", _text)
    stickiness_margin: float = _setting("0.05", "0-1: a chat stays on its model up to this score behind", _number(0, 1))
    system_prompt: str = _setting(_DEFAULT_PROMPT, "what every model is told first", _text)
    temperature: float = _setting("0.7", "0-2: how freely models choose their words", _number(0, 2))
    max_tokens: int = _setting("2000", "the longest answer, in tokens", _whole(1, 131072))
    connect_timeout_seconds: float = _setting("5", "until a model server takes the connection", _number(0.1, 60))
    first_token_timeout_seconds: float = _setting(
        "180", "until the first token; a cold load counts", _number(0.1, 3600)
    )
    stall_timeout_seconds: float = _setting("30", "between two tokens", _number(0.1, 3600))
    request_timeout_seconds: float = _setting("600", "for one answer, every fallback included", _number(1, 7200))
    generations_per_endpoint: int = _setting(
        "64", "answers a model server works on at once; the others wait in line", _whole(1, 512)
    )
    refresh_seconds: float = _setting("30", "how often the model servers are asked what they have", _number(1, 3600))
    receipts: str = _setting("full", "full, short or off: the line under each answer", _choice("full", "short", "off"))
    store_prompts: str = _setting(
        "full", "full, hash or off: how far what people wrote is kept", _choice("full", "hash", "off")
    )
    retention_days: int = _setting(
        "90", "days that statistics and conversations are kept; 0: for ever", _whole(0, 36500)
    )
    log_level: str = _setting("info", "debug, info, warning or error", _choice("debug", "info", "warning", "error"))
    log_file: Path | None = _setting("", "where the log goes; empty: standard error", _path)

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")) -> Settings:
        """Read .env under the environment (the environment wins). Raises InvalidConfiguration with every problem."""
        written = dotenv_values(dotenv) if dotenv and dotenv.is_file() else {}
        given = {**written, **(os.environ if environ is None else environ)}
        values, problems = {}, []
        for setting in fields(cls):
            text = given.get(setting.name.upper())
            if text is None:
                continue
            try:
                values[setting.name] = setting.metadata["parse"](text)
            except ValueError as error:
                problems.append(f"{setting.name.upper()}: {error}")
        if problems:
            raise InvalidConfiguration(problems)
        return cls(**values)
