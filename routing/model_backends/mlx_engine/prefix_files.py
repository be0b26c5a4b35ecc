"""Keeps computed prompts in a folder over a restart: bounded, private, and bound to one state of a model."""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mlx.core as mx
from mlx_lm.models.cache import load_prompt_cache, make_prompt_cache, save_prompt_cache

from routing.model_backends import fields
from routing.model_backends.mlx_weights import DamagedFile, read_header

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlx.nn.layers.base import Module

logger = logging.getLogger(__name__)

_NAME = re.compile(r"[0-9a-f]{16}-[0-9a-f]{32}(\.part)?\.safetensors")
_NEVER_TRIMMABLE = frozenset({"ArraysCache", "RotatingKVCache", "ChunkedKVCache", "CacheList"})
# What mlx-lm and MLX raise for a file that is not what it should be.
_DAMAGED = (DamagedFile, OSError, RuntimeError, ValueError, TypeError, KeyError, IndexError, AttributeError)


@dataclass(frozen=True, slots=True)
class StoredPrompt:
    """One file. `trimmable`: what it holds can be cut to any length, as far as its layers' kinds say."""

    path: Path
    tokens: bytes
    trimmable: bool


class PrefixFiles:
    """Files of safetensors, never pickled, in a folder of our own inside the one that is given.

    A disk that fails makes no answer fail: it is said in the log, and nothing is written any more.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder.expanduser() / "prompts"
        self._max_bytes = max_bytes
        self._is_ours = self._prepare()
        self._is_writable = self._is_ours

    def find(self, name: str, model: str) -> list[StoredPrompt]:
        """Find what is kept for a model; what an earlier state of its files computed is deleted."""
        found = []
        for path in self._files(f"{_hash(name.encode())[:16]}-*"):
            stored = _describe(path, model)
            if stored:
                found.append(stored)
            else:
                self.delete(path)
        return found

    def write(self, name: str, model: str, tokens: bytes, kv: list[Any]) -> Path | None:
        """Write one prompt, the oldest making room for it; None if it cannot be written."""
        size = sum(layer.nbytes for layer in kv)
        if not self._is_writable or not kv or size > self._max_bytes:
            return None
        path = self._folder / f"{_hash(name.encode())[:16]}-{_hash(model.encode() + tokens)[:32]}.safetensors"
        part = path.with_suffix(".part.safetensors")
        try:
            self._make_room(size)
            os.close(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
            save_prompt_cache(str(part), kv, {"model": model, "tokens": base64.b64encode(tokens).decode()})
            part.replace(path)
        except (OSError, RuntimeError, ValueError):
            logger.warning("Prompts are not kept on disk any more: %s cannot be written", part.name, exc_info=True)
            self._is_writable = False
            self.delete(part)
            return None
        return path

    def read(self, model: Module, path: Path) -> list[Any] | None:
        """Read one prompt's keys and values; None, and the file is gone, if it is not what this model makes."""
        try:
            kinds = [type(layer).__name__ for layer in make_prompt_cache(model)]
            if _kinds(_metadata(path)) != kinds:
                raise DamagedFile("of other layers than the model's")
            kv: list[Any] = load_prompt_cache(str(path))  # type: ignore[no-untyped-call]
            mx.eval([layer.state for layer in kv])
            os.utime(path)
        except _DAMAGED:
            logger.warning("A damaged prompt file was deleted: %s", path.name, exc_info=True)
            self.delete(path)
            return None
        return kv

    def delete(self, path: Path) -> None:
        """Delete one file, if it is there."""
        try:
            path.unlink(missing_ok=True)
        except OSError:
            logger.warning("A prompt file could not be deleted: %s", path.name, exc_info=True)

    def clear(self) -> None:
        """Delete every prompt."""
        for path in self._files("*"):
            self.delete(path)

    def _prepare(self) -> bool:
        """Make the folder, which nobody else may look into; a stranger's, or a link, is not used."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = self._folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
                raise PermissionError("not a folder of this user's")
            self._folder.chmod(0o700)
        except OSError:
            logger.warning("Prompts are not kept on disk: their folder cannot be used", exc_info=True)
            return False
        return True

    def _files(self, pattern: str) -> Iterator[Path]:
        if self._is_ours:
            yield from (path for path in self._folder.glob(pattern) if _NAME.fullmatch(path.name))

    def _make_room(self, size: int) -> None:
        files = sorted((path.stat().st_mtime_ns, path.stat().st_size, path) for path in self._files("*"))
        total = sum(each for _, each, _ in files) + size
        for _, each, path in files:
            if total <= self._max_bytes:
                return
            self.delete(path)
            total -= each


def _describe(path: Path, model: str) -> StoredPrompt | None:
    try:
        metadata = _metadata(path)
        tokens = base64.b64decode(fields.text(metadata.get("0.tokens")), validate=True)
    except (DamagedFile, OSError, binascii.Error):
        return None
    if metadata.get("0.model") != model or not tokens or len(tokens) % 4:
        return None
    return StoredPrompt(path, tokens, trimmable=not _NEVER_TRIMMABLE & set(_kinds(metadata)))


def _metadata(path: Path) -> dict[str, Any]:
    return fields.mapping(read_header(path).get("__metadata__"))


def _kinds(metadata: dict[str, Any]) -> list[str]:
    """The classes of a cache's layers, by the numbers that mlx-lm writes them under."""
    kinds = {int(key[2:]): fields.text(kind) for key, kind in metadata.items() if re.fullmatch(r"1\.\d{1,4}", key)}
    return [kinds[number] for number in sorted(kinds)]


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
