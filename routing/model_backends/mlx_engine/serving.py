"""Serving: obeys the bot on the one thread that owns MLX, and lets every loaded model take its steps."""

from __future__ import annotations

import time
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING

from routing.model_backends.mlx_engine import memory
from routing.model_backends.mlx_engine.decoding import REQUEST_ERRORS
from routing.model_backends.mlx_engine.model_loads import ModelLoads, failed
from routing.model_backends.mlx_engine.prefixes import PrefixCache
from routing.model_backends.mlx_engine.residents import Residents
from routing.model_backends.mlx_protocol import (
    Cancel,
    Configure,
    Done,
    Failed,
    Forget,
    Forgotten,
    Generate,
    Load,
    Ready,
    Unload,
    Unloaded,
    WorkerFailure,
)
from routing.model_backends.mlx_threads import Arrival

if TYPE_CHECKING:
    from collections.abc import Callable
    from queue import SimpleQueue

    from routing.model_backends.mlx_engine.residents import Resident
    from routing.model_backends.mlx_threads import Pulse

# How long nothing must have been asked before a prompt is written to the disk, and between two such looks.
_QUIET_SECONDS = 5.0


class Serving:
    """The models in memory and what is asked of them. Built and run on one thread, which owns MLX.

    `say` takes one report or several, and is called from any thread. The queue is emptied before every step, so that
    somebody new waits for no more than one step of the others.
    """

    def __init__(
        self,
        configure: Configure,
        arrivals: SimpleQueue[Arrival],
        say: Callable[..., None],
        pulse: Pulse,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.quiet_seconds = _QUIET_SECONDS
        self._arrivals = arrivals
        self._say = say
        self._pulse = pulse
        folder = Path(configure.prompt_cache_folder) if configure.prompt_cache_folder else None
        self._writes_prompts = folder is not None
        self._prefixes = PrefixCache(
            configure.prompt_cache_bytes, folder, configure.prompt_cache_folder_bytes, clock=clock
        )
        self._residents = Residents(configure, self._prefixes)
        self._loads = ModelLoads(self._residents, say, wake=lambda: arrivals.put(Arrival(None, 0.0)))
        self._asked: dict[int, Resident] = {}  # of whom each generation is asked
        self._at_rest = True

    def run(self) -> None:
        """Serve for ever: the process ends with the thread that reads the commands."""
        self._say(Ready(memory.device(), memory.working_set_bytes()))
        while True:
            self.turn()

    def turn(self) -> None:
        """Obey what has come, let every model take a step, and get on with loads; wait where there is nothing to do."""
        self._obey_all()
        busy = [(name, resident) for name, resident in self._residents if not resident.runner.idle]
        for name, resident in busy:
            self._step(name, resident)
        with self._pulse.step(loading=self._loads.reading):
            further = self._loads.step()
        figures = memory.figures()
        self._pulse.note_memory(figures.active_bytes, figures.peak_bytes)
        self._at_rest = not busy and not further

    # --- commands -----------------------------------------------------------------------------------------------------

    def _obey_all(self) -> None:
        if self._at_rest:
            self._obey(self._next())
        while not self._arrivals.empty():
            self._obey(self._arrivals.get())

    def _next(self) -> Arrival:
        """Wait for the next command; a quiet while is used for writing prompts to the disk, one at a time."""
        while self._writes_prompts:
            try:
                return self._arrivals.get(timeout=self.quiet_seconds)
            except Empty:
                with self._pulse.step():
                    self._prefixes.save()
        return self._arrivals.get()

    def _obey(self, arrival: Arrival) -> None:
        command = arrival.command
        if isinstance(command, Generate):
            self._begin(command, arrival.at)
        elif isinstance(command, Load | Unload):
            self._loads.add(command)
        elif isinstance(command, Cancel):
            self._cancel(command.id)
        elif isinstance(command, Forget):
            self._prefixes.clear()
            self._say(Forgotten(command.id))

    def _begin(self, command: Generate, arrived: float) -> None:
        resident = self._residents.get(command.name)
        if resident is None:
            sentence = "The model has just been taken out of memory: ask again."
            self._say(failed(command.id, WorkerFailure("ModelMissing", sentence)))
            return
        try:
            with self._pulse.step():
                resident.runner.submit(command, arrived)
        except WorkerFailure as failure:
            self._say(failed(command.id, failure))
        except REQUEST_ERRORS as error:
            self._say(failed(command.id, _fault(error)))
        else:
            self._asked[command.id] = resident

    def _cancel(self, number: int) -> None:
        self._loads.give_up(number)
        if resident := self._asked.pop(number, None):
            with self._pulse.step():
                resident.runner.cancel(number)

    # --- answers ------------------------------------------------------------------------------------------------------

    def _step(self, name: str, resident: Resident) -> None:
        """Let one model take a step. A fault that is not one request's alone takes this model out of memory."""
        try:
            with self._pulse.step():
                reports = resident.runner.step()
        except REQUEST_ERRORS as error:
            fault = _fault(error)
            reports = [failed(number, fault) for number in resident.runner.running_ids]
            self._residents.take_out(name)
            self._say(Unloaded(0, name))
        for report in reports:
            if isinstance(report, Done | Failed):
                self._asked.pop(report.id, None)
        if reports:
            self._say(*reports)


def _fault(error: Exception) -> WorkerFailure:
    failure = WorkerFailure("BadReply", "MLX failed while it ran the model: ask again, or pick another model.")
    failure.__cause__ = error
    return failure
