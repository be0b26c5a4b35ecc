"""Keeps what models have computed of prompts, so that the next turn of a chat computes only what is new."""

from __future__ import annotations

import copy
import time
from array import array
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mlx.core as mx
from mlx_lm.models.cache import KVCache, QuantizedKVCache, RotatingKVCache, can_trim_prompt_cache, trim_prompt_cache

from routing.model_backends.mlx_engine.loading import flat_layers
from routing.model_backends.mlx_engine.prefix_files import PrefixFiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from routing.model_backends.mlx_engine.loading import LoadedModel

_Packed = bytes  # tokens as machine words, which compare fast
_TOKEN_BYTES = array("I").itemsize
# What was kept a moment ago is often replaced by the chat's next turn, and then need not be written.
_SETTLED_SECONDS = 30.0


@dataclass(slots=True, eq=False)
class _Entry:
    """The keys and values of a prompt. `kv` None: they are on disk alone; `path` None: they are not."""

    model_name: str
    model: str
    tokens: _Packed
    kv: list[Any] | None
    size: int
    trimmable: bool
    kept_at: float
    path: Path | None = None

    @property
    def length(self) -> int:
        return len(self.tokens) // _TOKEN_BYTES


class PrefixCache:
    """Prompts of several chats and models, in memory and, if a folder is given, on disk; the least used goes first.

    mlx-lm's own LRUPromptCache does the same for one server's few prompts, but looks for them in a tree of tokens:
    beside 20 chats of 4,000 tokens, a new one's search took half a second, during which nobody streams; here it is less
    than a millisecond. What was used counts as new here, not only what was put in.
    """

    def __init__(
        self,
        max_bytes: int,
        folder: Path | None = None,
        folder_max_bytes: int = 4_000_000_000,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_bytes = max_bytes
        self._files = PrefixFiles(folder, folder_max_bytes) if folder else None
        self._clock = clock
        self._entries: OrderedDict[tuple[str, _Packed], _Entry] = OrderedDict()
        self._restored: set[str] = set()

    @property
    def bytes(self) -> int:
        """What is held in memory."""
        return sum(entry.size for entry in self._entries.values() if entry.kv is not None)

    def fetch(self, loaded: LoadedModel, tokens: list[int]) -> tuple[list[Any] | None, int]:
        """Find what is computed of this prompt: its keys and values, and how many of the tokens they cover.

        They are the caller's to change: what is kept shares memory with them only until they do. At least one token is
        left to compute. Where nothing of use is kept: None and 0.
        """
        self._restore(loaded)
        wanted = _packed(tokens)
        while (found := self._best(_model(loaded), wanted)) is not None:
            entry, covered = found
            kv = self._kv(loaded, entry)
            if kv is None:
                continue
            mine = copy.deepcopy(kv)
            if covered < entry.length:
                trim_prompt_cache(mine, entry.length - covered)
            return mine, covered
        return None, 0

    def keep(self, loaded: LoadedModel, tokens: list[int], kv: list[Any]) -> None:
        """Keep the keys and values of exactly these tokens; the caller may go on changing its own.

        Nothing is copied before the caller does. What is kept already, as the beginning of something longer that can be
        cut, is not kept twice. Raises ValueError for keys and values of another length.
        """
        if not tokens or not _covers(kv, len(tokens)):
            raise ValueError("these keys and values are not those of the tokens")
        size, packed, trimmable = sum(layer.nbytes for layer in kv), _packed(tokens), _is_trimmable(kv)
        if size > self._max_bytes or self._is_kept(_model(loaded), packed):
            return
        mx.eval([layer.state for layer in kv])  # or the whole batch that they were cut from would stay in memory
        entry = _Entry(loaded.name, _model(loaded), packed, copy.deepcopy(kv), size, trimmable, self._clock())
        for old in self._replaced_by(entry):
            self._drop(old)
        self._entries[entry.model, packed] = entry
        self._make_room()

    def drop_model(self, name: str) -> None:
        """Free what is kept in memory for a model that goes; what is on disk is found again when it comes back."""
        for entry in [entry for entry in self._entries.values() if entry.model_name == name]:
            del self._entries[entry.model, entry.tokens]
            self._restored.discard(entry.model)

    def clear(self) -> None:
        """Forget everything, in memory and on disk."""
        self._entries.clear()
        if self._files:
            self._files.clear()

    def save(self, *, settled_seconds: float = _SETTLED_SECONDS) -> bool:
        """Write one prompt that has not changed for a while to the folder, if there is one; whether more are waiting.

        Takes as long as the disk does, so it is for times when nobody streams.
        """
        before = self._clock() - settled_seconds
        unsaved = [entry for entry in self._entries.values() if entry.path is None and entry.kept_at <= before]
        if not self._files or not unsaved:
            return False
        entry = unsaved.pop()  # the last used
        entry.path = self._files.write(entry.model_name, entry.model, entry.tokens, entry.kv or [])
        if entry.path is None:
            entry.kept_at = float("inf")  # it cannot be written: do not try again
        return bool(unsaved)

    def _best(self, model: str, wanted: _Packed) -> tuple[_Entry, int] | None:
        """The entry that covers most of a prompt but its last token; of several, one that is in memory."""
        most = len(wanted) // _TOKEN_BYTES - 1
        found = [(entry, _usable(entry, wanted, most)) for entry in self._entries.values() if entry.model == model]
        best = max(found, key=lambda pair: (pair[1], pair[0].kv is not None), default=None)
        return best if best and best[1] > 0 else None

    def _kv(self, loaded: LoadedModel, entry: _Entry) -> list[Any] | None:
        """An entry's keys and values, from disk if need be; one whose file is gone or damaged is dropped."""
        self._entries.move_to_end((entry.model, entry.tokens))
        if entry.kv is not None or self._files is None or entry.path is None:
            return entry.kv
        kv = self._files.read(loaded.model, entry.path)
        if kv is None or not _covers(kv, entry.length):
            self._drop(entry)
            return None
        entry.kv, entry.size, entry.trimmable = kv, sum(layer.nbytes for layer in kv), _is_trimmable(kv)
        self._make_room()
        return kv

    def _restore(self, loaded: LoadedModel) -> None:
        """Take up what is on disk for a model, when it is first asked for."""
        model = _model(loaded)
        if self._files is None or not loaded.identity or model in self._restored:
            return
        self._restored.add(model)
        for stored in self._files.find(loaded.name, model):
            key = (model, stored.tokens)
            if key not in self._entries:
                entry = _Entry(
                    loaded.name, model, stored.tokens, None, 0, stored.trimmable, self._clock(), path=stored.path
                )
                self._entries[key] = entry
                self._entries.move_to_end(key, last=False)

    def _is_kept(self, model: str, packed: _Packed) -> bool:
        """Whether this prompt is in memory already, by itself or as the beginning of one that can be cut back to it."""
        for key, entry in self._entries.items():
            longer = entry.trimmable and entry.tokens.startswith(packed)
            if entry.model == model and entry.kv is not None and (longer or entry.tokens == packed):
                self._entries.move_to_end(key)
                return True
        return False

    def _replaced_by(self, new: _Entry) -> list[_Entry]:
        """What need not be kept any more: the same prompt, and if the new one can be cut, its beginnings."""
        ours = [entry for entry in self._entries.values() if entry.model == new.model]
        return [
            entry
            for entry in ours
            if entry.tokens == new.tokens or (new.trimmable and new.tokens.startswith(entry.tokens))
        ]

    def _make_room(self) -> None:
        for entry in list(self._entries.values()):
            if self.bytes <= self._max_bytes:
                return
            entry.kv = None
            if entry.path is None:
                self._drop(entry)

    def _drop(self, entry: _Entry) -> None:
        del self._entries[entry.model, entry.tokens]
        if entry.path and self._files:
            self._files.delete(entry.path)


def _model(loaded: LoadedModel) -> str:
    """What was computed by these files is of use to these files alone."""
    return loaded.identity or loaded.name


def _packed(tokens: list[int]) -> _Packed:
    return array("I", tokens).tobytes()


def _usable(entry: _Entry, wanted: _Packed, most: int) -> int:
    """How many tokens of a prompt an entry covers: all of its own, or as many as it can be cut back to."""
    common = _common_tokens(entry.tokens, wanted)
    if common == entry.length <= most:
        return common
    return min(common, most) if entry.trimmable else 0


def _common_tokens(one: _Packed, other: _Packed) -> int:
    """How many tokens two prompts begin with alike, by halving: comparing bytes is faster than walking over tokens."""
    low, high = 0, min(len(one), len(other)) // _TOKEN_BYTES
    while low < high:
        middle = (low + high + 1) // 2
        part = slice(low * _TOKEN_BYTES, middle * _TOKEN_BYTES)
        low, high = (middle, high) if one[part] == other[part] else (low, middle - 1)
    return low


def _covers(kv: list[Any], length: int) -> bool:
    """Whether every layer that counts its tokens has counted so many."""
    return all(getattr(layer, "offset", length) == length for layer in flat_layers(kv))


def _is_trimmable(kv: list[Any]) -> bool:
    """Whether a cache can be cut back to any length, and says so; layers of other kinds are not known well enough."""
    known = all(type(layer) in (KVCache, QuantizedKVCache, RotatingKVCache) for layer in flat_layers(kv))
    return known and bool(can_trim_prompt_cache(kv))
