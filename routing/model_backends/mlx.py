"""MLXBackend: MLX models in folders or from the hub, run by a process of our own."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib.util
import logging
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from routing.context_window import served_context_tokens
from routing.errors import (
    BackendError,
    BackendTimeout,
    BackendUnreachable,
    BadReply,
    ContextTooLong,
    ModelMissing,
    OutOfMemory,
)
from routing.model_backends import fields
from routing.model_backends.failures import Subject
from routing.model_backends.mlx_folder import read_model_folder
from routing.model_backends.mlx_process import WorkerProcess
from routing.model_backends.mlx_prompt_files import delete_prompt_files
from routing.model_backends.mlx_protocol import (
    Configure,
    Done,
    Forget,
    Generate,
    Heartbeat,
    Load,
    Loaded,
    LoadProgressed,
    Piece,
    Queued,
    Sampling,
    Unload,
    WorkerFailure,
)
from routing.types import (
    Completion,
    Endpoint,
    LoadProgress,
    LoadStage,
    Modality,
    ModelCapability,
    ModelOffer,
    Token,
    Waiting,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

    from routing.types import GenerationRequest, ModelMetadata

_log = logging.getLogger(__name__)

_KINDS = {
    kind.__name__: kind
    for kind in (BackendTimeout, BackendUnreachable, BadReply, ContextTooLong, ModelMissing, OutOfMemory)
}
# The settings of the sampler that go by the same name in a model's options.
_SAMPLING = frozenset(setting.name for setting in dataclasses.fields(Sampling)) - {"temperature"}


def is_installed() -> bool:
    """Whether mlx-lm is there, without importing it."""
    return all(importlib.util.find_spec(name) is not None for name in ("mlx", "mlx_lm"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MLXOptions:
    """Which models there are, folders or hub names, and how the worker is set up."""

    model_paths: tuple[str, ...] = ()
    worker: Configure = field(default_factory=Configure)


class MLXBackend:
    """The MLX models of this machine. The worker starts with the first load or answer, and ends with `close`.

    A model that is not in memory is loaded when it is asked something; one that is not downloaded is not: only `load`
    fetches it.
    """

    can_load = True

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        options: MLXOptions | None = None,
        process: WorkerProcess | None = None,
        installed: Callable[[], bool] = is_installed,
    ) -> None:
        self.endpoint = endpoint
        self._options = options or MLXOptions()
        self._process = process or WorkerProcess(self._options.worker)
        self._installed = installed
        self._unreadable: dict[str, str] = {}  # by path, so that each problem is logged once

    @property
    def working_set_bytes(self) -> int | None:
        """How much memory Metal recommends to use at the most; None before the worker runs, and where there is none."""
        ready = self._process.ready
        return ready.working_set_bytes if ready else None

    async def initialize(self) -> None:
        """Start nothing: the worker starts when it is needed."""

    async def close(self) -> None:
        """End the worker; running streams end."""
        await self._process.close()

    async def offers(self) -> Sequence[ModelOffer]:
        """Read every folder, and say what is loaded. Raises BackendUnreachable without MLX, or while it keeps dying."""
        subject = self._subject()
        self._check_installed(subject)
        with _translated(subject):
            self._process.check()
        offers = await asyncio.to_thread(self._read_folders)
        return [self._as_loaded(offer) for offer in offers]

    async def stream(
        self, model: ModelMetadata, request: GenerationRequest
    ) -> AsyncGenerator[Waiting | Token | Completion]:
        """Run the model: tokens as they come, then one Completion. Closing the generator stops the model.

        While another model is loaded, which holds everybody up, empty tokens are a sign of life; in the worker's line
        it is one's place, told once more.
        """
        subject = self._subject(model)
        command = generation(model, request, subject)
        answers = False
        sign_of_life: Token | Waiting = Token()
        with _translated(subject):
            load_seconds = await self._bring_into_memory(model, subject)
            async with self._process.ask(command) as reports:
                async for report in reports:
                    if isinstance(report, Piece):
                        answers, sign_of_life = answers or bool(report.text), Token()
                        yield Token(fields.text(report.text), fields.text(report.reasoning))
                    elif isinstance(report, Queued):
                        sign_of_life = Waiting(report.position)
                        yield sign_of_life
                    elif isinstance(report, Heartbeat):
                        yield sign_of_life
                    elif isinstance(report, Done):
                        if not answers and report.finish_reason != "length":
                            raise subject.said_nothing()
                        yield completion(report, load_seconds)

    async def load(self, model: ModelMetadata) -> AsyncGenerator[LoadProgress]:
        """Bring a model into memory, downloaded first if need be. Closing the generator gives the load up."""
        subject = self._subject(model)
        self._check_offered(model, subject)
        with _translated(subject):
            while model.backend_name not in self._process.loaded:
                async with self._process.ask(_load(model, fetch=True)) as reports:
                    async for report in reports:
                        if isinstance(report, LoadProgressed):
                            yield _progress(report)

    async def unload(self, model: ModelMetadata) -> None:
        """Take a model out of memory, when its answers have ended; nothing happens if it is not there."""
        if model.backend_name not in self._process.loaded:
            return
        with _translated(self._subject(model)):
            async with self._process.ask(Unload(0, model.backend_name)) as reports:
                async for _ in reports:
                    continue

    async def forget_prompts(self) -> None:
        """Drop every prompt that is kept for reuse, in memory and on disk. Raises BackendError if that fails."""
        if not self._process.runs:
            if folder := self._options.worker.prompt_cache_folder:
                await asyncio.to_thread(delete_prompt_files, Path(folder))
            return
        with _translated(self._subject()):
            async with self._process.ask(Forget(0)) as reports:
                async for _ in reports:
                    continue

    # --- inside -------------------------------------------------------------------------------------------------------

    async def _bring_into_memory(self, model: ModelMetadata, subject: Subject) -> float | None:
        """Load the model if it is not there; gives the seconds that it took, None if it was."""
        self._check_offered(model, subject)
        seconds = None
        while model.backend_name not in self._process.loaded:
            async with self._process.ask(_load(model, fetch=False)) as reports:
                async for report in reports:
                    if isinstance(report, Loaded):
                        seconds = report.seconds
        return seconds

    def _check_offered(self, model: ModelMetadata, subject: Subject) -> None:
        """Refuse what is not among MLX_MODEL_PATHS: no other folder is looked into, and nothing else is fetched."""
        self._check_installed(subject)
        if model.backend_name not in self._options.model_paths:
            raise subject.error(ModelMissing, "{model} is not among MLX_MODEL_PATHS.")

    def _check_installed(self, subject: Subject) -> None:
        if not self._installed():
            sentence = (
                "MLX is not installed: on a Mac with Apple silicon, `pip install -r requirements.txt` installs it; "
                "elsewhere leave MLX_MODEL_PATHS empty."
            )
            raise subject.error(BackendUnreachable, sentence, reason="not installed")

    def _read_folders(self) -> list[ModelOffer]:
        """Read what can be; the log gets the rest, once."""
        found, unreadable = [], {}
        for path in dict.fromkeys(self._options.model_paths):
            try:
                found.append(read_model_folder(path))
            except BackendError as error:
                unreadable[path] = str(error)
        for path, sentence in unreadable.items():
            if self._unreadable.get(path) != sentence:
                _log.warning("MLX_MODEL_PATHS: %s", sentence)
        self._unreadable = unreadable
        return found

    def _as_loaded(self, offer: ModelOffer) -> ModelOffer:
        """Add whether it is loaded; and this backend runs only what a model does with text."""
        loaded = self._process.loaded.get(offer.backend_name)
        return dataclasses.replace(
            offer,
            endpoint=self.endpoint,
            capabilities=offer.capabilities - {ModelCapability.VISION},
            loaded=loaded is not None,
            loaded_bytes=loaded.bytes if loaded else None,
        )

    def _subject(self, model: ModelMetadata | None = None) -> Subject:
        if model is None:
            return Subject("MLX", self.endpoint.backend)
        return Subject("MLX", self.endpoint.backend, model.model_id, model.display_name)


def generation(model: ModelMetadata, request: GenerationRequest, subject: Subject) -> Generate:
    """Make the worker's command of a request. Raises BadReply for pictures, which no model sees here."""
    files = (file for message in request.messages for file in message.attachments)
    if any(file.modality is Modality.IMAGE for file in files):
        raise subject.error(BadReply, "{model} cannot see pictures.", reason="cannot see")
    think, stop = model.options.get("think"), model.options.get("stop")
    return Generate(
        id=0,
        name=model.backend_name,
        messages=tuple((message.role, message.content) for message in request.messages),
        max_tokens=request.max_tokens,
        sampling=_sampling(model, request),
        stop=tuple(text for text in map(fields.text, [stop, *fields.items(stop)]) if text),
        think=None if think is None else bool(think),
        context_tokens=served_context_tokens(model),
    )


def _sampling(model: ModelMetadata, request: GenerationRequest) -> Sampling:
    """Take what models.toml, which has been checked, says of the sampler."""
    chosen = {name: value for name, value in model.options.items() if name in _SAMPLING}
    return Sampling(temperature=request.temperature, **chosen)  # type: ignore[arg-type]  # the catalog checks them


def _load(model: ModelMetadata, *, fetch: bool) -> Load:
    return Load(0, model.backend_name, fields.text(model.options.get("draft_model")) or None, fetch=fetch)


def _progress(report: LoadProgressed) -> LoadProgress:
    stage = LoadStage.DOWNLOADING if report.stage == LoadStage.DOWNLOADING else LoadStage.LOADING
    return LoadProgress(stage, report.done_bytes, report.total_bytes)


def completion(done: Done, load_seconds: float | None) -> Completion:
    """Turn the worker's figures into those of an answer. Between n tokens there are n - 1 steps to be timed."""
    computed = done.prompt_tokens - done.cached_tokens
    return Completion(
        finish_reason=done.finish_reason,
        prompt_tokens=done.prompt_tokens,
        output_tokens=done.output_tokens,
        tokens_per_second=_rate(done.output_tokens - 1, done.decode_seconds),
        load_seconds=load_seconds,
        prompt_seconds=done.prompt_seconds,
        cached_tokens=done.cached_tokens,
        prompt_tokens_per_second=_rate(computed, done.prompt_seconds),
        peak_memory_bytes=done.peak_bytes or None,
    )


def _rate(count: int, seconds: float) -> float | None:
    return count / seconds if count > 0 and seconds > 0 else None


@contextmanager
def _translated(subject: Subject) -> Iterator[None]:
    """Turn what fails in the worker, or the worker's own end, into BackendErrors about `subject`."""
    try:
        yield
    except WorkerFailure as failure:
        kind = _KINDS.get(failure.kind, BadReply)
        cause = failure.__cause__ or failure
        raise kind(str(failure), backend=subject.backend, model=subject.model_id, reason=failure.reason) from cause
