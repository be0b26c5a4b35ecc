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

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
# Bytes for each number of the formats that an unquantized model is stored in.
_BYTES_BY_TYPE = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0}


def read_model_folder(path: Path | str, hub_cache: Path | None = None) -> ModelOffer:
    """Read config.json and the sizes of the weights; blocks for some file accesses, so call it in a thread.

    A hub name ("mlx-community/Qwen2.5-7B-Instruct-4bit") is looked for in `hub_cache` (None: where the hub's own client
    downloads to), and stays the model's name; nothing is downloaded.
    The parameter count is what the weights' bytes make at the bits they are stored in, the quantization's scales and
    biases included. Raises ModelMissing if there is no model, BadReply if its config.json cannot be understood.
    """
    folder = _folder(path, hub_cache)
    config = _read_config(folder)
    shape = fields.mapping(config.get("text_config")) or config
    size_bytes = sum(file.stat().st_size for file in folder.glob("*.safetensors") if file.is_file())
    template = _read_template(folder)
    return ModelOffer(
        endpoint=ENDPOINT,
        backend_name=str(path),
        display_name=_display_name(folder),
        capabilities=_capabilities(config, template),
        context_tokens=fields.positive(shape.get("max_position_embeddings")),
        size_bytes=size_bytes or None,
        parameters=_parameters(size_bytes, config),
        family=fields.text(config.get("model_type")) or None,
        quantization=_quantization(config),
        thinking="<think>" in template or "enable_thinking" in template,
    )


def _folder(path: Path | str, hub_cache: Path | None) -> Path:
    folder = Path(path).expanduser()
    if folder.is_dir() or not _HUB_NAME.fullmatch(str(path)):
        return folder
    model = (hub_cache or _hub_cache()) / f"models--{str(path).replace('/', '--')}"
    try:
        return model / "snapshots" / (model / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return folder


def _hub_cache() -> Path:
    """Where huggingface_hub keeps what it downloads, by the environment variables that it documents."""
    home = os.environ.get("HF_HOME") or "~/.cache/huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or f"{home}/hub").expanduser()


def _read_config(folder: Path) -> dict[str, Any]:
    subject = Subject("MLX", ENDPOINT.backend, model=folder.name)
    try:
        config = fields.parse((folder / "config.json").read_bytes())
    except OSError as error:
        raise subject.error(ModelMissing, "There is no MLX model in the folder {model}.") from error
    except ValueError as error:
        raise subject.error(BadReply, "The config.json of {model} cannot be understood.") from error
    return fields.mapping(config)


def _read_template(folder: Path) -> str:
    """The chat template, which has a file of its own or stands in tokenizer_config.json; empty if there is none."""
    try:
        return (folder / "chat_template.jinja").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _template_of_tokenizer(folder)


def _template_of_tokenizer(folder: Path) -> str:
    try:
        config = fields.parse((folder / "tokenizer_config.json").read_bytes())
    except (OSError, ValueError):
        return ""
    return fields.text(fields.mapping(config).get("chat_template"))


def _display_name(folder: Path) -> str:
    """The folder's name with spaces; in the hub's cache that is models--OWNER--NAME/snapshots/REVISION."""
    name = folder.parent.parent.name.rpartition("--")[2] if folder.parent.name == "snapshots" else folder.resolve().name
    return name.replace("-", " ")


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
