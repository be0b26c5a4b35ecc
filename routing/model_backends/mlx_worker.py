"""The MLX worker: a process that owns MLX, and speaks with the bot over its standard input and output."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from routing.model_backends.mlx_protocol import Command, Configure, Unusable, decode, encode
from routing.model_backends.mlx_threads import Arrival, Pulse

if TYPE_CHECKING:
    from routing.model_backends.mlx_protocol import Report

_log = logging.getLogger(__name__)


class Wire:
    """The two ends that lead to the bot: several threads write, one reads."""

    def __init__(self, commands: BinaryIO, reports: BinaryIO) -> None:
        self._commands = commands
        self._reports = reports
        self._writing = threading.Lock()

    @classmethod
    def take_over(cls) -> Wire:
        """Keep standard input and output for the bot alone: what a library prints goes to standard error."""
        commands, reports = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        return cls(os.fdopen(commands, "rb"), os.fdopen(reports, "wb"))

    def say(self, *reports: Report) -> None:
        """Write reports in one go; waits for a bot that is slow to read, and ends the process where there is none."""
        with self._writing:
            try:
                self._reports.write(b"".join(map(encode, reports)))
                self._reports.flush()
            except BrokenPipeError:
                os._exit(0)

    def listen(self, arrivals: SimpleQueue[Arrival]) -> NoReturn:
        """Take in commands until the bot closes its end, or dies: then the process ends, in the midst of a step too."""
        try:
            for line in self._commands:
                command = decode(line)
                if not isinstance(command, Command):
                    raise TypeError("the bot gives commands and nothing else")  # noqa: TRY301  # ends as a bad line does
                arrivals.put(Arrival(command, time.monotonic()))
        except (OSError, TypeError, ValueError):
            _log.exception("What the bot says cannot be understood")
        os._exit(0)


def main() -> int:
    """Serve until the bot is gone."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    wire, pulse = Wire.take_over(), Pulse()
    arrivals: SimpleQueue[Arrival] = SimpleQueue()
    threading.Thread(target=wire.listen, args=(arrivals,), name="commands", daemon=True).start()
    configure = arrivals.get().command
    if not isinstance(configure, Configure):
        return 1
    beat = (wire, pulse, configure.heartbeat_seconds)
    threading.Thread(target=_give_signs_of_life, args=beat, name="heartbeat", daemon=True).start()
    return _serve(configure, arrivals, wire, pulse)


def _serve(configure: Configure, arrivals: SimpleQueue[Arrival], wire: Wire, pulse: Pulse) -> int:
    """Import MLX, which takes a second or two, with the other threads at work already."""
    try:
        from routing.model_backends.mlx_engine.serving import Serving  # noqa: PLC0415  # see above
    except ImportError as error:
        sentence = "MLX cannot be used: `pip install -r requirements.txt` installs it on a Mac with Apple silicon."
        wire.say(Unusable(sentence, f"{type(error).__name__}: {error}"))
        return 1
    Serving(configure, arrivals, wire.say, pulse).run()
    return 0


def _give_signs_of_life(wire: Wire, pulse: Pulse, pause_seconds: float) -> NoReturn:
    while True:
        wire.say(pulse.heartbeat())
        time.sleep(pause_seconds)


if __name__ == "__main__":
    sys.exit(main())
