"""Every setting, typed, from the environment and .env."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from dotenv import dotenv_values

from routing.errors import InvalidConfiguration
from routing.types import RoutingStrategy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# So that OLLAMA_URL is taken for OLLAMA_BASE_URL, and another program's OPENAI_BASE_URL is not.
_ALIKE = 0.75

_Number = TypeVar("_Number", int, float)

# A dataclass instead of pydantic-settings: importing pydantic would cost a fifth of the start-up budget and 15 MB.


def _setting(
    default: str, about: str, parse: Callable[[str], Any], *, empty_counts: bool = False, secret: bool = False
) -> Any:
    """Declare one setting: its default as written in .env, what it is for, and how its text becomes a value.

    `empty_counts`: written without a value it is empty, not its default. `secret`: it never shows in a repr.
    """
    told = {"default": default, "about": about, "parse": parse, "empty_counts": empty_counts}
    return field(default=parse(default), repr=not secret, metadata=told)


# Each of these raises ValueError with what follows "NAME must be". What was given is not repeated: a token in the
# wrong line would end up in a log.


def _text(value: str) -> str:
    return value.strip()


def _items(value: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in value.split(",") if item.strip())


def _url(value: str) -> str:
    if not _is_address(value.strip()):
        raise ValueError("an address such as http://localhost:11434")
    return value.strip().rstrip("/")


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a bracket that is not closed
        return False


def _urls(value: str) -> tuple[str, ...]:
    try:
        return tuple(_url(item) for item in _items(value))
    except ValueError:
        raise ValueError("addresses such as http://localhost:11434, separated by commas") from None


def _ids(value: str) -> frozenset[int]:
    try:
        return frozenset(int(item) for item in _items(value))
    except ValueError:
        raise ValueError("numeric Telegram ids, separated by commas") from None


def _path(value: str) -> Path:
    try:
        return Path(value.strip()).expanduser()
    except RuntimeError:  # ~name, and nobody is called that here
        raise ValueError("a path; ~ stands for your own home") from None


def _optional_path(value: str) -> Path | None:
    return _path(value) if value.strip() else None


def _number(low: float, high: float) -> Callable[[str], float]:
    return _between(float, low, high, "a number")


def _whole(low: int, high: int) -> Callable[[str], int]:
    return _between(int, low, high, "a whole number")


def _between(read: Callable[[str], _Number], low: _Number, high: _Number, kind: str) -> Callable[[str], _Number]:
    expected = f"{kind} from {low:g} to {high:g}"

    def parse(value: str) -> _Number:
        try:
            number = read(value)
        except ValueError:
            raise ValueError(expected) from None
        if not low <= number <= high:  # not a number is not in between either
            raise ValueError(expected)
        return number

    return parse


def _choice(*options: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.strip().lower() not in options:
            raise ValueError(_one_of(options))
        return value.strip().lower()

    return parse


def _strategy(value: str) -> RoutingStrategy:
    try:
        return RoutingStrategy(value.strip().lower())
    except ValueError:
        raise ValueError(_one_of(tuple(RoutingStrategy))) from None


def _one_of(options: Sequence[str]) -> str:
    return f"{', '.join(options[:-1])} or {options[-1]}"


_DEFAULT_PROMPT = (
    "You are a helpful assistant. Answer in the language and the script of the question, and no longer than it needs."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process; field names are the environment's names in lower case."""

    telegram_bot_token: str = _setting("", "the token from @BotFather; empty: the terminal only", _text, secret=True)
    telegram_api_url: str = _setting("https://api.telegram.org", "the Bot API server", _url)
    admin_user_ids: frozenset[int] = _setting("", "numeric Telegram ids of the admins, comma-separated", _ids)
    allowed_user_ids: frozenset[int] = _setting("", "numeric Telegram ids of others who may talk", _ids)
    tell_strangers: str = _setting(
        "on", "on: who has no access is told so, with their id, once a day; off: no answer", _choice("on", "off")
    )
    messages_per_minute: int = _setting("30", "how much one person may send; 0: no limit", _whole(0, 1000))
    max_message_characters: int = _setting(
        "100000", "the longest message, a long paste that Telegram split counted as one", _whole(1000, 1_000_000)
    )
    ollama_base_url: tuple[str, ...] = _setting(
        "http://localhost:11434", "Ollama servers, comma-separated; empty: off", _urls, empty_counts=True
    )
    lmstudio_base_url: tuple[str, ...] = _setting(
        "http://localhost:1234/v1", "LM Studio servers, comma-separated; empty: off", _urls, empty_counts=True
    )
    lmstudio_api_key: str = _setting("", "LM Studio's bearer token, where it asks for one", _text, secret=True)
    mlx_model_paths: tuple[str, ...] = _setting(
        "", "MLX models: folders or hub names, comma-separated; empty: off", _items
    )
    mlx_prompt_cache_gb: float = _setting(
        "2", "GB of memory for what MLX models have read, so that a conversation is not read anew", _number(0, 1024)
    )
    mlx_prompt_cache_folder: Path | None = _setting(
        "", "where that is kept over restarts, with STORE_PROMPTS=full alone; empty: nowhere", _optional_path
    )
    mlx_prompt_cache_folder_gb: float = _setting("4", "GB of disk for that", _number(0, 1024))
    mlx_wired_limit_gb: float = _setting(
        "0", "GB that macOS must not move out for MLX; 0: the size of the loaded models", _number(0, 1024)
    )
    model_memory_gb: float = _setting(
        "0", "GB of memory for models, of all servers on this machine; 0: what it has to spare", _number(0, 4096)
    )
    preload_models: str = _setting(
        "on",
        "on: what is usually asked for at this hour is loaded ahead where there is room; off: not",
        _choice("on", "off"),
    )
    models_file: Path | None = _setting(
        "models.toml", "your additions to the model catalog; empty: none", _optional_path, empty_counts=True
    )
    database_path: Path = _setting("switchboard.db", "the SQLite file", _path)
    database_sync: str = _setting(
        "normal",
        "normal: what is written outlives a crash of the program; full: a power cut too, at a few ms a message",
        _choice("normal", "full"),
    )
    routing_strategy: RoutingStrategy = _setting(
        "auto", "auto, speed, quality, balanced, cost_optimized or redundant", _strategy
    )
    max_cost: float = _setting("0.7", "0-1: the largest share of the machine a model may take", _number(0, 1))
    preferred_backend: str = _setting("", "ollama, lmstudio or mlx: taken first where it can serve", _text)
    stickiness_margin: float = _setting("0.05", "0-1: a chat stays on its model up to this score behind", _number(0, 1))
    system_prompt: str = _setting(
        _DEFAULT_PROMPT, "what every model is told first; empty: nothing", _text, empty_counts=True
    )
    temperature: float = _setting("0.7", "0-2: how freely models choose their words", _number(0, 2))
    max_tokens: int = _setting("2000", "the longest answer, in tokens", _whole(1, 131072))
    connect_timeout_seconds: float = _setting("5", "until a model server takes the connection", _number(0.1, 60))
    first_token_timeout_seconds: float = _setting(
        "180", "for a model to load, and then for its first token", _number(0.1, 3600)
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
    log_file: Path | None = _setting("", "where the log goes; empty: standard error", _optional_path)

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")) -> Settings:
        """Read .env under the environment (the environment wins). Raises InvalidConfiguration with every problem."""
        given = {**_read(dotenv), **(os.environ if environ is None else environ)}
        values: dict[str, Any] = {}
        problems = []
        for setting in fields(cls):
            text = given.get(setting.name.upper())
            if text is None or not (text.strip() or setting.metadata["empty_counts"]):
                continue
            try:
                values[setting.name] = setting.metadata["parse"](text)
            except ValueError as error:
                problems.append(f"{setting.name.upper()} must be {error}.")
        if problems:
            raise InvalidConfiguration(problems)
        return cls(**values)


def readable_by_others(dotenv: Path) -> bool:
    """Whether somebody else on this machine may read the file with the token."""
    try:
        return bool(stat.S_IMODE(dotenv.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO))
    except OSError:  # it is not there, or cannot be looked at
        return False


def misspelt(dotenv: Path) -> dict[str, str]:
    """Find names in .env that are no setting but look like one, each with that one. Raises InvalidConfiguration."""
    known = [setting.name.upper() for setting in fields(Settings)]
    alike = {
        name: get_close_matches(name.upper(), known, n=1, cutoff=_ALIKE) for name in _read(dotenv) if name not in known
    }
    return {name: found[0] for name, found in alike.items() if found}


def _read(dotenv: Path | None) -> dict[str, str | None]:
    if dotenv is None:
        return {}
    try:
        with dotenv.open(encoding="utf-8-sig") as lines:
            return dotenv_values(stream=lines, interpolate=False)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfiguration([f"{dotenv} cannot be read: {_reason(error)}."]) from error


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror or "the system refused"
