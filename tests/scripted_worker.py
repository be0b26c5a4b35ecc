"""A double of the MLX worker for the tests of its process: does what the model's name says, without MLX.

It runs as a file of its own and imports nothing of ours, so that it starts in a moment.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-I", __file__)


def say(kind: str, /, **values: Any) -> None:
    """Write one report."""
    sys.stdout.write(json.dumps({"is": kind, **values}) + "\n")
    sys.stdout.flush()


def write(text: str) -> None:
    """Write something that is no report."""
    sys.stdout.write(text)
    sys.stdout.flush()


def done(number: int) -> None:
    """End an answer."""
    figures = {"prompt_tokens": 3, "cached_tokens": 1, "output_tokens": 2, "peak_bytes": 9}
    seconds = {"prompt_seconds": 0.1, "decode_seconds": 0.1, "first_token_seconds": 0.1}
    say("Done", id=number, finish_reason="stop", **figures, **seconds)


def answer(command: dict[str, Any]) -> None:
    """Do what the name of the model says."""
    number, name, text = command["id"], command["name"], command["messages"][0][1]
    if name == "echo":
        say("Piece", id=number, text=text)
        done(number)
    elif name == "pieces":
        for n in range(int(text)):
            say("Piece", id=number, text=f"{n} ")
        done(number)
    elif name == "environment":
        say("Piece", id=number, text=json.dumps({**os.environ, "pid": os.getpid(), "session": os.getsid(0)}))
        done(number)
    elif name == "fails":
        say("Failed", id=number, kind=text, sentence="It did not work.", detail="RuntimeError: in line 7")
    else:
        misbehave(name, number)


def misbehave(name: str, number: int) -> None:
    """Die, hang, or write what nobody understands, after the beginning of an answer."""
    say("Piece", id=number, text="Once ")
    if name in _SENT:
        write(_SENT[name])
    elif name in _SIGNALS:
        os.kill(os.getpid(), _SIGNALS[name])
    elif name == "queued":
        say("Queued", id=number, position=2)
        write(_SENT["loading"])
        done(number)
    elif name == "unusable":
        say("Unusable", sentence="MLX is not installed.", detail="ImportError: mlx")
        sys.exit(1)
    elif name == "noisy":
        sys.stderr.write("\rLoading: 10%" * 3 + "\nfar\n" + "y" * 100_000 + "\n" * 5000 + "almost\nover\n")
        sys.stderr.flush()
        os.abort()


_SIGNALS = {"dies": signal.SIGKILL, "stops": signal.SIGSTOP}
_SENT = {
    "busy": '{"is": "Heartbeat", "busy_seconds": 1000.0}\n',
    "loading": '{"is": "Heartbeat", "busy_seconds": 1000.0, "loading": true}\n',
    "junk": "Loading weights: 100%\n",
    "command": '{"is": "Cancel", "id": 1}\n',
    "oversized": "x" * 20_000_000,
}


def obey(command: dict[str, Any]) -> None:
    """Answer one command."""
    kind, number = command["is"], command.get("id", 0)
    if kind == "Configure":
        say("Ready", device=f"cpu {command['prompt_cache_bytes']}")
    elif kind == "Load":
        say("LoadProgressed", id=number, stage="loading", done_bytes=5, total_bytes=10)
        say("Loaded", id=number, name=command["name"], bytes=10, seconds=0.5)
    elif kind == "Unload" and command["name"] != "stubborn":
        say("Unloaded", id=number, name=command["name"])
    elif kind == "Forget":
        say("Forgotten", id=number)
    elif kind == "Generate":
        answer(command)


def main() -> None:
    """Obey until the input ends; what is cancelled is written down in the file that is named on the command line."""
    deaf = "deaf" in sys.argv
    if deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for line in sys.stdin:
        command = json.loads(line)
        if command["is"] == "Cancel" and len(sys.argv) > 1:
            with Path(sys.argv[1]).open("a") as file:
                file.write(f"{command['id']}\n")
        obey(command)
    while deaf:
        time.sleep(1)


if __name__ == "__main__":
    main()
