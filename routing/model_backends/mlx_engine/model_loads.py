"""ModelLoads: loads and unloads, worked on in steps between those of the answers."""

from __future__ import annotations

import logging
import traceback
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from routing.model_backends.mlx_engine.background_download import BackgroundDownload
from routing.model_backends.mlx_engine.loading import load_steps
from routing.model_backends.mlx_folder import find_folder
from routing.model_backends.mlx_protocol import Failed, Load, Loaded, LoadProgressed, Unload, Unloaded, WorkerFailure
from routing.model_backends.mlx_sizes import ANSWER_TOKENS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from routing.model_backends.mlx_engine.loading import LoadedModel
    from routing.model_backends.mlx_engine.residents import Residents
    from routing.model_backends.mlx_protocol import Report
    from routing.types import LoadStage

    Steps = Generator[bool, None, None]

_log = logging.getLogger(__name__)

FURTHER, WAITS = True, False
"""What a step yields: whether it has got further, or waits for something."""


@dataclass(frozen=True, slots=True, eq=False)
class _UnderWay:
    command: Load | Unload
    steps: Steps


class ModelLoads:
    """What is to be loaded and unloaded. Downloads run side by side, but one model is read at a time.

    `wake` is called from other threads when something that a load waits for has happened.
    """

    def __init__(self, residents: Residents, say: Callable[[Report], None], wake: Callable[[], None]) -> None:
        self._residents = residents
        self._say = say
        self._wake = wake
        self._under_way: list[_UnderWay] = []
        self._reading_id: int | None = None

    @property
    def reading(self) -> bool:
        """Whether the next step reads weights, which holds everybody up for a moment."""
        return self._reading_id is not None

    def add(self, command: Load | Unload) -> None:
        """Take a command; it begins when those before it for the same model have ended."""
        steps = self._load(command) if isinstance(command, Load) else self._unload(command)
        self._under_way.append(_UnderWay(command, steps))

    def give_up(self, number: int) -> None:
        """End a command by its id, wherever it has come to; nothing is said of it any more."""
        for work in [work for work in self._under_way if work.command.id == number]:
            self._end(work)

    def step(self) -> bool:
        """Get on with each, for some tenths of a second at the most; False when all of them wait."""
        first = {work.command.name: work for work in reversed(self._under_way)}
        further = [self._get_on(work) for work in first.values()]
        return any(further)

    def _get_on(self, work: _UnderWay) -> bool:
        try:
            return next(work.steps)
        except StopIteration:
            self._end(work)
        except WorkerFailure as failure:
            self._end(work)
            self._say(failed(work.command.id, failure))
        return FURTHER

    def _end(self, work: _UnderWay) -> None:
        self._under_way.remove(work)
        work.steps.close()

    # --- each in its steps --------------------------------------------------------------------------------------------

    def _unload(self, command: Unload) -> Steps:
        """Wait for the answers that have begun, then take the model out."""
        while (resident := self._residents.get(command.name)) and not resident.runner.idle:
            yield WAITS
        self._residents.take_out(command.name)
        self._say(Unloaded(command.id, command.name))

    def _load(self, command: Load) -> Steps:
        """Bring a model into memory, with its draft model, and say so; at once if it is there."""
        if resident := self._residents.get(command.name):
            self._say(Loaded(command.id, command.name, resident.bytes, 0.0))
            return
        folders = yield from self._find(command)
        while self.reading:
            yield WAITS
        self._reading_id = command.id
        try:
            models = yield from self._read_all(command, folders)
        finally:
            self._reading_id, self._residents.reserved_bytes = None, 0
        resident = self._residents.put_in(*models)
        self._say(Loaded(command.id, command.name, resident.bytes, sum(model.load_seconds for model in models)))

    def _find(self, command: Load) -> Generator[bool, None, dict[str, Path]]:
        """Find the models' folders; what is missing is downloaded, if that was asked for."""
        names = [name for name in (command.name, command.draft_name) if name]
        folders = {name: folder for name in names if (folder := find_folder(name))}
        missing = [name for name in names if name not in folders]
        if not missing:
            return folders
        if not command.fetch:
            raise WorkerFailure("ModelMissing", f"{missing[0]} is not downloaded yet: load it once, which fetches it.")
        download = BackgroundDownload(missing, partial(self._tell, command.id), self._wake)
        try:
            while not download.ended:
                yield WAITS
        finally:
            download.give_up()
        fetched = download.folders()
        return {name: (folders | fetched)[name] for name in names}

    def _read_all(self, command: Load, folders: dict[str, Path]) -> Generator[bool, None, list[LoadedModel]]:
        """Read the model, then its draft model: without room for that one it answers alone."""
        models: list[LoadedModel] = []
        for name, folder in folders.items():
            room = self._residents.room_bytes()
            if room is not None and models:
                room -= models[0].kv_bytes(ANSWER_TOKENS)
            try:
                models.append((yield from self._read(command, name, folder, room)))
            except WorkerFailure as failure:
                if not models or failure.kind != "OutOfMemory":
                    raise
                _log.warning("%s answers without its draft model: %s", command.name, failure)
        return models

    def _read(
        self, command: Load, name: str, folder: Path, room_bytes: int | None
    ) -> Generator[bool, None, LoadedModel]:
        def on_progress(stage: LoadStage, done_bytes: int | None, total_bytes: int | None) -> None:
            self._residents.reserved_bytes = (total_bytes or 0) - (done_bytes or 0)
            self._tell(command.id, stage, done_bytes, total_bytes)

        steps = load_steps(name, folder, room_bytes=room_bytes, on_progress=on_progress)
        with closing(steps):
            while True:
                try:
                    next(steps)
                except StopIteration as ended:
                    model: LoadedModel = ended.value
                    return model
                yield FURTHER

    def _tell(self, number: int, stage: LoadStage, done_bytes: int | None, total_bytes: int | None) -> None:
        self._say(LoadProgressed(number, stage, done_bytes, total_bytes))


def failed(number: int, failure: WorkerFailure) -> Failed:
    """Make a report of a failure; what caused it goes along for the log."""
    cause = failure.__cause__
    return Failed(number, failure.kind, str(failure), "".join(traceback.format_exception(cause)) if cause else "")
