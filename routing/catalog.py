"""Reads catalog.toml and a user's models.toml, and says of every bad entry where it is and why."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from routing.errors import InvalidConfiguration
from routing.priors import (
    DEFAULT_BILLIONS,
    billions_of,
    expected_cost,
    expected_quality,
    expected_ram_gb,
    expected_speed,
    speed_class_of,
)
from routing.rule_entries import read_rules
from routing.toml_document import TomlDocument
from routing.types import ModelCapability, ModelMetadata, Quality, SpeedClass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routing.custom_rules import Rule
    from routing.toml_document import Check, Table

BACKENDS = ("ollama", "lmstudio", "mlx")
BUILTIN_ID = "builtin"
SHIPPED = Path(__file__).with_name("catalog.toml")


@dataclass(frozen=True, slots=True)
class Server:
    """One more OpenAI-compatible server, named in models.toml; its models have `name` as their backend.

    `api_key_env` names the environment variable that holds its key. `generations` is how many answers it works on at
    once (None: the setting). `check_model` False accepts answers that bear another model's name.
    """

    name: str
    url: str
    api_key_env: str = ""
    generations: int | None = None
    check_model: bool = True


@dataclass(frozen=True, slots=True)
class Catalog:
    """Models in the order of their files, servers, and rules in the order in which they hold."""

    models: tuple[ModelMetadata, ...]
    servers: tuple[Server, ...] = ()
    rules: tuple[Rule, ...] = ()


def shipped_catalog() -> Catalog:
    """Read the ten models that come with Switchboard."""
    return overlay(Catalog(()), SHIPPED)


def load_catalog(models_file: Path | None) -> Catalog:
    """Read the shipped catalog with a user's file over it; a file that does not exist changes nothing.

    Raises:
        InvalidConfiguration: the file cannot be read or has bad entries; every problem is named with file and line.
    """
    catalog = shipped_catalog()
    return overlay(catalog, models_file) if models_file and models_file.is_file() else catalog


def overlay(catalog: Catalog, path: Path) -> Catalog:
    """Lay one file over a catalog: its tables add models, override single values or disable models."""
    document = TomlDocument(path)
    models = {model.model_id: model for model in catalog.models}
    document.check_keys((), document.content, ("models", "servers", "rule"))
    entries, servers = document.tables("models"), document.tables("servers")
    for model_id, table in entries:
        if model := _read_model(document, model_id, table, models.get(model_id)):
            models[model_id] = model
    read = [_read_server(document, name, table) for name, table in servers]
    _check_backends(document, entries, [name for name, _ in servers])
    rules = read_rules(document)
    if document.problems:
        raise InvalidConfiguration(document.told())
    return Catalog(tuple(models.values()), catalog.servers + tuple(filter(None, read)), catalog.rules + rules)


def _check_backends(document: TomlDocument, entries: list[tuple[str, Table]], servers: list[str]) -> None:
    """Report models whose backend is neither built in nor a server of this file."""
    known = (*BACKENDS, *servers)
    for model_id, table in entries:
        backend = table.get("backend", known[0])
        if isinstance(backend, str) and backend not in known:
            document.report(
                ("models", model_id, "backend"), f"{backend!r} is neither {', '.join(BACKENDS)} nor a [servers.NAME]"
            )


# --- what a value must be ---------------------------------------------------------------------------------------------


def _text(value: object) -> str | None:
    return None if isinstance(value, str) and value.strip() else f"{value!r} is not a text"


def _flag(value: object) -> str | None:
    return None if isinstance(value, bool) else f"{value!r} is neither true nor false"


def _number(low: float, high: float) -> Check:
    def check(value: object) -> str | None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return f"{value!r} is not a number"
        return None if low <= value <= high else f"{value} is not between {low:g} and {high:g}"

    return check


def _whole(low: int, high: int) -> Check:
    def check(value: object) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return f"{value!r} is not a whole number"
        return None if low <= value <= high else f"{value} is not between {low} and {high}"

    return check


def _one_of(options: tuple[str, ...]) -> Check:
    return lambda value: None if value in options else f"{value!r} is not one of {', '.join(options)}"


def _address(value: object) -> str | None:
    good = isinstance(value, str) and re.fullmatch(r"https?://[^\s/?#]+\S*", value)
    return None if good else "is not an address such as http://localhost:8000/v1"  # not shown: it may hold a password


def _capabilities(value: object) -> str | None:
    known = tuple(ModelCapability)
    if not isinstance(value, list) or not value:
        return f"{value!r} is not a list of capabilities ({', '.join(known)})"
    bad = [item for item in value if item not in known]
    return f"{bad[0]!r} is not one of {', '.join(known)}" if bad else None


def _table(value: object) -> str | None:
    return None if isinstance(value, dict) else f"{value!r} is not a table"


def _strings(value: object) -> str | None:
    good = isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))
    return None if good else f"{value!r} is neither a text nor a list of texts"


def _any_of(*checks: Check) -> Check:
    return lambda value: next((None for check in checks if check(value) is None), checks[-1](value))


_SHARE = _number(0, 1)
_QUALITY: Mapping[str, Check] = {"general": _SHARE, "code": _SHARE, "reasoning": _SHARE}
_OPTIONS: Mapping[str, Check] = {
    "num_ctx": _whole(256, 10_000_000),
    "keep_alive": _any_of(_number(-1, 1e9), _text),
    "think": _any_of(_flag, _one_of(("low", "medium", "high"))),
    "temperature": _number(0, 2),
    "top_p": _SHARE,
    "top_k": _whole(0, 1_000_000),
    "min_p": _SHARE,
    "repeat_penalty": _number(0, 10),
    "presence_penalty": _number(-2, 2),
    "frequency_penalty": _number(-2, 2),
    "seed": _whole(-(2**31), 2**31),
    "stop": _strings,
    "max_tokens": _whole(1, 10_000_000),
    "ttl": _whole(0, 10_000_000),
    "draft_model": _text,
    "check_model": _flag,
}
_MODEL: Mapping[str, Check] = {
    "backend": _text,
    "name": _text,
    "display_name": _text,
    "size": _text,
    "quantization": _text,
    "capabilities": _capabilities,
    "speed_class": _one_of(tuple(SpeedClass)),
    "context_tokens": _whole(256, 100_000_000),
    "tokens_per_second": _number(0.01, 100_000),
    "ram_gb": _number(0, 10_000),
    "quality": _table,
    "cost": _SHARE,
    "thinking": _flag,
    "enabled": _flag,
    "options": _table,
}
_SERVER: Mapping[str, Check] = {
    "url": _address,
    "api_key_env": _text,
    "generations": _whole(1, 512),
    "check_model": _flag,
}


# --- entries ----------------------------------------------------------------------------------------------------------


def _read_model(
    document: TomlDocument, model_id: str, table: Table, before: ModelMetadata | None
) -> ModelMetadata | None:
    where = ("models", model_id)
    good = document.check_values(where, table, _MODEL)
    for key, checks in (("quality", _QUALITY), ("options", _OPTIONS)):
        inner = table.get(key)
        good = (not isinstance(inner, dict) or document.check_values((*where, key), inner, checks)) and good
    if model_id == BUILTIN_ID or not model_id.strip():
        document.report(where, f"{model_id!r} cannot be the id of a model; choose another")
        return None
    if before is None and not ("backend" in table and "name" in table):
        document.report(where, "no shipped model has this id, and a new one needs at least `backend` and `name`")
        return None
    if not good:
        return None
    return _with_values(before or _expected(model_id, table), table)


def _with_values(model: ModelMetadata, table: Table) -> ModelMetadata:
    """Replace what the (checked) table names; quality and options are merged value by value."""
    changes = dict(table)
    if "name" in changes:
        changes["backend_name"] = changes.pop("name")
    if "quality" in changes:
        changes["quality"] = Quality(**{**dataclasses.asdict(model.quality), **table["quality"]})  # type: ignore[dict-item]  # checked
    if "capabilities" in changes:
        changes["capabilities"] = frozenset(map(ModelCapability, table["capabilities"]))  # type: ignore[call-overload]  # checked
    if "speed_class" in changes:
        changes["speed_class"] = SpeedClass(str(changes["speed_class"]))
    if "options" in changes:
        changes["options"] = {**model.options, **table["options"]}  # type: ignore[dict-item]  # checked
    return dataclasses.replace(model, **changes)  # type: ignore[arg-type]  # checked against _MODEL


def _expected(model_id: str, table: Table) -> ModelMetadata:
    """Describe a new model by priors, from the size in its entry or its name; the entry's own values replace them."""
    name, backend, quantization = str(table["name"]), str(table["backend"]), str(table.get("quantization", ""))
    billions = billions_of(str(table.get("size", "")), name) or DEFAULT_BILLIONS
    speed = expected_speed(billions, backend, quantization)
    return ModelMetadata(
        model_id=model_id,
        backend=backend,
        backend_name=name,
        display_name=name.rsplit("/", 1)[-1],
        size=f"{billions:g}B",
        quantization=quantization,
        capabilities=frozenset({ModelCapability.GENERAL}),
        speed_class=speed_class_of(float(table.get("tokens_per_second", speed))),  # type: ignore[arg-type]  # checked
        context_tokens=32_768,
        tokens_per_second=speed,
        ram_gb=expected_ram_gb(billions, quantization),
        quality=expected_quality(billions, name, quantization),
        cost=expected_cost(billions),
    )


def _read_server(document: TomlDocument, name: str, table: Table) -> Server | None:
    where = ("servers", name)
    good = document.check_values(where, table, _SERVER)
    if "url" not in table:
        document.report(where, "needs a `url`, such as http://localhost:8000/v1")
        return None
    if name in (*BACKENDS, BUILTIN_ID):
        document.report(where, "this name is taken by a backend; choose another")
        return None
    return Server(name=name, **{**table, "url": str(table["url"]).rstrip("/")}) if good else None  # type: ignore[arg-type]  # checked
