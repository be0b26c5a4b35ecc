"""The child of bench.mlx that is mlx_lm.server, as it is; when told to end it says how much MLX has held."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

import mlx.core as mx
from mlx_lm import server


def main() -> None:
    """Serve by the server's own command line."""
    signal.signal(signal.SIGTERM, _say_peak)
    server.main()  # type: ignore[no-untyped-call]  # it has no types


def _say_peak(*_: object) -> NoReturn:
    print(f"peak {mx.get_peak_memory()}", flush=True)
    sys.stdout.flush()
    os._exit(0)  # it has nothing else to save, and its threads do not end by themselves


if __name__ == "__main__":
    main()
