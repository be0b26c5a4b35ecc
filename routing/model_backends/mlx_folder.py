"""Reads what an MLX model folder holds, for the list of models, without MLX itself."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from routing.errors import BadReply, ModelMissing
from routing.model_backends import fields
from routing.model_backends.failures import Subject
from routing.types import Endpoint, ModelCapability, ModelOffer

ENDPOINT = Endpoint("mlx")

# The hub's own rule is stricter; this one keeps out whatever could lead out of the cache.
_HUB_NAME = re.compile(r"[A-Za-z0-9_][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95}", re.ASCII)
_NUMBERED = re.compile(r".*-(\d{5})-of-(\d{5})\.safetensors")
TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "tiktoken.model", "vocab.json", "vocab.txt")
# No model reads more; a larger claim is no use to anybody who reckons with it.
_MOST_CONTEXT_TOKENS = 100_000_000
# Bytes for each number of the formats that an unquantized model is stored in.
_BYTES_BY_TYPE = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0}


def read_model_folder(path: Path | str, hub_cache: Path | None = None) -> ModelOffer:
    """Read config.json and the sizes of the weights; blocks for some file accesses, so call it in a thread.

    A hub name ("mlx-community/Qwen2.5-7B-Instruct-4bit") is looked for in `hub_cache` (None: where the hub's own client
    downloads to), and stays the model's name; nothing is downloaded: where it is not there, or not whole, the offer
    says that it is still to be fetched.
    The parameter count is what the weights' bytes make at the bits they are stored in, the quantization's scales and
    biases included. Raises ModelMissing if there is no model, BadReply if its config.json cannot be understood.
    """
    folder = find_folder(path, hub_cache)
    if folder is None:
        return _not_downloaded(str(path))
    config = read_config(folder)
    shape = fields.mapping(config.get("text_config")) or config
    size_bytes = weight_bytes(folder)
    template = read_template(folder)
    return ModelOffer(
        endpoint=ENDPOINT,
        backend_name=str(path),
        display_name=display_name(folder),
        capabilities=_capabilities(config, template),
        context_tokens=context_tokens(shape),
        size_bytes=size_bytes or None,
        parameters=_parameters(size_bytes, config),
        family=fields.text(config.get("model_type")) or None,
        quantization=_quantization(config),
        thinking="<think>" in template or "enable_thinking" in template,
    )


def is_hub_name(path: Path | str) -> bool:
    """Whether this can be a model of the hub, owner and name; a folder of that name goes first."""
    return _HUB_NAME.fullmatch(str(path)) is not None


def find_folder(path: Path | str, hub_cache: Path | None = None) -> Path | None:
    """Find where the model lies; None for a hub name that is not, or not wholly, in the hub's cache."""
    folder = Path(path).expanduser()
    if folder.is_dir() or not is_hub_name(path):
        return folder
    model = (hub_cache or default_hub_cache()) / f"models--{str(path).replace('/', '--')}"
    try:
        revision = (model / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    snapshot = model / "snapshots" / revision
    return snapshot if re.fullmatch(r"\w+", revision) and _is_whole(snapshot) else None


def default_hub_cache() -> Path:
    """Where huggingface_hub keeps what it downloads, by the environment variables that it documents."""
    home = os.environ.get("HF_HOME") or "~/.cache/huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or f"{home}/hub").expanduser()


def weight_files(folder: Path) -> list[Path]:
    """The weights that are read: model*.safetensors. Others beside them are the same numbers in another layout."""
    return sorted(file for file in folder.glob("model*.safetensors") if file.is_file())


def weight_bytes(folder: Path) -> int:
    """What the weights take on disk, and in memory."""
    return sum(file.stat().st_size for file in weight_files(folder))


def read_config(folder: Path) -> dict[str, Any]:
    """Read config.json. Raises ModelMissing where there is none, BadReply where it is not JSON."""
    subject = Subject("MLX", ENDPOINT.backend, model=folder.name)
    try:
        config = fields.parse((folder / "config.json").read_bytes())
    except OSError as error:
        raise subject.error(ModelMissing, "There is no MLX model in the folder {model}.") from error
    except ValueError as error:
        raise subject.error(BadReply, "The config.json of {model} cannot be understood.") from error
    return fields.mapping(config)


def context_tokens(shape: dict[str, Any]) -> int | None:
    """How many tokens the model says it reads; None where it does not say, or says what no model can."""
    tokens = fields.positive(shape.get("max_position_embeddings"))
    return tokens if tokens and tokens <= _MOST_CONTEXT_TOKENS else None


def display_name(folder: Path) -> str:
    """The folder's name with spaces; in the hub's cache that is models--OWNER--NAME/snapshots/REVISION."""
    name = folder.parent.parent.name.rpartition("--")[2] if folder.parent.name == "snapshots" else folder.resolve().name
    return " ".join(name.replace("-", " ").split())  # one line, whatever white space it has


def read_template(folder: Path) -> str:
    """The chat template, which has a file of its own or stands in tokenizer_config.json; empty if there is none."""
    try:
        return (folder / "chat_template.jinja").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _template_of_tokenizer(folder)


def _is_whole(snapshot: Path) -> bool:
    """Whether a download was finished: files appear one by one, each when all of it has come."""
    if not (snapshot / "config.json").is_file() or not any((snapshot / name).is_file() for name in TOKENIZER_FILES):
        return False
    there = {file.name for file in weight_files(snapshot)}
    index = _index(snapshot)
    if index is not None:
        return bool(index) and index <= there
    unfinished = any((snapshot.parent.parent / "blobs").glob("*.incomplete"))
    return bool(there) and not unfinished and all(_siblings(name) <= there for name in there)


def _index(snapshot: Path) -> set[str] | None:
    """The weight files that belong to the model, by its own list of them; None where it has none."""
    try:
        index = fields.parse((snapshot / "model.safetensors.index.json").read_bytes())
    except OSError:
        return None
    except ValueError:
        return set()
    return set(map(fields.text, fields.mapping(fields.mapping(index).get("weight_map")).values()))


def _siblings(name: str) -> set[str]:
    """The files that belong to one that is called model-00002-of-00004.safetensors."""
    numbered = _NUMBERED.fullmatch(name)
    if not numbered:
        return {name}
    count, end = int(numbered[2]), len(".safetensors")
    stem = name[: -len("-00001-of-00001") - end]
    return {f"{stem}-{number:05}-of-{count:05}.safetensors" for number in range(1, count + 1)}


def _not_downloaded(name: str) -> ModelOffer:
    return ModelOffer(
        endpoint=ENDPOINT,
        backend_name=name,
        display_name=name.rpartition("/")[2].replace("-", " "),
        capabilities=frozenset({ModelCapability.GENERAL}),
        downloaded=False,
    )


def _template_of_tokenizer(folder: Path) -> str:
    try:
        config = fields.parse((folder / "tokenizer_config.json").read_bytes())
    except (OSError, ValueError):
        return ""
    return fields.text(fields.mapping(config).get("chat_template"))


def _capabilities(config: dict[str, Any], template: str) -> frozenset[ModelCapability]:
    able = {
        ModelCapability.GENERAL: True,
        ModelCapability.VISION: "vision_config" in config,
        ModelCapability.FUNCTION_CALLING: re.search(r"\btools\b", template) is not None,
    }
    return frozenset(capability for capability, has in able.items() if has)


def _quantization(config: dict[str, Any]) -> str | None:
    bits = fields.positive(fields.mapping(config.get("quantization")).get("bits"))
    return f"{bits}bit" if bits else fields.text(config.get("torch_dtype") or config.get("dtype")) or None


def _parameters(size_bytes: int, config: dict[str, Any]) -> str | None:
    if not size_bytes:
        return None
    count = size_bytes / _bytes_per_parameter(config)
    return f"{count / 1e9:.1f}B" if count >= 1e9 else f"{count / 1e6:.1f}M"


def _bytes_per_parameter(config: dict[str, Any]) -> float:
    """A quantized group shares a scale and a bias of 16 bits each."""
    quantization = fields.mapping(config.get("quantization"))
    bits, group = fields.positive(quantization.get("bits")), fields.positive(quantization.get("group_size")) or 64
    if bits:
        return (bits + 32 / group) / 8
    return _BYTES_BY_TYPE.get(fields.text(config.get("torch_dtype") or config.get("dtype")), 2.0)
