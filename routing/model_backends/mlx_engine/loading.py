"""Brings a model into memory, or says in one sentence why it cannot be: weights, tokenizer, and a first token."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import re
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import mlx.core as mx
import mlx_lm.utils
from huggingface_hub.errors import StrictDataclassError
from mlx.utils import tree_flatten
from mlx_lm.models.cache import make_prompt_cache

from routing.errors import BackendError
from routing.model_backends import fields, mlx_folder
from routing.model_backends.mlx_engine import downloads, memory
from routing.model_backends.mlx_protocol import WorkerFailure
from routing.model_backends.mlx_sizes import KVSize, read_model_needs
from routing.model_backends.mlx_weights import DamagedFile, read_header
from routing.types import LoadStage

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from mlx.nn.layers.base import Module
    from mlx_lm.tokenizer_utils import TokenizerWrapper

    from routing.model_backends.mlx_engine.downloads import OnProgress

# What is read between two looks at who else wants something: about a tenth of a second from an SSD.
_STEP_BYTES = 256_000_000
# What building a network from a stranger's files can raise; a class that is not here is a bug, and passes through.
_FOREIGN = (
    *(ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, OSError),
    *(RuntimeError, StrictDataclassError, TypeError, ValueError),
)


@dataclass(slots=True)
class LoadedModel:
    """A model in memory; to be used on the thread that loaded it.

    `kv_bytes_per_token` is that of the layers that keep every token, as measured; `kv` has all of them. `eos_token_ids`
    are in the tokenizer. `identity` changes when one of its files does, or mlx-lm: what was computed is void then.
    """

    name: str
    model: Module
    tokenizer: TokenizerWrapper
    weight_bytes: int
    kv_bytes_per_token: int
    context_tokens: int | None
    load_seconds: float
    kv: KVSize = field(default_factory=KVSize)
    identity: str = ""

    def kv_bytes(self, tokens: int) -> int:
        """What the keys and values of so many tokens take."""
        return self.kv.bytes_for(tokens) if self.kv != KVSize() else self.kv_bytes_per_token * tokens


def load_model(name: str, *, room_bytes: int | None, on_progress: OnProgress) -> LoadedModel:
    """Load a model from a folder or by a hub name, which is downloaded first if need be; blocks until it is there.

    `room_bytes` is what is free for it; None: nobody knows. What `on_progress` raises ends the load. Raises
    WorkerFailure: ModelMissing, OutOfMemory with the arithmetic, BadReply for what is corrupt or unknown.
    """
    folder = downloads.fetch_model(name, on_progress=on_progress)
    steps = load_steps(name, folder, room_bytes=room_bytes, on_progress=on_progress)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            model: LoadedModel = done.value
            return model


def load_steps(
    name: str, folder: Path, *, room_bytes: int | None, on_progress: OnProgress
) -> Generator[None, None, LoadedModel]:
    """Load a model from its folder in steps of some tenths of a second, between which others can be served.

    Closing the generator gives the load up; whatever ends it, nothing of the model stays in memory.
    """
    with _nothing_left_behind():
        return (yield from _load(name, folder, room_bytes, on_progress))


def _load(
    name: str, folder: Path, room_bytes: int | None, on_progress: OnProgress
) -> Generator[None, None, LoadedModel]:
    began, title = time.monotonic(), mlx_folder.display_name(folder)
    _check(title, folder, room_bytes)
    misfit = f"The weights of {title} do not fit its config.json: download it again, or take another model."
    with _told(misfit):
        model, config = mlx_lm.utils.load_model(folder, lazy=True, strict=True, trust_remote_code=False)
    for done, total in _read_weights(model, misfit):
        on_progress(LoadStage.LOADING, done, total)
        yield
    with _told(misfit):
        kv = _measure(model)
    yield
    return LoadedModel(
        name=name,
        model=model,
        tokenizer=_load_tokenizer(title, folder),
        weight_bytes=sum(array.nbytes for array in _arrays(model)),
        kv_bytes_per_token=kv.bytes_per_token,
        context_tokens=mlx_folder.context_tokens(fields.mapping(config.get("text_config")) or config),
        load_seconds=time.monotonic() - began,
        kv=kv,
        identity=identity_of(name, folder),
    )


def unload(loaded: LoadedModel) -> None:
    """Take a model out of memory, though somebody still refers to it: its weights go, the empty shell may stay."""
    loaded.model.clear()
    memory.give_back()


def identity_of(name: str, folder: Path) -> str:
    """Say which files these are, and which mlx-lm runs them, in a hash of 64 hexadecimal digits."""
    files = sorted(file for pattern in ("*.json", "*.safetensors", "*.jinja") for file in folder.glob(pattern))
    stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.is_file()]
    return hashlib.sha256(repr((name, stats, importlib.metadata.version("mlx-lm"))).encode()).hexdigest()


# --- before anything is read ------------------------------------------------------------------------------------------


def _check(title: str, folder: Path, room_bytes: int | None) -> None:
    """Refuse what cannot be loaded, by what its files say of themselves."""
    try:
        config, needs = mlx_folder.read_config(folder), read_model_needs(folder)
    except BackendError as error:
        raise WorkerFailure(type(error).__name__, str(error)) from error
    _check_code(title, config)
    _check_weights(title, folder, config)
    refusal = needs.refusal(title, room_bytes)
    if refusal:
        raise WorkerFailure("OutOfMemory", refusal)


def _check_code(title: str, config: dict[str, Any]) -> None:
    """A model that brings code of its own is not run; one that MLX has code for is, and its own is never looked at."""
    kind = fields.text(config.get("model_type"))
    known = re.fullmatch(r"[\w-]+", kind, re.ASCII) and importlib.util.find_spec(
        f"mlx_lm.models.{mlx_lm.utils.MODEL_REMAPPING.get(kind, kind)}"
    )
    if config.get("model_file") or (config.get("auto_map") and not known):
        sentence = f"{title} needs code that comes with it, and such code is never run: take another model."
        raise WorkerFailure("BadReply", sentence)
    if not known:
        sentence = f"MLX does not know models of {title}'s type ({kind[:40] or 'none named'}): take another one."
        raise WorkerFailure("BadReply", sentence)


def _check_weights(title: str, folder: Path, config: dict[str, Any]) -> None:
    """The files must be whole, and no more layers be claimed than they have tensors: building those would never end."""
    files = mlx_folder.weight_files(folder)
    if not files:
        raise WorkerFailure("ModelMissing", f"There are no weights in the folder of {title}: download it again.")
    try:
        tensors = sum(len(read_header(file)) for file in files)
    except (DamagedFile, OSError) as error:
        sentence = f"The weights of {title} are damaged: delete its folder and download it again."
        raise WorkerFailure("BadReply", sentence) from error
    if _largest_claim(config) > max(tensors, 100_000):
        raise WorkerFailure(
            "BadReply", f"The config.json of {title} claims what its weights do not hold: take another model."
        )


def _largest_claim(config: dict[str, Any]) -> float:
    """The largest of the figures that say how many parts a network has."""
    shapes = (config, fields.mapping(config.get("text_config")))
    claims = [value for shape in shapes for key, value in shape.items() if key.startswith(("num_", "n_"))]
    return max((fields.number(value) or 0 for value in claims), default=0)


# --- reading ----------------------------------------------------------------------------------------------------------


def _arrays(model: Module) -> list[mx.array]:
    leaves: Any = tree_flatten(model.parameters())  # type: ignore[no-untyped-call]
    return [array for _, array in leaves if isinstance(array, mx.array)]


def _read_weights(model: Module, misfit: str) -> Iterator[tuple[int, int]]:
    """Read the weights, which MLX has only opened so far, a step at a time: bytes that are read, and of how many."""
    arrays = _arrays(model)
    total, done, begin, size = sum(array.nbytes for array in arrays), 0, 0, 0
    yield 0, total
    for end, array in enumerate(arrays, start=1):
        size += array.nbytes
        if size < _STEP_BYTES and end < len(arrays):
            continue
        with _told(misfit):
            mx.eval(arrays[begin:end])
        done, begin, size = done + size, end, 0
        yield done, total


def _measure(model: Module) -> KVSize:
    """Compute one token: proof that the network runs, and the exact size of its keys and values."""
    cache = make_prompt_cache(model)
    mx.eval(model(mx.array([[0]]), cache=cache))
    sizes = [_size_of(layer) for layer in flat_layers(cache)]
    windows: dict[int, int] = {}
    for window, size in (pair for kv in sizes for pair in kv.windows):
        windows[size] = windows.get(size, 0) + window
    return KVSize(
        bytes_per_token=sum(kv.bytes_per_token for kv in sizes),
        windows=tuple((size, length) for length, size in windows.items()),
        fixed_bytes=sum(kv.fixed_bytes for kv in sizes),
    )


def flat_layers(cache: list[Any]) -> Iterator[Any]:
    """Give each layer's keys and values; a layer of two kinds has a list of its own."""
    for layer in cache:
        yield from flat_layers(list(layer.caches)) if hasattr(layer, "caches") else (layer,)


def _size_of(layer: Any) -> KVSize:
    if layer.empty():
        return KVSize()
    keys = getattr(layer, "keys", None)
    if not isinstance(keys, mx.array):
        return KVSize(fixed_bytes=layer.nbytes)
    per_token = layer.nbytes // keys.shape[-2]
    window = getattr(layer, "max_size", None) or getattr(layer, "chunk_size", None)
    return KVSize(windows=((per_token, int(window)),)) if window else KVSize(bytes_per_token=per_token)


def _load_tokenizer(title: str, folder: Path) -> TokenizerWrapper:
    sentence = f"The tokenizer of {title} is missing or cannot be read: download the model again."
    with _told(sentence):
        try:
            tokenizer: TokenizerWrapper = mlx_lm.utils.load_tokenizer(  # type: ignore[no-untyped-call]
                folder, {"trust_remote_code": False, "local_files_only": True}, eos_token_ids=_eos_token_ids(folder)
            )
        except Exception as error:
            if type(error) is not Exception:
                raise
            raise WorkerFailure("BadReply", sentence) from error  # the tokenizers library has no class for its errors
    # Without its file the library would make an empty one.
    if not any((folder / file).is_file() for file in mlx_folder.TOKENIZER_FILES):
        raise WorkerFailure("BadReply", sentence)
    if not tokenizer.has_chat_template:
        sentence = f"{title} has no chat template, so it cannot hold a conversation: take its instruct version."
        raise WorkerFailure("BadReply", sentence)
    return tokenizer


def _eos_token_ids(folder: Path) -> list[int]:
    """The tokens that end an answer: those of config.json and of generation_config.json, which may differ."""
    found: set[int] = set()
    for name in ("config.json", "generation_config.json"):
        try:
            config = fields.mapping(fields.parse((folder / name).read_bytes()))
        except (OSError, ValueError):
            continue
        for shape in (config, fields.mapping(config.get("text_config"))):
            named = shape.get("eos_token_id")
            candidates = named if isinstance(named, list) else [named]
            found |= {token for token in map(fields.whole, candidates) if token is not None}
    return sorted(found)


# --- what goes wrong --------------------------------------------------------------------------------------------------


@contextmanager
def _told(sentence: str) -> Iterator[None]:
    """Tell what MLX and the tokenizers raise as one failure."""
    try:
        yield
    except MemoryError as error:
        raise WorkerFailure(
            "OutOfMemory", "There is too little memory to load this model: take a smaller one."
        ) from error
    except _FOREIGN as error:
        raise WorkerFailure("BadReply", sentence) from error


@contextmanager
def _nothing_left_behind() -> Iterator[None]:
    """Free what a failed load had read: the error's traceback holds on to it, and would until the error is gone."""
    try:
        yield
    except BaseException as error:
        cause: BaseException | None = error
        while cause is not None:
            traceback.clear_frames(cause.__traceback__)
            cause = cause.__cause__ or cause.__context__
        memory.give_back()
        raise
